//! May this author write here? Judged by what the server certified of them, and in the same words on the server and on a
//! phone that opens a parcel. Faults of assignment, roster, cancellation or lease are findings, and never asked here.

use crate::document::{self, DocumentIdentity};
use crate::model::{Millis, TeamKey, VisitIdentity};
use crate::proof::{CertificatePayload, Role};

/// No device is certified for the actor.
pub const UNKNOWN: &str = "author.unknown";
/// No signature of the author's device covers the change: the server's word.
pub const UNPROVED: &str = "author.unproved";
/// The same, as a phone says it of what came to it.
pub const UNSIGNED: &str = "author.unsigned";
/// The author's device was revoked before the change came.
pub const REVOKED: &str = "author.revoked";
/// It was written, and came, after the end of its author's certificate.
pub const EXPIRED: &str = "author.expired";

/// When a change came, and when it says that it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    /// By the clock of whoever judges; on a phone the earliest that it can be now.
    pub received_at: Millis,
    /// By the author's phone; 0 where it does not say.
    pub claimed_at: Millis,
}

/// What is certified of one author's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// In the order in which they begin; the last one stands.
    terms: Vec<CertificatePayload>,
    revoked_at: Option<Millis>,
}

/// Why a change may not stand by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objection {
    /// Stable code, `author.…`.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
}

const fn objected(code: &'static str, detail: &'static str) -> Objection {
    Objection { code, detail }
}

/// Nobody is known who could have written it.
pub const NOBODY: Objection = objected(UNKNOWN, "no device is certified for this actor");

/// Whether this is no judgement of an author but says that nobody knows yet who it is: a signature or a certificate that
/// comes later answers it. Everything else stands until a person with authority admits the change.
pub fn may_be_answered(code: &str) -> bool {
    [UNKNOWN, UNPROVED, UNSIGNED].contains(&code)
}

impl Authority {
    /// By every certificate of the device, the present one and those before it, in any order.
    pub fn new(mut terms: Vec<CertificatePayload>, revoked_at: Option<Millis>) -> Self {
        terms.sort_by_key(|term| (term.not_before_ms, term.serial));
        Self { terms, revoked_at }
    }

    /// The certificate under which a change was made: the last that had begun when it says that it was written, or when it
    /// came if it does not say.
    fn term(&self, came: Came) -> Option<&CertificatePayload> {
        let at = match came.claimed_at {
            0 => came.received_at,
            claimed => claimed,
        };
        let mut latest = self.terms.iter().rev();
        let begun = latest.find(|term| term.not_before_ms <= at);
        begun.or(self.terms.first())
    }

    /// Why a proved change of this author may not stand in this document by itself; none if it may.
    pub fn objection(&self, identity: &DocumentIdentity, came: Came) -> Option<Objection> {
        if self.revoked_at.is_some_and(|at| came.received_at >= at) {
            let detail = "it came after its author's device was revoked";
            return Some(objected(REVOKED, detail));
        }
        let Some(term) = self.term(came) else {
            return Some(NOBODY);
        };
        // A phone that was offline for long loses no work: only what came after the end and itself says that it was written
        // after it lies outside of the certificate for certain.
        if came.received_at > term.not_after_ms && came.claimed_at > term.not_after_ms {
            let detail = "it was written, and came, after the end of its author's certificate";
            return Some(objected(EXPIRED, detail));
        }
        match identity {
            DocumentIdentity::Visit(visit) => objection_in_visit(visit, term),
            DocumentIdentity::Confirmation(named) => {
                let code = document::objection_to(named, term)?;
                let detail = match code {
                    "author.role" => "its author is not certified as enforcement",
                    "author.body" => "its author belongs to the body whose visit it confirms",
                    "author.region" => "its author's jurisdiction does not cover its region",
                    _ => "its author may not confirm here",
                };
                Some(objected(code, detail))
            }
        }
    }
}

