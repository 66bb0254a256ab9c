//! NOTSAMPLED, 未抽到样品与抽样并存: not-sampled against sampled: both are kept.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 未抽到样品与抽样并存
pub const RULE: Rule = Rule {
    id: "NOTSAMPLED",
    title: Words {
        zh: "未抽到样品与抽样并存",
        en: "Not sampled against sampled",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "同一次检查既记录未抽到样品又有抽样单",
        en: "a visit records 未抽到样品 and a sheet as well",
    },
    exceptions: Words {
        zh: "作废的抽样单不计",
        en: "a voided sheet does not count",
    },
    parameters: &[],
    messages: &[Message {
        key: "both",
        words: Words {
            zh: "既记录未抽到样品，又有抽样单；两者保留，由主管部门裁定",
            en: "both 未抽到样品 and a sheet are recorded; both are kept and the authority rules",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let visit = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id));
        if visit.is_some_and(|visit| visit.not_sampled) {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "both", vec![]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    const KEY: &str = "NOTSAMPLED.both";

    #[test]
    fn violates_when_a_visit_records_both_a_sheet_and_that_nothing_was_sampled() {
        let both = |f: &mut Facts| at_visit(f).not_sampled = true;
        assert_eq!(after(both, KEY), (NeedsRuling, true));
    }

    #[test]
    fn passes_a_sheet_alone_and_a_record_of_not_sampled_alone() {
        assert_eq!(after(|_| (), KEY), (Valid, false));
        let mut facts = one_sample(CITY);
        at_visit(&mut facts).not_sampled = true;
        facts.samples.clear();
        assert_eq!(facts.said(), BTreeSet::new());
    }

    #[test]
    fn exempts_a_spoiled_sheet_beside_the_record() {
        let spoiled = |f: &mut Facts| {
            at_visit(f).not_sampled = true;
            f.first().voided = Some("写错".into());
        };
        assert_eq!(after(spoiled, KEY), (Void, false));
    }

    #[test]
    fn boundary_one_sheet_left_beside_spoiled_ones_is_enough_and_another_visits_sheet_is_not() {
        let mut facts = one_sample(CITY);
        at_visit(&mut facts).not_sampled = true;
        facts.drawn(2, CITY, NOON).document_id = Some(document(1));
        facts.first().voided = Some("写错".into());
        assert_eq!((facts.validity(1), facts.validity(2)), (Void, NeedsRuling));
        let mut facts = one_sample(CITY);
        let nothing = VisitFact {
            not_sampled: true,
            ..visit()
        };
        facts.visits.insert(document(2), nothing);
        assert_eq!(facts.validity(1), Valid);
    }
}
