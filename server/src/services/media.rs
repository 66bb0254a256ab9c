//! Examines originals in the background: takes those that are verified, as many at once as the machine has cores, makes
//! their pictures for people to look at, and writes down what was found. All its state is in the database, so a process
//! that dies leaves its work to the next, and two never do the same but for a moment, which changes nothing.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use axum::body::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use serde_json::{Value, json};
use sync_core::limits::{
    MEDIA_ATTEMPTS_MAX, MEDIA_LEASE_MS, MEDIA_RETRY_MS, OBJECT_READ_BYTES, REUSE_TOLD_MAX,
};
use sync_core::model::{Digest, DocumentId, MediaFact, MediaOutcome, Millis};
use sync_core::rules::ScopeKey;
use tokio::runtime::Handle;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::rfc3339;
use crate::media::hash::Hashes;
use crate::media::{Report, examine};
use crate::objects::{ObjectName, Objects, ObjectsError};
use crate::store::locks::{self, Lock};
use crate::store::media::{self, Due, End, Examined, Found};
use crate::store::rulings::dirty;
use crate::store::{Result, Session, Tx};

/// The name of a thumbnail among what was made of an original.
pub const THUMBNAIL: &str = "thumbnail.jpg";
/// The name of the picture for a screen.
pub const SCREEN: &str = "screen.jpg";
/// How long the job rests between two looks when it has nothing to do.
const REST: Duration = Duration::from_secs(1);

/// The bytes of an original were brought for a document: it will be examined, and visits with the same picture, or one
/// like it, are told to the caller, who marks them in this transaction.
pub async fn brought(tx: &mut Tx, sha256: Digest, now: Millis) -> Result<Vec<ScopeKey>> {
    locks::take(tx, &[Lock::Pictures]).await?;
    media::insert(tx, sha256, now).await?;
    let like = media::list_visits_like(tx, sha256, REUSE_TOLD_MAX).await?;
    Ok(visits(like))
}

fn visits(documents: Vec<DocumentId>) -> Vec<ScopeKey> {
    let visit = |document_id| ScopeKey::Visit { document_id };
    documents.into_iter().map(visit).collect()
}

/// What was found in an original, as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaView {
    /// `waiting`, `made`, or `none` with the reason: the pictures for people to look at.
    pub preview: &'static str,
    /// Why there is no preview, by code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_preview: Option<&'static str>,
    /// What the bytes are, whatever the manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What was noticed about them, by code.
    pub outcomes: Vec<&'static str>,
    /// When they were made, by their own metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Where, by their own metadata, with the coordinate system where it is named.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Value>,
    /// Maker and model of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// How long a film is, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Width, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
}

/// What was found in the originals of a manifest, as it is shown.
pub async fn views(db: &mut Session, document: DocumentId) -> Result<HashMap<Digest, MediaView>> {
    let examined = media::list_of_document(db, document).await?;
    let views = examined.into_iter().map(|(sha256, examined)| {
        let found = match examined {
            Examined::Found(found) => Some(found),
            Examined::Waiting => None,
        };
        (sha256, view(found))
    });
    Ok(views.collect())
}

fn view(found: Option<Found>) -> MediaView {
    let preview = match &found {
        None => "waiting",
        Some(found) if found.screen_px.is_some() => "made",
        Some(_) => "none",
    };
    let (size_px, no_preview) = found
        .as_ref()
        .map_or((None, None), |found| (found.size_px, found.no_preview));
    let device = found.as_ref().and_then(|found| found.device.clone());
    let fact = found.map(|found| found.fact).unwrap_or_default();
    MediaView {
        preview,
        no_preview: no_preview.map(MediaOutcome::code),
        media_type: Some(fact.media_type).filter(|known| !known.is_empty()),
        outcomes: fact.outcomes.iter().map(|it| it.code()).collect(),
        taken_at: fact.taken.map(|taken| rfc3339(taken.at_ms)),
        place: fact.place.map(|place| json!(place)),
        device,
        duration_ms: fact.duration_ms,
        width_px: size_px.map(|(width, _)| width),
        height_px: size_px.map(|(_, height)| height),
    }
}

/// Runs until it is dropped.
pub async fn run(app: App) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut running = FuturesUnordered::new();
    let mut under_way = BTreeSet::new();
    loop {
        if running.len() < cores {
            // Those that run here are among what was due before they were taken.
            let due = look(&app, cores + under_way.len())
                .await
                .unwrap_or_default();
            for due in due {
                if running.len() < cores && under_way.insert(due.sha256) {
                    let app = app.clone();
                    running.push(async move { (due.sha256, attempt(&app, due).await) });
                }
            }
        }
        tokio::select! {
            Some((sha256, attempted)) = running.next() => {
                under_way.remove(&sha256);
                if attempted.is_err() {
                    tracing::warn!(%sha256, "an original could not be examined; it is tried again");
                    tokio::time::sleep(REST).await;
                }
            }
            () = tokio::time::sleep(REST), if running.len() < cores => {}
        }
    }
}

async fn look(app: &App, most: usize) -> Result<Vec<Due>> {
    let mut db = app.store.read().await?;
    media::list_due(&mut db, app.now(), most).await
}

