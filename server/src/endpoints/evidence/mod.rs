//! Evidence (影像证据) across visits.

pub mod list;
