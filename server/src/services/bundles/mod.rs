//! Bundles (证据包): a visit with everything that proves it, as one ZIP (docs/adr/0017-the-log-and-its-checkpoints.md). What is
//! in one is fixed when it is asked for; all but evidence is kept for a day, so that a cut download goes on with the same
//! bytes. In memory are those files and one piece of evidence at a time, however long the evidence is.

pub mod checking;
mod contents;
mod page;
pub mod zip;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use sm3::Digest as _;
use sync_core::limits::{EXPORT_ATTEMPTS_MAX, EXPORT_KEPT_MS, EXPORTS_SWEPT_MS};
use sync_core::model::{Digest, DocumentId};
use sync_core::proof::Signed;
use sync_core::proof::bundle::{self, BundlePayload};
use sync_core::proof::log::Line;
use uuid::Uuid;

use self::contents::{Contents, Made, form_of};
use self::zip::{Entry, Source, Stretch, layout};
use crate::access::Principal;
use crate::app::App;
use crate::crypto;
use crate::objects::{ObjectName, ObjectsError};
use crate::problem::{Code, Problem};
use crate::services::log::checkpoints::{self, Standing};
use crate::services::log::stamps;
use crate::services::{audit, forms, visits as dossiers};
use crate::store::evidence::EvidenceRow;
use crate::store::exports::{self, ExportRow, Sums};
use crate::store::log::{self, CheckpointRow};
use crate::store::sync::visits;
use crate::store::{Reader, Session};

/// Lines of a chain that are read at a time.
const LINES_AT_ONCE: u32 = 1_000;

/// How somebody goes on with a bundle that they have a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continues {
    /// They do not.
    No,
    /// With the one that they name.
    This(Uuid),
    /// With the last one: they ask for a range and name none.
    Last,
}

/// A bundle that can be sent.
pub struct Bundle {
    row: ExportRow,
    stretches: Vec<Stretch>,
    /// Whether it was made for this request, which is in its log.
    fresh: bool,
}

impl Bundle {
    fn of(row: ExportRow, fresh: bool) -> Result<Self, Problem> {
        let entries: Vec<Entry> =
            serde_json::from_str(&row.plan).map_err(|error| Problem::internal(&error))?;
        Ok(Self {
            stretches: layout(&entries),
            row,
            fresh,
        })
    }

    /// Its strong validator, in quotes.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.row.export_id)
    }

    /// How long it is.
    pub fn length(&self) -> u64 {
        self.stretches.iter().map(Stretch::length).sum()
    }

    /// Its bytes in a range, a piece at a time.
    pub fn bytes(
        self,
        app: &App,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, ObjectsError>> + Send + 'static {
        let objects = app.objects.clone();
        let files = Bytes::from(self.row.files);
        let mut at = 0;
        let mut parts = Vec::new();
        for stretch in self.stretches {
            let length = stretch.length();
            let from = range.start.clamp(at, at + length) - at;
            let to = range.end.clamp(at, at + length) - at;
            at += length;
            if from < to {
                parts.push((stretch, from..to));
            }
        }
        stream::iter(parts).flat_map(move |(stretch, part)| {
            let within = |bytes: Bytes, from: u64| {
                let place = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
                let piece = bytes.slice(place(from + part.start)..place(from + part.end));
                stream::once(async { Ok(piece) }).boxed()
            };
            match stretch {
                Stretch::Bytes(head) => within(head.into(), 0),
                Stretch::Data(Source::Files(from), _) => within(files.clone(), from),
                Stretch::Data(Source::Original(sha256), _) => {
                    objects.stream(&ObjectName::original(sha256), part).boxed()
                }
            }
        })
    }
}

