//! The harness: a real server in process with a clock that tests move, and what plays on it.

pub mod catalogue;
pub mod child;
pub mod crowd;
pub mod database;
pub mod demonstration;
pub mod device;
pub mod disk;
pub mod forger;
pub mod gate;
pub mod hands;
pub mod listener;
pub mod network;
pub mod phone;
pub mod pictures;
pub mod postgres;
pub mod printing;
pub mod provider;
pub mod publicity_system;
pub mod push_provider;
pub mod relay;
pub mod s3;
pub mod screen;
pub mod seed;
pub mod server;
pub mod soundness;
pub mod stock_clients;
pub mod tus;
pub mod weather;
pub mod webhook;
pub mod world;

pub use device::TestDevice;
pub use network::Fault;
pub use phone::Phone;
pub use screen::Screen;
pub use server::{Answer, TestServer};
pub use world::World;
