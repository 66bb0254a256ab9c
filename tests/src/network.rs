//! The network between a phone and the server, with the faults of the field: off, slow, cut at a byte of the request or of
//! the answer, answers lost, requests doubled or overtaken, dates that lie, a server that asks for patience. Time on the way
//! is the story's time.

use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::clock::{Clock as _, ManualClock};

use mobile_ffi::host::UreqTransport;
use mobile_ffi::{HttpAnswer, HttpRequest, Transport, TransportError};
use sync_core::limits::REQUEST_S;
use sync_core::sync::wire::{SyncRequest, SyncResponse};

use crate::relay::{Passed, Relay};
use crate::weather::Weather;

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
    /// So many milliseconds on the way, and then this. Who waits longer than a request may take hears nothing.
    Late(i64, Box<Fault>),
    /// So many bytes of the request reach the server, then the connection is gone.
    UpCut(usize),
    /// The server does it, and the connection is gone after so many bytes of its answer.
    DownCut(usize),
    /// It arrives after so many later requests of whoever shares this air; its sender has given up by then.
    Overtaken(u32),
    /// It passes, and arrives once more after so many later requests of whoever shares this air.
    Echoed(u32),
    /// It passes; the `Date` of the answer is wrong by so many milliseconds.
    DateSkewed(i64),
    /// The server has no room: 503, and `Retry-After` is a date, so many seconds after a `Date` that is wrong by so much.
    UnavailableUntil {
        /// From `Date` to `Retry-After`.
        seconds: u32,
        /// How far both lie.
        date_wrong_by_ms: i64,
    },
}

impl Fault {
    /// What kind it is, whatever its numbers and however late.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cut => "cut",
            Self::AnswerLost => "answer lost",
            Self::Doubled => "doubled",
            Self::Unavailable(_) => "unavailable",
            Self::Answered(..) => "answered",
            Self::Truncated => "truncated",
            Self::Late(_, fault) => fault.kind(),
            Self::UpCut(_) => "up cut",
            Self::DownCut(_) => "down cut",
            Self::Overtaken(_) => "overtaken",
            Self::Echoed(_) => "echoed",
            Self::DateSkewed(_) => "date skewed",
            Self::UnavailableUntil { .. } => "unavailable until",
        }
    }
}

/// What is still on its way while later requests pass: each with how many of them go first.
#[derive(Default)]
pub struct Air(Mutex<Vec<(u32, HttpRequest)>>);

impl Air {
    fn hold(&self, after: u32, request: HttpRequest) {
        let mut held = self.0.lock().expect("no story panics inside the lock");
        held.push((after.max(1), request));
    }

    /// A request has passed: what it has overtaken now.
    fn passed(&self) -> Vec<HttpRequest> {
        let mut held = self.0.lock().expect("no story panics inside the lock");
        for (after, _) in held.iter_mut() {
            *after -= 1;
        }
        let due: Vec<HttpRequest> = held
            .extract_if(.., |(after, _)| *after == 0)
            .map(|(_, request)| request)
            .collect();
        due
    }

