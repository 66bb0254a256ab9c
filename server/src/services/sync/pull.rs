//! The way down: what is new since the cursor within the scope of the device, one bounded page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::{
    FEED_BATCHES_MAX, FEED_INFLATED_BYTES_MAX, FEED_ROWS_MAX, FIRST_SYNC_ROWS_MIN,
};
use sync_core::model::{Actor, DocumentId, EVIDENCE_REVIEW, Millis, RulingId};
use sync_core::proof::{
    CertificatePayload, EVIDENCE_RECEIPT, EvidenceReceiptPayload, EvidenceReceiptRecord, Signed,
};
use sync_core::sync::wire::{
    Cursor, DocumentHeader, DocumentPage, FeedEntry, FeedItem, PulledChange, SignedTip,
};

use super::admission::Place;
use crate::access::Role;
use crate::app::App;
use crate::problem::Problem;
use crate::services::casework::told;
use crate::store::access::users;
use crate::store::evidence;
use crate::store::feed::{self, FeedRow, ReaderScope};
use crate::store::reviews;
use crate::store::rulings::versions::{self, RulingRow};
use crate::store::sync::changes::{self, ChangeRow};
use crate::store::sync::documents::{self, DocumentHead};
use crate::store::sync::{certificates, tips};
use crate::store::{Reader, Session, StoreError};

/// Rows of which what they name is read at a time.
const ROWS_READ_AHEAD: usize = 64;

/// One page of the feed.
pub struct Page {
    /// What is new.
    pub items: Vec<FeedItem>,
    /// Where the phone stands then.
    pub cursor: Cursor,
    /// There is more.
    pub more: bool,
    /// The cursor is none that this database, or one that it continues, has given.
    pub epoch_changed: bool,
    /// When the snapshot was taken from which it was read.
    pub read_at: Millis,
}

/// What a phone asks for.
pub struct Wanted<'a> {
    /// Where it stands.
    pub cursor: Option<&'a Cursor>,
    /// How much feed it takes.
    pub bytes_max: Option<u32>,
    /// Whether it waits for room to read much; otherwise it gets nothing but where it stands, and asks again.
    pub waits: bool,
}

/// One snapshot: the epoch, the end of the feed, and everything up to it.
struct Snapshot {
    db: Reader,
    /// Who reads, as this snapshot sees them: their role may have changed since they were let in, and the cursor would go past
    /// what is theirs since.
    scope: ReaderScope,
    epoch: String,
    until: i64,
    /// The cursor is one of this database, or of one that it continues.
    valid: bool,
    /// Where reading begins: from the start if the cursor is none of ours.
    after: i64,
    read_at: Millis,
}

impl Snapshot {
    async fn take(
        app: &App,
        scope: &ReaderScope,
        cursor: Option<&Cursor>,
    ) -> Result<Self, Problem> {
        let read_at = app.now();
        let mut db = app.store.read().await?;
        let roles = users::list_roles(&mut db, scope.user).await?;
        let epoch = feed::find_epoch(&mut db)
            .await?
            .ok_or_else(|| Problem::fault("the feed has no epoch"))?;
        let until = feed::last_position(&mut db).await?;
        let valid = match cursor {
            Some(cursor) if cursor.position >= 0 => {
                feed::continues(&mut db, &cursor.epoch, cursor.reach()).await?
            }
            _ => false,
        };
        Ok(Self {
            db,
            scope: ReaderScope {
                enforces: roles.contains(&Role::Enforcement),
                ..*scope
            },
            epoch,
            until,
            valid,
            after: cursor.filter(|_| valid).map_or(0, |it| it.position),
            read_at,
        })
    }

    fn page(self, position: i64, more: bool, items: Vec<FeedItem>, had_cursor: bool) -> Page {
        Page {
            items,
            cursor: Cursor {
                epoch: self.epoch,
                position,
                seen: Some(self.until),
            },
            more,
            epoch_changed: had_cursor && !self.valid,
            read_at: self.read_at,
        }
    }
}

