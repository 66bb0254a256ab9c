//! `GET /v1/adjudications`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::adjudication::{self, OpenView, Place};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AdjudicationsQuery {
    /// The `next` of the page before
    #[param(pattern = "^[0-9]{1,15}_[0-9a-f]{64}_[0-9a-z:_-]+$")]
    after: Option<String>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// A place as text, for `after`.
pub fn place_text((sort_at, document, subject): &Place) -> String {
    format!("{sort_at}_{document}_{subject}")
}

/// Where a page ended; none of what is no such place.
pub fn place(text: &str) -> Option<Place> {
    let mut parts = text.splitn(3, '_');
    let (sort_at, document, subject) = (parts.next()?, parts.next()?, parts.next()?);
    let place = (
        sort_at.parse().ok()?,
        document.parse().ok()?,
        subject.to_owned(),
    );
    (!subject.is_empty() && !subject.contains('\0')).then_some(place)
}

/// List the entries that are contested and the samples that need a ruling, in the visits that you see
#[utoipa::path(get, path = "/v1/adjudications", tag = "rulings", params(AdjudicationsQuery),
    security(("access_token" = [])),
    responses((status = 200, body = Page<OpenView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_adjudications(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<AdjudicationsQuery>,
) -> Result<Json<Page<OpenView>>, Problem> {
    let after = match query.after.as_deref() {
        None => None,
        Some(text) => Some(place(text).ok_or_else(|| invalid("after"))?),
    };
    let rows = adjudication::list(&app, &caller, "", after, query.limit.rows()).await?;
    let page = Page::of(rows, query.limit, |(place, _)| place_text(place));
    Ok(Json(Page {
        items: page.items.into_iter().map(|(_, open)| open).collect(),
        next: page.next,
    }))
}