    /// How many are on their way.
    pub fn len(&self) -> usize {
        let held = self.0.lock().expect("no story panics inside the lock");
        held.len()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What somebody on the way does to a page that goes up.
type Tamper = Box<dyn FnOnce(&mut SyncRequest) + Send>;

/// The way of one phone to the server.
pub struct Network {
    http: UreqTransport,
    truth: Arc<ManualClock>,
    state: Mutex<State>,
    in_flight: AtomicUsize,
}

#[derive(Default)]
struct State {
    off: bool,
    elsewhere: Option<String>,
    coming: VecDeque<Fault>,
    weather: Option<Weather>,
    met: Vec<&'static str>,
    air: Arc<Air>,
    broken: Vec<Passed>,
    tamper: Option<Tamper>,
    recorded: Vec<HttpRequest>,
    heard: Vec<HttpAnswer>,
}

impl Network {
    /// One that works, in the time of a story.
    pub fn new(truth: Arc<ManualClock>) -> Self {
        Self {
            http: UreqTransport::new(),
            truth,
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

    /// What happens to all requests after those, until there is none.
    pub fn weather(&self, weather: Option<Weather>) {
        self.state().weather = weather;
    }

    /// Requests of this phone overtake those of whoever has the same air, and are overtaken by them.
    pub fn shares(&self, air: &Arc<Air>) {
        self.state().air = air.clone();
    }

    /// What is still on its way arrives.
    pub fn settles(&self) {
        let air = self.state().air.clone();
        while !air.is_empty() {
            for late in air.passed() {
                // Whoever sent it has given up: nobody hears the answer.
                let _ = self.http.send(late);
            }
        }
    }

    /// What has happened to requests so far, by [`Fault::kind`].
    pub fn met(&self) -> Vec<&'static str> {
        self.state().met.clone()
    }

    /// What went through on connections that broke.
    pub fn broken(&self) -> Vec<Passed> {
        self.state().broken.clone()
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

    /// Every request that was tried, as method and path.
    pub fn requests(&self) -> Vec<(String, String)> {
        let state = self.state();
        let told = state.recorded.iter().map(|request| {
            let (_, path) = host_and_path(&request.url);
            (request.method.clone(), format!("/{path}"))
        });
        told.collect()
    }

    /// The entries for which uploads were begun, in this order.
    pub fn begun(&self) -> Vec<String> {
        let state = self.state();
        let begun = state
            .recorded
            .iter()
            .filter(|it| it.method == "POST" && it.url.ends_with("/v1/uploads"));
        begun.filter_map(entry_of).collect()
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
        let answer = self.arrives(request);
        self.in_flight.fetch_sub(is_sync.into(), Ordering::SeqCst);
        if let (Ok(answer), true) = (&answer, is_sync)
            && answer.status == 200
        {
            self.state().heard.push(answer.clone());
        }
        answer
    }
}

impl Network {
    /// A request reaches the server, and after it whatever it has overtaken.
    fn arrives(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let answer = self.http.send(request);
        let air = self.state().air.clone();
        for late in air.passed() {
            // Whoever sent it has given up: nobody hears the answer.
            let _ = self.http.send(late);
        }
        answer
    }

    /// Over a connection that breaks after so many bytes up or down.
    fn breaks(
        &self,
        mut request: HttpRequest,
        up_max: usize,
        down_max: usize,
    ) -> Result<HttpAnswer, TransportError> {
        let unreachable = |error: String| TransportError::Unreachable(error);
        let (host, path) = host_and_path(&request.url);
        let server = host
            .parse()
            .map_err(|_| unreachable(format!("{host} is no address")))?;
        let relay = Relay::begin(server, up_max, down_max)
            .map_err(|error| unreachable(error.to_string()))?;
        request.url = format!("http://{}/{path}", relay.address);
        // Kept, it would be used again.
        let close = ("connection".to_owned(), "close".to_owned());
        request.headers.push(close);
        let answer = self.arrives(request);
        self.state().broken.push(relay.end());
        answer
    }

    fn meets(&self, fault: Fault, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        match fault {
            Fault::None => self.pass(request),
            Fault::Cut => Err(TransportError::Unreachable("cut".to_owned())),
            Fault::AnswerLost => {
                self.arrives(request)?;
                Err(TransportError::TimedOut)
            }
            Fault::Doubled => {
                self.arrives(request.clone())?;
                self.pass(request)
            }
            Fault::Answered(status, headers, body) => Ok(answered(
                status,
                headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                body.into_bytes(),
            )),
            Fault::Truncated => {
                let mut answer = self.arrives(request)?;
                answer.body.truncate(answer.body.len() / 2);
                Ok(answer)
            }
            Fault::Unavailable(seconds) => {
                let after = ("retry-after".to_owned(), seconds.to_string());
                Ok(answered(503, vec![after], Vec::new()))
            }
            Fault::UnavailableUntil {
                seconds,
                date_wrong_by_ms,
            } => {
                let date_ms = self.truth.now() + date_wrong_by_ms;
                let date = ("date".to_owned(), http_date(date_ms));
                let until = http_date(date_ms + i64::from(seconds) * 1_000);
                let headers = vec![date, ("retry-after".to_owned(), until)];
                Ok(answered(503, headers, Vec::new()))
            }
            Fault::Late(ms, then) => {
                self.truth.advance_ms(ms);
                let answer = self.meets(*then, request);
                match ms >= PATIENCE_MS {
                    true => Err(TransportError::TimedOut),
                    false => answer,
                }
            }
            Fault::UpCut(bytes) => self.breaks(request, bytes, usize::MAX),
            Fault::DownCut(bytes) => self.breaks(request, usize::MAX, bytes),
            Fault::Overtaken(by) => {
                let air = self.state().air.clone();
                air.hold(by, request);
                Err(TransportError::TimedOut)
            }
            Fault::Echoed(by) => {
                let answer = self.pass(request.clone());
                let air = self.state().air.clone();
                air.hold(by, request);
                answer
            }
            Fault::DateSkewed(ms) => {
                let mut answer = self.pass(request)?;
                answer.headers.retain(|(name, _)| name != "date");
                let date = ("date".to_owned(), http_date(self.truth.now() + ms));
                answer.headers.push(date);
                Ok(answer)
            }
        }
    }
}

/// How long a phone waits for an answer, in milliseconds.
const PATIENCE_MS: i64 = REQUEST_S as i64 * 1_000;

fn answered(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> HttpAnswer {
    HttpAnswer {
        status,
        headers,
        body,
    }
}

/// `127.0.0.1:8080` and what follows it.
fn host_and_path(url: &str) -> (String, String) {
    let mut parts = url.splitn(4, '/').skip(2);
    let mut next = || parts.next().unwrap_or_default().to_owned();
    (next(), next())
}

/// The entry of a manifest that `Upload-Metadata` names.
fn entry_of(request: &HttpRequest) -> Option<String> {
    let mut headers = request.headers.iter();
    let (_, metadata) = headers.find(|(name, _)| name == "upload-metadata")?;
    let mut pairs = metadata.split(',').filter_map(|pair| pair.split_once(' '));
    let (_, value) = pairs.find(|(key, _)| *key == "evidence_id")?;
    String::from_utf8(STANDARD.decode(value).ok()?).ok()
}

/// As HTTP writes dates.
fn http_date(at_ms: i64) -> String {
    let at = Duration::from_millis(u64::try_from(at_ms).unwrap_or_default());
    httpdate::fmt_http_date(UNIX_EPOCH + at)
}

/// A page as the phone packed it.
fn unpacked(request: &HttpRequest) -> Option<SyncRequest> {
    if !request.url.ends_with("/v1/sync") {
        return None;
    }
    let json = zstd::decode_all(request.body.as_slice()).ok()?;
    serde_json::from_slice(&json).ok()
}

impl Transport for Network {
    fn send(&self, mut request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let fault = {
            let mut state = self.state();
            if let Some(elsewhere) = &state.elsewhere {
                let (_, path) = host_and_path(&request.url);
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
            let fault = match (state.coming.pop_front(), &mut state.weather) {
                (Some(fault), _) => fault,
                (None, Some(weather)) => weather.draw(),
                (None, None) => Fault::None,
            };
            state.met.push(fault.kind());
            fault
        };
        self.meets(fault, request)
    }
}
