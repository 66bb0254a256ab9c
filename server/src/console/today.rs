//! `/console`: today (今日), what waits for whoever is there, what is late, what came in. Each panel is a service's list with
//! the caller's scope; the page is read anew when the feed tells that something changed.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use sync_core::limits::{RERULING_SHOWN_MS, TODAY_ROWS};
use uuid::Uuid;

use super::adjudication::address as decided_at;
use super::desk::{Desk, Frame};
use super::dossier::view::millis;
use super::quarantine as all_aside;
use super::when::{Count, When, written_day};
use super::words::fill;
use super::{house, pages, review, shown};
use crate::access::operations::{CASE_OFFICES, CASE_PEOPLE};
use crate::access::role::word;
use crate::access::{OrganisationKind, Role};
use crate::app::App;
use crate::problem::Problem;
use crate::services::casework::queues::{self, Queue};
use crate::services::evidence::reviewing::{self, PieceView, Way};
use crate::services::imports::jobs;
use crate::services::reference::{rerulings, tasks};
use crate::services::visits::search::{self, Filter, Place};
use crate::services::{adjudication, quarantine};
use crate::wording;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    panels: Vec<Panel>,
}

/// One list of the page.
struct Panel {
    id: &'static str,
    title: &'static str,
    /// What is said where it is empty, and what to do next.
    empty: &'static str,
    rows: Vec<Row>,
    /// Where all of it is.
    more: String,
    /// How many there are, or as many as it was looked for, with a `+`.
    count: String,
    /// Whether what stands in it is late.
    late: bool,
    /// Nobody's daily work: it is on the page, and not seen while nothing stands in it, so that it comes on an open page.
    hidden: bool,
}

