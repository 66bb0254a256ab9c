//! Rulings (裁定): read, and made by persons.

pub mod decide;
pub mod facts;
pub mod get;
