//! What the domain speaks of: identifiers, time, regions, enterprises, forms.

pub mod canonical;
pub mod fault;
pub mod fault_words;
pub mod identity;
pub mod ids;
pub mod media;
pub mod place;
pub mod product;
pub mod quantity;
pub mod records;
pub mod reference;
pub mod region;
pub mod review;
pub mod sheet;
pub mod states;
pub mod time;
pub mod uscc;

pub use canonical::{canonical_json, canonical_text};
pub use fault::Fault;
pub use fault_words::ToldFault;
pub use identity::{ConfirmationIdentity, TeamKey, VisitIdentity};
pub use ids::*;
pub use media::*;
pub use place::*;
pub use product::{ProductKey, normalise_standard, normalise_text};
pub use quantity::Milli;
pub use records::*;
pub use reference::*;
pub use region::{Region, RegionLevel};
pub use review::*;
pub use sheet::*;
pub use states::*;
pub use time::*;
pub use uscc::Uscc;
