//! The first change of every visit's document: by a fixed actor at time 0, so that documents begun offline on two phones
//! share it and merge. It contains the identity, so that every later change is bound to this document and no other.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, AutomergeError, ROOT};

use crate::model::VisitIdentity;

/// No install has this actor: it belongs to the schema.
const SKELETON_ACTOR: [u8; 16] = *b"fieldseal-visit1";
/// The version of the schema.
const SCHEMA: i64 = 1;

/// The document as it begins.
///
/// # Errors
/// Automerge's, which a new document gives no cause for.
pub fn skeleton(identity: &VisitIdentity) -> Result<Automerge, AutomergeError> {
    let mut document = Automerge::new().with_actor(ActorId::from(SKELETON_ACTOR));
    let mut transaction = document.transaction();
    transaction.put(ROOT, "schema", SCHEMA)?;
    transaction.put(ROOT, "document_id", identity.document_id().to_string())?;
    transaction.put(ROOT, "preimage", identity.preimage())?;
    transaction.commit_with(CommitOptions::default().with_time(0));
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_phones_begin_with_the_same_change_and_two_visits_with_different_ones() {
        let mut identity = VisitIdentity::from_preimage(
            r#"{"body":"00000000-0000-0000-0000-000000000002","campaign":"00000000-0000-0000-0000-000000000001","enterprise":"uscc:911405250000B1E536","team":"team:00000000-0000-0000-0000-000000000003"}"#,
        )
        .unwrap();
        let first = skeleton(&identity).unwrap().get_heads();
        assert_eq!(first, skeleton(&identity).unwrap().get_heads());
        identity.campaign = crate::model::CampaignId(uuid::Uuid::from_u128(9));
        assert_ne!(first, skeleton(&identity).unwrap().get_heads());
    }
}
