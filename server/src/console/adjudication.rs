//! `/console/adjudication`: what the rules leave to a person (裁定), the records in conflict side by side, and the decision: what
//! stands, why, and what becomes of the samples and the quota.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use form_urlencoded::byte_serialize;
use serde::Deserialize;
use sync_core::limits::LIST_ROWS_MAX;
use sync_core::rules::{Standing, Subject, Validity};

use super::desk::{Desk, Frame};
use super::dossier::view::outcome_mark;
use super::language::Language;
use super::when::minute;
use super::words::Words;
use super::{on_to, seen_version, shown};
use crate::access::Role;
use crate::access::operations::Who;
use crate::app::App;
use crate::endpoints::adjudications::list::{place, place_text};
use crate::extract::{Form, Query};
use crate::problem::{Code, Problem};
use crate::services::adjudication::{self, Adjudication, SideView};
use crate::services::decisions::{self, NewDecision};
use crate::store::rulings::verdicts::subject_of;

/// Who opens the pages: whoever decides, and whoever looks on.
pub const WHO: Who = Who::Roles(&[Role::Authority, Role::Admin, Role::InspectionBody]);

const HERE: &str = "/console/adjudication/of";

/// The page on which a subject is decided.
pub fn address(subject: &str) -> String {
    let subject: String = byte_serialize(subject.as_bytes()).collect();
    format!("{HERE}?subject={subject}")
}

struct Row {
    href: String,
    what: &'static str,
    enterprise: String,
    outcome: &'static str,
}

#[derive(Template)]
#[template(path = "adjudication/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Which page of them.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    after: String,
}

/// `GET /console/adjudication`.
pub async fn list(
    State(app): State<App>,
    desk: Desk,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let after = place(&query.after);
    let rows_max = LIST_ROWS_MAX as usize;
    let mut found = adjudication::list(&app, &desk.principal, "", after, LIST_ROWS_MAX + 1).await?;
    let more = found.len() > rows_max;
    found.truncate(rows_max);
    let next = found.last().filter(|_| more);
    let next = next.map(|(place, _)| {
        let place: String = byte_serialize(place_text(place).as_bytes()).collect();
        format!("/console/adjudication?after={place}")
    });
    let rows = found.into_iter().map(|(_, open)| Row {
        href: address(&open.subject),
        what: kind(w, &open.kind),
        enterprise: open.enterprise_name.unwrap_or(open.enterprise),
        outcome: language.pick(open.outcome_words.zh, open.outcome_words.en),
    });
    shown(&ListPage {
        rows: rows.collect(),
        frame: desk.live_frame(w.adjudication_title),
        next,
    })
}

fn kind(w: &Words, kind: &str) -> &'static str {
    match kind {
        "entry" => w.adjudication_entry,
        _ => w.adjudication_sample,
    }
}

struct Line {
    name: &'static str,
    cells: Vec<Cell>,
    differs: bool,
}

struct Cell {
    value: String,
}

struct Side {
    name: String,
    visit: Option<String>,
    outcome: &'static str,
    mark: &'static str,
    asked: bool,
    findings: Vec<Finding>,
    other: Option<String>,
}

struct Finding {
    words: String,
    rule: String,
    citation: String,
}

struct Drawn {
    /// What its fields are called: of an entry there may be several samples.
    validity_field: String,
    disposal_field: String,
    make_up_field: String,
    version_field: String,
    version: i64,
    sheet_no: String,
    validity: &'static str,
}

struct Choice {
    value: &'static str,
    text: &'static str,
    proposed: bool,
}

#[derive(Template)]
#[template(path = "adjudication/subject.html")]
struct SubjectPage {
    frame: Frame,
    action: String,
    is_entry: bool,
    may_decide: bool,
    partly: bool,
    sides: Vec<Side>,
    lines: Vec<Line>,
    proposal: Option<(&'static str, String)>,
    choices: Vec<Choice>,
    validities: Vec<Choice>,
    drawn: Vec<Drawn>,
    decided: bool,
    version: i64,
    before: Vec<Before>,
}

/// A decision of before.
struct Before {
    when: String,
    who: String,
    what: String,
    outcome: &'static str,
    reason: String,
    lot: String,
}

/// What was decided of a sample's goods and of the quota, in words; empty where nothing was.
pub fn lot(w: &Words, disposal: Option<&str>, make_up: Option<bool>) -> String {
    let disposal = disposal.map(|it| match it {
        "returned" => w.adjudication_returned,
        "paid_for" => w.adjudication_paid_for,
        _ => w.adjudication_kept,
    });
    let make_up = make_up.map(|it| match it {
        true => w.adjudication_make_up_owed,
        false => w.adjudication_no_make_up,
    });
    Vec::from_iter(disposal.into_iter().chain(make_up)).join(" · ")
}

/// Of what, and whether it was just decided.
#[derive(Debug, Deserialize)]
pub struct SubjectQuery {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    decided: String,
}

fn field_words(w: &Words, name: &str) -> &'static str {
    match name {
        "entered" => w.adjudication_entered,
        "proven" => w.adjudication_proven,
        "team" => w.adjudication_team,
        "samplers" => w.adjudication_samplers,
        "notice" => w.adjudication_notice,
        "place" => w.adjudication_place,
        "drew" => w.adjudication_drew,
        "sheet_no" => w.adjudication_sheet_no,
        "sampled" => w.adjudication_sampled,
        "producer" => w.adjudication_producer,
        "standards" => w.adjudication_standards,
        "trademark" => w.adjudication_trademark,
        "spec_model" => w.adjudication_spec_model,
        "lot_no" => w.adjudication_lot_no,
        "signers" => w.adjudication_signers,
        _ => w.adjudication_seals,
    }
}

