//! Rows of before the log (0033): the first server that opens with a log writes a line for each of them, before any other line.
//! Their kinds begin with `adopted-`: the log says as what they stood when it began, and not that it saw them come. Where
//! the log has begun nothing is adopted ever again, so that no row added behind the server's back gets a line that way.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value as Json, json};
use sync_core::model::{DocumentId, Millis};
use sync_core::proof::log::HOUSE;

use super::access::audit;
use super::locks::{self, Lock};
use super::log::{self, Note};
use super::{Result, Statement, Tx, statements};
use crate::args;

statements! {
    /// Whether the log has begun.
    FIND_ANY = "SELECT chain FROM log_chains LIMIT 1";
    /// A page of changes, document by document, as they came.
    CHANGES = "SELECT document_id, received_at, item_id, actor, bytes, carrier_device_id, hash, seq, status FROM changes \
        WHERE document_id > $1 OR (document_id = $1 AND (received_at > $2 OR (received_at = $2 AND item_id > $3))) \
        ORDER BY document_id, received_at, item_id LIMIT $4";
    /// What devices signed of a document.
    TIPS = "SELECT actor, seq, hash, signature FROM tips WHERE document_id = $1 ORDER BY actor, seq, hash";
    /// A page of rulings.
    RULINGS = "SELECT * FROM rulings WHERE ruling_id > $1 ORDER BY ruling_id LIMIT $2";
    /// A page of decisions.
    DECISIONS = "SELECT * FROM decisions WHERE decision_id > $1 ORDER BY decision_id LIMIT $2";
    /// A page of reports of laboratories, each with the visit of its sample.
    CUSTODY = "SELECT c.*, (SELECT s.document_id FROM samples s WHERE s.sample_id = c.sample_id \
        ORDER BY s.document_id DESC LIMIT 1) AS adopted_chain FROM custody_events c WHERE c.custody_event_id > $1 ORDER BY c.custody_event_id LIMIT $2";
    /// A page of admissions.
    ADMISSIONS = "SELECT * FROM admissions WHERE admission_id > $1 ORDER BY admission_id LIMIT $2";
    /// A page of proofs of evidence.
    EVIDENCE = "SELECT * FROM evidence_proofs WHERE document_id > $1 OR (document_id = $1 AND sha256 > $2) \
        ORDER BY document_id, sha256 LIMIT $3";
    /// A page of the audit trail.
    AUDIT = "SELECT * FROM audit_events WHERE audit_event_id > $1 ORDER BY audit_event_id LIMIT $2";
}

/// Rows that are read and written at a time: they are in memory meanwhile.
const ROWS_AT_ONCE: u32 = 500;

/// Chains of documents as they were asked for.
#[derive(Default)]
struct Chains(HashMap<DocumentId, DocumentId>);

impl Chains {
    async fn of(&mut self, tx: &mut Tx, document: DocumentId) -> Result<DocumentId> {
        if let Some(known) = self.0.get(&document) {
            return Ok(*known);
        }
        let chain = log::chain_of(tx, document).await?;
        self.0.insert(document, chain);
        Ok(chain)
    }
}

/// Writes a line for every row of before the log, in one transaction; how many rows, none where the log has begun. Kept by
/// the caller's commit.
pub async fn adopt(tx: &mut Tx, now: Millis) -> Result<u64> {
    locks::take(tx, &[Lock::Alone]).await?;
    if tx.optional(&FIND_ANY, args![]).await?.is_some() {
        return Ok(0);
    }
    let mut chains = Chains::default();
    let mut rows = changes(tx, &mut chains, now).await?;
    for (statement, id, kind) in [
        (&RULINGS, "ruling_id", log::ADOPTED_RULING),
        (&DECISIONS, "decision_id", log::ADOPTED_DECISION),
        (&CUSTODY, "custody_event_id", log::ADOPTED_CUSTODY),
        (&ADMISSIONS, "admission_id", log::ADOPTED_ADMISSION),
        (&AUDIT, "audit_event_id", log::ADOPTED_AUDIT),
    ] {
        rows += by_id(tx, &mut chains, now, (statement, id, kind)).await?;
    }
    rows += evidence(tx, &mut chains, now).await?;
    Ok(rows)
}

fn document(record: &Map<String, Json>, name: &str) -> Option<DocumentId> {
    record.get(name)?.as_str()?.parse().ok()
}

