//! One file on its way to the server over tus 1.0, as events → effects: creation, where the server stands (HEAD), parts
//! with their checksums (PATCH), and what follows when any of it is cut, refused, forgotten or kept aside. The server's
//! offset is authoritative: after every doubt it is asked for, and never is more sent again than one part. Where the bytes
//! themselves are in doubt the phone reads its own copy first: a right one goes up anew, a damaged one is not sent again.
//!
//! Like the session of a sync it has no clock, no randomness and no IO, and may be thrown away at any point: where the
//! upload lies is in the store before its first byte is sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::retry::wait_ms;
use super::session::{Failure, Moment, Outcome, Patience};
use crate::limits::{
    SYNC_RETRY_AFTER_MS_MAX, UPLOAD_PART_BYTES_FIRST, UPLOAD_PART_BYTES_MAX, UPLOAD_PART_BYTES_MIN,
    UPLOAD_STUCK_MAX,
};
use crate::model::{Digest, DocumentId, EvidenceId, is_media_type};

/// The version that both sides speak.
pub const TUS_VERSION: &str = "1.0.0";
/// Where uploads are created; each lies below.
pub const UPLOADS_PATH: &str = "/v1/uploads";
/// A checksum that does not fit its part.
pub const CHECKSUM_MISMATCH: u16 = 460;
/// Code under which the server says that no manifest that it has names the file: its visit goes first.
pub const NOT_LISTED: &str = "evidence_unlisted";
/// Code of a copy on the phone that is no longer what the manifest names.
pub const DAMAGED: &str = "evidence.damaged";

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: u64,
    /// The visit whose manifest names it.
    pub document_id: DocumentId,
    /// Its entry there.
    pub evidence_id: EvidenceId,
    /// As `image/jpeg`.
    pub media_type: String,
    /// Where an upload of it lies already.
    pub upload: Option<UploadPath>,
}

impl Piece {
    /// `Upload-Metadata`.
    pub fn metadata(&self) -> String {
        let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
        let mut pairs = vec![
            pair("sha256", &self.sha256.to_string()),
            pair("document_id", &self.document_id.to_string()),
            pair("evidence_id", &self.evidence_id.to_string()),
        ];
        // The manifest has it in any case; what is none, at any length, does not keep the bytes from going.
        if is_media_type(&self.media_type) {
            pairs.push(pair("filetype", &self.media_type));
        }
        pairs.join(",")
    }
}

/// Where an upload lies on the server: a path below [`UPLOADS_PATH`]. Whatever host a `Location` names, the phone goes on
/// talking to its own server: nobody on the way gets its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPath(String);

impl UploadPath {
    /// From a `Location` header, or as it was kept.
    pub fn from_location(location: &str) -> Option<Self> {
        let (_, id) = location.rsplit_once(&format!("{UPLOADS_PATH}/"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let sound = !id.is_empty() && id.len() <= 128 && id.chars().all(plain);
        sound.then(|| Self(format!("{UPLOADS_PATH}/{id}")))
    }

    /// As it is asked for.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an answer says of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// 201, 204, …
    pub status: u16,
    /// Our server spoke: the answer bears `Tus-Resumable` or one of its problems. Anybody else on the way (a captive
    /// portal, a proxy) has nothing to say about the file.
    pub ours: bool,
    /// Code of the problem; a HEAD has none.
    pub code: String,
    /// `Location`
    pub location: Option<String>,
    /// `Upload-Offset`
    pub offset: Option<u64>,
    /// `Upload-Length`
    pub length: Option<u64>,
    /// `Retry-After` in milliseconds.
    pub retry_after_ms: Option<i64>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Begin.
    Started,
    /// Some answer came whole.
    Answered(Answer),
    /// None did.
    Failed(Failure),
    /// What was to be kept is durable.
    Kept,
    /// There is a fresh access token.
    Refreshed,
    /// There can be none without a person.
    LoginNeeded,
    /// The time to wait is over.
    Woke,
    /// The phone's copy was read whole.
    Read {
        /// It hashes to what the manifest names.
        sound: bool,
    },
}

/// What is to be done, in order; at most one of them leads to a later event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// POST to [`UPLOADS_PATH`] with length and metadata: `Answered` or `Failed`.
    Create,
    /// Keep where the upload lies, or that it lies nowhere: `Kept`.
    Keep(Option<UploadPath>),
    /// HEAD: `Answered` or `Failed`.
    Ask(UploadPath),
    /// PATCH with these bytes of the file and their checksum: `Answered` or `Failed`.
    Send {
        /// Whereto.
        upload: UploadPath,
        /// From which byte.
        offset: u64,
        /// How many, at most [`UPLOAD_PART_BYTES_MAX`].
        bytes: u64,
    },
    /// Get a new access token: `Refreshed`, `LoginNeeded` or `Failed`.
    RefreshToken,
    /// Wait, then `Woke`.
    Wait {
        /// How long.
        milliseconds: i64,
    },
    /// Read the phone's copy and hash it: `Read`.
    Verify,
    /// So much the server has.
    Progress {
        /// Of the file.
        sent_bytes: u64,
    },
    /// The end; no event follows.
    Done(End),
}

/// How it ended for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The server has every byte and checks them.
    Sent,
    /// The manifest that names the file has not been received: its visit goes first.
    Held,
    /// The server will not have this file, whoever tries: it goes aside with the reason and blocks no other.
    Aside {
        /// Stable.
        code: String,
    },
    /// Another time; where the upload lies stays.
    Later {
        /// As a sync would say it.
        because: Outcome,
        /// The last failure's code.
        code: String,
        /// When, on the monotonic clock, if it was said.
        retry_in_ms: Option<i64>,
        /// Whether any other file would meet the same.
        for_all: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Creating,
    Keeping { offset: u64 },
    Forgetting,
    Asking,
    Sending { offset: u64 },
    Refreshing,
    Waiting,
    Verifying(Doubt),
    Finished,
}

/// Why the phone's copy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// The upload is gone, perhaps because other bytes came than the manifest names.
    Gone,
    /// Parts keep arriving otherwise than they were read.
    OnTheWay,
}

