//! Cases (案件线索) at the desk: the queues in which supervisors and authorities find what waits for them, and what they do
//! with a case. What a case is, and whether a refusal is confirmed, is said by projection and ruling.

pub mod acts;
pub mod queues;
pub mod report;
pub mod told;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;
use serde_json::Value;
use sync_core::limits::CASE_DUE_SOON_MS;
use sync_core::model::{DocumentId, Location, Millis, OrganisationId, RefusalId};
use sync_core::rules::catalogue::find_rule;
use sync_core::rules::{OrganisationFact, Subject};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::access::role::word;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::decisions;
use crate::services::ruling::rulebooks;
use crate::services::visits::people;
use crate::store::Session;
use crate::store::reference::lookups;
use crate::store::rulings::casework::{self, CaseRow};
use crate::store::rulings::decisions as stored_decisions;
use crate::store::rulings::versions;
use crate::wording::{self, Words};

/// Hours in milliseconds.
const HOUR_MS: Millis = 3_600_000;

/// Where the team walked in, WGS-84.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// Degrees.
    latitude: f64,
    /// Degrees.
    longitude: f64,
    /// Radius of uncertainty, metres.
    accuracy_m: f64,
}

impl From<&Location> for Place {
    fn from(place: &Location) -> Self {
        Self {
            latitude: place.latitude_e7 as f64 / 1e7,
            longitude: place.longitude_e7 as f64 / 1e7,
            accuracy_m: place.accuracy_mm as f64 / 1e3,
        }
    }
}

/// Who has taken a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Holder {
    /// Their id.
    user_id: String,
    /// As people write it.
    name: Option<String>,
    /// Since when, RFC 3339.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// A case as queues show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseView {
    /// `document/subject`.
    case_id: String,
    /// The visit.
    #[schema(value_type = String)]
    document_id: DocumentId,
    /// The refusal or the report.
    subject_id: String,
    /// `refusal` or `on_site_report`.
    kind: String,
    /// The same in words.
    kind_words: Words,
    /// Kind of the refusal, grounds of the report.
    detail: String,
    /// 产品, as the refusal names it.
    product_name: Option<String>,
    /// 受检单位, by its key after aliases.
    enterprise: String,
    /// Its name.
    enterprise_name: Option<String>,
    /// 统一社会信用代码
    uscc: Option<String>,
    /// GB/T 2260.
    region: Option<String>,
    /// Campaign.
    campaign_id: String,
    /// 承检机构
    body_id: String,
    /// A refusal is reported, contested, confirmed, …; a report is reported, received, handed_over or disposed.
    state: String,
    /// The same in words.
    state_words: Words,
    /// When it happened, RFC 3339: the earliest moment at which it can have been.
    #[schema(format = DateTime)]
    since: String,
    /// When the server first had it, RFC 3339.
    #[schema(format = DateTime)]
    opened_at: String,
    /// Until when a refusal is to be confirmed on site, a report to be handed over; none where neither is to be done any more.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// That time is over.
    overdue: bool,
    /// Where the team walked in; none where no phone noted a place that counts.
    place: Option<Place>,
    /// How far that is from the place that was asked for, in metres; none where one of the two is not known.
    distance_m: Option<i64>,
    /// Who has taken it.
    holder: Option<Holder>,
    /// Of what was done with it: 0 where nothing was.
    version: i64,
    /// The visit.
    href: String,
}

/// Something that was done with a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseAct {
    /// 1, 2, …
    version: i64,
    /// `taken`, `given_back`, `received`, `handed_over`, `disposed`.
    act: String,
    /// By whom.
    user_id: String,
    /// Their name.
    name: Option<String>,
    /// Of which organisation.
    organisation_id: String,
    /// Its name.
    organisation: Option<String>,
    /// What they said.
    #[schema(value_type = Object)]
    body: Value,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
}

