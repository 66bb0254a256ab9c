//! `fieldseal audit`: whether the database and the objects are what the log says that they were. Whoever edits a row, removes
//! one, adds one or replaces an object behind the server's back is found, and the place is named; whoever rewrites the log
//! with it breaks a chain, a leaf, or a checkpoint that others hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::TryStreamExt as _;
use serde_json::Value;
use sync_core::model::{Digest, DocumentId, Millis, canonical_json};
use sync_core::proof::Signed;
use sync_core::proof::log::tree::{self, Node, Part};
use sync_core::proof::log::{CheckpointPayload, Head, chain};

use crate::app::App;
use crate::crypto::{self, AwsLc};
use crate::objects::{ObjectName, ObjectsError};
use crate::problem::Problem;
use crate::services::log::stamps::token::{self, Roots};
use crate::store::Session;
use crate::store::log::{self, LOGGED, Logged};

/// Rows that are read at a time.
const ROWS_AT_ONCE: u32 = 1_000;

/// Something that is not as the log says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The table and the row, the line, the checkpoint or the object.
    pub place: String,
    /// In a few words.
    pub why: String,
}

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct Audited {
    /// Empty where everything is as the log says.
    pub faults: Vec<Fault>,
    /// Chains, lines, rows, checkpoints and objects.
    pub counted: BTreeMap<&'static str, u64>,
    /// When rows of before the log were taken into it: nobody saw them come. None where there were none.
    pub adopted: Option<(Millis, Millis)>,
    /// When the first line was written of what the log saw.
    first_seen: Option<Millis>,
}

impl Audited {
    fn fault(&mut self, place: impl Into<String>, why: impl Into<String>) {
        let (place, why) = (place.into(), why.into());
        self.faults.push(Fault { place, why });
    }

    fn dated(&mut self, at: Millis, adopted: bool) {
        let seen = match adopted {
            true => {
                self.count("adopted lines", 1);
                let (first, last) = self.adopted.get_or_insert((at, at));
                (*first, *last) = ((*first).min(at), (*last).max(at));
                return;
            }
            false => self.first_seen.get_or_insert(at),
        };
        *seen = (*seen).min(at);
    }

    /// Rows of before the log are adopted once, when it begins, and never again: whoever adds a row behind the server's back
    /// gets no line for it that way.
    fn adopted_first(&mut self) {
        let Some((first, last)) = self.adopted else {
            return;
        };
        if first != last {
            self.fault(
                "log_lines",
                "tell of rows that were adopted at different times",
            );
        }
        if self.first_seen.is_some_and(|seen| seen < last) {
            let why = "tell of rows that were adopted when the log had begun";
            self.fault("log_lines", why);
        }
    }

    fn count(&mut self, what: &'static str, more: usize) {
        *self.counted.entry(what).or_default() += more as u64;
    }
}

/// Audits the whole server. `objects` also reads every original, however long that takes.
pub async fn audit(app: &App, objects: bool) -> Result<Audited, Problem> {
    let mut found = Audited::default();
    let mut db = app.store.read().await?;
    checkpoints(app, &mut db, &mut found).await?;
    let mut told: HashMap<&'static str, HashSet<String>> = HashMap::new();
    let mut after = None;
    loop {
        let chains = log::list_chains(&mut db, after, ROWS_AT_ONCE).await?;
        let Some(last) = chains.last() else {
            break;
        };
        after = Some(last.chain);
        for row in chains {
            found.count("chains", 1);
            follow(&mut db, &mut found, &mut told, row.chain, row.head).await?;
        }
    }
    found.adopted_first();
    unlogged(&mut db, &mut found, &told).await?;
    if objects {
        originals(app, &mut db, &mut found).await?;
    }
    found.faults.sort();
    found.faults.dedup();
    Ok(found)
}

