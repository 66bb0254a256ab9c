//! What a phone does not do, offline, by itself (domain.md §5): it starts no task that may not be sampled, and it seals no
//! sheet that the rules would object to within what it holds. Drafts are always kept and sent, and whatever is sent all
//! the same is accepted, kept and ruled by the server: nothing here refuses a record.
//!
//! The rules are the server's own, over the facts that the phone knows. Before a seal is made it is tried on a copy of the
//! visit, so that its signatures are judged as everybody will judge them.

use serde::{Deserialize, Serialize};

use super::advice::{self, Known, Preview};
use super::bearing::Bearing;
use crate::document::{
    ConfirmationDocument, ListedRecord, VisitDocument, lay_over, objection_to, project,
    project_confirmation,
};
use crate::model::{DocumentId, EvidenceSubject, Fault, SampleId, SealSubject, ToldFault};
use crate::proof::CertificatePayload;
use crate::rules::{Facts, Finding, Lang, Rulebooks, SampleFact, Subject, render, rule_about};

/// What stands in the way, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Objection {
    /// The rule: `FORM`, `TWO`, `NOSAMP`, …
    pub rule_id: String,
    /// Where in a form, as `sheet.sampled_party.uscc`; empty where it is no one field.
    pub path: String,
    /// What, as `required`, `check_digit`, `too_few`; stable.
    pub code: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl Objection {
    fn of_form(key: &str) -> Self {
        let told = ToldFault::of(key);
        let path = match told.path.as_str() {
            "" => told.form,
            path => format!("{}.{path}", told.form),
        };
        Self {
            rule_id: "FORM".to_owned(),
            path,
            code: told.code,
            zh: told.zh,
            en: told.en,
        }
    }

    fn of_rule(finding: &Finding) -> Self {
        let key = finding.message.split_once('.');
        Self {
            rule_id: finding.rule_id.clone(),
            path: String::new(),
            code: key.map_or("", |(_, code)| code).to_owned(),
            zh: render(finding, Lang::ZhCn),
            en: render(finding, Lang::En),
        }
    }
}

/// Findings for which a task is not started.
const TO_START: &[&str] = &[
    "PLAN.not_approved",
    "PLAN.unknown_task",
    "ASSIGN.cancelled",
    "ASSIGN.reassigned",
    "ASSIGN.never_assigned",
    "ASSIGN.other_campaign",
    "RECUSE.person",
    "RECUSE.body",
    "STOP.after_stop",
    "STOP.unsure",
];

/// Findings for which a sheet is not sealed either. What only may be so (an overlap of times, a product that is similar)
/// is for persons to rule and stops nobody at the gate.
const TO_SEAL: &[&str] = &[
    "NOSAMP.base_too_small",
    "NOSAMP.export_only",
    "NOSAMP.not_for_sale",
    "NOSAMP.base_below_drawn",
    "CASE.not_filed",
    "ENTRY1.same_product",
    "ENTRY1.different_product",
    "DUPLOT.same_lot",
    "TASK3.over",
    "BATCH3.over",
];

/// What every seal must have, whatever a person has ruled on the sample.
const WHOLE: &[&str] = &[
    "FORM.fault",
    "FORM.party_unsigned",
    "TWO.too_few",
    "TWO.no_notice",
    "TWO.no_id",
    "TRACE.missing",
    "TRACE.no_video",
    "TRACE.mismatch",
];

/// The findings on a sample and on its visit, from these documents alone.
fn findings(facts: &Facts, rulebooks: &Rulebooks, sample: SampleId) -> Vec<Finding> {
    let visit = facts.samples.get(&sample).and_then(|it| it.document_id);
    let entry = facts
        .samples
        .get(&sample)
        .and_then(|it| it.entry_id.clone());
    let entry = entry.map(|id| id.to_string());
    let concerns = |finding: &Finding| match &finding.subject {
        Subject::Sample(id) => *id == sample,
        // Of a visit's entries only the one in which the sample was drawn.
        Subject::Visit(id) => {
            Some(*id) == visit
                && finding
                    .arguments
                    .get("entry")
                    .is_none_or(|it| Some(it) == entry.as_ref())
        }
        Subject::Entry(_) | Subject::Refusal(_) => false,
    };
    let ruled = rule_about(facts, rulebooks, |subject| match subject {
        Subject::Sample(id) => *id == sample,
        Subject::Visit(id) => Some(*id) == visit,
        Subject::Entry(_) | Subject::Refusal(_) => false,
    });
    let mut findings: Vec<Finding> = ruled
        .scopes
        .into_iter()
        .flat_map(|(_, said)| said.findings)
        .filter(concerns)
        .collect();
    findings.retain(|it| {
        let named = |keys: &[&str]| keys.contains(&it.message.as_str());
        named(WHOLE) || named(TO_START) || named(TO_SEAL)
    });
    findings
}

