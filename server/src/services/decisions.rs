//! What a person decides: the authority on an entry or a sample, with a reason and with what becomes of the goods, and
//! enforcement on a refusal.

use sync_core::limits::FIELD_CHARS_MAX;
use sync_core::model::RulingId;
use sync_core::proof::Role;
use sync_core::rules::{Decision, RefusalStanding, ScopeKey, Standing, Subject, Validity};

use super::audit;
use super::visits::RulingView;
use crate::access::Principal;
use crate::access::operations::{ENFORCERS, RULERS, Who};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::store::reference::samples;
use crate::store::rulings::decisions::{self, DecisionRow};
use crate::store::rulings::verdicts::subject_text;
use crate::store::rulings::versions::RulingRow;
use crate::store::rulings::{dirty, versions};
use crate::store::sync::{projections, visits};
use crate::store::{Session, Tx};

/// What is decided.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// On what.
    pub subject: Subject,
    /// Standing, for an entry.
    pub standing: Option<Standing>,
    /// Validity, for a sample.
    pub validity: Option<Validity>,
    /// What it is, for a refusal.
    pub refusal: Option<RefusalStanding>,
    /// Why.
    pub reason: String,
    /// What becomes of the sample.
    pub disposal: Option<String>,
    /// Whether the quota gets a make-up sample (补样).
    pub make_up: Option<bool>,
    /// The version of the ruling that the person had before them; none where they do not say.
    pub seen: Option<i64>,
}

/// What is wrong with a decision, whatever it is on.
fn check(new: &NewDecision) -> Result<(), Problem> {
    let length = new.reason.trim().chars().count();
    if !(1..=FIELD_CHARS_MAX).contains(&length) {
        return Err(Problem::value(
            "reason",
            format!("is a text of 1 to {FIELD_CHARS_MAX} characters"),
        ));
    }
    if new.standing == Some(Standing::Pending) {
        return Err(Problem::value("standing", "is what nobody has ruled on"));
    }
    if new.validity == Some(Validity::Pending) {
        return Err(Problem::value("validity", "is what nobody has ruled on"));
    }
    let found = [
        RefusalStanding::Confirmed,
        RefusalStanding::NotEstablished,
        RefusalStanding::ResolvedSampled,
    ];
    if new.refusal.is_some_and(|refusal| !found.contains(&refusal)) {
        let detail = "is confirmed, not_established or resolved_sampled";
        return Err(Problem::value("refusal", detail));
    }
    if new.make_up == Some(true) && new.validity.is_some_and(Validity::counts) {
        let detail = "is for a sample that does not count";
        return Err(Problem::value("make_up", detail));
    }
    Ok(())
}

/// Decides, rules again what depends on it, and gives the version that stands. The same decision again changes nothing.
pub async fn decide(
    app: &App,
    caller: &Principal,
    new: NewDecision,
) -> Result<RulingView, Problem> {
    let subject = new.subject.clone();
    decide_all(app, caller, vec![new]).await?;
    let mut db = app.store.read().await?;
    let standing = versions::find_current(&mut db, &subject).await?;
    Ok(standing.ok_or(Problem::new(Code::NotFound))?.into())
}

/// Decides on several things at once, all of them or none, and rules again what depends on them.
pub async fn decide_all(
    app: &App,
    caller: &Principal,
    new: Vec<NewDecision>,
) -> Result<(), Problem> {
    new.iter().try_for_each(check)?;
    let mut tx = app.store.begin().await?;
    for new in new {
        write(app, &mut tx, caller, new).await?;
    }
    tx.commit().await?;
    ruling::rule_what_is_dirty(app).await
}

