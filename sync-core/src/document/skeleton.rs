//! The first change of every visit, the same for everybody: a fixed actor at time 0 that says which document this is and
//! lays out its maps. Every other change depends on it, so no change can be transplanted into another document, and two
//! phones that meet no network merge.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, AutomergeError, ObjId, ObjType, ROOT};

use crate::model::VisitIdentity;

/// The version of the layout, in the skeleton and under every seal.
pub const SCHEMA: i64 = 1;

/// The author of skeletons: nobody, and never certified.
pub const SKELETON_ACTOR: [u8; 16] = *b"fieldseal/visit1";

/// The maps of items, in the order in which the skeleton makes them. The order is part of the format.
pub(super) const COLLECTIONS: [&str; 12] = [
    "arrivals",
    "suspensions",
    "sheets",
    "seals",
    "amendments",
    "evidence",
    "recusals",
    "refusals",
    "not_sampled",
    "on_site_reports",
    "prior_claims",
    "enterprise",
];

/// The skeleton of a visit as a document of one change.
///
/// # Errors
/// Automerge's, which a new document gives no cause for.
pub fn skeleton(identity: &VisitIdentity) -> Result<Automerge, AutomergeError> {
    let mut doc = Automerge::new().with_actor(ActorId::from(&SKELETON_ACTOR[..]));
    let mut tx = doc.transaction();
    tx.put(ROOT, "schema", SCHEMA)?;
    tx.put(ROOT, "document_id", identity.document_id().to_string())?;
    tx.put(ROOT, "identity", identity.preimage())?;
    tx.put_object(ROOT, "notes", ObjType::Text)?;
    for name in COLLECTIONS {
        tx.put_object(ROOT, name, ObjType::Map)?;
    }
    tx.commit_with(CommitOptions::default().with_time(0));
    Ok(doc)
}

/// A map of the skeleton by the operation that made it: a later change that puts another object under the same key
/// hides nothing from readers.
pub(super) fn collection(name: &str) -> ObjId {
    let place = COLLECTIONS
        .iter()
        .position(|it| *it == name)
        .unwrap_or_default() as u64;
    ObjId::Id(5 + place, ActorId::from(&SKELETON_ACTOR[..]), 0)
}

/// The free text of the visit.
pub(super) fn notes() -> ObjId {
    ObjId::Id(4, ActorId::from(&SKELETON_ACTOR[..]), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CampaignId, EnterpriseKey, OrganisationId, TeamId, TeamKey};
    use automerge::ReadDoc;
    use uuid::Uuid;

    fn identity() -> VisitIdentity {
        VisitIdentity {
            campaign: CampaignId(Uuid::from_u128(1)),
            body: OrganisationId(Uuid::from_u128(2)),
            enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
            team: TeamKey::Team(TeamId(Uuid::from_u128(3))),
        }
    }

    #[test]
    fn a_skeleton_has_the_bytes_of_its_release() {
        let doc = skeleton(&identity()).unwrap();
        let change = doc.get_changes(&[]).remove(0);
        assert_eq!(
            hex::encode(change.raw_bytes()),
            include_str!("../../golden/visit_skeleton.hex").trim()
        );
    }

    #[test]
    fn readers_find_the_maps_of_the_skeleton_by_their_operation() {
        let doc = skeleton(&identity()).unwrap();
        for name in COLLECTIONS {
            let (_, id) = doc.get(ROOT, name).unwrap().unwrap();
            assert_eq!(id, collection(name), "{name}");
        }
        assert_eq!(doc.get(ROOT, "notes").unwrap().unwrap().1, notes());
    }
}
