//! `/v1/rulebooks`.

mod differences;
mod publish;
