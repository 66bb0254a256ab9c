//! One piece of work on reference data: a transaction, what is to be published when it ends, and what is to be ruled
//! again. Dropped, it leaves no trace: that is what a dry run is.

use serde::Serialize;
use sync_core::limits::RERULING_SHOWN_MS;
use sync_core::model::{EnterpriseAlias, Millis, OrganisationId, TaskId, TeamId, UserId};
use sync_core::rules::ScopeKey;

use crate::access::Principal;
use crate::app::App;
use crate::problem::Problem;
use crate::services::projection::Placed;
use crate::services::{audit, duplicate_index, ruling};
use crate::store::feed::{self, Audience, NewRow};
use crate::store::imports;
use crate::store::reference::enterprises::Alias;
use crate::store::reference::tasks::Task;
use crate::store::reference::{campaigns, enterprises, lookups, product_rules, teams, versions};
use crate::store::{Result, Tx};

/// Ancestors of an authority: national, province, city, county.
const AUTHORITY_LEVELS: usize = 4;

/// The work.
pub struct Work<'a> {
    /// The application.
    pub app: &'a App,
    /// Who does it.
    pub caller: &'a Principal,
    /// The transaction.
    pub tx: Tx,
    /// When it is done.
    pub now: Millis,
    rows: Vec<NewRow>,
    marked: Vec<ScopeKey>,
}

impl<'a> Work<'a> {
    /// Begins.
    pub async fn begin(app: &'a App, caller: &'a Principal) -> Result<Self> {
        let tx = app.store.begin().await?;
        Ok(Self {
            app,
            caller,
            tx,
            now: app.now(),
            rows: Vec::new(),
            marked: Vec::new(),
        })
    }

    /// Leaves a trail of an act.
    pub async fn audit(
        &mut self,
        act: &str,
        subject: String,
        detail: serde_json::Value,
    ) -> Result<()> {
        audit::record(self.app, &mut self.tx, self.caller, act, subject, detail).await
    }

    /// Publishes a record to these phones; none as the record says that it is gone or no longer for them.
    pub async fn publish<T: Serialize>(
        &mut self,
        kind: &str,
        id: impl ToString,
        audiences: impl IntoIterator<Item = Audience>,
        record: Option<&T>,
    ) -> Result<()> {
        let id = id.to_string();
        let record = record.and_then(|record| serde_json::to_value(record).ok());
        let record = record.map(|record| as_phones_read(kind, record));
        let version = versions::next(&mut self.tx, kind, &id).await?;
        for audience in audiences {
            self.rows.push(NewRow::reference(
                audience,
                kind,
                &id,
                version,
                record.as_ref(),
            ));
        }
        Ok(())
    }

    /// A task with the bodies that had it before, and until when: ASSIGN judges by it.
    async fn task_record(&mut self, task: &Task) -> Result<serde_json::Value> {
        let fact = lookups::task_fact(&mut self.tx, task.task_id).await?;
        let mut record = serde_json::json!(task);
        record["former_bodies"] = serde_json::json!(fact.map(|it| it.former_bodies));
        Ok(record)
    }

    /// A task as it is now, to those who have it.
    pub async fn publish_task(&mut self, task: &Task, audience: &Audience) -> Result<()> {
        let record = self.task_record(task).await?;
        self.publish("task", task.task_id, [audience.clone()], Some(&record))
            .await
    }

    /// A task is no longer theirs (改派). They keep what a sheet that they drew for it is judged by, in the state
    /// `reassigned` and without its targets; of the index they keep what other tasks of theirs ask.
    pub async fn withdraw_task(&mut self, task: &Task, from: &Audience) -> Result<()> {
        let mut record = self.task_record(task).await?;
        record["state"] = "reassigned".into();
        record["team_id"] = serde_json::Value::Null;
        record["enterprises"] = serde_json::json!([]);
        self.publish("task", task.task_id, [from.clone()], Some(&record))
            .await?;
        self.withdraw_index(task.task_id, from).await
    }

    /// The rows of the index that a task asked for and nothing else of theirs does.
    pub async fn withdraw_index(&mut self, task: TaskId, from: &Audience) -> Result<()> {
        if matches!(from, Audience::Team(_) | Audience::Organisation(_)) {
            let rows =
                duplicate_index::withdrawn(self.app, &mut self.tx, task, from, self.now).await?;
            self.rows.extend(rows);
        }
        Ok(())
    }

    /// The same for somebody who left a team.
    pub async fn withdraw_index_of_team(&mut self, team: TeamId, person: UserId) -> Result<()> {
        let rows = duplicate_index::left(self.app, &mut self.tx, team, person, self.now).await?;
        self.rows.extend(rows);
        Ok(())
    }

    /// One key of an enterprise stands for another, or no longer does.
    pub async fn publish_alias(
        &mut self,
        alias: &Alias,
        audiences: impl IntoIterator<Item = Audience>,
    ) -> Result<()> {
        let record = EnterpriseAlias {
            from_key: alias.from_key.clone(),
            to_key: alias.to_key.clone(),
        };
        let stands = alias.undone_at_ms.is_none().then_some(&record);
        self.publish("enterprise_alias", alias.alias_id, audiences, stands)
            .await
    }

