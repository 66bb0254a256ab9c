//! How captures travel: the wire messages of `POST /v1/sync`, and the phone's session as events → effects.
//!
//! `session` is the conversation; `retry` reads and keeps `Retry-After`; `lanes` decides what goes on a page; `intake` judges what comes down before it touches a
//! document, `authority` whether its author may write there; `doctor` says of every item in words where it stands; `advice` rules what a phone knows before the sample is
//! cut, `bearing` says which of its visits that takes; `enforcement` says what it does not start or seal; `cases` says what waits for a supervisor, `todos` what waits for the person of a phone; `leases` says who may be at a door. Evidence travels beside: `tus` is the conversation of
//! one file, `evidence` says which file goes next, where each stands and which may be let go. None of them does IO.

pub mod advice;
pub mod authority;
pub mod bearing;
pub mod cases;
pub mod doctor;
pub mod enforcement;
pub mod evidence;
pub mod intake;
pub mod lanes;
pub mod leases;
pub mod parcel;
pub mod retry;
pub mod session;
pub mod todos;
pub mod tus;
pub mod wire;
