//! Counting what exceeds a limit, for YEAR3, TASK3 and BATCH3: the earliest stand, the rest need a ruling. What itself
//! needs a ruling neither counts nor disqualifies, but what depends on it needs a ruling too.

use crate::model::Interval;

/// One thing that is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// When, for the order.
    pub(super) when: Interval,
    /// False where it is not known whether it counts at all.
    pub(super) certain: bool,
    /// The limit that binds it; none where it is bound by none.
    pub(super) limit: Option<i64>,
    /// A person let it stand: it counts and is not judged.
    pub(super) decided: bool,
}

/// How one of them fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Within the limit, whatever is decided of the others.
    Within,
    /// The limit was exhausted before it.
    Over,
    /// Over or within, as others turn out.
    Unsure,
}

/// One word for each, in the order given. Each is judged by how many others are provably earlier, and by how many may be.
pub(super) fn places(counted: &[Counted]) -> Vec<Place> {
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
