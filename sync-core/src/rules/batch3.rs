//! BATCH3, 每个任务不得超过3个批次.
//!
//! 沪市监产质〔2024〕31号 (三): “每个任务不得超过3个批次”. 原则上 leaves the overshoot to a person; it is not void.

use std::collections::BTreeMap;

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::overshoot::{Counted, Place, places};
use super::{SampleFact, Validity};
use crate::model::SampleId;

/// 每个任务不得超过3个批次
pub const RULE: Rule = Rule {
    id: "BATCH3",
    title: Words {
        zh: "每个任务不得超过3个批次",
        en: "No more than three batches a task in one visit",
    },
    citation: Citation {
        source: "沪市监产质〔2024〕31号 （三）",
        quote: "每个任务不得超过3个批次",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "一次进门中一个任务的批次超过限定数；最早的若干批成立，其余转人工裁定",
        en: "more batches of one task in one visit than allowed: the earliest stand, the rest need a ruling",
    },
    exceptions: Words {
        zh: "专项、应急、跟踪、复查不计也不受限；先后不能确定的转人工裁定",
        en: "special, emergency, tracking and recheck are neither counted nor limited; where the order cannot be told a person decides",
    },
    parameters: &[
        Parameter {
            name: "max_batches",
            default: DefaultValue::Number {
                value: 3,
                min: 1,
                max: 100,
            },
            meaning: Words {
                zh: "每次每个任务允许的批次数（批）",
                en: "batches of one task allowed a visit",
            },
        },
        Parameter {
            name: "exempt_kinds",
            default: DefaultValue::List(&["special", "emergency", "tracking", "recheck"]),
            meaning: EXEMPT_KINDS_MEANING,
        },
    ],
    messages: &[
        Message {
            key: "over",
            words: Words {
                zh: "本次此任务已抽 {max} 个批次，此批次超出",
                en: "this visit already drew {max} batches of the task; this one is over the limit",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "本次各批次先后不能确定，此批次可能超出 {max} 个",
                en: "the order of this visit's batches cannot be told; this one may be over {max}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    let mut tasks: BTreeMap<_, Vec<(SampleId, Counted)>> = BTreeMap::new();
    for (id, sample, limit) in limited(ruling) {
        let Some(task_id) = sample.task_id else {
            continue;
        };
        let counted = Counted {
            when: sample.sampled.usable(),
            certain: true,
            limit: Some(limit),
            decided: ruling.is_decided(id),
        };
        tasks.entry(task_id).or_default().push((id, counted));
    }
    for batches in tasks.values() {
        let counted: Vec<Counted> = batches.iter().map(|(_, counted)| *counted).collect();
        for ((id, _), place) in batches.iter().zip(places(&counted)) {
            say(ruling, *id, place);
        }
    }
}

/// Samples that the limit binds, with the limit.
fn limited<'a>(ruling: &Ruling<'a>) -> Vec<(SampleId, &'a SampleFact, i64)> {
    let bound = |(id, sample): (SampleId, &'a SampleFact)| {
        let (_, settings) = ruling.binding(&RULE, sample)?;
        let exempt = settings.lists("exempt_kinds", &sample.sampling_kind)
            || matches!(ruling.so_far(id), Validity::Void | Validity::Duplicate);
        (!exempt).then(|| (id, sample, settings.number("max_batches")))
    };
    ruling.samples().into_iter().filter_map(bound).collect()
}

fn say(ruling: &mut Ruling<'_>, id: SampleId, place: Place) {
    let key = match place {
        Place::Within => return,
        Place::Over => "over",
        Place::Unsure => "unsure",
    };
    let Some((book, settings)) = ruling.binding(&RULE, &ruling.facts.samples[&id]) else {
        return;
    };
    let max = vec![("max", settings.number("max_batches").to_string())];
    ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, max);
}
