//! A form that was sent and is not right comes back: the page that it was filled in on is shown again, with what is wrong in
//! words, each field marked, and everything that was typed still in it. The door does this for every page: a form says in a
//! field of its own (`FROM`) on which page it stands, and no handler knows of it.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use form_urlencoded::{Serializer, parse};
use sync_core::limits::CONSOLE_KEPT_FORM_BYTES_MAX;

use super::desk::Desk;
use super::language::Language;
use super::pages::{find, may_open};
use super::{details, errors, labels, own_path};
use crate::problem::{Code, Problem};

/// The field in which a form says on which page it stands.
pub const FROM: &str = "_from";

/// A form as a browser sent it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Path and query that it was sent to.
    pub action: String,
    /// Path and query of the page that it was filled in on.
    pub from: String,
    pairs: Vec<(String, String)>,
}

/// One thing that is wrong with it.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Which field, as it is sent.
    pub field: String,
    /// What the field is called.
    pub label: String,
    /// What is wrong.
    pub told: String,
}

/// A form that came back.
#[derive(Clone, Debug)]
pub struct Returned {
    sent: Sent,
    /// What is wrong.
    pub title: &'static str,
    /// Its stable code.
    pub code: &'static str,
    /// What else there is to say of it.
    pub detail: String,
    /// Which fields.
    pub wrong: Vec<Wrong>,
}

impl Returned {
    /// A form, and the problem that there is with it.
    pub fn new(language: Language, sent: Sent, problem: &Problem) -> Self {
        Self {
            sent,
            title: errors::title(language, problem.code()),
            code: problem.code().as_str(),
            detail: details::told(language, problem.told().unwrap_or_default()),
            wrong: wrong(language, problem),
        }
    }

    /// Whether it is the form that is sent there.
    pub fn is_of(&self, action: &str) -> bool {
        self.sent.action == action
    }

    /// What was typed into a field.
    pub fn typed(&self, name: &str) -> Option<&str> {
        let mut pairs = self.sent.pairs.iter();
        pairs
            .find(|(of, _)| of == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether this was chosen in a field, of which there may be several.
    pub fn chose(&self, name: &str, value: &str) -> bool {
        let mut pairs = self.sent.pairs.iter();
        pairs.any(|(of, chosen)| of == name && chosen == value)
    }
}

/// What is wrong with the fields of a form, as people call them.
pub fn wrong(language: Language, problem: &Problem) -> Vec<Wrong> {
    let named = problem.errors().iter().map(|error| Wrong {
        field: error.field.clone(),
        label: labels::label(language.words(), &error.field).to_owned(),
        told: details::told(language, &error.detail),
    });
    named.collect()
}

/// Whether whoever sent a form can do something about it on its page, now or in a while.
pub fn can_be_mended(code: Code) -> bool {
    let elsewhere = matches!(
        code,
        Code::NotFound
            | Code::RouteUnknown
            | Code::MethodNotAllowed
            | Code::PathInvalid
            | Code::RoleForbidden
            | Code::OriginForeign
            | Code::LoginNeeded
            | Code::SessionEnded
            | Code::UserDisabled
    );
    !elsewhere
}

/// Reads a form that may come back. What is no form, says no page of ours, or is too long passes as it came.
pub async fn read(request: Request) -> Result<(Request, Option<Sent>), Problem> {
    let is_form = request.method() == Method::POST && is_form(request.headers());
    let known = request.uri().path_and_query().map(ToString::to_string);
    let (true, Some(action)) = (is_form, known) else {
        return Ok((request, None));
    };
    let (mut parts, body) = request.into_parts();
    let bytes = to_bytes(body, CONSOLE_KEPT_FORM_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| Problem::new(Code::BodyUnreadable))?;
    let pairs = parse(&bytes).into_owned();
    let (from, pairs): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == FROM);
    let from = from.first().map(|(_, page)| own_path(page).to_owned());
    let Some(from) = from else {
        return Ok((Request::from_parts(parts, Body::from(bytes)), None));
    };
    let rest = Bytes::from(Serializer::new(String::new()).extend_pairs(&pairs).finish());
    parts
        .headers
        .insert(header::CONTENT_LENGTH, rest.len().into());
    let sent = Sent {
        action,
        from,
        pairs,
    };
    Ok((Request::from_parts(parts, Body::from(rest)), Some(sent)))
}

/// Whether it is a form of one piece and of a length that may be kept.
fn is_form(headers: &HeaderMap) -> bool {
    let told = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let kind = told(header::CONTENT_TYPE).unwrap_or_default();
    let length = told(header::CONTENT_LENGTH).and_then(|it| it.parse().ok());
    kind.starts_with("application/x-www-form-urlencoded")
        && length.is_some_and(|length: usize| length <= CONSOLE_KEPT_FORM_BYTES_MAX)
}

/// What a page passes that is shown again inside of the door: whoever sits there may open it.
pub async fn may_see(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let page = matched.and_then(|path| find(path.as_str()));
    let desk = request.extensions().get::<Desk>();
    let may = match (page, desk) {
        (Some(page), Some(desk)) => may_open(page, &desk.principal),
        _ => false,
    };
    match may {
        true => next.run(request).await,
        false => Problem::new(Code::RoleForbidden).into_response(),
    }
}
