//! Counters that every replica shares. The upserted row is the lock: two transactions never get one number.

use crate::args;
use crate::store::{Result, Tx, statements};

statements! {
    /// The next number.
    NEXT = "INSERT INTO counters (name, value) VALUES ($1, 1) \
        ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
    /// Goes on behind a number that was given.
    REACH = "INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = \
        CASE WHEN counters.value < excluded.value THEN excluded.value ELSE counters.value END";
    /// Goes on further away.
    SKIP = "UPDATE counters SET value = value + $2 WHERE name = $1";
}

/// Serial numbers of certificates.
pub const CERTIFICATE: &str = "certificate";

/// The next number of a counter, beginning with 1.
pub async fn next(tx: &mut Tx, name: &str) -> Result<i64> {
    tx.one(&NEXT, args![name]).await?.get("value")
}

/// Leaves out so many numbers of a counter that has begun.
pub async fn skip(tx: &mut Tx, name: &str, by: i64) -> Result<()> {
    tx.exec(&SKIP, args![name, by]).await.map(drop)
}

/// What comes next lies behind this number.
pub async fn reach(tx: &mut Tx, name: &str, given: i64) -> Result<()> {
    tx.exec(&REACH, args![name, given]).await.map(drop)
}