/// The page behind a cursor, and the place that it was made in.
pub async fn page(
    app: &App,
    scope: &ReaderScope,
    wanted: &Wanted<'_>,
    place: Place,
) -> Result<(Page, Place), Problem> {
    let had_cursor = wanted.cursor.is_some();
    let mut snapshot = Snapshot::take(app, scope, wanted.cursor).await?;
    let mut few = None;
    if snapshot.after > 0 {
        let (after, until) = (snapshot.after, snapshot.until);
        let rows_max = FIRST_SYNC_ROWS_MIN + 1;
        let scope = snapshot.scope;
        let rows = feed::list(&mut snapshot.db, &scope, after, until, rows_max).await?;
        few = i64::try_from(rows.len())
            .is_ok_and(|count| count < rows_max)
            .then_some(rows);
    }
    let place = match few {
        Some(_) => place,
        None if wanted.waits => {
            // No connection is held while it waits.
            drop(snapshot);
            let place = place.for_first_sync(app).await?;
            snapshot = Snapshot::take(app, scope, wanted.cursor).await?;
            place
        }
        None => {
            let (place, room) = place.for_first_sync_now(app);
            if !room {
                let after = snapshot.after;
                return Ok((snapshot.page(after, true, Vec::new(), had_cursor), place));
            }
            place
        }
    };
    let bytes_max = wanted.bytes_max.map_or(FEED_INFLATED_BYTES_MAX, |asked| {
        usize::try_from(asked)
            .unwrap_or(usize::MAX)
            .min(FEED_INFLATED_BYTES_MAX)
    });

    let scope = &snapshot.scope.clone();
    let mut writer = Writer {
        app,
        epoch: snapshot.epoch.clone(),
        scope,
        echo: snapshot.after == 0,
        certified: BTreeSet::new(),
        items: Vec::new(),
        bytes: 0,
    };
    let mut position = snapshot.after;
    let mut more = true;
    // Many rows weigh little (those of the device itself nothing): a page is as full as it may be, or a new device would
    // need a round trip for every few hundred rows.
    'page: for _ in 0..FEED_BATCHES_MAX {
        let (rows, last) = match few.take() {
            Some(rows) => (rows, true),
            None => {
                let until = snapshot.until;
                let rows =
                    feed::list(&mut snapshot.db, scope, position, until, FEED_ROWS_MAX).await?;
                let last = i64::try_from(rows.len()).is_ok_and(|count| count < FEED_ROWS_MAX);
                (rows, last)
            }
        };
        for rows in rows.chunks(ROWS_READ_AHEAD) {
            let mut named = None;
            for row in rows {
                // What has begun is finished: an item larger than the page comes alone.
                if writer.bytes >= bytes_max {
                    break 'page;
                }
                let named = match &mut named {
                    Some(named) => named,
                    none => none.insert(writer.read_ahead(&mut snapshot.db, rows).await?),
                };
                writer.row(&mut snapshot.db, named, row).await?;
                position = row.position;
            }
        }
        if last {
            more = false;
            position = snapshot.until;
            break;
        }
    }
    Ok((
        snapshot.page(position, more, writer.items, had_cursor),
        place,
    ))
}

/// Begins the epoch of this start.
pub async fn begin_epoch(app: &App) -> Result<(), StoreError> {
    let mut tx = app.store.begin().await?;
    feed::begin_epoch(&mut tx, feed::Begun::Started, app.random(), app.now()).await?;
    tx.commit().await
}

struct Writer<'a> {
    app: &'a App,
    epoch: String,
    scope: &'a ReaderScope,
    /// Whether the device is told what it wrote itself: only where it starts over.
    echo: bool,
    certified: BTreeSet<Actor>,
    items: Vec<FeedItem>,
    bytes: usize,
}

/// What rows of the feed name, read in few statements.
#[derive(Default)]
struct Named {
    carried: HashMap<i64, Vec<ChangeRow>>,
    rulings: HashMap<RulingId, RulingRow>,
    heads: HashMap<DocumentId, DocumentHead>,
    tips: HashMap<DocumentId, Vec<SignedTip>>,
}

