//! The dossier (卷宗): everything that is known of one visit, whole, and the lists that lead there.

mod aside;
mod confirmed;
pub mod people;
mod reading;
pub mod search;

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use serde::Serialize;
use serde_json::{Value, json};
use sync_core::document::history::{ChangeRecord, history};
use sync_core::guard;
use sync_core::model::{Actor, DeviceId, DocumentId, EnterpriseKey, Interval, UserId};
use sync_core::sync::doctor::ItemState;
use utoipa::ToSchema;

pub use self::people::Person;
pub use self::reading::times;
use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::evidence::reading::{self as evidence, EvidenceSummary};
use crate::services::follow_up::{self, Followed, PublicityMessage};
use crate::services::projection::{self, Certified};
use crate::services::quarantine;
use crate::services::ruling::gather;
use crate::store::Session;
use crate::store::access::organisations;
use crate::store::reference::custody::{self, CustodyEvent};
use crate::store::reference::{campaigns, teams};
use crate::store::rulings::cases::{self, CaseRow};
use crate::store::rulings::verdicts::subject_text;
use crate::store::rulings::versions::RulingRow;
use crate::store::rulings::{decisions, versions};
use crate::store::sync::changes::ChangeRow;
use crate::store::sync::documents::DocumentRow;
use crate::store::sync::search::{Told, told};
use crate::store::sync::visits::VisitListRow;
use crate::store::sync::{changes, documents, projections, visits};
use crate::wording;

/// One version of a ruling, for people and machines.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulingView {
    /// Its id.
    pub ruling_id: String,
    /// `entry/…`, `sample/…`, `refusal/…` or `visit/…`.
    pub subject: String,
    /// 1, 2, …: the highest stands.
    pub version: i64,
    /// Standing or validity; `none` for a visit.
    pub outcome: String,
    /// Why, with words in Chinese and English and the citation.
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Value>,
    /// `engine`, or the user who decided.
    pub actor: String,
    /// Rulebook versions used.
    pub rulebook: String,
    /// Hash of the facts.
    pub facts: String,
    /// Which scope brought it about.
    pub scope: String,
    /// When.
    pub decided_at: String,
}

impl From<RulingRow> for RulingView {
    fn from(row: RulingRow) -> Self {
        Self {
            ruling_id: row.ruling_id.to_string(),
            subject: subject_text(&row.subject),
            version: row.version,
            outcome: row.word(),
            findings: row.findings.iter().map(wording::finding).collect(),
            actor: row.actor,
            rulebook: row.rulebook,
            facts: row.facts.to_string(),
            scope: row.scope,
            decided_at: rfc3339(row.decided_at),
        }
    }
}

/// A change that is held or quarantined.
#[derive(Debug, Serialize, ToSchema)]
pub struct AsideView {
    /// Names it.
    pub item_id: String,
    /// Its document.
    pub document_id: String,
    /// As pushed.
    pub hash: String,
    /// Where it stands: `held`, `quarantined`, with the reason, code and what it waits for.
    #[schema(value_type = Object)]
    pub state: ItemState,
    /// The same in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// The certified author, where it is proved.
    pub author: Option<String>,
    /// The author's device.
    pub device_id: Option<String>,
    /// Who brought it.
    pub carrier_device_id: String,
    /// When it came first.
    pub received_at: String,
    /// When its author's clock says that it was written; decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<String>,
    /// Its length.
    pub bytes: usize,
    /// A person let it in.
    pub admitted: bool,
    /// A person with authority may let it in.
    pub may_be_admitted: bool,
    /// What it would write, in the dossier of its visit; none where its bytes are unsafe, or what it builds on is not here.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ChangeRecord>,
}

impl From<ChangeRow> for AsideView {
    fn from(row: ChangeRow) -> Self {
        let state = ItemState::from(&row.status);
        let words = state.words();
        Self {
            item_id: row.item_id.to_string(),
            document_id: row.document_id.to_string(),
            hash: row.claimed_hash.to_string(),
            state,
            zh: words.zh,
            en: words.en,
            author: row.user.map(|user| user.to_string()),
            device_id: row.device.map(|device| device.to_string()),
            carrier_device_id: row.carrier.to_string(),
            received_at: rfc3339(row.received_at),
            claimed_at: guard::inspect(&row.bytes)
                .ok()
                .map(|change| rfc3339(change.header().time)),
            bytes: row.bytes.len(),
            admitted: row.admitted,
            may_be_admitted: !row.admitted && quarantine::is_admissible(&row.status).is_ok(),
            content: None,
        }
    }
}

