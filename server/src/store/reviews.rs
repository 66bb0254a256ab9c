//! What the authority decided on pieces of evidence (影像审查): append-only, the highest version stands. The list of pieces to be
//! reviewed is scoped as lists of visits are.

use sync_core::model::{
    DocumentId, EvidenceId, EvidenceReview, Millis, OrganisationId, ReviewVerdict, UserId,
};
use uuid::Uuid;

use super::evidence::{EvidenceRow, count_again, from_row as evidence_from_row};
use super::sync::visits::{seen, sight};
use super::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};
use crate::access::Principal;
use crate::args;

/// Decisions with who took them.
macro_rules! told {
    ($rest:literal) => {
        concat!(
            "SELECT r.*, u.display_name, o.name AS organisation FROM evidence_reviews r \
             LEFT JOIN users u ON u.user_id = r.user_id \
             LEFT JOIN organisations o ON o.organisation_id = r.organisation_id ",
            $rest
        )
    };
}

/// Pieces of visits that a caller sees. Whether the bytes of one are here is asked of each by itself: as a join in brackets
/// SQLite makes a table of all that are here first. What was decided on other bytes than the entry names now is decided on nothing.
macro_rules! pieces {
    ($place:literal, $order:literal) => {
        concat!("SELECT v.sort_at, v.enterprise, v.enterprise_name, v.campaign_id, v.body_id, v.region, \
        e.document_id, e.entry, e.captured, e.author, e.answered, r.version, r.verdict, \
        (SELECT p.proved_at FROM evidence_proofs p JOIN blobs b ON b.sha256 = p.sha256 \
          WHERE p.document_id = e.document_id AND p.sha256 = e.sha256 AND b.size_bytes = e.size_bytes) AS proved_at, \
        CASE WHEN EXISTS (SELECT 1 FROM media_matches m WHERE m.sha256 = e.sha256) \
          OR EXISTS (SELECT 1 FROM evidence_proofs q WHERE q.sha256 = e.sha256 AND q.document_id <> e.document_id) \
          THEN 1 ELSE 0 END AS reused \
        FROM (SELECT v.* ", seen!(""), ") v JOIN evidence e ON e.document_id = v.document_id \
        LEFT JOIN evidence_verdicts r ON r.document_id = e.document_id AND r.evidence_id = e.evidence_id AND r.sha256 = e.sha256 \
        WHERE ", $place, " \
          AND (CAST($8 AS TEXT) = 'all' \
            OR ($8 IN ('waiting', 'unreviewed') AND r.version IS NULL AND EXISTS (SELECT 1 FROM evidence_proofs p \
              JOIN blobs b ON b.sha256 = p.sha256 WHERE p.document_id = e.document_id AND p.sha256 = e.sha256 \
              AND b.size_bytes = e.size_bytes)) \
            OR ($8 IN ('waiting', 'answered') AND r.verdict <> 'accepted' AND e.answered >= r.version) \
            OR ($8 = r.verdict AND (r.verdict = 'accepted' OR e.answered < r.version))) \
          AND (CAST($9 AS BYTEA) IS NULL OR v.document_id = $9) AND (CAST($10 AS TEXT) IS NULL OR v.campaign_id = $10) \
          AND (CAST($11 AS TEXT) IS NULL OR v.body_id = $11) \
          AND (CAST($12 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM media_matches m WHERE m.sha256 = e.sha256) \
            OR EXISTS (SELECT 1 FROM evidence_proofs q WHERE q.sha256 = e.sha256 AND q.document_id <> e.document_id)) \
        ORDER BY ", $order, " LIMIT $13")
    };
}

