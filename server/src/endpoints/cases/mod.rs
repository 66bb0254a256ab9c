//! `/v1/cases`: refusals (拒检) and on-site reports (现场报告) at the desk of enforcement and the authority.

pub mod dispose;
pub mod get;
pub mod give_back;
pub mod hand_over;
pub mod list;
pub mod receive;
pub mod take;
