//! What the server made of originals: work that waits and who has it, what was found, and which pictures look alike.

use serde::{Deserialize, Serialize};
use sync_core::model::{
    Digest, DocumentId, EvidenceId, MediaFact, MediaOutcome, Millis, ReuseBits, ReuseFact,
};

use super::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};
use crate::args;
use crate::media::hash::{Hashes, distance};

statements! {
    /// An original that is to be examined.
    INSERT = "INSERT INTO media (sha256, state, attempts, due_at) VALUES ($1, 'waiting', 0, $2) \
        ON CONFLICT (sha256) DO NOTHING";
    /// Those that may be taken, the longest waiting first.
    LIST_DUE = "SELECT m.sha256, b.size_bytes, m.attempts FROM media m JOIN blobs b ON b.sha256 = m.sha256 \
        WHERE m.state = 'waiting' AND m.due_at <= $1 ORDER BY m.due_at, m.sha256 LIMIT $2";
    /// Takes one; whoever comes second changes nothing.
    TAKE = "UPDATE media SET lease = $2, due_at = $3, attempts = attempts + 1 \
        WHERE sha256 = $1 AND state = 'waiting' AND due_at <= $4";
    /// Says that it is still examined.
    RENEW = "UPDATE media SET due_at = $3 WHERE sha256 = $1 AND lease = $2 AND state = 'waiting'";
    /// Lets go of one that could not be examined; the attempt counts or does not.
    GIVE_BACK = "UPDATE media SET lease = NULL, due_at = $3, attempts = attempts - $4 \
        WHERE sha256 = $1 AND lease = $2 AND state = 'waiting'";
    /// What was found, by whoever still has it.
    FINISH = "UPDATE media SET state = $3, lease = NULL, found = $4, phash = $5, dhash = $6, examined_at = $7 \
        WHERE sha256 = $1 AND lease = $2 AND state = 'waiting'";
    /// What was found in one original.
    FIND = "SELECT state, found FROM media WHERE sha256 = $1";
    /// What was found in the originals of a manifest.
    LIST_OF_DOCUMENT = "SELECT m.sha256, m.state, m.found FROM evidence e JOIN media m ON m.sha256 = e.sha256 \
        WHERE e.document_id = $1";
    /// How many wait.
    COUNT_WAITING = "SELECT COUNT(*) AS waiting FROM media WHERE state = 'waiting'";
    /// Visits for which the original was brought.
    LIST_VISITS = "SELECT document_id FROM evidence_proofs WHERE sha256 = $1 ORDER BY document_id";
    /// A few of them.
    LIST_SOME_VISITS = "SELECT document_id FROM evidence_proofs WHERE sha256 = $1 ORDER BY document_id LIMIT $2";
    /// Visits with a picture that looks like it.
    LIST_VISITS_OF_LIKE = "SELECT p.document_id FROM media_matches m JOIN evidence_proofs p ON p.sha256 = m.other \
        WHERE m.sha256 = $1 ORDER BY m.dhash_bits, m.phash_bits, p.document_id LIMIT $2";
}

bulk! {
    /// Pictures that share one of these pieces.
    LIST_BY_PIECE = ("SELECT m.sha256, m.phash, m.dhash FROM media_bands b JOIN media m ON m.sha256 = b.sha256 \
        WHERE b.band = $1 AND b.piece IN (", 1, 1, ")");
    /// The pieces of one.
    INSERT_BANDS = ("INSERT INTO media_bands (band, piece, sha256) VALUES", 0, 3, " ON CONFLICT DO NOTHING");
    /// Pairs.
    INSERT_MATCHES = ("INSERT INTO media_matches (sha256, other, phash_bits, dhash_bits) VALUES", 0, 4,
        " ON CONFLICT DO NOTHING");
    /// What was found in verified evidence of these documents.
    LIST_FOUND = ("SELECT e.document_id, e.evidence_id, m.found FROM evidence e \
        JOIN evidence_proofs p ON p.document_id = e.document_id AND p.sha256 = e.sha256 \
        JOIN media m ON m.sha256 = e.sha256 WHERE m.found IS NOT NULL AND e.document_id IN (", 0, 1, ")");
    /// The same bytes in the manifests of other documents, brought there too.
    LIST_SAME = ("SELECT e.document_id, e.evidence_id, o.document_id AS other_document, o.evidence_id AS other_evidence \
        FROM evidence e \
        JOIN evidence_proofs p ON p.document_id = e.document_id AND p.sha256 = e.sha256 \
        JOIN evidence o ON o.sha256 = e.sha256 AND o.document_id <> e.document_id \
        JOIN evidence_proofs q ON q.document_id = o.document_id AND q.sha256 = o.sha256 \
        WHERE e.document_id IN (", 0, 1, ")");
    /// Pictures in the manifests of other documents that look like those of these.
    LIST_NEAR = ("SELECT e.document_id, e.evidence_id, o.document_id AS other_document, o.evidence_id AS other_evidence, \
        m.phash_bits, m.dhash_bits FROM evidence e \
        JOIN evidence_proofs p ON p.document_id = e.document_id AND p.sha256 = e.sha256 \
        JOIN media_matches m ON m.sha256 = e.sha256 \
        JOIN evidence o ON o.sha256 = m.other AND o.document_id <> e.document_id \
        JOIN evidence_proofs q ON q.document_id = o.document_id AND q.sha256 = o.sha256 \
        WHERE e.document_id IN (", 0, 1, ")");
}

