//! `/v1/enterprises`: enterprises and the keys that stand for them.

pub mod alias;
pub mod create;
pub mod get;
pub mod list;
pub mod undo_alias;
