//! FORM, 抽样单填写: what is wrong with the sheet itself.
//!
//! The notices are silent; a configurable default.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{SamplingSource, Severity, Subject, Validity};

/// 抽样单填写
pub const RULE: Rule = Rule {
    id: "FORM",
    title: Words {
        zh: "抽样单填写",
        en: "Faults of the sheet",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "抽样单缺项、校验位错误、抽查类别与任务不一致或封样后有修改",
        en: "a field is missing or wrong, the party did not sign, the kind of sampling is not its task's, or the sheet was amended after its seal",
    },
    exceptions: Words {
        zh: "缺项不使样品无效，由审核人员处理；类别不一致的转人工裁定",
        en: "a fault does not void the sample; the reviewer takes it up; where the kinds differ a person decides",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "fault",
            words: Words {
                zh: "抽样单问题：{fault}",
                en: "fault of the sheet: {fault}",
            },
        },
        Message {
            key: "record_fault",
            words: Words {
                zh: "进门记录、拒检、未抽到样品、现场报告、已抽证明或影像清单的问题：{fault}",
                en: "fault of an arrival, refusal, not-sampled record, report, claim or piece of evidence: {fault}",
            },
        },
        Message {
            key: "party_unsigned",
            words: Words {
                zh: "受检单位未签字，也没有拒签见证",
                en: "the party neither signed nor refused before a witness",
            },
        },
        Message {
            key: "kind_differs",
            words: Words {
                zh: "抽样单所填抽查类别（{sheet}）与任务的类别（{task}）不一致",
                en: "the sheet says {sheet} and its task says {task}: a person decides which kind of sampling it was",
            },
        },
        Message {
            key: "amended",
            words: Words {
                zh: "封样后有修改，作为补正显示",
                en: "amended after its seal; shown beside it",
            },
        },
        Message {
            key: "amended_unsigned",
            words: Words {
                zh: "封样后有 {count} 处修改没有有效签名，不予采信，原封样内容不变",
                en: "{count} change(s) after the seal bear no signature that holds; they count for nothing and the sealed sheet stands",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        for fault in &sample.faults {
            let arguments = vec![("fault", fault.clone())];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::ValidWithViolation,
                "fault",
                arguments,
            );
        }
        if sample.source == SamplingSource::Captured && !sample.party_signed {
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::ValidWithViolation,
                "party_unsigned",
                vec![],
            );
        }
        // A kind that no limit binds is the authority's to give, not the sampler's.
        let task = sample.task_id.and_then(|id| ruling.facts.tasks.get(&id));
        if let Some(task) = task.filter(|task| task.sampling_kind != sample.sampling_kind) {
            let arguments = vec![
                ("sheet", sample.sampling_kind.clone()),
                ("task", task.sampling_kind.clone()),
            ];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "kind_differs",
                arguments,
            );
        }
        if sample.amended {
            ruling.judge(&RULE, book, id, Validity::Valid, "amended", vec![]);
        }
        if sample.unsigned_amendments > 0 {
            let arguments = vec![("count", sample.unsigned_amendments.to_string())];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::Valid,
                "amended_unsigned",
                arguments,
            );
        }
    }
    for (id, visit) in &ruling.facts.visits {
        let authority = ruling.authority_of_campaign(visit.campaign_id);
        let entries = ruling.facts.entries.values();
        let of_visit = entries.filter(|entry| entry.document_id == *id);
        let Some(at) = of_visit.map(|entry| entry.entered.usable().lo).min() else {
            continue;
        };
        let Some((book, _)) = ruling.binding_at(&RULE, authority, at) else {
            continue;
        };
        for fault in &visit.faults {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity: Severity::Violation,
                subject: Subject::Visit(*id),
                winner: None,
                key: "record_fault",
                arguments: vec![("fault", fault.clone())],
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    #[test]
    fn violates_when_a_field_is_wrong_or_the_party_did_not_sign() {
        let fault = |f: &mut Facts| f.first().faults.push("sheet.uscc.check_digit".into());
        assert_eq!(after(fault, "FORM.fault"), (ValidWithViolation, true));
        let unsigned = |f: &mut Facts| f.first().party_signed = false;
        assert_eq!(
            after(unsigned, "FORM.party_unsigned"),
            (ValidWithViolation, true)
        );
    }

    #[test]
    fn violates_when_the_sheet_claims_another_kind_of_sampling_than_its_task() {
        let exempts_itself = |f: &mut Facts| f.first().sampling_kind = "tracking".into();
        assert_eq!(
            after(exempts_itself, "FORM.kind_differs"),
            (NeedsRuling, true)
        );
        let both = |f: &mut Facts| {
            exempts_itself(f);
            at_task(f).sampling_kind = "tracking".into();
        };
        assert_eq!(after(both, "FORM.kind_differs"), (Valid, false));
    }

    #[test]
    fn violates_when_a_form_beside_the_sheets_has_a_fault_and_the_sample_stands() {
        let fault = |f: &mut Facts| {
            entered(f, noon(NOON) - 30 * MINUTE);
            at_visit(f).faults.push("refusal.kind.unknown".into());
        };
        assert_eq!(after(fault, "FORM.record_fault"), (Valid, true));
    }

    #[test]
    fn passes_a_sheet_without_faults() {
        let facts = one_sample(CITY);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_a_prior_sampling_from_the_partys_signature() {
        let prior = |f: &mut Facts| {
            f.first().party_signed = false;
            f.first().source = SamplingSource::Claimed;
        };
        assert_eq!(after(prior, "FORM.party_unsigned"), (Valid, false));
    }

    #[test]
    fn boundary_a_change_after_the_seal_that_nobody_signed_is_told_and_counts_for_nothing() {
        let unsigned = |f: &mut Facts| {
            f.first().amended = true;
            f.first().unsigned_amendments = 1;
        };
        assert_eq!(after(unsigned, "FORM.amended_unsigned"), (Valid, true));
        let signed = |f: &mut Facts| f.first().amended = true;
        assert_eq!(after(signed, "FORM.amended_unsigned"), (Valid, false));
    }

    #[test]
    fn boundary_an_amendment_is_shown_and_leaves_the_sample_valid() {
        let amended = |f: &mut Facts| f.first().amended = true;
        assert_eq!(after(amended, "FORM.amended"), (Valid, true));
    }
}
