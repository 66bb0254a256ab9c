//! TRACE, 全程留痕: a trail of photos or video for entry, sampling and sealing.
//!
//! 晋市监发〔2023〕212号 五: “通过在线视频、录像等方式留存证据，确保全程留痕和可追溯”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::{EvidenceFact, SamplingSource, Validity};

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
        zh: "缺少规定种类的影像、缺少录像，影像尚未核验，或影像与清单不符",
        en: "a kind of evidence is missing, a video is missing where one is required, their bytes are not verified yet, or bytes do not match the manifest",
    },
    exceptions: Words {
        zh: "尚未上传或核验的影像仅作提示，不影响效力：现场离线采集即符合要求",
        en: "evidence that is still on its way is told and changes no validity: capturing at the scene, offline, complies",
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

pub(super) fn check(ruling: &mut Ruling<'_>) {
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
            let (validity, key) = match Trail::of(own().filter(|it| it.kind == kind)) {
                Trail::There => continue,
                Trail::Missing => (Validity::ValidWithViolation, "missing"),
                Trail::Awaited => (Validity::Valid, "awaited"),
            };
            let arguments = vec![("kind", kind.to_owned())];
            ruling.judge(&RULE, book, id, validity, key, arguments);
        }
        if settings.switch("video_required") {
            match Trail::of(own().filter(|it| it.medium == "video")) {
                Trail::There => {}
                Trail::Missing => {
                    let validity = Validity::ValidWithViolation;
                    ruling.judge(&RULE, book, id, validity, "no_video", vec![]);
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
