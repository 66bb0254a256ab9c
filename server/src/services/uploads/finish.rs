//! Finishes uploads whose bytes all came: reads them once, from the first part to the last, computes their hash on the way
//! and writes the original. Every step may be done again, by this process or another, so nothing is remembered but the
//! state in the database, and nobody waits for it at the start.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sync_core::limits::{UPLOAD_LEFT_TO_OTHERS_MS, UPLOADS_FINISHED_AT_ONCE, UPLOADS_LOOKED_AT};
use sync_core::model::{Digest, UploadId};
use tokio::sync::Notify;

use super::clean;
use crate::app::App;
use crate::objects::{ObjectName, ObjectWriter, ObjectsError};
use crate::problem::Problem;
use crate::services::evidence::{self, Proof};
use crate::store::uploads::{self, LOST, MISMATCH, Part, UploadRow, VERIFIED};

/// How long the job rests when it has nothing to do, or something failed.
const REST: Duration = Duration::from_secs(2);

/// Uploads that were finished by this process and are not looked at yet.
#[derive(Default)]
pub struct Finished {
    waiting: Mutex<BTreeSet<UploadId>>,
    told: Notify,
}

impl Finished {
    /// One more.
    pub fn add(&self, upload: UploadId) {
        self.lock().insert(upload);
        self.told.notify_one();
    }

