//! Takes in the bytes of a request. They become objects of [`OBJECT_WRITE_BYTES`] at most, or of what came in
//! [`UPLOAD_PART_AGE_S`], and the offset moves after each of them: of a request that is cut everything that was read is kept.
//! Whatever the length of the file, no more than one such part is in memory.

use std::time::Duration;

use aws_lc_rs::digest::{self, Context};
use axum::body::{BodyDataStream, Bytes};
use futures_util::StreamExt as _;
use sync_core::limits::{
    OBJECT_WRITE_BYTES, UPLOAD_DRAIN_S, UPLOAD_DRAINED_BYTES_MAX, UPLOAD_IDLE_S,
    UPLOAD_LAST_GAP_MS, UPLOAD_LAST_MS, UPLOAD_PART_AGE_S, UPLOAD_UNFINISHED_MS,
};
use sync_core::model::UploadId;
use tokio::time::{Instant, sleep_until, timeout};

use super::writers::Turn;
use crate::access::Principal;
use crate::app::App;
use crate::objects::ObjectName;
use crate::problem::{Code, Problem};
use crate::store::StoreError;
use crate::store::uploads::{self, CHECKING, Part, UploadRow};

/// Times that the offset is moved again after the database asked for it.
const ATTEMPTS_MAX: u32 = 8;

/// A hash that the client says its request has.
#[derive(Clone, Debug)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: &'static digest::Algorithm,
    /// What it is.
    pub value: Vec<u8>,
}

/// A request that brings bytes.
pub struct Bringing {
    /// Where they begin.
    pub offset: i64,
    /// How many there are, where the request says so.
    pub length: Option<u64>,
    /// Their hash: none of them counts unless all came and have it.
    pub checksum: Option<Checksum>,
    /// Whether the client waits to be told to go on before it sends them.
    pub waits: bool,
    /// They.
    pub body: BodyDataStream,
}

/// What became of a request.
pub struct Received {
    /// Where the upload stands now.
    pub row: UploadRow,
    /// Why not everything was taken.
    pub problem: Option<Problem>,
}

impl Received {
    fn refused(row: UploadRow, code: Code) -> Self {
        Self {
            row,
            problem: Some(Problem::new(code)),
        }
    }
}

/// Adds the bytes of a request to an upload of the caller's.
pub async fn append(
    app: &App,
    caller: &Principal,
    id: UploadId,
    bringing: Bringing,
) -> Result<Received, Problem> {
    let waits = bringing.waits;
    let mut left = None;
    let received = take_in(app, caller, id, bringing, &mut left).await;
    let refused = match &received {
        Ok(received) => received.problem.is_some(),
        Err(_) => true,
    };
    // A connection that is closed while its client still sends may lose the answer on its way.
    if let Some(body) = left.filter(|_| refused && !waits) {
        let drained = timeout(Duration::from_secs(UPLOAD_DRAIN_S), drain(body));
        let _ = drained.await;
    }
    received
}

async fn drain(mut body: BodyDataStream) {
    let mut drained = 0;
    while let Some(Ok(piece)) = body.next().await
        && drained < UPLOAD_DRAINED_BYTES_MAX
    {
        drained += piece.len();
    }
}

async fn take_in(
    app: &App,
    caller: &Principal,
    id: UploadId,
    bringing: Bringing,
    left: &mut Option<BodyDataStream>,
) -> Result<Received, Problem> {
    let body = left.insert(bringing.body);
    let row = super::standing(app, caller, id).await?;
    let turn = app.uploads.writers.enter(id, row.device_id).await?;
    let row = super::standing(app, caller, id).await?;
    if bringing.offset != row.offset_bytes {
        return Ok(Received::refused(row, Code::UploadOffsetConflict));
    }
    let wanted = row.size_bytes - row.offset_bytes;
    let told = bringing
        .length
        .map(|it| i64::try_from(it).unwrap_or(i64::MAX));
    if told.is_some_and(|length| length > wanted) {
        return Ok(Received::refused(row, Code::UploadTooLong));
    }
    if row.is_complete() {
        // A body of unknown length: there is no byte that it could hold.
        let problem = match body.next().await {
            Some(Ok(piece)) if !piece.is_empty() => Some(Problem::new(Code::UploadTooLong)),
            _ => None,
        };
        return Ok(Received { row, problem });
    }
    let claim: [u8; 16] = app.random();
    let mut tx = app.store.begin_beside().await?;
    if !uploads::claim(&mut tx, id, row.offset_bytes, claim).await? {
        return Ok(Received::refused(row, Code::UploadOffsetConflict));
    }
    tx.commit().await?;
    let checksum = bringing.checksum;
    let intake = Intake {
        app: app.clone(),
        offset: row.offset_bytes,
        row,
        claim,
        checksum: checksum.map(|it| (Context::new(it.algorithm), it.value)),
        pieces: Vec::new(),
        waiting: 0,
        held_back: Vec::new(),
    };
    let Some(body) = left.take() else {
        return Err(Problem::fault("the body of a part was taken before"));
    };
    // A task of its own: when the connection breaks the handler is dropped, and what was read is kept all the same.
    let running = tokio::spawn(intake.run(body, turn));
    let (received, body) = running.await.map_err(|error| Problem::internal(&error))?;
    *left = body;
    Ok(received)
}

