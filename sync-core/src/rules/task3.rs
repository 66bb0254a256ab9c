//! TASK3, 每次不得超过3个任务.
//!
//! 沪市监产质〔2024〕31号 (三): “每次不得超过3个任务”. 原则上 leaves the overshoot to a person; it is not void.

use std::collections::BTreeMap;

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::overshoot::{Counted, Place, places};
use super::{SampleFact, Validity};
use crate::model::{Interval, SampleId};

/// 每次不得超过3个任务
pub const RULE: Rule = Rule {
    id: "TASK3",
    title: Words {
        zh: "每次不得超过3个任务",
        en: "No more than three tasks a visit",
    },
    citation: Citation {
        source: "沪市监产质〔2024〕31号 （三）",
        quote: "每次不得超过3个任务",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "一次进门中的任务超过限定数；最早的若干个成立，其余转人工裁定",
        en: "more tasks in one visit than allowed: the earliest stand, the rest need a ruling",
    },
    exceptions: Words {
        zh: "专项、应急、跟踪、复查不计也不受限；先后不能确定的转人工裁定",
        en: "special, emergency, tracking and recheck are neither counted nor limited; where the order cannot be told a person decides",
    },
    parameters: &[
        Parameter {
            name: "max_tasks",
            default: DefaultValue::Number {
                value: 3,
                min: 1,
                max: 100,
            },
            meaning: Words {
                zh: "每次允许的任务数（个）",
                en: "tasks allowed a visit",
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
                zh: "本次已抽 {max} 个任务，此任务超出",
                en: "this visit already served {max} tasks; this one is over the limit",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "本次的任务先后不能确定，此任务可能超出 {max} 个",
                en: "the order of this visit's tasks cannot be told; this one may be over {max}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    let mut tasks: BTreeMap<_, (Interval, i64, Vec<SampleId>)> = BTreeMap::new();
    for (id, sample, limit) in limited(ruling) {
        let Some(task_id) = sample.task_id else {
            continue;
        };
        let when = sample.sampled.usable();
        let (first, max, samples) = tasks.entry(task_id).or_insert((when, limit, Vec::new()));
        *first = Interval {
            lo: first.lo.min(when.lo),
            hi: first.hi.min(when.hi),
        };
        *max = limit.min(*max);
        samples.push(id);
    }
    let counted: Vec<Counted> = tasks
        .values()
        .map(|(when, limit, samples)| Counted {
            when: *when,
            certain: true,
            limit: Some(*limit),
            decided: samples
                .iter()
                .any(|id| ruling.is_decided(*id) && ruling.so_far(*id).counts()),
        })
        .collect();
    for ((_, _, samples), place) in tasks.values().zip(places(&counted)) {
        for id in samples {
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
        (!exempt).then(|| (id, sample, settings.number("max_tasks")))
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
    let max = vec![("max", settings.number("max_tasks").to_string())];
    ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, max);
}
