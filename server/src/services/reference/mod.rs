//! Reference data: made and changed by authorities and bodies, each change audited, published to the phones that it
//! concerns, and the scopes that lean on it marked to be ruled again.

pub mod campaigns;
pub mod disclosures;
pub mod enterprises;
pub mod leases;
pub mod prior_samplings;
pub mod product_rules;
pub mod re_entry_grants;
pub mod recusals;
pub mod rerulings;
pub mod rulebooks;
pub mod sampling_notices;
pub mod suspensions;
pub mod tasks;
pub mod teams;
mod work;

use sync_core::limits::NAME_CHARS_MAX;
use sync_core::model::{OrganisationId, Region, Uscc};
pub use work::{Work, as_phones_read, rule};

use crate::access::{OrganisationKind, Principal};
use crate::problem::{Code, Problem};
use crate::store::Session;
use crate::store::access::organisations::{self, OrganisationRow};

/// What putting a record did. Putting the same again changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    Created,
    /// It told something else.
    Updated,
    /// It was so already.
    Unchanged,
}

/// A text that is neither empty nor longer than a name may be, trimmed.
fn name(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::value(field, "is empty"));
    }
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::value(
            field,
            format!("is longer than {NAME_CHARS_MAX} characters"),
        ));
    }
    Ok(text.to_owned())
}

/// A text that may be missing.
fn optional(field: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => name(field, text).map(Some),
    }
}

/// A region (GB/T 2260).
pub fn region(field: &str, code: &str) -> Result<Region, Problem> {
    code.parse()
        .map_err(|_| Problem::value(field, "is no six-digit GB/T 2260 code of a region"))
}

/// A unified social credit code (统一社会信用代码) that may be missing. An empty text is none, and says so: whoever knows
/// no code leaves the field out.
fn code(field: &str, text: Option<&str>) -> Result<Option<Uscc>, Problem> {
    let wrong = |_| {
        let detail = "is no unified social credit code: its check digit is wrong";
        Problem::value(field, detail)
    };
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A civil day that may be missing.
fn day(field: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
    match text {
        None => Ok(None),
        Some(text) => match text.parse::<jiff::civil::Date>() {
            Ok(date) => Ok(Some(date.to_string())),
            Err(_) => Err(Problem::value(field, "is no date such as 2025-03-01")),
        },
    }
}

/// The authority for which the caller acts: their own, or one in their regions or below.
async fn authority(
    db: &mut Session,
    caller: &Principal,
    id: OrganisationId,
) -> Result<OrganisationRow, Problem> {
    let row = organisations::find(db, id).await?;
    let seen = row
        .filter(|row| row.organisation == caller.organisation || caller.sees_region(&row.region));
    match seen {
        Some(row) if row.kind == OrganisationKind::Authority => Ok(row),
        Some(_) => Err(Problem::value("authority_id", "is no authority")),
        None => Err(Problem::value(
            "authority_id",
            "is no organisation that you see",
        )),
    }
}

/// An inspection body (承检机构). An authority may commission one from anywhere.
async fn body(db: &mut Session, id: OrganisationId) -> Result<OrganisationRow, Problem> {
    match organisations::find(db, id).await? {
        Some(row) if row.kind == OrganisationKind::InspectionBody => Ok(row),
        _ => Err(Problem::value("body_id", "is no inspection body")),
    }
}

/// Nothing there, or nothing that the caller sees.
fn missing() -> Problem {
    Problem::new(Code::NotFound)
}

/// An authority, whoever asks: history names those above and beside us too.
async fn known_authority(db: &mut Session, id: OrganisationId) -> Result<(), Problem> {
    match organisations::find(db, id).await? {
        Some(row) if row.kind == OrganisationKind::Authority => Ok(()),
        _ => Err(Problem::value("authority", "is no authority")),
    }
}
