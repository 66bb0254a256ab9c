//! The server's keys follow each other: the next one is announced before it signs, by a job when its time comes and by an
//! operator at any time, and one that fell into wrong hands is revoked at once. See `docs/access.md`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::{SERVER_KEY_ANNOUNCED_MS, SERVER_KEY_MS, SERVER_KEYS_REST_MS};
use sync_core::model::Millis;
use sync_core::proof::{KeyId, KeyNotice, KeyRevocationPayload, ServerKeyPayload, Signed};

use super::audit;
use crate::app::{App, OpenError};
use crate::clock::Clock;
use crate::keys::{self, KeyFolder, Keyring, ServerKey};
use crate::problem::{Code, Problem};
use crate::rng::Rng;
use crate::store::Tx;
use crate::store::access::server_keys::{self, KeyRow};
use crate::store::sync::certificates;

fn row_of(key: &ServerKey, now: Millis, activates_at: Millis) -> KeyRow {
    KeyRow {
        key_id: key.key_id().to_owned(),
        public_key: key.public_key().to_vec(),
        added_at: now,
        activates_at,
        private_key: None,
        announcement: None,
        revoked_at: None,
        revocation: None,
    }
}

fn announce(by: &ServerKey, row: &KeyRow) -> Signed<ServerKeyPayload> {
    by.sign(&ServerKeyPayload {
        key_id: row.key_id.clone(),
        public_key: STANDARD.encode(&row.public_key),
        announced_at_ms: row.added_at,
        activates_at_ms: row.activates_at,
    })
}

/// Opens the keys of a server at its start. Private halves in the data folder are known to the database again afterwards,
/// even where it is an older copy: on PostgreSQL the first server brings the key of its folder, so that one that moved
/// here from SQLite stays who it was.
pub async fn open(
    tx: &mut Tx,
    data: &Path,
    rng: &dyn Rng,
    clock: Arc<dyn Clock>,
) -> Result<Keyring, OpenError> {
    let (folder, now) = (KeyFolder::of(data), clock.now());
    let in_files = tx.is_sqlite();
    let keyring = Keyring::new(clock, in_files.then(|| folder.clone()), {
        server_keys::list(tx).await?
    })?;
    let has_any = keyring.ring().iter().any(keys::Known::is_usable);
    if in_files || !has_any {
        for (id, key) in folder.read()? {
            if keyring
                .find(&id)
                .is_some_and(|row| row.revoked_at.is_some())
            {
                continue;
            }
            let mut row = row_of(&key, now, now);
            row.private_key = (!in_files).then(|| key.pkcs8().to_vec());
            if let Some((_, by)) = keys::signing(&keyring.ring(), now) {
                row.announcement = Some(announce(by, &row));
            }
            server_keys::put(tx, &row).await?;
        }
        keyring.set(server_keys::list(tx).await?)?;
    }
    if !keyring.ring().iter().any(keys::Known::is_usable) {
        let key = ServerKey::make(rng)?;
        let mut row = row_of(&key, now, now);
        if in_files {
            folder.put(&key)?;
        } else {
            row.private_key = Some(key.pkcs8().to_vec());
        }
        server_keys::put(tx, &row).await?;
        keyring.set(server_keys::list(tx).await?)?;
    }
    Ok(keyring)
}

fn no_signing_key() -> Problem {
    Problem::fault("no key of the server signs now")
}

fn key_lost() -> Problem {
    Problem::fault("a key of the server that was written is not there")
}

/// Makes a key and announces it under the signature of the one that signs now.
async fn add(
    app: &App,
    tx: &mut Tx,
    ring: &keys::Ring,
    activates_at: Millis,
) -> Result<KeyRow, Problem> {
    let now = app.now();
    let (_, by) = keys::signing(ring, now).ok_or_else(no_signing_key)?;
    let key = ServerKey::make(app.rng.as_ref()).map_err(|error| Problem::internal(&error))?;
    let mut row = row_of(&key, now, activates_at);
    row.announcement = Some(announce(by, &row));
    match app.keys.folder() {
        // The file first: a row without its private half would be a key that nobody can sign with.
        Some(folder) => folder
            .put(&key)
            .map_err(|error| Problem::internal(&error))?,
        None => row.private_key = Some(key.pkcs8().to_vec()),
    }
    server_keys::put(tx, &row).await?;
    let detail =
        serde_json::json!({ "activates_at_ms": activates_at, "announced_by": by.key_id() });
    let subject = format!("server_key:{}", row.key_id);
    let actor = audit::Actor::default();
    audit::record(app, tx, actor, "server_key.announced", subject, detail).await?;
    Ok(row)
}

async fn ring_of(app: &App, tx: &mut Tx) -> Result<keys::Ring, Problem> {
    let rows = server_keys::list(tx).await?;
    let ring = app.keys.assemble(rows);
    ring.map_err(|error| Problem::internal(&error))
}

async fn finish(app: &App, mut tx: Tx) -> Result<(), Problem> {
    let rows = server_keys::list(&mut tx).await?;
    tx.commit().await?;
    app.keys
        .set(rows)
        .map_err(|error| Problem::internal(&error))
}

