//! Visits (进门): lists, dossiers, rulings.

pub mod get;
pub mod list;
pub mod rulings;
