//! The HTTP endpoints: a folder per resource, a file per verb. Each holds its request and response types, its
//! documentation and its handler: extract, call a service, map.

pub mod docs;
pub mod health;
