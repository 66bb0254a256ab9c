//! What phones are told of cases beside the documents: how far each is (案件进展), and, for enforcement of the region alone, the
//! enterprise with its other keys, and whether it is on the tracking list (跟踪抽查名单). What was told before a phone may see a
//! case lies behind its cursor; it comes with the visit.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::model::{
    CASE_PROGRESS, CaseDisposed, CaseHandedOver, CaseHolder, CaseProgress, CaseReceived, CaseState,
    ConfirmedSubject, DocumentId, EnterpriseAlias, EnterpriseKey, OnSiteReportId, RefusalId,
    Region, TRACKED_ENTERPRISE, TrackedEnterprise,
};
use uuid::Uuid;

use crate::services::reference::as_phones_read;
use crate::services::sync::binding;
use crate::store::feed::{Audience, NewRow};
use crate::store::reference::{enterprises, versions};
use crate::store::rulings::cases;
use crate::store::rulings::casework::{self, StepRow, ToldRow};
use crate::store::rulings::effects::{self, EffectRow};
use crate::store::sync::documents;
use crate::store::{Result, Session, Tx};

/// A record of reference data as it stands.
pub struct Told {
    /// Its kind.
    pub kind: &'static str,
    /// Within its kind.
    pub id: String,
    /// The version that was published last.
    pub version: i64,
    /// What it says.
    pub record: Option<Value>,
}

/// Everything that is told around the cases of a visit, for whoever newly sees it; to enforcement also of the enterprise.
pub async fn around(db: &mut Session, visit: DocumentId, enforces: bool) -> Result<Vec<Told>> {
    let rows = casework::list_told(db, visit).await?;
    let steps = match rows.is_empty() {
        true => return Ok(Vec::new()),
        false => casework::list_steps(db, visit).await?,
    };
    let mut told = Vec::new();
    for row in &rows {
        let Some(progress) = progress(visit, row, &steps) else {
            continue;
        };
        let id = progress.record_id();
        let version = row.version + versions::last(db, CASE_PROGRESS, &id).await?;
        told.push(Told {
            kind: CASE_PROGRESS,
            id,
            version,
            record: serde_json::to_value(progress).ok(),
        });
    }
    if !enforces {
        return Ok(told);
    }
    let at: BTreeSet<EnterpriseKey> = rows.into_iter().map(|row| row.enterprise).collect();
    for key in &at {
        told.extend(of_enterprise(db, key).await?);
    }
    let followed = effects::list_of_documents(db, [visit]).await?.into_iter();
    for effect in followed.filter(|it| it.kind == TRACK && it.holds) {
        told.push(Told {
            kind: TRACKED_ENTERPRISE,
            id: effect.effect_id.to_string(),
            version: effect.version,
            record: tracked(&effect),
        });
    }
    Ok(told)
}

/// An enterprise as it is listed, and the keys for which its own stands.
async fn of_enterprise(db: &mut Session, key: &EnterpriseKey) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    if let Some(listed) = enterprises::find_by_key(db, key).await? {
        let (kind, id) = ("enterprise", listed.enterprise_id.to_string());
        told.push(Told {
            version: versions::last(db, kind, &id).await?,
            record: Some(as_phones_read(kind, json!(listed))),
            kind,
            id,
        });
    }
    let mut seen = BTreeSet::new();
    for key in enterprises::keys_of(db, key).await? {
        for alias in enterprises::list_aliases(db, &key).await? {
            if alias.undone_at_ms.is_some() || !seen.insert(alias.alias_id) {
                continue;
            }
            let (kind, id) = ("enterprise_alias", alias.alias_id.to_string());
            let record = EnterpriseAlias {
                from_key: alias.from_key,
                to_key: alias.to_key,
            };
            told.push(Told {
                version: versions::last(db, kind, &id).await?,
                record: serde_json::to_value(record).ok(),
                kind,
                id,
            });
        }
    }
    Ok(told)
}

