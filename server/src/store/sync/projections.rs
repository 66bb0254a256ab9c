//! What is projected from documents: rows for lists, facts for rules, members of scopes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::model::{
    CampaignId, DocumentId, EnterpriseKey, EntryId, Millis, OrganisationId, SampleId, TeamId,
    shanghai_date,
};
use sync_core::rules::{EntryFact, Facts, SampleFact, ScopeKey, VisitFact};

use super::search;
use crate::args;
use crate::crypto;
use crate::store::{Result, Session, StoreError, Tx, Value, bulk, statements};

statements! {
    /// Scopes of which one member (a visit, an entry, a sample) is a member.
    LIST_SCOPES_OF_MEMBER = "SELECT DISTINCT scope, key FROM scope_members WHERE member_id = $1 ORDER BY scope";
    /// Out with the old of one member.
    DELETE_MEMBER = "DELETE FROM scope_members WHERE member_id = $1 AND document_id = $2";
    /// Documents in which a task's sheets are.
    LIST_DOCUMENTS_OF_TASK = "SELECT DISTINCT document_id FROM samples WHERE task_id = $1 ORDER BY document_id";
    /// Visits of a body.
    LIST_DOCUMENTS_OF_BODY = "SELECT document_id FROM visits WHERE body_id = $1 ORDER BY document_id";
    /// Visits at an enterprise after aliases.
    LIST_DOCUMENTS_OF_ENTERPRISE = "SELECT document_id FROM visits WHERE enterprise = $1 ORDER BY document_id";
    /// Keeps a conflict.
    INSERT_CONFLICT = "INSERT INTO conflicts (document_id, path, found, record, found_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    /// Conflicts of a document, oldest first.
    LIST_CONFLICTS = "SELECT path, record, found_at FROM conflicts WHERE document_id = $1 ORDER BY found_at, path, found";
    /// How a visit's enterprise is called.
    FIND_VISIT = "SELECT campaign_id, uscc, enterprise_name, region FROM visits WHERE document_id = $1";
    /// Every scope that was ever put together.
    LIST_ALL_SCOPES = "SELECT DISTINCT scope, key FROM scope_members ORDER BY scope";
}

bulk! {
    /// Scopes of which anything of documents is a member.
    LIST_SCOPES_OF_DOCUMENTS = ("SELECT DISTINCT scope, key FROM scope_members WHERE document_id IN (", 0, 1, ")");
    /// Samples of documents under whose ids there are other records.
    LIST_SHARED_SAMPLES = ("SELECT DISTINCT s.sample_id FROM samples s \
        JOIN samples o ON o.sample_id = s.sample_id AND o.document_id <> s.document_id WHERE s.document_id IN (", 0, 1, ")");
    /// Out with the old members.
    DELETE_MEMBERS = ("DELETE FROM scope_members WHERE document_id IN (", 0, 1, ")");
    /// Out with the old entries.
    DELETE_ENTRIES = ("DELETE FROM entries WHERE document_id IN (", 0, 1, ")");
    /// Out with the old samples.
    DELETE_SAMPLES = ("DELETE FROM samples WHERE document_id IN (", 0, 1, ")");
    /// Out with the old seals.
    DELETE_SEALS = ("DELETE FROM sample_seals WHERE document_id IN (", 0, 1, ")");
    /// The visits' rows.
    PUT_VISIT = ("INSERT INTO visits (document_id, campaign_id, body_id, team_id, enterprise, uscc, enterprise_name, region, \
        state, entered_at, sort_at, samples, conflicts, fact, changed_at, name_searched, products_searched) VALUES", 0, 17,
        " ON CONFLICT (document_id) DO UPDATE SET enterprise = excluded.enterprise, uscc = excluded.uscc, \
        enterprise_name = excluded.enterprise_name, region = excluded.region, state = excluded.state, \
        entered_at = excluded.entered_at, sort_at = excluded.sort_at, samples = excluded.samples, \
        conflicts = excluded.conflicts, fact = excluded.fact, changed_at = excluded.changed_at, \
        name_searched = excluded.name_searched, products_searched = excluded.products_searched");
    /// In with the new samples.
    INSERT_SAMPLE = ("INSERT INTO samples (sample_id, document_id, entry_id, sheet_no, task_id, enterprise, product_name, \
        sampled_on, signed, fact) VALUES", 0, 10,
        " ON CONFLICT (sample_id, document_id) DO UPDATE SET enterprise = excluded.enterprise, \
        sampled_on = excluded.sampled_on, fact = excluded.fact");
    /// Members of scopes.
    LIST_MEMBERS = ("SELECT scope, kind, member_id, document_id FROM scope_members WHERE scope IN (", 0, 1, ")");
    /// Visits.
    LIST_VISITS = ("SELECT document_id, fact FROM visits WHERE document_id IN (", 0, 1, ")");
    /// Entries.
    LIST_ENTRIES = ("SELECT entry_id, fact FROM entries WHERE entry_id IN (", 0, 1, ")");
    /// Every record under samples' ids.
    LIST_SAMPLES = ("SELECT sample_id, document_id, fact FROM samples WHERE sample_id IN (", 0, 1, ") ORDER BY sample_id, document_id");
    /// In with the new members.
    INSERT_MEMBER = ("INSERT INTO scope_members (scope, kind, member_id, document_id, key) VALUES", 0, 5, " ON CONFLICT DO NOTHING");
    /// In with the new entries.
    INSERT_ENTRY = ("INSERT INTO entries (entry_id, document_id, entered_at, fact) VALUES", 0, 4, " ON CONFLICT DO NOTHING");
    /// In with the new seals.
    INSERT_SEAL = ("INSERT INTO sample_seals (seal_no, sample_id, document_id) VALUES", 0, 3, " ON CONFLICT DO NOTHING");
}

