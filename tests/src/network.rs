//! The network between a phone and the server, with the faults of the field: off, answers lost, requests doubled,
//! connections cut, a server that asks for patience.

use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mobile_ffi::host::UreqTransport;
use mobile_ffi::{HttpAnswer, HttpRequest, Transport, TransportError};
use sync_core::sync::wire::{SyncRequest, SyncResponse};

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Passes.
    None,
    /// Never reaches the server.
    Cut,
    /// The server does it, and the phone never hears of it.
    AnswerLost,
    /// The server gets it twice; the phone hears the second answer.
    Doubled,
    /// The server has no room: 503 with this `Retry-After`, in seconds.
    Unavailable(u32),
    /// Somebody answers, whoever it is: a status, headers, a body.
    Answered(u16, Vec<(&'static str, String)>, String),
    /// The answer breaks off in the middle.
    Truncated,
}

/// What somebody on the way does to a page that goes up.
type Tamper = Box<dyn FnOnce(&mut SyncRequest) + Send>;

/// The way of one phone to the server.
pub struct Network {
    http: UreqTransport,
    state: Mutex<State>,
    in_flight: AtomicUsize,
}

#[derive(Default)]
struct State {
    off: bool,
    elsewhere: Option<String>,
    coming: VecDeque<Fault>,
    tamper: Option<Tamper>,
    recorded: Vec<HttpRequest>,
    heard: Vec<HttpAnswer>,
}

impl Network {
    /// One that works.
    pub fn new() -> Self {
        Self {
            http: UreqTransport::new(),
            state: Mutex::default(),
            in_flight: AtomicUsize::new(0),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no story panics inside the lock")
    }

    /// Off or on again.
    pub fn switch(&self, on: bool) {
        self.state().off = !on;
    }

    /// The server is at another address now, as `http://127.0.0.1:8080`.
    pub fn redirect(&self, url: &str) {
        self.state().elsewhere = Some(url.trim_end_matches('/').to_owned());
    }

    /// What happens to the next requests, one fault each; after those, nothing.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().coming.extend(faults);
    }

    /// Somebody on the way changes the next page that carries changes up.
    pub fn tampers(&self, with: impl FnOnce(&mut SyncRequest) + Send + 'static) {
        self.state().tamper = Some(Box::new(with));
    }

    /// Nothing of what was to happen happens any more.
    pub fn clear(&self) {
        self.state().coming.clear();
    }

    /// Every request that was tried to `/v1/sync`, as it travelled.
    pub fn syncs(&self) -> Vec<HttpRequest> {
        let state = self.state();
        let syncs = state
            .recorded
            .iter()
            .filter(|r| r.url.ends_with("/v1/sync"));
        syncs.cloned().collect()
    }

    /// Every answer to `/v1/sync` that the phone heard, as text: what came down, whole.
    pub fn heard(&self) -> Vec<String> {
        let inflate = |answer: &HttpAnswer| {
            let mut text = String::new();
            if answer.header("content-encoding") == Some("zstd") {
                let read = zstd::stream::read::Decoder::new(answer.body.as_slice())
                    .and_then(|mut decoder| decoder.read_to_string(&mut text));
                read.expect("an answer in zstd");
            } else {
                text = String::from_utf8(answer.body.clone()).expect("an answer in UTF-8");
            }
            text
        };
        self.state().heard.iter().map(inflate).collect()
    }

    /// The same, read.
    pub fn answers(&self) -> Vec<SyncResponse> {
        let heard = self.heard();
        let read = heard.iter().map(|text| serde_json::from_str(text));
        read.map(|answer| answer.expect("an answer as documented"))
            .collect()
    }

    /// Whether a request to `/v1/sync` is under way now.
    pub fn is_syncing(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) > 0
    }

    fn pass(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let is_sync = request.url.ends_with("/v1/sync");
        self.in_flight.fetch_add(is_sync.into(), Ordering::SeqCst);
        let answer = self.http.send(request);
        self.in_flight.fetch_sub(is_sync.into(), Ordering::SeqCst);
        if let (Ok(answer), true) = (&answer, is_sync)
            && answer.status == 200
        {
            self.state().heard.push(answer.clone());
        }
        answer
    }
}

/// A page as the phone packed it.
fn unpacked(request: &HttpRequest) -> Option<SyncRequest> {
    if !request.url.ends_with("/v1/sync") {
        return None;
    }
    let json = zstd::decode_all(request.body.as_slice()).ok()?;
    serde_json::from_slice(&json).ok()
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Network {
    fn send(&self, mut request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let fault = {
            let mut state = self.state();
            if let Some(elsewhere) = &state.elsewhere {
                let path = request.url.splitn(4, '/').nth(3).unwrap_or_default();
                request.url = format!("{elsewhere}/{path}");
            }
            if let Some(mut page) = unpacked(&request).filter(|page| !page.changes.is_empty())
                && let Some(tamper) = state.tamper.take()
            {
                tamper(&mut page);
                let json = serde_json::to_vec(&page).expect("a page is JSON");
                request.body = zstd::encode_all(json.as_slice(), 3).expect("it packs");
            }
            state.recorded.push(request.clone());
            if state.off {
                return Err(TransportError::Unreachable("no network here".to_owned()));
            }
            state.coming.pop_front().unwrap_or(Fault::None)
        };
        match fault {
            Fault::None => self.pass(request),
            Fault::Cut => Err(TransportError::Unreachable("cut".to_owned())),
            Fault::AnswerLost => {
                self.http.send(request)?;
                Err(TransportError::TimedOut)
            }
            Fault::Doubled => {
                self.http.send(request.clone())?;
                self.pass(request)
            }
            Fault::Answered(status, headers, body) => Ok(HttpAnswer {
                status,
                headers: headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                body: body.into_bytes(),
            }),
            Fault::Truncated => {
                let mut answer = self.http.send(request)?;
                answer.body.truncate(answer.body.len() / 2);
                Ok(answer)
            }
            Fault::Unavailable(seconds) => Ok(HttpAnswer {
                status: 503,
                headers: vec![("retry-after".to_owned(), seconds.to_string())],
                body: Vec::new(),
            }),
        }
    }
}
