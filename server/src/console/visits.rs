//! `/console/visits`: searching visits, with what is asked in the address, and the same as a file.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use serde::{Deserialize, Serialize};
use sync_core::rules::catalogue::find_rule;
use sync_core::rules::{RefusalStanding, Standing, Validity};
use sync_core::wording::Worded;

use super::desk::{Desk, Frame};
use super::house::{campaigns_of, organisations_of};
use super::sheets::{Choice, ROWS, choices, filters, words_of};
use super::when::When;
use super::words::fill;
use super::{regions, shown};
use crate::access::{OrganisationKind, role};
use crate::app::App;
use crate::endpoints::days::invalid;
use crate::endpoints::visits::export::{self, DISPOSITION};
use crate::endpoints::visits::list::{EvidenceState, VisitsFileQuery};
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::spreadsheet;
use crate::services::visits::VisitView;
use crate::services::visits::search::{self, Filter, Place, Way};
use crate::store::sync::visits::VisitListRow;
use crate::wording;

/// The states that are asked for by name.
const STATES: [&str; 8] = [
    "planned",
    "entered",
    "sampling",
    "suspended",
    "finished",
    "refused",
    "not_sampled",
    "terminated_illegal",
];

#[derive(Template)]
#[template(path = "visits.html")]
struct VisitsPage {
    frame: Frame,
    typed: Typed,
    states: Vec<Choice>,
    standings: Vec<Choice>,
    validities: Vec<Choice>,
    refusals: Vec<Choice>,
    evidence: Vec<Choice>,
    campaigns: Vec<Choice>,
    bodies: Vec<Choice>,
    rules: Vec<Choice>,
    rows: Vec<Row>,
    /// The enterprise whose visits alone are asked for, and the same search without it; nothing where none is.
    of: Option<(String, String)>,
    /// Whether anything is asked.
    asked: bool,
    /// Whether something else than a name is: what asks for it is not folded away then.
    more: bool,
    file: String,
    next: String,
    previous: String,
    first: String,
}

struct Row {
    href: String,
    name: String,
    uscc: String,
    region: String,
    entered: Option<When>,
    state: &'static str,
    chips: Vec<(&'static str, String)>,
    products: String,
    sheets: String,
    campaign: String,
    body: String,
    evidence: String,
    rules: String,
}

/// What is asked, as the form sends it: a field that is empty asks nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Typed {
    name: String,
    uscc: String,
    sheet_no: String,
    product: String,
    region: String,
    state: String,
    standing: String,
    validity: String,
    refusal: String,
    rule: String,
    campaign: String,
    body: String,
    evidence: String,
    enterprise: String,
    from: String,
    to: String,
    after: String,
    before: String,
}