/// Everything known of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dossier {
    /// What lists show of it.
    pub visit: VisitView,
    /// The campaign, the inspection body and the team by name.
    #[schema(value_type = Object)]
    pub names: Value,
    /// Everybody whom the dossier mentions, by their id.
    pub people: BTreeMap<String, Person>,
    /// What people call the phones that wrote in it, by their id.
    pub devices: BTreeMap<String, String>,
    /// Key of the enterprise in the visit's identity, before aliases.
    pub enterprise_key: String,
    /// Who walked in when, by certified author.
    #[schema(value_type = Vec<Object>)]
    pub arrivals: Vec<Value>,
    /// Entries as computed, with their standing.
    #[schema(value_type = Vec<Object>)]
    pub entries: Vec<Value>,
    /// Sheets, sealed ones as they were sealed, with their final validity.
    #[schema(value_type = Vec<Object>)]
    pub samples: Vec<Value>,
    /// Seals, and who signed them.
    #[schema(value_type = Vec<Object>)]
    pub seals: Vec<Value>,
    /// What was changed beside a seal.
    #[schema(value_type = Vec<Object>)]
    pub amendments: Vec<Value>,
    /// Suspensions, refusals, what was not sampled, reports, evidence, claims: by kind.
    #[schema(value_type = Object)]
    pub records: Value,
    /// The facts of the visit, its entries and samples, as rules take them.
    #[schema(value_type = Object)]
    pub facts: Value,
    /// What laboratories reported of its samples, those reports that do not count too.
    pub custody: Vec<CustodyEvent>,
    /// Every ruling in every version, by subject.
    pub rulings: Vec<RulingView>,
    /// Its cases (案件线索): sealed refusals and reports with the state in which each is.
    #[schema(value_type = Vec<Object>)]
    pub cases: Vec<Value>,
    /// What enforcement confirmed (现场确认), with what proves it: how far from the gate, when by which clocks, who stood
    /// together, what is said of it under which article.
    #[schema(value_type = Vec<Object>)]
    pub confirmations: Vec<Value>,
    /// What followed from its refusals (处置), every version.
    pub followed: Vec<Followed>,
    /// What the credit publicity system is told of that.
    pub publicity: Vec<PublicityMessage>,
    /// What persons decided.
    #[schema(value_type = Vec<Object>)]
    pub decisions: Vec<Value>,
    /// Concurrent values of one field; the document shows one of them.
    #[schema(value_type = Vec<Object>)]
    pub conflicts: Vec<Value>,
    /// What is held or quarantined.
    pub aside: Vec<AsideView>,
    /// Who changed what when.
    #[schema(value_type = Vec<Object>)]
    pub history: Vec<Value>,
}

/// What lists show of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitView {
    /// Its document.
    pub visit_id: String,
    /// Campaign.
    pub campaign_id: String,
    /// Inspection body (承检机构).
    pub body_id: String,
    /// Roster.
    pub team_id: Option<String>,
    /// Key of the enterprise after aliases.
    pub enterprise: String,
    /// 统一社会信用代码
    pub uscc: Option<String>,
    /// Name of the enterprise.
    pub enterprise_name: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// `planned`, `entered`, `sampling`, …
    pub state: String,
    /// Earliest entry.
    pub entered_at: Option<String>,
    /// The bounds of its time, for the pages of the console.
    #[serde(skip)]
    pub entered: Option<Interval>,
    /// Sheets.
    pub samples: i64,
    /// Conflicts.
    pub conflicts: i64,
    /// When it last changed.
    pub changed_at: String,
    /// How far the bytes of its evidence (影像证据) are.
    pub evidence: EvidenceSummary,
    /// Number of its campaign (批次).
    pub campaign_code: Option<String>,
    /// Its name.
    pub campaign: Option<String>,
    /// Name of the inspection body.
    pub body: Option<String>,
    /// 抽样单编号 of its sheets.
    pub sheet_nos: Vec<String>,
    /// What its sheets call their products (产品名称).
    pub products: Vec<String>,
    /// Standings of its entries: `first`, `excess`, …
    pub standings: Vec<String>,
    /// Validities of its samples: `valid`, `duplicate`, …
    pub validities: Vec<String>,
    /// States of its refusals (拒检): `reported`, `confirmed`, …
    pub refusals: Vec<String>,
    /// Rules that speak in it: `ENTRY1`, …
    pub rules: Vec<String>,
}

