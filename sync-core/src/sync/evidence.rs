//! Evidence (影像) beside its documents: which file goes next, where each piece stands in the doctor's words, what a whole
//! visit says of its pieces, and which originals a phone may let go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::doctor::{QueuedBecause, Words, words};
use crate::document::{BoundDocument, Identity};
use crate::limits::{METERED_BYTES_MAX, PROGRESS_MS};
use crate::model::{Digest, DocumentId, EvidenceEntry, EvidenceId, EvidenceSubject, Millis};

/// A file that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The visit.
    pub document_id: DocumentId,
    /// Its entry in the manifest.
    pub evidence_id: EvidenceId,
    /// SHA-256.
    pub sha256: Digest,
    /// Its length.
    pub size_bytes: i64,
    /// As `video/mp4`.
    pub media_type: String,
    /// What it belongs to is sealed.
    pub sealed: bool,
    /// By the phone's clock.
    pub captured_at_ms: Millis,
    /// Its owner wants it to wait.
    pub paused: bool,
    /// The server has the change that names it.
    pub listed: bool,
    /// What the server last said it has of it, in bytes.
    pub sent_bytes: i64,
    /// The server has all of it, and has not signed for it.
    pub checking: bool,
}

/// The network that a phone is on, and what its owner lets go over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The host says that it costs.
    pub metered: bool,
    /// The largest file that goes all the same, in bytes; 0 lets none go.
    pub metered_bytes_max: i64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            metered: false,
            metered_bytes_max: METERED_BYTES_MAX,
        }
    }
}

impl Line {
    /// Whether a file of this size goes now.
    pub fn carries(&self, size_bytes: i64) -> bool {
        !self.metered || size_bytes <= self.metered_bytes_max
    }
}

/// Why a file does not go now; none where it may.
pub fn in_the_way(file: &Waiting, line: &Line) -> Option<WaitingBecause> {
    if file.paused {
        Some(WaitingBecause::Paused)
    } else if !file.listed {
        Some(WaitingBecause::VisitNotReceived)
    } else if !line.carries(file.size_bytes) {
        Some(WaitingBecause::Metered)
    } else {
        None
    }
}

/// What goes, in this order: films last, what is sealed before what is not, the small before the large, the older before
/// the newer; and after all of them what the server has whole and is asked about. Of one file that a visit names twice one
/// goes: the one that is farthest.
pub fn queue(mut files: Vec<Waiting>, line: &Line) -> Vec<Waiting> {
    files.retain(|file| in_the_way(file, line).is_none());
    files.sort_by_key(|it| {
        let film = it.media_type.starts_with("video/");
        let age = (it.captured_at_ms, it.document_id, it.evidence_id);
        (it.checking, film, !it.sealed, it.size_bytes, age)
    });
    let mut farthest: BTreeMap<(DocumentId, Digest), (bool, i64, EvidenceId)> = BTreeMap::new();
    for it in &files {
        let this = (it.checking, it.sent_bytes, it.evidence_id);
        let best = farthest.entry((it.document_id, it.sha256)).or_insert(this);
        if (this.0, this.1) > (best.0, best.1) {
            *best = this;
        }
    }
    files.retain(|it| farthest[&(it.document_id, it.sha256)].2 == it.evidence_id);
    files
}

/// What a phone has to do with an entry of a manifest: it has, or had, its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The file.
    pub file: Waiting,
    /// Its bytes lie on the phone.
    pub on_phone: bool,
    /// It goes up at this moment.
    pub going: bool,
    /// It is aside, for this reason.
    pub aside: Option<String>,
}

/// Of one file that a visit names several times one entry goes up, and what it brings it brings for all of them: each tells
/// what the farthest tells.
pub fn share(held: &mut [Held]) {
    let mut farthest: BTreeMap<(DocumentId, Digest), (bool, bool, i64)> = BTreeMap::new();
    for it in held.iter() {
        let best = farthest.entry((it.file.document_id, it.file.sha256));
        let (checking, going, sent_bytes) = best.or_default();
        *checking |= it.file.checking;
        *going |= it.going;
        *sent_bytes = (*sent_bytes).max(it.file.sent_bytes);
    }
    for it in held {
        let of_file = farthest[&(it.file.document_id, it.file.sha256)];
        (it.file.checking, it.going, it.file.sent_bytes) = of_file;
    }
}

