//! `GET /v1/not-sampled`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::DocumentId;
use utoipa::IntoParams;
use uuid::Uuid;

use super::NotSampledQuery;
use crate::access::Principal;
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::not_sampled::{self, NotSampledEnterprise, Place};

/// Which records, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotSampledPageQuery {
    /// Of this campaign
    campaign: Option<String>,
    /// Of this task: of its campaign, its body and its team
    task: Option<String>,
    /// First civil day in Asia/Shanghai, ISO 8601
    from: Option<String>,
    /// Last civil day in Asia/Shanghai, ISO 8601
    to: Option<String>,
    /// The `next` of the page before
    after: Option<String>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

fn place(text: &str) -> Option<Place> {
    let mut parts = text.split('_');
    let (at, id, document) = (parts.next()?, parts.next()?, parts.next()?);
    let id: Uuid = id.parse().ok()?;
    let document: DocumentId = document.parse().ok()?;
    Some(Place {
        recorded_at: at.parse().ok()?,
        not_sampled_id: id.to_string(),
        document: document.0.to_vec(),
    })
    .filter(|_| parts.next().is_none())
}

/// List the enterprises that were not sampled (未抽到企业名单), of visits that you may see, oldest first
///
/// Sealed records alone; each read is on the audit trail (`not_sampled.exported`).
#[utoipa::path(get, path = "/v1/not-sampled", tag = "not-sampled", params(NotSampledPageQuery),
    security(("access_token" = [])),
    responses((status = 200, body = Page<NotSampledEnterprise>), (status = "4XX", body = ProblemBody)))]
pub async fn list_not_sampled(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<NotSampledPageQuery>,
) -> Result<Json<Page<NotSampledEnterprise>>, Problem> {
    let after = match query.after.as_deref() {
        None => Place::first(),
        Some(text) => place(text).ok_or_else(|| invalid("after"))?,
    };
    let filter = NotSampledQuery {
        campaign: query.campaign,
        task: query.task,
        from: query.from,
        to: query.to,
    };
    let filter = filter.filter()?;
    let rows = not_sampled::list(&app, &caller, &filter, &after, query.limit.rows()).await?;
    let page = Page::of(rows, query.limit, |row| {
        format!(
            "{}_{}_{}",
            row.recorded_at, row.not_sampled_id, row.document
        )
    });
    Ok(Json(Page {
        items: not_sampled::told(&app, &caller, &filter, page.items).await?,
        next: page.next,
    }))
}
