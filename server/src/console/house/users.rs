//! `/console/users`: people, their roles and regions; made, changed, switched off and on, given a new password, and their
//! phones enrolled.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::{OrganisationId, UserId};
use sync_core::proof::Role;
use sync_core::wording::Worded as _;

use super::{given, name_in, named, organisations_named, organisations_of, parts, reading};
use crate::access::OrganisationKind;
use crate::access::role::word;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, Cell, Choice, FormView, ROWS, Sheet, checks, chip, choices, code, form, hidden, kept, link,
    needed, select, text, time, wanted, words_of,
};
use crate::console::words::Words;
use crate::console::{on_to, regions, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::Problem;
use crate::services::people::{self, Change, NewUser, Person};
use crate::services::wanted::Wanted;
use crate::store::access::organisations;

const HERE: &str = "/console/users";
const NEW: &str = "/console/users/new";
/// Who makes people and phones.
pub const MAKERS: &[Role] = &[Role::Admin];

fn roles_of(desk: &Desk, person: &Person) -> String {
    let language = desk.language();
    let words = person.row.roles.iter().map(|role| {
        let words = role.words();
        language.pick(words.zh, words.en)
    });
    Vec::from_iter(words).join(language.pick("、", ", "))
}

/// Whether somebody may log in.
fn activity(w: &Words, active: bool) -> Cell {
    match active {
        true => chip("good", w.user_active),
        false => chip("bad", w.user_off),
    }
}

/// `GET /console/users`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let rows = people::list(&app, &desk.principal, &at.after, ROWS + 1).await?;
    let mut db = reading(&app).await?;
    let of = rows.iter().map(|it| it.row.organisation).collect();
    let known = organisations_named(&mut db, &desk, of).await?;
    let names = named(&known);
    let heads = vec![
        w.name,
        w.username,
        w.organisation,
        w.roles,
        w.region_code,
        w.state,
    ];
    let id = |it: &Person| it.row.user.to_string();
    let page = Sheet::new(&desk, w.users).with_heads(heads, w.users_none);
    let mut page = page.with_rows(HERE, rows, id, |it| {
        vec![
            link(&it.row.display_name, format!("{HERE}/{}", it.row.user)),
            code(&it.row.username),
            name_in(&names, it.row.organisation),
            text(roles_of(&desk, &it)),
            text(regions::all_named(language, &it.regions)),
            activity(w, it.row.active),
        ]
    });
    if desk.principal.has_any(MAKERS) {
        let organisations = organisations_of(&mut db, &desk, None).await?;
        let fields = vec![
            needed("display_name", w.setup_display_name),
            needed("username", w.username),
            needed("password", w.password)
                .as_input("password")
                .with_hint(w.setup_password_hint),
            select("organisation", w.organisation, choices(organisations, "")),
            checks("roles", w.roles, words_of::<Role>(language, "")),
            wanted("regions", w.region_codes).with_hint(w.regions_hint),
            wanted("certificate_no", w.certificate_no),
        ];
        page.offers(form(w.user_make, NEW, fields), None);
    }
    shown(&page)
}

fn role_of(word: &str) -> Result<Role, Problem> {
    serde_json::from_value(word.into()).map_err(|_| Problem::value("roles", "is no role"))
}

/// `POST /console/users/new`: roles may be sent several times.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let field = |name: &str| {
        let found = typed.iter().find(|(of, _)| of == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let organisation: OrganisationId = field("organisation")
        .parse()
        .map_err(|_| Problem::value("organisation", "is no organisation"))?;
    let roles = typed.iter().filter(|(name, _)| name == "roles");
    let roles = roles.map(|(_, word)| role_of(word));
    let new = NewUser {
        organisation,
        username: field("username").to_owned(),
        display_name: field("display_name").to_owned(),
        roles: roles.collect::<Result<_, _>>()?,
        regions: parts(field("regions")),
        certificate_no: given(field("certificate_no")),
        password: field("password").to_owned(),
    };
    let person = people::create(&app, &desk.principal, new).await?;
    Ok(on_to(&format!("{HERE}/{}", person.row.user)))
}

