//! Signatures over the tips of devices' changes, verified before they came here.

use std::collections::HashMap;

use sync_core::model::{Actor, ChangeHash, DocumentId, Millis};
use sync_core::proof::TipStatement;
use sync_core::sync::wire::SignedTip;

use crate::args;
use crate::store::{Result, Row, Session, Tx, Value, bulk, statements};

statements! {
    /// All signatures of a document.
    LIST = "SELECT document_id, actor, seq, hash, signature FROM tips WHERE document_id = $1 ORDER BY actor, seq";
}

bulk! {
    /// All signatures of documents.
    LIST_OF = ("SELECT document_id, actor, seq, hash, signature FROM tips WHERE document_id IN (", 0, 1, ") ORDER BY actor, seq");
    /// Keeps signatures.
    INSERT = ("INSERT INTO tips (document_id, actor, seq, hash, signature, received_at) VALUES", 0, 6, " ON CONFLICT DO NOTHING");
}

/// Keeps verified signatures.
pub async fn insert(tx: &mut Tx, tips: &[&SignedTip], now: Millis) -> Result<()> {
    let rows = tips.iter().map(|signed| {
        let tip = &signed.tip;
        args![
            tip.document_id,
            tip.actor,
            i64::try_from(tip.seq).unwrap_or(i64::MAX),
            tip.hash,
            &signed.signature,
            now
        ]
    });
    tx.exec_rows(&INSERT, rows.collect()).await
}

fn from_row(row: &Row) -> Result<SignedTip> {
    let (actor, hash): (Actor, ChangeHash) = (row.get("actor")?, row.get("hash")?);
    let tip = TipStatement {
        document_id: row.get("document_id")?,
        actor,
        seq: row.get("seq")?,
        hash,
    };
    Ok(SignedTip {
        tip,
        signature: row.get("signature")?,
    })
}

/// All signatures of a document, by actor and number.
pub async fn list(db: &mut Session, document: DocumentId) -> Result<Vec<SignedTip>> {
    let rows = db.all(&LIST, args![document]).await?;
    rows.iter().map(from_row).collect()
}

/// All signatures of documents, those of each by actor and number.
pub async fn list_of(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<HashMap<DocumentId, Vec<SignedTip>>> {
    let mut tips: HashMap<DocumentId, Vec<SignedTip>> = HashMap::new();
    let keys = documents.into_iter().map(Value::from);
    for row in db.all_of(&LIST_OF, args![], keys).await? {
        let signed = from_row(&row)?;
        tips.entry(signed.tip.document_id).or_default().push(signed);
    }
    Ok(tips)
}
