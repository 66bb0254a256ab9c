//! What chance a run has: drawn anew, or the one of an earlier run.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Names the seed that a run is to have.
const VARIABLE: &str = "FIELDSEAL_SEED";

/// The seed of this run, printed so that a failure can be had again with `FIELDSEAL_SEED`.
pub fn of_this_run() -> u64 {
    let given = std::env::var(VARIABLE).ok();
    let given = given.map(|text| text.parse().expect("FIELDSEAL_SEED is a number"));
    let seed = given.unwrap_or_else(|| rand::rng().random());
    println!("{VARIABLE}={seed}");
    seed
}

/// Dice of that seed.
pub fn dice() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(of_this_run())
}
