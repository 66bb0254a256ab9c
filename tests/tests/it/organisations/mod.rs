//! `/v1/organisations`.

mod create;
mod list;
mod suspend;
