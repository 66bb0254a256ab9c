//! `/v1/returned-papers`.

mod create;
