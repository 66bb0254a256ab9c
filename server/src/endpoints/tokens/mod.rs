//! `/v1/tokens`: log in, refresh, log out.

pub mod create;
pub mod delete;

use serde::Serialize;
use sync_core::limits::ACCESS_TOKEN_S;
use utoipa::ToSchema;

use crate::clock::rfc3339;
use crate::services::sessions;

/// What a client acts with.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// Its life, in seconds.
    pub expires_in_s: i64,
    /// Good for one refresh.
    pub refresh_token: String,
    /// When the refresh token expires, RFC 3339.
    pub refresh_expires_at: String,
}

impl From<sessions::Tokens> for Tokens {
    fn from(tokens: sessions::Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            expires_in_s: ACCESS_TOKEN_S,
            refresh_token: tokens.refresh_token,
            refresh_expires_at: rfc3339(tokens.refresh_expires_at),
        }
    }
}
