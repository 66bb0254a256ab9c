//! Statements are constants with a name. Only those can be run, so a test can prepare every one on each database.

/// A statement as both databases understand it: `$1` placeholders, `RETURNING`, `ON CONFLICT`.
#[derive(Debug)]
pub struct Statement {
    /// The constant's name, for messages.
    pub name: &'static str,
    /// The text.
    pub sql: &'static str,
}

/// Declares the statements of a store module as constants, and `ALL` with every one of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub const $name: $crate::store::Statement =
            $crate::store::Statement { name: concat!(module_path!(), "::", stringify!($name)), sql: $sql };)*
        /// Every statement of this module.
        pub const ALL: &[&$crate::store::Statement] = &[$(&$name),*];
    };
}
pub(crate) use statements;
