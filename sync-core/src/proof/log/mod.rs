//! The log (存证日志): what a server cannot take back unnoticed. One hash chain a visit ([`chain`]), a tree over the heads of
//! all chains ([`tree`]), and signed checkpoints of it ([`checkpoint`]); see docs/adr/0017-the-log-and-its-checkpoints.md.
//! Everything that is hashed is a line of text, so that `sha256sum` and `openssl` check it without us.

pub mod chain;
pub mod checkpoint;
pub mod tree;

pub use chain::{ChainFault, HOUSE, Head, Line};
pub use checkpoint::{
    CheckpointNews, CheckpointPayload, Extension, SeenCheckpoint, SeenCheckpoints,
};