/// Grows the tree anew from its leaves, and compares it with every checkpoint on the way.
async fn checkpoints(app: &App, db: &mut Session, found: &mut Audited) -> Result<(), Problem> {
    let mut rows = log::list_checkpoints(db, i64::MAX, u32::MAX >> 1).await?;
    rows.reverse();
    found.count("checkpoints", rows.len());
    let mut known: HashMap<Node, Digest> = HashMap::new();
    let mut leaves = 0;
    let mut before = None;
    for row in rows {
        let place = format!("checkpoints, number {}", row.payload.number);
        let key = app.keys.find(&row.signed.key_id).map(|key| key.public_key);
        if row.signed.open(&AwsLc, |_| key).is_err() {
            found.fault(&place, "is not signed by a key of this server");
        }
        if let (Some(stamp), Some(roots)) = (&row.stamp, &row.stamp_roots) {
            found.count("time stamps", 1);
            let message = Signed::<CheckpointPayload>::message(&row.signed.payload);
            let believed = Roots::read(roots).and_then(|roots| {
                let stamp = token::believe(stamp, &message, None, None, &roots);
                stamp.map_err(|why| why.to_string())
            });
            if let Err(why) = believed {
                found.fault(&place, format!("has a time stamp that {why}"));
            }
        }
        if row.payload.before != before {
            found.fault(&place, "does not name the checkpoint before it");
        }
        let message = Signed::<CheckpointPayload>::message(&row.signed.payload);
        before = Some(Digest(crypto::sha256(&message)));
        while leaves < row.payload.leaves {
            let wanted = u32::try_from(row.payload.leaves - leaves).unwrap_or(u32::MAX);
            let page = log::list_leaves(db, leaves, wanted.min(ROWS_AT_ONCE)).await?;
            if page.is_empty() {
                break;
            }
            for leaf in page {
                let hash = tree::leaf_hash(leaf.chain, &leaf.head);
                let grown = (leaf.leaf == leaves)
                    .then(|| tree::grow(leaves, hash, |node| known.get(&node).copied()));
                let Some(grown) = grown.flatten() else {
                    found.fault(format!("log_leaves, leaf {leaves}"), "is missing");
                    return Ok(());
                };
                known.extend(grown);
                leaves += 1;
            }
            // Only the right edge is needed to go on.
            let edge: BTreeSet<Node> = Part::whole(leaves).nodes().into_iter().collect();
            known.retain(|node, _| edge.contains(node));
        }
        if leaves != row.payload.leaves
            || Part::whole(leaves).hash(&known) != Some(row.payload.root)
        {
            found.fault(&place, "is not over the leaves that stand in log_leaves");
        }
    }
    Ok(())
}

/// Follows a chain and compares what it tells with the rows.
async fn follow(
    db: &mut Session,
    found: &mut Audited,
    told: &mut HashMap<&'static str, HashSet<String>>,
    name: DocumentId,
    head: Head,
) -> Result<(), Problem> {
    let mut at = Head::EMPTY;
    let mut sealed: BTreeMap<u64, Digest> = BTreeMap::new();
    for leaf in log::list_leaves_of(db, name).await? {
        sealed.insert(leaf.head.lines, leaf.head.hash);
    }
    let mut changes: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    let mut witnessed = false;
    loop {
        let page = log::list_lines(db, name, at.lines, ROWS_AT_ONCE).await?;
        if page.is_empty() {
            break;
        }
        let mut bodies: BTreeMap<&'static str, Vec<(u64, Value)>> = BTreeMap::new();
        for (_, text) in page {
            let place = format!("log_lines, chain {name}, line {}", at.lines + 1);
            let followed = chain::follow(name, at, [text.as_str()]);
            let line = match followed {
                Ok((mut lines, next)) => {
                    at = next;
                    lines.pop()
                }
                Err(fault) => {
                    found.fault(place, fault.why);
                    return Ok(());
                }
            };
            let Some(line) = line else {
                continue;
            };
            found.count("lines", 1);
            if sealed.remove(&at.lines).is_some_and(|hash| hash != at.hash) {
                found.fault(&place, "is not the line that a checkpoint was made over");
            }
            let (kind, adopted) = line.record_kind();
            found.dated(line.at_ms, adopted);
            if adopted && witnessed {
                found.fault(&place, "is adopted behind lines that are not");
            }
            witnessed |= !adopted;
            let body: Value = serde_json::from_str(&line.body).unwrap_or_default();
            if kind == log::CHANGES {
                for change in body["changes"].as_array().into_iter().flatten() {
                    let id = change["item_id"].as_str().unwrap_or_default().to_owned();
                    changes.insert(id, (line.number, change.clone()));
                }
                for moved in body["moved"].as_array().into_iter().flatten() {
                    let id = moved["item_id"].as_str().unwrap_or_default();
                    if let Some((_, change)) = changes.get_mut(id) {
                        change["status"] = moved["status"].clone();
                    }
                }
            } else if let Some(logged) = LOGGED.iter().find(|it| it.kind == kind) {
                let of_kind = bodies.entry(logged.kind).or_default();
                of_kind.push((line.number, body));
            }
        }
        for logged in LOGGED {
            let of_kind = bodies.remove(logged.kind).unwrap_or_default();
            compare(db, found, told, logged, of_kind).await?;
        }
    }
    if at != head {
        found.fault(
            format!("log_chains, chain {name}"),
            "does not end where its lines do: some are missing",
        );
    }
    if let Some((lines, _)) = sealed.pop_first() {
        let place = format!("log_lines, chain {name}, line {lines}");
        found.fault(place, "is missing: a checkpoint was made over it");
    }
    compare_changes(db, found, told, changes).await
}

