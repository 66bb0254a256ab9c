//! The console's door: every request of a page passes here before its handler. It finds the language, keeps other sites out,
//! leads to the first run while there is nobody, knows who sits there by their cookie, asks the table of pages whether they
//! may open this one, makes pages of problems, and sets the headers that bind browsers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use form_urlencoded::byte_serialize;
use sync_core::limits::CONSOLE_KEPT_FORM_BYTES_MAX;
use tower::ServiceExt as _;

use super::cookies::SESSION;
use super::desk::{Desk, Front};
use super::language::Language;
use super::pages::{self, Page, may_open};
use super::returned::{self, Returned, Sent};
use super::{errors, login, on_to, own_path};
use crate::access::gate::Ticket;
use crate::access::operations::Who;
use crate::app::App;
use crate::endpoints::address::Address;
use crate::problem::{Code, Problem};
use crate::services::{administrators, sessions};

const SETUP: &str = "/console/setup";
const LOGIN: &str = "/console/login";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the door needs.
#[derive(Clone)]
pub struct Door {
    /// The server.
    pub app: App,
    /// The pages inside of the door.
    pub pages: Router,
}

/// The middleware.
pub async fn pass(State(door): State<Door>, request: Request, next: Next) -> Response {
    let app = &door.app;
    let encrypted = is_encrypted(app, request.headers());
    let here = request.uri().path_and_query();
    let mut front = Front {
        language: Language::of(request.headers(), encrypted),
        here: own_path(here.map_or("", |it| it.as_str())).to_owned(),
        returned: None,
        encrypted,
    };
    let (mut desk, mut sent) = (None, None);
    let admitted = match returned::read(request).await {
        Ok((mut request, form)) => {
            if let Some(form) = &form {
                front.here.clone_from(&form.from);
            }
            sent = form;
            request.extensions_mut().insert(front.clone());
            admit(app, &front, request, &mut desk).await
        }
        Err(problem) => Err(problem),
    };
    let mut response = match admitted {
        Ok(Admitted::In(request)) => next.run(*request).await,
        Ok(Admitted::Answered(response)) => *response,
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let again = match (&desk, sent) {
            (Some(desk), Some(sent)) => show_again(&door, desk, sent, &problem).await,
            _ => None,
        };
        response = match again {
            Some(page) => page,
            None => errors::page(&front, desk.as_ref(), &problem),
        };
    }
    bind(app, response.headers_mut());
    response
}

/// The page that a form was filled in on, with the form and what is wrong with it; none where there is no such page any more.
async fn show_again(door: &Door, desk: &Desk, sent: Sent, problem: &Problem) -> Option<Response> {
    let code = problem.code();
    if !returned::can_be_mended(code) {
        return None;
    }
    let uri: Uri = sent.from.parse().ok()?;
    let form = Returned::new(desk.language(), sent, problem);
    let front = Front {
        returned: Some(Arc::new(form)),
        ..desk.front.clone()
    };
    let desk = Desk {
        front: front.clone(),
        ..desk.clone()
    };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    request.extensions_mut().insert(front);
    request.extensions_mut().insert(desk);
    let mut page = door.pages.clone().oneshot(request).await.ok()?;
    let kind = page.headers().get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    if page.status() != StatusCode::OK || !is_page {
        return None;
    }
    *page.status_mut() = code.status();
    errors::mark(&mut page, problem);
    Some(page)
}

enum Admitted {
    In(Box<Request>),
    Answered(Box<Response>),
}

