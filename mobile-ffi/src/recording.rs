//! Writing documents: one call is one change, committed, signed and stored with its outbox row at once. What a form may
//! hold and under which keys is the document's own business in `sync-core`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::document::{
    BoundDocument, ConfirmationDocument, DocumentError, Identity, VisitDocument, objection_to,
};
use sync_core::limits::{CHANGE_BYTES_MAX, PAGE_COMPRESSED_BYTES_MAX};
use sync_core::model::{
    ConfirmationIdentity, DocumentId, EnterpriseAlias, EnterpriseKey, EnterpriseRecord,
    EnterpriseRecordId, Millis, Party, TeamKey, TimeClaim, Uscc, VisitIdentity,
};
use sync_core::proof::{TipStatement, tip_statement};
use sync_core::sync::wire::{DocumentHeader, PushedChange, SignedTip, SyncRequest};
use uuid::{Builder, Uuid};

use crate::api::packed;
use crate::client::{Client, Done, Inner, not_enrolled};
use crate::error::ClientError;
use crate::host::signed_with;
use crate::kinds::{Listed, header_of, unknown_confirmation, unknown_visit};
use crate::store::{DocumentState, OwnChange, Store, Write};
use crate::types::{Enrolled, EnterpriseChoice, VisitStart};

impl Client {
    /// A UUIDv7 by this phone's clock and randomness.
    pub(crate) fn new_uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.host.rng.fill(&mut random);
        let millis = self.wall_ms().max(0).unsigned_abs();
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Opens (or finds) the visit's document; its identity is derived, so a teammate's phone makes the same one. At an
    /// enterprise whose key was corrected or merged the visit goes on that this phone holds under another of its keys. An
    /// enterprise without a valid code that nobody listed gets a key of this phone's own.
    pub fn start_visit(&self, start: VisitStart) -> Done<DocumentId> {
        let wanted = self.identity_of(&start)?;
        let held = self.lock().store.list_preimages()?;
        let held = held
            .iter()
            .filter_map(|preimage| VisitIdentity::from_preimage(preimage).ok());
        let identity = EnterpriseAlias::visit_of(&self.aliases()?, held, wanted);
        let header = header_of(&identity);
        let known = self.lock().store.find_document(header.document_id)?;
        let site = start.site.clone();
        let record = match known {
            Some(_) => None,
            None => Some(EnterpriseRecord {
                record_id: EnterpriseRecordId(self.new_uuid()),
                party: self.party(&start.enterprise)?,
                reason: String::new(),
                recorded_at: self.time_claim()?,
            }),
        };
        self.edit(
            &header,
            |document: &mut VisitDocument, now, _| {
                // What was found at the gate is the first record; a teammate's phone adds its own.
                if let Some(record) = &record {
                    document.set_enterprise(now, record)?;
                }
                Ok(())
            },
            |write| match &site {
                Some(site) => write.put_setting(&format!("site/{}", header.document_id), site),
                None => Ok(()),
            },
        )?;
        Ok(header.document_id)
    }

    /// Whose visit it would be, and where.
    pub(crate) fn identity_of(&self, start: &VisitStart) -> Done<VisitIdentity> {
        let person = self.person()?;
        Ok(VisitIdentity {
            campaign: start.campaign_id,
            body: person.organisation_id,
            enterprise: self.enterprise_key(&start.enterprise, &person)?,
            team: start
                .team_id
                .map_or(TeamKey::Solo(person.user_id), TeamKey::Team),
        })
    }

    /// Which keys of enterprises stand for others, as far as this phone was told.
    fn aliases(&self) -> Done<Vec<EnterpriseAlias>> {
        let told = self.references("enterprise_alias")?.into_iter();
        Ok(told
            .filter_map(|alias| serde_json::from_value(alias.record).ok())
            .collect())
    }

    /// 受检单位 as this phone knows it at the start.
    fn party(&self, choice: &EnterpriseChoice) -> Done<Party> {
        Ok(match choice {
            EnterpriseChoice::Listed { enterprise_id } => {
                let id = enterprise_id.to_string();
                let listed = self.references("enterprise")?;
                let listed = listed.into_iter().find(|known| known.id == id);
                let mut record = listed.map(|known| known.record).unwrap_or_default();
                // What nobody has listed is empty, not a record that cannot be read.
                if let Some(fields) = record.as_object_mut() {
                    fields.retain(|_, value| !value.is_null());
                }
                serde_json::from_value(record).unwrap_or_default()
            }
            EnterpriseChoice::Unlisted {
                name,
                uscc,
                no_uscc_reason,
                address,
                region,
            } => Party {
                name: name.clone(),
                uscc: uscc.clone(),
                no_uscc_reason: no_uscc_reason.clone(),
                address: address.clone(),
                region: region.clone(),
                ..Party::default()
            },
        })
    }

