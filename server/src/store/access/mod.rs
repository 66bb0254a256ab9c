//! Tables of access: organisations, people, devices, sessions, and the audit trail.

pub mod attempts;
pub mod audit;
pub mod challenges;
pub mod counters;
pub mod devices;
pub mod enrolment_codes;
pub mod kept_answers;
pub mod oidc;
pub mod organisations;
pub mod server_keys;
pub mod sessions;
pub mod setup_tokens;
pub mod sheet_number_blocks;
pub mod users;
pub mod wakes;

use super::Statement;

/// The statements of every module here.
pub const ALL: &[&[&Statement]] = &[
    attempts::ALL,
    audit::ALL,
    challenges::ALL,
    counters::ALL,
    devices::ALL,
    enrolment_codes::ALL,
    kept_answers::ALL,
    oidc::ALL,
    organisations::ALL,
    server_keys::ALL,
    sessions::ALL,
    setup_tokens::ALL,
    sheet_number_blocks::ALL,
    users::ALL,
    wakes::ALL,
];
