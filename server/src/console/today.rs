//! `/console`: today (今日), what waits for whoever is there, what is late, what came in.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::desk::{Desk, Frame};
use super::shown;
use crate::app::App;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
}

/// `GET /console`.
pub async fn show(State(_): State<App>, desk: Desk) -> Result<Response, Problem> {
    shown(&TodayPage {
        frame: desk.live_frame(desk.w().today),
    })
}
