//! `/v1/sessions`: where people are logged in, and an end to it.

pub mod end;
pub mod end_others;
pub mod list;
