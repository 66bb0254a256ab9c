//! Roles of people and kinds of organisations (domain.md §1), as they are stored and sent. The roles are those of
//! certificates: `sync-core` owns them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
pub use sync_core::proof::{OrganisationKind, Role};
use utoipa::ToSchema;

/// A word that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not one of the words known here")]
pub struct UnknownWord(pub String);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[$name] = &[$($name::$variant),*];
            /// As it is stored and sent.
            pub fn as_str(self) -> &'static str { match self { $($name::$variant => $word),* } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word { $($word => Ok($name::$variant),)* _ => Err(UnknownWord(word.into())) }
            }
        }
        impl $crate::store::FromCell for $name {
            fn from_cell(cell: &$crate::store::Cell) -> Option<Self> {
                String::from_cell(cell).and_then(|word| word.parse().ok())
            }
        }
        impl From<$name> for $crate::store::Value {
            fn from(word: $name) -> Self { word.as_str().into() }
        }
        impl From<Option<$name>> for $crate::store::Value {
            fn from(word: Option<$name>) -> Self { word.map($name::as_str).into() }
        }
    };
}

/// The word under which serde writes a role or kind: the one spelling in the database, the API and certificates.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl crate::store::FromCell for OrganisationKind {
    fn from_cell(cell: &crate::store::Cell) -> Option<Self> {
        let word = String::from_cell(cell)?;
        serde_json::from_value(serde_json::Value::String(word)).ok()
    }
}

impl From<OrganisationKind> for crate::store::Value {
    fn from(kind: OrganisationKind) -> Self {
        word(&kind).into()
    }
}

words! {
    /// The level of an authority.
    AuthorityLevel {
        /// 国家.
        National = "national",
        /// 省.
        Province = "province",
        /// 市.
        City = "city",
        /// 县.
        County = "county",
    }
}
