//! The scan of the product strata against itself written as plainly as it reads: every pair is compared, by the facts
//! alone, and nothing is looked up before or left out.

use super::*;
use crate::rules::engine::Ruling;
use crate::rules::product::{Against, Known, Sameness, same_occasion, sameness};
use crate::rules::{dup6, duplot, upper};

const ROUNDS: u64 = 600;
const DAY: Millis = 24 * 60 * MINUTE;

fn both(a: Against, b: Against) -> Against {
    match (a, b) {
        (Against::Nothing, _) | (_, Against::Nothing) => Against::Nothing,
        (Against::Certain, other) => other,
        (doubt, _) => doubt,
    }
}

fn same_product(a: &SampleFact, b: &SampleFact) -> Against {
    match sameness(&a.product, &b.product) {
        Sameness::Same => Against::Certain,
        Sameness::Unsure(why) => Against::Possible(why),
        Sameness::Different => Against::Nothing,
    }
}

fn within(earlier: &SampleFact, later: &SampleFact, months: i64) -> Against {
    let (earlier, later) = (earlier.sampled.usable(), later.sampled.usable());
    let ((e_first, e_last), (l_first, l_last)) = (earlier.shanghai_days(), later.shanghai_days());
    let months = i32::try_from(months).unwrap();
    if l_last <= add_months(e_first, months) {
        Against::Certain
    } else if l_first > add_months(e_last, months) {
        Against::Nothing
    } else {
        Against::Possible("boundary_day")
    }
}

fn by_dup6(ruling: &Ruling<'_>, earlier: &SampleFact, later: &SampleFact) -> Against {
    let Some((_, settings)) = ruling.binding(&dup6::RULE, later) else {
        return Against::Nothing;
    };
    let exempt = |it: &SampleFact| settings.lists("exempt_kinds", &it.sampling_kind);
    if exempt(earlier) || exempt(later) || same_occasion(ruling, earlier, later) {
        return Against::Nothing;
    }
    let authority = match (ruling.authority_of(earlier), ruling.authority_of(later)) {
        (Some(a), Some(b)) if a == b => Against::Certain,
        (Some(_), Some(_)) => Against::Nothing,
        _ => Against::Possible("authority_unknown"),
    };
    let swapped = later.sampled.usable().lo < earlier.sampled.usable().lo;
    let months = settings.number("window_months");
    let within = match swapped {
        true => within(later, earlier, months),
        false => within(earlier, later, months),
    };
    both(both(authority, within), same_product(earlier, later))
}

fn by_upper(ruling: &Ruling<'_>, earlier: &SampleFact, later: &SampleFact) -> Against {
    let Some((_, settings)) = ruling.binding(&upper::RULE, later) else {
        return Against::Nothing;
    };
    let exempt = |it: &SampleFact| settings.lists("exempt_kinds", &it.sampling_kind);
    let (Some(upper), Some(lower)) = (ruling.authority_of(earlier), ruling.authority_of(later))
    else {
        return Against::Nothing;
    };
    let mut above = Vec::new();
    let mut at = lower;
    for _ in 0..ruling.facts.organisations.len() {
        let organisation = ruling.facts.organisations.get(&at);
        let Some(parent) = organisation.and_then(|it| it.parent_id) else {
            break;
        };
        above.push(parent);
        at = parent;
    }
    if exempt(earlier) || exempt(later) || !above.contains(&upper) {
        return Against::Nothing;
    }
    let within = within(earlier, later, settings.number("window_months"));
    both(within, same_product(earlier, later))
}

fn by_duplot(ruling: &Ruling<'_>, earlier: &SampleFact, later: &SampleFact) -> Against {
    let same_task = earlier.task_id.is_some() && earlier.task_id == later.task_id;
    if !same_task || ruling.binding(&duplot::RULE, later).is_none() {
        return Against::Nothing;
    }
    both(
        same_product(earlier, later),
        duplot::same_lot(earlier, later),
    )
}

