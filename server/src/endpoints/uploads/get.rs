//! `HEAD /v1/uploads/{id}` for clients of tus that go on with an upload, `GET` for who wants to know of it.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Serialize;
use sync_core::model::{Digest, DocumentId, EvidenceId, UploadId};
use utoipa::ToSchema;

use super::{UPLOAD_LENGTH, UPLOAD_METADATA, told, tus};
use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::uploads;
use crate::store::uploads::UploadRow;

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct Upload {
    /// Its id.
    #[schema(value_type = String)]
    upload_id: UploadId,
    /// The document whose manifest names it.
    #[schema(value_type = String)]
    document_id: DocumentId,
    /// Its entry there.
    #[schema(value_type = String)]
    evidence_id: EvidenceId,
    /// SHA-256, as the manifest names it.
    #[schema(value_type = String)]
    sha256: Digest,
    /// Its length, in bytes.
    size_bytes: i64,
    /// How many bytes are kept.
    offset_bytes: i64,
    /// `uploading`, `checking` (all came, the hash is not computed yet), `verified`, `mismatch` (other bytes, kept aside),
    /// `expired`, `terminated` or `lost`.
    state: String,
    /// SHA-256 of the bytes, where it is another.
    #[schema(value_type = Option<String>)]
    found_sha256: Option<Digest>,
    /// Until when it may be gone on with, unless more comes.
    expires_at: String,
}

impl From<UploadRow> for Upload {
    fn from(row: UploadRow) -> Self {
        Self {
            upload_id: row.upload_id,
            document_id: row.document_id,
            evidence_id: row.evidence_id,
            sha256: row.sha256,
            size_bytes: row.size_bytes,
            offset_bytes: row.offset_bytes,
            state: row.state,
            found_sha256: row.found_sha256,
            expires_at: rfc3339(row.expires_at),
        }
    }
}

/// Where an upload of your device stands
///
/// `HEAD` is what clients of tus ask before they go on: whatever connection still writes the upload is done with then.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "uploads", security(("access_token" = [])),
    params(("id" = String, Path, description = "The upload")),
    responses((status = 200, body = Upload, headers(
            ("Upload-Offset" = i64, description = "How many bytes are kept"),
            ("Upload-Length" = i64, description = "How many there will be"),
            ("Upload-Metadata" = String, description = "As it came"),
            ("Upload-Expires" = String, description = "Until when it may be gone on with"))),
        (status = "4XX", body = ProblemBody)))]
pub async fn get_upload(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<UploadId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let row = match method {
        Method::HEAD => {
            tus::version(&headers)?;
            uploads::take_over(&app, &caller, id).await?
        }
        _ => uploads::own(&app, &caller, id).await?,
    };
    let metadata = HeaderValue::from_str(&row.metadata).ok();
    let metadata: Vec<_> = metadata
        .map(|it| (UPLOAD_METADATA, it))
        .into_iter()
        .collect();
    let head = [
        (UPLOAD_LENGTH, row.size_bytes.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((
        head,
        AppendHeaders(metadata),
        told(&row),
        Json(Upload::from(row)),
    )
        .into_response())
}
