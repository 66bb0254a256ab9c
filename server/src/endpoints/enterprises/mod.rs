//! `/v1/enterprises`: enterprises and the keys that stand for them.

pub mod alias;
pub mod create;
pub mod get;
pub mod list;
pub mod undo_alias;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::services::reference::enterprises::Again;
use crate::store::reference::enterprises::Alias;

/// How to change an alias.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AliasQuery {
    /// Say what would be ruled again, but write nothing
    #[serde(default)]
    dry_run: bool,
}

/// An alias, and what is ruled again because of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Aliased {
    /// The alias.
    #[serde(flatten)]
    alias: Alias,
    /// What it concerns; nothing where it was so already.
    again: Again,
    /// Whether it was kept: not on a dry run.
    written: bool,
}
