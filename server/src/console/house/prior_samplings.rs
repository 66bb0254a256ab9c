//! `/console/prior-samplings`: samplings made elsewhere (既往抽样), and how they stand.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::{Channel, OrganisationId, SamplingKind};
use sync_core::wording::Worded as _;

use super::{given, listed, organisations_of, reading};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, ROWS, Sheet, chip, choices, code, day, form, maybe, needed, select, text, wanted, words_of,
};
use crate::console::{on_to, shown};
use crate::extract::{Form, Query};
use crate::problem::Problem;
use crate::services::reference::{Work, prior_samplings};
use crate::store::access::organisations;
use crate::store::reference::prior_samplings as stored;
use sync_core::rules::Validity;

const HERE: &str = "/console/prior-samplings";
const NEW: &str = "/console/prior-samplings/new";

/// `GET /console/prior-samplings`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let sight = (&desk.principal).into();
    let rows = stored::list_seen(&mut db, &sight, &at.after, ROWS + 1).await?;
    let id = |row: &stored::PriorSampling| row.prior_sampling_id.to_string();
    let heads = vec![
        w.sampled_on,
        w.product_name,
        w.enterprise_name,
        w.sheet_no,
        w.source,
        w.validity,
    ];
    let page = Sheet::new(&desk, w.prior_samplings).with_heads(heads, w.prior_samplings_none);
    let mut page = page.with_rows(HERE, rows, id, |row| {
        let words = row.validity.words();
        let kind = match row.validity {
            Validity::Valid => "good",
            Validity::Duplicate | Validity::Void => "bad",
            Validity::Pending => "calm",
            Validity::NeedsRuling | Validity::ValidWithViolation => "warn",
        };
        vec![
            day(language, Some(&row.sampled_on)),
            maybe(row.product_name),
            code(row.enterprise.unwrap_or_default()),
            code(row.sheet_no.unwrap_or_default()),
            text(row.source),
            chip(kind, language.pick(words.zh, words.en)),
        ]
    });
    if desk.principal.has_any(super::tasks::MAKERS) {
        let trusted = [
            ("confirmed", w.confidence_confirmed),
            ("reported", w.confidence_reported),
            ("uncertain", w.confidence_uncertain),
        ];
        let trusted = trusted.map(|(value, text)| (value.to_owned(), text.to_owned()));
        let mut authorities =
            organisations_of(&mut db, &desk, Some(OrganisationKind::Authority)).await?;
        authorities.insert(0, (String::new(), w.unknown.to_owned()));
        let mut authority = select("authority", w.authority, choices(authorities, ""));
        authority.required = false;
        let own = organisations::find(&mut db, desk.principal.organisation).await?;
        let region = own.map(|it| it.region).unwrap_or_default();
        let fields = vec![
            needed("source", w.source),
            select("confidence", w.confidence, choices(trusted, "reported")),
            needed("sampled_on", w.sampled_on).as_input("date"),
            select(
                "sampling_kind",
                w.sampling_kind,
                words_of::<SamplingKind>(language, "routine"),
            ),
            select(
                "channel",
                w.channel,
                words_of::<Channel>(language, "production"),
            ),
            authority,
            wanted("sheet_no", w.sheet_no),
            // Without a region nobody sees it but whoever sees the whole country.
            wanted("region", w.region_code).holding(region),
            wanted("enterprise_uscc", w.enterprise_uscc),
            wanted("product_name", w.product_name).with_hint(w.prior_sampling_hint),
            wanted("producer_name", w.producer),
            wanted("producer_uscc", w.producer_uscc),
            wanted("standards", w.standards).with_hint(w.separated_hint),
            wanted("trademark", w.trademark),
            wanted("spec_model", w.spec_model),
            wanted("lot_no", w.lot_no),
        ];
        let made = form(w.prior_sampling_make, NEW, fields);
        page.offers(made, Some("prior-samplings"));
    }
    shown(&page)
}

/// What is typed; what is empty is not known.
#[derive(Debug, Deserialize)]
pub struct Typed {
    source: String,
    confidence: String,
    sampled_on: String,
    sampling_kind: String,
    channel: String,
    authority: String,
    sheet_no: String,
    region: String,
    enterprise_uscc: String,
    product_name: String,
    producer_name: String,
    producer_uscc: String,
    standards: String,
    trademark: String,
    spec_model: String,
    lot_no: String,
}

/// `POST /console/prior-samplings/new`.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let authority: Option<OrganisationId> = given(&typed.authority)
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Problem::value("authority", "is no organisation"))?;
    let new = prior_samplings::NewPriorSampling {
        source: typed.source,
        confidence: typed.confidence,
        authority,
        sheet_no: given(&typed.sheet_no),
        sampled_on: typed.sampled_on.trim().to_owned(),
        sampling_kind: typed.sampling_kind,
        channel: typed.channel,
        enterprise_uscc: given(&typed.enterprise_uscc),
        region: given(&typed.region),
        product_name: given(&typed.product_name),
        producer_uscc: given(&typed.producer_uscc),
        producer_name: given(&typed.producer_name),
        standards: listed(&typed.standards),
        trademark: given(&typed.trademark),
        spec_model: given(&typed.spec_model),
        lot_no: given(&typed.lot_no),
    };
    let mut work = Work::begin(&app, &desk.principal).await?;
    prior_samplings::put(&mut work, new).await?;
    work.commit().await?;
    Ok(on_to(HERE))
}
