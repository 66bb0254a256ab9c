//! REFUSE, 拒检与确认: a refusal is confirmed by enforcement on site, and what was sampled after it is for a person.
//!
//! 晋市监发〔2023〕212号 三: “遇到企业无理由拒绝抽样，或者抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{ConfirmationFact, ConfirmationOutcome, Facts, Severity, Subject, Validity, VisitFact};
use crate::model::DocumentId;

/// 拒检与确认
pub const RULE: Rule = Rule {
    id: "REFUSE",
    title: Words {
        zh: "拒检与确认",
        en: "Refusal and confirmation",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "遇到企业无理由拒绝抽样，或者抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "记录拒检之后又抽样而未经确认解决；确认人员少于规定或参与了抽样",
        en: "sampled after a refusal that nobody confirmed to be resolved; a confirmation by too few officers or by somebody who took part",
    },
    exceptions: Words {
        zh: "确认为已解决或不成立的通过；未确认的不算拒检，两份事实都保留",
        en: "a refusal confirmed to be resolved or not established passes; unconfirmed is no refusal; both facts are kept",
    },
    parameters: &[Parameter {
        name: "min_officers",
        default: DefaultValue::Number {
            value: 2,
            min: 1,
            max: 20,
        },
        meaning: Words {
            zh: "确认人员最少人数（名）",
            en: "officers who must confirm, at least",
        },
    }],
    messages: &[
        Message {
            key: "sampled_after_refusal",
            words: Words {
                zh: "记录拒检之后又抽样，由执法人员裁定",
                en: "sampled although a refusal was recorded; enforcement decides",
            },
        },
        Message {
            key: "unconfirmed",
            words: Words {
                zh: "拒检未经执法监管人员现场确认",
                en: "the refusal is not confirmed on site by enforcement",
            },
        },
        Message {
            key: "too_few_officers",
            words: Words {
                zh: "确认人员只有 {count} 名，至少 {min} 名",
                en: "{count} officer(s) confirmed, at least {min} must",
            },
        },
        Message {
            key: "not_independent",
            words: Words {
                zh: "确认人员参与了抽样或属于承检机构",
                en: "somebody who confirmed took part in sampling or belongs to the body",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        if !visit.refused {
            continue;
        }
        let Some((book, settings)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        let min = settings.number("min_officers");
        let mut said = Vec::new();
        if visit.confirmations.is_empty() {
            said.push((Severity::Notice, "unconfirmed", vec![]));
        }
        for confirmation in &visit.confirmations {
            let count = i64::try_from(confirmation.officers.len()).unwrap_or(i64::MAX);
            if count < min {
                let arguments = vec![("count", count.to_string()), ("min", min.to_string())];
                said.push((Severity::Violation, "too_few_officers", arguments));
            }
            if !is_independent(ruling.facts, document_id, visit, confirmation) {
                said.push((Severity::Violation, "not_independent", vec![]));
            }
        }
        for (severity, key, arguments) in said {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity,
                subject: Subject::Visit(document_id),
                winner: None,
                key,
                arguments,
            });
        }
        // Who took part may not confirm, and officers who disagree leave it open.
        let open = !is_resolved(ruling.facts, document_id, visit);
        for (id, sample) in ruling.samples() {
            let earlier = visit
                .refused_at
                .is_some_and(|refused| sample.sampled.usable().before(&refused.usable()));
            if open && !earlier && sample.document_id == Some(document_id) {
                let key = "sampled_after_refusal";
                ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, vec![]);
            }
        }
    }
}

/// Whether nobody who confirmed took part in sampling or belongs to the body; an officer who merely assisted may confirm.
fn is_independent(
    facts: &Facts,
    document_id: DocumentId,
    visit: &VisitFact,
    confirmation: &ConfirmationFact,
) -> bool {
    let signers = facts
        .samples
        .values()
        .filter(|sample| sample.document_id == Some(document_id))
        .flat_map(|sample| &sample.signers);
    let present = facts
        .entries
        .values()
        .filter(|entry| entry.document_id == document_id)
        .flat_map(|entry| &entry.arrivals)
        .flat_map(|arrival| &arrival.samplers);
    let took_part = signers
        .chain(present)
        .any(|user| confirmation.officers.contains(user));
    !took_part && !confirmation.organisations.contains(&visit.body_id)
}

