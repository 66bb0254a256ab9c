//! `/console/cases`: refusals (拒检) and on-site reports (现场报告) as supervisors and authorities find them waiting, and one of them
//! with what proves each confirmation: where, when, beside whom.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use form_urlencoded::byte_serialize;
use serde::Deserialize;
use serde_json::Value;
use sync_core::limits::LIST_ROWS_MAX;
use sync_core::model::{DocumentId, RefusalId};
use sync_core::rules::{RefusalStanding, Subject};
use uuid::Uuid;

use super::desk::{Desk, Frame};
use super::language::Language;
use super::when;
use super::words::{Words, fill};
use super::{on_to, shown};
use crate::access::Role;
use crate::access::operations::Who;
use crate::app::App;
use crate::endpoints::cases::list::{near, place};
use crate::extract::{Form, Path, Query};
use crate::problem::{Code, Problem};
use crate::services::casework::acts::{Act, act};
use crate::services::casework::queues::{self, Queue};
use crate::services::decisions::{self, NewDecision};
use crate::services::{casework, visits};

/// Who opens the pages; the services scope what they find.
pub const WHO: Who = Who::Roles(&[Role::Enforcement, Role::Authority, Role::Consulted]);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn words(language: Language, value: &Value) -> String {
    text(&value[language.pick("zh", "en")])
}

fn minute(language: Language, value: &Value) -> String {
    let at: Option<jiff::Timestamp> = value.as_str().and_then(|it| it.parse().ok());
    at.map(|it| when::minute(language, it.as_millisecond()))
        .unwrap_or_default()
}

fn json(value: &impl serde::Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::internal(&error))
}

/// How a state is marked.
fn mark(state: &str) -> &'static str {
    match state {
        "confirmed" | "disposed" => "good",
        "reported" | "contested" => "warn",
        "not_established" | "withdrawn" => "",
        _ => "calm",
    }
}

struct Choice {
    value: &'static str,
    text: &'static str,
    chosen: bool,
}

struct Row {
    href: String,
    kind: String,
    enterprise: String,
    state: String,
    mark: &'static str,
    since: String,
    due: String,
    overdue: bool,
    distance: String,
    holder: String,
}

#[derive(Template)]
#[template(path = "cases/list.html")]
struct ListPage {
    frame: Frame,
    choices: Vec<Choice>,
    near: String,
    near_wrong: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Which queue, and which page.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    queue: Queue,
    #[serde(default)]
    near: String,
    #[serde(default)]
    after: String,
}

fn distance(w: &Words, metres: &Value) -> String {
    match metres.as_i64() {
        None => String::new(),
        Some(metres) if metres < 1_000 => fill(w.metres, "n", metres),
        Some(metres) => {
            let tenths = metres % 1_000 / 100;
            fill(w.kilometres, "n", format!("{}.{tenths}", metres / 1_000))
        }
    }
}

/// `GET /console/cases`.
pub async fn list(
    State(app): State<App>,
    desk: Desk,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let plain: String = query.near.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.replace('，', ",");
    // All cases come by their time alone.
    let by_place = !plain.is_empty() && query.queue != Queue::All;
    let at = near(&plain).filter(|_| by_place);
    let rows_max = LIST_ROWS_MAX as usize;
    let after = place(&query.after);
    let found = queues::list(
        &app,
        &desk.principal,
        query.queue,
        at.as_ref(),
        after,
        LIST_ROWS_MAX + 1,
    )
    .await?;
    let mut rows = found.rows;
    let more = rows.len() > rows_max;
    rows.truncate(rows_max);
    let next = rows.last().filter(|_| more);
    let choices = [
        (Queue::Waiting, "waiting", w.cases_waiting),
        (Queue::Mine, "mine", w.cases_mine),
        (Queue::Overdue, "overdue", w.cases_overdue),
        (Queue::ToDecide, "to_decide", w.cases_to_decide),
        (Queue::ToHandOver, "to_hand_over", w.cases_to_hand_over),
        (Queue::All, "all", w.cases_all),
    ];
    let word = choices.iter().find(|(queue, ..)| *queue == query.queue);
    let word = word.map_or("waiting", |(_, word, _)| *word);
    let next = next.map(|((key, document, subject), _)| {
        let near: String = byte_serialize(plain.as_bytes()).collect();
        format!("/console/cases?queue={word}&near={near}&after={key}_{document}_{subject}")
    });
    let mut told = Vec::new();
    for (_, view) in &rows {
        let it = json(view)?;
        told.push(Row {
            href: format!("/console/cases/{}", text(&it["case_id"])),
            kind: words(language, &it["kind_words"]),
            enterprise: text(&it["enterprise_name"]),
            state: words(language, &it["state_words"]),
            mark: mark(it["state"].as_str().unwrap_or_default()),
            since: minute(language, &it["since"]),
            due: minute(language, &it["due_at"]),
            overdue: it["overdue"] == true,
            distance: distance(w, &it["distance_m"]),
            holder: text(&it["holder"]["name"]),
        });
    }
    shown(&ListPage {
        frame: desk.live_frame(w.cases_title),
        choices: choices
            .into_iter()
            .map(|(queue, value, text)| Choice {
                value,
                text,
                chosen: queue == query.queue,
            })
            .collect(),
        near_wrong: by_place && at.is_none(),
        near: query.near,
        rows: told,
        next,
    })
}

