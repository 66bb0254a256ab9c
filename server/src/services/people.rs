//! People: made, disabled, and given new passwords, roles and regions by administrators inside their regions. What follows
//! from a change (certificates, what their phones hold) follows in its transaction.

use std::collections::BTreeSet;

use serde_json::json;
use sync_core::limits::NAME_CHARS_MAX;
use sync_core::model::{OrganisationId, UserId};

use super::wanted::Wanted;
use super::{audit, certificates, reference};
use crate::access::{OrganisationKind, Principal, Role, passwords};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::access::organisations::{self, OrganisationRow};
pub use crate::store::access::users::UserRow;
use crate::store::access::{sessions, users};
use crate::store::feed::{self, Reach};
use crate::store::{Session, StoreError, Tx};

/// Who a new person is to be.
pub struct NewUser {
    /// Their organisation.
    pub organisation: OrganisationId,
    /// For logging in; case does not matter.
    pub username: String,
    /// As people write it.
    pub display_name: String,
    /// What they may act as.
    pub roles: Vec<Role>,
    /// GB/T 2260 codes; without any, the region of their authority.
    pub regions: Vec<String>,
    /// The number on an officer's certificate (执法证号).
    pub certificate_no: Option<String>,
    /// Their first password.
    pub password: String,
}

/// A person with the regions they see.
#[derive(Clone, Debug)]
pub struct Person {
    /// The row.
    pub row: UserRow,
    /// GB/T 2260 codes.
    pub regions: Vec<String>,
}

/// Makes one in an organisation that the caller sees.
pub async fn create(app: &App, caller: &Principal, new: NewUser) -> Result<Person, Problem> {
    let mut db = app.store.read().await?;
    let organisation = organisations::find_seen(&mut db, caller, new.organisation).await?;
    drop(db);
    let organisation = organisation
        .ok_or_else(|| Problem::value("organisation_id", "is no organisation that you see"))?;
    let password = new.password.clone();
    let person = prepare(app, &organisation, new).await?;
    check_within(caller, &person)?;
    if let Some(same) = made_before(app, &person, password).await? {
        return Ok(same);
    }
    let mut tx = app.store.begin().await?;
    insert(&mut tx, &person).await?;
    let subject = format!("user:{}", person.row.user);
    let detail = serde_json::json!({ "roles": person.row.roles });
    audit::record(app, &mut tx, caller, "user.created", subject, detail).await?;
    tx.commit().await?;
    Ok(person)
}

/// The person whom the very same request made before, password and all; somebody else of that name is a conflict.
async fn made_before(
    app: &App,
    person: &Person,
    password: String,
) -> Result<Option<Person>, Problem> {
    let mut db = app.store.read().await?;
    let Some(row) = users::find_by_name(&mut db, &person.row.username).await? else {
        return Ok(None);
    };
    let regions = codes(&users::list_regions(&mut db, row.user).await?);
    drop(db);
    let told = |row: &UserRow| {
        (
            row.organisation,
            row.display_name.clone(),
            row.roles.clone(),
            row.certificate_no.clone(),
        )
    };
    let sorted = |regions: &[String]| regions.iter().cloned().collect::<BTreeSet<_>>();
    let same = told(&row) == told(&person.row)
        && sorted(&regions) == sorted(&person.regions)
        && row.active
        && app
            .passwords
            .verify(password, Some(row.password_hash.clone()))
            .await?;
    Ok(same.then_some(Person { row, regions }))
}

/// Whether a person sees nothing that the administrator does not: nobody gives, or takes over, more than they have.
pub fn check_within(caller: &Principal, person: &Person) -> Result<(), Problem> {
    if person.regions.iter().all(|code| caller.sees_region(code)) {
        Ok(())
    } else {
        Err(Problem::new(Code::ScopeForbidden).field("regions", "reach beyond yours"))
    }
}

