//! What this phone has stored, handed to `sync-core`: it is read and ruled as the server would.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::document::project_confirmation;
use sync_core::model::{CASE_PROGRESS, Digest, DocumentId, TRACKED_ENTERPRISE};
use sync_core::sync::advice::{self, Known, Preview, ReferenceRecord};

use crate::client::{Client, Done};
use crate::kinds::{bearing_in, confirmations_in, visit_in};
use crate::store::Store;
use crate::taking;

const REFERENCE_KINDS: [&str; 13] = [
    "campaign",
    "task",
    "organisation",
    "team",
    "enterprise",
    "enterprise_alias",
    "recusal",
    "product_rule",
    "re_entry_grant",
    "sampling_notice",
    "lease",
    CASE_PROGRESS,
    TRACKED_ENTERPRISE,
];

impl Client {
    /// What the rules say of a visit before the sample is cut: findings from what this phone holds, advice from the
    /// duplicate index as of its instant.
    pub fn preview(&self, visit: DocumentId) -> Done<Preview> {
        let rulebooks = self.rulebooks()?;
        self.with_known(|known, store| {
            visit_in(store, visit)?;
            let bearing = bearing_in(store, known, visit, Vec::new())?;
            Ok(advice::preview(visit, &bearing, known, &rulebooks))
        })
    }

    /// Everything that this phone has stored around its documents, for as long as `read` takes.
    pub(crate) fn with_known<R>(
        &self,
        read: impl FnOnce(&Known<'_>, &Store) -> Done<R>,
    ) -> Done<R> {
        let inner = self.lock();
        self.known_in(&inner.store, |known| read(known, &inner.store))
    }

    /// What a store holds around its documents, for as long as `read` takes; for whoever has the store already.
    pub(crate) fn known_in<R>(
        &self,
        store: &Store,
        read: impl FnOnce(&Known<'_>) -> Done<R>,
    ) -> Done<R> {
        let index_as_of_ms = store.setting("index_as_of")?;
        let mut references = Vec::new();
        for kind in REFERENCE_KINDS {
            let of_kind = store.list_references(kind)?.into_iter();
            references.extend(of_kind.map(|it| ReferenceRecord {
                kind: it.kind,
                id: it.id,
                record: it.record,
            }));
        }
        let mut certificates = store.list_certificates()?;
        certificates.extend(store.list_signers()?.into_iter().map(|it| it.payload));
        let index = |hash: &Digest| {
            store.list_index_rows(hash).unwrap_or_else(|error| {
                tracing::warn!(%error, "the duplicate index cannot be read");
                Vec::new()
            })
        };
        let mut known = Known {
            verifier: &self.verified,
            server_keys: taking::believed_keys(store)?,
            certificates,
            received: store.list_received_changes()?,
            references,
            now: self.time_claim_in(store)?,
            rulings: store.list_all_rulings()?,
            index_key: store
                .setting("index_key")?
                .and_then(|key| STANDARD.decode(key).ok()),
            index_as_of_ms: index_as_of_ms.and_then(|text| text.parse().ok()),
            index: &index,
            confirmations: Vec::new(),
        };
        let confirmations = confirmations_in(store)?;
        let said = confirmations.iter().filter_map(|it| {
            let projection = project_confirmation(it, &known);
            projection.of_visit()
        });
        known.confirmations = said.collect();
        read(&known)
    }
}
