//! `/console/rulebooks`: every version of every rulebook, what differs between two versions, and publishing a new one.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::{reading, rerules};
use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::sheets::{Progress, Sheet, day, form, link, needed, number, text, time};
use crate::console::when::written_day;
use crate::console::{on_to, regions, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::Problem;
use crate::services::reference::rulebooks::{self, Line};
use crate::services::reference::{Work, rerulings};

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
                text(regions::named(desk.language(), &head.region)),
                day(language, Some(&head.effective_from)),
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
    let named = format!("{}/{}", text.head.rulebook_id, text.head.version);
    // It may touch everything that was ever recorded: its page shows how far that is ruled again.
    work.leave(&format!("rulebook:{named}")).await?;
    rerulings::await_a_moment(&app, &desk.principal).await?;
    Ok(on_to(&format!("{HERE}/{named}")))
}

#[derive(Template)]
#[template(path = "rulebook.html")]
struct RulebookPage {
    frame: Frame,
    /// How far what it touches is ruled again.
    progress: Option<Progress>,
    head: rulebooks::RulebookVersion,
    region: String,
    /// From which day it holds.
    effective_from: String,
    /// The version that it is compared with; none for the first.
    before: Option<i64>,
    others: Vec<i64>,
    lines: Vec<Line>,
}

/// With which version it is compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    from: Option<i64>,
}

/// `GET /console/rulebooks/{id}/{version}`: its text, with what differs from the version before, or another one, marked.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path((id, version)): Path<(String, i64)>,
    Query(asked): Query<Compared>,
) -> Result<Response, Problem> {
    let mut db = reading(&app).await?;
    let found = rulebooks::compare(&app, &mut db, &id, version, asked.from).await?;
    // To compare it with any other version of the book.
    let texts = rulebooks::list(&app, &mut db).await?;
    let others = texts.into_iter().map(|it| it.head);
    let others = others.filter(|it| it.rulebook_id == id && it.version != version);
    let progress = rerules(&app, &desk, &format!("rulebook:{id}/{version}")).await?;
    let title = format!("{id} {version}");
    shown(&RulebookPage {
        frame: match progress.as_ref().is_some_and(|it| it.goes_on) {
            true => desk.work_frame(title, true),
            false => desk.frame(title),
        },
        progress,
        region: regions::named(desk.language(), &found.version.region),
        effective_from: written_day(desk.language(), &found.version.effective_from),
        head: found.version,
        before: found.from.map(|it| it.version),
        others: others.map(|it| it.version).collect(),
        lines: found.lines,
    })
}
