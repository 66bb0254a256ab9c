//! `POST /v1/sync` over HTTP, with documents written by hand.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not what it built"
)]

mod authorship;
mod bad_input;
mod crowd;
mod feed;
mod index;
pub mod kit;
mod page;
mod quarantine;
mod rulings;
mod shared_ids;
mod shutdown;
mod transplants;
