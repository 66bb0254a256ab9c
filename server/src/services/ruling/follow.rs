//! What follows from the ruling of a visit (处置): rows of the tracking list, entries for the credit publicity system, and the
//! states of its cases. Called in the pass that rules; again with the same findings it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sync_core::model::{DocumentId, Millis, RefusalId, RefusalState, shanghai_date};
use sync_core::rules::{
    ConfirmationOutcome, Effect, Facts, Findings, Outcome, RefusalEffect, RefusalStanding,
    ScopeKey, Subject, effects as effects_of,
};

use super::rule::Ruled;
use crate::access::role::word;
use crate::app::App;
use crate::services::casework::told;
use crate::store::feed::NewRow;
use crate::store::rulings::cases;
use crate::store::rulings::effects::{self, EffectRow};
use crate::store::sync::projections;
use crate::store::{Result, StoreError, Tx};

/// Keeps what follows now against what followed before, and tells in which state each case is; what phones are to be told of
/// it.
pub(super) async fn keep(
    app: &App,
    tx: &mut Tx,
    ruled: &[Ruled],
    now: Millis,
) -> Result<Vec<NewRow>> {
    let mut news = Vec::new();
    let visits = ruled.iter().filter_map(|it| match it.key {
        ScopeKey::Visit { document_id } => Some((document_id, it)),
        _ => None,
    });
    // A refusal never leaves its visit: where there is none, nothing followed before.
    let refused = |(document, it): &(DocumentId, &Ruled)| {
        let visit = it.facts.visits.get(document);
        visit.is_some_and(|visit| !visit.refusals.is_empty())
    };
    let visits: BTreeMap<DocumentId, &Ruled> = visits.filter(refused).collect();
    if visits.is_empty() {
        return Ok(news);
    }
    let before = effects::list_of_documents(tx, visits.keys().copied()).await?;
    let mut before: BTreeMap<String, EffectRow> = before
        .into_iter()
        .map(|row| (row.effect_key.clone(), row))
        .collect();
    for (document, ruled) in &visits {
        for effect in effects_of(&ruled.facts, &ruled.after) {
            let known = before.remove(&effect.key());
            news.extend(follows(app, tx, ruled, &effect, known, now).await?);
        }
        let standings = standings(&ruled.facts, *document, &ruled.after);
        for (refusal, standing) in standings {
            news.extend(set_state(tx, *document, refusal, standing, now).await?);
        }
    }
    for mut gone in before.into_values().filter(|row| row.holds) {
        gone.holds = false;
        gone.version += 1;
        gone.changed_at = now;
        let facts = visits.get(&gone.document).map_or([0; 32], |it| it.hash.0);
        effects::put(tx, &gone, facts).await?;
        tell(app, tx, &gone, now).await?;
        news.extend(told::tracking(&gone, gone.region.as_deref()));
    }
    Ok(news)
}

fn standings(
    facts: &Facts,
    document: DocumentId,
    said: &Findings,
) -> BTreeMap<RefusalId, RefusalStanding> {
    let refusals = facts.visits.get(&document).into_iter();
    let refusals = refusals.flat_map(|visit| &visit.refusals);
    let sealed = refusals.filter(|(_, it)| !it.seals.is_empty());
    let standing = |id: &RefusalId| match said.outcomes.get(&Subject::Refusal(*id)) {
        Some(Outcome::Refusal { refusal }) => *refusal,
        _ => RefusalStanding::Unconfirmed,
    };
    sealed.map(|(id, _)| (*id, standing(id))).collect()
}

/// The state of a refusal as people call it; see [`RefusalState`]. What phones are to be told where it is another one now.
pub async fn set_state(
    tx: &mut Tx,
    document: DocumentId,
    refusal: RefusalId,
    standing: RefusalStanding,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let published = is_published(tx, &format!("publish/refusal/{refusal}")).await?;
    let state = RefusalState::of(true, standing, published);
    let subject = refusal.to_string();
    match cases::set_state(tx, document, &subject, &word(&state), now).await? {
        true => told::news(tx, document, refusal.0).await,
        false => Ok(Vec::new()),
    }
}