    /// An organisation with its suspensions, and those above it: phones rule UPPER and SUSPEND by them.
    pub async fn publish_organisations(
        &mut self,
        id: OrganisationId,
        audience: &Audience,
    ) -> Result<()> {
        let mut next = Some(id);
        for _ in 0..AUTHORITY_LEVELS {
            let Some(id) = next else { break };
            let Some(fact) = lookups::organisation_fact(&mut self.tx, id).await? else {
                break;
            };
            next = fact.parent_id;
            self.publish("organisation", id, [audience.clone()], Some(&fact))
                .await?;
        }
        Ok(())
    }

    /// A task with everything that a phone needs for it: what was published before the phone was concerned lies behind
    /// its cursor, so it comes again.
    pub async fn deliver_task(&mut self, task: &Task, audience: &Audience) -> Result<()> {
        self.publish_task(task, audience).await?;
        if let Some(campaign) = campaigns::find(&mut self.tx, task.campaign_id).await? {
            self.publish(
                "campaign",
                task.campaign_id,
                [audience.clone()],
                Some(&campaign),
            )
            .await?;
        }
        if let Some(id) = task.team_id
            && let Some(team) = teams::find(&mut self.tx, id).await?
        {
            self.publish("team", id, [audience.clone()], Some(&team))
                .await?;
        }
        self.publish_organisations(task.authority_id, audience)
            .await?;
        if let Some(body) = task.body_id {
            self.publish_organisations(body, audience).await?;
        }
        for enterprise in enterprises::list_of_task(&mut self.tx, task.task_id).await? {
            let id = enterprise.enterprise_id;
            self.publish("enterprise", id, [audience.clone()], Some(&enterprise))
                .await?;
        }
        for alias in enterprises::list_aliases_of_task(&mut self.tx, task.task_id).await? {
            self.publish_alias(&alias, [audience.clone()]).await?;
            if let Some(right) = enterprises::find_by_key(&mut self.tx, &alias.to_key).await? {
                let id = right.enterprise_id;
                self.publish("enterprise", id, [audience.clone()], Some(&right))
                    .await?;
            }
        }
        for rule in product_rules::list_of_product(&mut self.tx, &task.product_kind).await? {
            let id = rule.product_rule_id;
            self.publish("product_rule", id, [audience.clone()], Some(&rule))
                .await?;
        }
        let rows =
            duplicate_index::of_task(self.app, &mut self.tx, task.task_id, audience, self.now)
                .await?;
        self.rows.extend(rows);
        Ok(())
    }

    /// The visits with sheets of a task are ruled again.
    pub async fn rule_task_again(&mut self, id: TaskId) -> Result<()> {
        ruling::mark_dirty_for_task(&mut self.tx, id, self.now).await
    }

    /// Marks scopes to be ruled again, when the work ends: marks are taken after all locks and in one order, or an append
    /// that waits for one of them could hold what this work wants next (see `store/locks.rs`).
    pub fn mark(&mut self, scopes: impl IntoIterator<Item = ScopeKey>) {
        self.marked.extend(scopes);
    }

    /// Takes up what projecting documents again leads to: scopes to be ruled, and documents for other regions.
    pub fn place(&mut self, placed: Placed) {
        self.marked.extend(placed.marked);
        self.rows.extend(placed.shared);
    }

    /// Ends, and rules what was marked.
    pub async fn commit(self) -> Result<(), Problem> {
        let app = self.app;
        self.keep().await?;
        rule(app).await;
        Ok(())
    }

    /// Ends, for the first of several pieces of work: what was marked is ruled after the last of them. The feed's counter
    /// is taken last, so that it is held for a moment only.
    pub async fn keep(self) -> Result<(), Problem> {
        self.end(None).await
    }

    /// Ends, and leaves what was marked to the job: whoever changed the subject sees how far it is for a while, and need not
    /// wait for it.
    pub async fn leave(self, subject: &str) -> Result<(), Problem> {
        let app = self.app;
        self.end(Some(subject)).await?;
        app.ruling_wanted.notify_one();
        Ok(())
    }

    async fn end(mut self, left: Option<&str>) -> Result<(), Problem> {
        ruling::mark_dirty(&mut self.tx, &self.marked, self.now).await?;
        if let Some(subject) = left {
            let (id, user) = (self.app.new_uuid(), self.caller.user);
            imports::forget_rerulings(&mut self.tx, self.now - RERULING_SHOWN_MS).await?;
            imports::insert_reruling(&mut self.tx, id, user, subject, self.now).await?;
        }
        if !self.rows.is_empty() {
            feed::append(&mut self.tx, &self.rows, self.now).await?;
        }
        self.tx.commit().await?;
        Ok(())
    }
}

/// Rules what work has marked. The change is durable; what could not be ruled now stays marked, and the job rules it.
pub async fn rule(app: &App) {
    if let Err(problem) = ruling::rule_what_is_dirty(app).await {
        tracing::warn!(
            code = problem.code().as_str(),
            "marked scopes wait for the job"
        );
    }
}

/// A record as `sync_core::model` reads it: the server's own with the fields that phones name otherwise.
pub fn as_phones_read(kind: &str, mut record: serde_json::Value) -> serde_json::Value {
    match kind {
        "task" => {
            record["approved"] = (!record["approved_at_ms"].is_null()).into();
            record["ends_on"] = record["due_on"].clone();
        }
        "product_rule" => {
            record["rule_id"] = record["product_rule_id"].clone();
            record["version"] = record["version"].to_string().into();
            record["method"] = record["method"].as_str().unwrap_or_default().into();
        }
        "enterprise" => {
            record["address"] = record["address"].as_str().unwrap_or_default().into();
        }
        _ => {}
    }
    record
}
