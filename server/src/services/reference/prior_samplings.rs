//! Prior samplings: history from elsewhere, with its source and how far it is trusted. What it does not say is missing,
//! never guessed: such a one needs a ruling.

use aws_lc_rs::digest;
use sync_core::model::{
    EnterpriseKey, Interval, OrganisationId, PriorSamplingId, ProductKey, SampleId, TimeFact,
    normalise_text, shanghai_midnight,
};
use sync_core::rules::{CustodyFact, Purpose, SampleFact, SamplingSource};

use super::tasks::SAMPLING_KINDS;
use super::{Change, Work, code, missing, name, optional};
use crate::problem::{Code, Problem};
use crate::services::projection;
use crate::store::reference::prior_samplings::{self, PriorRow, PriorSampling};

const DAY_MS: i64 = 86_400_000;
/// 抽查环节
const CHANNELS: [&str; 3] = ["production", "circulation", "online"];

/// What is known of a prior sampling.
#[derive(Default)]
pub struct NewPriorSampling {
    /// e-CQS, a spreadsheet, …
    pub source: String,
    /// confirmed, reported, uncertain
    pub confidence: String,
    /// 组织抽查部门.
    pub authority: Option<OrganisationId>,
    /// 抽样单编号.
    pub sheet_no: Option<String>,
    /// Civil day.
    pub sampled_on: String,
    /// routine, special, …
    pub sampling_kind: String,
    /// production, circulation, online
    pub channel: String,
    /// 受检单位's code.
    pub enterprise_uscc: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// 产品名称.
    pub product_name: Option<String>,
    /// 标称生产者's code.
    pub producer_uscc: Option<String>,
    /// 标称生产者.
    pub producer_name: Option<String>,
    /// Codes with their years.
    pub standards: Vec<String>,
    /// 商标.
    pub trademark: Option<String>,
    /// 规格型号.
    pub spec_model: Option<String>,
    /// 批号.
    pub lot_no: Option<String>,
}

/// Adds one; the same again changes nothing.
pub async fn put(
    work: &mut Work<'_>,
    new: NewPriorSampling,
) -> Result<(PriorSampling, Change), Problem> {
    let source = name("source", &new.source)?;
    if !["confirmed", "reported", "uncertain"].contains(&new.confidence.as_str()) {
        return Err(Problem::value(
            "confidence",
            "is none of confirmed, reported, uncertain",
        ));
    }
    for (field, word, words) in [
        ("sampling_kind", &new.sampling_kind, &SAMPLING_KINDS[..]),
        ("channel", &new.channel, &CHANNELS[..]),
    ] {
        if !words.contains(&word.as_str()) {
            let detail = format!("is none of {}", words.join(", "));
            return Err(Problem::value(field, detail));
        }
    }
    let Ok(date) = new.sampled_on.parse::<jiff::civil::Date>() else {
        return Err(Problem::value(
            "sampled_on",
            "is no date such as 2025-03-01",
        ));
    };
    let morning = shanghai_midnight(date);
    if morning > work.now {
        return Err(Problem::value("sampled_on", "lies in the future"));
    }
    if let Some(region) = &new.region {
        super::region("region", region)?;
        if !work.caller.sees_region(region) {
            return Err(Problem::new(Code::ScopeForbidden).field("region", "lies outside yours"));
        }
    }
    if let Some(id) = new.authority {
        super::known_authority(&mut work.tx, id).await?;
    }
    let party = code("enterprise_uscc", new.enterprise_uscc.as_deref())?;
    let producer = code("producer_uscc", new.producer_uscc.as_deref())?;
    let enterprise = party.map(|code| EnterpriseKey(format!("uscc:{code}")));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let product = ProductKey::new(
        producer.as_ref(),
        &text(&new.producer_name),
        &new.standards,
        &text(&new.trademark),
        &text(&new.spec_model),
    );
    let day = Interval::new(morning, morning + DAY_MS - 1);
    let fact = SampleFact {
        source: SamplingSource::Imported {
            origin: source.clone(),
        },
        document_id: None,
        entry_id: None,
        sheet_no: optional("sheet_no", new.sheet_no.as_deref())?,
        task_id: None,
        sampling_kind: new.sampling_kind,
        channel: new.channel,
        authority_id: new.authority,
        body_id: None,
        enterprise,
        product: product.into(),
        lot_no: new
            .lot_no
            .map(|lot| normalise_text(&lot))
            .filter(|lot| !lot.is_empty()),
        production_date: None,
        sampled: TimeFact {
            proven: day,
            claimed: Some(day),
            wall_ms: morning,
        },
        lot_base_milli: None,
        test_qty_milli: None,
        spare_qty_milli: None,
        min_base_milli: None,
        export_only: false,
        not_for_sale: None,
        purpose: Purpose::Task,
        signers: Default::default(),
        party_signed: true,
        seal_numbers: Default::default(),
        distinct_seals: 1,
        amended: false,
        unsigned_amendments: 0,
        also_claimed: Default::default(),
        voided: None,
        faults: Vec::new(),
        custody: CustodyFact::default(),
    };
    // The source's own number tells one from another; without one, everything that is known does.
    let natural = match &fact.sheet_no {
        Some(number) => format!("sheet\0{source}\0{number}"),
        None => format!("facts\0{}", serde_json::json!(nameless(&fact))),
    };
    let mut natural_key = [0; 32];
    natural_key.copy_from_slice(digest::digest(&digest::SHA256, natural.as_bytes()).as_ref());
    if let Some(found) = prior_samplings::find_by_natural_key(&mut work.tx, &natural_key).await? {
        // The same number with another content: the first one stands, and nobody is silently corrected.
        let told = prior_samplings::find_told(&mut work.tx, &natural_key).await?;
        if told.is_some_and(|told| nameless(&told) != nameless(&fact)) {
            let detail = "is known from this source with another content";
            return Err(Problem::new(Code::Conflict).field("sheet_no", detail));
        }
        return Ok((found, Change::Unchanged));
    }
    let row = PriorRow {
        id: PriorSamplingId(work.app.new_uuid()),
        natural_key,
        source,
        confidence: new.confidence,
        region: new.region,
        product_kind: new.product_name.as_deref().map(normalise_text),
        product_name: new.product_name,
        sampled_on: date.to_string(),
        fact,
        created_at: work.now,
    };
    prior_samplings::insert(&mut work.tx, &row).await?;
    let marked = projection::project_prior(&mut work.tx, SampleId(row.id.0), &row.fact).await?;
    work.mark(marked);
    let made = prior_samplings::find_by_natural_key(&mut work.tx, &natural_key).await?;
    Ok((made.ok_or_else(missing)?, Change::Created))
}

/// The facts but for a name beside the producer's code: what stands without it is the same sampling with it.
fn nameless(fact: &SampleFact) -> SampleFact {
    let mut fact = fact.clone();
    fact.product.producer_name.clear();
    fact
}
