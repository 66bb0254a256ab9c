//! Enterprises, and the aliases that correct or merge them: audited, reversible, and all visits concerned ruled again.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::model::{DocumentId, EnterpriseId, EnterpriseKey, PriorSamplingId, SampleId};
use sync_core::rules::{SampleFact, ScopeKey};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Change, Work, code, missing, name, optional, region};
use crate::problem::{Code, Problem};
use crate::services::projection;
use crate::services::sync::binding;
use crate::store::feed::{self, Audience};
use crate::store::reference::enterprises::{self, Alias, Enterprise};
use crate::store::reference::{prior_samplings, teams};
use crate::store::rulings::cases;
use crate::store::sync::{documents, projections};

/// What an enterprise is to be.
pub struct NewEnterprise {
    /// 统一社会信用代码.
    pub uscc: Option<String>,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Option<String>,
    /// GB/T 2260.
    pub region: String,
    /// 法定代表人.
    pub legal_representative: Option<String>,
    /// Plants under the one code.
    pub sites: Vec<String>,
}

/// Makes one, or changes what is told about the one with that code, or that name and region without a code; and what that
/// rules again.
pub async fn put(
    work: &mut Work<'_>,
    new: NewEnterprise,
) -> Result<(Enterprise, Change, Again), Problem> {
    let uscc = code("uscc", new.uscc.as_deref())?.map(String::from);
    let (title, region) = (
        name("name", &new.name)?,
        region("region", &new.region)?.to_string(),
    );
    if !work.caller.sees_region(&region) {
        return Err(Problem::new(Code::ScopeForbidden).field("region", "lies outside yours"));
    }
    let id = EnterpriseId(work.app.new_uuid());
    let key = match &uscc {
        Some(code) => EnterpriseKey(format!("uscc:{code}")),
        None => EnterpriseKey(format!("server:{id}")),
    };
    let found = match &uscc {
        Some(_) => enterprises::find_by_key(&mut work.tx, &key).await?,
        None => enterprises::find_by_name(&mut work.tx, &title, &region).await?,
    };
    let row = Enterprise {
        enterprise_id: found.as_ref().map_or(id, |found| found.enterprise_id),
        key: found.as_ref().map_or(key, |found| found.key.clone()),
        uscc,
        name: title,
        address: optional("address", new.address.as_deref())?,
        region,
        legal_representative: optional(
            "legal_representative",
            new.legal_representative.as_deref(),
        )?,
        sites: new.sites,
        changed_at_ms: work.now,
    };
    let change = match found {
        Some(found) if !work.caller.sees_region(&found.region) => {
            return Err(Problem::new(Code::ScopeForbidden).field("uscc", "is of another region"));
        }
        Some(found)
            if (Enterprise {
                changed_at_ms: row.changed_at_ms,
                ..found.clone()
            }) == row =>
        {
            return Ok((found, Change::Unchanged, Again::default()));
        }
        Some(_) => {
            enterprises::update(&mut work.tx, &row).await?;
            Change::Updated
        }
        None => {
            enterprises::insert(&mut work.tx, &row).await?;
            Change::Created
        }
    };
    // Visits show its name and region, and a phone may have been there before it was listed.
    let keys = enterprises::keys_of(&mut work.tx, &row.key).await?;
    let placed = projection::project_enterprises_again(&mut work.tx, &keys, work.now).await?;
    let again = Again::of(&placed.marked);
    work.place(placed);
    let mut audiences = teams::list_near_enterprise(&mut work.tx, &row).await?;
    for key in &keys {
        let regions = cases::list_regions_at(&mut work.tx, key).await?;
        audiences.extend(regions.into_iter().map(Audience::Region));
    }
    work.publish("enterprise", row.enterprise_id, audiences, Some(&row))
        .await?;
    let subject = format!("enterprise:{}", row.enterprise_id);
    work.audit(
        "enterprise.put",
        subject,
        serde_json::json!({ "region": row.region }),
    )
    .await?;
    Ok((row, change, again))
}

/// Holds the projection of the visits at these enterprises, before any of them is put: one by one each would wait for an
/// append with the locks of those before it.
pub async fn lock(
    work: &mut Work<'_>,
    named: Vec<(Option<String>, String, String)>,
) -> Result<(), Problem> {
    let mut names = Vec::new();
    for (uscc, name, region) in named {
        let known = match &uscc {
            Some(code) => Some(EnterpriseKey(format!("uscc:{code}"))),
            None => enterprises::find_by_name(&mut work.tx, &name, &region)
                .await?
                .map(|found| found.key),
        };
        if let Some(key) = known {
            let keys = enterprises::keys_of(&mut work.tx, &key).await?;
            names.extend(keys.into_iter().map(|key| key.0));
        }
    }
    Ok(projection::lock_enterprises(&mut work.tx, names).await?)
}

