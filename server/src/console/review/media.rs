//! `GET /console/media/{visit}/{evidence}/{part}`: bytes of evidence for the pages, by the same service as the API's; originals in
//! ranges, each read on the audit trail.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use sync_core::model::{DocumentId, EvidenceId};

use crate::app::App;
use crate::console::desk::Desk;
use crate::endpoints::media;
use crate::extract::Path;
use crate::problem::Problem;
use crate::services::evidence::content::{Part, Rendition, Way, open};

/// `original`, `thumbnail` or `screen`.
pub async fn get_media(
    State(app): State<App>,
    desk: Desk,
    Path((visit, evidence, part)): Path<(DocumentId, EvidenceId, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let part = match part.as_str() {
        "original" => Part::Original,
        name => Part::Rendition(Rendition::parse(name)?),
    };
    let is_original = part == Part::Original;
    let readable = open(&app, &desk.principal, visit, evidence, part).await?;
    let sent = media::send(
        &app,
        &desk.principal,
        readable,
        &method,
        &headers,
        Way::Page,
    );
    let mut response = sent.await?;
    if !is_original {
        // A browser may keep a small picture, and asks each time whether it may still show it.
        let kept = HeaderValue::from_static("private, no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, kept);
    }
    Ok(response)
}
