//! SEALED, 同一抽样单两次封样: two different seals over one sheet freeze its lab receipt.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 同一抽样单两次封样
pub const RULE: Rule = Rule {
    id: "SEALED",
    title: Words {
        zh: "同一抽样单两次封样",
        en: "Two seals over one sheet",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "同一抽样单有两个内容不同的封样签名",
        en: "one sheet carries two different seals",
    },
    exceptions: Words {
        zh: "两个均保留，由人裁定",
        en: "both are kept; a person decides",
    },
    parameters: &[],
    messages: &[Message {
        key: "two_seals",
        words: Words {
            zh: "同一抽样单有 {count} 个不同的封样签名",
            en: "{count} different seals over one sheet",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if sample.distinct_seals > 1 {
            let arguments = vec![("count", sample.distinct_seals.to_string())];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "two_seals",
                arguments,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn seals(count: u32) -> impl FnOnce(&mut Facts) {
        move |f| f.first().distinct_seals = count
    }

    #[test]
    fn violates_when_a_sheet_carries_three_different_seals() {
        assert_eq!(after(seals(3), "SEALED.two_seals"), (NeedsRuling, true));
    }

    #[test]
    fn passes_a_sheet_with_one_seal() {
        assert_eq!(after(seals(1), "SEALED.two_seals"), (Valid, false));
    }

    #[test]
    fn exempts_nobody_in_law_but_a_sheet_that_is_not_sealed_yet_is_no_collision() {
        assert_eq!(after(seals(0), "SEALED.two_seals"), (Valid, false));
    }

    #[test]
    fn boundary_the_second_different_seal_freezes_the_sheet() {
        assert_eq!(after(seals(2), "SEALED.two_seals"), (NeedsRuling, true));
    }
}
