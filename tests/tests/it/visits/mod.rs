//! `/v1/visits`: what is known of a visit.

mod adjudications;
mod bundle;
mod evidence;
mod forms;
mod get;
mod manifest;
mod reviews;
mod search;
