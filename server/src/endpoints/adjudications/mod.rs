//! What the rules leave to a person (裁定), with both sides of it.

pub mod get;
pub mod list;
