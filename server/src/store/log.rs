//! The log (存证日志): lines written in the transaction of what they record, the tree over the heads of their chains, and the
//! signed checkpoints of it. The format is `sync_core::proof::log`'s.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value as Json};
use sync_core::model::{Digest, DocumentId, Millis, canonical_json};
use sync_core::proof::Signed;
use sync_core::proof::log::tree::Node;
use sync_core::proof::log::{CheckpointPayload, HOUSE, Head, Line, chain};

use super::{Bulk, Cell, Result, Row, Session, Statement, StoreError, Tx, Value, bulk, statements};
use crate::args;

statements! {
    /// A chain's lines behind a line, in their order.
    LIST_LINES = "SELECT line, text FROM log_lines WHERE chain = $1 AND line > $2 ORDER BY line LIMIT $3";
    /// Where a chain ends.
    FIND_HEAD = "SELECT lines, head FROM log_chains WHERE chain = $1";
    /// All chains behind one, as they stand.
    LIST_CHAINS = "SELECT chain, lines, head, sealed FROM log_chains WHERE chain > $1 ORDER BY chain LIMIT $2";
    /// Chains that have lines under no checkpoint.
    LIST_MOVED = "SELECT chain, lines, head FROM log_chains WHERE lines > sealed ORDER BY chain LIMIT $1";
    /// So many of a chain's lines are under a checkpoint now.
    SEAL = "UPDATE log_chains SET sealed = $2 WHERE chain = $1";
    /// The last leaf of a chain in a tree of so many leaves.
    FIND_LEAF = "SELECT leaf, chain, lines, head FROM log_leaves WHERE chain = $1 AND leaf < $2 ORDER BY lines DESC LIMIT 1";
    /// Leaves behind one, in the order of the tree.
    LIST_LEAVES = "SELECT leaf, chain, lines, head FROM log_leaves WHERE leaf > $1 ORDER BY leaf LIMIT $2";
    /// Leaves of a chain.
    LIST_LEAVES_OF = "SELECT leaf, chain, lines, head FROM log_leaves WHERE chain = $1 ORDER BY lines";
    /// All originals.
    LIST_ORIGINALS = "SELECT sha256, size_bytes FROM blobs ORDER BY sha256";
    /// Keys of what is logged.
    IDS_AUDIT = "SELECT audit_event_id FROM audit_events";
    /// Keys of what is logged.
    IDS_RULINGS = "SELECT ruling_id FROM rulings";
    /// Keys of what is logged.
    IDS_DECISIONS = "SELECT decision_id FROM decisions";
    /// Keys of what is logged.
    IDS_CUSTODY = "SELECT custody_event_id FROM custody_events";
    /// Keys of what is logged.
    IDS_ADMISSIONS = "SELECT admission_id FROM admissions";
    /// Keys of what is logged.
    IDS_EVIDENCE = "SELECT document_id, sha256 FROM evidence_proofs";
    /// Keys of what is logged.
    IDS_CHANGES = "SELECT item_id FROM changes";
    /// The newest checkpoint.
    FIND_NEWEST = "SELECT * FROM checkpoints ORDER BY number DESC LIMIT 1";
    /// One checkpoint.
    FIND_CHECKPOINT = "SELECT * FROM checkpoints WHERE number = $1";
    /// Checkpoints before one, newest first.
    LIST_CHECKPOINTS = "SELECT * FROM checkpoints WHERE number < $1 ORDER BY number DESC LIMIT $2";
    /// Another checkpoint.
    INSERT_CHECKPOINT = "INSERT INTO checkpoints (number, leaves, root, made_at, signed, stamp_state, stamp_due_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Checkpoints whose time stamp is to be asked for, newest first.
    LIST_UNSTAMPED = "SELECT * FROM checkpoints WHERE stamp_state = 'waiting' AND stamp_due_at <= $1 \
        ORDER BY number DESC LIMIT $2";
    /// A server asks for one; another that saw the same leaves it alone.
    CLAIM_STAMP = "UPDATE checkpoints SET stamp_due_at = $3, stamp_attempts = stamp_attempts + 1 \
        WHERE number = $1 AND stamp_state = 'waiting' AND stamp_attempts = $2";
    /// It came, and was believed by these roots.
    PUT_STAMP = "UPDATE checkpoints SET stamp_state = 'stamped', stamp = $2, stamp_roots = $3, stamp_problem = NULL \
        WHERE number = $1 AND stamp_state = 'waiting'";
    /// It did not come, and when it is asked for again.
    PUT_STAMP_PROBLEM = "UPDATE checkpoints SET stamp_due_at = $2, stamp_problem = $3 \
        WHERE number = $1 AND stamp_state = 'waiting'";
    /// How many wait, and since when.
    COUNT_UNSTAMPED = "SELECT COUNT(*) AS waiting, MIN(made_at) AS since FROM checkpoints WHERE stamp_state = 'waiting'";
    /// The visit that a confirmation names.
    FIND_VISIT = "SELECT visit_id FROM confirmations WHERE document_id = $1";
    /// How often this database came out of a backup.
    COUNT_RESTORES = "SELECT COUNT(*) AS restores FROM server_epochs WHERE restored_at IS NOT NULL";
}