/// The conversation about one file.
#[derive(Debug)]
pub struct Upload {
    piece: Piece,
    patience: Patience,
    state: State,
    /// Grows while it goes well, halves when a request broke: what is on a slow line must be through before it times out.
    part_bytes: u64,
    /// The furthest that the server ever was.
    reached: Option<u64>,
    /// Answers in a row that brought it no further.
    stuck: u32,
    /// Times that the server no longer knew what it had begun.
    forgotten: u32,
    mismatches: u32,
    failures: u32,
    refreshed: bool,
    last_error: String,
}

/// So many parts in a row whose checksums do not fit are no accident of the way.
const MISMATCHES_MAX: u32 = 3;

impl Upload {
    /// One that has not begun; `part_bytes` is what an upload before it came to, if there was one.
    pub fn new(piece: Piece, patience: Patience, part_bytes: Option<u64>) -> Self {
        let part_bytes = part_bytes.unwrap_or(UPLOAD_PART_BYTES_FIRST);
        Self {
            piece,
            patience,
            state: State::Idle,
            part_bytes: part_bytes.clamp(UPLOAD_PART_BYTES_MIN, UPLOAD_PART_BYTES_MAX),
            reached: None,
            stuck: 0,
            forgotten: 0,
            mismatches: 0,
            failures: 0,
            refreshed: false,
            last_error: String::new(),
        }
    }

    /// What is sent.
    pub fn piece(&self) -> &Piece {
        &self.piece
    }

    /// What this line carries at a time.
    pub fn part_bytes(&self) -> u64 {
        self.part_bytes
    }

