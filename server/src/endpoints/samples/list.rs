//! `GET /v1/samples`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{DocumentId, SampleId};
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::custody;
use crate::store::reference::samples::{self, Sample};

/// Which samples.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SamplesQuery {
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Place>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Only those that a laboratory reported and of which no sheet is known (只做不录); without it, those with a sheet
    #[serde(default)]
    without_sheet: bool,
}

/// A place in the list: an id, and the document of its record, since two may claim one id. One that was drawn elsewhere has
/// no document, and zeros stand for it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Place {
    sample: SampleId,
    document: DocumentId,
}

/// Before every document.
const NO_DOCUMENT: DocumentId = DocumentId([0; 32]);

impl TryFrom<String> for Place {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let place = || {
            let (sample, document) = text.split_once('_')?;
            Some(Self {
                sample: sample.parse().ok()?,
                document: document.parse().ok()?,
            })
        };
        place().ok_or("after is no `next` of this list")
    }
}

impl Place {
    fn of(item: &Sample) -> String {
        let document = item.document_id.unwrap_or(NO_DOCUMENT);
        format!("{}_{document}", item.sample_id)
    }
}

/// List the samples that you may see
#[utoipa::path(get, path = "/v1/samples", tag = "samples", params(SamplesQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Sample>), (status = "4XX", body = ProblemBody)))]
pub async fn list_samples(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<SamplesQuery>,
) -> Result<Json<Page<Sample>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let after = query.after.map(|place| place.sample.to_string());
    let after = after.unwrap_or_default();
    let document = query.after.map_or(NO_DOCUMENT, |place| place.document);
    let rows = query.limit.rows();
    let items = if query.without_sheet {
        let ids = custody::list_without_sheet(&mut db, &sight, &after, rows).await?;
        ids.into_iter().map(Sample::without_sheet).collect()
    } else {
        samples::list_seen(&mut db, &sight, (&after, document), rows).await?
    };
    Ok(Json(Page::of(items, query.limit, Place::of)))
}
