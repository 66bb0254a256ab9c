//! 裁定: what the rules leave to a person, entries that are contested (进门先后不能确定) and samples that need a ruling, side by side
//! with what they are in conflict with. The decision itself is that of [`super::decisions`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use sync_core::model::{DocumentId, EntryId, Location, Millis, SampleId, shanghai_minute};
use sync_core::rules::{EntryFact, Facts, SampleFact, ScopeKey, Subject};
use utoipa::ToSchema;

use super::ruling::gather;
use super::visits::people;
use super::{decisions as deciding, ruled_facts};
use crate::access::{Principal, role};
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::store::Session;
use crate::store::reference::teams;
pub use crate::store::rulings::open::Place;
use crate::store::rulings::open::{self, OpenRow};
use crate::store::rulings::verdicts::{subject_of, subject_text};
use crate::store::rulings::{decisions, versions};
use crate::store::sync::visits;
use crate::wording::{self, Words};

/// Records beside each other on one page.
const SIDES_MAX: usize = 8;

/// Something that a person has to decide.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenView {
    /// `entry/…` or `sample/…`.
    pub subject: String,
    /// `entry` or `sample`.
    pub kind: String,
    /// `contested` or `needs_ruling`.
    pub outcome: String,
    /// The same in words.
    pub outcome_words: Words,
    /// The visit.
    #[schema(value_type = String)]
    pub visit_id: DocumentId,
    /// 受检单位, by its key after aliases.
    pub enterprise: String,
    /// Its name.
    pub enterprise_name: Option<String>,
    /// Both sides of it.
    pub href: String,
}

/// A field of a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SideField {
    /// Which, as `entered`, `team`, `product`.
    pub name: &'static str,
    /// What it says; empty where nothing is known.
    pub value: String,
    /// The records do not say the same.
    pub differs: bool,
}

/// A sample of an entry, whose lot is to be asked when the entry is decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrawnView {
    /// Its id.
    pub sample_id: String,
    /// 编号
    pub sheet_no: Option<String>,
    /// Its validity now.
    pub validity: String,
    /// The same in words.
    pub validity_words: Words,
    /// The version of the ruling that stands.
    pub version: i64,
}

/// What was decided before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DecidedView {
    /// On what: `entry/…` or `sample/…`.
    pub subject: String,
    /// Standing or validity.
    pub outcome: String,
    /// The same in words.
    pub outcome_words: Words,
    /// Why.
    pub reason: String,
    /// What becomes of the sample: `returned`, `paid_for` or `kept`.
    pub disposal: Option<String>,
    /// Whether the quota gets a make-up sample (补样).
    pub make_up: Option<bool>,
    /// Who.
    pub name: String,
    /// When, RFC 3339.
    pub decided_at: String,
}

/// One of the records in conflict.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SideView {
    /// `entry/…` or `sample/…`.
    pub subject: String,
    /// It is the one that was asked for.
    pub asked: bool,
    /// Its visit; none of a sampling made elsewhere.
    #[schema(value_type = Option<String>)]
    pub visit_id: Option<DocumentId>,
    /// Standing or validity now.
    pub outcome: String,
    /// The same in words.
    pub outcome_words: Words,
    /// What it says, the same fields in the same order on every side.
    pub fields: Vec<SideField>,
    /// Samples drawn in the entry.
    pub samples: Vec<DrawnView>,
    /// Why it is not settled: each finding with its rule, its article and its words.
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Value>,
}

/// What the rulebook would say if a person follows its order of time, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Proposal {
    /// The outcome for the subject that was asked for.
    pub outcome: String,
    /// The same in words.
    pub outcome_words: Words,
    /// The record that would stand.
    pub stands: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

/// Everything that somebody needs to decide.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Adjudication {
    /// `entry/…` or `sample/…`.
    pub subject: String,
    /// `entry` or `sample`.
    pub kind: String,
    /// The version of the ruling that stands.
    pub version: i64,
    /// Who decides it: the caller may.
    pub may_decide: bool,
    /// Records in conflict that lie in visits which the caller does not see are not among the sides.
    pub partly: bool,
    /// The records beside each other.
    pub sides: Vec<SideView>,
    /// What persons decided on the subject and on its samples, oldest first.
    pub decisions: Vec<DecidedView>,
    /// What the rulebook would say.
    pub proposal: Option<Proposal>,
}

