//! `/v1/rulebooks`: which rules hold where, with which numbers, version by version.

pub mod create;
pub mod list;
