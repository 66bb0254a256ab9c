//! `/console/cases`: refusals (拒检) and on-site reports (现场报告) as supervisors and authorities find them waiting, and one of them
//! with what proves each confirmation: where, when, beside whom.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use form_urlencoded::byte_serialize;
use serde::Deserialize;
use serde_json::Value;
use sync_core::limits::LIST_ROWS_MAX;
use sync_core::model::{DocumentId, OrganisationId, RefusalId};
use sync_core::rules::{RefusalStanding, Subject};
use uuid::Uuid;

use super::desk::{Desk, Frame};
use super::language::Language;
use super::when::{self, When};
use super::words::{Words, fill};
use super::{on_to, review, seen_version, shown};
use crate::access::operations::{CASE_OFFICES, CASE_PEOPLE, Who};
use crate::app::App;
use crate::endpoints::cases::list::{near, place};
use crate::extract::{Form, Path, Query};
use crate::problem::{Code, Problem};
use crate::services::casework::acts::{Act, act, offices};
use crate::services::casework::queues::{self, Queue};
use crate::services::decisions::{self, NewDecision};
use crate::services::{casework, organisations, visits};

/// Who opens the pages; the services scope what they find.
pub const WHO: Who = CASE_OFFICES;

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

/// 受检单位 as a link or a heading names it: by its key where no name is known.
fn enterprise(case: &Value) -> String {
    match text(&case["enterprise_name"]) {
        name if name.is_empty() => text(&case["enterprise"]),
        name => name,
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
    nothing: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Which queue, and which page.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    queue: Option<Queue>,
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
    // A case office has nothing to do with cases that were not handed over.
    let people = CASE_PEOPLE.admits(&desk.principal);
    let first = match people {
        true => Queue::default(),
        false => Queue::ToDispose,
    };
    let queue = query.queue.unwrap_or(first);
    let plain: String = query.near.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.replace('，', ",");
    // All cases come by their time alone.
    let by_place = !plain.is_empty() && queue != Queue::All;
    let at = near(&plain).filter(|_| by_place);
    let rows_max = LIST_ROWS_MAX as usize;
    let after = place(&query.after);
    let found = queues::list(
        &app,
        &desk.principal,
        queue,
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
        (Queue::ToDispose, "to_dispose", w.cases_to_dispose),
        (Queue::All, "all", w.cases_all),
    ];
    let word = choices.iter().find(|(of, ..)| *of == queue);
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
            enterprise: enterprise(&it),
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
            .filter(|(of, ..)| people || matches!(of, Queue::ToDispose | Queue::Mine | Queue::All))
            .map(|(of, value, text)| Choice {
                value,
                text,
                chosen: of == queue,
            })
            .collect(),
        nothing: if people {
            w.cases_nothing
        } else {
            w.cases_nothing_office
        },
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
    said: Vec<(&'static str, String)>,
    who: String,
    at: String,
}

/// What an on-site report says.
struct Report {
    description: String,
    reported: Option<When>,
    amended: bool,
    recorded_by: String,
    signers: String,
    recipients: String,
    terminated: &'static str,
    pieces: Vec<Piece>,
}

/// A piece of evidence of a report.
struct Piece {
    kind: String,
    /// Where its original is; nowhere for whoever does not see the visit, and while it has not come.
    href: String,
    captured: Option<When>,
    state: &'static str,
    mark: &'static str,
    sha256: String,
}

/// What somebody decided on a refusal.
struct Decided {
    outcome: String,
    mark: &'static str,
    reason: String,
    who: String,
    at: String,
}

#[derive(Template)]
#[template(path = "cases/case.html")]
struct CasePage {
    frame: Frame,
    here: String,
    /// Where the visit is; none for whoever does not see it.
    dossier: Option<String>,
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
    /// What it says; none of a refusal.
    report: Option<Report>,
    /// What whoever sits there may do with it.
    may: Vec<String>,
    /// To whom it may be handed over.
    offices: Vec<(String, String)>,
    /// The version that a decision is on.
    version: String,
    /// What proves each confirmation; none of what is not confirmed on site, or for whoever does not see the visit.
    proofs: Option<Vec<Proof>>,
    done: Vec<Done>,
    decided: Vec<Decided>,
    findings: Vec<(String, String, String)>,
}

impl CasePage {
    fn may(&self, what: &str) -> bool {
        self.may.iter().any(|it| it == what)
    }

    /// What was typed into the form of an act that came back; all forms of a case are sent to one place.
    fn typed(&self, act: &str, name: &str) -> &str {
        match self.frame.chose(&self.here, "act", act) {
            true => self.frame.typed(&self.here, name),
            false => "",
        }
    }

    /// What is wrong with it.
    fn wrong(&self, act: &str, name: &str) -> &str {
        match self.frame.chose(&self.here, "act", act) {
            true => self.frame.wrong(&self.here, name),
            false => "",
        }
    }
}

/// What is kept of an act, in its order, each by its name.
fn said(w: &Words, body: &Value) -> Vec<(&'static str, String)> {
    let all = [
        ("reason", w.review_reason),
        ("office", w.cases_office_id),
        ("receipt_no", w.cases_receipt_no),
        ("result", w.cases_result),
        ("reference_no", w.cases_reference_no),
        ("note", w.cases_note),
    ];
    let said = all
        .into_iter()
        .map(|(field, name)| (name, text(&body[field])));
    said.filter(|(_, value)| !value.is_empty()).collect()
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

/// What the report of a case says. Originals are linked for whoever sees the visit.
fn report(desk: &Desk, case: &Value, document: DocumentId, sees_visit: bool) -> Option<Report> {
    let (w, language) = (desk.w(), desk.language());
    let told = Some(&case["report"]).filter(|it| it.is_object())?;
    let list = |name: &str| told[name].as_array().map_or(&[][..], Vec::as_slice);
    let person = |it: &Value| match (text(&it["name"]), text(&it["organisation"])) {
        (name, _) if name.is_empty() => text(&it["user_id"]),
        (name, organisation) => format!("{name} · {organisation}"),
    };
    let joint = language.pick("、", ", ");
    let pieces = list("evidence").iter().map(|it| {
        let here = !it["verified_at"].is_null();
        let (state, mark) = match here {
            true => (w.cases_evidence_here, "good"),
            false => (w.cases_evidence_away, "warn"),
        };
        let id = text(&it["evidence_id"]);
        Piece {
            kind: review::kind(language, &text(&it["kind"])),
            href: match here && sees_visit {
                true => format!("/console/media/{document}/{id}/original"),
                false => String::new(),
            },
            captured: When::of_times(language, &it["captured"]),
            state,
            mark,
            sha256: text(&it["sha256"]),
        }
    });
    Some(Report {
        description: text(&told["description"]),
        reported: When::of_times(language, &told["reported"]),
        amended: told["amended"] == true,
        recorded_by: person(&told["recorded_by"]),
        signers: Vec::from_iter(list("signers").iter().map(person)).join(joint),
        recipients: Vec::from_iter(list("recipients").iter().map(text)).join(joint),
        terminated: match told["sampling_terminated"] == true {
            true => w.yes,
            false => w.no,
        },
        pieces: pieces.collect(),
    })
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
        said: said(w, &it["body"]),
        who: format!("{} · {}", text(&it["name"]), text(&it["organisation"])),
        at: minute(language, &it["at"]),
    });
    let decided = file["decisions"].as_array().cloned().unwrap_or_default();
    let decided = decided.iter().map(|it| Decided {
        outcome: words(language, &it["outcome_words"]),
        mark: mark(it["outcome"].as_str().unwrap_or_default()),
        reason: text(&it["reason"]),
        who: format!("{} · {}", text(&it["name"]), text(&it["organisation"])),
        at: minute(language, &it["decided_at"]),
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
    let may = file["may"].as_array().map_or(&[][..], Vec::as_slice);
    let may: Vec<String> = may.iter().map(text).collect();
    let offices = match may.iter().any(|it| it == "hand_over") {
        true => offices(&app, principal).await?,
        false => Vec::new(),
    };
    let proofs = told.map(|it| proof(&desk, &dossier["people"], it));
    let proofs: Vec<Proof> = proofs.collect();
    shown(&CasePage {
        frame: desk.live_frame(words(language, &file["kind_words"])),
        here: format!("/console/cases/{document}/{subject}"),
        dossier: (!dossier.is_null()).then(|| format!("/console/visits/{document}")),
        kind: words(language, &file["kind_words"]),
        enterprise: enterprise(&file),
        uscc: text(&file["uscc"]),
        product: text(&file["product_name"]),
        detail: language.pick(detail.zh, detail.en).to_owned(),
        state: words(language, &file["state_words"]),
        mark: mark(state),
        since: minute(language, &file["since"]),
        due: minute(language, &file["due_at"]),
        overdue: file["overdue"] == true,
        holder: text(&holder["name"]),
        report: report(&desk, &file, document, !dossier.is_null()),
        may,
        offices: offices
            .into_iter()
            .map(|(id, name)| (id.to_string(), name))
            .collect(),
        version: file["ruling_version"]
            .as_i64()
            .map_or_else(String::new, |it| it.to_string()),
        proofs: (is_refusal && !dossier.is_null()).then_some(proofs),
        done: done.collect(),
        decided: decided.collect(),
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
    receipt_no: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    office: String,
    #[serde(default)]
    office_id: String,
    #[serde(default)]
    result: String,
    #[serde(default)]
    reference_no: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    version: String,
}

/// To whom a report goes: the organisation that was chosen, by its name, or the name that was typed.
async fn handed_to(app: &App, desk: &Desk, form: &Acted) -> Result<Act, Problem> {
    let typed = form.office.trim();
    let (office, office_id) = match form.office_id.as_str() {
        "" => (typed.to_owned(), None),
        id => {
            let id: OrganisationId = id
                .parse()
                .map_err(|_| Problem::value("office_id", "is no organisation"))?;
            let chosen = organisations::get(app, &desk.principal, id).await;
            let chosen = chosen.map_err(|problem| match problem.code() {
                Code::NotFound => Problem::value("office_id", "is no organisation that you see"),
                _ => problem,
            })?;
            if !typed.is_empty() && typed != chosen.name {
                return Err(Problem::value("office", "is another than the one chosen"));
            }
            (chosen.name, Some(id))
        }
    };
    Ok(Act::HandOver {
        office,
        office_id,
        receipt_no: form.receipt_no.clone(),
        note: Some(form.note.clone()),
    })
}

/// `POST /console/cases/{document}/{subject}`.
pub async fn acts(
    State(app): State<App>,
    desk: Desk,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
    Form(form): Form<Acted>,
) -> Result<Response, Problem> {
    let principal = &desk.principal;
    let who = match form.act.as_str() {
        "dispose" => CASE_OFFICES,
        _ => CASE_PEOPLE,
    };
    if !who.admits(principal) {
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
        "receive" => {
            let received = Act::Receive {
                receipt_no: form.receipt_no,
                note: Some(form.note),
            };
            act(&app, principal, document, subject, received).await?;
        }
        "hand_over" => {
            let handed = handed_to(&app, &desk, &form).await?;
            act(&app, principal, document, subject, handed).await?;
        }
        "dispose" => {
            let disposed = Act::Dispose {
                result: form.result,
                reference_no: Some(form.reference_no),
            };
            act(&app, principal, document, subject, disposed).await?;
        }
        "decide" => {
            // Whoever sees the case alone decides on it.
            casework::file(&app, principal, document, subject).await?;
            let refusal: RefusalStanding = serde_json::from_value(form.outcome.clone().into())
                .map_err(|_| Problem::value("outcome", "is no word of the list"))?;
            let new = NewDecision {
                subject: Subject::Refusal(RefusalId(subject)),
                standing: None,
                validity: None,
                refusal: Some(refusal),
                reason: form.reason,
                disposal: None,
                make_up: None,
                seen: seen_version(Some(form.version.as_str()).filter(|it| !it.is_empty()))?,
            };
            decisions::decide(&app, principal, new).await?;
        }
        _ => return Err(Problem::value("act", "is none of those of a case")),
    }
    Ok(on_to(&format!("/console/cases/{document}/{subject}")))
}
