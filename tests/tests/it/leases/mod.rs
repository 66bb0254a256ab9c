//! `/v1/leases`.

mod create;
mod release;