/// Rows with an id of one column.
async fn by_id(
    tx: &mut Tx,
    chains: &mut Chains,
    now: Millis,
    (statement, id, kind): (&Statement, &str, &'static str),
) -> Result<u64> {
    let (mut after, mut rows) = (String::new(), 0);
    loop {
        let page = tx.all(statement, args![&after, ROWS_AT_ONCE]).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        let mut notes = Vec::new();
        for row in page {
            let Json::Object(mut record) = log::record_of(row) else {
                continue;
            };
            after = record[id].as_str().unwrap_or_default().to_owned();
            let custody = document(&record, "adopted_chain");
            record.remove("adopted_chain");
            let chain = match kind {
                log::ADOPTED_CUSTODY => custody,
                log::ADOPTED_AUDIT => {
                    let subject = record["subject"].as_str().unwrap_or_default();
                    match audit::visit_of(subject) {
                        Some(document) => Some(chains.of(tx, document).await?),
                        None => None,
                    }
                }
                log::ADOPTED_ADMISSION => match document(&record, "document_id") {
                    Some(document) => Some(chains.of(tx, document).await?),
                    None => None,
                },
                _ => document(&record, "document_id"),
            };
            let record = Json::Object(record);
            notes.push(Note {
                chain: chain.unwrap_or(HOUSE),
                at: now,
                kind,
                body: match kind {
                    log::ADOPTED_RULING => log::ruling_body(&record),
                    _ => record,
                },
            });
        }
        rows += notes.len() as u64;
        log::write(tx, notes).await?;
    }
}

async fn evidence(tx: &mut Tx, chains: &mut Chains, now: Millis) -> Result<u64> {
    let (mut after, mut rows) = ((Vec::new(), Vec::new()), 0);
    loop {
        let (document_id, sha256) = after.clone();
        let page = tx
            .all(&EVIDENCE, args![document_id, sha256, ROWS_AT_ONCE])
            .await?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = (last.get("document_id")?, last.get("sha256")?);
        let mut notes = Vec::new();
        for row in page {
            let document: DocumentId = row.get("document_id")?;
            notes.push(Note {
                chain: chains.of(tx, document).await?,
                at: now,
                kind: log::ADOPTED_EVIDENCE,
                body: log::record_of(row),
            });
        }
        rows += notes.len() as u64;
        log::write(tx, notes).await?;
    }
}

/// Changes, a line for some of one document, with what devices signed of it in the first of its lines.
async fn changes(tx: &mut Tx, chains: &mut Chains, now: Millis) -> Result<u64> {
    let (mut after, mut rows) = ((Vec::new(), Millis::MIN, String::new()), 0);
    let mut tipped: Option<DocumentId> = None;
    loop {
        let (document_id, received_at, item_id) = after.clone();
        let args = args![document_id, received_at, item_id, ROWS_AT_ONCE];
        let page = tx.all(&CHANGES, args).await?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = (
            last.get("document_id")?,
            last.get("received_at")?,
            last.get("item_id")?,
        );
        rows += page.len() as u64;
        let mut of_document: BTreeMap<DocumentId, Vec<Json>> = BTreeMap::new();
        for row in page {
            let (document, bytes): (DocumentId, Vec<u8>) =
                (row.get("document_id")?, row.get("bytes")?);
            let record = log::record_of(row);
            of_document.entry(document).or_default().push(json!({
                "actor": record["actor"], "bytes": bytes.len(), "carrier_device_id": record["carrier_device_id"],
                "hash": record["hash"], "item_id": record["item_id"], "received_at_ms": record["received_at"],
                "seq": record["seq"], "sha256": hex::encode(digest(&SHA256, &bytes)), "status": record["status"],
            }));
        }
        let mut notes = Vec::new();
        for (document, changes) in of_document {
            let mut tips = Vec::new();
            if tipped != Some(document) {
                let signed = tx.all(&TIPS, args![document]).await?;
                tips.extend(signed.into_iter().map(log::record_of));
                tipped = Some(document);
            }
            notes.push(Note {
                chain: chains.of(tx, document).await?,
                at: now,
                kind: log::ADOPTED_CHANGES,
                body: json!({ "changes": changes, "document_id": document, "moved": [], "tips": tips }),
            });
        }
        log::write(tx, notes).await?;
    }
}