bulk! {
    /// Chains, held until the transaction ends.
    HOLD = ("INSERT INTO log_chains (chain, lines, head) VALUES", 0, 3,
        " ON CONFLICT (chain) DO UPDATE SET lines = log_chains.lines RETURNING chain, lines, head");
    /// Where chains end now.
    PUT_HEADS = ("INSERT INTO log_chains (chain, lines, head) VALUES", 0, 3,
        " ON CONFLICT (chain) DO UPDATE SET lines = excluded.lines, head = excluded.head");
    /// Lines.
    INSERT_LINES = ("INSERT INTO log_lines (chain, line, kind, text, hash) VALUES", 0, 5, "");
    /// Leaves.
    INSERT_LEAVES = ("INSERT INTO log_leaves (leaf, chain, lines, head) VALUES", 0, 4, "");
    /// Nodes.
    INSERT_NODES = ("INSERT INTO log_nodes (node, hash) VALUES", 0, 2, "");
    /// What is logged.
    ROWS_AUDIT = ("SELECT * FROM audit_events WHERE audit_event_id IN (", 0, 1, ")");
    /// What is logged.
    ROWS_RULINGS = ("SELECT * FROM rulings WHERE ruling_id IN (", 0, 1, ")");
    /// What is logged.
    ROWS_DECISIONS = ("SELECT * FROM decisions WHERE decision_id IN (", 0, 1, ")");
    /// What is logged.
    ROWS_CUSTODY = ("SELECT * FROM custody_events WHERE custody_event_id IN (", 0, 1, ")");
    /// What is logged.
    ROWS_ADMISSIONS = ("SELECT * FROM admissions WHERE admission_id IN (", 0, 1, ")");
    /// What is logged.
    ROWS_EVIDENCE = ("SELECT * FROM evidence_proofs WHERE sha256 IN (", 0, 1, ")");
    /// What is logged.
    ROWS_CHANGES = ("SELECT * FROM changes WHERE item_id IN (", 0, 1, ")");
    /// Hashes of nodes.
    LIST_NODES = ("SELECT node, hash FROM log_nodes WHERE node IN (", 0, 1, ")");
}

/// Kinds of lines: a push of changes, and rows that are written once.
pub const CHANGES: &str = "changes";
/// A version of a ruling.
pub const RULING: &str = "ruling";
/// What a person decided.
pub const DECISION: &str = "decision";
/// A report of a laboratory.
pub const CUSTODY: &str = "custody";
/// A person let a quarantined change in.
pub const ADMISSION: &str = "admission";
/// The bytes of a piece of evidence were verified.
pub const EVIDENCE: &str = "evidence";
/// An act on the audit trail: reads and exports of evidence among them.
pub const AUDIT: &str = "audit";

/// What was there before the log, as it stood when the log began.
pub const ADOPTED_CHANGES: &str = "adopted-changes";
/// The same of a version of a ruling.
pub const ADOPTED_RULING: &str = "adopted-ruling";
/// The same of a decision.
pub const ADOPTED_DECISION: &str = "adopted-decision";
/// The same of a report of a laboratory.
pub const ADOPTED_CUSTODY: &str = "adopted-custody";
/// The same of an admission.
pub const ADOPTED_ADMISSION: &str = "adopted-admission";
/// The same of a proof of evidence.
pub const ADOPTED_EVIDENCE: &str = "adopted-evidence";
/// The same of an act on the audit trail.
pub const ADOPTED_AUDIT: &str = "adopted-audit";

/// A version of a ruling as it stands in bundles, and as it is signed there.
pub fn ruling_message(record: &Json) -> String {
    format!("fieldseal/ruling/1\n{}", canonical_json(record))
}