async fn admit(
    app: &App,
    front: &Front,
    request: Request,
    found: &mut Option<Desk>,
) -> Result<Admitted, Problem> {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if !safe && !is_own(app, front, request.headers(), request.uri()) {
        return Err(Problem::new(Code::OriginForeign));
    }
    let matched = request.extensions().get::<MatchedPath>();
    let page = matched.and_then(|path| pages::find(path.as_str()));
    let who = page.map_or(Who::Anyone, |page| page.who);
    let before_all = page.is_some_and(|page| page.path == SETUP || page.before_all);
    if !before_all && administrators::nobody_yet(app).await? {
        return Ok(Admitted::Answered(Box::new(on_to(SETUP))));
    }
    let (mut parts, body) = request.into_parts();
    if who == Who::Public {
        let request = Request::from_parts(parts, body);
        return Ok(Admitted::In(Box::new(request)));
    }
    let secret = SESSION.of(&parts.headers, front.encrypted);
    let seated = match &secret {
        Some(secret) => sessions::seated(app, secret).await,
        None => Err(Problem::new(Code::LoginNeeded)),
    };
    let (secret, seated) = match (secret, seated) {
        (Some(secret), Ok(seated)) => (secret, seated),
        (_, Err(problem)) if !is_a_matter_of_login(problem.code()) => return Err(problem),
        _ if safe => {
            let back: String = byte_serialize(front.here.as_bytes()).collect();
            let response = on_to(&format!("{LOGIN}?to={back}"));
            return Ok(Admitted::Answered(Box::new(response)));
        }
        _ => {
            let response = keep(front, &parts, body).await?;
            return Ok(Admitted::Answered(Box::new(response)));
        }
    };
    let Address(address) = Address::from_request_parts(&mut parts, app).await?;
    let noted = sessions::note_use(app, &secret, &seated, address).await?;
    let until = noted.unwrap_or(seated.expires_at);
    let desk = Desk {
        front: front.clone(),
        principal: seated.principal,
        ticket: Ticket::of_cookie(secret, until),
        name: seated.name,
        organisation: seated.organisation,
    };
    *found = Some(desk.clone());
    if page.is_some_and(|page: &Page| !may_open(page, &desk.principal)) {
        return Err(Problem::new(Code::RoleForbidden));
    }
    parts.extensions.insert(desk);
    let request = Request::from_parts(parts, body);
    Ok(Admitted::In(Box::new(request)))
}

/// What a login mends.
fn is_a_matter_of_login(code: Code) -> bool {
    matches!(
        code,
        Code::LoginNeeded | Code::SessionEnded | Code::UserDisabled
    )
}

/// A form that was sent after the session's end is kept in the browser, over the login.
async fn keep(front: &Front, parts: &Parts, body: Body) -> Result<Response, Problem> {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let typed = match kind.starts_with("application/x-www-form-urlencoded") {
        true => to_bytes(body, CONSOLE_KEPT_FORM_BYTES_MAX).await.ok(),
        // A file cannot be put back into a form by anybody but its owner.
        false => None,
    };
    let kept = typed.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    let action = parts.uri.path_and_query().map(ToString::to_string);
    let action = action.unwrap_or_default();
    login::again(front, own_path(&action), kept.unwrap_or_default())
}

/// Whether a browser talks to us under encryption: by the address that the operator gave, or a proxy that is trusted.
fn is_encrypted(app: &App, headers: &HeaderMap) -> bool {
    let told = headers.get(FORWARDED_PROTO).map(HeaderValue::as_bytes);
    app.is_encrypted() || (app.trust_forwarded_for && told == Some(b"https"))
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |at| after + at);
    &url[..end]
}

/// Whether a request that changes something was sent by a page of ours. A browser says so; who says nothing is refused.
fn is_own(app: &App, front: &Front, headers: &HeaderMap, uri: &Uri) -> bool {
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin") {
        return false;
    }
    let Some(sent) = headers.get(header::ORIGIN) else {
        return site.is_some();
    };
    let Ok(sent) = sent.to_str() else {
        return false;
    };
    if app.public_url.get().is_some_and(|url| origin(url) == sent) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let host = host.or(uri.authority().map(|it| it.as_str()));
    let host = host.unwrap_or_default();
    let encrypted = sent.strip_prefix("https://");
    // Nobody has told whether a proxy in front encrypts: the name alone is compared then.
    let plain = sent.strip_prefix("http://").filter(|_| !front.encrypted);
    !host.is_empty() && encrypted.or(plain) == Some(host)
}

/// What may be loaded and done: what is ours, and pictures of maps where an operator has named a server of tiles.
fn policy(app: &App) -> String {
    let tiles = app.tiles.get().map(|url| format!(" {}", origin(url)));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{}; media-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        tiles.unwrap_or_default()
    )
}

/// Binds a browser to what a page of ours may do.
pub(super) fn bind(app: &App, headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not none: a form that is sent would then come from nowhere.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy(app)) {
        headers
            .entry(header::CONTENT_SECURITY_POLICY)
            .or_insert(policy);
    }
}
