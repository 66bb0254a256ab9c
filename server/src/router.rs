//! Every handler by name, in one list. A URL leads here, and from here to one file.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sync_core::limits::{
    IMPORT_BYTES_MAX, IMPORT_REQUEST_S, JSON_BODY_BYTES_MAX, REQUEST_S, UPLOAD_REQUEST_S,
};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::access::gate::{self, Gate, Unlisted};
use crate::app::App;
use crate::console;
use crate::endpoints::{
    adjudications, audit_events, campaigns, cases, challenges, checkpoints, devices, docs,
    enrolment_codes, enterprises, events, evidence, figures, health, imports, leases, media,
    not_sampled, oidc, organisations, prior_samplings, product_rules, publicity_messages,
    quarantine, re_entry_grants, returned_papers, rulebooks, rulings, samples, sampling_notices,
    scopes, seals, server_keys, sessions, sheet_number_blocks, sync, tasks, teams, tokens,
    tracked_enterprises, uploads, users, visits,
};
use crate::openapi::{Document, Published};
use crate::problem::{Code, Problem};
use crate::telemetry;

/// The operations and their OpenAPI document.
fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        // Health and documents.
        .routes(routes!(health::live::live))
        .routes(routes!(health::ready::ready))
        .routes(routes!(health::metrics::metrics))
        .routes(routes!(docs::openapi::openapi))
        .routes(routes!(docs::page::docs))
        .routes(routes!(docs::problems::problems))
        // Access.
        .routes(routes!(
            organisations::create::create_organisation,
            organisations::list::list_organisations
        ))
        .routes(routes!(organisations::get::get_organisation))
        .routes(routes!(users::create::create_user, users::list::list_users))
        .routes(routes!(users::get::get_user, users::update::update_user))
        .routes(routes!(enrolment_codes::create_enrolment_code))
        .routes(routes!(challenges::create_challenge))
        .routes(routes!(
            devices::enrol::enrol_device,
            devices::list::list_devices
        ))
        .routes(routes!(devices::get::get_device))
        .routes(routes!(devices::signers::create_signer))
        .routes(routes!(devices::agreement_key::put_agreement_key))
        .routes(routes!(
            devices::push_token::put_push_token,
            devices::push_token::delete_push_token
        ))
        .routes(routes!(sheet_number_blocks::create_sheet_number_block))
        .routes(routes!(devices::revoke::revoke_device))
        .routes(routes!(
            tokens::create::create_tokens,
            tokens::delete::delete_tokens
        ))
        .routes(routes!(oidc::login::begin_oidc_login))
        .routes(routes!(oidc::callback::finish_oidc_login))
        .routes(routes!(
            sessions::list::list_sessions,
            sessions::end_others::end_other_sessions
        ))
        .routes(routes!(sessions::end::end_session))
        .routes(routes!(server_keys::jwks::jwks))
        .routes(routes!(server_keys::list::list_server_keys))
        .routes(routes!(audit_events::list::list_audit_events))
        // Sync.
        .routes(routes!(sync::post::sync))
        .routes(routes!(returned_papers::return_papers))
        .routes(routes!(events::listen::listen_to_events))
        // Evidence.
        .routes(routes!(uploads::create::create_upload))
        .routes(routes!(
            uploads::get::get_upload,
            uploads::append::append_upload,
            uploads::terminate::terminate_upload
        ))
        // Reference data.
        .routes(routes!(
            campaigns::create::create_campaign,
            campaigns::list::list_campaigns
        ))
        .routes(routes!(campaigns::get::get_campaign))
        .routes(routes!(tasks::create::create_task, tasks::list::list_tasks))
        .routes(routes!(tasks::export::export_tasks))
        .routes(routes!(tasks::get::get_task))
        .routes(routes!(
            tasks::disclose::disclose_task,
            tasks::disclosures::list_task_disclosures
        ))
        .routes(routes!(tasks::approve::approve_task))
        .routes(routes!(tasks::assign::assign_task))
        .routes(routes!(tasks::cancel::cancel_task))
        .routes(routes!(
            tasks::recuse::declare_recusal,
            tasks::recusals::list_recusals
        ))
        .routes(routes!(tasks::lift_recusal::lift_recusal))
        .routes(routes!(
            organisations::suspend::suspend_body,
            organisations::list_suspensions::list_suspensions
        ))
        .routes(routes!(organisations::lift_suspension::lift_suspension))
        .routes(routes!(
            re_entry_grants::create::create_re_entry_grant,
            re_entry_grants::list::list_re_entry_grants
        ))
        .routes(routes!(
            sampling_notices::create::create_sampling_notice,
            sampling_notices::list::list_sampling_notices
        ))
        .routes(routes!(
            leases::create::create_lease,
            leases::list::list_leases
        ))
        .routes(routes!(leases::release::release_lease))
        .routes(routes!(teams::create::create_team, teams::list::list_teams))
        .routes(routes!(teams::get::get_team, teams::update::update_team))
        .routes(routes!(
            enterprises::create::create_enterprise,
            enterprises::list::list_enterprises
        ))
        .routes(routes!(enterprises::get::get_enterprise))
        .routes(routes!(enterprises::alias::create_alias))
        .routes(routes!(enterprises::undo_alias::undo_alias))
        .routes(routes!(
            product_rules::create::create_product_rule,
            product_rules::list::list_product_rules
        ))
        .routes(routes!(
            rulebooks::publish::publish_rulebook,
            rulebooks::list::list_rulebooks
        ))
        .routes(routes!(rulebooks::get::get_rulebook))
        .routes(routes!(rulebooks::differences::get_rulebook_differences))
        .routes(routes!(
            prior_samplings::create::create_prior_sampling,
            prior_samplings::list::list_prior_samplings
        ))
        .routes(routes!(imports::import_file).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)))
        // The laboratory.
        .routes(routes!(samples::list::list_samples))
        .routes(routes!(samples::get::get_sample))
        .routes(routes!(samples::receipt::receive_sample))
        .routes(routes!(samples::testing_started::start_testing))
        .routes(routes!(samples::service::serve_result))
        .routes(routes!(visits::list::list_visits))
        .routes(routes!(visits::export::export_visits))
        .routes(routes!(figures::list::list_figures))
        .routes(routes!(figures::export::export_figures))
        .routes(routes!(visits::get::get_visit))
        .routes(routes!(visits::rulings::list_visit_rulings))
        .routes(routes!(visits::log::list_visit_log))
        .routes(routes!(visits::proof::get_visit_proof))
        .routes(routes!(visits::bundle::get_visit_bundle))
        .routes(routes!(
            checkpoints::create::create_checkpoint,
            checkpoints::list::list_checkpoints
        ))
        .routes(routes!(checkpoints::get::get_checkpoint))
        .routes(routes!(seals::get::get_seal))
        // Cases.
        .routes(routes!(cases::list::list_cases))
        .routes(routes!(cases::get::get_case))
        .routes(routes!(cases::take::take_case))
        .routes(routes!(cases::give_back::give_back_case))
        .routes(routes!(cases::receive::receive_case))
        .routes(routes!(cases::hand_over::hand_over_case))
        .routes(routes!(cases::dispose::dispose_of_case))
        .routes(routes!(not_sampled::list::list_not_sampled))
        .routes(routes!(not_sampled::export::export_not_sampled))
        .routes(routes!(visits::forms::get_visit_form))
        // Evidence.
        .routes(routes!(visits::evidence::list::list_visit_evidence))
        .routes(routes!(evidence::list::list_evidence))
        .routes(routes!(visits::evidence::get::get_evidence))
        .routes(routes!(visits::evidence::review::review_evidence))
        .routes(routes!(visits::evidence::content::get_evidence_content))
        .routes(routes!(visits::evidence::rendition::get_evidence_rendition))
        .routes(routes!(visits::evidence::link::get_evidence_link))
        .routes(routes!(media::read_media))
        .routes(routes!(adjudications::list::list_adjudications))
        .routes(routes!(adjudications::get::get_adjudication))
        .routes(routes!(rulings::get::get_ruling))
        .routes(routes!(rulings::facts::get_ruling_facts))
        .routes(routes!(scopes::facts::get_scope_facts))
        .routes(routes!(rulings::decide::decide_entry))
        .routes(routes!(rulings::decide::decide_sample))
        .routes(routes!(rulings::decide::decide_refusal))
        // What follows from refusals.
        .routes(routes!(tracked_enterprises::list::list_tracked_enterprises))
        .routes(routes!(publicity_messages::list::list_publicity_messages))
        .routes(routes!(
            publicity_messages::deliver::deliver_publicity_message
        ))
        .routes(routes!(quarantine::list::list_quarantine))
        .routes(routes!(quarantine::admit::admit_change))
        .routes(routes!(quarantine::doctor::get_doctor))
}