fn in_order(mut objections: Vec<Objection>) -> Vec<Objection> {
    objections.sort();
    objections.dedup();
    objections
}

/// Why the task of a sheet must not be started here and now; `visit` holds the draft.
pub fn to_start(
    sheet: SampleId,
    visit: &VisitDocument,
    known: &Known<'_>,
    rulebooks: &Rulebooks,
) -> Vec<Objection> {
    let facts = advice::facts(std::slice::from_ref(visit), known);
    // A draft may be without its task; then no task is started with it.
    let names_task = |it: &SampleFact| it.task_id.is_some();
    if !facts.samples.get(&sheet).is_some_and(names_task) {
        return Vec::new();
    }
    let said = findings(&facts, rulebooks, sheet);
    let said = said
        .iter()
        .filter(|it| TO_START.contains(&it.message.as_str()));
    in_order(said.map(Objection::of_rule).collect())
}

/// Why a subject must not be sealed; `documents` are those that bear on the visit, itself among them with the seal as it
/// would be made (or without one, to say what is still missing).
pub fn to_seal(
    subject: &SealSubject,
    visit: DocumentId,
    documents: &[VisitDocument],
    known: &Known<'_>,
    rulebooks: &Rulebooks,
) -> Vec<Objection> {
    let Some(document) = documents.iter().find(|it| it.id() == visit) else {
        return Vec::new();
    };
    in_order(match subject {
        SealSubject::Sheet(id) => sheet(*id, document, documents, known, rulebooks),
        SealSubject::Refusal(id) => {
            let listed = project(document, known).refusals;
            record(
                "refusal",
                listed.iter().find(|it| it.record.refusal_id == *id),
            )
        }
        SealSubject::NotSampled(id) => {
            let listed = project(document, known).not_sampled;
            let found = listed.iter().find(|it| it.record.not_sampled_id == *id);
            record("not_sampled", found)
        }
        SealSubject::OnSiteReport(id) => {
            let listed = project(document, known).on_site_reports;
            record(
                "on_site_report",
                listed.iter().find(|it| it.record.report_id == *id),
            )
        }
        // It stands in a document of its own: see `confirmation_to_seal`.
        SealSubject::Confirmation(_) => Vec::new(),
    })
}

fn sheet(
    id: SampleId,
    document: &VisitDocument,
    documents: &[VisitDocument],
    known: &Known<'_>,
    rulebooks: &Rulebooks,
) -> Vec<Objection> {
    let facts = advice::facts(documents, known);
    // A person who let the sample stand has answered what the rules ask; what makes a seal whole they cannot give.
    let ruled = facts
        .decided
        .iter()
        .rev()
        .find(|it| it.subject == Subject::Sample(id));
    let let_stand = ruled.is_some_and(|it| it.validity.is_some_and(|validity| validity.counts()));
    let mut objections: Vec<Objection> = findings(&facts, rulebooks, id)
        .iter()
        .filter(|it| !let_stand || WHOLE.contains(&it.message.as_str()))
        .map(|finding| match finding.arguments.get("fault") {
            Some(key) if finding.message == "FORM.fault" => Objection::of_form(key),
            _ => Objection::of_rule(finding),
        })
        .collect();
    // By what the clocks prove: a wall clock that lies accuses no photograph.
    let now = known.now.latest();
    let manifest = document.evidence().items;
    let of_sheet = |it: &EvidenceSubject| matches!(it, EvidenceSubject::Sheet(of) if *of == id);
    for entry in &manifest {
        if entry.value.subject == EvidenceSubject::Visit || of_sheet(&entry.value.subject) {
            let faults = entry.value.faults(now);
            objections.extend(
                faults
                    .iter()
                    .map(|it| Objection::of_form(&it.key("evidence"))),
            );
        }
    }
    // The seal covers hashes: each is one of the manifest's.
    let stands = document.sheet(id).map(|it| it.value.evidence);
    for (evidence, hash) in stands.unwrap_or_default() {
        let listed = manifest.iter().find(|it| it.value.evidence_id == evidence);
        let code = match listed {
            None => "unknown_evidence",
            Some(listed) if listed.value.sha256 != hash => "hash_differs",
            Some(_) => continue,
        };
        let fault = Fault::new(format!("evidence.{evidence}"), code);
        objections.push(Objection::of_form(&fault.key("sheet")));
    }
    objections
}

