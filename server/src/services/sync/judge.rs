//! What becomes of the changes of one document: guard, authorship, authority, causality. Pure work on what was read;
//! nothing is written here, so it runs before the write transaction and can be thrown away.

use std::collections::{BTreeMap, HashMap, HashSet};

use automerge::{Automerge, AutomergeError, ReadDoc};
use sync_core::guard::{self, Admission, Inspected, Unsafe};
use sync_core::model::{Actor, ChangeHash, DeviceId, Millis};
use sync_core::sync::authority::Came;
use sync_core::sync::wire::{ASIDE_FULL, ChangeStatus, HeldReason, QuarantineKind, SignedTip};
use uuid::Uuid;

use super::authors::{self, Author};
use super::binding::Identity;
use crate::crypto;
use crate::store::sync::changes::ChangeRow;
use crate::store::sync::documents::DocumentRow;

/// A change of the page that came off the wire.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Its place in the request.
    pub index: usize,
    /// As pushed.
    pub claimed: ChangeHash,
    /// The chunk.
    pub bytes: Vec<u8>,
    /// The name it gets if it is new.
    pub item_id: Uuid,
}

/// Everything that was read about one document.
pub struct Case {
    /// As stored, or as it would begin.
    pub row: DocumentRow,
    /// Its identity.
    pub identity: Identity,
    /// What it begins with, where nothing of it is stored.
    pub begun: Option<Automerge>,
    /// What of it is held or quarantined.
    pub aside: Vec<ChangeRow>,
    /// What of it the page names and the server has accepted, by hash: when it came.
    pub accepted: HashMap<ChangeHash, Millis>,
    /// How many are accepted.
    pub accepted_count: i64,
    /// Stored signatures.
    pub stored_tips: Vec<SignedTip>,
    /// Signatures of the page.
    pub pushed_tips: Vec<SignedTip>,
    /// Of what these changes build on, that which belongs to another document.
    pub elsewhere: HashSet<ChangeHash>,
    /// Authors by actor.
    pub authors: HashMap<Actor, Author>,
    /// Changes of the page.
    pub pushed: Vec<Pushed>,
    /// Who carries the page.
    pub carrier: DeviceId,
    /// How many more of the carrier's may lie aside.
    pub aside_left: i64,
    /// The time.
    pub now: Millis,
}

impl Case {
    /// The changes that may be accepted now: whose they are, and when they came.
    pub fn coming(&self) -> Vec<(ChangeHash, Actor, Millis)> {
        let aside = self.aside.iter();
        let aside = aside.filter_map(|row| Some((row.hash, row.actor?, row.received_at)));
        let pushed = self.pushed.iter().filter_map(|item| {
            let inspected = guard::inspect(&item.bytes).ok()?;
            let header = inspected.header();
            Some((header.hash, header.actor, self.now))
        });
        aside.chain(pushed).collect()
    }
}

/// One item's report: its place in the request, its status, and the hash under which it is durable since when.
pub type Report = (usize, ChangeStatus, Option<(ChangeHash, Millis)>);

/// What became of it all.
pub struct Verdict {
    /// The document's next state.
    pub row: DocumentRow,
    /// The version that was read.
    pub read_at_version: i64,
    /// Whether anything was accepted.
    pub changed: bool,
    /// How many of the new ones lie aside.
    pub set_aside: i64,
    /// Changes that are new.
    pub inserted: Vec<ChangeRow>,
    /// Stored changes whose status is another one now.
    pub updated: Vec<ChangeRow>,
    /// The first ordinal given.
    pub first_ordinal: i64,
    /// Signatures to keep.
    pub tips: Vec<SignedTip>,
    /// By place in the request: status, the hash under which it is durable, and since when.
    pub reports: Vec<Report>,
}

impl Verdict {
    /// Whether there is anything to write.
    pub fn writes(&self) -> bool {
        self.changed || !self.inserted.is_empty() || !self.updated.is_empty()
    }
}

fn hash_of_bytes(bytes: &[u8]) -> ChangeHash {
    ChangeHash(crypto::sha256(bytes))
}

fn unsafe_status(code: &str, detail: String) -> ChangeStatus {
    ChangeStatus::Quarantined {
        quarantine: QuarantineKind::Unsafe,
        code: code.to_owned(),
        detail,
    }
}