/// A page of what waits for a person, in visits that the caller sees: `entry`, `sample`, or both if it is empty.
pub async fn list(
    app: &App,
    caller: &Principal,
    kind: &str,
    after: Option<Place>,
    rows_max: u32,
) -> Result<Vec<(Place, OpenView)>, Problem> {
    let mut db = app.store.read().await?;
    let rows = open::list(&mut db, caller, kind, after, rows_max).await?;
    let view = |row: OpenRow| {
        let list = match row.kind.as_str() {
            "entry" => "standing",
            _ => "validity",
        };
        let place = (row.sort_at, row.document, row.subject.clone());
        let view = OpenView {
            href: format!("/v1/adjudications/of?subject={}", row.subject),
            outcome_words: wording::in_list(list, &row.outcome),
            subject: row.subject,
            kind: row.kind,
            outcome: row.outcome,
            visit_id: row.document,
            enterprise: row.enterprise,
            enterprise_name: row.enterprise_name,
        };
        (place, view)
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Both sides of something, settled or not.
pub async fn of(app: &App, caller: &Principal, subject: &str) -> Result<Adjudication, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let subject = subject_of(subject)
        .filter(|it| matches!(it, Subject::Entry(_) | Subject::Sample(_)))
        .ok_or_else(not_found)?;
    let current = {
        let mut db = app.store.read().await?;
        versions::find_current(&mut db, &subject).await?
    };
    let current = current.ok_or_else(not_found)?;
    // Whether the caller sees it at all is asked where rulings are read.
    deciding::get(app, caller, current.ruling_id).await?;
    let whole = ruled_facts::of_ruling(app, caller, current.ruling_id).await;
    let mut db = app.store.read().await?;
    let (facts, partly) = match (whole, current.document) {
        (Ok(text), _) => {
            let facts: Facts =
                serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
            (facts, false)
        }
        (Err(problem), Some(document_id)) if problem.code() == Code::NotFound => (
            gather::facts(&mut db, &ScopeKey::Visit { document_id }).await?,
            true,
        ),
        (Err(problem), _) => return Err(problem),
    };
    let sides = sides(&mut db, caller, &facts, &subject).await?;
    let decisions = decided(&mut db, &subject, &sides).await?;
    let may_decide = deciding::may_decide(&mut db, caller, &current).await?;
    let kind = match subject {
        Subject::Entry(_) => "entry",
        _ => "sample",
    };
    Ok(Adjudication {
        proposal: proposal(&facts, &subject),
        kind: kind.to_owned(),
        version: current.version,
        may_decide,
        subject: subject_text(&subject),
        partly,
        sides,
        decisions,
    })
}

/// What stands beside it: the entries of the door, or the samples of the scope in which it was ruled. Whatever is ruled in its
/// own visit stands alone.
fn members(facts: &Facts, subject: &Subject) -> Vec<Subject> {
    let alone = matches!(facts.scope, ScopeKey::Visit { .. });
    let mut all: Vec<Subject> = match subject {
        Subject::Entry(_) => facts.entries.keys().cloned().map(Subject::Entry).collect(),
        _ if alone => Vec::new(),
        _ => facts.samples.keys().copied().map(Subject::Sample).collect(),
    };
    all.retain(|it| it != subject);
    all.insert(0, subject.clone());
    all.truncate(SIDES_MAX);
    all
}

async fn sides(
    db: &mut Session,
    caller: &Principal,
    facts: &Facts,
    subject: &Subject,
) -> Result<Vec<SideView>, Problem> {
    let named = people::named(db, people::mentioned(facts)).await?;
    let name = |id: &sync_core::model::UserId| {
        let person = named.get(&id.to_string());
        person.map_or_else(|| id.to_string(), |it| it.name.clone())
    };
    let mut sides = Vec::new();
    for member in members(facts, subject) {
        let (document, fields) = match &member {
            Subject::Entry(id) => match facts.entries.get(id) {
                Some(entry) => {
                    let team = match entry.team_id {
                        Some(id) => teams::find(db, id)
                            .await?
                            .map_or_else(|| id.to_string(), |team| team.name),
                        None => String::new(),
                    };
                    (Some(entry.document_id), of_entry(entry, team, &name))
                }
                None => continue,
            },
            Subject::Sample(id) => match facts.samples.get(id) {
                Some(sample) => (sample.document_id, of_sample(sample, &name)),
                None => continue,
            },
            _ => continue,
        };
        if let Some(document) = document
            && !visits::sees(db, caller, document).await?
        {
            continue;
        }
        let ruled = versions::find_current(db, &member).await?;
        let list = match &member {
            Subject::Entry(_) => "standing",
            _ => "validity",
        };
        let outcome = ruled.as_ref().map(|it| it.word()).unwrap_or_default();
        let mut samples = Vec::new();
        if let Subject::Entry(entry) = &member {
            for (id, sample) in drawn_in(facts, entry) {
                let validity = versions::find_current(db, &Subject::Sample(id)).await?;
                let version = validity.as_ref().map_or(0, |it| it.version);
                let validity = validity.map(|it| it.word()).unwrap_or_default();
                samples.push(DrawnView {
                    version,
                    sample_id: id.to_string(),
                    sheet_no: sample.sheet_no.clone(),
                    validity_words: wording::in_list("validity", &validity),
                    validity,
                });
            }
        }
        let findings = ruled.map(|it| it.findings).unwrap_or_default();
        sides.push(SideView {
            asked: member == *subject,
            subject: subject_text(&member),
            visit_id: document,
            outcome_words: wording::in_list(list, &outcome),
            outcome,
            fields,
            samples,
            findings: findings.iter().map(wording::finding).collect(),
        });
    }
    mark_differences(&mut sides);
    Ok(sides)
}

async fn decided(
    db: &mut Session,
    subject: &Subject,
    sides: &[SideView],
) -> Result<Vec<DecidedView>, Problem> {
    let own = sides.iter().filter(|side| side.asked);
    let samples = own.flat_map(|side| &side.samples);
    let samples = samples.filter_map(|it| Some(Subject::Sample(it.sample_id.parse().ok()?)));
    let mut rows = Vec::new();
    for of in std::iter::once(subject.clone()).chain(samples) {
        rows.extend(decisions::list_of_subject(db, &of).await?);
    }
    rows.sort_by_key(|row| row.decision.decided_at_ms);
    let who = rows.iter().map(|row| row.decision.user_id).collect();
    let named = people::named(db, who).await?;
    let told = rows.into_iter().map(|row| {
        let decision = row.decision;
        let (list, outcome) = match (decision.standing, decision.validity) {
            (Some(standing), _) => ("standing", role::word(&standing)),
            (_, Some(validity)) => ("validity", role::word(&validity)),
            _ => ("", String::new()),
        };
        let person = named.get(&decision.user_id.to_string());
        DecidedView {
            subject: subject_text(&decision.subject),
            outcome_words: wording::in_list(list, &outcome),
            outcome,
            reason: decision.reason,
            disposal: row.disposal,
            make_up: row.make_up,
            name: person.map_or_else(|| decision.user_id.to_string(), |it| it.name.clone()),
            decided_at: rfc3339(decision.decided_at_ms),
        }
    });
    Ok(told.collect())
}

fn drawn_in<'a>(
    facts: &'a Facts,
    entry: &'a EntryId,
) -> impl Iterator<Item = (SampleId, &'a SampleFact)> {
    let samples = facts.samples.iter();
    samples
        .filter(move |(_, sample)| sample.entry_id.as_ref() == Some(entry))
        .map(|(id, sample)| (*id, sample))
}