/// The OpenAPI document, made from the handlers.
pub fn document() -> utoipa::openapi::OpenApi {
    operations().split_for_parts().1
}

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// The operations and the operation table differ.
    #[error(transparent)]
    Unlisted(#[from] Unlisted),
    /// The OpenAPI document cannot be written as JSON.
    #[error("the OpenAPI document: {0}")]
    Document(#[from] serde_json::Error),
}

/// The whole service.
pub fn router(app: App) -> Result<Router, RouterError> {
    telemetry::metrics();
    let (operations, document) = operations().split_for_parts();
    let gate = Gate::new(app.clone(), &document)?;
    let published = Published::new(&document)?;
    let service = operations
        .fallback(async || Problem::new(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(gate, gate::pass))
        .merge(console::router(app.clone()))
        .merge(console::verifier::router(app.clone()))
        .layer(DefaultBodyLimit::max(JSON_BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(
            patience as Patience,
            within_time,
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(uploads::tus::speak))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            telemetry::observe,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), encrypted_alone))
        .layer(axum::Extension(published))
        .with_state(app);
    // Before the routes are looked up, because it may change the method.
    Ok(Router::new().fallback_service(service.map_request(uploads::tus::overridden)))
}

/// How long a browser that was here asks for this name under encryption alone: a year. Names below it are not ours to bind.
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Binds browsers to encryption (RFC 6797) where the operator says that this is how they reach us, and nowhere else: a server that
/// speaks without it could not be reached any more.
async fn encrypted_alone(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.is_encrypted() {
        let bound = HeaderValue::from_static(STRICT_TRANSPORT);
        let headers = response.headers_mut();
        headers.insert(header::STRICT_TRANSPORT_SECURITY, bound);
    }
    response
}

/// Metrics and health alone, for `--metrics-listen`.
pub fn apart(app: App) -> Router {
    telemetry::metrics();
    Router::new()
        .route("/metrics", get(health::metrics::metrics_apart))
        .route("/health/live", get(health::live::live))
        .route("/health/ready", get(health::ready::ready))
        .fallback(async || Problem::new(Code::RouteUnknown))
        .with_state(app)
}

/// How long a request may take.
type Patience = fn(&Request) -> Duration;

/// A file of many rows takes longer than anything else but a film on a slow line, whose silence is bounded instead.
fn patience(request: &Request) -> Duration {
    let path = request.uri().path();
    Duration::from_secs(
        if path.starts_with("/v1/imports/") || path.ends_with("/bundle") {
            IMPORT_REQUEST_S
        } else if uploads::tus::is_spoken_at(path) {
            UPLOAD_REQUEST_S
        } else {
            REQUEST_S
        },
    )
}

/// A request that takes too long is given up: its transaction rolls back, and sending it again is safe.
async fn within_time(State(patience): State<Patience>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(patience(&request), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::Timeout).retry_after_s(5).into_response(),
    }
}

