//! The product strata: one scan by claimed time over all samplings of one producer's goods, in which DUP6, UPPER and
//! DUPLOT each say whether an earlier sampling stands against a later one.
//!
//! A producer is known by its code, or by its name alone; the same one may be known both ways. So the goods of all who
//! bear a name are scanned first, and nothing but doubts comes of it; then those of each code, where what a doubt has
//! made uncertain counts no longer for certain.

use std::collections::BTreeMap;

use super::engine::Ruling;
use super::{ProductFact, SampleFact, Standing, Validity, dup6, duplot, upper};
use crate::model::{Interval, SampleId, add_months};

/// Whether two sheets name the same product: producer, standards with their years, trademark, specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// All keys are there and equal.
    Same,
    /// Cannot be told by a machine; why, as a code.
    Unsure(&'static str),
    /// At least one key differs.
    Different,
}

/// Compares two product keys. Some standards shared but not all, a producer without a credit code, and missing keys are
/// for a person.
pub fn sameness(a: &ProductFact, b: &ProductFact) -> Sameness {
    let missing = |x: &str, y: &str| x.is_empty() || y.is_empty();
    let differ = |x: &str, y: &str| !missing(x, y) && x != y;
    // A code and a name are no two producers: only two codes are, or two names.
    let producers = match a.producer_has_uscc == b.producer_has_uscc {
        true => (a.producer.as_str(), b.producer.as_str()),
        false => (a.name().unwrap_or(""), b.name().unwrap_or("")),
    };
    if differ(producers.0, producers.1)
        || differ(&a.trademark, &b.trademark)
        || differ(&a.spec_model, &b.spec_model)
    {
        return Sameness::Different;
    }
    let some_standards = !a.standards.is_empty() && !b.standards.is_empty();
    if some_standards && a.standards.is_disjoint(&b.standards) {
        return Sameness::Different;
    }
    if a.incomplete
        || b.incomplete
        || !some_standards
        || missing(producers.0, producers.1)
        || missing(&a.trademark, &b.trademark)
        || missing(&a.spec_model, &b.spec_model)
    {
        return Sameness::Unsure("missing_keys");
    }
    if a.standards != b.standards {
        return Sameness::Unsure("standards_shared_in_part");
    }
    if !a.producer_has_uscc || !b.producer_has_uscc {
        return Sameness::Unsure("producer_without_uscc");
    }
    Sameness::Same
}

/// Whether the later day lies in the window that the earlier one opens; the corresponding day is still inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Yes,
    /// An interval crosses the boundary day.
    Unsure,
    No,
}

/// Both days are intervals: `d2 <= add_months(d1, months)` for all, for some, or for none of them.
pub(super) fn within(earlier: Interval, later: Interval, months: i64) -> Within {
    let months = i32::try_from(months).unwrap_or(i32::MAX);
    let ((e_first, e_last), (l_first, l_last)) = (earlier.shanghai_days(), later.shanghai_days());
    if l_last <= add_months(e_first, months) {
        Within::Yes
    } else if l_first > add_months(e_last, months) {
        Within::No
    } else {
        Within::Unsure
    }
}

/// What an earlier sampling means for a later one under one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// Nothing.
    Nothing,
    /// It certainly stands against it.
    Certain,
    /// It may; why, as a code.
    Possible(&'static str),
}

/// Three-valued "and": a certain no wins, then the first doubt.
pub(super) fn all(conditions: impl IntoIterator<Item = Against>) -> Against {
    let mut doubt = Against::Certain;
    for condition in conditions {
        match condition {
            Against::Nothing => return Against::Nothing,
            Against::Possible(_) if doubt == Against::Certain => doubt = condition,
            _ => {}
        }
    }
    doubt
}

impl From<Sameness> for Against {
    fn from(sameness: Sameness) -> Self {
        match sameness {
            Sameness::Same => Self::Certain,
            Sameness::Unsure(why) => Self::Possible(why),
            Sameness::Different => Self::Nothing,
        }
    }
}

impl From<Within> for Against {
    fn from(within: Within) -> Self {
        match within {
            Within::Yes => Self::Certain,
            Within::Unsure => Self::Possible("boundary_day"),
            Within::No => Self::Nothing,
        }
    }
}

