//! Searching visits: pages, and the same as a file. What is exported is what the filter finds, and who exported it is on the
//! audit trail.

use std::collections::VecDeque;

use axum::body::Bytes;
use futures_util::stream::{Stream, try_unfold};
use serde_json::json;
use sync_core::limits::LIST_ROWS_MAX;
use sync_core::model::{DocumentId, Millis, shanghai_date};

use super::{VisitListRow, VisitView};
use crate::access::Principal;
use crate::app::App;
use crate::problem::Problem;
use crate::services::audit;
use crate::services::evidence::reading::{self as evidence, EvidenceSummary};
use crate::services::spreadsheet::{BOM, harmless, lines};
use crate::store::sync::search;
pub use crate::store::sync::search::{Filter, Way};
use crate::wording;

/// What the columns of the file are called.
const HEADINGS: [&str; 18] = [
    "企业名称",
    "统一社会信用代码",
    "行政区划",
    "进门日期",
    "状态",
    "进门认定",
    "抽样单数",
    "抽样单编号",
    "产品名称",
    "样品认定",
    "拒检认定",
    "适用规则",
    "任务批次",
    "承检机构",
    "影像",
    "冲突",
    "最近变更",
    "卷宗编号",
];

/// Where a page begins: behind this visit, in the order of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the visit is sorted by.
    pub sort_at: Millis,
    /// Which it is; none before the first.
    pub document: Option<DocumentId>,
}

impl Place {
    /// Before every visit.
    pub fn first() -> Self {
        Self {
            sort_at: Millis::MAX,
            document: None,
        }
    }

    /// As `next` writes it.
    pub fn read(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('_')?;
        Some(Self {
            sort_at: at.parse().ok()?,
            document: Some(id.parse().ok()?),
        })
    }

    /// Behind this visit.
    pub fn behind(row: &VisitListRow) -> Self {
        Self {
            sort_at: row.sort_at,
            document: Some(row.document_id),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_", self.sort_at)?;
        self.document.map_or(Ok(()), |id| id.fmt(f))
    }
}

/// A page of the visits that the caller sees, newest first.
pub async fn list(
    app: &App,
    caller: &Principal,
    after: &Place,
    filter: &Filter,
    rows_max: u32,
) -> Result<Vec<VisitListRow>, Problem> {
    list_from(app, caller, after, Way::Onward, filter, rows_max).await
}

/// The same from a place on, or up to it.
pub async fn list_from(
    app: &App,
    caller: &Principal,
    from: &Place,
    way: Way,
    filter: &Filter,
    rows_max: u32,
) -> Result<Vec<VisitListRow>, Problem> {
    let mut db = app.store.read().await?;
    let document = from.document.map_or_else(Vec::new, |id| id.0.to_vec());
    let place = (from.sort_at, document);
    Ok(search::list(&mut db, caller, place, way, filter, rows_max).await?)
}

/// What lists show of these visits.
pub async fn views(app: &App, rows: Vec<VisitListRow>) -> Result<Vec<VisitView>, Problem> {
    let mut db = app.store.read().await?;
    let documents: Vec<_> = rows.iter().map(|row| row.document_id).collect();
    let mut summaries = evidence::summaries(app, &mut db, &documents).await?;
    let mut told = search::told(&mut db, &documents).await?;
    let views = rows.into_iter().map(|row| {
        let id = row.document_id;
        let evidence = summaries.remove(&id);
        let evidence = evidence.unwrap_or_else(EvidenceSummary::of_none);
        VisitView::new(row, told.remove(&id).unwrap_or_default(), evidence)
    });
    Ok(views.collect())
}

/// The whole list as a file for spreadsheets, page by page as it is read. A visit that changes meanwhile stands there as it
/// was or as it is.
pub async fn export(
    app: &App,
    caller: &Principal,
    filter: Filter,
) -> Result<impl Stream<Item = Result<Bytes, Problem>> + use<>, Problem> {
    let mut tx = app.store.begin_beside().await?;
    audit::record(
        app,
        &mut tx,
        caller,
        "visits.exported",
        "visits:list".to_owned(),
        json!({ "format": "csv", "filter": asked(&filter) }),
    )
    .await?;
    tx.commit().await?;
    let mut headings = BOM.as_bytes().to_vec();
    headings.extend(lines(std::iter::once(HEADINGS.map(str::to_owned)))?);
    let begin = Reading {
        app: app.clone(),
        caller: caller.clone(),
        filter,
        next: Some(Place::first()),
        ready: VecDeque::from([Bytes::from(headings)]),
    };
    Ok(try_unfold(begin, |mut reading| async move {
        loop {
            if let Some(bytes) = reading.ready.pop_front() {
                return Ok(Some((bytes, reading)));
            }
            let Some(place) = reading.next.take() else {
                return Ok(None);
            };
            reading.read(&place).await?;
        }
    }))
}

/// What of a filter is asked, as the audit trail keeps it.
fn asked(filter: &Filter) -> serde_json::Value {
    let day = |at: Option<Millis>| at.map(|at| shanghai_date(at).to_string());
    let mut asked = json!({
        "enterprise": filter.enterprise, "uscc": filter.uscc, "body": filter.body, "campaign": filter.campaign,
        "state": filter.state, "region": filter.region, "name": filter.name, "product": filter.product,
        "sheet_no": filter.sheet_no, "standing": filter.standing, "validity": filter.validity,
        "refusal": filter.refusal, "rule": filter.rule, "evidence": filter.evidence,
        "from": day(filter.from), "to": day(filter.until.map(|until| until - 1)),
    });
    if let Some(fields) = asked.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    asked
}

struct Reading {
    app: App,
    caller: Principal,
    filter: Filter,
    next: Option<Place>,
    ready: VecDeque<Bytes>,
}

impl Reading {
    async fn read(&mut self, place: &Place) -> Result<(), Problem> {
        let rows = list(&self.app, &self.caller, place, &self.filter, LIST_ROWS_MAX).await?;
        if rows.len() == LIST_ROWS_MAX as usize {
            self.next = rows.last().map(Place::behind);
        }
        let dates: Vec<_> = rows
            .iter()
            .map(|row| [row.entered_at, Some(row.changed_at)])
            .collect();
        let views = views(&self.app, rows).await?;
        let rows = views.iter().zip(dates).map(|(view, at)| cells(view, at));
        self.ready.push_back(lines(rows)?.into());
        Ok(())
    }
}

fn cells(view: &VisitView, at: [Option<Millis>; 2]) -> [String; HEADINGS.len()] {
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    let joined = |texts: &[String]| harmless(&texts.join("、"));
    let words = |list, texts: &[String]| {
        let words = texts.iter().map(|text| wording::in_list(list, text).zh);
        Vec::from_iter(words).join("、")
    };
    let day = |at: Option<Millis>| at.map_or_else(String::new, |at| shanghai_date(at).to_string());
    let [entered, changed] = at;
    let campaign = [&view.campaign_code, &view.campaign].into_iter().flatten();
    let campaign = Vec::from_iter(campaign.map(String::as_str)).join(" ");
    [
        text(&view.enterprise_name),
        text(&view.uscc),
        text(&view.region),
        day(entered),
        wording::in_list("visit_state", &view.state).zh.to_owned(),
        words("standing", &view.standings),
        view.samples.to_string(),
        joined(&view.sheet_nos),
        joined(&view.products),
        words("validity", &view.validities),
        words("refusal_standing", &view.refusals),
        joined(&view.rules),
        harmless(&campaign),
        text(&view.body),
        view.evidence.zh.clone(),
        view.conflicts.to_string(),
        day(changed),
        view.visit_id.clone(),
    ]
}
