//! `POST /v1/sync`: changes up, everything new down, in one round trip. Judging comes before the write transaction,
//! which compares and sets the versions of the documents it was judged by, and begins again if one has moved.

pub mod admission;
pub mod append;
pub mod authors;
pub mod binding;
pub mod intake;
pub mod judge;
pub mod origin;
pub mod pull;

use std::collections::{BTreeMap, HashMap};

use automerge::{Automerge, AutomergeError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::guard;
use sync_core::limits::{HELD_CHANGES_PER_DEVICE_MAX, SYNC_ATTEMPTS_MAX};
use sync_core::model::{Actor, ChangeHash, DeviceId, DocumentId, Millis};
use sync_core::proof::{ReceiptPayload, Role, Signed, TimeTokenPayload};
use sync_core::sync::wire::{ChangeReport, ChangeStatus, DocumentHeader, SignedTip, SyncResponse};
use tracing::Instrument;

use self::admission::Place;
use self::authors::Author;
use self::binding::Identity;
use self::intake::Intake;
use self::judge::{Case, Pushed};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::log::checkpoints;
use crate::services::projection::{Ahead, Certified};
use crate::services::{certificates, ruling, server_keys};
use crate::store::access::devices;
use crate::store::sync::certificates as rows;
use crate::store::sync::documents::DocumentRow;
use crate::store::sync::{changes, documents, tips};
use crate::store::{Session, StoreError, feed};

/// What is durable, by document and the time at which it became so.
type Durable = BTreeMap<(DocumentId, Millis), Vec<ChangeHash>>;

/// One conversation with a phone that was let in. It keeps its place until the answer is packed: what is being made is
/// bounded by the places.
pub async fn sync(
    app: &App,
    caller: &Principal,
    intake: Intake,
    place: Place,
) -> Result<(SyncResponse, Place), Problem> {
    let device = caller.needed_device()?;
    let span = tracing::info_span!("sync.push", changes = intake.changes.len());
    let (statuses, durable) = push(app, device, &intake).instrument(span).await?;
    if !durable.is_empty() {
        ruling::rule_before_answer(app).await?;
    }
    certificates::renew_if_due(app, device).await?;
    let scope = feed::ReaderScope {
        user: caller.user,
        device,
        organisation: caller.organisation,
        enforces: caller.roles.contains(&Role::Enforcement),
    };
    let wanted = pull::Wanted {
        cursor: intake.cursor.as_ref(),
        bytes_max: intake.feed_bytes_max,
        // What it sent is stored: its answer does not wait behind those who only read.
        waits: intake.changes.is_empty(),
    };
    let (page, place) = pull::page(app, &scope, &wanted, place).await?;
    let receipts = durable
        .into_iter()
        .map(|((document_id, received_at_ms), mut hashes)| {
            hashes.sort_unstable();
            hashes.dedup();
            let payload = ReceiptPayload {
                document_id,
                hashes,
                received_at_ms,
                epoch: page.cursor.epoch.clone(),
            };
            app.keys.sign(&payload)
        })
        .collect();
    let checkpoint = match page.more {
        true => None,
        false => checkpoints::news(app, intake.checkpoint).await?,
    };
    let answer = SyncResponse {
        statuses,
        receipts,
        items: page.items,
        cursor: page.cursor,
        more: page.more,
        epoch_changed: page.epoch_changed,
        as_of_ms: (!page.more).then_some(page.read_at),
        time_token: time_token(app, device),
        server_keys: server_keys::news(app, &intake.server_keys),
        public_url: app.public_url.get().cloned(),
        checkpoint,
    };
    Ok((answer, place))
}

/// The server's time for one device.
fn time_token(app: &App, device: DeviceId) -> Signed<TimeTokenPayload> {
    let nonce = hex::encode(app.random::<16>());
    app.keys.sign(&TimeTokenPayload {
        device_id: device,
        at_ms: app.now(),
        nonce,
    })
}

fn refused(code: &str, detail: impl Into<String>) -> ChangeStatus {
    ChangeStatus::Refused {
        code: code.to_owned(),
        detail: detail.into(),
    }
}

/// Stores what came, and reports every item in its order.
async fn push(
    app: &App,
    carrier: DeviceId,
    intake: &Intake,
) -> Result<(Vec<ChangeReport>, Durable), Problem> {
    let mut hashes: Vec<Option<ChangeHash>> = Vec::new();
    let mut statuses: Vec<Option<ChangeStatus>> = Vec::new();
    let mut pages: BTreeMap<DocumentId, Vec<Pushed>> = BTreeMap::new();
    for (index, item) in intake.changes.iter().enumerate() {
        statuses.push(None);
        match item {
            Err(fault) => {
                hashes.push(fault.hash);
                statuses[index] = Some(refused(fault.code, &fault.detail));
            }
            Ok(change) => {
                hashes.push(Some(change.hash));
                match STANDARD.decode(&change.bytes) {
                    Ok(bytes) => pages.entry(change.document_id).or_default().push(Pushed {
                        index,
                        claimed: change.hash,
                        bytes,
                        item_id: app.new_uuid(),
                    }),
                    Err(error) => statuses[index] = Some(refused("item.base64", error.to_string())),
                }
            }
        }
    }

    let mut durable = Durable::new();
    for (index, status, stored) in store_pages(app, carrier, &pages, intake).await? {
        if let Some((document, hash, received_at)) = stored {
            durable
                .entry((document, received_at))
                .or_default()
                .push(hash);
        }
        statuses[index] = Some(status);
    }
    let reports = hashes
        .into_iter()
        .zip(statuses)
        .enumerate()
        .map(|(index, (hash, status))| {
            let status = status.unwrap_or_else(|| refused("item.unread", "it was not looked at"));
            metrics::counter!("fieldseal_changes_total", "status" => label(&status)).increment(1);
            ChangeReport {
                hash,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                status,
            }
        })
        .collect();
    Ok((reports, durable))
}

fn label(status: &ChangeStatus) -> &'static str {
    match status {
        ChangeStatus::Accepted => "accepted",
        ChangeStatus::Held { .. } => "held",
        ChangeStatus::Quarantined { .. } => "quarantined",
        ChangeStatus::Refused { .. } => "refused",
    }
}