/// A panic is a fault of ours: one request fails, the server goes on.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::fault("a handler panicked").into_response()
}

#[cfg(test)]
mod tests {
    use std::future::IntoFuture;

    use super::*;

    /// Asks a router for `/` over a socket: the status and the problem's code.
    async fn ask(router: Router) -> (u16, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        let asked = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into();
            let mut answer = agent.get(url).call().unwrap();
            let kind = answer.headers()["content-type"].to_str().unwrap();
            assert_eq!(kind, "application/problem+json");
            let text = answer.body_mut().read_to_string().unwrap();
            let body: serde_json::Value = serde_json::from_str(&text).unwrap();
            (
                answer.status().as_u16(),
                body["code"].as_str().unwrap().to_owned(),
            )
        });
        let answer = asked.await.unwrap();
        server.abort();
        answer
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_a_problem_of_the_server_and_nothing_else() {
        async fn panics() -> &'static str {
            panic!("on purpose")
        }
        let router = Router::new()
            .route("/", get(panics))
            .layer(CatchPanicLayer::custom(panicked));
        assert_eq!(ask(router).await, (500, "internal".to_owned()));
    }

    #[tokio::test]
    async fn a_request_that_takes_longer_than_it_may_is_given_up() {
        let none: Patience = |_| Duration::ZERO;
        let layer = middleware::from_fn_with_state(none, within_time);
        let router = Router::new()
            .route("/", get(std::future::pending::<&'static str>))
            .layer(layer);
        assert_eq!(ask(router).await, (503, "timeout".to_owned()));
    }
}
