//! People: made, disabled and given new passwords by administrators inside their regions.

use std::collections::BTreeSet;

use sync_core::limits::NAME_CHARS_MAX;
use sync_core::model::{OrganisationId, UserId};

use super::{audit, certificates, reference};
use crate::access::{OrganisationKind, Principal, Role, passwords};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::StoreError;
use crate::store::access::organisations::{self, OrganisationRow};
pub use crate::store::access::users::UserRow;
use crate::store::access::{sessions, users};
use crate::store::feed;

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
    if new.roles.is_empty() {
        return Err(Problem::value("roles", "is empty"));
    }
    let fitting = roles_of(organisation.kind);
    if new.roles.iter().any(|role| !fitting.contains(role)) {
        return Err(Problem::value(
            "roles",
            "holds one that this kind of organisation has not",
        ));
    }
    let authority = organisation.kind == OrganisationKind::Authority;
    let mut regions = new.regions;
    if !authority && !regions.is_empty() {
        return Err(Problem::value("regions", "are for people of an authority"));
    }
    if authority && regions.is_empty() {
        regions.push(organisation.region.clone());
    }
    let whole = reference::region("organisation_id", &organisation.region)?;
    if regions
        .iter()
        .any(|code| !code.parse().is_ok_and(|region| whole.contains(&region)))
    {
        return Err(Problem::value(
            "regions",
            "holds one outside of the organisation's",
        ));
    }
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
pub async fn insert(tx: &mut crate::store::Tx, person: &Person) -> Result<(), Problem> {
    let mut prefixes = Vec::new();
    for code in &person.regions {
        prefixes.push(reference::region("regions", code)?.prefix().to_owned());
    }
    users::insert_user(tx, &person.row, &prefixes)
        .await
        .map_err(|error| match error {
            StoreError::Conflict { .. } => {
                Problem::new(Code::Conflict).field("username", "is taken")
            }
            other => other.into(),
        })
}

/// The roles that people of such an organisation may have.
fn roles_of(kind: OrganisationKind) -> &'static [Role] {
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

/// What is to change about a person.
pub struct Change {
    /// Disable or enable.
    pub active: Option<bool>,
    /// A new password.
    pub password: Option<String>,
    /// Another number of an officer's certificate; an empty one takes it away.
    pub certificate_no: Option<String>,
}

/// Changes a person; disabling or a new password ends their sessions. What their phones hold is untouched; another number of
/// their certificate is certified anew.
pub async fn change(
    app: &App,
    caller: &Principal,
    id: UserId,
    change: Change,
) -> Result<Person, Problem> {
    let before = get(app, caller, id).await?;
    check_within(caller, &before)?;
    let hash = match change.password {
        Some(password) => {
            passwords::check_new("password", &password)?;
            let stored = Some(before.row.password_hash.clone());
            // The same request again must not end the sessions that were begun with the new password.
            match app.passwords.verify(password.clone(), stored).await? {
                true => None,
                false => Some(app.passwords.hash(password, app.random()).await?),
            }
        }
        None => None,
    };
    let number = match &change.certificate_no {
        Some(number) => certificate_no(Some(number), &before.row.roles)?,
        None => before.row.certificate_no.clone(),
    };
    let (now, subject) = (app.now(), format!("user:{id}"));
    let mut tx = app.store.begin().await?;
    let mut told = Vec::new();
    if number != before.row.certificate_no {
        users::update_certificate_no(&mut tx, id, number.as_deref(), now).await?;
        told = certificates::certify_person_anew(app, &mut tx, id).await?;
        let (act, detail) = (
            "user.certificate_no",
            serde_json::json!({ "certificate_no": number }),
        );
        audit::record(app, &mut tx, caller, act, subject.clone(), detail).await?;
    }
    if let Some(hash) = hash {
        users::update_password(&mut tx, id, &hash, now).await?;
        sessions::end_of_user(&mut tx, id, "password", now).await?;
        let (act, detail) = ("user.password_reset", serde_json::json!({}));
        audit::record(app, &mut tx, caller, act, subject.clone(), detail).await?;
    }
    if let Some(active) = change.active.filter(|active| *active != before.row.active) {
        users::update_active(&mut tx, id, active, now).await?;
        if !active {
            sessions::end_of_user(&mut tx, id, "disabled", now).await?;
        }
        let act = if active {
            "user.enabled"
        } else {
            "user.disabled"
        };
        audit::record(app, &mut tx, caller, act, subject, serde_json::json!({})).await?;
    }
    // The counter of the feed last: it is held until the commit.
    if !told.is_empty() {
        feed::append(&mut tx, &told, now).await?;
    }
    tx.commit().await?;
    get(app, caller, id).await
}

/// One that the caller sees.
pub async fn get(app: &App, caller: &Principal, id: UserId) -> Result<Person, Problem> {
    let mut db = app.store.read().await?;
    let row = users::find_seen(&mut db, caller, id)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    let prefixes = users::list_regions(&mut db, id).await?;
    Ok(Person {
        row,
        regions: codes(&prefixes),
    })
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