/// Checks who a person is to be, and hashes their password: outside of any transaction, since it is slow.
pub async fn prepare(
    app: &App,
    organisation: &OrganisationRow,
    new: NewUser,
) -> Result<Person, Problem> {
    check_name("username", &new.username)?;
    check_name("display_name", &new.display_name)?;
    passwords::check_new("password", &new.password)?;
    let mut regions = new.regions;
    if organisation.kind == OrganisationKind::Authority && regions.is_empty() {
        regions.push(organisation.region.clone());
    }
    check_fits(organisation, &new.roles, &regions)?;
    let row = UserRow {
        user: UserId(app.new_uuid()),
        organisation: organisation.organisation,
        username: normal_username(&new.username),
        display_name: new.display_name,
        certificate_no: certificate_no(new.certificate_no.as_deref(), &new.roles)?,
        roles: new.roles,
        password_hash: app.passwords.hash(new.password, app.random()).await?,
        active: true,
        created_at: app.now(),
    };
    Ok(Person { row, regions })
}

/// Whether somebody of an organisation may have these roles and regions (GB/T 2260 codes).
fn check_fits(
    organisation: &OrganisationRow,
    roles: &[Role],
    regions: &[String],
) -> Result<(), Problem> {
    if roles.is_empty() {
        return Err(Problem::value("roles", "is empty"));
    }
    let fitting = roles_of(organisation.kind);
    if roles.iter().any(|role| !fitting.contains(role)) {
        return Err(Problem::value(
            "roles",
            "holds one that this kind of organisation has not",
        ));
    }
    match organisation.kind {
        OrganisationKind::Authority if regions.is_empty() => {
            return Err(Problem::value("regions", "is empty"));
        }
        OrganisationKind::Authority => {}
        _ if regions.is_empty() => {}
        _ => return Err(Problem::value("regions", "are for people of an authority")),
    }
    let whole = reference::region("organisation_id", &organisation.region)?;
    let inside = |code: &String| code.parse().is_ok_and(|region| whole.contains(&region));
    if !regions.iter().all(inside) {
        return Err(Problem::value(
            "regions",
            "holds one outside of the organisation's",
        ));
    }
    Ok(())
}

/// The number of an officer's certificate (执法证号) as it is kept: it is for enforcement alone, and an empty one is none.
fn certificate_no(number: Option<&str>, roles: &[Role]) -> Result<Option<String>, Problem> {
    let number = number.map(str::trim).filter(|number| !number.is_empty());
    let Some(number) = number else {
        return Ok(None);
    };
    if !roles.contains(&Role::Enforcement) {
        let detail = "is for people of enforcement";
        return Err(Problem::value("certificate_no", detail));
    }
    check_name("certificate_no", number)?;
    Ok(Some(number.to_owned()))
}

/// Writes a prepared person.
pub async fn insert(tx: &mut Tx, person: &Person) -> Result<(), Problem> {
    users::insert_user(tx, &person.row, &prefixes(&person.regions)?)
        .await
        .map_err(|error| match error {
            StoreError::Conflict { .. } => {
                Problem::new(Code::Conflict).field("username", "is taken")
            }
            other => other.into(),
        })
}

/// The prefixes of regions, as they are stored.
fn prefixes(regions: &[String]) -> Result<Vec<String>, Problem> {
    let prefix = |code| Ok(reference::region("regions", code)?.prefix().to_owned());
    regions.iter().map(|code: &String| prefix(code)).collect()
}

/// The roles that people of such an organisation may have.
pub fn roles_of(kind: OrganisationKind) -> &'static [Role] {
    match kind {
        OrganisationKind::Authority => &[
            Role::Authority,
            Role::Enforcement,
            Role::QualitySection,
            Role::Leader,
            Role::Consulted,
            Role::County,
            Role::Sampler,
            Role::Admin,
        ],
        OrganisationKind::InspectionBody => {
            &[Role::Sampler, Role::InspectionBody, Role::LabReceiver]
        }
        OrganisationKind::EntrustedUnit => &[Role::EntrustedUnit],
        OrganisationKind::Station => &[Role::Station],
        OrganisationKind::Consulted => &[Role::Consulted],
    }
}

