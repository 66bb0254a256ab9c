//! `/v1/seals` and the page `/v/{digest}`: what whoever holds a printed form is told of its seal.

mod get;
