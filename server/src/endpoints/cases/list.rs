//! `GET /v1/cases`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{CoordinateSystem, DocumentId, Location};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::casework::CaseView;
use crate::services::casework::queues::{self, Place, Queue};

/// Which queue, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CasesQuery {
    /// `waiting` if it is not said
    #[serde(default)]
    #[param(value_type = Option<Queue>)]
    queue: Queue,
    /// The nearest first: WGS-84 latitude and longitude in degrees, as `35.49,112.85`; not of `all`
    near: Option<String>,
    /// The `next` of the page before; with the same `near`
    after: Option<String>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// Degrees in ten-millionths; none of what is no plain number.
fn e7(text: &str) -> Option<i64> {
    let plain = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let degrees: f64 = text.parse().ok().filter(|_| text.chars().all(plain))?;
    // Far from where an integer of this size is no longer exact.
    (degrees.abs() <= 180.0).then(|| (degrees * 1e7).round() as i64)
}

/// A place to be near, as `35.49,112.85`; none of what is none on earth.
pub fn near(text: &str) -> Option<Location> {
    let (latitude, longitude) = text.split_once(',')?;
    let system = CoordinateSystem::Wgs84;
    Location::captured(system, e7(latitude)?, e7(longitude)?, 1, false)
}

/// Where a page ended; none of what is no such place.
pub fn place(text: &str) -> Option<Place> {
    let mut parts = text.split('_');
    let (key, document, subject) = (parts.next()?, parts.next()?, parts.next()?);
    let subject: Uuid = subject.parse().ok()?;
    let document: DocumentId = document.parse().ok()?;
    let place = (key.parse().ok()?, document, subject.to_string());
    parts.next().is_none().then_some(place)
}

/// List the cases that you may see, by queue
///
/// Enforcement sees those of its regions, an authority those of its tasks, its campaigns and its regions, a case office those
/// that were handed over to it; nobody else any. What waits longest comes first; in `overdue` what is due first; with `near`
/// the nearest, and those whose place nobody noted last (`place` is null).
#[utoipa::path(get, path = "/v1/cases", tag = "cases", params(CasesQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<CaseView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_cases(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<CasesQuery>,
) -> Result<Json<Page<CaseView>>, Problem> {
    let near = match query.near.as_deref() {
        None => None,
        Some(_) if query.queue == Queue::All => {
            return Err(Problem::value("near", "is not for the queue of all cases"));
        }
        Some(text) => Some(near(text).ok_or_else(|| invalid("near"))?),
    };
    let after = match query.after.as_deref() {
        None => None,
        Some(text) => Some(place(text).ok_or_else(|| invalid("after"))?),
    };
    let rows_max = query.limit.rows();
    let found = queues::list(&app, &caller, query.queue, near.as_ref(), after, rows_max).await?;
    let page = Page::of(found.rows, query.limit, |((key, document, subject), _)| {
        format!("{key}_{document}_{subject}")
    });
    Ok(Json(Page {
        items: page.items.into_iter().map(|(_, case)| case).collect(),
        next: page.next,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_to_be_near_is_two_plain_degrees_on_earth() {
        let found = near("35.49,112.85").unwrap();
        assert_eq!(
            (found.latitude_e7, found.longitude_e7),
            (354_900_000, 1_128_500_000)
        );
        assert!(near("-90,180").is_some() && near("90,-180").is_some());
        for wrong in [
            "",
            ",",
            "35.49",
            "35.49,",
            "35.49,112.85,1",
            "91,0",
            "0,181",
            "NaN,0",
            "inf,0",
            "1e1,0",
            "35.49 ,1",
            "+1,1",
            "--1,1",
        ] {
            assert!(near(wrong).is_none(), "{wrong}");
        }
    }
}