    fn enterprise_key(&self, choice: &EnterpriseChoice, person: &Enrolled) -> Done<EnterpriseKey> {
        match choice {
            EnterpriseChoice::Listed { enterprise_id } => {
                let listed = self.references("enterprise")?;
                let id = enterprise_id.to_string();
                let listed = listed.into_iter().find(|known| known.id == id);
                let listed = listed.ok_or_else(|| {
                    ClientError::new("enterprise.unknown", "This phone has no such enterprise")
                })?;
                let uscc = listed
                    .record
                    .get("uscc")
                    .and_then(serde_json::Value::as_str);
                let uscc = uscc.and_then(|text| text.parse::<Uscc>().ok());
                Ok(uscc.map_or_else(
                    || EnterpriseKey::from_server(*enterprise_id),
                    |uscc| EnterpriseKey::from_uscc(&uscc),
                ))
            }
            EnterpriseChoice::Unlisted {
                uscc: Some(text), ..
            } => {
                let uscc = text.trim().parse::<Uscc>().map_err(|error| {
                    ClientError::new("uscc.invalid", "This is no valid 统一社会信用代码")
                        .with(error)
                })?;
                Ok(EnterpriseKey::from_uscc(&uscc))
            }
            EnterpriseChoice::Unlisted { uscc: None, .. } => {
                let device = person.device_id.parse().map_err(|error| {
                    ClientError::new("store.failed", "The device has no id").with(error)
                })?;
                Ok(EnterpriseKey::from_device(device, self.new_uuid()))
            }
        }
    }

    /// What the clocks say now: the wall, and how long ago on the monotonic clock the last server time came, if that was
    /// in this boot.
    pub fn time_claim(&self) -> Done<TimeClaim> {
        self.time_claim_in(&self.lock().store)
    }

    /// The same for whoever has the store already.
    pub(crate) fn time_claim_in(&self, store: &Store) -> Done<TimeClaim> {
        let setting = |key: &str| store.setting(key);
        let number =
            |key: &str| -> Done<Option<i64>> { Ok(setting(key)?.and_then(|t| t.parse().ok())) };
        let now = self.host.clock.reading();
        let boot = setting("time_token_boot")?.unwrap_or_default();
        let arrived = number("time_token_monotonic")?;
        Ok(TimeClaim {
            wall_ms: now.wall_ms,
            token_at_ms: number("time_token_at")?,
            token: setting("time_token")?,
            token_rtt_ms: number("time_token_rtt")?.unwrap_or(0),
            elapsed_ms: arrived.and_then(|arrived| now.since(arrived, &boot)),
        })
    }

    /// One edit of a stored visit; see `edit`.
    pub(crate) fn edit_visit(
        &self,
        visit: DocumentId,
        steps: impl FnOnce(&mut VisitDocument, Millis) -> Result<(), DocumentError>,
    ) -> Done<()> {
        let steps = |document: &mut VisitDocument, now, _: &Store| Ok(steps(document, now)?);
        self.edit_visit_with(visit, steps, |_| Ok(()))
    }

