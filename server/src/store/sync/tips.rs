//! Signatures over the tips of devices' changes, verified before they came here.

use sync_core::model::{Actor, ChangeHash, DocumentId, Millis};
use sync_core::proof::TipStatement;
use sync_core::sync::wire::SignedTip;

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// Keeps a signature.
    INSERT = "INSERT INTO tips (document_id, actor, seq, hash, signature, received_at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT DO NOTHING";
    /// All signatures of a document.
    LIST = "SELECT actor, seq, hash, signature FROM tips WHERE document_id = $1 ORDER BY actor, seq";
}

/// Keeps a verified signature.
pub async fn insert(tx: &mut Tx, signed: &SignedTip, now: Millis) -> Result<()> {
    let tip = &signed.tip;
    let seq = i64::try_from(tip.seq).unwrap_or(i64::MAX);
    tx.exec(
        &INSERT,
        args![
            tip.document_id,
            tip.actor,
            seq,
            tip.hash,
            &signed.signature,
            now
        ],
    )
    .await
    .map(drop)
}

/// All signatures of a document, by actor and number.
pub async fn list(db: &mut Session, document: DocumentId) -> Result<Vec<SignedTip>> {
    let rows = db.all(&LIST, args![document]).await?;
    rows.iter()
        .map(|row| {
            let (actor, hash): (Actor, ChangeHash) = (row.get("actor")?, row.get("hash")?);
            let tip = TipStatement {
                document_id: document,
                actor,
                seq: row.get("seq")?,
                hash,
            };
            Ok(SignedTip {
                tip,
                signature: row.get("signature")?,
            })
        })
        .collect()
}