    /// Takes what happened and says what to do; an event that does not fit the moment does nothing.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        match (self.state, event) {
            (State::Idle | State::Waiting, Event::Started | Event::Woke)
            | (State::Refreshing, Event::Refreshed) => self.resume(),
            (State::Refreshing, Event::LoginNeeded) => self.later(Outcome::LoginNeeded, None, true),
            (State::Keeping { offset }, Event::Kept) => self.stands(offset),
            (State::Forgetting, Event::Kept) => self.create(),
            (State::Verifying(_), Event::Read { sound: false }) => self.finish(End::Aside {
                code: DAMAGED.to_owned(),
            }),
            (State::Verifying(Doubt::Gone), Event::Read { sound: true }) => self.anew(),
            // Somebody on the way changes what passes: another time, perhaps by another way.
            (State::Verifying(Doubt::OnTheWay), Event::Read { sound: true }) => {
                self.later(Outcome::Busy, None, false)
            }
            (State::Creating, Event::Answered(answer)) => self.created(now, answer),
            (State::Asking, Event::Answered(answer)) => self.told(now, answer),
            (State::Sending { .. }, Event::Answered(answer)) => self.sent(now, answer),
            (
                State::Creating | State::Asking | State::Sending { .. } | State::Refreshing,
                Event::Failed(failure),
            ) => self.broke(now, failure),
            _ => Vec::new(),
        }
    }

    fn create(&mut self) -> Vec<Effect> {
        self.state = State::Creating;
        vec![Effect::Create]
    }

    /// From wherever it stands. What was sent before this conversation, or before it was cut, only the server knows.
    fn resume(&mut self) -> Vec<Effect> {
        match self.piece.upload.clone() {
            None => self.create(),
            Some(upload) => {
                self.state = State::Asking;
                vec![Effect::Ask(upload)]
            }
        }
    }

    fn created(&mut self, now: Moment, answer: Answer) -> Vec<Effect> {
        if !answer.ours || !(200..300).contains(&answer.status) {
            return self.refused(now, answer);
        }
        // Another phone of the team was faster.
        if answer.offset == Some(self.piece.size_bytes) {
            return self.finish(End::Sent);
        }
        let upload = answer
            .location
            .as_deref()
            .and_then(UploadPath::from_location);
        let Some(upload) = upload else {
            return self.broke(now, Failure::Unreadable);
        };
        self.piece.upload = Some(upload.clone());
        self.state = State::Keeping {
            offset: answer.offset.unwrap_or(0),
        };
        vec![Effect::Keep(Some(upload))]
    }

    fn told(&mut self, now: Moment, answer: Answer) -> Vec<Effect> {
        if !answer.ours || !(200..300).contains(&answer.status) {
            return self.refused(now, answer);
        }
        let other_file = answer.length.is_some_and(|it| it != self.piece.size_bytes);
        match answer.offset {
            None => self.broke(now, Failure::Unreadable),
            Some(offset) if other_file || offset > self.piece.size_bytes => {
                tracing::warn!(offset, "an upload is of another length than its file");
                self.anew()
            }
            Some(offset) => self.stands(offset),
        }
    }

    fn sent(&mut self, now: Moment, answer: Answer) -> Vec<Effect> {
        if !answer.ours || !(200..300).contains(&answer.status) {
            return self.refused(now, answer);
        }
        match answer.offset {
            Some(offset) if offset <= self.piece.size_bytes => {
                self.part_bytes = (self.part_bytes * 2).min(UPLOAD_PART_BYTES_MAX);
                self.mismatches = 0;
                self.stands(offset)
            }
            _ => self.ask_again(),
        }
    }

    /// The server has so much.
    fn stands(&mut self, offset: u64) -> Vec<Effect> {
        let further = self.reached.is_none_or(|reached| offset > reached);
        if further {
            self.reached = Some(offset);
            (self.stuck, self.failures) = (0, 0);
        } else {
            self.stuck += 1;
        }
        // The token was good for this; when it lapses the next time it is another one.
        self.refreshed = false;
        let progress = Effect::Progress { sent_bytes: offset };
        let mut effects = vec![progress];
        effects.extend(match (&self.piece.upload, offset) {
            (_, offset) if offset >= self.piece.size_bytes => self.finish(End::Sent),
            _ if self.stuck > UPLOAD_STUCK_MAX => self.is_stuck(),
            (None, _) => self.anew(),
            (Some(upload), offset) => {
                let upload = upload.clone();
                self.state = State::Sending { offset };
                let bytes = self.part_bytes.min(self.piece.size_bytes - offset);
                vec![Effect::Send {
                    upload,
                    offset,
                    bytes,
                }]
            }
        });
        effects
    }

    fn is_stuck(&mut self) -> Vec<Effect> {
        self.last_error = "upload.stuck".to_owned();
        self.later(Outcome::Busy, None, false)
    }

    fn ask_again(&mut self) -> Vec<Effect> {
        self.stuck += 1;
        match self.stuck > UPLOAD_STUCK_MAX {
            true => self.is_stuck(),
            false => self.resume(),
        }
    }

    /// Before the bytes go up once more they are read once more.
    fn verify(&mut self, doubt: Doubt) -> Vec<Effect> {
        self.state = State::Verifying(doubt);
        vec![Effect::Verify]
    }

    /// The server no longer knows the upload, or it is of something else: it begins anew.
    fn anew(&mut self) -> Vec<Effect> {
        self.forgotten += 1;
        self.piece.upload = None;
        self.reached = None;
        if self.forgotten > UPLOAD_STUCK_MAX {
            return self.is_stuck();
        }
        self.state = State::Forgetting;
        vec![Effect::Keep(None)]
    }

    /// An answer that is not what was asked for.
    fn refused(&mut self, now: Moment, answer: Answer) -> Vec<Effect> {
        let (status, code) = (answer.status, answer.code.clone());
        let asked = answer
            .retry_after_ms
            .map(|asked| asked.clamp(0, SYNC_RETRY_AFTER_MS_MAX));
        self.last_error = match code.as_str() {
            "" => format!("http.{status}"),
            code => code.to_owned(),
        };
        let lies_somewhere = self.state != State::Creating;
        match (status, code.as_str()) {
            // Proxies say these of themselves: whose they are makes no difference.
            (408 | 425 | 429 | 500..=599, _) if status != 511 => {
                self.halve(status == 408);
                self.wait(now, asked, Outcome::Busy, true)
            }
            _ if !answer.ours => self.wait(now, None, Outcome::Offline, true),
            (401, _) if !self.refreshed => {
                self.refreshed = true;
                self.state = State::Refreshing;
                vec![Effect::RefreshToken]
            }
            (401, _) => self.later(Outcome::LoginNeeded, None, true),
            (403, "device_revoked") => self.later(Outcome::DeviceRevoked, None, true),
            (403, "device_unknown") => self.later(Outcome::EnrolmentNeeded, None, true),
            (403, "user_disabled") => self.later(Outcome::Forbidden, None, true),
            // Somebody else's visit by now, perhaps; another file may be another matter.
            (403, _) => self.later(Outcome::Forbidden, None, false),
            (404, _) if lies_somewhere => self.anew(),
            // Expired, given up, lost, or kept aside because of other bytes: a HEAD does not say which.
            (410, _) if lies_somewhere => self.verify(Doubt::Gone),
            (_, NOT_LISTED) => self.finish(End::Held),
            // A connection before this one still writes, or has written more than we heard of.
            (409, _) if lies_somewhere => self.ask_again(),
            (423, _) => self.wait(now, asked, Outcome::Busy, false),
            (CHECKSUM_MISMATCH, _) => {
                self.mismatches += 1;
                match self.mismatches >= MISMATCHES_MAX {
                    true => self.verify(Doubt::OnTheWay),
                    false => self.ask_again(),
                }
            }
            (412, _) => self.later(Outcome::Incompatible, None, true),
            _ => {
                let code = self.last_error.clone();
                self.finish(End::Aside { code })
            }
        }
    }

    /// No answer at all; what of it arrived the server says when it is asked.
    fn broke(&mut self, now: Moment, failure: Failure) -> Vec<Effect> {
        if let (State::Refreshing, Failure::Status { status, code, .. }) = (self.state, &failure) {
            self.last_error = failure.code();
            let asked = failure.asked_ms();
            return match (status, code.as_str()) {
                (403, "device_revoked") => self.later(Outcome::DeviceRevoked, None, true),
                (403, "device_unknown") => self.later(Outcome::EnrolmentNeeded, None, true),
                (403, "user_disabled") => self.later(Outcome::Forbidden, None, true),
                (401 | 403, code) if !code.is_empty() => {
                    self.later(Outcome::LoginNeeded, None, true)
                }
                (408 | 425 | 429 | 500..=510 | 512..=599, _) => {
                    self.wait(now, asked, Outcome::Busy, true)
                }
                _ => self.wait(now, None, Outcome::Offline, true),
            };
        }
        self.halve(matches!(self.state, State::Sending { .. }));
        self.last_error = failure.code();
        self.wait(now, failure.asked_ms(), Outcome::Offline, true)
    }

    fn halve(&mut self, broke: bool) {
        if broke {
            self.part_bytes = (self.part_bytes / 2).max(UPLOAD_PART_BYTES_MIN);
        }
    }

    fn wait(
        &mut self,
        now: Moment,
        asked_ms: Option<i64>,
        gave_up: Outcome,
        for_all: bool,
    ) -> Vec<Effect> {
        let milliseconds = wait_ms(self.failures, asked_ms, now.random);
        self.failures += 1;
        self.refreshed = false;
        if self.failures >= self.patience.attempts_max || milliseconds > self.patience.wait_ms_max {
            return self.later(gave_up, Some(milliseconds), for_all);
        }
        self.state = State::Waiting;
        vec![Effect::Wait { milliseconds }]
    }

    fn later(&mut self, because: Outcome, retry_in_ms: Option<i64>, for_all: bool) -> Vec<Effect> {
        let code = self.last_error.clone();
        self.finish(End::Later {
            because,
            code,
            retry_in_ms,
            for_all,
        })
    }

    fn finish(&mut self, end: End) -> Vec<Effect> {
        self.state = State::Finished;
        vec![Effect::Done(end)]
    }
}

#[cfg(test)]
mod tests;
