//! The phone: its SQLite store, its keys, its HTTP, and the `Client` that an app drives. What is decided is decided in
//! `sync-core`; here it is stored, sent and asked for.

pub mod client;
pub mod error;
pub mod host;
pub mod types;

pub use client::Client;
pub use error::ClientError;
pub use host::{Clock, Host, HttpAnswer, HttpRequest, Rng, Transport, TransportError};
pub use types::*;
