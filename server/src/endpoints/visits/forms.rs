//! `GET /v1/visits/{id}/forms/{kind}/{subject}`: a printed form.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sync_core::forms::POLICY;
use sync_core::model::DocumentId;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::forms;

/// How a form is labelled.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormQuery {
    /// English under the Chinese labels.
    #[serde(default)]
    pub bilingual: bool,
}

/// Read a form (抽样单, 拒检认定表, 未抽到样品, 现场报告, 通知书) as a page that prints by itself; phones make the same bytes offline. What is
/// sealed is as it was sealed, with the seal's digest and a code that leads to the verifier; what is not says so.
#[utoipa::path(get, path = "/v1/visits/{id}/forms/{kind}/{subject}", tag = "visits",
    params(("id" = String, Path, description = "The visit's document id"),
        ("kind" = String, Path, description = "`sheet`, `refusal`, `not_sampled`, `on_site_report` or `notice`"),
        ("subject" = String, Path, description = "The record's id; of a notice, the number that an arrival names"),
        FormQuery),
    security(("access_token" = [])),
    responses((status = 200, body = String, content_type = "text/html"), (status = "4XX", body = ProblemBody)))]
pub async fn get_visit_form(
    State(app): State<App>,
    caller: Principal,
    Path((id, kind, subject)): Path<(DocumentId, String, String)>,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    page_of(&app, &caller, id, (&kind, &subject), &query).await
}

/// The page, for an app and for the console: its own policy lets in the style that it carries, and nothing else.
pub async fn page_of(
    app: &App,
    caller: &Principal,
    id: DocumentId,
    of: (&str, &str),
    query: &FormQuery,
) -> Result<Response, Problem> {
    let form = forms::form(app, caller, id, of, query.bilingual).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            format!("{POLICY}; frame-ancestors 'none'"),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{}\"", form.filename),
        ),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (
            HeaderName::from_static("x-content-type-options"),
            "nosniff".to_owned(),
        ),
    ];
    Ok((headers, form.html).into_response())
}
