//! `/v1/leases`: doors that teams hold for a time.

pub mod create;
pub mod list;
pub mod release;
