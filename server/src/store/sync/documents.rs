//! Documents: identity, snapshot, version.

use std::collections::{BTreeSet, HashMap};

use sync_core::model::{
    CampaignId, ChangeHash, DocumentId, Millis, OrganisationId, TeamId, UserId,
};

use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};

/// The manifest of a document is told anew in the transaction that stores its next state; one that lagged before goes on
/// lagging, because what stood in it then may not be told.
macro_rules! next_version {
    () => {
        "version = version + 1, \
         evidence_version = CASE WHEN evidence_version = version THEN version + 1 ELSE evidence_version END"
    };
}

statements! {
    /// One document.
    FIND = "SELECT document_id, kind, preimage, campaign_id, body_id, enterprise_key, team_id, snapshot, heads, version, \
        created_at, skeleton FROM documents WHERE document_id = $1";
    /// The next state, if nobody else has changed it since it was read.
    COMPARE_AND_SET = concat!("UPDATE documents SET snapshot = $2, heads = $3, ", next_version!(), ", changed_at = $4 \
        WHERE document_id = $1 AND version = $5");
    /// The document that begins with this change.
    FIND_BY_SKELETON = "SELECT document_id FROM documents WHERE skeleton = $1";
    /// Documents of a time when their first change was not noted.
    LIST_WITHOUT_SKELETON = "SELECT document_id, kind, preimage FROM documents WHERE skeleton IS NULL ORDER BY document_id \
        LIMIT $1";
    /// Notes a document's first change.
    SET_SKELETON = "UPDATE documents SET skeleton = $2 WHERE document_id = $1";
    /// Raises the version alone: something beside the document (a held change) was decided on what was read.
    TOUCH = concat!("UPDATE documents SET ", next_version!(), " WHERE document_id = $1 AND version = $2");
    /// Holds a document until the transaction ends: nobody stores its next state meanwhile.
    HOLD = "UPDATE documents SET changed_at = changed_at WHERE document_id = $1";
    /// Documents whose manifests were stored by a server that kept none.
    LIST_WITHOUT_EVIDENCE = "SELECT document_id, enterprise_key FROM documents WHERE evidence_version <> version \
        ORDER BY document_id LIMIT $1";
    /// A document's manifest is told as it stands.
    SET_EVIDENCE_VERSION = "UPDATE documents SET evidence_version = version WHERE document_id = $1";
    /// Authors of a document.
    LIST_AUTHORS = "SELECT user_id FROM document_authors WHERE document_id = $1 ORDER BY user_id";
    /// Visits at an enterprise as named in identities; what is confirmed of them says nothing of the enterprise.
    LIST_BY_ENTERPRISE = "SELECT document_id FROM documents WHERE enterprise_key = $1 AND kind = 'visit' ORDER BY document_id";
}

bulk! {
    /// Documents.
    LIST = ("SELECT document_id, kind, preimage, campaign_id, body_id, enterprise_key, team_id, snapshot, heads, version, \
        created_at, skeleton FROM documents WHERE document_id IN (", 0, 1, ")");
    /// What documents are, without what is in them.
    LIST_HEADS = ("SELECT document_id, kind, preimage, team_id FROM documents WHERE document_id IN (", 0, 1, ")");
    /// Documents that are new; another writer may have been first.
    INSERT = ("INSERT INTO documents (document_id, kind, preimage, campaign_id, body_id, enterprise_key, team_id, snapshot, \
        heads, version, created_at, changed_at, skeleton, evidence_version) VALUES", 0, 14,
        " ON CONFLICT (document_id) DO NOTHING RETURNING document_id");
    /// Authors of accepted changes.
    INSERT_AUTHOR = ("INSERT INTO document_authors (document_id, user_id) VALUES", 0, 2,
        " ON CONFLICT DO NOTHING RETURNING document_id, user_id");
}

