//! Whose change is it, may they write here, and is it proved? A change is judged by the certified key of its author,
//! whoever carried it (I5).

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::guard::ChangeHeader;
use sync_core::model::{Actor, ChangeHash, DeviceId, DocumentId, UserId};
use sync_core::proof::{CertificateKind, CertificatePayload, Signed, Verifier, tip_statement};
use sync_core::sync::authority::{Authority, Came, NOBODY, Objection, UNPROVED};
use sync_core::sync::wire::{ChangeStatus, QuarantineKind, SignedTip};

use super::binding::Identity;
use crate::crypto::AwsLc;
use crate::problem::Problem;
use crate::store::access::devices::DeviceRow;

/// A certified author.
#[derive(Clone, Debug)]
pub struct Author {
    /// Their device.
    pub device: DeviceId,
    /// The person.
    pub user: UserId,
    public_key: Vec<u8>,
    authority: Authority,
}

impl Author {
    /// What the server certified when the device was enrolled, and with every renewal.
    pub fn of(
        row: &DeviceRow,
        certificates: &[Signed<CertificatePayload>],
    ) -> Result<Self, Problem> {
        let mut terms = Vec::new();
        for certificate in certificates {
            let payload = certificate.read_unverified();
            let payload = payload.map_err(|error| Problem::internal(&error))?;
            if payload.kind == CertificateKind::Device {
                terms.push(payload);
            }
        }
        Ok(Self {
            device: row.device,
            user: row.user,
            public_key: row.public_key.clone(),
            authority: Authority::new(terms, row.revoked_at),
        })
    }
}

fn unauthorised(Objection { code, detail }: Objection) -> ChangeStatus {
    ChangeStatus::Quarantined {
        quarantine: QuarantineKind::Unauthorised,
        code: code.to_owned(),
        detail: detail.to_owned(),
    }
}

/// Signatures of this document that verify with the key of the actor they name.
pub fn verified_tips(
    document: DocumentId,
    tips: &[SignedTip],
    authors: &HashMap<Actor, Author>,
) -> Vec<SignedTip> {
    let verified = |signed: &&SignedTip| {
        let Some(author) = authors.get(&signed.tip.actor) else {
            return false;
        };
        let Ok(signature) = STANDARD.decode(&signed.signature) else {
            return false;
        };
        signed.tip.document_id == document
            && AwsLc.verify_p256(&author.public_key, &tip_statement(&signed.tip), &signature)
    };
    tips.iter().filter(verified).cloned().collect()
}

/// Which of these changes are covered by a signature: the signed ones and their ancestors by the same actor. Accepted
/// changes were covered before and need no walk through them.
pub fn covered(
    headers: &HashMap<ChangeHash, &ChangeHeader>,
    tips: &[SignedTip],
) -> HashSet<ChangeHash> {
    let mut covered = HashSet::new();
    for signed in tips {
        let tip = &signed.tip;
        let named = |header: &&&ChangeHeader| header.actor == tip.actor && header.seq == tip.seq;
        if headers.get(&tip.hash).filter(named).is_none() {
            continue;
        }
        let mut seen = HashSet::from([tip.hash]);
        let mut open = vec![tip.hash];
        while let Some(hash) = open.pop() {
            let Some(header) = headers.get(&hash) else {
                continue;
            };
            if header.actor == tip.actor {
                covered.insert(hash);
            }
            open.extend(header.deps.iter().filter(|dep| seen.insert(**dep)));
        }
    }
    covered
}

/// Why this author's change may not stand in this document by itself; none if it may. Faults of assignment, roster,
/// cancellation or lease are findings, and never asked here.
pub fn objection(
    author: Option<&Author>,
    identity: &Identity,
    proved: bool,
    came: Came,
) -> Option<ChangeStatus> {
    let Some(author) = author else {
        return Some(unauthorised(NOBODY));
    };
    if !proved {
        return Some(unauthorised(Objection {
            code: UNPROVED,
            detail: "no signature of its author's device covers this change",
        }));
    }
    let objection = author.authority.objection(&identity.document, came);
    objection.map(unauthorised)
}