/// One item's report: its place, its status, and what is durable of it.
type Report = (
    usize,
    ChangeStatus,
    Option<(DocumentId, ChangeHash, Millis)>,
);

async fn store_pages(
    app: &App,
    carrier: DeviceId,
    pages: &BTreeMap<DocumentId, Vec<Pushed>>,
    intake: &Intake,
) -> Result<Vec<Report>, Problem> {
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    for _ in 0..SYNC_ATTEMPTS_MAX {
        let mut reports = Vec::new();
        let mut cases = Vec::new();
        // As many pages as there are processors: more would only hold their documents in memory meanwhile.
        let bench = app.workbenches.acquire().await;
        let bench = bench.map_err(|error| Problem::internal(&error))?;
        {
            let mut db = app.store.read().await?;
            let aside_max = i64::try_from(HELD_CHANGES_PER_DEVICE_MAX).unwrap_or(i64::MAX);
            let aside_left = aside_max - changes::count_aside(&mut db, carrier).await?;
            let mut certified = Certified::default();
            let mut authors = Authors::default();
            let asked: Vec<DocumentId> = pages.keys().copied().collect();
            let mut stored = documents::list(&mut db, asked).await?;
            let mut begun = Vec::new();
            for (document, pushed) in pages {
                let header = intake
                    .documents
                    .iter()
                    .find(|header| header.document_id == *document);
                let stored = stored.remove(document);
                begun.push((pushed, begin_case(stored, *document, header, app.now())?));
            }
            let mut keys = Vec::new();
            for (_, begun) in &begun {
                if let Ok((row, _, _)) = begun {
                    keys.push(row.enterprise_key.clone());
                }
            }
            certified.read_enterprises(&mut db, keys).await?;
            for (pushed, begun) in begun {
                match begun {
                    Ok((row, identity, begun)) => {
                        let read = Read {
                            row,
                            identity,
                            begun,
                            carrier,
                            aside_left,
                            now: app.now(),
                        };
                        let case = read
                            .case(&mut db, &mut authors, pushed.clone(), &intake.tips)
                            .await?;
                        let coming = case.coming();
                        let ahead = Ahead::of(&mut db, &mut certified, &case.row, &coming).await?;
                        cases.push((case, ahead));
                    }
                    Err((code, detail)) => {
                        reports.extend(
                            pushed
                                .iter()
                                .map(|item| (item.index, refused(code, detail), None)),
                        );
                    }
                }
            }
        }
        // Guarding is work for the processor: it must not stop the others' requests.
        let (verdicts, ahead) = tokio::task::spawn_blocking(move || {
            // The bound is the carrier's, not a document's.
            let mut used = 0;
            let (mut verdicts, mut projections) = (Vec::new(), append::Projections::new());
            for (mut case, mut ahead) in cases {
                case.aside_left -= used;
                let (verdict, document) = judge::judge(case)?;
                used += verdict.set_aside;
                if verdict.writes() {
                    ahead.project(document);
                    projections.insert(verdict.row.document_id, ahead);
                }
                verdicts.push(verdict);
            }
            Ok::<_, AutomergeError>((verdicts, projections))
        })
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
        drop(bench);
        match append::write(app, carrier, &verdicts, ahead).await {
            Ok(true) => {}
            Ok(false) | Err(StoreError::Retry) => continue,
            Err(error) => return Err(error.into()),
        }
        let exposed = origin::expose(app, &verdicts).await?;
        for mut verdict in verdicts {
            let document = verdict.row.document_id;
            if exposed.contains(&document) {
                origin::say_again(app, &mut verdict).await?;
            }
            reports.extend(verdict.reports.into_iter().map(|(index, status, stored)| {
                (
                    index,
                    status,
                    stored.map(|(hash, received_at)| (document, hash, received_at)),
                )
            }));
        }
        return Ok(reports);
    }
    Err(Problem::new(Code::Overloaded).retry_after_s(1))
}

