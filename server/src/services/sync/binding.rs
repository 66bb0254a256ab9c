//! What binds a change to one document: the identity's preimage, whose hash is the document's name and which the
//! skeleton contains. Nothing that follows from another skeleton can be applied here. And whom a document is for.

use automerge::{Automerge, AutomergeError};
use sync_core::document::{DocumentIdentity, Identity as _};
use sync_core::model::{
    CampaignId, ConfirmationIdentity, DocumentId, OrganisationId, TeamId, TeamKey, UserId,
    VisitIdentity,
};

use crate::store::feed::Audience;
use crate::store::sync::documents::{DocumentHead, DocumentRow};

/// The kind of a visit's document.
pub const VISIT: &str = VisitIdentity::KIND;
/// The kind of a confirmation's document (现场确认).
pub const CONFIRMATION: &str = ConfirmationIdentity::KIND;

/// The identity of a document, as far as authority asks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Whole, as its preimage says.
    pub document: DocumentIdentity,
    /// Campaign of the visit that it is or names.
    pub campaign: CampaignId,
    /// Inspection body (承检机构) of that visit.
    pub body: OrganisationId,
    /// Roster of that visit.
    pub team: Option<TeamId>,
    /// The only author of a visit outside every roster.
    pub solo: Option<UserId>,
}

/// The identity that this preimage gives to this document; none if its hash or its form is another.
pub fn identity(document: DocumentId, kind: &str, preimage: &str) -> Option<Identity> {
    let named = DocumentIdentity::read(kind, preimage)?;
    if named.document_id() != document {
        return None;
    }
    let visit = named.visit();
    let (team, solo) = match visit.team {
        TeamKey::Team(team) => (Some(team), None),
        TeamKey::Solo(user) => (None, Some(user)),
    };
    Some(Identity {
        campaign: visit.campaign,
        body: visit.body,
        team,
        solo,
        document: named,
    })
}

/// The document's first change, the same on every phone and here.
pub fn begin(identity: &Identity) -> Result<Automerge, AutomergeError> {
    identity.document.skeleton()
}

/// Whose devices a document's changes go to as they come: those of the visit's roster, or of its one person; those of
/// enforcement of the region for which a confirmation is written.
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
    if let (VISIT, Some(team)) = (kind, team) {
        return Some(Audience::Team(team));
    }
    let identity = identity(document, kind, preimage)?;
    match &identity.document {
        DocumentIdentity::Visit(_) => identity.solo.map(Audience::User),
        DocumentIdentity::Confirmation(it) => Some(Audience::Region(it.region.clone())),
    }
}

/// Whom a confirmation is for beside enforcement: the visit's own people, who read it.
pub fn audience_of_visit(row: &DocumentRow) -> Option<Audience> {
    let team = row.team_id.map(Audience::Team);
    team.or_else(|| {
        let identity = identity(row.document_id, &row.kind, &row.preimage)?;
        identity.solo.map(Audience::User)
    })
}
