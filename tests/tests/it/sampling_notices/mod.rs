//! `/v1/sampling-notices`.

mod create;
