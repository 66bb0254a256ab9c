//! `POST /v1/enrolment-codes`: a one-time code with which a phone is enrolled for a person.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::model::UserId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::enrolment;

/// For whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrolmentCode {
    /// The person who will use the phone.
    #[schema(value_type = String)]
    user_id: UserId,
}

/// The code: shown this once, kept as a hash.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentCode {
    /// To be typed or scanned on the phone.
    pub code: String,
    /// Until when, RFC 3339.
    pub expires_at: String,
}

/// Make a one-time enrolment code for a person
#[utoipa::path(post, path = "/v1/enrolment-codes", tag = "devices",
    request_body = NewEnrolmentCode, security(("access_token" = [])),
    responses((status = 201, body = EnrolmentCode), (status = "4XX", body = ProblemBody)))]
pub async fn create_enrolment_code(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewEnrolmentCode>,
) -> Result<(StatusCode, Json<EnrolmentCode>), Problem> {
    let (code, expires_at) = enrolment::issue_code(&app, &caller, body.user_id).await?;
    let body = EnrolmentCode {
        code,
        expires_at: rfc3339(expires_at),
    };
    Ok((StatusCode::CREATED, Json(body)))
}
