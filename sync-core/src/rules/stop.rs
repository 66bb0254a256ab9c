//! STOP, 终止抽样: unlicensed, 三无 or self-evidently illegal: stop and report.
//!
//! 晋市监发〔2023〕212号 四: “现场抽样发现被抽样生产者、销售者涉嫌存在无证无照、三无产品等无需检验即可判定违法的情形的，抽样人员应当终止抽样，现场报告组织监督抽查的市场监管部门”.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 终止抽样
pub const RULE: Rule = Rule {
    id: "STOP",
    title: Words {
        zh: "终止抽样",
        en: "Stop and report",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 四",
        quote: "现场抽样发现被抽样生产者、销售者涉嫌存在无证无照、三无产品等无需检验即可判定违法的情形的，抽样人员应当终止抽样，现场报告组织监督抽查的市场监管部门",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "终止抽样之后仍然抽样",
        en: "a sample drawn after sampling was terminated",
    },
    exceptions: Words {
        zh: "终止之前的样品通过；先后不能确定的转人工裁定",
        en: "what was drawn before stands; where the order cannot be told a person decides",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "after_stop",
            words: Words {
                zh: "终止抽样之后抽取的样品",
                en: "drawn after sampling was terminated",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "不能确定是否在终止抽样之后抽取",
                en: "may have been drawn after sampling was terminated",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let terminated = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id))
            .and_then(|visit| visit.terminated);
        let Some(terminated) = terminated else {
            continue;
        };
        let (stop, when) = (terminated.usable(), sample.sampled.usable());
        if stop.before(&when) {
            ruling.judge(&RULE, book, id, Validity::Void, "after_stop", vec![]);
        } else if !when.before(&stop) {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "unsure", vec![]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn terminated(at: Millis) -> impl FnOnce(&mut Facts) {
        move |f| at_visit(f).terminated = Some(about(at))
    }

    #[test]
    fn violates_when_a_sample_is_drawn_after_sampling_was_terminated() {
        let early = terminated(noon(NOON) - 60 * MINUTE);
        assert_eq!(after(early, "STOP.after_stop"), (Void, true));
    }

    #[test]
    fn passes_where_nothing_was_terminated() {
        assert_eq!(after(|_| (), "STOP.after_stop"), (Valid, false));
    }

    #[test]
    fn exempts_what_was_drawn_before_sampling_was_terminated() {
        let mut facts = one_sample(CITY);
        terminated(noon(NOON) + 60 * MINUTE)(&mut facts);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn boundary_intervals_that_touch_need_a_ruling_and_a_millisecond_apart_do_not() {
        // The sample and the termination are each known to within five seconds.
        let at = noon(NOON);
        assert_eq!(
            after(terminated(at - 10_001), "STOP.after_stop"),
            (Void, true)
        );
        assert_eq!(
            after(terminated(at - 10_000), "STOP.unsure"),
            (NeedsRuling, true)
        );
        assert_eq!(
            after(terminated(at + 10_000), "STOP.unsure"),
            (NeedsRuling, true)
        );
        assert_eq!(
            after(terminated(at + 10_001), "STOP.unsure"),
            (Valid, false)
        );
    }
}