struct Row {
    href: String,
    name: String,
    detail: String,
    chips: Vec<(&'static str, String)>,
    when: Option<When>,
}

/// Who waits for bytes of evidence to come.
const SENDERS: [Role; 3] = [Role::Sampler, Role::InspectionBody, Role::Authority];

/// Who plans tasks, has them, and goes for them.
const TASKED: [Role; 4] = [
    Role::Sampler,
    Role::InspectionBody,
    Role::Authority,
    Role::Admin,
];
/// Who answers for pictures that a reviewer did not accept.
const ANSWERERS: [Role; 2] = [Role::Sampler, Role::InspectionBody];

/// Who imports, and changes what much leans on.
const PLANNERS: [Role; 2] = [Role::Authority, Role::Admin];
/// Who decides on evidence, in an authority.
const REVIEWERS: [Role; 2] = [Role::Authority, Role::Admin];

/// `GET /console`.
pub async fn show(State(app): State<App>, desk: Desk) -> Result<Response, Problem> {
    let w = desk.w();
    let me = &desk.principal;
    let (mut panels, under_way) = work(&app, &desk).await?;
    if me.has_any(&TASKED) {
        panels.push(late_tasks(&app, &desk).await?);
    }
    if CASE_OFFICES.admits(me) {
        let queues = [
            (
                Queue::Overdue,
                "late",
                w.today_late,
                w.today_late_none,
                true,
            ),
            (
                Queue::Waiting,
                "waiting",
                w.today_waiting,
                w.today_waiting_none,
                false,
            ),
            (
                Queue::ToDecide,
                "decide",
                w.today_decide,
                w.today_decide_none,
                false,
            ),
            (
                Queue::ToHandOver,
                "hand-over",
                w.today_hand_over,
                w.today_hand_over_none,
                false,
            ),
            (
                Queue::ToDispose,
                "dispose",
                w.today_dispose,
                w.today_dispose_none,
                false,
            ),
            (Queue::Mine, "mine", w.today_mine, w.today_mine_none, false),
        ];
        for (queue, id, title, empty, late) in queues {
            let found = queues::list(&app, me, queue, None, None, TODAY_ROWS + 1).await?;
            let rows = found.rows.into_iter();
            let rows = rows.map(|(_, case)| case_row(&desk, &serde_json::json!(case)));
            let rows: Vec<Row> = rows.collect();
            // What is late also waits: a queue that is not everybody's daily work is shown where it holds something.
            let daily = match CASE_PEOPLE.admits(me) {
                true => matches!(queue, Queue::Overdue | Queue::Waiting),
                false => queue == Queue::ToDispose,
            };
            let mut shown = panel((id, title, empty), rows, "", late);
            shown.more = format!("/console/cases?queue={}", word(&queue));
            shown.hidden = !daily && shown.rows.is_empty();
            panels.push(shown);
        }
    }
    if me.has(Role::Authority) {
        let to_settle = [
            (
                "entry",
                "contested",
                w.today_contested,
                w.today_contested_none,
            ),
            ("sample", "unruled", w.today_unruled, w.today_unruled_none),
        ];
        for (kind, id, title, empty) in to_settle {
            let found = adjudication::list(&app, me, kind, None, TODAY_ROWS + 1).await?;
            let rows = found.into_iter().map(|((at, ..), open)| Row {
                href: decided_at(&open.subject),
                name: open.enterprise_name.unwrap_or(open.enterprise),
                detail: String::new(),
                chips: vec![(
                    "warn",
                    desk.language()
                        .pick(open.outcome_words.zh, open.outcome_words.en)
                        .to_owned(),
                )],
                when: Some(When::at(desk.language(), at)),
            });
            let mut shown = panel((id, title, empty), rows.collect(), "", false);
            shown.more = "/console/adjudication".to_owned();
            panels.push(shown);
        }
    }
    if all_aside::WHO.admits(me) {
        let aside = quarantine::list(&app, me, &Uuid::max().to_string(), TODAY_ROWS + 1).await?;
        let mut db = app.store.read().await?;
        let named = all_aside::enterprises(&mut db, me, &aside).await?;
        drop(db);
        let rows = aside.into_iter().filter(|it| !it.admitted).map(|it| Row {
            href: format!("/console/visits/{}#aside", it.document_id),
            name: match named.get(&it.document_id) {
                Some(name) => name.clone(),
                None => w.visit.to_owned(),
            },
            detail: desk.language().pick(&it.zh, &it.en).to_owned(),
            chips: Vec::new(),
            when: millis(&it.received_at).map(|at| When::at(desk.language(), at)),
        });
        let rows = rows.collect();
        let titled = ("aside", w.today_aside, w.today_aside_none);
        let mut shown = panel(titled, rows, "", false);
        shown.more = all_aside::HERE.to_owned();
        // Others than the authority look on.
        shown.hidden = !me.has(Role::Authority) && shown.rows.is_empty();
        panels.push(shown);
    }
    if me.has_any(&REVIEWERS) && me.organisation_kind == OrganisationKind::Authority {
        let waiting = reviewing::Filter {
            state: "waiting".to_owned(),
            ..reviewing::Filter::default()
        };
        let found = reviewing::list(&app, me, &waiting, None, Way::Onward, TODAY_ROWS + 1).await?;
        let rows = found.into_iter().map(|(_, piece)| piece_row(&desk, piece));
        let named = ("review", w.today_review, w.today_review_none);
        let mut shown = panel(named, rows.collect(), "", false);
        shown.more = "/console/review".to_owned();
        panels.push(shown);
    }
    if me.has_any(&ANSWERERS) {
        panels.extend(to_answer(&app, &desk).await?);
    }
    if me.has_any(&SENDERS) {
        let missing = Filter {
            evidence: Some("missing".to_owned()),
            ..Filter::default()
        };
        // What there is to do stands there: whose phone has what is not here.
        let rows = visits(&app, &desk, &missing, "#evidence").await?;
        let named = ("missing", w.today_missing, w.today_missing_none);
        panels.push(panel(named, rows, "evidence=missing", false));
    }
    let rows = visits(&app, &desk, &Filter::default(), "").await?;
    let came = ("came", w.today_came, w.today_came_none);
    panels.push(panel(came, rows, "state=", false));
    let frame = match me.has_any(&PLANNERS) {
        true => desk.work_frame(w.today, under_way),
        false => desk.live_frame(w.today),
    };
    shown(&TodayPage { frame, panels })
}

/// Tasks whose day is past and whose batches are not all sampled.
async fn late_tasks(app: &App, desk: &Desk) -> Result<Panel, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = app.store.read().await?;
    let sight = (&desk.principal).into();
    let today = house::tasks::today(app);
    let (late, all) = tasks::late(&mut db, &sight, &today, TODAY_ROWS).await?;
    let rows = late.into_iter().map(|task| {
        let state = wording::in_list("task_state", &task.state);
        let state = language.pick(state.zh, state.en).to_owned();
        Row {
            href: format!("/console/tasks/{}", task.task_id),
            name: format!("{} {}", task.code, task.product_name),
            detail: fill(
                w.due_by,
                "at",
                written_day(language, task.due_on.as_deref().unwrap_or_default()),
            ),
            chips: vec![("calm", state), ("bad", w.overdue.to_owned())],
            when: None,
        }
    });
    let named = ("late-tasks", w.today_late_tasks, w.today_late_tasks_none);
    let mut shown = panel(named, rows.collect(), "", true);
    shown.count = Count(all).to_string();
    shown.more = format!("/console/tasks?q={}", house::tasks::LATE);
    Ok(shown)
}

