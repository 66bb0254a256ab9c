//! STOP, 终止抽样: unlicensed, 三无 or self-evidently illegal: stop and report.
//!
//! 晋市监发〔2023〕212号 四: “现场抽样发现被抽样生产者、销售者涉嫌存在无证无照、三无产品等无需检验即可判定违法的情形的，抽样人员应当终止抽样，现场报告组织监督抽查的市场监管部门”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::refuse::found_of_report;
use super::{ConfirmationOutcome, Severity, Subject, Validity, VisitFact};
use crate::model::{ConfirmedSubject, DocumentId, TimeFact};

/// 终止抽样
pub const RULE: Rule = Rule {
    id: "STOP",
    title: Words {
        zh: "终止抽样",
        en: "Stop and report",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 四",
        quote: "现场抽样发现被抽样生产者、销售者涉嫌存在无证无照、三无产品等无需检验即可判定违法的情形的，抽样人员应当终止抽样，现场报告组织监督抽查的市场监管部门",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "终止抽样之后仍然抽样；现场报告没有报送组织抽查的部门",
        en: "a sample drawn after sampling was terminated; a report that does not go to the authority that commissioned the sampling",
    },
    exceptions: Words {
        zh: "终止之前的样品通过；先后不能确定的、执法人员认定不成立的转人工裁定",
        en: "what was drawn before stands; where the order cannot be told, or officers found that it is not so, a person decides",
    },
    parameters: &[Parameter {
        name: "hand_over_hours",
        default: DefaultValue::Number {
            value: 72,
            min: 1,
            max: 10_000,
        },
        meaning: Words {
            zh: "现场报告多少小时内移交案件机构",
            en: "within how many hours a report is handed over to the case office",
        },
    }],
    messages: &[
        Message {
            key: "after_stop",
            words: Words {
                zh: "终止抽样之后抽取的样品",
                en: "drawn after sampling was terminated",
            },
        },
        Message {
            key: "lifted",
            words: Words {
                zh: "终止抽样之后抽取；执法人员认定所报告的情形不成立，由人工裁定",
                en: "drawn after sampling was terminated for what officers found not to be so; a person decides",
            },
        },
        Message {
            key: "authority_not_told",
            words: Words {
                zh: "现场报告没有报送组织抽查的 {authority}",
                en: "the report does not go to {authority}, which commissioned the sampling",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "不能确定是否在终止抽样之后抽取",
                en: "may have been drawn after sampling was terminated",
            },
        },
    ],
};

/// Where sampling ended in a visit.
struct Stop {
    at: TimeFact,
    /// 执法人员认定不成立: every report that ended it was found not to be so.
    lifted: bool,
}

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        untold(ruling, document_id, visit);
        let Some(stop) = stop_of(ruling, document_id, visit) else {
            continue;
        };
        for (id, sample) in ruling.samples() {
            if sample.document_id != Some(document_id) {
                continue;
            }
            let Some((book, _)) = ruling.binding(&RULE, sample) else {
                continue;
            };
            let (at, when) = (stop.at.usable(), sample.sampled.usable());
            let (validity, key) = match (at.before(&when), when.before(&at)) {
                (_, true) => continue,
                (true, _) if stop.lifted => (Validity::NeedsRuling, "lifted"),
                (true, _) => (Validity::Void, "after_stop"),
                (false, false) => (Validity::NeedsRuling, "unsure"),
            };
            ruling.judge(&RULE, book, id, validity, key, vec![]);
        }
    }
}

/// When sampling was first terminated, by what still stands; by all that was reported where nothing of it stands.
fn stop_of(ruling: &Ruling<'_>, document_id: DocumentId, visit: &VisitFact) -> Option<Stop> {
    let reports = || visit.reports.iter().filter(|(_, report)| report.terminated);
    let earliest = |times: &mut dyn Iterator<Item = TimeFact>| {
        times.min_by_key(|at| (at.usable().lo, at.usable().hi, at.wall_ms))
    };
    let stands = earliest(&mut reports().filter_map(|(id, report)| {
        let subject = ConfirmedSubject::OnSiteReport(*id);
        let found = found_of_report(ruling, document_id, visit, subject);
        let lifted = !found.is_empty()
            && found
                .iter()
                .all(|outcome| *outcome == ConfirmationOutcome::NotEstablished);
        (!lifted).then_some(report.reported)
    }));
    let all = earliest(&mut reports().map(|(_, report)| report.reported));
    match (stands, all) {
        (Some(at), _) => Some(Stop { at, lifted: false }),
        (None, Some(at)) => Some(Stop { at, lifted: true }),
        // Facts of before reports were told apart.
        (None, None) => visit.terminated.map(|at| Stop { at, lifted: false }),
    }
}

