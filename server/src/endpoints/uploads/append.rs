//! `PATCH /v1/uploads/{id}`: adds bytes to an upload.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use sync_core::model::UploadId;

use super::{
    OFFSET_OCTET_STREAM, UPLOAD_OFFSET, answer, bringing, is_octets, malformed, number, tus,
};
use crate::access::Principal;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::uploads::receive;

/// Add bytes to an upload of your device (tus 1.0.0)
///
/// What was read of a request that is cut is kept. The newest request takes an upload over from the one before it.
/// `POST` with `X-HTTP-Method-Override: PATCH` does the same.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "uploads", security(("access_token" = [])),
    params(("id" = String, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Offset" = i64, Header, description = "Where the bytes begin: where the upload stands"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a space, the body's hash in base64: \
            none of the bytes counts unless all came and have it")),
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Kept", headers(
            ("Upload-Offset" = i64, description = "Where the upload stands now"),
            ("Upload-Expires" = String, description = "Until when it may be gone on with"))),
        (status = "4XX", body = ProblemBody)))]
pub async fn append_upload(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    tus::version(&headers)?;
    if !is_octets(&headers)? {
        let detail = format!("send Content-Type: {OFFSET_OCTET_STREAM}");
        return Err(Problem::new(Code::MediaTypeUnsupported).detail(detail));
    }
    let offset = number(&headers, &UPLOAD_OFFSET)?;
    let offset = offset.ok_or_else(|| malformed(&UPLOAD_OFFSET, "is missing"))?;
    let bringing = bringing(&headers, offset, body)?;
    Ok(answer(receive::append(&app, &caller, id, bringing).await?))
}
