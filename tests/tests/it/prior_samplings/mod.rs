//! `/v1/prior-samplings`.

mod create;
