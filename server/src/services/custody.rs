//! What the laboratory reports: received, testing begun, result served. A mark on a duplicate is not enough: it is
//! refused here, with the rule that speaks against it. Whatever is reported is recorded, refused or not.

use aws_lc_rs::digest;
use sync_core::model::SampleId;
use sync_core::rules::Severity;

use super::reference::Work;
use super::ruling;
use crate::problem::{Code, Problem};
use crate::store::reference::custody::{self, CustodyEvent};
use crate::store::reference::samples::{self, Sample};

/// Who receives or tests a sample is none of its samplers (抽样与检验分离).
const SEPARATE: &str = "SEPARATE";
/// Two different reports on one fact.
const INTEGRITY: &str = "INTEGRITY";
/// Rules whose findings freeze the receipt whatever the validity is: a number was used twice.
const FREEZING: [&str; 2] = ["SEALNO", "SHEETNO"];

/// What came of a report.
pub struct Reported {
    /// The report that stands.
    pub event: CustodyEvent,
    /// It stood before.
    pub repeated: bool,
}

/// Why a sample is refused.
struct Refusal {
    rule_id: String,
    finding: String,
    ruling_id: Option<String>,
}

impl Refusal {
    fn problem(&self) -> Problem {
        let mut problem = Problem::new(Code::SampleRefused)
            .detail(format!("{}: {}", self.rule_id, self.finding))
            .field("rule_id", &self.rule_id)
            .field("finding", &self.finding);
        if let Some(id) = &self.ruling_id {
            problem = problem.field("ruling_id", id);
        }
        problem
    }
}

/// Reports an act on a sample. `body` is the report as it came; `taken` says that goods were taken in or touched, which
/// the rules may forbid.
pub async fn report(
    mut work: Work<'_>,
    id: SampleId,
    act: &str,
    body: serde_json::Value,
    taken: bool,
) -> Result<Reported, Problem> {
    let known = samples::find(&mut work.tx, id).await?;
    let seen = samples::find_seen(&mut work.tx, &work.caller.into(), id).await?;
    if known.is_some() && seen.is_none() {
        return Err(Problem::new(Code::NotFound));
    }
    let hash = digest::digest(&digest::SHA256, body.to_string().as_bytes())
        .as_ref()
        .to_vec();
    let event = CustodyEvent {
        custody_event_id: work.app.new_uuid(),
        sample_id: id,
        act: act.to_owned(),
        standing: true,
        body_hash: hash,
        body,
        at_ms: work.now,
        user_id: work.caller.user,
        organisation_id: work.caller.organisation,
        rule_id: None,
        ruling_id: None,
        without_sheet: seen.is_none(),
    };
    if let Some(stands) = custody::find_standing(&mut work.tx, id, act).await? {
        // A stranger who guesses an id learns nothing of what another laboratory reported.
        if seen.is_none() && stands.organisation_id != work.caller.organisation {
            return Err(Problem::new(Code::NotFound));
        }
        if stands.body_hash == event.body_hash {
            return Ok(Reported {
                event: stands,
                repeated: true,
            });
        }
        keep_aside(work, event, INTEGRITY.to_owned(), None).await?;
        return Err(Problem::new(Code::ReportContradicts));
    }
    if act != "receipt" && !received(&mut work, id).await? {
        return Err(Problem::new(Code::SampleNotReceived));
    }
    if let (true, Some(sample)) = (taken, &seen)
        && let Some(refusal) = refusal(&mut work, sample).await?
    {
        keep_aside(
            work,
            event,
            refusal.rule_id.clone(),
            refusal.ruling_id.clone(),
        )
        .await?;
        return Err(refusal.problem());
    }
    custody::insert(&mut work.tx, &event).await?;
    ruling::mark_dirty_for_sample(&mut work.tx, id, work.now).await?;
    let detail = serde_json::json!({ "without_sheet": event.without_sheet });
    work.audit(&format!("sample.{act}"), format!("sample:{id}"), detail)
        .await?;
    work.commit().await?;
    Ok(Reported {
        event,
        repeated: false,
    })
}

async fn received(work: &mut Work<'_>, id: SampleId) -> Result<bool, Problem> {
    let receipt = custody::find_standing(&mut work.tx, id, "receipt").await?;
    Ok(receipt.is_some_and(|receipt| receipt.body["accepted"] == true))
}

/// Keeps a report that does not count; the same one only once.
async fn keep_aside(
    mut work: Work<'_>,
    event: CustodyEvent,
    rule_id: String,
    ruling_id: Option<String>,
) -> Result<(), Problem> {
    let (id, hash) = (event.sample_id, event.body_hash.clone());
    let same = custody::find_same(&mut work.tx, id, &event.act, &hash, false).await?;
    // A new ruling is a new reason, so the attempt is recorded again.
    if same
        .is_some_and(|same| same.rule_id.as_ref() == Some(&rule_id) && same.ruling_id == ruling_id)
    {
        return Ok(());
    }
    let detail =
        serde_json::json!({ "act": event.act, "rule_id": rule_id, "ruling_id": ruling_id });
    let row = CustodyEvent {
        standing: false,
        rule_id: Some(rule_id),
        ruling_id,
        ..event
    };
    custody::insert(&mut work.tx, &row).await?;
    work.audit("sample.refused", format!("sample:{id}"), detail)
        .await?;
    work.commit().await
}

async fn refusal(work: &mut Work<'_>, sample: &Sample) -> Result<Option<Refusal>, Problem> {
    let ruling_id = sample.ruling_id.clone();
    if samples::samplers(&mut work.tx, sample)
        .await?
        .contains(&work.caller.user)
    {
        let finding = "who receives or tests a sample is none of its samplers".to_owned();
        return Ok(Some(Refusal {
            rule_id: SEPARATE.to_owned(),
            finding,
            ruling_id,
        }));
    }
    let frozen = |rule: &str| FREEZING.contains(&rule);
    let stops = !sample.validity.may_be_tested();
    let finding = sample
        .findings
        .iter()
        .filter(|finding| {
            frozen(&finding.rule_id) || (stops && finding.severity >= Severity::NeedsRuling)
        })
        .max_by_key(|finding| finding.severity);
    Ok(match finding {
        Some(finding) => Some(Refusal {
            rule_id: finding.rule_id.clone(),
            finding: finding.message.clone(),
            ruling_id,
        }),
        // A person's ruling may stand without a finding of the engine.
        None if stops => Some(Refusal {
            rule_id: "RULING".to_owned(),
            finding: crate::access::role::word(&sample.validity),
            ruling_id,
        }),
        None if sample.fact.distinct_seals > 1 => Some(Refusal {
            rule_id: "SEALED".to_owned(),
            finding: "two different seals of one sheet".to_owned(),
            ruling_id,
        }),
        None => None,
    })
}
