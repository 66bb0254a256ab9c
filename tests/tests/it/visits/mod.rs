//! `/v1/visits`: what is known of a visit.

mod get;
mod manifest;
