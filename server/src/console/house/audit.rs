//! `/console/audit`: the audit trail (审计记录), newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::trail::Names;
use super::{acts, asking, reading};
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{ROWS, Search, Sheet, choices, code, maybe, page_of, text, time};
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
    let chosen = act.unwrap_or_default();
    let path = asking(HERE, "act", &chosen);
    let (rows, next) = page_of(rows, &path, |row| row.audit_event_id.to_string());
    let mut page = Sheet::new(&desk, w.audit);
    page.intro = w.audit_intro;
    let mut offered = vec![(String::new(), w.any.to_owned())];
    offered.extend(acts::all(language));
    if !offered.iter().any(|(act, _)| *act == chosen) {
        offered.push((chosen.clone(), chosen.clone()));
    }
    page.search = Search {
        name: "act",
        label: w.audit_act,
        choices: choices(offered, &chosen),
        value: chosen,
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
    let mut db = reading(&app).await?;
    let mut names = Names::of(&mut db, &desk, &rows).await?;
    for row in rows {
        let person = row.user.and_then(|user| names.person(user));
        page.rows.push(vec![
            time(language, Some(row.at)),
            match acts::act(language, &row.act) {
                Some(words) => text(words),
                None => code(&row.act),
            },
            maybe(person.or(row.username)),
            names.subject(&mut db, &desk, &row.subject).await?,
            text(names.detail(&mut db, &desk, &row.detail).await?),
            code(row.request_id),
        ]);
    }
    shown(&page)
}
