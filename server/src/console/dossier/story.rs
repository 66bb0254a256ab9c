//! The story of a visit in the order of time (时间线): what people recorded, when the server heard of it, what was ruled and
//! decided, what laboratories reported.

use serde_json::Value;
use sync_core::limits::CONSOLE_ONLINE_MS;
use sync_core::model::{Interval, Millis, TimeClaim};

use super::super::adjudication::lot;
use super::super::when::When;
use super::super::words::fill;
use super::view::{Teller, millis};

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, with its bounds.
    pub when: When,
    /// What.
    pub title: String,
    /// More of it.
    pub detail: String,
    /// Who.
    pub who: String,
    /// With which phone.
    pub device: String,
    /// A chip: its kind and its words; none where both are empty.
    pub chip: (&'static str, String),
    /// What was touched: the field, before, after.
    pub fields: Vec<(String, String, String)>,
    order: Millis,
}

/// Times that a phone noted down with a change, as the bounds that they claim.
fn claimed(touched: &[Value]) -> Option<Interval> {
    let claims = touched.iter().filter_map(|it| {
        let text = it["new"].as_str()?;
        serde_json::from_str::<TimeClaim>(text).ok()?.claimed()
    });
    claims.reduce(|a, b| Interval {
        lo: a.lo.max(b.lo),
        hi: a.hi.max(b.hi),
    })
}

fn recorded(teller: &Teller<'_>, item: &Value) -> Event {
    let w = teller.w();
    let language = teller.language();
    let change = &item["change"];
    let wall = change["wall_ms"].as_i64().unwrap_or_default();
    let touched = change["touched"].as_array().cloned().unwrap_or_default();
    let root = touched
        .first()
        .and_then(|it| it["path"][0].as_str())
        .unwrap_or_default();
    let bounds = claimed(&touched);
    let order = bounds.map_or(wall, |it| it.lo + (it.hi - it.lo) / 2);
    let received = item["received_at"].as_str().and_then(millis);
    let when = match bounds {
        Some(bounds) => When::between(language, bounds),
        None => When::at(language, wall),
    };
    let chip = match received {
        None => ("", String::new()),
        Some(received) if received - order <= CONSOLE_ONLINE_MS => {
            ("good", w.story_online.to_owned())
        }
        Some(received) => {
            let late = teller.span(received - order);
            ("calm", fill(w.story_offline, "late", late))
        }
    };
    let mut title = teller.section(root).to_owned();
    if item["admitted"].as_bool() == Some(true) {
        title = format!("{title}{}", w.story_admitted);
    }
    let message = change["message"].as_str().unwrap_or_default();
    let automatic = message.starts_with("add ") || message.starts_with("set ");
    let fields = touched.iter().filter_map(|it| {
        let path = it["path"].as_array()?;
        let path: Vec<_> = path.iter().filter_map(Value::as_str).collect();
        let (old, new) = (
            teller.value(&path, &it["old"]),
            teller.value(&path, &it["new"]),
        );
        let says = !old.is_empty() || !new.is_empty();
        (says && path.len() > 2).then(|| (teller.field(&path), old, new))
    });
    let heard = received.map(|at| When::at(language, at).text);
    Event {
        when,
        title,
        detail: match (automatic, heard) {
            (true, Some(at)) => fill(w.story_received, "at", at),
            (false, Some(at)) => format!("{message} · {}", fill(w.story_received, "at", at)),
            (_, None) => message.to_owned(),
        },
        who: teller.person(item["user_id"].as_str().unwrap_or_default()),
        device: teller.device(item["device_id"].as_str().unwrap_or_default()),
        chip,
        fields: fields.collect(),
        order,
    }
}

fn happened(teller: &Teller<'_>, at: Millis, title: String) -> Event {
    Event {
        when: When::at(teller.language(), at),
        title,
        detail: String::new(),
        who: String::new(),
        device: String::new(),
        chip: ("", String::new()),
        fields: Vec::new(),
        order: at,
    }
}

/// The whole story.
pub fn told(teller: &Teller<'_>) -> Vec<Event> {
    let w = teller.w();
    let dossier = teller.dossier;
    let mut events: Vec<Event> = dossier
        .history
        .iter()
        .map(|it| recorded(teller, it))
        .collect();
    for ruling in &dossier.rulings {
        let subject = teller.subject(&ruling.subject);
        let mut event = happened(
            teller,
            millis(&ruling.decided_at).unwrap_or_default(),
            format!("{} · {subject}", w.story_ruling),
        );
        event.who = match ruling.actor.as_str() {
            "engine" => w.engine.to_owned(),
            user => teller.person(user),
        };
        event.chip = teller.chip(&ruling.outcome);
        event.detail = fill(w.version_of, "n", ruling.version);
        events.push(event);
    }
    for act in &dossier.custody {
        let title = match act.act.as_str() {
            "receipt" => w.story_receipt,
            "testing_started" => w.story_testing,
            _ => w.story_service,
        };
        let mut event = happened(teller, act.at_ms, title.to_owned());
        event.who = teller.person(&act.user_id.to_string());
        event.detail = teller.subject(&format!("sample/{}", act.sample_id));
        if !act.standing {
            event.chip = ("bad", w.does_not_count.to_owned());
        }
        events.push(event);
    }
    for confirmation in &dossier.confirmations {
        let times = &confirmation["proof"]["confirmed"];
        if let Some(when) = teller.times(times) {
            let mut event = happened(
                teller,
                millis(&when.machine).unwrap_or_default(),
                String::new(),
            );
            event.title = w.story_confirmation.to_owned();
            let people = confirmation["reading"]["authors"].as_array();
            let people = people.into_iter().flatten().filter_map(Value::as_str);
            event.who = people
                .map(|it| teller.person(it))
                .collect::<Vec<_>>()
                .join("、");
            let outcome = &confirmation["reading"]["fact"]["outcome"];
            event.chip = teller.state_chip("case_state", outcome.as_str().unwrap_or_default());
            event.when = when;
            events.push(event);
        }
    }
    events.extend(decided(teller));
    events.sort_by_key(|event| event.order);
    events
}

/// What persons decided.
pub fn decided(teller: &Teller<'_>) -> Vec<Event> {
    let told = teller.dossier.decisions.iter().map(|it| {
        let decision = &it["decision"];
        let at = it["decided_at"].as_str().and_then(millis);
        let mut event = happened(
            teller,
            at.unwrap_or_default(),
            teller.w().story_decision.to_owned(),
        );
        event.who = teller.person(decision["user_id"].as_str().unwrap_or_default());
        event.detail = decision["reason"].as_str().unwrap_or_default().to_owned();
        let lot = lot(teller.w(), it["disposal"].as_str(), it["make_up"].as_bool());
        if !lot.is_empty() {
            event.detail = format!("{} · {lot}", event.detail);
        }
        let outcomes = ["standing", "validity", "refusal"];
        if let Some(outcome) = outcomes.iter().find_map(|it| decision[it].as_str()) {
            event.chip = teller.chip(outcome);
        }
        event
    });
    told.collect()
}
