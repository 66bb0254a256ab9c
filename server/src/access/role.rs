//! Roles of people and kinds and levels of organisations (domain.md §1), as they are stored and sent. They are those of
//! certificates and rules: `sync-core` owns them.

use serde::Serialize;
use sync_core::model::RegionLevel;
pub use sync_core::proof::{OrganisationKind, Role};

/// The word under which serde writes a role or kind: the one spelling in the database, the API and certificates.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl crate::store::FromCell for OrganisationKind {
    fn from_cell(cell: &crate::store::Cell) -> Option<Self> {
        let word = String::from_cell(cell)?;
        serde_json::from_value(serde_json::Value::String(word)).ok()
    }
}

impl From<OrganisationKind> for crate::store::Value {
    fn from(kind: OrganisationKind) -> Self {
        word(&kind).into()
    }
}

impl crate::store::FromCell for RegionLevel {
    fn from_cell(cell: &crate::store::Cell) -> Option<Self> {
        let word = String::from_cell(cell)?;
        serde_json::from_value(serde_json::Value::String(word)).ok()
    }
}

impl From<Option<RegionLevel>> for crate::store::Value {
    fn from(level: Option<RegionLevel>) -> Self {
        level.map(|level| word(&level)).into()
    }
}
