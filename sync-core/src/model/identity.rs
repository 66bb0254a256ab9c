//! Who a visit is: an identity derived from what the team knows offline, so that two of its phones that meet no network
//! write the same document.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::canonical::canonical_json;
use super::ids::{
    CampaignId, ConfirmationId, DeviceId, Digest, DocumentId, EnterpriseId, EnterpriseKey, NotAnId,
    OrganisationId, TeamId, UserId,
};
use super::records::ConfirmedSubject;
use super::region::Region;
use super::uscc::Uscc;

const CONTEXT: &str = "fieldseal/visit/1\n";

impl EnterpriseKey {
    /// `uscc:…`, the rule.
    pub fn from_uscc(uscc: &Uscc) -> Self {
        Self(format!("uscc:{uscc}"))
    }
    /// `server:…`, an enterprise without a valid USCC that the server has listed.
    pub fn from_server(enterprise: EnterpriseId) -> Self {
        Self(format!("server:{enterprise}"))
    }
    /// `device:…:…`, one that a phone met offline; `nonce` is drawn by the phone and kept with the enterprise.
    pub fn from_device(device: DeviceId, nonce: Uuid) -> Self {
        Self(format!("device:{device}:{nonce}"))
    }
    /// The USCC, where the key is one.
    pub fn uscc(&self) -> Option<Uscc> {
        self.0.strip_prefix("uscc:")?.parse().ok()
    }
    /// One of the three forms; a key of another form is never accepted in an identity.
    pub fn is_well_formed(&self) -> bool {
        if let Some(id) = self.0.strip_prefix("server:") {
            return id
                .parse::<EnterpriseId>()
                .is_ok_and(|it| it.to_string() == id);
        }
        if let Some(rest) = self.0.strip_prefix("device:") {
            return rest.split_once(':').is_some_and(|(device, nonce)| {
                [device, nonce]
                    .iter()
                    .all(|part| Uuid::parse_str(part).is_ok_and(|it| it.to_string() == *part))
            });
        }
        self.uscc().is_some()
    }
}

/// Who writes: a roster, or one person outside every roster, whose document then gets a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TeamKey {
    /// `team:<uuid>`, a roster (抽样组).
    Team(TeamId),
    /// `solo:<user uuid>`, one person outside every roster.
    Solo(UserId),
}

impl From<TeamKey> for String {
    fn from(key: TeamKey) -> String {
        match key {
            TeamKey::Team(id) => format!("team:{id}"),
            TeamKey::Solo(id) => format!("solo:{id}"),
        }
    }
}
impl TryFrom<String> for TeamKey {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        let key = match text.split_once(':') {
            Some(("team", id)) => id.parse().ok().map(Self::Team),
            Some(("solo", id)) => id.parse().ok().map(Self::Solo),
            _ => None,
        };
        // One spelling only: the text is hashed.
        key.filter(|key| String::from(*key) == text).ok_or(NotAnId {
            kind: "TeamKey",
            text,
        })
    }
}

/// The identity of a visit (一次进门的身份): campaign, body, enterprise and team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitIdentity {
    /// 一次任务
    pub campaign: CampaignId,
    /// 承检机构
    pub body: OrganisationId,
    /// 受检单位, never a typed name.
    pub enterprise: EnterpriseKey,
    /// 抽样组
    pub team: TeamKey,
}

impl VisitIdentity {
    /// The exact text that is hashed, without its context line, and that travels beside the changes.
    pub fn preimage(&self) -> String {
        canonical_json(&serde_json::json!({
            "body": self.body, "campaign": self.campaign,
            "enterprise": self.enterprise, "team": self.team,
        }))
    }
    /// SHA-256 of `fieldseal/visit/1\n` and the preimage.
    pub fn document_id(&self) -> DocumentId {
        let mut hasher = Sha256::new();
        hasher.update(CONTEXT.as_bytes());
        hasher.update(self.preimage().as_bytes());
        DocumentId(hasher.finalize().into())
    }
    /// Reads a preimage; any spelling but the canonical one, and any malformed enterprise key, is refused.
    pub fn from_preimage(text: &str) -> Result<Self, NotAnId> {
        serde_json::from_str::<Self>(text)
            .ok()
            .filter(|it| it.enterprise.is_well_formed() && it.preimage() == text)
            .ok_or_else(|| NotAnId {
                kind: "VisitIdentity",
                text: text.into(),
            })
    }
}

const CONFIRMATION_CONTEXT: &str = "fieldseal/confirmation/1\n";

