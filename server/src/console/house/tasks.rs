//! `/console/tasks`: tasks (抽查任务); made, approved, assigned with what ENTRY1-PLAN says of it, and cancelled; which are late.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::limits::CONSOLE_CHOICES_MAX;
use sync_core::model::{
    CampaignId, EnterpriseId, OrganisationId, SamplingKind, TaskId, TeamId, normalise_text,
    shanghai_date,
};
use sync_core::proof::Role;

use super::{
    asking, campaigns_named, campaigns_of, given, name_in, named, organisations_named,
    organisations_of, parts, reading,
};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, Cell, Note, ROWS, Search, Sheet, chip, choices, code, day, form, hidden, link, maybe,
    needed, number, select, text, wanted, words_of,
};
use crate::console::when::written_day;
use crate::console::words::fill;
use crate::console::{on_to, regions, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::{Code, Problem};
use crate::services::reference::{Work, tasks};
use crate::store::reference::tasks::{self as stored, Clash, Task};
use crate::store::reference::{enterprises, teams};
use crate::wording;

const HERE: &str = "/console/tasks";
const NEW: &str = "/console/tasks/new";
/// Who plans.
pub const MAKERS: &[Role] = &[Role::Authority, Role::Admin];

fn kind(state: &str) -> &'static str {
    match state {
        "draft" => "warn",
        "cancelled" => "bad",
        "completed" | "results_reported" | "closed" => "good",
        _ => "calm",
    }
}

/// Asks for late tasks.
pub const LATE: &str = "late";

/// The day of Asia/Shanghai, ISO.
pub fn today(app: &App) -> String {
    shanghai_date(app.now()).to_string()
}

/// When a task is due, and that it is late.
fn due(desk: &Desk, due_on: Option<String>, late: bool) -> Cell {
    match (due_on, late) {
        (Some(of), true) => {
            let of = written_day(desk.language(), &of);
            chip("bad", fill(desk.w().due_on_late, "day", of))
        }
        (due_on, _) => day(desk.language(), due_on.as_deref()),
    }
}

/// `GET /console/tasks`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let sight = (&desk.principal).into();
    let today = today(&app);
    let late_alone = at.q == LATE;
    let rows = match late_alone {
        true => {
            let after = at.after.split_once('/').unwrap_or((&today, ""));
            stored::list_late(&mut db, &sight, &today, after, ROWS + 1).await?
        }
        false => stored::list_seen(&mut db, &sight, &at.after, ROWS + 1).await?,
    };
    let mut late = BTreeSet::new();
    for row in rows.iter().take(ROWS as usize) {
        if late_alone || tasks::is_late(&mut db, row, &today).await? {
            late.insert(row.task_id);
        }
    }
    let of = rows.iter().map(|row| row.campaign_id).collect();
    let campaigns = campaigns_named(&mut db, &desk, of).await?;
    let of = rows.iter().filter_map(|row| row.body_id).collect();
    let bodies = organisations_named(&mut db, &desk, of).await?;
    let (of_campaigns, of_bodies) = (named(&campaigns), named(&bodies));
    let heads = vec![
        w.number,
        w.product_name,
        w.campaign,
        w.body,
        w.quota,
        w.due_on,
        w.state,
    ];
    // A page of late ones ends at a day and an id.
    let id = |row: &Task| match (late_alone, &row.due_on) {
        (true, Some(due_on)) => format!("{due_on}/{}", row.task_id),
        _ => row.task_id.to_string(),
    };
    let (path, none) = match late_alone {
        true => (asking(HERE, "q", LATE), w.today_late_tasks_none),
        false => (HERE.to_owned(), w.tasks_none),
    };
    let page = Sheet::new(&desk, w.tasks).with_heads(heads, none);
    let mut page = page.with_rows(&path, rows, id, |row| {
        let body = row.body_id.map(|id| id.to_string()).unwrap_or_default();
        let words = wording::in_list("task_state", &row.state);
        vec![
            link(row.code, format!("{HERE}/{}", row.task_id)),
            text(row.product_name),
            name_in(&of_campaigns, row.campaign_id),
            name_in(&of_bodies, body),
            number(row.quota_batches),
            due(&desk, row.due_on, late.contains(&row.task_id)),
            chip(kind(&row.state), language.pick(words.zh, words.en)),
        ]
    });
    let which = [("", w.tasks), (LATE, w.tasks_late)];
    let which = which.map(|(value, text)| (value.to_owned(), text.to_owned()));
    page.search = Search {
        name: "q",
        label: w.tasks_which,
        choices: choices(which, &at.q),
        value: at.q,
    };
    if desk.principal.has_any(MAKERS) {
        let campaigns = campaigns_of(&mut db, &desk).await?;
        let fields = vec![
            select("campaign", w.campaign, choices(campaigns, "")),
            needed("code", w.number),
            needed("product_name", w.product_name),
            select(
                "sampling_kind",
                w.category,
                words_of::<SamplingKind>(language, "routine"),
            ),
            wanted("plan_no", w.plan_no),
            needed("quota_batches", w.quota)
                .as_input("number")
                .holding("1"),
            wanted("regions", w.region_codes),
            wanted("enterprises", w.target_enterprises).with_hint(w.target_hint),
            wanted("due_on", w.due_on).as_input("date"),
        ];
        page.offers(form(w.task_make, NEW, fields), Some("tasks"));
    }
    shown(&page)
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    campaign: CampaignId,
    code: String,
    product_name: String,
    sampling_kind: String,
    plan_no: String,
    quota_batches: i64,
    regions: String,
    enterprises: String,
    due_on: String,
}

