//! Acts that bear on security leave a row, in the transaction of the act itself.

use sync_core::model::{DeviceId, UserId};

use crate::app::App;
use crate::args;
use crate::store::access::audit;
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
    audit::insert_event(tx, columns).await
}
