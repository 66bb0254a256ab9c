//! RECUSE, 回避: a sampler or body with a conflict of interest is ineligible.
//!
//! 晋市监发〔2023〕212号 五: “严格执行有关回避制度”.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 回避
pub const RULE: Rule = Rule {
    id: "RECUSE",
    title: Words {
        zh: "回避",
        en: "Conflict of interest",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 五",
        quote: "严格执行有关回避制度",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "应当回避的人员或机构参与了抽样",
        en: "somebody who should have stood aside, or their body, took part",
    },
    exceptions: Words {
        zh: "未参与的人员申报不影响",
        en: "a declaration by somebody who took no part changes nothing",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "person",
            words: Words {
                zh: "应当回避的人员参与了抽样：{reason}",
                en: "a person with a conflict of interest took part: {reason}",
            },
        },
        Message {
            key: "body",
            words: Words {
                zh: "机构应当回避：{reason}",
                en: "the body has a conflict of interest: {reason}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let Some(visit) = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id))
        else {
            continue;
        };
        for recusal in &visit.recusals {
            let key = match recusal.user_id {
                Some(user_id) if sample.signers.contains(&user_id) => "person",
                None if sample.body_id.unwrap_or(visit.body_id) == recusal.body_id => "body",
                _ => continue,
            };
            let arguments = vec![("reason", recusal.reason.clone())];
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, arguments);
        }
    }
}
