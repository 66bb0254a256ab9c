//! `/v1/sampling-notices`: notices of sampling (监督抽查通知书).

pub mod create;
pub mod list;
