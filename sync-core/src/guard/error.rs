//! Why bytes were not let near a document. The codes are stable: quarantine keeps them, the catalogue explains them.

use crate::limits::{
    CHANGE_ACTORS_MAX, CHANGE_BYTES_MAX, CHANGE_DEPENDENCIES_MAX, CHANGE_KEY_BYTES_MAX,
    CHANGE_OPS_MAX, CHANGE_PREDECESSORS_MAX, DOCUMENT_DEPTH_MAX,
};
use crate::model::ids::ChangeHash;

/// Bytes that failed the guard: they are quarantined as *unsafe* and never applied.
///
/// A change is unsafe for what it is, not for when it arrives: one that merely waits for another is
/// [`Admission::Held`](super::Admission::Held), and a second change under a known number is
/// [`Admission::Equivocation`](super::Admission::Equivocation).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// Longer than a change may be.
    #[error("the change is {bytes} bytes long, {max} are allowed", max = CHANGE_BYTES_MAX)]
    TooLarge {
        /// How long it is.
        bytes: usize,
    },
    /// The bytes do not begin as Automerge's chunks begin.
    #[error("the bytes are not an Automerge chunk")]
    NotAChunk,
    /// A chunk, but not a plain change: a document, a compressed change or a bundle could inflate without bound.
    #[error("chunk type {chunk_type} is not a plain change (1)")]
    NotAChangeChunk {
        /// The type byte found.
        chunk_type: u8,
    },
    /// Bytes before or after the one chunk, or a chunk that ends before its length.
    #[error("the chunk does not fill the bytes exactly")]
    LengthMismatch,
    /// The checksum is not the beginning of the SHA-256 of the chunk.
    #[error("the checksum does not match the bytes")]
    ChecksumMismatch,
    /// The header cannot be read.
    #[error("the change's {field} cannot be read")]
    Malformed {
        /// Which part.
        field: &'static str,
    },
    /// An actor that is not 16 bytes.
    #[error("an actor is {bytes} bytes long instead of 16")]
    ActorLength {
        /// How long it is.
        bytes: usize,
    },
    /// More dependencies than a change may have.
    #[error("the change has {count} dependencies, {max} are allowed", max = CHANGE_DEPENDENCIES_MAX)]
    TooManyDependencies {
        /// How many.
        count: u64,
    },
    /// More other actors than a change may name.
    #[error("the change names {count} other actors, {max} are allowed", max = CHANGE_ACTORS_MAX)]
    TooManyActors {
        /// How many.
        count: u64,
    },
    /// A column that Fieldseal never writes, or twice the same, or compressed, or out of order.
    #[error("column {specification} is not one that a change may have")]
    Column {
        /// Automerge's column specification: id, type and compression in one number.
        specification: u32,
    },
    /// A run that stands for more than a change may hold, or columns that disagree about the number of operations.
    #[error("the {column} column stands for more than the change may hold")]
    RunLengthExceeds {
        /// Which column.
        column: &'static str,
    },
    /// More operations than a change may have.
    #[error("the change has more than {max} operations", max = CHANGE_OPS_MAX)]
    TooManyOperations,
    /// More predecessors than a change may name.
    #[error("the change names more than {max} predecessors", max = CHANGE_PREDECESSORS_MAX)]
    TooManyPredecessors,
    /// Runs of keys that would be written out to more than is allowed.
    #[error("the change's keys exceed {max} bytes when written out", max = CHANGE_KEY_BYTES_MAX)]
    KeysTooLarge,
    /// An operation that makes no sense by itself, or that Fieldseal never writes.
    #[error("operation {index} of the change is not valid: {reason}")]
    Operation {
        /// Its place in the change.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Bytes after the columns: nothing of Fieldseal's writes them.
    #[error("the change carries {bytes} bytes after its columns")]
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// Operation numbers beyond what Automerge can count.
    #[error("the operation numbers of the change exceed 32 bits")]
    CounterTooLarge,
    /// A second beginning: only a document's first change may depend on nothing, since it binds all others to the
    /// document.
    #[error("the change does not descend from the document's first change")]
    Unbound,
    /// It builds on a change of another document: its hash binds it there, so it can never be applied here.
    #[error("the change builds on {dependency}, which belongs to another document")]
    Transplanted {
        /// What of the other document it builds on, or builds on something that does.
        dependency: ChangeHash,
    },
    /// The author's preceding change is not among what this one depends on. Its dependencies are all here and fixed by
    /// its hash, so waiting cannot help.
    #[error("change {seq} of its actor does not descend from that actor's change before it")]
    PredecessorNotAncestor {
        /// The sequence number it claims.
        seq: u64,
    },
    /// Operation numbers that do not follow from the dependencies: such a document could be saved but never loaded.
    #[error("the change begins at operation {found}, its dependencies make it {expected}")]
    StartOp {
        /// 1 + the highest operation of the dependencies' closure.
        expected: u64,
        /// What the change says.
        found: u64,
    },
    /// An actor that appears nowhere in what the change depends on.
    #[error("the change names an actor that its dependencies do not know")]
    UnknownActor,
    /// An operation that refers to something which its dependencies do not contain.
    #[error("operation {index} refers to an operation that its dependencies do not contain")]
    UnknownOperation {
        /// Its place in the change.
        index: usize,
    },
    /// Nested too deeply: recursive readers would overflow their stack.
    #[error("operation {index} makes an object {depth} levels deep, {max} are allowed", max = DOCUMENT_DEPTH_MAX)]
    Depth {
        /// Its place in the change.
        index: usize,
        /// How deep it would lie.
        depth: usize,
    },
    /// Automerge refused the change.
    #[error("the change cannot be applied: {reason}")]
    Refused {
        /// Automerge's reason.
        reason: String,
    },
    /// Automerge panicked while decoding, applying or saving.
    #[error("the change makes the decoder panic: {reason}")]
    Panicked {
        /// The beginning of the panic's message.
        reason: String,
    },
    /// What comes out of the document again is not what was put in.
    #[error("the change does not come out of the document as it went in")]
    RoundTrip,
    /// The document with this change in it could be saved but not loaded again.
    #[error("the document cannot be loaded again with this change in it: {reason}")]
    SnapshotUnloadable {
        /// Automerge's reason.
        reason: String,
    },
}

