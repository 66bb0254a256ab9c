//! `/v1/product-rules`: 实施细则, version by version.

pub mod create;
pub mod list;
