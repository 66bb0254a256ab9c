//! The console (管理端): pages for supervisors and administrators, rendered here, on the services that the API calls, with
//! the same principal and the same row scope. `pages.rs` lists every page and who may open it; `door.rs` is what a request
//! passes first; a page is one file with its handler, and a template below `server/templates`. Pages work without scripts.

pub mod adjudication;
pub mod assets;
pub mod cases;
pub mod cookies;
pub mod desk;
pub mod details;
pub mod door;
pub mod dossier;
pub mod errors;
pub mod events;
pub mod figures;
pub mod house;
pub mod labels;
pub mod language;
pub mod login;
pub mod pages;
pub mod quarantine;
pub mod regions;
pub mod returned;
pub mod review;
pub mod setup;
pub mod sheets;
pub mod today;
pub mod verifier;
pub mod visits;
pub mod when;
pub mod words;

use askama::Template;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::problem::{Code, Problem};

/// Where the console is.
pub const HOME: &str = "/console";

/// The console's pages, behind their door.
pub fn router(app: App) -> Router<App> {
    let pages = pages::PAGES
        .iter()
        .fold(Router::new(), |router, page| {
            router.route(page.path, (page.route)())
        })
        .route("/console/", get(async || Redirect::permanent(HOME)))
        .route(
            "/console/{*rest}",
            any(async || Problem::new(Code::RouteUnknown)),
        )
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| Problem::fault("a page panicked").into_response(),
        ));
    // The same pages inside of the door: there one is shown again with a form that came back.
    let inside = pages.clone();
    let inside = inside.layer(middleware::from_fn(returned::may_see));
    let door = door::Door {
        pages: inside.with_state(app.clone()),
        app,
    };
    let pages = pages.layer(middleware::from_fn_with_state(door, door::pass));
    Router::new()
        .route("/", get(async || Redirect::to(HOME)))
        .merge(pages)
}

/// A page as an answer.
pub fn shown(page: &impl Template) -> Result<Response, Problem> {
    shown_as(StatusCode::OK, page)
}

/// A page as an answer with another status: a form that comes back with what is wrong with it.
pub fn shown_as(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|error| Problem::internal(&error))?;
    Ok((status, Html(text)).into_response())
}

/// On to another page of the console, after something was done.
pub fn on_to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path.to_owned())]).into_response()
}

/// The version of a ruling that a form says its reader saw; none where it says none.
pub fn seen_version(said: Option<&str>) -> Result<Option<i64>, Problem> {
    let seen = said.map(str::parse).transpose();
    seen.map_err(|_| Problem::value("version", "is no whole number"))
}

/// The path if it leads to a page of the console, and home otherwise: nobody is sent elsewhere by an address.
pub fn own_path(path: &str) -> &str {
    let plain = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let below = path
        .strip_prefix(HOME)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with('?'));
    if plain && below { path } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_a_page_of_the_console_or_home() {
        for path in ["/console", "/console/visits?page=2", "/console?a"] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "//evil.example",
            "https://evil.example/console",
            "/consoles",
            "/v1/visits",
            "/console/\\evil.example",
            "/console/\r\nx: y",
            "",
        ] {
            assert_eq!(own_path(path), HOME, "{path}");
        }
    }
}