fn objection_in_visit(visit: &VisitIdentity, term: &CertificatePayload) -> Option<Objection> {
    if !term.roles.contains(&Role::Sampler) {
        let detail = "its author is not certified as a sampler";
        return Some(objected("author.role", detail));
    }
    if term.organisation_id != visit.body {
        let detail = "its author belongs to another body than the visit";
        return Some(objected("author.body", detail));
    }
    match visit.team {
        TeamKey::Solo(user) if user != term.user_id => {
            let detail = "the visit belongs to one person, and that is somebody else";
            Some(objected("author.solo", detail))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::document::tests::{certificate, confirmation_of, phone};
    use crate::model::{ConfirmedSubject, Digest, OrganisationId, RefusalId, UserId};
    use crate::proof::CertificateKind;

    fn sampler() -> CertificatePayload {
        let visit = phone(1).identity().clone();
        CertificatePayload {
            roles: vec![Role::Sampler],
            organisation_id: visit.body,
            not_before_ms: 1_000,
            not_after_ms: 2_000,
            ..certificate(1, CertificateKind::Device)
        }
    }

    fn visit() -> DocumentIdentity {
        DocumentIdentity::Visit(phone(1).identity().clone())
    }

    fn code(terms: &[CertificatePayload], revoked_at: Option<Millis>, came: (i64, i64)) -> &str {
        let (received_at, claimed_at) = came;
        let came = Came {
            received_at,
            claimed_at,
        };
        let authority = Authority::new(terms.to_vec(), revoked_at);
        let objection = authority.objection(&visit(), came);
        objection.map_or("", |it| it.code)
    }

    #[test]
    fn only_what_was_written_and_came_after_the_end_is_outside_of_a_certificate() {
        let term = [sampler()];
        for (came, told) in [
            ((2_000, 2_000), ""),
            ((9_000, 2_000), ""),
            ((2_000, 9_000), ""),
            ((9_000, 0), ""),
            ((2_001, 2_001), EXPIRED),
        ] {
            assert_eq!(code(&term, None, came), told, "{came:?}");
        }
        let renewed = CertificatePayload {
            serial: 7,
            not_before_ms: 1_500,
            not_after_ms: 3_000,
            ..sampler()
        };
        // In any order: the last that had begun stands.
        assert_eq!(code(&[renewed, sampler()], None, (2_500, 2_500)), "");
        assert_eq!(code(&[], None, (2_500, 2_500)), UNKNOWN);
    }

    #[test]
    fn what_came_before_a_revocation_stands_and_what_came_with_it_does_not() {
        assert_eq!(code(&[sampler()], Some(1_500), (1_499, 1_400)), "");
        assert_eq!(code(&[sampler()], Some(1_500), (1_500, 1_400)), REVOKED);
    }

    #[test]
    fn a_visit_is_its_bodys_samplers_and_a_solo_one_its_one_persons() {
        let of = |change: fn(&mut CertificatePayload)| {
            let mut term = sampler();
            change(&mut term);
            [term]
        };
        let now = (1_500, 1_500);
        let officer = of(|it| it.roles = vec![Role::Enforcement]);
        assert_eq!(code(&officer, None, now), "author.role");
        let stranger = of(|it| it.organisation_id = OrganisationId(Uuid::from_u128(77)));
        assert_eq!(code(&stranger, None, now), "author.body");

        let alone = VisitIdentity {
            team: TeamKey::Solo(UserId(Uuid::from_u128(78))),
            ..phone(1).identity().clone()
        };
        let came = Came {
            received_at: 1_500,
            claimed_at: 0,
        };
        let authority = Authority::new(vec![sampler()], None);
        let objection = authority.objection(&DocumentIdentity::Visit(alone), came);
        assert_eq!(objection.map(|it| it.code), Some("author.solo"));
    }

    #[test]
    fn a_confirmation_is_judged_by_role_body_and_region() {
        let subject = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(1)));
        let named = confirmation_of(subject, Digest([2; 32]));
        let identity = DocumentIdentity::Confirmation(named.clone());
        let told = |change: &dyn Fn(&mut CertificatePayload)| {
            let mut term = CertificatePayload {
                roles: vec![Role::Enforcement],
                organisation_id: OrganisationId(Uuid::from_u128(79)),
                regions: vec![named.region.to_string()],
                ..sampler()
            };
            change(&mut term);
            let came = Came {
                received_at: 1_500,
                claimed_at: 1_500,
            };
            let authority = Authority::new(vec![term], None);
            let objection = authority.objection(&identity, came);
            objection.map_or("", |it| it.code)
        };
        assert_eq!(told(&|_| ()), "");
        assert_eq!(told(&|it| it.roles = vec![Role::Sampler]), "author.role");
        assert_eq!(
            told(&|it| it.organisation_id = named.visit.body),
            "author.body"
        );
        assert_eq!(
            told(&|it| it.regions = vec!["310112".to_owned()]),
            "author.region"
        );
    }

    #[test]
    fn what_nobody_is_known_to_have_written_may_be_answered_and_what_was_judged_may_not() {
        for code in [UNKNOWN, UNPROVED, UNSIGNED] {
            assert!(may_be_answered(code), "{code}");
        }
        for code in [REVOKED, EXPIRED, "author.role", "author.region"] {
            assert!(!may_be_answered(code), "{code}");
        }
    }
}
