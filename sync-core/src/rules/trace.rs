//! TRACE, 全程留痕: a trail of photos or video for entry, sampling and sealing.
//!
//! 晋市监发〔2023〕212号 五: “通过在线视频、录像等方式留存证据，确保全程留痕和可追溯”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::media::subject_of;
use super::{EvidenceFact, SamplingSource, Severity, Validity, VisitFact};
use crate::model::ReviewVerdict;

/// 全程留痕
pub const RULE: Rule = Rule {
    id: "TRACE",
    title: Words {
        zh: "全程留痕",
        en: "A complete trail",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 五",
        quote: "通过在线视频、录像等方式留存证据，确保全程留痕和可追溯",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "缺少规定种类的影像、缺少录像，影像尚未核验，影像与清单不符，或影像经审查不予采信、存疑",
        en: "a kind of evidence is missing, a video is missing where one is required, their bytes are not verified yet, bytes do not match the manifest, or a reviewer rejected or questions what is there",
    },
    exceptions: Words {
        zh: "尚未上传或核验的影像仅作提示，不影响效力：现场离线采集即符合要求；存疑的影像在作出结论前仍予采信；事后补充的影像注明为事后补正，经审查采信后方予计入",
        en: "evidence that is still on its way is told and changes no validity: capturing at the scene, offline, complies; what is questioned counts until somebody decides; a picture that was brought in answer to a review is told to be late and counts once a reviewer accepts it",
    },
    parameters: &[
        Parameter {
            name: "required_kinds",
            default: DefaultValue::List(&["place", "label", "stock", "sealing"]),
            meaning: Words {
                zh: "必须具备的影像种类",
                en: "kinds of evidence that must be there",
            },
        },
        Parameter {
            name: "video_required",
            default: DefaultValue::Switch(false),
            meaning: Words {
                zh: "是否必须录像",
                en: "whether a video is required",
            },
        },
    ],
    messages: &[
        Message {
            key: "missing",
            words: Words {
                zh: "缺少影像：{kind}",
                en: "evidence is missing: {kind}",
            },
        },
        Message {
            key: "no_video",
            words: Words {
                zh: "缺少录像",
                en: "no video was kept",
            },
        },
        Message {
            key: "awaited",
            words: Words {
                zh: "影像尚未上传或核验：{kind}",
                en: "evidence is still on its way: {kind}",
            },
        },
        Message {
            key: "awaited_video",
            words: Words {
                zh: "录像尚未上传或核验",
                en: "the video is still on its way",
            },
        },
        Message {
            key: "mismatch",
            words: Words {
                zh: "影像与清单的哈希不符：{kind}",
                en: "bytes do not match the manifest: {kind}",
            },
        },
        Message {
            key: "not_counted",
            words: Words {
                zh: "没有可采信的影像：{kind}（经审查不予采信，或事后补充尚未审查）",
                en: "no evidence of this kind counts: {kind} (rejected on review, or brought late and not reviewed yet)",
            },
        },
        Message {
            key: "no_video_counts",
            words: Words {
                zh: "没有可采信的录像（经审查不予采信，或事后补充尚未审查）",
                en: "no video counts: rejected on review, or brought late and not reviewed yet",
            },
        },
        Message {
            key: "questioned",
            words: Words {
                zh: "{kind}：审查存疑，待抽样人员说明或补充",
                en: "{kind}: questioned by a reviewer, to be explained or supplemented by its samplers",
            },
        },
        Message {
            key: "rejected",
            words: Words {
                zh: "{kind}：经审查不予采信",
                en: "{kind}: rejected by a reviewer, counts as no evidence",
            },
        },
        Message {
            key: "answered_late",
            words: Words {
                zh: "{kind}：抽样人员已就审查意见事后补正",
                en: "{kind}: its samplers answered the review, after the fact",
            },
        },
        Message {
            key: "late",
            words: Words {
                zh: "{kind}：事后补充的影像，非抽样当时采集",
                en: "{kind}: brought in answer to a review, late and not at the time of sampling",
            },
        },
    ],
};

/// What there is of a kind that must be there.
enum Trail {
    /// Nothing in the manifest.
    Missing,
    /// It is in the manifest, and none of it was verified. Nobody is at fault: who captures offline complies.
    Awaited,
    /// Bytes of one piece were verified, or nobody tracks here whether they were.
    There,
}

