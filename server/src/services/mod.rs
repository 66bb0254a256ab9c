//! What the server does, one file a subject: handlers call these, these call the store. Transactions begin and end here.

pub mod audit;
pub mod certificates;
pub mod challenges;
pub mod custody;
pub mod decisions;
pub mod devices;
pub mod duplicate_index;
pub mod enrolment;
pub mod gauges;
pub mod imports;
pub mod logins;
pub mod oidc;
pub mod organisations;
pub mod people;
pub mod projection;
pub mod quarantine;
pub mod readiness;
pub mod reference;
pub mod returned_papers;
pub mod ruled_facts;
pub mod ruling;
pub mod server_keys;
pub mod sessions;
pub mod sheet_numbers;
pub mod sync;
pub mod visits;