/// `POST /console/tasks/new`.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let mut targets: Vec<EnterpriseId> = Vec::new();
    let mut work = Work::begin(&app, &desk.principal).await?;
    for typed in parts(&typed.enterprises) {
        // However it was typed: codes are written in capitals, and keyboards for Chinese make wide ones.
        let uscc = normalise_text(&typed).to_uppercase();
        let key = sync_core::model::EnterpriseKey(format!("uscc:{uscc}"));
        let found = enterprises::find_by_key(&mut work.tx, &key).await?;
        let found = found.ok_or_else(|| {
            Problem::value(
                "enterprises",
                format!("{uscc} is no enterprise that is listed"),
            )
        })?;
        targets.push(found.enterprise_id);
    }
    let new = tasks::NewTask {
        campaign: typed.campaign,
        code: typed.code,
        product_name: typed.product_name,
        sampling_kind: typed.sampling_kind,
        plan_no: given(&typed.plan_no),
        quota_batches: typed.quota_batches,
        regions: parts(&typed.regions),
        enterprises: targets,
        due_on: given(&typed.due_on),
    };
    let (task, _) = tasks::put(&mut work, new).await?;
    work.commit().await?;
    Ok(on_to(&format!("{HERE}/{}", task.task_id)))
}

/// `GET /console/tasks/{id}`.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<TaskId>,
) -> Result<Response, Problem> {
    shown(&page_of_task(&app, &desk, id).await?)
}

async fn page_of_task(app: &App, desk: &Desk, id: TaskId) -> Result<Sheet, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(app).await?;
    let sight = (&desk.principal).into();
    let task = stored::find_seen(&mut db, &sight, id).await?;
    let task = task.ok_or(Problem::new(Code::NotFound))?;
    let campaigns = campaigns_named(&mut db, desk, vec![task.campaign_id]).await?;
    let bodies = Some(OrganisationKind::InspectionBody);
    let bodies = organisations_of(&mut db, desk, bodies).await?;
    let teams =
        teams::list_seen_of_campaign(&mut db, &sight, task.campaign_id, CONSOLE_CHOICES_MAX)
            .await?;
    let late = tasks::is_late(&mut db, &task, &today(app)).await?;
    let campaign = task.campaign_id.to_string();
    let body = task.body_id.map(|id| id.to_string()).unwrap_or_default();
    let team = task.team_id.map(|id| id.to_string()).unwrap_or_default();
    let words = wording::in_list("task_state", &task.state);
    let kind_words = wording::in_list("sampling_kind", &task.sampling_kind);
    let mut page = Sheet::new(desk, format!("{} {}", task.code, task.product_name));
    page.facts = vec![
        (
            w.state.to_owned(),
            chip(kind(&task.state), language.pick(words.zh, words.en)),
        ),
        (
            w.campaign.to_owned(),
            text(*named(&campaigns).get(campaign.as_str()).unwrap_or(&"")),
        ),
        (
            w.category.to_owned(),
            text(language.pick(kind_words.zh, kind_words.en)),
        ),
        (
            w.body.to_owned(),
            text(*named(&bodies).get(body.as_str()).unwrap_or(&"")),
        ),
        (
            w.team.to_owned(),
            maybe(
                teams
                    .iter()
                    .find(|it| it.team_id.to_string() == team)
                    .map(|it| it.name.clone()),
            ),
        ),
        (w.plan_no.to_owned(), maybe(task.plan_no.clone())),
        (w.quota.to_owned(), number(task.quota_batches)),
        (w.due_on.to_owned(), due(desk, task.due_on.clone(), late)),
        (
            w.region_codes.to_owned(),
            text(regions::all_named(language, &task.regions)),
        ),
    ];
    page.heads = vec![w.target_enterprises, w.uscc, w.region_code];
    page.empty = w.targets_none;
    for id in &task.enterprises {
        if let Some(target) = enterprises::find(&mut db, *id).await? {
            page.rows.push(vec![
                link(target.name, format!("/console/enterprises/{id}")),
                maybe(target.uscc),
                text(regions::named(language, &target.region)),
            ]);
        }
    }
    if desk.principal.has_any(MAKERS) && task.cancelled_at_ms.is_none() {
        let here = format!("{HERE}/{id}");
        if task.approved_at_ms.is_none() {
            let mut approve = form(w.task_approve, format!("{here}/approval"), Vec::new());
            approve.open = true;
            page.forms.push(approve);
        } else {
            let of_campaign = teams.iter().map(|it| {
                let body = it.body_id.to_string();
                let body = *named(&bodies).get(body.as_str()).unwrap_or(&"");
                (it.team_id.to_string(), format!("{} ({body})", it.name))
            });
            let mut of_campaign: Vec<_> = of_campaign.collect();
            of_campaign.insert(0, (String::new(), w.team_none.to_owned()));
            let mut team_field = select("team", w.team, choices(of_campaign, &team));
            team_field.required = false;
            let fields = vec![
                select("body", w.body, choices(bodies.clone(), &body)),
                team_field,
                wanted("reason", w.reason).with_hint(w.reassign_hint),
            ];
            let mut assign = form(w.task_assign, format!("{here}/assignment"), fields);
            assign.submit = w.task_assign_check.to_owned();
            assign.open = task.body_id.is_none();
            page.forms.push(assign);
        }
        let reason = needed("reason", w.reason);
        let mut cancel = form(w.task_cancel, format!("{here}/cancellation"), vec![reason]);
        cancel.danger = true;
        page.forms.push(cancel);
    }
    Ok(page)
}

