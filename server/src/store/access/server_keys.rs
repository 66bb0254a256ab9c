//! Public keys that this server has signed with.

use std::collections::BTreeMap;

use sync_core::model::Millis;

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// Once for each key.
    PUT = "INSERT INTO server_keys (key_id, public_key, added_at) VALUES ($1, $2, $3) \
        ON CONFLICT (key_id) DO NOTHING";
    /// The key that all servers on this database sign with.
    PUT_SHARED = "INSERT INTO server_keys (key_id, public_key, added_at, private_key) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (key_id) DO UPDATE SET private_key = excluded.private_key";
    /// That key.
    FIND_SHARED = "SELECT private_key FROM server_keys WHERE private_key IS NOT NULL ORDER BY added_at DESC, key_id LIMIT 1";
    /// All of them: a handful.
    LIST = "SELECT key_id, public_key FROM server_keys";
}

/// Remembers a key.
pub async fn put(tx: &mut Tx, key_id: &str, public_key: &[u8], now: Millis) -> Result<()> {
    tx.exec(&PUT, args![key_id, public_key, now])
        .await
        .map(drop)
}

/// Keeps the key that all servers on this database sign with.
pub async fn put_shared(
    tx: &mut Tx,
    key_id: &str,
    public_key: &[u8],
    private_key: &[u8],
    now: Millis,
) -> Result<()> {
    tx.exec(&PUT_SHARED, args![key_id, public_key, now, private_key])
        .await
        .map(drop)
}

/// The key that all servers on this database sign with, PKCS #8.
pub async fn find_shared(db: &mut Session) -> Result<Option<Vec<u8>>> {
    let row = db.optional(&FIND_SHARED, args![]).await?;
    row.map(|row| row.get("private_key")).transpose()
}

/// Every key, by its id.
pub async fn list(db: &mut Session) -> Result<BTreeMap<String, Vec<u8>>> {
    let rows = db.all(&LIST, args![]).await?;
    rows.iter()
        .map(|row| Ok((row.get("key_id")?, row.get("public_key")?)))
        .collect()
}