fn mark_differences(sides: &mut [SideView]) {
    let mut values: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for field in sides.iter().flat_map(|side| &side.fields) {
        let of_field = values.entry(field.name).or_default();
        of_field.insert(field.value.clone());
    }
    for field in sides.iter_mut().flat_map(|side| &mut side.fields) {
        field.differs = values.get(field.name).is_some_and(|it| it.len() > 1);
    }
}

fn between(interval: sync_core::model::Interval) -> String {
    let end = |at: Millis| match at {
        Millis::MIN | Millis::MAX => "…".to_owned(),
        at => shanghai_minute(at),
    };
    match (end(interval.lo), end(interval.hi)) {
        (from, to) if from == to => from,
        (from, to) => format!("{from} – {to}"),
    }
}

fn field(name: &'static str, value: String) -> SideField {
    SideField {
        name,
        value,
        differs: false,
    }
}

/// Degrees, and how far off they may be.
fn degrees(place: &Location) -> String {
    let degrees = |e7: i64| e7 as f64 / 1e7;
    let (latitude, longitude) = (degrees(place.latitude_e7), degrees(place.longitude_e7));
    let metres = place.accuracy_mm.saturating_add(999) / 1_000;
    format!("{latitude:.5}, {longitude:.5} ± {metres} m")
}

fn of_entry(
    entry: &EntryFact,
    team: String,
    name: &dyn Fn(&sync_core::model::UserId) -> String,
) -> Vec<SideField> {
    let samplers: BTreeSet<_> = entry.arrivals.iter().flat_map(|it| &it.samplers).collect();
    let samplers: Vec<String> = samplers.into_iter().map(name).collect();
    let notices = entry.arrivals.iter();
    let notices: BTreeSet<String> = notices.filter_map(|it| it.notice_no.clone()).collect();
    let places = entry.arrivals.iter().filter_map(|it| it.location.as_ref());
    let places: BTreeSet<String> = places.map(degrees).collect();
    let join = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>().join("; ");
    vec![
        field(
            "entered",
            entry.entered.claimed.map(between).unwrap_or_default(),
        ),
        field("proven", between(entry.entered.proven)),
        field("team", team),
        field("samplers", samplers.join("、")),
        field("notice", join(notices)),
        field("place", join(places)),
        field("drew", entry.drew_samples.to_string()),
    ]
}

