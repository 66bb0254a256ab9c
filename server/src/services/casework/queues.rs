//! Queues of cases: what waits, what is mine, what is overdue, what is to be decided or handed over; by time, or the nearest
//! first.

use serde::{Deserialize, Serialize};
use sync_core::limits::CASES_OPEN_MAX;
use sync_core::model::{DocumentId, Location, Millis};
use utoipa::ToSchema;

use super::{CaseView, Deadlines, presses, since, view};
use crate::access::Principal;
use crate::app::App;
use crate::problem::Problem;
use crate::store::rulings::casework::{self, CaseRow};

/// A queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Refusals that nobody has confirmed, and reports that nobody has received.
    #[default]
    Waiting,
    /// What the caller took, did something with, or wrote a confirmation of.
    Mine,
    /// What is to be done soon, or was to be done by now.
    Overdue,
    /// For a person of the authority: confirmations that differ, and refusals beside samples that need a ruling.
    ToDecide,
    /// Reports that are not at the case office yet.
    ToHandOver,
    /// Reports that are at a case office, of which nobody has said yet what became.
    ToDispose,
    /// Every case, the newest first.
    All,
}

impl Queue {
    fn holds(self, case: &CaseRow, due_at: Option<Millis>, now: Millis) -> bool {
        let report = case.kind == "on_site_report";
        match self {
            Self::Waiting => case.state == "reported",
            Self::Overdue => presses(due_at, now),
            Self::ToDecide => {
                !report
                    && (case.state == "contested" || (case.state == "reported" && case.disputed))
            }
            Self::ToHandOver => report && matches!(case.state.as_str(), "reported" | "received"),
            Self::ToDispose => report && case.state == "handed_over",
            Self::Mine | Self::All => true,
        }
    }
}

/// Where a page ended: the number that it is sorted by, the visit and the subject.
pub type Place = (i64, DocumentId, String);

/// A page: what each row is named by as a place, and what is shown of it.
pub struct Page {
    /// The rows, one more than was asked for where there are more.
    pub rows: Vec<(Place, CaseView)>,
}

/// Before every case of a queue.
const FIRST: i64 = i64::MIN;

/// A page of a queue. Near a place the nearest come first, and those whose place nobody knows last.
pub async fn list(
    app: &App,
    caller: &Principal,
    queue: Queue,
    near: Option<&Location>,
    after: Option<Place>,
    rows_max: u32,
) -> Result<Page, Problem> {
    let mut db = app.store.read().await?;
    let now = app.now();
    let cases = match queue {
        Queue::All => {
            let newest = || (Millis::MAX, DocumentId([u8::MAX; 32]), String::new());
            let after = after.clone().unwrap_or_else(newest);
            casework::list_all(&mut db, caller, after, rows_max).await?
        }
        Queue::Mine => casework::list_mine(&mut db, caller, CASES_OPEN_MAX).await?,
        Queue::ToDispose => casework::list_handed_over(&mut db, caller, CASES_OPEN_MAX).await?,
        _ => casework::list_open(&mut db, caller, CASES_OPEN_MAX).await?,
    };
    let deadlines = Deadlines::of(app, &mut db, &cases).await?;
    let rows = cases.iter().filter_map(|case| {
        let due_at = deadlines.due_at(case);
        if !queue.holds(case, due_at, now) {
            return None;
        }
        let distance_mm = near.zip(case.place.as_ref());
        let distance_mm = distance_mm.map(|(near, place)| near.millimetres_from(place));
        let key = match (queue, near) {
            (Queue::All, _) => case.opened_at,
            (_, Some(_)) => distance_mm.unwrap_or(i64::MAX),
            (Queue::Overdue, None) => due_at.unwrap_or(i64::MAX),
            (_, None) => since(case),
        };
        let place = (key, case.document, case.subject_id.to_string());
        let distance_m = distance_mm.map(|mm| mm / 1_000);
        Some((place, view(case, due_at, distance_m, now)))
    });
    let mut rows: Vec<_> = rows.collect();
    if queue != Queue::All {
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let after = after.unwrap_or((FIRST, DocumentId([0; 32]), String::new()));
        rows.retain(|(place, _)| *place > after);
        rows.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
    }
    Ok(Page { rows })
}
