//! `/console/imports/{kind}`: a file of records. It is tried first and nothing is written; each bad row is named with its line,
//! and may be corrected where it stands before the file is tried again or written.

use askama::Template;
use axum::extract::{Multipart, State};
use axum::response::Response;

use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::shown;
use crate::console::words::fill;
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::services::imports::{self, BadRow, Kind, Options};

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    action: String,
    back: &'static str,
    /// Columns of such a file, by name and Chinese.
    columns: Vec<(&'static str, &'static str, bool)>,
    /// The file as it was sent.
    text: String,
    /// Bad rows, with what stands in them.
    bad: Vec<(BadRow, String)>,
    /// What came of it; empty before a file was sent.
    told: String,
    good: bool,
    tried: bool,
}

fn page(desk: &Desk, kind: Kind) -> ImportPage {
    let w = desk.w();
    let (title, back) = match kind {
        Kind::Enterprises => (w.enterprises, "/console/enterprises"),
        Kind::Campaigns => (w.campaigns, "/console/campaigns"),
        Kind::Tasks => (w.tasks, "/console/tasks"),
        Kind::ProductRules => (w.product_rules, "/console/product-rules"),
        Kind::PriorSamplings => (w.prior_samplings, "/console/prior-samplings"),
    };
    ImportPage {
        frame: desk.frame(fill(w.import_of, "what", title)),
        action: format!("/console/imports/{}", kind.as_str()),
        back,
        columns: kind.headings().collect(),
        text: String::new(),
        bad: Vec::new(),
        told: String::new(),
        good: false,
        tried: false,
    }
}

/// `GET /console/imports/{kind}`.
pub async fn show(desk: Desk, Path(kind): Path<Kind>) -> Result<Response, Problem> {
    shown(&page(&desk, kind))
}

/// What was sent: the file or the text, and what is to be done with it.
#[derive(Default)]
struct Sent {
    bytes: Vec<u8>,
    write: bool,
    skip_bad: bool,
}

async fn sent(mut form: Multipart) -> Result<Sent, Problem> {
    let unreadable = |_| Problem::new(Code::BodyUnreadable);
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        match name.as_str() {
            // A file that was chosen goes before the text of the one before it.
            "file" if !bytes.is_empty() => sent.bytes = bytes.to_vec(),
            "text" if sent.bytes.is_empty() => sent.bytes = bytes.to_vec(),
            "act" => {
                sent.write = bytes.as_ref() != b"try";
                sent.skip_bad = bytes.as_ref() == b"skip";
            }
            _ => {}
        }
    }
    Ok(sent)
}

/// `POST /console/imports/{kind}`.
pub async fn take(
    State(app): State<App>,
    desk: Desk,
    Path(kind): Path<Kind>,
    form: Multipart,
) -> Result<Response, Problem> {
    let sent = sent(form).await?;
    let w = desk.w();
    let mut page = page(&desk, kind);
    let dry = Options {
        dry_run: true,
        skip_bad: false,
    };
    let tried = imports::run(&app, &desk.principal, kind, &sent.bytes, dry).await?;
    let writes = sent.write && (tried.bad.is_empty() || sent.skip_bad);
    let report = match writes {
        true => {
            let options = Options {
                dry_run: false,
                skip_bad: sent.skip_bad,
            };
            imports::run(&app, &desk.principal, kind, &sent.bytes, options).await?
        }
        false => tried,
    };
    let text = String::from_utf8_lossy(&sent.bytes).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let told = match (report.written, report.bad.is_empty()) {
        (true, _) => w.import_done,
        (false, true) => w.import_good,
        (false, false) => w.import_bad,
    };
    let told = fill(told, "created", report.created);
    let told = fill(&told, "updated", report.updated);
    let told = fill(&told, "unchanged", report.unchanged);
    page.told = fill(&told, "bad", report.bad.len());
    page.good = report.written || report.bad.is_empty();
    page.tried = !report.written;
    page.bad = report
        .bad
        .into_iter()
        .map(|bad| {
            let line = usize::try_from(bad.line).unwrap_or_default();
            let stands = line.checked_sub(1).and_then(|at| lines.get(at));
            (bad, stands.copied().unwrap_or_default().to_owned())
        })
        .collect();
    if page.tried {
        page.text = text;
    }
    shown(&page)
}
