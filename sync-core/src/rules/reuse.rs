//! REUSE, 影像重复使用: the same picture, or nearly the same, under another visit. A suspicion that somebody passed an old
//! picture off as a new one (弄虚作假); a person looks at both and judges.
//!
//! 晋市监发〔2023〕212号 三: “抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置”.

use super::Severity;
use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::media::subject_of;

/// 影像重复使用
pub const RULE: Rule = Rule {
    id: "REUSE",
    title: Words {
        zh: "影像重复使用",
        en: "A picture used again",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "另一次检查的影像与本次的相同或几乎相同，疑为弄虚作假，须由人比对两份影像后判断",
        en: "evidence of another visit is the same picture, or nearly: suspected fraud, for a person to judge who looks at both",
    },
    exceptions: Words {
        zh: "只作提示，不影响样品结论；没有内容的画面（全黑、全白）只比较文件是否相同",
        en: "a notice, which changes the outcome of no sample; pictures that show nothing (all black, all white) are compared by their bytes alone",
    },
    parameters: &[
        Parameter {
            name: "phash_bits_max",
            default: DefaultValue::Number {
                value: 8,
                min: 0,
                max: 8,
            },
            meaning: Words {
                zh: "视为几乎相同时 pHash 最多相差的位数（共 64 位）",
                en: "bits of 64 in which the pHash of nearly the same picture may differ",
            },
        },
        Parameter {
            name: "dhash_bits_max",
            default: DefaultValue::Number {
                value: 6,
                min: 0,
                max: 6,
            },
            meaning: Words {
                zh: "视为几乎相同时 dHash 最多相差的位数（共 64 位），两项须同时满足",
                en: "bits of 64 in which its dHash may differ; both must hold",
            },
        },
    ],
    messages: &[
        Message {
            key: "same",
            words: Words {
                zh: "{kind}：与检查 {other_document} 的影像 {other_evidence} 文件相同，须人工比对",
                en: "{kind}: the same file as evidence {other_evidence} of visit {other_document}; a person must look at both",
            },
        },
        Message {
            key: "near",
            words: Words {
                zh: "{kind}：与检查 {other_document} 的影像 {other_evidence} 几乎相同（pHash 差 {phash_bits} 位，dHash 差 {dhash_bits} 位），须人工比对",
                en: "{kind}: nearly the same picture as evidence {other_evidence} of visit {other_document} (pHash {phash_bits}, dHash {dhash_bits} bits apart); a person must look at both",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        let Some((book, settings)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        let phash_max = settings.number("phash_bits_max");
        let dhash_max = settings.number("dhash_bits_max");
        for evidence in &visit.evidence {
            for other in &evidence.reused {
                let mut arguments = vec![
                    ("kind", evidence.kind.clone()),
                    ("other_document", other.document_id.to_string()),
                    ("other_evidence", other.evidence_id.to_string()),
                ];
                arguments.extend(
                    evidence
                        .evidence_id
                        .map(|id| ("evidence_id", id.to_string())),
                );
                let key = match other.bits {
                    None => "same",
                    Some(bits)
                        if i64::from(bits.phash) <= phash_max
                            && i64::from(bits.dhash) <= dhash_max =>
                    {
                        arguments.push(("phash_bits", bits.phash.to_string()));
                        arguments.push(("dhash_bits", bits.dhash.to_string()));
                        "near"
                    }
                    Some(_) => continue,
                };
                ruling.say(Said {
                    rule: &RULE,
                    book,
                    severity: Severity::Notice,
                    subject: subject_of(document_id, evidence),
                    winner: None,
                    key,
                    arguments,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{EvidenceId, ReuseBits, ReuseFact};
    use crate::rules::testing::*;
    use uuid::Uuid;

    fn reused(bits: Option<(u32, u32)>) -> impl FnOnce(&mut Facts) {
        move |f| {
            at_visit(f).evidence[0].reused.insert(ReuseFact {
                document_id: document(2),
                evidence_id: EvidenceId(Uuid::from_u128(7)),
                bits: bits.map(|(phash, dhash)| ReuseBits { phash, dhash }),
            });
        }
    }

    #[test]
    fn violates_when_the_same_file_stands_under_another_visit_and_rules_no_sample_out() {
        assert_eq!(after(reused(None), "REUSE.same"), (Valid, true));
    }

    #[test]
    fn violates_when_nearly_the_same_picture_stands_under_another_visit() {
        assert_eq!(after(reused(Some((3, 2))), "REUSE.near"), (Valid, true));
        let mut facts = one_sample(CITY);
        reused(Some((3, 2)))(&mut facts);
        let found = facts.ruled().findings.remove(0);
        // Neither stands instead of the other; both are told.
        assert_eq!(found.winner, None);
        assert_eq!(found.subject, Subject::Visit(document(1)));
        assert_eq!(found.arguments["other_document"], document(2).to_string());
    }

    #[test]
    fn passes_pictures_that_stand_under_one_visit_alone() {
        let facts = one_sample(CITY);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_nearly_the_same_pictures_where_the_rulebook_wants_the_very_same() {
        let strict = "id = 'strict'\nversion = 1\nextends = 'national'\nregion = '140500'\n\
            effective_from = '2020-01-01'\nsource = 's'\n[rules.REUSE]\nphash_bits_max = 0\ndhash_bits_max = 0\n";
        let books = Rulebooks::builtin().with(strict).unwrap();
        for (bits, said) in [(Some((1, 0)), false), (Some((0, 0)), true), (None, true)] {
            let mut facts = one_sample(CITY);
            reused(bits)(&mut facts);
            let ruled = rule(&facts, &books);
            assert_eq!(!ruled.findings.is_empty(), said, "{bits:?}");
        }
    }

    #[test]
    fn boundary_eight_and_six_bits_are_near_and_one_more_of_either_is_not() {
        for (bits, near) in [((8, 6), true), ((9, 6), false), ((8, 7), false)] {
            assert_eq!(after(reused(Some(bits)), "REUSE.near").1, near, "{bits:?}");
        }
    }
}
