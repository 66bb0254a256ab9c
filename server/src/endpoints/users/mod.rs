//! `/v1/users`: people who may log in.

pub mod create;
pub mod get;
pub mod list;
pub mod update;

use serde::Serialize;
use sync_core::model::{OrganisationId, UserId};
use utoipa::ToSchema;

use crate::access::Role;
use crate::clock::rfc3339;
use crate::services::people::Person;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// Their id.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their organisation.
    #[schema(value_type = String)]
    pub organisation_id: OrganisationId,
    /// For logging in.
    pub username: String,
    /// As people write it.
    pub display_name: String,
    /// sampler, inspection_body, entrusted_unit, authority, enforcement, quality_section, leader, consulted, station,
    /// county, lab_receiver, admin
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
    /// GB/T 2260 codes of what they see; empty outside of an authority.
    pub regions: Vec<String>,
    /// The number on an officer's certificate (执法证号).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_no: Option<String>,
    /// Whether they may act.
    pub active: bool,
    /// Since when, RFC 3339.
    pub created_at: String,
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        let Person { row, regions } = person;
        Self {
            user_id: row.user,
            organisation_id: row.organisation,
            username: row.username,
            display_name: row.display_name,
            roles: row.roles,
            regions,
            certificate_no: row.certificate_no,
            active: row.active,
            created_at: rfc3339(row.created_at),
        }
    }
}
