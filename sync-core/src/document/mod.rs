//! The visit document: sole owner of Automerge keys; edits, seals, conflicts, projection to facts.

pub mod conflicts;
pub mod entries;
pub mod history;
pub mod hydrated;
pub mod skeleton;