/// Judges what is aside in a document again: after an admission, or when a certificate came.
pub async fn judge_again(app: &App, document: DocumentId) -> Result<(), Problem> {
    for _ in 0..SYNC_ATTEMPTS_MAX {
        let case = {
            let mut db = app.store.read().await?;
            let stored = documents::find(&mut db, document).await?;
            let Ok((row, identity, begun)) = begin_case(stored, document, None, app.now())? else {
                return Ok(());
            };
            let carrier = DeviceId(uuid::Uuid::nil());
            let read = Read {
                row,
                identity,
                begun,
                carrier,
                aside_left: 0,
                now: app.now(),
            };
            let mut authors = Authors::default();
            read.case(&mut db, &mut authors, Vec::new(), &[]).await?
        };
        let carrier = case.carrier;
        let (verdict, _) = tokio::task::spawn_blocking(move || judge::judge(case))
            .await
            .map_err(|error| Problem::internal(&error))?
            .map_err(|error| Problem::internal(&error))?;
        match append::write(app, carrier, &[verdict], append::Projections::new()).await {
            Ok(true) => return ruling::rule_what_is_dirty(app).await,
            Ok(false) | Err(StoreError::Retry) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::new(Code::Overloaded).retry_after_s(1))
}

type Begun = Result<(DocumentRow, Identity, Option<Automerge>), (&'static str, &'static str)>;

/// The stored row, or the one that the header begins with its document; an error names what is wrong with the binding.
fn begin_case(
    stored: Option<DocumentRow>,
    document: DocumentId,
    header: Option<&DocumentHeader>,
    now: Millis,
) -> Result<Begun, Problem> {
    if let Some(row) = stored {
        let identity = binding::identity(document, &row.kind, &row.preimage)
            .ok_or_else(|| Problem::fault("a stored preimage does not name its document"))?;
        return Ok(Ok((row, identity, None)));
    }
    let Some(header) = header else {
        return Ok(Err((
            "document.header_missing",
            "the server has never seen this document and got no preimage",
        )));
    };
    let Some(identity) = binding::identity(document, &header.kind, &header.preimage) else {
        return Ok(Err((
            "document.preimage_mismatch",
            "the preimage does not name this document",
        )));
    };
    let automerge = binding::begin(&identity).map_err(|error| Problem::internal(&error))?;
    let heads: Vec<ChangeHash> = automerge
        .get_heads()
        .iter()
        .map(|head| ChangeHash(head.0))
        .collect();
    let row = DocumentRow {
        document_id: document,
        kind: header.kind.clone(),
        preimage: header.preimage.clone(),
        campaign_id: identity.campaign,
        body_id: identity.body,
        enterprise_key: identity.document.visit().enterprise.0.clone(),
        team_id: identity.team,
        snapshot: Vec::new(),
        skeleton: heads.first().copied(),
        heads,
        version: 0,
        created_at: now,
    };
    Ok(Ok((row, identity, Some(automerge))))
}

/// Authors as read in one transaction, each once.
#[derive(Default)]
struct Authors(HashMap<Actor, Option<Author>>);

impl Authors {
    async fn of_actor(
        &mut self,
        db: &mut Session,
        actor: Actor,
    ) -> Result<Option<Author>, Problem> {
        if let Some(known) = self.0.get(&actor) {
            return Ok(known.clone());
        }
        let author = match devices::find_by_actor(db, actor).await? {
            Some(row) => Some(Author::of(&row, &rows::list_of_actor(db, actor).await?)?),
            None => None,
        };
        self.0.insert(actor, author.clone());
        Ok(author)
    }
}

/// A document on its way to be judged.
struct Read {
    row: DocumentRow,
    identity: Identity,
    begun: Option<Automerge>,
    carrier: DeviceId,
    aside_left: i64,
    now: Millis,
}

impl Read {
    /// Reads the rest of what judging asks.
    async fn case(
        self,
        db: &mut Session,
        known: &mut Authors,
        pushed: Vec<Pushed>,
        page_tips: &[SignedTip],
    ) -> Result<Case, Problem> {
        let document_id = self.row.document_id;
        // What was never stored has nothing beside it.
        let stored = self.row.is_stored();
        let aside = match stored {
            true => changes::list_aside(db, document_id).await?,
            false => Vec::new(),
        };
        let mut hashes = Vec::new();
        let mut actors: Vec<_> = aside.iter().filter_map(|change| change.actor).collect();
        for item in &pushed {
            let Ok(inspected) = guard::inspect(&item.bytes) else {
                continue;
            };
            let header = inspected.header();
            actors.push(header.actor);
            hashes.push(header.hash);
        }
        let accepted = match stored {
            true => changes::list_accepted_of(db, document_id, hashes).await?,
            false => HashMap::new(),
        };
        actors.sort_unstable();
        actors.dedup();
        let mut by_actor = HashMap::new();
        for actor in actors {
            if let Some(author) = known.of_actor(db, actor).await? {
                by_actor.insert(actor, author);
            }
        }
        let pushed_tips = page_tips
            .iter()
            .filter(|tip| tip.tip.document_id == document_id)
            .cloned()
            .collect();
        Ok(Case {
            elsewhere: origin::elsewhere(db, &self.row, &aside, &pushed).await?,
            accepted_count: match stored {
                true => changes::count_accepted(db, document_id).await?,
                false => 0,
            },
            stored_tips: match stored {
                true => tips::list(db, document_id).await?,
                false => Vec::new(),
            },
            identity: self.identity,
            begun: self.begun,
            row: self.row,
            aside,
            accepted,
            pushed_tips,
            authors: by_actor,
            pushed,
            carrier: self.carrier,
            aside_left: self.aside_left,
            now: self.now,
        })
    }
}