impl VisitView {
    fn new(row: VisitListRow, told: Told, evidence: EvidenceSummary) -> Self {
        Self {
            campaign_code: row.campaign_code,
            campaign: row.campaign_name,
            body: row.body_name,
            sheet_nos: told.sheet_nos,
            products: told.products,
            standings: told.standings,
            validities: told.validities,
            refusals: told.refusals,
            rules: told.rules,
            visit_id: row.document_id.to_string(),
            campaign_id: row.campaign_id,
            body_id: row.body_id,
            team_id: row.team_id,
            enterprise: row.enterprise,
            uscc: row.uscc,
            enterprise_name: row.enterprise_name,
            region: row.region,
            state: row.state,
            entered_at: row.entered_at.map(rfc3339),
            entered: told.entered,
            samples: row.samples,
            conflicts: row.conflicts,
            changed_at: rfc3339(row.changed_at),
            evidence,
        }
    }
}

/// One visit, whole.
pub async fn dossier(app: &App, caller: &Principal, id: DocumentId) -> Result<Dossier, Problem> {
    let mut db = app.store.read().await?;
    let not_found = || Problem::new(Code::NotFound);
    let row = visits::find(&mut db, caller, id)
        .await?
        .ok_or_else(not_found)?;
    let document = documents::find(&mut db, id).await?.ok_or_else(not_found)?;
    let automerge =
        Automerge::load(&document.snapshot).map_err(|error| Problem::internal(&error))?;
    let facts = gather::facts(
        &mut db,
        &sync_core::rules::ScopeKey::Visit { document_id: id },
    )
    .await?;
    let mut received = BTreeMap::new();
    let mut authors: BTreeMap<Actor, UserId> = BTreeMap::new();
    let mut phones: BTreeMap<Actor, DeviceId> = BTreeMap::new();
    for change in changes::list_accepted(&mut db, id).await? {
        received.insert(change.hash, (change.received_at, change.admitted));
        if let (Some(actor), Some(user)) = (change.actor, change.user) {
            authors.insert(actor, user);
        }
        if let (Some(actor), Some(device)) = (change.actor, change.device) {
            phones.insert(actor, device);
        }
    }
    let history = history(&automerge)
        .into_iter()
        .map(|record| {
            let came = received.get(&record.hash);
            json!({
                "received_at": came.map(|(at, _)| rfc3339(*at)), "admitted": came.is_some_and(|(_, admitted)| *admitted),
                "user_id": authors.get(&record.actor), "device_id": phones.get(&record.actor), "change": record,
            })
        })
        .collect();
    let conflicts = projections::list_conflicts(&mut db, id)
        .await?
        .into_iter()
        .map(|(path, record, found_at)| {
            let record: Value = serde_json::from_str(&record).unwrap_or_default();
            json!({ "path": path, "record": record, "found_at": rfc3339(found_at) })
        })
        .collect();
    let mut mentioned = people::mentioned(&facts);
    mentioned.extend(authors.values());
    let decisions = decisions::list_of_document(&mut db, id).await?;
    mentioned.extend(decisions.iter().map(|row| row.decision.user_id));
    let decisions = decisions
        .into_iter()
        .map(|row| {
            json!({
                "decision_id": row.decision_id, "decision": row.decision, "disposal": row.disposal, "make_up": row.make_up,
                "decided_at": rfc3339(row.decision.decided_at_ms),
            })
        })
        .collect();
    let rulings: Vec<RulingView> = versions::list_of_document(&mut db, id)
        .await?
        .into_iter()
        .map(RulingView::from)
        .collect();
    let mut custody = Vec::new();
    for sample in facts.samples.keys() {
        custody.extend(custody::list(&mut db, *sample).await?);
    }
    mentioned.extend(custody.iter().map(|event| event.user_id));
    let rows = changes::list_aside(&mut db, id).await?;
    let aside_of = rows.iter().flat_map(|row| [row.device, Some(row.carrier)]);
    let used: BTreeSet<DeviceId> = phones.values().copied().chain(aside_of.flatten()).collect();
    let devices = people::phones(&mut db, used).await?;
    mentioned.extend(rows.iter().filter_map(|row| row.user));
    let mut contents = aside::legible(&automerge, &rows);
    let aside = rows
        .into_iter()
        .map(|row| {
            let content = contents.remove(&row.hash);
            AsideView {
                content,
                ..AsideView::from(row)
            }
        })
        .collect();
    let confirmed = confirmed::of_visit(&mut db, &facts, id, &rulings).await?;
    mentioned.extend(confirmed.mentioned);
    let (followed, publicity) = follow_up::of_visit(&mut db, id).await?;
    let cases = cases::list_of_visit(&mut db, id).await?;
    let mut summaries = evidence::summaries(app, &mut db, &[id]).await?;
    let evidence = summaries
        .remove(&id)
        .unwrap_or_else(EvidenceSummary::of_none);
    let mut words = told(&mut db, &[id]).await?;
    let words = words.remove(&id).unwrap_or_default();
    let names = names(&mut db, &document).await?;
    let people = people::named(&mut db, mentioned).await?;
    let around = projection::around(
        &mut db,
        &mut Certified::default(),
        &document,
        &EnterpriseKey(row.enterprise.clone()),
        &[],
    )
    .await?;
    let read =
        reading::read(automerge, &around, &rulings).map_err(|error| Problem::internal(&error))?;
    Ok(Dossier {
        enterprise_key: document.enterprise_key,
        arrivals: read.arrivals,
        entries: read.entries,
        samples: read.samples,
        seals: read.seals,
        amendments: read.amendments,
        records: read.records,
        visit: VisitView::new(row, words, evidence),
        facts: serde_json::to_value(&facts).map_err(|error| Problem::internal(&error))?,
        rulings,
        cases: cases.into_iter().map(case_view).collect(),
        confirmations: confirmed.told,
        followed,
        publicity,
        decisions,
        conflicts,
        aside,
        custody,
        history,
        names,
        people,
        devices,
    })
}