/// A confirmation of a case (现场确认), whether it counts or not: that its findings say.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseConfirmation {
    /// Its id.
    confirmation_id: String,
    /// Its document.
    #[schema(value_type = String)]
    document_id: DocumentId,
    /// What it found; none before it is sealed.
    outcome: Option<String>,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    confirmed_at: Option<String>,
}

/// What somebody decided on a refusal (认定).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseDecision {
    /// Its id.
    decision_id: String,
    /// `confirmed`, `not_established` or `resolved_sampled`.
    outcome: String,
    /// The same in words.
    outcome_words: Words,
    /// Why.
    reason: String,
    /// Who decided it.
    user_id: String,
    /// Their name.
    name: Option<String>,
    /// The name of their organisation.
    organisation: Option<String>,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    decided_at: String,
}

/// A case, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseFile {
    /// As queues show it.
    #[serde(flatten)]
    case: CaseView,
    /// What the caller may do with it now.
    may: Vec<acts::May>,
    /// What an on-site report says, as it was sealed; none of a refusal, whose visit says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<report::CaseReport>,
    /// What was done with it, in its order.
    acts: Vec<CaseAct>,
    /// What enforcement found.
    confirmations: Vec<CaseConfirmation>,
    /// What people decided on a refusal, in its order; the last of them stands.
    decisions: Vec<CaseDecision>,
    /// The version of the ruling on the refusal, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    ruling_version: Option<i64>,
    /// What the rules say of the refusal now.
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Value>,
}

/// Deadlines, by the rulebook of each campaign's authority.
struct Deadlines {
    books: std::sync::Arc<sync_core::rules::Rulebooks>,
    authorities: BTreeMap<OrganisationId, Option<OrganisationFact>>,
}

impl Deadlines {
    async fn of(app: &App, db: &mut Session, cases: &[CaseRow]) -> Result<Self, Problem> {
        let books = rulebooks::in_force(&app.rulebooks, db).await?;
        let mut authorities = BTreeMap::new();
        for id in cases.iter().filter_map(|case| case.authority) {
            if let Entry::Vacant(place) = authorities.entry(id) {
                place.insert(lookups::organisation_fact(db, id).await?);
            }
        }
        Ok(Self { books, authorities })
    }

    /// Until when something is to be done with a case; none where it is done.
    fn due_at(&self, case: &CaseRow) -> Option<Millis> {
        let (rule, hours) = match (case.kind.as_str(), case.state.as_str()) {
            ("refusal", "reported") => ("REFUSE", "on_site_hours"),
            ("on_site_report", "reported" | "received") => ("STOP", "hand_over_hours"),
            _ => return None,
        };
        let authority = case
            .authority
            .and_then(|id| self.authorities.get(&id)?.as_ref());
        let at = case.entered_at.unwrap_or(case.opened_at);
        let settings = self
            .books
            .for_authority(authority, at)
            .settings(find_rule(rule)?);
        Some(since(case).saturating_add(settings.number(hours).saturating_mul(HOUR_MS)))
    }
}

/// When it happened, as far as anybody knows.
fn since(case: &CaseRow) -> Millis {
    case.happened_from.unwrap_or(case.opened_at)
}

/// Whether its time is over, or will be soon.
fn presses(due_at: Option<Millis>, now: Millis) -> bool {
    due_at.is_some_and(|due| due.saturating_sub(now) <= CASE_DUE_SOON_MS)
}

