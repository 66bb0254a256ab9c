//! The first change of every document, the same for everybody: a fixed actor at time 0 that says which document this is and
//! lays out the maps of its kind. Every other change depends on it, so no change can be transplanted into another document,
//! and two phones that meet no network merge.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, AutomergeError, ObjId, ObjType, ROOT};

use crate::model::{
    ConfirmationIdentity, DocumentId, NotAnId, OrganisationId, Region, VisitIdentity,
};
use crate::proof::Role;

/// The version of the layout, in the skeleton and under every seal.
pub const SCHEMA: i64 = 1;

/// Who a document is, and with that of which kind: what its skeleton says, and as whom people sign in it.
pub trait Identity: Clone {
    /// As the wire names the kind.
    const KIND: &'static str;
    /// The author of skeletons of this kind: nobody, and never certified.
    const SKELETON_ACTOR: [u8; 16];
    /// The maps of items, in the order in which the skeleton makes them. The order is part of the format.
    const COLLECTIONS: &'static [&'static str];
    /// As whom people sign seals and amendments in it.
    const SIGNED_BY: SignedBy;

    /// The exact text that names it.
    fn preimage(&self) -> String;
    /// The document's id, which follows from that text.
    fn document_id(&self) -> DocumentId;
    /// Reads that text in its one spelling.
    ///
    /// # Errors
    /// Where it is none of this kind.
    fn from_preimage(text: &str) -> Result<Self, NotAnId>;
    /// Where who signs must have jurisdiction; none where that is not asked.
    fn region(&self) -> Option<&Region> {
        None
    }
    /// The organisation whose people may not sign; none where nobody is barred.
    fn barred(&self) -> Option<OrganisationId> {
        None
    }
}

/// As whom people sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedBy {
    /// 抽样人员: two of them, beside the sampled party.
    Samplers,
    /// 现场执法监管人员
    Officers,
}

impl SignedBy {
    /// The word under their signatures, which keeps one from being taken for the other.
    pub fn word(self) -> &'static str {
        match self {
            Self::Samplers => "sampler",
            Self::Officers => "officer",
        }
    }

    /// What their certificates must say.
    pub fn role(self) -> Role {
        match self {
            Self::Samplers => Role::Sampler,
            Self::Officers => Role::Enforcement,
        }
    }
}

impl Identity for VisitIdentity {
    const KIND: &'static str = "visit";
    const SKELETON_ACTOR: [u8; 16] = SKELETON_ACTOR;
    const COLLECTIONS: &'static [&'static str] = &[
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
    const SIGNED_BY: SignedBy = SignedBy::Samplers;

    fn preimage(&self) -> String {
        self.preimage()
    }
    fn document_id(&self) -> DocumentId {
        self.document_id()
    }
    fn from_preimage(text: &str) -> Result<Self, NotAnId> {
        Self::from_preimage(text)
    }
}

impl Identity for ConfirmationIdentity {
    const KIND: &'static str = "confirmation";
    const SKELETON_ACTOR: [u8; 16] = *b"fieldseal/conf/1";
    const COLLECTIONS: &'static [&'static str] = &[
        "confirmations",
        "seals",
        "amendments",
        "evidence",
        "co_signatures",
        "opinions",
    ];
    const SIGNED_BY: SignedBy = SignedBy::Officers;

    fn preimage(&self) -> String {
        self.preimage()
    }
    fn document_id(&self) -> DocumentId {
        self.document_id()
    }
    fn from_preimage(text: &str) -> Result<Self, NotAnId> {
        Self::from_preimage(text)
    }
    fn region(&self) -> Option<&Region> {
        Some(&self.region)
    }
    fn barred(&self) -> Option<OrganisationId> {
        Some(self.visit.body)
    }
}

/// The author of the skeletons of visits.
pub const SKELETON_ACTOR: [u8; 16] = *b"fieldseal/visit1";

/// The skeleton of a document as a document of one change.
///
/// # Errors
/// Automerge's, which a new document gives no cause for.
pub fn skeleton<I: Identity>(identity: &I) -> Result<Automerge, AutomergeError> {
    let mut doc = Automerge::new().with_actor(ActorId::from(&I::SKELETON_ACTOR[..]));
    let mut tx = doc.transaction();
    tx.put(ROOT, "schema", SCHEMA)?;
    tx.put(ROOT, "document_id", identity.document_id().to_string())?;
    tx.put(ROOT, "identity", identity.preimage())?;
    tx.put_object(ROOT, "notes", ObjType::Text)?;
    for name in I::COLLECTIONS {
        tx.put_object(ROOT, *name, ObjType::Map)?;
    }
    tx.commit_with(CommitOptions::default().with_time(0));
    Ok(doc)
}

/// A map of the skeleton by the operation that made it: a later change that puts another object under the same key
/// hides nothing from readers. None where documents of this kind have no such map.
pub(super) fn collection<I: Identity>(name: &str) -> Option<ObjId> {
    let place = I::COLLECTIONS.iter().position(|it| *it == name)? as u64;
    Some(ObjId::Id(
        5 + place,
        ActorId::from(&I::SKELETON_ACTOR[..]),
        0,
    ))
}

/// The free text of the document.
pub(super) fn notes<I: Identity>() -> ObjId {
    ObjId::Id(4, ActorId::from(&I::SKELETON_ACTOR[..]), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        CampaignId, ConfirmationId, ConfirmedSubject, Digest, EnterpriseKey, RefusalId, TeamId,
        TeamKey,
    };
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

    fn confirmation() -> ConfirmationIdentity {
        ConfirmationIdentity {
            confirmation: ConfirmationId("01890000-0000-7000-8000-000000000001".parse().unwrap()),
            visit: identity(),
            region: "140525".parse().unwrap(),
            subject: ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(4))),
            seal: Digest([5; 32]),
        }
    }

    fn hex_of<I: Identity>(identity: &I) -> String {
        let doc = skeleton(identity).unwrap();
        hex::encode(doc.get_changes(&[]).remove(0).raw_bytes())
    }

    #[test]
    fn a_skeleton_has_the_bytes_of_its_release() {
        let visit = include_str!("../../golden/visit_skeleton.hex");
        assert_eq!(hex_of(&identity()), visit.trim());
        let of_confirmation = include_str!("../../golden/confirmation_skeleton.hex");
        assert_eq!(hex_of(&confirmation()), of_confirmation.trim());
    }

    fn finds_its_maps<I: Identity>(identity: &I) {
        let doc = skeleton(identity).unwrap();
        for name in I::COLLECTIONS {
            let (_, id) = doc.get(ROOT, *name).unwrap().unwrap();
            assert_eq!(Some(id), collection::<I>(name), "{name}");
        }
        assert_eq!(doc.get(ROOT, "notes").unwrap().unwrap().1, notes::<I>());
        assert_eq!(collection::<I>("rulings"), None);
    }

    #[test]
    fn readers_find_the_maps_of_the_skeleton_by_their_operation() {
        finds_its_maps(&identity());
        finds_its_maps(&confirmation());
        assert_eq!(collection::<ConfirmationIdentity>("arrivals"), None);
    }
}
