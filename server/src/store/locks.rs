//! Locks between writers. On SQLite there is one writer, so nobody waits for anybody in between. On PostgreSQL writers run
//! side by side, and what two of them must not do at once is guarded by a row: whoever upserts it holds it until the
//! transaction ends. Rows rather than advisory locks, which CockroachDB and Yugabyte lack.
//!
//! So that no two transactions wait for each other, all take their locks in this order: [`Lock::Alone`],
//! [`Lock::Enterprise`], the rows of documents, [`Lock::Ruling`] or [`Lock::Pictures`], marks of dirty scopes in the order
//! of their strata, the counter of the feed, and last the chains of the log in their order ([`super::Tx::note`]). Work that comes to a mark before its last lock keeps it for its end
//! (`services/reference/work.rs`).

use std::collections::BTreeSet;

use aws_lc_rs::digest;

use super::{Result, Tx, statements};
use crate::args;

statements! {
    /// Takes the lock; whoever has it lets go when the transaction ends.
    TAKE = "INSERT INTO locks (name, taken) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET taken = locks.taken + 1";
}

/// Rows that stand for all enterprises or sessions: two of them seldom share one, and the table never grows.
const ROWS_PER_KIND: u16 = 4_096;

/// What is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Everything that is done by one transaction at a time: reference data, access, custody.
    Alone,
    /// The projection of visits whose identity names this enterprise.
    Enterprise(String),
    /// Ruling: one pass at a time reads what all scopes say and writes the versions that follow from it.
    Ruling,
    /// Which pictures look alike: of two that are examined at once, the second finds the first.
    Pictures,
    /// Checkpoints of the log: the tree grows by one of them at a time.
    Checkpoint,
    /// The refresh tokens of a session.
    Session(String),
}

impl Lock {
    fn row(&self) -> String {
        let (kind, name) = match self {
            Self::Alone => return "alone".to_owned(),
            Self::Ruling => return "ruling".to_owned(),
            Self::Pictures => return "pictures".to_owned(),
            Self::Checkpoint => return "checkpoint".to_owned(),
            Self::Enterprise(key) => ("enterprise", key),
            Self::Session(session) => ("session", session),
        };
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        let number = u16::from_be_bytes([hash.as_ref()[0], hash.as_ref()[1]]) % ROWS_PER_KIND;
        format!("{kind}/{number:04}")
    }
}

/// Takes locks of one kind, waiting for whoever holds them.
pub async fn take(tx: &mut Tx, locks: &[Lock]) -> Result<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    // One order for all transactions, so that two of them never wait for each other.
    let rows: BTreeSet<String> = locks.iter().map(Lock::row).collect();
    for row in rows {
        tx.exec(&TAKE, args![row]).await?;
    }
    Ok(())
}
