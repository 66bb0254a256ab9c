//! `/console/enterprises`: enterprises; looked for, made, corrected, and given another key, with what that rules again shown
//! before anything is written.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::{EnterpriseId, EnterpriseKey};

use super::{asking, given, parts, reading, rerules};
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, Field, FormView, Note, ROWS, Search, Sheet, chip, code, form, hidden, link, maybe, needed,
    text, time, wanted,
};
use crate::console::words::fill;
use crate::console::{on_to, regions, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::{Code, Problem};
use crate::services::reference::enterprises::{self, Again};
use crate::services::reference::{Work, rerulings};
use crate::store::reference::enterprises::{self as stored, Enterprise};

const HERE: &str = "/console/enterprises";
const NEW: &str = "/console/enterprises/new";

/// `GET /console/enterprises`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let w = desk.w();
    let mut db = reading(&app).await?;
    let sight = (&desk.principal).into();
    let q = at.q.trim();
    let rows = stored::list_seen(&mut db, &sight, &at.after, q, ROWS + 1).await?;
    let path = asking(HERE, "q", q);
    let id = |row: &Enterprise| row.enterprise_id.to_string();
    let heads = vec![w.enterprise_name, w.uscc, w.region_code, w.address];
    let empty = match q.is_empty() {
        true => w.enterprises_none,
        false => w.enterprises_none_found,
    };
    let page = Sheet::new(&desk, w.enterprises).with_heads(heads, empty);
    let mut page = page.with_rows(&path, rows, id, |row| {
        vec![
            link(row.name, format!("{HERE}/{}", row.enterprise_id)),
            maybe(row.uscc),
            text(regions::named(desk.language(), &row.region)),
            maybe(row.address),
        ]
    });
    page.search = Search {
        name: "q",
        label: w.enterprises_search,
        value: q.to_owned(),
        choices: Vec::new(),
    };
    if desk.principal.has_any(super::tasks::MAKERS) {
        let fields = vec![
            needed("name", w.enterprise_name),
            wanted("uscc", w.uscc),
            needed("region", w.region_code),
            wanted("address", w.address),
            wanted("legal_representative", w.legal_representative),
            wanted("sites", w.sites),
        ];
        page.offers(form(w.enterprise_make, NEW, fields), Some("enterprises"));
    }
    shown(&page)
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    name: String,
    #[serde(default)]
    uscc: String,
    region: String,
    address: String,
    legal_representative: String,
    #[serde(default)]
    sites: String,
    /// What is ruled again was shown.
    #[serde(default)]
    seen: bool,
}

/// `POST /console/enterprises/new`: makes one, or corrects the one with that code. What that rules again is shown first, and
/// nothing is written then.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let new = enterprises::NewEnterprise {
        uscc: given(&typed.uscc),
        name: typed.name.clone(),
        address: given(&typed.address),
        region: typed.region.trim().to_owned(),
        legal_representative: given(&typed.legal_representative),
        sites: parts(&typed.sites),
    };
    let mut work = Work::begin(&app, &desk.principal).await?;
    let (row, _, again) = enterprises::put(&mut work, new).await?;
    if again == Again::default() {
        work.commit().await?;
        return Ok(on_to(&format!("{HERE}/{}", row.enterprise_id)));
    }
    if typed.seen {
        return left(&app, &desk, work, row.enterprise_id).await;
    }
    drop(work);
    let w = desk.w();
    let mut db = reading(&app).await?;
    let was = stored::find_seen(&mut db, &(&desk.principal).into(), row.enterprise_id).await?;
    let mut page = match &was {
        Some(was) => {
            let mut page = Sheet::new(&desk, was.name.clone());
            let back = format!("{HERE}/{}", was.enterprise_id);
            page.tools.push(link(w.back, back));
            page
        }
        None => Sheet::new(&desk, row.name.clone()),
    };
    page.notes = vec![ruled_again(&desk, again)];
    let told = |now: Option<&str>, was: Option<Option<&str>>| match (now, was) {
        (now, Some(was)) if now != was => {
            let now = fill(w.was, "now", now.unwrap_or("–"));
            text(fill(&now, "was", was.unwrap_or("–")))
        }
        (now, _) => maybe(now.map(str::to_owned)),
    };
    let before = was.as_ref();
    page.facts = vec![
        (
            w.enterprise_name.to_owned(),
            told(Some(&row.name), before.map(|it| Some(it.name.as_str()))),
        ),
        (w.uscc.to_owned(), maybe(row.uscc.clone())),
        (
            w.region_code.to_owned(),
            told(
                Some(&regions::named(desk.language(), &row.region)),
                before
                    .map(|it| regions::named(desk.language(), &it.region))
                    .as_deref()
                    .map(Some),
            ),
        ),
        (
            w.address.to_owned(),
            told(
                row.address.as_deref(),
                before.map(|it| it.address.as_deref()),
            ),
        ),
        (
            w.legal_representative.to_owned(),
            told(
                row.legal_representative.as_deref(),
                before.map(|it| it.legal_representative.as_deref()),
            ),
        ),
    ];
    let title = match was {
        Some(_) => w.enterprise_correct,
        None => w.enterprise_make,
    };
    let fields = vec![
        hidden("name", typed.name),
        hidden("uscc", typed.uscc),
        hidden("region", typed.region),
        hidden("address", typed.address),
        hidden("legal_representative", typed.legal_representative),
        hidden("sites", typed.sites),
        hidden("seen", "true"),
    ];
    page.forms = vec![confirming(title, NEW.to_owned(), fields)];
    shown(&page)
}

