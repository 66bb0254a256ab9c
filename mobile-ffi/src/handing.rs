//! Parcels (密封包): a case handed to another phone as a file, and a file that came taken in. What is inside is judged as what
//! comes over the network is; media follow by their hashes, when there is one.

use std::collections::BTreeSet;

use automerge::Automerge;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use sync_core::document::{DocumentIdentity, Identity as _, VisitDocument, may_be_handed_to};
use sync_core::limits::{CODE_ANSWERED_MS, PARCEL_DOCUMENTS_MAX};
use sync_core::model::{ConfirmationIdentity, DeviceId, DocumentId, ParcelId, SealSubject};
use sync_core::proof::co_signature::{Answer, Nonce, Question, Statement as _};
use sync_core::proof::parcel::{ParcelError, Recipient, Sending, header_of, seal};
use sync_core::proof::{CertificatePayload, Signed, agreement_statement};
use sync_core::sync::advice::Known;
use sync_core::sync::cases::region_of;
use sync_core::sync::doctor::{self, ItemState};
use sync_core::sync::parcel::ParcelContents;
use sync_core::sync::wire::DocumentHeader;

use crate::api::Api;
use crate::client::{Client, Done, not_enrolled};
use crate::error::ClientError;
use crate::host::{made_with, signed_with};
use crate::keys::RustVerifier;
use crate::kinds::{Held, Kinds, confirmations_in, visit_in};
use crate::store::Store;
use crate::taking::{self, Handed};
use crate::types::{ParcelMade, ParcelOpened, SetAside};

fn refused(error: ParcelError) -> ClientError {
    ClientError::new(error.code(), "This parcel is not made or not opened").with(error)
}

#[derive(Deserialize)]
struct CertifiedDevice {
    certificate: Signed<CertificatePayload>,
}

impl Client {
    /// A parcel for the phone that shows this code, a question or an answer: the visit as it stands here, what enforcement has
    /// sealed of it, the newest first as far as one parcel goes, and the certificates of everybody in them. Only for enforcement that governs the region, and for the
    /// people of the visit's own body. The bytes are a file for the share sheet; nobody on the way reads it.
    pub fn make_parcel(&self, code: &str, visit: DocumentId) -> Done<ParcelMade> {
        let (recipient, answers) = self.recipient(code)?;
        self.unless_stranger(visit, &recipient)?;
        let sender = self.own_certificate()?;
        let parcel_id = ParcelId(self.new_uuid());
        let mut seed = [0; 32];
        self.host.rng.fill(&mut seed);
        let inner = self.lock();
        let (contents, left_out) = contents_of(&inner.store, visit)?;
        let sending = Sending {
            parcel_id,
            answers,
            recipient: &recipient,
            sender: &sender,
            contents: &contents.pack().map_err(refused)?,
        };
        let bytes = made_with(inner.key.as_ref(), |sign| {
            seal(&sending, &seed, sign).map_err(refused)
        })?;
        Ok(ParcelMade {
            parcel_id,
            file_name: format!("{parcel_id}.fieldseal"),
            recipient: recipient.user_name,
            left_out,
            bytes,
        })
    }

    /// Whose code it is, and by which nonce they are answered.
    fn recipient(&self, code: &str) -> Done<(CertificatePayload, Nonce)> {
        if code.trim().starts_with(Answer::PREFIX) {
            let heard = self.hear::<Answer>(code)?;
            return Ok((heard.certificate, heard.says.nonce));
        }
        let heard = self.hear::<Question>(code)?;
        Ok((heard.certificate, heard.says.nonce))
    }

