//! Transaction 1: append, project, mark what must be ruled, and publish. All of it or none.

use std::collections::{BTreeSet, HashMap};

use sync_core::model::{DeviceId, DocumentId, TeamId, UserId};
use sync_core::sync::wire::{ChangeStatus, QuarantineKind};

use super::binding;
use super::judge::Verdict;
use crate::app::App;
use crate::services::projection::{self, Ahead, Why};
use crate::services::{audit, evidence, log};
use crate::store::feed::{self, Audience, NewRow};
use crate::store::reference::teams;
use crate::store::rulings::dirty;
use crate::store::sync::changes::{self, ChangeRow};
use crate::store::sync::{confirmations, documents, tips};
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
    let next: Vec<_> = written()
        .map(|verdict| (&verdict.row, verdict.read_at_version))
        .collect();
    if !documents::compare_and_set(&mut tx, &next, now).await? {
        return Ok(false);
    }
    let inserted: Vec<_> = written().flat_map(|verdict| &verdict.inserted).collect();
    changes::insert(&mut tx, &inserted).await?;
    let signed: Vec<_> = written().flat_map(|verdict| &verdict.tips).collect();
    tips::insert(&mut tx, &signed, now).await?;
    let mut authors = BTreeSet::new();
    for verdict in written() {
        let accepted = accepted(verdict).filter_map(|change| change.user);
        authors.extend(accepted.map(|user| (verdict.row.document_id, user)));
    }
    let mut work = Work {
        new_authors: documents::insert_authors(&mut tx, &authors).await?,
        ..Work::default()
    };
    let mut projected = Vec::new();
    for verdict in written() {
        work.write(app, &mut tx, carrier, verdict).await?;
        tx.note(log::of_push(verdict, carrier, now));
        if accepted(verdict).next().is_some() || verdict.read_at_version == 0 {
            let ahead = ahead.remove(&verdict.row.document_id);
            projected.push((&verdict.row, ahead));
        }
    }
    let rows: Vec<_> = projected.iter().map(|(row, _)| *row).collect();
    let placed = projection::project(&mut tx, projected, Why::Written, now).await?;
    work.published.extend(placed.shared);
    let receipts = evidence::receipts(&mut tx, &rows).await?;
    work.published.extend(receipts);
    dirty::mark(&mut tx, &placed.marked, app.now()).await?;
    // The counter last: it is held until the commit.
    if !work.published.is_empty() {
        feed::append(&mut tx, &work.published, app.now()).await?;
        changes::set_positions(&mut tx, work.carried).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// What of a document is accepted now.
fn accepted(verdict: &Verdict) -> impl Iterator<Item = &ChangeRow> {
    let written = verdict.inserted.iter().chain(&verdict.updated);
    written.filter(|change| change.status == ChangeStatus::Accepted)
}

/// What a transaction collects for its end, and what it has read for more than one document.
#[derive(Default)]
struct Work {
    published: Vec<NewRow>,
    /// Documents whose new changes a published row carries.
    carried: Vec<DocumentId>,
    new_authors: BTreeSet<(DocumentId, UserId)>,
    rosters: HashMap<TeamId, BTreeSet<UserId>>,
}

impl Work {
    async fn write(
        &mut self,
        app: &App,
        tx: &mut Tx,
        carrier: DeviceId,
        verdict: &Verdict,
    ) -> Result<()> {
        let (row, now) = (&verdict.row, app.now());
        for change in verdict.inserted.iter().chain(&verdict.updated) {
            alarm(app, tx, carrier, change).await?;
        }
        for change in &verdict.updated {
            changes::update_status(tx, change, now).await?;
            for device in BTreeSet::from_iter(change.device.into_iter().chain([change.carrier])) {
                let status = NewRow::status(device, row.document_id, change.hash, &change.status)?;
                self.published.push(status);
            }
        }
        let authors: BTreeSet<UserId> = accepted(verdict).filter_map(|it| it.user).collect();
        for author in authors {
            // Somebody who left the team meanwhile: from now on the document comes to them again, and what their
            // teammates wrote since lies behind their cursor.
            if self.new_authors.contains(&(row.document_id, author))
                && row.kind == binding::VISIT
                && let Some(team) = row.team_id
                && !self.is_on_roster(tx, team, &author).await?
            {
                let also = confirmations::list_of_visit(tx, row.document_id).await?;
                let granted = [row.document_id].into_iter().chain(also);
                let grant = |document| NewRow::grant(Audience::User(author), document);
                self.published.extend(granted.map(grant));
            }
        }
        if accepted(verdict).next().is_some() {
            let audience = binding::audience(row).unwrap_or(Audience::Device(carrier));
            self.published
                .push(NewRow::changes(audience, row.document_id));
            self.carried.push(row.document_id);
            if row.kind == binding::CONFIRMATION {
                let team = binding::audience_of_visit(row);
                let grant = |team| NewRow::grant(team, row.document_id);
                self.published.extend(team.map(grant));
            }
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
async fn alarm(app: &App, tx: &mut Tx, carrier: DeviceId, change: &ChangeRow) -> Result<()> {
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
