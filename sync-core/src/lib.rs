//! The heart of Fieldseal, shared by server and phones: what is recorded (`model`, `document`), what untrusted bytes
//! must pass (`guard`), how it is ruled (`rules`), how it travels (`sync`) and how it is proved (`proof`), the codes that
//! cameras read (`qr`), and what words of lists are called (`wording`).
//!
//! There is no IO here: no clock, no randomness, no files, no runtime. All of it is passed in, so that a story can be
//! replayed and a browser could run it.

pub mod document;
pub mod forms;
pub mod guard;
pub mod limits;
pub mod model;
pub mod proof;
pub mod qr;
pub mod rules;
pub mod sync;
pub mod wording;