fn side(desk: &Desk, number: usize, side: &SideView) -> Side {
    let (w, language) = (desk.w(), desk.language());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = side.findings.iter().map(|it| Finding {
        words: text(&it[language.pick("zh", "en")]),
        rule: text(&it["rule_id"]),
        citation: text(&it["citation"]),
    });
    Side {
        name: format!("{} {}", w.adjudication_record, number + 1),
        visit: side.visit_id.map(|id| format!("/console/visits/{id}")),
        outcome: language.pick(side.outcome_words.zh, side.outcome_words.en),
        mark: outcome_mark(&side.outcome),
        asked: side.asked,
        findings: findings.collect(),
        other: (!side.asked).then(|| address(&side.subject)),
    }
}

/// Minutes of Asia/Shanghai as services write them (`2025-03-01 09:30`, or two of them), as the reader does.
fn of_locale(language: Language, told: &str) -> String {
    let minutes = told.split(" – ").map(|it| {
        let at = format!("{}:00+08:00", it.replace(' ', "T"));
        match at.parse::<jiff::Timestamp>() {
            Ok(at) => minute(language, at.as_millisecond()),
            // An end that nothing bounds.
            Err(_) => it.to_owned(),
        }
    });
    Vec::from_iter(minutes).join(" – ")
}

fn lines(desk: &Desk, found: &Adjudication) -> Vec<Line> {
    let (w, language) = (desk.w(), desk.language());
    let first = found.sides.first().map_or(&[][..], |side| &side.fields);
    let shown = |name: &str, value: &str| match (name, value) {
        ("drew", "true") => w.yes.to_owned(),
        ("drew", "false") => w.no.to_owned(),
        (_, "") => w.none.to_owned(),
        ("entered" | "proven" | "sampled", at) => of_locale(language, at),
        _ => value.to_owned(),
    };
    let lines = first.iter().enumerate().map(|(place, field)| Line {
        name: field_words(w, field.name),
        differs: field.differs,
        cells: found
            .sides
            .iter()
            .filter_map(|side| side.fields.get(place))
            .map(|it| Cell {
                value: shown(it.name, &it.value),
            })
            .collect(),
    });
    lines.collect()
}

/// `GET /console/adjudication/of`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(query): Query<SubjectQuery>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let found = adjudication::of(&app, &desk.principal, &query.subject).await?;
    let is_entry = found.kind == "entry";
    let proposed = found.proposal.as_ref().map(|it| it.outcome.clone());
    let choice = |list: &str, value: &'static str| {
        let words = crate::wording::in_list(list, value);
        Choice {
            value,
            text: language.pick(words.zh, words.en),
            proposed: proposed.as_deref() == Some(value),
        }
    };
    let validities = ["valid", "valid_with_violation", "duplicate", "void"];
    let validities: Vec<_> = validities.map(|it| choice("validity", it)).into();
    let standings = ["first", "continuation", "excess", "uncounted"];
    let choices: Vec<Choice> = match is_entry {
        true => standings.map(|it| choice("standing", it)).into(),
        false => validities
            .iter()
            .map(|it| choice("validity", it.value))
            .collect(),
    };
    let own = found.sides.iter().find(|side| side.asked);
    let samples = own.map_or(&[][..], |side| &side.samples);
    let drawn = samples.iter().map(|it| Drawn {
        validity_field: format!("validity:{}", it.sample_id),
        disposal_field: format!("disposal:{}", it.sample_id),
        make_up_field: format!("make_up:{}", it.sample_id),
        version_field: format!("version:{}", it.sample_id),
        version: it.version,
        sheet_no: it.sheet_no.clone().unwrap_or_else(|| it.sample_id.clone()),
        validity: language.pick(it.validity_words.zh, it.validity_words.en),
    });
    let proposal = found.proposal.as_ref().map(|it| {
        let outcome = language.pick(it.outcome_words.zh, it.outcome_words.en);
        let why = language.pick(&it.zh, &it.en);
        let first = found
            .sides
            .iter()
            .position(|side| side.subject == it.stands);
        let record = first.map(|at| format!("{} {} · ", w.adjudication_record, at + 1));
        (outcome, format!("{}{why}", record.unwrap_or_default()))
    });
    let before = found.decisions.iter().map(|it| {
        let at = it.decided_at.parse::<jiff::Timestamp>();
        let of_sample = it.subject.strip_prefix("sample/").filter(|_| is_entry);
        let sheet = samples
            .iter()
            .find(|it| Some(it.sample_id.as_str()) == of_sample);
        let sheet = sheet.and_then(|it| it.sheet_no.clone());
        Before {
            when: at.map_or_else(
                |_| String::new(),
                |at| minute(language, at.as_millisecond()),
            ),
            who: it.name.clone(),
            what: match of_sample {
                Some(id) => sheet.unwrap_or_else(|| id.to_owned()),
                None => String::new(),
            },
            outcome: language.pick(it.outcome_words.zh, it.outcome_words.en),
            reason: it.reason.clone(),
            lot: lot(w, it.disposal.as_deref(), it.make_up),
        }
    });
    let before = before.collect();
    let sides = found.sides.iter().enumerate();
    shown(&SubjectPage {
        frame: desk.frame(format!(
            "{} · {}",
            w.adjudication_title,
            kind(w, &found.kind)
        )),
        action: address(&found.subject),
        is_entry,
        may_decide: found.may_decide,
        partly: found.partly,
        sides: sides.map(|(number, it)| side(&desk, number, it)).collect(),
        lines: lines(&desk, &found),
        drawn: drawn.collect(),
        decided: !query.decided.is_empty(),
        version: found.version,
        before,
        proposal,
        choices,
        validities,
    })
}

