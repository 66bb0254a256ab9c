//! What follows from rulings (处置) in every version, and what the credit publicity system is told of it.

use std::collections::BTreeMap;

use sync_core::model::{DocumentId, Millis, UserId};
use uuid::Uuid;

use crate::args;
use crate::store::reference::Sight;
use crate::store::{Result, Row, Session, Tx, Value, bulk, statements};

/// Takes $1 user: rows of regions that somebody sees.
macro_rules! seen {
    ($rest:literal) => {
        concat!(
            "FROM effects e WHERE EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 \
             AND COALESCE(e.region, '') LIKE r.prefix || '%')",
            $rest
        )
    };
}

statements! {
    /// An effect as it is now.
    PUT = "INSERT INTO effects (effect_key, effect_id, kind, document_id, refusal_id, campaign_id, enterprise, region, record, \
            holds, version, began_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
        ON CONFLICT (effect_key) DO UPDATE SET enterprise = excluded.enterprise, region = excluded.region, \
            record = excluded.record, holds = excluded.holds, version = excluded.version, changed_at = excluded.changed_at";
    /// A version of it.
    INSERT_VERSION = "INSERT INTO effect_versions (effect_key, version, holds, record, facts, changed_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// What the publicity system is told of an effect.
    LIST_MESSAGES = "SELECT * FROM publicity_messages WHERE effect_key = $1 ORDER BY version";
    /// Something to tell.
    INSERT_MESSAGE = "INSERT INTO publicity_messages (message_id, effect_key, version, action, record, state, created_at) \
        VALUES ($1, $2, $3, $4, $5, 'waiting', $6)";
    /// What waits and was never sent is overtaken. What was may have been taken there, although no answer came: it goes on, and
    /// what is newer comes after it.
    SUPERSEDE = "UPDATE publicity_messages SET state = 'superseded' \
        WHERE effect_key = $1 AND state = 'waiting' AND due_at = 0";
    /// What came before a message that somebody entered by hand.
    SUPERSEDE_EARLIER = "UPDATE publicity_messages SET state = 'superseded' \
        WHERE effect_key = $1 AND state = 'waiting' AND version < $2";
    /// It was told.
    DELIVER = "UPDATE publicity_messages SET state = 'delivered', receipt = $2, delivered_by = $3, delivered_at = $4 \
        WHERE message_id = $1 AND state = 'waiting'";
    /// It was told over HTTP.
    DELIVER_TOLD = "UPDATE publicity_messages SET state = 'delivered', receipt = $2, delivered_at = $3, last_error = NULL \
        WHERE message_id = $1 AND state = 'waiting'";
    /// One, whoever asks.
    FIND_ANY_MESSAGE = "SELECT * FROM publicity_messages WHERE message_id = $1";
    /// What is due to be delivered: of each effect the oldest, so that what is told follows what happened.
    LIST_DUE = "SELECT m.* FROM publicity_messages m WHERE m.state = 'waiting' AND m.due_at <= $1 \
        AND NOT EXISTS (SELECT 1 FROM publicity_messages o WHERE o.effect_key = m.effect_key AND o.state = 'waiting' \
            AND o.version < m.version) ORDER BY m.due_at, m.message_id LIMIT $2";
    /// How many wait.
    COUNT_WAITING = "SELECT COUNT(*) AS number FROM publicity_messages WHERE state = 'waiting'";
    /// Takes one to deliver it, if nobody else has.
    CLAIM = "UPDATE publicity_messages SET due_at = $3 WHERE message_id = $1 AND due_at = $2 AND state = 'waiting'";
    /// It was not taken there, and is tried again.
    FAILED = "UPDATE publicity_messages SET attempts = attempts + 1, due_at = $2, last_error = $3 \
        WHERE message_id = $1 AND state = 'waiting'";
    /// The tracking list (跟踪抽查名单), a page.
    LIST_TRACKED = concat!("SELECT e.* ", seen!(" AND e.kind = 'track' AND e.effect_id > $2 \
        AND ($3 = 0 OR e.holds = 1) AND (CAST($4 AS TEXT) IS NULL OR e.enterprise = $4) ORDER BY e.effect_id LIMIT $5"));
    /// A page of what the publicity system is told.
    LIST_OUTBOX = concat!("SELECT m.* FROM publicity_messages m WHERE m.message_id > $2 \
        AND (CAST($3 AS TEXT) IS NULL OR m.state = $3) AND m.effect_key IN (SELECT e.effect_key ",
        seen!(") ORDER BY m.message_id LIMIT $4"));
    /// One of these that somebody sees.
    FIND_MESSAGE = concat!("SELECT m.* FROM publicity_messages m WHERE m.message_id = $2 \
        AND m.effect_key IN (SELECT e.effect_key ", seen!(")"));
    /// One effect.
    FIND = "SELECT * FROM effects WHERE effect_key = $1";
    /// Every version of what followed from a visit.
    LIST_VERSIONS = "SELECT v.* FROM effect_versions v JOIN effects e ON e.effect_key = v.effect_key \
        WHERE e.document_id = $1 ORDER BY v.effect_key, v.version";
}

