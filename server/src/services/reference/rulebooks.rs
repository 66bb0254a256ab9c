//! Rulebooks: each publication is a new version. The old ones stay, for the rulings that name them and for everything
//! that happened while they held.

use sync_core::model::shanghai_date;

use super::Work;
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::services::ruling::rulebooks::{RulebookView, in_force};
use crate::store::feed::Audience;
use crate::store::rulings::rulebooks;

/// Publishes a version: to every phone, and everything is ruled again.
pub async fn publish(work: &mut Work<'_>, text: &str) -> Result<RulebookView, Problem> {
    let invalid = |detail: String| Problem::value("text", detail);
    let books = in_force(&work.app.rulebooks, &mut work.tx).await?;
    let known: Vec<String> = books.books().iter().map(|book| book.name()).collect();
    let with = books
        .with(text)
        .map_err(|error| invalid(error.to_string()))?;
    let new = with
        .books()
        .iter()
        .find(|book| !known.contains(&book.name()));
    let Some(new) = new else {
        return Err(Problem::new(Code::Conflict).field("text", "is a version that exists"));
    };
    if !work.caller.sees_region(&new.region) {
        return Err(
            Problem::new(Code::ScopeForbidden).field("text", "binds a region outside yours")
        );
    }
    let newest = books.books().iter().filter(|book| book.id == new.id);
    if newest.map(|book| book.version).max() >= Some(new.version) {
        return Err(invalid("is no newer version".to_owned()));
    }
    // What happened under a rulebook keeps it: nobody legislates backwards.
    if new.effective_from < shanghai_date(work.now) {
        return Err(invalid("takes effect before it is published".to_owned()));
    }
    let view = RulebookView::from(new);
    let (id, version, by) = (new.id.clone(), new.version, work.caller.user);
    rulebooks::insert(&mut work.tx, &id, version, text, by, work.now).await?;
    work.audit(
        "rulebook.published",
        format!("rulebook:{}", view.name),
        serde_json::json!({ "effective_from": view.effective_from }),
    )
    .await?;
    let record = serde_json::json!({ "text": text });
    work.publish("rulebook", &view.name, [Audience::Everyone], Some(&record))
        .await?;
    ruling::mark_dirty_for_everything(&mut work.tx, work.now).await?;
    Ok(view)
}
