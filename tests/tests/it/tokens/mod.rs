//! `/v1/tokens`.

mod create;
mod delete;
mod refresh;
