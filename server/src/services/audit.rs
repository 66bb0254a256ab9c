//! Acts that bear on security leave a row, in the transaction of the act itself; administrators read them.

use sync_core::model::{DeviceId, DocumentId, UserId};
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::args;
use crate::problem::{Code, Problem};
use crate::store::access::audit;
pub use crate::store::access::audit::{AuditEventRow, Filter};
use crate::store::sync::visits;
use crate::store::{Result, Tx};

/// Who acted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Actor {
    /// The person; none for the command line.
    pub user: Option<UserId>,
    /// The device they did it with.
    pub device: Option<DeviceId>,
}

impl From<&crate::access::Principal> for Actor {
    fn from(caller: &crate::access::Principal) -> Self {
        Self {
            user: Some(caller.user),
            device: caller.device,
        }
    }
}

/// Records an act on a subject (`device:…`). `detail` holds no secret.
pub async fn record(
    app: &App,
    tx: &mut Tx,
    actor: impl Into<Actor>,
    act: &str,
    subject: String,
    detail: serde_json::Value,
) -> Result<()> {
    let actor = actor.into();
    let (id, now, request) = (app.new_uuid(), app.now(), crate::telemetry::request_id());
    let visit = audit::visit_of(&subject);
    let columns = args![
        id,
        now,
        act,
        actor.user,
        actor.device,
        subject,
        detail.to_string(),
        request
    ];
    audit::insert_event(tx, visit, now, columns).await
}

/// A page before a row, newest first. Of a visit that the caller sees it has what anybody did with its evidence: who works
/// for a body of elsewhere reads it too, and whose visit it is shall know.
pub async fn list(
    app: &App,
    caller: &Principal,
    of: Option<DocumentId>,
    before: Uuid,
    filter: &Filter,
    rows_max: u32,
) -> Result<Vec<AuditEventRow>, Problem> {
    let mut db = app.store.read().await?;
    let Some(document) = of else {
        return Ok(audit::list_seen(&mut db, caller, before, filter, rows_max).await?);
    };
    if !visits::sees(&mut db, caller, document).await? {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(audit::list_of_evidence(&mut db, document, before, filter, rows_max).await?)
}
