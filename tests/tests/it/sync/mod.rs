//! `POST /v1/sync` over HTTP, with documents written by hand.

mod authorship;
mod feed;
mod kit;
mod page;
mod quarantine;
