//! `GET /console/review`: the pieces of evidence that wait, as small pictures, in pages.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::limits::CONSOLE_TILES_MAX;

use super::{Going, address, kind, mark, state_words};
use crate::access::role::word;
use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::language::Language;
use crate::console::shown;
use crate::endpoints::evidence::list::{ReviewState, place, place_text};
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::evidence::reviewing::{self, PieceView, Way};

/// A choice of the filter.
struct Choice {
    value: String,
    text: &'static str,
    chosen: bool,
}

/// A small picture.
struct Tile {
    href: String,
    thumbnail: Option<String>,
    kind: String,
    enterprise: String,
    state: &'static str,
    mark: &'static str,
    reused: bool,
    film: bool,
}

#[derive(Template)]
#[template(path = "review/list.html")]
struct ListPage {
    frame: Frame,
    choices: Vec<Choice>,
    visit: String,
    reused: bool,
    tiles: Vec<Tile>,
    begin: Option<String>,
    next: Option<String>,
    first: Option<String>,
}

/// Which page of them.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    #[serde(flatten)]
    going: Going,
    #[serde(default)]
    after: String,
}

fn tile(language: Language, piece: &PieceView, query: &str) -> Tile {
    let film = piece.media_type.starts_with("video/");
    let thumbnail = format!(
        "/console/media/{}/{}/thumbnail",
        piece.visit_id, piece.evidence_id
    );
    Tile {
        href: address(piece.visit_id, &piece.evidence_id, query),
        thumbnail: piece.preview.then_some(thumbnail),
        kind: kind(language, &piece.kind),
        enterprise: piece.enterprise_name.clone().unwrap_or_default(),
        state: state_words(language, &piece.state),
        mark: mark(&piece.state),
        reused: piece.reused,
        film,
    }
}

/// Shows a page.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let filter = query.going.filter();
    let after = place(&query.after);
    let asked = CONSOLE_TILES_MAX + 1;
    let mut rows =
        reviewing::list(&app, &desk.principal, &filter, after, Way::Onward, asked).await?;
    let more = rows.len() >= asked as usize;
    rows.truncate(CONSOLE_TILES_MAX as usize);
    let next = rows.last().filter(|_| more);
    let next = next.map(|(place, _)| query.going.query(&[("after", &place_text(place))]));
    let address_of = query.going.query(&[]);
    let tiles: Vec<Tile> = rows
        .iter()
        .map(|(_, piece)| tile(language, piece, &address_of))
        .collect();
    let choices = [
        (ReviewState::Waiting, w.review_waiting),
        (ReviewState::Unreviewed, w.review_unreviewed),
        (ReviewState::Answered, w.review_answered),
        (ReviewState::Questioned, w.review_questioned),
        (ReviewState::Accepted, w.review_accepted),
        (ReviewState::Rejected, w.review_rejected),
        (ReviewState::All, w.review_all),
    ];
    shown(&ListPage {
        frame: desk.frame(w.review_title),
        choices: choices
            .into_iter()
            .map(|(state, text)| Choice {
                value: word(&state),
                text,
                chosen: state == query.going.state,
            })
            .collect(),
        visit: query
            .going
            .visit
            .map(|id| id.to_string())
            .unwrap_or_default(),
        reused: query.going.reused,
        begin: tiles.first().map(|tile| tile.href.clone()),
        tiles,
        next,
        first: (!query.after.is_empty()).then_some(address_of),
    })
}
