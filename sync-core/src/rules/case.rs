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
