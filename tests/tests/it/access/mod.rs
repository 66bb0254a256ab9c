//! Who may do what, operation by operation (I8).

mod operations;
