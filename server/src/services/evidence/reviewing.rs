//! 影像审查: the authority looks at evidence piece by piece and accepts, questions or rejects it. Each decision is a version with
//! who and why; a later one supersedes it. It bears on TRACE at once, goes down to the phones of the team as a to-do, and what
//! they answer stands beside the piece, late.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};
use sync_core::limits::FIELD_CHARS_MAX;
use sync_core::model::{Digest, DocumentId, EvidenceId, EvidenceReview, ReviewVerdict};
use sync_core::rules::{ScopeKey, Subject};
use utoipa::ToSchema;

use super::reading::{EvidenceView, Judged, ReviewView, Standing, view};
use crate::access::{OrganisationKind, Principal};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::media::views;
use crate::services::sync::binding;
use crate::services::{audit, ruling};
use crate::store::access::organisations;
use crate::store::feed::{self, NewRow};
use crate::store::media;
use crate::store::reviews::{self, PieceRow, ReviewRow};
pub use crate::store::reviews::{Filter, Place, Way};
use crate::store::rulings::{decisions, dirty, versions};
use crate::store::sync::{documents, visits};
use crate::store::{Session, evidence};
use crate::wording::{self, Words};

/// What is decided on a piece.
#[derive(Clone, Debug)]
pub struct NewReview {
    /// What.
    pub verdict: ReviewVerdict,
    /// Why; must be said where it is not accepted.
    pub reason: String,
    /// The version that the person saw; 0 where nobody had decided.
    pub expected_version: i64,
    /// The bytes that they looked at, if they say.
    pub sha256: Option<Digest>,
}

/// A piece of evidence as the list of what is to be reviewed shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PieceView {
    /// The visit.
    #[schema(value_type = String)]
    pub visit_id: DocumentId,
    /// The entry of its manifest.
    pub evidence_id: String,
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
    /// `place`, `label`, …
    pub kind: String,
    /// What the manifest says that it is.
    pub media_type: String,
    /// What its bytes hash to.
    pub sha256: String,
    /// Their number.
    pub size_bytes: i64,
    /// Its bytes are here.
    pub verified: bool,
    /// There is a small picture of it to look at.
    pub preview: bool,
    /// `unreviewed`, `answered`, `questioned`, `accepted` or `rejected`.
    pub state: String,
    /// The same in words.
    pub state_words: Words,
    /// The version that stands; 0 where nobody has decided.
    pub version: i64,
    /// The same picture, or one like it, stands under another visit.
    pub reused: bool,
    /// All about it.
    pub href: String,
}

/// Whether, and for what, a piece waits: by the decision that stands and what was answered to it.
fn state_of(piece: &PieceRow) -> &str {
    match &piece.decided {
        None => "unreviewed",
        Some((version, verdict)) if verdict != "accepted" && piece.answered >= *version => {
            "answered"
        }
        Some((_, verdict)) => verdict,
    }
}

impl From<&PieceRow> for PieceView {
    fn from(piece: &PieceRow) -> Self {
        let (row, state) = (&piece.evidence, state_of(piece));
        let entry = &row.entry;
        Self {
            visit_id: row.document_id,
            evidence_id: entry.evidence_id.to_string(),
            enterprise: piece.enterprise.clone(),
            enterprise_name: piece.enterprise_name.clone(),
            campaign_id: piece.campaign_id.clone(),
            body_id: piece.body_id.clone(),
            region: piece.region.clone(),
            kind: entry.kind.clone(),
            media_type: entry.media_type.clone(),
            sha256: entry.sha256.to_string(),
            size_bytes: entry.size_bytes,
            verified: row.verified_at.is_some(),
            preview: false,
            state: state.to_owned(),
            state_words: wording::in_list("review_state", state),
            version: piece.decided.as_ref().map_or(0, |(version, _)| *version),
            reused: piece.reused,
            href: format!(
                "/v1/visits/{}/evidence/{}",
                row.document_id, entry.evidence_id
            ),
        }
    }
}

/// The same picture, or nearly the same, under another visit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReuseView {
    /// The other visit.
    #[schema(value_type = String)]
    pub visit_id: DocumentId,
    /// The piece there.
    pub evidence_id: String,
    /// Name of the enterprise there.
    pub enterprise_name: Option<String>,
    /// The very same bytes.
    pub same: bool,
    /// Bits of 64 in which the pHash differs; none where the bytes are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phash_bits: Option<u32>,
    /// The same of the dHash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhash_bits: Option<u32>,
}

