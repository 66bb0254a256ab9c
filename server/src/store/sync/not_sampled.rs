//! What was not sampled (未抽到样品): the sealed records, and the list of enterprises that follows from them (济宁工作规范第九条).

use std::collections::{BTreeMap, BTreeSet};

use sync_core::document::ListedRecord;
use sync_core::model::{Digest, DocumentId, EvidenceId, Millis, NotSampled, UserId};
use uuid::Uuid;

use super::visits::{seen, sight};
use crate::access::Principal;
use crate::args;
use crate::store::reference::{json, to_json};
use crate::store::{Result, Row, Session, Tx, Value, bulk, statements};

statements! {
    /// A page of those of visits that a caller sees, oldest first. A record is of a task where the task's campaign, body and
    /// team are the visit's. Whether the enterprise was sampled all the same in that campaign, the authority wants to know.
    LIST = concat!("SELECT n.*, x.campaign_id, x.body_id, x.region, c.code AS campaign_code, c.name AS campaign, b.name AS body, \
        CASE WHEN EXISTS (SELECT 1 FROM samples s JOIN visits o ON o.document_id = s.document_id \
            WHERE s.enterprise = x.enterprise AND o.campaign_id = x.campaign_id AND s.signed = 1) THEN 1 ELSE 0 END AS sampled \
        FROM not_sampled n JOIN visits x ON x.document_id = n.document_id \
        LEFT JOIN campaigns c ON c.campaign_id = x.campaign_id LEFT JOIN organisations b ON b.organisation_id = x.body_id \
        WHERE n.document_id IN (SELECT v.document_id ", seen!(") \
        AND (CAST($5 AS TEXT) IS NULL OR x.campaign_id = $5) \
        AND (CAST($6 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM tasks t WHERE t.task_id = $6 AND t.campaign_id = x.campaign_id \
            AND t.body_id = x.body_id AND (t.team_id IS NULL OR t.team_id = x.team_id))) \
        AND n.recorded_at >= $7 AND n.recorded_at < $8 \
        AND (n.recorded_at > $9 OR (n.recorded_at = $9 AND n.not_sampled_id > $10) \
            OR (n.recorded_at = $9 AND n.not_sampled_id = $10 AND n.document_id > $11)) \
        ORDER BY n.recorded_at, n.not_sampled_id, n.document_id LIMIT $12"));
}

bulk! {
    /// Out with the old records.
    DELETE = ("DELETE FROM not_sampled WHERE document_id IN (", 0, 1, ")");
    /// In with the new ones.
    INSERT = ("INSERT INTO not_sampled (document_id, not_sampled_id, name, uscc, address, licence_no, reason, explanation, \
        stamped, evidence, samplers, recorded_at) VALUES", 0, 12, " ON CONFLICT DO NOTHING");
}

/// Which records.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this campaign.
    pub campaign: Option<String>,
    /// Of this task.
    pub task: Option<String>,
    /// From this instant on.
    pub from: Millis,
    /// Before this instant.
    pub until: Millis,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the last record was made.
    pub recorded_at: Millis,
    /// Which it was.
    pub not_sampled_id: String,
    /// In which visit.
    pub document: Vec<u8>,
}

impl Place {
    /// Before every record.
    pub fn first() -> Self {
        Self {
            recorded_at: Millis::MIN,
            not_sampled_id: String::new(),
            document: Vec::new(),
        }
    }
}

/// A record of the list.
#[derive(Clone, Debug)]
pub struct NotSampledRow {
    /// Its visit.
    pub document: DocumentId,
    /// Its id.
    pub not_sampled_id: Uuid,
    /// 企业名称
    pub name: String,
    /// 统一社会信用代码
    pub uscc: Option<String>,
    /// 地址
    pub address: String,
    /// 证书编号
    pub licence_no: String,
    /// A reason by its word.
    pub reason: String,
    /// 情况说明
    pub explanation: String,
    /// The photo of the local bureau's stamp is named.
    pub stamped: bool,
    /// 影像, as sealed.
    pub evidence: BTreeMap<EvidenceId, Digest>,
    /// Whose signature holds.
    pub samplers: BTreeSet<UserId>,
    /// When it was recorded.
    pub recorded_at: Millis,
    /// 批次
    pub campaign_id: String,
    /// Its number.
    pub campaign_code: Option<String>,
    /// Its name.
    pub campaign: Option<String>,
    /// 承检机构
    pub body_id: String,
    /// Its name.
    pub body: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// A signed sheet of the enterprise stands in the same campaign.
    pub sampled: bool,
}

fn from_row(row: &Row) -> Result<NotSampledRow> {
    Ok(NotSampledRow {
        document: row.get("document_id")?,
        not_sampled_id: row.get("not_sampled_id")?,
        name: row.get("name")?,
        uscc: row.get("uscc")?,
        address: row.get("address")?,
        licence_no: row.get("licence_no")?,
        reason: row.get("reason")?,
        explanation: row.get("explanation")?,
        stamped: row.get("stamped")?,
        evidence: json(row, "evidence")?,
        samplers: json(row, "samplers")?,
        recorded_at: row.get("recorded_at")?,
        campaign_id: row.get("campaign_id")?,
        campaign_code: row.get("campaign_code")?,
        campaign: row.get("campaign")?,
        body_id: row.get("body_id")?,
        body: row.get("body")?,
        region: row.get("region")?,
        sampled: row.get("sampled")?,
    })
}

/// Replaces the records of documents; of those that were not `stored` before there are none yet. A draft is none.
pub async fn replace(
    tx: &mut Tx,
    stored: &[DocumentId],
    records: impl Iterator<Item = (DocumentId, &[ListedRecord<NotSampled>])>,
) -> Result<()> {
    let ids = stored.iter().copied().map(Value::from);
    tx.exec_of(&DELETE, args![], ids).await?;
    let mut rows = Vec::new();
    for (document, listed) in records {
        for it in listed.iter().filter(|it| it.seal_id.is_some()) {
            let record = &it.record;
            rows.push(args![
                document,
                record.not_sampled_id.to_string(),
                &record.party.name,
                record.party.uscc.clone(),
                &record.party.address,
                &record.licence_no,
                &record.reason,
                &record.explanation,
                record.bureau_stamp.is_some(),
                to_json(&record.evidence),
                to_json(&it.signers),
                record.recorded_at.earliest()
            ]);
        }
    }
    tx.exec_rows(&INSERT, rows).await
}

/// A page of what the caller sees, oldest first.
pub async fn list(
    db: &mut Session,
    caller: &Principal,
    filter: &Filter,
    after: &Place,
    rows_max: u32,
) -> Result<Vec<NotSampledRow>> {
    let mut values = sight(caller);
    values.extend(args![
        filter.campaign.clone(),
        filter.task.clone(),
        filter.from,
        filter.until,
        after.recorded_at,
        &after.not_sampled_id,
        after.document.clone(),
        rows_max
    ]);
    db.all(&LIST, values).await?.iter().map(from_row).collect()
}
