//! What the phone asks of its surroundings: time, randomness, a way to the server, a place. Each has a default for a
//! machine with an operating system, but for the place; a test passes its own.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sync_core::limits::{PAGE_INFLATED_BYTES_MAX, REQUEST_S};
use sync_core::model::{CoordinateSystem, Location};

use crate::error::ClientError;

/// All clocks at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since 1970 UTC, as the phone believes.
    pub wall_ms: i64,
    /// Milliseconds that nobody can set back, counted through sleep.
    pub monotonic_ms: i64,
    /// From which boot they are counted.
    pub boot_id: String,
}

impl Reading {
    /// How long it is since another moment of the same boot; none where that cannot be said.
    pub fn since(&self, monotonic_ms: i64, boot_id: &str) -> Option<i64> {
        let passed = self.monotonic_ms.saturating_sub(monotonic_ms);
        (self.boot_id == boot_id && passed >= 0).then_some(passed)
    }
}

/// Wall time to show, monotonic time to claim with, and which boot the latter counts from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 UTC, as the phone believes.
    fn wall_ms(&self) -> i64;
    /// Milliseconds that nobody can set back, counted through sleep.
    fn monotonic_ms(&self) -> i64;
    /// Another one after every reboot: monotonic times of two boots cannot be compared.
    fn boot_id(&self) -> String;
    /// All three of one moment: what belongs together is read together.
    fn reading(&self) -> Reading {
        Reading {
            wall_ms: self.wall_ms(),
            monotonic_ms: self.monotonic_ms(),
            boot_id: self.boot_id(),
        }
    }
    /// Waits.
    fn sleep_ms(&self, milliseconds: i64) {
        std::thread::sleep(Duration::from_millis(
            milliseconds.clamp(0, i64::MAX).unsigned_abs(),
        ));
    }
}

/// Randomness fit for keys.
pub trait Rng: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// One request, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, `PATCH`, `HEAD`, `DELETE`.
    pub method: String,
    /// Whole.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it travels; `content-encoding` says how. A file goes in parts of at most
    /// [`UPLOAD_PART_BYTES_MAX`](sync_core::limits::UPLOAD_PART_BYTES_MAX), so that no request holds more than that.
    pub body: Vec<u8>,
    /// Longer answers are cut off and count as failed.
    pub answer_bytes_max: usize,
}

/// One answer, as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// 200, …
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it travelled.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Why there was no answer. Whether the server did what was asked is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("timed out")]
    TimedOut,
}

/// The way to the server.
pub trait Transport: Send + Sync {
    /// Sends and waits for the whole answer. Any HTTP status is an answer.
    fn send(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError>;
}

/// A place as the phone's system gave it, in that system's own coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fix {
    /// 坐标系
    pub system: CoordinateSystem,
    /// Latitude in ten-millionths of a degree.
    pub latitude_e7: i64,
    /// Longitude in ten-millionths of a degree.
    pub longitude_e7: i64,
    /// Radius of uncertainty, millimetres.
    pub accuracy_mm: i64,
    /// 模拟定位: the system says that another app made it up.
    pub mocked: bool,
}

/// Where the phone is.
pub trait Locator: Send + Sync {
    /// A fix of now; none where there is none, or nobody may know. Whoever is asked does not wait long: without a fix
    /// work goes on.
    fn fix(&self) -> Option<Fix>;
}

/// What a phone has around it.
#[derive(Clone)]
pub struct Host {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// The device key, if the host holds it in hardware; without one the phone keeps a software key.
    pub signer: Option<Arc<dyn Signer>>,
    /// Where it is; without one no place is noted.
    pub locator: Option<Arc<dyn Locator>>,
}

/// A P-256 key that signs and never leaves where it is. A signature that does not hold by the key of the install counts as
/// refused. It is asked while the phone's store is locked: it must not ask the phone anything.
pub trait Signer: Send + Sync {
    /// SEC1 point; empty where the hardware refuses it. Another one than before makes the phone a new install.
    fn public_key(&self) -> Vec<u8>;
    /// ECDSA over SHA-256 of the message, DER or raw r‖s; empty where the hardware refuses to sign.
    fn sign(&self, message: &[u8]) -> Vec<u8>;
}

