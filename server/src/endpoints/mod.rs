//! The HTTP endpoints: a folder per resource, a file per verb. Each holds its request and response types, its
//! documentation and its handler: extract, call a service, map.

pub mod address;
pub mod adjudications;
pub mod audit_events;
pub mod campaigns;
pub mod cases;
pub mod challenges;
pub mod checkpoints;
pub mod days;
pub mod devices;
pub mod docs;
pub mod enrolment_codes;
pub mod enterprises;
pub mod events;
pub mod evidence;
pub mod figures;
pub mod health;
pub mod imports;
pub mod leases;
pub mod list;
pub mod media;
pub mod not_sampled;
pub mod oidc;
pub mod organisations;
pub mod prior_samplings;
pub mod product_rules;
pub mod publicity_messages;
pub mod quarantine;
pub mod re_entry_grants;
pub mod returned_papers;
pub mod rulebooks;
pub mod rulings;
pub mod samples;
pub mod sampling_notices;
pub mod scopes;
pub mod seals;
pub mod server_keys;
pub mod sessions;
pub mod sheet_number_blocks;
pub mod sync;
pub mod tasks;
pub mod teams;
pub mod tokens;
pub mod tracked_enterprises;
pub mod uploads;
pub mod users;
pub mod visits;

use axum::http::StatusCode;

use crate::services::reference::Change;

/// 201 where something was made, 200 where it was there before.
fn put_status(change: Change) -> StatusCode {
    match change {
        Change::Created => StatusCode::CREATED,
        Change::Updated | Change::Unchanged => StatusCode::OK,
    }
}
