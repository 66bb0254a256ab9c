//! What supervisors do (现场执法监管人员): the cases that wait, the nearest first, and a confirmation of one in a document of its
//! own: form, evidence, preview, seal, amendment, a second officer's opinion.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_core::document::{
    ConfirmationDocument, Identity, VisitDocument, project_confirmation, read_confirmation,
};
use sync_core::model::{
    Amendment, AmendmentId, Confirmation, ConfirmationId, ConfirmationIdentity, ConfirmedSubject,
    Digest, DocumentId, Millis, Officer, Opinion, OpinionId, SealSubject, UserId,
};
use sync_core::proof::CertificatePayload;
use sync_core::sync::advice::{Known, Preview};
use sync_core::sync::cases::{Case, cases, may_hold_cases, with_aside};
use sync_core::sync::enforcement::{self, Objection};

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::kinds::{
    bearing_as_read, confirmation_in, confirmations_in, header_of, laid_over, visits_in,
};
use crate::records::{amend, with_fields};
use crate::store::Store;
use crate::types::{ConfirmationInput, ConfirmationSummary, OpinionInput, SignerAct};

fn subject_of(identity: &ConfirmationIdentity) -> SealSubject {
    SealSubject::Confirmation(identity.confirmation)
}

impl Client {
    /// Every sealed refusal and report that this phone holds, those that wait before the others and the nearest of them
    /// first, by where the phone is now. Offline.
    pub fn cases(&self) -> Done<Vec<Case>> {
        let visits = visits_in(&self.lock().store)?;
        self.cases_in(&visits)
    }

    /// Those in these visits, which are all that the store holds.
    fn cases_in(&self, visits: &[VisitDocument]) -> Done<Vec<Case>> {
        let rulebooks = self.rulebooks()?;
        let here = self.host.place();
        let actor = self.lock().install.actor;
        self.with_known(|known, store| {
            let reader = store.find_certificate(&actor)?;
            let told = |visits: &[VisitDocument]| {
                cases(visits, known, &rulebooks, here.as_ref(), reader.as_ref())
            };
            let (as_read, why): (Vec<_>, BTreeMap<_, _>) = laid_over(store, visits)?
                .into_iter()
                .map(|(id, (visit, code))| (visit, (id, code)))
                .unzip();
            let holding = visits.iter().filter(|it| may_hold_cases(it));
            let standing = told(&holding.cloned().collect::<Vec<_>>());
            Ok(match why.is_empty() {
                true => standing,
                false => with_aside(standing, told(&as_read), &why),
            })
        })
    }

    /// The cases that this phone's person may confirm and that nobody has settled, the nearest first.
    pub fn cases_waiting(&self) -> Done<Vec<Case>> {
        let visits = visits_in(&self.lock().store)?;
        self.cases_waiting_in(&visits)
    }

    /// Those in these visits, which are all that the store holds.
    pub(crate) fn cases_waiting_in(&self, visits: &[VisitDocument]) -> Done<Vec<Case>> {
        let mut waiting = self.cases_in(visits)?;
        waiting.retain(|it| it.waiting && it.objection.is_none());
        Ok(waiting)
    }

    /// Begins a confirmation of what is sealed: time and place are those of now, and every answer that was heard of it
    /// (到场互签) is written down with it. The document's id.
    pub fn begin_confirmation(
        &self,
        visit: DocumentId,
        subject: ConfirmedSubject,
        input: &ConfirmationInput,
    ) -> Done<DocumentId> {
        let all = self.cases()?;
        let mut all = all.into_iter();
        let case = all.find(|it| it.document_id == visit && it.subject == subject);
        let case = case.ok_or_else(|| {
            let message = "This phone has no such sealed refusal or report";
            ClientError::new("case.unknown", message)
        })?;
        let confirmation_id = ConfirmationId(self.new_uuid());
        let identity = case.identity(confirmation_id).ok_or_else(|| {
            let message = "Nobody has said in which region the enterprise is";
            ClientError::new("case.region_unknown", message)
        })?;
        self.unless_barred(&identity)?;
        let form = Confirmation {
            confirmation_id,
            outcome: input.outcome.clone(),
            measures: input.measures.clone(),
            opinion: input.opinion.clone(),
            officers: self.officers(&input.officers)?,
            location: self.host.place(),
            evidence: BTreeMap::new(),
            confirmed_at: self.time_claim()?,
        };
        let header = header_of(&identity);
        let begin = |document: &mut ConfirmationDocument, now: Millis, store: &Store| {
            document.record_confirmation(now, &form)?;
            for heard in store.list_answers(visit, &subject)? {
                document.add_co_signature(now, &heard)?;
            }
            Ok(())
        };
        self.edit(&header, begin, |_| Ok(()))?;
        Ok(header.document_id)
    }

