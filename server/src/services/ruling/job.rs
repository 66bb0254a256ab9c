//! Rules what no request waits for: what uploads and examinations of evidence have marked, many of them in one pass, and what
//! is left over of a process that was killed between its two transactions.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::rule_what_is_dirty;
use crate::app::App;

/// How long the job rests between two looks if nobody wakes it.
const REST: Duration = Duration::from_secs(2);
/// How long it waits for others once it was woken: a team's photographs come together, and are ruled together.
const GATHERED: Duration = Duration::from_millis(50);

/// Runs until it is dropped.
pub async fn run(app: App) {
    loop {
        if rule_what_is_dirty(&app).await.is_err() {
            tracing::warn!("ruling what is left over failed; it is tried again");
        }
        if timeout(REST, app.ruling_wanted.notified()).await.is_ok() {
            sleep(GATHERED).await;
        }
    }
}
