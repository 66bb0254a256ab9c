//! Administrators who are made without one: by an operator where the data lies, and on the first run (首次设置) by the
//! one-time token that stands in the log of a server where there is nobody yet.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use sync_core::limits::SETUP_TOKEN_MS;
use sync_core::model::OrganisationId;

use super::logins::{self, Place};
use super::sessions::{self, Secret};
use super::{audit, organisations, people, reference};
use crate::access::{OrganisationKind, Role};
use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::Tx;
use crate::store::access::organisations::{self as rows, OrganisationRow};
use crate::store::access::{setup_tokens, users};

/// Who an administrator is to be.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    /// The authority's name (组织抽查部门); made if there is none of that name and region.
    pub authority: String,
    /// GB/T 2260; 000000 is the whole country.
    pub region: String,
    /// The name to log in with.
    pub username: String,
    /// As people write it.
    pub display_name: String,
    /// Their first password.
    pub password: String,
}

/// Checked, and not written yet.
struct Prepared {
    organisation: OrganisationRow,
    made: bool,
    person: people::Person,
}

async fn prepare(app: &App, new: NewAdministrator) -> Result<Prepared, Problem> {
    people::check_name("authority", &new.authority)?;
    let region = reference::region("region", &new.region)?;
    let mut db = app.store.read().await?;
    let known = rows::find_authority(&mut db, &new.authority, &new.region).await?;
    drop(db);
    let made = known.is_none();
    let organisation = known.unwrap_or_else(|| OrganisationRow {
        organisation: OrganisationId(app.new_uuid()),
        kind: OrganisationKind::Authority,
        name: new.authority,
        uscc: None,
        authority_level: organisations::level(OrganisationKind::Authority, &region),
        region: new.region,
        parent: None,
        created_at: app.now(),
    });
    let user = people::NewUser {
        certificate_no: None,
        organisation: organisation.organisation,
        username: new.username,
        display_name: new.display_name,
        roles: vec![Role::Admin, Role::Authority],
        regions: Vec::new(),
        password: new.password,
    };
    let person = people::prepare(app, &organisation, user).await?;
    Ok(Prepared {
        organisation,
        made,
        person,
    })
}

async fn write(app: &App, tx: &mut Tx, prepared: &Prepared) -> Result<(), Problem> {
    if prepared.made {
        rows::insert_organisation(tx, &prepared.organisation).await?;
    }
    let person = &prepared.person;
    people::insert(tx, person).await?;
    let (actor, subject) = (audit::Actor::default(), format!("user:{}", person.row.user));
    let detail = serde_json::json!({ "roles": person.row.roles });
    audit::record(app, tx, actor, "admin.created", subject, detail).await?;
    Ok(())
}

/// An operator makes one; gives the name to log in with.
pub async fn make(app: &App, new: NewAdministrator) -> Result<String, Problem> {
    let prepared = prepare(app, new).await?;
    let mut tx = app.store.begin().await?;
    write(app, &mut tx, &prepared).await?;
    tx.commit().await?;
    Ok(prepared.person.row.username)
}

/// Whether there is nobody yet.
pub async fn nobody_yet(app: &App) -> Result<bool, Problem> {
    if app.peopled.get().is_some() {
        return Ok(false);
    }
    let mut db = app.store.read().await?;
    if users::any(&mut db).await? {
        // Nobody is ever deleted, so this is not asked again.
        let _ = app.peopled.set(());
        return Ok(false);
    }
    Ok(true)
}

fn token_hash(token: &str) -> [u8; 32] {
    let plain: String = token.chars().filter(char::is_ascii_hexdigit).collect();
    labelled_hash("setup", plain.to_ascii_lowercase().as_bytes())
}

/// A new token for the first run. Those before it stay good until they expire: of several servers on one database each
/// has told its own.
pub async fn begin_first_run(app: &App) -> Result<String, Problem> {
    let token = hex::encode(app.random::<16>());
    let mut tx = app.store.begin().await?;
    setup_tokens::insert(&mut tx, token_hash(&token), app.now() + SETUP_TOKEN_MS).await?;
    tx.commit().await?;
    tracing::warn!(token, "nobody is here yet: the token of the first run");
    Ok(token)
}

/// Tells a new token in the log where all that were told have expired.
pub async fn keep_first_run_open(app: &App) -> Result<(), Problem> {
    let mut db = app.store.read().await?;
    let good = setup_tokens::any_good(&mut db, app.now()).await?;
    drop(db);
    if !good {
        begin_first_run(app).await?;
    }
    Ok(())
}

/// Makes the first administrator by the token of the first run, and begins their session. The token is used up with it;
/// of several who come at once one is made.
pub async fn make_first(
    app: &App,
    token: &str,
    new: NewAdministrator,
    address: IpAddr,
) -> Result<Secret, Problem> {
    let attempt = logins::attempt(app, None, Place::Address(address)).await?;
    if !nobody_yet(app).await? {
        return Err(Problem::new(Code::SetupOver));
    }
    let prepared = prepare(app, new).await?;
    let (wanted, now) = (token_hash(token), app.now());
    let mut tx = app.store.begin().await?;
    if users::any(&mut tx).await? {
        return Err(Problem::new(Code::SetupOver));
    }
    let told = setup_tokens::take(&mut tx).await?;
    let good = told.iter().filter(|(hash, expires_at)| {
        verify_slices_are_equal(hash, &wanted).is_ok() && now < *expires_at
    });
    if good.count() == 0 {
        // Rolled back: a wrong guess uses nothing up.
        return Err(Problem::new(Code::SetupTokenInvalid));
    }
    write(app, &mut tx, &prepared).await?;
    let user = prepared.person.row.user;
    let secret = sessions::begin_console(app, &mut tx, user, address).await?;
    tx.commit().await?;
    attempt.succeeded(app).await?;
    Ok(secret)
}