impl Trail {
    fn of<'a>(pieces: impl Iterator<Item = &'a EvidenceFact>) -> Self {
        pieces.fold(Self::Missing, |trail, piece| {
            match (trail, piece.verified) {
                (Self::There, _) | (_, None | Some(true)) => Self::There,
                (_, Some(false)) => Self::Awaited,
            }
        })
    }
}

/// 补充影像: whether a piece was brought in answer to a review.
fn is_supplement(visit: &VisitFact, piece: &EvidenceFact) -> bool {
    let answers = visit.evidence.iter().flat_map(|it| it.answers.values());
    piece.evidence_id.is_some()
        && answers
            .map(|answer| answer.supplement)
            .any(|supplement| supplement == piece.evidence_id)
}

/// Whether a piece counts as evidence: what was rejected does not, and what was brought late counts once it is accepted.
fn counts(visit: &VisitFact, piece: &EvidenceFact) -> bool {
    match piece.review.map(|review| review.verdict) {
        Some(ReviewVerdict::Accepted) => true,
        Some(ReviewVerdict::Rejected) => false,
        Some(ReviewVerdict::Questioned) | None => !is_supplement(visit, piece),
    }
}

/// What reviews have to say of each piece, whatever it is of.
fn tell_reviews(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        let Some((book, _)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        for piece in &visit.evidence {
            let answered = piece.answers.values().map(|answer| answer.review).max();
            let waits = |version| answered.is_none_or(|answered| answered < version);
            let decided = match piece.review {
                Some(review) if review.verdict == ReviewVerdict::Rejected => Some("rejected"),
                Some(review) if review.verdict == ReviewVerdict::Questioned => {
                    waits(review.version).then_some("questioned")
                }
                _ => None,
            };
            let late = is_supplement(visit, piece).then_some("late");
            let said = decided
                .into_iter()
                .chain(answered.map(|_| "answered_late"))
                .chain(late);
            for key in said {
                let mut arguments = vec![("kind", piece.kind.clone())];
                let id = piece.evidence_id.map(|id| ("evidence_id", id.to_string()));
                arguments.extend(id);
                ruling.say(Said {
                    rule: &RULE,
                    book,
                    severity: Severity::Notice,
                    subject: subject_of(document_id, piece),
                    winner: None,
                    key,
                    arguments,
                });
            }
        }
    }
}

