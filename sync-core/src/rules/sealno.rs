//! SEALNO, 封条号重复: both are kept and their lab receipt is frozen.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use crate::model::SampleId;

/// 封条号重复
pub const RULE: Rule = Rule {
    id: "SEALNO",
    title: Words {
        zh: "封条号重复",
        en: "One seal number twice",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::SealNumber,
    predicate: Words {
        zh: "同一封条号用于两份抽样单，先后不论",
        en: "one seal number on two sheets, whichever came first",
    },
    exceptions: Words {
        zh: "作废的抽样单也占用号码",
        en: "a voided sheet has used its number as well",
    },
    parameters: &[],
    messages: &[Message {
        key: "collision",
        words: Words {
            zh: "号码 {number} 同时用于 {others}，样品冻结待裁定",
            en: "{number} is also used on {others}; the lab receipt is frozen",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>, number: &str) {
    let holders: Vec<SampleId> = ruling
        .facts
        .samples
        .iter()
        .filter(|(_, sample)| sample.seal_numbers.contains(number))
        .map(|(id, _)| *id)
        .collect();
    for (id, sample) in ruling.samples() {
        let others: Vec<String> = holders
            .iter()
            .filter(|other| **other != id)
            .map(ToString::to_string)
            .collect();
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if !others.is_empty() {
            let arguments = vec![("number", number.to_owned()), ("others", others.join(", "))];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "collision",
                arguments,
            );
        }
    }
}
