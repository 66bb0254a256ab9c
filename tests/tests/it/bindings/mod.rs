//! The face towards Kotlin, Swift and Python, driven from Rust: the reference of the story of conformance.

mod story;