/// `POST /console/tasks/{id}/approval`.
pub async fn approve(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<TaskId>,
) -> Result<Response, Problem> {
    let mut work = Work::begin(&app, &desk.principal).await?;
    tasks::approve(&mut work, id).await?;
    work.commit().await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}

/// Who is to have a task.
#[derive(Debug, Deserialize)]
pub struct Assigned {
    body: OrganisationId,
    #[serde(default)]
    team: String,
    #[serde(default)]
    reason: String,
    /// What ENTRY1-PLAN says was shown.
    #[serde(default)]
    seen: bool,
}

/// `POST /console/tasks/{id}/assignment`: first shows what ENTRY1-PLAN says of it and writes nothing; where there is nothing to
/// say, or it was seen, assigns.
pub async fn assign(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<TaskId>,
    Form(typed): Form<Assigned>,
) -> Result<Response, Problem> {
    let team: Option<TeamId> = given(&typed.team)
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Problem::value("team", "is no team"))?;
    let mut work = Work::begin(&app, &desk.principal).await?;
    let reason = given(&typed.reason);
    let (_, clashes) = tasks::assign(&mut work, id, typed.body, team, reason).await?;
    if clashes.is_empty() || typed.seen {
        work.commit().await?;
        return Ok(on_to(&format!("{HERE}/{id}")));
    }
    drop(work);
    let w = desk.w();
    let mut page = page_of_task(&app, &desk, id).await?;
    let told = clash_rows(&app, &desk, &clashes).await?;
    page.notes = vec![Note {
        kind: "warn",
        text: w.plan_clash.to_owned(),
    }];
    let fields = vec![
        hidden("body", typed.body.to_string()),
        hidden("team", typed.team),
        hidden("reason", typed.reason),
        hidden("seen", "true"),
    ];
    let mut anyway = form(
        w.task_assign_anyway,
        format!("{HERE}/{id}/assignment"),
        fields,
    );
    (anyway.open, anyway.danger) = (true, true);
    page.tools = vec![link(w.back, format!("{HERE}/{id}"))];
    page.forms = vec![anyway];
    page.heads = vec![w.rule, w.enterprise_name, w.campaign, w.tasks];
    page.rows = told;
    shown(&page)
}

async fn clash_rows(app: &App, desk: &Desk, clashes: &[Clash]) -> Result<Vec<Vec<Cell>>, Problem> {
    let mut db = reading(app).await?;
    let of = clashes.iter().map(|clash| clash.campaign_id).collect();
    let campaigns = campaigns_named(&mut db, desk, of).await?;
    let of_campaigns = named(&campaigns);
    let sight = (&desk.principal).into();
    let mut rows = Vec::new();
    for clash in clashes {
        let enterprise = enterprises::find(&mut db, clash.enterprise_id).await?;
        let other = stored::find_seen(&mut db, &sight, clash.task_id).await?;
        let campaign = clash.campaign_id.to_string();
        rows.push(vec![
            code(&clash.rule_id),
            maybe(enterprise.map(|it| it.name)),
            text(*of_campaigns.get(campaign.as_str()).unwrap_or(&"")),
            match other {
                Some(task) => link(task.code, format!("{HERE}/{}", task.task_id)),
                None => text(desk.w().unknown),
            },
        ]);
    }
    Ok(rows)
}

/// Why a task is cancelled.
#[derive(Debug, Deserialize)]
pub struct Cancelled {
    reason: String,
}

/// `POST /console/tasks/{id}/cancellation`.
pub async fn cancel(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<TaskId>,
    Form(typed): Form<Cancelled>,
) -> Result<Response, Problem> {
    let mut work = Work::begin(&app, &desk.principal).await?;
    tasks::cancel(&mut work, id, &typed.reason).await?;
    work.commit().await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}
