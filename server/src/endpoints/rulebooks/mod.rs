//! `/v1/rulebooks`: which rules hold where, with which numbers, from when; version by version.

pub mod differences;
pub mod get;
pub mod list;
pub mod publish;
