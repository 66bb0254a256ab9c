//! Who may do what, operation by operation (I8), and what happens to requests that come twice (I9).

mod operations;
mod replays;
