//! Ends uploads whose time is over, deletes the parts of those that are over, and sweeps up what requests and processes left
//! that were killed between an object and its row.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::TryStreamExt as _;
use sync_core::limits::{
    UPLOAD_ORPHAN_MS, UPLOAD_REMEMBERED_MS, UPLOADS_CLEANED_AT_ONCE, UPLOADS_SWEPT_S,
};
use sync_core::model::{Millis, UploadId};

use crate::app::App;
use crate::objects::{ObjectName, UPLOADS, is_staged};
use crate::problem::Problem;
use crate::store::uploads::{self, Part};

/// How long the job rests between two looks.
const REST: Duration = Duration::from_secs(10);

/// Runs until it is dropped.
pub async fn run(app: App) {
    let mut sweep_at = tokio::time::Instant::now();
    loop {
        if clean(&app).await.is_err() {
            tracing::warn!("cleaning uploads failed; it is tried again");
        }
        if tokio::time::Instant::now() >= sweep_at {
            sweep_at += Duration::from_secs(UPLOADS_SWEPT_S);
            if sweep(&app).await.is_err() {
                tracing::warn!("sweeping up objects of uploads failed; it is tried again");
            }
        }
        tokio::time::sleep(REST).await;
    }
}

/// Ends what is past its time and deletes the parts of what is over; gives how many uploads it cleaned.
pub async fn clean(app: &App) -> Result<usize, Problem> {
    loop {
        let mut tx = app.store.begin_beside().await?;
        let ended = uploads::expire(&mut tx, app.now(), UPLOADS_CLEANED_AT_ONCE).await?;
        tx.commit().await?;
        if ended == 0 {
            break;
        }
    }
    let mut cleaned = 0;
    loop {
        let mut db = app.store.read().await?;
        let ids = uploads::list_unclean(&mut db, UPLOADS_CLEANED_AT_ONCE).await?;
        let mut over = Vec::new();
        for id in ids {
            over.push((id, uploads::list_parts(&mut db, id).await?));
        }
        drop(db);
        let gone = delete(app, &over).await?;
        cleaned += gone;
        // What cannot be deleted stays among the first; the others come up behind it until nothing else is left.
        if gone == 0 {
            break;
        }
    }
    let mut tx = app.store.begin_beside().await?;
    let before = app.now() - UPLOAD_REMEMBERED_MS;
    uploads::forget(&mut tx, before, UPLOADS_CLEANED_AT_ONCE).await?;
    tx.commit().await?;
    Ok(cleaned)
}

/// Deletes the parts of one that is over.
pub(super) async fn parts_of(app: &App, id: UploadId) -> Result<(), Problem> {
    let mut db = app.store.read().await?;
    let parts = uploads::list_parts(&mut db, id).await?;
    drop(db);
    delete(app, &[(id, parts)]).await.map(drop)
}

/// Deletes the parts of some that are over; gives of how many all went. The objects first: a row without its object is
/// forgotten in the next round, an object without its row in the next sweep.
async fn delete(app: &App, over: &[(UploadId, Vec<Part>)]) -> Result<usize, Problem> {
    let mut gone = Vec::new();
    'uploads: for (id, parts) in over {
        for name in parts.iter().filter_map(Part::name) {
            if let Err(error) = app.objects.delete(&name).await {
                tracing::warn!(upload = %id, %error, "a part of an upload cannot be deleted; it is tried again");
                continue 'uploads;
            }
        }
        gone.push(*id);
    }
    let mut tx = app.store.begin_beside().await?;
    for id in &gone {
        uploads::clean(&mut tx, *id, app.now()).await?;
    }
    tx.commit().await?;
    Ok(gone.len())
}

/// Deletes objects of uploads that no row names, once they are old enough that no request can be about to name them.
pub async fn sweep(app: &App) -> Result<usize, Problem> {
    let before = app.now() - UPLOAD_ORPHAN_MS;
    let mut swept = 0;
    let mut listed = std::pin::pin!(app.objects.list(UPLOADS));
    while let Some(object) = listed.try_next().await? {
        if object.written_at > before || is_named(app, &object.name).await? {
            continue;
        }
        app.objects.delete(&object.name).await?;
        swept += 1;
    }
    if let Some(folder) = app.objects.folder() {
        let folder = folder.to_owned();
        let staged = tokio::task::spawn_blocking(move || sweep_staged(&folder, before));
        swept += staged.await.unwrap_or_default();
    }
    Ok(swept)
}

async fn is_named(app: &App, object: &ObjectName) -> Result<bool, Problem> {
    let upload = object.as_str().split('/').nth(1);
    let Some(upload) = upload.and_then(|id| id.parse().ok()) else {
        return Ok(true);
    };
    let mut db = app.store.read().await?;
    Ok(uploads::has_part(&mut db, upload, object.as_str()).await?)
}

/// What a process leaves that is killed while it writes a file. Gives how many there were.
fn sweep_staged(folder: &Path, before: Millis) -> usize {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };
    let mut swept = 0;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            swept += sweep_staged(&path, before);
            continue;
        }
        let name = entry.file_name();
        let staged = is_staged(&name.to_string_lossy());
        let written = entry.metadata().and_then(|it| it.modified()).ok();
        let age = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let old = age.is_some_and(|at| i64::try_from(at.as_millis()).is_ok_and(|at| at < before));
        if staged && old && std::fs::remove_file(&path).is_ok() {
            swept += 1;
        }
    }
    swept
}
