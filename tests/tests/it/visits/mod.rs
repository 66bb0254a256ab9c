//! `/v1/visits`: what is known of a visit.

mod adjudications;
pub mod bundle;
mod evidence;
mod forms;
mod get;
pub mod manifest;
mod reviews;
mod search;
