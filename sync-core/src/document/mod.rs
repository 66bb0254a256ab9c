//! Documents, of visits and of confirmations: sole owner of Automerge keys; edits, seals, conflicts, projection to facts.

mod bound;
pub mod confirmation;
pub mod conflicts;
pub mod entries;
mod gist;
pub mod history;
mod kind;
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

pub use bound::{BoundDocument, DocumentError, Item, Items, RawChange};
pub use confirmation::{
    ConfirmationDocument, ConfirmationProjection, ConfirmationReading, ListedCoSignature,
    ListedOpinion, lay_over, may_be_handed_to, objection_to, project_confirmation,
    read_confirmation,
};
pub use conflicts::{ConflictRecord, ConflictValue, conflicts};
pub use gist::{gist, gist_digest};
pub use history::{ChangeRecord, Touched, history};
pub use kind::DocumentIdentity;
pub(crate) use project::time_fact;
pub use project::{
    ListedEvidence, ListedRecord, ListedSheet, Projection, Surroundings, TaskContext, project,
};
pub use seals::{
    AmendmentRecord, AmendmentVerdict, Certificates, ListedSeal, SealProof, SealRecord,
    SealSignature, SealStanding, SealStatement, SealVerdict, Sealable,
};
pub use skeleton::{Identity, SCHEMA, SKELETON_ACTOR, SignedBy};
pub use visit::VisitDocument;