/// A version of a ruling as its line has it: what it is, and the hash of its record. Findings can be long, and the record
/// itself stands in bundles.
pub fn ruling_body(record: &Json) -> Json {
    let hash = digest(&SHA256, ruling_message(record).as_bytes());
    let mut body = Map::new();
    for name in ["ruling_id", "subject", "version", "outcome"] {
        if let Some(value) = record.get(name) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    body.insert("sha256".to_owned(), Json::from(hex::encode(hash)));
    Json::Object(body)
}

/// What a line will say.
#[derive(Clone, Debug)]
pub struct Note {
    /// The visit, or [`HOUSE`].
    pub chain: DocumentId,
    /// When.
    pub at: Millis,
    /// What kind of record.
    pub kind: &'static str,
    /// The record.
    pub body: Json,
}

impl Note {
    /// Of a row that is inserted and never changed: its columns as they are stored.
    pub fn row(
        chain: Option<DocumentId>,
        at: Millis,
        kind: &'static str,
        names: &[&str],
        values: &[Value],
    ) -> Self {
        Self {
            chain: chain.unwrap_or(HOUSE),
            at,
            kind,
            body: record(names, values),
        }
    }
}

/// Columns as the log records them: those that are not NULL, bytes in hex. A column that a later migration adds is NULL in
/// rows of before it, and so in none of their lines.
pub fn record(names: &[&str], values: &[Value]) -> Json {
    let told = names.iter().zip(values).filter_map(|(name, value)| {
        let value = match value {
            Value::I64(it) => Json::from((*it)?),
            Value::Text(it) => Json::from(it.clone()?),
            Value::Blob(it) => Json::from(hex::encode(it.as_ref()?)),
        };
        Some(((*name).to_owned(), value))
    });
    Json::Object(told.collect())
}

/// As [`record`], of a row that was read.
pub fn record_of(row: Row) -> Json {
    let mut told = Map::new();
    for (name, cell) in row.into_named_cells() {
        let value = match cell {
            Cell::Null => continue,
            Cell::I64(it) => Json::from(it),
            Cell::Text(it) => Json::from(it),
            Cell::Blob(it) => Json::from(hex::encode(it)),
        };
        told.insert(name, value);
    }
    Json::Object(told)
}

/// Writes what was noted, in its order, each behind the end of its chain. Called by [`Tx::commit`], and where rows of before
/// the log are adopted.
pub(super) async fn write(tx: &mut Tx, noted: Vec<Note>) -> Result<()> {
    if noted.is_empty() {
        return Ok(());
    }
    // In one order for all transactions.
    let mut heads: BTreeMap<DocumentId, Head> = BTreeMap::new();
    for note in &noted {
        heads.insert(note.chain, Head::EMPTY);
    }
    let rows = heads.iter().map(|(chain, head)| head_args(*chain, head));
    for row in tx.all_rows(&HOLD, rows.collect()).await? {
        heads.insert(row.get("chain")?, head(&row)?);
    }
    let mut lines = Vec::with_capacity(noted.len());
    for note in noted {
        let at = heads.entry(note.chain).or_insert(Head::EMPTY);
        let body = canonical_json(&note.body);
        let line = Line::after(at, note.chain, note.at, note.kind, body);
        let text = line.text();
        *at = Head {
            lines: line.number,
            hash: chain::line_hash(&text),
        };
        lines.push(args![
            line.chain,
            number(at.lines),
            note.kind,
            text,
            at.hash
        ]);
    }
    tx.exec_rows(&INSERT_LINES, lines).await?;
    let rows = heads.iter().map(|(chain, head)| head_args(*chain, head));
    tx.exec_rows(&PUT_HEADS, rows.collect()).await
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(number: i64) -> u64 {
    number.unsigned_abs()
}

fn head_args(chain: DocumentId, head: &Head) -> Vec<Value> {
    args![chain, number(head.lines), head.hash]
}

fn head(row: &Row) -> Result<Head> {
    Ok(Head {
        lines: count(row.get("lines")?),
        hash: row.get("head")?,
    })
}

/// The chain of a document: a visit's own, and for a confirmation (现场确认) that of the visit that it names.
pub async fn chain_of(db: &mut Session, document: DocumentId) -> Result<DocumentId> {
    let row = db.optional(&FIND_VISIT, args![document]).await?;
    row.map_or(Ok(document), |row| row.get("visit_id"))
}

/// Where a chain ends.
pub async fn find_head(db: &mut Session, chain: DocumentId) -> Result<Head> {
    let row = db.optional(&FIND_HEAD, args![chain]).await?;
    row.as_ref().map_or(Ok(Head::EMPTY), head)
}

/// Texts of a chain's lines behind one.
pub async fn list_lines(
    db: &mut Session,
    chain: DocumentId,
    after: u64,
    rows_max: u32,
) -> Result<Vec<(u64, String)>> {
    let rows = db
        .all(&LIST_LINES, args![chain, number(after), rows_max])
        .await?;
    let lines = rows.iter().map(|row| {
        let line: i64 = row.get("line")?;
        Ok((count(line), row.get("text")?))
    });
    lines.collect()
}

/// A chain as it stands.
#[derive(Clone, Debug)]
pub struct ChainRow {
    /// Which.
    pub chain: DocumentId,
    /// Where it ends.
    pub head: Head,
    /// How many of its lines are under a checkpoint.
    pub sealed: u64,
}

/// Chains behind one, in their order.
pub async fn list_chains(
    db: &mut Session,
    after: Option<DocumentId>,
    rows_max: u32,
) -> Result<Vec<ChainRow>> {
    let after = after.map_or_else(Vec::new, |chain| chain.0.to_vec());
    let rows = db.all(&LIST_CHAINS, args![after, rows_max]).await?;
    let chains = rows.iter().map(|row| {
        Ok(ChainRow {
            chain: row.get("chain")?,
            head: head(row)?,
            sealed: count(row.get("sealed")?),
        })
    });
    chains.collect()
}

/// Chains that have grown since the newest checkpoint.
pub async fn list_moved(db: &mut Session, rows_max: u32) -> Result<Vec<(DocumentId, Head)>> {
    let rows = db.all(&LIST_MOVED, args![rows_max]).await?;
    let moved = rows.iter().map(|row| Ok((row.get("chain")?, head(row)?)));
    moved.collect()
}

/// A leaf of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafRow {
    /// Its place, from 0.
    pub leaf: u64,
    /// Which chain.
    pub chain: DocumentId,
    /// Where it ended.
    pub head: Head,
}

fn leaf(row: &Row) -> Result<LeafRow> {
    Ok(LeafRow {
        leaf: count(row.get("leaf")?),
        chain: row.get("chain")?,
        head: head(row)?,
    })
}

/// The last leaf of a chain in a tree of so many leaves.
pub async fn find_leaf(
    db: &mut Session,
    chain: DocumentId,
    leaves: u64,
) -> Result<Option<LeafRow>> {
    let row = db
        .optional(&FIND_LEAF, args![chain, number(leaves)])
        .await?;
    row.as_ref().map(leaf).transpose()
}

/// Leaves from a place on.
pub async fn list_leaves(db: &mut Session, from: u64, rows_max: u32) -> Result<Vec<LeafRow>> {
    let args = args![number(from) - 1, rows_max];
    let rows = db.all(&LIST_LEAVES, args).await?;
    rows.iter().map(leaf).collect()
}

/// Bits of an index in the key of a node.
const INDEX_BITS: u32 = 48;

fn key(node: Node) -> i64 {
    number((u64::from(node.level) << INDEX_BITS) | node.index)
}

/// Hashes of stored nodes.
pub async fn list_nodes(
    db: &mut Session,
    nodes: impl IntoIterator<Item = Node>,
) -> Result<HashMap<Node, Digest>> {
    let keys = nodes.into_iter().map(|node| Value::from(key(node)));
    let mut found = HashMap::new();
    for row in db.all_of(&LIST_NODES, args![], keys).await? {
        let key = count(row.get("node")?);
        let level = u32::try_from(key >> INDEX_BITS).unwrap_or(u32::MAX);
        let index = key & ((1 << INDEX_BITS) - 1);
        found.insert(Node { level, index }, row.get("hash")?);
    }
    Ok(found)
}

/// Appends leaves with the nodes that they complete, and notes what is under a checkpoint now.
pub async fn grow(
    tx: &mut Tx,
    leaves: &[LeafRow],
    nodes: impl IntoIterator<Item = (Node, Digest)>,
) -> Result<()> {
    let rows = leaves.iter().map(|it| {
        args![
            number(it.leaf),
            it.chain,
            number(it.head.lines),
            it.head.hash
        ]
    });
    tx.exec_rows(&INSERT_LEAVES, rows.collect()).await?;
    let rows = nodes.into_iter().map(|(node, hash)| args![key(node), hash]);
    tx.exec_rows(&INSERT_NODES, rows.collect()).await?;
    for it in leaves {
        let args = args![it.chain, number(it.head.lines)];
        tx.exec(&SEAL, args).await?;
    }
    Ok(())
}

/// A checkpoint as stored.
#[derive(Clone, Debug)]
pub struct CheckpointRow {
    /// What it says.
    pub payload: CheckpointPayload,
    /// As it was signed.
    pub signed: Signed<CheckpointPayload>,
    /// What the authority of time stamps (可信时间戳) answered, DER.
    pub stamp: Option<Vec<u8>>,
    /// The certificates by which it was believed, PEM.
    pub stamp_roots: Option<String>,
    /// `none`, `waiting`, `stamped`.
    pub stamp_state: String,
    /// How often it was asked for.
    pub stamp_attempts: i64,
}

/// A time stamp is to be asked for.
pub const WAITING: &str = "waiting";

/// Whether one is wanted of a new checkpoint, as stored.
pub fn stamp_state(wanted: bool) -> &'static str {
    match wanted {
        true => WAITING,
        false => "none",
    }
}

