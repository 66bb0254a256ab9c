//! Running the house: organisations, people, devices, campaigns, tasks, enterprises, samplings made elsewhere, product rules,
//! rulebooks, imports and the audit trail. Each page calls what the API calls, as whoever sits there.

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
pub mod users;

use std::collections::BTreeMap;

use sync_core::limits::LIST_ROWS_MAX;

use super::desk::Desk;
use super::sheets::{Cell, text};
use super::words::fill;
use crate::access::OrganisationKind;
use crate::app::App;
use crate::problem::Problem;
use crate::services::reference::rerulings::{self, RerulingRow};
use crate::store::Session;
use crate::store::access::organisations as stored;
use crate::store::reference::campaigns as stored_campaigns;

/// Organisations that the caller sees, by id and name, to choose from.
async fn organisations_of(
    db: &mut Session,
    desk: &Desk,
    kind: Option<OrganisationKind>,
) -> Result<Vec<(String, String)>, Problem> {
    let rows = stored::list_seen(db, &desk.principal, "", LIST_ROWS_MAX).await?;
    let rows = rows.into_iter();
    let rows = rows.filter(|row| kind.is_none_or(|kind| row.kind == kind));
    Ok(rows
        .map(|row| (row.organisation.to_string(), row.name))
        .collect())
}

/// Campaigns that the caller sees, by id, number and name.
async fn campaigns_of(db: &mut Session, desk: &Desk) -> Result<Vec<(String, String)>, Problem> {
    let sight = (&desk.principal).into();
    let rows = stored_campaigns::list_seen(db, &sight, "", LIST_ROWS_MAX).await?;
    let named = rows.into_iter().map(|row| {
        let text = format!("{} {}", row.code, row.name);
        (row.campaign_id.to_string(), text)
    });
    Ok(named.collect())
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

/// What a change of theirs has left to be ruled again, while it goes on.
async fn rerules(app: &App, desk: &Desk, subject: &str) -> Result<Option<String>, Problem> {
    let found = rerulings::find(app, &desk.principal).await?;
    let open = found.filter(|it| it.goes_on() && it.subject == subject);
    Ok(open.map(|it| rerule_words(desk, &it)))
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
