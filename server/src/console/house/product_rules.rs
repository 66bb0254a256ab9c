//! `/console/product-rules`: what a product's sampling follows (实施细则), version by version.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::{Milli, OrganisationId};

use super::{given, listed, name_in, named, organisations_named, organisations_of, reading};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, ROWS, Sheet, choices, form, needed, number, select, text, time, wanted,
};
use crate::console::{on_to, shown};
use crate::extract::{Form, Query};
use crate::problem::Problem;
use crate::services::reference::{Work, product_rules};
use crate::store::reference::product_rules::{self as stored, ProductRule};

const HERE: &str = "/console/product-rules";
const NEW: &str = "/console/product-rules/new";

/// `GET /console/product-rules`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let rows = stored::list(&mut db, &at.after, ROWS + 1).await?;
    let of = rows.iter().map(|row| row.authority_id).collect();
    let known = organisations_named(&mut db, &desk, of).await?;
    let names = named(&known);
    let heads = vec![
        w.product_name,
        w.standards,
        w.min_base,
        w.quantities,
        w.authority,
        w.version,
        w.since,
    ];
    let id = |row: &ProductRule| row.product_rule_id.to_string();
    let page = Sheet::new(&desk, w.product_rules).with_heads(heads, w.product_rules_none);
    let mut page = page.with_rows(HERE, rows, id, |row| {
        let of = |milli: i64| format!("{} {}", Milli(milli), row.unit);
        let quantities = [row.test_qty_milli, row.spare_qty_milli].map(of);
        vec![
            text(row.product_name),
            text(row.standards.join("、")),
            text(of(row.min_base_milli)),
            text(quantities.join(" + ")),
            name_in(&names, row.authority_id),
            number(row.version),
            time(language, Some(row.created_at_ms)),
        ]
    });
    if desk.principal.has_any(super::tasks::MAKERS) {
        let authorities = Some(OrganisationKind::Authority);
        let authorities = organisations_of(&mut db, &desk, authorities).await?;
        let own = desk.principal.organisation.to_string();
        let fields = vec![
            select("authority", w.authority, choices(authorities, &own)),
            needed("product_name", w.product_name).with_hint(w.product_rule_hint),
            needed("standards", w.standards).with_hint(w.separated_hint),
            needed("unit", w.unit),
            needed("min_base", w.min_base),
            needed("test_qty", w.test_qty),
            needed("spare_qty", w.spare_qty).holding("0"),
            wanted("method", w.method),
            wanted("items", w.items).with_hint(w.separated_hint),
        ];
        let made = form(w.product_rule_make, NEW, fields);
        page.offers(made, Some("product-rules"));
    }
    shown(&page)
}

/// What is typed: quantities as people write them, in the unit.
#[derive(Debug, Deserialize)]
pub struct Typed {
    authority: OrganisationId,
    product_name: String,
    standards: String,
    unit: String,
    min_base: String,
    test_qty: String,
    spare_qty: String,
    method: String,
    items: String,
}

/// A quantity in thousandths of its unit.
fn milli(field: &str, text: &str) -> Result<i64, Problem> {
    let amount = text.trim().parse::<Milli>();
    let amount = amount.map_err(|_| Problem::value(field, "is no quantity such as 2.5"))?;
    Ok(amount.0)
}

/// `POST /console/product-rules/new`.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let new = product_rules::NewProductRule {
        authority: typed.authority,
        min_base_milli: milli("min_base", &typed.min_base)?,
        test_qty_milli: milli("test_qty", &typed.test_qty)?,
        spare_qty_milli: milli("spare_qty", &typed.spare_qty)?,
        product_name: typed.product_name,
        standards: listed(&typed.standards),
        unit: typed.unit,
        method: given(&typed.method),
        items: listed(&typed.items),
    };
    let mut work = Work::begin(&app, &desk.principal).await?;
    product_rules::put(&mut work, new).await?;
    work.commit().await?;
    Ok(on_to(HERE))
}
