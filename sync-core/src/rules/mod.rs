//! The rules: `Facts` in, `Findings` out, pure, and the same on phone and server (I4).

pub mod facts;
pub mod findings;
pub mod scope;

pub use facts::*;
pub use findings::*;
pub use scope::ScopeKey;