fn of_sample(
    sample: &SampleFact,
    name: &dyn Fn(&sync_core::model::UserId) -> String,
) -> Vec<SideField> {
    let signers: Vec<String> = sample.signers.iter().map(name).collect();
    let product = &sample.product;
    let standards: Vec<String> = product.standards.iter().cloned().collect();
    let seals: Vec<String> = sample.seal_numbers.iter().cloned().collect();
    vec![
        field("sheet_no", sample.sheet_no.clone().unwrap_or_default()),
        field("sampled", between(sample.sampled.usable())),
        field("producer", product.producer_name.clone()),
        field("standards", standards.join("、")),
        field("trademark", product.trademark.clone()),
        field("spec_model", product.spec_model.clone()),
        field("lot_no", sample.lot_no.clone().unwrap_or_default()),
        field("signers", signers.join("、")),
        field("seals", seals.join("、")),
    ]
}

/// By the order of time, which is the rulebook's: of records in conflict the one that claims the earliest time stands, and the
/// others give way. A machine must not say so where the times overlap or a phone's clock started anew; a person may.
fn proposal(facts: &Facts, subject: &Subject) -> Option<Proposal> {
    let times: Vec<(Subject, Millis)> = match subject {
        Subject::Entry(_) => facts
            .entries
            .iter()
            .map(|(id, it)| (Subject::Entry(id.clone()), it.entered.usable().lo))
            .collect(),
        Subject::Sample(_) if !matches!(facts.scope, ScopeKey::Visit { .. }) => facts
            .samples
            .iter()
            .map(|(id, it)| (Subject::Sample(*id), it.sampled.usable().lo))
            .collect(),
        _ => return None,
    };
    if times.len() < 2 {
        return None;
    }
    let (first, at) = times.iter().min_by_key(|(_, at)| *at).cloned()?;
    // Two that claim the very same moment are in no order, and one whose beginning nobody knows is in none either.
    let alone = times.iter().filter(|(_, other)| *other == at).count() == 1;
    if !alone || at == Millis::MIN {
        return None;
    }
    let stands = first == *subject;
    let (list, outcome) = match (subject, stands) {
        (Subject::Entry(_), true) => ("standing", "first"),
        (Subject::Entry(_), false) => ("standing", "excess"),
        (_, true) => ("validity", "valid"),
        (_, false) => ("validity", "duplicate"),
    };
    let own = times.iter().find(|(it, _)| it == subject)?.1;
    let (later_zh, later_en) = lag(own.saturating_sub(at) / 60_000);
    let (zh, en) = match stands {
        true => (
            format!("声明的时间最早可至 {}，早于其余各项", shanghai_minute(at)),
            format!("claims the earliest time, from {} on", shanghai_minute(at)),
        ),
        false => (
            format!("另一项声明的时间更早，相差约 {later_zh}"),
            format!("another record claims to be earlier, by some {later_en}"),
        ),
    };
    Some(Proposal {
        outcome: outcome.to_owned(),
        outcome_words: wording::in_list(list, outcome),
        stands: subject_text(&first),
        zh,
        en,
    })
}

/// A length of time as people say it, in Chinese and English.
fn lag(minutes: i64) -> (String, String) {
    match minutes {
        0..120 => (format!("{minutes} 分钟"), format!("{minutes} minutes")),
        120..2_880 => {
            let hours = minutes / 60;
            (format!("{hours} 小时"), format!("{hours} hours"))
        }
        _ => {
            let days = minutes / 1_440;
            (format!("{days} 天"), format!("{days} days"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_said_in_the_unit_that_people_use() {
        for (minutes, zh, en) in [
            (119, "119 分钟", "119 minutes"),
            (120, "2 小时", "2 hours"),
            (2_879, "47 小时", "47 hours"),
            (2_880, "2 天", "2 days"),
            (132_840, "92 天", "92 days"),
        ] {
            assert_eq!(lag(minutes), (zh.to_owned(), en.to_owned()));
        }
    }

    #[test]
    fn a_place_says_how_far_off_it_may_be() {
        let place = Location {
            latitude_e7: 354_901_234,
            longitude_e7: 1_128_512_345,
            accuracy_mm: 12_001,
            crs_source: "wgs84".to_owned(),
            mocked: false,
        };
        assert_eq!(degrees(&place), "35.49012, 112.85123 ± 13 m");
    }
}
