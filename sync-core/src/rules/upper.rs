//! UPPER, 上抽下不抽: a lower level does not repeat what an upper level has sampled.
//!
//! 晋市监发〔2023〕212号 二: “坚持‘上抽下不抽’的原则”. Only the order of sampling counts: lower first and upper later are
//! both valid, whatever the order of upload.

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::product::{Against, all, day_of, sameness, sheet_of, within};
use super::{SampleFact, Validity};
use crate::model::{OrganisationId, SampleId};

/// 上抽下不抽
pub const RULE: Rule = Rule {
    id: "UPPER",
    title: Words {
        zh: "上抽下不抽",
        en: "What the upper level sampled, the lower does not",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 二",
        quote: "坚持“上抽下不抽”的原则",
    },
    scope: ScopeKind::Product,
    predicate: Words {
        zh: "上级部门抽样后六个月内（含对应日），下级部门再抽同一产品，下级的为重复",
        en: "a lower authority samples the same product no later than the corresponding day six months after an ancestor authority did: the lower one is the duplicate",
    },
    exceptions: Words {
        zh: "下级先抽、上级后抽，均有效；跟踪、应急、复查不计；不能确定先后的，下级的转人工裁定",
        en: "lower first and upper later are both valid; tracking, emergency and recheck do not count; where the order cannot be told the lower one needs a ruling",
    },
    parameters: &[
        Parameter {
            name: "window_months",
            default: DefaultValue::Number {
                value: 6,
                min: 1,
                max: 60,
            },
            meaning: Words {
                zh: "期限（月）",
                en: "window, in months",
            },
        },
        Parameter {
            name: "exempt_kinds",
            default: DefaultValue::List(&["tracking", "emergency", "recheck"]),
            meaning: EXEMPT_KINDS_MEANING,
        },
    ],
    messages: &[
        Message {
            key: "upper_sampled_before",
            words: Words {
                zh: "上级{authority}已于 {earlier_day} 抽查过同一产品（{earlier}），{day} 不得再抽",
                en: "{authority}, an upper level, sampled the same product on {earlier_day} ({earlier}); not again on {day}",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "上级可能已于 {earlier_day} 抽查过同一产品（{earlier}），须人工裁定（{why}）",
                en: "an upper level may have sampled the same product on {earlier_day} ({earlier}); a person decides ({why})",
            },
        },
    ],
};

/// Climbs the parents; a broken or circular chain ends the climb.
fn is_ancestor(ruling: &Ruling<'_>, upper: OrganisationId, lower: OrganisationId) -> bool {
    let organisations = &ruling.facts.organisations;
    let mut at = lower;
    for _ in 0..organisations.len() {
        match organisations
            .get(&at)
            .and_then(|organisation| organisation.parent_id)
        {
            Some(parent) if parent == upper => return true,
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}

pub(super) fn against(ruling: &Ruling<'_>, earlier: &SampleFact, later: &SampleFact) -> Against {
    let Some((_, settings)) = ruling.binding(&RULE, later) else {
        return Against::Nothing;
    };
    let exempt = |sample: &SampleFact| settings.lists("exempt_kinds", &sample.sampling_kind);
    let levels = (ruling.authority_of(earlier), ruling.authority_of(later));
    let (Some(upper), Some(lower)) = levels else {
        return Against::Nothing;
    };
    if exempt(earlier) || exempt(later) || !is_ancestor(ruling, upper, lower) {
        return Against::Nothing;
    }
    let (a, b) = (earlier.sampled.usable(), later.sampled.usable());
    all([
        within(a, b, settings.number("window_months")).into(),
        sameness(&earlier.product, &later.product).into(),
    ])
}

pub(super) fn allowed(ruling: &Ruling<'_>, sample: &SampleFact) -> Option<i64> {
    ruling.binding(&RULE, sample).map(|_| 1)
}

pub(super) fn duplicate(ruling: &mut Ruling<'_>, id: SampleId, winner: SampleId) {
    let sample = &ruling.facts.samples[&id];
    let earlier = &ruling.facts.samples[&winner];
    let Some((book, _)) = ruling.binding(&RULE, sample) else {
        return;
    };
    let arguments = vec![
        ("authority", ruling.name_of(ruling.authority_of(earlier))),
        ("earlier_day", day_of(earlier)),
        ("earlier", sheet_of(winner, Some(earlier))),
        ("day", day_of(sample)),
    ];
    let key = "upper_sampled_before";
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::Duplicate,
        key,
        arguments,
        Some(winner),
    );
}

pub(super) fn unsure(ruling: &mut Ruling<'_>, id: SampleId, other: SampleId, why: &'static str) {
    let sample = &ruling.facts.samples[&id];
    let earlier = &ruling.facts.samples[&other];
    let Some((book, _)) = ruling.binding(&RULE, sample) else {
        return;
    };
    let arguments = vec![
        ("earlier_day", day_of(earlier)),
        ("earlier", sheet_of(other, Some(earlier))),
        ("why", why.to_owned()),
    ];
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::NeedsRuling,
        "unsure",
        arguments,
        Some(other),
    );
}
