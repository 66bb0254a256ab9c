//! How far what somebody changed is ruled again (重新认定): a key of an enterprise or a rulebook may touch everything that was ever
//! recorded, and nobody waits in front of a page for that.

use std::time::Duration;

use sync_core::limits::{RERULING_SHOWN_MS, WORK_AWAITED_MS};
use tokio::time::{Instant, sleep};

use crate::access::Principal;
use crate::app::App;
use crate::problem::Problem;
use crate::store::imports;
pub use crate::store::imports::RerulingRow;

/// Between two looks at what somebody waits for.
const LOOK: Duration = Duration::from_millis(30);

impl RerulingRow {
    /// How many of its scopes are ruled.
    pub fn ruled(&self) -> i64 {
        (self.scopes - self.remaining).max(0)
    }

    /// Whether some still wait.
    pub fn goes_on(&self) -> bool {
        self.remaining > 0
    }
}

/// The caller's latest change of late, and how far what it marked is ruled.
pub async fn find(app: &App, caller: &Principal) -> Result<Option<RerulingRow>, Problem> {
    let mut db = app.store.read().await?;
    let since = app.now() - RERULING_SHOWN_MS;
    Ok(imports::find_reruling(&mut db, caller.user, since).await?)
}

/// Waits a moment for it: mostly little is touched, and the next page then shows it as ruled.
pub async fn await_a_moment(app: &App, caller: &Principal) -> Result<(), Problem> {
    let until = Instant::now() + Duration::from_millis(WORK_AWAITED_MS);
    while find(app, caller).await?.is_some_and(|it| it.goes_on()) && Instant::now() < until {
        sleep(LOOK).await;
    }
    Ok(())
}