bulk! {
    /// What followed from visits.
    LIST_OF_DOCUMENTS = ("SELECT * FROM effects WHERE document_id IN (", 0, 1, ") ORDER BY effect_key");
    /// What the publicity system is told of effects.
    LIST_MESSAGES_OF = ("SELECT * FROM publicity_messages WHERE effect_key IN (", 0, 1, ") ORDER BY effect_key, version");
}

/// An effect as it stands.
#[derive(Clone, Debug)]
pub struct EffectRow {
    /// Its name for good.
    pub effect_key: String,
    /// Its id.
    pub effect_id: Uuid,
    /// `track`, `publish`.
    pub kind: String,
    /// The visit.
    pub document: DocumentId,
    /// The refusal from which it follows.
    pub refusal_id: String,
    /// Of the visit.
    pub campaign_id: String,
    /// After aliases.
    pub enterprise: String,
    /// GB/T 2260.
    pub region: Option<String>,
    /// What is told of it.
    pub record: String,
    /// Whether it holds; otherwise it was taken back.
    pub holds: bool,
    /// 1, 2, …
    pub version: i64,
    /// When it first followed.
    pub began_at: Millis,
    /// When it last changed.
    pub changed_at: Millis,
}

impl EffectRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            effect_key: row.get("effect_key")?,
            effect_id: row.get("effect_id")?,
            kind: row.get("kind")?,
            document: row.get("document_id")?,
            refusal_id: row.get("refusal_id")?,
            campaign_id: row.get("campaign_id")?,
            enterprise: row.get("enterprise")?,
            region: row.get("region")?,
            record: row.get("record")?,
            holds: row.get("holds")?,
            version: row.get("version")?,
            began_at: row.get("began_at")?,
            changed_at: row.get("changed_at")?,
        })
    }
}

impl MessageRow {
    /// Whether it waits and was never sent.
    pub fn is_unsent(&self) -> bool {
        self.state == "waiting" && self.due_at == 0
    }

    /// Whether it was sent and no answer came: it may have been taken there.
    pub fn is_on_its_way(&self) -> bool {
        self.state == "waiting" && self.due_at != 0
    }
}

/// What the publicity system is told.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Its id.
    pub message_id: Uuid,
    /// Of which effect.
    pub effect_key: String,
    /// Of which version of it.
    pub version: i64,
    /// `enter`, `correct`, `withdraw`.
    pub action: String,
    /// What is told.
    pub record: String,
    /// `waiting`, `delivered`, `superseded`.
    pub state: String,
    /// The number under which it stands there.
    pub receipt: Option<String>,
    /// Who entered it there.
    pub delivered_by: Option<UserId>,
    /// When it began to wait.
    pub created_at: Millis,
    /// When it was told.
    pub delivered_at: Option<Millis>,
    /// How often it was tried over HTTP without success.
    pub attempts: i64,
    /// When it is tried.
    pub due_at: Millis,
    /// Why it was not taken last.
    pub last_error: Option<String>,
}

impl MessageRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            message_id: row.get("message_id")?,
            effect_key: row.get("effect_key")?,
            version: row.get("version")?,
            action: row.get("action")?,
            record: row.get("record")?,
            state: row.get("state")?,
            receipt: row.get("receipt")?,
            delivered_by: row.get("delivered_by")?,
            created_at: row.get("created_at")?,
            delivered_at: row.get("delivered_at")?,
            attempts: row.get("attempts")?,
            due_at: row.get("due_at")?,
            last_error: row.get("last_error")?,
        })
    }
}

/// What followed from visits, taken back or not.
pub async fn list_of_documents(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<EffectRow>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_OF_DOCUMENTS, args![], ids).await?;
    rows.iter().map(EffectRow::from_row).collect()
}

/// Stores the next version of an effect; `facts` is the hash of what it was ruled from.
pub async fn put(tx: &mut Tx, row: &EffectRow, facts: [u8; 32]) -> Result<()> {
    let values = args![
        &row.effect_key,
        row.effect_id,
        &row.kind,
        row.document,
        &row.refusal_id,
        &row.campaign_id,
        &row.enterprise,
        row.region.clone(),
        &row.record,
        row.holds,
        row.version,
        row.began_at,
        row.changed_at
    ];
    tx.exec(&PUT, values).await?;
    let version = args![
        &row.effect_key,
        row.version,
        row.holds,
        &row.record,
        facts.to_vec(),
        row.changed_at
    ];
    tx.exec(&INSERT_VERSION, version).await.map(drop)
}

