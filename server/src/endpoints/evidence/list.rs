//! `GET /v1/evidence`: pieces of evidence across visits, for whoever reviews them.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{CampaignId, DocumentId, EvidenceId, OrganisationId};
use utoipa::{IntoParams, ToSchema};

use crate::access::Principal;
use crate::access::role::word;
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::reviewing::{self, Filter, PieceView, Place, Way};

/// How far the review of a piece is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// What nobody has decided on, and what was answered since.
    #[default]
    Waiting,
    /// Its bytes are here, and nobody has decided on them.
    Unreviewed,
    /// Questioned or rejected, and answered since.
    Answered,
    /// Questioned, and not answered yet.
    Questioned,
    /// It counts.
    Accepted,
    /// It does not count, and nobody answered.
    Rejected,
    /// Every piece, those too whose bytes are not here.
    All,
}

/// Which pieces, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EvidenceQuery {
    /// `waiting` if it is not said
    #[serde(default)]
    #[param(value_type = Option<ReviewState>)]
    pub state: ReviewState,
    /// Of one visit
    #[param(value_type = Option<String>)]
    pub visit: Option<DocumentId>,
    /// Of one campaign
    #[param(value_type = Option<String>)]
    pub campaign: Option<CampaignId>,
    /// Of one inspection body (承检机构)
    #[param(value_type = Option<String>)]
    pub body: Option<OrganisationId>,
    /// `true`: those alone of which the same picture, or one like it, stands under another visit
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    pub reused: bool,
    /// The `next` of the page before
    #[param(pattern = "^[0-9]{1,15}_[0-9a-f]{64}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    after: Option<String>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// A place as text, for `after`.
pub fn place_text((sort_at, document, evidence): &Place) -> String {
    format!("{sort_at}_{document}_{evidence}")
}

/// Where a page ended; none of what is no such place.
pub fn place(text: &str) -> Option<Place> {
    let mut parts = text.split('_');
    let sort_at = parts.next()?.parse().ok()?;
    let document: DocumentId = parts.next()?.parse().ok()?;
    let evidence: EvidenceId = parts.next()?.parse().ok()?;
    let place = (sort_at, document, evidence.to_string());
    parts.next().is_none().then_some(place)
}

/// List the pieces of evidence of the visits that you see, by how far their review (影像审查) is
///
/// Visit by visit, the newest first. If nothing is said, those that wait for the authority.
#[utoipa::path(get, path = "/v1/evidence", tag = "evidence", params(EvidenceQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<PieceView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_evidence(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<EvidenceQuery>,
) -> Result<Json<Page<PieceView>>, Problem> {
    let after = match query.after.as_deref() {
        None => None,
        Some(text) => Some(place(text).ok_or_else(|| invalid("after"))?),
    };
    let filter = Filter {
        state: word(&query.state),
        document: query.visit,
        campaign: query.campaign.map(|id| id.to_string()),
        body: query.body.map(|id| id.to_string()),
        reused: query.reused,
    };
    let rows = reviewing::list(
        &app,
        &caller,
        &filter,
        after,
        Way::Onward,
        query.limit.rows(),
    )
    .await?;
    let page = Page::of(rows, query.limit, |(place, _)| place_text(place));
    Ok(Json(Page {
        items: page.items.into_iter().map(|(_, piece)| piece).collect(),
        next: page.next,
    }))
}