/// The bundle of a visit for a caller who sees it: the one that they go on with, the last one where nothing but looks at the
/// visit was logged since, or a new one.
pub async fn open(
    app: &App,
    caller: &Principal,
    visit: DocumentId,
    continues: Continues,
    sm3: bool,
) -> Result<Bundle, Problem> {
    {
        let mut db = app.store.read().await?;
        if !visits::sees(&mut db, caller, visit).await? {
            return Err(Problem::new(Code::NotFound));
        }
        let since = app.now() - EXPORT_KEPT_MS;
        let found = match continues {
            Continues::This(id) => exports::find(&mut db, id, visit, caller.user).await?,
            _ => exports::find_latest(&mut db, visit, caller.user, since, sm3).await?,
        };
        if let Some(row) = found
            && (continues != Continues::No
                || (is_stamped(app, &row) && is_current(&mut db, &row).await?))
        {
            return Bundle::of(row, false);
        }
    }
    for _ in 0..EXPORT_ATTEMPTS_MAX {
        if let Some(row) = make(app, caller, visit, sm3).await? {
            return Bundle::of(row, true);
        }
    }
    Err(Problem::new(Code::Overloaded).detail("the visit is written to all the time"))
}

/// Whether it has a time stamp, where there is an authority to give one.
fn is_stamped(app: &App, row: &ExportRow) -> bool {
    app.authority.get().is_none() || row.plan.contains(bundle::STAMP)
}

/// Whether nothing but looks at the visit was logged since.
async fn is_current(db: &mut Session, row: &ExportRow) -> Result<bool, Problem> {
    let line = row.line.unsigned_abs();
    let since = log::list_lines(db, row.document_id, line, LINES_AT_ONCE).await?;
    let looks =
        |(_, text): &(u64, String)| Line::parse(text).is_some_and(|line| line.kind == log::AUDIT);
    Ok((since.len() as u64) < u64::from(LINES_AT_ONCE) && since.iter().all(looks))
}