/// What a document is, without what is in it.
#[derive(Clone, Debug)]
pub struct DocumentHead {
    /// SHA-256 of the preimage.
    pub document_id: DocumentId,
    /// `visit`, `confirmation`.
    pub kind: String,
    /// The exact text.
    pub preimage: String,
    /// Of the identity.
    pub team_id: Option<TeamId>,
}

/// A document as stored.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// SHA-256 of the preimage.
    pub document_id: DocumentId,
    /// `visit`, `confirmation`.
    pub kind: String,
    /// The exact text.
    pub preimage: String,
    /// Of the identity of the visit that it is or names, as the next three.
    pub campaign_id: CampaignId,
    /// Of the identity.
    pub body_id: OrganisationId,
    /// Of the identity, before aliases.
    pub enterprise_key: String,
    /// Of the identity.
    pub team_id: Option<TeamId>,
    /// As saved by Automerge.
    pub snapshot: Vec<u8>,
    /// Of the snapshot.
    pub heads: Vec<ChangeHash>,
    /// Its first change, which binds all others to it; none where it was not noted yet.
    pub skeleton: Option<ChangeHash>,
    /// Compared and set; 0 for one that is not stored yet.
    pub version: i64,
    /// When it came.
    pub created_at: Millis,
}

impl DocumentRow {
    /// Whether it was in the database when it was read.
    pub fn is_stored(&self) -> bool {
        self.version > 0
    }
}

fn heads_json(heads: &[ChangeHash]) -> Result<String> {
    serde_json::to_string(heads).map_err(|_| StoreError::Column {
        name: "heads",
        wanted: "hashes",
    })
}

fn from_row(row: &Row) -> Result<DocumentRow> {
    let heads: String = row.get("heads")?;
    Ok(DocumentRow {
        document_id: row.get("document_id")?,
        kind: row.get("kind")?,
        preimage: row.get("preimage")?,
        campaign_id: row.get("campaign_id")?,
        body_id: row.get("body_id")?,
        enterprise_key: row.get("enterprise_key")?,
        team_id: row.get("team_id")?,
        snapshot: row.get("snapshot")?,
        heads: serde_json::from_str(&heads).map_err(|_| StoreError::Column {
            name: "heads",
            wanted: "hashes",
        })?,
        skeleton: row.get("skeleton")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
    })
}

/// One document.
pub async fn find(db: &mut Session, document: DocumentId) -> Result<Option<DocumentRow>> {
    db.optional(&FIND, args![document])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// Those of these documents that are stored.
pub async fn list(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<HashMap<DocumentId, DocumentRow>> {
    let keys = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST, args![], keys).await?;
    let rows = rows.iter().map(|row| {
        let row = from_row(row)?;
        Ok((row.document_id, row))
    });
    rows.collect()
}

/// What those of these documents are that are stored.
pub async fn list_heads(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<HashMap<DocumentId, DocumentHead>> {
    let keys = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_HEADS, args![], keys).await?;
    let heads = rows.iter().map(|row| {
        let head = DocumentHead {
            document_id: row.get("document_id")?,
            kind: row.get("kind")?,
            preimage: row.get("preimage")?,
            team_id: row.get("team_id")?,
        };
        Ok((head.document_id, head))
    });
    heads.collect()
}

/// The document that begins with this change.
pub async fn find_by_skeleton(db: &mut Session, hash: ChangeHash) -> Result<Option<DocumentId>> {
    db.optional(&FIND_BY_SKELETON, args![hash])
        .await?
        .map(|row| row.get("document_id"))
        .transpose()
}

/// Documents whose first change is not noted: id, kind, preimage.
pub async fn list_without_skeleton(
    db: &mut Session,
    rows_max: i64,
) -> Result<Vec<(DocumentId, String, String)>> {
    let rows = db.all(&LIST_WITHOUT_SKELETON, args![rows_max]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.get("document_id")?,
                row.get("kind")?,
                row.get("preimage")?,
            ))
        })
        .collect()
}

