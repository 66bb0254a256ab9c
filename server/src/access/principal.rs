//! The caller of an operation, as the gate found them. Handlers take it as an argument; services scope their queries by it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sync_core::model::{DeviceId, OrganisationId, UserId};
use uuid::Uuid;

use super::role::{OrganisationKind, Role};
use crate::problem::{Code, Problem};

/// Who calls. There is one only behind the gate: a handler of a public operation cannot have it.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The person.
    pub user: UserId,
    /// Their organisation.
    pub organisation: OrganisationId,
    /// What that organisation is.
    pub organisation_kind: OrganisationKind,
    /// What they may act as.
    pub roles: Vec<Role>,
    /// Prefixes of the regions whose rows they may see (`user_regions`); none for people outside an authority.
    pub region_prefixes: Vec<String>,
    /// The device of the session, unless they logged in without one.
    pub device: Option<DeviceId>,
    /// The session.
    pub session: Uuid,
}

impl Principal {
    /// The problem of a handler that asks who calls where nobody was let in: its row says that it is public.
    pub(crate) fn without_gate() -> Problem {
        Problem::fault("an operation that is not public was reached past the gate")
    }

    /// Whether they have this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether they have any of these roles.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Whether a region (GB/T 2260) lies in theirs or below it.
    pub fn sees_region(&self, region: &str) -> bool {
        self.region_prefixes
            .iter()
            .any(|prefix| region.starts_with(prefix.as_str()))
    }

    /// The device of the session, or the problem that there is none.
    pub fn needed_device(&self) -> Result<DeviceId, Problem> {
        self.device.ok_or(Problem::new(Code::DeviceNeeded))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The gate puts it there; without it the operation is public and must not ask.
        parts
            .extensions
            .get::<Principal>()
            .cloned()
            .ok_or_else(Principal::without_gate)
    }
}
