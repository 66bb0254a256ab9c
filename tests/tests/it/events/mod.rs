//! `GET /v1/events`.

mod listen;