fn checkpoint(row: &Row) -> Result<CheckpointRow> {
    const UNREADABLE: StoreError = StoreError::Column {
        name: "signed",
        wanted: "a checkpoint",
    };
    let signed: Signed<CheckpointPayload> =
        serde_json::from_str(&row.get::<String>("signed")?).map_err(|_| UNREADABLE)?;
    Ok(CheckpointRow {
        payload: signed.read_unverified().map_err(|_| UNREADABLE)?,
        signed,
        stamp: row.get("stamp")?,
        stamp_roots: row.get("stamp_roots")?,
        stamp_state: row.get("stamp_state")?,
        stamp_attempts: row.get("stamp_attempts")?,
    })
}

/// The newest checkpoint.
pub async fn find_newest(db: &mut Session) -> Result<Option<CheckpointRow>> {
    let row = db.optional(&FIND_NEWEST, args![]).await?;
    row.as_ref().map(checkpoint).transpose()
}

/// One checkpoint.
pub async fn find_checkpoint(db: &mut Session, number: i64) -> Result<Option<CheckpointRow>> {
    let row = db.optional(&FIND_CHECKPOINT, args![number]).await?;
    row.as_ref().map(checkpoint).transpose()
}

/// Checkpoints before one, newest first.
pub async fn list_checkpoints(
    db: &mut Session,
    before: i64,
    rows_max: u32,
) -> Result<Vec<CheckpointRow>> {
    let rows = db.all(&LIST_CHECKPOINTS, args![before, rows_max]).await?;
    rows.iter().map(checkpoint).collect()
}

