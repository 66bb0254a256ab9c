//! DUP6, 六个月内不得重复抽查: the same authority does not sample the same product twice within six months.
//!
//! 晋市监发〔2023〕212号 二: “严格执行对同一监管部门不得在6个月内对同一生产者按照同一标准生产的同一商标、同一规格型号的产品
//! 进行2次以上的监督抽查规定”. The second is the violation, since 以上 includes the number itself. The scope is the
//! producer, so that samples of its goods from the market count.

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::product::{Against, all, day_of, same_occasion, sameness, sheet_of, within};
use super::{SampleFact, Validity};
use crate::model::SampleId;

/// 六个月内不得重复抽查
pub const RULE: Rule = Rule {
    id: "DUP6",
    title: Words {
        zh: "六个月内不得重复抽查",
        en: "No second sampling within six months",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 二",
        quote: "严格执行对同一监管部门不得在6个月内对同一生产者按照同一标准生产的同一商标、同一规格型号的产品进行2次以上的监督抽查规定",
    },
    scope: ScopeKind::Product,
    predicate: Words {
        zh: "同一监管部门在首次抽样之日起六个月内（含对应日，月末截断）对同一生产者、标准、商标、规格型号的产品再次抽样；不论上传先后，按抽样日期",
        en: "the same authority samples the same producer, standards, trademark and model again no later than the corresponding day six months on (clamped to the month's end); by sampling date, whatever the order of upload",
    },
    exceptions: Words {
        zh: "跟踪、应急、复查不计也不受限；同一次进门的不同批号为一次；生产者无信用代码、标准部分相同、缺少要素、日期跨越界限、先后不能确定的转人工裁定",
        en: "tracking, emergency and recheck are neither counted nor limited; lots drawn on one occasion are one sampling; a producer without a credit code, standards shared in part, missing keys, a date that may lie on either side of the boundary, and an order that cannot be told need a ruling",
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
            name: "max_samplings",
            default: DefaultValue::Number {
                value: 1,
                min: 1,
                max: 100,
            },
            meaning: Words {
                zh: "期限内允许的抽查次数",
                en: "samplings allowed within the window",
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
            key: "within_window",
            words: Words {
                zh: "{authority}已于 {earlier_day} 抽查过同一产品（{earlier}），{day} 的抽样在 {months} 个月之内",
                en: "{authority} sampled the same product on {earlier_day} ({earlier}); {day} is within {months} months",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "可能与 {earlier_day} 的抽样（{earlier}）重复，须人工裁定（{why}）",
                en: "may repeat the sampling of {earlier_day} ({earlier}); a person decides ({why})",
            },
        },
    ],
};

pub(super) fn against(ruling: &Ruling<'_>, earlier: &SampleFact, later: &SampleFact) -> Against {
    let Some((_, settings)) = ruling.binding(&RULE, later) else {
        return Against::Nothing;
    };
    let exempt = |sample: &SampleFact| settings.lists("exempt_kinds", &sample.sampling_kind);
    if exempt(earlier) || exempt(later) || same_occasion(ruling, earlier, later) {
        return Against::Nothing;
    }
    let authority = match (ruling.authority_of(earlier), ruling.authority_of(later)) {
        (Some(a), Some(b)) if a == b => Against::Certain,
        (Some(_), Some(_)) => Against::Nothing,
        _ => Against::Possible("authority_unknown"),
    };
    let (a, b) = (earlier.sampled.usable(), later.sampled.usable());
    // Where the order cannot be told, the window is measured from whichever may be first.
    let (first, second) = if b.lo < a.lo { (b, a) } else { (a, b) };
    all([
        authority,
        within(first, second, settings.number("window_months")).into(),
        sameness(&earlier.product, &later.product).into(),
    ])
}

pub(super) fn allowed(ruling: &Ruling<'_>, sample: &SampleFact) -> Option<i64> {
    ruling
        .binding(&RULE, sample)
        .map(|(_, settings)| settings.number("max_samplings"))
}

pub(super) fn duplicate(ruling: &mut Ruling<'_>, id: SampleId, winner: SampleId) {
    let sample = &ruling.facts.samples[&id];
    let earlier = &ruling.facts.samples[&winner];
    let Some((book, settings)) = ruling.binding(&RULE, sample) else {
        return;
    };
    let arguments = vec![
        ("authority", ruling.name_of(ruling.authority_of(sample))),
        ("earlier_day", day_of(earlier)),
        ("earlier", sheet_of(winner, Some(earlier))),
        ("day", day_of(sample)),
        ("months", settings.number("window_months").to_string()),
    ];
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::Duplicate,
        "within_window",
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