/// An operator orders the next key: announced now, it signs when everybody can know it; `at_once` does not wait for that.
/// One that is announced already is the next one, so that an order given twice makes one key.
pub async fn rotate(app: &App, at_once: bool) -> Result<KeyRow, Problem> {
    let now = app.now();
    let mut tx = app.store.begin().await?;
    let ring = ring_of(app, &mut tx).await?;
    let mut next = ring.iter().filter(|known| known.is_usable());
    let next = next.find(|known| known.row.activates_at > now);
    let id = match next {
        Some(known) => known.row.key_id.clone(),
        None => {
            let wait = if at_once { 0 } else { SERVER_KEY_ANNOUNCED_MS };
            add(app, &mut tx, &ring, now + wait).await?.key_id
        }
    };
    if at_once {
        server_keys::activate(&mut tx, &id, now).await?;
    }
    finish(app, tx).await?;
    app.keys.find(&id).ok_or_else(key_lost)
}

/// Announces the next key when it is time; whether it was. Of several servers one does it: the others find it announced.
pub async fn rotate_if_due(app: &App) -> Result<bool, Problem> {
    let is_due = |ring: &keys::Ring| {
        let usable = ring.iter().filter(|known| known.is_usable());
        let last = usable.map(|known| known.row.activates_at).max();
        last.map(|at| at + SERVER_KEY_MS)
            .filter(|ends_at| ends_at - SERVER_KEY_ANNOUNCED_MS <= app.now())
    };
    if is_due(&app.keys.ring()).is_none() {
        return Ok(false);
    }
    let mut tx = app.store.begin().await?;
    let ring = ring_of(app, &mut tx).await?;
    let due = is_due(&ring);
    if let Some(ends_at) = due {
        let activates_at = ends_at.max(app.now() + SERVER_KEY_ANNOUNCED_MS);
        add(app, &mut tx, &ring, activates_at).await?;
    }
    finish(app, tx).await?;
    Ok(due.is_some())
}

/// Revokes a key at once: access tokens under it fail, phones believe nothing under it any more, and what it had certified
/// is signed anew. The one that is announced takes its place, or a new one. Again changes nothing.
pub async fn revoke(app: &App, key_id: &str, reason: &str) -> Result<KeyRow, Problem> {
    let now = app.now();
    let mut tx = app.store.begin().await?;
    let mut ring = ring_of(app, &mut tx).await?;
    let found = ring.iter().find(|known| known.row.key_id == key_id);
    let row = found.ok_or(Problem::new(Code::NotFound))?.row.clone();
    if row.revoked_at.is_some() {
        return Ok(row);
    }
    let others = || {
        ring.iter()
            .filter(|it| it.is_usable() && it.row.key_id != key_id)
    };
    let signs = keys::signing(&ring, now).is_some_and(|(signs, _)| signs.key_id == key_id);
    if signs {
        // What is announced begins now.
        let announced = others().filter(|it| it.row.activates_at > now);
        let next = announced.min_by_key(|it| it.row.activates_at);
        let id = match next {
            Some(known) => known.row.key_id.clone(),
            None => add(app, &mut tx, &ring, now).await?.key_id,
        };
        server_keys::activate(&mut tx, &id, now).await?;
        ring = ring_of(app, &mut tx).await?;
    }
    ring.retain(|known| known.row.key_id != key_id);
    let (_, by) = keys::signing(&ring, now).ok_or_else(no_signing_key)?;
    let revocation = by.sign(&KeyRevocationPayload {
        key_id: key_id.to_owned(),
        revoked_at_ms: now,
    });
    server_keys::revoke(&mut tx, key_id, now, &revocation).await?;
    let certificates = certificates::sign_anew(&mut tx, key_id, |payload| by.sign(payload)).await?;
    let detail = serde_json::json!({
        "reason": reason, "revoked_by": by.key_id(), "certificates_signed_anew": certificates,
    });
    let (actor, subject) = (audit::Actor::default(), format!("server_key:{key_id}"));
    audit::record(app, &mut tx, actor, "server_key.revoked", subject, detail).await?;
    finish(app, tx).await?;
    app.keys.find(key_id).ok_or_else(key_lost)
}

/// What somebody who names the keys that they believe does not know yet. Whoever names none is an older app, and is told
/// nothing.
pub fn news(app: &App, named: &[KeyId]) -> Vec<KeyNotice> {
    let ring = app.keys.ring();
    if named.is_empty() {
        return Vec::new();
    }
    // They follow each other, so what is missing lies behind the newest that is named.
    let behind = ring
        .iter()
        .rposition(|known| named.contains(&known.row.key_id));
    let missing = &ring[behind.map_or(0, |at| at + 1)..];
    let announced = missing.iter().filter_map(|known| {
        let announcement = known.row.announcement.clone()?;
        Some(KeyNotice::Announced(announcement))
    });
    let told = |id: &KeyId| named.contains(id) || missing.iter().any(|it| it.row.key_id == *id);
    let revoked = ring.iter().filter(|known| told(&known.row.key_id));
    let revoked = revoked.filter_map(|known| known.row.revocation.clone());
    announced.chain(revoked.map(KeyNotice::Revoked)).collect()
}

/// Learns what other servers did, and announces the next key when it is time, until it is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(error) = look(&app).await {
            tracing::warn!(%error, "the server's keys were not looked after; it is tried again");
        }
        tokio::time::sleep(Duration::from_millis(SERVER_KEYS_REST_MS)).await;
    }
}

async fn look(app: &App) -> Result<(), Problem> {
    app.keys.read_again(&mut *app.store.read().await?).await?;
    rotate_if_due(app).await.map(drop)
}