struct Intake {
    app: App,
    row: UploadRow,
    claim: [u8; 16],
    /// Where the next part begins.
    offset: i64,
    /// The hash so far, and what it must become.
    checksum: Option<(Context, Vec<u8>)>,
    pieces: Vec<Bytes>,
    waiting: usize,
    /// Parts that are written and do not count until the checksum is known.
    held_back: Vec<Part>,
}

/// Why no more is read.
enum End {
    /// All of the request came.
    Whole,
    /// The connection broke.
    Cut,
    /// Nothing came for long.
    Idle,
    /// Somebody newer is here, or the server ends.
    Stopped,
    /// More came than belongs to the file.
    TooLong,
    /// A part could not be kept.
    Failed(Problem),
}

impl Intake {
    /// Gives the body back where its client may still be sending it.
    async fn run(
        mut self,
        mut body: BodyDataStream,
        mut turn: Turn,
    ) -> (Received, Option<BodyDataStream>) {
        let mut end = self.read(&mut body, &mut turn).await;
        if self.checksum.is_some() {
            end = self.settle(end).await;
        } else if !matches!(end, End::Failed(_))
            && let Err(problem) = self.flush().await
        {
            end = End::Failed(problem);
        }
        let sends = matches!(end, End::TooLong | End::Failed(_));
        let problem = match end {
            End::Whole => None,
            End::Cut => Some(Problem::new(Code::BodyUnreadable)),
            End::Idle => Some(Problem::new(Code::Timeout).retry_after_s(1)),
            End::Stopped => Some(Problem::new(Code::UploadTakenOver)),
            End::TooLong => Some(Problem::new(Code::UploadTooLong)),
            End::Failed(problem) => Some(problem),
        };
        if self.row.state == CHECKING {
            self.app.uploads.finished.add(self.row.upload_id);
        }
        drop(turn);
        let received = Received {
            row: self.row,
            problem,
        };
        (received, sends.then_some(body))
    }

    async fn read(&mut self, body: &mut BodyDataStream, turn: &mut Turn) -> End {
        let idle = Duration::from_secs(UPLOAD_IDLE_S);
        let age = Duration::from_secs(UPLOAD_PART_AGE_S);
        let mut heard = Instant::now();
        let mut oldest = None;
        // When it must end, once it was told to: what the network has delivered by then is read, and no more waited for.
        let mut ends_at = None;
        loop {
            let silent_at = match ends_at {
                Some(at) => (heard + Duration::from_millis(UPLOAD_LAST_GAP_MS)).min(at),
                None => heard + idle,
            };
            let piece = tokio::select! {
                biased;
                // Closed only when the table is gone, and the server with it.
                _ = turn.stop.changed(), if ends_at.is_none() => {
                    heard = Instant::now();
                    ends_at = Some(heard + Duration::from_millis(UPLOAD_LAST_MS));
                    continue;
                }
                () = sleep_until(oldest.unwrap_or(heard) + age), if oldest.is_some() => {
                    oldest = None;
                    if let Err(problem) = self.flush().await {
                        return End::Failed(problem);
                    }
                    continue;
                }
                piece = body.next() => piece,
                () = sleep_until(silent_at) => {
                    return match ends_at {
                        Some(_) => End::Stopped,
                        None => End::Idle,
                    };
                }
            };
            if ends_at.is_some_and(|at| Instant::now() >= at) {
                // A sender that is alive could go on like this for ever.
                return End::Stopped;
            }
            heard = Instant::now();
            let mut piece = match piece {
                None => return End::Whole,
                Some(Err(_)) => return End::Cut,
                Some(Ok(piece)) => piece,
            };
            let left = self.row.size_bytes - self.offset - self.waiting as i64;
            let too_long = i64::try_from(piece.len()).unwrap_or(i64::MAX) > left;
            if too_long {
                piece.truncate(usize::try_from(left).unwrap_or(0));
            }
            if let Some((hash, _)) = &mut self.checksum {
                hash.update(&piece);
            }
            while self.waiting + piece.len() >= OBJECT_WRITE_BYTES {
                let first = piece.split_to(OBJECT_WRITE_BYTES - self.waiting);
                self.keep(first);
                oldest = None;
                if let Err(problem) = self.flush().await {
                    return End::Failed(problem);
                }
            }
            if !piece.is_empty() {
                self.keep(piece);
                oldest.get_or_insert(heard);
            }
            if too_long {
                return End::TooLong;
            }
        }
    }

