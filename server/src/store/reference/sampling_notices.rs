//! 监督抽查通知书 as they were issued. One number of an authority is one notice.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::model::{
    CampaignId, DocumentId, EnterpriseKey, Millis, OrganisationId, SamplingNotice, TaskId, UserId,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Sight, json, to_json};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO sampling_notices (notice_id, authority_id, number_key, notice_no, campaign_id, body_id, \
        enterprise_key, tasks, samplers, valid_from, valid_until, issued_by, issued_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// By the number that stands on it.
    FIND_BY_NUMBER = "SELECT * FROM sampling_notices WHERE authority_id = $1 AND number_key = $2";
    /// Those that the caller sees, a page: given to their body, by their authority, or by one in their regions.
    LIST_SEEN = "SELECT n.* FROM sampling_notices n JOIN organisations a ON a.organisation_id = n.authority_id \
        WHERE n.notice_id > $3 AND (n.body_id = $2 OR n.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM teams t JOIN team_members m ON m.team_id = t.team_id \
            WHERE m.user_id = $1 AND t.body_id = n.body_id AND t.campaign_id = n.campaign_id) \
          OR EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND a.region LIKE r.prefix || '%')) \
        ORDER BY n.notice_id LIMIT $4";
    /// Visits of a body in a campaign: whoever of them showed the number is judged anew.
    LIST_DOCUMENTS = "SELECT document_id FROM visits WHERE campaign_id = $1 AND body_id = $2 ORDER BY document_id";
}

/// A notice of sampling (监督抽查通知书).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeRow {
    /// Its id.
    #[schema(value_type = String)]
    pub notice_id: Uuid,
    /// 编号, as it stands on the paper.
    pub notice_no: String,
    /// 组织抽查部门
    #[schema(value_type = String)]
    pub authority_id: OrganisationId,
    /// In which campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// 承检机构
    #[schema(value_type = String)]
    pub body_id: OrganisationId,
    /// Key of the enterprise (受检单位).
    #[schema(value_type = String)]
    pub enterprise: EnterpriseKey,
    /// 抽查产品: the tasks for which it holds.
    #[schema(value_type = Vec<String>)]
    pub tasks: BTreeSet<TaskId>,
    /// 抽样人员; none where it names nobody.
    #[schema(value_type = Vec<String>)]
    pub samplers: BTreeSet<UserId>,
    /// First day, ISO, Asia/Shanghai.
    pub valid_from: String,
    /// Last day, ISO, Asia/Shanghai.
    pub valid_until: String,
    /// Who issued it.
    #[schema(value_type = String)]
    pub issued_by: UserId,
    /// When, milliseconds.
    pub issued_at_ms: Millis,
}

impl NoticeRow {
    /// As forms and rules read it.
    pub fn notice(&self) -> SamplingNotice {
        SamplingNotice {
            notice_no: self.notice_no.clone(),
            authority_id: self.authority_id,
            enterprise: self.enterprise.clone(),
            tasks: self.tasks.clone(),
            samplers: self.samplers.clone(),
            valid_from: self.valid_from.clone(),
            valid_until: self.valid_until.clone(),
        }
    }
}

fn notice(row: &Row) -> Result<NoticeRow> {
    Ok(NoticeRow {
        notice_id: row.get("notice_id")?,
        notice_no: row.get("notice_no")?,
        authority_id: row.get("authority_id")?,
        campaign_id: row.get("campaign_id")?,
        body_id: row.get("body_id")?,
        enterprise: row.get("enterprise_key")?,
        tasks: json(row, "tasks")?,
        samplers: json(row, "samplers")?,
        valid_from: row.get("valid_from")?,
        valid_until: row.get("valid_until")?,
        issued_by: row.get("issued_by")?,
        issued_at_ms: row.get("issued_at")?,
    })
}

/// By the number that stands on it, as `SamplingNotice::number_key` compares numbers.
pub async fn find_by_number(
    db: &mut Session,
    authority: OrganisationId,
    number_key: &str,
) -> Result<Option<NoticeRow>> {
    let found = db
        .optional(&FIND_BY_NUMBER, args![authority, number_key])
        .await?;
    found.as_ref().map(notice).transpose()
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &NoticeRow) -> Result<()> {
    let columns = args![
        row.notice_id,
        row.authority_id,
        SamplingNotice::number_key(&row.notice_no),
        &row.notice_no,
        row.campaign_id,
        row.body_id,
        &row.enterprise,
        to_json(&row.tasks),
        to_json(&row.samplers),
        &row.valid_from,
        &row.valid_until,
        row.issued_by,
        row.issued_at_ms
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<NoticeRow>> {
    let args = args![sight.user, sight.organisation, after, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(notice).collect()
}

/// Visits of a body in a campaign.
pub async fn list_documents(
    db: &mut Session,
    campaign: CampaignId,
    body: OrganisationId,
) -> Result<Vec<DocumentId>> {
    let rows = db.all(&LIST_DOCUMENTS, args![campaign, body]).await?;
    rows.iter().map(|row| row.get("document_id")).collect()
}
