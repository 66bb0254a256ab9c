//! `POST /v1/challenges`: a text that a device signs once to show that it holds its key.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::rfc3339;
use crate::extract::Json;
use crate::problem::Problem;
use crate::services::challenges;

/// A challenge.
#[derive(Debug, Serialize, ToSchema)]
pub struct Challenge {
    /// The text to sign, as it stands in the statement.
    pub challenge: String,
    /// Until when, RFC 3339.
    pub expires_at: String,
}

/// Ask for a challenge to sign
#[utoipa::path(post, path = "/v1/challenges", tag = "devices",
    responses((status = 201, body = Challenge)))]
pub async fn create_challenge(
    State(app): State<App>,
) -> Result<(StatusCode, Json<Challenge>), Problem> {
    let (challenge, expires_at) = challenges::issue(&app).await?;
    let body = Challenge {
        challenge,
        expires_at: rfc3339(expires_at),
    };
    Ok((StatusCode::CREATED, Json(body)))
}