struct Proof {
    outcome: String,
    metres: String,
    confirmed: String,
    happened: String,
    together: Vec<String>,
    officers: Vec<String>,
    measures: String,
    opinion: String,
    opinions: usize,
    sealed: bool,
    findings: Vec<(String, String, String)>,
}

struct Done {
    what: String,
    who: String,
    at: String,
}

#[derive(Template)]
#[template(path = "cases/case.html")]
struct CasePage {
    frame: Frame,
    here: String,
    dossier: String,
    kind: String,
    enterprise: String,
    uscc: String,
    product: String,
    detail: String,
    state: String,
    mark: &'static str,
    since: String,
    due: String,
    overdue: bool,
    holder: String,
    is_mine: bool,
    may_act: bool,
    may_decide: bool,
    /// The version that a decision is on.
    version: String,
    proofs: Vec<Proof>,
    done: Vec<Done>,
    findings: Vec<(String, String, String)>,
}

fn findings(language: Language, said: &Value) -> Vec<(String, String, String)> {
    let said = said.as_array().map_or(&[][..], Vec::as_slice);
    let told = said.iter().map(|it| {
        (
            words(language, it),
            text(&it["rule_id"]),
            text(&it["citation"]),
        )
    });
    told.collect()
}

/// The interval in which something was, as people read it.
fn between(language: Language, times: &Value) -> String {
    let of = |name: &str| {
        let interval = &times[name];
        let (from, to) = (
            minute(language, &interval["from"]),
            minute(language, &interval["to"]),
        );
        (!from.is_empty() || !to.is_empty()).then(|| format!("{from} – {to}"))
    };
    of("claimed").or_else(|| of("proven")).unwrap_or_default()
}

