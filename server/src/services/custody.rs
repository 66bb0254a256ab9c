//! What the laboratory reports: received, testing begun, result served. A mark on a duplicate is not enough: it is
//! refused here, with the rule that speaks against it. Whatever is reported is recorded, refused or not.

use aws_lc_rs::digest;
use sync_core::model::SampleId;
use sync_core::rules::{Finding, Lang, Severity, Subject, Validity, render, separate};

use super::reference::Work;
use super::ruling;
use crate::access::Principal;
use crate::access::role::word;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::reference::custody::{self, CustodyEvent};
use crate::store::reference::samples::{self, Sample};
use crate::store::rulings::{decisions, versions};

/// Two different reports on one fact.
const INTEGRITY: &str = "INTEGRITY";
/// No laboratory, or another one, had accepted the sample.
const NOT_RECEIVED: &str = "NOT_RECEIVED";
/// A person ruled it out where no rule does.
const RULING: &str = "RULING";
/// Two records under one id.
const SAMPLEID: &str = "SAMPLEID";
/// Rules whose findings freeze the receipt whatever the validity is: an id or a number was used twice, or
/// a sheet was sealed twice.
const FREEZING: [&str; 4] = ["SAMPLEID", "SEALNO", "SHEETNO", "SEALED"];

/// What came of a report.
pub struct Reported {
    /// The report that stands.
    pub event: CustodyEvent,
    /// It stood before.
    pub repeated: bool,
}

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The sample arrived, and the laboratory took it in or turned it away.
    Receipt {
        /// Whether it was taken in.
        accepted: bool,
    },
    /// Testing began.
    TestingStarted,
    /// The result was served on the enterprise.
    Service,
}

impl Act {
    fn as_str(self) -> &'static str {
        match self {
            Self::Receipt { .. } => "receipt",
            Self::TestingStarted => "testing_started",
            Self::Service => "service",
        }
    }
    /// Goods were in the hands of whoever reports.
    fn handles(self) -> bool {
        self != Self::Service
    }
    /// Goods were taken in or touched, which the rules may forbid.
    fn takes(self) -> bool {
        matches!(
            self,
            Self::Receipt { accepted: true } | Self::TestingStarted
        )
    }
}

/// Why a sample is refused.
struct Refusal {
    rule_id: String,
    article: Option<String>,
    finding: String,
    zh: String,
    en: String,
    ruling_id: Option<String>,
}

impl Refusal {
    fn by_finding(finding: &Finding, ruling_id: Option<String>) -> Self {
        Self {
            rule_id: finding.rule_id.clone(),
            article: Some(finding.citation.clone()),
            finding: finding.message.clone(),
            zh: render(finding, Lang::ZhCn),
            en: render(finding, Lang::En),
            ruling_id,
        }
    }

    fn problem(&self) -> Problem {
        let article = self.article.as_deref();
        let cited = article.map(|article| format!(" ({article})"));
        let mut problem = Problem::new(Code::SampleRefused)
            .detail(format!(
                "{}{}: {} / {}",
                self.rule_id,
                cited.unwrap_or_default(),
                self.zh,
                self.en
            ))
            .field("rule_id", &self.rule_id)
            .field("finding", &self.finding);
        if let Some(article) = article {
            problem = problem.field("article", article);
        }
        if let Some(id) = &self.ruling_id {
            problem = problem.field("ruling_id", id);
        }
        problem
    }
}

/// Begins a report: what is marked is ruled first, so that a sample does not slip in ahead of its ruling.
pub async fn begin<'a>(app: &'a App, caller: &'a Principal) -> Result<Work<'a>, Problem> {
    ruling::rule_what_is_dirty(app).await?;
    Ok(Work::begin(app, caller).await?)
}

/// Reports an act on a sample. `body` is the report as it came.
pub async fn report(
    mut work: Work<'_>,
    id: SampleId,
    act: Act,
    body: serde_json::Value,
) -> Result<Reported, Problem> {
    let known = samples::find(&mut work.tx, id).await?;
    let seen = samples::find_seen(&mut work.tx, &work.caller.into(), id).await?;
    if known.is_some() && seen.is_none() {
        return Err(Problem::new(Code::NotFound));
    }
    let hash = digest::digest(&digest::SHA256, body.to_string().as_bytes())
        .as_ref()
        .to_vec();
    let mut event = CustodyEvent {
        custody_event_id: work.app.new_uuid(),
        sample_id: id,
        act: act.as_str().to_owned(),
        standing: true,
        attempt: 1,
        body_hash: hash,
        body,
        at_ms: work.now,
        user_id: work.caller.user,
        organisation_id: work.caller.organisation,
        rule_id: None,
        ruling_id: None,
        without_sheet: seen.is_none(),
    };
    if let Some(stands) = custody::find_standing(&mut work.tx, id, act.as_str()).await? {
        // A stranger who guesses an id learns nothing of what another laboratory reported.
        if seen.is_none() && stands.organisation_id != work.caller.organisation {
            return Err(Problem::new(Code::NotFound));
        }
        // The same words of another laboratory are another report; those of an earlier delivery came late.
        if let Some(same) = custody::find_same(&mut work.tx, &event, true).await? {
            return Ok(Reported {
                event: same,
                repeated: true,
            });
        }
        event.attempt = stands.attempt;
        if !turned_away(&stands) {
            keep_aside(work, event, INTEGRITY.to_owned(), None).await?;
            return Err(Problem::new(Code::ReportContradicts));
        }
        // What was turned away may be delivered again: another attempt, and the receipt of the last one stands.
        event.attempt += 1;
    }
    if !matches!(act, Act::Receipt { .. })
        && let Some(why) = not_received(&mut work, id, act).await?
    {
        keep_aside(work, event, NOT_RECEIVED.to_owned(), None).await?;
        return Err(Problem::new(Code::SampleNotReceived).detail(why));
    }
    if let Some(sample) = &seen
        && let Some(refusal) = refusal(&mut work, sample, act).await?
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
    let subject = format!("sample:{id}");
    work.audit(&format!("sample.{}", act.as_str()), subject, detail)
        .await?;
    work.commit().await?;
    Ok(Reported {
        event,
        repeated: false,
    })
}

