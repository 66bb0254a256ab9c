//! What a visit says of its evidence (影像证据): each piece with its state, all of them in numbers, and the receipts for those
//! whose bytes are verified.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use sync_core::model::{Digest, DocumentId, EvidenceId, Millis};
use sync_core::rules::EvidenceFact;
use sync_core::sync::evidence::{EvidenceState, EvidenceTally};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::media::{MediaView, views};
use crate::store::evidence::{self, EvidenceRow};
use crate::store::reviews::{self, ReviewRow};
use crate::store::sync::{projections, visits};
use crate::store::uploads::{self, CHECKING, MISMATCH, UploadRow};
use crate::store::{Result, Session, feed};
use crate::wording::{self, Words};

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
    /// Which paper form it shows: the number and, where one is printed on it, the seal's digest.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Value>,
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
    /// What was found in the bytes, once they are verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaView>,
    /// 审查: the decision that stands on these bytes; none where nobody has decided on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewView>,
    /// 补正: what its samplers answered to reviews, each late by its nature.
    pub answers: Vec<AnswerView>,
    /// 事后补充: it was itself brought in answer to a review of this piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplements: Option<String>,
    /// What the server signs of it: against this alone a phone may let its original go.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Value>,
}

impl EvidenceView {
    /// What the authority decided on it, as lists of reviews call it: `unreviewed`, `answered`, `questioned`, `accepted` or
    /// `rejected`; none of bytes that are not here, on which nobody can decide.
    pub fn review_state(&self) -> Option<&str> {
        match &self.review {
            Some(review) if review.verdict == "accepted" => Some("accepted"),
            Some(review) if self.answers.iter().any(|it| it.review >= review.version) => {
                Some("answered")
            }
            Some(review) => Some(&review.verdict),
            None => (self.state == "verified").then_some("unreviewed"),
        }
    }
}

/// A decision of the authority on a piece of evidence (影像审查), in one of its versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewView {
    /// Its id.
    pub review_id: String,
    /// 1, 2, …: the highest stands. Say it as `expected_version` to decide anew.
    pub version: i64,
    /// `accepted`, `questioned` or `rejected`.
    pub verdict: String,
    /// The same in words.
    pub verdict_words: Words,
    /// Why.
    pub reason: String,
    /// The bytes that were looked at.
    pub sha256: String,
    /// Who decided.
    pub user_id: String,
    /// Their name.
    pub user_name: Option<String>,
    /// 组织抽查部门
    pub authority_id: String,
    /// Its name.
    pub authority: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    pub decided_at: String,
}

impl From<ReviewRow> for ReviewView {
    fn from(row: ReviewRow) -> Self {
        let review = row.review;
        Self {
            review_id: row.review_id.to_string(),
            version: review.version,
            verdict: review.verdict.as_str().to_owned(),
            verdict_words: wording::in_list("review_verdict", review.verdict.as_str()),
            reason: review.reason,
            sha256: review.sha256.to_string(),
            user_id: row.user.to_string(),
            user_name: row.user_name,
            authority_id: review.authority_id.to_string(),
            authority: review.authority,
            decided_at: rfc3339(review.at_ms),
        }
    }
}

/// What a sampler answered to a review (影像补正).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AnswerView {
    /// Its id.
    pub answer_id: String,
    /// The version of the review that it answers.
    pub review: i64,
    /// 说明
    pub words: String,
    /// 补充影像: the entry of the manifest that it brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplement: Option<String>,
    /// When: claimed and proven.
    #[schema(value_type = Object)]
    pub answered: Value,
    /// Whose certified key wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Always: it was said after the fact.
    pub late: bool,
}

/// The evidence of a visit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VisitEvidence {
    /// All of it.
    pub evidence: EvidenceSummary,
    /// Each piece, by id.
    pub items: Vec<EvidenceView>,
}

/// Where pieces of evidence stand, by what was brought of them.
pub(super) struct Standing {
    uploads: HashMap<(DocumentId, Digest), Vec<UploadRow>>,
    now: Millis,
}

impl Standing {
    pub(super) async fn of(
        app: &App,
        db: &mut Session,
        documents: impl IntoIterator<Item = DocumentId>,
    ) -> Result<Self> {
        let mut uploads: HashMap<_, Vec<UploadRow>> = HashMap::new();
        for row in uploads::list_telling(db, documents).await? {
            let of_bytes = uploads.entry((row.document_id, row.sha256)).or_default();
            of_bytes.push(row);
        }
        let now = app.now();
        Ok(Self { uploads, now })
    }

