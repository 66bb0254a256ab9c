//! `GET /v1/samples/{id}`.

use axum::extract::State;
use serde::Serialize;
use sync_core::model::SampleId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::store::reference::custody::{self, CustodyEvent};
use crate::store::reference::samples::{self, Sample};

/// A sample, how it stands, and what the laboratory reported.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampleDetail {
    /// The sample.
    #[serde(flatten)]
    sample: Sample,
    /// Every report, those that were refused too.
    custody: Vec<CustodyEvent>,
}

/// Read a sample that you may see
#[utoipa::path(get, path = "/v1/samples/{id}", tag = "samples",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = SampleDetail), (status = "4XX", body = ProblemBody)))]
pub async fn get_sample(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<SampleId>,
) -> Result<Json<SampleDetail>, Problem> {
    let mut db = app.store.read().await?;
    let found = samples::find_seen(&mut db, &(&caller).into(), id).await?;
    let sample = found.ok_or(Problem::new(Code::NotFound))?;
    let custody = custody::list(&mut db, id).await?;
    Ok(Json(SampleDetail { sample, custody }))
}
