//! Transaction 1: append, project, mark what must be ruled, and publish. All of it or none.

use std::collections::{BTreeSet, HashMap};

use sync_core::model::{DeviceId, DocumentId, TeamId, UserId};
use sync_core::rules::ScopeKey;
use sync_core::sync::wire::{ChangeStatus, QuarantineKind};

use super::binding;
use super::judge::Verdict;
use crate::app::App;
use crate::services::projection::{self, Ahead};
use crate::services::{audit, evidence};
use crate::store::feed::{self, Audience, NewRow};
use crate::store::reference::teams;
use crate::store::rulings::dirty;
use crate::store::sync::{changes, documents, tips};
use crate::store::{Result, Tx};

/// Documents projected before the transaction.
pub type Projections = HashMap<DocumentId, Ahead>;

/// Writes the verdicts; false if a document has moved since it was read.
pub async fn write(
    app: &App,
    carrier: DeviceId,
    verdicts: &[Verdict],
    mut ahead: Projections,
) -> Result<bool> {
    if !verdicts.iter().any(Verdict::writes) {
        return Ok(true);
    }
    let mut tx = app.store.begin_beside().await?;
    let written = || verdicts.iter().filter(|verdict| verdict.writes());
    let enterprises = written()
        .map(|verdict| verdict.row.enterprise_key.clone())
        .collect();
    projection::lock_enterprises(&mut tx, enterprises).await?;
    let now = app.now();
    for verdict in written() {
        if !documents::compare_and_set(&mut tx, &verdict.row, verdict.read_at_version, now).await? {
            return Ok(false);
        }
    }
    let inserted: Vec<_> = written().flat_map(|verdict| &verdict.inserted).collect();
    changes::insert(&mut tx, &inserted).await?;
    let signed: Vec<_> = written().flat_map(|verdict| &verdict.tips).collect();
    tips::insert(&mut tx, &signed, now).await?;
    let mut work = Work::default();
    for verdict in written() {
        let ahead = ahead.remove(&verdict.row.document_id);
        work.write(app, &mut tx, carrier, verdict, ahead).await?;
    }
    let Work {
        published, marked, ..
    } = work;
    dirty::mark(&mut tx, &marked, app.now()).await?;
    // The counter last: it is held until the commit.
    if !published.is_empty() {
        let rows: Vec<NewRow> = published.iter().map(|(row, _)| row.clone()).collect();
        let first = feed::append(&mut tx, &rows, app.now()).await?;
        for (position, (_, carried)) in (first..).zip(&published) {
            if let Some((document, first_ordinal)) = carried {
                changes::set_position(&mut tx, *document, *first_ordinal, position).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// A row to publish, and the changes that it carries: those of a document from an ordinal on.
type Published = (NewRow, Option<(DocumentId, i64)>);

/// What a transaction collects for its end, and what it has read for more than one document.
#[derive(Default)]
struct Work {
    published: Vec<Published>,
    marked: Vec<ScopeKey>,
    rosters: HashMap<TeamId, BTreeSet<UserId>>,
}

impl Work {
    async fn write(
        &mut self,
        app: &App,
        tx: &mut Tx,
        carrier: DeviceId,
        verdict: &Verdict,
        ahead: Option<Ahead>,
    ) -> Result<()> {
        let (row, now) = (&verdict.row, app.now());
        let mut authors: BTreeSet<UserId> = BTreeSet::new();
        let mut accepted = false;
        for change in verdict.inserted.iter().chain(&verdict.updated) {
            if change.status == ChangeStatus::Accepted {
                accepted = true;
                authors.extend(change.user);
            }
            alarm(app, tx, carrier, change).await?;
        }
        for change in &verdict.updated {
            changes::update_status(tx, change, now).await?;
            for device in BTreeSet::from_iter(change.device.into_iter().chain([change.carrier])) {
                self.published.push((
                    NewRow::status(device, row.document_id, change.hash, &change.status)?,
                    None,
                ));
            }
        }
        if accepted || verdict.read_at_version == 0 {
            for author in &authors {
                let new = documents::insert_author(tx, row.document_id, *author).await?;
                // Somebody who left the team meanwhile: from now on the document comes to them again, and what their
                // teammates wrote since lies behind their cursor.
                if let (true, Some(team)) = (new, row.team_id)
                    && !self.is_on_roster(tx, team, author).await?
                {
                    let granted = NewRow::grant(*author, row.document_id);
                    self.published.push((granted, None));
                }
            }
            let document = &verdict.document;
            let marked = projection::project(tx, row, document, ahead, now).await?;
            self.marked.extend(marked);
            let receipts = evidence::receipts(tx, row).await?;
            let receipts = receipts.into_iter().map(|row| (row, None));
            self.published.extend(receipts);
        }
        if accepted {
            let audience = binding::audience(row).unwrap_or(Audience::Device(carrier));
            self.published.push((
                NewRow::changes(audience, row.document_id),
                Some((row.document_id, verdict.first_ordinal)),
            ));
        }
        Ok(())
    }

    async fn is_on_roster(&mut self, tx: &mut Tx, team: TeamId, user: &UserId) -> Result<bool> {
        if let Some(roster) = self.rosters.get(&team) {
            return Ok(roster.contains(user));
        }
        let roster = teams::roster(tx, team).await?;
        let is_on_it = roster.contains(user);
        self.rosters.insert(team, roster);
        Ok(is_on_it)
    }
}

/// Two changes under one number: somebody's key or store was copied, or lies. Both are kept, and people are told.
async fn alarm(
    app: &App,
    tx: &mut Tx,
    carrier: DeviceId,
    change: &changes::ChangeRow,
) -> Result<()> {
    let ChangeStatus::Quarantined {
        quarantine: QuarantineKind::Equivocation,
        ..
    } = change.status
    else {
        return Ok(());
    };
    metrics::counter!("fieldseal_equivocations_total").increment(1);
    let actor = audit::Actor {
        user: None,
        device: Some(carrier),
    };
    let subject = format!("document:{}", change.document_id);
    let detail =
        serde_json::json!({ "change": change.hash, "actor": change.actor, "seq": change.seq });
    audit::record(app, tx, actor, "change.equivocation", subject, detail).await
}
