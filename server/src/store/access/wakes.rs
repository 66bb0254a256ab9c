//! Where phones are reached by push providers, and the wakes that they are owed.

use sync_core::model::{DeviceId, Millis};
use uuid::Uuid;

use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Where a phone is reached.
    FIND_TOKEN = "SELECT * FROM push_tokens WHERE device_id = $1";
    /// A token is one phone's: whoever registers it last has it.
    DELETE_TOKEN_OF_OTHERS = "DELETE FROM push_tokens WHERE endpoint = $1 AND token = $2 AND device_id <> $3";
    /// Registers one, in place of what was registered before.
    PUT_TOKEN = "INSERT INTO push_tokens (device_id, endpoint, token, registered_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (device_id) DO UPDATE SET endpoint = excluded.endpoint, token = excluded.token, \
        registered_at = excluded.registered_at";
    /// Forgets where a phone is reached.
    DELETE_TOKEN = "DELETE FROM push_tokens WHERE device_id = $1";
    /// The same, if it is still this one.
    DELETE_THIS_TOKEN = "DELETE FROM push_tokens WHERE device_id = $1 AND endpoint = $2 AND token = $3";
    /// And what it was owed.
    DELETE_WAKE = "DELETE FROM wakes WHERE device_id = $1";
    /// How far the feed was looked through.
    POSITION = "SELECT position FROM log_counters WHERE name = 'wakes'";
    /// It was looked through up to there, by whoever did so first.
    ADVANCE = "UPDATE log_counters SET position = $2 WHERE name = 'wakes' AND position = $1";
    /// Phones that can be woken and have something to fetch behind one position and up to another: what is theirs in the
    /// feed, but for what they wrote themselves, for the index, and for what is told to everybody.
    LIST_CONCERNED = "SELECT DISTINCT p.device_id FROM push_tokens p JOIN devices d ON d.device_id = p.device_id \
        JOIN feed f ON f.position > $1 AND f.position <= $2 \
        WHERE d.revoked_at IS NULL AND f.entry NOT IN ('index', 'certificate', 'device_revoked') \
        AND (f.audience IN ('device/' || d.device_id, 'user/' || d.user_id, 'organisation/' || d.organisation_id) \
          OR f.audience IN (SELECT 'team/' || t.team_id FROM team_members t WHERE t.user_id = d.user_id) \
          OR (f.audience LIKE 'team/%' \
            AND EXISTS (SELECT 1 FROM document_authors a WHERE a.document_id = f.document_id AND a.user_id = d.user_id)) \
          OR (f.audience LIKE 'region/%' \
            AND (f.entry = 'grant' OR EXISTS (SELECT 1 FROM confirmations c WHERE c.document_id = f.document_id)) \
            AND EXISTS (SELECT 1 FROM document_authors a WHERE a.document_id = f.document_id AND a.user_id = d.user_id)) \
          OR (f.audience LIKE 'team/%' AND EXISTS (SELECT 1 FROM confirmations c \
            JOIN document_authors a ON a.document_id = c.visit_id \
            WHERE c.document_id = f.document_id AND a.user_id = d.user_id)) \
          OR (f.audience LIKE 'region/%' AND EXISTS (SELECT 1 FROM users u JOIN user_regions r ON r.user_id = u.user_id \
            WHERE u.user_id = d.user_id AND u.roles LIKE '%enforcement%' AND f.audience LIKE 'region/' || r.prefix || '%'))) \
        AND (f.entry <> 'changes' OR EXISTS \
          (SELECT 1 FROM changes c WHERE c.position = f.position AND c.device_id <> d.device_id)) ORDER BY p.device_id";
    /// A phone is owed a wake: the one that waits, or a new one after its rest.
    OWE = "INSERT INTO wakes (device_id, wake_id, state, version, attempts, wanted_at, due_at, changed_at) \
        VALUES ($1, $2, 'waiting', 1, 0, $3, $3, $3) ON CONFLICT (device_id) DO UPDATE SET version = wakes.version + 1, \
        wake_id = CASE WHEN wakes.state = 'waiting' THEN wakes.wake_id ELSE excluded.wake_id END, \
        attempts = CASE WHEN wakes.state = 'waiting' THEN wakes.attempts ELSE 0 END, \
        wanted_at = CASE WHEN wakes.state = 'waiting' THEN wakes.wanted_at ELSE excluded.wanted_at END, \
        due_at = CASE WHEN wakes.state = 'waiting' THEN wakes.due_at \
            WHEN wakes.state = 'sent' AND wakes.changed_at + $4 > $3 THEN wakes.changed_at + $4 ELSE $3 END, \
        last_error = CASE WHEN wakes.state = 'waiting' THEN wakes.last_error ELSE NULL END, \
        state = 'waiting', changed_at = $3";
    /// Wakes that are due, with where their phones are reached.
    LIST_DUE = "SELECT w.*, p.endpoint, p.token FROM wakes w JOIN push_tokens p ON p.device_id = w.device_id \
        WHERE w.state = 'waiting' AND w.due_at <= $1 ORDER BY w.due_at, w.device_id LIMIT $2";
    /// Takes one to send it, if nobody else has.
    CLAIM = "UPDATE wakes SET due_at = $3 WHERE device_id = $1 AND due_at = $2 AND state = 'waiting'";
    /// It was sent, and nothing came meanwhile.
    SENT = "UPDATE wakes SET state = 'sent', changed_at = $4, last_error = NULL \
        WHERE device_id = $1 AND wake_id = $2 AND version = $3 AND state = 'waiting'";
    /// It was sent, and more came meanwhile: another one follows.
    SENT_AND_MORE = "UPDATE wakes SET wake_id = $3, attempts = 0, wanted_at = $4, due_at = $5, last_error = NULL \
        WHERE device_id = $1 AND wake_id = $2 AND state = 'waiting'";
    /// It was not, and is tried again.
    FAILED = "UPDATE wakes SET attempts = attempts + 1, due_at = $3, last_error = $4 \
        WHERE device_id = $1 AND wake_id = $2 AND state = 'waiting'";
    /// It is not tried any more.
    GIVE_UP = "UPDATE wakes SET attempts = attempts + 1, state = 'given_up', last_error = $3, changed_at = $4 \
        WHERE device_id = $1 AND wake_id = $2 AND state = 'waiting'";
    /// How many there are in a state.
    COUNT = "SELECT COUNT(*) AS number FROM wakes WHERE state = $1";
}