pub(super) fn check(ruling: &mut Ruling<'_>) {
    tell_reviews(ruling);
    for (id, sample) in ruling.samples() {
        let Some((book, settings)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if sample.source != SamplingSource::Captured {
            continue;
        }
        let Some(visit) = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id))
        else {
            continue;
        };
        let own = || {
            visit
                .evidence
                .iter()
                .filter(|e| e.sample_id.is_none() || e.sample_id == Some(id))
        };
        for kind in settings.list("required_kinds") {
            let of_kind = || own().filter(|it| it.kind == kind);
            let trail = Trail::of(of_kind().filter(|it| counts(visit, it)));
            let (validity, key) = match trail {
                Trail::There => continue,
                Trail::Missing if of_kind().next().is_some() => {
                    (Validity::ValidWithViolation, "not_counted")
                }
                Trail::Missing => (Validity::ValidWithViolation, "missing"),
                Trail::Awaited => (Validity::Valid, "awaited"),
            };
            let arguments = vec![("kind", kind.to_owned())];
            ruling.judge(&RULE, book, id, validity, key, arguments);
        }
        if settings.switch("video_required") {
            let videos = || own().filter(|it| it.medium == "video");
            match Trail::of(videos().filter(|it| counts(visit, it))) {
                Trail::There => {}
                Trail::Missing => {
                    let validity = Validity::ValidWithViolation;
                    let key = match videos().next() {
                        None => "no_video",
                        Some(_) => "no_video_counts",
                    };
                    ruling.judge(&RULE, book, id, validity, key, vec![]);
                }
                Trail::Awaited => {
                    ruling.judge(&RULE, book, id, Validity::Valid, "awaited_video", vec![]);
                }
            }
        }
        for evidence in own().filter(|it| it.mismatched && it.verified != Some(true)) {
            let arguments = vec![("kind", evidence.kind.clone())];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "mismatch",
                arguments,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn without(kind: &str) -> impl FnOnce(&mut Facts) {
        move |f| {
            at_visit(f)
                .evidence
                .retain(|evidence| evidence.kind != kind)
        }
    }
    fn photos_only(facts: &mut Facts) {
        for evidence in &mut at_visit(facts).evidence {
            evidence.medium = "photo".into();
        }
    }

    #[test]
    fn violates_when_a_kind_of_evidence_is_missing() {
        for kind in ["place", "label", "stock", "sealing"] {
            let found = after(without(kind), "TRACE.missing");
            assert_eq!(found, (ValidWithViolation, true), "{kind}");
        }
    }

    #[test]
    fn violates_when_shanxi_gets_no_video_and_when_bytes_do_not_match() {
        assert_eq!(
            after(photos_only, "TRACE.no_video"),
            (ValidWithViolation, true)
        );
        let forged = |f: &mut Facts| {
            let piece = &mut at_visit(f).evidence[0];
            (piece.verified, piece.mismatched) = (Some(false), true);
        };
        assert_eq!(after(forged, "TRACE.mismatch"), (NeedsRuling, true));
    }

    #[test]
    fn passes_a_complete_trail() {
        let facts = one_sample(CITY);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_photos_where_the_rulebook_asks_for_no_video_and_prior_samplings() {
        let mut shanghai = one_sample(SHANGHAI);
        photos_only(&mut shanghai);
        assert_eq!(shanghai.validity(1), Valid);
        let prior = |f: &mut Facts| {
            at_visit(f).evidence.clear();
            f.first().source = SamplingSource::Claimed;
        };
        assert_eq!(after(prior, "TRACE.missing"), (Valid, false));
    }

    #[test]
    fn boundary_bytes_that_have_not_arrived_are_not_judged() {
        let untracked = |f: &mut Facts| at_visit(f).evidence[0].verified = None;
        assert_eq!(after(untracked, "TRACE.awaited"), (Valid, false));
        assert_eq!(after(untracked, "TRACE.mismatch"), (Valid, false));
        let awaited = |f: &mut Facts| at_visit(f).evidence[0].verified = Some(false);
        assert_eq!(after(awaited, "TRACE.mismatch"), (Valid, false));
        assert_eq!(after(awaited, "TRACE.missing"), (Valid, false));
    }

    #[test]
    fn boundary_what_is_on_its_way_is_told_until_one_piece_of_its_kind_is_verified() {
        let awaited = |f: &mut Facts| at_visit(f).evidence[0].verified = Some(false);
        assert_eq!(after(awaited, "TRACE.awaited"), (Valid, true));
        let beside = |f: &mut Facts| {
            let mut second = at_visit(f).evidence[0].clone();
            second.verified = Some(false);
            at_visit(f).evidence.push(second);
        };
        assert_eq!(after(beside, "TRACE.awaited"), (Valid, false));
        let every_video = |f: &mut Facts| {
            for piece in &mut at_visit(f).evidence {
                piece.verified = Some(false);
            }
        };
        assert_eq!(after(every_video, "TRACE.awaited_video"), (Valid, true));
    }

    fn reviewed(verdict: ReviewVerdict, version: i64) -> Option<ReviewFact> {
        Some(ReviewFact { version, verdict })
    }

    /// The place was reviewed so, and answered to that version by a supplementary picture, if by any.
    fn reviewed_place(
        verdict: ReviewVerdict,
        answered: Option<(i64, bool)>,
        supplement: Option<ReviewVerdict>,
    ) -> impl FnOnce(&mut Facts) {
        move |f| {
            let visit = at_visit(f);
            let mut late = visit.evidence[0].clone();
            late.evidence_id = Some(EvidenceId(Uuid::from_u128(9)));
            late.review = supplement.and_then(|verdict| reviewed(verdict, 1));
            let place = &mut visit.evidence[0];
            place.review = reviewed(verdict, 2);
            if let Some((review, brings)) = answered {
                let answer = AnswerFact {
                    review,
                    answered: about(noon("2025-03-03")),
                    by: Some(user(1)),
                    supplement: brings.then_some(EvidenceId(Uuid::from_u128(9))),
                };
                place.answers.insert(AnswerId(Uuid::from_u128(8)), answer);
                if brings {
                    visit.evidence.push(late);
                }
            }
        }
    }

    #[test]
    fn violates_when_a_reviewer_rejected_the_only_piece_of_a_kind() {
        let rejected = || reviewed_place(ReviewVerdict::Rejected, None, None);
        assert_eq!(
            after(rejected(), "TRACE.not_counted"),
            (ValidWithViolation, true)
        );
        assert_eq!(
            after(rejected(), "TRACE.rejected"),
            (ValidWithViolation, true)
        );
        assert!(!after(rejected(), "TRACE.missing").1);
        let film = |f: &mut Facts| {
            photos_only(f);
            let visit = at_visit(f);
            let mut film = visit.evidence[0].clone();
            film.medium = "video".into();
            film.review = reviewed(ReviewVerdict::Rejected, 1);
            visit.evidence.push(film);
        };
        assert_eq!(
            after(film, "TRACE.no_video_counts"),
            (ValidWithViolation, true)
        );
    }

    #[test]
    fn passes_what_was_accepted_and_says_what_is_questioned_without_judging() {
        let accepted = || reviewed_place(ReviewVerdict::Accepted, None, None);
        let mut facts = one_sample(CITY);
        accepted()(&mut facts);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        let questioned = || reviewed_place(ReviewVerdict::Questioned, None, None);
        assert_eq!(after(questioned(), "TRACE.questioned"), (Valid, true));
        assert!(!after(questioned(), "TRACE.not_counted").1);
    }

    #[test]
    fn boundary_an_answer_to_this_version_ends_the_question_and_is_told_to_be_late() {
        let answered = |to| reviewed_place(ReviewVerdict::Questioned, Some((to, false)), None);
        for (to, still_asked) in [(1, true), (2, false)] {
            assert_eq!(
                after(answered(to), "TRACE.questioned"),
                (Valid, still_asked)
            );
            assert_eq!(after(answered(to), "TRACE.answered_late"), (Valid, true));
        }
    }

    #[test]
    fn boundary_a_picture_brought_late_counts_once_it_is_accepted_and_stays_late() {
        let brought = |verdict| reviewed_place(ReviewVerdict::Rejected, Some((2, true)), verdict);
        for (verdict, validity) in [
            (None, ValidWithViolation),
            (Some(ReviewVerdict::Questioned), ValidWithViolation),
            (Some(ReviewVerdict::Rejected), ValidWithViolation),
            (Some(ReviewVerdict::Accepted), Valid),
        ] {
            assert_eq!(after(brought(verdict), "TRACE.late"), (validity, true));
            let lacks = after(brought(verdict), "TRACE.not_counted").1;
            assert_eq!(lacks, validity != Valid, "{verdict:?}");
        }
    }

    #[test]
    fn boundary_a_review_is_of_the_bytes_that_were_looked_at_and_the_newest_stands() {
        let review = |version, verdict, byte| EvidenceReview {
            document_id: document(1),
            evidence_id: EvidenceId(Uuid::from_u128(3)),
            sha256: Digest([byte; 32]),
            version,
            verdict,
            reason: "模糊".into(),
            authority_id: organisation(CITY),
            authority: "局".into(),
            at_ms: 0,
        };
        let mut visit = visit();
        visit.evidence[0].evidence_id = Some(EvidenceId(Uuid::from_u128(3)));
        visit.evidence[0].sha256 = Some(Digest([1; 32]));
        let other = review(3, ReviewVerdict::Rejected, 2);
        lay_over_reviews(&mut visit, [&other]);
        assert_eq!(visit.evidence[0].review, None);
        let reviews = [
            review(2, ReviewVerdict::Questioned, 1),
            review(1, ReviewVerdict::Rejected, 1),
        ];
        lay_over_reviews(&mut visit, &reviews);
        assert_eq!(
            visit.evidence[0].review,
            reviewed(ReviewVerdict::Questioned, 2)
        );
    }

    #[test]
    fn boundary_of_two_uploads_under_one_name_the_one_that_matches_counts() {
        let both = |f: &mut Facts| at_visit(f).evidence[0].mismatched = true;
        assert_eq!(after(both, "TRACE.mismatch"), (Valid, false));
    }

    #[test]
    fn boundary_one_video_is_enough_and_evidence_of_another_sheet_is_none() {
        let one_video = |f: &mut Facts| {
            photos_only(f);
            at_visit(f).evidence[0].medium = "video".into();
        };
        assert_eq!(after(one_video, "TRACE.no_video"), (Valid, false));
        let of_sheet =
            |n| move |f: &mut Facts| at_visit(f).evidence[0].sample_id = Some(sample_id(n));
        assert_eq!(after(of_sheet(1), "TRACE.missing"), (Valid, false));
        assert_eq!(
            after(of_sheet(2), "TRACE.missing"),
            (ValidWithViolation, true)
        );
    }
}
