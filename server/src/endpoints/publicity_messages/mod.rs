//! `/v1/publicity-messages`: what the credit publicity system (国家企业信用信息公示系统) is told of confirmed refusals.

pub mod deliver;
pub mod list;
