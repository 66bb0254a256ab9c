//! `GET /v1/samples`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
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
    /// Rows, at most 200
    limit: Option<u32>,
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
    let page = PageQuery::new(query.after, query.limit);
    let (after, limit) = (page.after(), page.limit());
    let items = if query.without_sheet {
        let ids = custody::list_without_sheet(&mut db, &sight, &after, limit).await?;
        ids.into_iter().map(Sample::without_sheet).collect()
    } else {
        samples::list_seen(&mut db, &sight, &after, limit).await?
    };
    Ok(Json(Page::new(items, &page, |item| {
        item.sample_id.to_string()
    })))
}