/// Notes a document's first change.
pub async fn set_skeleton(tx: &mut Tx, document: DocumentId, hash: ChangeHash) -> Result<()> {
    tx.exec(&SET_SKELETON, args![document, hash])
        .await
        .map(drop)
}

/// Stores the states of documents, if each still is at the version beside it, at which it was read (0: it was not there).
/// False if somebody else was faster; some may be stored then.
pub async fn compare_and_set(
    tx: &mut Tx,
    next: &[(&DocumentRow, i64)],
    now: Millis,
) -> Result<bool> {
    let (new, known): (Vec<_>, Vec<_>) = next.iter().partition(|(_, version)| *version == 0);
    let rows = new.iter().map(|(next, _)| {
        Ok(args![
            next.document_id,
            &next.kind,
            &next.preimage,
            next.campaign_id,
            next.body_id,
            &next.enterprise_key,
            next.team_id,
            next.snapshot.clone(),
            heads_json(&next.heads)?,
            1_i64,
            now,
            now,
            next.skeleton,
            1_i64
        ])
    });
    let rows = rows.collect::<Result<_>>()?;
    if tx.all_rows(&INSERT, rows).await?.len() < new.len() {
        return Ok(false);
    }
    for (next, read_at_version) in known {
        let heads = heads_json(&next.heads)?;
        let (id, snapshot) = (next.document_id, next.snapshot.clone());
        let columns = args![id, snapshot, heads, now, read_at_version];
        if tx.exec(&COMPARE_AND_SET, columns).await? != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Raises the version alone; false if somebody else was faster.
pub async fn touch(tx: &mut Tx, document: DocumentId, read_at_version: i64) -> Result<bool> {
    Ok(tx.exec(&TOUCH, args![document, read_at_version]).await? == 1)
}

/// Holds a document until the transaction ends; false if there is none.
pub async fn hold(tx: &mut Tx, document: DocumentId) -> Result<bool> {
    Ok(tx.exec(&HOLD, args![document]).await? == 1)
}

/// Documents whose manifests are not told as they stand, with the enterprises that they name.
pub async fn list_without_evidence(
    db: &mut Session,
    rows_max: i64,
) -> Result<Vec<(DocumentId, String)>> {
    let rows = db.all(&LIST_WITHOUT_EVIDENCE, args![rows_max]).await?;
    rows.iter()
        .map(|row| Ok((row.get("document_id")?, row.get("enterprise_key")?)))
        .collect()
}

/// A document's manifest is told as it stands.
pub async fn set_evidence_version(tx: &mut Tx, document: DocumentId) -> Result<()> {
    tx.exec(&SET_EVIDENCE_VERSION, args![document])
        .await
        .map(drop)
}

/// Notes authors; gives those that are new.
pub async fn insert_authors(
    tx: &mut Tx,
    authors: &BTreeSet<(DocumentId, UserId)>,
) -> Result<BTreeSet<(DocumentId, UserId)>> {
    let rows = authors
        .iter()
        .map(|(document, user)| args![*document, *user]);
    let new = tx.all_rows(&INSERT_AUTHOR, rows.collect()).await?;
    let new = new
        .iter()
        .map(|row| Ok((row.get("document_id")?, row.get("user_id")?)));
    new.collect()
}

/// Authors, sorted.
pub async fn list_authors(db: &mut Session, document: DocumentId) -> Result<Vec<UserId>> {
    db.all(&LIST_AUTHORS, args![document])
        .await?
        .iter()
        .map(|row| row.get("user_id"))
        .collect()
}

/// Visits whose identity names this enterprise.
pub async fn list_by_enterprise(db: &mut Session, enterprise: &str) -> Result<Vec<DocumentId>> {
    let rows = db.all(&LIST_BY_ENTERPRISE, args![enterprise]).await?;
    rows.iter().map(|row| row.get("document_id")).collect()
}
