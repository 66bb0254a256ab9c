//! TRACE, 全程留痕: a trail of photos or video for entry, sampling and sealing.
//!
//! 晋市监发〔2023〕212号 五: “通过在线视频、录像等方式留存证据，确保全程留痕和可追溯”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::{SamplingSource, Validity};

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
        zh: "缺少规定种类的影像、缺少录像，或影像与清单不符",
        en: "a kind of evidence is missing, a video is missing where one is required, or bytes do not match the manifest",
    },
    exceptions: Words {
        zh: "未上传完的影像不判断内容",
        en: "bytes that have not arrived are not judged",
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
            key: "mismatch",
            words: Words {
                zh: "影像与清单的哈希不符：{kind}",
                en: "bytes do not match the manifest: {kind}",
            },
        },
    ],
};

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
            if !own().any(|evidence| evidence.kind == kind) {
                let arguments = vec![("kind", kind.to_owned())];
                ruling.judge(
                    &RULE,
                    book,
                    id,
                    Validity::ValidWithViolation,
                    "missing",
                    arguments,
                );
            }
        }
        if settings.switch("video_required") && !own().any(|e| e.medium == "video") {
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::ValidWithViolation,
                "no_video",
                vec![],
            );
        }
        for evidence in own().filter(|evidence| evidence.verified == Some(false)) {
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
