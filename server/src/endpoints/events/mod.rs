//! `/v1/events`.

pub mod listen;
