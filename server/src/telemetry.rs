//! What the server tells about itself: request ids, one log line a request, metrics. No personal data: a log line has the
//! operation, the status and the code, never a name, a number, a token or a query string.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::Instrument;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::problem::Code;

/// Carries the request id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id taken from a client, in characters; a longer one is replaced.
const REQUEST_ID_CHARS_MAX: usize = 64;

tokio::task_local! {
    static CURRENT_REQUEST_ID: String;
}

/// The id of the request under way; empty outside of one (a job, the command line).
pub fn request_id() -> String {
    CURRENT_REQUEST_ID
        .try_with(Clone::clone)
        .unwrap_or_default()
}

/// Starts logging for the process. `json` is for machines, the other form for people.
pub fn start_logging(json: bool) {
    let filter = EnvFilter::try_from_env("FIELDSEAL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let format = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second call in one process (tests) keeps the first subscriber.
    let _ = if json {
        format.json().try_init()
    } else {
        format.try_init()
    };
}

/// The process's metrics. One recorder for all servers in a process: the `metrics` macros know only one.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        const SECONDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
        let builder = PrometheusBuilder::new();
        let recorder = match builder.set_buckets(&SECONDS) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let handle = recorder.handle();
        let _ = metrics::set_global_recorder(recorder);
        crate::services::gauges::describe();
        handle
    })
}

/// Counts a request that waits for its answer, also when its client goes away before.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        metrics::gauge!("fieldseal_requests_under_way").increment(1);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        metrics::gauge!("fieldseal_requests_under_way").decrement(1);
    }
}

/// Wraps every request: its id, its span, its line in the log, its counters.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=REQUEST_ID_CHARS_MAX).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        })
        .map_or_else(|| app.new_uuid().to_string(), str::to_owned);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let span = tracing::info_span!("request", request_id = %id, %method, %route);
    let started = Instant::now();
    let _under_way = UnderWay::begin();

    let mut response = CURRENT_REQUEST_ID
        .scope(id.clone(), next.run(request).instrument(span.clone()))
        .await;

    let status = response.status().as_u16().to_string();
    let elapsed = started.elapsed();
    let code = response
        .extensions()
        .get::<Code>()
        .map_or("", |code| code.as_str());
    span.in_scope(|| {
        tracing::info!(
            status,
            code,
            elapsed_ms = elapsed.as_millis() as u64,
            "answered"
        );
    });
    metrics::counter!("fieldseal_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("fieldseal_request_seconds", "method" => method, "route" => route)
        .record(elapsed.as_secs_f64());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
