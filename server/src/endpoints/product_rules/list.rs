//! `GET /v1/product-rules`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::product_rules::{self, ProductRule};

/// List the product rules (实施细则) that you may see
#[utoipa::path(get, path = "/v1/product-rules", tag = "product-rules", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<ProductRule>), (status = "4XX", body = ProblemBody)))]
pub async fn list_product_rules(
    State(app): State<App>,
    _: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ProductRule>>, Problem> {
    let mut db = app.store.read().await?;
    let items = product_rules::list(&mut db, &query.after(), query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.product_rule_id.to_string()
    })))
}
