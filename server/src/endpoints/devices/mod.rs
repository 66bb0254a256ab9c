//! `/v1/devices`: phones, and the people who sign on them.

pub mod agreement_key;
pub mod enrol;
pub mod get;
pub mod list;
pub mod push_token;
pub mod revoke;
pub mod signers;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sync_core::model::{Actor, DeviceId, OrganisationId, UserId};
use utoipa::ToSchema;

use crate::clock::rfc3339;
use crate::problem::Problem;
use crate::services::devices::DeviceRow;

/// A device.
#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    /// Its id.
    #[schema(value_type = String)]
    pub device_id: DeviceId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Of which organisation.
    #[schema(value_type = String)]
    pub organisation_id: OrganisationId,
    /// The Automerge actor of the install, 32 hex digits.
    #[schema(value_type = String)]
    pub actor: Actor,
    /// What people call it.
    pub label: String,
    /// The signed certificate: payload, key_id, signature.
    #[schema(value_type = Object)]
    pub certificate: serde_json::Value,
    /// Since when, RFC 3339.
    pub enrolled_at: String,
    /// Since when not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_reason: Option<String>,
}

impl From<DeviceRow> for Device {
    fn from(row: DeviceRow) -> Self {
        Self {
            device_id: row.device,
            user_id: row.user,
            organisation_id: row.organisation,
            actor: row.actor,
            label: row.label,
            certificate: serde_json::from_str(&row.certificate).unwrap_or_default(),
            enrolled_at: rfc3339(row.enrolled_at),
            revoked_at: row.revoked_at.map(rfc3339),
            revoked_reason: row.revoked_reason,
        }
    }
}

/// Bytes as base64 in a field.
pub(super) fn base64_field(field: &str, text: &str) -> Result<Vec<u8>, Problem> {
    STANDARD
        .decode(text)
        .map_err(|_| Problem::value(field, "is not base64"))
}