impl Unsafe {
    /// The stable code under which quarantine and the catalogue of errors know this reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "change.too_large",
            Self::NotAChunk => "change.not_a_chunk",
            Self::NotAChangeChunk { .. } => "change.not_a_change_chunk",
            Self::LengthMismatch => "change.length_mismatch",
            Self::ChecksumMismatch => "change.checksum_mismatch",
            Self::Malformed { .. } => "change.malformed",
            Self::ActorLength { .. } => "change.actor_length",
            Self::TooManyDependencies { .. } => "change.too_many_dependencies",
            Self::TooManyActors { .. } => "change.too_many_actors",
            Self::Column { .. } => "change.column",
            Self::RunLengthExceeds { .. } => "change.run_length_exceeds",
            Self::TooManyOperations => "change.too_many_operations",
            Self::TooManyPredecessors => "change.too_many_predecessors",
            Self::KeysTooLarge => "change.keys_too_large",
            Self::Operation { .. } => "change.operation",
            Self::TrailingBytes { .. } => "change.trailing_bytes",
            Self::CounterTooLarge => "change.counter_too_large",
            Self::Unbound => "change.unbound",
            Self::Transplanted { .. } => "change.transplanted",
            Self::PredecessorNotAncestor { .. } => "change.predecessor_not_ancestor",
            Self::StartOp { .. } => "change.start_op",
            Self::UnknownActor => "change.unknown_actor",
            Self::UnknownOperation { .. } => "change.unknown_operation",
            Self::Depth { .. } => "change.depth",
            Self::Refused { .. } => "change.refused",
            Self::Panicked { .. } => "change.panicked",
            Self::RoundTrip => "change.round_trip",
            Self::SnapshotUnloadable { .. } => "change.snapshot_unloadable",
        }
    }
}