    /// 执法人员 as they are certified on this phone; of somebody who is not the form says so itself.
    fn officers(&self, users: &[UserId]) -> Done<BTreeMap<UserId, Officer>> {
        let signers = self.lock().store.list_signers()?;
        let named = users.iter().map(|user| {
            let of_theirs = signers.iter().find(|it| it.payload.user_id == *user);
            let officer = of_theirs.map(|it| Officer {
                name: it.payload.user_name.clone(),
                certificate_no: it.payload.certificate_no.clone().unwrap_or_default(),
            });
            (*user, officer.unwrap_or_default())
        });
        Ok(named.collect())
    }

    /// Puts the fields given, one targeted put each; null clears.
    pub fn edit_confirmation(&self, confirmation: DocumentId, fields: &Value) -> Done<()> {
        self.edit_form(confirmation, |before| with_fields(before, fields))
    }

    /// The officers stand there now: notes time and place anew.
    pub fn confirm_here(&self, confirmation: DocumentId) -> Done<()> {
        let (location, confirmed_at) = (self.host.place(), self.time_claim()?);
        self.edit_form(confirmation, |before| {
            Ok(Confirmation {
                location: location.clone(),
                confirmed_at: confirmed_at.clone(),
                ..before.clone()
            })
        })
    }

    fn edit_form(
        &self,
        confirmation: DocumentId,
        change: impl Fn(&Confirmation) -> Done<Confirmation>,
    ) -> Done<()> {
        let edit = |document: &mut ConfirmationDocument, now: Millis, store: &Store| {
            let before = document.confirmation()?.value;
            let after = change(&before)?;
            self.known_in(store, |known| {
                document.edit_confirmation(known, now, &before, &after)?;
                Ok(())
            })
        };
        self.edit_confirmation_with(confirmation, edit, |_| Ok(()))
    }

    /// What the rules say of the case if everybody whom the form names signs it as it stands now, before anybody does: too
    /// few officers, not on site, another region. Findings that are no hindrance are told all the same.
    pub fn preview_confirmation(&self, confirmation: DocumentId) -> Done<Preview> {
        let rulebooks = self.rulebooks()?;
        let sealing = self.sealing(&[])?;
        let actor = self.lock().install.actor;
        self.with_known(|known, store| {
            let mut document = confirmation_in(store, confirmation)?.with_actor(actor);
            let subject = subject_of(document.identity());
            // Tried on a copy, with the phone's signature alone.
            if document.shown_seal(&subject, known).is_none() {
                let seal = sealing.over(&document, subject, None)?;
                document.seal(self.wall_ms(), &seal)?;
            }
            let visit = document.identity().visit.document_id();
            Ok(enforcement::preview_confirmation(
                &document,
                &people_on(store)?,
                &bearing_as_read(store, known, visit)?,
                known,
                &rulebooks,
            ))
        })
    }

    /// What stands in the way of its seal; nothing is refused for being told here.
    pub fn missing_for_confirmation(&self, confirmation: DocumentId) -> Done<Vec<Objection>> {
        let rulebooks = self.rulebooks()?;
        self.with_known(|known, store| {
            let document = confirmation_in(store, confirmation)?;
            let visit = document.identity().visit.document_id();
            let bearing = bearing_as_read(store, known, visit)?;
            let known = &without(known, &document);
            Ok(enforcement::confirmation_to_seal(
                &document,
                &bearing.documents,
                known,
                &rulebooks,
            ))
        })
    }

    /// Seals it: each officer with their own key; the seal's id. With `seal.refused` nothing is stored, and the error says
    /// in words what stands in the way. One officer may seal: that two should is a finding.
    pub fn seal_confirmation(
        &self,
        confirmation: DocumentId,
        signers: &[SignerAct],
    ) -> Done<String> {
        let sealing = self.sealing(signers)?;
        let seal_id = sealing.seal_id;
        let rulebooks = self.rulebooks()?;
        let seal = |document: &mut ConfirmationDocument, now: Millis, store: &Store| {
            let subject = subject_of(document.identity());
            let seal = sealing.over(document, subject, None)?;
            document.seal(now, &seal)?;
            let visit = document.identity().visit.document_id();
            let objections = self.known_in(store, |known| {
                let bearing = bearing_as_read(store, known, visit)?;
                let known = &without(known, document);
                Ok(enforcement::confirmation_to_seal(
                    document,
                    &bearing.documents,
                    known,
                    &rulebooks,
                ))
            })?;
            self.unless_unruly("seal.refused", "This cannot be sealed yet", objections)
        };
        self.edit_confirmation_with(confirmation, seal, |_| Ok(()))?;
        Ok(seal_id.to_string())
    }