/// Notes that somebody reads a bundle that was made before; the making of one is noted in itself.
pub async fn note_read(
    app: &App,
    caller: &Principal,
    bundle: &Bundle,
    range: Option<&Range<u64>>,
) -> Result<(), Problem> {
    if bundle.fresh {
        return Ok(());
    }
    let mut detail = json!({ "export_id": bundle.row.export_id });
    if let Some(range) = range {
        detail["range"] = json!([range.start, range.end]);
    }
    let subject = format!("visit:{}", bundle.row.document_id);
    let mut tx = app.store.begin_beside().await?;
    audit::record(app, &mut tx, caller, "visit.export_read", subject, detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes one; none where the visit was written to meanwhile.
async fn make(
    app: &App,
    caller: &Principal,
    visit: DocumentId,
    sm3: bool,
) -> Result<Option<ExportRow>, Problem> {
    let (export_id, made_at) = (app.new_uuid(), app.now());
    let mut tx = app.store.begin_beside().await?;
    let detail = json!({ "export_id": export_id, "sm3": sm3 });
    let subject = format!("visit:{visit}");
    audit::record(app, &mut tx, caller, "visit.exported", subject, detail).await?;
    tx.commit().await?;
    let dossier = dossiers::dossier(app, caller, visit).await?;
    let forms = printed(app, caller, visit, &dossier).await?;
    let Some((checkpoint, standing, mut db)) = stands(app, visit).await? else {
        return Ok(None);
    };
    let mut lines = Vec::new();
    loop {
        let after = lines.len() as u64;
        let page = log::list_lines(&mut db, visit, after, LINES_AT_ONCE).await?;
        if page.is_empty() {
            break;
        }
        lines.extend(page.into_iter().map(|(_, text)| text));
    }
    let line = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let made = Made {
        visit,
        export_id: export_id.to_string(),
        made_at,
        lines,
        standing,
        checkpoint,
        dossier: &dossier,
        forms,
    };
    let contents = contents::collect(app, &mut db, caller, made).await?;
    let originals: Vec<EvidenceRow> = contents.originals.values().cloned().collect();
    let hashes: Vec<Digest> = originals.iter().map(|it| it.entry.sha256).collect();
    let known = exports::list_sums(&mut db, hashes).await?;
    drop(db);
    let mut sums = BTreeMap::new();
    for row in &originals {
        let sha256 = row.entry.sha256;
        let found = match known.get(&sha256) {
            Some(found) if !sm3 || found.sm3.is_some() => *found,
            _ => read_sums(app, row, sm3).await?,
        };
        sums.insert(sha256, found);
    }
    let row = fixed(
        app,
        caller,
        contents,
        &sums,
        (visit, export_id, made_at),
        (line, sm3),
    )?;
    let mut tx = app.store.begin_beside().await?;
    exports::insert(&mut tx, &row).await?;
    tx.commit().await?;
    metrics::counter!("fieldseal_exports_total").increment(1);
    Ok(Some(row))
}

/// A checkpoint under which the whole chain stands, and the snapshot in which it does.
async fn stands(
    app: &App,
    visit: DocumentId,
) -> Result<Option<(CheckpointRow, Standing, Reader)>, Problem> {
    let made = checkpoints::make(app).await?;
    // A bundle waits a little for its time stamp, and goes without where the authority does not answer.
    stamps::try_now(app, made).await?;
    let mut db = app.store.read().await?;
    let checkpoint = checkpoints::find(&mut db, None).await?;
    let leaves = checkpoint.payload.leaves;
    let standing = checkpoints::standing(&mut db, visit, leaves).await?;
    let head = log::find_head(&mut db, visit).await?;
    Ok(standing
        .filter(|it| it.leaf.head == head)
        .map(|standing| (checkpoint, standing, db)))
}

/// The forms (纸质文书) of what is sealed.
async fn printed(
    app: &App,
    caller: &Principal,
    visit: DocumentId,
    dossier: &dossiers::Dossier,
) -> Result<Vec<(String, String)>, Problem> {
    let mut printed = BTreeMap::new();
    for seal in &dossier.seals {
        let subject = serde_json::from_value(seal["statement"]["subject"].clone())
            .or_else(|_| serde_json::from_value(seal["subject"].clone()));
        let Some((kind, id)) = subject.ok().as_ref().and_then(form_of) else {
            continue;
        };
        match forms::render(app, caller, visit, (&kind, &id), true).await {
            Ok(form) => drop(printed.insert(form.filename, form.html)),
            // A kind of record that has no form.
            Err(problem) if problem.code() == Code::FormUnknown => {}
            Err(problem) if problem.code() == Code::FormSubjectUnknown => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(printed.into_iter().collect())
}

/// Reads an original once for its sums; that it has the bytes that were verified is seen on the way.
async fn read_sums(app: &App, row: &EvidenceRow, sm3: bool) -> Result<Sums, Problem> {
    let sha256 = row.entry.sha256;
    let length = row.entry.size_bytes.unsigned_abs();
    let mut bytes = std::pin::pin!(app.objects.stream(&ObjectName::original(sha256), 0..length));
    let mut hash = Context::new(&SHA256);
    let mut crc = crc32fast::Hasher::new();
    let mut other = sm3::Sm3::new();
    let mut read = 0;
    while let Some(piece) = bytes.try_next().await? {
        hash.update(&piece);
        crc.update(&piece);
        if sm3 {
            other.update(&piece);
        }
        read += piece.len() as u64;
    }
    if hash.finish().as_ref() != sha256.as_bytes() || read != length {
        tracing::error!(%sha256, "an original that was verified has other bytes now");
        let detail =
            format!("the original {sha256} is not what was verified; see `fieldseal audit`");
        return Err(Problem::new(Code::StorageUnavailable).detail(detail));
    }
    let sums = Sums {
        crc32: crc.finalize(),
        sm3: sm3.then(|| Digest(other.finalize().into())),
    };
    let mut tx = app.store.begin_beside().await?;
    exports::put_sums(&mut tx, sha256, sums).await?;
    tx.commit().await?;
    Ok(sums)
}

fn sm3_of(bytes: &[u8]) -> Digest {
    let mut hash = sm3::Sm3::new();
    hash.update(bytes);
    Digest(hash.finalize().into())
}

/// Lists sums, signs them, and says what lies where.
fn fixed(
    app: &App,
    caller: &Principal,
    contents: Contents,
    sums: &BTreeMap<Digest, Sums>,
    (visit, export_id, made_at): (DocumentId, Uuid, i64),
    (line, sm3): (i64, bool),
) -> Result<ExportRow, Problem> {
    let Contents {
        mut files,
        originals,
        ..
    } = contents;
    if sm3 {
        let own = files
            .iter()
            .map(|(name, bytes)| (name, Some(sm3_of(bytes))));
        let media = originals.iter();
        let media =
            media.map(|(name, row)| (name, sums.get(&row.entry.sha256).and_then(|it| it.sm3)));
        let listed = BTreeMap::from_iter(own.chain(media));
        let text: String = listed
            .into_iter()
            .filter_map(|(name, hash)| Some(format!("{}  {name}\n", hash?)))
            .collect();
        files.insert(bundle::SM3_SUMS.to_owned(), text.into_bytes());
    }
    let own = files
        .iter()
        .map(|(name, bytes)| (name.clone(), Digest(crypto::sha256(bytes))));
    let media = originals.iter();
    let media = media.map(|(name, row)| (name.clone(), row.entry.sha256));
    let listed = BTreeMap::from_iter(own.chain(media));
    let list: String = listed
        .iter()
        .map(|(name, hash)| format!("{hash}  {name}\n"))
        .collect();
    let key_id = app.keys.key_id();
    let payload = BundlePayload {
        document_id: visit,
        sums: Digest(crypto::sha256(list.as_bytes())),
        export_id: export_id.to_string(),
        made_at_ms: made_at,
        key_id,
    };
    let payload = serde_json::to_string(&payload).map_err(|error| Problem::internal(&error))?;
    let message = Signed::<BundlePayload>::message(&payload);
    let signature = app.keys.sign_bytes(&message).to_vec();
    files.insert(bundle::SUMS.to_owned(), list.into_bytes());
    files.insert(bundle::STATEMENT.to_owned(), message);
    files.insert(bundle::STATEMENT_SIGNATURE.to_owned(), signature);
    let mut entries = Vec::new();
    let mut kept = Vec::new();
    for (name, bytes) in files {
        entries.push(Entry {
            name,
            size: bytes.len() as u64,
            crc32: crc32fast::hash(&bytes),
            source: Source::Files(kept.len() as u64),
        });
        kept.extend(bytes);
    }
    for (name, row) in originals {
        let sha256 = row.entry.sha256;
        entries.push(Entry {
            name,
            size: row.entry.size_bytes.unsigned_abs(),
            crc32: sums.get(&sha256).map_or(0, |it| it.crc32),
            source: Source::Original(sha256),
        });
    }
    let length: u64 = layout(&entries).iter().map(Stretch::length).sum();
    Ok(ExportRow {
        export_id,
        document_id: visit,
        user: caller.user,
        made_at,
        line,
        sm3,
        size_bytes: i64::try_from(length).unwrap_or(i64::MAX),
        plan: serde_json::to_string(&entries).map_err(|error| Problem::internal(&error))?,
        files: kept,
    })
}

/// Drops what is in bundles that nobody goes on with any more, until it is dropped itself.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(Duration::from_millis(EXPORTS_SWEPT_MS)).await;
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "old bundles were not dropped; it is tried again");
        }
    }
}

async fn sweep(app: &App) -> Result<(), Problem> {
    let mut tx = app.store.begin_beside().await?;
    exports::forget(&mut tx, app.now() - EXPORT_KEPT_MS).await?;
    tx.commit().await?;
    Ok(())
}
