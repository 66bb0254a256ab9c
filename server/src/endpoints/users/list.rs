//! `GET /v1/users`.

use axum::extract::State;

use super::User;
use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::people;

/// List the users that you may see
#[utoipa::path(get, path = "/v1/users", tag = "users", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<User>), (status = "4XX", body = ProblemBody)))]
pub async fn list_users(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<User>>, Problem> {
    let rows = people::list(&app, &caller, &query.after(), query.rows()).await?;
    let items: Vec<User> = rows.into_iter().map(User::from).collect();
    Ok(Json(Page::new(items, &query, |item| {
        item.user_id.to_string()
    })))
}