/// The page of an enterprise with one thing to answer, the way back, and nothing else to do.
async fn asks(app: &App, desk: &Desk, id: EnterpriseId, asked: FormView) -> Result<Sheet, Problem> {
    let mut page = page_of_enterprise(app, desk, id).await?;
    // It answers a form, and is read anew by nobody: its address may be one that nothing is read from.
    page.frame = desk.frame(page.frame.title);
    page.progress = None;
    page.tools = vec![link(desk.w().back, format!("{HERE}/{id}"))];
    page.forms = vec![asked];
    page.heads = Vec::new();
    Ok(page)
}

/// What would be ruled again, before anything is written.
fn ruled_again(desk: &Desk, again: Again) -> Note {
    let told = fill(desk.w().enterprise_again, "visits", again.visits);
    let told = fill(&told, "doors", again.doors);
    Note {
        kind: "warn",
        text: fill(&told, "priors", again.prior_samplings),
    }
}

/// What is sent once that was seen.
fn confirming(title: &str, action: String, fields: Vec<Field>) -> FormView {
    let mut confirming = form(title, action, fields);
    (confirming.open, confirming.danger) = (true, true);
    confirming
}

/// `GET /console/enterprises/{id}`.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<EnterpriseId>,
) -> Result<Response, Problem> {
    shown(&page_of_enterprise(&app, &desk, id).await?)
}

async fn page_of_enterprise(app: &App, desk: &Desk, id: EnterpriseId) -> Result<Sheet, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(app).await?;
    let sight = (&desk.principal).into();
    let row = stored::find_seen(&mut db, &sight, id).await?;
    let row = row.ok_or(Problem::new(Code::NotFound))?;
    let mut page = Sheet::new(desk, row.name.clone());
    page.progress = rerules(app, desk, &format!("enterprise:{id}")).await?;
    if page.progress.as_ref().is_some_and(|it| it.goes_on) {
        page.frame = desk.work_frame(row.name.clone(), true);
    }
    let visits = asking("/console/visits", "enterprise", &row.key.0);
    page.tools.push(link(w.visits, visits));
    page.facts = vec![
        (w.uscc.to_owned(), maybe(row.uscc.clone())),
        (w.enterprise_key.to_owned(), code(row.key.0.clone())),
        (
            w.region_code.to_owned(),
            text(regions::named(language, &row.region)),
        ),
        (w.address.to_owned(), maybe(row.address.clone())),
        (
            w.legal_representative.to_owned(),
            maybe(row.legal_representative.clone()),
        ),
        (w.sites.to_owned(), text(row.sites.join("、"))),
    ];
    page.heads = vec![w.alias_from, w.reason, w.since, w.state, w.alias_undo];
    page.empty = w.aliases_none;
    let makes = desk.principal.has_any(super::tasks::MAKERS);
    for alias in stored::list_aliases(&mut db, &row.key).await? {
        page.rows.push(vec![
            code(alias.from_key.0),
            text(alias.reason),
            time(language, Some(alias.created_at_ms)),
            match alias.undone_at_ms {
                None => chip("good", w.alias_stands),
                Some(_) => chip("calm", w.alias_undone),
            },
            match (makes, alias.undone_at_ms) {
                (true, None) => link(
                    w.alias_undo,
                    format!("{HERE}/{id}/aliases/{}", alias.alias_id),
                ),
                _ => text(""),
            },
        ]);
    }
    if makes {
        let key = needed("from_key", w.alias_from).with_hint(w.alias_hint);
        let fields = vec![key, needed("reason", w.reason)];
        let mut alias = form(w.alias_make, format!("{HERE}/{id}/aliases"), fields);
        alias.submit = w.preview.to_owned();
        page.forms.push(alias);
        let mut fields = vec![
            needed("name", w.enterprise_name).holding(&row.name),
            hidden("uscc", row.uscc.unwrap_or_default()),
            needed("region", w.region_code).holding(&row.region),
            wanted("address", w.address).holding(row.address.unwrap_or_default()),
            wanted("legal_representative", w.legal_representative)
                .holding(row.legal_representative.unwrap_or_default()),
            hidden("sites", row.sites.join(",")),
        ];
        // Without a code an enterprise is known by its name and region: those are not corrected here, but by an alias.
        if !row.key.0.starts_with("uscc:") {
            for field in &mut fields {
                if matches!(field.name, "name" | "region") {
                    field.input = "hidden";
                }
            }
        }
        let mut correct = form(w.enterprise_correct, NEW, fields);
        correct.submit = w.preview.to_owned();
        page.forms.push(correct);
    }
    Ok(page)
}

