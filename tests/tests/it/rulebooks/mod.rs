//! `/v1/rulebooks`.

mod publish;
