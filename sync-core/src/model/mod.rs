//! What the domain speaks of: identifiers, time, regions, enterprises, forms.

pub mod ids;
pub mod time;

pub use ids::*;
pub use time::*;