/// Whether a report says that the laboratory did not take the sample in (rejected_by_lab).
fn turned_away(event: &CustodyEvent) -> bool {
    event.act == "receipt" && event.body["accepted"] != true
}

/// Why testing cannot begin, or a result be served, for want of a receipt.
async fn not_received(
    work: &mut Work<'_>,
    id: SampleId,
    act: Act,
) -> Result<Option<&'static str>, Problem> {
    let receipt = custody::find_standing(&mut work.tx, id, "receipt").await?;
    Ok(match receipt {
        None => Some("no laboratory has received it"),
        Some(receipt) if turned_away(&receipt) => Some("the laboratory turned it away at receipt"),
        // Whoever tests answers for the goods: that is the laboratory that took them in.
        Some(receipt) if act.handles() && receipt.organisation_id != work.caller.organisation => {
            Some("another laboratory received it")
        }
        Some(_) => None,
    })
}

/// Keeps a report that does not count; the same one only once.
async fn keep_aside(
    mut work: Work<'_>,
    event: CustodyEvent,
    rule_id: String,
    ruling_id: Option<String>,
) -> Result<(), Problem> {
    let id = event.sample_id;
    let same = custody::find_same(&mut work.tx, &event, false).await?;
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

async fn refusal(
    work: &mut Work<'_>,
    sample: &Sample,
    act: Act,
) -> Result<Option<Refusal>, Problem> {
    let ruling_id = sample.ruling_id.clone();
    let samplers = samples::samplers(&mut work.tx, sample).await?;
    // SEPARATE (抽样与检验分离): who receives or tests a sample is none of its samplers.
    if act.handles() && samplers.contains(&work.caller.user) {
        let rule = &separate::RULE;
        let key = match act {
            Act::TestingStarted => "tested",
            _ => "received",
        };
        let finding = Finding {
            rule_id: rule.id.to_owned(),
            severity: Severity::Fatal,
            subject: Subject::Sample(sample.sample_id),
            citation: rule.citation.source.to_owned(),
            rulebook: String::new(),
            winner: None,
            message: format!("{}.{key}", rule.id),
            arguments: Default::default(),
        };
        return Ok(Some(Refusal::by_finding(&finding, ruling_id)));
    }
    if !act.takes() {
        return Ok(None);
    }
    let weighed = weighed(work, sample).await?;
    let frozen = |finding: &&Finding| {
        FREEZING.contains(&finding.rule_id.as_str()) && !weighed.contains(finding)
    };
    let stops = !sample.validity.may_be_tested();
    let speaks = |finding: &&Finding| {
        frozen(finding) || (stops && finding.severity >= Severity::NeedsRuling)
    };
    let gravest = sample.findings.iter().filter(speaks);
    // Before anything that is wrong with a sample comes which of two it is.
    let gravity = |finding: &&Finding| (finding.rule_id == SAMPLEID, finding.severity);
    if let Some(finding) = gravest.max_by_key(gravity) {
        return Ok(Some(Refusal::by_finding(finding, ruling_id)));
    }
    if !stops {
        return Ok(None);
    }
    // No rule speaks against it: its samplers voided the sheet, or a person ruled it out.
    let voided = sample.fact.as_ref().and_then(|fact| fact.voided.clone());
    let why = match &voided {
        Some(reason) => format!("{}: {reason}", word(&sample.validity)),
        None => word(&sample.validity),
    };
    Ok(Some(Refusal {
        rule_id: RULING.to_owned(),
        article: None,
        finding: word(&sample.validity),
        zh: format!("样品裁定为“{why}”"),
        en: format!("the sample is ruled “{why}”"),
        ruling_id,
    }))
}

/// The findings that a person had before them when they let the sample count: what they weighed freezes it no longer, and
/// what came since freezes it again.
async fn weighed(work: &mut Work<'_>, sample: &Sample) -> Result<Vec<Finding>, Problem> {
    let subject = Subject::Sample(sample.sample_id);
    let last = decisions::list_of_subject(&mut work.tx, &subject)
        .await?
        .pop()
        .map(|row| row.decision)
        .filter(|decision| decision.validity.is_some_and(Validity::counts));
    let Some(decision) = last else {
        return Ok(Vec::new());
    };
    let mut known = versions::list_of_subject(&mut work.tx, &subject).await?;
    known.retain(|version| version.decided_at <= decision.decided_at_ms);
    Ok(known
        .pop()
        .map(|version| version.findings)
        .unwrap_or_default())
}