/// Where an entry of a manifest stands on a phone: what a receipt says of it, what the phone holds of it, and why what waits
/// waits. A receipt of other bytes says nothing.
pub fn state_on_phone(
    entry: &EvidenceEntry,
    received: Option<&Received>,
    held: Option<&Held>,
    line: &Line,
    because: &QueuedBecause,
) -> EvidenceState {
    let own = |it: &&Received| it.sha256 == entry.sha256 && it.size_bytes == entry.size_bytes;
    if received.filter(own).is_some() {
        return EvidenceState::Verified;
    }
    let Some(held) = held else {
        return EvidenceState::Expected { because: None };
    };
    if let Some(code) = held.aside.clone() {
        return EvidenceState::Mismatch { code };
    }
    if held.file.checking {
        return EvidenceState::Checking;
    }
    let waits = in_the_way(&held.file, line).unwrap_or_else(|| match because {
        QueuedBecause::NotTried => WaitingBecause::Turn,
        because => WaitingBecause::Queued {
            because: because.clone(),
        },
    });
    if held.going || (held.on_phone && held.file.sent_bytes > 0) {
        return EvidenceState::Uploading {
            sent_bytes: held.file.sent_bytes,
            total_bytes: entry.size_bytes,
            because: (!held.going).then_some(waits),
        };
    }
    EvidenceState::Expected {
        because: held.on_phone.then_some(waits),
    }
}

/// Whether what a piece of evidence shows bears a seal; a visit as a whole bears none.
pub fn is_sealed<I: Identity>(document: &BoundDocument<I>, subject: &EvidenceSubject) -> bool {
    let sealed = subject.sealed_as();
    sealed.is_some_and(|subject| document.bears_seal(&subject))
}

/// Where a piece of evidence stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EvidenceState {
    /// In the manifest; none of its bytes is at the server.
    Expected {
        /// Why not, on the phone that has it; none where it lies on another phone, or nobody knows where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<WaitingBecause>,
    },
    /// Some of its bytes are there.
    Uploading {
        /// So many.
        sent_bytes: i64,
        /// Of.
        total_bytes: i64,
        /// Why no more of them come now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<WaitingBecause>,
    },
    /// All of its bytes are there; their hash is being computed.
    Checking,
    /// What lies at the server is what the manifest names.
    Verified,
    /// It cannot be taken as it is.
    Mismatch {
        /// Stable code.
        code: String,
    },
}

/// Why a file that a phone has does not go up now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "waits", rename_all = "snake_case")]
pub enum WaitingBecause {
    /// Others are before it, or nobody asked for it to go.
    Turn,
    /// Its owner said so.
    Paused,
    /// The network costs.
    Metered,
    /// The server does not know the visit that names it.
    VisitNotReceived,
    /// As a change would wait.
    Queued {
        /// For this.
        #[serde(flatten)]
        because: QueuedBecause,
    },
}

impl WaitingBecause {
    /// Stable.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Paused => "paused",
            Self::Metered => "metered",
            Self::VisitNotReceived => "held",
            Self::Queued { .. } => "queued",
        }
    }

    fn words(&self) -> Words {
        match self {
            Self::Turn => words("已保存在本机，等待上传", "saved here, waiting for its turn"),
            Self::Paused => words("已暂停", "paused"),
            Self::Metered => words("等待不计流量的网络", "waiting for an unmetered network"),
            Self::VisitNotReceived => words(
                "暂存：服务器还没有收到它所属的检查记录",
                "held: its visit has not been received",
            ),
            Self::Queued { because } => because.words(),
        }
    }
}

/// What a code of evidence that is aside means.
fn code_words(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "evidence.damaged" => (
            "本机文件与清单不符",
            "the file on this phone is no longer what the manifest names",
        ),
        "evidence.missing" => ("本机已没有该文件", "the file is no longer on this phone"),
        "evidence_differs" => (
            "清单中的内容与此文件不同",
            "the manifest at the server names other bytes",
        ),
        "upload_mismatch" => (
            "服务器收到的内容与清单不符",
            "what the server got is not what the manifest names",
        ),
        _ => return None,
    })
}

