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
        let sampler = |user: Option<_>| user.is_some_and(|user| sample.signers.contains(&user));
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