/// A piece of evidence, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PieceFile {
    /// The visit.
    #[schema(value_type = String)]
    pub visit_id: DocumentId,
    /// Name of the enterprise.
    pub enterprise_name: Option<String>,
    /// Where it stands in lists of evidence.
    #[serde(skip)]
    pub place: Place,
    /// Pieces of the visit that there are pictures of.
    #[serde(skip)]
    pub pictured: BTreeSet<String>,
    /// As the visit has it, with what was found in the bytes.
    pub evidence: EvidenceView,
    /// Whether the caller may decide on it.
    pub may_review: bool,
    /// Every decision, the newest first.
    pub reviews: Vec<ReviewView>,
    /// Where else the same picture stands, among the visits that the caller sees.
    pub reuse: Vec<ReuseView>,
    /// How many more there are under visits that the caller does not see.
    pub reuse_elsewhere: usize,
    /// What the rules say of it now.
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Value>,
}

/// A page of pieces of visits that the caller sees.
pub async fn list(
    app: &App,
    caller: &Principal,
    filter: &Filter,
    from: Option<Place>,
    way: Way,
    rows_max: u32,
) -> Result<Vec<(Place, PieceView)>, Problem> {
    let mut db = app.store.read().await?;
    let rows = reviews::list_pieces(&mut db, caller, filter, from, way, rows_max).await?;
    // Rows come visit by visit, so that few are asked for.
    let visits: BTreeSet<DocumentId> = rows.iter().map(|it| it.evidence.document_id).collect();
    let mut shown = BTreeSet::new();
    for visit in visits {
        let made = views(&mut db, visit).await?.into_iter();
        let made = made.filter(|(_, media)| media.preview == "made");
        shown.extend(made.map(|(sha256, _)| (visit, sha256)));
    }
    let pieces = rows.iter().map(|piece| {
        let row = &piece.evidence;
        let view = PieceView {
            preview: row.verified_at.is_some()
                && shown.contains(&(row.document_id, row.entry.sha256)),
            ..piece.into()
        };
        let id = row.entry.evidence_id.to_string();
        ((piece.sort_at, row.document_id, id), view)
    });
    Ok(pieces.collect())
}

/// Whether somebody decides on the evidence of a visit that they see: people of the authority that commissioned the sampling,
/// or of one above it (组织抽查部门). Whose pictures they are, and whoever looks on, does not.
async fn may_review(
    db: &mut Session,
    caller: &Principal,
    document: DocumentId,
) -> Result<bool, Problem> {
    use crate::access::Role;
    if caller.organisation_kind != OrganisationKind::Authority
        || !caller.has_any(&[Role::Authority, Role::Admin])
    {
        return Ok(false);
    }
    let subject = Subject::Visit(document);
    Ok(decisions::answers_for(db, &caller.into(), &subject, Some(document)).await?)
}

/// One piece, whole.
pub async fn file(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    id: EvidenceId,
) -> Result<PieceFile, Problem> {
    let mut db = app.store.read().await?;
    let not_found = || Problem::new(Code::NotFound);
    let visit = visits::find(&mut db, caller, document)
        .await?
        .ok_or_else(not_found)?;
    let row = evidence::find(&mut db, document, id).await?;
    let row = row.ok_or_else(not_found)?;
    let epoch = feed::find_epoch(&mut db).await?.unwrap_or_default();
    let media = views(&mut db, document).await?;
    let beside = evidence::list(&mut db, document).await?;
    let pictured = beside.iter().filter(|piece| {
        let found = media.get(&piece.entry.sha256);
        piece.verified_at.is_some() && found.is_some_and(|it| it.preview == "made")
    });
    let pictured = pictured.map(|piece| piece.entry.evidence_id.to_string());
    let pictured = pictured.collect();
    let media = media.get(&row.entry.sha256).cloned();
    let media = media.filter(|_| row.verified_at.is_some());
    let judged = Judged::of(&mut db, document).await?;
    let standing = Standing::of(app, &mut db, [document]).await?;
    let shown = view(app, &row, &standing.state(&row), media, &judged, &epoch);
    let decided = reviews::list(&mut db, document, id).await?;
    let mut reuse = Vec::new();
    let mut reuse_elsewhere = 0;
    for (_, piece, fact) in media::list_reused(&mut db, &[document]).await? {
        if piece != id {
            continue;
        }
        match visits::find(&mut db, caller, fact.document_id).await? {
            None => reuse_elsewhere += 1,
            Some(other) => reuse.push(ReuseView {
                visit_id: fact.document_id,
                evidence_id: fact.evidence_id.to_string(),
                enterprise_name: other.enterprise_name,
                same: fact.bits.is_none(),
                phash_bits: fact.bits.map(|bits| bits.phash),
                dhash_bits: fact.bits.map(|bits| bits.dhash),
            }),
        }
    }
    let named = id.to_string();
    let ruled = versions::list_current_of_document(&mut db, document).await?;
    let said = ruled.iter().flat_map(|ruling| &ruling.findings);
    let findings = said
        .filter(|finding| finding.arguments.get("evidence_id") == Some(&named))
        .map(wording::finding)
        .collect();
    Ok(PieceFile {
        visit_id: document,
        enterprise_name: visit.enterprise_name,
        place: (visit.sort_at, document, named),
        pictured,
        evidence: shown,
        may_review: may_review(&mut db, caller, document).await?,
        reviews: decided.into_iter().map(ReviewView::from).collect(),
        reuse,
        reuse_elsewhere,
        findings,
    })
}

