//! `GET /v1/samples`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::custody;
use crate::store::reference::samples::{self, Sample};

/// Which samples.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SamplesQuery {
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Only those that a laboratory reported and of which no sheet is known (只做不录); without it, those with a sheet
    #[serde(default)]
    without_sheet: bool,
}

/// List the samples that you may see
#[utoipa::path(get, path = "/v1/samples", tag = "samples", params(SamplesQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Sample>), (status = "4XX", body = ProblemBody)))]
pub async fn list_samples(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<SamplesQuery>,
) -> Result<Json<Page<Sample>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let after = query.after.map(|id| id.to_string()).unwrap_or_default();
    let rows = query.limit.rows();
    let items = if query.without_sheet {
        let ids = custody::list_without_sheet(&mut db, &sight, &after, rows).await?;
        ids.into_iter().map(Sample::without_sheet).collect()
    } else {
        samples::list_seen(&mut db, &sight, &after, rows).await?
    };
    Ok(Json(Page::of(items, query.limit, |item| {
        item.sample_id.to_string()
    })))
}