/// Keeps a checkpoint; a time stamp is wanted for it or not.
pub async fn insert_checkpoint(
    tx: &mut Tx,
    payload: &CheckpointPayload,
    signed: &Signed<CheckpointPayload>,
    stamp_wanted: bool,
) -> Result<()> {
    let signed = serde_json::to_string(signed).map_err(|_| StoreError::Column {
        name: "signed",
        wanted: "plain data",
    })?;
    let state = stamp_state(stamp_wanted);
    let values = args![
        payload.number,
        number(payload.leaves),
        payload.root,
        payload.made_at_ms,
        signed,
        state,
        payload.made_at_ms
    ];
    tx.exec(&INSERT_CHECKPOINT, values).await.map(drop)
}

/// Checkpoints whose time stamp is due, newest first.
pub async fn list_unstamped(
    db: &mut Session,
    now: Millis,
    rows_max: u32,
) -> Result<Vec<CheckpointRow>> {
    let rows = db.all(&LIST_UNSTAMPED, args![now, rows_max]).await?;
    rows.iter().map(checkpoint).collect()
}

/// Claims the time stamp of a checkpoint until an instant; false where somebody else did.
pub async fn claim_stamp(tx: &mut Tx, row: &CheckpointRow, until: Millis) -> Result<bool> {
    let args = args![row.payload.number, row.stamp_attempts, until];
    Ok(tx.exec(&CLAIM_STAMP, args).await? == 1)
}

/// Keeps the time stamp of a checkpoint with the roots by which it was believed.
pub async fn put_stamp(tx: &mut Tx, number: i64, stamp: Vec<u8>, roots: &str) -> Result<()> {
    tx.exec(&PUT_STAMP, args![number, stamp, roots])
        .await
        .map(drop)
}

/// Keeps why no time stamp came, and when it is asked for again.
pub async fn put_stamp_problem(tx: &mut Tx, number: i64, due: Millis, why: &str) -> Result<()> {
    tx.exec(&PUT_STAMP_PROBLEM, args![number, due, why])
        .await
        .map(drop)
}