/// Decides on a piece, rules again what depends on it, and tells the phones of the team. The same decision again changes
/// nothing; whoever decided without having seen the one that stands is told so.
pub async fn review(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    id: EvidenceId,
    new: NewReview,
) -> Result<ReviewView, Problem> {
    let reason = new.reason.trim();
    let least = usize::from(new.verdict != ReviewVerdict::Accepted);
    if !(least..=FIELD_CHARS_MAX).contains(&reason.chars().count()) {
        let detail = format!("is a text of {least} to {FIELD_CHARS_MAX} characters");
        return Err(Problem::value("reason", detail));
    }
    let mut tx = app.store.begin().await?;
    let not_found = || Problem::new(Code::NotFound);
    // A confirmation's evidence is enforcement's own, and no authority reviews it here.
    visits::find(&mut tx, caller, document)
        .await?
        .ok_or_else(not_found)?;
    if !may_review(&mut tx, caller, document).await? {
        return Err(Problem::new(Code::ScopeForbidden)
            .detail("the authority that commissioned the sampling, or one above it, reviews"));
    }
    // Of two who decide at once the second sees what the first wrote.
    documents::hold(&mut tx, document).await?;
    let row = evidence::find(&mut tx, document, id).await?;
    let row = row.ok_or_else(not_found)?;
    if row.verified_at.is_none() {
        return Err(Problem::new(Code::EvidenceAwaited));
    }
    let sha256 = row.entry.sha256;
    if new.sha256.is_some_and(|looked_at| looked_at != sha256) {
        let detail = format!("the manifest says {sha256}");
        return Err(Problem::new(Code::EvidenceDiffers).field("sha256", detail));
    }
    let last = reviews::list(&mut tx, document, id)
        .await?
        .into_iter()
        .next();
    let version = last.as_ref().map_or(0, |last| last.review.version);
    if let Some(last) = &last
        && new.expected_version.checked_add(1) == Some(version)
        && (last.user, last.review.verdict, last.review.reason.as_str())
            == (caller.user, new.verdict, reason)
        && last.review.sha256 == sha256
    {
        return Ok(last.clone().into());
    }
    if new.expected_version != version {
        return Err(Problem::new(Code::ReviewOutdated).field("version", version.to_string()));
    }
    let authority = organisations::find(&mut tx, caller.organisation).await?;
    let at_ms = last
        .as_ref()
        .map_or(i64::MIN, |last| last.review.at_ms + 1)
        .max(app.now());
    let decided = ReviewRow {
        review_id: app.new_uuid(),
        review: EvidenceReview {
            document_id: document,
            evidence_id: id,
            sha256,
            version: version + 1,
            verdict: new.verdict,
            reason: reason.to_owned(),
            authority_id: caller.organisation,
            authority: authority.map(|it| it.name).unwrap_or_default(),
            at_ms,
        },
        user: caller.user,
        user_name: None,
    };
    reviews::insert(&mut tx, &decided).await?;
    let detail = json!({ "version": decided.review.version, "verdict": new.verdict });
    let subject = format!("evidence:{document}/{id}");
    audit::record(app, &mut tx, caller, "evidence.reviewed", subject, detail).await?;
    let scope = ScopeKey::Visit {
        document_id: document,
    };
    dirty::mark(&mut tx, &[scope], app.now()).await?;
    let team = documents::find(&mut tx, document).await?;
    if let Some(team) = team.as_ref().and_then(binding::audience) {
        let told = NewRow::evidence_review(team, &decided.review)?;
        feed::append(&mut tx, &[told], app.now()).await?;
    }
    tx.commit().await?;
    ruling::rule_what_is_dirty(app).await?;
    let mut db = app.store.read().await?;
    let stands = reviews::list(&mut db, document, id).await?;
    let stands = stands
        .into_iter()
        .find(|row| row.review_id == decided.review_id);
    Ok(stands.unwrap_or(decided).into())
}
