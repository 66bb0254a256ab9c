//! `GET /v1/oidc/callback`.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use sync_core::limits::OIDC_CODE_MS;
use utoipa::IntoParams;

use super::{CODE_COOKIE, CONSOLE_CODE_COOKIE, LOGIN_COOKIE};
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Problem, ProblemBody};
use crate::services::oidc::{self, Returned};

/// What a provider sends a browser back with; what it adds of its own is passed over.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    /// For tokens
    code: Option<String>,
    /// As given
    state: Option<String>,
    /// Why there is no code
    error: Option<String>,
    /// Who sent it
    iss: Option<String>,
}

/// A page between the provider and the console: what follows from a page of ours brings the cookies along that a browser
/// keeps from what follows from another site.
const PAGE: &str = "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>Fieldseal</title>\
    <meta http-equiv=\"refresh\" content=\"0;url=/console/login/finish\">\
    <p>登录成功。<a href=\"/console/login/finish\">进入管理端</a></p>\
    <p lang=\"en\">You are logged in. <a href=\"/console/login/finish\">Go on to the console</a>; an app goes on by itself.</p></html>";
/// Where that page leads.
const CONSOLE: &str = "/console";

/// Finish logging in at the provider: the browser gets a cookie that `POST /v1/tokens` takes once, with the grant `oidc`
#[utoipa::path(get, path = "/v1/oidc/callback", tag = "tokens", params(CallbackQuery),
    responses((status = 200, body = String, content_type = "text/html"),
        (status = 303, description = "To the configured page"), (status = "4XX", body = ProblemBody)))]
pub async fn finish_oidc_login(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<CallbackQuery>,
) -> Result<Response, Problem> {
    let returned = Returned {
        code: query.code,
        state: query.state,
        error: query.error,
        issuer: query.iss,
    };
    let code = oidc::finish(&app, returned, LOGIN_COOKIE.of(&headers)).await?;
    let provider = app.oidc.get();
    let encrypted = provider.is_some_and(|it| it.is_encrypted());
    let return_to = provider.and_then(|it| it.config.return_to.as_deref());
    let mut response = match return_to.filter(|page| !page.starts_with(CONSOLE)) {
        Some(page) => {
            let page = HeaderValue::from_str(page).map_err(|error| Problem::internal(&error))?;
            (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response()
        }
        None => Html(PAGE).into_response(),
    };
    let fields = response.headers_mut();
    for cookie in [
        CODE_COOKIE.set(&code, OIDC_CODE_MS / 1_000, encrypted)?,
        CONSOLE_CODE_COOKIE.set(&code, OIDC_CODE_MS / 1_000, encrypted)?,
        LOGIN_COOKIE.set("", 0, encrypted)?,
    ] {
        fields.append(header::SET_COOKIE, cookie);
    }
    let never = HeaderValue::from_static("no-store");
    fields.insert(header::CACHE_CONTROL, never);
    Ok(response)
}
