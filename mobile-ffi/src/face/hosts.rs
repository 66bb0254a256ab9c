//! What a host may do in the library's place: network, device key, clock, place, key of the database. Each has a default
//! inside. All of it is called on threads of the library, never on the caller's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sync_core::limits::{
    BOOT_ID_CHARS_MAX, CLOCK_MS_MAX, HOST_LOOKED_AFTER_MS, LOCATION_WAIT_MS, REQUEST_S,
    SIGNER_WAIT_S,
};
use sync_core::model::CoordinateSystem;

use super::failure::HostFailure;
use super::logging::LogSink;
use super::waiting::{Unanswered, ask, is_stopped};
use crate::error::ClientError;
use crate::host::{
    Clock as ClientClock, Fix, Host, HttpAnswer, HttpRequest, Locator, Reading,
    Signer as ClientSigner, SystemClock, SystemRng, Transport as ClientTransport, TransportError,
    UreqTransport,
};

/// A header of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpHeader {
    /// In lower case.
    pub name: String,
    /// As it travels.
    pub value: String,
}

/// One request to be sent: of a sync, or a part of a file of at most 8 MiB.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpExchange {
    /// `GET`, `POST`, `PATCH`, `HEAD`, `PUT`, `DELETE`.
    pub method: String,
    /// Whole.
    pub url: String,
    /// To be sent as they are.
    pub headers: Vec<HttpHeader>,
    /// To be sent as it is; `content-encoding` says how it is packed.
    pub body: Vec<u8>,
    /// Longer answers are of no use.
    pub answer_bytes_max: i64,
}

/// The whole answer, whatever its status; redirects are not followed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpReply {
    /// 200, …
    pub status: i32,
    /// Names in any case.
    pub headers: Vec<HttpHeader>,
    /// As it travelled: not inflated.
    pub body: Vec<u8>,
}

/// The way to the server, where the host has its own stack: pinning, proxy, background sessions.
///
/// Called on a thread of the library, one request after the other in a sync, and blocks that thread until the answer is
/// there. Whoever does not answer in time is left, and the request counts as unanswered; it can be sent again.
#[uniffi::export(with_foreign)]
pub trait Transport: Send + Sync {
    /// Sends and gives the whole answer.
    fn send(&self, request: HttpExchange) -> Result<HttpReply, HostFailure>;
}

/// The device key, held in Keystore or the Secure Enclave: P-256.
///
/// Called on a thread of the library while a record is being stored. Whoever refuses, throws, gives what is no signature of
/// this install's key or does not answer within a minute refuses the record with the code `signer.refused`; nothing of it is
/// stored. The store is locked meanwhile: other calls wait until it has answered, so that a key which asks a person each time
/// holds up the lists too, and an answer that itself waits for a call of this library never comes.
///
/// A key that is another than before makes the phone a new install, when it is opened or enrolled: it needs an enrolment
/// code, and what was signed before is sent.
#[uniffi::export(with_foreign)]
pub trait DeviceSigner: Send + Sync {
    /// The SEC1 point, uncompressed or compressed. Also asked when the store is opened.
    fn public_key(&self) -> Result<Vec<u8>, HostFailure>;
    /// ECDSA over SHA-256 of the message, DER or raw r‖s.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, HostFailure>;
}

/// All clocks at one moment.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ClockReading {
    /// Milliseconds since 1970 UTC.
    pub wall_ms: i64,
    /// Milliseconds that nobody can set back, counted through sleep.
    pub monotonic_ms: i64,
    /// Another one after every reboot.
    pub boot_id: String,
}

/// The clocks of the phone: `elapsedRealtime` and `BOOT_COUNT` on Android, `CLOCK_MONOTONIC_RAW` and `kern.bootsessionuuid`
/// on iOS.
///
/// Called on any thread of the library, often; it must not block. Where it throws, or says what cannot be (before 1970, after
/// 9999, a boot without a name or one of more than 128 characters), the library's own clocks are read, whose boot is another
/// one.
#[uniffi::export(with_foreign)]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Result<ClockReading, HostFailure>;
}

/// A place as the phone's system gave it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct GeoFix {
    /// `wgs84`, `gcj02`, `bd09`: in which coordinates the system speaks.
    pub system: String,
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
///
/// Called on a thread of the library when somebody walks in, captures or confirms. Two seconds are waited for an answer; then,
/// and where it throws, no place is noted and work goes on. As long as one question is unanswered no other is asked.
#[uniffi::export(with_foreign)]
pub trait LocationSource: Send + Sync {
    /// A fix of now; none where there is none or nobody may know.
    fn fix(&self) -> Result<Option<GeoFix>, HostFailure>;
}

