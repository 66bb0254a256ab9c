//! DISPUTE, 纠纷、投诉之外的产品不得抽样: in a dispute or complaint, only the disputed product.
//!
//! 晋市监发〔2023〕212号 三: “处理质量纠纷、消费者投诉时，对纠纷、投诉之外的产品不能抽样检验”.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::{Purpose, Validity};

/// 纠纷、投诉之外的产品不得抽样
pub const RULE: Rule = Rule {
    id: "DISPUTE",
    title: Words {
        zh: "纠纷、投诉之外的产品不得抽样",
        en: "Only the disputed product",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "处理质量纠纷、消费者投诉时，对纠纷、投诉之外的产品不能抽样检验",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "处理纠纷、投诉时抽取了其他产品",
        en: "a sample drawn in a dispute or complaint of a product that is not the disputed one",
    },
    exceptions: Words {
        zh: "未记录争议产品的转人工裁定",
        en: "where the disputed product is not recorded, a person decides",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "other_product",
            words: Words {
                zh: "纠纷、投诉的产品是“{disputed}”，抽取的是“{product}”",
                en: "the dispute is about “{disputed}”, the sample is “{product}”",
            },
        },
        Message {
            key: "unknown",
            words: Words {
                zh: "未记录纠纷、投诉的产品",
                en: "the disputed product is not recorded",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let Purpose::Dispute {
            disputed_product,
            product,
        } = &sample.purpose
        else {
            continue;
        };
        match disputed_product {
            None => ruling.judge(&RULE, book, id, Validity::NeedsRuling, "unknown", vec![]),
            Some(disputed) if disputed != product => {
                let arguments = vec![("disputed", disputed.clone()), ("product", product.clone())];
                ruling.judge(&RULE, book, id, Validity::Void, "other_product", arguments);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn about_a(disputed: Option<&str>) -> impl FnOnce(&mut Facts) {
        let disputed_product = disputed.map(str::to_owned);
        move |f| {
            f.first().purpose = Purpose::Dispute {
                disputed_product,
                product: "头盔".into(),
            }
        }
    }

    #[test]
    fn violates_when_another_product_than_the_disputed_one_is_sampled() {
        let key = "DISPUTE.other_product";
        assert_eq!(after(about_a(Some("玩具")), key), (Void, true));
    }

    #[test]
    fn passes_the_disputed_product() {
        let mut facts = one_sample(CITY);
        about_a(Some("头盔"))(&mut facts);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn exempts_nobody_in_law_but_an_ordinary_task_is_bound_to_no_disputed_product() {
        assert_eq!(after(|_| (), "DISPUTE.unknown"), (Valid, false));
    }

    #[test]
    fn boundary_a_dispute_that_names_no_product_needs_a_ruling() {
        assert_eq!(after(about_a(None), "DISPUTE.unknown"), (NeedsRuling, true));
        let key = "DISPUTE.other_product";
        assert_eq!(after(about_a(Some("头盔2")), key), (Void, true));
    }
}
