//! `GET /v1/audit-events`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::model::{DeviceId, DocumentId, UserId};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::audit::{self, AuditEventRow, Filter};

/// Which acts, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditEventsQuery {
    /// Of this kind alone, as `evidence.read`
    act: Option<String>,
    /// Done to this, as `device:…` or `evidence:<document>/<evidence>`
    subject: Option<String>,
    /// Done by this person
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Done with the evidence of this visit, by whomever
    #[param(value_type = Option<String>)]
    document_id: Option<DocumentId>,
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// A line of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEvent {
    /// Its id; later ones are greater.
    #[schema(value_type = String)]
    audit_event_id: Uuid,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// What was done: `evidence.read`, `device.revoked`, …
    act: String,
    /// By whom; none where the server did it by itself, or its command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Their name for logging in, or that of the person to whom it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// With which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    device_id: Option<DeviceId>,
    /// To what, as `kind:id`.
    subject: String,
    /// What else there is to say; of a read the hash, the length, the ranges, and whether it was by a token or a link.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Under which the server's logs have the request.
    request_id: String,
}

impl From<AuditEventRow> for AuditEvent {
    fn from(row: AuditEventRow) -> Self {
        Self {
            audit_event_id: row.audit_event_id,
            at: rfc3339(row.at),
            act: row.act,
            user_id: row.user,
            username: row.username,
            device_id: row.device,
            subject: row.subject,
            detail: row.detail,
            request_id: row.request_id,
        }
    }
}

/// List the audit trail, newest first: what people did whom you see, or what anybody did with the evidence of a visit
#[utoipa::path(get, path = "/v1/audit-events", tag = "audit", params(AuditEventsQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<AuditEvent>), (status = "4XX", body = ProblemBody)))]
pub async fn list_audit_events(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<AuditEventsQuery>,
) -> Result<Json<Page<AuditEvent>>, Problem> {
    let before = query.after.unwrap_or(Uuid::max());
    let filter = Filter {
        act: query.act,
        subject: query.subject,
        user: query.user_id,
    };
    let (of, rows_max) = (query.document_id, query.limit.rows());
    let rows = audit::list(&app, &caller, of, before, &filter, rows_max).await?;
    let items: Vec<AuditEvent> = rows.into_iter().map(AuditEvent::from).collect();
    Ok(Json(Page::of(items, query.limit, |item| {
        item.audit_event_id.to_string()
    })))
}
