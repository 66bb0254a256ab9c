//! What manifests name, which originals are here, and for which documents they were shown to be.

use sync_core::document::ListedEvidence;
use sync_core::model::{
    DeviceId, Digest, DocumentId, EvidenceEntry, EvidenceId, Millis, TimeFact, UserId,
};
use sync_core::proof::EvidenceReceiptPayload;

use super::log::{self, Note};
use super::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};
use crate::args;

/// Columns of an entry, and since when its bytes are verified. They are for this document alone if somebody brought them for
/// it, and they are these only if there are as many of them as the manifest says. It is asked of each entry by itself: as a join
/// in brackets SQLite makes a table of everything that is here first, for every visit that is looked at.
macro_rules! entries {
    ($rest:literal) => {
        concat!(
            "SELECT e.document_id, e.entry, e.captured, e.author, (SELECT p.proved_at FROM evidence_proofs p \
               JOIN blobs b ON b.sha256 = p.sha256 WHERE p.document_id = e.document_id AND p.sha256 = e.sha256 \
               AND b.size_bytes = e.size_bytes) AS proved_at FROM evidence e ",
            $rest
        )
    };
}

statements! {
    /// One entry.
    FIND = entries!("WHERE e.document_id = $1 AND e.evidence_id = $2");
    /// The manifest of a document.
    LIST = entries!("WHERE e.document_id = $1 ORDER BY e.evidence_id");
    /// Whether a person's devices bring what a document names: those of its roster, or of an author. What a visit's team
    /// only reads, what is confirmed of it, they bring nothing for.
    FIND_AUDIENCE = "SELECT d.document_id FROM documents d WHERE d.document_id = $1 AND (\
           (d.kind = 'visit' AND EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = d.team_id AND m.user_id = $2)) \
        OR EXISTS (SELECT 1 FROM document_authors a WHERE a.document_id = d.document_id AND a.user_id = $2))";
    /// An original that lies in the object store.
    INSERT_BLOB = "INSERT INTO blobs (sha256, size_bytes, stored_at) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING";
    /// Its length.
    FIND_BLOB = "SELECT size_bytes FROM blobs WHERE sha256 = $1";
    /// Somebody brought the bytes for this document.
    INSERT_PROOF = "INSERT INTO evidence_proofs (document_id, sha256, device_id, proved_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (document_id, sha256) DO NOTHING";
}

bulk! {
    /// Out with the old entries.
    DELETE = ("DELETE FROM evidence WHERE document_id IN (", 0, 1, ")");
    /// Verified entries for which no receipt was published.
    LIST_WITHOUT_RECEIPT = (entries!("LEFT JOIN evidence_receipts r ON r.document_id = e.document_id \
        AND r.evidence_id = e.evidence_id AND r.sha256 = e.sha256 \
        WHERE r.sha256 IS NULL AND EXISTS (SELECT 1 FROM evidence_proofs p JOIN blobs b ON b.sha256 = p.sha256 \
            WHERE p.document_id = e.document_id AND p.sha256 = e.sha256 AND b.size_bytes = e.size_bytes) \
        AND e.document_id IN ("), 0, 1, ")");
    /// Receipts were published.
    INSERT_RECEIPT = ("INSERT INTO evidence_receipts (document_id, evidence_id, sha256) VALUES", 0, 3, " ON CONFLICT DO NOTHING");
    /// In with the new entries.
    INSERT = ("INSERT INTO evidence (document_id, evidence_id, sha256, size_bytes, media_type, kind, entry, captured, author, \
        answered) VALUES", 0, 10, " ON CONFLICT DO NOTHING");
    /// The manifests of documents.
    LIST_OF_DOCUMENTS = (entries!("WHERE e.document_id IN ("), 0, 1, ") ORDER BY e.document_id, e.evidence_id");
    /// How many pieces these visits list, of how many the bytes are here, and how many wait for a decision, counted anew.
    COUNT_OF_VISITS = ("UPDATE visits SET \
        evidence_listed = (SELECT COUNT(*) FROM evidence e WHERE e.document_id = visits.document_id), \
        evidence_here = (SELECT COUNT(*) FROM evidence e \
            JOIN evidence_proofs p ON p.document_id = e.document_id AND p.sha256 = e.sha256 \
            JOIN blobs b ON b.sha256 = e.sha256 AND b.size_bytes = e.size_bytes WHERE e.document_id = visits.document_id), \
        evidence_waiting = (SELECT COUNT(*) FROM evidence e LEFT JOIN evidence_verdicts r \
            ON r.document_id = e.document_id AND r.evidence_id = e.evidence_id AND r.sha256 = e.sha256 \
            WHERE e.document_id = visits.document_id AND ((r.verdict <> 'accepted' AND e.answered >= r.version) \
                OR (r.version IS NULL AND EXISTS (SELECT 1 FROM evidence_proofs p JOIN blobs b ON b.sha256 = p.sha256 \
                    WHERE p.document_id = e.document_id AND p.sha256 = e.sha256 AND b.size_bytes = e.size_bytes)))) \
        WHERE document_id IN (", 0, 1, ")");
    /// Entries whose bytes are verified, of these documents.
    LIST_VERIFIED = ("SELECT e.document_id, e.evidence_id FROM evidence e \
        JOIN evidence_proofs p ON p.document_id = e.document_id AND p.sha256 = e.sha256 \
        JOIN blobs b ON b.sha256 = e.sha256 AND b.size_bytes = e.size_bytes WHERE e.document_id IN (", 0, 1, ")");
}