/// Pictures of theirs that a reviewer questioned or rejected, and that nobody answered for.
async fn to_answer(app: &App, desk: &Desk) -> Result<Vec<Panel>, Problem> {
    let (w, me) = (desk.w(), &desk.principal);
    let mut panels = Vec::new();
    for (state, title, empty) in [
        ("questioned", w.today_questioned, w.today_questioned_none),
        ("rejected", w.today_rejected, w.today_rejected_none),
    ] {
        let filter = reviewing::Filter {
            state: state.to_owned(),
            ..reviewing::Filter::default()
        };
        let found = reviewing::list(app, me, &filter, None, Way::Onward, TODAY_ROWS + 1).await?;
        let rows = found.into_iter().map(|(_, piece)| piece_row(desk, piece));
        let mut shown = panel((state, title, empty), rows.collect(), "", false);
        if pages::may_open_at("/console/review", me) {
            shown.more = format!("/console/review?state={state}");
        }
        panels.push(shown);
    }
    Ok(panels)
}

/// A piece of evidence, leading to its page, or to its place in the dossier for whoever does not open that.
fn piece_row(desk: &Desk, piece: PieceView) -> Row {
    let language = desk.language();
    let (visit, id, state) = (piece.visit_id, &piece.evidence_id, &piece.state);
    let words = language.pick(piece.state_words.zh, piece.state_words.en);
    let chip = match state.as_str() {
        "rejected" => "bad",
        "questioned" => "warn",
        _ => "calm",
    };
    // Those that wait are one list, whether they were answered or not looked at.
    let going = match chip {
        "calm" => "waiting",
        _ => state,
    };
    Row {
        href: match pages::may_open_at("/console/review/{document}/{evidence}", &desk.principal) {
            true => format!("/console/review/{visit}/{id}?state={going}"),
            false => format!("/console/visits/{visit}#evidence"),
        },
        name: piece.enterprise_name.unwrap_or(piece.enterprise),
        detail: review::kind(language, &piece.kind),
        chips: vec![(chip, words.to_owned())],
        when: None,
    }
}

