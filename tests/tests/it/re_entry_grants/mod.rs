//! `/v1/re-entry-grants`.

mod create;
