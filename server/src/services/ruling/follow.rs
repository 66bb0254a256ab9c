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
use crate::store::rulings::effects::{self, EffectRow, MessageRow};
use crate::store::rulings::versions;
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
    let keys = visits.iter().flat_map(|(document, it)| {
        let visit = it.facts.visits.get(document).into_iter();
        visit.flat_map(|visit| visit.refusals.keys().map(publish_key))
    });
    let keys: BTreeSet<String> = keys.chain(before.keys().cloned()).collect();
    let said = effects::list_messages_of(tx, keys).await?;
    let said = |key: &str| said.get(key).map_or(&[][..], Vec::as_slice);
    for (document, ruled) in &visits {
        for effect in effects_of(&ruled.facts, &ruled.after) {
            let key = effect.key();
            let known = before.remove(&key);
            let news_of = follows(app, tx, ruled, (&effect, said(&key)), known, now).await?;
            news.extend(news_of);
        }
        let standings = standings(&ruled.facts, *document, &ruled.after);
        for (refusal, standing) in standings {
            let published = is_published(said(&publish_key(&refusal)));
            let state = (standing, published);
            news.extend(set_state(tx, *document, refusal, state, now).await?);
        }
    }
    for mut gone in before.into_values().filter(|row| row.holds) {
        gone.holds = false;
        gone.version += 1;
        gone.changed_at = now;
        let facts = visits.get(&gone.document).map_or([0; 32], |it| it.hash.0);
        effects::put(tx, &gone, facts).await?;
        tell(app, tx, &gone, said(&gone.effect_key), now).await?;
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

/// What the publication of a refusal is called for good; see [`Effect::key`].
fn publish_key(refusal: &RefusalId) -> String {
    format!("publish/refusal/{refusal}")
}

/// The state of a refusal as people call it, by how it stands and whether it is published; see [`RefusalState`]. What phones
/// are to be told where it is another one now.
async fn set_state(
    tx: &mut Tx,
    document: DocumentId,
    refusal: RefusalId,
    (standing, published): (RefusalStanding, bool),
    now: Millis,
) -> Result<Vec<NewRow>> {
    let state = RefusalState::of(true, standing, published);
    let subject = refusal.to_string();
    match cases::set_state(tx, document, &subject, &word(&state), now).await? {
        true => told::news(tx, document, refusal.0).await,
        false => Ok(Vec::new()),
    }
}

/// Whether the last that the publicity system took is an entry.
fn is_published(told: &[MessageRow]) -> bool {
    stands_there(told).is_some()
}

/// What stands in the publicity system of an effect, by what it was told of it; none where nothing does.
pub fn stands_there(told: &[MessageRow]) -> Option<&MessageRow> {
    let mut delivered = told.iter().filter(|it| it.state == "delivered");
    delivered.next_back().filter(|it| it.action != "withdraw")
}

/// A message was taken there: the case says so too. Gives what phones are to be told.
pub async fn delivered(tx: &mut Tx, key: &str, now: Millis) -> Result<Vec<NewRow>> {
    let Some(effect) = effects::find(tx, key).await? else {
        return Ok(Vec::new());
    };
    let said = effects::list_messages(tx, key).await?;
    let Ok(refusal) = effect.refusal_id.parse::<RefusalId>() else {
        return Ok(Vec::new());
    };
    let ruling = versions::find_current(tx, &Subject::Refusal(refusal)).await?;
    let standing = match ruling.and_then(|ruling| ruling.outcome) {
        Some(Outcome::Refusal { refusal }) => refusal,
        _ => RefusalStanding::Unconfirmed,
    };
    let state = (standing, is_published(&said));
    set_state(tx, effect.document, refusal, state, now).await
}

async fn follows(
    app: &App,
    tx: &mut Tx,
    ruled: &Ruled,
    (effect, said): (&Effect, &[MessageRow]),
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
    tell(app, tx, &next, said, now).await?;
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

/// Brings what the publicity system is to be told in line with an effect: what was never sent is overtaken, and nothing is told
/// of what never came there. What was sent without an answer counts as being there, since it is sent until it is.
async fn tell(
    app: &App,
    tx: &mut Tx,
    effect: &EffectRow,
    said: &[MessageRow],
    now: Millis,
) -> Result<()> {
    if effect.kind != "publish" {
        return Ok(());
    }
    let overtaken = effects::supersede(tx, &effect.effect_key).await?;
    let unsent = said.iter().filter(|it| it.is_unsent()).count();
    // One of them was sent between the reading and this.
    let now_said = match u64::try_from(unsent) == Ok(overtaken) {
        true => None,
        false => Some(effects::list_messages(tx, &effect.effect_key).await?),
    };
    let said = now_said.as_deref().unwrap_or(said);
    let mut there = said.iter();
    let there = there.rfind(|it| it.state == "delivered" || it.is_on_its_way());
    let there = there.filter(|it| it.action != "withdraw");
    let action = match (there, effect.holds) {
        (None, true) => "enter",
        (Some(there), true) if there.record != effect.record => "correct",
        (Some(_), false) => "withdraw",
        (Some(_), true) | (None, false) => return Ok(()),
    };
    effects::insert_message(tx, app.new_uuid(), effect, action, now).await
}
