//! Lists come in pages: `?after=<next of the page before>&limit=<rows>`, answered as `{items, next}` in a stable order.

use serde::{Deserialize, Serialize};
use sync_core::limits::LIST_ROWS_MAX;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The rows of a page: 1 to 200, and 200 where it is not said. Anything else is told, not bent into shape.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub struct Limit(u32);

impl Default for Limit {
    fn default() -> Self {
        Self(LIST_ROWS_MAX)
    }
}

impl TryFrom<u32> for Limit {
    type Error = String;
    fn try_from(rows: u32) -> Result<Self, String> {
        if (1..=LIST_ROWS_MAX).contains(&rows) {
            Ok(Self(rows))
        } else {
            Err(format!("{rows} is not from 1 to {LIST_ROWS_MAX}"))
        }
    }
}

impl Limit {
    /// How many rows to ask the store for: one more than the page holds, so that the last page knows that it is.
    pub fn rows(self) -> u32 {
        self.0 + 1
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

impl PageQuery {
    /// The id after which the page begins; less than any for the first.
    pub fn after(&self) -> String {
        self.after.map(|id| id.to_string()).unwrap_or_default()
    }

    /// How many rows to ask the store for.
    pub fn rows(&self) -> u32 {
        self.limit.rows()
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
    /// A page of the rows of a query; `id` names a row for `next`.
    pub fn new(items: Vec<T>, query: &PageQuery, id: impl Fn(&T) -> String) -> Self {
        Self::of(items, query.limit, id)
    }

    /// A page of [`Limit::rows`] rows, the last of which only shows that there are more.
    pub fn of(mut items: Vec<T>, limit: Limit, id: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit.0 as usize;
        items.truncate(limit.0 as usize);
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }
}
