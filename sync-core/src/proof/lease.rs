//! A lease on a door (门锁), as the server signs it: a team takes it online before it leaves the net, and its phones check it
//! offline. It keeps teams from meeting at one gate; what it is worth when they do is said by ENTRY1.

use serde::{Deserialize, Serialize};

use super::{Dated, Payload};
use crate::model::{
    CampaignId, DeviceId, EnterpriseKey, Interval, LeaseId, Millis, OrganisationId, TeamId,
};

/// This team goes to this enterprise for this body in this campaign, and no other team of the body does meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeasePayload {
    /// Its id.
    pub lease_id: LeaseId,
    /// Door: the campaign.
    pub campaign_id: CampaignId,
    /// Door: 承检机构
    pub body_id: OrganisationId,
    /// Door: the enterprise, by the key that stood when the lease was given.
    pub enterprise: EnterpriseKey,
    /// 抽样组 that holds it; every phone of the team enters by it.
    pub team_id: TeamId,
    /// The device that asked for it.
    pub device_id: DeviceId,
    /// The server's clock, milliseconds: it holds from then on.
    pub granted_at_ms: Millis,
    /// The last instant at which it holds, milliseconds.
    pub expires_at_ms: Millis,
}

impl Payload for LeasePayload {
    const CONTEXT: &'static str = "lease";
}

impl Dated for LeasePayload {
    fn made_at_ms(&self) -> Millis {
        self.granted_at_ms
    }
}

impl LeasePayload {
    /// When it holds. Given back early, it ends there; that it was given back later changes nothing.
    pub fn valid(&self, released_at_ms: Option<Millis>) -> Interval {
        let end = released_at_ms.map_or(self.expires_at_ms, |at| at.min(self.expires_at_ms));
        Interval {
            lo: self.granted_at_ms,
            hi: end.max(self.granted_at_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};
    use uuid::Uuid;

    use super::*;
    use crate::proof::{SignatureError, Signed, TimeTokenPayload, Verifier};

    struct Sums;

    /// Stands for Ed25519: the sum of the message, twice.
    fn sign(message: &[u8]) -> Vec<u8> {
        let sum: [u8; 32] = Sha256::digest(message).into();
        [sum, sum].concat()
    }

    impl Verifier for Sums {
        fn verify_p256(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            false
        }
        fn verify_ed25519(&self, _: &[u8], message: &[u8], signature: &[u8]) -> bool {
            sign(message) == signature
        }
    }

    fn lease() -> LeasePayload {
        LeasePayload {
            lease_id: LeaseId(Uuid::from_u128(1)),
            campaign_id: CampaignId(Uuid::from_u128(2)),
            body_id: OrganisationId(Uuid::from_u128(3)),
            enterprise: EnterpriseKey("uscc:911405250000B1E536".to_owned()),
            team_id: TeamId(Uuid::from_u128(4)),
            device_id: DeviceId(Uuid::from_u128(5)),
            granted_at_ms: 1_000,
            expires_at_ms: 2_000,
        }
    }

    #[test]
    fn the_signed_form_of_a_lease_stays_as_it_was_released() {
        let signed = Signed::sign(&lease(), "key".to_owned(), sign);
        assert_eq!(
            signed.payload,
            concat!(
                r#"{"lease_id":"00000000-0000-0000-0000-000000000001","campaign_id":"00000000-0000-0000-0000-000000000002","#,
                r#""body_id":"00000000-0000-0000-0000-000000000003","enterprise":"uscc:911405250000B1E536","#,
                r#""team_id":"00000000-0000-0000-0000-000000000004","device_id":"00000000-0000-0000-0000-000000000005","#,
                r#""granted_at_ms":1000,"expires_at_ms":2000}"#
            )
        );
        let message = Signed::<LeasePayload>::message(&signed.payload);
        assert!(message.starts_with(b"fieldseal/lease/1\n{"));
    }

    #[test]
    fn a_lease_that_was_touched_or_is_something_else_is_not_believed() {
        let key = |_: &str| Some(vec![0; 32]);
        let signed = Signed::sign(&lease(), "key".to_owned(), sign);
        assert_eq!(signed.open(&Sums, key), Ok(lease()));
        let mut longer = signed.clone();
        longer.payload = longer.payload.replace("2000", "9000");
        assert_eq!(longer.open(&Sums, key), Err(SignatureError::Invalid));
        let token: Signed<TimeTokenPayload> =
            serde_json::from_str(&serde_json::to_string(&signed).unwrap()).unwrap();
        assert_eq!(token.open(&Sums, key), Err(SignatureError::Invalid));
    }

    #[test]
    fn a_lease_that_is_given_back_ends_there_and_never_later_than_it_would() {
        assert_eq!(lease().valid(None), Interval::new(1_000, 2_000));
        assert_eq!(lease().valid(Some(1_500)), Interval::new(1_000, 1_500));
        assert_eq!(lease().valid(Some(2_500)), Interval::new(1_000, 2_000));
    }
}