    /// Opens a parcel and takes in what is inside, all of it in one transaction with the note that it was opened: a kill
    /// leaves it unopened or opened. A second time it is `parcel.replayed`.
    pub fn open_parcel(&self, bytes: &[u8]) -> Done<ParcelOpened> {
        let (device_id, _) = self.device()?;
        let earliest_now_ms = self.time_claim()?.not_before();
        let wall_ms = self.wall_ms();
        let mut inner = self.lock();
        let keys = inner.install.agreement_keys();
        let store = &inner.store;
        let believed = taking::believed_keys(store)?;
        let shown = store.list_nonces(wall_ms - CODE_ANSWERED_MS)?;
        let header = header_of(bytes).map_err(refused)?;
        let before = store.has_opened(&header.parcel_id)?;
        let recipient = Recipient {
            device_id,
            keys: &keys,
            believed: &believed,
            verifier: &RustVerifier,
            asked: &|nonce| shown.contains(nonce),
            seen: &|_| before,
            earliest_now_ms,
        };
        let opened = recipient.open(bytes).map_err(refused)?;
        if store.revoked_at(opened.sender.device_id)?.is_some() {
            return Err(refused(ParcelError::Sender));
        }
        let mut contents = ParcelContents::unpack(&opened.contents).map_err(refused)?;
        contents.certificates.push(opened.certificate);
        let sender = opened.sender.device_id;
        let mut told = ParcelOpened {
            parcel_id: opened.parcel_id,
            sender_device: sender,
            sender_name: opened.sender.user_name,
            visits: Vec::new(),
            confirmations: Vec::new(),
            changes: 0,
            aside: Vec::new(),
        };
        let own = inner.store.find_certificate(&inner.install.actor)?;
        let own = own.ok_or_else(not_enrolled)?;
        let handed = Handed {
            documents: &contents.documents,
            certificates: &contents.certificates,
            wall_ms,
            earliest_now_ms,
            is_for_us: &|store, header, document| {
                self.known_in(store, |known| {
                    is_for(store, known, (header, document), &own)
                })
            },
        };
        let taken = taking::take_parcel(&mut inner.store, &Kinds, &handed, |write| {
            write.put_opened(&opened.parcel_id, sender, &opened.answers, wall_ms)
        })?;
        for document in taken {
            let id = document.header.document_id;
            if !document.is_for_us {
                told.aside.push(left_out(id, "parcel.recipient_role"));
                continue;
            }
            match (document.kept, document.header.kind.as_str()) {
                (false, _) => {}
                (true, ConfirmationIdentity::KIND) => told.confirmations.push(id),
                (true, _) => told.visits.push(id),
            }
            told.changes += u32::try_from(document.stand).unwrap_or(u32::MAX);
            let malformed = (0..document.malformed).map(|_| left_out(id, "item.malformed"));
            told.aside.extend(malformed);
            for (hash, status) in document.aside {
                let words = ItemState::from(&status).words();
                told.aside.push(SetAside {
                    document_id: id,
                    hash: Some(hash),
                    code: status.code().unwrap_or("change.held").to_owned(),
                    zh: words.zh,
                    en: words.en,
                });
            }
        }
        Ok(told)
    }

    /// Draws another key for parcels; the server certifies it with the next sync, and what was sealed to an earlier one is
    /// opened all the same.
    pub fn renew_parcel_key(&self) -> Done<()> {
        let mut inner = self.lock();
        let install = inner.install.clone();
        inner.install = inner.file.draw_agreement(self.host.rng.as_ref(), install)?;
        Ok(())
    }

    /// Has the key for parcels certified where the certificate has another one, or none. That it cannot be done now is no
    /// failure of the sync.
    pub(crate) fn note_agreement_key(&self, api: &Api) {
        if let Err(error) = self.try_note_agreement_key(api) {
            tracing::info!(%error, "the key for parcels is not certified for now");
        }
    }

    fn try_note_agreement_key(&self, api: &Api) -> Done<()> {
        let (device, _) = self.device()?;
        let (present, certified, key) = {
            let inner = self.lock();
            let present = inner.install.agreement_keys().into_iter().next();
            let own = inner.store.find_certificate(&inner.install.actor)?;
            (present, own, inner.key.clone())
        };
        let (Some(present), Some(certified)) = (present, certified) else {
            return Ok(());
        };
        let public = STANDARD.encode(present.public());
        if certified.agreement_key.as_ref() == Some(&public) {
            return Ok(());
        }
        let challenge = Self::challenge(api)?;
        let statement = agreement_statement(&challenge, device, present.public());
        let body = json!({
            "agreement_key": public,
            "challenge": challenge,
            "signature": STANDARD.encode(signed_with(key.as_ref(), &statement)?),
        });
        let path = format!("/v1/devices/{device}/agreement-key");
        let answer = self.call("PUT", &path, Some(&body))?;
        let answer: CertifiedDevice = serde_json::from_value(answer)
            .map_err(|e| ClientError::new("network.unreadable", "No certificate came").with(e))?;
        let mut inner = self.lock();
        let payload = taking::open_signed(&inner.store, &answer.certificate)?;
        let own = (payload.device_id, payload.actor) == (device, certified.actor);
        let key = STANDARD.decode(&payload.public_key).unwrap_or_default();
        if !own || payload.agreement_key != Some(public) {
            let message = "The certificate is for another key";
            return Err(ClientError::new("certificate.mismatch", message));
        }
        inner
            .store
            .write(|write| write.put_certificate(&payload, &key, &answer.certificate))
    }
}

/// Whether a document may be read on the phone of who holds this certificate: whoever sent it, nothing of a case lies where
/// nobody may see it. What is held already stays held.
fn is_for(
    store: &Store,
    known: &Known<'_>,
    (header, document): (&DocumentHeader, &Automerge),
    own: &CertificatePayload,
) -> Done<bool> {
    if store.find_document(header.document_id)?.is_some() {
        return Ok(true);
    }
    let identity = DocumentIdentity::read(&header.kind, &header.preimage);
    Ok(match identity {
        Some(DocumentIdentity::Visit(identity)) => {
            let visit = VisitDocument::from_automerge(document.clone())?;
            let region = region_of(&visit, known);
            may_be_handed_to(&identity, region.as_ref(), own)
        }
        Some(DocumentIdentity::Confirmation(it)) => {
            may_be_handed_to(&it.visit, Some(&it.region), own)
        }
        None => false,
    })
}

