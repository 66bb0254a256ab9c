//! `/console/login`: coming in with a password or by the configured provider, and going out. What somebody had typed when
//! their session ended comes along, in the browser alone, and is shown before it is sent.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use form_urlencoded::parse;
use serde::Deserialize;
use sync_core::limits::REFRESH_TOKEN_MS;

use super::cookies::SESSION;
use super::desk::{Desk, Frame, Front};
use super::words::Words;
use super::{HOME, labels, on_to, own_path, shown_as};
use crate::app::App;
use crate::endpoints::address::Address;
use crate::endpoints::oidc::CONSOLE_CODE_COOKIE;
use crate::endpoints::oidc::login::sent_to_provider;
use crate::extract::{Form, Query};
use crate::problem::{Code, Problem};
use crate::services::sessions::Secret;
use crate::services::{oidc, sessions};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    /// Whether there is a provider.
    provider: bool,
    username: String,
    to: String,
    kept: String,
    /// Why it is asked, or what was wrong.
    told: Vec<&'static str>,
    code: &'static str,
}

#[derive(Template)]
#[template(path = "kept.html")]
struct KeptPage {
    frame: Frame,
    action: String,
    fields: Vec<KeptField>,
}

struct KeptField {
    name: String,
    label: String,
    value: String,
    hidden: bool,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    to: String,
}

fn login_page(front: &Front, to: &str) -> LoginPage {
    LoginPage {
        frame: front.frame(front.w().log_in),
        provider: false,
        username: String::new(),
        to: own_path(to).to_owned(),
        kept: String::new(),
        told: Vec::new(),
        code: "",
    }
}

/// `GET /console/login`.
pub async fn show(
    State(app): State<App>,
    front: Front,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Problem> {
    let page = LoginPage {
        provider: app.oidc.get().is_some(),
        ..login_page(&front, &query.to)
    };
    shown_as(StatusCode::OK, &page)
}

/// A form came after the session's end: the login, with what was typed and where it is to be sent.
pub fn again(front: &Front, action: &str, kept: String) -> Result<Response, Problem> {
    let w = front.w();
    let also = match kept.is_empty() {
        true => w.login_not_kept,
        false => w.login_kept,
    };
    let page = LoginPage {
        told: vec![w.login_over, also],
        code: Code::LoginNeeded.as_str(),
        kept,
        ..login_page(front, action)
    };
    let mut response = shown_as(StatusCode::UNAUTHORIZED, &page)?;
    response.extensions_mut().insert(Code::LoginNeeded);
    Ok(response)
}

/// What is typed to log in.
#[derive(Debug, Deserialize)]
pub struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    kept: String,
}

/// `POST /console/login`.
pub async fn enter(
    State(app): State<App>,
    front: Front,
    Address(address): Address,
    headers: HeaderMap,
    Form(typed): Form<Credentials>,
) -> Result<Response, Problem> {
    let entered = sessions::log_in_console(&app, &typed.username, typed.password, address).await;
    let secret = match entered {
        Ok(secret) => secret,
        Err(problem) => {
            let w = front.w();
            let told = match problem.code() {
                Code::CredentialsWrong => w.login_wrong,
                Code::UserDisabled => w.login_disabled,
                Code::AttemptsExceeded => w.login_too_many,
                _ => return Err(problem),
            };
            let page = LoginPage {
                provider: app.oidc.get().is_some(),
                username: typed.username,
                kept: typed.kept,
                told: vec![told],
                code: problem.code().as_str(),
                ..login_page(&front, &typed.to)
            };
            let mut response = shown_as(problem.code().status(), &page)?;
            if let Some(seconds) = problem.retry_after() {
                let seconds = HeaderValue::from(seconds);
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
            response.extensions_mut().insert(problem.code());
            return Ok(response);
        }
    };
    // What somebody else typed on this machine before them is not theirs to send.
    let before = match SESSION.of(&headers, front.encrypted) {
        Some(before) => sessions::whose(&app, &before).await?,
        None => None,
    };
    let now = sessions::whose(&app, &secret.secret).await?;
    let theirs = before.is_none() || before == now;
    let response = match !typed.kept.is_empty() && theirs {
        true => {
            let page = KeptPage {
                frame: front.frame(front.w().kept_title),
                action: own_path(&typed.to).to_owned(),
                fields: fields(front.w(), &typed.kept),
            };
            shown_as(StatusCode::OK, &page)?
        }
        false => on_to(own_path(&typed.to)),
    };
    seated(response, &front, &secret)
}

/// What was typed, field by field.
fn fields(w: &Words, kept: &str) -> Vec<KeptField> {
    let pairs = parse(kept.as_bytes());
    let field = |(name, value): (std::borrow::Cow<str>, std::borrow::Cow<str>)| KeptField {
        hidden: name.contains("password"),
        label: labels::label(w, &name).to_owned(),
        name: name.into_owned(),
        value: value.into_owned(),
    };
    pairs.map(field).collect()
}

/// An answer that begins the session. The cookie outlives it, so that whose it was is known when it is over.
pub fn seated(mut response: Response, front: &Front, secret: &Secret) -> Result<Response, Problem> {
    let cookie = SESSION.set(&secret.secret, REFRESH_TOKEN_MS / 1_000, front.encrypted)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /console/login/provider`: to the provider, and back to the console.
pub async fn to_provider(State(app): State<App>) -> Result<Response, Problem> {
    sent_to_provider(&app).await
}

/// `GET /console/login/finish`: the code of a finished login becomes a session.
pub async fn from_provider(
    State(app): State<App>,
    front: Front,
    Address(address): Address,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let code = CONSOLE_CODE_COOKIE.of(&headers);
    let code = code.ok_or(Problem::new(Code::OidcCodeInvalid))?;
    let secret = oidc::enter_console(&app, &code, address).await?;
    let mut response = seated(on_to(HOME), &front, &secret)?;
    let used = CONSOLE_CODE_COOKIE.set("", 0, front.encrypted)?;
    response.headers_mut().append(header::SET_COOKIE, used);
    Ok(response)
}

/// `POST /console/logout`.
pub async fn leave(State(app): State<App>, desk: Desk) -> Result<Response, Problem> {
    sessions::log_out(&app, &desk.principal).await?;
    let mut response = on_to("/console/login");
    let cookie = SESSION.set("", 0, desk.front.encrypted)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response.into_response())
}
