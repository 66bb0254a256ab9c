//! `/console/imports/{kind}`: a file of records. It is tried first and nothing is written; each bad row is named with its line,
//! and may be corrected where it stands before the file is tried again or written. A job does the work
//! (`services/imports/jobs.rs`): `/console/imports/{kind}/{id}` shows how far it is, may be left, and is found again from the
//! page of the kind and from today.

use askama::Template;
use axum::extract::{Multipart, State};
use axum::response::Response;
use sync_core::limits::IMPORT_KEPT_MS;
use uuid::Uuid;

use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::language::Language;
use crate::console::sheets::Progress;
use crate::console::when::When;
use crate::console::words::{Words, fill};
use crate::console::{details, errors, on_to, shown};
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::services::imports::jobs::{self, Act, ImportRow};
use crate::services::imports::{BadRow, Kind};

/// Imports that the page of a kind still names.
const NAMED: u32 = 10;
/// The longest file that is put into the page to be corrected there, in bytes; a longer one is corrected where it came from.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// Which of its own imports a page names.
pub struct Named {
    /// Its page.
    pub href: String,
    /// What it is, by its time.
    pub when: When,
    /// `good`, `warn`, `bad` or `calm`.
    pub kind: &'static str,
    /// How far it is, or what came of it.
    pub told: String,
    /// Whether it goes on.
    pub open: bool,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    action: String,
    back: &'static str,
    /// Columns of such a file, by name and Chinese.
    columns: Vec<(&'static str, &'static str, bool)>,
    /// While it goes on.
    progress: Option<Progress>,
    /// The import whose file is tried or written again, unless another is sent.
    of: String,
    /// The file as it was sent; empty where it is too long to be put into a page.
    text: String,
    /// Why the file is not put into the page; empty where it is.
    kept: &'static str,
    /// Bad rows, with what is wrong by its code, and what stands in them.
    bad: Vec<(BadRow, &'static str, String)>,
    /// What came of it; empty before a file was sent.
    told: String,
    /// What is to be said beside that.
    detail: String,
    good: bool,
    tried: bool,
    /// The latest of whoever sits there.
    latest: Vec<Named>,
}

/// What such a file holds, and where its records are listed.
fn names(w: &Words, kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Enterprises => (w.enterprises, "/console/enterprises"),
        Kind::Campaigns => (w.campaigns, "/console/campaigns"),
        Kind::Tasks => (w.tasks, "/console/tasks"),
        Kind::ProductRules => (w.product_rules, "/console/product-rules"),
        Kind::PriorSamplings => (w.prior_samplings, "/console/prior-samplings"),
    }
}

/// What a file of that kind is called.
pub fn title(w: &Words, kind: &str) -> String {
    let named = Kind::of(kind).map_or("", |kind| names(w, kind).0);
    fill(w.import_of, "what", named)
}

fn page(desk: &Desk, kind: Kind, under_way: bool) -> ImportPage {
    let w = desk.w();
    ImportPage {
        frame: desk.work_frame(title(w, kind.as_str()), under_way),
        action: format!("/console/imports/{}", kind.as_str()),
        back: names(w, kind).1,
        columns: kind.headings().collect(),
        progress: None,
        of: String::new(),
        text: String::new(),
        kept: "",
        bad: Vec::new(),
        told: String::new(),
        detail: String::new(),
        good: false,
        tried: false,
        latest: Vec::new(),
    }
}

fn counted(word: &str, row: &ImportRow, bad: usize) -> String {
    let told = fill(word, "created", row.created);
    let told = fill(&told, "updated", row.updated);
    let told = fill(&told, "unchanged", row.unchanged);
    fill(&told, "bad", bad)
}

/// How far one is, while it goes on.
fn progress(w: &Words, row: &ImportRow) -> String {
    let word = match row.state.as_str() {
        jobs::TRYING => w.import_trying,
        jobs::WRITING => w.import_writing,
        _ => w.import_waiting,
    };
    fill(&fill(word, "done", row.rows_done), "all", row.rows_all)
}

/// What came of one, how it is marked, and whether it is good.
fn outcome(w: &Words, row: &ImportRow, bad: usize) -> (String, bool) {
    match (row.state.as_str(), row.written, bad) {
        (jobs::FAILED, ..) => (w.import_failed.to_owned(), false),
        (_, true, 0) => (counted(w.import_done, row, bad), true),
        (_, true, _) => (counted(w.import_done_but, row, bad), true),
        (_, false, 0) => (counted(w.import_good, row, bad), true),
        (_, false, _) => (counted(w.import_bad, row, bad), false),
    }
}

/// One as a line of a list.
pub fn named(desk: &Desk, row: &ImportRow) -> Result<Named, Problem> {
    let w = desk.w();
    let open = row.ended_at.is_none();
    let (told, good) = match open {
        true => (progress(w, row), true),
        false => outcome(w, row, jobs::bad_rows(row)?.len()),
    };
    Ok(Named {
        href: format!("/console/imports/{}/{}", row.kind, row.import_id),
        when: When::at(desk.language(), row.made_at),
        kind: match (open, good, row.written) {
            (true, ..) => "calm",
            (false, true, true) => "good",
            (false, true, false) => "warn",
            (false, false, _) => "bad",
        },
        told,
        open,
    })
}