/// Whether the last that the publicity system took is an entry.
async fn is_published(tx: &mut Tx, key: &str) -> Result<bool> {
    Ok(stands_there(tx, key).await?.is_some())
}

/// What stands in the publicity system of an effect; none where nothing does.
async fn stands_there(tx: &mut Tx, key: &str) -> Result<Option<String>> {
    let told = effects::list_messages(tx, key).await?;
    let mut delivered = told.into_iter().filter(|it| it.state == "delivered");
    let last = delivered.next_back().filter(|it| it.action != "withdraw");
    Ok(last.map(|it| it.record))
}

async fn follows(
    app: &App,
    tx: &mut Tx,
    ruled: &Ruled,
    effect: &Effect,
    known: Option<EffectRow>,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let (kind, of) = match effect {
        Effect::Track(of) => ("track", of),
        Effect::Publish(of) => ("publish", of),
    };
    let Some(visit) = projections::find_visit(tx, of.document_id).await? else {
        return Ok(Vec::new());
    };
    let record = record(&ruled.facts, of, &visit)?;
    let before = known.as_ref().and_then(|known| known.region.clone());
    let next = match known {
        Some(known) if known.holds && known.record == record => return Ok(Vec::new()),
        Some(known) => EffectRow {
            version: known.version + 1,
            enterprise: of.enterprise.0.clone(),
            region: visit.region,
            record,
            holds: true,
            changed_at: now,
            ..known
        },
        None => EffectRow {
            effect_key: effect.key(),
            effect_id: app.new_uuid(),
            kind: kind.to_owned(),
            document: of.document_id,
            refusal_id: of.refusal_id.to_string(),
            campaign_id: visit.campaign_id,
            enterprise: of.enterprise.0.clone(),
            region: visit.region,
            record,
            holds: true,
            version: 1,
            began_at: now,
            changed_at: now,
        },
    };
    effects::put(tx, &next, ruled.hash.0).await?;
    tell(app, tx, &next, now).await?;
    Ok(told::tracking(&next, before.as_deref()))
}

/// What is told of an enterprise that refused (拒检企业信息): nothing of it depends on when it was ruled.
fn record(facts: &Facts, of: &RefusalEffect, visit: &projections::VisitName) -> Result<String> {
    let known = facts.visits.get(&of.document_id);
    let refusal = known.and_then(|known| known.refusals.get(&of.refusal_id));
    let confirmed: BTreeSet<_> = known
        .into_iter()
        .flat_map(|known| &known.confirmations)
        .filter(|it| refusal.is_some_and(|refusal| refusal.seals.contains(&it.seal)))
        .filter(|it| it.outcome == ConfirmationOutcome::Confirmed)
        .map(|it| it.confirmation_id)
        .collect();
    let refused_on = refusal.map(|it| shanghai_date(it.refused.earliest_known()).to_string());
    let record = json!({
        "enterprise": of.enterprise, "enterprise_name": visit.enterprise_name, "uscc": visit.uscc,
        "region": visit.region, "refusal_id": of.refusal_id, "visit_id": of.document_id,
        "refusal_kind": refusal.map(|it| &it.kind), "refused_on": refused_on,
        "confirmation_ids": confirmed,
    });
    serde_json::to_string(&record).map_err(|_| StoreError::Column {
        name: "record",
        wanted: "plain data",
    })
}

/// Brings what the publicity system is to be told in line with an effect: what waits is overtaken, and nothing is told of
/// what never came there.
async fn tell(app: &App, tx: &mut Tx, effect: &EffectRow, now: Millis) -> Result<()> {
    if effect.kind != "publish" {
        return Ok(());
    }
    effects::supersede(tx, &effect.effect_key).await?;
    let there = stands_there(tx, &effect.effect_key).await?;
    let action = match (&there, effect.holds) {
        (None, true) => "enter",
        (Some(record), true) if *record != effect.record => "correct",
        (Some(_), false) => "withdraw",
        (Some(_), true) | (None, false) => return Ok(()),
    };
    effects::insert_message(tx, app.new_uuid(), effect, action, now).await
}
