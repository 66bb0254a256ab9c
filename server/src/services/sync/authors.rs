//! Whose change is it, may they write here, and is it proved? A change is judged by the certified key of its author,
//! whoever carried it (I5).

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::document::{self, DocumentIdentity};
use sync_core::guard::ChangeHeader;
use sync_core::model::{Actor, ChangeHash, DeviceId, DocumentId, Millis, UserId};
use sync_core::proof::{
    CertificateKind, CertificatePayload, Role, Signed, Verifier, tip_statement,
};
use sync_core::sync::wire::{ChangeStatus, QuarantineKind, SignedTip};

use super::binding::Identity;
use crate::crypto::AwsLc;
use crate::problem::Problem;
use crate::store::access::devices::DeviceRow;

/// Code of a change whose actor no device is certified for.
pub const UNKNOWN: &str = "author.unknown";
/// Code of a change that no signature of its author's device covers.
pub const UNPROVED: &str = "author.unproved";
/// Code of a change that was written and came after its author's certificate had ended.
pub const EXPIRED: &str = "author.expired";

/// A certified author.
#[derive(Clone, Debug)]
pub struct Author {
    /// Their device.
    pub device: DeviceId,
    /// The person.
    pub user: UserId,
    public_key: Vec<u8>,
    revoked_at: Option<Millis>,
    /// What was certified, from its beginning on; the last one stands.
    terms: Vec<CertificatePayload>,
}

/// When a change came, and when it says that it was written.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// By the server's clock.
    pub received_at: Millis,
    /// By the phone's; 0 where it does not say.
    pub claimed_at: Millis,
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
        terms.sort_by_key(|term| term.not_before_ms);
        Ok(Self {
            device: row.device,
            user: row.user,
            public_key: row.public_key.clone(),
            revoked_at: row.revoked_at,
            terms,
        })
    }

    /// The certificate under which a change was made: the last that had begun when it says that it was written, or when it
    /// came if it does not say.
    fn term(&self, came: Came) -> Option<&CertificatePayload> {
        let at = match came.claimed_at {
            0 => came.received_at,
            claimed => claimed,
        };
        let begun = self
            .terms
            .iter()
            .rev()
            .find(|term| term.not_before_ms <= at);
        begun.or(self.terms.first())
    }
}

fn unauthorised(code: &str, detail: &str) -> ChangeStatus {
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
        return Some(unauthorised(
            UNKNOWN,
            "no device is certified for this actor",
        ));
    };
    if !proved {
        return Some(unauthorised(
            UNPROVED,
            "no signature of its author's device covers this change",
        ));
    }
    if author
        .revoked_at
        .is_some_and(|revoked_at| came.received_at >= revoked_at)
    {
        return Some(unauthorised(
            "author.revoked",
            "it came after its author's device was revoked",
        ));
    }
    // A phone that was offline for long loses no work: only what came after the end and itself says that it was written
    // after it lies outside of the certificate for certain. Phones ask nothing here: what comes down to them was let in
    // by the server or by a person, and they verify whose it is.
    let Some(term) = author.term(came) else {
        return Some(unauthorised(UNKNOWN, "nothing is certified of this actor"));
    };
    if came.received_at > term.not_after_ms && came.claimed_at > term.not_after_ms {
        return Some(unauthorised(
            EXPIRED,
            "it was written, and came, after the end of its author's certificate",
        ));
    }
    match &identity.document {
        DocumentIdentity::Visit(_) => objection_in_visit(author, term, identity),
        DocumentIdentity::Confirmation(named) => {
            let code = document::objection_to(named, term)?;
            let detail = match code {
                "author.role" => "its author is not certified as enforcement",
                "author.body" => "its author belongs to the body whose visit it confirms",
                "author.region" => "its author's jurisdiction does not cover its region",
                _ => "its author may not confirm here",
            };
            Some(unauthorised(code, detail))
        }
    }
}

fn objection_in_visit(
    author: &Author,
    term: &CertificatePayload,
    identity: &Identity,
) -> Option<ChangeStatus> {
    if !term.roles.contains(&Role::Sampler) {
        return Some(unauthorised(
            "author.role",
            "its author is not certified as a sampler",
        ));
    }
    if term.organisation_id != identity.body {
        return Some(unauthorised(
            "author.body",
            "its author belongs to another body than the visit",
        ));
    }
    if identity.solo.is_some_and(|user| user != author.user) {
        return Some(unauthorised(
            "author.solo",
            "the visit belongs to one person, and that is somebody else",
        ));
    }
    None
}