/// The identity of a confirmation (现场确认的身份): its own id, and what it confirms. The visit, the region and the seal that
/// the officers had before them are part of it, so that none of them can be exchanged afterwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationIdentity {
    /// Its own id, a UUIDv7.
    pub confirmation: ConfirmationId,
    /// The visit in which it happened.
    pub visit: VisitIdentity,
    /// 管辖: the region (GB/T 2260) for which it is written.
    pub region: Region,
    /// What is confirmed.
    pub subject: ConfirmedSubject,
    /// The digest of its seal: what its samplers signed.
    pub seal: Digest,
}

impl ConfirmationIdentity {
    /// The exact text that is hashed, without its context line, and that travels beside the changes.
    pub fn preimage(&self) -> String {
        canonical_json(&serde_json::json!({
            "confirmation": self.confirmation, "region": self.region, "seal": self.seal,
            "subject": self.subject, "visit": self.visit,
        }))
    }
    /// SHA-256 of `fieldseal/confirmation/1\n` and the preimage.
    pub fn document_id(&self) -> DocumentId {
        let mut hasher = Sha256::new();
        hasher.update(CONFIRMATION_CONTEXT.as_bytes());
        hasher.update(self.preimage().as_bytes());
        DocumentId(hasher.finalize().into())
    }
    /// Reads a preimage; any spelling but the canonical one is refused, and so is an id that is no UUIDv7.
    ///
    /// # Errors
    /// Where the text is no identity of a confirmation.
    pub fn from_preimage(text: &str) -> Result<Self, NotAnId> {
        serde_json::from_str::<Self>(text)
            .ok()
            .filter(|it| it.visit.enterprise.is_well_formed())
            .filter(|it| it.confirmation.0.get_version_num() == 7 && it.preimage() == text)
            .ok_or_else(|| NotAnId {
                kind: "ConfirmationIdentity",
                text: text.into(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::RefusalId;
    use super::*;

    pub(crate) fn example() -> VisitIdentity {
        VisitIdentity {
            campaign: CampaignId(Uuid::from_u128(1)),
            body: OrganisationId(Uuid::from_u128(2)),
            enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
            team: TeamKey::Team(TeamId(Uuid::from_u128(3))),
        }
    }

    #[test]
    fn an_identity_has_one_text_and_one_hash() {
        let identity = example();
        let text = r#"{"body":"00000000-0000-0000-0000-000000000002","campaign":"00000000-0000-0000-0000-000000000001","enterprise":"uscc:911405250000B1E536","team":"team:00000000-0000-0000-0000-000000000003"}"#;
        assert_eq!(identity.preimage(), text);
        assert_eq!(VisitIdentity::from_preimage(text), Ok(identity.clone()));
        assert!(VisitIdentity::from_preimage(&text.replace("\":\"", "\": \"")).is_err());
        assert!(VisitIdentity::from_preimage(&text.replace("B1E536", "B1E537")).is_err());
        assert_eq!(
            identity.document_id().to_string(),
            include_str!("../../golden/visit_identity.sha256").trim()
        );
    }

    #[test]
    fn a_confirmation_has_one_text_and_one_hash_and_names_all_that_it_confirms() {
        let identity = ConfirmationIdentity {
            confirmation: ConfirmationId("01890000-0000-7000-8000-000000000001".parse().unwrap()),
            visit: example(),
            region: "140525".parse().unwrap(),
            subject: ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(4))),
            seal: Digest([5; 32]),
        };
        let text = format!(
            concat!(
                r#"{{"confirmation":"01890000-0000-7000-8000-000000000001","region":"140525","seal":"{}","#,
                r#""subject":{{"id":"00000000-0000-0000-0000-000000000004","kind":"refusal"}},"visit":{}}}"#
            ),
            "05".repeat(32),
            example().preimage()
        );
        assert_eq!(identity.preimage(), text);
        assert_eq!(
            ConfirmationIdentity::from_preimage(&text),
            Ok(identity.clone())
        );
        assert_ne!(identity.document_id(), example().document_id());
        for (was, is) in [
            ("\":\"", "\": \""),
            ("7000", "4000"),
            ("140525", "140025"),
            ("\"refusal\"", "\"sheet\""),
            ("B1E536", "B1E537"),
            ("0505", "05"),
        ] {
            let odd = text.replacen(was, is, 1);
            assert!(ConfirmationIdentity::from_preimage(&odd).is_err(), "{odd}");
        }
        let changes: [fn(&mut ConfirmationIdentity); 3] = [
            |it| it.region = "140502".parse().unwrap(),
            |it| it.seal = Digest([6; 32]),
            |it| it.visit.body = OrganisationId(Uuid::from_u128(9)),
        ];
        for change in changes {
            let mut other = identity.clone();
            change(&mut other);
            assert_ne!(other.document_id(), identity.document_id());
        }
    }
}
