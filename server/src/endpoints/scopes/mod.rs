//! Scopes: what is ruled together.

pub mod facts;
