//! `/v1/tracked-enterprises`: the tracking list (跟踪抽查名单).

pub mod list;
