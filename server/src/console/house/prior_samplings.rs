//! `/console/prior-samplings`: samplings made elsewhere (既往抽样), and how they stand.

use axum::extract::State;
use axum::response::Response;
use sync_core::wording::Worded as _;

use super::reading;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{At, ROWS, Sheet, chip, code, link, maybe, page_of, text};
use crate::console::shown;
use crate::extract::Query;
use crate::problem::Problem;
use crate::store::reference::prior_samplings as stored;
use sync_core::rules::Validity;

const HERE: &str = "/console/prior-samplings";

/// `GET /console/prior-samplings`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let sight = (&desk.principal).into();
    let rows = stored::list_seen(&mut db, &sight, &at.after, ROWS + 1).await?;
    let (rows, next) = page_of(rows, HERE, |row| row.prior_sampling_id.to_string());
    let mut page = Sheet::new(&desk, w.prior_samplings);
    page.heads = vec![
        w.sampled_on,
        w.product_name,
        w.enterprise_name,
        w.sheet_no,
        w.source,
        w.validity,
    ];
    page.empty = w.prior_samplings_none;
    page.next = next;
    page.rows = rows
        .into_iter()
        .map(|row| {
            let words = row.validity.words();
            let kind = match row.validity {
                Validity::Valid => "good",
                Validity::Duplicate | Validity::Void => "bad",
                Validity::Pending => "calm",
                Validity::NeedsRuling | Validity::ValidWithViolation => "warn",
            };
            vec![
                text(row.sampled_on),
                maybe(row.product_name),
                code(row.enterprise.unwrap_or_default()),
                code(row.sheet_no.unwrap_or_default()),
                text(row.source),
                chip(kind, language.pick(words.zh, words.en)),
            ]
        })
        .collect();
    if desk.principal.has_any(super::tasks::MAKERS) {
        page.tools
            .push(link(w.import_file, "/console/imports/prior-samplings"));
    }
    shown(&page)
}