/// What is a member of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberKind {
    /// A visit, by its document.
    Visit,
    /// An entry.
    Entry,
    /// A sample or a prior sampling.
    Sample,
}

impl MemberKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Entry => "entry",
            Self::Sample => "sample",
        }
    }
}

fn read_key(text: &str) -> Result<ScopeKey> {
    serde_json::from_str(text).map_err(|_| StoreError::Column {
        name: "key",
        wanted: "a scope key",
    })
}

async fn keys(
    db: &mut Session,
    statement: &crate::store::Statement,
    args: Vec<crate::store::Value>,
) -> Result<Vec<ScopeKey>> {
    let rows = db.all(statement, args).await?;
    rows.iter()
        .map(|row| read_key(&row.get::<String>("key")?))
        .collect()
}

/// Scopes of which anything of documents is a member; some more than once.
pub async fn list_scopes_of_documents(
    db: &mut Session,
    documents: &[DocumentId],
) -> Result<Vec<ScopeKey>> {
    let ids = documents.iter().copied().map(Value::from);
    let rows = db.all_of(&LIST_SCOPES_OF_DOCUMENTS, args![], ids).await?;
    rows.iter()
        .map(|row| read_key(&row.get::<String>("key")?))
        .collect()
}

/// Scopes of which one member is a member.
pub async fn list_scopes_of_member(db: &mut Session, member: &str) -> Result<Vec<ScopeKey>> {
    keys(db, &LIST_SCOPES_OF_MEMBER, args![member]).await
}

/// Every scope there is.
pub async fn list_all_scopes(db: &mut Session) -> Result<Vec<ScopeKey>> {
    keys(db, &LIST_ALL_SCOPES, args![]).await
}

/// Replaces the memberships of everything in documents; of those that were not `stored` before there are none yet.
pub async fn replace_members(
    tx: &mut Tx,
    stored: &[DocumentId],
    members: &[(DocumentId, MemberKind, String, ScopeKey)],
) -> Result<()> {
    let ids = stored.iter().copied().map(Value::from);
    tx.exec_of(&DELETE_MEMBERS, args![], ids).await?;
    let rows = members
        .iter()
        .map(|(document, kind, member, key)| member_row(document.0.as_slice(), *kind, member, key));
    let rows = rows.collect::<Result<_>>()?;
    tx.exec_rows(&INSERT_MEMBER, rows).await
}

/// Replaces the memberships of one member without a document: a prior sampling.
pub async fn replace_prior_member(tx: &mut Tx, sample: &str, keys: &[ScopeKey]) -> Result<()> {
    tx.exec(&DELETE_MEMBER, args![sample, Vec::new()]).await?;
    let rows = keys
        .iter()
        .map(|key| member_row(&[], MemberKind::Sample, sample, key));
    let rows = rows.collect::<Result<_>>()?;
    tx.exec_rows(&INSERT_MEMBER, rows).await
}

fn member_row(
    document: &[u8],
    kind: MemberKind,
    member: &str,
    key: &ScopeKey,
) -> Result<Vec<Value>> {
    let json = serde_json::to_string(key).map_err(|_| StoreError::Column {
        name: "key",
        wanted: "a scope key",
    })?;
    Ok(args![
        key.to_string(),
        kind.as_str(),
        member,
        document,
        json
    ])
}

/// Documents that a task, a body or an enterprise concerns.
pub async fn list_documents_of_task(db: &mut Session, task: &str) -> Result<Vec<DocumentId>> {
    documents(db, &LIST_DOCUMENTS_OF_TASK, task).await
}

/// Visits of a body.
pub async fn list_documents_of_body(db: &mut Session, body: &str) -> Result<Vec<DocumentId>> {
    documents(db, &LIST_DOCUMENTS_OF_BODY, body).await
}

