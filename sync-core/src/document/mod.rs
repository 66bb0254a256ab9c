//! The visit document: sole owner of Automerge keys; edits, seals, conflicts, projection to facts.

pub mod conflicts;
pub mod entries;
pub mod history;
pub mod project;
#[cfg(test)]
mod projecting;
pub mod reading;
mod registers;
pub mod seals;
pub mod skeleton;
#[cfg(test)]
pub(crate) mod tests;
pub mod visit;

pub use conflicts::{ConflictRecord, ConflictValue, conflicts};
pub use history::{ChangeRecord, Touched, history};
pub use project::{
    ListedEvidence, ListedRecord, ListedSheet, Projection, Surroundings, TaskContext, project,
};
pub use seals::{
    AmendmentRecord, AmendmentVerdict, Certificates, SealRecord, SealStatement, SealVerdict,
    Sealable,
};
pub use skeleton::{SCHEMA, SKELETON_ACTOR};
pub use visit::{DocumentError, Item, Items, RawChange, VisitDocument};
