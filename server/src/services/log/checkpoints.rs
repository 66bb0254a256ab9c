//! Checkpoints: made at intervals and on demand, each over the heads of all chains, and what proves that a visit stands under
//! one and that one extends another.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use sync_core::limits::{CHECKPOINT_CHAINS_MAX, CHECKPOINT_REST_MS};
use sync_core::model::{Digest, DocumentId};
use sync_core::proof::Signed;
use sync_core::proof::log::tree::{self, Node, Part};
use sync_core::proof::log::{CheckpointNews, CheckpointPayload, Head, SeenCheckpoint};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::crypto;
use crate::problem::{Code, Problem};
use crate::store::locks::{self, Lock};
use crate::store::log::{self, CheckpointRow, LeafRow};
use crate::store::sync::visits;
use crate::store::{Result as StoreResult, Session, StoreError};

/// How often one is tried when the database asks to try again.
const ATTEMPTS_MAX: u32 = 8;

/// Takes in the heads of all chains that have grown, and signs the new root. Where nothing has grown the newest checkpoint
/// stands.
pub async fn make(app: &App) -> Result<CheckpointRow, Problem> {
    let mut attempts = 0;
    loop {
        match try_make(app).await {
            Err(StoreError::Retry) if attempts < ATTEMPTS_MAX => attempts += 1,
            made => return Ok(made?),
        }
    }
}

async fn try_make(app: &App) -> StoreResult<CheckpointRow> {
    let mut tx = app.store.begin_beside().await?;
    locks::take(&mut tx, &[Lock::Checkpoint]).await?;
    let newest = log::find_newest(&mut tx).await?;
    let moved = log::list_moved(&mut tx, CHECKPOINT_CHAINS_MAX).await?;
    if let Some(newest) = &newest
        && moved.is_empty()
    {
        return Ok(newest.clone());
    }
    let first = newest.as_ref().map_or(0, |row| row.payload.leaves);
    let mut known = log::list_nodes(&mut tx, Part::whole(first).nodes()).await?;
    let mut leaves = Vec::new();
    let mut nodes = Vec::new();
    for (leaf, (chain, head)) in (first..).zip(moved) {
        let hash = tree::leaf_hash(chain, &head);
        let grown = tree::grow(leaf, hash, |node| known.get(&node).copied());
        let grown = grown.ok_or(BROKEN)?;
        known.extend(grown.iter().copied());
        nodes.extend(grown);
        leaves.push(LeafRow { leaf, chain, head });
    }
    let size = first + leaves.len() as u64;
    let before = newest.as_ref().map(|row| {
        let message = Signed::<CheckpointPayload>::message(&row.signed.payload);
        Digest(crypto::sha256(&message))
    });
    let payload = CheckpointPayload {
        number: newest.map_or(1, |row| row.payload.number + 1),
        leaves: size,
        root: Part::whole(size).hash(&known).ok_or(BROKEN)?,
        before,
        restores: log::count_restores(&mut tx).await?,
        made_at_ms: app.now(),
    };
    let signed = app.keys.sign(&payload);
    log::grow(&mut tx, &leaves, nodes).await?;
    let stamped = app.authority.get().is_some();
    log::insert_checkpoint(&mut tx, &payload, &signed, stamped).await?;
    tx.commit().await?;
    metrics::counter!("fieldseal_checkpoints_total").increment(1);
    Ok(CheckpointRow {
        payload,
        signed,
        stamp: None,
        stamp_roots: None,
        stamp_state: log::stamp_state(stamped).to_owned(),
        stamp_attempts: 0,
    })
}

/// Nodes that were stored with every leaf are not there.
const BROKEN: StoreError = StoreError::Column {
    name: "node",
    wanted: "every full node of the tree",
};

/// Hashes of parts of the tree, from what is stored.
async fn hashes(db: &mut Session, parts: &[Part]) -> StoreResult<Vec<Digest>> {
    let nodes: Vec<Node> = parts.iter().flat_map(|part| part.nodes()).collect();
    let known: HashMap<Node, Digest> = log::list_nodes(db, nodes).await?;
    let found = parts.iter().map(|part| part.hash(&known).ok_or(BROKEN));
    found.collect()
}

/// What proves that the tree of a checkpoint begins with the one of so many leaves.
pub async fn extends(db: &mut Session, earlier: u64, later: u64) -> StoreResult<Vec<Digest>> {
    hashes(db, &tree::consistency(earlier, later)).await
}

/// What proves that a chain stands under a checkpoint.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The leaf.
    pub leaf: LeafRow,
    /// Hashes from the leaf up.
    pub path: Vec<Digest>,
}

