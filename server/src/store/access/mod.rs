//! Tables of access: organisations, people, devices, sessions, and the audit trail.

pub mod sessions;

use super::Statement;

/// The statements of every module here.
pub const ALL: &[&[&Statement]] = &[sessions::ALL];