/// Rows that are written once, against what their lines say.
async fn compare(
    db: &mut Session,
    found: &mut Audited,
    told: &mut HashMap<&'static str, HashSet<String>>,
    logged: &Logged,
    bodies: Vec<(u64, Value)>,
) -> Result<(), Problem> {
    let ids = bodies.iter().map(|(_, body)| logged.key(body));
    let ids: Vec<String> = ids.collect();
    let mut rows = log::list_logged(db, logged, &ids).await?;
    for ((number, body), id) in bodies.into_iter().zip(ids) {
        found.count("rows", 1);
        let place = format!("{}, {} {id}", logged.table, logged.named);
        let row = rows.remove(&id).map(|row| match logged.kind {
            log::RULING => log::ruling_body(&row),
            _ => row,
        });
        match row {
            None => found.fault(
                &place,
                format!("is missing; line {number} of its chain tells of it"),
            ),
            Some(row) if canonical_json(&row) != canonical_json(&body) => {
                found.fault(
                    &place,
                    format!("is not as line {number} of its chain has it"),
                );
            }
            Some(_) => {}
        }
        told.entry(logged.kind).or_default().insert(id);
    }
    Ok(())
}

/// Changes, whose status moves, against the last that their chain says of them.
async fn compare_changes(
    db: &mut Session,
    found: &mut Audited,
    told: &mut HashMap<&'static str, HashSet<String>>,
    changes: BTreeMap<String, (u64, Value)>,
) -> Result<(), Problem> {
    let ids: Vec<String> = changes.keys().cloned().collect();
    for some in ids.chunks(ROWS_AT_ONCE as usize) {
        let mut rows = log::list_logged(db, &log::LOGGED_CHANGES, some).await?;
        for id in some {
            found.count("rows", 1);
            let place = format!("changes, item_id {id}");
            let (number, body) = &changes[id];
            let Some(row) = rows.remove(id) else {
                found.fault(
                    &place,
                    format!("is missing; line {number} of its chain tells of it"),
                );
                continue;
            };
            let bytes = hex::decode(row["bytes"].as_str().unwrap_or_default()).unwrap_or_default();
            let same = row["hash"] == body["hash"]
                && row["carrier_device_id"] == body["carrier_device_id"]
                && row["received_at"] == body["received_at_ms"]
                && row["status"] == body["status"]
                && body["sha256"] == hex::encode(crypto::sha256(&bytes));
            if !same {
                found.fault(
                    &place,
                    format!("is not as line {number} of its chain has it"),
                );
            }
        }
    }
    told.entry(log::CHANGES).or_default().extend(ids);
    Ok(())
}

/// Rows of which no line tells.
async fn unlogged(
    db: &mut Session,
    found: &mut Audited,
    told: &HashMap<&'static str, HashSet<String>>,
) -> Result<(), Problem> {
    for logged in LOGGED.iter().chain([&log::LOGGED_CHANGES]) {
        for id in log::list_ids(db, logged).await? {
            if !told.get(logged.kind).is_some_and(|ids| ids.contains(&id)) {
                let place = format!("{}, {} {id}", logged.table, logged.named);
                found.fault(place, "stands in no line of the log");
            }
        }
    }
    Ok(())
}

/// Reads every original that was verified, and hashes it.
async fn originals(app: &App, db: &mut Session, found: &mut Audited) -> Result<(), Problem> {
    for (sha256, size) in log::list_originals(db).await? {
        found.count("objects", 1);
        let name = ObjectName::original(sha256);
        let place = format!("object {name}");
        let length = match app.objects.size(&name).await? {
            Some(length) => length,
            None => {
                found.fault(&place, "is missing");
                continue;
            }
        };
        let mut hash = Context::new(&SHA256);
        let mut bytes = std::pin::pin!(app.objects.stream(&name, 0..length));
        loop {
            match bytes.try_next().await {
                Ok(None) => break,
                Ok(Some(piece)) => hash.update(&piece),
                Err(ObjectsError::Missing(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        if length != size || hash.finish().as_ref() != sha256.as_bytes() {
            found.fault(&place, "has other bytes than were verified");
        }
    }
    Ok(())
}