/// The pieces of a dHash.
const BANDS: u32 = 4;
/// Bits of one.
const PIECE_BITS: u32 = 16;
/// The most bits by which dHashes of nearly the same picture differ. Below twice the number of pieces: one of them then
/// differs in a single bit at most, and is found by it.
pub const DHASH_BITS_MAX: u32 = 6;
/// The most bits by which pHashes of nearly the same picture differ.
pub const PHASH_BITS_MAX: u32 = 8;
const _: () = assert!(DHASH_BITS_MAX < 2 * BANDS);

/// What was found in an original, as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What rules ask.
    pub fact: MediaFact,
    /// Maker and model of the camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Of a picture as it is stored, or of a film, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_px: Option<(u32, u32)>,
    /// Width and height of the picture for a screen, in pixels; none where there is no preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen_px: Option<(u32, u32)>,
    /// Why there is no preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_preview: Option<MediaOutcome>,
}

/// How far an original was examined.
#[derive(Clone, Debug, PartialEq)]
pub enum Examined {
    /// It waits.
    Waiting,
    /// It was.
    Found(Found),
}

/// An original that may be taken.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Which.
    pub sha256: Digest,
    /// Its length.
    pub size_bytes: u64,
    /// Attempts that were begun before.
    pub attempts: i64,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Something was found.
    Examined,
    /// Every attempt failed.
    GivenUp,
}

fn plain<T>(_: serde_json::Error) -> Result<T> {
    Err(StoreError::Column {
        name: "found",
        wanted: "what was found in an original",
    })
}

fn found(row: &Row) -> Result<Found> {
    serde_json::from_str(&row.get::<String>("found")?).or_else(plain)
}

/// Notes an original that is to be examined, once.
pub async fn insert(tx: &mut Tx, sha256: Digest, now: Millis) -> Result<()> {
    tx.exec(&INSERT, args![sha256, now]).await.map(drop)
}

/// Originals that may be taken now.
pub async fn list_due(db: &mut Session, now: Millis, most: usize) -> Result<Vec<Due>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = db.all(&LIST_DUE, args![now, most]).await?;
    let due = rows.iter().map(|row| {
        Ok(Due {
            sha256: row.get("sha256")?,
            size_bytes: row.get("size_bytes")?,
            attempts: row.get("attempts")?,
        })
    });
    due.collect()
}

/// Takes one under a lease until then; false where somebody else was faster.
pub async fn take(
    tx: &mut Tx,
    of: Digest,
    lease: &str,
    until: Millis,
    now: Millis,
) -> Result<bool> {
    let taken = tx.exec(&TAKE, args![of, lease, until, now]).await?;
    Ok(taken == 1)
}

/// Says that it is still examined; false where the lease is no longer ours.
pub async fn renew(tx: &mut Tx, of: Digest, lease: &str, until: Millis) -> Result<bool> {
    Ok(tx.exec(&RENEW, args![of, lease, until]).await? == 1)
}

/// Lets go of one that could not be examined until then, and forgets the attempt if it was no fault of the file.
pub async fn give_back(
    tx: &mut Tx,
    of: Digest,
    lease: &str,
    due_at: Millis,
    counts: bool,
) -> Result<()> {
    let forgotten = i64::from(!counts);
    let values = args![of, lease, due_at, forgotten];
    tx.exec(&GIVE_BACK, values).await.map(drop)
}

/// Writes down what was found; false where the lease is no longer ours, and then nothing is.
pub async fn finish(
    tx: &mut Tx,
    (of, lease): (Digest, &str),
    end: End,
    found: &Found,
    hashes: Option<Hashes>,
    now: Millis,
) -> Result<bool> {
    let state = match end {
        End::Examined => "examined",
        End::GivenUp => "given_up",
    };
    let found = serde_json::to_string(found).or_else(plain)?;
    let (phash, dhash) = (
        hashes.map(|hashes| hashes.phash.cast_signed()),
        hashes.map(|hashes| hashes.dhash.cast_signed()),
    );
    let values = args![of, lease, state, found, phash, dhash, now];
    Ok(tx.exec(&FINISH, values).await? == 1)
}

fn examined(row: &Row) -> Result<Examined> {
    Ok(match row.get::<String>("state")?.as_str() {
        "waiting" => Examined::Waiting,
        _ => Examined::Found(found(row)?),
    })
}

/// What was found in an original; none where it was never brought.
pub async fn find(db: &mut Session, sha256: Digest) -> Result<Option<Examined>> {
    let row = db.optional(&FIND, args![sha256]).await?;
    row.as_ref().map(examined).transpose()
}

