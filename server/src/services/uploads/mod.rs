//! Uploads (上传) of evidence: begun against an entry of a manifest, filled part by part, finished by a job. What tus says on
//! the wire is in `endpoints/uploads`; where an upload stands is the database's to say, however many servers there are.

pub mod clean;
pub mod finish;
pub mod receive;
pub mod writers;

use sync_core::limits::{UPLOAD_METADATA_BYTES_MAX, UPLOAD_UNFINISHED_MS, UPLOADS_PER_ENTRY_MAX};
use sync_core::model::UploadId;

use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::evidence::{self, Claim};
use crate::store::uploads::{self, CHECKING, MISMATCH, UPLOADING, UploadRow};

/// What the server remembers of uploads beside the database: who writes now, and what was finished here.
#[derive(Default)]
pub struct Uploads {
    /// The requests that write.
    pub writers: writers::Writers,
    /// What waits for its hash and was finished by this process.
    pub finished: finish::Finished,
}

/// Begins an upload. Asked for again before a byte came, it is the same one; afterwards it is another, so that a client
/// that forgot the first one may begin anew.
pub async fn create(
    app: &App,
    caller: &Principal,
    claim: Claim,
    metadata: String,
) -> Result<UploadRow, Problem> {
    let device_id = caller.needed_device()?;
    if metadata.len() > UPLOAD_METADATA_BYTES_MAX {
        let detail = format!("is longer than {UPLOAD_METADATA_BYTES_MAX} bytes");
        return Err(Problem::new(Code::HeaderInvalid).field("Upload-Metadata", detail));
    }
    let now = app.now();
    let empty = claim.size_bytes == 0;
    let row = UploadRow {
        upload_id: UploadId(app.new_uuid()),
        device_id,
        user_id: caller.user,
        document_id: claim.document_id,
        evidence_id: claim.evidence_id,
        sha256: claim.sha256,
        size_bytes: claim.size_bytes,
        metadata,
        state: if empty { CHECKING } else { UPLOADING }.to_owned(),
        offset_bytes: 0,
        claimed: false,
        created_at: now,
        touched_at: now,
        expires_at: now + UPLOAD_UNFINISHED_MS,
        finished_at: empty.then_some(now),
        found_sha256: None,
    };
    let mut tx = app.store.begin_beside().await?;
    evidence::may_upload(&mut tx, caller, &claim).await?;
    let created = uploads::insert(&mut tx, &row).await?;
    let found = match created {
        true => uploads::find(&mut tx, row.upload_id).await?,
        false => uploads::find_untouched(&mut tx, &row).await?,
    };
    // Somebody else's first byte came between the two statements: whoever asks again gets one of their own.
    let mut found = found.ok_or_else(|| Problem::new(Code::Overloaded).retry_after_s(1))?;
    if !created && now > found.expires_at {
        uploads::put_off(&mut tx, found.upload_id, row.expires_at).await?;
        found.expires_at = row.expires_at;
    }
    if created {
        // A client that forgets its uploads does not fill the disk with their beginnings.
        let unfinished = uploads::list_unfinished(&mut tx, &row).await?;
        let others = unfinished.iter().filter(|it| it.upload_id != row.upload_id);
        for old in others.skip(UPLOADS_PER_ENTRY_MAX - 1) {
            uploads::terminate(&mut tx, old.upload_id, now).await?;
        }
    }
    tx.commit().await?;
    if empty {
        app.uploads.finished.add(found.upload_id);
    }
    Ok(found)
}

/// An upload of the calling device; who asks for another's is told that there is none.
pub async fn own(app: &App, caller: &Principal, id: UploadId) -> Result<UploadRow, Problem> {
    let device = caller.needed_device()?;
    let mut db = app.store.read().await?;
    let found = uploads::find(&mut db, id).await?;
    found
        .filter(|row| row.device_id == device)
        .ok_or_else(|| Problem::new(Code::NotFound))
}

/// An upload that may be gone on with or is complete; the problem of one that is over.
pub async fn standing(app: &App, caller: &Principal, id: UploadId) -> Result<UploadRow, Problem> {
    let row = own(app, caller, id).await?;
    if row.state == MISMATCH {
        return Err(Problem::new(Code::UploadMismatch));
    }
    if !row.is_open_at(app.now()) && !row.is_complete() {
        return Err(Problem::new(Code::UploadGone));
    }
    Ok(row)
}

/// Where an upload stands once nobody writes it any more: whoever asks is about to go on, so what a connection that may be
/// dead has brought is kept, and the connection is done with.
pub async fn take_over(app: &App, caller: &Principal, id: UploadId) -> Result<UploadRow, Problem> {
    let row = standing(app, caller, id).await?;
    app.uploads.writers.end(id).await;
    if row.claimed && row.state == UPLOADING {
        // The request may be another server's.
        let mut tx = app.store.begin_beside().await?;
        uploads::unclaim(&mut tx, id).await?;
        tx.commit().await?;
    }
    standing(app, caller, id).await
}

/// Gives up an upload. One whose bytes all came and are not judged yet, or are kept aside, stays.
pub async fn terminate(app: &App, caller: &Principal, id: UploadId) -> Result<(), Problem> {
    standing(app, caller, id).await?;
    app.uploads.writers.end(id).await;
    let mut tx = app.store.begin_beside().await?;
    if !uploads::terminate(&mut tx, id, app.now()).await? {
        return Err(Problem::new(Code::UploadComplete));
    }
    tx.commit().await?;
    clean::parts_of(app, id).await
}
