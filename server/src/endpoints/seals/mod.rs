//! `/v1/seals`: what whoever holds a printed form may know of its seal.

pub mod get;
