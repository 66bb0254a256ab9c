//! Tables of reference data (campaigns, tasks, teams, enterprises, product rules, rulebooks, prior samplings), of who may
//! not act, and of what the laboratory reports. What a caller sees is part of every query that is made for a caller.

pub mod campaigns;
pub mod custody;
pub mod disclosures;
pub mod enterprises;
pub mod leases;
pub mod lifts;
pub mod lookups;
pub mod prior_samplings;
pub mod product_rules;
pub mod re_entry_grants;
pub mod recusals;
pub mod rulebooks;
pub mod samples;
pub mod sampling_notices;
pub mod suspensions;
pub mod tasks;
pub mod teams;
pub mod versions;

use serde::de::DeserializeOwned;
use sync_core::model::{
    EnterpriseId, EnterpriseKey, LeaseId, OrganisationId, PriorSamplingId, ProductRuleId,
    ReEntryGrantId, UserId,
};

use super::{Cell, FromCell, Result, Row, Statement, StoreError, Value};
use crate::access::{Principal, Role};

/// The statements of every module here.
pub const ALL: &[&[&Statement]] = &[
    campaigns::ALL,
    custody::ALL,
    enterprises::ALL,
    leases::ALL,
    lifts::ALL,
    lookups::ALL,
    prior_samplings::ALL,
    product_rules::ALL,
    re_entry_grants::ALL,
    recusals::ALL,
    rulebooks::ALL,
    samples::ALL,
    sampling_notices::ALL,
    suspensions::ALL,
    tasks::ALL,
    teams::ALL,
    versions::ALL,
];

/// Through whose eyes a query looks: the first two arguments of every query with a row scope.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Their teams and their regions.
    pub user: UserId,
    /// Their organisation; none for those who only sample, since a sampler sees the tasks of own teams alone.
    pub organisation: Option<OrganisationId>,
}

impl From<&Principal> for Sight {
    fn from(caller: &Principal) -> Self {
        let samples_only = caller.roles.iter().all(|role| *role == Role::Sampler);
        Self {
            user: caller.user,
            organisation: (!samples_only).then_some(caller.organisation),
        }
    }
}

/// Whether `$1` (a person) of `$2` (their organisation) sees the task `t`: on its team, of its body, of its authority, or
/// above that authority. While no team has it, everybody of the body sees it, samplers too.
macro_rules! sees_task {
    () => {
        "(t.body_id = $2 OR t.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM team_members tm WHERE tm.team_id = t.team_id AND tm.user_id = $1) \
          OR (t.team_id IS NULL AND EXISTS (SELECT 1 FROM users tu WHERE tu.user_id = $1 AND tu.organisation_id = t.body_id)) \
          OR EXISTS (SELECT 1 FROM user_regions ur JOIN organisations ta ON ta.organisation_id = t.authority_id \
                     WHERE ur.user_id = $1 AND ta.region LIKE ur.prefix || '%'))"
    };
}
pub(crate) use sees_task;

/// A list or record that stands as JSON in a text column.
pub(crate) fn json<T: DeserializeOwned>(row: &Row, name: &'static str) -> Result<T> {
    let text: String = row.get(name)?;
    serde_json::from_str(&text).map_err(|_| StoreError::Column {
        name,
        wanted: "JSON of the expected shape",
    })
}

/// A list or record as the text of a column. Plain data always serializes.
pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

macro_rules! uuid_columns {
    ($($name:ident),*) => {$(
        impl From<$name> for Value {
            fn from(id: $name) -> Self { id.0.into() }
        }
        impl From<Option<$name>> for Value {
            fn from(id: Option<$name>) -> Self { id.map(|id| id.0).into() }
        }
        impl FromCell for $name {
            fn from_cell(cell: &Cell) -> Option<Self> { uuid::Uuid::from_cell(cell).map(Self) }
        }
    )*};
}
uuid_columns!(
    EnterpriseId,
    LeaseId,
    PriorSamplingId,
    ProductRuleId,
    ReEntryGrantId
);

impl From<&EnterpriseKey> for Value {
    fn from(key: &EnterpriseKey) -> Self {
        key.0.as_str().into()
    }
}

impl FromCell for EnterpriseKey {
    fn from_cell(cell: &Cell) -> Option<Self> {
        String::from_cell(cell).map(Self)
    }
}
