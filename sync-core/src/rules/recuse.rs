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
        let entry = sample
            .entry_id
            .as_ref()
            .and_then(|id| ruling.facts.entries.get(id));
        // Whoever walked in as a sampler took part, even where others signed.
        let took_part = |user_id| {
            let mut present = entry.into_iter().flat_map(|entry| &entry.arrivals);
            sample.signers.contains(user_id)
                || present.any(|arrival| arrival.samplers.contains(user_id))
        };
        for recusal in &visit.recusals {
            let key = match &recusal.user_id {
                Some(user_id) if took_part(user_id) => "person",
                None if sample.body_id.unwrap_or(visit.body_id) == recusal.body_id => "body",
                _ => continue,
            };
            let arguments = vec![("reason", recusal.reason.clone())];
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, arguments);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn declared(user_id: Option<u128>, body: u128) -> impl FnOnce(&mut Facts) {
        move |f| {
            at_visit(f).recusals = vec![RecusalFact {
                user_id: user_id.map(user),
                body_id: organisation(body),
                reason: "亲属".into(),
            }];
        }
    }

    #[test]
    fn violates_when_a_signer_or_the_body_has_a_conflict_of_interest() {
        let person = declared(Some(1), BODY);
        assert_eq!(after(person, "RECUSE.person"), (NeedsRuling, true));
        let body = declared(None, BODY);
        assert_eq!(after(body, "RECUSE.body"), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_the_person_walked_in_as_a_sampler_though_others_signed() {
        let walked_in = |f: &mut Facts| {
            declared(Some(3), BODY)(f);
            entered(f, noon(NOON) - 30 * MINUTE)
                .samplers
                .insert(user(3));
        };
        assert_eq!(after(walked_in, "RECUSE.person"), (NeedsRuling, true));
    }

    #[test]
    fn passes_where_nobody_declared_a_conflict() {
        assert_eq!(after(|_| (), "RECUSE.person"), (Valid, false));
    }

    #[test]
    fn exempts_nobody_in_law_but_a_member_who_declared_and_stood_aside_harms_nothing() {
        let aside = |f: &mut Facts| {
            declared(Some(3), BODY)(f);
            entered(f, noon(NOON) - 30 * MINUTE);
        };
        assert_eq!(after(aside, "RECUSE.person"), (Valid, false));
    }

    #[test]
    fn boundary_a_persons_declaration_binds_the_person_and_not_the_whole_body() {
        let mut facts = one_sample(CITY);
        declared(Some(3), BODY)(&mut facts);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        assert_eq!(after(declared(None, 501), "RECUSE.body"), (Valid, false));
    }
}
