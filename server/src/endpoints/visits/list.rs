//! `GET /v1/visits`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::limits::{VISIT_NAME_SEARCHED_CHARS, VISIT_PRODUCTS_SEARCHED_CHARS};
use sync_core::model::{Region, Uscc};
use utoipa::{IntoParams, ToSchema};

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::days::{from, invalid, until};
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::visits::VisitView;
use crate::services::visits::search::{self, Filter, Place};

/// How far the bytes of a visit's evidence are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceState {
    /// Every byte that the manifest names is verified.
    Complete,
    /// Some are not.
    Missing,
    /// The manifest names nothing.
    None,
}

impl EvidenceState {
    /// By its word; nothing else asks for any.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "complete" => Some(Self::Complete),
            "missing" => Some(Self::Missing),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// A list and the file of it ask the same; only the list has pages.
macro_rules! query {
    ($(#[$doc:meta])* $name:ident { $($more:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            /// Key of the enterprise after aliases, as `uscc:…`
            pub enterprise: Option<String>,
            /// 统一社会信用代码
            pub uscc: Option<String>,
            /// A part of the enterprise's name, whatever its case or width
            pub name: Option<String>,
            /// A part of the name of a product that was sampled or refused
            pub product: Option<String>,
            /// 抽样单编号, whole
            pub sheet_no: Option<String>,
            /// Inspection body
            pub body: Option<String>,
            /// Campaign
            pub campaign: Option<String>,
            /// GB/T 2260: a county, or a city or province with all that lies in it
            pub region: Option<String>,
            /// State of the visit: `sampling`, `finished`, `refused`, …
            pub state: Option<String>,
            /// Standing of one of its entries: `first`, `excess`, `contested`, …
            pub standing: Option<String>,
            /// Validity of one of its samples: `valid`, `duplicate`, `needs_ruling`, …
            pub validity: Option<String>,
            /// State of one of its refusals: `reported`, `confirmed`, …
            pub refusal: Option<String>,
            /// A rule that speaks in it, as `ENTRY1`
            pub rule: Option<String>,
            /// How far the bytes of its evidence are
            #[param(inline)]
            pub evidence: Option<EvidenceState>,
            /// First civil day in Asia/Shanghai, ISO 8601
            pub from: Option<String>,
            /// Last civil day in Asia/Shanghai, ISO 8601
            pub to: Option<String>,
            $($more)*
        }

        impl $name {
            /// What is asked; empty texts ask nothing.
            pub fn filter(&self) -> Result<Filter, Problem> {
                let given = |text: &Option<String>| {
                    let text = text.as_deref().map(str::trim);
                    text.filter(|text| !text.is_empty()).map(str::to_owned)
                };
                let part = |field, text: &Option<String>, chars_max| match given(text) {
                    Some(text) if text.chars().count() > chars_max => Err(invalid(field)),
                    text => Ok(text),
                };
                let region = given(&self.region).map(|code| code.parse::<Region>());
                let region = region.transpose().map_err(|_| {
                    Problem::value("region", "is no region of GB/T 2260")
                })?;
                let uscc = given(&self.uscc);
                if uscc.as_ref().is_some_and(|code| code.parse::<Uscc>().is_err()) {
                    return Err(Problem::value(
                        "uscc",
                        "is no unified social credit code: shape or check digit",
                    ));
                }
                Ok(Filter {
                    enterprise: given(&self.enterprise),
                    uscc,
                    body: given(&self.body),
                    campaign: given(&self.campaign),
                    state: given(&self.state),
                    region: region
                        .map(|region| region.prefix().to_owned())
                        .filter(|prefix| !prefix.is_empty()),
                    name: part("name", &self.name, VISIT_NAME_SEARCHED_CHARS)?,
                    product: part("product", &self.product, VISIT_PRODUCTS_SEARCHED_CHARS)?,
                    sheet_no: given(&self.sheet_no),
                    standing: given(&self.standing),
                    validity: given(&self.validity),
                    refusal: given(&self.refusal),
                    rule: given(&self.rule),
                    evidence: self.evidence.map(|state| {
                        match state {
                            EvidenceState::Complete => "complete",
                            EvidenceState::Missing => "missing",
                            EvidenceState::None => "none",
                        }
                        .to_owned()
                    }),
                    from: from(given(&self.from).as_deref())?,
                    until: until(given(&self.to).as_deref())?,
                })
            }
        }
    };
}

query! {
    /// Which visits, and which page.
    VisitsQuery {
        /// The `next` of the page before
        pub after: Option<String>,
        /// Rows of the page; 200 if it is not said
        #[serde(default)]
        #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
        pub limit: Limit,
    }
}

query! {
    /// Which visits.
    VisitsFileQuery {}
}

/// Search the visits that you may see, newest first; whatever is asked holds together
#[utoipa::path(get, path = "/v1/visits", tag = "visits", params(VisitsQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<VisitView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_visits(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<VisitsQuery>,
) -> Result<Json<Page<VisitView>>, Problem> {
    let after = match query.after.as_deref() {
        None => Place::first(),
        Some(text) => Place::read(text).ok_or_else(|| invalid("after"))?,
    };
    let filter = query.filter()?;
    let rows = search::list(&app, &caller, &after, &filter, query.limit.rows()).await?;
    let page = Page::of(rows, query.limit, |row| Place::behind(row).to_string());
    Ok(Json(Page {
        items: search::views(&app, page.items).await?,
        next: page.next,
    }))
}
