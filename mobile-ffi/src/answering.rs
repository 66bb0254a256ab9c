//! Answers to reviews of evidence (影像补正): what the authority questioned or rejected is explained in words, by a
//! supplementary picture, or both. What was signed does not move.

use sync_core::model::{
    AnswerId, DocumentId, EVIDENCE_REVIEW, EvidenceAnswer, EvidenceId, EvidenceReview,
};

use crate::client::{Client, Done};
use crate::error::ClientError;

impl Client {
    /// Reviews of evidence of a visit that this phone was told of, whatever was decided, by piece.
    pub fn reviews(&self, visit: DocumentId) -> Done<Vec<EvidenceReview>> {
        let told = self.references(EVIDENCE_REVIEW)?.into_iter();
        // A record of a newer server that this build cannot read hides no other.
        let read = told.filter_map(|it| serde_json::from_value::<EvidenceReview>(it.record).ok());
        let mut of_visit: Vec<_> = read.filter(|it| it.document_id == visit).collect();
        of_visit.sort_by_key(|it| it.evidence_id);
        Ok(of_visit)
    }

    /// Answers the newest review of a piece that this phone knows, in words or by a picture that was captured before, or
    /// both. With `review.unknown` nobody has reviewed the piece, as far as this phone was told.
    pub fn answer_review(
        &self,
        visit: DocumentId,
        piece: EvidenceId,
        words: &str,
        supplement: Option<EvidenceId>,
    ) -> Done<AnswerId> {
        let reviews = self.reviews(visit)?;
        let review = reviews.iter().find(|it| it.evidence_id == piece);
        let review = review.ok_or_else(|| {
            ClientError::new("review.unknown", "Nobody has reviewed this piece").with(piece)
        })?;
        let id = AnswerId(self.new_uuid());
        let answer = EvidenceAnswer {
            review: review.version,
            words: words.to_owned(),
            supplement,
            answered_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.answer_evidence(now, piece, id, &answer).map(drop)
        })?;
        Ok(id)
    }
}
