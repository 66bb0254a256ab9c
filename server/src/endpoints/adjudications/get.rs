//! `GET /v1/adjudications/of`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::adjudication::{self, Adjudication};

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdjudicationQuery {
    /// `entry/…` or `sample/…`, as lists and rulings name it
    subject: String,
}

/// Read both sides of an entry or a sample: the records beside each other, why, and what the rulebook would say
#[utoipa::path(get, path = "/v1/adjudications/of", tag = "rulings", params(AdjudicationQuery),
    security(("access_token" = [])),
    responses((status = 200, body = Adjudication), (status = "4XX", body = ProblemBody)))]
pub async fn get_adjudication(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<AdjudicationQuery>,
) -> Result<Json<Adjudication>, Problem> {
    Ok(Json(adjudication::of(&app, &caller, &query.subject).await?))
}
