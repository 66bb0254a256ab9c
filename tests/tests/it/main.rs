//! Every test that needs a server or a phone, in one binary: folders are resources, files are verbs, as in the URLs.

mod access;
mod api;
mod cli;
mod devices;
mod enterprises;
mod imports;
mod organisations;
mod samples;
mod store;
mod sync;
mod tasks;
mod tokens;
mod users;
