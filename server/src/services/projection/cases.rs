//! Cases (案件线索): each sealed refusal and each sealed report of a visit is one. A visit that has one goes down, to be read,
//! to enforcement of the region in which the enterprise lies.

use sync_core::model::{EnterpriseKey, EntryId, Millis, Region};
use sync_core::rules::Facts;

use super::Why;
use crate::store::feed::{Audience, NewRow};
use crate::store::reference::{enterprises, versions};
use crate::store::rulings::cases::{self, CaseKind, NewCase};
use crate::store::sync::projections::VisitRow;
use crate::store::{Result, Tx};

/// Stores the cases of visits, and says what enforcement newly has to see: everything that stands in a document of its
/// region whenever something was written there, and nothing of one whose enterprise lies elsewhere now.
pub(super) async fn put(
    tx: &mut Tx,
    visits: &[(&VisitRow, &Facts)],
    why: Why,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let mut rows = Vec::new();
    for (visit, facts) in visits {
        let found = of_visit(visit, facts);
        if found.is_empty() {
            continue;
        }
        let document = visit.document_id;
        let region = visit.region.as_deref();
        let region: Option<Region> = region.and_then(|code| code.parse().ok());
        let before = cases::find_shared(tx, document).await?;
        let moved = before != region;
        let known = match moved && before.is_some() {
            true => cases::list_enterprises(tx, document).await?,
            false => Vec::new(),
        };
        cases::put(tx, &found, now).await?;
        if moved {
            cases::set_shared(tx, document, region.as_ref()).await?;
            if let Some(left) = before {
                rows.push(NewRow::revoke(Audience::Region(left.clone()), document));
                rows.extend(forgotten(tx, &known, &left).await?);
            }
        }
        if moved || why == Why::Written {
            rows.extend(region.map(|region| NewRow::grant(Audience::Region(region), document)));
        }
    }
    Ok(rows)
}

/// Enterprises of which a region's enforcement knew by cases that are another region's now: none of it is theirs to keep.
async fn forgotten(tx: &mut Tx, known: &[EnterpriseKey], left: &Region) -> Result<Vec<NewRow>> {
    let mut rows = Vec::new();
    for key in known {
        if cases::list_regions_at(tx, key).await?.contains(left) {
            continue;
        }
        if let Some(listed) = enterprises::find_by_key(tx, key).await? {
            let (kind, id) = ("enterprise", listed.enterprise_id.to_string());
            let version = versions::last(tx, kind, &id).await?;
            let audience = Audience::Region(left.clone());
            rows.push(NewRow::reference(audience, kind, &id, version, None));
        }
    }
    Ok(rows)
}

fn of_visit<'a>(visit: &'a VisitRow, facts: &Facts) -> Vec<NewCase<'a>> {
    let Some(fact) = facts.visits.get(&visit.document_id) else {
        return Vec::new();
    };
    let place = |entry: Option<&EntryId>| {
        let entries = facts.entries.iter();
        let walked = entries.filter(|(id, _)| entry.is_none_or(|entry| entry == *id));
        let mut places = walked.flat_map(|(_, entry)| &entry.arrivals);
        places.find_map(|arrival| arrival.location.clone().filter(|place| !place.mocked))
    };
    let refusals = fact.refusals.iter();
    let refusals = refusals.filter(|(_, it)| !it.seals.is_empty());
    let refusals = refusals.map(|(id, it)| NewCase {
        visit,
        subject_id: id.to_string(),
        kind: CaseKind::Refusal,
        detail: it.kind.clone(),
        happened: it.refused,
        location: place(it.entry_id.as_ref()),
    });
    let reports = fact.reports.iter().filter(|(_, it)| !it.seals.is_empty());
    let reports = reports.map(|(id, it)| NewCase {
        visit,
        subject_id: id.to_string(),
        kind: CaseKind::OnSiteReport,
        detail: it.grounds.clone(),
        happened: it.reported,
        location: place(it.entry_id.as_ref()),
    });
    refusals.chain(reports).collect()
}
