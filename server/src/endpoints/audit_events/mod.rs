//! `/v1/audit-events`: the audit trail, for administrators.

pub mod list;
