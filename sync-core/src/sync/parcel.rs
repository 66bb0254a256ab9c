//! What is inside a parcel (密封包): documents with their changes and signatures, and the certificates by which they are
//! judged, the same as over the network. Who opens one gives its changes to [`judge`](super::intake::judge) as if they had
//! come down, without a receipt: only the server says when something was received.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::intake::{Candidate, header_holds};
use super::wire::{DocumentHeader, SignedTip};
use crate::document::{BoundDocument, Identity};
use crate::limits::{
    PARCEL_BYTES_MAX, PARCEL_CERTIFICATES_MAX, PARCEL_CHANGES_MAX, PARCEL_DOCUMENTS_MAX,
};
use crate::model::{Actor, ChangeHash};
use crate::proof::parcel::ParcelError;
use crate::proof::{CertificatePayload, Signed};

/// One change of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelChange {
    /// Hash of the chunk, recomputed by whoever receives it.
    pub hash: ChangeHash,
    /// The chunk, base64.
    pub bytes: String,
}

/// Changes of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelDocument {
    /// Which document.
    pub document: DocumentHeader,
    /// In causal order.
    pub changes: Vec<ParcelChange>,
    /// Signatures that cover them.
    pub tips: Vec<SignedTip>,
}

/// What one phone hands another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelContents {
    /// Documents, each once.
    pub documents: Vec<ParcelDocument>,
    /// Of everybody who wrote or signed in them.
    pub certificates: Vec<Signed<CertificatePayload>>,
}

impl ParcelDocument {
    /// A document as it is here, whole.
    pub fn of<I: Identity>(document: &BoundDocument<I>, tips: Vec<SignedTip>) -> Self {
        let changes = document.changes_since(&[]).into_iter();
        Self {
            document: DocumentHeader {
                document_id: document.id(),
                kind: I::KIND.to_owned(),
                preimage: document.identity().preimage(),
            },
            changes: changes
                .map(|change| ParcelChange {
                    hash: change.hash,
                    bytes: STANDARD.encode(change.bytes),
                })
                .collect(),
            tips,
        }
    }

    /// Its changes, to be judged; those that are no base64 are left out and named.
    pub fn candidates(&self) -> (Vec<Candidate>, Vec<ChangeHash>) {
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        for change in &self.changes {
            match STANDARD.decode(&change.bytes) {
                Ok(bytes) => read.push(Candidate {
                    bytes,
                    hash: change.hash,
                    received_at_ms: None,
                    vouched: false,
                }),
                Err(_) => unreadable.push(change.hash),
            }
        }
        (read, unreadable)
    }

    /// Whose changes its signatures cover.
    pub fn signers(&self) -> BTreeSet<Actor> {
        self.tips.iter().map(|tip| tip.tip.actor).collect()
    }
}

impl ParcelContents {
    /// The bytes that are sealed.
    ///
    /// # Errors
    /// Where there is more than one parcel takes.
    pub fn pack(&self) -> Result<Vec<u8>, ParcelError> {
        self.bounded()?;
        let bytes = serde_json::to_vec(self).map_err(|_| ParcelError::Malformed)?;
        match bytes.len() <= PARCEL_BYTES_MAX {
            true => Ok(bytes),
            false => Err(ParcelError::TooLarge),
        }
    }

    /// Reads what was sealed. That a document's id is the hash of its identity is checked here; its changes are not.
    ///
    /// # Errors
    /// Where it is none, or holds more than one parcel takes.
    pub fn unpack(bytes: &[u8]) -> Result<Self, ParcelError> {
        if bytes.len() > PARCEL_BYTES_MAX {
            return Err(ParcelError::TooLarge);
        }
        let contents: Self = serde_json::from_slice(bytes).map_err(|_| ParcelError::Malformed)?;
        contents.bounded()?;
        let ids: BTreeSet<_> = contents
            .documents
            .iter()
            .map(|it| it.document.document_id)
            .collect();
        let once = ids.len() == contents.documents.len();
        let hold = contents
            .documents
            .iter()
            .all(|it| header_holds(&it.document));
        match once && hold {
            true => Ok(contents),
            false => Err(ParcelError::Malformed),
        }
    }