/// Tells the visit's people, and enforcement of its region, how far one of its cases is now.
pub async fn news(tx: &mut Tx, visit: DocumentId, subject: Uuid) -> Result<Vec<NewRow>> {
    let rows = casework::list_told(tx, visit).await?;
    let Some(row) = rows.iter().find(|row| row.subject_id == subject) else {
        return Ok(Vec::new());
    };
    let steps = casework::list_steps(tx, visit).await?;
    let Some(progress) = progress(visit, row, &steps) else {
        return Ok(Vec::new());
    };
    let head = documents::list_heads(tx, [visit]).await?;
    let team = head.get(&visit).and_then(binding::audience_of_head);
    let enforcement = cases::find_shared(tx, visit).await?;
    let told_to = team.into_iter().chain(enforcement.map(Audience::Region));
    let version = row.version + versions::next(tx, CASE_PROGRESS, &progress.record_id()).await?;
    let record = serde_json::to_value(progress).ok();
    let row = |to| NewRow::case(to, visit, subject, version, record.as_ref());
    Ok(told_to.map(row).collect())
}

/// What phones are told of a case; none of one whose state they would not read.
fn progress(visit: DocumentId, row: &ToldRow, steps: &[StepRow]) -> Option<CaseProgress> {
    let state = json!({ "of": row.kind, "state": row.state });
    let state: CaseState = serde_json::from_value(state).ok()?;
    let step = |named: &str| {
        let mut steps = steps.iter().filter(|it| it.subject_id == row.subject_id);
        steps.find(|it| it.step == named)
    };
    let text = |step: &StepRow, name: &str| step.body[name].as_str().map(str::to_owned);
    Some(CaseProgress {
        document_id: visit,
        subject: match state {
            CaseState::Refusal(_) => ConfirmedSubject::Refusal(RefusalId(row.subject_id)),
            CaseState::OnSiteReport(_) => {
                ConfirmedSubject::OnSiteReport(OnSiteReportId(row.subject_id))
            }
        },
        state,
        version: row.version,
        at_ms: row.changed_at,
        holder: row
            .holder
            .clone()
            .map(|(user_id, name, since_ms)| CaseHolder {
                user_id,
                name,
                since_ms,
            }),
        received: step("received").map(|it| CaseReceived {
            receipt_no: text(it, "receipt_no").unwrap_or_default(),
            at_ms: it.at,
        }),
        handed_over: step("handed_over").map(|it| CaseHandedOver {
            office: text(it, "office").unwrap_or_default(),
            receipt_no: text(it, "receipt_no").unwrap_or_default(),
            at_ms: it.at,
        }),
        disposed: step("disposed").map(|it| CaseDisposed {
            result: text(it, "result").unwrap_or_default(),
            reference_no: text(it, "reference_no"),
            at_ms: it.at,
        }),
    })
}

/// The effect by which an enterprise stands on the tracking list.
const TRACK: &str = "track";

/// Tells enforcement of the region that an enterprise is on the tracking list or no longer; `before` is the region that was
/// told of it last.
pub fn tracking(effect: &EffectRow, before: Option<&str>) -> Vec<NewRow> {
    if effect.kind != TRACK {
        return Vec::new();
    }
    let row = |region: &str, record: Option<Value>| {
        let audience = Audience::Region(region.parse::<Region>().ok()?);
        let id = effect.effect_id.to_string();
        let (kind, version) = (TRACKED_ENTERPRISE, effect.version);
        Some(NewRow::reference(
            audience,
            kind,
            &id,
            version,
            record.as_ref(),
        ))
    };
    let region = effect.region.as_deref();
    let left = before.filter(|it| Some(*it) != region);
    let left = left.and_then(|left| row(left, None));
    let now = region.and_then(|now| row(now, tracked(effect).filter(|_| effect.holds)));
    left.into_iter().chain(now).collect()
}

fn tracked(effect: &EffectRow) -> Option<Value> {
    let record = TrackedEnterprise {
        enterprise: EnterpriseKey(effect.enterprise.clone()),
        document_id: effect.document,
        refusal_id: effect.refusal_id.parse().ok()?,
        since_ms: effect.began_at,
    };
    serde_json::to_value(record).ok()
}
