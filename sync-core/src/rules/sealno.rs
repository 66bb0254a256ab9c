//! SEALNO, 封条号重复: both are kept and their lab receipt is frozen.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use crate::model::SampleId;

/// 封条号重复
pub const RULE: Rule = Rule {
    id: "SEALNO",
    title: Words {
        zh: "封条号重复",
        en: "One seal number twice",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::SealNumber,
    predicate: Words {
        zh: "同一封条号用于两份抽样单，先后不论",
        en: "one seal number on two sheets, whichever came first",
    },
    exceptions: Words {
        zh: "作废的抽样单也占用号码",
        en: "a voided sheet has used its number as well",
    },
    parameters: &[],
    messages: &[Message {
        key: "collision",
        words: Words {
            zh: "号码 {number} 同时用于 {others}，样品冻结待裁定",
            en: "{number} is also used on {others}; the lab receipt is frozen",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>, number: &str) {
    let holders: Vec<SampleId> = ruling
        .facts
        .samples
        .iter()
        .filter(|(_, sample)| sample.seal_numbers.contains(number))
        .map(|(id, _)| *id)
        .collect();
    for (id, sample) in ruling.samples() {
        let others: Vec<String> = holders
            .iter()
            .filter(|other| **other != id)
            .map(ToString::to_string)
            .collect();
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if !others.is_empty() {
            let arguments = vec![("number", number.to_owned()), ("others", others.join(", "))];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "collision",
                arguments,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// Sheets numbered from 1 with the seal numbers given.
    fn numbered(numbers: &[&str]) -> Facts {
        let mut facts = facts(ScopeKey::SealNumber {
            seal_no: "F1".into(),
        });
        for (n, number) in (1..).zip(numbers) {
            let sample = facts.drawn(n, CITY, NOON);
            sample.seal_numbers = BTreeSet::from([(*number).to_owned()]);
        }
        facts
    }

    #[test]
    fn violates_when_one_number_is_on_two_sheets_and_freezes_both() {
        let facts = numbered(&["F1", "F1"]);
        assert_eq!(
            (facts.validity(1), facts.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
        assert!(facts.said().contains("SEALNO.collision"));
        assert_eq!(numbered(&["F1", "F1", "F1"]).validity(3), NeedsRuling);
    }

    #[test]
    fn passes_a_number_on_one_sheet() {
        let facts = numbered(&["F1"]);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_nobody_not_even_a_spoiled_sheet_which_has_used_its_number() {
        let mut facts = numbered(&["F1", "F1"]);
        facts.at(1).voided = Some("写错".into());
        assert_eq!((facts.validity(1), facts.validity(2)), (Void, NeedsRuling));
    }

    #[test]
    fn boundary_a_number_that_differs_in_one_character_is_another() {
        let facts = numbered(&["F1", "F12"]);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        assert!(
            !facts
                .ruled()
                .outcomes
                .contains_key(&Subject::Sample(sample_id(2)))
        );
    }
}