    fn bounded(&self) -> Result<(), ParcelError> {
        let changes: usize = self.documents.iter().map(|it| it.changes.len()).sum();
        let tips = self.documents.iter().map(|it| it.tips.len()).sum();
        let within = self.documents.len() <= PARCEL_DOCUMENTS_MAX
            && changes <= PARCEL_CHANGES_MAX
            && self.certificates.len().max(tips) <= PARCEL_CERTIFICATES_MAX;
        match within {
            true => Ok(()),
            false => Err(ParcelError::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{Toy, certificate, confirmation_of, draft, phone, toy};
    use crate::document::{ConfirmationDocument, VisitDocument};
    use crate::model::{ConfirmedSubject, Digest, RefusalId};
    use crate::proof::{CertificateKind, TipStatement, tip_statement};
    use crate::rules::testing::Random;
    use crate::sync::intake::{Grounds, judge};
    use crate::sync::wire::ChangeStatus;
    use uuid::Uuid;

    /// A visit of phone 1 with a sheet, and its signature.
    fn visit() -> (VisitDocument, ParcelDocument) {
        let mut visit = phone(1);
        let change = visit.add_sheet(5, &draft()).unwrap();
        let tip = TipStatement {
            document_id: visit.id(),
            actor: change.actor,
            seq: change.seq,
            hash: change.hash,
        };
        let signature = STANDARD.encode(toy(&[1; 4], &tip_statement(&tip)));
        let packed = ParcelDocument::of(&visit, vec![SignedTip { tip, signature }]);
        (visit, packed)
    }

    fn contents() -> ParcelContents {
        let signed = |it| Signed::sign(&it, "key".into(), |_| vec![0; 64]);
        ParcelContents {
            documents: vec![visit().1],
            certificates: vec![signed(certificate(1, CertificateKind::Device))],
        }
    }

    /// What phone 2 makes of a document that was handed to it, knowing these keys.
    fn judged(packed: &ParcelDocument, known: &[u8]) -> (VisitDocument, Vec<ChangeStatus>) {
        let empty = phone(2);
        let (candidates, unreadable) = packed.candidates();
        assert_eq!(unreadable, []);
        let intake = judge(
            empty.id(),
            empty.automerge(),
            &candidates,
            &packed.tips,
            &Grounds {
                key_of: &|actor| known.contains(&actor.0[0]).then(|| vec![actor.0[0]; 4]),
                belongs_elsewhere: &|_| false,
                objection: &|_| None,
                verifier: &Toy,
            },
        );
        assert!(intake.taken.iter().all(|it| it.received_at_ms.is_none()));
        let statuses = intake.taken.into_iter().map(|it| it.status).collect();
        (
            VisitDocument::from_automerge(intake.document).unwrap(),
            statuses,
        )
    }

    #[test]
    fn what_is_handed_over_is_judged_as_if_it_had_come_down() {
        let packed = ParcelContents::unpack(&contents().pack().unwrap()).unwrap();
        assert_eq!(packed, contents());
        let (taken, statuses) = judged(&packed.documents[0], &[1]);
        assert_eq!(statuses, [ChangeStatus::Accepted]);
        assert_eq!(taken.heads(), visit().0.heads());
        assert_eq!(
            packed.documents[0].signers(),
            BTreeSet::from([Actor([1; 16])])
        );
        // I5: whoever carries it, an author who is not certified here or did not sign is not believed.
        let (untaken, statuses) = judged(&packed.documents[0], &[3]);
        assert_eq!(untaken.heads(), phone(2).heads());
        assert!(matches!(statuses[0], ChangeStatus::Quarantined { .. }));
        let mut unsigned = packed.documents[0].clone();
        unsigned.tips[0].signature = STANDARD.encode([0; 32]);
        assert_eq!(judged(&unsigned, &[1]).0.heads(), phone(2).heads());
    }

    #[test]
    fn a_confirmation_travels_back_in_the_same_way() {
        let subject = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(1)));
        let identity = confirmation_of(subject, Digest([2; 32]));
        let document = ConfirmationDocument::create(identity, Actor([8; 16])).unwrap();
        let contents = ParcelContents {
            documents: vec![ParcelDocument::of(&document, vec![])],
            certificates: vec![],
        };
        let packed = ParcelContents::unpack(&contents.pack().unwrap()).unwrap();
        assert_eq!(packed.documents[0].document.kind, "confirmation");
    }

    #[test]
    fn a_document_that_is_not_what_its_id_says_or_that_is_there_twice_makes_no_parcel() {
        let told = |change: fn(&mut ParcelContents)| {
            let mut odd = contents();
            change(&mut odd);
            ParcelContents::unpack(&serde_json::to_vec(&odd).unwrap()).map_err(|it| it.code())
        };
        assert!(told(|_| ()).is_ok());
        let malformed = Err("parcel.malformed");
        assert_eq!(
            told(|it| it.documents[0].document.kind = "ruling".into()),
            malformed
        );
        assert_eq!(
            told(|it| it.documents[0].document.preimage.push(' ')),
            malformed
        );
        assert_eq!(
            told(|it| it.documents.push(it.documents[0].clone())),
            malformed
        );
        for odd in [
            &b"{}"[..],
            b"[]",
            b"",
            b"{\"documents\":[],\"certificates\":[],\"more\":1}",
        ] {
            assert_eq!(ParcelContents::unpack(odd), Err(ParcelError::Malformed));
        }
    }

    #[test]
    fn a_parcel_holds_as_much_as_the_limits_and_no_more() {
        let told = |change: &dyn Fn(&mut ParcelContents)| {
            let mut many = contents();
            change(&mut many);
            (many.pack().err(), many.bounded().err())
        };
        let too_large = (Some(ParcelError::TooLarge), Some(ParcelError::TooLarge));
        let documents = |count: usize| {
            move |it: &mut ParcelContents| it.documents = vec![it.documents[0].clone(); count]
        };
        assert_eq!(told(&documents(PARCEL_DOCUMENTS_MAX)), (None, None));
        assert_eq!(told(&documents(PARCEL_DOCUMENTS_MAX + 1)), too_large);
        let certificates = |count: usize| {
            move |it: &mut ParcelContents| it.certificates = vec![it.certificates[0].clone(); count]
        };
        assert_eq!(told(&certificates(PARCEL_CERTIFICATES_MAX)), (None, None));
        assert_eq!(told(&certificates(PARCEL_CERTIFICATES_MAX + 1)), too_large);
        let changes = |count: usize| {
            move |it: &mut ParcelContents| {
                let mut change = it.documents[0].changes[0].clone();
                change.bytes.clear();
                it.documents[0].changes = vec![change; count];
            }
        };
        assert_eq!(told(&changes(PARCEL_CHANGES_MAX)), (None, None));
        assert_eq!(told(&changes(PARCEL_CHANGES_MAX + 1)), too_large);
        let long = |it: &mut ParcelContents| {
            it.documents[0].changes[0].bytes = "A".repeat(PARCEL_BYTES_MAX);
        };
        assert_eq!(told(&long), (Some(ParcelError::TooLarge), None));
        let bytes = vec![b' '; PARCEL_BYTES_MAX + 1];
        assert_eq!(ParcelContents::unpack(&bytes), Err(ParcelError::TooLarge));
    }

    #[test]
    fn hostile_contents_are_read_or_refused_and_change_nothing() {
        let bytes = contents().pack().unwrap();
        let mut random = Random(12);
        for round in 0..400 {
            let mut odd = bytes.clone();
            for _ in 0..=random.below(3) {
                let place = random.below(odd.len() as u64) as usize;
                odd[place] = random.below(256) as u8;
            }
            let Ok(read) = ParcelContents::unpack(&odd) else {
                continue;
            };
            let (candidates, _) = read.documents[0].candidates();
            let empty = phone(2);
            let intake = judge(
                empty.id(),
                empty.automerge(),
                &candidates,
                &read.documents[0].tips,
                &Grounds {
                    key_of: &|actor| (actor.0[0] == 1).then(|| vec![1; 4]),
                    belongs_elsewhere: &|_| false,
                    objection: &|_| None,
                    verifier: &Toy,
                },
            );
            let heads = VisitDocument::from_automerge(intake.document)
                .unwrap()
                .heads();
            assert!(
                heads == empty.heads() || heads == visit().0.heads(),
                "{round}"
            );
        }
    }
}
