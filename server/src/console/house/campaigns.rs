//! `/console/campaigns`: the commissions (抽查计划) that group tasks.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::OrganisationId;

use super::{name_in, named, organisations_named, organisations_of, reading};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, ROWS, Sheet, choices, code, form, link, needed, select, text, time,
};
use crate::console::{on_to, shown};
use crate::extract::{Form, Query};
use crate::problem::Problem;
use crate::services::reference::{Work, campaigns};
use crate::store::reference::campaigns::{self as stored, Campaign};

const HERE: &str = "/console/campaigns";
const NEW: &str = "/console/campaigns/new";

/// `GET /console/campaigns`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let sight = (&desk.principal).into();
    let rows = stored::list_seen(&mut db, &sight, &at.after, ROWS + 1).await?;
    let of = rows.iter().map(|row| row.authority_id).collect();
    let known = organisations_named(&mut db, &desk, of).await?;
    let names = named(&known);
    let id = |row: &Campaign| row.campaign_id.to_string();
    let heads = vec![w.number, w.name, w.authority, w.since, w.visits];
    let page = Sheet::new(&desk, w.campaigns).with_heads(heads, w.campaigns_none);
    let mut page = page.with_rows(HERE, rows, id, |row| {
        let visits = format!("/console/visits?campaign={}", row.campaign_id);
        vec![
            code(row.code),
            text(row.name),
            name_in(&names, row.authority_id),
            time(language, Some(row.created_at_ms)),
            link(w.visits, visits),
        ]
    });
    if desk.principal.has_any(super::tasks::MAKERS) {
        let authorities = Some(OrganisationKind::Authority);
        let authorities = organisations_of(&mut db, &desk, authorities).await?;
        let fields = vec![
            needed("code", w.number),
            needed("name", w.name),
            select("authority", w.authority, choices(authorities, "")),
        ];
        page.offers(form(w.campaign_make, NEW, fields), Some("campaigns"));
    }
    shown(&page)
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    code: String,
    name: String,
    authority: OrganisationId,
}

/// `POST /console/campaigns/new`.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let new = campaigns::NewCampaign {
        authority: typed.authority,
        code: typed.code,
        name: typed.name,
    };
    let mut work = Work::begin(&app, &desk.principal).await?;
    campaigns::put(&mut work, new).await?;
    work.commit().await?;
    Ok(on_to(HERE))
}
