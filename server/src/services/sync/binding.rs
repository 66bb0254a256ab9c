//! What binds a change to one document: the identity's preimage, whose hash is the document's name and which the
//! skeleton contains. Nothing that follows from another skeleton can be applied here.

use automerge::{Automerge, AutomergeError};
use sync_core::document::skeleton;
use sync_core::model::{
    CampaignId, DocumentId, OrganisationId, TeamId, TeamKey, UserId, VisitIdentity,
};

use crate::store::feed::Audience;
use crate::store::sync::documents::{DocumentHead, DocumentRow};

/// The kind of a visit's document.
pub const VISIT: &str = "visit";

/// The identity of a document, as far as authority asks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Whole, as its preimage says.
    pub visit: VisitIdentity,
    /// Campaign.
    pub campaign: CampaignId,
    /// Inspection body (承检机构).
    pub body: OrganisationId,
    /// Roster.
    pub team: Option<TeamId>,
    /// The only author of a document outside every roster.
    pub solo: Option<UserId>,
}

/// The identity that this preimage gives to this document; none if its hash or its form is another.
pub fn identity(document: DocumentId, kind: &str, preimage: &str) -> Option<Identity> {
    let visit = VisitIdentity::from_preimage(preimage).ok()?;
    if kind != VISIT || visit.document_id() != document {
        return None;
    }
    let (team, solo) = match visit.team {
        TeamKey::Team(team) => (Some(team), None),
        TeamKey::Solo(user) => (None, Some(user)),
    };
    Some(Identity {
        campaign: visit.campaign,
        body: visit.body,
        team,
        solo,
        visit,
    })
}

/// The document's first change, the same on every phone and here.
pub fn begin(identity: &Identity) -> Result<Automerge, AutomergeError> {
    skeleton::skeleton(&identity.visit)
}

/// Whose devices a document is for: the roster's, or those of its one person.
pub fn audience(row: &DocumentRow) -> Option<Audience> {
    audience_of(row.document_id, &row.kind, &row.preimage, row.team_id)
}

/// As [`audience`], of what a document is without what is in it.
pub fn audience_of_head(head: &DocumentHead) -> Option<Audience> {
    audience_of(head.document_id, &head.kind, &head.preimage, head.team_id)
}

fn audience_of(
    document: DocumentId,
    kind: &str,
    preimage: &str,
    team: Option<TeamId>,
) -> Option<Audience> {
    match team {
        Some(team) => Some(Audience::Team(team)),
        None => identity(document, kind, preimage)?.solo.map(Audience::User),
    }
}
