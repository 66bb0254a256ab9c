//! The network between a phone and the server, with the faults of the field: off, answers lost, requests doubled,
//! connections cut, a server that asks for patience.

use std::collections::VecDeque;
use std::sync::Mutex;

use mobile_ffi::host::UreqTransport;
use mobile_ffi::{HttpAnswer, HttpRequest, Transport, TransportError};

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
}

/// The way of one phone to the server.
pub struct Network {
    http: UreqTransport,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    off: bool,
    elsewhere: Option<String>,
    coming: VecDeque<Fault>,
    recorded: Vec<HttpRequest>,
}

impl Network {
    /// One that works.
    pub fn new() -> Self {
        Self {
            http: UreqTransport::new(),
            state: Mutex::default(),
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

    /// Every request that was tried to `/v1/sync`, as it travelled.
    pub fn syncs(&self) -> Vec<HttpRequest> {
        let state = self.state();
        let syncs = state
            .recorded
            .iter()
            .filter(|r| r.url.ends_with("/v1/sync"));
        syncs.cloned().collect()
    }
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
            state.recorded.push(request.clone());
            if state.off {
                return Err(TransportError::Unreachable("no network here".to_owned()));
            }
            state.coming.pop_front().unwrap_or(Fault::None)
        };
        match fault {
            Fault::None => self.http.send(request),
            Fault::Cut => Err(TransportError::Unreachable("cut".to_owned())),
            Fault::AnswerLost => {
                self.http.send(request)?;
                Err(TransportError::TimedOut)
            }
            Fault::Doubled => {
                self.http.send(request.clone())?;
                self.http.send(request)
            }
            Fault::Unavailable(seconds) => Ok(HttpAnswer {
                status: 503,
                headers: vec![("retry-after".to_owned(), seconds.to_string())],
                body: Vec::new(),
            }),
        }
    }
}
