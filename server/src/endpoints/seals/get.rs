//! `GET /v1/seals/{digest}`: whether a seal is known, between which times it was sealed, and whether it stands.

use axum::extract::State;
use serde::Serialize;
use sync_core::model::Digest;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::rfc3339;
use crate::endpoints::address::Address;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::seals;

/// What is told of a seal: of one that is not known, the same fields without a value.
#[derive(Serialize, ToSchema)]
pub struct KnownSeal {
    /// SHA-256 in hex, as the form shows it.
    pub digest: String,
    /// Whether it is known here. One that is not may be false, or on a phone that had no network since.
    pub known: bool,
    /// Not before, RFC 3339: the last time of this server that the phone had.
    pub sealed_from: Option<String>,
    /// Not after, RFC 3339: when it came here.
    pub sealed_to: Option<String>,
    /// `stands`, `amended` (a signed correction stands beside it), `withdrawn`, or `replaced` (another seal of the same record
    /// is shown).
    pub standing: Option<&'static str>,
}

/// Ask whether a printed form's seal is known; the page of its code (`/v/{digest}`) shows the same
#[utoipa::path(get, path = "/v1/seals/{digest}", tag = "proof",
    params(("digest" = String, Path, pattern = "^[0-9a-f]{64}$", description = "All 64 digits of the digest on the form")),
    responses((status = 200, body = KnownSeal), (status = "4XX", body = ProblemBody)))]
pub async fn get_seal(
    State(app): State<App>,
    Address(address): Address,
    Path(digest): Path<Digest>,
) -> Result<Json<KnownSeal>, Problem> {
    let found = seals::ask(&app, digest, address).await?;
    Ok(Json(KnownSeal {
        digest: digest.to_string(),
        known: found.is_some(),
        sealed_from: found.and_then(|it| it.sealed_from).map(rfc3339),
        sealed_to: found.and_then(|it| it.sealed_to).map(rfc3339),
        standing: found.map(|it| it.standing.word()),
    }))
}
