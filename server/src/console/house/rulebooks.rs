//! `/console/rulebooks`: every version of every rulebook, what differs between two versions, and publishing a new one.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::reading;
use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::sheets::{Sheet, code, form, link, needed, number, text, time};
use crate::console::{on_to, shown};
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::services::reference::rulebooks::{self, Line};
use crate::services::reference::{Work, rulebooks::RulebookText};

const HERE: &str = "/console/rulebooks";
const NEW: &str = "/console/rulebooks/new";

/// `GET /console/rulebooks`.
pub async fn show(State(app): State<App>, desk: Desk) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let texts = rulebooks::list(&app, &mut db).await?;
    let mut page = Sheet::new(&desk, w.rulebooks);
    page.heads = vec![
        w.rulebook,
        w.version,
        w.region_code,
        w.effective_from,
        w.source,
        w.since,
    ];
    page.empty = w.none;
    page.rows = texts
        .into_iter()
        .map(|it| {
            let head = it.head;
            let path = format!("{HERE}/{}/{}", head.rulebook_id, head.version);
            vec![
                link(head.rulebook_id, path),
                number(head.version),
                code(head.region),
                text(head.effective_from),
                text(head.source),
                match head.published_at_ms {
                    Some(at) => time(language, Some(at)),
                    None => text(w.rulebook_shipped),
                },
            ]
        })
        .collect();
    if desk.principal.has_any(super::tasks::MAKERS) {
        let toml = needed("text", w.rulebook_text)
            .as_input("area")
            .with_hint(w.rulebook_hint);
        page.forms.push(form(w.rulebook_publish, NEW, vec![toml]));
    }
    shown(&page)
}

/// A new version.
#[derive(Debug, Deserialize)]
pub struct Typed {
    text: String,
}

/// `POST /console/rulebooks/new`.
pub async fn publish(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let mut work = Work::begin(&app, &desk.principal).await?;
    // Browsers send lines with a carriage return.
    let (text, _) = rulebooks::publish(&mut work, &typed.text.replace("\r\n", "\n")).await?;
    work.commit().await?;
    Ok(on_to(&format!(
        "{HERE}/{}/{}",
        text.head.rulebook_id, text.head.version
    )))
}

#[derive(Template)]
#[template(path = "rulebook.html")]
struct RulebookPage {
    frame: Frame,
    head: rulebooks::RulebookVersion,
    /// The version before it; none for the first.
    before: Option<i64>,
    lines: Vec<Line>,
}

/// `GET /console/rulebooks/{id}/{version}`: its text, with what differs from the version before marked.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path((id, version)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let mut db = reading(&app).await?;
    let texts = rulebooks::list(&app, &mut db).await?;
    let texts: Vec<RulebookText> = texts
        .into_iter()
        .filter(|it| it.head.rulebook_id == id)
        .collect();
    let found = texts.iter().find(|it| it.head.version == version);
    let found = found.ok_or(Problem::new(Code::NotFound))?;
    let before = texts
        .iter()
        .filter(|it| it.head.version < version)
        .max_by_key(|it| it.head.version);
    let lines = rulebooks::differences(before.map(|it| it.text.as_str()), &found.text);
    shown(&RulebookPage {
        frame: desk.frame(format!("{id} {version}")),
        head: found.head.clone(),
        before: before.map(|it| it.head.version),
        lines,
    })
}
