//! What the document says, as facts. The document's schema belongs to `sync_core::document`; here its words are put
//! beside what the server alone knows: who the certified authors are, and when their changes came.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use sync_core::document::conflicts::conflicts;
use sync_core::model::{Actor, ChangeHash, DeviceId, DocumentId, EnterpriseKey, Millis, UserId};
use sync_core::rules::{Facts, ScopeKey, VisitFact};

use crate::store::sync::changes;
use crate::store::sync::documents::DocumentRow;
use crate::store::{Result, Session};

/// A document as rows will show it.
pub struct Projected {
    /// The visit, its entries and its samples.
    pub facts: Facts,
    /// See domain.md §4.
    pub state: String,
    /// The name that was written down.
    pub enterprise_name: Option<String>,
    /// The region that was written down.
    pub region: Option<String>,
    /// The earliest entry.
    pub entered_at: Option<Millis>,
    /// Concurrent values, as (path, record).
    pub conflicts: Vec<(String, String)>,
}

/// Who wrote which change and when the server received it.
#[derive(Clone, Debug, Default)]
pub struct Authorship {
    /// Receipt of each change.
    pub received: BTreeMap<ChangeHash, Millis>,
    /// Device and person of each actor.
    pub actors: BTreeMap<Actor, (DeviceId, UserId)>,
}

/// Authorship of the accepted changes of a document.
pub async fn authors(db: &mut Session, document: DocumentId) -> Result<Authorship> {
    let mut authorship = Authorship::default();
    for change in changes::list_accepted(db, document).await? {
        authorship.received.insert(change.hash, change.received_at);
        if let (Some(actor), Some(device), Some(user)) = (change.actor, change.device, change.user)
        {
            authorship.actors.insert(actor, (device, user));
        }
    }
    Ok(authorship)
}

/// Reads a document.
pub fn project(row: &DocumentRow, document: &Automerge, authorship: &Authorship) -> Projected {
    let authors: BTreeSet<UserId> = authorship.actors.values().map(|(_, user)| *user).collect();
    let mut facts = Facts::new(ScopeKey::Visit {
        document_id: row.document_id,
    });
    facts.visits.insert(
        row.document_id,
        VisitFact {
            campaign_id: row.campaign_id,
            body_id: row.body_id,
            enterprise: EnterpriseKey(row.enterprise_key.clone()),
            team_id: row.team_id,
            roster: BTreeSet::new(),
            authors,
            region: None,
            sites: BTreeSet::new(),
            recusals: Vec::new(),
            evidence: Vec::new(),
            refused: false,
            refused_at: None,
            confirmations: Vec::new(),
            not_sampled: false,
            terminated: None,
            unreadable: Vec::new(),
        },
    );
    let conflicts = conflicts(document)
        .into_iter()
        .map(|record| {
            (
                record.path.join("/"),
                serde_json::to_string(&record).unwrap_or_default(),
            )
        })
        .collect();
    Projected {
        facts,
        state: "planned".to_owned(),
        enterprise_name: None,
        region: None,
        entered_at: None,
        conflicts,
    }
}
