//! Lists come in pages by id: `?after=<last id>&limit=<rows>`, answered as `{items, next}`.

use serde::{Deserialize, Serialize};
use sync_core::limits::LIST_ROWS_MAX;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows, at most 200
    limit: Option<u32>,
}

impl PageQuery {
    /// Of a query that holds more than the page.
    pub fn new(after: Option<Uuid>, limit: Option<u32>) -> Self {
        Self { after, limit }
    }

    /// The id after which the page begins; less than any for the first.
    pub fn after(&self) -> String {
        self.after.map(|id| id.to_string()).unwrap_or_default()
    }

    /// How many rows.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(LIST_ROWS_MAX).clamp(1, LIST_ROWS_MAX)
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of rows; `id` names a row for `next`.
    pub fn new(items: Vec<T>, query: &PageQuery, id: impl Fn(&T) -> String) -> Self {
        let full = items.len() == query.limit() as usize;
        let next = if full { items.last().map(id) } else { None };
        Self { items, next }
    }
}
