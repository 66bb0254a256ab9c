//! What comes down is judged before it touches a document: by the certified key of its author, whoever delivered it (I5),
//! and by the guard. The server is trusted for what is new, not for what anybody wrote.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::wire::{
    ChangeStatus, DocumentHeader, DocumentPage, HeldReason, QuarantineKind, SignedTip,
};
use crate::document::DocumentIdentity;
use crate::guard::{Admission, Inspected, Unsafe, admit_batch, inspect, transplanted};
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
            }),
            Err(_) => unreadable.push(change.hash),
        }
    }
    (read, unreadable)
}

/// Judges candidates for `document`. `key_of` gives the certified SEC1 key of an actor, if one is known here; `tips` are
/// all signatures known for the document, old and new; `belongs_elsewhere` says whether a change is one of another document.
pub fn judge(
    document_id: DocumentId,
    document: &Automerge,
    candidates: &[Candidate],
    tips: &[SignedTip],
    key_of: &dyn Fn(&Actor) -> Option<Vec<u8>>,
    belongs_elsewhere: &dyn Fn(&ChangeHash) -> bool,
    verifier: &dyn Verifier,
) -> Intake {
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
                status: quarantined(QuarantineKind::Unsafe, error.code(), &error.to_string()),
            }),
        }
    }
    let foreign = transplanted(
        inspected.iter().map(|(change, _)| change.header()),
        |hash| {
            document
                .get_change_meta_by_hash(&automerge::ChangeHash(hash.0))
                .is_none()
                && belongs_elsewhere(hash)
        },
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
            Some(_) => "author.unsigned",
            None => "author.unknown",
        };
        let detail = "no certified signature of its author covers it";
        aside.push(taken(
            &change,
            candidate,
            quarantined(QuarantineKind::Unauthorised, code, detail),
        ));
    }

    let changes: Vec<Inspected<'_>> = proven.iter().map(|(change, _)| change.clone()).collect();
    let batch = admit_batch(document, &changes);
    let mut admitted: BTreeMap<ChangeHash, Taken> = BTreeMap::new();
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
            Admission::Held { waiting_for } => ChangeStatus::Held {
                reason: HeldReason::WaitingFor,
                waiting_for: waiting_for.first().copied().unwrap_or(change.header().hash),
            },
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
    let mut gone = lost.clone();
    let mut kept = Vec::new();
    // Listed so that each stands after what it depends on.
    for change in document.get_changes(&[]) {
        let hash = ChangeHash(change.hash().0);
        let stands = |dep: &automerge::ChangeHash| !gone.contains(&ChangeHash(dep.0));
        if !gone.contains(&hash) && change.deps().iter().all(stands) {
            kept.push(change);
        } else {
            gone.insert(hash);
        }
    }
    let mut parted = Automerge::new();
    parted.apply_changes(kept)?;
    Ok(parted)
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
        status,
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
            &|_| Some(Vec::new()),
            &|hash| elsewhere.contains(hash),
            &Believer,
        );
        let word = |status: &ChangeStatus| match status {
            ChangeStatus::Quarantined { code, .. } => code.clone(),
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
