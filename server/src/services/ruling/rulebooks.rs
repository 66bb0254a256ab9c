//! The rulebooks in force: those of the binary, and those published since, which stand over them.

use std::sync::{Arc, Mutex};

use sync_core::rules::Rulebooks;

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
    // All at once: what one extends may have been published in the same millisecond, or ship with this binary by now.
    let mut texts: Vec<String> = Rulebooks::builtin().into();
    for text in rulebooks::list_texts(db).await? {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let books = Rulebooks::from_texts(texts).map_err(|_| StoreError::Column {
        name: "text",
        wanted: "a rulebook",
    })?;
    let books = Arc::new(books);
    *lock() = Some((published, books.clone()));
    Ok(books)
}
