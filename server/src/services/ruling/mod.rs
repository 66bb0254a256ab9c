//! Ruling: marks scopes when a fact changes, and rules what is marked.

pub mod dirty;
pub mod follow;
pub mod gather;
pub mod job;
pub mod rule;
pub mod rulebooks;

pub use dirty::{
    mark_dirty, mark_dirty_for_body, mark_dirty_for_enterprise, mark_dirty_for_everything,
    mark_dirty_for_sample, mark_dirty_for_task, mark_documents,
};
pub use rule::{rule_before_answer, rule_what_is_dirty};
