//! `/v1/prior-samplings`.

mod create;
mod rules;
