//! `GET /v1/visits`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{DocumentId, Millis, Uscc};
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::days::{from, invalid, until};
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::visits::{self, Filter, VisitView};

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisitsQuery {
    /// The `next` of the page before
    after: Option<String>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Key of the enterprise after aliases, as `uscc:…`
    enterprise: Option<String>,
    /// 统一社会信用代码
    uscc: Option<String>,
    /// Inspection body
    body: Option<String>,
    /// Campaign
    campaign: Option<String>,
    /// Standing of one of its entries: `first`, `excess`, `contested`, …
    standing: Option<String>,
    /// First civil day in Asia/Shanghai, ISO 8601
    from: Option<String>,
    /// Last civil day in Asia/Shanghai, ISO 8601
    to: Option<String>,
}

/// List the visits that you may see, newest first
#[utoipa::path(get, path = "/v1/visits", tag = "visits", params(VisitsQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<VisitView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_visits(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<VisitsQuery>,
) -> Result<Json<Page<VisitView>>, Problem> {
    let after = match query.after.as_deref().map(|after| after.split_once('_')) {
        None => (Millis::MAX, Vec::new()),
        Some(Some((at, id))) => {
            let at = at.parse().map_err(|_| invalid("after"))?;
            let id: DocumentId = id.parse().map_err(|_| invalid("after"))?;
            (at, id.0.to_vec())
        }
        Some(None) => return Err(invalid("after")),
    };
    if query
        .uscc
        .as_ref()
        .is_some_and(|code| code.parse::<Uscc>().is_err())
    {
        return Err(Problem::value(
            "uscc",
            "is no unified social credit code: shape or check digit",
        ));
    }
    let filter = Filter {
        from: from(query.from.as_deref())?.unwrap_or(Millis::MIN),
        until: until(query.to.as_deref())?.unwrap_or(Millis::MAX),
        enterprise: query.enterprise,
        uscc: query.uscc,
        body: query.body,
        campaign: query.campaign,
        standing: query.standing,
    };
    let rows = visits::list(&app, &caller, after, &filter, query.limit.rows()).await?;
    let page = Page::of(rows, query.limit, |row| {
        format!("{}_{}", row.sort_at, row.document_id)
    });
    Ok(Json(Page {
        items: visits::views(&app, page.items).await?,
        next: page.next,
    }))
}
