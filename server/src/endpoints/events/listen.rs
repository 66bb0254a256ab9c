//! `GET /v1/events`.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};

use crate::access::Principal;
use crate::access::gate::Ticket;
use crate::app::App;
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::events::{self, Beside};

/// Where a client says what it heard last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that gather answers before they pass them on leave this one alone.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Listen to what changes, as server-sent events
///
/// Each event has `type`, `id` and `href` as JSON, and no contents: `visit.changed`, `ruling.made`, `case.changed`, and to a
/// device `sync.wanted`. The first one is `ready`; `reset` in its place says that what was missed cannot be told, so lists are
/// to be read anew. `end` names the code for which the stream ends, as `token_expired`. Of several changes of one thing within
/// a moment the last is told.
#[utoipa::path(get, path = "/v1/events", tag = "events", security(("access_token" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was heard last: the stream goes on behind it")),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = "4XX", body = ProblemBody)))]
pub async fn listen_to_events(
    State(app): State<App>,
    caller: Principal,
    ticket: Ticket,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&app, &caller, ticket, &headers, Beside::Nothing).await
}

/// The stream for whoever listens: an app by its token, or a page of the console by its cookie.
pub async fn answer(
    app: &App,
    caller: &Principal,
    ticket: Ticket,
    headers: &HeaderMap,
    beside: Beside,
) -> Result<Response, Problem> {
    let last = match headers.get(LAST_EVENT_ID).map(HeaderValue::to_str) {
        None => None,
        Some(Ok("")) => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => {
            return Err(Problem::new(Code::HeaderInvalid).detail("Last-Event-ID"));
        }
    };
    let stream = events::listen(app, caller, ticket, last, beside).await?;
    let mut response = Sse::new(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}
