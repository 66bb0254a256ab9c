//! `POST /v1/uploads`: begins an upload, with its first bytes if the client likes.

use std::collections::BTreeMap;

use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::EVIDENCE_BYTES_MAX;

use super::{
    UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, bringing, expiry, is_octets, malformed,
    number, text, told, tus,
};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::evidence::Claim;
use crate::services::uploads::{self, receive};

/// Begin an upload of a piece of evidence (影像证据) that a manifest names (tus 1.0.0: creation, creation-with-upload)
///
/// Asked again before a byte came, the same upload is given. The bytes are those of the entry: its hash and its length.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads", security(("access_token" = [])),
    params(("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Length" = i64, Header, description = "The length of the file, in bytes"),
        ("Upload-Metadata" = String, Header, description = "Keys, each with a space and its value in base64, between \
            commas: `sha256` (hex), `document_id`, `evidence_id`; `filename` and `filetype` if you like"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a space, the body's hash in base64")),
    request_body(content = Option<String>, content_type = "application/offset+octet-stream",
        description = "The first bytes of the file, if the client likes"),
    responses((status = 201, description = "Begun", headers(
            ("Location" = String, description = "The path of the upload"),
            ("Upload-Offset" = i64, description = "How many bytes are kept, where the request brought some"),
            ("Upload-Expires" = String, description = "Until when it may be gone on with"))),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_upload(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    tus::version(&headers)?;
    if headers.contains_key(UPLOAD_DEFER_LENGTH) {
        return Err(malformed(
            &UPLOAD_DEFER_LENGTH,
            "is not known here: the manifest has the length",
        ));
    }
    let length = number(&headers, &UPLOAD_LENGTH)?;
    let length = length.ok_or_else(|| malformed(&UPLOAD_LENGTH, "is missing"))?;
    if length > EVIDENCE_BYTES_MAX {
        let detail = format!("a file has {EVIDENCE_BYTES_MAX} bytes at most");
        return Err(Problem::new(Code::UploadTooLong).detail(detail));
    }
    let metadata = text(&headers, &UPLOAD_METADATA)?.unwrap_or_default();
    let claim = claim(metadata, length)?;
    let brings = is_octets(&headers)?;
    if !brings && !body.is_end_stream() && headers.contains_key(header::CONTENT_TYPE) {
        return Err(Problem::new(Code::MediaTypeUnsupported));
    }
    let bringing = match brings {
        true => Some(bringing(&headers, 0, body)?),
        false => None,
    };
    let mut row = uploads::create(&app, &caller, claim, metadata.to_owned()).await?;
    let place = [(header::LOCATION, format!("/v1/uploads/{}", row.upload_id))];
    let Some(bringing) = bringing else {
        let until: Vec<_> = expiry(&row).into_iter().collect();
        return Ok((StatusCode::CREATED, place, AppendHeaders(until)).into_response());
    };
    let received = receive::append(&app, &caller, row.upload_id, bringing).await?;
    row = received.row;
    match received.problem {
        // What came is kept, and the client goes on from there.
        Some(problem) if row.offset_bytes == 0 => Err(problem),
        _ => Ok((StatusCode::CREATED, place, told(&row)).into_response()),
    }
}

/// What the metadata say of the file. A name is a name and no path: nothing here is called by it.
fn claim(metadata: &str, size_bytes: i64) -> Result<Claim, Problem> {
    let wrong = |detail: String| malformed(&UPLOAD_METADATA, detail);
    let mut known = BTreeMap::new();
    for pair in metadata.split(',').filter(|_| !metadata.is_empty()) {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let value = STANDARD.decode(value.trim());
        let value = value.map_err(|_| wrong("holds a value that is no base64".to_owned()))?;
        if key.is_empty() || known.insert(key, value).is_some() {
            return Err(wrong("holds a key twice, or none".to_owned()));
        }
    }
    let field = |name: &str| {
        let value = known.get(name).and_then(|it| std::str::from_utf8(it).ok());
        value.ok_or_else(|| wrong(format!("holds no {name}")))
    };
    let unread = |name: &str| wrong(format!("holds a {name} that is none"));
    Ok(Claim {
        document_id: field("document_id")?
            .parse()
            .map_err(|_| unread("document_id"))?,
        evidence_id: field("evidence_id")?
            .parse()
            .map_err(|_| unread("evidence_id"))?,
        sha256: field("sha256")?.parse().map_err(|_| unread("sha256"))?,
        size_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_read_as_tus_writes_them() {
        let value = |text: &str| STANDARD.encode(text);
        let hash = "0a".repeat(32);
        let id = "01900000-0000-7000-8000-000000000001";
        let whole = format!(
            "filename {}, sha256 {},document_id {},evidence_id {},empty",
            value("../../etc/passwd"),
            value(&hash),
            value(&hash),
            value(id)
        );
        let claim_of = claim(&whole, 7).unwrap();
        assert_eq!(claim_of.sha256.to_string(), hash);
        assert_eq!(claim_of.evidence_id.to_string(), id);
        assert_eq!(claim_of.size_bytes, 7);
        for wrong in [
            String::new(),
            whole.replace("sha256", "sha1"),
            whole.replace(&value(&hash), "!!!"),
            whole.replace(&value(id), &value("x")),
            format!("{whole},filename {}", value("b")),
            format!("{whole},,"),
        ] {
            let told = claim(&wrong, 7).unwrap_err();
            assert_eq!(told.code(), Code::HeaderInvalid, "{wrong}");
        }
    }
}
