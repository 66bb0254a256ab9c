//! YEAR3, 同一年度抽查不得超过3次: one producer or seller is not visited more than three times a year.
//!
//! 沪市监产质〔2024〕31号 (三): “在同一年度内，除专项抽查（应急抽查）、跟踪抽查外，原则上对同一家生产者或销售者抽查不得超过3次，
//! ……前述限制数适用于全市各级市场监管部门”. So the visits of the city and all its districts count together and national ones
//! do not; 原则上 leaves the overshoot to a person.

use std::collections::BTreeMap;

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::overshoot::{Counted, Place, places};
use super::{SampleFact, Standing, Validity};
use crate::model::{Interval, SampleId};

/// 同一年度抽查不得超过3次
pub const RULE: Rule = Rule {
    id: "YEAR3",
    title: Words {
        zh: "同一年度抽查不得超过3次",
        en: "No more than three visits a year",
    },
    citation: Citation {
        source: "沪市监产质〔2024〕31号 （三）",
        quote: "在同一年度内，除专项抽查（应急抽查）、跟踪抽查外，原则上对同一家生产者或销售者抽查不得超过3次，……前述限制数适用于全市各级市场监管部门",
    },
    scope: ScopeKind::EnterpriseYear,
    predicate: Words {
        zh: "同一自然年（上海时间）内，全市各级对同一家生产者或销售者的抽查超过限定次数；最早的若干次成立，其余转人工裁定",
        en: "more visits of one sampled party in one calendar year (Asia/Shanghai) by the authorities of the city and its districts than allowed; the earliest stand, the rest need a ruling",
    },
    exceptions: Words {
        zh: "专项、应急、跟踪、复查不计也不受限；同一次中只计其他任务；联合进门为一次；国家级抽查不计",
        en: "special, emergency, tracking and recheck are neither counted nor limited; in a mixed visit only the other tasks count; a joint entry is one visit; national samplings do not count",
    },
    parameters: &[
        Parameter {
            name: "max_visits",
            default: DefaultValue::Number {
                value: 3,
                min: 1,
                max: 365,
            },
            meaning: Words {
                zh: "每年允许的次数（次）",
                en: "visits allowed a calendar year",
            },
        },
        Parameter {
            name: "exempt_kinds",
            default: DefaultValue::List(&["special", "emergency", "tracking", "recheck"]),
            meaning: EXEMPT_KINDS_MEANING,
        },
        Parameter {
            name: "counted_levels",
            default: DefaultValue::List(&["province", "city", "county"]),
            meaning: Words {
                zh: "计入的组织部门层级",
                en: "levels of the organising authorities that count",
            },
        },
    ],
    messages: &[
        Message {
            key: "over",
            words: Words {
                zh: "{year} 年内该单位已被抽查 {max} 次，本次（{day}）超出，须人工裁定",
                en: "this party was already visited {max} times in {year}; the visit of {day} is over the limit and needs a ruling",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "{year} 年内的次数不能确定，本次（{day}）可能超出 {max} 次",
                en: "the visits of {year} cannot be counted for certain; that of {day} may be over {max}",
            },
        },
    ],
};

/// What makes one 次: a joint entry, the first entry with its continuations, an entry, or a day for samplings made
/// elsewhere.
fn occasion(ruling: &Ruling<'_>, id: SampleId, sample: &SampleFact) -> String {
    let Some(entry_id) = &sample.entry_id else {
        let (first, last) = sample.sampled.usable().shanghai_days();
        return match ruling.authority_of(sample) {
            Some(authority) if first == last => {
                let body = sample
                    .body_id
                    .map_or_else(String::new, |body| body.to_string());
                format!("elsewhere/{authority}/{body}/{first}")
            }
            _ => format!("sample/{id}"),
        };
    };
    let Some(entry) = ruling.facts.entries.get(entry_id) else {
        return format!("entry/{entry_id}");
    };
    // A joint entry is claimed by its members; on different days they were not together.
    let (day, _) = entry.entered.usable().shanghai_days();
    match (entry.joint_entry_id, ruling.standing(entry_id)) {
        (Some(joint), _) => format!("joint/{joint}/{day}"),
        (None, Some(Standing::First | Standing::Continuation)) => {
            format!(
                "door/{}/{}/{}",
                entry.campaign_id, entry.body_id, entry.enterprise
            )
        }
        _ => format!("entry/{entry_id}"),
    }
}

struct Visit {
    counted: Counted,
    samples: Vec<SampleId>,
}

pub(super) fn check(ruling: &mut Ruling<'_>, year: i16) {
    let mut visits: BTreeMap<String, Visit> = BTreeMap::new();
    for (id, sample) in ruling.samples() {
        let Some((_, settings)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let level = ruling
            .authority_of(sample)
            .and_then(|authority| ruling.facts.organisations.get(&authority))
            .and_then(|organisation| organisation.level.as_deref());
        let so_far = ruling.so_far(id);
        let out = matches!(so_far, Validity::Duplicate | Validity::Void);
        if out
            || settings.lists("exempt_kinds", &sample.sampling_kind)
            || !level.is_some_and(|level| settings.lists("counted_levels", level))
        {
            continue;
        }
        let when = sample.sampled.usable();
        let (first, last) = when.shanghai_days();
        let certain = so_far.counts() && first.year() == year && last.year() == year;
        let decided = ruling.is_decided(id);
        let limit = Some(settings.number("max_visits"));
        let visit = visits
            .entry(occasion(ruling, id, sample))
            .or_insert_with(|| Visit {
                counted: Counted {
                    when,
                    certain: false,
                    limit,
                    decided: false,
                },
                samples: Vec::new(),
            });
        visit.counted.when = Interval {
            lo: visit.counted.when.lo.min(when.lo),
            hi: visit.counted.when.hi.min(when.hi),
        };
        visit.counted.certain |= certain;
        visit.counted.decided |= decided && so_far.counts();
        visit.counted.limit = visit.counted.limit.min(limit);
        visit.samples.push(id);
    }
    let visits: Vec<Visit> = visits.into_values().collect();
    let counted: Vec<Counted> = visits.iter().map(|visit| visit.counted).collect();
    // What turns out to be over needs a ruling and so no longer counts for certain; it can only push later ones from
    // "over" to "unsure", and those need a ruling either way, so one pass is enough.
    let judged = places(&counted);
    for (visit, place) in visits.iter().zip(judged) {
        let key = match place {
            Place::Within => continue,
            Place::Over => "over",
            Place::Unsure => "unsure",
        };
        for id in &visit.samples {
            let sample = &ruling.facts.samples[id];
            if ruling.is_decided(*id) {
                continue;
            }
            let Some((book, settings)) = ruling.binding(&RULE, sample) else {
                continue;
            };
            let arguments = vec![
                ("year", year.to_string()),
                ("max", settings.number("max_visits").to_string()),
                ("day", super::product::day_of(sample)),
            ];
            ruling.judge(&RULE, book, *id, Validity::NeedsRuling, key, arguments);
        }
    }
}