/// Makes one key stand for another: a wrong code corrected, two records merged, one that a phone made offline recognised.
pub async fn alias(
    work: &mut Work<'_>,
    to: EnterpriseId,
    from: EnterpriseKey,
    reason: &str,
) -> Result<(Alias, Again), Problem> {
    let reason = name("reason", reason)?;
    let target = enterprises::find_seen(&mut work.tx, &work.caller.into(), to).await?;
    let target = target.ok_or_else(missing)?;
    let known = ["uscc:", "server:", "device:"]
        .iter()
        .any(|kind| from.0.starts_with(kind));
    if !known {
        return Err(Problem::value("from_key", "is no key of an enterprise"));
    }
    if let Some(other) = enterprises::find_by_key(&mut work.tx, &from).await?
        && !work.caller.sees_region(&other.region)
    {
        return Err(Problem::new(Code::ScopeForbidden).field("from_key", "is of another region"));
    }
    if enterprises::resolve_key(&mut work.tx, &target.key).await? == from || target.key == from {
        return Err(Problem::value(
            "from_key",
            "already stands for this enterprise: a circle",
        ));
    }
    let standing = enterprises::list_aliases(&mut work.tx, &from).await?;
    if let Some(same) = standing
        .into_iter()
        .find(|alias| alias.from_key == from && alias.undone_at_ms.is_none())
    {
        return if same.to_key == target.key {
            Ok((same, Again::default()))
        } else {
            Err(Problem::new(Code::Conflict).field("from_key", "stands for another one already"))
        };
    }
    let row = Alias {
        alias_id: work.app.new_uuid(),
        from_key: from,
        to_key: target.key.clone(),
        reason,
        created_by: work.caller.user,
        created_at_ms: work.now,
        undone_at_ms: None,
    };
    let concerned = Concerned::list(work, &row).await?;
    enterprises::insert_alias(&mut work.tx, &row).await?;
    tell(work, &row, &target, &concerned).await?;
    work.audit(
        "enterprise.aliased",
        format!("alias:{}", row.alias_id),
        serde_json::json!({}),
    )
    .await?;
    let keys = [target.key.clone()];
    let again = concerned.project_again(work).await?;
    tell_enforcement(work, &keys).await?;
    Ok((row, again))
}

/// Tells the phones that go to either enterprise, and those that hold a visit at either: the two are one door.
async fn tell(
    work: &mut Work<'_>,
    row: &Alias,
    target: &Enterprise,
    concerned: &Concerned,
) -> Result<(), Problem> {
    let mut audiences = BTreeSet::new();
    for key in &concerned.keys {
        if let Some(listed) = enterprises::find_by_key(&mut work.tx, key).await? {
            audiences.extend(teams::list_near_enterprise(&mut work.tx, &listed).await?);
        }
    }
    for document in &concerned.documents {
        if let Some(document) = documents::find(&mut work.tx, *document).await? {
            audiences.extend(binding::audience(&document));
        }
    }
    let id = target.enterprise_id;
    work.publish("enterprise", id, audiences.clone(), Some(target))
        .await?;
    audiences.extend(concerned.enforcement(work).await?);
    work.publish_alias(row, audiences).await?;
    Ok(())
}

/// Tells enforcement of the regions in which cases at these enterprises lie how each is listed. Call it when their visits
/// were projected again: who has a case no longer is told nothing.
async fn tell_enforcement(work: &mut Work<'_>, keys: &[EnterpriseKey]) -> Result<(), Problem> {
    for key in keys {
        let regions = cases::list_regions_at(&mut work.tx, key).await?;
        if let Some(listed) = enterprises::find_by_key(&mut work.tx, key).await? {
            let audiences = regions.into_iter().map(Audience::Region);
            let id = listed.enterprise_id;
            work.publish("enterprise", id, audiences, Some(&listed))
                .await?;
        }
    }
    Ok(())
}

