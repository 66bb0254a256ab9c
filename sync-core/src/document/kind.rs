//! Kinds of documents, as the wire names them: what a header's kind and preimage say, whichever kind it is.

use automerge::{Automerge, AutomergeError};

use super::skeleton::{self, Identity};
use crate::model::{ConfirmationIdentity, DocumentId, VisitIdentity};

/// The identity of a document of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentIdentity {
    /// 进门
    Visit(VisitIdentity),
    /// 现场确认
    Confirmation(ConfirmationIdentity),
}

impl DocumentIdentity {
    /// What a kind and a preimage name; none where the kind is not known here, or the text is none of that kind.
    pub fn read(kind: &str, preimage: &str) -> Option<Self> {
        match kind {
            VisitIdentity::KIND => VisitIdentity::from_preimage(preimage).ok().map(Self::Visit),
            ConfirmationIdentity::KIND => ConfirmationIdentity::from_preimage(preimage)
                .ok()
                .map(Self::Confirmation),
            _ => None,
        }
    }

    /// As the wire names the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Visit(_) => VisitIdentity::KIND,
            Self::Confirmation(_) => ConfirmationIdentity::KIND,
        }
    }

    /// The exact text that names it.
    pub fn preimage(&self) -> String {
        match self {
            Self::Visit(it) => it.preimage(),
            Self::Confirmation(it) => it.preimage(),
        }
    }

    /// The document's id.
    pub fn document_id(&self) -> DocumentId {
        match self {
            Self::Visit(it) => it.document_id(),
            Self::Confirmation(it) => it.document_id(),
        }
    }

    /// The visit that it is, or that it names.
    pub fn visit(&self) -> &VisitIdentity {
        match self {
            Self::Visit(it) => it,
            Self::Confirmation(it) => &it.visit,
        }
    }

    /// The document's first change.
    ///
    /// # Errors
    /// Automerge's, which a new document gives no cause for.
    pub fn skeleton(&self) -> Result<Automerge, AutomergeError> {
        match self {
            Self::Visit(it) => skeleton::skeleton(it),
            Self::Confirmation(it) => skeleton::skeleton(it),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{confirmation_of, identity};
    use crate::model::{ConfirmedSubject, Digest, RefusalId};

    #[test]
    fn a_kind_reads_its_own_preimages_and_no_others() {
        let visit = DocumentIdentity::Visit(identity());
        let subject = ConfirmedSubject::Refusal(RefusalId(uuid::Uuid::from_u128(4)));
        let confirmation = confirmation_of(subject, Digest([5; 32]));
        let confirmation = DocumentIdentity::Confirmation(confirmation);
        for (it, other) in [(&visit, &confirmation), (&confirmation, &visit)] {
            let read = DocumentIdentity::read(it.kind(), &it.preimage());
            assert_eq!(read.as_ref(), Some(it));
            assert_eq!(DocumentIdentity::read(it.kind(), &other.preimage()), None);
            assert_eq!(DocumentIdentity::read("ruling", &it.preimage()), None);
            assert_eq!(it.visit(), &identity());
        }
        assert_ne!(visit.document_id(), confirmation.document_id());
        let heads = |it: &DocumentIdentity| it.skeleton().unwrap().get_heads();
        assert_ne!(heads(&visit), heads(&confirmation));
    }
}
