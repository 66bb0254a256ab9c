//! Whether the server can do its work now.

use std::time::Duration;

use crate::app::App;
use crate::problem::{Code, Problem};

/// How long the database may take to begin a transaction before the server calls itself not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the database to begin to write.
pub async fn check(app: &App) -> Result<(), Problem> {
    let why = match tokio::time::timeout(PATIENCE, app.store.answers()).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the database does not answer in time".to_owned(),
    };
    tracing::error!(why, "not ready");
    Err(Problem::new(Code::NotReady).retry_after_s(5))
}
