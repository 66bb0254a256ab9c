//! The log (存证日志): what is written of a push, and a visit's lines for whoever sees the visit. Other lines are noted by the
//! store where it inserts what they record (`store/log.rs`), and are written when the transaction commits.

pub mod audit;
pub mod checkpoints;
pub mod stamps;

use serde::Serialize;
use serde_json::{Value, json};
use sync_core::model::{DeviceId, DocumentId, Millis};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::crypto;
use crate::problem::{Code, Problem};
use crate::services::sync::binding;
use crate::services::sync::judge::Verdict;
use crate::store::log::{self, Note};
use crate::store::sync::changes::{ChangeRow, status_word};
use crate::store::sync::documents::DocumentRow;
use crate::store::sync::visits;

/// The chain of a document: a visit's own, and for a confirmation that of the visit that it names.
fn chain_of(row: &DocumentRow) -> DocumentId {
    if row.kind == binding::VISIT {
        return row.document_id;
    }
    let identity = binding::identity(row.document_id, &row.kind, &row.preimage);
    identity.map_or(row.document_id, |it| it.document.visit().document_id())
}

/// A change as its line has it: whose it is, the hash of its bytes, and what became of it.
fn change(change: &ChangeRow) -> Value {
    json!({
        "actor": change.actor, "bytes": change.bytes.len(), "carrier_device_id": change.carrier, "hash": change.hash,
        "item_id": change.item_id, "received_at_ms": change.received_at, "seq": change.seq,
        "sha256": hex::encode(crypto::sha256(&change.bytes)), "status": status_word(&change.status),
    })
}

/// What is noted of one document of a push: the changes that came (that is their receipt: durable, when), those whose
/// status is another one now, and the signatures of devices over their tips.
pub fn of_push(verdict: &Verdict, carrier: DeviceId, now: Millis) -> Note {
    let moved = verdict.updated.iter().map(|change| {
        json!({ "hash": change.hash, "item_id": change.item_id, "status": status_word(&change.status) })
    });
    let tips = verdict.tips.iter().map(|signed| {
        let tip = &signed.tip;
        json!({ "actor": tip.actor, "hash": tip.hash, "seq": tip.seq, "signature": signed.signature })
    });
    Note {
        chain: chain_of(&verdict.row),
        at: now,
        kind: log::CHANGES,
        body: json!({
            "brought_by": carrier, "changes": Vec::from_iter(verdict.inserted.iter().map(change)),
            "document_id": verdict.row.document_id, "moved": Vec::from_iter(moved), "tips": Vec::from_iter(tips),
        }),
    }
}

/// A page of a chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lines {
    /// Exactly as they are hashed, each with a newline behind it.
    pub lines: Vec<String>,
    /// How many the chain has.
    pub length: u64,
    /// The hash of its last line.
    pub head: String,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Lines of a visit's chain behind one.
pub async fn lines(
    app: &App,
    caller: &Principal,
    visit: DocumentId,
    after: u64,
    rows_max: u32,
) -> Result<Lines, Problem> {
    let mut db = app.store.read().await?;
    if !visits::sees(&mut db, caller, visit).await? {
        return Err(Problem::new(Code::NotFound));
    }
    let head = log::find_head(&mut db, visit).await?;
    let found = log::list_lines(&mut db, visit, after, rows_max).await?;
    let last = found.last().map(|(line, _)| *line);
    Ok(Lines {
        lines: found.into_iter().map(|(_, text)| text).collect(),
        length: head.lines,
        head: head.hash.to_string(),
        next: last.filter(|last| *last < head.lines),
    })
}
