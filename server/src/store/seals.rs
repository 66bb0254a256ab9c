//! Seals (签封) by what was signed, as documents have them now.

use sync_core::document::{ListedSeal, SealStanding};
use sync_core::model::{Digest, DocumentId, Millis};

use super::{Result, Session, StoreError, Tx, Value, bulk, statements};
use crate::args;

statements! {
    /// The seals of a digest, the one that came first before others: one statement may be sealed twice.
    FIND = "SELECT sealed_from, sealed_to, standing FROM seals WHERE digest = $1 ORDER BY sealed_to, seal_id LIMIT 1";
}

bulk! {
    /// Out with the old seals.
    DELETE = ("DELETE FROM seals WHERE document_id IN (", 0, 1, ")");
    /// In with the new ones.
    INSERT = ("INSERT INTO seals (document_id, seal_id, digest, sealed_from, sealed_to, standing) VALUES", 0, 6,
        " ON CONFLICT DO NOTHING");
}

/// What is known of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealRow {
    /// Not before: a time of this server that its phone had; none where it had none.
    pub sealed_from: Option<Millis>,
    /// Not after: when it came here.
    pub sealed_to: Option<Millis>,
    /// Whether it is still what is shown.
    pub standing: SealStanding,
}

/// Replaces the seals of documents; of those that were not `stored` before there are none yet.
pub async fn replace(
    tx: &mut Tx,
    stored: &[DocumentId],
    seals: impl Iterator<Item = (DocumentId, &[ListedSeal])>,
) -> Result<()> {
    let ids = stored.iter().copied().map(Value::from);
    tx.exec_of(&DELETE, args![], ids).await?;
    let known = |at: Millis| (at != Millis::MIN && at != Millis::MAX).then_some(at);
    let mut rows = Vec::new();
    for (document, listed) in seals {
        rows.extend(listed.iter().map(|it| {
            args![
                document,
                it.seal_id.to_string(),
                it.digest,
                known(it.sealed.proven.lo),
                known(it.sealed.proven.hi),
                it.standing.word()
            ]
        }));
    }
    tx.exec_rows(&INSERT, rows).await
}

/// What is known of what was signed under a digest.
pub async fn find(db: &mut Session, digest: Digest) -> Result<Option<SealRow>> {
    let row = db.optional(&FIND, args![digest]).await?;
    let seal = row.map(|row| {
        let standing: String = row.get("standing")?;
        Ok(SealRow {
            sealed_from: row.get("sealed_from")?,
            sealed_to: row.get("sealed_to")?,
            standing: SealStanding::of_word(&standing).ok_or(StoreError::Column {
                name: "standing",
                wanted: "a word of the list",
            })?,
        })
    });
    seal.transpose()
}
