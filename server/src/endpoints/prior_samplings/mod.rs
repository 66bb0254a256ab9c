//! `/v1/prior-samplings`: 既往抽样, made elsewhere or before.

pub mod create;
pub mod list;
