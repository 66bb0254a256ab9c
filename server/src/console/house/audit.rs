//! `/console/audit`: the audit trail (审计记录), newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::asking;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{ROWS, Search, Sheet, code, maybe, page_of, text, time};
use crate::console::shown;
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::audit::{self, Filter};

const HERE: &str = "/console/audit";

/// Which acts, and which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    act: Option<String>,
    after: Option<Uuid>,
}

/// `GET /console/audit`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let act = asked.act.as_deref().and_then(super::given);
    let filter = Filter {
        act: act.clone(),
        ..Filter::default()
    };
    let before = asked.after.unwrap_or(Uuid::max());
    let rows = audit::list(&app, &desk.principal, None, before, &filter, ROWS + 1).await?;
    let path = asking(HERE, "act", act.as_deref().unwrap_or_default());
    let (rows, next) = page_of(rows, &path, |row| row.audit_event_id.to_string());
    let mut page = Sheet::new(&desk, w.audit);
    page.intro = w.audit_intro;
    page.search = Search {
        name: "act",
        label: w.audit_act,
        value: act.unwrap_or_default(),
    };
    page.heads = vec![
        w.at,
        w.audit_act,
        w.person,
        w.audit_subject,
        w.error_detail,
        w.error_request,
    ];
    page.empty = w.audit_none;
    page.next = next;
    page.rows = rows
        .into_iter()
        .map(|row| {
            vec![
                time(language, Some(row.at)),
                code(row.act),
                maybe(row.username),
                code(row.subject),
                text(match row.detail.as_object() {
                    Some(fields) if fields.is_empty() => String::new(),
                    _ => row.detail.to_string(),
                }),
                code(row.request_id),
            ]
        })
        .collect();
    shown(&page)
}
