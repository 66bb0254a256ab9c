//! Waking phones (唤醒): a phone whose app sleeps is told by its push provider to sync, and nothing else. What is owed lies in
//! the database beside the feed that it follows from, and is sent at least once: tried again with growing pauses, given up
//! after a day where everybody can see it.

pub mod provider;

use std::time::Duration;

use provider::Providers;
use sync_core::limits::{
    PUSH_TOKEN_CHARS_MAX, WAKE_GIVEN_UP_MS, WAKE_REST_MS, WAKES_AT_ONCE, WAKES_LOOK_MS,
    WAKES_POSITIONS, WEBHOOK_LEASE_MS,
};
use sync_core::model::{DeviceId, Millis};
use tokio::task::JoinSet;

use super::audit;
use super::webhooks::{Answer, Request, pause_ms};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::access::wakes::{self, PushToken, WakeRow};
use crate::store::{Result, feed};

/// The calling phone is reached there from now on. The same again changes nothing.
pub async fn register(
    app: &App,
    caller: &Principal,
    device: DeviceId,
    endpoint: &str,
    token: &str,
) -> Result<PushToken, Problem> {
    own(caller, device)?;
    if !app.providers.get().is_some_and(|known| known.has(endpoint)) {
        let detail = "is no push provider that this server knows";
        return Err(Problem::value("endpoint", detail));
    }
    let printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > PUSH_TOKEN_CHARS_MAX || !printable {
        let detail = format!("must have 1 to {PUSH_TOKEN_CHARS_MAX} characters of printable ASCII");
        return Err(Problem::value("token", detail));
    }
    let mut tx = app.store.begin().await?;
    let known = wakes::find_token(&mut tx, device).await?;
    if let Some(known) = known
        && (known.endpoint.as_str(), known.token.as_str()) == (endpoint, token)
    {
        return Ok(known);
    }
    let new = PushToken {
        endpoint: endpoint.to_owned(),
        token: token.to_owned(),
        registered_at: app.now(),
    };
    wakes::put_token(&mut tx, device, &new).await?;
    let (subject, detail) = (
        format!("device:{device}"),
        serde_json::json!({ "endpoint": endpoint }),
    );
    let act = "device.push_token_put";
    audit::record(app, &mut tx, caller, act, subject, detail).await?;
    tx.commit().await?;
    Ok(new)
}

/// The calling phone is not woken any more.
pub async fn unregister(app: &App, caller: &Principal, device: DeviceId) -> Result<(), Problem> {
    own(caller, device)?;
    let mut tx = app.store.begin().await?;
    if wakes::forget(&mut tx, device).await? {
        let subject = format!("device:{device}");
        let (act, detail) = ("device.push_token_removed", serde_json::json!({}));
        audit::record(app, &mut tx, caller, act, subject, detail).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn own(caller: &Principal, device: DeviceId) -> Result<(), Problem> {
    match caller.needed_device()? == device {
        true => Ok(()),
        false => Err(Problem::new(Code::NotFound)),
    }
}

/// Looks whom to wake and wakes them, until it is dropped.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(Duration::from_millis(WAKES_LOOK_MS)).await;
        if app.providers.get().is_none() {
            continue;
        }
        if let Err(problem) = look(&app).await {
            let code = problem.code().as_str();
            tracing::warn!(code, "phones were not woken; it is tried again");
        }
    }
}

/// One look: what the feed newly has is owed, and what is due is sent.
pub async fn look(app: &App) -> Result<(), Problem> {
    while owe(app).await? {}
    while send_due(app).await? {}
    Ok(())
}

/// Goes through what is new in the feed; whether there is more.
async fn owe(app: &App) -> Result<bool, Problem> {
    let mut db = app.store.read().await?;
    let from = wakes::position(&mut db).await?;
    let end = feed::last_position(&mut db).await?;
    if from >= end {
        return Ok(false);
    }
    let to = end.min(from + WAKES_POSITIONS);
    let concerned = wakes::list_concerned(&mut db, from, to).await?;
    drop(db);
    let mut tx = app.store.begin_beside().await?;
    // Whoever notes it first owes for it: another server has read the same rows.
    if !wakes::advance(&mut tx, from, to).await? {
        return Ok(true);
    }
    let now = app.now();
    for device in concerned {
        wakes::owe(&mut tx, device, app.new_uuid(), now, WAKE_REST_MS).await?;
    }
    tx.commit().await?;
    Ok(to < end)
}

