//! `/console/product-rules`: what a product's sampling follows (实施细则), version by version.

use axum::extract::State;
use axum::response::Response;
use sync_core::model::Milli;

use super::{named, organisations_of, reading};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{At, ROWS, Sheet, link, number, page_of, text, time};
use crate::console::shown;
use crate::extract::Query;
use crate::problem::Problem;
use crate::store::reference::product_rules as stored;

const HERE: &str = "/console/product-rules";

/// `GET /console/product-rules`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let rows = stored::list(&mut db, &at.after, ROWS + 1).await?;
    let (rows, next) = page_of(rows, HERE, |row| row.product_rule_id.to_string());
    let known = organisations_of(&mut db, &desk, Some(OrganisationKind::Authority)).await?;
    let names = named(&known);
    let mut page = Sheet::new(&desk, w.product_rules);
    page.heads = vec![
        w.product_name,
        w.standards,
        w.min_base,
        w.quantities,
        w.authority,
        w.version,
        w.since,
    ];
    page.empty = w.product_rules_none;
    page.next = next;
    page.rows = rows
        .into_iter()
        .map(|row| {
            let authority = row.authority_id.to_string();
            let of = |milli: i64| format!("{} {}", Milli(milli), row.unit);
            vec![
                text(row.product_name),
                text(row.standards.join("、")),
                text(of(row.min_base_milli)),
                text(format!(
                    "{} + {}",
                    of(row.test_qty_milli),
                    of(row.spare_qty_milli)
                )),
                text(*names.get(authority.as_str()).unwrap_or(&"")),
                number(row.version),
                time(language, Some(row.created_at_ms)),
            ]
        })
        .collect();
    if desk.principal.has_any(super::tasks::MAKERS) {
        page.tools
            .push(link(w.import_file, "/console/imports/product-rules"));
    }
    shown(&page)
}
