//! Figures (统计): how many entries, samples, refusals, enterprises not sampled and duplicates there are, and how complete the
//! evidence is, of the visits that the caller sees.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;
use sync_core::model::{OrganisationId, normalise_text};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::problem::Problem;
use crate::services::audit;
use crate::services::spreadsheet::{self, harmless};
use crate::store::Session;
use crate::store::access::organisations;
use crate::store::rulings::figures::{self, Count, Manifests};
pub use crate::store::rulings::figures::{By, Filter};

/// Rulings that make a second entry or a duplicate of something.
const EXCESS: &str = "excess";
const DUPLICATE: &str = "duplicate";

/// What the columns of the file are called.
const HEADINGS: [&str; 19] = [
    "分组",
    "进门次数",
    "首次进门",
    "重复进门",
    "待裁定进门",
    "已封样抽样单",
    "有效",
    "有效，有违规",
    "待裁定",
    "重复抽样",
    "无效",
    "拒检",
    "已确认拒检",
    "未抽到样品",
    "避免的重复抽样",
    "发现的重复",
    "有影像的卷宗",
    "影像齐全的卷宗",
    "已核对影像占比（%）",
];

/// How complete evidence (影像证据) is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Completeness {
    /// Visits whose manifest names anything.
    pub visits: i64,
    /// Those of which every piece is verified.
    pub complete: i64,
    /// What the manifests name.
    pub pieces: i64,
    /// What of that is verified.
    pub verified: i64,
}

impl Completeness {
    /// Verified pieces of a hundred; none where nothing is named.
    pub fn percent(&self) -> Option<i64> {
        (self.pieces > 0).then(|| self.verified * 100 / self.pieces)
    }
}

/// The figures of one body, region, month or product, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figures {
    /// Id of the body, GB/T 2260, `2025-03`, the product as first written; empty where a visit has none.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Entries (进门) by standing.
    pub entries: BTreeMap<String, i64>,
    /// Sealed sheets by validity.
    pub samples: BTreeMap<String, i64>,
    /// Refusals (拒检) by state.
    pub refusals: BTreeMap<String, i64>,
    /// Enterprises not sampled (未抽到样品) by reason.
    pub not_sampled: BTreeMap<String, i64>,
    /// Sheets that were begun, of which a rule on duplicates spoke, and which nobody sealed.
    pub duplicates_prevented: i64,
    /// Samples that were taken all the same and ruled duplicates, and second entries.
    pub duplicates_found: i64,
    /// How complete the evidence is.
    pub evidence: Completeness,
}

/// How many in all of a tally.
pub fn sum(of: &BTreeMap<String, i64>) -> i64 {
    of.values().sum()
}

impl Figures {
    fn count(&mut self, count: &Count) {
        let tally = match count.what.as_str() {
            "entry" => &mut self.entries,
            "sample" => &mut self.samples,
            "refusal" => &mut self.refusals,
            "not_sampled" => &mut self.not_sampled,
            _ => {
                self.duplicates_prevented += count.n;
                return;
            }
        };
        *tally.entry(count.word.clone()).or_default() += count.n;
        let found = matches!(
            (count.what.as_str(), count.word.as_str()),
            ("entry", EXCESS) | ("sample", DUPLICATE)
        );
        if found {
            self.duplicates_found += count.n;
        }
    }

    fn manifests(&mut self, of: &Manifests) {
        self.evidence.visits += of.visits;
        self.evidence.complete += of.complete;
        self.evidence.pieces += of.pieces;
        self.evidence.verified += of.verified;
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Told {
    /// `body`, `region`, `month` or `product`.
    pub by: &'static str,
    /// One row each, by name; months in their order.
    pub rows: Vec<Figures>,
    /// Of all visits that were counted. An entry at which two products were sampled stands in the rows of both, and here once.
    pub total: Figures,
}

/// What figures are told by, as people ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// 承检机构
    Body,
    /// 行政区划
    Region,
    /// 月份
    Month,
    /// 产品
    Product,
}

impl Grouping {
    /// As it is asked for.
    pub fn word(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Region => "region",
            Self::Month => "month",
            Self::Product => "product",
        }
    }

    fn by(self) -> By {
        match self {
            Self::Body => By::Body,
            Self::Region => By::Region,
            Self::Month => By::Day,
            Self::Product => By::Product,
        }
    }

