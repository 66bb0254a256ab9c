//! Organisations: made by administrators inside their regions.

use sync_core::model::{OrganisationId, Region, RegionLevel, Uscc};

use super::audit;
use crate::access::role::word;
use crate::access::{OrganisationKind, Principal};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::StoreError;
use crate::store::access::organisations::{self, OrganisationRow};

/// What a new organisation is to be.
pub struct NewOrganisation {
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// 统一社会信用代码.
    pub uscc: Option<String>,
    /// GB/T 2260.
    pub region: String,
    /// Above it.
    pub parent: Option<OrganisationId>,
}

/// Makes one; the same again gives the one that is there. The level of an authority follows from its region.
pub async fn create(
    app: &App,
    caller: &Principal,
    new: NewOrganisation,
) -> Result<OrganisationRow, Problem> {
    super::people::check_name("name", &new.name)?;
    let region = super::reference::region("region", &new.region)?;
    if new
        .uscc
        .as_ref()
        .is_some_and(|code| code.parse::<Uscc>().is_err())
    {
        return Err(Problem::value(
            "uscc",
            "is no unified social credit code: shape or check digit",
        ));
    }
    if !caller.sees_region(&new.region) {
        return Err(Problem::new(Code::ScopeForbidden).field("region", "lies outside yours"));
    }
    let mut tx = app.store.begin().await?;
    if let Some(parent) = new.parent
        && organisations::find_seen(&mut tx, caller, parent)
            .await?
            .is_none()
    {
        return Err(Problem::value(
            "parent_id",
            "is no organisation that you see",
        ));
    }
    let same = organisations::list_named(&mut tx, &new.name, &new.region).await?;
    let same = same.into_iter().find(|row| {
        (row.kind, row.uscc.as_ref(), row.parent) == (new.kind, new.uscc.as_ref(), new.parent)
    });
    if let Some(same) = same {
        return Ok(same);
    }
    let row = OrganisationRow {
        organisation: OrganisationId(app.new_uuid()),
        kind: new.kind,
        authority_level: level(new.kind, &region),
        name: new.name,
        uscc: new.uscc,
        region: new.region,
        parent: new.parent,
        created_at: app.now(),
    };
    organisations::insert_organisation(&mut tx, &row)
        .await
        .map_err(|error| match error {
            StoreError::Conflict { .. } => Problem::new(Code::Conflict).field("uscc", "is taken"),
            other => other.into(),
        })?;
    let subject = format!("organisation:{}", row.organisation);
    let detail = serde_json::json!({ "kind": word(&row.kind) });
    audit::record(
        app,
        &mut tx,
        caller,
        "organisation.created",
        subject,
        detail,
    )
    .await?;
    tx.commit().await?;
    Ok(row)
}

/// The level of an authority in a region.
pub fn level(kind: OrganisationKind, region: &Region) -> Option<RegionLevel> {
    (kind == OrganisationKind::Authority).then(|| region.level())
}

/// One that the caller sees.
pub async fn get(
    app: &App,
    caller: &Principal,
    id: OrganisationId,
) -> Result<OrganisationRow, Problem> {
    let mut db = app.store.read().await?;
    let row = organisations::find_seen(&mut db, caller, id).await?;
    row.ok_or(Problem::new(Code::NotFound))
}

/// A page of those that the caller sees.
pub async fn list(
    app: &App,
    caller: &Principal,
    after: &str,
    limit: u32,
) -> Result<Vec<OrganisationRow>, Problem> {
    let mut db = app.store.read().await?;
    Ok(organisations::list_seen(&mut db, caller, after, limit).await?)
}
