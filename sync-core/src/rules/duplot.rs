//! DUPLOT, 同一任务同一批号不得重复: the same product and lot twice in one task. Different lots drawn on one occasion are
//! one 次 and stand.
//!
//! The notices are silent; a configurable default.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::product::{Against, Sampling, all, sheet_of};
use super::rulebook::RuleSettings;
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

pub(super) fn same_lot(a: &SampleFact, b: &SampleFact) -> Against {
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

pub(super) fn against(
    _: &Ruling<'_>,
    _: &RuleSettings,
    earlier: &Sampling<'_>,
    later: &Sampling<'_>,
) -> Against {
    let task = earlier.fact.task_id;
    if task.is_none() || task != later.fact.task_id {
        return Against::Nothing;
    }
    all([
        earlier.sameness(later).into(),
        same_lot(earlier.fact, later.fact),
    ])
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

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// Two sheets of one entry and one task with the lots given.
    fn lots(first: Option<&str>, second: Option<&str>) -> Facts {
        let mut facts = product();
        facts.drawn(1, CITY, "2025-03-01");
        facts.drawn(2, CITY, "2025-03-02");
        for (n, lot) in [(1, first), (2, second)] {
            facts.at(n).entry_id = Some(entry_id(1));
            facts.at(n).lot_no = lot.map(str::to_owned);
        }
        facts
    }
    fn made(mut facts: Facts, first: Option<&str>, second: Option<&str>) -> Facts {
        facts.at(1).production_date = first.map(str::to_owned);
        facts.at(2).production_date = second.map(str::to_owned);
        facts
    }

    #[test]
    fn violates_when_one_lot_is_drawn_twice_in_one_task() {
        let facts = lots(Some("A"), Some("A"));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
        assert!(facts.said().contains("DUPLOT.same_lot"));
    }

    #[test]
    fn boundary_a_lot_of_a_producer_known_by_its_name_alone_may_be_the_same_lot() {
        for n in [1, 2] {
            let mut facts = lots(Some("A"), Some("A"));
            facts.at(n).product = by_name();
            assert_eq!(facts.validity_of_all(1), Valid);
            assert_eq!(facts.validity_of_all(2), NeedsRuling);
            assert!(facts.said_of_all().contains("DUPLOT.unsure"));
        }
    }

    #[test]
    fn passes_another_lot_another_product_and_another_task() {
        assert_eq!(lots(Some("A"), Some("B")).validity(2), Valid);
        let mut facts = lots(Some("A"), Some("A"));
        facts.at(2).product = another_model();
        assert_eq!(facts.validity(2), Valid);
        let mut facts = lots(Some("A"), Some("A"));
        facts.at(2).task_id = Some(task(99));
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn exempts_nobody_in_law_but_two_lots_of_one_visit_are_one_sampling() {
        let facts = lots(Some("A"), Some("B"));
        assert_eq!(facts.said(), BTreeSet::new());
    }

    #[test]
    fn exempts_nobody_in_law_but_sheets_without_a_task_are_in_no_common_task() {
        let mut facts = lots(Some("A"), Some("A"));
        facts.at(1).task_id = None;
        facts.at(2).task_id = None;
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn boundary_an_unknown_lot_needs_a_ruling_unless_the_dates_differ() {
        assert_eq!(lots(Some("A"), None).validity(2), NeedsRuling);
        assert_eq!(lots(None, None).validity(2), NeedsRuling);
        let dates = |second| made(lots(None, None), Some("2025-01-01"), Some(second));
        assert_eq!(dates("2025-01-02").validity(2), Valid);
        assert_eq!(dates("2025-01-01").validity(2), NeedsRuling);
    }

    #[test]
    fn boundary_one_lot_number_on_two_production_dates_is_two_lots() {
        let dates = |second| made(lots(Some("A"), Some("A")), Some("2025-01-01"), second);
        assert_eq!(dates(Some("2025-01-02")).validity(2), Valid);
        assert_eq!(dates(Some("2025-01-01")).validity(2), Duplicate);
        assert_eq!(dates(None).validity(2), Duplicate);
    }
}
