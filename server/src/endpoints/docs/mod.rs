//! What the API says about itself: its OpenAPI document, a page to read, and the catalogue of problems.

pub mod html;
pub mod openapi;
pub mod page;
pub mod problems;
