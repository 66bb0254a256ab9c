//! What comes down is judged before it touches a document: by the certified key of its author, whoever delivered it (I5),
//! and by the guard. The server is trusted for what is new, not for what anybody wrote.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::authority::{UNKNOWN, UNSIGNED};
use super::wire::{
    ChangeStatus, DocumentHeader, DocumentPage, HeldReason, QuarantineKind, SignedTip,
};
use crate::document::DocumentIdentity;
use crate::guard::{
    Admission, ChangeHeader, Inspected, Unsafe, admit_batch, inspect, transplanted,
};
use crate::model::{Actor, ChangeHash, DocumentId, Millis};
use crate::proof::{Verifier, tip_statement};

/// One change that came down, and what became of it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its recomputed hash.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: Actor,
    /// Its number among theirs.
    pub seq: u64,
    /// The raw chunk.
    pub bytes: Vec<u8>,
    /// When the server received it.
    pub received_at_ms: Option<Millis>,
    /// The server let it in, or a person did there.
    pub vouched: bool,
    /// `Accepted` is in the document; everything else is kept beside it.
    pub status: ChangeStatus,
}

/// A page of one document after judgement.
#[derive(Debug)]
pub struct Intake {
    /// The document with everything that stands.
    pub document: Automerge,
    /// Its bytes, if anything was new.
    pub snapshot: Option<Vec<u8>>,
    /// New changes, in causal order as far as they were admitted.
    pub taken: Vec<Taken>,
    /// Signatures that verify.
    pub tips: Vec<SignedTip>,
}

/// A change waiting to be judged: from a page, or held before and tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The raw chunk.
    pub bytes: Vec<u8>,
    /// What its sender says it is.
    pub hash: ChangeHash,
    /// When the server received it.
    pub received_at_ms: Option<Millis>,
    /// The server let it in, or a person did there: its author's authority was asked after by them. What came in a parcel
    /// is asked after here.
    pub vouched: bool,
}

/// By what candidates are judged.
pub struct Grounds<'a> {
    /// The certified SEC1 key of an actor, if one is known here.
    pub key_of: &'a dyn Fn(&Actor) -> Option<Vec<u8>>,
    /// Whether a change is one of another document.
    pub belongs_elsewhere: &'a dyn Fn(&ChangeHash) -> bool,
    /// Why the author of a change for which nobody vouches may not write here; none if they may.
    pub objection: &'a dyn Fn(&ChangeHeader) -> Option<ChangeStatus>,
    /// The algorithms.
    pub verifier: &'a dyn Verifier,
}

/// The document's identity holds: it reads as one, and its hash is the document's id.
pub fn header_holds(header: &DocumentHeader) -> bool {
    DocumentIdentity::read(&header.kind, &header.preimage)
        .is_some_and(|identity| identity.document_id() == header.document_id)
}

/// The changes of a page as candidates; those that are no base64 are left out and named.
pub fn candidates(page: &DocumentPage) -> (Vec<Candidate>, Vec<ChangeHash>) {
    let mut read = Vec::new();
    let mut unreadable = Vec::new();
    for change in &page.changes {
        match STANDARD.decode(&change.bytes) {
            Ok(bytes) => read.push(Candidate {
                bytes,
                hash: change.hash,
                received_at_ms: Some(change.received_at_ms),
                vouched: true,
            }),
            Err(_) => unreadable.push(change.hash),
        }
    }
    (read, unreadable)
}

