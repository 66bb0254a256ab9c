//! SAMPLEID, 样品标识重复: two records under one sample id; both are kept and their lab receipt is frozen.
//!
//! The notices are silent; a configurable default. Ids are drawn at random, so two records under one are no accident: a
//! phone was copied or lies, and no machine tells which of the two is the sample.

use super::Validity;
use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::Ruling;

/// 样品标识重复
pub const RULE: Rule = Rule {
    id: "SAMPLEID",
    title: Words {
        zh: "样品标识重复",
        en: "One sample id twice",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "同一样品标识在另一份检查记录（或外来抽样）中另有一份，先后不论",
        en: "another visit, or a sampling made elsewhere, has a record under the same sample id, whichever came first",
    },
    exceptions: Words {
        zh: "作废的抽样单也占用标识；期间任一份的过错都不使另一份作废或重复；另一份撤回后即解除",
        en: "a voided sheet has used its id as well; until a person decides, nothing that is wrong with one record voids the other; once the other record is taken back, the one that is left is free",
    },
    parameters: &[],
    messages: &[Message {
        key: "collision",
        words: Words {
            zh: "样品标识在 {others} 中另有一份，样品冻结待裁定",
            en: "{others} has another record under this sample id; the lab receipt is frozen",
        },
    }],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    // Spoiled sheets as well: they have used the id.
    for (id, sample) in ruling.taken_up() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if sample.also_claimed.is_empty() {
            continue;
        }
        let other = |claimed: &Option<_>| match claimed {
            Some(document) => format!("{document}"),
            None => "elsewhere".to_owned(),
        };
        let others: Vec<String> = sample.also_claimed.iter().map(other).collect();
        let arguments = vec![("others", others.join(", "))];
        let frozen = Validity::NeedsRuling;
        ruling.judge(&RULE, book, id, frozen, "collision", arguments);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    const COLLISION: &str = "SAMPLEID.collision";

    #[test]
    fn violates_when_another_visit_or_a_sampling_elsewhere_has_the_same_id() {
        for other in [Some(document(2)), None] {
            let claimed = |f: &mut Facts| f.first().also_claimed = BTreeSet::from([other]);
            assert_eq!(after(claimed, COLLISION), (NeedsRuling, true));
        }
    }

    #[test]
    fn passes_a_sample_that_one_visit_has() {
        assert_eq!(after(|_| {}, COLLISION), (Valid, false));
    }

    #[test]
    fn exempts_nobody_but_a_person_decides() {
        let mut facts = one_sample(CITY);
        facts.first().also_claimed = BTreeSet::from([Some(document(2))]);
        facts.decide_sample(1, Void, 1);
        assert_eq!(facts.validity(1), Void);
    }

    /// Whoever writes a record under the id of another's sample must not void that one by it.
    #[test]
    fn boundary_nothing_that_is_wrong_with_one_record_rules_the_other_out() {
        let alone: [fn(&mut Facts); 2] = [
            |f| f.first().voided = Some("写错".into()),
            |f| f.first().export_only = true,
        ];
        for spoil in alone {
            assert_eq!(after(spoil, COLLISION), (Void, false));
            let shared = |f: &mut Facts| {
                spoil(f);
                f.first().also_claimed = BTreeSet::from([Some(document(2))]);
            };
            assert_eq!(after(shared, COLLISION), (NeedsRuling, true));
        }
        let mut facts = product();
        facts.drawn(1, CITY, "2025-03-01");
        facts.drawn(2, CITY, "2025-04-01").also_claimed = BTreeSet::from([None]);
        assert_eq!(facts.validity(2), NeedsRuling, "and no duplicate");
        facts.at(1).also_claimed = BTreeSet::from([None]);
        facts.at(1).voided = Some("写错".into());
        facts.at(2).also_claimed.clear();
        assert_eq!(
            facts.validity(2),
            NeedsRuling,
            "what it stands against may stand"
        );
    }

    #[test]
    fn boundary_what_depends_on_a_frozen_sample_needs_a_ruling_in_the_later_strata() {
        let mut facts = product();
        facts.drawn(1, CITY, "2025-03-01");
        facts.drawn(2, CITY, "2025-04-01");
        for n in [1, 2] {
            facts.visits.insert(document(n), visit());
        }
        facts.at(1).also_claimed = BTreeSet::from([Some(document(3))]);
        assert_eq!(facts.validity_of_all(1), NeedsRuling);
        assert_eq!(facts.validity_of_all(2), NeedsRuling);
    }
}
