//! `/v/{digest}`: where the code of a printed form leads. Anybody may open it, without a session and without scripts; it says
//! what `services::seals` says and nothing else.

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use sync_core::document::SealStanding;
use sync_core::model::{Digest, Millis};

use super::language::Language;
use super::when::second;
use super::{assets, door, errors};
use crate::app::App;
use crate::endpoints::address::Address;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem};
use crate::services::seals::{self, SealRow};

#[derive(Template)]
#[template(path = "verifier.html")]
struct VerifierPage {
    language: Language,
    digest: String,
    /// `good`, `warn`, `bad`: how the answer is set.
    tone: &'static str,
    answer: &'static str,
    more: &'static str,
    /// Whether there are times to tell.
    known: bool,
    from: String,
    to: String,
}

impl VerifierPage {
    fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.language.pick(zh, en)
    }

    fn asset(&self, name: &str) -> String {
        assets::address(name)
    }
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
pub struct VerifierQuery {
    #[serde(default)]
    lang: String,
}

/// The page's route.
pub fn router(app: App) -> Router<App> {
    Router::new()
        .route("/v/{digest}", get(show))
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(app, bound))
}

/// Browsers are bound as they are by the console.
async fn bound(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    door::bind(&app, response.headers_mut());
    response
}

/// `GET /v/{digest}`.
async fn show(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Path(text): Path<String>,
    Query(query): Query<VerifierQuery>,
) -> Result<Response, Problem> {
    let language = match query.lang.as_str() {
        "zh" => Language::Zh,
        "en" => Language::En,
        _ => Language::of(&headers, false),
    };
    let Ok(digest) = text.to_ascii_lowercase().parse::<Digest>() else {
        return page(StatusCode::NOT_FOUND, &no_digest(language));
    };
    match seals::ask(&app, digest, address).await {
        Ok(found) => page(StatusCode::OK, &told(language, digest, found)),
        Err(problem) if problem.code() == Code::AttemptsExceeded => {
            let mut response = page(problem.code().status(), &too_many(language, digest))?;
            if let Some(seconds) = problem.retry_after() {
                let headers = response.headers_mut();
                headers.insert(axum::http::header::RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
        Err(problem) => {
            let code = problem.code();
            let failed = VerifierPage {
                answer: errors::title(language, code),
                ..too_many(language, digest)
            };
            page(code.status(), &failed)
        }
    }
}

fn page(status: StatusCode, page: &VerifierPage) -> Result<Response, Problem> {
    let text = page.render().map_err(|error| Problem::internal(&error))?;
    Ok((status, Html(text)).into_response())
}

fn bare(language: Language, digest: String) -> VerifierPage {
    VerifierPage {
        language,
        digest,
        tone: "warn",
        answer: "",
        more: "",
        known: false,
        from: String::new(),
        to: String::new(),
    }
}

fn no_digest(language: Language) -> VerifierPage {
    VerifierPage {
        answer: language.pick(
            "这不是完整的签封摘要",
            "This is not a whole digest of a seal",
        ),
        more: language.pick(
            "需要文书上印出的全部 64 位数字。",
            "All 64 digits that stand on the form are needed.",
        ),
        ..bare(language, String::new())
    }
}

fn too_many(language: Language, digest: Digest) -> VerifierPage {
    VerifierPage {
        answer: language.pick("查询过于频繁", "Too many questions came from here"),
        more: language.pick("请稍后再试。", "Please wait a while and ask again."),
        ..bare(language, digest.to_string())
    }
}

/// What is known of the seal, in the reader's language.
fn told(language: Language, digest: Digest, found: Option<SealRow>) -> VerifierPage {
    let Some(seal) = found else {
        return VerifierPage {
            answer: language.pick("此处没有该签封", "This seal is not known here"),
            more: language.pick(
                "可能是手机尚未联网上传，也可能文书并非本系统出具。请稍后再查，或向抽样单位核实。",
                "The phone may not have had a network yet, or the form is none of this system. Ask again later, or ask the \
                 body that sampled.",
            ),
            ..bare(language, digest.to_string())
        };
    };
    let (tone, answer, more) = match seal.standing {
        SealStanding::Stands => (
            "good",
            language.pick("该签封已登记，仍然有效", "This seal is known, and stands"),
            "",
        ),
        SealStanding::Amended => (
            "warn",
            language.pick(
                "该签封已登记，其后有更正",
                "This seal is known, and was superseded: amended",
            ),
            language.pick(
                "签封内容未变；另有经签名的更正。",
                "What was sealed is unchanged; a signed correction stands beside it.",
            ),
        ),
        SealStanding::Withdrawn => (
            "bad",
            language.pick(
                "该签封已登记，其后已撤回或作废",
                "This seal is known, and was superseded: withdrawn",
            ),
            language.pick(
                "签封内容未变；其后已经签名撤回。",
                "What was sealed is unchanged; it was taken back by a signed act.",
            ),
        ),
        SealStanding::Replaced => (
            "warn",
            language.pick(
                "该签封已登记，已由另一签封取代",
                "This seal is known, and was superseded by another seal",
            ),
            language.pick(
                "同一文书另有内容不同的签封，以其为准。",
                "The same record bears another seal with other content, which is the one that is shown.",
            ),
        ),
    };
    let time = |at: Option<Millis>| at.map(|at| second(language, at));
    let open = language.pick("无法证明", "not proven").to_owned();
    VerifierPage {
        tone,
        answer,
        more,
        known: true,
        from: time(seal.sealed_from).unwrap_or_else(|| open.clone()),
        to: time(seal.sealed_to).unwrap_or(open),
        ..bare(language, digest.to_string())
    }
}