/// Which key is to stand for an enterprise.
#[derive(Debug, Deserialize)]
pub struct Aliased {
    from_key: String,
    reason: String,
    /// What is ruled again was shown.
    #[serde(default)]
    seen: bool,
}

/// `POST /console/enterprises/{id}/aliases`: first shows what it would rule again and writes nothing.
pub async fn alias(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<EnterpriseId>,
    Form(typed): Form<Aliased>,
) -> Result<Response, Problem> {
    let from = given(&typed.from_key).unwrap_or_default();
    // People type the code alone.
    let from = match from.contains(':') {
        true => from,
        false => format!("uscc:{}", from.to_ascii_uppercase()),
    };
    let mut work = Work::begin(&app, &desk.principal).await?;
    let key = EnterpriseKey(from.clone());
    let (_, again) = enterprises::alias(&mut work, id, key, &typed.reason).await?;
    if typed.seen {
        return left(&app, &desk, work, id).await;
    }
    drop(work);
    let w = desk.w();
    let fields = vec![
        hidden("from_key", from.clone()),
        hidden("reason", typed.reason),
        hidden("seen", "true"),
    ];
    let action = format!("{HERE}/{id}/aliases");
    let mut page = asks(&app, &desk, id, confirming(w.alias_make, action, fields)).await?;
    page.notes = vec![ruled_again(&desk, again)];
    page.facts.push((w.alias_from.to_owned(), code(from)));
    shown(&page)
}

/// `GET /console/enterprises/{id}/aliases/{alias}`: asks why before an alias is undone.
pub async fn ask_undo(
    State(app): State<App>,
    desk: Desk,
    Path((id, alias)): Path<(EnterpriseId, uuid::Uuid)>,
) -> Result<Response, Problem> {
    let w = desk.w();
    let reason = needed("reason", w.reason);
    let action = format!("{HERE}/{id}/aliases/{alias}");
    let mut undo = form(w.alias_undo, action, vec![reason]);
    undo.submit = w.preview.to_owned();
    undo.open = true;
    shown(&asks(&app, &desk, id, undo).await?)
}

/// Why an alias is undone.
#[derive(Debug, Deserialize)]
pub struct Undone {
    reason: String,
    /// What is ruled again was shown.
    #[serde(default)]
    seen: bool,
}

/// `POST /console/enterprises/{id}/aliases/{alias}`: first shows what it would rule again and writes nothing.
pub async fn undo(
    State(app): State<App>,
    desk: Desk,
    Path((id, alias)): Path<(EnterpriseId, uuid::Uuid)>,
    Form(typed): Form<Undone>,
) -> Result<Response, Problem> {
    let w = desk.w();
    let mut work = Work::begin(&app, &desk.principal).await?;
    let (_, again) = enterprises::undo(&mut work, alias, &typed.reason).await?;
    if typed.seen {
        return left(&app, &desk, work, id).await;
    }
    drop(work);
    let fields = vec![hidden("reason", typed.reason), hidden("seen", "true")];
    let action = format!("{HERE}/{id}/aliases/{alias}");
    let mut page = asks(&app, &desk, id, confirming(w.alias_undo, action, fields)).await?;
    page.notes = vec![ruled_again(&desk, again)];
    shown(&page)
}

/// Ends work that may touch many visits: its page shows how far they are ruled again, and nobody has to wait there.
async fn left(
    app: &App,
    desk: &Desk,
    work: Work<'_>,
    id: EnterpriseId,
) -> Result<Response, Problem> {
    work.leave(&format!("enterprise:{id}")).await?;
    rerulings::await_a_moment(app, &desk.principal).await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}
