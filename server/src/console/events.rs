//! `GET /console/events`: the live notice of the API for the pages that are open, under the console's cookie.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::desk::Desk;
use crate::app::App;
use crate::endpoints::events::listen::answer;
use crate::problem::Problem;

/// Listens.
pub async fn listen(
    State(app): State<App>,
    desk: Desk,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&app, &desk.principal, desk.ticket, &headers).await
}
