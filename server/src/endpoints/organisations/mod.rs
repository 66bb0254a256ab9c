//! `/v1/organisations`: authorities, inspection bodies, entrusted units, stations, those consulted.

pub mod create;
pub mod get;
pub mod lift_suspension;
pub mod list;
pub mod list_suspensions;
pub mod suspend;

use serde::Serialize;
use sync_core::model::{OrganisationId, RegionLevel};
use utoipa::ToSchema;

use crate::access::OrganisationKind;
use crate::clock::rfc3339;
use crate::store::access::organisations::OrganisationRow;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisation {
    /// Its id.
    #[schema(value_type = String)]
    pub organisation_id: OrganisationId,
    /// authority, inspection_body, entrusted_unit, station, consulted
    #[schema(value_type = String)]
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// 统一社会信用代码.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uscc: Option<String>,
    /// national, province, city or county; of authorities alone, follows from the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub authority_level: Option<RegionLevel>,
    /// GB/T 2260, six digits.
    pub region: String,
    /// Above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub parent_id: Option<OrganisationId>,
    /// Since when, RFC 3339.
    pub created_at: String,
}

impl From<OrganisationRow> for Organisation {
    fn from(row: OrganisationRow) -> Self {
        Self {
            organisation_id: row.organisation,
            kind: row.kind,
            name: row.name,
            uscc: row.uscc,
            authority_level: row.authority_level,
            region: row.region,
            parent_id: row.parent,
            created_at: rfc3339(row.created_at),
        }
    }
}
