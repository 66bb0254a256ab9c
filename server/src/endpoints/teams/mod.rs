//! `/v1/teams`: rosters that work together in one campaign.

pub mod create;
pub mod get;
pub mod list;
pub mod update;