type Compare = fn(&Ruling<'_>, &SampleFact, &SampleFact) -> Against;
const COMPARE: [Compare; 3] = [by_dup6, by_upper, by_duplot];

fn allowed(ruling: &Ruling<'_>, number: usize, sample: &SampleFact) -> Option<i64> {
    let rule = [&dup6::RULE, &upper::RULE, &duplot::RULE][number];
    let (_, settings) = ruling.binding(rule, sample)?;
    Some(match number {
        0 => settings.number("max_samplings"),
        _ => 1,
    })
}

#[derive(Default, Clone, Copy)]
struct Tally {
    certain: i64,
    possible: i64,
    winner: Option<SampleId>,
    doubt: Option<(SampleId, &'static str)>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Counts,
    Uncertain,
    Out,
}

struct Plain {
    known: Known,
    states: BTreeMap<SampleId, State>,
    tallies: BTreeMap<(SampleId, usize), Tally>,
}

impl Plain {
    fn settle(&mut self, ruling: &Ruling<'_>, id: SampleId, sample: &SampleFact) -> State {
        let mut state = self.states[&id];
        for number in 0..COMPARE.len() {
            let Some(allowed) = allowed(ruling, number, sample) else {
                continue;
            };
            let tally = self.tallies.get(&(id, number)).copied().unwrap_or_default();
            let out = self.known == Known::ByCode && !sample.custody.fixed();
            if ruling.is_decided(id) {
                continue;
            } else if tally.certain >= allowed && out {
                state = State::Out;
            } else if tally.certain + tally.possible >= allowed && state == State::Counts {
                state = State::Uncertain;
            }
        }
        self.states.insert(id, state);
        state
    }

    fn check(ruling: &mut Ruling<'_>, known: Known) {
        let compares = |a: &SampleFact, b: &SampleFact| {
            known == Known::ByCode || !(a.product.producer_has_uscc && b.product.producer_has_uscc)
        };
        let mut order = ruling.samples();
        for (id, sample) in &order {
            let here = known == Known::ByCode || !sample.product.producer_has_uscc;
            if !ruling.is_decided(*id) && here {
                dup6::incomplete(ruling, *id, sample);
            }
        }
        order.retain(|(_, sample)| !dup6::names_no_producer(sample));
        order.sort_by_key(|(id, s)| (s.sampled.usable().lo, s.sampled.usable().hi, *id));
        let mut plain = Self {
            known,
            states: BTreeMap::new(),
            tallies: BTreeMap::new(),
        };
        for (index, (id, sample)) in order.iter().enumerate() {
            let state = match ruling.so_far(*id) {
                NeedsRuling => State::Uncertain,
                Duplicate | Void => State::Out,
                _ => State::Counts,
            };
            plain.states.insert(*id, state);
            if state == State::Out {
                continue;
            }
            let when = sample.sampled.usable();
            for (number, compare) in COMPARE.iter().enumerate() {
                for (other_id, other) in &order[..index] {
                    let state = plain.states[other_id];
                    let against = compare(ruling, other, sample);
                    let nothing = against == Against::Nothing || state == State::Out;
                    if nothing || !other.sampled.usable().before(&when) {
                        continue;
                    }
                    let tally = plain.tallies.entry((*id, number)).or_default();
                    let doubt = match against {
                        Against::Certain if state == State::Counts => {
                            tally.certain += 1;
                            tally.winner = tally.winner.or(Some(*other_id));
                            continue;
                        }
                        Against::Possible(why) => why,
                        _ => "earlier_needs_ruling",
                    };
                    tally.possible += 1;
                    if compares(other, sample) {
                        tally.doubt = tally.doubt.or(Some((*other_id, doubt)));
                    }
                }
            }
            if plain.settle(ruling, *id, sample) == State::Out {
                continue;
            }
            for (other_id, other) in &order[..index] {
                if other.sampled.usable().before(&when) || plain.states[other_id] == State::Out {
                    continue;
                }
                for (number, compare) in COMPARE.iter().enumerate() {
                    for ((loser, lost), (winner, won)) in [
                        ((id, sample), (other_id, other)),
                        ((other_id, other), (id, sample)),
                    ] {
                        if compare(ruling, won, lost) == Against::Nothing {
                            continue;
                        }
                        let tally = plain.tallies.entry((*loser, number)).or_default();
                        tally.possible += 1;
                        if compares(other, sample) {
                            tally.doubt = tally.doubt.or(Some((*winner, "order_cannot_be_told")));
                        }
                        plain.settle(ruling, *loser, lost);
                    }
                }
            }
        }
        plain.tell(ruling, order);
    }

    fn tell(self, ruling: &mut Ruling<'_>, order: Vec<(SampleId, &SampleFact)>) {
        let by_code = self.known == Known::ByCode;
        for (id, sample) in order {
            for number in 0..COMPARE.len() {
                let tally = self.tallies.get(&(id, number));
                let allowed = allowed(ruling, number, sample);
                let (Some(tally), Some(allowed), false) = (tally, allowed, ruling.is_decided(id))
                else {
                    continue;
                };
                let duplicate = [dup6::duplicate, upper::duplicate, duplot::duplicate][number];
                let unsure = [dup6::unsure, upper::unsure, duplot::unsure][number];
                match (tally.winner, tally.doubt) {
                    (Some(winner), _) if tally.certain >= allowed && by_code => {
                        duplicate(ruling, id, winner);
                    }
                    (winner, doubt) if tally.certain + tally.possible >= allowed => {
                        let winner = winner.filter(|_| by_code);
                        let doubt = doubt.or(winner.map(|it| (it, "order_cannot_be_told")));
                        if let Some((other, why)) = doubt {
                            unsure(ruling, id, other, why);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Samplings of one producer's goods by several authorities, known by code and by name, of several models and lots, now and
/// again on one occasion, ruled upon by earlier strata and by people.
fn any_samplings(random: &mut Random) -> Facts {
    let mut facts = product();
    let circular = random.chance(10);
    if circular {
        let nation = facts.organisations.get_mut(&organisation(NATION)).unwrap();
        nation.parent_id = Some(organisation(COUNTY));
    }
    for n in 1..=(3 + random.below(14)) as u8 {
        let authority = [NATION, PROVINCE, CITY, COUNTY, PUDONG][random.below(5) as usize];
        let at = noon("2025-01-01") + random.below(260) as i64 * DAY;
        let spread = [0, 0, MINUTE, 2 * DAY, 20 * DAY][random.below(5) as usize];
        let when = match random.chance(15) {
            true => proven_only(at, at + spread),
            false => between(at, at + spread),
        };
        let drawn = facts.drawn(n, authority, NOON);
        drawn.sampled = when;
        if random.chance(20) {
            drawn.product = another_model();
        }
        if random.chance(20) {
            drawn.product = by_name();
        }
        if random.chance(15) {
            drawn.product.standards.insert("GB 18401-2010".into());
        }
        drawn.product.incomplete = random.chance(10);
        if random.chance(15) {
            drawn.source = SamplingSource::Imported {
                origin: "e-CQS".into(),
            };
            (drawn.task_id, drawn.document_id, drawn.entry_id) = (None, None, None);
            if random.chance(50) {
                drawn.authority_id = None;
            }
        }
        if random.chance(30) {
            drawn.task_id = Some(task(CITY));
        }
        drawn.lot_no = random.chance(70).then(|| format!("L{}", random.below(3)));
        drawn.production_date = random.chance(30).then(|| "2025-01-01".to_owned());
        if random.chance(20) {
            drawn.sampling_kind =
                ["tracking", "special", "emergency"][random.below(3) as usize].into();
        }
        if random.chance(25) {
            drawn.entry_id = Some(entry_id(1 + random.below(3) as u8));
        }
        drawn.custody.testing_started_at_ms = random.chance(15).then_some(1);
        drawn.voided = random.chance(5).then(|| "写错".to_owned());
        if random.chance(25) {
            let said = [Valid, NeedsRuling, Duplicate, Void][random.below(4) as usize];
            facts.survived.insert(sample_id(n.into()), said);
        }
        if random.chance(15) {
            let word = [Valid, Void, Duplicate][random.below(3) as usize];
            facts.decide_sample(n, word, n.into());
        }
        if random.chance(20) {
            let standing = [First, Continuation, Excess][random.below(3) as usize];
            facts.standings.insert(entry_id(n), standing);
        }
    }
    facts
}

#[test]
fn the_scan_says_what_comparing_every_pair_by_its_facts_says() {
    let twice = r#"
        id = "twice"
        version = 1
        region = "140500"
        effective_from = "2020-01-01"
        source = "试"
        extends = "shanxi"
        [rules.DUP6]
        max_samplings = 2
        window_months = 3
    "#;
    let builtin = Rulebooks::builtin();
    let mut said = BTreeMap::<String, usize>::new();
    for seed in 0..ROUNDS {
        let facts = any_samplings(&mut Random(seed)).normalised();
        let more = builtin.with(twice).unwrap_or_else(|why| panic!("{why}"));
        let books = if seed % 3 == 0 { &more } else { &builtin };
        for known in [Known::ByCode, Known::ByName] {
            let by = |check: fn(&mut Ruling<'_>, Known)| {
                let mut ruling = Ruling::new(&facts, books);
                ruling.take_up_samples(|_| true);
                check(&mut ruling, known);
                ruling.conclude()
            };
            let (scanned, plain) = (by(crate::rules::product::check), by(Plain::check));
            assert_eq!(scanned, plain, "seed {seed} {known:?}");
            for finding in scanned.findings {
                *said.entry(finding.message).or_default() += 1;
            }
        }
    }
    for key in [
        "DUP6.within_window",
        "DUP6.unsure",
        "UPPER.upper_sampled_before",
    ] {
        assert!(said.get(key).is_some_and(|it| *it > 100), "{key}: {said:?}");
    }
    for key in ["UPPER.unsure", "DUPLOT.same_lot", "DUPLOT.unsure"] {
        assert!(said.contains_key(key), "{key}: {said:?}");
    }
}
