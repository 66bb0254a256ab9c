//! `/console/quarantine`: the quarantined changes (被隔离的变更) of visits that the caller sees, newest first, in pages; each leads
//! to its visit, where it is let in.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use sync_core::model::{DocumentId, UserId};
use uuid::Uuid;

use super::desk::Desk;
use super::dossier::view::millis;
use super::sheets::{At, ROWS, Sheet, link, maybe, page_of, text, time};
use super::shown;
use crate::access::operations::Who;
use crate::access::{Principal, Role};
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::quarantine;
use crate::services::visits::AsideView;
use crate::store::Session;
use crate::store::access::users;
use crate::store::sync::visits;

/// Where it is.
pub const HERE: &str = "/console/quarantine";
/// Who opens it: whoever lists them by the API.
pub const WHO: Who = Who::Roles(&[Role::Authority, Role::InspectionBody, Role::Admin]);

/// What people call the enterprises of these, by visit.
pub async fn enterprises(
    db: &mut Session,
    caller: &Principal,
    of: &[AsideView],
) -> Result<HashMap<String, String>, Problem> {
    let of = of.iter().map(|it| it.document_id.parse::<DocumentId>());
    let of: Vec<DocumentId> = of.filter_map(Result::ok).collect();
    let named = visits::list_named(db, caller, of).await?.into_iter();
    Ok(named.map(|(id, name)| (id.to_string(), name)).collect())
}

/// Shows a page.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let before = match at.after.as_str() {
        "" => Uuid::max(),
        text => text.parse().map_err(|_| invalid("after"))?,
    };
    let caller = &desk.principal;
    let rows = quarantine::list(&app, caller, &before.to_string(), ROWS + 1).await?;
    let (rows, next) = page_of(rows, HERE, |row| row.item_id.clone());
    let by = rows.iter().filter_map(|it| it.author.as_deref());
    let by: Vec<UserId> = by.filter_map(|id| id.parse().ok()).collect();
    let mut db = app.store.read().await?;
    let named = enterprises(&mut db, caller, &rows).await?;
    let people = users::list_named(&mut db, by).await?;
    let heads = vec![w.enterprise_name, w.doctor, w.person, w.received_at];
    let mut page = Sheet::new(&desk, w.today_aside).with_heads(heads, w.today_aside_none);
    // What was let in meanwhile is no more to be done.
    for row in rows.into_iter().filter(|it| !it.admitted) {
        let name = named.get(&row.document_id);
        let name = name.map_or(w.visit, String::as_str);
        let author = row.author.as_deref().and_then(|id| id.parse().ok());
        let author = author.and_then(|id: UserId| people.get(&id));
        page.rows.push(vec![
            link(name, format!("/console/visits/{}#aside", row.document_id)),
            text(language.pick(&row.zh, &row.en)),
            maybe(author.cloned()),
            time(language, millis(&row.received_at)),
        ]);
    }
    page.next = next;
    shown(&page)
}