/// The key of the database, from Keystore or Keychain.
///
/// Called once, on a thread of the library, before the store is opened. Where it refuses, nothing is opened and the code is
/// `key_store.refused`; what is stored stays as it is.
#[uniffi::export(with_foreign)]
pub trait KeyStore: Send + Sync {
    /// 32 bytes; none for a store that is not encrypted.
    fn database_key(&self) -> Result<Option<Vec<u8>>, HostFailure>;
}

/// What the host does in the library's place; everything that is left out has a default inside.
#[derive(Clone, Default, uniffi::Record)]
pub struct Hosts {
    /// HTTP/1.1 with rustls by default.
    #[uniffi(default = None)]
    pub transport: Option<Arc<dyn Transport>>,
    /// A software key beside the database by default.
    #[uniffi(default = None)]
    pub signer: Option<Arc<dyn DeviceSigner>>,
    /// The operating system's by default.
    #[uniffi(default = None)]
    pub clock: Option<Arc<dyn Clock>>,
    /// No place by default.
    #[uniffi(default = None)]
    pub location: Option<Arc<dyn LocationSource>>,
    /// No encryption by default.
    #[uniffi(default = None)]
    pub key_store: Option<Arc<dyn KeyStore>>,
    /// Nobody reads the log by default.
    #[uniffi(default = None)]
    pub log: Option<Arc<dyn LogSink>>,
    /// How long one request is waited for, milliseconds; a minute by default.
    #[uniffi(default = None)]
    pub request_timeout_ms: Option<i64>,
}

impl Hosts {
    /// What the client has around it.
    pub(super) fn host(&self) -> Host {
        let asked = self.request_timeout_ms.filter(|wait| *wait > 0);
        let wait = asked.map_or(Duration::from_secs(REQUEST_S), |wait| {
            Duration::from_millis(wait.unsigned_abs())
        });
        let network: Arc<dyn ClientTransport> = match &self.transport {
            Some(own) => Arc::new(HostTransport(own.clone())),
            None => Arc::new(UreqTransport::waiting(wait)),
        };
        let own_clock = SystemClock::new();
        Host {
            clock: Arc::new(HostClock {
                host: self.clock.clone(),
                own: own_clock,
            }),
            rng: Arc::new(SystemRng),
            transport: Arc::new(Watched { network, wait }),
            signer: self
                .signer
                .clone()
                .map(|key| Arc::new(HostSigner(key)) as Arc<dyn ClientSigner>),
            locator: self.location.clone().map(|place| {
                Arc::new(HostPlace {
                    place,
                    asked: Arc::default(),
                }) as Arc<dyn Locator>
            }),
        }
    }

    /// The key of the database; none where nobody keeps one.
    pub(super) fn database_key(&self) -> Result<Option<Vec<u8>>, ClientError> {
        let Some(key_store) = self.key_store.clone() else {
            return Ok(None);
        };
        let refused = |why: String| {
            let message = "The key of the store was not given; nothing was opened";
            ClientError::new("key_store.refused", message).with(why)
        };
        match ask(Duration::from_secs(SIGNER_WAIT_S), move || {
            key_store.database_key()
        }) {
            Ok(Ok(key)) => Ok(key),
            Ok(Err(failure)) => Err(refused(failure.to_string())),
            Err(unanswered) => Err(refused(format!("{unanswered:?}"))),
        }
    }
}

/// The host's stack.
struct HostTransport(Arc<dyn Transport>);

impl ClientTransport for HostTransport {
    fn send(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        let headers = request.headers.into_iter();
        let sent = self.0.send(HttpExchange {
            method: request.method,
            url: request.url,
            headers: headers
                .map(|(name, value)| HttpHeader { name, value })
                .collect(),
            body: request.body,
            answer_bytes_max: i64::try_from(request.answer_bytes_max).unwrap_or(i64::MAX),
        });
        let reply = sent.map_err(|failure| match failure {
            HostFailure::TimedOut => TransportError::TimedOut,
            other => TransportError::Unreachable(other.to_string()),
        })?;
        if reply.body.len() > request.answer_bytes_max {
            return Err(TransportError::Unreachable("the answer is too long".into()));
        }
        let status = u16::try_from(reply.status)
            .map_err(|_| TransportError::Unreachable("the answer has no status".into()))?;
        let headers = reply.headers.into_iter();
        Ok(HttpAnswer {
            status,
            headers: headers
                .map(|it| (it.name.to_lowercase(), it.value))
                .collect(),
            body: reply.body,
        })
    }
}

/// A network that is not waited for without end, nor by a task that was stopped.
struct Watched {
    network: Arc<dyn ClientTransport>,
    wait: Duration,
}

