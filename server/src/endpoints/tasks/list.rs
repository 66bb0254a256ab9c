//! `GET /v1/tasks`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::tasks::{self, Task};

/// List the tasks that you may see
#[utoipa::path(get, path = "/v1/tasks", tag = "tasks", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Task>), (status = "4XX", body = ProblemBody)))]
pub async fn list_tasks(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Task>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let items = tasks::list_seen(&mut db, &sight, &query.after(), query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.task_id.to_string()
    })))
}
