//! The operation table: one row per operation of the API, saying who may call it and what they reach. The gate refuses an
//! operation without a row, and the server does not start with one. To add an endpoint: add its row here and its handler
//! in `router.rs`; the test `every_operation_keeps_strangers_out` then tries it with no token, a wrong role, a revoked
//! device and from a wrong region, by the row's [`Probe`].

use super::role::Role;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Public,
    /// Anybody with a valid session.
    Anyone,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
}

/// What a caller reaches. The gate checks `OwnDevice`; the others are in the services' queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The same for everybody.
    Everything,
    /// What belongs to the calling device; without one it is refused.
    OwnDevice,
    /// What belongs to the caller's organisation.
    OwnOrganisation,
    /// The caller's organisation, and what lies in their regions or below.
    RegionAndBelow,
}

/// How it shows that something lies outside of the caller's region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// As if it did not exist: 404.
    NotFound,
    /// A refusal: 403.
    Forbidden,
    /// A list (`items`) without it: 200, and the body nowhere contains the foreign identifier of `foreign`.
    Absent,
    /// Region does not bear on it, for this reason.
    Irrelevant(&'static str),
}

/// How a test calls the operation. Words in braces are filled in by the test's world: `{foreign_organisation}`,
/// `{foreign_user}`, `{foreign_device}` lie in another province; `{own_organisation}` is the caller's.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// The path, with the braces filled as said.
    pub path: &'static str,
    /// The JSON body; valid but for the region.
    pub body: Option<&'static str>,
    /// What a caller with the right role in a wrong region gets.
    pub elsewhere: Elsewhere,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The operation id of the OpenAPI document.
    pub id: &'static str,
    /// Who may call.
    pub who: Who,
    /// What they reach.
    pub scope: Scope,
    /// How a test calls it.
    pub probe: Probe,
}

const fn public(id: &'static str, path: &'static str) -> Operation {
    let elsewhere = Elsewhere::Irrelevant("it is public");
    let probe = Probe {
        path,
        body: None,
        elsewhere,
    };
    Operation {
        id,
        who: Who::Public,
        scope: Scope::Everything,
        probe,
    }
}

/// The table.
pub const OPERATIONS: &[Operation] = &[
    public("live", "/health/live"),
    public("ready", "/health/ready"),
    public("metrics", "/metrics"),
    public("openapi", "/v1/openapi.json"),
    public("docs", "/docs"),
    public("problems", "/docs/problems"),
];

#[expect(dead_code, reason = "rows of the people's administration follow")]
const ADMIN: Who = Who::Roles(&[Role::Admin]);
