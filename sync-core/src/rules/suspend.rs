//! SUSPEND, 暂停资格: a body that broke the rules is ineligible for a year.
//!
//! 晋市监发〔2023〕212号 五: “违反相关工作规定的要暂停其1年承担监督抽查任务资格”.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use crate::model::Interval;

/// 暂停资格
pub const RULE: Rule = Rule {
    id: "SUSPEND",
    title: Words {
        zh: "暂停资格",
        en: "Suspended body",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 五",
        quote: "违反相关工作规定的要暂停其1年承担监督抽查任务资格",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "机构在暂停资格期间抽样（自决定之时起，至一年届满之前）",
        en: "the body sampled while suspended, from the decision until just before the year is over",
    },
    exceptions: Words {
        zh: "不能确定是否在期内的转人工裁定；未完成的工作由主管部门决定",
        en: "where the time may lie on either side, a person decides; open work is the authority's to decide",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "suspended",
            words: Words {
                zh: "{body}在暂停资格期间抽样",
                en: "{body} sampled while it was suspended",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "{body}的抽样可能在暂停资格期间",
                en: "{body} may have sampled while it was suspended",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let Some(body_id) = sample.body_id else {
            continue;
        };
        let Some(body) = ruling.facts.organisations.get(&body_id) else {
            continue;
        };
        let when = sample.sampled.usable();
        // [decision, +1 y): the end itself is free again.
        let inside = |s: &Interval| s.lo <= when.lo && when.hi < s.hi;
        let touches = |s: &Interval| s.lo <= when.hi && when.lo < s.hi;
        let arguments = vec![("body", body.name.clone())];
        if body.suspended.iter().any(inside) {
            ruling.judge(&RULE, book, id, Validity::Void, "suspended", arguments);
        } else if body.suspended.iter().any(touches) {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "unsure", arguments);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// The sample's interval: five seconds either side of noon.
    fn drawn() -> (Millis, Millis) {
        (noon(NOON) - 5_000, noon(NOON) + 5_000)
    }
    fn suspended(decided: Millis, over: Millis) -> impl FnOnce(&mut Facts) {
        move |f| {
            let body = f.organisations.get_mut(&organisation(BODY)).unwrap();
            body.suspended = vec![Interval {
                lo: decided,
                hi: over,
            }];
        }
    }

    #[test]
    fn violates_when_the_body_samples_in_the_year_after_the_decision() {
        let year = suspended(noon("2024-06-01"), noon("2025-06-01"));
        assert_eq!(after(year, "SUSPEND.suspended"), (Void, true));
    }

    #[test]
    fn passes_a_body_that_was_never_suspended() {
        assert_eq!(after(|_| (), "SUSPEND.suspended"), (Valid, false));
    }

    #[test]
    fn exempts_nobody_in_law_but_another_bodys_suspension_does_not_bind() {
        let other = |f: &mut Facts| {
            suspended(noon("2024-06-01"), noon("2025-06-01"))(f);
            let body = f.organisations.remove(&organisation(BODY)).unwrap();
            f.organisations.insert(organisation(501), body);
        };
        assert_eq!(after(other, "SUSPEND.suspended"), (Valid, false));
    }

    #[test]
    fn boundary_the_decision_itself_is_inside_and_the_end_of_the_year_is_free_again() {
        let (lo, hi) = drawn();
        let key = "SUSPEND.suspended";
        assert_eq!(after(suspended(lo, hi + 1), key), (Void, true));
        let over = suspended(lo - 1_000, lo);
        assert_eq!(after(over, "SUSPEND.unsure"), (Valid, false));
        let not_yet = suspended(hi + 1, hi + 9);
        assert_eq!(after(not_yet, "SUSPEND.unsure"), (Valid, false));
    }

    #[test]
    fn boundary_a_sample_on_either_side_of_an_end_needs_a_ruling() {
        let (lo, hi) = drawn();
        let key = "SUSPEND.unsure";
        assert_eq!(after(suspended(lo + 1, hi + 9), key), (NeedsRuling, true));
        assert_eq!(after(suspended(hi, hi + 9), key), (NeedsRuling, true));
        assert_eq!(after(suspended(lo, hi), key), (NeedsRuling, true));
        assert_eq!(after(suspended(lo - 9, lo + 1), key), (NeedsRuling, true));
    }
}
