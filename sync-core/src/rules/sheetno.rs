//! SHEETNO, 抽样单编号重复: both are kept and their lab receipt is frozen.
//!
//! The notices are silent; a configurable default.

use super::collision;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 抽样单编号重复
pub const RULE: Rule = Rule {
    id: "SHEETNO",
    title: Words {
        zh: "抽样单编号重复",
        en: "One sheet number twice",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::SheetNumber,
    predicate: Words {
        zh: "同一编号用于两份抽样单，先后不论",
        en: "one sheet number on two sheets, whichever came first",
    },
    exceptions: Words {
        zh: "作废的抽样单和导入的抽样单也占用号码；企业出示的外来抽样只是提及号码，不算使用",
        en: "a voided sheet and an imported one have used their numbers as well; a sampling claimed by the enterprise names a number and does not use it",
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
    collision::check(ruling, &RULE, number, |sample| {
        sample.sheet_no.as_deref() == Some(number)
    });
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    const NUMBER: Number = Number {
        collision: "SHEETNO.collision",
        scope: |sheet_no| ScopeKey::SheetNumber { sheet_no },
        put: |sheet, number| sheet.sheet_no = Some(number),
    };

    #[test]
    fn violates_when_one_number_is_on_several_sheets_and_freezes_all_of_them() {
        NUMBER.freezes_all_that_carry_it();
    }

    #[test]
    fn passes_a_number_on_one_sheet() {
        NUMBER.passes_once();
    }

    #[test]
    fn exempts_nobody_not_even_a_spoiled_sheet_which_has_used_its_number() {
        NUMBER.is_used_by_a_spoiled_sheet();
    }

    #[test]
    fn exempts_a_claimed_sampling_which_names_a_number_and_does_not_use_it() {
        NUMBER.is_used_by_history_and_not_by_a_claim();
    }

    #[test]
    fn boundary_a_number_that_differs_in_one_character_is_another() {
        NUMBER.differs_by_one_character();
    }
}
