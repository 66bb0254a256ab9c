//! What follows from a ruling beyond the records themselves (处置): an entry of the tracking list, an entry for the credit
//! publicity outbox. A function of the facts and the findings, so that whoever keeps the outbox compares what follows now
//! with what followed before, adds what is new and takes back what no longer holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Facts, Findings, Subject};
use crate::model::{DocumentId, EnterpriseKey, RefusalId};

/// One thing that follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// 跟踪抽查: the enterprise goes on the tracking list for a confirmed refusal.
    Track(RefusalEffect),
    /// 国家企业信用信息公示系统: the confirmed refusal is entered there.
    Publish(RefusalEffect),
}

/// Whose refusal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RefusalEffect {
    /// 受检单位, after aliases.
    pub enterprise: EnterpriseKey,
    /// Which refusal.
    pub refusal_id: RefusalId,
    /// In which visit.
    pub document_id: DocumentId,
}

impl Effect {
    /// Names it for good: one refusal is on the list once and published once, however often it is ruled.
    pub fn key(&self) -> String {
        match self {
            Self::Track(it) => format!("track/refusal/{}", it.refusal_id),
            Self::Publish(it) => format!("publish/refusal/{}", it.refusal_id),
        }
    }
}

/// What follows from the ruling of a visit's scope.
pub fn effects(facts: &Facts, findings: &Findings) -> BTreeSet<Effect> {
    let follows = findings.findings.iter().filter_map(|finding| {
        let Subject::Refusal(refusal_id) = finding.subject else {
            return None;
        };
        let mut visits = facts.visits.iter();
        let (document_id, visit) =
            visits.find(|(_, visit)| visit.refusals.contains_key(&refusal_id))?;
        let of = RefusalEffect {
            enterprise: visit.enterprise.clone(),
            refusal_id,
            document_id: *document_id,
        };
        match finding.message.as_str() {
            "REFUSE.tracked" => Some(Effect::Track(of)),
            "REFUSE.published" => Some(Effect::Publish(of)),
            _ => None,
        }
    });
    follows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::*;

    fn follows(change: impl FnOnce(&mut Facts)) -> Vec<String> {
        let mut facts = one_sample(CITY);
        entered(&mut facts, noon(NOON) - 90 * MINUTE);
        refuses(&mut facts, 1, noon(NOON) - 60 * MINUTE);
        change(&mut facts);
        let effects = effects(&facts, &facts.ruled());
        assert!(effects.iter().all(|it| match it {
            Effect::Track(of) | Effect::Publish(of) => of.enterprise == enterprise(),
        }));
        effects.iter().map(Effect::key).collect()
    }

    #[test]
    fn a_confirmed_refusal_is_tracked_and_published_and_any_other_is_neither() {
        let confirmed = |outcome| {
            move |f: &mut Facts| {
                at_visit(f).confirmations = vec![confirmation(outcome, [20, 21])];
            }
        };
        let id = refusal_id(1);
        assert_eq!(
            follows(confirmed(ConfirmationOutcome::Confirmed)),
            [
                format!("track/refusal/{id}"),
                format!("publish/refusal/{id}")
            ]
        );
        assert_eq!(follows(|_| ()), [""; 0]);
        for outcome in [
            ConfirmationOutcome::NotEstablished,
            ConfirmationOutcome::ResolvedSampled,
        ] {
            assert_eq!(follows(confirmed(outcome)), [""; 0]);
        }
    }

    #[test]
    fn what_followed_is_taken_back_when_officers_disagree_or_a_person_decides_otherwise() {
        let disagree = |f: &mut Facts| {
            at_visit(f).confirmations = vec![
                confirmation(ConfirmationOutcome::Confirmed, [20, 21]),
                confirmation(ConfirmationOutcome::NotEstablished, [22, 23]),
            ];
        };
        assert_eq!(follows(disagree), [""; 0]);
        let decided = |standing| {
            move |f: &mut Facts| {
                disagree(f);
                f.decide_refusal(1, standing, 1);
            }
        };
        assert_eq!(follows(decided(RefusalStanding::Confirmed)).len(), 2);
        assert_eq!(follows(decided(RefusalStanding::NotEstablished)), [""; 0]);
    }

    #[test]
    fn the_stored_form_of_an_effect_stays_as_it_was_released() {
        let effect = Effect::Track(RefusalEffect {
            enterprise: enterprise(),
            refusal_id: refusal_id(1),
            document_id: document(1),
        });
        let stored = format!(
            r#"{{"effect":"track","enterprise":"{}","refusal_id":"{}","document_id":"{}"}}"#,
            enterprise(),
            refusal_id(1),
            document(1)
        );
        assert_eq!(serde_json::to_string(&effect).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Effect>(&stored).unwrap(), effect);
    }
}
