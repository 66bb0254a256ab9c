//! What people do with a case: take it (领办) and give it back, and bring a report (现场报告) to the case office (案件机构), one step
//! at a time, each with its receipt. Each act is a version of its own; the same again changes nothing.

use serde::Serialize;
use serde_json::{Value, json};
use sync_core::limits::{CONSOLE_CHOICES_MAX, FIELD_CHARS_MAX, NAME_CHARS_MAX};
use sync_core::model::{DocumentId, OnSiteReportState, OrganisationId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CaseFile, file, told};
use crate::access::operations::{CASE_OFFICES, CASE_PEOPLE};
use crate::access::role::word;
use crate::access::{OrganisationKind, Principal, Role};
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::audit;
use crate::store::access::organisations;
use crate::store::feed;
use crate::store::rulings::cases;
use crate::store::rulings::casework::{self, CaseEvent, CaseRow, Progress};

/// What is done.
#[derive(Clone, Debug)]
pub enum Act {
    /// 领办
    Take,
    /// 退回, and why.
    GiveBack {
        /// In words.
        reason: String,
    },
    /// 接收: the authority has the report.
    Receive {
        /// 回执编号
        receipt_no: String,
        /// In words.
        note: Option<String>,
    },
    /// 移交 to the case office.
    HandOver {
        /// The office by name.
        office: String,
        /// The same, where it is an organisation here: its people see the case from then on.
        office_id: Option<OrganisationId>,
        /// 移交回执编号
        receipt_no: String,
        /// In words.
        note: Option<String>,
    },
    /// 处置
    Dispose {
        /// 处置结果
        result: String,
        /// 文书编号 of what was decided, if there is one.
        reference_no: Option<String>,
    },
}

fn text(field: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let text = text.trim();
    if (1..=chars_max).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    let detail = format!("is a text of 1 to {chars_max} characters");
    Err(Problem::value(field, detail))
}

fn optional(field: &str, value: Option<&str>, chars_max: usize) -> Result<Option<String>, Problem> {
    match value.map(str::trim) {
        None | Some("") => Ok(None),
        Some(value) => text(field, value, chars_max).map(Some),
    }
}

impl Act {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Take => "taken",
            Self::GiveBack { .. } => "given_back",
            Self::Receive { .. } => "received",
            Self::HandOver { .. } => "handed_over",
            Self::Dispose { .. } => "disposed",
        }
    }

    /// The state of a report after it; none of what is no step.
    fn leads_to(&self) -> Option<OnSiteReportState> {
        match self {
            Self::Take | Self::GiveBack { .. } => None,
            Self::Receive { .. } => Some(OnSiteReportState::Received),
            Self::HandOver { .. } => Some(OnSiteReportState::HandedOver),
            Self::Dispose { .. } => Some(OnSiteReportState::Disposed),
        }
    }

    /// What is kept of it; or what is wrong with it.
    fn body(&self) -> Result<Value, Problem> {
        Ok(match self {
            Self::Take => json!({}),
            Self::GiveBack { reason } => {
                json!({ "reason": text("reason", reason, FIELD_CHARS_MAX)? })
            }
            Self::Receive { receipt_no, note } => json!({
                "receipt_no": text("receipt_no", receipt_no, NAME_CHARS_MAX)?,
                "note": optional("note", note.as_deref(), FIELD_CHARS_MAX)?,
            }),
            Self::HandOver {
                office,
                office_id,
                receipt_no,
                note,
            } => json!({
                "office": text("office", office, NAME_CHARS_MAX)?,
                "office_id": office_id,
                "receipt_no": text("receipt_no", receipt_no, NAME_CHARS_MAX)?,
                "note": optional("note", note.as_deref(), FIELD_CHARS_MAX)?,
            }),
            Self::Dispose {
                result,
                reference_no,
            } => json!({
                "result": text("result", result, FIELD_CHARS_MAX)?,
                "reference_no": optional("reference_no", reference_no.as_deref(), NAME_CHARS_MAX)?,
            }),
        })
    }
}

/// What somebody may do with a case as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// 领办: nobody has it.
    Take,
    /// 退回: they have it, or may do it for whoever has it.
    GiveBack,
    /// 接收
    Receive,
    /// 移交
    HandOver,
    /// 处置
    Dispose,
    /// 认定: what a refusal is.
    Decide,
}

/// Whether somebody gives back what a holder has. Somebody who is ill gives nothing back: the authority does it for them.
fn gives_back(caller: &Principal, holder: UserId) -> bool {
    holder == caller.user || caller.has(Role::Authority)
}

/// Whether a report goes from where it is to there.
fn may_become(case: &CaseRow, next: OnSiteReportState) -> bool {
    let state: Option<OnSiteReportState> = serde_json::from_value(case.state.clone().into()).ok();
    state.is_some_and(|state| state.may_become(next))
}

/// What a caller may do with a case that they see; whether they decide on it is asked where decisions are taken.
pub(super) fn may(caller: &Principal, case: &CaseRow, decides: bool) -> Vec<May> {
    let is_report = case.kind == "on_site_report";
    let people = CASE_PEOPLE.admits(caller);
    let goes = |next| is_report && may_become(case, next);
    let all = [
        (May::Take, people && case.holder.is_none()),
        (
            May::GiveBack,
            people && case.holder.is_some_and(|holder| gives_back(caller, holder)),
        ),
        (May::Receive, people && goes(OnSiteReportState::Received)),
        (May::HandOver, people && goes(OnSiteReportState::HandedOver)),
        (
            May::Dispose,
            CASE_OFFICES.admits(caller) && goes(OnSiteReportState::Disposed),
        ),
        (May::Decide, decides),
    ];
    let may = all.into_iter().filter(|(_, may)| *may);
    may.map(|(what, _)| what).collect()
}