/// Visits at an enterprise after aliases.
pub async fn list_documents_of_enterprise(
    db: &mut Session,
    enterprise: &str,
) -> Result<Vec<DocumentId>> {
    documents(db, &LIST_DOCUMENTS_OF_ENTERPRISE, enterprise).await
}

async fn documents(
    db: &mut Session,
    statement: &crate::store::Statement,
    key: &str,
) -> Result<Vec<DocumentId>> {
    let rows = db.all(statement, args![key]).await?;
    // Prior samplings have no document.
    Ok(rows
        .iter()
        .filter_map(|row| row.get("document_id").ok())
        .collect())
}

/// What lists show of a visit.
#[derive(Clone, Debug)]
pub struct VisitRow {
    /// Its document.
    pub document_id: DocumentId,
    /// Of the identity.
    pub campaign_id: CampaignId,
    /// Of the identity.
    pub body_id: OrganisationId,
    /// Of the identity.
    pub team_id: Option<TeamId>,
    /// After aliases.
    pub enterprise: EnterpriseKey,
    /// Of that key.
    pub uscc: Option<String>,
    /// As listed, else as written.
    pub enterprise_name: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// See domain.md §4.
    pub state: String,
    /// The earliest entry.
    pub entered_at: Option<Millis>,
    /// What lists are sorted by.
    pub sort_at: Millis,
    /// What the sheets call their products (产品名称).
    pub product_names: BTreeMap<SampleId, String>,
    /// What refusals call the product, by the refusal.
    pub refused_products: BTreeMap<String, String>,
    /// How many sheets.
    pub samples: i64,
    /// How many conflicts are open.
    pub conflicts: i64,
}

/// Of whom a visit tells.
#[derive(Clone, Debug)]
pub struct VisitName {
    /// Campaign.
    pub campaign_id: String,
    /// 统一社会信用代码
    pub uscc: Option<String>,
    /// As listed, else as written.
    pub enterprise_name: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
}

/// How a visit's enterprise is called; none where there is no such visit.
pub async fn find_visit(db: &mut Session, document: DocumentId) -> Result<Option<VisitName>> {
    let row = db.optional(&FIND_VISIT, args![document]).await?;
    let name = row.map(|row| {
        Ok(VisitName {
            campaign_id: row.get("campaign_id")?,
            uscc: row.get("uscc")?,
            enterprise_name: row.get("enterprise_name")?,
            region: row.get("region")?,
        })
    });
    name.transpose()
}

fn to_json(name: &'static str, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Column {
        name,
        wanted: "plain data",
    })
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(row: &crate::store::Row) -> Result<T> {
    serde_json::from_str(&row.get::<String>("fact")?).map_err(|_| StoreError::Column {
        name: "fact",
        wanted: "a fact of the rules",
    })
}

/// Replaces the rows of visits, their entries and samples; of those that were not `stored` before there are none yet.
pub async fn replace_visits(
    tx: &mut Tx,
    stored: &[DocumentId],
    visits: &[(&VisitRow, &Facts)],
    now: Millis,
) -> Result<()> {
    for out in [&DELETE_ENTRIES, &DELETE_SAMPLES, &DELETE_SEALS] {
        let ids = stored.iter().copied().map(Value::from);
        tx.exec_of(out, args![], ids).await?;
    }
    let (mut rows, mut entries) = (Vec::new(), Vec::new());
    let (mut samples, mut seals) = (Vec::new(), Vec::new());
    for (row, facts) in visits {
        let document = row.document_id;
        let products = row
            .product_names
            .values()
            .chain(row.refused_products.values());
        let (name, products) = search::searched(row.enterprise_name.as_deref(), products.cloned());
        rows.push(args![
            document,
            row.campaign_id,
            row.body_id,
            row.team_id,
            &row.enterprise.0,
            row.uscc.clone(),
            row.enterprise_name.clone(),
            row.region.clone(),
            &row.state,
            row.entered_at,
            row.sort_at,
            row.samples,
            row.conflicts,
            to_json("fact", &facts.visits.get(&document))?,
            now,
            name,
            products
        ]);
        for (id, entry) in &facts.entries {
            let entered_at = entry.entered.usable().lo;
            entries.push(args![&id.0, document, entered_at, to_json("fact", entry)?]);
        }
        for (id, sample) in &facts.samples {
            let name = row.product_names.get(id).cloned();
            samples.push(sample_row(*id, document.as_bytes(), sample, name)?);
            let numbers = sample.seal_numbers.iter();
            seals.extend(numbers.map(|seal| args![seal, *id, document]));
        }
    }
    tx.exec_rows(&PUT_VISIT, rows).await?;
    tx.exec_rows(&INSERT_ENTRY, entries).await?;
    tx.exec_rows(&INSERT_SAMPLE, samples).await?;
    tx.exec_rows(&INSERT_SEAL, seals).await
}

