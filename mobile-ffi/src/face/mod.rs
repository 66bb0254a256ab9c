//! The face towards Kotlin, Swift and Python, over uniffi: what crosses the border, on which thread, and as which error.
//! It decides nothing: every method hands over to the [`Client`](crate::Client).
//!
//! Every method that touches the store or the network is async and does its work on this library's own threads, so that
//! the caller's loop stays free. What was begun goes on when the caller drops the future; what must be stoppable gives a
//! [`TaskHandle`].

mod calls;
mod confirming;
mod failure;
mod fields;
#[cfg(test)]
mod host_tests;
mod hosts;
mod keeping;
mod logging;
mod looking;
mod meeting;
mod recording;
mod records;
mod tasks;
mod telling;
mod waiting;

pub use calls::{Fieldseal, core_version, open_fieldseal, open_with};
pub use failure::{FieldsealError, HostFailure, Obstacle, Problem};
pub use hosts::{
    Clock, ClockReading, DeviceSigner, GeoFix, Hosts, HttpExchange, HttpHeader, HttpReply,
    KeyStore, LocationSource, Transport,
};
pub use keeping::{FileAmount, SalvageInfo, StorageInfo, TodoInfo, UnsentInfo};
pub use logging::{LogLine, LogSink};
pub use records::*;
pub use tasks::{ProgressListener, SyncDone, SyncOptions, SyncStep, TaskHandle};

#[cfg(test)]
mod tests;
