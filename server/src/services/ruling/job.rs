//! Rules what is left over: marks of a process that was killed between its two transactions, and of reference data.

use std::time::Duration;

use super::rule_what_is_dirty;
use crate::app::App;

/// How long the job rests between two looks.
const REST: Duration = Duration::from_secs(2);

/// Runs until it is dropped.
pub async fn run(app: App) {
    loop {
        if rule_what_is_dirty(&app).await.is_err() {
            tracing::warn!("ruling what is left over failed; it is tried again");
        }
        tokio::time::sleep(REST).await;
    }
}