/// Whether two sheets were drawn on one occasion (同一次): one entry, or the first entry and its continuations.
pub(super) fn same_occasion(ruling: &Ruling<'_>, a: &SampleFact, b: &SampleFact) -> bool {
    let (Some(entry_a), Some(entry_b)) = (&a.entry_id, &b.entry_id) else {
        return false;
    };
    if entry_a == entry_b {
        return true;
    }
    let entries = &ruling.facts.entries;
    let same_door = match (entries.get(entry_a), entries.get(entry_b)) {
        (Some(x), Some(y)) => {
            (x.campaign_id, x.body_id, &x.enterprise) == (y.campaign_id, y.body_id, &y.enterprise)
        }
        _ => a.document_id.is_some() && a.document_id == b.document_id,
    };
    let stands = |id| {
        matches!(
            ruling.standing(id),
            Some(Standing::First | Standing::Continuation)
        )
    };
    same_door && stands(entry_a) && stands(entry_b)
}

/// One of the pairwise rules of this stratum.
struct Pairwise {
    /// What an earlier sampling means for a later one, were it known to be earlier.
    against: fn(&Ruling<'_>, &SampleFact, &SampleFact) -> Against,
    /// How many earlier samplings the rule allows.
    allowed: fn(&Ruling<'_>, &SampleFact) -> Option<i64>,
    duplicate: fn(&mut Ruling<'_>, SampleId, SampleId),
    unsure: fn(&mut Ruling<'_>, SampleId, SampleId, &'static str),
}

const RULES: [Pairwise; 3] = [
    Pairwise {
        against: dup6::against,
        allowed: dup6::allowed,
        duplicate: dup6::duplicate,
        unsure: dup6::unsure,
    },
    Pairwise {
        against: upper::against,
        allowed: upper::allowed,
        duplicate: upper::duplicate,
        unsure: upper::unsure,
    },
    Pairwise {
        against: duplot::against,
        allowed: duplot::allowed,
        duplicate: duplot::duplicate,
        unsure: duplot::unsure,
    },
];

/// How a sampling stands in the scan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Counts,
    Uncertain,
    Out,
}

/// What stands against one sampling under one rule so far.
#[derive(Default, Clone, Copy)]
struct Tally {
    certain: i64,
    possible: i64,
    winner: Option<SampleId>,
    doubt: Option<(SampleId, &'static str)>,
}

/// What the producers of a scope have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// A name, and not all of them a code: nothing is certain, and what codes say of each other is said elsewhere.
    ByName,
    /// One code.
    ByCode,
}

impl Known {
    /// Whether this scope is where one of these may be held against the other.
    fn compares(self, a: &SampleFact, b: &SampleFact) -> bool {
        self == Self::ByCode || !(a.product.producer_has_uscc && b.product.producer_has_uscc)
    }
}

pub(super) fn check(ruling: &mut Ruling<'_>, known: Known) {
    let mut order = ruling.samples();
    for (id, sample) in &order {
        if !ruling.is_decided(*id) && (known == Known::ByCode || !sample.product.producer_has_uscc)
        {
            dup6::incomplete(ruling, *id, sample);
        }
    }
    // History that names no producer can be compared with nothing, and there may be thousands of it.
    order.retain(|(_, sample)| !dup6::names_no_producer(sample));
    order.sort_by_key(|(id, s)| (s.sampled.usable().lo, s.sampled.usable().hi, *id));
    let mut states: BTreeMap<SampleId, State> = BTreeMap::new();
    let mut tallies: BTreeMap<(SampleId, usize), Tally> = BTreeMap::new();
    for (index, (id, sample)) in order.iter().enumerate() {
        let state = match ruling.so_far(*id) {
            Validity::NeedsRuling => State::Uncertain,
            Validity::Duplicate | Validity::Void => State::Out,
            _ => State::Counts,
        };
        states.insert(*id, state);
        if state == State::Out {
            continue;
        }
        let earlier = &order[..index];
        let when = sample.sampled.usable();
        for (number, rule) in RULES.iter().enumerate() {
            let tally = tallies.entry((*id, number)).or_default();
            for (other_id, other) in earlier {
                if !other.sampled.usable().before(&when) {
                    continue;
                }
                let doubt = match ((rule.against)(ruling, other, sample), states[other_id]) {
                    (Against::Nothing, _) | (_, State::Out) => continue,
                    (Against::Certain, State::Counts) => {
                        tally.certain += 1;
                        tally.winner = tally.winner.or(Some(*other_id));
                        continue;
                    }
                    (Against::Certain, State::Uncertain) => "earlier_needs_ruling",
                    (Against::Possible(why), _) => why,
                };
                tally.possible += 1;
                if known.compares(other, sample) {
                    tally.doubt = tally.doubt.or(Some((*other_id, doubt)));
                }
            }
        }
        if settle(ruling, known, *id, sample, &tallies, &mut states) == State::Out {
            continue;
        }
        // Samplings whose order cannot be told stand in each other's way, each under the rule that would bind it.
        for (other_id, other) in earlier {
            if other.sampled.usable().before(&when) || states[other_id] == State::Out {
                continue;
            }
            for (number, rule) in RULES.iter().enumerate() {
                for (loser, loser_fact, winner, winner_fact) in
                    [(id, sample, other_id, other), (other_id, other, id, sample)]
                {
                    if (rule.against)(ruling, winner_fact, loser_fact) == Against::Nothing {
                        continue;
                    }
                    let tally = tallies.entry((*loser, number)).or_default();
                    tally.possible += 1;
                    if known.compares(other, sample) {
                        tally.doubt = tally.doubt.or(Some((*winner, "order_cannot_be_told")));
                    }
                    settle(ruling, known, *loser, loser_fact, &tallies, &mut states);
                }
            }
        }
    }
    for (id, sample) in order {
        if ruling.is_decided(id) {
            continue;
        }
        for (number, rule) in RULES.iter().enumerate() {
            let Some(tally) = tallies.get(&(id, number)) else {
                continue;
            };
            let Some(allowed) = (rule.allowed)(ruling, sample) else {
                continue;
            };
            match (tally.winner, tally.doubt) {
                (Some(winner), _) if tally.certain >= allowed && known == Known::ByCode => {
                    (rule.duplicate)(ruling, id, winner)
                }
                (winner, doubt) if tally.certain + tally.possible >= allowed => {
                    let winner = winner.filter(|_| known == Known::ByCode);
                    let doubt = doubt.or(winner.map(|winner| (winner, "order_cannot_be_told")));
                    if let Some((other, why)) = doubt {
                        (rule.unsure)(ruling, id, other, why);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The state that the tallies leave a sampling in. A person's word is not moved, and what is fixed by testing or service
/// becomes uncertain where it would have gone out; so does everything among those who share a name, since what one code
/// has under another name is not seen there.
fn settle(
    ruling: &Ruling<'_>,
    known: Known,
    id: SampleId,
    sample: &SampleFact,
    tallies: &BTreeMap<(SampleId, usize), Tally>,
    states: &mut BTreeMap<SampleId, State>,
) -> State {
    let mut state = states[&id];
    if !ruling.is_decided(id) {
        for (number, rule) in RULES.iter().enumerate() {
            let Some(tally) = tallies.get(&(id, number)) else {
                continue;
            };
            let Some(allowed) = (rule.allowed)(ruling, sample) else {
                continue;
            };
            let out = known == Known::ByCode && !sample.custody.fixed();
            if tally.certain >= allowed && out {
                state = State::Out;
            } else if tally.certain + tally.possible >= allowed && state == State::Counts {
                state = State::Uncertain;
            }
        }
    }
    states.insert(id, state);
    state
}

/// The civil days of a sampling for messages.
pub(super) fn day_of(sample: &SampleFact) -> String {
    let (first, last) = sample.sampled.usable().shanghai_days();
    if first == last {
        first.to_string()
    } else {
        format!("{first}…{last}")
    }
}

/// How a sampling is named in messages: its sheet number, else its id.
pub(super) fn sheet_of(id: SampleId, sample: Option<&SampleFact>) -> String {
    sample
        .and_then(|sample| sample.sheet_no.clone())
        .unwrap_or_else(|| id.to_string())
}
