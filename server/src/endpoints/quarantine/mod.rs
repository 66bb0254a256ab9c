//! The quarantine: what lies aside, and who lets it in.

pub mod admit;
pub mod doctor;
pub mod list;
