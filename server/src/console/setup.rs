//! `/console/setup`: the first run (首次设置). Whoever has the one-time token of the log makes the first administrator.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::desk::{Frame, Front};
use super::login::seated;
use super::returned::{self, Wrong};
use super::{HOME, errors, on_to, shown_as};
use crate::app::App;
use crate::endpoints::address::Address;
use crate::extract::Form;
use crate::problem::{Code, Problem};
use crate::services::administrators::{self, NewAdministrator};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    typed: Typed,
    /// What was wrong.
    told: &'static str,
    code: &'static str,
    errors: Vec<Wrong>,
}

/// What is typed.
#[derive(Clone, Debug, Deserialize)]
pub struct Typed {
    token: String,
    authority: String,
    region: String,
    username: String,
    display_name: String,
    password: String,
}

/// `GET /console/setup`.
pub async fn show(State(app): State<App>, front: Front) -> Result<Response, Problem> {
    if !administrators::nobody_yet(&app).await? {
        return Ok(on_to(HOME));
    }
    administrators::keep_first_run_open(&app).await?;
    let typed = Typed {
        token: String::new(),
        authority: String::new(),
        region: "000000".to_owned(),
        username: "admin".to_owned(),
        display_name: String::new(),
        password: String::new(),
    };
    let page = SetupPage {
        frame: front.frame(front.w().setup_title),
        typed,
        told: "",
        code: "",
        errors: Vec::new(),
    };
    shown_as(StatusCode::OK, &page)
}

/// `POST /console/setup`.
pub async fn make(
    State(app): State<App>,
    front: Front,
    Address(address): Address,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let new = NewAdministrator {
        authority: typed.authority.trim().to_owned(),
        region: typed.region.trim().to_owned(),
        username: typed.username.trim().to_owned(),
        display_name: typed.display_name.trim().to_owned(),
        password: typed.password.clone(),
    };
    match administrators::make_first(&app, &typed.token, new, address).await {
        Ok(secret) => seated(on_to(HOME), &front, &secret),
        Err(problem) if matches!(problem.code(), Code::SetupTokenInvalid | Code::ValueInvalid) => {
            let code = problem.code();
            let page = SetupPage {
                frame: front.frame(front.w().setup_title),
                typed,
                told: errors::title(front.language, code),
                code: code.as_str(),
                errors: returned::wrong(front.language, &problem),
            };
            let mut response = shown_as(code.status(), &page)?;
            response.extensions_mut().insert(code);
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}
