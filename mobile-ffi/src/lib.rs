//! The phone: its SQLite store, its keys, its HTTP, and the `Client` that an app drives. What is decided is decided in
//! `sync-core`; here it is stored, sent and asked for.

mod answering;
mod api;
mod capturing;
pub mod client;
mod confirming;
pub mod error;
pub mod face;
mod fault;
mod forms;
mod handing;
pub mod host;
pub mod install;
mod keeping;
pub mod keys;
mod kinds;
mod knowing;
mod leasing;
pub mod media;
mod meeting;
mod previewing;
mod recording;
mod records;
mod returning;
mod settling;
pub mod store;
mod syncing;
mod taking;
mod turns;
pub mod types;
mod uploading;
mod waiting;

pub use client::Client;
pub use error::ClientError;
pub use fault::{Faults, Hook};
pub use host::{
    Clock, Fix, Host, HttpAnswer, HttpRequest, Locator, Reading, Rng, Signer, SystemClock,
    SystemRng, Transport, TransportError, UreqTransport,
};
pub use keys::{RustVerifier, SoftwareKey};
pub use meeting::{code_png, code_svg};
pub use store::{LostChange, Salvage};
pub use sync_core::model::{
    CaseDisposed, CaseHandedOver, CaseHolder, CaseProgress, CaseReceived, CaseState,
    ConfirmedSubject, CoordinateSystem, EvidenceSubject, Location, PaperForm,
};
pub use sync_core::sync::advice::{Preview, Spoken, SpokenDoor, Stands};
pub use sync_core::sync::cases::Case;
pub use sync_core::sync::enforcement::Objection;
pub use sync_core::sync::evidence::EvidenceTally;
pub use sync_core::sync::leases::DoorState;
pub use sync_core::sync::todos::{Todo, TodoKind};
pub use syncing::SyncWatch;
pub use types::*;

uniffi::setup_scaffolding!("fieldseal");
