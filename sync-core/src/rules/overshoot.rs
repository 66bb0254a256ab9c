//! Limits on ordinary sampling (原则上不得超过), for YEAR3, TASK3 and BATCH3: the earliest stand, the rest need a ruling.
//! What itself needs a ruling neither counts nor disqualifies, but what depends on it needs a ruling too; what is void or
//! a duplicate does not count, which is why limits count last.

use std::collections::BTreeMap;

use super::descriptor::Rule;
use super::engine::Ruling;
use super::{SampleFact, Validity};
use crate::model::{Interval, SampleId};

/// Where a sample is counted under a limit.
pub(super) struct Seat<P, O> {
    /// Within what the limit holds.
    pub(super) within: P,
    /// As one of what it counts.
    pub(super) as_one: O,
    /// False where it is not known whether the limit counts it at all.
    pub(super) certain: bool,
}

/// Holds a limit over the samples of the scope. `seat` tells where each is counted, and none for one that the limit does
/// not concern; `arguments` what the message says beside the number.
pub(super) fn check<P: Ord, O: Ord>(
    ruling: &mut Ruling<'_>,
    rule: &'static Rule,
    number: &'static str,
    seat: impl Fn(&Ruling<'_>, SampleId, &SampleFact) -> Option<Seat<P, O>>,
    arguments: impl Fn(&SampleFact) -> Vec<(&'static str, String)>,
) {
    let mut pools: BTreeMap<P, BTreeMap<O, (Counted, Vec<SampleId>)>> = BTreeMap::new();
    for (id, sample) in ruling.samples() {
        let so_far = ruling.so_far_here(id);
        let settings = ruling.book_of(sample).settings(rule);
        let exempt = settings.lists("exempt_kinds", &sample.sampling_kind);
        if exempt || matches!(so_far, Validity::Duplicate | Validity::Void) {
            continue;
        }
        let Some(seat) = seat(ruling, id, sample) else {
            continue;
        };
        let when = sample.sampled.usable();
        let (counted, samples) = pools
            .entry(seat.within)
            .or_default()
            .entry(seat.as_one)
            .or_insert_with(|| (Counted::begun(when), Vec::new()));
        // It begins with its first sample, whichever of them that was.
        counted.when = Interval {
            lo: counted.when.lo.min(when.lo),
            hi: counted.when.hi.min(when.hi),
        };
        counted.certain |= seat.certain && so_far.counts();
        counted.decided |= ruling.is_decided(id) && so_far.counts();
        let limit = settings.enabled.then(|| settings.number(number));
        counted.limit = [counted.limit, limit].into_iter().flatten().min();
        samples.push(id);
    }
    for pool in pools.into_values() {
        let (counted, samples): (Vec<Counted>, Vec<Vec<SampleId>>) = pool.into_values().unzip();
        for (place, id) in places(&counted)
            .into_iter()
            .zip(samples)
            .flat_map(|(place, samples)| samples.into_iter().map(move |id| (place, id)))
        {
            let key = match place {
                Place::Within => continue,
                Place::Over => "over",
                Place::Unsure => "unsure",
            };
            let sample = &ruling.facts.samples[&id];
            let Some((book, settings)) = ruling.binding(rule, sample) else {
                continue;
            };
            if ruling.is_decided(id) {
                continue;
            }
            let mut said = arguments(sample);
            said.push(("max", settings.number(number).to_string()));
            ruling.judge(rule, book, id, Validity::NeedsRuling, key, said);
        }
    }
}

/// One thing that is counted.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// When, for the order.
    when: Interval,
    /// False where it is not known whether it counts at all.
    certain: bool,
    /// The limit that binds it; none where it is bound by none.
    limit: Option<i64>,
    /// A person let it stand: it counts and is not judged.
    decided: bool,
}

impl Counted {
    fn begun(when: Interval) -> Self {
        Self {
            when,
            certain: false,
            limit: None,
            decided: false,
        }
    }
}

/// How one of them fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Within the limit, whatever is decided of the others.
    Within,
    /// The limit was exhausted before it.
    Over,
    /// Over or within, as others turn out.
    Unsure,
}

/// One word for each, in the order given. Each is judged by how many others are provably earlier, and by how many may be.
fn places(counted: &[Counted]) -> Vec<Place> {
    let place = |(index, one): (usize, &Counted)| {
        let Some(limit) = one.limit.filter(|_| !one.decided) else {
            return Place::Within;
        };
        let (mut certain, mut possible) = (0, 0);
        for (other_index, other) in counted.iter().enumerate() {
            if other_index == index || one.when.before(&other.when) {
                continue;
            }
            if other.certain && other.when.before(&one.when) {
                certain += 1;
            } else {
                possible += 1;
            }
        }
        if certain >= limit {
            Place::Over
        } else if certain + possible >= limit {
            Place::Unsure
        } else {
            Place::Within
        }
    };
    counted.iter().enumerate().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lo: i64, hi: i64) -> Counted {
        Counted {
            when: Interval { lo, hi },
            certain: true,
            limit: Some(2),
            decided: false,
        }
    }

    #[test]
    fn the_earliest_stand_and_the_rest_are_over() {
        let places = places(&[at(30, 31), at(10, 11), at(20, 21)]);
        assert_eq!(places, [Place::Over, Place::Within, Place::Within]);
    }

    #[test]
    fn where_the_last_place_is_disputed_both_are_unsure() {
        let places = places(&[at(10, 11), at(20, 25), at(24, 28)]);
        assert_eq!(places, [Place::Within, Place::Unsure, Place::Unsure]);
    }
}
