//! `POST /v1/entries/{id}/rulings`, `POST /v1/samples/{id}/rulings` and `POST /v1/refusals/{id}/rulings`: a person decides.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::model::{EntryId, RefusalId, SampleId};
use sync_core::rules::{RefusalStanding, Standing, Subject, Validity};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::decisions::{self, NewDecision};
use crate::services::visits::RulingView;

/// A decision on an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryDecision {
    /// `first`, `continuation`, `excess`, `uncounted` or `contested`.
    #[schema(value_type = String)]
    standing: Standing,
    /// Why.
    reason: String,
    /// The version of the ruling that is decided on: where another one stands by now, nothing is decided and the answer is
    /// `ruling_outdated`, with the version that stands.
    version: Option<i64>,
}

/// What becomes of a sample that does not stand.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposal {
    /// Returned to the enterprise (退还).
    Returned,
    /// Paid for (购样).
    PaidFor,
    /// Kept until somebody decides (留存).
    Kept,
}

/// A decision on a sample.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleDecision {
    /// `valid`, `valid_with_violation`, `duplicate`, `void` or `needs_ruling`.
    #[schema(value_type = String)]
    validity: Validity,
    /// Why.
    reason: String,
    /// What becomes of the sample.
    disposal: Option<Disposal>,
    /// Whether the task's quota gets a make-up sample (补样).
    make_up: Option<bool>,
    /// The version of the ruling that is decided on: where another one stands by now, nothing is decided and the answer is
    /// `ruling_outdated`, with the version that stands.
    version: Option<i64>,
}

/// A decision on a refusal (拒检).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalDecision {
    /// `confirmed`, `not_established` or `resolved_sampled`.
    #[schema(value_type = String)]
    refusal: RefusalStanding,
    /// Why.
    reason: String,
    /// The version of the ruling that is decided on: where another one stands by now, nothing is decided and the answer is
    /// `ruling_outdated`, with the version that stands.
    version: Option<i64>,
}

/// Decide what a refusal is: confirmed, not established, or resolved and sampled
///
/// Enforcement where the enterprise lies decides, or the authority that commissioned the sampling.
#[utoipa::path(post, path = "/v1/refusals/{id}/rulings", tag = "rulings",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 201, body = RulingView), (status = "4XX", body = ProblemBody)))]
pub async fn decide_refusal(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<RefusalId>,
    Json(body): Json<RefusalDecision>,
) -> Result<(StatusCode, Json<RulingView>), Problem> {
    let new = NewDecision {
        subject: Subject::Refusal(id),
        standing: None,
        validity: None,
        refusal: Some(body.refusal),
        reason: body.reason,
        disposal: None,
        make_up: None,
        seen: body.version,
    };
    Ok((
        StatusCode::CREATED,
        Json(decisions::decide(&app, &caller, new).await?),
    ))
}

/// Decide the standing of an entry
#[utoipa::path(post, path = "/v1/entries/{id}/rulings", tag = "rulings",
    params(("id" = String, Path, description = "Its id; the slash in it is written %2F")), security(("access_token" = [])),
    responses((status = 201, body = RulingView), (status = "4XX", body = ProblemBody)))]
pub async fn decide_entry(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<String>,
    Json(body): Json<EntryDecision>,
) -> Result<(StatusCode, Json<RulingView>), Problem> {
    let new = NewDecision {
        subject: Subject::Entry(EntryId(id)),
        standing: Some(body.standing),
        validity: None,
        refusal: None,
        reason: body.reason,
        disposal: None,
        make_up: None,
        seen: body.version,
    };
    Ok((
        StatusCode::CREATED,
        Json(decisions::decide(&app, &caller, new).await?),
    ))
}

/// Decide the validity of a sample
#[utoipa::path(post, path = "/v1/samples/{id}/rulings", tag = "rulings",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 201, body = RulingView), (status = "4XX", body = ProblemBody)))]
pub async fn decide_sample(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<SampleId>,
    Json(body): Json<SampleDecision>,
) -> Result<(StatusCode, Json<RulingView>), Problem> {
    let new = NewDecision {
        subject: Subject::Sample(id),
        standing: None,
        validity: Some(body.validity),
        refusal: None,
        reason: body.reason,
        disposal: body.disposal.as_ref().map(crate::access::role::word),
        make_up: body.make_up,
        seen: body.version,
    };
    Ok((
        StatusCode::CREATED,
        Json(decisions::decide(&app, &caller, new).await?),
    ))
}
