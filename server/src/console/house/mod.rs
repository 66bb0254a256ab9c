//! Running the house: organisations, people, devices, campaigns, tasks, enterprises, samplings made elsewhere, product rules,
//! rulebooks, imports and the audit trail. Each page calls what the API calls, as whoever sits there.

pub mod acts;
pub mod audit;
pub mod campaigns;
pub mod devices;
pub mod enterprises;
pub mod imports;
pub mod organisations;
pub mod prior_samplings;
pub mod product_rules;
pub mod rulebooks;
pub mod tasks;
pub mod teams;
pub mod trail;
pub mod users;

use std::collections::BTreeMap;

use sync_core::limits::CONSOLE_CHOICES_MAX;
use sync_core::model::{CampaignId, OrganisationId};

use super::desk::Desk;
use super::sheets::{Cell, Progress, text};
use super::when::When;
use super::words::fill;
use crate::access::OrganisationKind;
use crate::app::App;
use crate::problem::Problem;
use crate::services::reference::rerulings::{self, RerulingRow};
use crate::store::Session;
use crate::store::access::organisations::{self as stored, OrganisationRow};
use crate::store::reference::campaigns::{self as stored_campaigns, Campaign};
use crate::store::reference::enterprises as stored_enterprises;

/// Organisations of a kind that the caller sees, or of any, by id and name, to choose from.
pub async fn organisations_of(
    db: &mut Session,
    desk: &Desk,
    kind: Option<OrganisationKind>,
) -> Result<Vec<(String, String)>, Problem> {
    let rows = stored::list_newest(db, &desk.principal, kind, CONSOLE_CHOICES_MAX).await?;
    Ok(rows.into_iter().rev().map(organisation_named).collect())
}

/// The same of those that stand in a column.
async fn organisations_named(
    db: &mut Session,
    desk: &Desk,
    ids: Vec<OrganisationId>,
) -> Result<Vec<(String, String)>, Problem> {
    let rows = stored::list_seen_named(db, &desk.principal, ids).await?;
    Ok(rows.into_iter().map(organisation_named).collect())
}

fn organisation_named(row: OrganisationRow) -> (String, String) {
    (row.organisation.to_string(), row.name)
}

/// Campaigns that the caller sees, by id, number and name, to choose from: the newest first, which is what is worked at.
pub async fn campaigns_of(db: &mut Session, desk: &Desk) -> Result<Vec<(String, String)>, Problem> {
    let sight = (&desk.principal).into();
    let rows = stored_campaigns::list_newest(db, &sight, CONSOLE_CHOICES_MAX).await?;
    Ok(rows.into_iter().map(campaign_named).collect())
}

/// The same of those that stand in a column.
async fn campaigns_named(
    db: &mut Session,
    desk: &Desk,
    ids: Vec<CampaignId>,
) -> Result<Vec<(String, String)>, Problem> {
    let sight = (&desk.principal).into();
    let rows = stored_campaigns::list_named(db, &sight, ids).await?;
    Ok(rows.into_iter().map(campaign_named).collect())
}

fn campaign_named(row: Campaign) -> (String, String) {
    let text = format!("{} {}", row.code, row.name);
    (row.campaign_id.to_string(), text)
}

/// Names by id, for a column.
fn named(of: &[(String, String)]) -> BTreeMap<&str, &str> {
    of.iter()
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect()
}

/// The name of what an id stands for; nothing where it is not known.
fn name_in(names: &BTreeMap<&str, &str>, id: impl ToString) -> Cell {
    let name = names.get(id.to_string().as_str()).copied();
    text(name.unwrap_or_default())
}

/// An address with one question.
fn asking(path: &str, name: &str, value: &str) -> String {
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{path}?{name}={value}")
}

/// A text that may be empty.
fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The parts of a text, whatever people put between them.
fn parts(text: &str) -> Vec<String> {
    let parts = text.split([',', '，', '、', ';', '；', '\n', ' ']);
    parts.filter_map(given).collect()
}

/// Codes of standards and names of tests, which hold spaces themselves.
fn listed(text: &str) -> Vec<String> {
    let parts = text.split([',', '，', '、', ';', '；', '\n']);
    parts.filter_map(given).collect()
}

/// How far what their latest change of something marked is ruled again.
async fn rerules(app: &App, desk: &Desk, subject: &str) -> Result<Option<Progress>, Problem> {
    let found = rerulings::find(app, &desk.principal).await?;
    let of_it = found.filter(|it| it.scopes > 0 && it.subject == subject);
    Ok(of_it.map(|it| Progress {
        told: rerule_words(desk, &it),
        done: it.ruled(),
        all: it.scopes,
        goes_on: it.goes_on(),
        leave: desk.w().rerule_leave,
        when: Some(When::at(desk.language(), it.made_at)),
    }))
}

/// How far it is, in words.
pub fn rerule_words(desk: &Desk, row: &RerulingRow) -> String {
    let w = desk.w();
    let word = match row.goes_on() {
        true => w.today_rerule,
        false => w.today_ruled,
    };
    fill(&fill(word, "done", row.ruled()), "all", row.scopes)
}

/// What was changed, by its name.
pub async fn rerule_title(app: &App, desk: &Desk, subject: &str) -> Result<String, Problem> {
    let w = desk.w();
    let what = match subject.split_once(':') {
        Some(("enterprise", id)) => match id.parse() {
            Ok(id) => {
                let mut db = reading(app).await?;
                let sight = (&desk.principal).into();
                let found = stored_enterprises::find_seen(&mut db, &sight, id).await?;
                found.map_or(w.enterprises.to_owned(), |found| found.name)
            }
            Err(_) => w.enterprises.to_owned(),
        },
        Some(("rulebook", id)) => format!("{} {}", w.rulebook, id.replace('/', " ")),
        _ => String::new(),
    };
    Ok(fill(w.today_reruling, "what", what))
}

/// The page of what was changed.
pub fn rerule_address(subject: &str) -> String {
    match subject.split_once(':') {
        Some(("enterprise", id)) => format!("/console/enterprises/{id}"),
        Some(("rulebook", id)) => format!("/console/rulebooks/{id}"),
        _ => super::HOME.to_owned(),
    }
}

/// The reader's session.
async fn reading(app: &App) -> Result<crate::store::Reader, Problem> {
    Ok(app.store.read().await?)
}