fn proof(desk: &Desk, people: &Value, it: &Value) -> Proof {
    let (w, language) = (desk.w(), desk.language());
    let proof = &it["proof"];
    let record = &it["reading"]["record"]["record"];
    let together = proof["co_signatures"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let name = |id: &Value| {
        let id = text(id);
        let known = text(&people[&id]["name"]);
        if known.is_empty() { id } else { known }
    };
    let together = together.iter().map(|it| {
        let apart = distance(w, &it["metres_apart"]);
        format!(
            "{} · {} · {apart}",
            name(&it["user_id"]),
            between(language, &it["answered"])
        )
    });
    let officers = record["officers"].as_object().cloned().unwrap_or_default();
    let officers = officers
        .values()
        .map(|it| format!("{} {}", text(&it["name"]), text(&it["certificate_no"])));
    let outcome = record["outcome"].as_str().unwrap_or_default();
    let outcome = crate::wording::in_list("confirmation_outcome", outcome);
    let metres = distance(w, &proof["metres_from_entry"]);
    Proof {
        outcome: language.pick(outcome.zh, outcome.en).to_owned(),
        metres: if metres.is_empty() {
            w.cases_no_place.to_owned()
        } else {
            metres
        },
        confirmed: between(language, &proof["confirmed"]),
        happened: between(language, &proof["happened"]),
        together: together.collect(),
        officers: officers.collect(),
        measures: text(&record["measures"]),
        opinion: text(&record["opinion"]),
        opinions: proof["opinions"].as_array().map_or(0, Vec::len),
        sealed: !proof.is_null(),
        findings: findings(language, &it["findings"]),
    }
}

/// `GET /console/cases/{document}/{subject}`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let principal = &desk.principal;
    let file = json(&casework::file(&app, principal, document, subject).await?)?;
    // A case office sees the case, and not the visit.
    let dossier = match visits::dossier(&app, principal, document).await {
        Ok(dossier) => json(&dossier)?,
        Err(problem) if problem.code() == Code::NotFound => Value::Null,
        Err(problem) => return Err(problem),
    };
    let confirmations = file["confirmations"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let of_case: Vec<String> = confirmations
        .iter()
        .map(|it| text(&it["confirmation_id"]))
        .collect();
    let told = dossier["confirmations"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let told = told.iter().filter(|it| {
        let id = text(&it["reading"]["identity"]["confirmation"]);
        of_case.contains(&id)
    });
    let acts = file["acts"].as_array().cloned().unwrap_or_default();
    let done = acts.iter().map(|it| Done {
        what: match it["act"].as_str().unwrap_or_default() {
            "taken" => w.cases_taken,
            "given_back" => w.cases_given_back,
            "received" => w.cases_received,
            "handed_over" => w.cases_handed_over,
            _ => w.cases_disposed,
        }
        .to_owned(),
        who: format!("{} · {}", text(&it["name"]), text(&it["organisation"])),
        at: minute(language, &it["at"]),
    });
    let state = file["state"].as_str().unwrap_or_default();
    let is_refusal = file["kind"] == "refusal";
    let list = if is_refusal {
        "refusal_kind"
    } else {
        "report_grounds"
    };
    let detail = file["detail"].as_str().unwrap_or_default();
    let detail = crate::wording::in_list(list, detail);
    let holder = &file["holder"];
    let enforces = principal.has_any(&[Role::Enforcement, Role::Authority]);
    shown(&CasePage {
        frame: desk.live_frame(words(language, &file["kind_words"])),
        here: format!("/console/cases/{document}/{subject}"),
        dossier: format!("/console/visits/{document}"),
        kind: words(language, &file["kind_words"]),
        enterprise: text(&file["enterprise_name"]),
        uscc: text(&file["uscc"]),
        product: text(&file["product_name"]),
        detail: language.pick(detail.zh, detail.en).to_owned(),
        state: words(language, &file["state_words"]),
        mark: mark(state),
        since: minute(language, &file["since"]),
        due: minute(language, &file["due_at"]),
        overdue: file["overdue"] == true,
        holder: text(&holder["name"]),
        is_mine: text(&holder["user_id"]) == principal.user.to_string(),
        may_act: enforces,
        may_decide: enforces && is_refusal,
        version: file["version"]
            .as_i64()
            .map_or_else(String::new, |it| it.to_string()),
        proofs: told
            .map(|it| proof(&desk, &dossier["people"], it))
            .collect(),
        done: done.collect(),
        findings: findings(language, &file["findings"]),
    })
}

/// What is done with a case.
#[derive(Debug, Deserialize)]
pub struct Acted {
    act: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    version: String,
}

/// `POST /console/cases/{document}/{subject}`.
pub async fn acts(
    State(app): State<App>,
    desk: Desk,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
    Form(form): Form<Acted>,
) -> Result<Response, Problem> {
    let principal = &desk.principal;
    let has_role = principal.has_any(&[Role::Enforcement, Role::Authority]);
    if !has_role {
        return Err(Problem::new(Code::RoleForbidden));
    }
    match form.act.as_str() {
        "take" => {
            act(&app, principal, document, subject, Act::Take).await?;
        }
        "give_back" => {
            let back = Act::GiveBack {
                reason: form.reason,
            };
            act(&app, principal, document, subject, back).await?;
        }
        "decide" => {
            // Whoever sees the case alone decides on it.
            casework::file(&app, principal, document, subject).await?;
            let refusal: RefusalStanding = serde_json::from_value(form.outcome.clone().into())
                .map_err(|_| Problem::value("outcome", "is no word of the list"))?;
            let seen = Some(form.version.as_str()).filter(|it| !it.is_empty());
            let seen = seen.map(str::parse).transpose();
            let seen = seen.map_err(|_| Problem::value("version", "is no whole number"))?;
            let new = NewDecision {
                subject: Subject::Refusal(RefusalId(subject)),
                standing: None,
                validity: None,
                refusal: Some(refusal),
                reason: form.reason,
                disposal: None,
                make_up: None,
                seen,
            };
            decisions::decide(&app, principal, new).await?;
        }
        _ => return Err(Problem::value("act", "is none of those of a case")),
    }
    Ok(on_to(&format!("/console/cases/{document}/{subject}")))
}
