//! What holds for any facts: one `first` a door, the same bytes in any order, and messages without holes.

use super::*;
use crate::rules::{Ruled, effects, hash_of, render, rule_about, rule_all};

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

/// A visit with up to three refusals, sealed or not, and confirmations of every kind.
fn any_refusals(random: &mut Random) -> Facts {
    let mut facts = one_sample(CITY);
    entered(&mut facts, noon(NOON) - 90 * MINUTE).location =
        random.chance(85).then(|| place(random.below(100) as i64));
    for n in 1..=1 + random.below(3) {
        refuses(&mut facts, 1, noon(NOON) - random.below(90) as i64 * MINUTE);
        let visit = at_visit(&mut facts);
        let mut refusal = visit.refusals[&refusal_id(1)].clone();
        refusal.withdrawn = random.chance(15);
        visit.refusals.insert(refusal_id(u128::from(n)), refusal);
    }
    for n in 0..random.below(5) {
        let outcome = [
            ConfirmationOutcome::Confirmed,
            ConfirmationOutcome::Confirmed,
            ConfirmationOutcome::NotEstablished,
            ConfirmationOutcome::ResolvedSampled,
        ][random.below(4) as usize];
        let first = 20 + 3 * u128::from(n);
        let mut it = confirmation(outcome, first..first + 1 + u128::from(random.below(2)));
        it.subject = ConfirmedSubject::Refusal(refusal_id(1 + u128::from(random.below(4))));
        it.location = random.chance(80).then(|| place(random.below(1_500) as i64));
        if let Some(place) = &mut it.location {
            place.mocked = random.chance(15);
        }
        it.confirmed = about(noon(NOON) + random.below(30 * 60) as i64 * MINUTE);
        if random.chance(10) {
            it.officers.insert(user(1));
        }
        if random.chance(10) {
            it.region = "140525".into();
        }
        if random.chance(30) {
            it.opinions.insert(OpinionFact {
                opinion_id: OpinionId(Uuid::from_u128(first)),
                officer: user(first + u128::from(random.below(3))),
                organisation_id: organisation(COUNTY),
                agrees: random.chance(70),
            });
        }
        at_visit(&mut facts).confirmations.push(it);
    }
    if random.chance(15) {
        facts.decide_refusal(1, RefusalStanding::NotEstablished, 1);
    }
    facts
}

#[test]
fn what_a_refusal_is_does_not_depend_on_the_order_or_number_of_copies_of_its_confirmations() {
    for seed in 0..ROUNDS {
        let mut random = Random(seed);
        let facts = any_refusals(&mut random);
        let mut shuffled = facts.clone();
        let confirmations = &mut at_visit(&mut shuffled).confirmations;
        let copies = confirmations.clone();
        confirmations.extend(copies);
        random.shuffle(confirmations);
        assert_eq!(facts.ruled(), shuffled.ruled(), "seed {seed}");
        assert_eq!(hash_of(&facts), hash_of(&shuffled), "seed {seed}");
    }
}

#[test]
fn only_a_confirmation_that_counts_by_itself_changes_what_a_refusal_is() {
    for seed in 0..ROUNDS {
        let facts = any_refusals(&mut Random(seed));
        let mut without = facts.clone();
        let said: Vec<Finding> = facts.ruled().findings;
        let against = |it: &ConfirmationFact| {
            let id = it.confirmation_id.to_string();
            let of_it = said
                .iter()
                .filter(|f| f.arguments.get("confirmation") == Some(&id));
            let harmless = ["too_few_officers", "by_opinion", "form_fault"];
            of_it
                .into_iter()
                .any(|f| !harmless.iter().any(|key| f.message.ends_with(key)))
        };
        at_visit(&mut without)
            .confirmations
            .retain(|it| !against(it));
        let outcome = |facts: &Facts| {
            let outcomes = facts.ruled().outcomes.into_iter();
            let of_refusals = outcomes.filter(|(it, _)| matches!(it, Subject::Refusal(_)));
            of_refusals.collect::<Vec<_>>()
        };
        assert_eq!(outcome(&facts), outcome(&without), "seed {seed}");
    }
}

#[test]
fn nothing_follows_for_an_enterprise_but_from_a_confirmed_refusal() {
    for seed in 0..ROUNDS {
        let facts = any_refusals(&mut Random(seed));
        let ruled = facts.ruled();
        let confirmed = ruled.outcomes.values();
        let confirmed = confirmed.filter(|it| {
            let refusal = RefusalStanding::Confirmed;
            **it == Outcome::Refusal { refusal }
        });
        assert_eq!(
            effects(&facts, &ruled).len(),
            2 * confirmed.count(),
            "seed {seed}"
        );
        // An open refusal keeps the sample from counting, whoever says what.
        let open = ruled.outcomes.values().any(|it| match it {
            Outcome::Refusal { refusal } => !refusal.is_resolved(),
            _ => false,
        });
        assert!(!open || !ruled.validity(1).counts(), "seed {seed}");
    }
}

/// Visits at several doors, of products in common, some samples drawn at the entry of another visit.
fn any_doors(random: &mut Random) -> Facts {
    let mut facts = any_door(random);
    facts.samples.extend(any_product(random).samples);
    let other = EnterpriseKey("uscc:91140500MA0GUY0T4X".into());
    let entries: Vec<EntryId> = facts.entries.keys().cloned().collect();
    for (id, entry) in &mut facts.entries {
        if random.chance(40) {
            entry.enterprise.clone_from(&other);
            if let Some(visit) = facts.visits.get_mut(&entry.document_id) {
                visit.enterprise.clone_from(&other);
            }
            for sample in facts.samples.values_mut() {
                if sample.entry_id.as_ref() == Some(id) {
                    sample.enterprise = Some(other.clone());
                }
            }
        }
    }
    for (n, sample) in facts.samples.values_mut().enumerate() {
        if random.chance(15) {
            let at = random.below(entries.len() as u64) as usize;
            sample.entry_id = Some(entries[at].clone());
        }
        if random.chance(30) {
            sample.sheet_no = Some(format!("S-{}", n % 3));
        }
    }
    facts
}

#[test]
fn what_is_said_of_a_subject_is_said_by_the_scopes_that_it_concerns() {
    let mut spared = 0;
    for seed in 0..ROUNDS / 2 {
        let facts = any_doors(&mut Random(seed));
        let books = Rulebooks::builtin();
        let all = rule_all(&facts, &books);
        let samples = facts.samples.keys().map(|id| Subject::Sample(*id));
        let entries = facts.entries.keys().map(|id| Subject::Entry(id.clone()));
        let visits = facts.visits.keys().map(|id| Subject::Visit(*id));
        for subject in samples.chain(entries).chain(visits) {
            let about = rule_about(&facts, &books, |it| *it == subject);
            let said = |ruled: &Ruled| -> Vec<Finding> {
                let said = ruled.scopes.iter().flat_map(|(_, said)| &said.findings);
                said.filter(|it| it.subject == subject).cloned().collect()
            };
            assert_eq!(said(&about), said(&all), "seed {seed}: {subject:?}");
            let outcomes = (about.outcomes.get(&subject), all.outcomes.get(&subject));
            assert_eq!(outcomes.0, outcomes.1, "seed {seed}: {subject:?}");
            spared += all.scopes.len() - about.scopes.len();
        }
    }
    assert!(spared > 0);
}
