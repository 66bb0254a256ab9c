//! REFUSE, 拒检与确认: a refusal is confirmed by enforcement on site, and what was sampled after it is for a person.
//!
//! 晋市监发〔2023〕212号 三: “遇到企业无理由拒绝抽样，或者抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{ConfirmationOutcome, Severity, Subject, Validity};

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
            let samplers = || {
                let signers = ruling
                    .samples()
                    .into_iter()
                    .map(|(_, sample)| &sample.signers);
                let present = ruling
                    .facts
                    .entries
                    .values()
                    .flat_map(|entry| &entry.arrivals);
                signers
                    .chain(present.map(|arrival| &arrival.samplers))
                    .flatten()
            };
            let took_part = samplers().any(|user| confirmation.officers.contains(user));
            if took_part || confirmation.organisations.contains(&visit.body_id) {
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
        // Two officers who disagree leave it open.
        let open = visit.confirmations.is_empty()
            || visit
                .confirmations
                .iter()
                .any(|c| c.outcome == ConfirmationOutcome::Confirmed);
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
