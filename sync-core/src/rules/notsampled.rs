//! NOTSAMPLED, 未抽到样品与抽样并存: not-sampled against sampled: both are kept.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 未抽到样品与抽样并存
pub const RULE: Rule = Rule {
    id: "NOTSAMPLED",
    title: Words {
        zh: "未抽到样品与抽样并存",
        en: "Not sampled against sampled",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "同一次检查既记录未抽到样品又有抽样单",
        en: "a visit records 未抽到样品 and a sheet as well",
    },
    exceptions: Words {
        zh: "作废的抽样单不计",
        en: "a voided sheet does not count",
    },
    parameters: &[],
    messages: &[Message {
        key: "both",
        words: Words {
            zh: "既记录未抽到样品，又有抽样单；两者保留，由主管部门裁定",
            en: "both 未抽到样品 and a sheet are recorded; both are kept and the authority rules",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let visit = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id));
        if visit.is_some_and(|visit| visit.not_sampled) {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "both", vec![]);
        }
    }
}
