//! The HTTP endpoints: a folder per resource, a file per verb. Each holds its request and response types, its
//! documentation and its handler: extract, call a service, map.

pub mod address;
pub mod challenges;
pub mod devices;
pub mod docs;
pub mod enrolment_codes;
pub mod health;
pub mod list;
pub mod organisations;
pub mod sync;
pub mod tokens;
pub mod users;
