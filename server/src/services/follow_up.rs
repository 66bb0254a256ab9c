//! What followed from confirmed refusals (处置), as people read it: the tracking list (跟踪抽查名单), and the outbox of the credit
//! publicity system (国家企业信用信息公示系统), which people enter by hand and answer for with the number that they get there, or
//! which `services/publicity` delivers.

use serde::Serialize;
use serde_json::Value;
use sync_core::limits::NAME_CHARS_MAX;
use sync_core::model::DocumentId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit;
use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::ruling::follow;
use crate::store::Session;
use crate::store::feed;
use crate::store::rulings::effects::{self, EffectRow, MessageRow};

/// An enterprise on the tracking list (跟踪抽查名单), or one that was on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrackedEnterprise {
    /// Names the entry.
    pub tracked_id: String,
    /// Key of the enterprise after aliases.
    pub enterprise: String,
    /// GB/T 2260.
    pub region: Option<String>,
    /// Whether it is on the list now; false where that was taken back.
    pub listed: bool,
    /// The visit of the refusal from which it follows.
    pub visit_id: String,
    /// That refusal.
    pub refusal_id: String,
    /// 1, 2, …: each time that it came on the list, changed, or was taken off.
    pub version: i64,
    /// What stands on the list: name, 统一社会信用代码, kind and day of the refusal, the confirmations.
    #[schema(value_type = Object)]
    pub record: Value,
    /// Since when, RFC 3339.
    pub listed_at: String,
    /// When it last changed, RFC 3339.
    pub changed_at: String,
}

impl From<EffectRow> for TrackedEnterprise {
    fn from(row: EffectRow) -> Self {
        Self {
            tracked_id: row.effect_id.to_string(),
            enterprise: row.enterprise,
            region: row.region,
            listed: row.holds,
            visit_id: row.document.to_string(),
            refusal_id: row.refusal_id,
            version: row.version,
            record: serde_json::from_str(&row.record).unwrap_or_default(),
            listed_at: rfc3339(row.began_at),
            changed_at: rfc3339(row.changed_at),
        }
    }
}

/// What the credit publicity system is to be told, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicityMessage {
    /// Its id: the same however often it is told.
    pub message_id: String,
    /// What it is about, for good; of several messages about it the last one that is delivered stands.
    pub subject: String,
    /// Of which version of that.
    pub version: i64,
    /// `enter`, `correct` or `withdraw`.
    pub action: String,
    /// `waiting`, `delivered`, or `superseded` by a later one before it was told.
    pub state: String,
    /// What is told.
    #[schema(value_type = Object)]
    pub record: Value,
    /// The number under which it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Who entered it there; none where it was delivered over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_by: Option<String>,
    /// Since when it waits, RFC 3339.
    pub created_at: String,
    /// When it was told, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
    /// How often it was tried over HTTP without success.
    pub attempts: i64,
    /// Why it was not taken last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl From<MessageRow> for PublicityMessage {
    fn from(row: MessageRow) -> Self {
        Self {
            message_id: row.message_id.to_string(),
            subject: row.effect_key,
            version: row.version,
            action: row.action,
            state: row.state,
            record: serde_json::from_str(&row.record).unwrap_or_default(),
            receipt: row.receipt,
            delivered_by: row.delivered_by.map(|user| user.to_string()),
            created_at: rfc3339(row.created_at),
            delivered_at: row.delivered_at.map(rfc3339),
            attempts: row.attempts,
            last_error: row.last_error,
        }
    }
}

/// A version of what followed from a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Followed {
    /// Its name for good: `track/refusal/…`, `publish/refusal/…`.
    pub subject: String,
    /// 1, 2, …: the highest stands.
    pub version: i64,
    /// Whether it held then; false where it was taken back.
    pub holds: bool,
    /// What was told.
    #[schema(value_type = Object)]
    pub record: Value,
    /// When, RFC 3339.
    pub changed_at: String,
}

/// Everything that followed from a visit, every version, and what the publicity system is told of it.
pub async fn of_visit(
    db: &mut Session,
    visit: DocumentId,
) -> Result<(Vec<Followed>, Vec<PublicityMessage>), Problem> {
    let mut followed = Vec::new();
    let mut messages: Vec<PublicityMessage> = Vec::new();
    for (subject, version, holds, record, at) in effects::list_versions(db, visit).await? {
        if version == 1 {
            let told = effects::list_messages(db, &subject).await?;
            messages.extend(told.into_iter().map(PublicityMessage::from));
        }
        followed.push(Followed {
            subject,
            version,
            holds,
            record: serde_json::from_str(&record).unwrap_or_default(),
            changed_at: rfc3339(at),
        });
    }
    Ok((followed, messages))
}

/// Notes that somebody told the publicity system, under the number that it gave. The same again changes nothing.
pub async fn deliver(
    app: &App,
    caller: &Principal,
    id: Uuid,
    receipt: &str,
) -> Result<PublicityMessage, Problem> {
    let receipt = receipt.trim();
    if receipt.is_empty() || receipt.chars().count() > NAME_CHARS_MAX {
        let detail = format!("is a text of 1 to {NAME_CHARS_MAX} characters");
        return Err(Problem::value("receipt", detail));
    }
    let mut tx = app.store.begin().await?;
    let missing = || Problem::new(Code::NotFound);
    let message = effects::find_message(&mut tx, &caller.into(), id).await?;
    let message = message.ok_or_else(missing)?;
    if !effects::deliver(&mut tx, id, receipt, caller.user, app.now()).await? {
        return match message.receipt.as_deref() == Some(receipt) {
            true => Ok(message.into()),
            false => Err(
                Problem::new(Code::Conflict).detail(match message.state.as_str() {
                    "delivered" => "it was told under another number",
                    _ => "a later message has taken its place",
                }),
            ),
        };
    }
    effects::supersede_earlier(&mut tx, &message.effect_key, message.version).await?;
    let news = follow::delivered(&mut tx, &message.effect_key, app.now()).await?;
    let subject = format!("publicity_message:{id}");
    let detail = serde_json::json!({ "receipt": receipt });
    let act = "publicity.delivered";
    audit::record(app, &mut tx, caller, act, subject, detail).await?;
    if !news.is_empty() {
        feed::append(&mut tx, &news, app.now()).await?;
    }
    tx.commit().await?;
    let mut db = app.store.read().await?;
    let message = effects::find_message(&mut db, &caller.into(), id).await?;
    Ok(message.ok_or_else(missing)?.into())
}
