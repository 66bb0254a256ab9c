//! `/v1/campaigns`: the product tasks of one commission.

pub mod create;
pub mod get;
pub mod list;