fn sample_row(
    id: SampleId,
    document: &[u8],
    sample: &SampleFact,
    product_name: Option<String>,
) -> Result<Vec<Value>> {
    Ok(args![
        id,
        document,
        sample.entry_id.as_ref().map(|entry| entry.0.clone()),
        sample.sheet_no.clone(),
        sample.task_id,
        sample.enterprise.as_ref().map(|key| key.0.clone()),
        product_name,
        shanghai_date(sample.sampled.wall_ms).to_string(),
        !sample.signers.is_empty(),
        to_json("fact", sample)?
    ])
}

/// Puts a sampling made elsewhere.
pub async fn replace_prior(tx: &mut Tx, id: SampleId, sample: &SampleFact) -> Result<()> {
    let row = sample_row(id, &[], sample, None)?;
    tx.exec_rows(&INSERT_SAMPLE, vec![row]).await
}

/// Keeps a conflict once.
pub async fn insert_conflict(
    tx: &mut Tx,
    document: DocumentId,
    path: &str,
    record: &str,
    now: Millis,
) -> Result<()> {
    let found = hex::encode(crypto::sha256(record.as_bytes()));
    tx.exec(&INSERT_CONFLICT, args![document, path, found, record, now])
        .await
        .map(drop)
}

/// Conflicts of a document as (path, record, found at).
pub async fn list_conflicts(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<(String, String, Millis)>> {
    let rows = db.all(&LIST_CONFLICTS, args![document]).await?;
    rows.iter()
        .map(|row| Ok((row.get("path")?, row.get("record")?, row.get("found_at")?)))
        .collect()
}

/// A member of a scope, by kind, name and document (none for a prior sampling).
pub type Member = (String, String, Option<DocumentId>);

/// Members of scopes, by the scope's text, in one order.
pub async fn list_members(
    db: &mut Session,
    keys: &[&ScopeKey],
) -> Result<HashMap<String, Vec<Member>>> {
    let mut members: HashMap<String, Vec<Member>> = keys
        .iter()
        .map(|key| (key.to_string(), Vec::new()))
        .collect();
    let scopes: Vec<Value> = members.keys().map(Value::from).collect();
    for row in db.all_of(&LIST_MEMBERS, args![], scopes).await? {
        let of_scope = members.entry(row.get("scope")?).or_default();
        of_scope.push((
            row.get("kind")?,
            row.get("member_id")?,
            row.get("document_id").ok(),
        ));
    }
    for of_scope in members.values_mut() {
        of_scope.sort();
    }
    Ok(members)
}

/// The facts of visits.
pub async fn list_visits(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<(DocumentId, VisitFact)>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_VISITS, args![], ids).await?;
    let facts = rows
        .iter()
        .map(|row| Ok((row.get("document_id")?, from_json(row)?)));
    facts.collect()
}

/// The facts of entries.
pub async fn list_entries(
    db: &mut Session,
    entries: impl IntoIterator<Item = EntryId>,
) -> Result<Vec<(EntryId, EntryFact)>> {
    let ids = entries.into_iter().map(|id| id.0.into());
    let rows = db.all_of(&LIST_ENTRIES, args![], ids).await?;
    let facts = rows
        .iter()
        .map(|row| Ok((EntryId(row.get("entry_id")?), from_json(row)?)));
    facts.collect()
}

/// Every record under samples' ids, with the document that has it (none: as it was imported).
pub async fn list_samples(
    db: &mut Session,
    samples: impl IntoIterator<Item = SampleId>,
) -> Result<Vec<(SampleId, Option<DocumentId>, SampleFact)>> {
    let ids = samples.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_SAMPLES, args![], ids).await?;
    let facts = rows.iter().map(|row| {
        let document = row.get("document_id").ok();
        Ok((row.get("sample_id")?, document, from_json(row)?))
    });
    facts.collect()
}

/// Scopes of the samples of documents under whose ids there are other records.
pub async fn list_scopes_of_shared(
    db: &mut Session,
    documents: &[DocumentId],
) -> Result<Vec<ScopeKey>> {
    let ids = documents.iter().copied().map(Value::from);
    let mut shared: BTreeSet<SampleId> = BTreeSet::new();
    for row in db.all_of(&LIST_SHARED_SAMPLES, args![], ids).await? {
        shared.insert(row.get("sample_id")?);
    }
    let mut scopes = Vec::new();
    for sample in shared {
        scopes.extend(list_scopes_of_member(db, &sample.to_string()).await?);
    }
    Ok(scopes)
}