impl Typed {
    fn pairs(&self) -> [(&'static str, &str); 16] {
        [
            ("name", &self.name),
            ("uscc", &self.uscc),
            ("sheet_no", &self.sheet_no),
            ("product", &self.product),
            ("region", &self.region),
            ("state", &self.state),
            ("standing", &self.standing),
            ("validity", &self.validity),
            ("refusal", &self.refusal),
            ("rule", &self.rule),
            ("campaign", &self.campaign),
            ("body", &self.body),
            ("evidence", &self.evidence),
            ("enterprise", &self.enterprise),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    /// What is asked as an address, without what asks nothing, so that it can be kept and sent on.
    fn address(&self, path: &str, page: Option<(&str, &Place)>) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in self.pairs() {
            if !value.trim().is_empty() {
                query.append_pair(name, value.trim());
            }
        }
        if let Some((way, place)) = page {
            query.append_pair(way, &place.to_string());
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// What is chosen from a list, as the list has it: of a word that is none of it the page would show nothing.
    fn check(&self) -> Result<(), Problem> {
        fn knows<T: Worded + Serialize>(word: &str) -> bool {
            T::ALL.iter().any(|it| role::word(it) == word)
        }
        let known = [
            ("evidence", EvidenceState::of(&self.evidence).is_some()),
            ("state", STATES.contains(&self.state.as_str())),
            ("standing", knows::<Standing>(&self.standing)),
            ("validity", knows::<Validity>(&self.validity)),
            ("refusal", knows::<RefusalStanding>(&self.refusal)),
            ("rule", find_rule(&self.rule).is_some()),
        ];
        let wrong = known.into_iter().find(|(field, known)| {
            let asked = self.asks(|name| name == *field);
            asked && !known
        });
        wrong.map_or(Ok(()), |(field, _)| Err(invalid(field)))
    }

    /// Whether one of these fields asks something.
    fn asks(&self, which: impl Fn(&str) -> bool) -> bool {
        let mut pairs = self.pairs().into_iter();
        pairs.any(|(name, value)| which(name) && !value.trim().is_empty())
    }

    fn filter(&self) -> Result<Filter, Problem> {
        self.check()?;
        let query = VisitsFileQuery {
            enterprise: Some(self.enterprise.clone()),
            uscc: Some(self.uscc.clone()),
            name: Some(self.name.clone()),
            product: Some(self.product.clone()),
            sheet_no: Some(self.sheet_no.clone()),
            body: Some(self.body.clone()),
            campaign: Some(self.campaign.clone()),
            region: Some(self.region.clone()),
            state: Some(self.state.clone()),
            standing: Some(self.standing.clone()),
            validity: Some(self.validity.clone()),
            refusal: Some(self.refusal.clone()),
            rule: Some(self.rule.clone()),
            evidence: EvidenceState::of(&self.evidence),
            from: Some(self.from.clone()),
            to: Some(self.to.clone()),
        };
        query.filter()
    }
}

/// `GET /console/visits`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(typed): Query<Typed>,
) -> Result<Response, Problem> {
    let filter = typed.filter()?;
    let (way, place) = match (typed.after.as_str(), typed.before.as_str()) {
        ("", "") => (Way::Onward, Some(Place::first())),
        ("", text) => (Way::Back, Place::read(text)),
        (text, _) => (Way::Onward, Place::read(text)),
    };
    let place = place.ok_or_else(|| invalid("after"))?;
    let caller = &desk.principal;
    let mut rows = search::list_from(&app, caller, &place, way, &filter, ROWS + 1).await?;
    let more = rows.len() > ROWS as usize;
    // One more was asked for than is shown, to know whether the list goes on.
    match way {
        Way::Onward => rows.truncate(ROWS as usize),
        Way::Back if more => drop(rows.remove(0)),
        Way::Back => {}
    }
    let begins = typed.after.is_empty() && typed.before.is_empty();
    let to = |way, row: Option<&VisitListRow>| {
        let row = row.map(Place::behind);
        row.map(|place| typed.address("/console/visits", Some((way, &place))))
    };
    let next = to("after", rows.last().filter(|_| more || way == Way::Back));
    let newer = if way == Way::Back { more } else { !begins };
    let previous = to("before", rows.first().filter(|_| newer));
    let views = search::views(&app, rows).await?;
    let language = desk.language();
    let rows: Vec<Row> = views.into_iter().map(|view| row(view, &desk)).collect();

    let w = desk.w();
    let mut db = app.store.read().await?;
    let campaigns = campaigns_of(&mut db, &desk).await?;
    let bodies = Some(OrganisationKind::InspectionBody);
    let bodies = organisations_of(&mut db, &desk, bodies).await?;
    let states = STATES.iter().map(|state| {
        let words = wording::in_list("visit_state", state);
        (
            (*state).to_owned(),
            language.pick(words.zh, words.en).to_owned(),
        )
    });
    let evidence = [
        ("complete", w.evidence_complete),
        ("missing", w.evidence_missing),
        ("none", w.evidence_none),
    ];
    let evidence = evidence.map(|(value, text)| (value.to_owned(), text.to_owned()));
    let rules = sync_core::rules::catalogue::CATALOGUE
        .iter()
        .map(|rule| (rule.id.to_owned(), rule.id.to_owned()));
    let of = typed.enterprise.trim();
    let of = (!of.is_empty()).then(|| {
        let named = rows.first().map(|row| row.name.as_str());
        let all = Typed {
            enterprise: String::new(),
            ..typed.clone()
        };
        let named = named.unwrap_or(of.strip_prefix("uscc:").unwrap_or(of));
        (
            fill(w.visits_of, "what", named),
            all.address("/console/visits", None),
        )
    });
    let page = VisitsPage {
        of,
        frame: desk.frame(w.visits),
        states: choices(states, &typed.state),
        standings: words_of::<Standing>(language, &typed.standing),
        validities: words_of::<Validity>(language, &typed.validity),
        refusals: words_of::<RefusalStanding>(language, &typed.refusal),
        evidence: choices(evidence, &typed.evidence),
        campaigns: filters(w, campaigns, &typed.campaign),
        bodies: filters(w, bodies, &typed.body),
        rules: choices(rules, &typed.rule),
        asked: typed.asks(|_| true),
        more: typed.asks(|name| name != "name" && name != "enterprise"),
        file: typed.address("/console/visits.csv", None),
        first: match begins {
            true => String::new(),
            false => typed.address("/console/visits", None),
        },
        next: next.unwrap_or_default(),
        previous: previous.unwrap_or_default(),
        typed,
        rows,
    };
    shown(&page)
}

/// What a standing, a validity or a refusal is to whoever looks down a list.
fn kind(word: &str) -> &'static str {
    match word {
        "first" | "continuation" | "valid" | "confirmed" | "resolved_sampled" => "good",
        "contested" | "needs_ruling" | "valid_with_violation" | "unconfirmed" => "warn",
        "excess" | "duplicate" | "void" => "bad",
        _ => "calm",
    }
}

fn row(view: VisitView, desk: &Desk) -> Row {
    let language = desk.language();
    let entered = view.entered(language);
    let words = |list, word: &str| {
        let words = wording::in_list(list, word);
        language.pick(words.zh, words.en)
    };
    let mut chips = Vec::new();
    for (list, of) in [
        ("standing", &view.standings),
        ("validity", &view.validities),
        ("refusal_standing", &view.refusals),
    ] {
        chips.extend(
            of.iter()
                .map(|word| (kind(word), words(list, word).to_owned())),
        );
    }
    let joint = language.pick("、", ", ");
    let campaign = [&view.campaign_code, &view.campaign].into_iter().flatten();
    Row {
        href: format!("/console/visits/{}", view.visit_id),
        name: view.enterprise_name.unwrap_or(view.enterprise),
        uscc: view.uscc.unwrap_or_default(),
        region: regions::named(language, &view.region.unwrap_or_default()),
        entered,
        state: words("visit_state", &view.state),
        chips,
        products: view.products.join(joint),
        sheets: view.sheet_nos.join(joint),
        campaign: Vec::from_iter(campaign.map(String::as_str)).join(" "),
        body: view.body.unwrap_or_default(),
        evidence: language
            .pick(&view.evidence.zh, &view.evidence.en)
            .to_owned(),
        rules: view.rules.join(joint),
    }
}

/// `GET /console/visits.csv`.
pub async fn file(
    State(app): State<App>,
    desk: Desk,
    Query(typed): Query<Typed>,
) -> Result<Response, Problem> {
    let file = export::file(&app, &desk.principal, typed.filter()?).await?;
    Ok((spreadsheet::headers(DISPOSITION), file).into_response())
}
