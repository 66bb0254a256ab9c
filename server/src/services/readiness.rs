//! Whether the server can do its work now.

use crate::app::App;
use crate::args;
use crate::problem::Problem;
use crate::store::migrations::APPLIED;

/// Asks the database something small.
pub async fn check(app: &App) -> Result<(), Problem> {
    let mut db = app.store.read().await?;
    db.all(&APPLIED, args![]).await?;
    Ok(())
}
