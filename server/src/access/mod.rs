//! Who is calling and what they may do: roles, regions, the operation table, and the gate that every request passes.

pub mod gate;
pub mod jwt;
pub mod operations;
pub mod passwords;
pub mod principal;
pub mod replays;
pub mod role;

pub use jwt::Claims;
pub use principal::Principal;
pub use role::{OrganisationKind, Role};
