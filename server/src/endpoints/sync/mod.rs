//! The conversation with phones.

pub mod post;
