//! The facts that a scope was ruled from, for those who see everything in them: the same facts and rulebooks give the same
//! findings on any machine, byte for byte (I4).

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::model::{Digest, DocumentId, RulingId};
use sync_core::rules::Facts;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::decisions;
use crate::store::Session;
use crate::store::reference::prior_samplings;
use crate::store::rulings::ruled_facts::{self, RuledFacts};
use crate::store::sync::visits;

/// What a scope was ruled from, and what was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScopeFacts {
    /// As rulings name it.
    pub scope: String,
    /// SHA-256 of the UTF-8 bytes of `facts`; a ruling made from them has it in its field `facts`.
    pub facts_sha256: String,
    /// Canonical JSON, exactly as hashed, as a text.
    pub facts: String,
    /// What the engine says of them, as a text: ruling the facts by the same rulebooks gives these bytes.
    pub findings: String,
    /// Versions of the rulebooks in force then.
    pub rulebooks: Vec<String>,
    /// When they were ruled last.
    pub ruled_at: String,
}

impl From<RuledFacts> for ScopeFacts {
    fn from(ruled: RuledFacts) -> Self {
        Self {
            scope: ruled.scope,
            facts_sha256: ruled.facts.to_string(),
            facts: ruled.text,
            findings: ruled.findings,
            rulebooks: serde_json::from_str(&ruled.rulebooks).unwrap_or_default(),
            ruled_at: rfc3339(ruled.ruled_at),
        }
    }
}

/// What a scope was ruled from last.
pub async fn of_scope(app: &App, caller: &Principal, scope: &str) -> Result<ScopeFacts, Problem> {
    let mut db = app.store.read().await?;
    let ruled = ruled_facts::find_of_scope(&mut db, scope).await?;
    seen(&mut db, caller, ruled).await.map(ScopeFacts::from)
}

/// What one version of a ruling was made from, exactly as hashed.
pub async fn of_ruling(app: &App, caller: &Principal, id: RulingId) -> Result<String, Problem> {
    let ruling = decisions::get(app, caller, id).await?;
    let facts: Digest = ruling
        .facts
        .parse()
        .map_err(|_| Problem::fault("the facts of a ruling are no digest"))?;
    let mut db = app.store.read().await?;
    let ruled = ruled_facts::find(&mut db, facts).await?;
    seen(&mut db, caller, ruled).await.map(|ruled| ruled.text)
}

/// Facts reach across visits: whoever does not see each visit and each prior sampling in them is told that there are none.
async fn seen(
    db: &mut Session,
    caller: &Principal,
    ruled: Option<RuledFacts>,
) -> Result<RuledFacts, Problem> {
    let ruled = ruled.ok_or(Problem::new(Code::NotFound))?;
    let facts: Facts =
        serde_json::from_str(&ruled.text).map_err(|error| Problem::internal(&error))?;
    let mut documents: BTreeSet<DocumentId> = facts.visits.keys().copied().collect();
    documents.extend(facts.entries.values().map(|entry| entry.document_id));
    documents.extend(facts.samples.values().filter_map(|it| it.document_id));
    for document in &documents {
        if !visits::sees(db, caller, *document).await? {
            return Err(Problem::new(Code::NotFound));
        }
    }
    let sight = caller.into();
    for (id, sample) in &facts.samples {
        if sample.document_id.is_none() && !prior_samplings::sees(db, &sight, *id).await? {
            return Err(Problem::new(Code::NotFound));
        }
    }
    // Facts of nothing, as when everything has left the scope, are nobody's.
    if documents.is_empty() && facts.samples.is_empty() {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(ruled)
}