impl EvidenceState {
    /// One word, the same on phone, API and console.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Expected { .. } => "expected",
            Self::Uploading { .. } => "uploading",
            Self::Checking => "checking",
            Self::Verified => "verified",
            Self::Mismatch { .. } => "mismatch",
        }
    }

    /// Why it waits, where it waits on the phone that says so.
    pub fn because(&self) -> Option<&WaitingBecause> {
        match self {
            Self::Expected { because } | Self::Uploading { because, .. } => because.as_ref(),
            Self::Checking | Self::Verified | Self::Mismatch { .. } => None,
        }
    }

    /// Whether somebody should look at it.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Mismatch { .. } => true,
            Self::Checking | Self::Verified => false,
            Self::Expected { because } | Self::Uploading { because, .. } => match because {
                Some(WaitingBecause::Queued { because }) => because.needs_attention(),
                _ => false,
            },
        }
    }

    /// In words.
    pub fn words(&self) -> Words {
        match self {
            Self::Expected { because: None } => words("等待上传", "expected: no byte has arrived"),
            Self::Expected {
                because: Some(because),
            } => because.words(),
            Self::Uploading {
                sent_bytes,
                total_bytes,
                because,
            } => {
                let (sent, total) = out_of(*sent_bytes, *total_bytes);
                match because {
                    None => words(
                        format!("正在上传 {sent} / {total}"),
                        format!("uploading {sent} of {total}"),
                    ),
                    Some(because) => {
                        let why = because.words();
                        words(
                            format!("{}（已上传 {sent} / {total}）", why.zh),
                            format!("{} ({sent} of {total} uploaded)", why.en),
                        )
                    }
                }
            }
            Self::Checking => words(
                "已全部上传，服务器正在核对",
                "uploaded whole, the server is checking it",
            ),
            Self::Verified => words("服务器已核对", "verified by the server"),
            Self::Mismatch { code } => {
                let (zh, en) = code_words(code).unwrap_or(("不能采用", "it cannot be taken"));
                words(
                    format!("{zh}，已另行保留（{code}）"),
                    format!("{en}, kept aside ({code})"),
                )
            }
        }
    }
}

/// `3` and `7 MB`: as many digits as tell the two apart from nothing and from each other.
pub(super) fn out_of(sent_bytes: i64, total_bytes: i64) -> (String, String) {
    let (unit, name) = match total_bytes {
        1_000..=999_999 => (1_000, "KB"),
        1_000_000..=999_999_999 => (1_000_000, "MB"),
        ..1_000 => (1, "B"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = |bytes: i64| {
        let tenths = bytes.max(0).saturating_mul(10) / unit;
        match tenths % 10 {
            0 => format!("{}", tenths / 10),
            rest => format!("{}.{rest}", tenths / 10),
        }
    };
    let sent = tenths(sent_bytes.min(total_bytes));
    (sent, format!("{} {name}", tenths(total_bytes)))
}

/// What a visit says of its evidence, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceTally {
    /// Entries of the manifest.
    pub total: i64,
    /// Verified.
    pub verified: i64,
    /// At the server whole, not verified yet.
    pub checking: i64,
    /// At the server in part.
    pub uploading: i64,
    /// On this phone alone.
    pub on_the_phone: i64,
    /// Not at the server, and not known to be here.
    pub expected: i64,
    /// Set aside.
    pub mismatch: i64,
}

impl EvidenceTally {
    /// Counts.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a EvidenceState>) -> Self {
        let mut tally = Self::default();
        for state in states {
            tally.total += 1;
            *match state {
                EvidenceState::Verified => &mut tally.verified,
                EvidenceState::Checking => &mut tally.checking,
                EvidenceState::Uploading { .. } => &mut tally.uploading,
                EvidenceState::Expected { because: Some(_) } => &mut tally.on_the_phone,
                EvidenceState::Expected { because: None } => &mut tally.expected,
                EvidenceState::Mismatch { .. } => &mut tally.mismatch,
            } += 1;
        }
        tally
    }

    /// Every entry is verified.
    pub fn is_complete(&self) -> bool {
        self.verified == self.total
    }

    /// `3 of 7 verified, 2 uploading, 2 on the phone`.
    pub fn words(&self) -> Words {
        let mut zh = format!("共 {} 件影像，已核对 {} 件", self.total, self.verified);
        let mut en = format!("{} of {} verified", self.verified, self.total);
        for (count, zh_of, en_of) in [
            (self.checking, "核对中", "being checked"),
            (self.uploading, "上传中", "uploading"),
            (self.on_the_phone, "在本机", "on the phone"),
            (self.expected, "未到", "expected"),
            (self.mismatch, "不符", "kept aside"),
        ] {
            if count > 0 {
                zh.push_str(&format!("，{zh_of} {count} 件"));
                en.push_str(&format!(", {count} {en_of}"));
            }
        }
        words(zh, en)
    }
}

