//! `GET /v1/rulings/{id}/facts`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use sync_core::model::RulingId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::services::ruled_facts;

/// Read the facts that one version of a ruling was made from
///
/// The body is exactly what was hashed: its SHA-256 is the ruling's `facts`. Only for those who see every visit and every
/// prior sampling in them.
#[utoipa::path(get, path = "/v1/rulings/{id}/facts", tag = "rulings",
    params(("id" = String, Path, description = "The ruling's id")), security(("access_token" = [])),
    responses((status = 200, body = Object, content_type = "application/json"), (status = "4XX", body = ProblemBody)))]
pub async fn get_ruling_facts(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<RulingId>,
) -> Result<impl IntoResponse, Problem> {
    let text = ruled_facts::of_ruling(&app, &caller, id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text))
}