/// The chain's last head under a checkpoint, with its proof; none if no line of it stands there.
pub async fn standing(
    db: &mut Session,
    chain: DocumentId,
    leaves: u64,
) -> StoreResult<Option<Standing>> {
    let Some(leaf) = log::find_leaf(db, chain, leaves).await? else {
        return Ok(None);
    };
    let path = hashes(db, &tree::inclusion(leaf.leaf, leaves)).await?;
    Ok(Some(Standing { leaf, path }))
}

/// A step of a proof of inclusion.
#[derive(Debug, Serialize, ToSchema)]
pub struct Step {
    /// `left` or `right`: on which side of the climbing hash this one stands.
    pub side: &'static str,
    /// SHA-256, hex.
    pub hash: String,
}

/// A proof with its sides.
pub fn steps(standing: &Standing, leaves: u64) -> Vec<Step> {
    let sides = tree::sides(standing.leaf.leaf, leaves);
    let steps = sides.into_iter().zip(&standing.path);
    steps
        .map(|(left, hash)| Step {
            side: if left { "left" } else { "right" },
            hash: hash.to_string(),
        })
        .collect()
}

/// That a visit's chain stands under a checkpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitProof {
    /// The visit, which names the chain.
    pub visit_id: String,
    /// Lines of the chain that stand under the checkpoint.
    pub lines: u64,
    /// The hash of the last of them.
    pub head: String,
    /// The place of the leaf in the tree, from 0.
    pub leaf: u64,
    /// What is hashed as the leaf, with a newline behind it.
    pub leaf_text: String,
    /// Hashes from the leaf up to the root: of `fieldseal-node/1 <left> <right>` and a newline each.
    pub path: Vec<Step>,
    /// The checkpoint, signed.
    #[schema(value_type = Object)]
    pub checkpoint: Signed<CheckpointPayload>,
}

/// Proves that a visit's chain stands under a checkpoint: the one that is named, or the newest.
pub async fn prove_visit(
    app: &App,
    caller: &Principal,
    visit: DocumentId,
    number: Option<i64>,
) -> Result<VisitProof, Problem> {
    let mut db = app.store.read().await?;
    if !visits::sees(&mut db, caller, visit).await? {
        return Err(Problem::new(Code::NotFound));
    }
    let checkpoint = find(&mut db, number).await?;
    let leaves = checkpoint.payload.leaves;
    let standing = standing(&mut db, visit, leaves).await?.ok_or_else(|| {
        let detail = "no line of this visit stands under that checkpoint; POST /v1/checkpoints makes a newer one";
        Problem::new(Code::NotFound).detail(detail)
    })?;
    let Head { lines, hash } = standing.leaf.head;
    Ok(VisitProof {
        visit_id: visit.to_string(),
        lines,
        head: hash.to_string(),
        leaf: standing.leaf.leaf,
        leaf_text: tree::leaf_text(visit, &standing.leaf.head),
        path: steps(&standing, leaves),
        checkpoint: checkpoint.signed,
    })
}

/// The checkpoint that is named, or the newest.
pub async fn find(db: &mut Session, number: Option<i64>) -> Result<CheckpointRow, Problem> {
    let found = match number {
        Some(number) => log::find_checkpoint(db, number).await?,
        None => log::find_newest(db).await?,
    };
    found.ok_or_else(|| Problem::new(Code::NotFound))
}

/// What a phone is told that names the checkpoint which it has seen last; nothing where that is the newest.
pub async fn news(
    app: &App,
    seen: Option<SeenCheckpoint>,
) -> Result<Option<CheckpointNews>, Problem> {
    let Some(seen) = seen else {
        return Ok(None);
    };
    let mut db = app.store.read().await?;
    let Some(newest) = log::find_newest(&mut db).await? else {
        return Ok(None);
    };
    let payload = &newest.payload;
    if (payload.number, payload.leaves, Some(payload.root)) == (seen.number, seen.leaves, seen.root)
    {
        return Ok(None);
    }
    // A tree that the phone claims to be larger proves nothing, and the phone says so to its people.
    let extends = extends(&mut db, seen.leaves, newest.payload.leaves).await?;
    Ok(Some(CheckpointNews {
        checkpoint: newest.signed,
        extends,
    }))
}

/// Makes checkpoints at intervals until it is dropped.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(Duration::from_millis(CHECKPOINT_REST_MS)).await;
        if let Err(error) = make(&app).await {
            tracing::warn!(%error, "no checkpoint was made; it is tried again");
        }
    }
}
