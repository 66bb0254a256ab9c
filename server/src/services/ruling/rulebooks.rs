//! The rulebooks in force: those of the binary, and those published since, which stand over them.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use sync_core::rules::{Rulebook, Rulebooks};
use utoipa::ToSchema;

use crate::store::rulings::rulebooks;
use crate::store::{Result, Session, StoreError};

/// Rulebooks as last read, with how many were published then.
#[derive(Clone, Default)]
pub struct RulebookCache(Arc<Mutex<Option<Cached>>>);

/// How many were published, and what they are.
type Cached = (i64, Arc<Rulebooks>);

/// The rulebooks as this transaction sees them. They are only ever added, so their number tells one set from another.
pub async fn in_force(cache: &RulebookCache, db: &mut Session) -> Result<Arc<Rulebooks>> {
    let published = rulebooks::count(db).await?;
    let lock = || {
        cache
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    };
    if let Some((count, books)) = lock().as_ref()
        && *count == published
    {
        return Ok(books.clone());
    }
    let mut books = Rulebooks::builtin();
    for text in rulebooks::list_texts(db).await? {
        books = books.with(&text).map_err(|_| StoreError::Column {
            name: "text",
            wanted: "a rulebook",
        })?;
    }
    let books = Arc::new(books);
    *lock() = Some((published, books.clone()));
    Ok(books)
}

/// One version, as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RulebookView {
    /// As rulings name it: `shanghai@2`.
    pub name: String,
    /// GB/T 2260 code that it binds.
    pub region: String,
    /// First day on which it holds, in Asia/Shanghai.
    pub effective_from: String,
    /// What it follows.
    pub source: String,
}

impl From<&Rulebook> for RulebookView {
    fn from(book: &Rulebook) -> Self {
        Self {
            name: book.name(),
            region: book.region.clone(),
            effective_from: book.effective_from.to_string(),
            source: book.source.clone(),
        }
    }
}