statements! {
    /// A decision.
    INSERT = "INSERT INTO evidence_reviews (review_id, document_id, evidence_id, version, sha256, verdict, reason, user_id, \
        organisation_id, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// It stands from now on.
    PUT_VERDICT = "INSERT INTO evidence_verdicts (document_id, evidence_id, version, sha256, verdict) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (document_id, evidence_id) DO UPDATE SET version = excluded.version, \
        sha256 = excluded.sha256, verdict = excluded.verdict";
    /// Every decision on a piece, the newest first.
    LIST = told!("WHERE r.document_id = $1 AND r.evidence_id = $2 ORDER BY r.version DESC");
    /// Pieces behind a place: visit by visit as lists of visits have them, and by id in each.
    LIST_PIECES = pieces!("(v.sort_at < $5 OR (v.sort_at = $5 AND (v.document_id < $6 \
        OR (v.document_id = $6 AND e.evidence_id > $7))))", "v.sort_at DESC, v.document_id DESC, e.evidence_id");
    /// The same of visits that have something that waits, of which there are few.
    LIST_WAITING = pieces!("v.evidence_waiting > 0 AND (v.sort_at < $5 OR (v.sort_at = $5 AND (v.document_id < $6 \
        OR (v.document_id = $6 AND e.evidence_id > $7))))", "v.sort_at DESC, v.document_id DESC, e.evidence_id");
    /// The same of visits in which something was decided so, of which there are few for what is questioned or rejected.
    LIST_DECIDED = pieces!("v.document_id IN (SELECT d.document_id FROM evidence_verdicts d WHERE d.verdict = $8) \
        AND (v.sort_at < $5 OR (v.sort_at = $5 AND (v.document_id < $6 \
        OR (v.document_id = $6 AND e.evidence_id > $7))))", "v.sort_at DESC, v.document_id DESC, e.evidence_id");
    /// Those before a place, the nearest first.
    LIST_PIECES_BEFORE = pieces!("(v.sort_at > $5 OR (v.sort_at = $5 AND (v.document_id > $6 \
        OR (v.document_id = $6 AND e.evidence_id < $7))))", "v.sort_at, v.document_id, e.evidence_id DESC");
    /// The same of visits in which something was decided so.
    LIST_DECIDED_BEFORE = pieces!("v.document_id IN (SELECT d.document_id FROM evidence_verdicts d WHERE d.verdict = $8) \
        AND (v.sort_at > $5 OR (v.sort_at = $5 AND (v.document_id > $6 \
        OR (v.document_id = $6 AND e.evidence_id < $7))))", "v.sort_at, v.document_id, e.evidence_id DESC");
    /// The same of visits that have something that waits.
    LIST_WAITING_BEFORE = pieces!("v.evidence_waiting > 0 AND (v.sort_at > $5 OR (v.sort_at = $5 AND (v.document_id > $6 \
        OR (v.document_id = $6 AND e.evidence_id < $7))))", "v.sort_at, v.document_id, e.evidence_id DESC");
}

bulk! {
    /// The decisions that stand in these documents.
    LIST_STANDING = ("SELECT r.*, u.display_name, o.name AS organisation FROM evidence_verdicts s \
        JOIN evidence_reviews r ON r.document_id = s.document_id AND r.evidence_id = s.evidence_id AND r.version = s.version \
        LEFT JOIN users u ON u.user_id = r.user_id LEFT JOIN organisations o ON o.organisation_id = r.organisation_id \
        WHERE s.document_id IN (", 0, 1, ") ORDER BY r.document_id, r.evidence_id");
}

/// A decision.
#[derive(Clone, Debug)]
pub struct ReviewRow {
    /// Its id.
    pub review_id: Uuid,
    /// As phones are told it.
    pub review: EvidenceReview,
    /// Who decided.
    pub user: UserId,
    /// Their name.
    pub user_name: Option<String>,
}

fn from_row(row: &Row) -> Result<ReviewRow> {
    let verdict: String = row.get("verdict")?;
    let verdict = ReviewVerdict::ALL
        .into_iter()
        .find(|known| known.as_str() == verdict);
    let authority: Option<String> = row.get("organisation")?;
    Ok(ReviewRow {
        review_id: row.get("review_id")?,
        review: EvidenceReview {
            document_id: row.get("document_id")?,
            evidence_id: row.get("evidence_id")?,
            sha256: row.get("sha256")?,
            version: row.get("version")?,
            verdict: verdict.ok_or(StoreError::Column {
                name: "verdict",
                wanted: "what was decided",
            })?,
            reason: row.get("reason")?,
            authority_id: row.get::<OrganisationId>("organisation_id")?,
            authority: authority.unwrap_or_default(),
            at_ms: row.get("decided_at")?,
        },
        user: row.get("user_id")?,
        user_name: row.get("display_name")?,
    })
}