/// The spelling of a user name under which it is stored and looked up.
pub fn normal_username(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Whether a text may be a name.
pub fn check_name(field: &str, name: &str) -> Result<(), Problem> {
    let chars = name.trim().chars().count();
    if chars == 0 || chars > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("must have 1 to {NAME_CHARS_MAX} characters, none of them a control");
        return Err(Problem::value(field, detail));
    }
    Ok(())
}

/// What is to change about a person; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Disable or enable.
    pub active: Option<bool>,
    /// A new password.
    pub password: Option<String>,
    /// Another number of an officer's certificate; an empty one takes it away.
    pub certificate_no: Option<String>,
    /// What they may act as. Whoever is no longer enforcement has no number of an officer's certificate either.
    pub roles: Option<Wanted<Role>>,
    /// GB/T 2260 codes; at least one for people of an authority, none for others.
    pub regions: Option<Wanted<String>>,
}

/// Changes a person; disabling or a new password ends their sessions. Roles and regions hold from the next request on, whatever
/// session or token it comes with. What is certified of them is certified anew; their phones get what stands in regions in
/// which they newly enforce, and give up what they see no longer. Nobody takes the last administrator away, nor themselves.
pub async fn change(
    app: &App,
    caller: &Principal,
    id: UserId,
    change: Change,
) -> Result<Person, Problem> {
    let known = get(app, caller, id).await?;
    check_within(caller, &known)?;
    let hash = match &change.password {
        Some(password) => {
            passwords::check_new("password", password)?;
            let stored = Some(known.row.password_hash.clone());
            // The same request again must not end the sessions that were begun with the new password.
            match app.passwords.verify(password.clone(), stored).await? {
                true => None,
                false => Some(app.passwords.hash(password.clone(), app.random()).await?),
            }
        }
        None => None,
    };
    let (now, subject) = (app.now(), format!("user:{id}"));
    let mut tx = app.store.begin().await?;
    // Read again where nobody writes beside this: somebody else may have changed them since.
    let before = find(&mut tx, caller, id).await?;
    check_within(caller, &before)?;
    let after = changed(&mut tx, &before, &change).await?;
    check_within(caller, &after)?;
    check_administered(&mut tx, caller, &before, &after).await?;
    let mut acts = Vec::new();
    if after.row.roles != before.row.roles {
        users::update_roles(&mut tx, id, &after.row.roles, now).await?;
        let detail = json!({ "before": before.row.roles, "after": after.row.roles });
        acts.push(("user.roles", detail));
    }
    if after.regions != before.regions {
        users::update_regions(&mut tx, id, &prefixes(&after.regions)?, now).await?;
        let detail = json!({ "before": before.regions, "after": after.regions });
        acts.push(("user.regions", detail));
    }
    let number = &after.row.certificate_no;
    if *number != before.row.certificate_no {
        users::update_certificate_no(&mut tx, id, number.as_deref(), now).await?;
        let detail = json!({ "before": before.row.certificate_no, "certificate_no": number });
        acts.push(("user.certificate_no", detail));
    }
    let certified = !acts.is_empty();
    if let Some(hash) = hash {
        users::update_password(&mut tx, id, &hash, now).await?;
        sessions::end_of_user(&mut tx, id, "password", now).await?;
        acts.push(("user.password_reset", json!({})));
    }
    if after.row.active != before.row.active {
        users::update_active(&mut tx, id, after.row.active, now).await?;
        if !after.row.active {
            sessions::end_of_user(&mut tx, id, "disabled", now).await?;
        }
        let act = match after.row.active {
            true => "user.enabled",
            false => "user.disabled",
        };
        acts.push((act, json!({})));
    }
    // Nothing is certified of who is disabled: what changed meanwhile is certified when they are enabled.
    let told = match after.row.active && (certified || !before.row.active) {
        true => certificates::certify_person_anew(app, &mut tx, id).await?,
        false => Vec::new(),
    };
    for (act, detail) in acts {
        audit::record(app, &mut tx, caller, act, subject.clone(), detail).await?;
    }
    // The counter of the feed last: it is held until the commit.
    if !told.is_empty() {
        feed::append(&mut tx, &told, now).await?;
    }
    let (left, reached) = (reach(&before)?, reach(&after)?);
    feed::change_reach(&mut tx, id, &left, &reached, now).await?;
    tx.commit().await?;
    get(app, caller, id).await
}

