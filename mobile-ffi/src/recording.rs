//! Writing documents: one call is one change, committed, signed and stored with its outbox row at once. What a form may
//! hold and under which keys is the document's own business in `sync-core`.

use automerge::{ActorId, Automerge, ChangeHash as Head};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::document::skeleton::skeleton;
use sync_core::guard::wire_bytes;
use sync_core::model::{
    ChangeHash, DocumentId, EnterpriseKey, TeamKey, TimeClaim, Uscc, VisitIdentity,
};
use sync_core::proof::{TipStatement, tip_statement};
use sync_core::sync::wire::{DocumentHeader, SignedTip};
use uuid::{Builder, Uuid};

use crate::client::{Client, Done, Inner};
use crate::error::ClientError;
use crate::store::{Columns, DocumentState, OwnChange, Write};
use crate::taking::Schema;
use crate::types::{Enrolled, EnterpriseChoice, VisitStart};

impl Client {
    /// A UUIDv7 by this phone's clock and randomness.
    pub(crate) fn new_uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.host.rng.fill(&mut random);
        let millis = self.wall_ms().max(0).unsigned_abs();
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Opens (or finds) the visit's document; its identity is derived, so a teammate's phone makes the same one. An
    /// enterprise without a valid code that nobody listed gets a key of this phone's own.
    pub fn start_visit(&self, start: VisitStart) -> Done<DocumentId> {
        let person = self.person()?;
        let identity = VisitIdentity {
            campaign: start.campaign_id,
            body: person.organisation_id,
            enterprise: self.enterprise_key(&start.enterprise, &person)?,
            team: start
                .team_id
                .map_or(TeamKey::Solo(person.user_id), TeamKey::Team),
        };
        let header = header_of(&identity);
        let known = self.lock().store.find_document(header.document_id)?;
        if known.is_none() {
            self.edit(&VisitSchema, &header, |_| Ok(()), |_| Ok(()))?;
        }
        Ok(header.document_id)
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
        let inner = self.lock();
        let setting = |key: &str| inner.store.setting(key);
        let number =
            |key: &str| -> Done<Option<i64>> { Ok(setting(key)?.and_then(|t| t.parse().ok())) };
        let same_boot = setting("time_token_boot")?.as_deref() == Some(&self.host.clock.boot_id());
        let arrived = number("time_token_monotonic")?.filter(|_| same_boot);
        Ok(TimeClaim {
            wall_ms: self.host.clock.wall_ms(),
            token_at_ms: number("time_token_at")?,
            token: setting("time_token")?,
            token_rtt_ms: number("time_token_rtt")?.unwrap_or(0),
            elapsed_ms: arrived.map(|arrived| self.host.clock.monotonic_ms() - arrived),
        })
    }

    /// One edit of one document: `steps` changes it, `beside` stores what belongs to the same transaction. When it
    /// returns, the change, its signature, the snapshot, the list's columns and the outbox row are durable together.
    pub(crate) fn edit<T>(
        &self,
        schema: &dyn Schema,
        header: &DocumentHeader,
        steps: impl FnOnce(&mut Automerge) -> Done<T>,
        beside: impl FnOnce(&Write<'_>) -> Done<()>,
    ) -> Done<T> {
        let updated_at_ms = self.wall_ms();
        let mut inner = self.lock();
        let mut document = open(&inner, schema, header)?;
        document.set_actor(ActorId::from(inner.install.actor.0));
        let before: Vec<Head> = document.get_heads();
        let done = steps(&mut document)?;
        let changes: Vec<OwnChange> = document
            .get_changes(&before)
            .iter()
            .map(|change| {
                let tip = TipStatement {
                    document_id: header.document_id,
                    actor: inner.install.actor,
                    seq: change.seq(),
                    hash: ChangeHash(change.hash().0),
                };
                let signature = STANDARD.encode(inner.key.sign(&tip_statement(&tip)));
                OwnChange {
                    hash: tip.hash,
                    actor: tip.actor,
                    seq: tip.seq,
                    bytes: wire_bytes(change),
                    tip: SignedTip { tip, signature },
                }
            })
            .collect();
        let state = DocumentState {
            header: header.clone(),
            columns: schema.columns(header, &document),
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

/// Visits, as `sync-core` starts and reads them.
pub(crate) struct VisitSchema;

impl Schema for VisitSchema {
    fn start(&self, header: &DocumentHeader) -> Option<Automerge> {
        skeleton(&VisitIdentity::from_preimage(&header.preimage).ok()?).ok()
    }

    fn columns(&self, header: &DocumentHeader, _document: &Automerge) -> Columns {
        let identity = VisitIdentity::from_preimage(&header.preimage).ok();
        identity.map_or_else(Columns::default, |identity| Columns {
            campaign_id: identity.campaign.to_string(),
            enterprise_key: identity.enterprise.to_string(),
            ..Columns::default()
        })
    }
}

/// The header of a visit's document.
pub(crate) fn header_of(identity: &VisitIdentity) -> DocumentHeader {
    DocumentHeader {
        document_id: identity.document_id(),
        kind: "visit".to_owned(),
        preimage: identity.preimage(),
    }
}

fn open(inner: &Inner, schema: &dyn Schema, header: &DocumentHeader) -> Done<Automerge> {
    match inner.store.find_document(header.document_id)? {
        Some(row) => Automerge::load(&row.snapshot).map_err(|error| {
            ClientError::new("store.failed", "A stored document cannot be read").with(error)
        }),
        None => schema
            .start(header)
            .ok_or_else(|| ClientError::new("visit.identity", "A visit cannot have this identity")),
    }
}
