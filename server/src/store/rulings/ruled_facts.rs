//! The facts that scopes were ruled from, by their hash, so that whoever may see them can rule them again.

use sync_core::model::{Digest, Millis};

use crate::args;
use crate::store::{Result, Row, Session, Tx, bulk, statements};

statements! {
    /// Out with what neither stands nor is named by a ruling.
    FORGET = "DELETE FROM ruled_facts WHERE scope = $1 AND facts <> $2 \
        AND NOT EXISTS (SELECT 1 FROM rulings r WHERE r.facts = ruled_facts.facts)";
    /// By their hash.
    FIND = "SELECT * FROM ruled_facts WHERE facts = $1";
    /// What a scope was ruled from last.
    FIND_OF_SCOPE = "SELECT f.* FROM scopes s JOIN ruled_facts f ON f.facts = s.facts WHERE s.scope = $1";
}

bulk! {
    /// What scopes were ruled from; the same facts again may be ruled by other rulebooks.
    PUT = ("INSERT INTO ruled_facts (facts, scope, text, findings, rulebooks, ruled_at) VALUES", 0, 6,
        " ON CONFLICT (facts) DO UPDATE SET findings = excluded.findings, rulebooks = excluded.rulebooks, \
        ruled_at = excluded.ruled_at");
}

/// Facts as ruled.
#[derive(Clone, Debug)]
pub struct RuledFacts {
    /// SHA-256 of `text`.
    pub facts: Digest,
    /// The scope's text.
    pub scope: String,
    /// Canonical JSON, exactly as hashed.
    pub text: String,
    /// What the engine said last of them, exactly.
    pub findings: String,
    /// Versions of the rulebooks in force then, as JSON.
    pub rulebooks: String,
    /// When.
    pub ruled_at: Millis,
}

fn from_row(row: &Row) -> Result<RuledFacts> {
    Ok(RuledFacts {
        facts: row.get("facts")?,
        scope: row.get("scope")?,
        text: row.get("text")?,
        findings: row.get("findings")?,
        rulebooks: row.get("rulebooks")?,
        ruled_at: row.get("ruled_at")?,
    })
}

/// Keeps what scopes were ruled from now.
pub async fn put(tx: &mut Tx, ruled: &[RuledFacts]) -> Result<()> {
    let rows = ruled.iter().map(|it| {
        args![
            it.facts,
            &it.scope,
            &it.text,
            &it.findings,
            &it.rulebooks,
            it.ruled_at
        ]
    });
    tx.exec_rows(&PUT, rows.collect()).await
}

/// Forgets what a scope was ruled from before, as far as no ruling names it. Call it after the rulings are written.
pub async fn forget(tx: &mut Tx, scope: &str, but: Digest) -> Result<()> {
    tx.exec(&FORGET, args![scope, but]).await.map(drop)
}

/// By their hash.
pub async fn find(db: &mut Session, facts: Digest) -> Result<Option<RuledFacts>> {
    let row = db.optional(&FIND, args![facts]).await?;
    row.as_ref().map(from_row).transpose()
}

/// What a scope was ruled from last.
pub async fn find_of_scope(db: &mut Session, scope: &str) -> Result<Option<RuledFacts>> {
    let row = db.optional(&FIND_OF_SCOPE, args![scope]).await?;
    row.as_ref().map(from_row).transpose()
}
