//! `GET /v1/publicity-messages`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Principal;
use crate::access::role::word;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::follow_up::PublicityMessage;
use crate::store::rulings::effects;

/// Whether it was told.
#[derive(Clone, Copy, Debug, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Nobody has entered it.
    Waiting,
    /// It was entered.
    Delivered,
    /// A later one has taken its place before it was entered.
    Superseded,
}

/// Which messages, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PublicityMessagesQuery {
    /// In this state alone
    #[param(inline)]
    state: Option<MessageState>,
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// List what the credit publicity system is to be told, and was, in the order in which it came to wait
#[utoipa::path(get, path = "/v1/publicity-messages", tag = "refusals",
    params(PublicityMessagesQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<PublicityMessage>), (status = "4XX", body = ProblemBody)))]
pub async fn list_publicity_messages(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PublicityMessagesQuery>,
) -> Result<Json<Page<PublicityMessage>>, Problem> {
    let mut db = app.store.read().await?;
    let after = query.after.map(|id| id.to_string()).unwrap_or_default();
    let state = query.state.as_ref().map(word);
    let (sight, rows) = ((&caller).into(), query.limit.rows());
    let items = effects::list_outbox(&mut db, &sight, &after, state.as_deref(), rows).await?;
    let items = items.into_iter().map(PublicityMessage::from).collect();
    Ok(Json(Page::of(
        items,
        query.limit,
        |item: &PublicityMessage| item.message_id.clone(),
    )))
}
