//! What the server does, one file a subject: handlers call these, these call the store. Transactions begin and end here.

pub mod readiness;
pub mod sessions;
