//! `GET /v1/sessions`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::model::{DeviceId, UserId};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::sessions::{self, SessionRow};

/// Whose sessions, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionsQuery {
    /// Of this person alone
    #[param(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// A session that goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    #[schema(value_type = String)]
    pub session_id: Uuid,
    /// Whose it is.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their name for logging in.
    pub username: String,
    /// Their name as people write it.
    pub display_name: String,
    /// The phone that it is bound to; none in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device_id: Option<DeviceId>,
    /// What people call that phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_label: Option<String>,
    /// Whether somebody sits at the console (管理端) with it; others hold tokens.
    pub console: bool,
    /// The network address from which tokens were last taken for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Since when, RFC 3339.
    pub began_at: String,
    /// When tokens were last taken for it: somebody who acts takes new ones every ten minutes.
    pub last_used_at: String,
    /// When it ends if it is not used.
    pub expires_at: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Session {
    fn of(row: SessionRow, caller: &Principal) -> Self {
        Self {
            session_id: row.session,
            user_id: row.user,
            username: row.username,
            display_name: row.display_name,
            device_id: row.device,
            device_label: row.device_label,
            console: row.console,
            place: row.place,
            began_at: rfc3339(row.began_at),
            last_used_at: rfc3339(row.last_used_at),
            expires_at: rfc3339(row.expires_at),
            current: row.session == caller.session,
        }
    }
}

/// List the sessions that go on: your own, or as an administrator those of everybody whom you see
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(SessionsQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Session>), (status = "4XX", body = ProblemBody)))]
pub async fn list_sessions(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<SessionsQuery>,
) -> Result<Json<Page<Session>>, Problem> {
    let after = query.after.map(|id| id.to_string()).unwrap_or_default();
    let rows = sessions::list(&app, &caller, query.user_id, &after, query.limit.rows()).await?;
    let items = rows.into_iter().map(|row| Session::of(row, &caller));
    Ok(Json(Page::of(items.collect(), query.limit, |item| {
        item.session_id.to_string()
    })))
}