/// Who a person is to be after a change.
async fn changed(db: &mut Session, before: &Person, change: &Change) -> Result<Person, Problem> {
    let mut after = before.clone();
    if let Some(wanted) = &change.roles {
        let roles = BTreeSet::from_iter(before.row.roles.iter().copied());
        let wanted = wanted.applied_to(roles.clone());
        if wanted != roles {
            after.row.roles = wanted.into_iter().collect();
        }
    }
    if let Some(wanted) = &change.regions {
        let wanted = wanted.applied_to(before.regions.iter().cloned().collect());
        after.regions = wanted.into_iter().collect();
    }
    if change.roles.is_some() || change.regions.is_some() {
        let organisation = organisations::find(db, before.row.organisation).await?;
        let organisation =
            organisation.ok_or_else(|| Problem::fault("a user without an organisation"))?;
        check_fits(&organisation, &after.row.roles, &after.regions)?;
    }
    after.row.certificate_no = match &change.certificate_no {
        Some(number) => certificate_no(Some(number), &after.row.roles)?,
        None => before
            .row
            .certificate_no
            .clone()
            .filter(|_| after.row.roles.contains(&Role::Enforcement)),
    };
    after.row.active = change.active.unwrap_or(before.row.active);
    Ok(after)
}

/// Whether somebody may still administer after a change, its maker among them: nobody locks themselves out, and of two who
/// would take each other's role the second one may not.
async fn check_administered(
    db: &mut Session,
    caller: &Principal,
    before: &Person,
    after: &Person,
) -> Result<(), Problem> {
    let administers = |it: &Person| it.row.active && it.row.roles.contains(&Role::Admin);
    if !administers(before) || administers(after) {
        return Ok(());
    }
    let field = match after.row.active {
        true => "roles",
        false => "active",
    };
    let detail = if caller.user == before.row.user {
        "would lock you out"
    } else if users::any_other_administrator(db, before.row.user).await? {
        return Ok(());
    } else {
        "would leave no administrator"
    };
    Err(Problem::new(Code::AdministratorNeeded).field(field, detail))
}

/// Where somebody enforces.
fn reach(person: &Person) -> Result<Reach, Problem> {
    Ok(match person.row.roles.contains(&Role::Enforcement) {
        true => Reach(prefixes(&person.regions)?.into_iter().collect()),
        false => Reach::default(),
    })
}

async fn find(db: &mut Session, caller: &Principal, id: UserId) -> Result<Person, Problem> {
    let row = users::find_seen(db, caller, id)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    let prefixes = users::list_regions(db, id).await?;
    Ok(Person {
        row,
        regions: codes(&prefixes),
    })
}

/// One that the caller sees.
pub async fn get(app: &App, caller: &Principal, id: UserId) -> Result<Person, Problem> {
    let mut db = app.store.read().await?;
    find(&mut db, caller, id).await
}

/// A page of those that the caller sees.
pub async fn list(
    app: &App,
    caller: &Principal,
    after: &str,
    limit: u32,
) -> Result<Vec<Person>, Problem> {
    let mut db = app.store.read().await?;
    let mut people = Vec::new();
    for row in users::list_seen(&mut db, caller, after, limit).await? {
        let prefixes = users::list_regions(&mut db, row.user).await?;
        people.push(Person {
            row,
            regions: codes(&prefixes),
        });
    }
    Ok(people)
}

fn codes(prefixes: &[String]) -> Vec<String> {
    prefixes
        .iter()
        .map(|prefix| format!("{prefix:0<6}"))
        .collect()
}
