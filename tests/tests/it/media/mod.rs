//! What the server makes of the bytes of evidence.

mod files;
mod visits;
