//! The list of enterprises that were not sampled (未抽到企业名单, 济宁工作规范第九条), for pages and as a file. Who reads it is on
//! the audit trail: it names enterprises of a sampling whose results may not be public yet (第六条).

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::limits::NOT_SAMPLED_ROWS_MAX;
use sync_core::model::{DocumentId, NotSampledReason, shanghai_date};
use sync_core::wording::Worded;
use utoipa::ToSchema;

use super::audit;
use super::spreadsheet::{self, harmless};
use super::visits::people;
use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::store::sync::not_sampled;
pub use crate::store::sync::not_sampled::{Filter, NotSampledRow, Place};
use crate::wording::{self, Words};

/// What the columns are called.
const HEADINGS: [&str; 15] = [
    "序号",
    "企业名称",
    "统一社会信用代码",
    "地址",
    "行政区划",
    "许可证或证书编号",
    "抽查状态",
    "未抽到原因",
    "情况说明",
    "当地市场监管部门盖章",
    "佐证影像",
    "记录日期",
    "抽样人员",
    "承检机构",
    "任务批次",
];

/// A sampler of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sampler {
    /// Their id.
    user_id: String,
    /// As people write it.
    name: Option<String>,
}

/// A piece of evidence of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedEvidence {
    /// Its entry in the manifest of the visit.
    evidence_id: String,
    /// As it was sealed.
    sha256: String,
}

/// The local bureau's stamp (当地市场监管部门盖章).
#[derive(Debug, Serialize, ToSchema)]
pub struct Stamp {
    /// 转产, 停产 and 倒闭 want it.
    needed: bool,
    /// Its photo is named in the record.
    present: bool,
    /// The same in words.
    words: Words,
}

/// An enterprise that was not sampled, by one sealed record.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotSampledEnterprise {
    /// Its id.
    not_sampled_id: String,
    /// Its visit.
    #[schema(value_type = String)]
    document_id: DocumentId,
    /// 企业名称
    name: String,
    /// 统一社会信用代码
    uscc: Option<String>,
    /// 地址
    address: String,
    /// GB/T 2260.
    region: Option<String>,
    /// 许可证或证书编号
    licence_no: String,
    /// `not_sampled`, or `sampled_too` where a signed sheet of the enterprise stands in the same campaign.
    status: &'static str,
    /// 抽查状态
    status_words: Words,
    /// `closed`, `stopped`, …
    reason: String,
    /// 未抽到原因; none where the record names one that is not of the list.
    reason_words: Option<Words>,
    /// 情况说明
    explanation: String,
    /// The local bureau's stamp.
    stamp: Stamp,
    /// 佐证影像
    evidence: Vec<NamedEvidence>,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// The civil day in Asia/Shanghai.
    recorded_on: String,
    /// Who signed.
    samplers: Vec<Sampler>,
    /// Campaign.
    campaign_id: String,
    /// Its number.
    campaign_code: Option<String>,
    /// Its name.
    campaign: Option<String>,
    /// 承检机构
    body_id: String,
    /// Its name.
    body: Option<String>,
}

/// A page of the records that the caller sees.
pub async fn list(
    app: &App,
    caller: &Principal,
    filter: &Filter,
    after: &Place,
    rows_max: u32,
) -> Result<Vec<NotSampledRow>, Problem> {
    let mut db = app.store.read().await?;
    Ok(not_sampled::list(&mut db, caller, filter, after, rows_max).await?)
}

/// What is told of these records; that the caller read them is noted.
pub async fn told(
    app: &App,
    caller: &Principal,
    filter: &Filter,
    rows: Vec<NotSampledRow>,
) -> Result<Vec<NotSampledEnterprise>, Problem> {
    let views = views(app, rows).await?;
    note(app, caller, filter, "json", views.len()).await?;
    Ok(views)
}

async fn views(app: &App, rows: Vec<NotSampledRow>) -> Result<Vec<NotSampledEnterprise>, Problem> {
    let mut db = app.store.read().await?;
    let signed = rows.iter().flat_map(|row| row.samplers.iter().copied());
    let names = people::named(&mut db, signed.collect()).await?;
    Ok(rows.into_iter().map(|row| view(row, &names)).collect())
}

