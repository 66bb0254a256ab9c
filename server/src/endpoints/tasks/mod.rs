//! `/v1/tasks`: what is to be sampled, by whom.

pub mod approve;
pub mod assign;
pub mod cancel;
pub mod create;
pub mod disclose;
pub mod disclosures;
pub mod export;
pub mod get;
pub mod lift_recusal;
pub mod list;
pub mod recusals;
pub mod recuse;
