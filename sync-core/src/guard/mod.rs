//! What untrusted bytes must pass before they touch a document, the same on the server and on phones.
//!
//! Automerge's decoders trust their input: changes of a hundred bytes make them panic, allocate without bound, or leave
//! a document that can be saved but never loaded. So a change goes through six steps, in this order:
//!
//! 1. [`inspect`]: one plain change chunk of at most [`CHANGE_BYTES_MAX`](crate::limits::CHANGE_BYTES_MAX), its checksum recomputed;
//! 2. [`inspect`]: every run length bounded from the columns' metadata, without allocating what they stand for;
//! 3. [`admit`]: its dependencies are there, its author's change before it is among them, its operation numbers follow
//!    from them, and nothing it refers to lies outside them;
//! 4. [`admit`]: no object it makes lies deeper than [`DOCUMENT_DEPTH_MAX`](crate::limits::DOCUMENT_DEPTH_MAX) (before
//!    it is applied, so that no recursive reader ever meets one);
//! 5. [`admit`]: it is applied to a scratch copy, panics caught;
//! 6. [`admit`]: it comes out of that copy as the same bytes, and the copy can be saved and loaded.
//!
//! A change whose dependencies are missing may be one of another document: [`transplanted`] finds those by what the caller
//! knows of its other documents.
//!
//! That an actor is certified for its author, whoever carries the change, is for `proof` to say, between [`inspect`]
//! and [`admit`]: the header names the actor for that.

mod apply;
mod binding;
mod causality;
mod chunk;
mod columns;
#[cfg(test)]
mod crafting;
mod depth;
mod error;
mod leb128;
mod quiet;
#[cfg(test)]
mod tests;

pub use apply::{Admission, Batch, admit, admit_batch};
pub use binding::transplanted;
pub use chunk::{ChangeHeader, Inspected, inspect, wire_bytes};
pub use error::Unsafe;
