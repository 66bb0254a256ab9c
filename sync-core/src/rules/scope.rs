//! What is ruled is a scope, not a document: everything that one rule must see together.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{CampaignId, Digest, DocumentId, EnterpriseKey, OrganisationId};

/// The key of a scope. Scopes are ruled in the order of their strata; a later stratum reads the outcomes of the earlier
/// ones and never the other way round, or the rules would turn in circles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum ScopeKey {
    /// Stratum 0: all that one visit shows by itself (TWO, NOSAMP, CASE, …).
    Visit {
        /// The visit's document.
        document_id: DocumentId,
    },
    /// Stratum 0: one seal number, wherever it was used.
    SealNumber {
        /// As printed on the seal.
        seal_no: String,
    },
    /// Stratum 0: one sheet number, wherever it was used.
    SheetNumber {
        /// As printed on the sheet.
        sheet_no: String,
    },
    /// Stratum 1: the door; ENTRY1. Uses samples *drawn*.
    Door {
        /// Campaign.
        campaign_id: CampaignId,
        /// Inspection body.
        body_id: OrganisationId,
        /// Enterprise after aliases.
        enterprise: EnterpriseKey,
    },
    /// Stratum 2: the products of all who bear one producer's name, with a code or without; DUP6, UPPER, DUPLOT find
    /// here what only a name has in common, and leave all of it to a person. Uses what survived the door.
    ProducerName {
        /// `ProductFact::name_digest()`.
        name: Digest,
    },
    /// Stratum 3: the products of one producer, across authorities and enterprises; DUP6, UPPER, DUPLOT compare the
    /// product keys within. After the names, because what a name has made uncertain makes nothing a duplicate.
    Product {
        /// `ProductFact::scope_digest()`.
        product: Digest,
    },
    /// Stratum 4: one sampled party in one calendar year; YEAR3 over its visits, TASK3 and BATCH3 within each. A joint
    /// entry of several bodies comes together here and nowhere else. Limits count last.
    EnterpriseYear {
        /// Enterprise after aliases.
        enterprise: EnterpriseKey,
        /// Calendar year in Asia/Shanghai.
        year: i16,
    },
}

impl ScopeKey {
    /// 0 to 4.
    pub fn stratum(&self) -> u8 {
        match self {
            Self::Visit { .. } | Self::SealNumber { .. } | Self::SheetNumber { .. } => 0,
            Self::Door { .. } => 1,
            Self::ProducerName { .. } => 2,
            Self::Product { .. } => 3,
            Self::EnterpriseYear { .. } => 4,
        }
    }
}

/// The one spelling used as a database key, a metric label's value and in logs.
impl fmt::Display for ScopeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visit { document_id } => write!(f, "visit/{document_id}"),
            Self::SealNumber { seal_no } => write!(f, "seal/{seal_no}"),
            Self::SheetNumber { sheet_no } => write!(f, "sheet/{sheet_no}"),
            Self::Door {
                campaign_id,
                body_id,
                enterprise,
            } => {
                write!(f, "door/{campaign_id}/{body_id}/{enterprise}")
            }
            Self::ProducerName { name } => write!(f, "producer/{name}"),
            Self::Product { product } => write!(f, "product/{product}"),
            Self::EnterpriseYear { enterprise, year } => write!(f, "year/{year}/{enterprise}"),
        }
    }
}
