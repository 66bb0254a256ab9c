//! Rulebooks as published: the text of each version, who published it and when. Versions are added, never changed.

use std::collections::BTreeMap;

use sync_core::model::{Millis, UserId};

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// Adds a version.
    INSERT = "INSERT INTO rulebooks (rulebook_id, version, text, published_by, published_at) VALUES ($1, $2, $3, $4, $5)";
    /// When and by whom each version was published.
    LIST_PUBLICATIONS = "SELECT rulebook_id, version, published_by, published_at FROM rulebooks \
        ORDER BY rulebook_id, version";
}

/// When a version was published, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Millis,
}

/// Adds a version.
pub async fn insert(
    tx: &mut Tx,
    id: &str,
    version: i64,
    text: &str,
    publication: Publication,
) -> Result<()> {
    let columns = args![id, version, text, publication.by, publication.at];
    tx.exec(&INSERT, columns).await.map(drop)
}

/// Publications by rulebook and version; those that ship with the server have none.
pub async fn list_publications(db: &mut Session) -> Result<BTreeMap<(String, i64), Publication>> {
    let rows = db.all(&LIST_PUBLICATIONS, args![]).await?;
    rows.iter()
        .map(|row| {
            let publication = Publication {
                by: row.get("published_by")?,
                at: row.get("published_at")?,
            };
            Ok(((row.get("rulebook_id")?, row.get("version")?), publication))
        })
        .collect()
}