/// Where a phone is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushToken {
    /// By which provider.
    pub endpoint: String,
    /// As it is named there.
    pub token: String,
    /// Since when.
    pub registered_at: Millis,
}

/// A wake that is due.
#[derive(Clone, Debug)]
pub struct WakeRow {
    /// Which phone.
    pub device: DeviceId,
    /// Names it.
    pub wake_id: Uuid,
    /// Grows with each cause.
    pub version: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// Since when it is owed.
    pub wanted_at: Millis,
    /// When it is tried.
    pub due_at: Millis,
    /// By which provider.
    pub endpoint: String,
    /// As the phone is named there.
    pub token: String,
}

fn wake(row: &Row) -> Result<WakeRow> {
    Ok(WakeRow {
        device: row.get("device_id")?,
        wake_id: row.get("wake_id")?,
        version: row.get("version")?,
        attempts: row.get("attempts")?,
        wanted_at: row.get("wanted_at")?,
        due_at: row.get("due_at")?,
        endpoint: row.get("endpoint")?,
        token: row.get("token")?,
    })
}

/// Where a phone is reached; none where nobody knows.
pub async fn find_token(db: &mut Session, device: DeviceId) -> Result<Option<PushToken>> {
    let row = db.optional(&FIND_TOKEN, args![device]).await?;
    let found = row.map(|row| {
        Ok(PushToken {
            endpoint: row.get("endpoint")?,
            token: row.get("token")?,
            registered_at: row.get("registered_at")?,
        })
    });
    found.transpose()
}

