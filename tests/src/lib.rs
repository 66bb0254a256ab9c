//! The harness: a real server in process with a clock that tests move, and what plays on it.

pub mod child;
pub mod device;
pub mod server;

pub use device::TestDevice;
pub use server::{Answer, TestServer};