/// What was found in the originals of a manifest.
pub async fn list_of_document(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<(Digest, Examined)>> {
    let rows = db.all(&LIST_OF_DOCUMENT, args![document]).await?;
    let all = rows
        .iter()
        .map(|row| Ok((row.get("sha256")?, examined(row)?)));
    all.collect()
}

/// How many wait to be examined.
pub async fn waiting(db: &mut Session) -> Result<i64> {
    db.one(&COUNT_WAITING, args![]).await?.get("waiting")
}

fn documents(rows: &[Row]) -> Result<Vec<DocumentId>> {
    rows.iter().map(|row| row.get("document_id")).collect()
}

/// Visits for which an original was brought.
pub async fn list_visits(db: &mut Session, of: Digest) -> Result<Vec<DocumentId>> {
    documents(&db.all(&LIST_VISITS, args![of]).await?)
}

/// At most so many visits for which it was brought, and as many with pictures that look like it, the nearest first.
pub async fn list_visits_like(
    db: &mut Session,
    of: Digest,
    most: usize,
) -> Result<Vec<DocumentId>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut found = documents(&db.all(&LIST_SOME_VISITS, args![of, most]).await?)?;
    let like = db.all(&LIST_VISITS_OF_LIKE, args![of, most]).await?;
    found.extend(documents(&like)?);
    Ok(found)
}

/// The pieces of a dHash by their number.
fn pieces(dhash: u64) -> impl Iterator<Item = (i64, i64)> {
    (0..BANDS).map(move |band| {
        let piece = (dhash >> (band * PIECE_BITS)) as u16;
        (i64::from(band), i64::from(piece))
    })
}

/// Another picture, and in how many bits it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Which.
    pub other: Digest,
    /// In how many bits.
    pub bits: ReuseBits,
}

/// Pictures that look like one, the nearest first: looked up by the pieces of its dHash, each as it is and with any one bit
/// turned, and never by reading all there are.
pub async fn list_like(db: &mut Session, of: Digest, hashes: Hashes) -> Result<Vec<Match>> {
    let mut like: Vec<Match> = Vec::new();
    for (band, piece) in pieces(hashes.dhash) {
        let near = (0..PIECE_BITS).map(|bit| Value::from(piece ^ (1 << bit)));
        let near = near.chain([Value::from(piece)]);
        for row in db.all_of(&LIST_BY_PIECE, args![band], near).await? {
            let other: Digest = row.get("sha256")?;
            let bits = |name| row.get::<i64>(name).map(i64::cast_unsigned);
            let theirs = Hashes {
                phash: bits("phash")?,
                dhash: bits("dhash")?,
            };
            let (phash, dhash) = distance(hashes, theirs);
            let is_near = phash <= PHASH_BITS_MAX && dhash <= DHASH_BITS_MAX;
            if is_near && other != of && !like.iter().any(|known| known.other == other) {
                let bits = ReuseBits { phash, dhash };
                like.push(Match { other, bits });
            }
        }
    }
    like.sort_by_key(|known| (known.bits.dhash + known.bits.phash, known.other));
    Ok(like)
}

/// Writes down the pieces of a picture, and what it looks like.
pub async fn insert_like(tx: &mut Tx, of: Digest, hashes: Hashes, like: &[Match]) -> Result<()> {
    let rows = pieces(hashes.dhash).map(|(band, piece)| args![band, piece, of]);
    tx.exec_rows(&INSERT_BANDS, rows.collect()).await?;
    let pairs = like.iter().flat_map(|Match { other, bits }| {
        let (phash, dhash) = (i64::from(bits.phash), i64::from(bits.dhash));
        [
            args![of, *other, phash, dhash],
            args![*other, of, phash, dhash],
        ]
    });
    tx.exec_rows(&INSERT_MATCHES, pairs.collect()).await
}

/// What was found in verified evidence of these documents.
pub async fn list_found(
    db: &mut Session,
    documents: &[DocumentId],
) -> Result<Vec<(DocumentId, EvidenceId, MediaFact)>> {
    let ids = documents.iter().map(|id| Value::from(*id));
    let rows = db.all_of(&LIST_FOUND, args![], ids).await?;
    let facts = rows.iter().map(|row| {
        let fact = found(row)?.fact;
        Ok((row.get("document_id")?, row.get("evidence_id")?, fact))
    });
    facts.collect()
}

/// The same, and nearly the same, pictures under other documents than these.
pub async fn list_reused(
    db: &mut Session,
    documents: &[DocumentId],
) -> Result<Vec<(DocumentId, EvidenceId, ReuseFact)>> {
    let ids = || documents.iter().map(|id| Value::from(*id));
    let same = db.all_of(&LIST_SAME, args![], ids()).await?;
    let near = db.all_of(&LIST_NEAR, args![], ids()).await?;
    let mut reused = Vec::new();
    for (rows, is_near) in [(same, false), (near, true)] {
        for row in rows {
            let bits = match is_near {
                true => Some(ReuseBits {
                    phash: row.get("phash_bits")?,
                    dhash: row.get("dhash_bits")?,
                }),
                false => None,
            };
            let fact = ReuseFact {
                document_id: row.get("other_document")?,
                evidence_id: row.get("other_evidence")?,
                bits,
            };
            reused.push((row.get("document_id")?, row.get("evidence_id")?, fact));
        }
    }
    Ok(reused)
}