    fn take(&self) -> Option<UploadId> {
        self.lock().pop_first()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<UploadId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until it is dropped.
pub async fn run(app: App) {
    // What another process finished is left to it for a while; at the start there may be none.
    let mut left = 0;
    let mut running = FuturesUnordered::new();
    let mut under_way = BTreeSet::new();
    let mut look_at = tokio::time::Instant::now();
    loop {
        while under_way.len() < UPLOADS_FINISHED_AT_ONCE
            && let Some(upload) = app.uploads.finished.take()
        {
            if under_way.insert(upload) {
                let app = app.clone();
                running.push(async move { (upload, finish(&app, upload).await) });
            }
        }
        tokio::select! {
            Some((upload, finished)) = running.next() => {
                under_way.remove(&upload);
                if finished.is_err() {
                    // The next look finds it again; meanwhile others have their turn.
                    left = 0;
                }
            }
            () = app.uploads.finished.told.notified(), if under_way.len() < UPLOADS_FINISHED_AT_ONCE => {}
            () = tokio::time::sleep_until(look_at) => {
                let before = app.now() - left;
                match look(&app, before).await {
                    Ok(found) => {
                        left = UPLOAD_LEFT_TO_OTHERS_MS;
                        for upload in found.into_iter().filter(|it| !under_way.contains(it)) {
                            app.uploads.finished.add(upload);
                        }
                    }
                    Err(_) => tracing::warn!("looking for finished uploads failed; it is tried again"),
                }
                look_at = tokio::time::Instant::now() + REST;
            }
        }
    }
}

async fn look(app: &App, before: i64) -> Result<Vec<UploadId>, Problem> {
    let mut db = app.store.read().await?;
    Ok(uploads::list_checking(&mut db, before, UPLOADS_LOOKED_AT).await?)
}

/// What the bytes of an upload turned out to be.
enum Found {
    /// Those of the manifest; the original is written.
    Same,
    /// Others, with this hash.
    Other(Digest),
    /// Not all of them are there.
    Missing,
}

/// Finishes one; again it changes nothing.
pub async fn finish(app: &App, id: UploadId) -> Result<(), Problem> {
    let mut db = app.store.read().await?;
    let row = uploads::find(&mut db, id).await?;
    let parts = uploads::list_parts(&mut db, id).await?;
    drop(db);
    let Some(row) = row.filter(|row| row.state == uploads::CHECKING) else {
        return Ok(());
    };
    let found = match check(app, &row, &parts).await {
        Ok(found) => found,
        Err(ObjectsError::Missing(_)) if there(app, &row).await? => Found::Same,
        Err(ObjectsError::Missing(_)) => Found::Missing,
        Err(error) => return Err(error.into()),
    };
    match found {
        Found::Same => verified(app, &row).await?,
        Found::Other(hash) => aside(app, &row, hash).await?,
        Found::Missing => {
            tracing::error!(upload = %id, "parts of a finished upload are gone; it is asked for again");
            if end(app, &row, LOST, None).await? {
                clean::parts_of(app, id).await?;
            }
        }
    }
    Ok(())
}

/// Hashes all parts, and keeps them as the original if the hash is right: what came in one part gets a second name where that
/// is possible, and all else is written on the way.
async fn check(app: &App, row: &UploadRow, parts: &[Part]) -> Result<Found, ObjectsError> {
    let original = ObjectName::original(row.sha256);
    // One copy for one hash: where it is there, these bytes only show that their device has them.
    if app.objects.size(&original).await?.is_some() {
        return read(app, row, parts, None).await;
    }
    if let [whole] = parts
        && let Some(name) = whole.name()
        && app.objects.folder().is_some()
    {
        let found = read(app, row, parts, None).await?;
        if !matches!(found, Found::Same) || app.objects.link_new(&name, &original).await? {
            return Ok(found);
        }
    }
    read(app, row, parts, Some(app.objects.writer(&original))).await
}

/// Hashes all parts, and hands them to a writer on the way; what it writes appears only if the hash is right.
async fn read(
    app: &App,
    row: &UploadRow,
    parts: &[Part],
    mut writer: Option<ObjectWriter>,
) -> Result<Found, ObjectsError> {
    let mut hash = Context::new(&SHA256);
    let mut offset = 0;
    for part in parts {
        let name = part.name().filter(|_| part.offset_bytes == offset);
        let Some(name) = name else {
            return Ok(Found::Missing);
        };
        let mut bytes = std::pin::pin!(app.objects.stream(&name, 0..part.size_bytes as u64));
        loop {
            let piece = match bytes.try_next().await {
                Ok(None) => break,
                Ok(Some(piece)) => piece,
                Err(error) => return give_up(writer, error).await,
            };
            hash.update(&piece);
            offset += piece.len() as i64;
            if let Some(open) = &mut writer
                && let Err(error) = open.put(piece).await
            {
                return give_up(writer, error).await;
            }
        }
        if offset != part.offset_bytes + part.size_bytes {
            return Ok(Found::Missing);
        }
    }
    let mut found = [0; 32];
    found.copy_from_slice(hash.finish().as_ref());
    let same = offset == row.size_bytes && Digest(found) == row.sha256;
    match (writer, same) {
        (Some(writer), true) => drop(writer.finish().await?),
        (Some(writer), false) => writer.abort().await,
        (None, _) => {}
    }
    Ok(match same {
        true => Found::Same,
        false => Found::Other(Digest(found)),
    })
}

async fn give_up(writer: Option<ObjectWriter>, error: ObjectsError) -> Result<Found, ObjectsError> {
    if let Some(writer) = writer {
        writer.abort().await;
    }
    Err(error)
}

/// Whether the original lies there whole, although parts are gone: after a restore of a backup that was made between the
/// two.
async fn there(app: &App, row: &UploadRow) -> Result<bool, Problem> {
    let original = ObjectName::original(row.sha256);
    if app.objects.size(&original).await? != Some(row.size_bytes as u64) {
        return Ok(false);
    }
    let mut hash = Context::new(&SHA256);
    let mut bytes = std::pin::pin!(app.objects.stream(&original, 0..row.size_bytes as u64));
    while let Some(piece) = bytes.try_next().await? {
        hash.update(&piece);
    }
    Ok(hash.finish().as_ref() == row.sha256.as_bytes())
}

async fn verified(app: &App, row: &UploadRow) -> Result<(), Problem> {
    let mut tx = app.store.begin_beside().await?;
    if !uploads::end_checking(&mut tx, row.upload_id, VERIFIED, app.now(), None).await? {
        return Ok(());
    }
    let proof = Proof {
        document_id: row.document_id,
        sha256: row.sha256,
        size_bytes: row.size_bytes,
        device_id: row.device_id,
    };
    evidence::verified(app, &mut tx, &proof).await?;
    tx.commit().await?;
    app.ruling_wanted.notify_one();
    clean::parts_of(app, row.upload_id).await
}

/// Keeps the bytes aside where they lie. The same wrong bytes for the same entry are kept once.
async fn aside(app: &App, row: &UploadRow, found: Digest) -> Result<(), Problem> {
    tracing::warn!(upload = %row.upload_id, "an upload has other bytes than its manifest names; it is kept aside");
    let mut db = app.store.read().await?;
    let again = uploads::is_aside(&mut db, row, found).await?;
    drop(db);
    if end(app, row, MISMATCH, Some(found)).await? && again {
        clean::parts_of(app, row.upload_id).await?;
    }
    Ok(())
}

/// Whether it was this process that ended it: then what is left is its to delete.
async fn end(
    app: &App,
    row: &UploadRow,
    state: &'static str,
    found: Option<Digest>,
) -> Result<bool, Problem> {
    let mut tx = app.store.begin_beside().await?;
    let ended = uploads::end_checking(&mut tx, row.upload_id, state, app.now(), found).await?;
    tx.commit().await?;
    Ok(ended)
}