/// An entry of a manifest (影像清单), and whether its bytes are here.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    /// The document that names it.
    pub document_id: DocumentId,
    /// As it stands there.
    pub entry: EvidenceEntry,
    /// When it was captured.
    pub captured: TimeFact,
    /// Who listed it.
    pub author: Option<UserId>,
    /// Since when its bytes are verified for this document; none where they are not.
    pub verified_at: Option<Millis>,
}

impl EvidenceRow {
    /// What the server says of it, to be signed; none where its bytes are not verified.
    pub fn receipt(&self, epoch: &str) -> Option<EvidenceReceiptPayload> {
        Some(EvidenceReceiptPayload {
            document_id: self.document_id,
            evidence_id: self.entry.evidence_id,
            sha256: self.entry.sha256,
            size_bytes: self.entry.size_bytes,
            verified_at_ms: self.verified_at?,
            epoch: epoch.to_owned(),
        })
    }
}

/// The columns of a proof, in the order of `INSERT_PROOF`.
const PROOF_COLUMNS: [&str; 4] = ["document_id", "sha256", "device_id", "proved_at"];

fn json_of(name: &'static str, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Column {
        name,
        wanted: "plain data",
    })
}

fn read<T: serde::de::DeserializeOwned>(row: &Row, name: &'static str) -> Result<T> {
    let wanted = "a part of a manifest";
    serde_json::from_str(&row.get::<String>(name)?).map_err(|_| StoreError::Column { name, wanted })
}

pub(super) fn from_row(row: &Row) -> Result<EvidenceRow> {
    Ok(EvidenceRow {
        document_id: row.get("document_id")?,
        entry: read(row, "entry")?,
        captured: read(row, "captured")?,
        author: row.get("author")?,
        verified_at: row.get("proved_at")?,
    })
}

/// Replaces the manifests of documents, and what their visits tell of them; of those that were not `stored` before there is
/// none yet.
pub async fn replace(
    tx: &mut Tx,
    stored: &[DocumentId],
    manifests: Vec<(DocumentId, &[ListedEvidence])>,
) -> Result<()> {
    let ids = stored.iter().copied().map(Value::from);
    tx.exec_of(&DELETE, args![], ids).await?;
    let (mut rows, mut counted) = (Vec::new(), Vec::new());
    for (document, manifest) in manifests {
        // Of what lists nothing and was not there before nothing is to be told.
        if !manifest.is_empty() || stored.contains(&document) {
            counted.push(Value::from(document));
        }
        for listed in manifest {
            let entry = &listed.entry;
            let answered = entry.answers.values().map(|answer| answer.review).max();
            rows.push(args![
                document,
                entry.evidence_id,
                entry.sha256,
                entry.size_bytes,
                &entry.media_type,
                &entry.kind,
                json_of("entry", entry)?,
                json_of("captured", &listed.captured)?,
                listed.author,
                answered.unwrap_or(0)
            ]);
        }
    }
    tx.exec_rows(&INSERT, rows).await?;
    tx.exec_of(&COUNT_OF_VISITS, args![], counted).await
}