    /// Amends it after its seal: the fields given, a reason, and the signature of one officer; the amendment's id.
    pub fn amend_confirmation(
        &self,
        confirmation: DocumentId,
        fields: &Value,
        reason: &str,
        signer: &SignerAct,
    ) -> Done<String> {
        let signer = self.signing(signer)?;
        let amendment_id = AmendmentId(self.new_uuid());
        let amended_at = self.time_claim()?;
        let edit = |document: &mut ConfirmationDocument, _: Millis, store: &Store| {
            let subject = subject_of(document.identity());
            let shown = self.known_in(store, |known| Ok(document.shown_seal(&subject, known)))?;
            let seal_id = shown.ok_or_else(|| {
                ClientError::new("seal.none", "Nothing is sealed here: it is edited as it is")
            })?;
            let before = document.confirmation()?.value;
            let amendment = Amendment {
                amendment_id,
                subject,
                seal_id,
                reason: reason.to_owned(),
                amended_at: amended_at.clone(),
                signature: signer.signature(&Digest([0; 32]), ConfirmationIdentity::SIGNED_BY),
            };
            amend(document, &before, fields, amendment, &signer)
        };
        self.edit_confirmation_with(confirmation, edit, |_| Ok(()))?;
        Ok(amendment_id.to_string())
    }

    /// 复核意见: another officer's word on a sealed confirmation that was not made on site; the opinion's id.
    pub fn give_opinion(
        &self,
        confirmation: DocumentId,
        input: &OpinionInput,
        signer: &SignerAct,
    ) -> Done<OpinionId> {
        let signer = self.signing(signer)?;
        let opinion_id = OpinionId(self.new_uuid());
        let given_at = self.time_claim()?;
        let edit = |document: &mut ConfirmationDocument, now: Millis, store: &Store| {
            let seal = self.known_in(store, |known| Ok(shown_digest(document, known)))?;
            let seal = seal
                .ok_or_else(|| ClientError::new("seal.none", "An opinion is of what is sealed"))?;
            let mut opinion = Opinion {
                opinion_id,
                seal,
                agrees: input.agrees,
                reason: input.reason.clone(),
                given_at: given_at.clone(),
                signature: signer.signature(&Digest([0; 32]), ConfirmationIdentity::SIGNED_BY),
            };
            let digest = document.opinion_digest(&opinion);
            opinion.signature = signer.signature(&digest, ConfirmationIdentity::SIGNED_BY);
            document.give_opinion(now, &opinion)?;
            Ok(())
        };
        self.edit_confirmation_with(confirmation, edit, |_| Ok(()))?;
        Ok(opinion_id)
    }

    /// What enforcement says of a visit, as far as this phone holds it.
    pub fn confirmations(&self, visit: DocumentId) -> Done<Vec<ConfirmationSummary>> {
        self.with_known(|known, store| {
            let held = confirmations_in(store)?.into_iter();
            let of_visit = held.filter(|it| it.identity().visit.document_id() == visit);
            let summaries = of_visit.map(|document| {
                let read = project_confirmation(&document, known);
                ConfirmationSummary {
                    document_id: document.id(),
                    subject: read.identity.subject,
                    outcome: read.record.as_ref().map(|it| it.record.outcome.clone()),
                    sealed: read.record.is_some_and(|it| it.seal_id.is_some()),
                    faults: read.faults,
                }
            });
            Ok(summaries.collect())
        })
    }

    /// One confirmation whole, as JSON: the form as it was sealed, opinions and co-signatures with what holds of them.
    pub fn confirmation(&self, confirmation: DocumentId) -> Done<Value> {
        self.with_known(|known, store| {
            let read = read_confirmation(&confirmation_in(store, confirmation)?, known);
            serde_json::to_value(read).map_err(|error| {
                ClientError::new("store.failed", "A stored document cannot be shown").with(error)
            })
        })
    }
}

/// What is known around a confirmation that is judged as it would be, not as it is stored.
fn without<'a>(known: &Known<'a>, document: &ConfirmationDocument) -> Known<'a> {
    let mut known = known.clone();
    let id = document.identity().confirmation;
    known
        .confirmations
        .retain(|(_, fact)| fact.confirmation_id != id);
    known
}

/// The people who can sign on this phone.
fn people_on(store: &Store) -> Done<Vec<CertificatePayload>> {
    let signers = store.list_signers()?.into_iter();
    Ok(signers.map(|it| it.payload).collect())
}

/// What was signed in the seal from which a confirmation is shown.
fn shown_digest(document: &ConfirmationDocument, known: &Known<'_>) -> Option<Digest> {
    let subject = subject_of(document.identity());
    let shown = document.shown_seal(&subject, known)?;
    let mut seals = document.seals_of(&subject).into_iter();
    let seal = seals.find(|it| it.value.seal_id == shown)?;
    Some(seal.value.statement.digest())
}
