//! 待办: what waits for this person on this phone, offline and in one list; what counts as waiting is the core's to say.

use std::collections::BTreeSet;

use sync_core::model::{DocumentId, EVIDENCE_REVIEW, EvidenceReview};
use sync_core::sync::doctor::ItemState;
use sync_core::sync::todos::{Todo, Waiting, todos};

use crate::client::{Client, Done};
use crate::kinds::{confirmations_in, visits_in};

impl Client {
    /// Everything that waits: what does not get through, cases to confirm, evidence to answer for, drafts to seal.
    pub fn todos(&self) -> Done<Vec<Todo>> {
        let (mut visits, mut confirmations) = {
            let inner = self.lock();
            (visits_in(&inner.store)?, confirmations_in(&inner.store)?)
        };
        let cases = self.cases_waiting_in(&visits)?;
        let mut written_here = BTreeSet::new();
        let mut items: Vec<(DocumentId, ItemState)> = Vec::new();
        for (change, state) in self.items()? {
            if change.own {
                written_here.insert(change.document_id);
            }
            items.push((change.document_id, state));
        }
        let told = self.references(EVIDENCE_REVIEW)?.into_iter();
        // A record of a newer server that this build cannot read hides no other.
        let reviews = told.filter_map(|it| serde_json::from_value(it.record).ok());
        let reviews: Vec<EvidenceReview> = reviews.collect();
        let body = self.person().map(|it| it.organisation_id);
        visits.retain(|it| body.as_ref().is_ok_and(|body| *body == it.identity().body));
        confirmations.retain(|it| written_here.contains(&it.id()));
        Ok(todos(&Waiting {
            visits: &visits,
            confirmations: &confirmations,
            reviews: &reviews,
            items: &items,
            cases: &cases,
        }))
    }
}