/// Judges. See the module. Beside the verdict comes the document with what was accepted: it holds far more memory than its
/// bytes, so whoever keeps the verdict lets it go.
pub fn judge(case: Case) -> Result<(Verdict, Automerge), AutomergeError> {
    let Case {
        mut row,
        identity,
        begun,
        aside,
        accepted,
        accepted_count,
        elsewhere,
        authors,
        pushed,
        now,
        ..
    } = case;
    let document = match begun {
        Some(begun) => begun,
        None => Automerge::load(&row.snapshot)?,
    };
    let old_heads = document.get_heads();
    let has = |hash: &ChangeHash| {
        document
            .get_change_by_hash(&automerge::ChangeHash(hash.0))
            .is_some()
    };

    // Everything that is not accepted, stored or new, by the hash we computed ourselves.
    let mut pool: BTreeMap<ChangeHash, ChangeRow> =
        aside.into_iter().map(|row| (row.hash, row)).collect();
    let stored: HashMap<ChangeHash, ChangeStatus> = pool
        .iter()
        .map(|(hash, row)| (*hash, row.status.clone()))
        .collect();
    let mut named: Vec<(usize, ChangeHash, ChangeHash)> = Vec::new();
    for item in pushed {
        let mut change = ChangeRow {
            item_id: item.item_id,
            document_id: row.document_id,
            hash: hash_of_bytes(&item.bytes),
            claimed_hash: item.claimed,
            bytes: item.bytes,
            actor: None,
            seq: None,
            device: None,
            user: None,
            carrier: case.carrier,
            received_at: now,
            status: ChangeStatus::Accepted,
            ordinal: None,
            admitted: false,
        };
        match guard::inspect(&change.bytes) {
            Err(reason) => change.status = unsafe_status(reason.code(), reason.to_string()),
            Ok(inspected) if inspected.header().hash != item.claimed => {
                change.status = unsafe_status(
                    "change.hash_mismatch",
                    "its bytes have another hash".to_owned(),
                );
            }
            Ok(inspected) => {
                let header = inspected.header();
                change.hash = header.hash;
                (change.actor, change.seq) = (Some(header.actor), i64::try_from(header.seq).ok());
            }
        }
        named.push((item.index, item.claimed, change.hash));
        if !accepted.contains_key(&change.hash) && !has(&change.hash) {
            pool.entry(change.hash).or_insert(change);
        }
    }

    // Who may, and who may not. What failed the guard's first steps stays where it is.
    let inspected: Vec<(ChangeHash, Inspected<'_>)> = pool
        .values()
        .filter(|change| change.actor.is_some())
        .filter_map(|change| Some((change.hash, guard::inspect(&change.bytes).ok()?)))
        .collect();
    let headers: HashMap<_, _> = inspected
        .iter()
        .map(|(hash, change)| (*hash, change.header()))
        .collect();
    let mut tips = authors::verified_tips(row.document_id, &case.pushed_tips, &authors);
    let mut all_tips = case.stored_tips;
    all_tips.extend(tips.iter().cloned());
    let covered = authors::covered(&headers, &all_tips);
    let mut statuses: HashMap<ChangeHash, ChangeStatus> = pool
        .values()
        .filter(|change| change.actor.is_none())
        .map(|change| (change.hash, change.status.clone()))
        .collect();
    let mut may: Vec<Inspected<'_>> = Vec::new();
    let foreign = guard::transplanted(headers.values().copied(), |hash| elsewhere.contains(hash));
    for (hash, change) in &inspected {
        // Before its author is asked after: nobody's authority lets in what belongs to another document.
        if let Some(dependency) = foreign.get(hash).copied() {
            let reason = Unsafe::Transplanted { dependency };
            statuses.insert(*hash, unsafe_status(reason.code(), reason.to_string()));
            continue;
        }
        let known = &pool[hash];
        let author = authors.get(&change.header().actor);
        let proved = covered.contains(hash);
        let came = Came {
            received_at: known.received_at,
            claimed_at: change.header().time,
        };
        match authors::objection(author, &identity, proved, came) {
            Some(objection) if !known.admitted => {
                statuses.insert(*hash, objection);
            }
            _ => may.push(change.clone()),
        }
    }

    let batch = guard::admit_batch(&document, &may);
    let mut waits: HashMap<ChangeHash, Vec<ChangeHash>> = HashMap::new();
    for (change, admission) in may.iter().zip(&batch.admissions) {
        let hash = change.header().hash;
        let status = match admission {
            Admission::Admitted | Admission::AlreadyKnown => ChangeStatus::Accepted,
            Admission::Held { waiting_for } => {
                waits.insert(hash, waiting_for.clone());
                continue;
            }
            Admission::Equivocation { known } => ChangeStatus::Quarantined {
                quarantine: QuarantineKind::Equivocation,
                code: "change.equivocation".to_owned(),
                detail: format!(
                    "its author's device has numbered another change the same: {known}"
                ),
            },
            Admission::Rejected(reason) => unsafe_status(reason.code(), reason.to_string()),
        };
        statuses.insert(hash, status);
    }
    for (hash, missing) in &waits {
        statuses.insert(*hash, held(missing, &waits, &statuses));
    }

    let mut verdict = Verdict {
        read_at_version: row.version,
        changed: batch.has_changed(),
        first_ordinal: accepted_count,
        set_aside: 0,
        inserted: Vec::new(),
        updated: Vec::new(),
        tips: Vec::new(),
        reports: Vec::new(),
        row: row.clone(),
    };
    // Places in the causal order, which is that of the document.
    let mut ordinals = HashMap::new();
    for change in batch.document.get_changes(&old_heads) {
        let next = accepted_count + ordinals.len() as i64;
        ordinals.insert(ChangeHash(change.hash().0), next);
    }
    drop(inspected);

    let mut turned_away = HashSet::new();
    for (hash, mut change) in pool {
        let Some(status) = statuses.remove(&hash) else {
            continue;
        };
        if let Some(author) = change.actor.and_then(|actor| authors.get(&actor)) {
            // The author is only theirs once it is proved: a forged change names somebody who has nothing to do with it.
            if covered.contains(&hash) {
                (change.device, change.user) = (Some(author.device), Some(author.user));
            }
        }
        change.ordinal = ordinals.get(&hash).copied();
        let before = stored.get(&hash);
        change.status = status;
        match before {
            Some(before) if *before == change.status => {}
            Some(_) => verdict.updated.push(change.clone()),
            None => {
                if change.status != ChangeStatus::Accepted {
                    if verdict.set_aside >= case.aside_left {
                        turned_away.insert(hash);
                        continue;
                    }
                    verdict.set_aside += 1;
                }
                verdict.inserted.push(change.clone());
            }
        }
        statuses.insert(hash, change.status);
        for (index, claimed, _) in named.iter().filter(|(_, _, computed)| *computed == hash) {
            // A receipt speaks of hashes; what came under a wrong one is kept, but its name is not vouched for.
            let durable = (*claimed == hash).then_some((hash, change.received_at));
            verdict
                .reports
                .push((*index, statuses[&hash].clone(), durable));
        }
    }
    for (index, _, hash) in &named {
        if turned_away.contains(hash) {
            let status = ChangeStatus::Refused {
                code: ASIDE_FULL.to_owned(),
                detail: "too much of what this device brought waits or lies in quarantine"
                    .to_owned(),
            };
            verdict.reports.push((*index, status, None));
        } else if !statuses.contains_key(hash) {
            // Accepted before; the skeleton is there by itself and has no receipt.
            let durable = accepted.get(hash).map(|received_at| (*hash, *received_at));
            verdict
                .reports
                .push((*index, ChangeStatus::Accepted, durable));
        }
    }
    tips.retain(|tip| statuses.contains_key(&tip.tip.hash) || accepted.contains_key(&tip.tip.hash));
    verdict.tips = tips;

    match batch.snapshot {
        Some(snapshot) => row.snapshot = snapshot,
        None if !row.is_stored() => row.snapshot = batch.document.save(),
        None => {}
    }
    row.heads = batch
        .document
        .get_heads()
        .iter()
        .map(|head| ChangeHash(head.0))
        .collect();
    row.heads.sort_unstable();
    verdict.row = row;
    Ok((verdict, batch.document))
}

/// What a change waits for in the end: something that has not come, or something in quarantine, however far below.
fn held(
    missing: &[ChangeHash],
    waits: &HashMap<ChangeHash, Vec<ChangeHash>>,
    statuses: &HashMap<ChangeHash, ChangeStatus>,
) -> ChangeStatus {
    let mut seen = HashSet::new();
    let mut open: Vec<ChangeHash> = missing.iter().rev().copied().collect();
    let mut absent = None;
    while let Some(hash) = open.pop() {
        if !seen.insert(hash) {
            continue;
        }
        if let Some(ChangeStatus::Quarantined { .. }) = statuses.get(&hash) {
            return ChangeStatus::Held {
                reason: HeldReason::DependsOnQuarantined,
                waiting_for: hash,
            };
        }
        match waits.get(&hash) {
            Some(deeper) => open.extend(deeper.iter().rev()),
            None => absent = absent.or(Some(hash)),
        }
    }
    let waiting_for = absent
        .or(missing.first().copied())
        .unwrap_or(ChangeHash([0; 32]));
    ChangeStatus::Held {
        reason: HeldReason::WaitingFor,
        waiting_for,
    }
}