/// Long work of whoever sits there, and whether some of it goes on: imports of the last day, and what a change of theirs
/// left to be ruled again.
async fn work(app: &App, desk: &Desk) -> Result<(Vec<Panel>, bool), Problem> {
    let (w, me) = (desk.w(), &desk.principal);
    if !me.has_any(&PLANNERS) {
        return Ok((Vec::new(), false));
    }
    let since = app.now() - RERULING_SHOWN_MS;
    let mut rows = Vec::new();
    let mut goes_on = false;
    let again = rerulings::find(app, me).await?;
    for again in again.into_iter().filter(|it| it.scopes > 0) {
        goes_on |= again.goes_on();
        rows.push(Row {
            href: house::rerule_address(&again.subject),
            name: house::rerule_title(app, desk, &again.subject).await?,
            detail: house::rerule_words(desk, &again),
            chips: vec![state_of_work(desk, again.goes_on(), "good")],
            when: Some(When::at(desk.language(), again.made_at)),
        });
    }
    for row in jobs::list(app, me, None, since, TODAY_ROWS).await? {
        let named = house::imports::named(desk, &row)?;
        goes_on |= named.open;
        rows.push(Row {
            href: named.href,
            name: house::imports::title(w, &row.kind),
            detail: named.told,
            chips: vec![state_of_work(desk, named.open, named.kind)],
            when: Some(named.when),
        });
    }
    let mut shown = panel(("work", w.today_work, ""), rows, "", false);
    shown.hidden = shown.rows.is_empty();
    Ok((vec![shown], goes_on))
}

fn state_of_work(desk: &Desk, goes_on: bool, ended: &'static str) -> (&'static str, String) {
    let w = desk.w();
    match goes_on {
        true => ("calm", w.work_goes_on.to_owned()),
        false => (ended, w.work_ended.to_owned()),
    }
}

fn panel(
    (id, title, empty): (&'static str, &'static str, &'static str),
    mut rows: Vec<Row>,
    query: &str,
    late: bool,
) -> Panel {
    let most = usize::try_from(TODAY_ROWS).unwrap_or(usize::MAX);
    let cut = if rows.len() > most { "+" } else { "" };
    rows.truncate(most);
    let searched = !query.is_empty() && pages::find("/console/visits").is_some();
    Panel {
        id,
        title,
        empty,
        more: match searched {
            true => format!("/console/visits?{query}"),
            false => String::new(),
        },
        count: format!("{}{cut}", rows.len()),
        late: late && !rows.is_empty(),
        hidden: false,
        rows,
    }
}

fn case_row(desk: &Desk, case: &Value) -> Row {
    let language = desk.language();
    let w = desk.w();
    let text = |field: &str| case[field].as_str().unwrap_or_default();
    let words = |field: &str| {
        let words = &case[field];
        words[language.pick("zh", "en")]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let due = millis(text("due_at")).map(|at| When::at(language, at));
    let mut chips = vec![
        ("calm", words("kind_words")),
        ("warn", words("state_words")),
    ];
    if case["overdue"] == true {
        chips.push(("bad", w.overdue.to_owned()));
    }
    Row {
        href: format!("/console/cases/{}", text("case_id")),
        name: match text("enterprise_name") {
            "" => text("enterprise").to_owned(),
            name => name.to_owned(),
        },
        detail: due.map_or_else(String::new, |due| fill(w.due_by, "at", due.text)),
        chips,
        when: millis(text("since")).map(|at| When::at(language, at)),
    }
}

/// Visits, each leading to a part of its dossier.
async fn visits(app: &App, desk: &Desk, filter: &Filter, part: &str) -> Result<Vec<Row>, Problem> {
    let found = search::list(
        app,
        &desk.principal,
        &Place::first(),
        filter,
        TODAY_ROWS + 1,
    )
    .await?;
    let views = search::views(app, found).await?;
    let language = desk.language();
    let word = |list: &str, word: &str| {
        let words = wording::in_list(list, word);
        language.pick(words.zh, words.en).to_owned()
    };
    let rows = views.into_iter().map(|view| {
        let evidence = &view.evidence;
        Row {
            href: format!("/console/visits/{}{part}", view.visit_id),
            name: view
                .enterprise_name
                .clone()
                .unwrap_or(view.enterprise.clone()),
            detail: language.pick(&evidence.zh, &evidence.en).to_owned(),
            chips: vec![("calm", word("visit_state", &view.state))],
            when: millis(&view.changed_at).map(|at| When::at(language, at)),
        }
    });
    Ok(rows.collect())
}