fn view(row: NotSampledRow, names: &BTreeMap<String, people::Person>) -> NotSampledEnterprise {
    let reason: Option<NotSampledReason> = serde_json::from_value(row.reason.clone().into()).ok();
    let needed = reason.is_some_and(NotSampledReason::wants_stamp);
    let samplers = row.samplers.iter().map(|id| {
        let user_id = id.to_string();
        Sampler {
            name: names.get(&user_id).map(|person| person.name.clone()),
            user_id,
        }
    });
    let evidence = row.evidence.iter().map(|(id, sha256)| NamedEvidence {
        evidence_id: id.to_string(),
        sha256: sha256.to_string(),
    });
    NotSampledEnterprise {
        not_sampled_id: row.not_sampled_id.to_string(),
        document_id: row.document,
        samplers: samplers.collect(),
        evidence: evidence.collect(),
        status: match row.sampled {
            true => "sampled_too",
            false => "not_sampled",
        },
        status_words: wording::not_sampled_status(row.sampled),
        reason_words: reason.map(|it| it.words().into()),
        stamp: Stamp {
            needed,
            present: row.stamped,
            words: wording::stamp(needed, row.stamped),
        },
        recorded_at: rfc3339(row.recorded_at),
        recorded_on: shanghai_date(row.recorded_at).to_string(),
        name: row.name,
        uscc: row.uscc,
        address: row.address,
        region: row.region,
        licence_no: row.licence_no,
        reason: row.reason,
        explanation: row.explanation,
        campaign_id: row.campaign_id,
        campaign_code: row.campaign_code,
        campaign: row.campaign,
        body_id: row.body_id,
        body: row.body,
    }
}

/// The whole list as a file for spreadsheets.
pub async fn export(app: &App, caller: &Principal, filter: &Filter) -> Result<Vec<u8>, Problem> {
    let rows = list(
        app,
        caller,
        filter,
        &Place::first(),
        NOT_SAMPLED_ROWS_MAX + 1,
    )
    .await?;
    if u32::try_from(rows.len()).is_ok_and(|count| count > NOT_SAMPLED_ROWS_MAX) {
        let detail = format!("there are more than {NOT_SAMPLED_ROWS_MAX} rows");
        return Err(Problem::new(Code::ExportTooLong).detail(detail));
    }
    let views = views(app, rows).await?;
    let rows = (1..).zip(&views).map(|(number, view)| cells(number, view));
    let file = spreadsheet::file(HEADINGS, rows)?;
    note(app, caller, filter, "csv", views.len()).await?;
    Ok(file)
}

fn cells(number: usize, view: &NotSampledEnterprise) -> [String; HEADINGS.len()] {
    let samplers = view.samplers.iter();
    let samplers = samplers.map(|it| it.name.as_deref().unwrap_or(&it.user_id));
    let evidence = view.evidence.iter();
    let evidence = evidence.map(|it| format!("{} SHA-256 {}", it.evidence_id, it.sha256));
    let campaign = [&view.campaign_code, &view.campaign];
    let campaign = campaign.into_iter().flatten();
    let reason = view
        .reason_words
        .map_or(view.reason.as_str(), |words| words.zh);
    [
        number.to_string(),
        harmless(&view.name),
        harmless(view.uscc.as_deref().unwrap_or_default()),
        harmless(&view.address),
        harmless(view.region.as_deref().unwrap_or_default()),
        harmless(&view.licence_no),
        view.status_words.zh.to_owned(),
        harmless(reason),
        harmless(&view.explanation),
        view.stamp.words.zh.to_owned(),
        harmless(&Vec::from_iter(evidence).join("；")),
        view.recorded_on.clone(),
        harmless(&Vec::from_iter(samplers).join("、")),
        harmless(view.body.as_deref().unwrap_or_default()),
        harmless(&Vec::from_iter(campaign.map(String::as_str)).join(" ")),
    ]
}

/// Who read which part of the list, and how many rows it had.
async fn note(
    app: &App,
    caller: &Principal,
    filter: &Filter,
    format: &str,
    rows: usize,
) -> Result<(), Problem> {
    let detail = serde_json::json!({
        "format": format, "rows": rows, "campaign_id": filter.campaign, "task_id": filter.task,
    });
    let subject = match (&filter.task, &filter.campaign) {
        (Some(task), _) => format!("task:{task}"),
        (None, Some(campaign)) => format!("campaign:{campaign}"),
        (None, None) => "not_sampled:all".to_owned(),
    };
    let mut tx = app.store.begin_beside().await?;
    audit::record(
        app,
        &mut tx,
        caller,
        "not_sampled.exported",
        subject,
        detail,
    )
    .await?;
    Ok(tx.commit().await?)
}
