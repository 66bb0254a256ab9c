//! The weather of a network: faults drawn at random from a seed, one request after the other.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::network::Fault;

/// Bytes of a request, and of an answer, within which connections break: heads and most bodies.
const BREAKS_WITHIN: usize = 3_000;
/// The longest that something is on the way, in milliseconds.
const DELAY_MS_MAX: i64 = 20_000;
/// The longest `Retry-After`, in seconds: at times longer than a phone waits within one sync.
const RETRY_S_MAX: u32 = 40;
/// How far a `Date` lies, in milliseconds.
const DATE_MS_MAX: i64 = 3 * 86_400_000;
/// Requests that overtake another one.
const OVERTAKEN_BY_MAX: u32 = 12;

/// Every kind, as [`Fault::kind`] calls them.
pub const KINDS: [&str; 11] = [
    "none",
    "cut",
    "up cut",
    "down cut",
    "answer lost",
    "doubled",
    "overtaken",
    "echoed",
    "date skewed",
    "unavailable",
    "unavailable until",
];

/// Faults without end.
pub struct Weather {
    dice: ChaCha8Rng,
    /// How many in a hundred requests pass untouched.
    fair: u32,
}

impl Weather {
    /// The weather of a seed, in which so many in a hundred requests pass untouched.
    pub fn seeded(seed: u64, fair: u32) -> Self {
        Self {
            dice: ChaCha8Rng::seed_from_u64(seed),
            fair,
        }
    }

    /// What happens to the next request. Some of what happens takes its time as well.
    pub fn draw(&mut self) -> Fault {
        if self.dice.random_range(0..100) < self.fair {
            return Fault::None;
        }
        let dice = &mut self.dice;
        let fault = match dice.random_range(1..KINDS.len()) {
            1 => Fault::Cut,
            2 => Fault::UpCut(dice.random_range(0..BREAKS_WITHIN)),
            3 => Fault::DownCut(dice.random_range(0..BREAKS_WITHIN)),
            4 => Fault::AnswerLost,
            5 => Fault::Doubled,
            6 => Fault::Overtaken(dice.random_range(1..=OVERTAKEN_BY_MAX)),
            7 => Fault::Echoed(dice.random_range(1..=OVERTAKEN_BY_MAX)),
            8 => Fault::DateSkewed(dice.random_range(-DATE_MS_MAX..DATE_MS_MAX)),
            9 => Fault::Unavailable(dice.random_range(0..RETRY_S_MAX)),
            _ => Fault::UnavailableUntil {
                seconds: dice.random_range(0..RETRY_S_MAX),
                date_wrong_by_ms: dice.random_range(-DATE_MS_MAX..DATE_MS_MAX),
            },
        };
        match dice.random_range(0..3) {
            0 => Fault::Late(dice.random_range(1..DELAY_MS_MAX), Box::new(fault)),
            _ => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_weather_again_and_every_kind_of_it() {
        let draw = |seed| {
            let mut weather = Weather::seeded(seed, 30);
            (0..2_000).map(|_| weather.draw()).collect::<Vec<_>>()
        };
        let drawn = draw(7);
        assert_eq!(drawn, draw(7));
        assert_ne!(drawn, draw(8));
        let kinds: BTreeSet<&str> = drawn.iter().map(Fault::kind).collect();
        assert_eq!(kinds, KINDS.into_iter().collect());
        assert!(drawn.iter().any(|it| matches!(it, Fault::Late(..))));
    }
}
