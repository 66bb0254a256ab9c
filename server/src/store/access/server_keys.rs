//! Public keys that this server has signed with.

use std::collections::BTreeMap;

use sync_core::model::Millis;

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// Once for each key.
    PUT = "INSERT INTO server_keys (key_id, public_key, added_at) VALUES ($1, $2, $3) \
        ON CONFLICT (key_id) DO NOTHING";
    /// All of them: a handful.
    LIST = "SELECT key_id, public_key FROM server_keys";
}

/// Remembers a key.
pub async fn put(tx: &mut Tx, key_id: &str, public_key: &[u8], now: Millis) -> Result<()> {
    tx.exec(&PUT, args![key_id, public_key, now])
        .await
        .map(drop)
}

/// Every key, by its id.
pub async fn list(db: &mut Session) -> Result<BTreeMap<String, Vec<u8>>> {
    let rows = db.all(&LIST, args![]).await?;
    rows.iter()
        .map(|row| Ok((row.get("key_id")?, row.get("public_key")?)))
        .collect()
}
