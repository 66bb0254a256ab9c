//! The facts that scopes were ruled from, by their hash, so that whoever may see them can rule them again. They are kept
//! packed: unpacked they would be two thirds of all that a server stores, and of all that a ruling writes.

use sync_core::model::{Digest, Millis};

use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, bulk, statements};

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
    PUT = ("INSERT INTO ruled_facts (facts, scope, text, packed, findings, rulebooks, ruled_at) VALUES", 0, 7,
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

/// zstd's fastest: the texts are JSON that repeats itself, and a pass of rulings holds the writer while it packs.
const LEVEL: i32 = 1;

/// The text of a row: packed, or from a time when it was not.
fn text(row: &Row) -> Result<String> {
    let Some(packed) = row.get::<Option<Vec<u8>>>("packed")? else {
        return row.get("text");
    };
    let text = zstd::decode_all(packed.as_slice()).map_err(|_| NO_TEXT)?;
    String::from_utf8(text).map_err(|_| NO_TEXT)
}

const NO_TEXT: StoreError = StoreError::Column {
    name: "packed",
    wanted: "a text packed by zstd",
};

fn from_row(row: &Row) -> Result<RuledFacts> {
    Ok(RuledFacts {
        facts: row.get("facts")?,
        scope: row.get("scope")?,
        text: text(row)?,
        findings: row.get("findings")?,
        rulebooks: row.get("rulebooks")?,
        ruled_at: row.get("ruled_at")?,
    })
}

/// Keeps what scopes were ruled from now.
pub async fn put(tx: &mut Tx, ruled: &[RuledFacts]) -> Result<()> {
    let mut zstd = zstd::bulk::Compressor::new(LEVEL).map_err(|_| NO_TEXT)?;
    let rows = ruled.iter().map(|it| {
        let packed = zstd.compress(it.text.as_bytes()).map_err(|_| NO_TEXT)?;
        Ok(args![
            it.facts,
            &it.scope,
            "",
            packed,
            &it.findings,
            &it.rulebooks,
            it.ruled_at
        ])
    });
    tx.exec_rows(&PUT, rows.collect::<Result<_>>()?).await
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
