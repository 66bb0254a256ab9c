//! Tables of ruling: scopes to be ruled, their verdicts, the versions of rulings, what persons decided.

pub mod dirty;

use super::Statement;

/// The statements of every module here.
pub const ALL: &[&[&Statement]] = &[dirty::ALL];
