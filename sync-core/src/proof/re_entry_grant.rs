//! A permission to walk in again, as the server signs it: a phone shows it at the gate and enters by it offline.

use serde::{Deserialize, Serialize};

use super::{Dated, Payload};
use crate::model::{CampaignId, EnterpriseKey, Millis, OrganisationId, ReEntryGrantId};

/// This body may enter this enterprise once more in this campaign (补样、复入许可).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReEntryGrantPayload {
    /// Arrivals name it.
    pub grant_id: ReEntryGrantId,
    /// In which campaign.
    pub campaign_id: CampaignId,
    /// 承检机构
    pub body_id: OrganisationId,
    /// Where.
    pub enterprise: EnterpriseKey,
    /// The server's clock, milliseconds.
    pub granted_at_ms: Millis,
    /// Until when it may be used, milliseconds.
    pub expires_at_ms: Millis,
}

impl Payload for ReEntryGrantPayload {
    const CONTEXT: &'static str = "re-entry-grant";
}

impl Dated for ReEntryGrantPayload {
    fn made_at_ms(&self) -> Millis {
        self.granted_at_ms
    }
}