/// An original on a phone with what the server signed of it: one verified receipt, or none, for each entry of a manifest
/// that names it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// SHA-256, under which it lies.
    pub sha256: Digest,
    /// Its length.
    pub size_bytes: i64,
    /// What was signed for each entry.
    pub receipts: Vec<Option<Received>>,
}

/// What a receipt says, once its signature was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Of these bytes.
    pub sha256: Digest,
    /// So many.
    pub size_bytes: i64,
    /// The server's clock.
    pub verified_at_ms: Millis,
}

impl Original {
    /// Since when all is received that names it; none while it is still needed here: an entry without a receipt, or with one
    /// of other bytes, may yet have to be shown them.
    pub fn received_at_ms(&self) -> Option<Millis> {
        let own = |it: &Received| it.sha256 == self.sha256 && it.size_bytes == self.size_bytes;
        let times = self
            .receipts
            .iter()
            .map(|receipt| receipt.filter(own).map(|it| it.verified_at_ms));
        times.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// Which originals go so that so many bytes become free: only what the server has signed for, oldest receipts first, and no
/// more than are wanted.
pub fn to_release(wanted_bytes: i64, originals: &[Original]) -> Vec<Digest> {
    let mut received: BTreeMap<(Millis, Digest), i64> = BTreeMap::new();
    for original in originals {
        if let Some(at) = original.received_at_ms() {
            received.insert((at, original.sha256), original.size_bytes);
        }
    }
    let mut freed = 0;
    received
        .into_iter()
        .take_while(|(_, size)| {
            let more = freed < wanted_bytes;
            freed += size;
            more
        })
        .map(|((_, sha256), _)| sha256)
        .collect()
}

/// Lets a word of progress pass now and then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Throttle {
    last_ms: Option<i64>,
}

impl Throttle {
    /// Whether one passes now, on the monotonic clock.
    pub fn passes(&mut self, monotonic_ms: i64) -> bool {
        let due = self.last_ms.is_none_or(|last| {
            monotonic_ms.saturating_sub(last) >= PROGRESS_MS || monotonic_ms < last
        });
        if due {
            self.last_ms = Some(monotonic_ms);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(number: u128, size_bytes: i64, media_type: &str) -> Waiting {
        Waiting {
            document_id: DocumentId([1; 32]),
            evidence_id: EvidenceId(uuid::Uuid::from_u128(number)),
            sha256: Digest([u8::try_from(number).unwrap(); 32]),
            size_bytes,
            media_type: media_type.to_owned(),
            sealed: false,
            captured_at_ms: 0,
            paused: false,
            listed: true,
            sent_bytes: 0,
            checking: false,
        }
    }

    fn numbers(queue: Vec<Waiting>) -> Vec<u128> {
        queue.iter().map(|it| it.evidence_id.0.as_u128()).collect()
    }

    #[test]
    fn sealed_and_small_go_first_and_films_last() {
        let mut files = vec![
            waiting(1, 10, "video/mp4"),
            waiting(2, 9_000_000, "image/jpeg"),
            waiting(3, 50_000, "image/jpeg"),
            waiting(4, 800_000, "image/jpeg"),
            waiting(5, 20, "video/mp4"),
            waiting(6, 50_000, "application/pdf"),
        ];
        files[3].sealed = true;
        files[4].sealed = true;
        files[2].captured_at_ms = 5;
        assert_eq!(numbers(queue(files, &Line::default())), [4, 6, 3, 2, 5, 1]);
    }

    #[test]
    fn what_is_paused_held_or_too_large_for_the_line_blocks_nothing_else() {
        let mut files = vec![
            waiting(1, 100, "image/jpeg"),
            waiting(2, 200, "image/jpeg"),
            waiting(3, METERED_BYTES_MAX, "image/jpeg"),
            waiting(4, METERED_BYTES_MAX + 1, "image/jpeg"),
        ];
        files[0].paused = true;
        files[1].listed = false;
        let metered = Line {
            metered: true,
            ..Line::default()
        };
        assert_eq!(numbers(queue(files.clone(), &metered)), [3]);
        assert_eq!(numbers(queue(files.clone(), &Line::default())), [3, 4]);
        let none = Line {
            metered_bytes_max: 0,
            ..metered
        };
        assert_eq!(numbers(queue(files.clone(), &none)), Vec::<u128>::new());
        let why = |n: usize| in_the_way(&files[n], &metered);
        assert_eq!(
            [why(0), why(1), why(2), why(3)],
            [
                Some(WaitingBecause::Paused),
                Some(WaitingBecause::VisitNotReceived),
                None,
                Some(WaitingBecause::Metered)
            ]
        );
    }

    #[test]
    fn of_a_file_that_a_visit_names_twice_one_goes_and_each_visit_is_shown_it() {
        let mut files = vec![
            waiting(1, 100, "image/jpeg"),
            waiting(2, 100, "image/jpeg"),
            waiting(3, 100, "image/jpeg"),
        ];
        files[1].sha256 = files[0].sha256;
        files[2].sha256 = files[0].sha256;
        files[2].document_id = DocumentId([2; 32]);
        assert_eq!(numbers(queue(files.clone(), &Line::default())), [1, 3]);
        // The one that has begun goes on, and nothing goes beside one whose bytes are all there.
        files[1].sent_bytes = 7;
        assert_eq!(numbers(queue(files.clone(), &Line::default())), [2, 3]);
        files[0].checking = true;
        assert_eq!(numbers(queue(files.clone(), &Line::default())), [3, 1]);
        let mut held: Vec<Held> = files.into_iter().map(on_phone).collect();
        share(&mut held);
        let told = |at: usize| (held[at].file.checking, held[at].file.sent_bytes);
        assert_eq!(
            [told(0), told(1), told(2)],
            [(true, 7), (true, 7), (false, 0)]
        );
    }

    fn on_phone(file: Waiting) -> Held {
        Held {
            file,
            on_phone: true,
            going: false,
            aside: None,
        }
    }

    #[test]
    fn a_phone_says_of_an_entry_what_it_knows_and_no_more() {
        let file = waiting(1, 7_000_000, "image/jpeg");
        let entry: EvidenceEntry = serde_json::from_value(serde_json::json!({
            "evidence_id": file.evidence_id, "sha256": file.sha256, "size_bytes": file.size_bytes,
            "media_type": file.media_type, "kind": "label", "subject": { "kind": "visit" },
            "captured_at": crate::model::TimeClaim::default(),
        }))
        .unwrap();
        let held = on_phone(file.clone());
        let received = Received {
            sha256: file.sha256,
            size_bytes: file.size_bytes,
            verified_at_ms: 5,
        };
        let line = Line::default();
        let told = |received: Option<&Received>, held: Option<&Held>| {
            let state = state_on_phone(&entry, received, held, &line, &QueuedBecause::Offline);
            (state.word(), state.words().en)
        };
        assert_eq!(told(Some(&received), None).0, "verified");
        let other = Received {
            sha256: Digest([9; 32]),
            ..received
        };
        assert_eq!(
            told(Some(&other), None),
            ("expected", "expected: no byte has arrived".into())
        );
        assert!(told(None, Some(&held)).1.contains("waiting for a network"));
        let with = |change: fn(&mut Held)| {
            let mut held = held.clone();
            change(&mut held);
            told(None, Some(&held))
        };
        assert_eq!(
            with(|it| it.on_phone = false).1,
            "expected: no byte has arrived"
        );
        let going = with(|it| (it.going, it.file.sent_bytes) = (true, 3_000_000));
        assert_eq!(going, ("uploading", "uploading 3 of 7 MB".into()));
        let paused = with(|it| (it.file.paused, it.file.sent_bytes) = (true, 3_000_000));
        assert_eq!(paused, ("uploading", "paused (3 of 7 MB uploaded)".into()));
        let held_up = with(|it| it.file.listed = false);
        assert_eq!(held_up.1, "held: its visit has not been received");
        assert_eq!(with(|it| it.file.checking = true).0, "checking");
        assert_eq!(
            with(|it| it.aside = Some("evidence.missing".into())).0,
            "mismatch"
        );
    }

    #[test]
    fn every_state_has_its_word_and_says_why_it_is_not_through() {
        let uploading = |because| EvidenceState::Uploading {
            sent_bytes: 3_000_000,
            total_bytes: 7_000_000,
            because,
        };
        let expected = |because| EvidenceState::Expected { because };
        for (state, word, en) in [
            (uploading(None), "uploading", "uploading 3 of 7 MB"),
            (
                uploading(Some(WaitingBecause::Paused)),
                "uploading",
                "paused (3 of 7 MB uploaded)",
            ),
            (expected(Some(WaitingBecause::Paused)), "expected", "paused"),
            (
                expected(Some(WaitingBecause::Metered)),
                "expected",
                "waiting for an unmetered network",
            ),
            (
                expected(Some(WaitingBecause::VisitNotReceived)),
                "expected",
                "held: its visit has not been received",
            ),
            (
                EvidenceState::Verified,
                "verified",
                "verified by the server",
            ),
        ] {
            assert_eq!((state.word(), state.words().en.as_str()), (word, en));
            assert!(!state.words().zh.is_empty() && !state.needs_attention());
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(serde_json::from_str::<EvidenceState>(&json).unwrap(), state);
        }
        let aside = EvidenceState::Mismatch {
            code: "evidence.damaged".into(),
        };
        assert!(aside.needs_attention() && aside.words().zh.contains("evidence.damaged"));
        let login = expected(Some(WaitingBecause::Queued {
            because: QueuedBecause::LoginNeeded,
        }));
        assert!(login.needs_attention());
    }

    #[test]
    fn sizes_are_told_in_the_unit_of_the_whole() {
        for (sent, total, told) in [
            (0, 999, ("0", "999 B")),
            (12_345, 70_000, ("12.3", "70 KB")),
            (3_210_000, 7_040_000, ("3.2", "7 MB")),
            (9, 4_294_967_296, ("0", "4.2 GB")),
            (8, 7, ("7", "7 B")),
        ] {
            let (one, of) = out_of(sent, total);
            assert_eq!((one.as_str(), of.as_str()), told);
        }
    }

    #[test]
    fn a_visit_tells_how_many_of_its_pieces_are_where() {
        let on_phone = EvidenceState::Expected {
            because: Some(WaitingBecause::Turn),
        };
        let uploading = EvidenceState::Uploading {
            sent_bytes: 1,
            total_bytes: 2,
            because: None,
        };
        let states = [
            EvidenceState::Verified,
            EvidenceState::Verified,
            EvidenceState::Verified,
            uploading.clone(),
            uploading,
            on_phone.clone(),
            on_phone,
        ];
        let tally = EvidenceTally::of(&states);
        assert_eq!(
            tally.words().en,
            "3 of 7 verified, 2 uploading, 2 on the phone"
        );
        assert_eq!(
            tally.words().zh,
            "共 7 件影像，已核对 3 件，上传中 2 件，在本机 2 件"
        );
        assert!(!tally.is_complete());
        assert!(EvidenceTally::of(&states[..3]).is_complete());
        assert_eq!(
            EvidenceTally::of(&states[..3]).words().en,
            "3 of 3 verified"
        );
    }

    #[test]
    fn originals_go_against_receipts_of_their_own_bytes_alone_oldest_first_and_no_more_than_wanted()
    {
        let original = |number: u8, at: &[Option<i64>]| Original {
            sha256: Digest([number; 32]),
            size_bytes: 100,
            receipts: at
                .iter()
                .map(|at| {
                    at.map(|verified_at_ms| Received {
                        sha256: Digest([number; 32]),
                        size_bytes: 100,
                        verified_at_ms,
                    })
                })
                .collect(),
        };
        let mut forged = original(9, &[Some(1)]);
        forged.receipts[0].as_mut().unwrap().sha256 = Digest([8; 32]);
        let mut shorter = original(10, &[Some(1)]);
        shorter.receipts[0].as_mut().unwrap().size_bytes = 99;
        let originals = [
            original(1, &[Some(30)]),
            original(2, &[Some(10)]),
            original(3, &[None]),
            original(4, &[Some(20), None]),
            original(5, &[]),
            original(6, &[Some(5), Some(40)]),
            forged,
            shorter,
        ];
        let released = |wanted| {
            let released = to_release(wanted, &originals);
            released.iter().map(|it| it.0[0]).collect::<Vec<_>>()
        };
        assert_eq!(released(0), Vec::<u8>::new());
        assert_eq!(released(-5), Vec::<u8>::new());
        assert_eq!(released(1), [2]);
        assert_eq!(released(100), [2]);
        assert_eq!(released(101), [2, 1]);
        assert_eq!(released(i64::MAX), [2, 1, 6]);
    }

    #[test]
    fn progress_is_told_now_and_then() {
        let mut throttle = Throttle::default();
        let told: Vec<bool> = [0, 10, PROGRESS_MS - 1, PROGRESS_MS, PROGRESS_MS + 1, 3]
            .map(|at| throttle.passes(at))
            .to_vec();
        assert_eq!(told, [true, false, false, true, false, true]);
    }
}
