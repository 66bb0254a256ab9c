//! `/console/organisations`: authorities, inspection bodies and the others, listed and made.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::OrganisationId;
use sync_core::wording::Worded as _;

use super::{given, organisations_of, reading};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, ROWS, Sheet, choices, form, maybe, needed, select, text, wanted, words_of,
};
use crate::console::{on_to, regions, shown};
use crate::extract::{Form, Query};
use crate::problem::Problem;
use crate::services::organisations::{self, NewOrganisation};
use crate::store::access::organisations::OrganisationRow;

const HERE: &str = "/console/organisations";
const NEW: &str = "/console/organisations/new";

/// `GET /console/organisations`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let rows = organisations::list(&app, &desk.principal, &at.after, ROWS + 1).await?;
    let id = |row: &OrganisationRow| row.organisation.to_string();
    let heads = vec![w.name, w.category, w.region_code, w.uscc];
    let page = Sheet::new(&desk, w.organisations).with_heads(heads, w.organisations_none);
    let mut page = page.with_rows(HERE, rows, id, |row| {
        let words = row.kind.words();
        vec![
            text(row.name),
            text(language.pick(words.zh, words.en)),
            text(regions::named(desk.language(), &row.region)),
            maybe(row.uscc),
        ]
    });
    if desk.principal.has_any(super::users::MAKERS) {
        let mut db = reading(&app).await?;
        let mut parents = organisations_of(&mut db, &desk, None).await?;
        parents.insert(0, (String::new(), w.none.to_owned()));
        let fields = vec![
            needed("name", w.name),
            select(
                "kind",
                w.category,
                words_of::<OrganisationKind>(language, "inspection_body"),
            ),
            needed("region", w.region_code).with_hint(w.setup_region_hint),
            wanted("uscc", w.uscc),
            select("parent", w.above, choices(parents, "")),
        ];
        let mut made = form(w.organisation_make, NEW, fields);
        for field in &mut made.fields {
            field.required &= field.name != "parent";
        }
        page.offers(made, None);
    }
    shown(&page)
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    name: String,
    kind: OrganisationKind,
    region: String,
    uscc: String,
    parent: String,
}

/// `POST /console/organisations/new`.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let parent: Option<OrganisationId> = given(&typed.parent)
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Problem::value("parent", "is no organisation"))?;
    let new = NewOrganisation {
        kind: typed.kind,
        name: typed.name,
        uscc: given(&typed.uscc),
        region: typed.region.trim().to_owned(),
        parent,
    };
    organisations::create(&app, &desk.principal, new).await?;
    Ok(on_to(HERE))
}