    fn keep(&mut self, piece: Bytes) {
        self.waiting += piece.len();
        self.pieces.push(piece);
    }

    /// Makes what is in memory a part.
    async fn flush(&mut self) -> Result<(), Problem> {
        if self.waiting == 0 {
            return Ok(());
        }
        let size_bytes = self.waiting as i64;
        let name = ObjectName::part(self.row.upload_id, self.offset, self.app.random());
        self.waiting = 0;
        let pieces = std::mem::take(&mut self.pieces);
        self.app.objects.put_pieces(&name, pieces).await?;
        let part = Part {
            offset_bytes: self.offset,
            size_bytes,
            object: name.as_str().to_owned(),
        };
        if self.checksum.is_some() {
            self.offset += size_bytes;
            self.held_back.push(part);
            return Ok(());
        }
        self.advance(vec![part]).await?;
        self.offset += size_bytes;
        Ok(())
    }

    /// Takes all that came, or none of it.
    async fn settle(&mut self, end: End) -> End {
        let flushed = self.flush().await;
        let parts = std::mem::take(&mut self.held_back);
        let right = self
            .checksum
            .take()
            .is_some_and(|(hash, value)| hash.finish().as_ref() == value);
        let end = match (end, flushed) {
            (End::Whole, Ok(())) if right => {
                return match self.advance(parts).await {
                    Ok(()) => End::Whole,
                    Err(problem) => End::Failed(problem),
                };
            }
            (End::Whole, Ok(())) => End::Failed(Problem::new(Code::ChecksumMismatch)),
            (_, Err(problem)) => End::Failed(problem),
            (end, Ok(())) => end,
        };
        self.forget(&parts).await;
        end
    }

    async fn advance(&mut self, parts: Vec<Part>) -> Result<(), Problem> {
        match self.try_advance(&parts).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.forget(&parts).await;
                Err(Problem::new(Code::UploadTakenOver))
            }
            // Whether it moved is not known, so the parts stay: one that does not count is swept up later.
            Err(error) => Err(error.into()),
        }
    }

    async fn try_advance(&mut self, parts: &[Part]) -> Result<bool, StoreError> {
        let mut attempt = 0;
        loop {
            let now = self.app.now();
            let times = (now, now + UPLOAD_UNFINISHED_MS);
            let moved = self.commit(parts, times).await;
            match moved {
                Err(StoreError::Retry) if attempt < ATTEMPTS_MAX => attempt += 1,
                other => return other,
            }
        }
    }

    async fn commit(&mut self, parts: &[Part], times: (i64, i64)) -> Result<bool, StoreError> {
        let id = self.row.upload_id;
        let mut tx = self.app.store.begin_beside().await?;
        if !uploads::advance(&mut tx, id, self.claim, parts, times).await? {
            return Ok(false);
        }
        let row = uploads::find(&mut tx, id).await?;
        tx.commit().await?;
        if let Some(row) = row {
            self.row = row;
        }
        Ok(true)
    }

    async fn forget(&self, parts: &[Part]) {
        for name in parts.iter().filter_map(Part::name) {
            // What stays of it is swept up later.
            let _ = self.app.objects.delete(&name).await;
        }
    }
}