/// Takes one, examines it, and writes down what was found. An error is one of the database: the lease runs out.
async fn attempt(app: &App, due: Due) -> Result<()> {
    let lease = app.new_uuid().to_string();
    let mut tx = app.store.begin_beside().await?;
    let until = app.now() + MEDIA_LEASE_MS;
    let taken = media::take(&mut tx, due.sha256, &lease, until, app.now()).await?;
    tx.commit().await?;
    if !taken {
        return Ok(());
    }
    if due.attempts >= MEDIA_ATTEMPTS_MAX {
        return write(app, due.sha256, &lease, End::GivenUp, &given_up(), None).await;
    }
    let report = match examined(app, due, &lease).await {
        Ok(report) => report,
        Err(failure) => {
            tracing::warn!(sha256 = %due.sha256, error = %failure.why, "examining an original failed");
            let mut tx = app.store.begin_beside().await?;
            let again = app.now() + MEDIA_RETRY_MS;
            media::give_back(&mut tx, due.sha256, &lease, again, failure.counts).await?;
            return tx.commit().await;
        }
    };
    let hashes = report.preview.as_ref().ok().and_then(|made| made.hashes);
    write(
        app,
        due.sha256,
        &lease,
        End::Examined,
        &told(&report),
        hashes,
    )
    .await
}

/// Why an attempt came to nothing.
struct Failure {
    why: String,
    /// Whether it counts: a store that does not answer is no reason to give a file up.
    counts: bool,
}

impl From<ObjectsError> for Failure {
    fn from(error: ObjectsError) -> Self {
        Self {
            why: error.to_string(),
            counts: matches!(error, ObjectsError::Missing(_)),
        }
    }
}

/// Examines one and puts what was made of it into the store of objects.
async fn examined(app: &App, due: Due, lease: &str) -> Result<Report, Failure> {
    let mut original = Original {
        objects: app.objects.clone(),
        name: ObjectName::original(due.sha256),
        runtime: Handle::current(),
        size: due.size_bytes,
        at: 0,
        read: Bytes::new(),
        read_at: 0,
        failed: None,
    };
    let mut work = tokio::task::spawn_blocking(move || {
        let report = examine(&mut original, due.size_bytes);
        (report, original.failed)
    });
    let renewed = Duration::from_millis(MEDIA_LEASE_MS.unsigned_abs() / 3);
    let (report, failed) = loop {
        tokio::select! {
            done = &mut work => break done.map_err(|error| Failure {
                why: error.to_string(),
                counts: true,
            })?,
            () = tokio::time::sleep(renewed) => {
                // Whoever takes it over does the same work; nothing is lost by it.
                let _ = renew(app, due.sha256, lease).await;
            }
        }
    };
    if let Some(error) = failed {
        return Err(error.into());
    }
    let report = report.map_err(|error| Failure {
        why: error.to_string(),
        counts: true,
    })?;
    if let Ok(made) = &report.preview {
        for (name, rendition) in [(THUMBNAIL, &made.thumbnail), (SCREEN, &made.screen)] {
            let name = ObjectName::rendition(due.sha256, name);
            let bytes = Bytes::from(rendition.bytes.clone());
            app.objects.put_new(&name, bytes).await?;
        }
    }
    Ok(report)
}

async fn renew(app: &App, sha256: Digest, lease: &str) -> Result<()> {
    let mut tx = app.store.begin_beside().await?;
    media::renew(&mut tx, sha256, lease, app.now() + MEDIA_LEASE_MS).await?;
    tx.commit().await
}

fn told(report: &Report) -> Found {
    let screen_px = |made: &crate::media::preview::Preview| (made.screen.width, made.screen.height);
    Found {
        fact: report.fact(),
        device: report.metadata.device.clone(),
        size_px: report.size_px,
        screen_px: report.preview.as_ref().ok().map(screen_px),
        no_preview: report.preview.as_ref().err().copied(),
    }
}

fn given_up() -> Found {
    Found {
        fact: MediaFact {
            outcomes: BTreeSet::from([MediaOutcome::NotExamined]),
            ..MediaFact::default()
        },
        device: None,
        size_px: None,
        screen_px: None,
        no_preview: Some(MediaOutcome::NotExamined),
    }
}

/// Writes down what was found and what it looks like, marks the visits whose facts are others now, and rules them.
async fn write(
    app: &App,
    sha256: Digest,
    lease: &str,
    end: End,
    found: &Found,
    hashes: Option<Hashes>,
) -> Result<()> {
    let now = app.now();
    let mut tx = app.store.begin_beside().await?;
    locks::take(&mut tx, &[Lock::Pictures]).await?;
    if !media::finish(&mut tx, (sha256, lease), end, found, hashes, now).await? {
        return Ok(());
    }
    let mut concerned = media::list_visits(&mut tx, sha256).await?;
    if let Some(hashes) = hashes {
        let mut like = media::list_like(&mut tx, sha256, hashes).await?;
        like.truncate(REUSE_TOLD_MAX);
        media::insert_like(&mut tx, sha256, hashes, &like).await?;
        let others = media::list_visits_like(&mut tx, sha256, REUSE_TOLD_MAX).await?;
        concerned.extend(others);
    }
    dirty::mark(&mut tx, &visits(concerned), now).await?;
    tx.commit().await?;
    app.ruling_wanted.notify_one();
    Ok(())
}

/// An original in the store of objects, read where it is asked for, a piece at a time. Only for threads that may block.
struct Original {
    objects: Objects,
    name: ObjectName,
    runtime: Handle,
    size: u64,
    at: u64,
    read: Bytes,
    read_at: u64,
    /// What was no fault of the file.
    failed: Option<ObjectsError>,
}

impl Read for Original {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let known = self.read_at..self.read_at + self.read.len() as u64;
        if self.at >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        if !known.contains(&self.at) {
            let until = self.size.min(self.at + OBJECT_READ_BYTES);
            let read = self.objects.read(&self.name, self.at..until);
            self.read = self.runtime.block_on(read).map_err(|error| {
                let told = io::Error::other(error.to_string());
                self.failed = Some(error);
                told
            })?;
            self.read_at = self.at;
        }
        let from = (self.at - self.read_at) as usize;
        let piece = self.read.get(from..).unwrap_or_default();
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Original {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
