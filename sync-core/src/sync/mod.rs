//! How captures travel: the wire messages of `POST /v1/sync`, and the phone's session as events → effects.

pub mod wire;
