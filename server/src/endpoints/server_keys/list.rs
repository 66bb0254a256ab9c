//! `GET /v1/server-keys`: every key that the server ever signed with, and the chain by which each is believed.

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sync_core::proof::{KeyRevocationPayload, ServerKeyPayload, Signed};
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::rfc3339;
use crate::extract::Json;
use crate::keys;
use crate::problem::{Problem, ProblemBody};

/// What a key does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It will sign.
    Announced,
    /// It signs.
    Signing,
    /// It signs no more; what it signed is believed.
    Retired,
    /// It is not believed.
    Revoked,
}

/// A key of the server.
#[derive(Serialize, ToSchema)]
pub struct ListedKey {
    /// The first 16 hex digits of SHA-256 of its 32 bytes.
    pub key_id: String,
    /// Ed25519, 32 bytes, base64.
    pub public_key: String,
    /// What it does now.
    pub state: KeyState,
    /// Since when it is known.
    pub added_at: String,
    /// From when it signs.
    pub activates_at: String,
    /// Since when it is not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// That there is such a key, signed by an older one; none for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub announcement: Option<Signed<ServerKeyPayload>>,
    /// That it is not to be believed, signed by another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub revocation: Option<Signed<KeyRevocationPayload>>,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct ListedKeys {
    /// In the order in which they follow each other.
    pub items: Vec<ListedKey>,
}

/// All as a server knows them now.
pub fn listed(app: &App) -> Vec<ListedKey> {
    let (ring, now) = (app.keys.ring(), app.now());
    let signing = keys::signing(&ring, now).map(|(row, _)| row.key_id.clone());
    let rows = ring.iter().map(|known| &known.row);
    rows.map(|row| ListedKey {
        key_id: row.key_id.clone(),
        public_key: STANDARD.encode(&row.public_key),
        state: match row.revoked_at {
            Some(_) => KeyState::Revoked,
            None if Some(&row.key_id) == signing.as_ref() => KeyState::Signing,
            None if row.activates_at > now => KeyState::Announced,
            None => KeyState::Retired,
        },
        added_at: rfc3339(row.added_at),
        activates_at: rfc3339(row.activates_at),
        revoked_at: row.revoked_at.map(rfc3339),
        announcement: row.announcement.clone(),
        revocation: row.revocation.clone(),
    })
    .collect()
}

/// List every key that this server signed with, signs with or will sign with
#[utoipa::path(get, path = "/v1/server-keys", tag = "server keys",
    responses((status = 200, body = ListedKeys), (status = "4XX", body = ProblemBody)))]
pub async fn list_server_keys(State(app): State<App>) -> Result<Json<ListedKeys>, Problem> {
    app.keys.read_again(&mut *app.store.read().await?).await?;
    Ok(Json(ListedKeys {
        items: listed(&app),
    }))
}
