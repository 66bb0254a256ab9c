//! DUPLOT, 同一任务同一批号不得重复: the same product and lot twice in one task. Different lots drawn on one occasion are
//! one 次 and stand.
//!
//! The notices are silent; a configurable default.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::product::{Against, all, sameness, sheet_of};
use super::{SampleFact, Validity};
use crate::model::SampleId;

/// 同一任务同一批号不得重复
pub const RULE: Rule = Rule {
    id: "DUPLOT",
    title: Words {
        zh: "同一任务同一批号不得重复抽样",
        en: "One lot once in a task",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Product,
    predicate: Words {
        zh: "同一任务内对同一产品同一批号（或生产日期）抽样两次，后一份为重复",
        en: "the same product and lot sampled twice in one task: the later one is the duplicate",
    },
    exceptions: Words {
        zh: "不同批号不重复；批号和生产日期无法比较的转人工裁定",
        en: "different lots are not duplicates; where neither lot nor production date can be compared, a person decides",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "same_lot",
            words: Words {
                zh: "同一任务中已抽取同一批号（{earlier}）",
                en: "the same lot was already drawn in this task ({earlier})",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "可能与 {earlier} 为同一批号，须人工裁定（{why}）",
                en: "may be the same lot as {earlier}; a person decides ({why})",
            },
        },
    ],
};

fn same_lot(a: &SampleFact, b: &SampleFact) -> Against {
    let dates_differ = matches!(
        (&a.production_date, &b.production_date),
        (Some(x), Some(y)) if x != y
    );
    match (&a.lot_no, &b.lot_no) {
        (Some(x), Some(y)) if x == y && !dates_differ => Against::Certain,
        (Some(_), Some(_)) => Against::Nothing,
        _ if dates_differ => Against::Nothing,
        _ => Against::Possible("lot_unknown"),
    }
}

pub(super) fn against(ruling: &Ruling<'_>, earlier: &SampleFact, later: &SampleFact) -> Against {
    let same_task = earlier.task_id.is_some() && earlier.task_id == later.task_id;
    if !same_task || ruling.binding(&RULE, later).is_none() {
        return Against::Nothing;
    }
    all([
        sameness(&earlier.product, &later.product).into(),
        same_lot(earlier, later),
    ])
}

pub(super) fn allowed(ruling: &Ruling<'_>, sample: &SampleFact) -> Option<i64> {
    ruling.binding(&RULE, sample).map(|_| 1)
}

pub(super) fn duplicate(ruling: &mut Ruling<'_>, id: SampleId, winner: SampleId) {
    let Some((book, _)) = ruling.binding(&RULE, &ruling.facts.samples[&id]) else {
        return;
    };
    let earlier = vec![(
        "earlier",
        sheet_of(winner, ruling.facts.samples.get(&winner)),
    )];
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::Duplicate,
        "same_lot",
        earlier,
        Some(winner),
    );
}

pub(super) fn unsure(ruling: &mut Ruling<'_>, id: SampleId, other: SampleId, why: &'static str) {
    let Some((book, _)) = ruling.binding(&RULE, &ruling.facts.samples[&id]) else {
        return;
    };
    let arguments = vec![
        ("earlier", sheet_of(other, ruling.facts.samples.get(&other))),
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