/// 现场报告组织监督抽查的市场监管部门: the authority that made the campaign is among those who are told.
fn untold(ruling: &mut Ruling<'_>, document_id: DocumentId, visit: &VisitFact) {
    let Some((book, _)) = ruling.visit_binding(&RULE, document_id, visit) else {
        return;
    };
    let Some(authority) = ruling.authority_of_campaign(visit.campaign_id) else {
        return;
    };
    for (id, report) in &visit.reports {
        if report.recipients.contains(&authority) {
            continue;
        }
        let authority = ruling.name_of(Some(authority));
        ruling.say(Said {
            rule: &RULE,
            book,
            severity: Severity::Violation,
            subject: Subject::Visit(document_id),
            winner: None,
            key: "authority_not_told",
            arguments: vec![("authority", authority), ("report", id.to_string())],
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn terminated(at: Millis) -> impl FnOnce(&mut Facts) {
        move |f| at_visit(f).terminated = Some(about(at))
    }
    fn report_id() -> OnSiteReportId {
        OnSiteReportId(Uuid::from_u128(5))
    }
    /// Walked in and reported, with confirmations of the report.
    fn reported(at: Millis, outcomes: &[ConfirmationOutcome]) -> impl FnOnce(&mut Facts) {
        move |f| {
            entered(f, noon(NOON) - 90 * MINUTE);
            let of_report = |outcome: &ConfirmationOutcome| ConfirmationFact {
                subject: ConfirmedSubject::OnSiteReport(report_id()),
                confirmed: about(at + 30 * MINUTE),
                ..confirmation(*outcome, [20, 21])
            };
            let visit = at_visit(f);
            visit.reports.insert(report_id(), report(at));
            visit.terminated = Some(about(at));
            visit.confirmations = outcomes.iter().map(of_report).collect();
        }
    }
    const EARLY: Millis = 60 * MINUTE;

    #[test]
    fn violates_when_a_sample_is_drawn_after_sampling_was_terminated() {
        let early = terminated(noon(NOON) - 60 * MINUTE);
        assert_eq!(after(early, "STOP.after_stop"), (Void, true));
        for outcomes in [
            &[][..],
            &[ConfirmationOutcome::Confirmed],
            &[
                ConfirmationOutcome::Confirmed,
                ConfirmationOutcome::NotEstablished,
            ],
        ] {
            let early = reported(noon(NOON) - EARLY, outcomes);
            assert_eq!(after(early, "STOP.after_stop"), (Void, true));
        }
    }

    #[test]
    fn violates_when_the_authority_that_commissioned_the_sampling_is_not_told() {
        let others = |f: &mut Facts| {
            reported(noon(NOON) + EARLY, &[])(f);
            let told = &mut at_visit(f)
                .reports
                .get_mut(&report_id())
                .unwrap()
                .recipients;
            *told = BTreeSet::from([organisation(COUNTY)]);
        };
        assert_eq!(after(others, "STOP.authority_not_told"), (Valid, true));
        let told = reported(noon(NOON) + EARLY, &[]);
        assert_eq!(after(told, "STOP.authority_not_told"), (Valid, false));
    }

    #[test]
    fn passes_where_nothing_was_terminated() {
        assert_eq!(after(|_| (), "STOP.after_stop"), (Valid, false));
    }

    #[test]
    fn exempts_what_was_drawn_before_sampling_was_terminated() {
        let mut facts = one_sample(CITY);
        terminated(noon(NOON) + 60 * MINUTE)(&mut facts);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_what_officers_found_not_to_be_so_from_being_void_and_leaves_it_to_a_person() {
        let lifted = reported(noon(NOON) - EARLY, &[ConfirmationOutcome::NotEstablished]);
        assert_eq!(after(lifted, "STOP.lifted"), (NeedsRuling, true));
        let afar = |f: &mut Facts| {
            reported(noon(NOON) - EARLY, &[ConfirmationOutcome::NotEstablished])(f);
            at_visit(f).confirmations[0].location = Some(place(3_000));
        };
        assert_eq!(after(afar, "STOP.after_stop"), (Void, true));
    }

    #[test]
    fn boundary_intervals_that_touch_need_a_ruling_and_a_millisecond_apart_do_not() {
        // The sample and the termination are each known to within five seconds.
        let at = noon(NOON);
        assert_eq!(
            after(terminated(at - 10_001), "STOP.after_stop"),
            (Void, true)
        );
        assert_eq!(
            after(terminated(at - 10_000), "STOP.unsure"),
            (NeedsRuling, true)
        );
        assert_eq!(
            after(terminated(at + 10_000), "STOP.unsure"),
            (NeedsRuling, true)
        );
        assert_eq!(
            after(terminated(at + 10_001), "STOP.unsure"),
            (Valid, false)
        );
    }
}