/// Every version of what followed from a visit, as (name, version, whether it held, what was told, when).
pub async fn list_versions(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<(String, i64, bool, String, Millis)>> {
    let rows = db.all(&LIST_VERSIONS, args![document]).await?;
    let versions = rows.iter().map(|row| {
        Ok((
            row.get("effect_key")?,
            row.get("version")?,
            row.get("holds")?,
            row.get("record")?,
            row.get("changed_at")?,
        ))
    });
    versions.collect()
}

/// One effect.
pub async fn find(db: &mut Session, key: &str) -> Result<Option<EffectRow>> {
    let row = db.optional(&FIND, args![key]).await?;
    row.as_ref().map(EffectRow::from_row).transpose()
}

/// What the publicity system is told of an effect, oldest first.
pub async fn list_messages(db: &mut Session, key: &str) -> Result<Vec<MessageRow>> {
    let rows = db.all(&LIST_MESSAGES, args![key]).await?;
    rows.iter().map(MessageRow::from_row).collect()
}

/// What the publicity system is told of effects, by their names, each oldest first.
pub async fn list_messages_of(
    db: &mut Session,
    keys: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, Vec<MessageRow>>> {
    let keys = keys.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_MESSAGES_OF, args![], keys).await?;
    let mut told: BTreeMap<String, Vec<MessageRow>> = BTreeMap::new();
    for row in &rows {
        let message = MessageRow::from_row(row)?;
        let of_effect = told.entry(message.effect_key.clone()).or_default();
        of_effect.push(message);
    }
    Ok(told)
}

/// It was told over HTTP; false where somebody was there first.
pub async fn deliver_told(tx: &mut Tx, id: Uuid, receipt: &str, now: Millis) -> Result<bool> {
    let told = tx.exec(&DELIVER_TOLD, args![id, receipt, now]).await?;
    Ok(told == 1)
}

/// One message, whoever asks.
pub async fn find_any_message(db: &mut Session, id: Uuid) -> Result<Option<MessageRow>> {
    let row = db.optional(&FIND_ANY_MESSAGE, args![id]).await?;
    row.as_ref().map(MessageRow::from_row).transpose()
}

/// What is due to be delivered.
pub async fn list_due(db: &mut Session, now: Millis, rows_max: u32) -> Result<Vec<MessageRow>> {
    let rows = db.all(&LIST_DUE, args![now, rows_max]).await?;
    rows.iter().map(MessageRow::from_row).collect()
}

/// How many messages wait.
pub async fn count_waiting(db: &mut Session) -> Result<i64> {
    db.one(&COUNT_WAITING, args![]).await?.get("number")
}

/// Takes one until then; false where somebody else has it.
pub async fn claim(tx: &mut Tx, message: &MessageRow, until: Millis) -> Result<bool> {
    let columns = args![message.message_id, message.due_at, until];
    Ok(tx.exec(&CLAIM, columns).await? == 1)
}

/// It was not taken there, and is due again then.
pub async fn failed(tx: &mut Tx, id: Uuid, due: Millis, error: &str) -> Result<()> {
    tx.exec(&FAILED, args![id, due, error]).await.map(drop)
}

/// What waits and was never sent is overtaken by a newer version; how many these were.
pub async fn supersede(tx: &mut Tx, key: &str) -> Result<u64> {
    tx.exec(&SUPERSEDE, args![key]).await
}

/// What waits from before a version that somebody entered by hand is overtaken.
pub async fn supersede_earlier(tx: &mut Tx, key: &str, version: i64) -> Result<()> {
    tx.exec(&SUPERSEDE_EARLIER, args![key, version])
        .await
        .map(drop)
}

/// Something to tell the publicity system about the version of an effect that stands.
pub async fn insert_message(
    tx: &mut Tx,
    id: Uuid,
    effect: &EffectRow,
    action: &str,
    now: Millis,
) -> Result<()> {
    let values = args![
        id,
        &effect.effect_key,
        effect.version,
        action,
        &effect.record,
        now
    ];
    tx.exec(&INSERT_MESSAGE, values).await.map(drop)
}

/// It was told; false where it did not wait any more.
pub async fn deliver(
    tx: &mut Tx,
    id: Uuid,
    receipt: &str,
    by: UserId,
    now: Millis,
) -> Result<bool> {
    let told = tx.exec(&DELIVER, args![id, receipt, by, now]).await?;
    Ok(told == 1)
}

/// A page of the tracking list; `holding` leaves out what was taken back.
pub async fn list_tracked(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    holding: bool,
    enterprise: Option<&str>,
    rows_max: u32,
) -> Result<Vec<EffectRow>> {
    let enterprise = enterprise.map(str::to_owned);
    let values = args![sight.user, after, holding, enterprise, rows_max];
    let rows = db.all(&LIST_TRACKED, values).await?;
    rows.iter().map(EffectRow::from_row).collect()
}

/// A page of what the publicity system is told.
pub async fn list_outbox(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    state: Option<&str>,
    rows_max: u32,
) -> Result<Vec<MessageRow>> {
    let state = state.map(str::to_owned);
    let values = args![sight.user, after, state, rows_max];
    let rows = db.all(&LIST_OUTBOX, values).await?;
    rows.iter().map(MessageRow::from_row).collect()
}

/// One message that somebody sees.
pub async fn find_message(db: &mut Session, sight: &Sight, id: Uuid) -> Result<Option<MessageRow>> {
    let row = db.optional(&FIND_MESSAGE, args![sight.user, id]).await?;
    row.as_ref().map(MessageRow::from_row).transpose()
}
