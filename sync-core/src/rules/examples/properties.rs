//! What holds for any facts: one `first` a door, the same bytes in any order, and messages without holes.

use super::*;
use crate::rules::{hash_of, render};

const ROUNDS: u64 = 400;

fn any_door(random: &mut Random) -> Facts {
    let mut facts = door();
    for n in 1..=(2 + random.below(5)) as u8 {
        let lo = random.below(40) as i64 * 10;
        let hi = lo + random.below(30) as i64;
        let when = if random.chance(15) {
            proven_only(lo, hi)
        } else {
            between(lo, hi)
        };
        let product = if random.chance(50) {
            uniform()
        } else {
            another_model()
        };
        let entry = facts.enters(n, when, product);
        entry.drew_samples = random.chance(85);
        let leased = random.chance(30);
        let joint = random.chance(25);
        entry.joint_entry_id = joint.then_some(JointEntryId(Uuid::from_u128(5)));
        entry.continues = match random.below(8) {
            0 => Some(ContinuationFact::Handover {
                from: team(1 + u128::from(random.below(4))),
            }),
            1 => Some(ContinuationFact::ResolvedRefusal),
            _ => None,
        };
        entry.unexplained_resumption_of = random.chance(10).then(|| entry_id(1));
        if leased {
            facts.leases_to(n, Interval { lo: 0, hi: 1_000 });
        }
        if random.chance(20) {
            let standings = [First, First, Excess, Contested, Continuation, Uncounted];
            let standing = standings[random.below(6) as usize];
            facts.decide_entry(n, standing, random.below(5) as i64);
        }
    }
    facts
}

#[test]
fn any_door_has_at_most_one_first_entry() {
    for seed in 0..ROUNDS {
        let facts = any_door(&mut Random(seed));
        assert!(
            facts.ruled().firsts() <= 1,
            "seed {seed}: {:?}",
            facts.ruled().outcomes
        );
    }
}

#[test]
fn nothing_provably_after_a_contested_entry_becomes_first_without_a_person() {
    for seed in 0..ROUNDS {
        let mut facts = any_door(&mut Random(seed));
        facts.decided.clear();
        let ruled = facts.ruled();
        for (id, entry) in &facts.entries {
            let standing = |id: &EntryId| ruled.outcomes[&Subject::Entry(id.clone())].clone();
            if standing(id) != (Outcome::Entry { standing: First }) {
                continue;
            }
            for (other_id, other) in &facts.entries {
                let contested = standing(other_id)
                    == Outcome::Entry {
                        standing: Contested,
                    };
                let earlier = other.entered.usable().before(&entry.entered.usable());
                assert!(
                    !(contested && earlier),
                    "seed {seed}: {other_id} before {id}"
                );
            }
        }
    }
}

#[test]
fn any_order_of_gathering_gives_the_same_bytes_and_the_same_hash() {
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let facts = if seed % 2 == 0 {
            any_door(&mut random)
        } else {
            any_product(&mut random)
        };
        let mut shuffled = facts.clone();
        random.shuffle(&mut shuffled.decided);
        for visit in shuffled.visits.values_mut() {
            random.shuffle(&mut visit.evidence);
        }
        let text = serde_json::to_string(&facts.ruled()).unwrap();
        assert_eq!(
            text,
            serde_json::to_string(&shuffled.ruled()).unwrap(),
            "seed {seed}"
        );
        assert_eq!(hash_of(&facts), hash_of(&shuffled), "seed {seed}");
        let there: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        assert_eq!(
            text,
            serde_json::to_string(&there.ruled()).unwrap(),
            "seed {seed}"
        );
    }
}

fn any_product(random: &mut Random) -> Facts {
    let mut facts = product();
    for n in 1..=(2 + random.below(6)) as u8 {
        let authority = [PROVINCE, CITY, COUNTY][random.below(3) as usize];
        let at = noon("2025-01-01") + random.below(400) as i64 * 24 * 60 * MINUTE;
        let spread = random.below(3) as i64 * 20 * 24 * 60 * MINUTE;
        let drawn = facts.drawn(n, authority, NOON);
        drawn.sampled = between(at, at + spread);
        if random.chance(10) {
            drawn.product.incomplete = true;
        }
        drawn.custody.testing_started_at_ms = random.chance(20).then_some(1);
        if random.chance(20) {
            facts.decide_sample(
                n,
                [Valid, Void, Duplicate][random.below(3) as usize],
                n.into(),
            );
        }
    }
    facts
}

/// Ids are arbitrary: what is ruled of two samples must not depend on which has the smaller one.
#[test]
fn renaming_the_samples_of_a_product_renames_the_outcomes_and_nothing_else() {
    for seed in 0..ROUNDS {
        let facts = any_product(&mut Random(seed));
        let mut renamed = facts.clone();
        let rename = |id: SampleId| SampleId(Uuid::from_u128(100 - id.0.as_u128()));
        renamed.samples = facts
            .samples
            .iter()
            .map(|(id, s)| (rename(*id), s.clone()))
            .collect();
        for decision in &mut renamed.decided {
            if let Subject::Sample(id) = &mut decision.subject {
                *id = rename(*id);
            }
        }
        let (ruled, other) = (facts.ruled(), renamed.ruled());
        for id in facts.samples.keys() {
            let (here, there) = (Subject::Sample(*id), Subject::Sample(rename(*id)));
            assert_eq!(
                ruled.outcomes[&here], other.outcomes[&there],
                "seed {seed} {id}"
            );
        }
    }
}

#[test]
fn every_message_renders_in_both_languages_without_holes() {
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let facts = if seed % 2 == 0 {
            any_door(&mut random)
        } else {
            any_product(&mut random)
        };
        for finding in facts.ruled().findings {
            for lang in [Lang::ZhCn, Lang::En] {
                let text = render(&finding, lang);
                assert!(text != finding.message && !text.contains('{'), "{text}");
                let mut words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
                assert_eq!(words.find(|word| word.contains('_')), None, "{text}");
            }
        }
    }
}

#[test]
fn a_change_at_the_door_makes_its_products_and_years_dirty_and_never_a_door() {
    let mut facts = door();
    facts.enters(1, about(noon(NOON)), uniform());
    let before = facts.ruled();
    assert!(dirty_after(&facts, &before, &before).is_empty());
    facts.enters(2, about(noon(NOON) - 60 * MINUTE), uniform());
    let dirty = dirty_after(&facts, &before, &facts.ruled());
    let product = ScopeKey::Product {
        product: uniform().scope_digest(),
    };
    let year = ScopeKey::EnterpriseYear {
        enterprise: enterprise(),
        year: 2025,
    };
    let name = uniform().name_digest().unwrap();
    let name = ScopeKey::ProducerName { name };
    assert_eq!(dirty, BTreeSet::from([name, product, year]));
    assert!(scopes_of(&facts).contains(&facts.scope));
}

#[test]
fn the_most_severe_word_is_final_and_a_persons_is_above_it() {
    assert_eq!(
        final_validity(&[Valid, Duplicate, NeedsRuling], None),
        Duplicate
    );
    assert_eq!(final_validity(&[Valid, Duplicate], Some(Valid)), Valid);
    assert_eq!(final_validity(&[], None), Validity::Pending);
}