/// Findings for which a confirmation is not sealed: its officers may not confirm here, or not this.
const TO_CONFIRM: &[&str] = &[
    "REFUSE.no_officer",
    "REFUSE.not_independent",
    "REFUSE.other_seal",
    "REFUSE.wrong_region",
];

/// Why a confirmation must not be sealed; it bears the seal as it would be made, or none, to say what is still missing.
/// `documents` are the visits that bear on its own. Nobody is stopped for standing elsewhere, for coming late or for being
/// alone: all of that is told, and a second officer or a person decides.
pub fn confirmation_to_seal(
    confirmation: &ConfirmationDocument,
    documents: &[VisitDocument],
    known: &Known<'_>,
    rulebooks: &Rulebooks,
) -> Vec<Objection> {
    let projection = project_confirmation(confirmation, known);
    let mut objections: Vec<Objection> = projection
        .faults
        .iter()
        .map(|key| Objection::of_form(key))
        .collect();
    let listed = projection.record.as_ref();
    if listed.is_none_or(|it| it.signers.is_empty()) {
        objections.push(Objection::of_form("seal.no_officer"));
    }
    let mut facts = advice::facts(documents, known);
    lay_over(&mut facts, projection.of_visit());
    let id = projection.identity.confirmation.to_string();
    let visit = projection.identity.visit.document_id();
    let of_visit = |subject: &Subject| *subject == Subject::Visit(visit);
    let said = rule_about(&facts, rulebooks, of_visit).scopes.into_iter();
    let said = said.flat_map(|(_, said)| said.findings).filter(|it| {
        it.arguments.get("confirmation") == Some(&id) && TO_CONFIRM.contains(&it.message.as_str())
    });
    objections.extend(said.map(|finding| Objection::of_rule(&finding)));
    in_order(objections)
}

/// What the rules would say of the visit if everybody whom the form names signed it now. It bears a seal of the phone alone,
/// or none where it has faults that no signature mends; `certificates` are those of the people who can sign there.
pub fn preview_confirmation(
    confirmation: &ConfirmationDocument,
    certificates: &[CertificatePayload],
    bearing: &Bearing,
    known: &Known<'_>,
    rulebooks: &Rulebooks,
) -> Preview {
    let projection = project_confirmation(confirmation, known);
    let identity = &projection.identity;
    let named = projection
        .record
        .iter()
        .flat_map(|it| it.record.officers.keys());
    let mut as_signed = projection.of_visit();
    if let Some((_, fact)) = &mut as_signed {
        for user in named {
            let of_theirs = certificates.iter().find(|it| it.user_id == *user);
            if let Some(may) = of_theirs.filter(|it| objection_to(identity, it).is_none()) {
                fact.officers.insert(may.user_id);
                fact.organisations.insert(may.organisation_id);
            }
        }
        // Who is named has not signed yet: that is what is asked.
        let unsigned = |fault: &String| {
            fault.starts_with("confirmation.officers.") && fault.ends_with(".unsigned")
        };
        fact.faults.retain(|it| !unsigned(it));
    }
    let mut with_it = known.clone();
    let id = identity.confirmation;
    with_it
        .confirmations
        .retain(|(_, fact)| fact.confirmation_id != id);
    with_it.confirmations.extend(as_signed);
    advice::preview(identity.visit.document_id(), bearing, &with_it, rulebooks)
}

