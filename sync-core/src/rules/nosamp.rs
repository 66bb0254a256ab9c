//! NOSAMP, 不得抽样的产品: goods that must not be sampled.
//!
//! The notices are silent; a configurable default.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 不得抽样的产品
pub const RULE: Rule = Rule {
    id: "NOSAMP",
    title: Words {
        zh: "不得抽样的产品",
        en: "Goods that must not be sampled",
    },
    citation: Citation {
        source: "产品质量监督抽查管理暂行办法",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "抽样基数不足、非供销售或全部出口、标注试制/处理/样品的产品被抽样",
        en: "the base is too small, the goods are export-only or not for sale, or marked as trial, reject or display goods",
    },
    exceptions: Words {
        zh: "未知最小基数时不判断",
        en: "where no minimum base is known, the base is not judged",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "base_too_small",
            words: Words {
                zh: "抽样基数 {base} 小于细则规定的 {min}（千分之一单位）",
                en: "the base {base} is below the {min} that the product rule asks for (thousandths of the unit)",
            },
        },
        Message {
            key: "export_only",
            words: Words {
                zh: "产品全部出口",
                en: "the goods are for export only",
            },
        },
        Message {
            key: "not_for_sale",
            words: Words {
                zh: "产品标注“{mark}”，不得抽样",
                en: "the goods are marked “{mark}” and must not be sampled",
            },
        },
        Message {
            key: "base_below_drawn",
            words: Words {
                zh: "抽样基数 {base} 小于抽取数量 {drawn}",
                en: "the base {base} is below the {drawn} that was drawn",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let drawn = sample
            .test_qty_milli
            .unwrap_or(0)
            .saturating_add(sample.spare_qty_milli.unwrap_or(0));
        if let (Some(base), Some(min)) = (sample.lot_base_milli, sample.min_base_milli)
            && base < min
        {
            let arguments = vec![("base", base.to_string()), ("min", min.to_string())];
            ruling.judge(&RULE, book, id, Validity::Void, "base_too_small", arguments);
        }
        if let Some(base) = sample.lot_base_milli
            && base < drawn
        {
            let arguments = vec![("base", base.to_string()), ("drawn", drawn.to_string())];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "base_below_drawn",
                arguments,
            );
        }
        if sample.export_only {
            ruling.judge(&RULE, book, id, Validity::Void, "export_only", vec![]);
        }
        if let Some(mark) = &sample.not_for_sale {
            let arguments = vec![("mark", mark.clone())];
            ruling.judge(&RULE, book, id, Validity::Void, "not_for_sale", arguments);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn base(milli: i64) -> impl FnOnce(&mut Facts) {
        move |f| f.first().lot_base_milli = Some(milli)
    }

    #[test]
    fn violates_when_the_base_is_too_small_or_the_goods_are_not_for_sale_here() {
        assert_eq!(after(base(1), "NOSAMP.base_too_small"), (Void, true));
        let export = |f: &mut Facts| f.first().export_only = true;
        assert_eq!(after(export, "NOSAMP.export_only"), (Void, true));
        for mark in ["试制", "处理", "样品"] {
            let marked = |f: &mut Facts| f.first().not_for_sale = Some(mark.into());
            assert_eq!(after(marked, "NOSAMP.not_for_sale"), (Void, true));
        }
    }

    #[test]
    fn passes_with_a_base_above_the_minimum_and_goods_for_sale() {
        let facts = one_sample(CITY);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_a_small_base_where_no_product_rule_names_a_minimum() {
        let unknown = |f: &mut Facts| {
            base(3_500)(f);
            f.first().min_base_milli = None;
        };
        assert_eq!(after(unknown, "NOSAMP.base_too_small"), (Valid, false));
    }

    #[test]
    fn boundary_exactly_the_minimum_passes_and_a_thousandth_less_is_void() {
        assert_eq!(after(base(50_000), "NOSAMP.base_too_small"), (Valid, false));
        assert_eq!(after(base(49_999), "NOSAMP.base_too_small"), (Void, true));
    }

    #[test]
    fn boundary_a_base_of_just_what_was_drawn_passes_and_a_thousandth_less_needs_a_ruling() {
        let drawn_from = |milli| {
            move |f: &mut Facts| {
                base(milli)(f);
                f.first().min_base_milli = None;
            }
        };
        let key = "NOSAMP.base_below_drawn";
        assert_eq!(after(drawn_from(3_000), key), (Valid, false));
        assert_eq!(after(drawn_from(2_999), key), (NeedsRuling, true));
    }
}