    /// One edit of a stored visit, beside what the store holds, with what belongs to the same transaction.
    pub(crate) fn edit_visit_with<T>(
        &self,
        visit: DocumentId,
        steps: impl FnOnce(&mut VisitDocument, Millis, &Store) -> Done<T>,
        beside: impl FnMut(&Write<'_>) -> Done<()>,
    ) -> Done<T> {
        let row = self.lock().store.find_document(visit)?;
        let row = row.filter(|row| row.header.kind == VisitIdentity::KIND);
        let header = row.ok_or_else(|| unknown_visit(visit))?.header;
        self.unless_read_only(&header)?;
        self.edit(&header, steps, beside)
    }

    /// One edit of a stored confirmation, beside what the store holds, with what belongs to the same transaction.
    pub(crate) fn edit_confirmation_with<T>(
        &self,
        confirmation: DocumentId,
        steps: impl FnOnce(&mut ConfirmationDocument, Millis, &Store) -> Done<T>,
        beside: impl FnMut(&Write<'_>) -> Done<()>,
    ) -> Done<T> {
        let row = self.lock().store.find_document(confirmation)?;
        let row = row.filter(|row| row.header.kind == ConfirmationIdentity::KIND);
        let header = row
            .ok_or_else(|| unknown_confirmation(confirmation))?
            .header;
        let identity = ConfirmationIdentity::from_preimage(&header.preimage);
        let identity = identity.map_err(|_| unknown_confirmation(confirmation))?;
        self.unless_barred(&identity)?;
        self.edit(&header, steps, beside)
    }

    /// Only enforcement of the right jurisdiction writes in a confirmation: the server would set anything else aside.
    pub(crate) fn unless_barred(&self, identity: &ConfirmationIdentity) -> Done<()> {
        let certificate = {
            let inner = self.lock();
            inner.store.find_certificate(&inner.install.actor)?
        };
        let certificate = certificate.ok_or_else(not_enrolled)?;
        match objection_to(identity, &certificate) {
            Some(code) if !self.faults().is_unruly() => {
                let message =
                    "Only enforcement of the right jurisdiction confirms, and nobody of the body";
                Err(ClientError::new(code, message))
            }
            _ => Ok(()),
        }
    }

    /// What another body's people recorded is read here and never written: the server would set it aside.
    fn unless_read_only(&self, header: &DocumentHeader) -> Done<()> {
        let body = VisitIdentity::from_preimage(&header.preimage).map(|it| it.body);
        let ours =
            body.is_ok_and(|body| body == self.person().map_or(body, |it| it.organisation_id));
        if ours || self.faults().is_unruly() {
            return Ok(());
        }
        let message =
            "This visit is another body's: it is read here, and confirmed in a document of its own";
        Err(ClientError::new("visit.read_only", message))
    }

    /// One edit of one document: `steps` changes it, `beside` stores what belongs to the same transaction. When it
    /// returns, the change, its signature, the snapshot, the list's columns and the outbox row are durable together.
    pub(crate) fn edit<I: Listed, T>(
        &self,
        header: &DocumentHeader,
        steps: impl FnOnce(&mut BoundDocument<I>, Millis, &Store) -> Done<T>,
        mut beside: impl FnMut(&Write<'_>) -> Done<()>,
    ) -> Done<T> {
        let updated_at_ms = self.wall_ms();
        let mut inner = self.lock();
        let actor = inner.install.actor;
        let mut document = open::<I>(&inner, header)?.with_actor(actor);
        let before = document.heads();
        let done = steps(&mut document, updated_at_ms, &inner.store)?;
        let changes = document.changes_since(&before).into_iter();
        let changes = changes
            .map(|change| -> Done<OwnChange> {
                let tip = TipStatement {
                    document_id: header.document_id,
                    actor,
                    seq: change.seq,
                    hash: change.hash,
                };
                let signature = signed_with(inner.key.as_ref(), &tip_statement(&tip))?;
                let signature = STANDARD.encode(signature);
                Ok(OwnChange {
                    hash: change.hash,
                    actor,
                    seq: change.seq,
                    bytes: change.bytes,
                    tip: SignedTip { tip, signature },
                })
            })
            .collect::<Done<Vec<_>>>()?;
        for change in &changes {
            if !travels(header, change) {
                let message = "This is too much for one entry: divide it, or attach it as evidence";
                return Err(ClientError::new("change.too_large", message));
            }
        }
        let state = DocumentState {
            header: header.clone(),
            columns: I::columns(&document),
            snapshot: document.save(),
            updated_at_ms,
        };
        inner.store.write(|write| {
            write.put_document(&state)?;
            for change in &changes {
                write.insert_own_change(header.document_id, change)?;
            }
            beside(write)
        })?;
        Ok(done)
    }
}

/// Whether a change fits a page by itself: what cannot be sent is not recorded, while its author can still divide it.
fn travels(header: &DocumentHeader, change: &OwnChange) -> bool {
    if change.bytes.len() <= PAGE_COMPRESSED_BYTES_MAX / 2 {
        return true;
    }
    let page = SyncRequest {
        changes: vec![PushedChange {
            document_id: header.document_id,
            hash: change.hash,
            bytes: STANDARD.encode(&change.bytes),
        }],
        tips: vec![change.tip.clone()],
        documents: vec![header.clone()],
        ..SyncRequest::default()
    };
    change.bytes.len() <= CHANGE_BYTES_MAX && packed(&page).is_some()
}

fn open<I: Identity>(inner: &Inner, header: &DocumentHeader) -> Done<BoundDocument<I>> {
    let row = inner.store.find_document(header.document_id)?;
    Ok(match row {
        Some(row) => BoundDocument::load(&row.snapshot)?,
        None => {
            let identity = I::from_preimage(&header.preimage).map_err(|error| {
                ClientError::new("visit.identity", "A document cannot have this identity")
                    .with(error)
            })?;
            BoundDocument::new(identity)?
        }
    })
}
