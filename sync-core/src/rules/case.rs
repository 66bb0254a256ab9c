//! CASE, 未经立案不得抽样: no sampling for a case that was not filed.
//!
//! 晋市监发〔2023〕212号 三: “查处违法案件时，未经立案不能进行抽样检验”.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::{Purpose, Validity};

/// 未经立案不得抽样
pub const RULE: Rule = Rule {
    id: "CASE",
    title: Words {
        zh: "未经立案不得抽样",
        en: "No sampling for a case before it is filed",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "查处违法案件时，未经立案不能进行抽样检验",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "为查处违法案件抽样而没有立案号",
        en: "a sample for a case without the number of its filing",
    },
    exceptions: Words {
        zh: "有立案号的通过",
        en: "a filed case passes",
    },
    parameters: &[],
    messages: &[Message {
        key: "not_filed",
        words: Words {
            zh: "查处违法案件未经立案，不能抽样检验",
            en: "the case was not filed; sampling for it is not allowed",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if let Purpose::Case { case_no } = &sample.purpose
            && case_no
                .as_deref()
                .is_none_or(|number| number.trim().is_empty())
        {
            ruling.judge(&RULE, book, id, Validity::Void, "not_filed", vec![]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn for_a_case(number: Option<&str>) -> impl FnOnce(&mut Facts) {
        let case_no = number.map(str::to_owned);
        move |f| f.first().purpose = Purpose::Case { case_no }
    }

    #[test]
    fn violates_when_the_case_has_no_filing_number() {
        assert_eq!(after(for_a_case(None), "CASE.not_filed"), (Void, true));
    }

    #[test]
    fn passes_a_filed_case() {
        let filed = for_a_case(Some("立案〔2025〕1号"));
        assert_eq!(after(filed, "CASE.not_filed"), (Valid, false));
    }

    #[test]
    fn exempts_nobody_in_law_but_an_ordinary_task_needs_no_filing() {
        assert_eq!(after(|_| (), "CASE.not_filed"), (Valid, false));
    }

    #[test]
    fn boundary_a_number_of_spaces_is_none_and_one_character_is_one() {
        assert_eq!(
            after(for_a_case(Some(" \u{3000}")), "CASE.not_filed"),
            (Void, true)
        );
        assert_eq!(
            after(for_a_case(Some("1")), "CASE.not_filed"),
            (Valid, false)
        );
    }
}
