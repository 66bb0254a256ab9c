//! `GET /v1/oidc/login`.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sync_core::limits::OIDC_LOGIN_MS;

use super::LOGIN_COOKIE;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};
use crate::services::oidc;

/// Begin to log in at the configured OpenID Connect provider: a browser is sent there
#[utoipa::path(get, path = "/v1/oidc/login", tag = "tokens",
    responses((status = 303, description = "To the provider"), (status = "4XX", body = ProblemBody)))]
pub async fn begin_oidc_login(State(app): State<App>) -> Result<Response, Problem> {
    sent_to_provider(&app).await
}

/// The answer that sends a browser to the provider: of this operation, and of the console's page.
pub async fn sent_to_provider(app: &App) -> Result<Response, Problem> {
    let begun = oidc::begin(app).await?;
    let encrypted = app.oidc.get().is_some_and(|it| it.is_encrypted());
    let cookie = LOGIN_COOKIE.set(&begun.secret, OIDC_LOGIN_MS / 1_000, encrypted)?;
    let location =
        HeaderValue::from_str(&begun.location).map_err(|error| Problem::internal(&error))?;
    let fields = [
        (header::LOCATION, location),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, fields).into_response())
}
