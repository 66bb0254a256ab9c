//! SEPARATE, 抽样与检验分离: who receives or tests a sample is not one of its samplers.
//!
//! 晋市监发〔2023〕212号 三: “按照抽样与检验分离要求”.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 抽样与检验分离
pub const RULE: Rule = Rule {
    id: "SEPARATE",
    title: Words {
        zh: "抽样与检验分离",
        en: "Samplers do not test",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "按照抽样与检验分离要求",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "样品的抽样人员又接收或检验该样品",
        en: "one of the sample's samplers received or tested it",
    },
    exceptions: Words {
        zh: "无",
        en: "none",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "received",
            words: Words {
                zh: "接收样品的人员是其抽样人员",
                en: "a sampler of the sample received it at the laboratory",
            },
        },
        Message {
            key: "tested",
            words: Words {
                zh: "检验样品的人员是其抽样人员",
                en: "a sampler of the sample began its testing",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let entry = sample.entry_id.as_ref();
        let entry = entry.and_then(|id| ruling.facts.entries.get(id));
        // Whoever walked in as a sampler is one, even where others signed.
        let present = || entry.into_iter().flat_map(|entry| &entry.arrivals);
        let sampler = |user: Option<_>| {
            user.is_some_and(|user| {
                sample.signers.contains(&user) || present().any(|it| it.samplers.contains(&user))
            })
        };
        if sampler(sample.custody.received_by) {
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::ValidWithViolation,
                "received",
                vec![],
            );
        }
        if sampler(sample.custody.testing_started_by) {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "tested", vec![]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn received_by(n: u128) -> impl FnOnce(&mut Facts) {
        move |f| f.first().custody.received_by = Some(user(n))
    }
    fn tested_by(n: u128) -> impl FnOnce(&mut Facts) {
        move |f| f.first().custody.testing_started_by = Some(user(n))
    }

    #[test]
    fn violates_when_a_sampler_receives_or_tests_the_sample() {
        let key = "SEPARATE.received";
        assert_eq!(after(received_by(1), key), (ValidWithViolation, true));
        assert_eq!(after(tested_by(2), "SEPARATE.tested"), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_somebody_who_walked_in_as_a_sampler_tests_it_though_others_signed() {
        let walked_in = |f: &mut Facts| {
            entered(f, noon(NOON) - 30 * MINUTE)
                .samplers
                .insert(user(3));
            tested_by(3)(f);
        };
        assert_eq!(after(walked_in, "SEPARATE.tested"), (NeedsRuling, true));
    }

    #[test]
    fn passes_when_others_receive_and_test_it() {
        let others = |f: &mut Facts| {
            received_by(8)(f);
            tested_by(8)(f);
        };
        assert_eq!(after(others, "SEPARATE.received"), (Valid, false));
        assert_eq!(after(others, "SEPARATE.tested"), (Valid, false));
    }

    #[test]
    fn exempts_nobody_in_law_but_a_member_of_the_team_who_did_not_sample_it_may_test() {
        let member = |f: &mut Facts| {
            assert!(at_visit(f).roster.contains(&user(3)));
            tested_by(3)(f);
        };
        assert_eq!(after(member, "SEPARATE.tested"), (Valid, false));
    }

    #[test]
    fn boundary_one_signature_among_others_makes_a_sampler() {
        let signed = |signers: [u128; 3]| {
            move |f: &mut Facts| {
                f.first().signers = signers.map(user).into();
                at_visit(f).roster = BTreeSet::new();
                tested_by(8)(f);
            }
        };
        let key = "SEPARATE.tested";
        assert_eq!(after(signed([1, 2, 8]), key), (NeedsRuling, true));
        assert_eq!(after(signed([1, 2, 7]), key), (Valid, false));
    }
}