/// Roles and regions as they are, to be changed.
fn assignment(desk: &Desk, person: &Person, kind: OrganisationKind) -> FormView {
    let (w, language) = (desk.w(), desk.language());
    let (roles, regions) = (&person.row.roles, &person.regions);
    let fitting = people::roles_of(kind).iter().map(|role| Choice {
        value: word(role),
        text: language.pick(role.words().zh, role.words().en).to_owned(),
        chosen: roles.contains(role),
    });
    let standing = Vec::from_iter(roles.iter().map(word));
    let mut fields = vec![
        kept("shown_roles", standing.join(" ")),
        checks("roles", w.roles, fitting.collect()).with_hint(w.user_roles_hint),
    ];
    let mut title = w.user_roles_new;
    if kind == OrganisationKind::Authority {
        title = w.user_roles_and_regions_new;
        let typed = needed("regions", w.region_codes).holding(regions.join(", "));
        fields.push(kept("shown_regions", regions.join(" ")));
        fields.push(typed.with_hint(w.user_regions_hint));
    }
    let action = format!("{HERE}/{}/roles", person.row.user);
    form(title, action, fields)
}

/// `GET /console/users/{id}`.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<UserId>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let person = people::get(&app, &desk.principal, id).await?;
    let mut page = Sheet::new(&desk, person.row.display_name.clone());
    let mut db = reading(&app).await?;
    let known = organisations_named(&mut db, &desk, vec![person.row.organisation]).await?;
    page.facts = vec![
        (w.username.to_owned(), code(&person.row.username)),
        (
            w.organisation.to_owned(),
            name_in(&named(&known), person.row.organisation),
        ),
        (w.roles.to_owned(), text(roles_of(&desk, &person))),
        (
            w.region_codes.to_owned(),
            text(regions::all_named(language, &person.regions)),
        ),
        (
            w.certificate_no.to_owned(),
            text(person.row.certificate_no.clone().unwrap_or_default()),
        ),
        (w.state.to_owned(), activity(w, person.row.active)),
        (
            w.since.to_owned(),
            time(language, Some(person.row.created_at)),
        ),
    ];
    if desk.principal.has_any(MAKERS) {
        let here = format!("{HERE}/{id}/change");
        let mut enrol = form(
            w.device_enrol,
            "/console/devices/enrolment",
            vec![hidden("user", id.to_string())],
        );
        enrol.open = true;
        page.forms.push(enrol);
        let organisation = organisations::find(&mut db, person.row.organisation).await?;
        let within = people::check_within(&desk.principal, &person).is_ok();
        if let Some(organisation) = organisation.filter(|_| within) {
            page.forms
                .push(assignment(&desk, &person, organisation.kind));
        }
        let password = needed("password", w.password)
            .as_input("password")
            .with_hint(w.setup_password_hint);
        // Keepers of passwords ask whose it is.
        let whose = hidden("username", &person.row.username).as_input("username");
        page.forms
            .push(form(w.password_new, &here, vec![whose, password]));
        if person.row.roles.contains(&Role::Enforcement) {
            let number = person.row.certificate_no.clone().unwrap_or_default();
            let number = wanted("certificate_no", w.certificate_no).holding(number);
            page.forms
                .push(form(w.certificate_no_new, &here, vec![number]));
        }
        let (title, active) = match person.row.active {
            true => (w.user_switch_off, "false"),
            false => (w.user_switch_on, "true"),
        };
        let mut switch = form(title, &here, vec![hidden("active", active)]);
        switch.danger = person.row.active;
        page.forms.push(switch);
    }
    shown(&page)
}

/// What is to be changed: one of them.
#[derive(Debug, Deserialize)]
pub struct Changed {
    active: Option<bool>,
    password: Option<String>,
    certificate_no: Option<String>,
}

/// `POST /console/users/{id}/change`.
pub async fn change(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<UserId>,
    Form(typed): Form<Changed>,
) -> Result<Response, Problem> {
    let change = Change {
        active: typed.active,
        password: typed.password,
        certificate_no: typed.certificate_no,
        ..Change::default()
    };
    people::change(&app, &desk.principal, id, change).await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}

/// `POST /console/users/{id}/roles`: what was ticked, unticked, added or struck out on the page changes, and nothing else.
pub async fn reassign(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<UserId>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let sent = |name: &str| {
        let sent = typed.iter().filter(|(of, _)| of == name);
        Vec::from_iter(sent.flat_map(|(_, value)| parts(value)))
    };
    let roles = |name: &str| -> Result<BTreeSet<Role>, Problem> {
        sent(name).iter().map(|word| role_of(word)).collect()
    };
    let has_regions = typed.iter().any(|(name, _)| name == "shown_regions");
    let change = Change {
        roles: Some(Wanted::Ticked {
            shown: roles("shown_roles")?,
            ticked: roles("roles")?,
        }),
        regions: has_regions.then(|| Wanted::Ticked {
            shown: sent("shown_regions").into_iter().collect(),
            ticked: sent("regions").into_iter().collect(),
        }),
        ..Change::default()
    };
    people::change(&app, &desk.principal, id, change).await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}
