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
