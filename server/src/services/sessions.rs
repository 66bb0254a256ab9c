//! Sessions: who a token speaks for, and whether that one may still act.

use crate::access::Principal;
use crate::access::jwt::Claims;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::access::sessions;

/// The caller of a valid token, if the person is active, the session not ended and the device not revoked.
pub async fn principal(app: &App, claims: &Claims) -> Result<Principal, Problem> {
    let mut db = app.store.read().await?;
    let found = sessions::find_principal(&mut db, claims.sid).await?;
    let row = found.ok_or(Problem::new(Code::TokenInvalid))?;
    if row.principal.user != claims.sub || row.principal.device != claims.dev {
        return Err(Problem::new(Code::TokenInvalid));
    }
    // The device first: a stolen phone's session was ended by the revocation too, and that is not what to tell.
    if row.device_revoked {
        return Err(Problem::new(Code::DeviceRevoked));
    }
    if !row.user_active {
        return Err(Problem::new(Code::UserDisabled));
    }
    if row.session_ended {
        return Err(Problem::new(Code::SessionEnded));
    }
    Ok(row.principal)
}