/// What is not kept at all.
fn left_out(document_id: DocumentId, code: &str) -> SetAside {
    let words = doctor::reason(code);
    SetAside {
        document_id,
        hash: None,
        code: code.to_owned(),
        zh: words.zh,
        en: words.en,
    }
}

/// A visit, what enforcement has sealed of it, and whose words are in them; and the confirmations for which there is no room.
fn contents_of(store: &Store, visit: DocumentId) -> Done<(ParcelContents, Vec<DocumentId>)> {
    let mut held = vec![(visit, Held::Visit(visit_in(store, visit)?))];
    for confirmation in confirmations_in(store)? {
        let identity = confirmation.identity();
        let subject = SealSubject::Confirmation(identity.confirmation);
        if identity.visit.document_id() == visit && confirmation.bears_seal(&subject) {
            held.push((confirmation.id(), Held::Confirmation(confirmation)));
        }
    }
    let beyond = held.split_off(held.len().min(PARCEL_DOCUMENTS_MAX));
    let left_out = beyond.into_iter().map(|(id, _)| id).collect();
    let (mut documents, mut devices) = (Vec::new(), BTreeSet::<DeviceId>::new());
    for (id, document) in held {
        for actor in document.actors() {
            let certificate = store.find_certificate(&actor)?;
            devices.extend(certificate.map(|it| it.device_id));
        }
        documents.push(document.packed(store.list_tips(id)?));
    }
    let certificates = store.list_certificates_of(&devices)?;
    let contents = ParcelContents {
        documents,
        certificates,
    };
    Ok((contents, left_out))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sync_core::document::{BoundDocument, ConfirmationDocument, SealRecord};
    use sync_core::model::{
        Actor, CampaignId, Confirmation, ConfirmationId, ConfirmedSubject, Digest, EnterpriseKey,
        OrganisationId, RefusalId, SealId, TeamId, TeamKey, TimeClaim, VisitIdentity,
    };
    use uuid::Uuid;

    use super::*;
    use crate::fault::Faults;
    use crate::kinds::{Listed, header_of};
    use crate::store::DocumentState;

    fn put<I: Listed>(store: &mut Store, document: &BoundDocument<I>, updated_at_ms: i64) {
        let state = DocumentState {
            header: header_of(document.identity()),
            snapshot: document.save(),
            columns: I::columns(document),
            updated_at_ms,
        };
        store.write(|write| write.put_document(&state)).unwrap();
    }

    fn confirmed(visit: &VisitIdentity, number: u128) -> ConfirmationDocument {
        let identity = ConfirmationIdentity {
            confirmation: ConfirmationId(
                format!("01890000-0000-7000-8000-{number:012x}")
                    .parse()
                    .unwrap(),
            ),
            visit: visit.clone(),
            region: "140525".parse().unwrap(),
            subject: ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(1))),
            seal: Digest([7; 32]),
        };
        let form: Confirmation = serde_json::from_value(json!({
            "confirmation_id": identity.confirmation, "outcome": "confirmed", "confirmed_at": { "wall_ms": 1 },
        }))
        .unwrap();
        let mut document = ConfirmationDocument::create(identity, Actor([8; 16])).unwrap();
        document.record_confirmation(1, &form).unwrap();
        let subject = SealSubject::Confirmation(form.confirmation_id);
        let seal = SealRecord {
            seal_id: SealId(Uuid::from_u128(number)),
            statement: document.statement_of(subject, None).unwrap(),
            signatures: BTreeMap::new(),
            party_signature: None,
            device_signature: String::new(),
            sealed_at: TimeClaim::default(),
        };
        document.seal(1, &seal).unwrap();
        document
    }

    #[test]
    fn a_parcel_has_as_many_documents_as_allowed_and_names_those_that_it_leaves_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("phone.db"), 0, Faults::default()).unwrap();
        let identity = VisitIdentity {
            campaign: CampaignId(Uuid::from_u128(1)),
            body: OrganisationId(Uuid::from_u128(2)),
            enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
            team: TeamKey::Team(TeamId(Uuid::from_u128(3))),
        };
        let mut visit = VisitDocument::create(identity.clone(), Actor([1; 16])).unwrap();
        visit.splice_notes(1, 0, 0, "拒检").unwrap();
        put(&mut store, &visit, 0);
        let mut made = Vec::new();
        for number in 1..PARCEL_DOCUMENTS_MAX {
            let confirmation = confirmed(&identity, number as u128);
            made.push(confirmation.id());
            put(&mut store, &confirmation, made.len() as i64);
        }
        let of = |store: &Store| {
            let (contents, left_out) = contents_of(store, visit.id()).unwrap();
            assert_eq!(contents.documents[0].document.document_id, visit.id());
            (contents.documents.len(), left_out)
        };
        assert_eq!(of(&store), (PARCEL_DOCUMENTS_MAX, vec![]));
        let newest = confirmed(&identity, 1_000);
        put(&mut store, &newest, 1_000);
        assert_eq!(of(&store), (PARCEL_DOCUMENTS_MAX, vec![made[0]]));
    }
}