/// Sends what is due; whether there may be more.
async fn send_due(app: &App) -> Result<bool, Problem> {
    let Some(providers) = app.providers.get() else {
        return Ok(false);
    };
    let now = app.now();
    let due = {
        let mut db = app.store.read().await?;
        wakes::list_due(&mut db, now, WAKES_AT_ONCE).await?
    };
    let full = u32::try_from(due.len()).is_ok_and(|count| count == WAKES_AT_ONCE);
    let mut sending = JoinSet::new();
    for mut wake in due {
        let until = now + WEBHOOK_LEASE_MS;
        let mut tx = app.store.begin_beside().await?;
        if !wakes::claim(&mut tx, &wake, until).await? {
            continue;
        }
        tx.commit().await?;
        wake.due_at = until;
        let request = request(providers, &wake, now);
        sending.spawn_blocking(move || {
            let answer = match request {
                // What it says beside its status is not read: nothing here depends on it.
                Some(request) => request.send(0),
                None => Answer::Failed {
                    why: "the provider is not configured any more".to_owned(),
                    retry_after_s: None,
                },
            };
            (wake, answer)
        });
    }
    while let Some(sent) = sending.join_next().await {
        let (wake, answer) = sent.map_err(|error| Problem::internal(&error))?;
        note(app, &wake, answer).await?;
    }
    Ok(full)
}

fn request(providers: &Providers, wake: &WakeRow, now: Millis) -> Option<Request> {
    providers.request(&wake.endpoint, &wake.token, wake.wake_id, now)
}

/// Notes what became of an attempt.
async fn note(app: &App, wake: &WakeRow, answer: Answer) -> Result<(), Problem> {
    let now = app.now();
    let mut tx = app.store.begin_beside().await?;
    let told = match answer {
        Answer::Taken(_) => {
            wakes::sent(&mut tx, wake, app.new_uuid(), now, WAKE_REST_MS).await?;
            "sent"
        }
        Answer::Gone => {
            if wakes::drop_token(&mut tx, wake).await? {
                let detail = serde_json::json!({ "endpoint": wake.endpoint });
                trail(app, &mut tx, wake, "device.push_token_gone", detail).await?;
            }
            "gone"
        }
        Answer::Failed { why, .. } if now - wake.wanted_at >= WAKE_GIVEN_UP_MS => {
            if wakes::give_up(&mut tx, wake, &why, now).await? {
                let attempts = wake.attempts + 1;
                let detail = serde_json::json!({
                    "endpoint": wake.endpoint, "why": why, "attempts": attempts,
                });
                tracing::warn!(device = %wake.device, why, attempts, "a phone is not woken any more");
                trail(app, &mut tx, wake, "device.wake_given_up", detail).await?;
            }
            "given_up"
        }
        Answer::Failed { why, retry_after_s } => {
            let due = now + pause_ms(app, wake.attempts, retry_after_s);
            // The last attempt comes when the time is over, not long after it.
            let due = due.min(wake.wanted_at + WAKE_GIVEN_UP_MS).max(now + 1);
            wakes::failed(&mut tx, wake, due, &why).await?;
            "failed"
        }
    };
    metrics::counter!("fieldseal_wake_attempts_total", "outcome" => told).increment(1);
    tx.commit().await?;
    Ok(())
}

async fn trail(
    app: &App,
    tx: &mut crate::store::Tx,
    wake: &WakeRow,
    act: &str,
    detail: serde_json::Value,
) -> Result<()> {
    let subject = format!("device:{}", wake.device);
    audit::record(app, tx, audit::Actor::default(), act, subject, detail).await
}
