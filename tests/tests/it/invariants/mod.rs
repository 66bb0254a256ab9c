//! Invariants that hold of a whole server, whatever is done to it in whatever order: one file each.

mod convergence;
mod one_entry;
mod seen;
