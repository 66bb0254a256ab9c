//! ASSIGN, 任务取消或改派: a task cancelled or reassigned while the team was offline.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 任务取消或改派
pub const RULE: Rule = Rule {
    id: "ASSIGN",
    title: Words {
        zh: "任务取消或改派",
        en: "Cancelled or reassigned while offline",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "抽样不早于任务取消或改派、机构从未承担该任务，或任务属于另一批次",
        en: "sampled not provably before the task was cancelled or given to another body, by a body that never had it, or in a visit of another campaign",
    },
    exceptions: Words {
        zh: "取消或改派之前抽的样通过；其余保留并转人工裁定",
        en: "what was sampled provably before stands; the rest is kept and needs a ruling",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "cancelled",
            words: Words {
                zh: "任务已取消，抽样不能证明在取消之前",
                en: "the task was cancelled and the sample is not provably earlier",
            },
        },
        Message {
            key: "reassigned",
            words: Words {
                zh: "任务已改派，抽样不能证明在改派之前",
                en: "the task was reassigned and the sample is not provably earlier",
            },
        },
        Message {
            key: "other_campaign",
            words: Words {
                zh: "任务不属于本次检查的批次，进门次数应按任务所属批次判断",
                en: "the task is of another campaign than the visit, and so of another door",
            },
        },
        Message {
            key: "never_assigned",
            words: Words {
                zh: "任务未派给{body}",
                en: "the task was never assigned to {body}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let Some(task) = sample
            .task_id
            .and_then(|task_id| ruling.facts.tasks.get(&task_id))
        else {
            continue;
        };
        let visit = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id));
        if visit.is_some_and(|visit| visit.campaign_id != task.campaign_id) {
            let key = "other_campaign";
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, vec![]);
        }
        let latest = sample.sampled.usable().hi;
        if task
            .cancelled_at_ms
            .is_some_and(|cancelled| latest >= cancelled)
        {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "cancelled", vec![]);
        }
        let (Some(assigned), Some(body_id)) = (task.body_id, sample.body_id) else {
            continue;
        };
        if assigned == body_id {
            continue;
        }
        let lost = task
            .former_bodies
            .iter()
            .filter(|(former, _)| *former == body_id);
        match lost.map(|(_, lost_at)| *lost_at).max() {
            Some(lost_at) if latest < lost_at => {}
            Some(_) => ruling.judge(&RULE, book, id, Validity::NeedsRuling, "reassigned", vec![]),
            None => {
                let arguments = vec![("body", ruling.name_of(Some(body_id)))];
                ruling.judge(
                    &RULE,
                    book,
                    id,
                    Validity::NeedsRuling,
                    "never_assigned",
                    arguments,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// The last instant at which the sample may have been drawn.
    fn latest() -> Millis {
        noon(NOON) + 5_000
    }
    fn cancelled(at: Millis) -> impl FnOnce(&mut Facts) {
        move |f| at_task(f).cancelled_at_ms = Some(at)
    }
    fn reassigned(at: Millis) -> impl FnOnce(&mut Facts) {
        move |f| {
            at_task(f).body_id = Some(organisation(501));
            at_task(f).former_bodies = vec![(organisation(BODY), at)];
        }
    }

    #[test]
    fn violates_when_sampled_after_the_task_was_cancelled_or_given_away() {
        let day_before = noon("2025-02-28");
        let key = "ASSIGN.cancelled";
        assert_eq!(after(cancelled(day_before), key), (NeedsRuling, true));
        let key = "ASSIGN.reassigned";
        assert_eq!(after(reassigned(day_before), key), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_the_body_never_had_the_task() {
        let never = |f: &mut Facts| at_task(f).body_id = Some(organisation(501));
        assert_eq!(after(never, "ASSIGN.never_assigned"), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_a_visit_of_one_campaign_draws_for_a_task_of_another() {
        let other = |f: &mut Facts| at_task(f).campaign_id = CampaignId(Uuid::from_u128(78));
        assert_eq!(after(other, "ASSIGN.other_campaign"), (NeedsRuling, true));
    }

    #[test]
    fn passes_the_assigned_body_on_an_open_task() {
        let facts = one_sample(CITY);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_nobody_in_law_but_a_body_that_got_the_task_back_has_it() {
        let back = |f: &mut Facts| {
            reassigned(noon("2025-02-28"))(f);
            at_task(f).body_id = Some(organisation(BODY));
        };
        assert_eq!(after(back, "ASSIGN.reassigned"), (Valid, false));
    }

    #[test]
    fn boundary_only_what_is_wholly_before_the_instant_stands() {
        let key = "ASSIGN.cancelled";
        assert_eq!(after(cancelled(latest()), key), (NeedsRuling, true));
        assert_eq!(after(cancelled(latest() + 1), key), (Valid, false));
        let key = "ASSIGN.reassigned";
        assert_eq!(after(reassigned(latest()), key), (NeedsRuling, true));
        assert_eq!(after(reassigned(latest() + 1), key), (Valid, false));
    }

    #[test]
    fn boundary_of_two_losses_of_a_task_the_last_counts() {
        let twice = |last| {
            move |f: &mut Facts| {
                reassigned(last)(f);
                let first = (organisation(BODY), noon("2025-01-01"));
                at_task(f).former_bodies.push(first);
            }
        };
        let key = "ASSIGN.reassigned";
        assert_eq!(after(twice(latest() + 1), key), (Valid, false));
        assert_eq!(after(twice(latest()), key), (NeedsRuling, true));
    }
}