/// What a key signed, or that it would not: then nothing is stored of what was to be signed.
pub(crate) fn signed_with(key: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, ClientError> {
    unless_refused(key.sign(message))
}

/// Makes something around what a key signs. Where the key refuses, that is the error, and what was made is nothing.
pub(crate) fn made_with<T>(
    key: &dyn Signer,
    make: impl FnOnce(&mut dyn FnMut(&[u8]) -> Vec<u8>) -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let mut refusal = None;
    let made = make(&mut |message| {
        signed_with(key, message).unwrap_or_else(|error| {
            refusal = Some(error);
            Vec::new()
        })
    });
    refusal.map_or(made, Err)
}

/// What a key gave, or that it gave nothing.
pub(crate) fn unless_refused(given: Vec<u8>) -> Result<Vec<u8>, ClientError> {
    match given.is_empty() {
        false => Ok(given),
        true => {
            let message = "The key of this phone refused to sign; nothing was stored";
            Err(ClientError::new("signer.refused", message))
        }
    }
}

impl Host {
    /// The machine's clock and randomness, and HTTP through ureq.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            rng: Arc::new(SystemRng),
            transport: Arc::new(UreqTransport::new()),
            signer: None,
            locator: None,
        }
    }

    /// Where the phone is now, as it is stored: WGS-84.
    pub(crate) fn place(&self) -> Option<Location> {
        let fix = self.locator.as_ref()?.fix()?;
        Location::captured(
            fix.system,
            fix.latitude_e7,
            fix.longitude_e7,
            fix.accuracy_mm,
            fix.mocked,
        )
    }
}

/// The machine's clocks. The boot is told by the kernel where it says so; else each process counts as one.
pub struct SystemClock {
    boot_id: String,
}

impl SystemClock {
    /// Reads which boot it is.
    pub fn new() -> Self {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let boot_id = kernel.map_or_else(
            |_| {
                let mut bytes = [0; 16];
                SystemRng.fill(&mut bytes);
                hex::encode(bytes)
            },
            |id| id.trim().to_owned(),
        );
        Self { boot_id }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

/// The clock that goes on while the phone sleeps: Apple's monotonic one does, Linux has one of its own for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const THROUGH_SLEEP: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const THROUGH_SLEEP: ClockId = ClockId::Monotonic;

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the Clock that is passed in everywhere else"
        )]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> i64 {
        let since = Duration::try_from(clock_gettime(THROUGH_SLEEP));
        since.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX))
    }

    fn boot_id(&self) -> String {
        self.boot_id.clone()
    }
}

/// The operating system's randomness.
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("an operating system without randomness cannot hold keys");
    }
}

/// HTTP/1.1 through ureq, with rustls.
pub struct UreqTransport {
    agent: ureq::Agent,
}

impl UreqTransport {
    /// One pool of connections, and a minute for each request.
    pub fn new() -> Self {
        Self::waiting(Duration::from_secs(REQUEST_S))
    }

    /// The same with another time for each request.
    pub fn waiting(wait: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(wait))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            agent: config.into(),
        }
    }
}

impl Default for UreqTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let failed = |error: ureq::Error| match error {
            ureq::Error::Timeout(_) => TransportError::TimedOut,
            other => TransportError::Unreachable(other.to_string()),
        };
        let mut builder = ureq::http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let built = builder.body(request.body);
        let built = built.map_err(|e| TransportError::Unreachable(e.to_string()))?;
        let answer = self.agent.run(built).map_err(failed)?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(k, v)| Some((k.as_str().to_owned(), v.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        let max = request.answer_bytes_max.min(2 * PAGE_INFLATED_BYTES_MAX);
        let mut reader = answer.into_body().into_reader().take(max as u64 + 1);
        let read = reader.read_to_end(&mut body);
        read.map_err(|e| TransportError::Unreachable(e.to_string()))?;
        if body.len() > max {
            return Err(TransportError::Unreachable("the answer is too long".into()));
        }
        Ok(HttpAnswer {
            status,
            headers,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_waited_for_as_long_as_the_host_says() {
        let set = |it: UreqTransport| it.agent.config().timeouts().global;
        let long = Duration::from_secs(3_600);
        assert_eq!(set(UreqTransport::waiting(long)), Some(long));
        let minute = Duration::from_secs(REQUEST_S);
        assert_eq!(set(UreqTransport::new()), Some(minute));
    }
}