    /// Under which row a count goes, and what it is called before its name is looked up.
    fn row(self, key: &str) -> (String, String) {
        match self {
            Self::Month => {
                let month = month(key).unwrap_or_default();
                (month.clone(), month)
            }
            Self::Product => (normalise_text(key), key.to_owned()),
            Self::Body | Self::Region => (key.to_owned(), key.to_owned()),
        }
    }
}

/// The month of a day that is told as days since 1970.
fn month(day: &str) -> Option<String> {
    let days: i32 = day.parse().ok()?;
    let date = Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days))
        .ok()?;
    Some(date.strftime("%Y-%m").to_string())
}

/// Counts what the caller sees.
pub async fn tell(
    app: &App,
    caller: &Principal,
    grouping: Grouping,
    filter: &Filter,
) -> Result<Told, Problem> {
    let mut db = app.store.read().await?;
    let (counts, manifests) = figures::list(&mut db, caller, grouping.by(), filter).await?;
    let mut rows: BTreeMap<String, Figures> = BTreeMap::new();
    for count in &counts {
        row_of(&mut rows, grouping, &count.key).count(count);
    }
    for of in &manifests {
        row_of(&mut rows, grouping, &of.key).manifests(of);
    }
    let mut total = Figures::default();
    match grouping {
        Grouping::Product => {
            let (counts, manifests) = figures::list(&mut db, caller, By::Body, filter).await?;
            counts.iter().for_each(|count| total.count(count));
            manifests.iter().for_each(|of| total.manifests(of));
        }
        _ => {
            counts.iter().for_each(|count| total.count(count));
            manifests.iter().for_each(|of| total.manifests(of));
        }
    }
    let mut rows: Vec<Figures> = rows.into_values().collect();
    if grouping == Grouping::Body {
        name_bodies(&mut db, &mut rows).await?;
    }
    Ok(Told {
        by: grouping.word(),
        rows,
        total,
    })
}

fn row_of<'a>(
    rows: &'a mut BTreeMap<String, Figures>,
    grouping: Grouping,
    key: &str,
) -> &'a mut Figures {
    let (place, name) = grouping.row(key);
    let row = rows.entry(place.clone()).or_default();
    if row.name.is_empty() {
        (row.key, row.name) = (place, name);
    }
    row
}

async fn name_bodies(db: &mut Session, rows: &mut [Figures]) -> Result<(), Problem> {
    for row in rows.iter_mut() {
        if let Ok(id) = row.key.parse::<OrganisationId>()
            && let Some(body) = organisations::find(db, id).await?
        {
            row.name = body.name;
        }
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

/// The same as a file for spreadsheets; who took it is on the audit trail.
pub async fn export(
    app: &App,
    caller: &Principal,
    grouping: Grouping,
    filter: &Filter,
) -> Result<Vec<u8>, Problem> {
    let told = tell(app, caller, grouping, filter).await?;
    let mut total = told.total;
    total.name = "合计".to_owned();
    let rows = told.rows.iter().chain([&total]).map(cells);
    let file = spreadsheet::file(HEADINGS, rows)?;
    let mut tx = app.store.begin_beside().await?;
    audit::record(
        app,
        &mut tx,
        caller,
        "figures.exported",
        format!("figures:{}", told.by),
        json!({ "format": "csv", "campaign_id": filter.campaign, "body_id": filter.body, "region": filter.region }),
    )
    .await?;
    tx.commit().await?;
    Ok(file)
}

fn cells(row: &Figures) -> [String; HEADINGS.len()] {
    let of = |tally: &BTreeMap<String, i64>, word: &str| {
        tally.get(word).copied().unwrap_or_default().to_string()
    };
    let percent = row.evidence.percent();
    [
        harmless(&row.name),
        sum(&row.entries).to_string(),
        of(&row.entries, "first"),
        of(&row.entries, EXCESS),
        of(&row.entries, "contested"),
        sum(&row.samples).to_string(),
        of(&row.samples, "valid"),
        of(&row.samples, "valid_with_violation"),
        of(&row.samples, "needs_ruling"),
        of(&row.samples, DUPLICATE),
        of(&row.samples, "void"),
        sum(&row.refusals).to_string(),
        of(&row.refusals, "confirmed"),
        sum(&row.not_sampled).to_string(),
        row.duplicates_prevented.to_string(),
        row.duplicates_found.to_string(),
        row.evidence.visits.to_string(),
        row.evidence.complete.to_string(),
        percent.map_or_else(String::new, |percent| percent.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_of_its_month() {
        assert_eq!(month("0").as_deref(), Some("1970-01"));
        assert_eq!(month("20148").as_deref(), Some("2025-03"));
        assert_eq!(month("x"), None);
    }
}
