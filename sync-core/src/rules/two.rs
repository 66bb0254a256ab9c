//! TWO, 两名以上抽样人员: at least two distinct samplers, the notice and identification shown.
//!
//! The notices are silent; a configurable default.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{Severity, Subject, Validity};

/// 两名以上抽样人员
pub const RULE: Rule = Rule {
    id: "TWO",
    title: Words {
        zh: "两名以上抽样人员",
        en: "Two samplers",
    },
    citation: Citation {
        source: "产品质量监督抽查管理暂行办法",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "抽样人员签字少于两名，或进门未出示通知书、证件",
        en: "fewer than two distinct signing samplers, or an entry without notice or identification",
    },
    exceptions: Words {
        zh: "无",
        en: "none",
    },
    parameters: &[Parameter {
        name: "min_samplers",
        default: DefaultValue::Number {
            value: 2,
            min: 1,
            max: 20,
        },
        meaning: Words {
            zh: "抽样人员最少人数（名）",
            en: "samplers who must sign, at least",
        },
    }],
    messages: &[
        Message {
            key: "too_few",
            words: Words {
                zh: "签字的抽样人员只有 {count} 名，至少 {min} 名",
                en: "{count} sampler(s) signed, at least {min} must",
            },
        },
        Message {
            key: "no_notice",
            words: Words {
                zh: "进门 {entry} 没有出示监督抽查通知书的记录",
                en: "no notice was recorded at entry {entry}",
            },
        },
        Message {
            key: "no_id",
            words: Words {
                zh: "进门 {entry} 没有出示证件的记录",
                en: "no identification was recorded at entry {entry}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, settings)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let min = settings.number("min_samplers");
        let count = i64::try_from(sample.signers.len()).unwrap_or(i64::MAX);
        if count < min {
            let arguments = vec![("count", count.to_string()), ("min", min.to_string())];
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "too_few", arguments);
        }
    }
    for (id, entry) in &ruling.facts.entries {
        let shown = |key, missing: bool| missing.then_some(key);
        let notice = entry
            .arrivals
            .iter()
            .all(|arrival| arrival.notice_no.is_none());
        let identity = entry.arrivals.iter().all(|arrival| !arrival.id_shown);
        let authority = ruling.authority_of_campaign(entry.campaign_id);
        let at = entry.entered.earliest_known();
        let Some((book, _)) = ruling.binding_at(&RULE, authority, at) else {
            continue;
        };
        for key in [shown("no_notice", notice), shown("no_id", identity)]
            .into_iter()
            .flatten()
        {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity: Severity::Violation,
                subject: Subject::Visit(entry.document_id),
                winner: None,
                key,
                arguments: vec![("entry", id.to_string())],
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn signed_by(people: u128) -> impl FnOnce(&mut Facts) {
        move |f| f.first().signers = (1..=people).map(user).collect()
    }

    #[test]
    fn violates_when_one_sampler_signed_alone() {
        assert_eq!(after(signed_by(1), "TWO.too_few"), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_no_arrival_of_an_entry_showed_the_notice_or_identification() {
        let at = noon(NOON) - 30 * MINUTE;
        let hidden = |f: &mut Facts| entered(f, at).notice_no = None;
        assert_eq!(after(hidden, "TWO.no_notice"), (Valid, true));
        assert_eq!(after(hidden, "TWO.no_id"), (Valid, false));
        let nameless = |f: &mut Facts| entered(f, at).id_shown = false;
        assert_eq!(after(nameless, "TWO.no_id"), (Valid, true));
        assert_eq!(after(nameless, "TWO.no_notice"), (Valid, false));
    }

    #[test]
    fn passes_when_three_sign_and_one_of_two_phones_noted_notice_and_identification() {
        assert_eq!(after(signed_by(3), "TWO.too_few"), (Valid, false));
        let mut facts = one_sample(CITY);
        let at = noon(NOON) - 30 * MINUTE;
        let second = arrival(2, about(at));
        let silent = entered(&mut facts, at);
        (silent.notice_no, silent.id_shown) = (None, false);
        facts.entry(1).arrivals.push(second);
        assert_eq!(facts.said(), BTreeSet::new());
    }

    #[test]
    fn exempts_nobody_in_law_but_a_spoiled_sheet_signed_by_one_is_only_void() {
        let spoiled = |f: &mut Facts| {
            signed_by(1)(f);
            f.first().voided = Some("写错".into());
        };
        assert_eq!(after(spoiled, "TWO.too_few"), (Void, false));
    }

    #[test]
    fn boundary_exactly_two_distinct_signers_are_enough() {
        assert_eq!(after(signed_by(2), "TWO.too_few"), (Valid, false));
        let twice = |f: &mut Facts| f.first().signers = BTreeSet::from([user(1), user(1)]);
        assert_eq!(after(twice, "TWO.too_few"), (NeedsRuling, true));
    }
}
