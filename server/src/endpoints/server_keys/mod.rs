//! The server's public keys: for those who verify access tokens, and for those who verify what was signed years ago.

pub mod jwks;
pub mod list;