impl ClientTransport for Watched {
    fn send(&self, request: HttpRequest) -> Result<HttpAnswer, TransportError> {
        if is_stopped() {
            return Err(TransportError::Unreachable("stopped".into()));
        }
        let network = self.network.clone();
        match ask(self.wait, move || network.send(request)) {
            Ok(answer) => answer,
            Err(Unanswered::TimedOut) => Err(TransportError::TimedOut),
            Err(Unanswered::Stopped) => Err(TransportError::Unreachable("stopped".into())),
            Err(Unanswered::Broken(why)) => Err(TransportError::Unreachable(why)),
        }
    }
}

/// The host's clocks, or the library's own where those fail.
struct HostClock {
    host: Option<Arc<dyn Clock>>,
    own: SystemClock,
}

impl HostClock {
    /// What the host's clock says, if it can be.
    fn told(&self) -> Option<Reading> {
        match self.host.as_ref()?.now() {
            Ok(told) if told.is_plausible() => Some(Reading {
                wall_ms: told.wall_ms,
                monotonic_ms: told.monotonic_ms,
                boot_id: told.boot_id,
            }),
            Ok(told) => {
                let (wall_ms, monotonic_ms) = (told.wall_ms, told.monotonic_ms);
                tracing::warn!(
                    wall_ms,
                    monotonic_ms,
                    "the host's clock says what cannot be"
                );
                None
            }
            Err(error) => {
                tracing::warn!(%error, "the host's clock failed");
                None
            }
        }
    }
}

impl ClockReading {
    fn is_plausible(&self) -> bool {
        let times = 0..=CLOCK_MS_MAX;
        let named = 1..=BOOT_ID_CHARS_MAX;
        // More characters than that need not be counted.
        let chars = self.boot_id.chars().take(BOOT_ID_CHARS_MAX + 1).count();
        times.contains(&self.wall_ms)
            && times.contains(&self.monotonic_ms)
            && named.contains(&chars)
    }
}

impl ClientClock for HostClock {
    fn wall_ms(&self) -> i64 {
        self.reading().wall_ms
    }

    fn monotonic_ms(&self) -> i64 {
        self.reading().monotonic_ms
    }

    fn boot_id(&self) -> String {
        self.reading().boot_id
    }

    /// The host is asked once: its times go with its own boot and with no other.
    fn reading(&self) -> Reading {
        self.told().unwrap_or_else(|| self.own.reading())
    }

    /// In pieces, so that a stopped task does not sleep on.
    fn sleep_ms(&self, milliseconds: i64) {
        let mut left = milliseconds.max(0).unsigned_abs();
        while left > 0 && !is_stopped() {
            let piece = left.min(HOST_LOOKED_AFTER_MS);
            std::thread::sleep(Duration::from_millis(piece));
            left -= piece;
        }
    }
}

/// A key in the phone's hardware; what it refuses is empty.
struct HostSigner(Arc<dyn DeviceSigner>);

fn given(answer: Result<Result<Vec<u8>, HostFailure>, Unanswered>) -> Vec<u8> {
    match answer {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the host's key refused");
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(?error, "the host's key did not answer");
            Vec::new()
        }
    }
}

impl ClientSigner for HostSigner {
    fn public_key(&self) -> Vec<u8> {
        let key = self.0.clone();
        given(ask(Duration::from_secs(SIGNER_WAIT_S), move || {
            key.public_key()
        }))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let (key, message) = (self.0.clone(), message.to_vec());
        given(ask(Duration::from_secs(SIGNER_WAIT_S), move || {
            key.sign(message)
        }))
    }
}

/// Where the host says that the phone is.
struct HostPlace {
    place: Arc<dyn LocationSource>,
    /// A question is unanswered.
    asked: Arc<AtomicBool>,
}

impl Locator for HostPlace {
    fn fix(&self) -> Option<Fix> {
        if self.asked.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (place, asked) = (self.place.clone(), self.asked.clone());
        let told = ask(Duration::from_millis(LOCATION_WAIT_MS), move || {
            let told = place.fix();
            asked.store(false, Ordering::SeqCst);
            told
        });
        let fix = match told {
            Ok(Ok(fix)) => fix?,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the host's location failed");
                return None;
            }
            Err(error) => {
                tracing::info!(?error, "no place for now");
                return None;
            }
        };
        let system = serde_json::from_value::<CoordinateSystem>(fix.system.into()).ok()?;
        Some(Fix {
            system,
            latitude_e7: fix.latitude_e7,
            longitude_e7: fix.longitude_e7,
            accuracy_mm: fix.accuracy_mm,
            mocked: fix.mocked,
        })
    }
}