fn case_view(row: CaseRow) -> Value {
    let place = row.location.map(|(latitude_e7, longitude_e7)| {
        json!({ "latitude_e7": latitude_e7, "longitude_e7": longitude_e7 })
    });
    json!({
        "subject_id": row.subject_id, "kind": row.kind, "detail": row.detail, "state": row.state,
        "region": row.region, "happened_at": row.happened_at.map(rfc3339), "location": place,
        "opened_at": rfc3339(row.opened_at), "changed_at": rfc3339(row.changed_at),
    })
}

/// What a stranger calls the campaign, the body and the team of a visit.
async fn names(db: &mut Session, document: &DocumentRow) -> Result<Value, Problem> {
    let campaign = campaigns::find(db, document.campaign_id).await?;
    let body = organisations::find(db, document.body_id).await?;
    let team = match document.team_id {
        Some(id) => teams::find(db, id).await?,
        None => None,
    };
    Ok(json!({
        "campaign_code": campaign.as_ref().map(|it| &it.code), "campaign": campaign.as_ref().map(|it| &it.name),
        "body": body.map(|it| it.name), "team": team.map(|it| it.name),
    }))
}

/// Every ruling in a visit.
pub async fn rulings(
    app: &App,
    caller: &Principal,
    id: DocumentId,
) -> Result<Vec<RulingView>, Problem> {
    let mut db = app.store.read().await?;
    if !visits::sees(&mut db, caller, id).await? {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(versions::list_of_document(&mut db, id)
        .await?
        .into_iter()
        .map(RulingView::from)
        .collect())
}