/// Judges candidates for `document`. `tips` are all signatures known for the document, old and new.
pub fn judge(
    document_id: DocumentId,
    document: &Automerge,
    candidates: &[Candidate],
    tips: &[SignedTip],
    grounds: &Grounds<'_>,
) -> Intake {
    let (key_of, verifier) = (grounds.key_of, grounds.verifier);
    let has = |hash: &ChangeHash| {
        document
            .get_change_meta_by_hash(&automerge::ChangeHash(hash.0))
            .is_some()
    };
    let verified: Vec<SignedTip> = tips
        .iter()
        .filter(|tip| tip.tip.document_id == document_id && tip_verifies(tip, key_of, verifier))
        .cloned()
        .collect();
    let mut aside = Vec::new();
    let mut inspected: Vec<(Inspected<'_>, &Candidate)> = Vec::new();
    for candidate in candidates {
        match inspect(&candidate.bytes) {
            Ok(good) if good.header().hash == candidate.hash => inspected.push((good, candidate)),
            Ok(good) => aside.push(Taken {
                hash: good.header().hash,
                actor: good.header().actor,
                seq: good.header().seq,
                bytes: candidate.bytes.clone(),
                received_at_ms: candidate.received_at_ms,
                vouched: candidate.vouched,
                status: quarantined(
                    QuarantineKind::Unsafe,
                    "change.hash_mismatch",
                    "named another hash",
                ),
            }),
            Err(error) => aside.push(Taken {
                // Never the name that its sender gave it: that may be another change's.
                hash: ChangeHash(Sha256::digest(&candidate.bytes).into()),
                actor: Actor([0; 16]),
                seq: 0,
                bytes: candidate.bytes.clone(),
                received_at_ms: candidate.received_at_ms,
                vouched: candidate.vouched,
                status: quarantined(QuarantineKind::Unsafe, error.code(), &error.to_string()),
            }),
        }
    }
    let foreign = transplanted(
        inspected.iter().map(|(change, _)| change.header()),
        |hash| !has(hash) && (grounds.belongs_elsewhere)(hash),
    );
    let (moved, inspected): (Vec<_>, Vec<_>) = inspected
        .into_iter()
        .partition(|(change, _)| foreign.contains_key(&change.header().hash));
    for (change, candidate) in moved {
        let reason = Unsafe::Transplanted {
            dependency: foreign[&change.header().hash],
        };
        let status = quarantined(QuarantineKind::Unsafe, reason.code(), &reason.to_string());
        aside.push(taken(&change, candidate, status));
    }
    let covered = covered(document, &inspected, &verified);
    let (proven, unproven): (Vec<_>, Vec<_>) = inspected
        .into_iter()
        .partition(|(change, _)| covered.contains(&change.header().hash));
    for (change, candidate) in unproven {
        let code = match key_of(&change.header().actor) {
            Some(_) => UNSIGNED,
            None => UNKNOWN,
        };
        let detail = "no certified signature of its author covers it";
        aside.push(taken(
            &change,
            candidate,
            quarantined(QuarantineKind::Unauthorised, code, detail),
        ));
    }

    // What stands here already was asked after when it came.
    let mut may = Vec::new();
    for (change, candidate) in proven {
        let asked = !candidate.vouched && !has(&change.header().hash);
        match (grounds.objection)(change.header()).filter(|_| asked) {
            Some(objection) => aside.push(taken(&change, candidate, objection)),
            None => may.push((change, candidate)),
        }
    }
    let proven = may;

    let changes: Vec<Inspected<'_>> = proven.iter().map(|(change, _)| change.clone()).collect();
    let batch = admit_batch(document, &changes);
    let mut admitted: BTreeMap<ChangeHash, Taken> = BTreeMap::new();
    let mut waits: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
    for ((change, candidate), admission) in proven.iter().zip(&batch.admissions) {
        let status = match admission {
            Admission::AlreadyKnown => continue,
            Admission::Admitted => {
                admitted.insert(
                    change.header().hash,
                    taken(change, candidate, ChangeStatus::Accepted),
                );
                continue;
            }
            Admission::Held { waiting_for } => {
                let hash = change.header().hash;
                waits.insert(hash, waiting_for.clone());
                ChangeStatus::Held {
                    reason: HeldReason::WaitingFor,
                    waiting_for: waiting_for.first().copied().unwrap_or(hash),
                }
            }
            Admission::Equivocation { known } => quarantined(
                QuarantineKind::Equivocation,
                "change.equivocation",
                &format!("{known} has the same number"),
            ),
            Admission::Rejected(error) => {
                quarantined(QuarantineKind::Unsafe, error.code(), &error.to_string())
            }
        };
        aside.push(taken(change, candidate, status));
    }
    name_what_is_waited_for(&mut aside, &waits);
    // Automerge lists changes so that each stands after what it depends on: the order in which they are offered again.
    let mut in_order = Vec::new();
    for change in batch.document.get_changes(&[]) {
        if let Some(known) = admitted.remove(&ChangeHash(change.hash().0)) {
            in_order.push(known);
        }
    }
    in_order.extend(aside);
    Intake {
        document: batch.document,
        snapshot: batch.snapshot,
        taken: in_order,
        tips: verified,
    }
}

/// The document with what lies beside it laid over, to be read and no more: raw chunks of proved authors, of which only the
/// guard is asked. None where nothing of it goes on.
pub fn with_aside(document: &Automerge, aside: &[Vec<u8>]) -> Option<Automerge> {
    let inspected: Vec<Inspected<'_>> = aside.iter().filter_map(|it| inspect(it).ok()).collect();
    let batch = admit_batch(document, &inspected);
    batch.has_changed().then_some(batch.document)
}

/// The document without these changes and without everything that builds on them: for a phone whose numbers another copy
/// of it has used. What it wrote on top of the fork stays in its log and is told by the doctor; what it writes from now on
/// stands on ground that everybody shares.
///
/// # Errors
/// Automerge's, which changes of a sound document give no cause for.
pub fn without(
    document: &Automerge,
    lost: &BTreeSet<ChangeHash>,
) -> Result<Automerge, automerge::AutomergeError> {
    Ok(parted(document, lost, &BTreeSet::new())?.0)
}

/// The same, but what `kept` builds on stays, with it: nobody's own words are taken from under their eyes. And which changes
/// are gone.
///
/// # Errors
/// Automerge's, which changes of a sound document give no cause for.
pub fn parted(
    document: &Automerge,
    lost: &BTreeSet<ChangeHash>,
    kept: &BTreeSet<ChangeHash>,
) -> Result<(Automerge, BTreeSet<ChangeHash>), automerge::AutomergeError> {
    // Listed so that each stands after what it depends on.
    let changes = document.get_changes(&[]);
    let mut stays = kept.clone();
    for change in changes.iter().rev() {
        if stays.contains(&ChangeHash(change.hash().0)) {
            stays.extend(change.deps().iter().map(|dep| ChangeHash(dep.0)));
        }
    }
    let mut gone: BTreeSet<ChangeHash> = lost.difference(&stays).copied().collect();
    let mut rest = Vec::new();
    for change in changes {
        let hash = ChangeHash(change.hash().0);
        let stands = |dep: &automerge::ChangeHash| !gone.contains(&ChangeHash(dep.0));
        if !gone.contains(&hash) && change.deps().iter().all(stands) {
            rest.push(change);
        } else {
            gone.insert(hash);
        }
    }
    let mut parted = Automerge::new();
    parted.apply_changes(rest)?;
    Ok((parted, gone))
}

fn tip_verifies(
    tip: &SignedTip,
    key_of: &dyn Fn(&Actor) -> Option<Vec<u8>>,
    verifier: &dyn Verifier,
) -> bool {
    let Some(key) = key_of(&tip.tip.actor) else {
        return false;
    };
    let Ok(signature) = STANDARD.decode(&tip.signature) else {
        return false;
    };
    verifier.verify_p256(&key, &tip_statement(&tip.tip), &signature)
}

/// Everything that lies on the chain of one author below a change that they signed: `seq − 1` is an ancestor of `seq`, so
/// the chain is followed through dependencies, never by number alone.
fn covered(
    document: &Automerge,
    inspected: &[(Inspected<'_>, &Candidate)],
    tips: &[SignedTip],
) -> BTreeSet<ChangeHash> {
    let mut ours: BTreeMap<ChangeHash, (Actor, Vec<ChangeHash>)> = inspected
        .iter()
        .map(|(change, _)| {
            let header = change.header();
            (header.hash, (header.actor, header.deps.clone()))
        })
        .collect();
    for change in document.get_changes(&[]) {
        let Ok(actor) = <[u8; 16]>::try_from(change.actor_id().to_bytes()) else {
            continue;
        };
        let deps = change.deps().iter().map(|dep| ChangeHash(dep.0)).collect();
        ours.insert(ChangeHash(change.hash().0), (Actor(actor), deps));
    }
    let mut covered = BTreeSet::new();
    for tip in tips {
        if ours
            .get(&tip.tip.hash)
            .is_none_or(|(actor, _)| *actor != tip.tip.actor)
        {
            continue;
        }
        let mut seen = BTreeSet::new();
        let mut open = vec![tip.tip.hash];
        while let Some(hash) = open.pop() {
            let Some((actor, deps)) = ours.get(&hash) else {
                continue;
            };
            if !seen.insert(hash) {
                continue;
            }
            if *actor == tip.tip.actor {
                covered.insert(hash);
            }
            open.extend(deps);
        }
    }
    covered
}

fn taken(change: &Inspected<'_>, candidate: &Candidate, status: ChangeStatus) -> Taken {
    Taken {
        hash: change.header().hash,
        actor: change.header().actor,
        seq: change.header().seq,
        bytes: candidate.bytes.clone(),
        received_at_ms: candidate.received_at_ms,
        vouched: candidate.vouched,
        status,
    }
}

/// What waits, however far above, for something in quarantine says so.
fn name_what_is_waited_for(aside: &mut [Taken], waits: &BTreeMap<ChangeHash, Vec<ChangeHash>>) {
    let lies = aside.iter();
    let lies = lies.filter(|it| matches!(it.status, ChangeStatus::Quarantined { .. }));
    let lies: BTreeSet<ChangeHash> = lies.map(|it| it.hash).collect();
    for taken in aside {
        if !matches!(taken.status, ChangeStatus::Held { .. }) {
            continue;
        }
        let (mut seen, mut open) = (BTreeSet::new(), vec![taken.hash]);
        while let Some(hash) = open.pop() {
            if lies.contains(&hash) {
                taken.status = ChangeStatus::Held {
                    reason: HeldReason::DependsOnQuarantined,
                    waiting_for: hash,
                };
                break;
            }
            if seen.insert(hash) {
                open.extend(waits.get(&hash).into_iter().flatten());
            }
        }
    }
}

fn quarantined(quarantine: QuarantineKind, code: &str, detail: &str) -> ChangeStatus {
    ChangeStatus::Quarantined {
        quarantine,
        code: code.to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{ActorId, ROOT, ReadDoc};

    use super::*;
    use crate::document::skeleton::skeleton;
    use crate::guard::wire_bytes;
    use crate::model::{CampaignId, EnterpriseKey, OrganisationId, TeamId, TeamKey, VisitIdentity};
    use crate::proof::TipStatement;

    /// Believes every signature: whose they are is not what these tests ask.
    struct Believer;

    impl Verifier for Believer {
        fn verify_p256(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            true
        }
        fn verify_ed25519(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            true
        }
    }

    fn visit(campaign: u128) -> VisitIdentity {
        VisitIdentity {
            campaign: CampaignId(uuid::Uuid::from_u128(campaign)),
            body: OrganisationId(uuid::Uuid::from_u128(2)),
            enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
            team: TeamKey::Team(TeamId(uuid::Uuid::from_u128(3))),
        }
    }

    fn begun(campaign: u128, author: u8) -> Automerge {
        skeleton(&visit(campaign))
            .unwrap()
            .with_actor(ActorId::from([author; 16]))
    }

    fn put(document: &mut Automerge, key: &str) -> Candidate {
        let mut transaction = document.transaction();
        transaction.put(ROOT, key, 1).unwrap();
        let hash = transaction
            .commit_with(CommitOptions::default().with_time(0))
            .0
            .unwrap();
        Candidate {
            bytes: wire_bytes(&document.get_change_by_hash(&hash).unwrap()),
            hash: ChangeHash(hash.0),
            received_at_ms: Some(1),
            vouched: true,
        }
    }

    fn tip(document_id: DocumentId, of: &Candidate) -> SignedTip {
        let change = inspect(&of.bytes).unwrap();
        SignedTip {
            tip: TipStatement {
                document_id,
                actor: change.header().actor,
                seq: change.header().seq,
                hash: of.hash,
            },
            signature: String::new(),
        }
    }

    fn judged(
        campaign: u128,
        document: &Automerge,
        candidates: &[Candidate],
        elsewhere: &[ChangeHash],
    ) -> Vec<(ChangeHash, String)> {
        let id = visit(campaign).document_id();
        let tips: Vec<_> = candidates
            .iter()
            .filter(|candidate| inspect(&candidate.bytes).is_ok())
            .map(|candidate| tip(id, candidate))
            .collect();
        let intake = judge(
            id,
            document,
            candidates,
            &tips,
            &Grounds {
                key_of: &|_| Some(Vec::new()),
                belongs_elsewhere: &|hash| elsewhere.contains(hash),
                objection: &|_| {
                    let code = "author.role";
                    Some(quarantined(QuarantineKind::Unauthorised, code, ""))
                },
                verifier: &Believer,
            },
        );
        let word = |status: &ChangeStatus| match status {
            ChangeStatus::Quarantined { code, .. } => code.clone(),
            ChangeStatus::Held {
                reason: HeldReason::DependsOnQuarantined,
                ..
            } => "depends".to_owned(),
            ChangeStatus::Held { .. } => "held".to_owned(),
            other => format!("{other:?}"),
        };
        let taken = intake.taken.iter();
        taken.map(|it| (it.hash, word(&it.status))).collect()
    }

    #[test]
    fn a_phone_quarantines_what_was_moved_into_another_document_and_all_that_builds_on_it() {
        let (mut own, other) = (begun(1, 7), begun(2, 7));
        let skeleton = ChangeHash(own.get_heads()[0].0);
        let (one, two) = (put(&mut own, "a"), put(&mut own, "b"));
        let moved = [two.clone(), one.clone()];
        let states = judged(2, &other, &moved, &[skeleton]);
        assert_eq!(states.len(), 2);
        assert!(
            states
                .iter()
                .all(|(_, state)| state == "change.transplanted"),
            "{states:?}"
        );
        assert_eq!(
            judged(2, &other, std::slice::from_ref(&two), &[one.hash])[0].1,
            "change.transplanted"
        );
        // As long as nothing is known of the other document they wait, and in their own they stand.
        assert!(
            judged(2, &other, &moved, &[])
                .iter()
                .all(|(_, state)| state == "held")
        );
        let own = begun(1, 8);
        let states = judged(1, &own, &moved, &[]);
        assert!(
            states.iter().all(|(_, state)| state == "Accepted"),
            "{states:?}"
        );
    }

    #[test]
    fn what_cannot_be_read_never_takes_the_name_of_a_sound_change() {
        let mut document = begun(1, 7);
        let good = put(&mut document, "a");
        let bad = Candidate {
            bytes: b"garbage".to_vec(),
            ..good.clone()
        };
        let states = judged(1, &begun(1, 8), &[bad, good.clone()], &[]);
        assert_eq!(states[0], (good.hash, "Accepted".to_owned()));
        assert_eq!(states[1].1, "change.not_a_chunk");
        assert_ne!(states[1].0, good.hash);
    }

    #[test]
    fn an_author_is_asked_after_where_nobody_vouches_and_what_builds_on_them_says_for_what_it_waits()
     {
        let mut document = begun(1, 7);
        let changes = ["a", "b", "c"].map(|key| put(&mut document, key));
        let unvouched = |from: usize| {
            let mut changes = changes.clone();
            changes[from..].iter_mut().for_each(|it| it.vouched = false);
            changes
        };
        let states = |judged: Vec<(ChangeHash, String)>| -> Vec<String> {
            judged.into_iter().map(|(_, state)| state).collect()
        };
        assert_eq!(
            states(judged(1, &begun(1, 8), &unvouched(3), &[])),
            ["Accepted"; 3]
        );
        let mut mixed = unvouched(3);
        mixed[0].vouched = false;
        assert_eq!(
            states(judged(1, &begun(1, 8), &mixed, &[])),
            ["author.role", "depends", "depends"]
        );
        assert_eq!(
            states(judged(1, &begun(1, 8), &unvouched(1), &[])),
            ["Accepted", "author.role", "author.role"]
        );
        // What stands is not asked after anew.
        assert_eq!(judged(1, &document, &unvouched(0), &[]), []);
    }

    #[test]
    fn a_document_parts_from_nothing_that_its_own_author_stands_on() {
        let mut theirs = begun(1, 8);
        let under = put(&mut theirs, "under");
        let mut ours = begun(1, 7);
        ours.merge(&mut theirs.clone()).unwrap();
        let own = put(&mut ours, "own");
        let over = put(&mut theirs, "over");
        ours.merge(&mut theirs).unwrap();
        let lost = BTreeSet::from([under.hash, over.hash]);
        let (kept, gone) = parted(&ours, &lost, &BTreeSet::from([own.hash])).unwrap();
        assert_eq!(gone, BTreeSet::from([over.hash]));
        assert_eq!(
            kept.keys(ROOT)
                .filter(|it| it == "under" || it == "own")
                .count(),
            2
        );
        let (kept, gone) = parted(&ours, &lost, &BTreeSet::new()).unwrap();
        assert_eq!(gone, BTreeSet::from([under.hash, over.hash, own.hash]));
        assert_eq!(kept.get_changes(&[]).len(), 1);
    }

    #[test]
    fn a_document_parts_from_a_change_and_from_what_builds_on_it_and_keeps_the_rest() {
        let mut ours = begun(1, 7);
        let mut theirs = begun(1, 8);
        let kept = put(&mut ours, "kept");
        let lost = put(&mut ours, "lost");
        put(&mut theirs, "beside");
        ours.merge(&mut theirs).unwrap();
        put(&mut ours, "built");
        let parted = without(&ours, &BTreeSet::from([lost.hash])).unwrap();
        let keys: Vec<_> = parted.keys(ROOT).collect();
        assert!(keys.contains(&"kept".to_owned()) && keys.contains(&"beside".to_owned()));
        assert!(!keys.contains(&"lost".to_owned()) && !keys.contains(&"built".to_owned()));
        assert_eq!(parted.get_changes(&[]).len(), 3);
        assert!(
            parted
                .get_change_by_hash(&automerge::ChangeHash(kept.hash.0))
                .is_some()
        );
    }
}
