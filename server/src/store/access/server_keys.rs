//! The keys that this server has signed with, signs with, and will sign with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::model::Millis;
use sync_core::proof::{BelievedKeys, KeyRevocationPayload, ServerKeyPayload, Signed};

use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, statements};

statements! {
    /// Once for each key; a private half that was kept elsewhere may be brought later.
    PUT = "INSERT INTO server_keys (key_id, public_key, added_at, activates_at, private_key, announcement, number) \
        VALUES ($1, $2, $3, $4, $5, $6, (SELECT COALESCE(MAX(number), 0) + 1 FROM server_keys)) \
        ON CONFLICT (key_id) DO UPDATE SET private_key = COALESCE(excluded.private_key, server_keys.private_key)";
    /// All of them in the order in which they follow each other: a handful.
    LIST = "SELECT * FROM server_keys ORDER BY number, added_at, key_id";
    /// Lets an announced one begin earlier.
    ACTIVATE = "UPDATE server_keys SET activates_at = $2 WHERE key_id = $1 AND activates_at > $2";
    /// Revokes; a second time changes nothing.
    REVOKE = "UPDATE server_keys SET revoked_at = $2, revocation = $3 WHERE key_id = $1 AND revoked_at IS NULL";
}

/// A row of `server_keys`.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// Its name.
    pub key_id: String,
    /// Ed25519, 32 bytes.
    pub public_key: Vec<u8>,
    /// Since when it is known.
    pub added_at: Millis,
    /// From when it signs.
    pub activates_at: Millis,
    /// PKCS #8, where it lies in the database.
    pub private_key: Option<Vec<u8>>,
    /// By an older key.
    pub announcement: Option<Signed<ServerKeyPayload>>,
    /// Since when it is not believed.
    pub revoked_at: Option<Millis>,
    /// By another key.
    pub revocation: Option<Signed<KeyRevocationPayload>>,
}

fn key(row: &Row) -> Result<KeyRow> {
    Ok(KeyRow {
        key_id: row.get("key_id")?,
        public_key: row.get("public_key")?,
        added_at: row.get("added_at")?,
        activates_at: row.get("activates_at")?,
        private_key: row.get("private_key")?,
        announcement: signed(row, "announcement")?,
        revoked_at: row.get("revoked_at")?,
        revocation: signed(row, "revocation")?,
    })
}

fn signed<T>(row: &Row, name: &'static str) -> Result<Option<Signed<T>>> {
    let text: Option<String> = row.get(name)?;
    let read = text.map(|text| serde_json::from_str(&text)).transpose();
    read.map_err(|_| StoreError::Column {
        name,
        wanted: "what a key signed",
    })
}

fn text<T>(signed: Option<&Signed<T>>) -> Option<String> {
    signed.and_then(|signed| serde_json::to_string(signed).ok())
}

/// Keeps a key. One that is there stays as it is, and gets its private half if it had none.
pub async fn put(tx: &mut Tx, row: &KeyRow) -> Result<()> {
    let columns = args![
        &row.key_id,
        row.public_key.as_slice(),
        row.added_at,
        row.activates_at,
        row.private_key.clone(),
        text(row.announcement.as_ref()),
    ];
    tx.exec(&PUT, columns).await.map(drop)
}

/// Every key, in the order in which they follow each other.
pub async fn list(db: &mut Session) -> Result<Vec<KeyRow>> {
    db.all(&LIST, args![]).await?.iter().map(key).collect()
}

/// What is believed of what they signed.
pub async fn believed(db: &mut Session) -> Result<BelievedKeys> {
    let mut keys = BelievedKeys::default();
    for row in list(db).await? {
        keys.pin(
            &row.key_id,
            &STANDARD.encode(&row.public_key),
            row.activates_at,
        );
        if let Some(revoked_at) = row.revoked_at {
            keys.drop_key(&row.key_id, revoked_at);
        }
    }
    Ok(keys)
}

/// Lets an announced key begin now.
pub async fn activate(tx: &mut Tx, key_id: &str, now: Millis) -> Result<()> {
    tx.exec(&ACTIVATE, args![key_id, now]).await.map(drop)
}

/// Revokes; false if it was revoked before.
pub async fn revoke(
    tx: &mut Tx,
    key_id: &str,
    now: Millis,
    revocation: &Signed<KeyRevocationPayload>,
) -> Result<bool> {
    let columns = args![key_id, now, text(Some(revocation))];
    Ok(tx.exec(&REVOKE, columns).await? == 1)
}