    /// Of one piece. Two phones may bring the same bytes: the one that is farther says where they stand. Once others were
    /// kept aside, what comes anew says so again.
    pub(super) fn state(&self, row: &EvidenceRow) -> EvidenceState {
        if row.verified_at.is_some() {
            return EvidenceState::Verified;
        }
        let place = (row.document_id, row.entry.sha256);
        let all = self.uploads.get(&place).into_iter().flatten();
        let brought: Vec<&UploadRow> = all
            .filter(|it| it.size_bytes == row.entry.size_bytes)
            .collect();
        if brought.iter().any(|it| it.state == CHECKING) {
            return EvidenceState::Checking;
        }
        let open = brought.iter().filter(|it| it.is_open_at(self.now));
        if let Some(farthest) = open.max_by_key(|it| it.offset_bytes) {
            return EvidenceState::Uploading {
                sent_bytes: farthest.offset_bytes,
                total_bytes: row.entry.size_bytes,
                because: None,
            };
        }
        match brought.iter().any(|it| it.state == MISMATCH) {
            true => EvidenceState::Mismatch {
                code: Code::UploadMismatch.as_str().to_owned(),
            },
            false => EvidenceState::Expected { because: None },
        }
    }
}

/// What these visits say of their evidence in numbers; a visit without any is not among them.
pub async fn summaries(
    app: &App,
    db: &mut Session,
    documents: &[DocumentId],
) -> Result<HashMap<DocumentId, EvidenceSummary>> {
    let standing = Standing::of(app, db, documents.iter().copied()).await?;
    let mut states: HashMap<DocumentId, Vec<EvidenceState>> = HashMap::new();
    for row in evidence::list_of_documents(db, documents.iter().copied()).await? {
        let of_visit = states.entry(row.document_id).or_default();
        of_visit.push(standing.state(&row));
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
    let found = views(&mut db, document).await?;
    let judged = Judged::of(&mut db, document).await?;
    let standing = Standing::of(app, &mut db, [document]).await?;
    let states: Vec<EvidenceState> = rows.iter().map(|row| standing.state(row)).collect();
    let items = rows.iter().zip(&states);
    Ok(VisitEvidence {
        evidence: EvidenceTally::of(&states).into(),
        items: items
            .map(|(row, state)| {
                let media = found
                    .get(&row.entry.sha256)
                    .filter(|_| row.verified_at.is_some());
                view(app, row, state, media.cloned(), &judged, &epoch)
            })
            .collect(),
    })
}

/// What reviewers and samplers said of the evidence of one visit.
pub(super) struct Judged {
    reviews: HashMap<EvidenceId, ReviewRow>,
    facts: HashMap<EvidenceId, EvidenceFact>,
    supplements: HashMap<EvidenceId, EvidenceId>,
}

impl Judged {
    pub(super) async fn of(db: &mut Session, document: DocumentId) -> Result<Self> {
        let standing = reviews::list_standing(db, [document]).await?;
        let reviews = standing
            .into_iter()
            .map(|row| (row.review.evidence_id, row));
        let visit = projections::list_visits(db, [document]).await?;
        let facts = visit.into_iter().flat_map(|(_, visit)| visit.evidence);
        let facts: HashMap<_, _> = facts
            .filter_map(|fact| Some((fact.evidence_id?, fact)))
            .collect();
        let brought = facts.iter().flat_map(|(id, fact)| {
            let answers = fact.answers.values();
            answers.filter_map(|answer| Some((answer.supplement?, *id)))
        });
        Ok(Self {
            supplements: brought.collect(),
            reviews: reviews.collect(),
            facts,
        })
    }

    fn answers(&self, row: &EvidenceRow) -> Vec<AnswerView> {
        let facts = self.facts.get(&row.entry.evidence_id);
        let told = row.entry.answers.iter().map(|(id, answer)| {
            let fact = facts.and_then(|piece| piece.answers.get(id));
            AnswerView {
                answer_id: id.to_string(),
                review: answer.review,
                words: answer.words.clone(),
                supplement: answer.supplement.map(|id| id.to_string()),
                answered: fact.map_or(Value::Null, |it| {
                    crate::services::visits::times(&it.answered)
                }),
                user_id: fact.and_then(|it| it.by).map(|id| id.to_string()),
                late: true,
            }
        });
        told.collect()
    }
}

pub(super) fn view(
    app: &App,
    row: &EvidenceRow,
    state: &EvidenceState,
    media: Option<MediaView>,
    judged: &Judged,
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
        paper: entry.paper.as_ref().map(|it| serde_json::json!(it)),
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
        media,
        review: judged
            .reviews
            .get(&entry.evidence_id)
            .filter(|decided| decided.review.sha256 == entry.sha256)
            .map(|decided| decided.clone().into()),
        answers: judged.answers(row),
        supplements: judged
            .supplements
            .get(&entry.evidence_id)
            .map(|id| id.to_string()),
        receipt: receipt.map(|signed| json!(signed)),
    }
}