async fn latest(app: &App, desk: &Desk, kind: Kind) -> Result<Vec<Named>, Problem> {
    let since = app.now() - IMPORT_KEPT_MS;
    let rows = jobs::list(app, &desk.principal, Some(kind), since, NAMED).await?;
    rows.iter().map(|row| named(desk, row)).collect()
}

/// `GET /console/imports/{kind}`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Path(kind): Path<Kind>,
) -> Result<Response, Problem> {
    let latest = latest(&app, &desk, kind).await?;
    let mut page = page(&desk, kind, latest.iter().any(|it| it.open));
    page.latest = latest;
    shown(&page)
}

/// What was sent: the file or the text or the import of before, and what is to be done with it.
struct Sent {
    bytes: Vec<u8>,
    of: Option<Uuid>,
    act: Act,
}

async fn sent(mut form: Multipart) -> Result<Sent, Problem> {
    let unreadable = |_| Problem::new(Code::BodyUnreadable);
    let mut sent = Sent {
        bytes: Vec::new(),
        of: None,
        act: Act::Try,
    };
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        let word = String::from_utf8_lossy(&bytes);
        match name.as_str() {
            // A file that was chosen goes before the text of the one before it.
            "file" if !bytes.is_empty() => sent.bytes = bytes.to_vec(),
            "text" if sent.bytes.is_empty() => sent.bytes = bytes.to_vec(),
            "of" => sent.of = word.parse().ok(),
            "act" => sent.act = Act::of(&word),
            _ => {}
        }
    }
    Ok(sent)
}

/// `POST /console/imports/{kind}`: takes the file and leads to the page that shows how far it is.
pub async fn take(
    State(app): State<App>,
    desk: Desk,
    Path(kind): Path<Kind>,
    form: Multipart,
) -> Result<Response, Problem> {
    let sent = sent(form).await?;
    let bytes = match sent.of {
        Some(of) if sent.bytes.is_empty() => jobs::file_of(&app, &desk.principal, of).await?,
        _ => sent.bytes,
    };
    let id = jobs::take(&app, &desk.principal, kind, sent.act, bytes).await?;
    jobs::await_a_moment(&app, &desk.principal, id).await?;
    Ok(on_to(&format!("/console/imports/{}/{id}", kind.as_str())))
}

/// What is wrong, by its code.
fn title_of(language: Language, code: &str) -> &'static str {
    let code = Code::ALL.iter().find(|known| known.as_str() == code);
    code.map_or("", |code| errors::title(language, *code))
}

/// `GET /console/imports/{kind}/{id}`: how far it is, and then what came of it.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path((kind, id)): Path<(Kind, Uuid)>,
) -> Result<Response, Problem> {
    let row = jobs::find(&app, &desk.principal, id).await?;
    if row.kind != kind.as_str() {
        return Err(Problem::new(Code::NotFound));
    }
    let (w, language) = (desk.w(), desk.language());
    let mut page = page(&desk, kind, row.ended_at.is_none());
    if row.ended_at.is_none() {
        page.progress = Some(Progress {
            told: progress(w, &row),
            done: row.rows_done,
            all: row.rows_all,
            goes_on: true,
            leave: w.import_leave,
            when: None,
        });
        return shown(&page);
    }
    let file = jobs::file_of(&app, &desk.principal, id).await?;
    let bad = jobs::bad_rows(&row)?;
    (page.told, page.good) = outcome(w, &row, bad.len());
    if let Some(code) = row.problem.as_deref() {
        let title = title_of(language, code);
        page.detail = match &row.detail {
            Some(detail) => format!("{title} · {}", details::told(language, detail)),
            None => title.to_owned(),
        };
    }
    page.tried = !row.written;
    let text = String::from_utf8_lossy(&file);
    let lines: Vec<&str> = text.lines().collect();
    page.bad = bad
        .into_iter()
        .map(|mut bad| {
            bad.message = details::told(language, &bad.message);
            let line = usize::try_from(bad.line).unwrap_or_default();
            let stands = line.checked_sub(1).and_then(|at| lines.get(at));
            let title = title_of(language, &bad.code);
            (bad, title, stands.copied().unwrap_or_default().to_owned())
        })
        .collect();
    if page.tried {
        page.of = id.to_string();
        // What is no UTF-8 cannot be corrected here, nor gone on with.
        if std::str::from_utf8(&file).is_err() {
            (page.of, page.kept) = (String::new(), w.import_unreadable);
        } else if file.len() <= TEXT_BYTES_MAX {
            page.text = text.into_owned();
        } else {
            page.kept = w.import_kept;
        }
    }
    shown(&page)
}