/// A phone is reached there from now on, and no other is.
pub async fn put_token(tx: &mut Tx, device: DeviceId, new: &PushToken) -> Result<()> {
    let (endpoint, token) = (&new.endpoint, &new.token);
    tx.exec(&DELETE_TOKEN_OF_OTHERS, args![endpoint, token, device])
        .await?;
    let columns = args![device, endpoint, token, new.registered_at];
    tx.exec(&PUT_TOKEN, columns).await.map(drop)
}

/// A phone is not woken any more; false where it was not before.
pub async fn forget(tx: &mut Tx, device: DeviceId) -> Result<bool> {
    tx.exec(&DELETE_WAKE, args![device]).await?;
    Ok(tx.exec(&DELETE_TOKEN, args![device]).await? == 1)
}

/// The provider knows this token no longer; false where the phone has another one by now.
pub async fn drop_token(tx: &mut Tx, wake: &WakeRow) -> Result<bool> {
    let columns = args![wake.device, &wake.endpoint, &wake.token];
    let dropped = tx.exec(&DELETE_THIS_TOKEN, columns).await? == 1;
    if dropped {
        tx.exec(&DELETE_WAKE, args![wake.device]).await?;
    }
    Ok(dropped)
}

/// How far the feed was looked through.
pub async fn position(db: &mut Session) -> Result<i64> {
    db.one(&POSITION, args![]).await?.get("position")
}

/// Notes how far it was; false where another server was there first.
pub async fn advance(tx: &mut Tx, from: i64, to: i64) -> Result<bool> {
    Ok(tx.exec(&ADVANCE, args![from, to]).await? == 1)
}

/// Phones that can be woken and have something to fetch.
pub async fn list_concerned(db: &mut Session, after: i64, until: i64) -> Result<Vec<DeviceId>> {
    let rows = db.all(&LIST_CONCERNED, args![after, until]).await?;
    rows.iter().map(|row| row.get("device_id")).collect()
}

/// A phone is owed a wake; `rest` after the last one.
pub async fn owe(tx: &mut Tx, device: DeviceId, id: Uuid, now: Millis, rest: Millis) -> Result<()> {
    tx.exec(&OWE, args![device, id, now, rest]).await.map(drop)
}

/// Wakes that are due.
pub async fn list_due(db: &mut Session, now: Millis, rows_max: u32) -> Result<Vec<WakeRow>> {
    let rows = db.all(&LIST_DUE, args![now, rows_max]).await?;
    rows.iter().map(wake).collect()
}

/// Takes one until then; false where somebody else has it.
pub async fn claim(tx: &mut Tx, wake: &WakeRow, until: Millis) -> Result<bool> {
    let columns = args![wake.device, wake.due_at, until];
    Ok(tx.exec(&CLAIM, columns).await? == 1)
}

/// It was sent. Where more came meanwhile, another one (`next`) is due after the rest.
pub async fn sent(
    tx: &mut Tx,
    wake: &WakeRow,
    next: Uuid,
    now: Millis,
    rest: Millis,
) -> Result<()> {
    let columns = args![wake.device, wake.wake_id, wake.version, now];
    if tx.exec(&SENT, columns).await? == 0 {
        let columns = args![wake.device, wake.wake_id, next, now, now + rest];
        tx.exec(&SENT_AND_MORE, columns).await?;
    }
    Ok(())
}

/// It was not sent, and is due again then.
pub async fn failed(tx: &mut Tx, wake: &WakeRow, due: Millis, error: &str) -> Result<()> {
    let columns = args![wake.device, wake.wake_id, due, error];
    tx.exec(&FAILED, columns).await.map(drop)
}

/// It was not sent for so long that it is not tried any more.
pub async fn give_up(tx: &mut Tx, wake: &WakeRow, error: &str, now: Millis) -> Result<bool> {
    let columns = args![wake.device, wake.wake_id, error, now];
    Ok(tx.exec(&GIVE_UP, columns).await? == 1)
}

/// How many wakes wait, and how many were given up.
pub async fn count(db: &mut Session) -> Result<[(&'static str, i64); 2]> {
    let mut counts = [("waiting", 0), ("given_up", 0)];
    for (state, count) in &mut counts {
        *count = db.one(&COUNT, args![*state]).await?.get("number")?;
    }
    Ok(counts)
}