fn view(case: &CaseRow, due_at: Option<Millis>, distance_m: Option<i64>, now: Millis) -> CaseView {
    CaseView {
        case_id: format!("{}/{}", case.document, case.subject_id),
        document_id: case.document,
        subject_id: case.subject_id.to_string(),
        kind_words: wording::in_list("case_kind", &case.kind),
        state_words: wording::in_list("case_state", &case.state),
        kind: case.kind.clone(),
        detail: case.detail.clone(),
        product_name: case.product_name.clone().filter(|name| !name.is_empty()),
        enterprise: case.enterprise.clone(),
        enterprise_name: case.enterprise_name.clone(),
        uscc: case.uscc.clone(),
        region: case.region.clone(),
        campaign_id: case.campaign_id.clone(),
        body_id: case.body_id.clone(),
        state: case.state.clone(),
        since: rfc3339(since(case)),
        opened_at: rfc3339(case.opened_at),
        due_at: due_at.map(rfc3339),
        overdue: due_at.is_some_and(|due| due < now),
        place: case.place.as_ref().map(Place::from),
        distance_m,
        holder: case.holder.map(|user| Holder {
            user_id: user.to_string(),
            name: case.holder_name.clone(),
            since: case.held_since.map(rfc3339),
        }),
        version: case.version,
        href: format!("/v1/visits/{}", case.document),
    }
}

/// What people decided on a refusal of a visit, in its order.
async fn decided(
    db: &mut Session,
    refusal: &Subject,
    document: DocumentId,
) -> Result<Vec<CaseDecision>, Problem> {
    let mut rows = stored_decisions::list_of_subject(db, refusal).await?;
    rows.retain(|row| row.document == Some(document));
    let who = rows.iter().map(|row| row.decision.user_id).collect();
    let people = people::named(db, who).await?;
    let decided = rows.into_iter().filter_map(|row| {
        let outcome = word(&row.decision.refusal?);
        let user_id = row.decision.user_id.to_string();
        let person = people.get(&user_id);
        Some(CaseDecision {
            decision_id: row.decision_id.to_string(),
            outcome_words: wording::in_list("refusal_standing", &outcome),
            outcome,
            reason: row.decision.reason,
            name: person.map(|it| it.name.clone()),
            organisation: person.map(|it| it.organisation.clone()),
            user_id,
            decided_at: rfc3339(row.decision.decided_at_ms),
        })
    });
    Ok(decided.collect())
}

/// One case that the caller sees, whole.
pub async fn file(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    subject: Uuid,
) -> Result<CaseFile, Problem> {
    let mut db = app.store.read().await?;
    let case = casework::find(&mut db, caller, document, subject).await?;
    let case = case.ok_or(Problem::new(Code::NotFound))?;
    let due_at = Deadlines::of(app, &mut db, std::slice::from_ref(&case))
        .await?
        .due_at(&case);
    let report = report::of_case(&mut db, &case).await?;
    let done = casework::list_events(&mut db, document, subject).await?;
    let done = done.into_iter().map(|it| CaseAct {
        version: it.version,
        act: it.act,
        user_id: it.user.to_string(),
        name: it.user_name,
        organisation_id: it.organisation.to_string(),
        organisation: it.organisation_name,
        body: it.body,
        at: rfc3339(it.at),
    });
    let confirmations = casework::list_confirmations(&mut db, document, subject).await?;
    let confirmations = confirmations.into_iter().map(|it| CaseConfirmation {
        confirmation_id: it.confirmation_id.to_string(),
        document_id: it.document,
        outcome: it.outcome,
        confirmed_at: it.confirmed_at.map(rfc3339),
    });
    let (done, confirmations) = (done.collect(), confirmations.collect());
    let refusal = Subject::Refusal(RefusalId(subject));
    let ruled = versions::find_current(&mut db, &refusal).await?;
    let ruled = ruled.filter(|ruling| ruling.document == Some(document));
    let decides = match &ruled {
        Some(ruling) => decisions::may_decide(&mut db, caller, ruling).await?,
        None => false,
    };
    let decisions = decided(&mut db, &refusal, document).await?;
    let ruling_version = ruled.as_ref().map(|ruling| ruling.version);
    let findings = ruled.map(|ruling| ruling.findings).unwrap_or_default();
    Ok(CaseFile {
        case: view(&case, due_at, None, app.now()),
        may: acts::may(caller, &case, decides),
        report,
        acts: done,
        confirmations,
        decisions,
        ruling_version,
        findings: findings.iter().map(wording::finding).collect(),
    })
}
