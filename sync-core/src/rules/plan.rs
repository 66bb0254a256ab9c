//! PLAN, 未经批准不得抽样: the task is in an approved plan or has the authority's approval.
//!
//! 晋市监发〔2023〕212号 三: “对未纳入全省监督抽查计划或未经主管部门批准实施的监督抽查不得随意抽样检验”.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::{Purpose, SamplingSource, Validity};

/// 未经批准不得抽样
pub const RULE: Rule = Rule {
    id: "PLAN",
    title: Words {
        zh: "未经批准不得抽样",
        en: "Nothing outside an approved plan",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "对未纳入全省监督抽查计划或未经主管部门批准实施的监督抽查不得随意抽样检验",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "任务未纳入批准的计划，也未经主管部门批准",
        en: "the task is in no approved plan and the authority has not approved it",
    },
    exceptions: Words {
        zh: "补批后重新裁定；任务不明的转人工裁定",
        en: "approval afterwards rules anew; an unknown task needs a ruling",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "not_approved",
            words: Words {
                zh: "任务未经批准，样品在批准之前作废",
                en: "the task is not approved; the sample is void until it is",
            },
        },
        Message {
            key: "unknown_task",
            words: Words {
                zh: "抽样单的任务不明",
                en: "the sheet names no known task",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if sample.source != SamplingSource::Captured || sample.purpose != Purpose::Task {
            continue;
        }
        match sample
            .task_id
            .and_then(|task_id| ruling.facts.tasks.get(&task_id))
        {
            None => ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "unknown_task",
                vec![],
            ),
            Some(task) if !task.approved => {
                ruling.judge(&RULE, book, id, Validity::Void, "not_approved", vec![]);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    #[test]
    fn violates_when_the_task_is_in_no_approved_plan() {
        let unapproved = |f: &mut Facts| at_task(f).approved = false;
        assert_eq!(after(unapproved, "PLAN.not_approved"), (Void, true));
    }

    #[test]
    fn passes_a_task_of_an_approved_plan_even_if_approved_afterwards() {
        let mut facts = one_sample(CITY);
        at_task(&mut facts).approved = false;
        assert_eq!(facts.validity(1), Void);
        at_task(&mut facts).approved = true;
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_cases_disputes_and_prior_samplings_which_need_no_plan() {
        let filed = Purpose::Case {
            case_no: Some("立案1号".into()),
        };
        let case = |f: &mut Facts| {
            f.first().purpose = filed;
            f.first().task_id = None;
        };
        assert_eq!(after(case, "PLAN.unknown_task"), (Valid, false));
        let prior = |f: &mut Facts| {
            f.first().task_id = None;
            f.first().source = SamplingSource::Imported {
                origin: "e-CQS".into(),
            };
        };
        assert_eq!(after(prior, "PLAN.unknown_task"), (Valid, false));
    }

    #[test]
    fn boundary_a_task_that_is_not_known_needs_a_ruling_instead_of_being_void() {
        let none = |f: &mut Facts| f.first().task_id = None;
        assert_eq!(after(none, "PLAN.unknown_task"), (NeedsRuling, true));
        let unknown = |f: &mut Facts| f.first().task_id = Some(task(99));
        assert_eq!(after(unknown, "PLAN.unknown_task"), (NeedsRuling, true));
    }
}
