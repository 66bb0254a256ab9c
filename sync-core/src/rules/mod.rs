//! The rules: `Facts` in, `Findings` out, pure, and the same on phone and server (I4).

pub mod engine;
pub mod facts;
pub mod findings;
pub mod rulebook;
pub mod scope;

pub use engine::rule;
pub use facts::*;
pub use findings::*;
pub use rulebook::Rulebooks;
pub use scope::ScopeKey;
