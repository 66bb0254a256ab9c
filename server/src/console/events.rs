//! `GET /console/events`: the live notice of the API for the pages that are open, under the console's cookie.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::desk::Desk;
use crate::app::App;
use crate::endpoints::events::listen::answer;
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::events::Beside;

/// What a page wants to hear.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Of long work too.
    #[serde(default)]
    work: bool,
}

/// Listens.
pub async fn listen(
    State(app): State<App>,
    desk: Desk,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let beside = match wanted.work {
        true => Beside::Work,
        false => Beside::Nothing,
    };
    answer(&app, &desk.principal, desk.ticket, &headers, beside).await
}