/// Adds one, which stands from now on. The caller holds the document.
pub async fn insert(tx: &mut Tx, row: &ReviewRow) -> Result<()> {
    let review = &row.review;
    let verdict = review.verdict.as_str();
    let values = args![
        row.review_id,
        review.document_id,
        review.evidence_id,
        review.version,
        review.sha256,
        verdict,
        &review.reason,
        row.user,
        review.authority_id,
        review.at_ms
    ];
    tx.exec(&INSERT, values).await?;
    let values = args![
        review.document_id,
        review.evidence_id,
        review.version,
        review.sha256,
        verdict
    ];
    tx.exec(&PUT_VERDICT, values).await?;
    count_again(tx, review.document_id).await
}

/// Every decision on a piece, the newest first.
pub async fn list(
    db: &mut Session,
    document: DocumentId,
    evidence: EvidenceId,
) -> Result<Vec<ReviewRow>> {
    let rows = db.all(&LIST, args![document, evidence]).await?;
    rows.iter().map(from_row).collect()
}

/// The decisions that stand in these documents.
pub async fn list_standing(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<ReviewRow>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_STANDING, args![], ids).await?;
    rows.iter().map(from_row).collect()
}

/// Which pieces.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `waiting`, `unreviewed`, `answered`, `questioned`, `accepted`, `rejected` or `all`.
    pub state: String,
    /// Of one visit.
    pub document: Option<DocumentId>,
    /// Of one campaign.
    pub campaign: Option<String>,
    /// Of one inspection body.
    pub body: Option<String>,
    /// Those alone that are like a picture of another visit.
    pub reused: bool,
}

/// Where a page ended: what visits are sorted by, the visit, the piece.
pub type Place = (Millis, DocumentId, String);

/// A piece in its visit.
#[derive(Clone, Debug)]
pub struct PieceRow {
    /// What visits are sorted by.
    pub sort_at: Millis,
    /// 受检单位, by its key after aliases.
    pub enterprise: String,
    /// Its name.
    pub enterprise_name: Option<String>,
    /// Campaign.
    pub campaign_id: String,
    /// 承检机构
    pub body_id: String,
    /// GB/T 2260.
    pub region: Option<String>,
    /// The entry of the manifest.
    pub evidence: EvidenceRow,
    /// The highest version that was answered.
    pub answered: i64,
    /// The decision that stands, by version and word.
    pub decided: Option<(i64, String)>,
    /// The same picture, or one like it, stands under another visit.
    pub reused: bool,
}

/// Which way a list goes from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// On.
    Onward,
    /// Back, the nearest first.
    Back,
}

/// A page of pieces of visits that the caller sees.
pub async fn list_pieces(
    db: &mut Session,
    caller: &Principal,
    filter: &Filter,
    from: Option<Place>,
    way: Way,
    rows_max: u32,
) -> Result<Vec<PieceRow>> {
    let first = || (Millis::MAX, DocumentId([u8::MAX; 32]), String::new());
    let after = from.unwrap_or_else(first);
    let mut values = sight(caller);
    values.extend(args![
        after.0,
        after.1,
        after.2,
        filter.state.clone(),
        filter.document,
        filter.campaign.clone(),
        filter.body.clone(),
        filter.reused,
        rows_max
    ]);
    let statement = match (filter.state.as_str(), way) {
        ("waiting" | "unreviewed" | "answered", Way::Onward) => &LIST_WAITING,
        ("waiting" | "unreviewed" | "answered", Way::Back) => &LIST_WAITING_BEFORE,
        ("questioned" | "accepted" | "rejected", Way::Onward) => &LIST_DECIDED,
        ("questioned" | "accepted" | "rejected", Way::Back) => &LIST_DECIDED_BEFORE,
        (_, Way::Onward) => &LIST_PIECES,
        (_, Way::Back) => &LIST_PIECES_BEFORE,
    };
    let rows = db.all(statement, values).await?;
    let pieces = rows.iter().map(|row| {
        let version: Option<i64> = row.get("version")?;
        let verdict: Option<String> = row.get("verdict")?;
        Ok(PieceRow {
            sort_at: row.get("sort_at")?,
            enterprise: row.get("enterprise")?,
            enterprise_name: row.get("enterprise_name")?,
            campaign_id: row.get("campaign_id")?,
            body_id: row.get("body_id")?,
            region: row.get("region")?,
            evidence: evidence_from_row(row)?,
            answered: row.get("answered")?,
            decided: version.zip(verdict),
            reused: row.get::<i64>("reused")? == 1,
        })
    });
    pieces.collect()
}