/// One entry.
pub async fn find(
    db: &mut Session,
    document: DocumentId,
    evidence: EvidenceId,
) -> Result<Option<EvidenceRow>> {
    let row = db.optional(&FIND, args![document, evidence]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The manifest of a document, by id.
pub async fn list(db: &mut Session, document: DocumentId) -> Result<Vec<EvidenceRow>> {
    let rows = db.all(&LIST, args![document]).await?;
    rows.iter().map(from_row).collect()
}

/// The manifests of these documents.
pub async fn list_of_documents(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<EvidenceRow>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_OF_DOCUMENTS, args![], ids).await?;
    rows.iter().map(from_row).collect()
}

/// Entries of these documents whose bytes are verified.
pub async fn list_verified(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<(DocumentId, EvidenceId)>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_VERIFIED, args![], ids).await?;
    let verified = rows
        .iter()
        .map(|row| Ok((row.get("document_id")?, row.get("evidence_id")?)));
    verified.collect()
}

/// Whether the document is for this person's devices.
pub async fn is_audience(db: &mut Session, document: DocumentId, user: UserId) -> Result<bool> {
    let found = db.optional(&FIND_AUDIENCE, args![document, user]).await?;
    Ok(found.is_some())
}

/// Notes an original that lies in the object store; false where it was known with another length.
pub async fn insert_blob(tx: &mut Tx, sha256: Digest, size: i64, now: Millis) -> Result<bool> {
    tx.exec(&INSERT_BLOB, args![sha256, size, now]).await?;
    let known: i64 = tx.one(&FIND_BLOB, args![sha256]).await?.get("size_bytes")?;
    Ok(known == size)
}

/// Notes that a device brought the bytes for a document, once, and tells its visit.
pub async fn insert_proof(
    tx: &mut Tx,
    document: DocumentId,
    sha256: Digest,
    device: DeviceId,
    now: Millis,
) -> Result<()> {
    let values = args![document, sha256, device, now];
    if tx.exec(&INSERT_PROOF, values.clone()).await? == 1 {
        let chain = log::chain_of(tx, document).await?;
        tx.note(Note::row(
            Some(chain),
            now,
            log::EVIDENCE,
            &PROOF_COLUMNS,
            &values,
        ));
        count_again(tx, document).await?;
    }
    Ok(())
}

/// Tells a visit anew how far its evidence is.
pub(super) async fn count_again(tx: &mut Tx, document: DocumentId) -> Result<()> {
    let visit = [Value::from(document)];
    tx.exec_of(&COUNT_OF_VISITS, args![], visit).await
}

/// Verified entries of documents for which no receipt was published, and notes that one is.
pub async fn take_without_receipt(
    tx: &mut Tx,
    documents: Vec<DocumentId>,
) -> Result<Vec<EvidenceRow>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = tx.all_of(&LIST_WITHOUT_RECEIPT, args![], ids).await?;
    let mut found: Vec<EvidenceRow> = rows.iter().map(from_row).collect::<Result<_>>()?;
    let place = |row: &EvidenceRow| (row.document_id, row.entry.evidence_id);
    found.sort_by_key(place);
    let told = found.iter().map(|row| {
        let (document, evidence) = place(row);
        args![document, evidence, row.entry.sha256]
    });
    tx.exec_rows(&INSERT_RECEIPT, told.collect()).await?;
    Ok(found)
}

/// What the server says of the verified entries of a document, to be signed.
pub async fn list_receipts(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<EvidenceReceiptPayload>> {
    let rows = list(db, document).await?;
    Ok(rows.iter().filter_map(|row| row.receipt("")).collect())
}
