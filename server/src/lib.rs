//! The Fieldseal server: accepts everything, rules on it, loses nothing. `router` → `endpoints` → `services` → `store`;
//! `access` says who may do what; `cli` is the `fieldseal` command. A library, so that tests can start it in process.

pub mod access;
pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod crypto;
pub mod data_folder;
pub mod endpoints;
pub mod extract;
pub mod keys;
pub mod media;
pub mod objects;
pub mod openapi;
pub mod problem;
pub mod ranges;
pub mod rng;
pub mod router;
pub mod serve;
pub mod services;
pub mod store;
pub mod telemetry;
pub mod wording;

/// The allocator of the commands: many threads take and give back documents of all sizes, and the one of the C library keeps
/// twice as much for it.
pub use mimalloc::MiMalloc as Allocator;