/// Undoes an alias. Undoing twice changes nothing.
pub async fn undo(work: &mut Work<'_>, id: Uuid, reason: &str) -> Result<(Alias, Again), Problem> {
    let reason = name("reason", reason)?;
    let row = enterprises::find_alias(&mut work.tx, id)
        .await?
        .ok_or_else(missing)?;
    let target = enterprises::find_by_key(&mut work.tx, &row.to_key)
        .await?
        .ok_or_else(missing)?;
    let seen =
        enterprises::find_seen(&mut work.tx, &work.caller.into(), target.enterprise_id).await?;
    if seen.is_none() {
        return Err(missing());
    }
    if row.undone_at_ms.is_some() {
        return Ok((row, Again::default()));
    }
    let concerned = Concerned::list(work, &row).await?;
    let (by, now) = (work.caller.user, work.now);
    enterprises::undo_alias(&mut work.tx, id, by, now, &reason).await?;
    let undone = Alias {
        undone_at_ms: Some(now),
        ..row
    };
    let told = feed::list_told(&mut work.tx, "enterprise_alias", &id.to_string()).await?;
    let mut told = BTreeSet::from_iter(told);
    told.extend(concerned.enforcement(work).await?);
    work.publish_alias(&undone, told).await?;
    work.audit(
        "enterprise.unaliased",
        format!("alias:{id}"),
        serde_json::json!({}),
    )
    .await?;
    let keys = concerned.keys.clone();
    let again = concerned.project_again(work).await?;
    tell_enforcement(work, &keys).await?;
    let row = enterprises::find_alias(&mut work.tx, id).await?;
    Ok((row.ok_or_else(missing)?, again))
}

/// What a key or a correction of an enterprise has ruled again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Again {
    /// Visits whose enterprise is one of those that it concerns.
    pub visits: usize,
    /// Doors (campaign, body, enterprise) at which they stood or stand now.
    pub doors: usize,
    /// Samplings made elsewhere.
    pub prior_samplings: usize,
}

impl Again {
    /// What is marked.
    fn of(marked: &[ScopeKey]) -> Self {
        let marked = BTreeSet::from_iter(marked);
        let count = |is: fn(&ScopeKey) -> bool| marked.iter().filter(|key| is(key)).count();
        Self {
            visits: count(|key| matches!(key, ScopeKey::Visit { .. })),
            doors: count(|key| matches!(key, ScopeKey::Door { .. })),
            prior_samplings: 0,
        }
    }
}

/// What names one of an alias's two keys, on either side: doors that come together, and those that part.
struct Concerned {
    keys: Vec<EnterpriseKey>,
    documents: Vec<DocumentId>,
    priors: Vec<(PriorSamplingId, SampleFact)>,
    doors: BTreeSet<ScopeKey>,
}

impl Concerned {
    /// Reads it before the alias changes.
    async fn list(work: &mut Work<'_>, row: &Alias) -> Result<Self, Problem> {
        let mut keys = enterprises::keys_of(&mut work.tx, &row.from_key).await?;
        keys.extend(enterprises::keys_of(&mut work.tx, &row.to_key).await?);
        keys.sort();
        keys.dedup();
        let names = keys.iter().map(|key| key.0.clone()).collect();
        projection::lock_enterprises(&mut work.tx, names).await?;
        let (mut documents, mut priors) = (Vec::new(), Vec::new());
        for key in &keys {
            documents.extend(documents::list_by_enterprise(&mut work.tx, &key.0).await?);
            priors.extend(prior_samplings::list_at(&mut work.tx, key).await?);
        }
        let doors = doors(work, &documents).await?;
        Ok(Self {
            keys,
            documents,
            priors,
            doors,
        })
    }

    /// Enforcement of the regions to which the visits go as they stand.
    async fn enforcement(&self, work: &mut Work<'_>) -> Result<BTreeSet<Audience>, Problem> {
        let documents = self.documents.iter().copied();
        let shared = cases::list_shared(&mut work.tx, documents).await?;
        let regions = shared.into_iter().map(|(_, region)| region);
        Ok(regions.map(Audience::Region).collect())
    }

    /// Puts all of it where it belongs now, and marks what it left and joined.
    async fn project_again(mut self, work: &mut Work<'_>) -> Result<Again, Problem> {
        let placed = projection::project_again(&mut work.tx, &self.documents, work.now).await?;
        work.place(placed);
        for (id, fact) in &self.priors {
            let marked = projection::project_prior(&mut work.tx, SampleId(id.0), fact).await?;
            work.mark(marked);
        }
        self.doors.extend(doors(work, &self.documents).await?);
        Ok(Again {
            visits: self.documents.len(),
            doors: self.doors.len(),
            prior_samplings: self.priors.len(),
        })
    }
}

async fn doors(
    work: &mut Work<'_>,
    documents: &[DocumentId],
) -> Result<BTreeSet<ScopeKey>, Problem> {
    let scopes = projections::list_scopes_of_documents(&mut work.tx, documents).await?;
    let of_doors = scopes
        .into_iter()
        .filter(|key| matches!(key, ScopeKey::Door { .. }));
    Ok(of_doors.collect())
}
