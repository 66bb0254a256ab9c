//! `POST /v1/returned-papers`: after a restore of the server, a phone brings back what the server signed.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::model::{Millis, UserId};
use sync_core::proof::{CertificatePayload, LeasePayload, ReEntryGrantPayload, Signed};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::Work;
use crate::services::returned_papers::{self, Known, Papers};

/// Papers, 200 at most, each exactly as it was signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedPapers {
    /// Certificates of devices and of people's keys on them.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    certificates: Vec<Signed<CertificatePayload>>,
    /// Leases (门锁).
    #[serde(default)]
    leases: Vec<ReturnedLease>,
    /// Permits to walk in again (补样、复入许可).
    #[serde(default)]
    re_entry_grants: Vec<ReturnedGrant>,
}

/// A lease.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedLease {
    /// Payload, key and signature.
    #[schema(value_type = Object)]
    signed: Signed<LeasePayload>,
    /// When it was given back, milliseconds; believed of members of the team that held it.
    #[serde(default)]
    released_at_ms: Option<Millis>,
}

/// A permit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedGrant {
    /// Payload, key and signature.
    #[schema(value_type = Object)]
    signed: Signed<ReEntryGrantPayload>,
    /// Why it was given, as the phone was told.
    reason: String,
    /// By whom, as the phone was told.
    #[schema(value_type = String)]
    granted_by: UserId,
}

/// How many of what came are known to the server now, whether they were before or not. The rest it did not sign, or they
/// speak of people, teams or campaigns that it does not know.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownPapers {
    /// Certificates.
    certificates: u32,
    /// Leases.
    leases: u32,
    /// Permits.
    re_entry_grants: u32,
}

impl From<Known> for KnownPapers {
    fn from(known: Known) -> Self {
        Self {
            certificates: known.certificates,
            leases: known.leases,
            re_entry_grants: known.re_entry_grants,
        }
    }
}

/// Bring back what a restored server signed and no longer knows
///
/// A phone does so before it offers its changes again. Only signatures of the server count; what is known is left as it is.
#[utoipa::path(post, path = "/v1/returned-papers", tag = "sync", request_body = ReturnedPapers,
    security(("access_token" = [])), responses((status = 200, body = KnownPapers), (status = "4XX", body = ProblemBody)))]
pub async fn return_papers(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<ReturnedPapers>,
) -> Result<Json<KnownPapers>, Problem> {
    let leases = body.leases.into_iter();
    let grants = body.re_entry_grants.into_iter();
    let papers = Papers {
        certificates: body.certificates,
        leases: leases.map(|it| (it.signed, it.released_at_ms)).collect(),
        re_entry_grants: grants
            .map(|it| (it.signed, it.reason, it.granted_by))
            .collect(),
    };
    let mut work = Work::begin(&app, &caller).await?;
    let known = returned_papers::take_back(&mut work, papers).await?;
    work.commit().await?;
    Ok(Json(known.into()))
}
