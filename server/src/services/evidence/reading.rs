//! What a visit says of its evidence (影像证据): each piece with its state, all of them in numbers, and the receipts for those
//! whose bytes are verified.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use sync_core::model::{Digest, DocumentId};
use sync_core::sync::evidence::{EvidenceState, EvidenceTally};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::store::evidence::{self, EvidenceRow};
use crate::store::media::{self, Examined};
use crate::store::sync::visits;
use crate::store::{Result, Session, feed};

/// All evidence of a visit in numbers and in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceSummary {
    /// Entries of the manifest (影像清单).
    pub total: i64,
    /// Their bytes are here and hash to what the manifest names.
    pub verified: i64,
    /// Whole, and their hash is being computed.
    pub checking: i64,
    /// Here in part.
    pub uploading: i64,
    /// No byte of them is here.
    pub expected: i64,
    /// Other bytes came, which are kept aside; they are asked for again.
    pub mismatch: i64,
    /// Every byte that the manifest names is verified.
    pub complete: bool,
    /// `共 7 件影像，已核对 3 件，…`
    pub zh: String,
    /// `3 of 7 verified, …`
    pub en: String,
}

impl EvidenceSummary {
    /// Of a visit whose manifest names nothing.
    pub fn of_none() -> Self {
        EvidenceTally::default().into()
    }
}

impl From<EvidenceTally> for EvidenceSummary {
    fn from(tally: EvidenceTally) -> Self {
        let words = tally.words();
        Self {
            total: tally.total,
            verified: tally.verified,
            checking: tally.checking,
            uploading: tally.uploading,
            expected: tally.expected,
            mismatch: tally.mismatch,
            complete: tally.is_complete(),
            zh: words.zh,
            en: words.en,
        }
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// Its entry in the manifest.
    pub evidence_id: String,
    /// SHA-256 that the manifest names.
    pub sha256: String,
    /// Bytes that it names.
    pub size_bytes: i64,
    /// What it says that they are.
    pub media_type: String,
    /// `place`, `label`, `stock`, `sealing`, `refusal`, `signature`, `paper_form`, `other`, …
    pub kind: String,
    /// What it belongs to.
    #[schema(value_type = Object)]
    pub subject: Value,
    /// When it was captured: claimed and proven, and what the phone's clock said.
    #[schema(value_type = Object)]
    pub captured: Value,
    /// Where, with `crs_source`, accuracy and whether the place was made up.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Value>,
    /// With which phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Whose certified key listed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `expected`, `uploading`, `checking`, `verified` or `mismatch`.
    pub state: String,
    /// How many of its bytes are here, while it is uploading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<i64>,
    /// Why what came is kept aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The state in Chinese.
    pub zh: String,
    /// The state in English.
    pub en: String,
    /// Since when its bytes are verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
    /// What was found in the bytes: what they are, when and where they say that they were made, and why there is no preview.
    /// Absent until they were looked at.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Value>,
    /// What the server signs of it: against this alone a phone may let its original go.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Value>,
}

/// The evidence of a visit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VisitEvidence {
    /// All of it.
    pub evidence: EvidenceSummary,
    /// Each piece, by id.
    pub items: Vec<EvidenceView>,
}

/// Where a piece stands.
fn state_of(row: &EvidenceRow) -> EvidenceState {
    match row.verified_at {
        Some(_) => EvidenceState::Verified,
        None => EvidenceState::Expected { because: None },
    }
}

/// What these visits say of their evidence in numbers; a visit without any is not among them.
pub async fn summaries(
    db: &mut Session,
    documents: &[DocumentId],
) -> Result<HashMap<DocumentId, EvidenceSummary>> {
    let mut states: HashMap<DocumentId, Vec<EvidenceState>> = HashMap::new();
    for row in evidence::list_of_documents(db, documents.iter().copied()).await? {
        let of_visit = states.entry(row.document_id).or_default();
        of_visit.push(state_of(&row));
    }
    let summaries = states
        .into_iter()
        .map(|(document, states)| (document, EvidenceTally::of(&states).into()));
    Ok(summaries.collect())
}

/// The evidence of a visit that the caller sees.
pub async fn of_visit(
    app: &App,
    caller: &Principal,
    document: DocumentId,
) -> Result<VisitEvidence, Problem> {
    let mut db = app.store.read().await?;
    if !visits::sees(&mut db, caller, document).await? {
        return Err(Problem::new(Code::NotFound));
    }
    let rows = evidence::list(&mut db, document).await?;
    let epoch = feed::find_epoch(&mut db).await?.unwrap_or_default();
    let examined = media::list_of_document(&mut db, document).await?;
    let found: HashMap<Digest, Value> = examined
        .into_iter()
        .filter_map(|(sha256, examined)| match examined {
            Examined::Found(found) => Some((sha256, json!(found))),
            Examined::Waiting => None,
        })
        .collect();
    let states: Vec<EvidenceState> = rows.iter().map(state_of).collect();
    let items = rows.iter().zip(&states);
    Ok(VisitEvidence {
        evidence: EvidenceTally::of(&states).into(),
        items: items
            .map(|(row, state)| {
                let found = found
                    .get(&row.entry.sha256)
                    .filter(|_| row.verified_at.is_some());
                view(app, row, state, found.cloned(), &epoch)
            })
            .collect(),
    })
}

fn view(
    app: &App,
    row: &EvidenceRow,
    state: &EvidenceState,
    found: Option<Value>,
    epoch: &str,
) -> EvidenceView {
    let (entry, words) = (&row.entry, state.words());
    let receipt = row.receipt(epoch).map(|receipt| app.keys.sign(&receipt));
    EvidenceView {
        evidence_id: entry.evidence_id.to_string(),
        sha256: entry.sha256.to_string(),
        size_bytes: entry.size_bytes,
        media_type: entry.media_type.clone(),
        kind: entry.kind.clone(),
        subject: json!(entry.subject),
        captured: crate::services::visits::times(&row.captured),
        location: entry.location.as_ref().map(|place| json!(place)),
        device_id: entry.device_id.map(|id| id.to_string()),
        user_id: row.author.map(|id| id.to_string()),
        state: state.word().to_owned(),
        sent_bytes: match state {
            EvidenceState::Uploading { sent_bytes, .. } => Some(*sent_bytes),
            _ => None,
        },
        code: match state {
            EvidenceState::Mismatch { code } => Some(code.clone()),
            _ => None,
        },
        zh: words.zh,
        en: words.en,
        verified_at: row.verified_at.map(rfc3339),
        found,
        receipt: receipt.map(|signed| json!(signed)),
    }
}