/// A record beside the sheets: its form, its seal, two samplers.
fn record<T>(form: &str, listed: Option<&ListedRecord<T>>) -> Vec<Objection> {
    let Some(listed) = listed else {
        return Vec::new();
    };
    let mut objections: Vec<Objection> = listed
        .faults
        .iter()
        .map(|key| Objection::of_form(key))
        .collect();
    if listed.signers.len() < 2 {
        objections.push(Objection::of_form(
            &Fault::new("signatures", "two_samplers").key(form),
        ));
    }
    objections
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use crate::document::SealRecord;
    use crate::document::tests::{
        NINE_MS, Toy, certificate, confirmation_of, draft, identity, party, phone, sealed_by,
        sheet_id, toy,
    };
    use crate::model::{
        Actor, Confirmation, ConfirmedSubject, DeviceId, Digest, EvidenceEntry, EvidenceId,
        Officer, OrganisationId, PersonSignature, Refusal, RefusalId, SealId, TaskId, TimeClaim,
        UserId,
    };
    use crate::proof::{BelievedKeys, CertificateKind, CertificatePayload, Role, seal_statement};
    use crate::rules::{Outcome, Validity};
    use crate::sync::advice::ReferenceRecord;
    use crate::sync::wire::{IndexRow, RulingNotice};

    fn task_id() -> TaskId {
        TaskId(Uuid::from_u128(4))
    }

    /// A signer's certificate on the first device.
    fn signer(person: u8) -> CertificatePayload {
        CertificatePayload {
            serial: 10 + i64::from(person),
            device_id: DeviceId(Uuid::from_u128(101)),
            ..certificate(person, CertificateKind::Signer)
        }
    }

    /// What the first phone knows: itself, two samplers, and a task as told.
    fn known(
        task: Option<serde_json::Value>,
        index: &dyn Fn(&Digest) -> Vec<IndexRow>,
    ) -> Known<'_> {
        let mut record = json!({
            "task_id": task_id(), "campaign_id": identity().campaign, "authority_id": Uuid::from_u128(9),
            "body_id": identity().body, "sampling_kind": "routine", "product_name": "检查井盖", "approved": true,
        });
        let references = task.map(|fields| {
            for (name, value) in fields.as_object().unwrap() {
                record[name] = value.clone();
            }
            ReferenceRecord {
                kind: "task".to_owned(),
                id: task_id().to_string(),
                record,
            }
        });
        Known {
            verifier: &Toy,
            server_keys: BelievedKeys::default(),
            certificates: vec![
                certificate(1, CertificateKind::Device),
                signer(1),
                signer(2),
            ],
            received: BTreeMap::new(),
            references: references.into_iter().collect(),
            now: TimeClaim {
                wall_ms: NINE_MS,
                ..TimeClaim::default()
            },
            rulings: Vec::new(),
            index_key: None,
            index_as_of_ms: None,
            confirmations: Vec::new(),
            index,
        }
    }

    fn nothing(_: &Digest) -> Vec<IndexRow> {
        Vec::new()
    }

    fn codes(objections: &[Objection]) -> Vec<String> {
        let told = objections.iter();
        told.map(|it| match it.path.as_str() {
            "" => format!("{}.{}", it.rule_id, it.code),
            path => format!("{path}.{}", it.code),
        })
        .collect()
    }

    fn drafted(task: Option<TaskId>) -> VisitDocument {
        let mut visit = phone(1);
        let mut sheet = draft();
        sheet.task_id = task;
        visit.add_sheet(NINE_MS, &sheet).unwrap();
        visit
    }

    #[test]
    fn a_task_is_started_where_it_is_approved_and_the_bodys_own_and_nowhere_else() {
        let said = |task: Option<serde_json::Value>| {
            let known = known(task, &nothing);
            let visit = drafted(Some(task_id()));
            codes(&to_start(sheet_id(), &visit, &known, &Rulebooks::builtin()))
        };
        assert_eq!(said(Some(json!({}))), Vec::<String>::new());
        assert_eq!(said(None), ["PLAN.unknown_task"]);
        assert_eq!(
            said(Some(json!({ "approved": false }))),
            ["PLAN.not_approved"]
        );
        assert_eq!(
            said(Some(json!({ "body_id": Uuid::from_u128(77) }))),
            ["ASSIGN.never_assigned"]
        );
        assert_eq!(
            said(Some(json!({ "campaign_id": Uuid::from_u128(78) }))),
            ["ASSIGN.other_campaign"]
        );
    }

    #[test]
    fn a_draft_without_a_task_starts_none() {
        let known = known(None, &nothing);
        let visit = drafted(None);
        let said = to_start(sheet_id(), &visit, &known, &Rulebooks::builtin());
        assert_eq!(said, []);
    }

    /// What stands in the way of the seal of a sheet.
    fn said_of_sheet(visit: VisitDocument, known: &Known<'_>) -> Vec<String> {
        let (id, subject) = (visit.id(), SealSubject::Sheet(sheet_id()));
        codes(&to_seal(
            &subject,
            id,
            &[visit],
            known,
            &Rulebooks::builtin(),
        ))
    }

    #[test]
    fn a_sheet_is_not_sealed_with_faults_or_without_the_party_and_two_samplers() {
        let known = known(Some(json!({})), &nothing);
        let mut visit = drafted(Some(task_id()));
        let bare = said_of_sheet(visit.clone(), &known);
        for wanted in [
            "TWO.too_few",
            "FORM.party_unsigned",
            "sheet.product_name.required",
        ] {
            assert!(bare.contains(&wanted.to_owned()), "{wanted}: {bare:?}");
        }
        let seal = sealed_by(
            &visit,
            SealSubject::Sheet(sheet_id()),
            1,
            50,
            &[1, 2],
            Some(party()),
        );
        visit.seal(NINE_MS + 1, &seal).unwrap();
        let signed = said_of_sheet(visit, &known);
        for gone in ["TWO.too_few", "FORM.party_unsigned"] {
            assert!(!signed.contains(&gone.to_owned()), "{gone}: {signed:?}");
        }
        assert!(signed.contains(&"sheet.product_name.required".to_owned()));
    }

    #[test]
    fn a_person_who_let_a_sample_stand_answers_the_rules_and_makes_no_seal_whole() {
        let mut known = known(Some(json!({ "approved": false })), &nothing);
        let before = said_of_sheet(drafted(Some(task_id())), &known);
        assert!(
            before.contains(&"PLAN.not_approved".to_owned()),
            "{before:?}"
        );
        known.rulings.push(RulingNotice {
            ruling_id: crate::model::RulingId(Uuid::from_u128(60)),
            subject: Subject::Sample(sheet_id()),
            document_id: Some(identity().document_id()),
            version: 2,
            outcome: Outcome::Sample {
                validity: Validity::Valid,
            },
            findings: Vec::new(),
            actor: Uuid::from_u128(61).to_string(),
            rulebook: String::new(),
            facts: Digest([0; 32]),
            decided_at_ms: NINE_MS,
        });
        let after = said_of_sheet(drafted(Some(task_id())), &known);
        assert!(
            !after.contains(&"PLAN.not_approved".to_owned()),
            "{after:?}"
        );
        assert!(after.contains(&"TWO.too_few".to_owned()), "{after:?}");
    }

    #[test]
    fn a_sheet_names_evidence_of_the_manifest_by_the_hash_that_it_has_there() {
        let known = known(Some(json!({})), &nothing);
        let mut visit = phone(1);
        let mut sheet = draft();
        let listed = EvidenceId(Uuid::from_u128(30));
        let strange = EvidenceId(Uuid::from_u128(31));
        sheet.evidence.insert(listed, Digest([9; 32]));
        sheet.evidence.insert(strange, Digest([3; 32]));
        visit.add_sheet(NINE_MS, &sheet).unwrap();
        let entry = EvidenceEntry {
            evidence_id: listed,
            sha256: Digest([3; 32]),
            size_bytes: 0,
            media_type: "image/jpeg".into(),
            kind: "label".into(),
            subject: EvidenceSubject::Visit,
            captured_at: TimeClaim::default(),
            location: None,
            device_id: None,
            paper: None,
            answers: Default::default(),
        };
        visit
            .add_evidence(&crate::document::tests::Office, NINE_MS, &entry)
            .unwrap();
        let said = said_of_sheet(visit, &known);
        for wanted in [
            format!("sheet.evidence.{listed}.hash_differs"),
            format!("sheet.evidence.{strange}.unknown_evidence"),
            "evidence.size_bytes.positive".to_owned(),
        ] {
            assert!(said.contains(&wanted), "{wanted}: {said:?}");
        }
    }

    #[test]
    fn a_record_beside_the_sheets_needs_its_form_and_two_samplers() {
        let known = known(None, &nothing);
        let mut visit = phone(1);
        let id = RefusalId(Uuid::from_u128(40));
        let refusal: Refusal = serde_json::from_value(json!({
            "refusal_id": id, "kind": "no_reason", "fact_description": "", "product_name": "检查井盖",
            "refused_at": { "wall_ms": NINE_MS },
        }))
        .unwrap();
        visit.record_refusal(NINE_MS, &refusal).unwrap();
        let subject = SealSubject::Refusal(id);
        let said = |visit: &VisitDocument| {
            let all = [visit.clone()];
            codes(&to_seal(
                &subject,
                visit.id(),
                &all,
                &known,
                &Rulebooks::builtin(),
            ))
        };
        let bare = said(&visit);
        assert!(
            bare.contains(&"refusal.fact_description.required".to_owned()),
            "{bare:?}"
        );
        assert!(
            bare.contains(&"refusal.signatures.two_samplers".to_owned()),
            "{bare:?}"
        );
        let seal = sealed_by(&visit, subject, 1, 51, &[1, 2], None);
        visit.seal(NINE_MS + 1, &seal).unwrap();
        let signed = said(&visit);
        assert!(
            !signed.contains(&"refusal.signatures.two_samplers".to_owned()),
            "{signed:?}"
        );
        assert_eq!(
            codes(&to_seal(
                &subject,
                phone(2).id(),
                &[],
                &known,
                &Rulebooks::builtin()
            )),
            Vec::<String>::new(),
            "what is not held is not judged"
        );
    }

    #[test]
    fn a_confirmation_is_sealed_by_an_officer_over_a_whole_form_and_nobody_is_stopped_for_being_alone()
     {
        let none = |_: &Digest| Vec::new();
        let mut known = known(None, &none);
        known.certificates.push(officer(CertificateKind::Device));
        known.certificates.push(officer(CertificateKind::Signer));
        let books = Rulebooks::builtin();
        let told = |it: &ConfirmationDocument| -> Vec<String> {
            let objections = confirmation_to_seal(it, &[phone(1)], &known, &books);
            let told = objections.into_iter();
            told.map(|it| format!("{}.{}", it.path, it.code)).collect()
        };
        let subject = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(21)));
        let identity = confirmation_of(subject, Digest([7; 32]));
        let mut bare = ConfirmationDocument::create(identity.clone(), Actor([8; 16])).unwrap();
        assert_eq!(told(&bare), ["seal.no_officer"]);
        let mut form: Confirmation = serde_json::from_value(json!({
            "confirmation_id": identity.confirmation, "outcome": "confirmed",
            "confirmed_at": { "wall_ms": NINE_MS },
        }))
        .unwrap();
        bare.record_confirmation(NINE_MS, &form).unwrap();
        assert_eq!(
            told(&bare),
            [
                "confirmation.measures.required",
                "confirmation.officers.required",
                "confirmation.opinion.required",
                "seal.no_officer"
            ]
        );
        (form.measures, form.opinion) = ("责令改正".into(), "成立".into());
        let user = UserId(Uuid::from_u128(8));
        let named = Officer {
            name: "赵六".into(),
            certificate_no: "1".into(),
        };
        form.officers.insert(user, named);
        let mut whole = ConfirmationDocument::create(identity, Actor([8; 16])).unwrap();
        whole.record_confirmation(NINE_MS, &form).unwrap();
        let confirmation = SealSubject::Confirmation(form.confirmation_id);
        let statement = whole.statement_of(confirmation, None).unwrap();
        let digest = statement.digest();
        let sign = |role: &str, drawn: Option<&Digest>, key: u8| {
            STANDARD.encode(toy(&[key; 4], &seal_statement(&digest, role, drawn, None)))
        };
        let handwriting = Digest([8; 32]);
        let signature = PersonSignature {
            certificate_serial: 88,
            handwriting,
            signature: sign("officer", Some(&handwriting), 8),
        };
        let seal = SealRecord {
            seal_id: SealId(Uuid::from_u128(70)),
            signatures: [(user, signature)].into(),
            party_signature: None,
            device_signature: sign("device", None, 8),
            sealed_at: form.confirmed_at.clone(),
            statement,
        };
        whole.seal(NINE_MS, &seal).unwrap();
        assert_eq!(told(&whole), [""; 0], "what it confirms may come later");
    }

    fn officer(kind: CertificateKind) -> CertificatePayload {
        CertificatePayload {
            serial: 88,
            organisation_id: OrganisationId(Uuid::from_u128(140_525)),
            roles: vec![Role::Enforcement],
            ..certificate(8, kind)
        }
    }
}
