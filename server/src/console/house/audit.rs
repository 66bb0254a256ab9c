//! `/console/audit`: the audit trail (审计记录), newest first.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use sync_core::model::UserId;
use uuid::Uuid;

use super::{acts, asking, reading};
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    Cell, ROWS, Search, Sheet, choices, code, link, maybe, page_of, text, time,
};
use crate::console::shown;
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::audit::{self, Filter};
use crate::store::Session;
use crate::store::access::{devices, organisations, users};
use crate::store::reference::{campaigns, enterprises, tasks, teams};
use crate::store::sync::visits;

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
    let mut people: BTreeMap<UserId, Option<String>> = BTreeMap::new();
    for row in rows {
        let person = match row.user {
            Some(user) => match people.entry(user) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(place) => {
                    let found = users::find(&mut db, user).await?;
                    place.insert(found.map(|it| it.display_name)).clone()
                }
            },
            None => None,
        };
        page.rows.push(vec![
            time(language, Some(row.at)),
            match acts::act(language, &row.act) {
                Some(words) => text(words),
                None => code(&row.act),
            },
            maybe(person.or(row.username)),
            subject(&mut db, &desk, &row.subject).await?,
            text(detail(&row.detail)),
            code(row.request_id),
        ]);
    }
    shown(&page)
}

/// What else there is to say, field by field.
fn detail(of: &Value) -> String {
    let Some(fields) = of.as_object() else {
        return of.to_string();
    };
    let said = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name} {text}"),
        Value::Array(of) => {
            let of: Vec<String> = of.iter().map(word).collect();
            format!("{name} {}", of.join(", "))
        }
        value => format!("{name} {value}"),
    };
    let said: Vec<String> = fields.iter().map(said).collect();
    said.join(" · ")
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// What it was done to: what it is and its name, leading to its page, where the reader may see it; its id otherwise.
async fn subject(db: &mut Session, desk: &Desk, subject: &str) -> Result<Cell, Problem> {
    let (kind, id) = subject.split_once([':', '/']).unwrap_or((subject, ""));
    let Some(words) = acts::kind(desk.language(), kind) else {
        return Ok(code(subject));
    };
    let principal = &desk.principal;
    let sight = principal.into();
    let of_visit = id.split('/').next().unwrap_or_default();
    let found = match kind {
        "user" => match id.parse() {
            Ok(id) => {
                let found = users::find_seen(db, principal, id).await?;
                found.map(|it| (it.display_name, format!("/console/users/{id}")))
            }
            Err(_) => None,
        },
        "device" => match id.parse() {
            Ok(id) => {
                let found = devices::find_seen(db, principal, id).await?;
                found.map(|it| (it.label, format!("/console/devices/{id}")))
            }
            Err(_) => None,
        },
        "organisation" => match id.parse() {
            Ok(id) => {
                let found = organisations::find_seen(db, principal, id).await?;
                found.map(|it| (it.name, "/console/organisations".to_owned()))
            }
            Err(_) => None,
        },
        "enterprise" => match id.parse() {
            Ok(id) => {
                let found = enterprises::find_seen(db, &sight, id).await?;
                found.map(|it| (it.name, format!("/console/enterprises/{id}")))
            }
            Err(_) => None,
        },
        "campaign" => match id.parse() {
            Ok(id) => {
                let found = campaigns::find_seen(db, &sight, id).await?;
                found.map(|it| (it.code, "/console/campaigns".to_owned()))
            }
            Err(_) => None,
        },
        "task" => match id.parse() {
            Ok(id) => {
                let found = tasks::find_seen(db, &sight, id).await?;
                found.map(|it| (it.code, format!("/console/tasks/{id}")))
            }
            Err(_) => None,
        },
        "team" => match id.parse() {
            Ok(id) => {
                let found = teams::find_seen(db, &sight, id).await?;
                found.map(|it| (it.name, format!("/console/teams/{id}")))
            }
            Err(_) => None,
        },
        "visit" | "document" | "evidence" | "form" | "case" => match of_visit.parse() {
            Ok(visit) => {
                let found = visits::find(db, principal, visit).await?;
                found.map(|it| {
                    let name = it.enterprise_name.unwrap_or(it.enterprise);
                    (name, format!("/console/visits/{visit}"))
                })
            }
            Err(_) => None,
        },
        _ => None,
    };
    Ok(match found {
        Some((name, href)) => link(format!("{words} {name}"), href),
        None => text(format!("{words} {id}")),
    })
}