/// Whether a refusal was found to be none or to be resolved, by officers who may say so and without contradiction.
pub(super) fn is_resolved(facts: &Facts, document_id: DocumentId, visit: &VisitFact) -> bool {
    let mut outcomes = visit
        .confirmations
        .iter()
        .filter(|c| is_independent(facts, document_id, visit, c))
        .map(|c| c.outcome)
        .peekable();
    outcomes.peek().is_some() && outcomes.all(|outcome| outcome != ConfirmationOutcome::Confirmed)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    use ConfirmationOutcome::{Confirmed, NotEstablished, ResolvedSampled};

    const KEY: &str = "REFUSE.sampled_after_refusal";

    /// Refused an hour before the sample was drawn, and confirmed as said.
    fn refused(confirmations: Vec<ConfirmationFact>) -> impl FnOnce(&mut Facts) {
        move |f| {
            refused_at(noon(NOON) - 60 * MINUTE)(f);
            at_visit(f).confirmations = confirmations;
        }
    }
    fn refused_at(at: Millis) -> impl FnOnce(&mut Facts) {
        move |f| {
            at_visit(f).refused = true;
            at_visit(f).refused_at = Some(about(at));
        }
    }

    #[test]
    fn violates_when_sampled_after_a_refusal_that_is_confirmed_or_waits_for_it() {
        assert_eq!(after(refused(vec![]), KEY), (NeedsRuling, true));
        assert_eq!(
            after(refused(vec![]), "REFUSE.unconfirmed"),
            (NeedsRuling, true)
        );
        let confirmed = vec![confirmation(Confirmed, [20, 21])];
        assert_eq!(after(refused(confirmed), KEY), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_officers_disagree_whether_the_refusal_was_resolved() {
        let disagree = || {
            vec![
                confirmation(ResolvedSampled, [20, 21]),
                confirmation(Confirmed, [22, 23]),
            ]
        };
        assert_eq!(after(refused(disagree()), KEY), (NeedsRuling, true));
        assert_eq!(
            after(refused(disagree()), "REFUSE.unconfirmed"),
            (NeedsRuling, false)
        );
    }

    #[test]
    fn violates_when_a_sampler_or_the_body_itself_confirms_and_that_resolves_nothing() {
        let signer = || vec![confirmation(ResolvedSampled, [1, 20])];
        assert_eq!(
            after(refused(signer()), "REFUSE.not_independent"),
            (NeedsRuling, true)
        );
        assert_eq!(after(refused(signer()), KEY), (NeedsRuling, true));
        let mut colleagues = confirmation(ResolvedSampled, [20, 21]);
        colleagues.organisations.insert(organisation(BODY));
        let body = refused(vec![colleagues]);
        assert_eq!(after(body, "REFUSE.not_independent"), (NeedsRuling, true));
        let walked_in = |f: &mut Facts| {
            entered(f, noon(NOON) - 90 * MINUTE)
                .samplers
                .insert(user(20));
            refused(vec![confirmation(ResolvedSampled, [20, 21])])(f);
        };
        assert_eq!(
            after(walked_in, "REFUSE.not_independent"),
            (NeedsRuling, true)
        );
    }

    #[test]
    fn passes_when_the_refusal_is_confirmed_to_be_resolved_or_not_established() {
        for outcome in [ResolvedSampled, NotEstablished] {
            let mut facts = one_sample(CITY);
            refused(vec![confirmation(outcome, [20, 21])])(&mut facts);
            assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        }
    }

    #[test]
    fn exempts_an_officer_who_merely_assisted_the_sampling() {
        let assisted = |f: &mut Facts| {
            entered(f, noon(NOON) - 90 * MINUTE)
                .assisting
                .insert(user(20));
            refused(vec![confirmation(ResolvedSampled, [20, 21])])(f);
        };
        assert_eq!(after(assisted, "REFUSE.not_independent"), (Valid, false));
    }

    #[test]
    fn exempts_what_was_provably_sampled_before_the_refusal() {
        let later = refused_at(noon(NOON) + 60 * MINUTE);
        assert_eq!(after(later, KEY), (Valid, false));
    }

    #[test]
    fn boundary_a_sample_whose_interval_touches_the_refusal_is_not_earlier() {
        assert_eq!(
            after(refused_at(noon(NOON) + 10_000), KEY),
            (NeedsRuling, true)
        );
        assert_eq!(after(refused_at(noon(NOON) + 10_001), KEY), (Valid, false));
    }

    #[test]
    fn boundary_two_officers_are_enough_and_one_is_a_finding_that_still_resolves() {
        let key = "REFUSE.too_few_officers";
        let two = refused(vec![confirmation(ResolvedSampled, [20, 21])]);
        assert_eq!(after(two, key), (Valid, false));
        let one = refused(vec![confirmation(ResolvedSampled, [20])]);
        assert_eq!(after(one, key), (Valid, true));
    }

    #[test]
    fn boundary_the_rulebook_at_the_first_entry_binds_the_whole_visit() {
        let stricter = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2025-03-02'\nsource = 's'\n[rules.REFUSE]\nmin_officers = 3";
        let books = Rulebooks::builtin().with(stricter).unwrap();
        let too_few = |entry_day: &str, sample_day: &str| {
            let mut facts = one_sample(CITY);
            entered(&mut facts, noon(entry_day));
            facts.at(1).sampled = about(noon(sample_day));
            refused(vec![confirmation(ResolvedSampled, [20, 21])])(&mut facts);
            let findings = rule(&facts, &books).findings;
            findings
                .iter()
                .any(|f| f.message == "REFUSE.too_few_officers")
        };
        assert!(!too_few("2025-03-01", "2025-03-03"));
        assert!(too_few("2025-03-02", "2025-03-03"));
    }
}
