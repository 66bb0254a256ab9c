//! `/v1/rulebooks`: which rules hold where, with which numbers, from when; version by version.

pub mod get;
pub mod list;
pub mod publish;