/// Organisations to which a caller may hand a report over, with their names: those whose people can see it then, the case
/// offices (案件机构) first, each in the order in which they were made.
pub async fn offices(
    app: &App,
    caller: &Principal,
) -> Result<Vec<(OrganisationId, String)>, Problem> {
    let mut db = app.store.read().await?;
    let mut offices = Vec::new();
    for kind in [OrganisationKind::Consulted, OrganisationKind::Authority] {
        let kind = Some(kind);
        let newest = organisations::list_newest(&mut db, caller, kind, CONSOLE_CHOICES_MAX).await?;
        let seen = newest.into_iter().rev();
        let seen = seen.filter(|row| caller.sees_region(&row.region));
        offices.extend(seen.map(|row| (row.organisation, row.name)));
    }
    Ok(offices)
}

/// Does it, and gives the case as it is then.
pub async fn act(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    subject: Uuid,
    act: Act,
) -> Result<CaseFile, Problem> {
    let body = act.body()?;
    let mut tx = app.store.begin().await?;
    let case = casework::find(&mut tx, caller, document, subject).await?;
    let case = case.ok_or(Problem::new(Code::NotFound))?;
    let events = casework::list_events(&mut tx, document, subject).await?;
    let last = |act: &str| events.iter().rev().find(|event| event.act == act);
    let mut progress = Progress {
        holder: case.holder,
        held_since: case.held_since,
        step: last_step(&events).map(|event| event.act.clone()),
        step_at: case.step_at,
        office: case.office,
    };
    let now = app.now();
    match (&act, act.leads_to()) {
        (Act::Take, _) => {
            if case.holder == Some(caller.user) {
                drop(tx);
                return file(app, caller, document, subject).await;
            }
            if case.holder.is_some() {
                return Err(taken(&case));
            }
            progress.holder = Some(caller.user);
            progress.held_since = Some(now);
        }
        (Act::GiveBack { .. }, _) => {
            match case.holder {
                None => {
                    drop(tx);
                    return file(app, caller, document, subject).await;
                }
                Some(holder) if gives_back(caller, holder) => {}
                Some(_) => return Err(taken(&case)),
            }
            progress.holder = None;
            progress.held_since = None;
        }
        (_, Some(next)) => {
            if case.kind != "on_site_report" {
                return Err(out_of_step(
                    "only an on-site report goes to the case office",
                ));
            }
            if let Some(done) = last(act.as_str()) {
                if done.body == body && done.organisation == caller.organisation {
                    drop(tx);
                    return file(app, caller, document, subject).await;
                }
                let detail = "this step was taken before, with other words";
                let at = rfc3339(done.at);
                return Err(out_of_step(detail).field("taken_at", at));
            }
            if !may_become(&case, next) {
                let detail = "a report is received, then handed over, then disposed of";
                return Err(out_of_step(detail).field("state", &case.state));
            }
            if let Act::HandOver {
                office_id: Some(office),
                ..
            } = &act
            {
                let known = organisations::find(&mut tx, *office).await?;
                let seen = known.filter(|row| caller.sees_region(&row.region));
                if seen.is_none() {
                    let detail = "is no organisation that you see";
                    return Err(Problem::value("office_id", detail));
                }
                progress.office = Some(*office);
            }
            progress.step = Some(act.as_str().to_owned());
            progress.step_at = Some(now);
            let subject = subject.to_string();
            cases::set_state(&mut tx, document, &subject, &word(&next), now).await?;
        }
        (_, None) => {}
    }
    let event = CaseEvent {
        case_event_id: app.new_uuid(),
        version: case.version + 1,
        act: act.as_str().to_owned(),
        user: caller.user,
        user_name: None,
        organisation: caller.organisation,
        organisation_name: None,
        body,
        at: now,
    };
    casework::note(&mut tx, document, subject, &event, &progress).await?;
    let named = format!("case:{document}/{subject}");
    let (name, detail) = (
        format!("case.{}", event.act),
        json!({ "version": event.version }),
    );
    audit::record(app, &mut tx, caller, &name, named, detail).await?;
    let news = told::news(&mut tx, document, subject).await?;
    if !news.is_empty() {
        feed::append(&mut tx, &news, now).await?;
    }
    tx.commit().await?;
    file(app, caller, document, subject).await
}

fn last_step(events: &[CaseEvent]) -> Option<&CaseEvent> {
    let steps = ["received", "handed_over", "disposed"];
    let mut events = events.iter().rev();
    events.find(|event| steps.contains(&event.act.as_str()))
}

fn taken(case: &CaseRow) -> Problem {
    let since = case.held_since.map(rfc3339).unwrap_or_default();
    let problem = Problem::new(Code::CaseTaken).field("since", since);
    match &case.holder_name {
        Some(name) => problem.field("holder", name),
        None => problem,
    }
}

fn out_of_step(detail: &str) -> Problem {
    Problem::new(Code::CaseOutOfStep).detail(detail)
}