impl Writer<'_> {
    async fn read_ahead(&self, db: &mut Session, rows: &[FeedRow]) -> Result<Named, Problem> {
        let (mut positions, mut rulings) = (Vec::new(), Vec::new());
        for row in rows {
            match row.entry.as_str() {
                "changes" => positions.push(row.position),
                "ruling" => rulings.push(ruling_id(row)?),
                _ => {}
            }
        }
        let mut carried = changes::list_at_positions(db, positions).await?;
        // What the device wrote itself it is not told.
        carried.retain(|_, changes| self.echo || !self.is_own(changes));
        let mut shown = BTreeSet::new();
        for row in rows {
            if row.entry == "grant" || carried.contains_key(&row.position) {
                shown.extend(row.document);
            }
        }
        Ok(Named {
            carried,
            rulings: versions::list(db, rulings).await?,
            heads: documents::list_heads(db, shown.clone()).await?,
            tips: tips::list_of(db, shown).await?,
        })
    }

    fn is_own(&self, changes: &[ChangeRow]) -> bool {
        let own = Some(self.scope.device);
        changes.iter().all(|change| change.device == own)
    }

    async fn row(
        &mut self,
        db: &mut Session,
        named: &mut Named,
        row: &FeedRow,
    ) -> Result<(), Problem> {
        let document = || {
            row.document
                .ok_or_else(|| Problem::fault("a row of the feed names no document"))
        };
        let entry = match row.entry.as_str() {
            "changes" => {
                let Some(carried) = named.carried.remove(&row.position) else {
                    return Ok(());
                };
                let page = self.document_page(db, named, row.position, document()?, carried);
                FeedEntry::Changes(page.await?)
            }
            "grant" => {
                let carried = changes::list_accepted(db, document()?).await?;
                let page = self
                    .document_page(db, named, row.position, document()?, carried)
                    .await?;
                self.push(row.position, FeedEntry::Grant(page));
                // What was ruled before lies behind the cursor as the document did.
                for ruling in versions::list_current_of_document(db, document()?).await? {
                    if let Some(notice) = ruling.notice() {
                        self.push(row.position, FeedEntry::Ruling(notice));
                    }
                }
                for receipt in evidence::list_receipts(db, document()?).await? {
                    let receipt = self.receipt(receipt)?;
                    self.push(row.position, receipt);
                }
                let enforces = self.scope.enforces;
                // What the authority asks its samplers is nothing to enforcement.
                let reviews = match enforces {
                    true => Vec::new(),
                    false => reviews::list_standing(db, [document()?]).await?,
                };
                for decided in reviews {
                    let review = decided.review;
                    let told = FeedEntry::Reference {
                        kind: EVIDENCE_REVIEW.to_owned(),
                        id: review.record_id(),
                        version: review.version,
                        record: serde_json::to_value(review).ok(),
                    };
                    self.push(row.position, told);
                }
                for told in told::around(db, document()?, enforces).await? {
                    let told = FeedEntry::Reference {
                        kind: told.kind.to_owned(),
                        id: told.id,
                        version: told.version,
                        record: told.record,
                    };
                    self.push(row.position, told);
                }
                return Ok(());
            }
            "revoke" => FeedEntry::Revoke {
                document_id: document()?,
            },
            "status" => FeedEntry::Status {
                document_id: document()?,
                hash: subject(row)?.parse().map_err(|_| unreadable("subject"))?,
                status: payload(row)?,
            },
            "ruling" => {
                let ruling = named.rulings.remove(&ruling_id(row)?);
                match ruling.and_then(RulingRow::notice) {
                    Some(notice) => FeedEntry::Ruling(notice),
                    None => return Ok(()),
                }
            }
            "device_revoked" => FeedEntry::DeviceRevoked {
                device_id: subject(row)?.parse().map_err(|_| unreadable("subject"))?,
                revoked_at_ms: row.version.unwrap_or_default(),
            },
            "reference" => {
                let (kind, id) = subject(row)?
                    .split_once('/')
                    .ok_or_else(|| unreadable("subject"))?;
                if kind == EVIDENCE_RECEIPT {
                    let receipt = self.receipt(payload(row)?)?;
                    self.push(row.position, receipt);
                    return Ok(());
                }
                FeedEntry::Reference {
                    kind: kind.to_owned(),
                    id: id.to_owned(),
                    version: row.version.unwrap_or_default(),
                    record: row.payload.is_some().then(|| payload(row)).transpose()?,
                }
            }
            "certificate" => FeedEntry::Certificate {
                certificate: self.as_it_stands(db, payload(row)?).await?,
            },
            "index" => FeedEntry::Index(payload(row)?),
            _ => return Err(unreadable("entry")),
        };
        self.push(row.position, entry);
        Ok(())
    }

    /// A renewed certificate as it is signed now: its key may have been revoked since the row was written.
    async fn as_it_stands(
        &self,
        db: &mut Session,
        told: Signed<CertificatePayload>,
    ) -> Result<Signed<CertificatePayload>, Problem> {
        let Ok(payload) = told.read_unverified() else {
            return Err(unreadable("payload"));
        };
        let standing = certificates::list_of_actor(db, payload.actor).await?;
        let same = standing.into_iter().find(|it| it.payload == told.payload);
        Ok(same.unwrap_or(told))
    }

    /// A receipt, signed by the key that signs now: what a revoked key signed no phone would believe.
    fn receipt(&self, receipt: EvidenceReceiptPayload) -> Result<FeedEntry, Problem> {
        let receipt = EvidenceReceiptPayload {
            epoch: self.epoch.clone(),
            ..receipt
        };
        let record = EvidenceReceiptRecord {
            signed: self.app.keys.sign(&receipt),
        };
        Ok(FeedEntry::Reference {
            kind: EVIDENCE_RECEIPT.to_owned(),
            id: receipt.record_id(),
            version: receipt.verified_at_ms,
            record: Some(serde_json::to_value(record).map_err(|_| unreadable("payload"))?),
        })
    }

    fn push(&mut self, position: i64, entry: FeedEntry) {
        let item = FeedItem { position, entry };
        self.bytes += serde_json::to_string(&item).map_or(0, |json| json.len());
        self.items.push(item);
    }

    /// The changes with what proves their authors; certificates that this page has not carried yet go before.
    async fn document_page(
        &mut self,
        db: &mut Session,
        named: &Named,
        position: i64,
        document: DocumentId,
        carried: Vec<ChangeRow>,
    ) -> Result<DocumentPage, Problem> {
        let head = named.heads.get(&document);
        let head = head.ok_or_else(|| Problem::fault("a document of the feed has no head"))?;
        let mut last: BTreeMap<Actor, i64> = BTreeMap::new();
        for change in &carried {
            if let (Some(actor), Some(seq)) = (change.actor, change.seq) {
                let reach = last.entry(actor).or_insert(seq);
                *reach = seq.max(*reach);
            }
        }
        for actor in last.keys() {
            if self.certified.insert(*actor) {
                for certificate in certificates::list_of_actor(db, *actor).await? {
                    self.push(position, FeedEntry::Certificate { certificate });
                }
            }
        }
        Ok(DocumentPage {
            document: DocumentHeader {
                document_id: document,
                kind: head.kind.clone(),
                preimage: head.preimage.clone(),
            },
            tips: covering(named.tips.get(&document).map_or(&[], Vec::as_slice), &last),
            changes: carried
                .into_iter()
                .map(|change| PulledChange {
                    hash: change.hash,
                    bytes: STANDARD.encode(&change.bytes),
                    received_at_ms: change.received_at,
                    admitted: change.admitted,
                })
                .collect(),
        })
    }
}

/// For each actor the earliest signature that reaches all of their changes in the page.
fn covering(stored: &[SignedTip], last: &BTreeMap<Actor, i64>) -> Vec<SignedTip> {
    last.iter()
        .filter_map(|(actor, seq)| {
            let reaches = |tip: &&SignedTip| {
                tip.tip.actor == *actor && i64::try_from(tip.tip.seq).is_ok_and(|at| at >= *seq)
            };
            stored
                .iter()
                .filter(reaches)
                .min_by_key(|tip| tip.tip.seq)
                .cloned()
        })
        .collect()
}

fn ruling_id(row: &FeedRow) -> Result<RulingId, Problem> {
    subject(row)?.parse().map_err(|_| unreadable("subject"))
}

fn subject(row: &FeedRow) -> Result<&str, Problem> {
    row.subject.as_deref().ok_or_else(|| unreadable("subject"))
}

fn payload<T: serde::de::DeserializeOwned>(row: &FeedRow) -> Result<T, Problem> {
    serde_json::from_str(row.payload.as_deref().unwrap_or("null"))
        .map_err(|_| unreadable("payload"))
}

fn unreadable(name: &'static str) -> Problem {
    StoreError::Column {
        name,
        wanted: "what the feed appends",
    }
    .into()
}