/// How many checkpoints wait for a time stamp, and when the oldest of them was made.
pub async fn count_unstamped(db: &mut Session) -> Result<(i64, Option<Millis>)> {
    let row = db.one(&COUNT_UNSTAMPED, args![]).await?;
    Ok((row.get("waiting")?, row.get("since")?))
}

/// How often this database came out of a backup.
pub async fn count_restores(db: &mut Session) -> Result<i64> {
    db.one(&COUNT_RESTORES, args![]).await?.get("restores")
}

/// Leaves of a chain, in the order of its lines.
pub async fn list_leaves_of(db: &mut Session, chain: DocumentId) -> Result<Vec<LeafRow>> {
    let rows = db.all(&LIST_LEAVES_OF, args![chain]).await?;
    rows.iter().map(leaf).collect()
}

/// All originals with their lengths.
pub async fn list_originals(db: &mut Session) -> Result<Vec<(Digest, u64)>> {
    let rows = db.all(&LIST_ORIGINALS, args![]).await?;
    let originals = rows.iter().map(|row| {
        let size: i64 = row.get("size_bytes")?;
        Ok((row.get("sha256")?, count(size)))
    });
    originals.collect()
}

/// A table of which every row has its line.
#[derive(Debug)]
pub struct Logged {
    /// The kind of the lines.
    pub kind: &'static str,
    /// The table.
    pub table: &'static str,
    /// The column that names a row.
    pub named: &'static str,
    ids: &'static Statement,
    rows: &'static Bulk,
}

impl Logged {
    /// What names a row, from its record. A proof of evidence has two columns.
    pub fn key(&self, record: &Json) -> String {
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        match self.kind {
            EVIDENCE => format!("{}/{}", text("document_id"), text("sha256")),
            _ => text(self.named),
        }
    }

    fn asked(&self, key: &str) -> Value {
        match self.kind {
            EVIDENCE => {
                let sha256 = key.rsplit('/').next().unwrap_or_default();
                Value::from(hex::decode(sha256).unwrap_or_default())
            }
            _ => Value::from(key),
        }
    }
}

/// Tables whose rows are written once.
pub static LOGGED: &[Logged] = &[
    Logged {
        kind: AUDIT,
        table: "audit_events",
        named: "audit_event_id",
        ids: &IDS_AUDIT,
        rows: &ROWS_AUDIT,
    },
    Logged {
        kind: RULING,
        table: "rulings",
        named: "ruling_id",
        ids: &IDS_RULINGS,
        rows: &ROWS_RULINGS,
    },
    Logged {
        kind: DECISION,
        table: "decisions",
        named: "decision_id",
        ids: &IDS_DECISIONS,
        rows: &ROWS_DECISIONS,
    },
    Logged {
        kind: CUSTODY,
        table: "custody_events",
        named: "custody_event_id",
        ids: &IDS_CUSTODY,
        rows: &ROWS_CUSTODY,
    },
    Logged {
        kind: ADMISSION,
        table: "admissions",
        named: "admission_id",
        ids: &IDS_ADMISSIONS,
        rows: &ROWS_ADMISSIONS,
    },
    Logged {
        kind: EVIDENCE,
        table: "evidence_proofs",
        named: "sha256",
        ids: &IDS_EVIDENCE,
        rows: &ROWS_EVIDENCE,
    },
];

/// Changes, whose status moves.
pub static LOGGED_CHANGES: Logged = Logged {
    kind: CHANGES,
    table: "changes",
    named: "item_id",
    ids: &IDS_CHANGES,
    rows: &ROWS_CHANGES,
};

/// Records of rows by what names them.
pub async fn list_logged(
    db: &mut Session,
    logged: &Logged,
    keys: &[String],
) -> Result<HashMap<String, Json>> {
    let asked: Vec<Value> = keys.iter().map(|key| logged.asked(key)).collect();
    let rows = db.all_of(logged.rows, args![], asked).await?;
    let records = rows.into_iter().map(record_of);
    Ok(records
        .map(|record| (logged.key(&record), record))
        .collect())
}

/// What names every row of a table.
pub async fn list_ids(db: &mut Session, logged: &Logged) -> Result<Vec<String>> {
    let rows = db.all(logged.ids, args![]).await?;
    let records = rows.into_iter().map(record_of);
    Ok(records.map(|record| logged.key(&record)).collect())
}