fn picked<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut fields = fields.iter();
    let found = fields.find(|(known, value)| known == name && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

fn read<T: serde::de::DeserializeOwned>(field: &str, word: &str) -> Result<T, Problem> {
    serde_json::from_value(word.into()).map_err(|_| Problem::value(field, "is no word of the list"))
}

/// `POST /console/adjudication/of`: decides the subject and, of an entry, what is said of its samples.
pub async fn decide(
    State(app): State<App>,
    desk: Desk,
    Query(query): Query<SubjectQuery>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let subject = subject_of(&query.subject).ok_or(Problem::new(Code::NotFound))?;
    let needed =
        |name: &str| picked(&fields, name).ok_or_else(|| Problem::value(name, "must be said"));
    let reason = needed("reason")?.to_owned();
    let (mut standing, mut validity) = (None, None);
    match &subject {
        Subject::Entry(_) => standing = Some(read::<Standing>("outcome", needed("outcome")?)?),
        Subject::Sample(_) => validity = Some(read::<Validity>("outcome", needed("outcome")?)?),
        _ => return Err(Problem::new(Code::NotFound)),
    }
    let goods = |of: &str| -> Result<(Option<String>, Option<bool>), Problem> {
        let disposal = picked(&fields, &format!("disposal{of}"));
        if disposal.is_some_and(|it| !["returned", "paid_for", "kept"].contains(&it)) {
            return Err(Problem::value("disposal", "is no word of the list"));
        }
        let make_up = match picked(&fields, &format!("make_up{of}")) {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        };
        Ok((disposal.map(str::to_owned), make_up))
    };
    // The version that is on the page; whoever was faster is seen before anything is put on top of it.
    let version = |name: &str| seen_version(picked(&fields, name));
    // Everything is read before anything is decided.
    let (disposal, make_up) = goods("")?;
    let is_entry = matches!(subject, Subject::Entry(_));
    let mut new = vec![NewDecision {
        subject,
        standing,
        validity,
        refusal: None,
        reason: reason.clone(),
        disposal: disposal.filter(|_| !is_entry),
        make_up: make_up.filter(|_| !is_entry),
        seen: version("version")?,
    }];
    for (name, word) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(sample) = name.strip_prefix("validity:") else {
            // What becomes of a sample is said with what it is worth, or it would be said to nobody.
            let of = name.strip_prefix("disposal:");
            let of = of.or(name.strip_prefix("make_up:"));
            let field = of.map(|sample| format!("validity:{sample}"));
            match field.filter(|field| picked(&fields, field).is_none()) {
                Some(field) => return Err(Problem::value(field, "must be said")),
                None => continue,
            }
        };
        let (disposal, make_up) = goods(&format!(":{sample}"))?;
        let sample_id = sample
            .parse()
            .map_err(|_| Problem::value("validity", "names no sample"))?;
        new.push(NewDecision {
            subject: Subject::Sample(sample_id),
            standing: None,
            validity: Some(read::<Validity>("validity", word)?),
            refusal: None,
            reason: reason.clone(),
            disposal,
            make_up,
            seen: version(&format!("version:{sample}"))?,
        });
    }
    decisions::decide_all(&app, &desk.principal, new).await?;
    Ok(on_to(&format!("{}&decided=1", address(&query.subject))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_of_services_are_read_as_everywhere() {
        for (told, read) in [
            ("2025-03-01 09:05", "2025年3月1日 09:05"),
            (
                "2025-03-01 09:05 – 2025-03-01 09:10",
                "2025年3月1日 09:05 – 2025年3月1日 09:10",
            ),
            ("… – 2025-12-31 23:59", "… – 2025年12月31日 23:59"),
            ("", ""),
        ] {
            assert_eq!(of_locale(Language::Zh, told), read);
        }
    }
}
