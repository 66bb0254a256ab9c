//! Visits (进门): lists, dossiers, rulings, evidence, printed forms.

pub mod bundle;
pub mod evidence;
pub mod export;
pub mod forms;
pub mod get;
pub mod list;
pub mod log;
pub mod proof;
pub mod rulings;
