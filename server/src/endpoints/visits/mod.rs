//! Visits (进门): lists, dossiers, rulings, evidence.

pub mod evidence;
pub mod get;
pub mod list;
pub mod rulings;
