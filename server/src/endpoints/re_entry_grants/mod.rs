//! `/v1/re-entry-grants`: permissions to walk in again.

pub mod create;
pub mod list;
