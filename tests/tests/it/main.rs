//! Every test that needs a server or a phone, in one binary: folders are resources, files are verbs, as in the URLs.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

mod access;
mod api;
mod audit_events;
mod backup;
mod bindings;
mod cases;
mod cli;
mod console;
mod demo;
mod devices;
mod enterprises;
mod events;
mod figures;
mod imports;
mod invariants;
mod kills;
mod leases;
mod limits;
mod log;
mod media;
mod not_sampled;
mod objects;
mod oidc;
mod organisations;
mod prior_samplings;
mod races;
mod re_entry_grants;
mod restore;
mod returned_papers;
mod rulebooks;
mod samples;
mod sampling_notices;
mod seals;
mod server_keys;
mod sessions;
mod store;
mod stories;
mod sync;
mod tasks;
mod tokens;
mod uploads;
mod users;
mod visits;
mod walk;
