//! Organisations, and which of them a caller sees.

use sync_core::model::{Millis, OrganisationId, RegionLevel};

use crate::access::role::word;
use crate::access::{OrganisationKind, Principal};
use crate::args;
use crate::store::bulk::bulk;
use crate::store::{Result, Row, Session, Tx, Value, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO organisations \
        (organisation_id, kind, name, uscc, authority_level, region, parent_id, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Any by id, for the server itself.
    FIND = "SELECT * FROM organisations WHERE organisation_id = $1";
    /// An authority by name and region, for the command line.
    FIND_AUTHORITY = "SELECT * FROM organisations WHERE kind = 'authority' AND name = $1 AND region = $2";
    /// Those of a name in a region.
    LIST_NAMED = "SELECT * FROM organisations WHERE name = $1 AND region = $2 ORDER BY organisation_id";
    /// Authorities by code or name.
    FIND_AUTHORITY_NAMED = "SELECT * FROM organisations WHERE kind = 'authority' AND (uscc = $1 OR name = $1) \
        ORDER BY organisation_id LIMIT 2";
    /// One that the caller sees: their own, or in their regions or below.
    FIND_SEEN = "SELECT o.* FROM organisations o WHERE o.organisation_id = $3 \
        AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%'))";
    /// Those that the caller sees, a page.
    LIST_SEEN = "SELECT o.* FROM organisations o WHERE o.organisation_id > $3 \
        AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        ORDER BY o.organisation_id LIMIT $4";
    /// Those of a kind that the caller sees, of any kind where it is empty, newest first.
    LIST_NEWEST = "SELECT o.* FROM organisations o WHERE (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        AND ($3 = '' OR o.kind = $3) ORDER BY o.created_at DESC, o.organisation_id DESC LIMIT $4";
}

bulk! {
    /// Those of these that the caller sees.
    LIST_SEEN_NAMED = ("SELECT o.* FROM organisations o WHERE (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        AND o.organisation_id IN (", 2, 1, ")");
}

/// A row of `organisations`.
#[derive(Clone, Debug)]
pub struct OrganisationRow {
    /// Its key.
    pub organisation: OrganisationId,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// 统一社会信用代码.
    pub uscc: Option<String>,
    /// Of authorities alone.
    pub authority_level: Option<RegionLevel>,
    /// GB/T 2260.
    pub region: String,
    /// Above it.
    pub parent: Option<OrganisationId>,
    /// Since when.
    pub created_at: Millis,
}

fn organisation(row: &Row) -> Result<OrganisationRow> {
    Ok(OrganisationRow {
        organisation: row.get("organisation_id")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        uscc: row.get("uscc")?,
        authority_level: row.get("authority_level")?,
        region: row.get("region")?,
        parent: row.get("parent_id")?,
        created_at: row.get("created_at")?,
    })
}

/// Adds one.
pub async fn insert_organisation(tx: &mut Tx, row: &OrganisationRow) -> Result<()> {
    let args = args![
        row.organisation,
        row.kind,
        &row.name,
        row.uscc.as_deref(),
        row.authority_level,
        &row.region,
        row.parent,
        row.created_at,
    ];
    tx.exec(&INSERT, args).await.map(drop)
}

/// Any by id.
pub async fn find(db: &mut Session, id: OrganisationId) -> Result<Option<OrganisationRow>> {
    db.optional(&FIND, args![id])
        .await?
        .as_ref()
        .map(organisation)
        .transpose()
}

/// An authority by name and region.
pub async fn find_authority(
    db: &mut Session,
    name: &str,
    region: &str,
) -> Result<Option<OrganisationRow>> {
    let row = db.optional(&FIND_AUTHORITY, args![name, region]).await?;
    row.as_ref().map(organisation).transpose()
}

/// Those of a name in a region.
pub async fn list_named(
    db: &mut Session,
    name: &str,
    region: &str,
) -> Result<Vec<OrganisationRow>> {
    let rows = db.all(&LIST_NAMED, args![name, region]).await?;
    rows.iter().map(organisation).collect()
}

/// Authorities by code or name, two at most: more than one is as good as none.
pub async fn find_authority_named(db: &mut Session, named: &str) -> Result<Vec<OrganisationRow>> {
    let rows = db.all(&FIND_AUTHORITY_NAMED, args![named]).await?;
    rows.iter().map(organisation).collect()
}

/// One that the caller sees.
pub async fn find_seen(
    db: &mut Session,
    caller: &Principal,
    id: OrganisationId,
) -> Result<Option<OrganisationRow>> {
    let row = db
        .optional(&FIND_SEEN, args![caller.user, caller.organisation, id])
        .await?;
    row.as_ref().map(organisation).transpose()
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    caller: &Principal,
    after: &str,
    limit: u32,
) -> Result<Vec<OrganisationRow>> {
    let args = args![caller.user, caller.organisation, after, limit];
    db.all(&LIST_SEEN, args)
        .await?
        .iter()
        .map(organisation)
        .collect()
}

/// Those of a kind that the caller sees, newest first.
pub async fn list_newest(
    db: &mut Session,
    caller: &Principal,
    kind: Option<OrganisationKind>,
    limit: u32,
) -> Result<Vec<OrganisationRow>> {
    let kind = kind.map(|kind| word(&kind)).unwrap_or_default();
    let args = args![caller.user, caller.organisation, kind, limit];
    db.all(&LIST_NEWEST, args)
        .await?
        .iter()
        .map(organisation)
        .collect()
}

/// Those of these that the caller sees, in no order.
pub async fn list_seen_named(
    db: &mut Session,
    caller: &Principal,
    ids: impl IntoIterator<Item = OrganisationId>,
) -> Result<Vec<OrganisationRow>> {
    let fixed = args![caller.user, caller.organisation];
    let ids = ids.into_iter().map(Value::from);
    db.all_of(&LIST_SEEN_NAMED, fixed, ids)
        .await?
        .iter()
        .map(organisation)
        .collect()
}
