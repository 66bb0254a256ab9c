//! Evidence (影像证据) of a visit: the list with each piece's state, and the bytes.

pub mod content;
pub mod get;
pub mod link;
pub mod list;
pub mod rendition;
pub mod review;