/// Writes a decision down, and marks what depends on it.
async fn write(
    app: &App,
    tx: &mut Tx,
    caller: &Principal,
    new: NewDecision,
) -> Result<(), Problem> {
    let current = versions::find_current(tx, &new.subject)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    if !sees(tx, caller, &current).await? {
        return Err(Problem::new(Code::NotFound));
    }
    if !deciders(&new.subject).admits(caller) {
        return Err(Problem::new(Code::RoleForbidden));
    }
    if !answers(tx, caller, &current).await? {
        return Err(Problem::new(Code::ScopeForbidden)
            .detail("the authority that commissioned the sampling, or one above it, decides"));
    }
    let document = current.document;
    let last = decisions::list_of_subject(tx, &new.subject).await?.pop();
    // Two in one millisecond, or after a clock was set back: the order in which they were taken is the order of their times,
    // so that the store and the rules name the same one as the last.
    let after = last
        .as_ref()
        .map_or(i64::MIN, |last| last.decision.decided_at_ms + 1);
    let repeated = last.is_some_and(|last| {
        let said = &last.decision;
        (
            said.user_id,
            said.standing,
            said.validity,
            said.refusal,
            said.reason.as_str(),
        ) == (
            caller.user,
            new.standing,
            new.validity,
            new.refusal,
            new.reason.as_str(),
        ) && (last.disposal, last.make_up) == (new.disposal.clone(), new.make_up)
    });
    if !repeated {
        if new.seen.is_some_and(|seen| seen != current.version) {
            let version = current.version.to_string();
            return Err(Problem::new(Code::RulingOutdated).field("version", version));
        }
        let decision = Decision {
            subject: new.subject.clone(),
            standing: new.standing,
            validity: new.validity,
            refusal: new.refusal,
            user_id: caller.user,
            reason: new.reason,
            decided_at_ms: app.now().max(after),
        };
        let row = DecisionRow {
            decision_id: app.new_uuid(),
            document,
            decision,
            disposal: new.disposal,
            make_up: new.make_up,
        };
        decisions::insert(tx, &row).await?;
        let member = subject_text(&new.subject);
        let member = member.split_once('/').map_or("", |(_, id)| id);
        let keys: Vec<ScopeKey> = match (&new.subject, document) {
            // A refusal is no member of a scope: its visit is, and the door there.
            (Subject::Refusal(_), Some(document)) => {
                projections::list_scopes_of_documents(tx, &[document]).await?
            }
            _ => projections::list_scopes_of_member(tx, member).await?,
        };
        dirty::mark(tx, &keys, app.now()).await?;
        let detail = serde_json::json!({ "decision_id": row.decision_id });
        audit::record(
            app,
            tx,
            caller,
            "ruling.decided",
            subject_text(&new.subject),
            detail,
        )
        .await?;
    }
    Ok(())
}

/// One version that the caller sees.
pub async fn get(app: &App, caller: &Principal, id: RulingId) -> Result<RulingView, Problem> {
    let mut db = app.store.read().await?;
    let ruling = versions::find(&mut db, id)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    if sees(&mut db, caller, &ruling).await? {
        Ok(ruling.into())
    } else {
        Err(Problem::new(Code::NotFound))
    }
}

/// Whose roles decide on something.
fn deciders(subject: &Subject) -> Who {
    match subject {
        Subject::Refusal(_) => ENFORCERS,
        _ => RULERS,
    }
}

/// Whether what somebody with such a role decides on it is theirs to decide.
async fn answers(
    db: &mut Session,
    caller: &Principal,
    ruling: &RulingRow,
) -> Result<bool, Problem> {
    // Whoever looks on, as a county looks on what the province does there, does not rule (组织抽查部门).
    let (subject, document) = (&ruling.subject, ruling.document);
    if decisions::answers_for(db, &caller.into(), subject, document).await? {
        return Ok(true);
    }
    // 执法人员裁定: whoever enforces where the enterprise lies decides whether it refused.
    match (subject, document) {
        (Subject::Refusal(_), Some(document)) if caller.roles.contains(&Role::Enforcement) => {
            Ok(decisions::enforces(db, caller.user, document).await?)
        }
        _ => Ok(false),
    }
}

/// Whether [`decide`] takes what a caller decides on something that was ruled on.
pub async fn may_decide(
    db: &mut Session,
    caller: &Principal,
    ruling: &RulingRow,
) -> Result<bool, Problem> {
    Ok(deciders(&ruling.subject).admits(caller)
        && sees(db, caller, ruling).await?
        && answers(db, caller, ruling).await?)
}

/// Whether a caller sees what was ruled on: the visit, or the sampling made elsewhere.
async fn sees(db: &mut Session, caller: &Principal, ruling: &RulingRow) -> Result<bool, Problem> {
    Ok(match (ruling.document, &ruling.subject) {
        (Some(document), _) => visits::sees(db, caller, document).await?,
        (None, Subject::Sample(id)) => samples::find_seen(db, &caller.into(), *id).await?.is_some(),
        (None, _) => false,
    })
}
