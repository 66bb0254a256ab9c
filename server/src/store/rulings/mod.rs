//! Tables of ruling: scopes to be ruled, their verdicts, the versions of rulings, what persons decided.

pub mod cases;
pub mod casework;
pub mod decisions;
pub mod dirty;
pub mod effects;
pub mod figures;
pub mod index;
pub mod open;
pub mod rulebooks;
pub mod ruled_facts;
pub mod verdicts;
pub mod versions;

use super::Statement;

/// The statements of every module here.
pub const ALL: &[&[&Statement]] = &[
    cases::ALL,
    casework::ALL,
    decisions::ALL,
    dirty::ALL,
    effects::ALL,
    figures::ALL,
    index::ALL,
    open::ALL,
    ruled_facts::ALL,
    rulebooks::ALL,
    versions::ALL,
];
