//! Projection by example: whoever synced first, the facts are the same, and authors and times are those that are proven.

use super::tests::*;
use super::*;
use crate::model::*;
use crate::proof::{CertificatePayload, TimeTokenPayload, Verifier};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A server that has received some changes.
#[derive(Default)]
struct Server {
    received: BTreeMap<ChangeHash, Millis>,
}
impl Certificates for Server {
    fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
        Office.device(actor)
    }
    fn signer(&self, serial: i64) -> Option<CertificatePayload> {
        Office.signer(serial)
    }
}
impl Surroundings for Server {
    fn verifier(&self) -> &dyn Verifier {
        &Toy
    }
    fn received_at(&self, change: &ChangeHash) -> Option<Millis> {
        self.received.get(change).copied()
    }
    fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
        Office.token(wire)
    }
}

fn arrival(id: u128, entered_at: TimeClaim) -> Arrival {
    serde_json::from_value(serde_json::json!({
        "arrival_id": Uuid::from_u128(id), "entered_at": entered_at, "id_shown": true,
    }))
    .unwrap()
}

/// Two phones enter, each adds to the sheet apart, one seals, the other edits concurrently and returns the next day.
fn story() -> Vec<RawChange> {
    let (mut a, mut b) = (phone(1), phone(2));
    a.record_arrival(NINE_MS, &arrival(11, claim(1, NINE_MS)))
        .unwrap();
    let mut sheet = draft();
    sheet.sampled_at = claim(1, NINE_MS + HOUR_MS);
    a.add_sheet(NINE_MS, &sheet).unwrap();
    b.record_arrival(NINE_MS, &arrival(12, claim(2, NINE_MS + 60_000)))
        .unwrap();
    let raw = |it: &VisitDocument| {
        it.changes_since(&[])
            .into_iter()
            .map(|c| c.bytes)
            .collect::<Vec<_>>()
    };
    b.apply(raw(&a)).unwrap();
    let mut edited = sheet.clone();
    edited.grade = "合格品".into();
    b.edit_sheet(&Office, NINE_MS, &sheet, &edited).unwrap();
    let mut mine = sheet.clone();
    mine.grade = "一等品".into();
    a.edit_sheet(&Office, NINE_MS, &sheet, &mine).unwrap();
    seal_on(&mut a, 1, 50);
    b.record_arrival(NINE_MS, &arrival(13, claim(2, NINE_MS + 24 * HOUR_MS)))
        .unwrap();
    a.apply(raw(&b)).unwrap();
    a.changes_since(&[])
}

fn replay(changes: &[RawChange], order: &[usize]) -> VisitDocument {
    let mut held: Vec<&RawChange> = order.iter().map(|i| &changes[*i]).collect();
    let mut visit = VisitDocument::new(identity()).unwrap();
    // One at a time, each as soon as what it depends on is there, as the guard would hold and retry them.
    while !held.is_empty() {
        let before = held.len();
        held.retain(|change| visit.apply([&change.bytes]).is_err());
        assert!(held.len() < before);
    }
    visit
}

#[test]
fn facts_do_not_depend_on_the_order_of_arrival() {
    // I3
    let changes = story();
    let server = Server::default();
    let count = changes.len();
    let expected = project(&replay(&changes, &(0..count).collect::<Vec<_>>()), &server);
    assert_eq!(expected.entries.len(), 2);
    assert_eq!(expected.conflicts.len(), 1, "{:?}", expected.conflicts);
    let mut seed: u64 = 20_250_901;
    for _ in 0..40 {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(i, (seed >> 33) as usize % (i + 1));
        }
        assert_eq!(
            project(&replay(&changes, &order), &server),
            expected,
            "{order:?}"
        );
    }
}

#[test]
fn a_sample_is_read_from_its_seal_and_says_that_it_was_amended() {
    let changes = story();
    let all: Vec<usize> = (0..changes.len()).collect();
    let projected = project(&replay(&changes, &all), &Server::default());
    let (_, sample) = &projected.samples[0];
    assert_eq!(projected.sheets[0].sheet.grade, "一等品");
    assert_eq!(
        (sample.distinct_seals, sample.amended, sample.signers.len()),
        (1, true, 2)
    );
    assert!(sample.party_signed);
    assert_eq!(sample.entry_id.as_ref(), Some(&projected.entries[0].0));
    assert!(projected.entries[0].1.drew_samples && !projected.entries[1].1.drew_samples);
    assert_eq!(projected.entries[0].1.arrivals.len(), 2);
    assert_eq!(
        projected.entries[1].1.unexplained_resumption_of.as_ref(),
        Some(&projected.entries[0].0)
    );
}

#[test]
fn a_time_is_proven_by_the_authors_own_token_and_the_receipt() {
    let at = |claim: TimeClaim, received: Option<Millis>| {
        let mut a = phone(1);
        let change = a.record_arrival(NINE_MS, &arrival(11, claim)).unwrap();
        let received = received.map(|at| (change.hash, at)).into_iter().collect();
        project(&a, &Server { received }).entries[0].1.entered
    };
    let own = at(claim(1, NINE_MS), Some(NINE_MS + HOUR_MS));
    assert_eq!(
        own.proven,
        Interval::new(NINE_MS - HOUR_MS, NINE_MS + HOUR_MS)
    );
    assert!(own.claimed.is_some());
    let offline = at(claim(1, NINE_MS), None);
    assert_eq!(offline.proven.hi, i64::MAX);
    let borrowed = at(claim(2, NINE_MS), None);
    assert_eq!((borrowed.proven.lo, borrowed.claimed), (i64::MIN, None));
    let mut altered = claim(1, NINE_MS);
    altered.token_at_ms = Some(NINE_MS - 2 * HOUR_MS);
    assert_eq!(at(altered, None).claimed, None);
}

#[test]
fn an_arrival_is_its_certified_authors_and_one_without_certificate_is_none() {
    // I5
    let mut a = phone(1);
    a.record_arrival(NINE_MS, &arrival(11, claim(1, NINE_MS)))
        .unwrap();
    let mut stranger = phone(77);
    stranger
        .record_arrival(NINE_MS, &arrival(12, claim(1, NINE_MS)))
        .unwrap();
    a.apply(stranger.changes_since(&[]).into_iter().map(|it| it.bytes))
        .unwrap();
    let projected = project(&a, &Server::default());
    let walked = &projected.entries[0].1.arrivals;
    assert_eq!(walked.len(), 1);
    assert_eq!(walked[0].user_id, UserId(Uuid::from_u128(1)));
    assert_eq!(projected.visit.authors.len(), 1);
    assert_eq!(
        projected.visit.unreadable,
        [format!("arrivals/{}", Uuid::from_u128(12))]
    );
}

#[test]
fn a_sheet_without_an_arrival_is_a_sample_without_an_entry() {
    let mut a = phone(1);
    a.add_sheet(NINE_MS, &draft()).unwrap();
    let projected = project(&a, &Server::default());
    assert!(projected.entries.is_empty());
    assert_eq!(projected.samples[0].1.entry_id, None);
}

#[test]
fn a_sealed_sheet_that_somebody_deleted_is_still_a_sample() {
    // I6
    use automerge::transaction::Transactable;
    let mut a = phone(1);
    a.add_sheet(NINE_MS, &draft()).unwrap();
    seal_on(&mut a, 1, 50);
    let mut doc = a
        .automerge()
        .fork()
        .with_actor(automerge::ActorId::from(&[2; 16][..]));
    doc.transact::<_, _, automerge::AutomergeError>(|tx| {
        tx.delete(
            skeleton::collection::<VisitIdentity>("sheets").unwrap(),
            sheet_id().to_string(),
        )
    })
    .unwrap();
    let deleted = VisitDocument::from_automerge(doc).unwrap();
    let projected = project(&deleted, &Server::default());
    assert_eq!(projected.samples.len(), 1);
    assert!(projected.sheets[0].sealed && projected.sheets[0].amended);
}

fn named() -> Party {
    Party {
        name: "泽州示例铸造".into(),
        ..Party::default()
    }
}

/// One of each record beside the sheets, on phone 1.
fn recorded() -> (VisitDocument, [SealSubject; 3]) {
    let mut a = phone(1);
    let refusal = Refusal {
        refusal_id: RefusalId(Uuid::from_u128(21)),
        kind: "no_reason".into(),
        party: named(),
        task_id: None,
        task_level: "city".into(),
        product_name: "检查井盖".into(),
        fact_description: "负责人拒绝".into(),
        witness: Some("王五".into()),
        consequence_explained: true,
        consequence: None,
        evidence: BTreeMap::new(),
        withdrawn_reason: None,
        refused_at: claim(1, NINE_MS),
    };
    let not_sampled = NotSampled {
        not_sampled_id: NotSampledId(Uuid::from_u128(22)),
        reason: "stopped".into(),
        party: named(),
        bureau_stamp: None,
        licence_no: "无".into(),
        explanation: "停产".into(),
        evidence: BTreeMap::new(),
        recorded_at: claim(1, NINE_MS),
    };
    let report = OnSiteReport {
        report_id: OnSiteReportId(Uuid::from_u128(23)),
        grounds: "unlicensed".into(),
        description: "无照经营".into(),
        recipients: BTreeSet::new(),
        sampling_terminated: true,
        evidence: BTreeMap::new(),
        reported_at: claim(1, NINE_MS),
    };
    a.record_refusal(NINE_MS, &refusal).unwrap();
    a.record_not_sampled(NINE_MS, &not_sampled).unwrap();
    a.record_on_site_report(NINE_MS, &report).unwrap();
    let subjects = [refusal.subject(), not_sampled.subject(), report.subject()];
    (a, subjects)
}

/// Writes over every record beside the sheets, as a hostile teammate would, past every typed edit.
fn written_over(visit: &VisitDocument) -> VisitDocument {
    use automerge::transaction::Transactable;
    use automerge::{ReadDoc, ScalarValue};
    let mut doc = visit
        .automerge()
        .fork()
        .with_actor(automerge::ActorId::from(&[2; 16][..]));
    doc.transact::<_, _, automerge::AutomergeError>(|tx| {
        let item = |tx: &automerge::transaction::Transaction<'_>, shelf: &str, n: u128| {
            let id = Uuid::from_u128(n).to_string();
            tx.get(skeleton::collection::<VisitIdentity>(shelf).unwrap(), id)
                .unwrap()
                .unwrap()
                .1
        };
        let later = serde_json::to_vec(&claim(2, NINE_MS + 24 * HOUR_MS)).unwrap();
        let refusal = item(tx, "refusals", 21);
        tx.put(&refusal, "fact_description", "没有拒绝")?;
        tx.put(&refusal, "refused_at", ScalarValue::Bytes(later.clone()))?;
        tx.delete(
            skeleton::collection::<VisitIdentity>("not_sampled").unwrap(),
            Uuid::from_u128(22).to_string(),
        )?;
        let report = item(tx, "on_site_reports", 23);
        tx.put(&report, "sampling_terminated", false)?;
        tx.put(&report, "reported_at", ScalarValue::Bytes(later))
    })
    .unwrap();
    VisitDocument::from_automerge(doc).unwrap()
}

#[test]
fn a_sealed_refusal_not_sampled_record_or_report_is_read_from_its_sealed_heads() {
    // I6
    let (mut a, subjects) = recorded();
    for (number, subject) in subjects.into_iter().enumerate() {
        seal_subject(&mut a, subject, 1, 60 + number as u128);
    }
    let sealed = project(&a, &Server::default());
    let spoilt = written_over(&a);
    let projected = project(&spoilt, &Server::default());
    assert_eq!(projected.refusals[0].record, sealed.refusals[0].record);
    assert_eq!(
        projected.not_sampled[0].record,
        sealed.not_sampled[0].record
    );
    assert_eq!(
        projected.on_site_reports[0].record,
        sealed.on_site_reports[0].record
    );
    assert!(projected.refusals[0].amended && projected.not_sampled[0].amended);
    assert!(projected.on_site_reports[0].amended && !sealed.on_site_reports[0].amended);
    assert_eq!(projected.refusals[0].signers.len(), 2);
    let (was, is) = (&sealed.visit, &projected.visit);
    assert_eq!(
        (is.refused, is.refused_at, is.not_sampled, is.terminated),
        (true, was.refused_at, true, was.terminated)
    );
    assert!(was.terminated.is_some());
    for subject in subjects {
        let beside = spoilt.amendments(&subject);
        assert_eq!(beside.len(), 1, "{subject:?}");
        let verdict = spoilt.verify_amendment(&beside[0], &Server::default());
        assert_eq!(verdict.faults, ["amendment.unsigned"]);
    }
}

#[test]
fn faults_of_what_lies_beside_the_sheets_are_told_of_the_visit() {
    let (mut a, subjects) = recorded();
    let told = |a: &VisitDocument| project(a, &Server::default()).visit.faults;
    assert_eq!(
        told(&a),
        [
            "not_sampled.bureau_stamp.required",
            "not_sampled.signatures.two_samplers",
            "on_site_report.recipients.required",
            "on_site_report.signatures.two_samplers",
            "refusal.signatures.two_samplers"
        ]
    );
    for (number, subject) in subjects.into_iter().enumerate() {
        seal_subject(&mut a, subject, 1, 60 + number as u128);
    }
    assert_eq!(
        told(&a),
        [
            "not_sampled.bureau_stamp.required",
            "on_site_report.recipients.required"
        ]
    );
    let spoilt = written_over(&a);
    assert!(
        told(&spoilt).contains(&"refusal.amendments.unsigned".to_owned()),
        "{:?}",
        told(&spoilt)
    );
}

#[test]
fn a_refusal_that_the_party_neither_signed_nor_refused_to_sign_before_a_witness_has_a_fault() {
    let told = |party: Option<PartySignature>| {
        let (mut a, subjects) = recorded();
        let record = sealed_by(&a, subjects[0], 1, 60, &[1, 2], party);
        a.seal(NINE_MS, &record).unwrap();
        project(&a, &Server::default()).refusals[0].faults.clone()
    };
    let refused = |witness: &str| PartySignature::RefusedToSign {
        reason: "不认可".into(),
        witness: witness.into(),
        handwriting: None,
    };
    assert_eq!(told(Some(refused("王五"))), [""; 0]);
    let unsigned = ["refusal.party_signature.required"];
    assert_eq!(told(Some(refused(" "))), unsigned);
    assert_eq!(told(None), unsigned);
}

#[test]
fn the_facts_name_each_refusal_and_report_with_what_was_signed_and_in_which_entry() {
    let (mut a, subjects) = recorded();
    a.record_arrival(NINE_MS, &arrival(11, claim(1, NINE_MS - 60_000)))
        .unwrap();
    let bare = project(&a, &Server::default()).visit;
    assert!(
        bare.refusals
            .values()
            .all(|it| it.seals.is_empty() && it.signers.is_empty())
    );
    let seals = [
        seal_subject(&mut a, subjects[0], 1, 60),
        seal_subject(&mut a, subjects[2], 1, 61),
    ];
    let projected = project(&a, &Server::default());
    let visit = &projected.visit;
    let (_, refusal) = visit.refusals.iter().next().unwrap();
    assert_eq!(refusal.seals, BTreeSet::from([seals[0].statement.digest()]));
    assert_eq!(refusal.entry_id.as_ref(), Some(&projected.entries[0].0));
    assert_eq!((refusal.signers.len(), refusal.withdrawn), (2, false));
    let (_, report) = visit.reports.iter().next().unwrap();
    assert_eq!(report.seals, BTreeSet::from([seals[1].statement.digest()]));
    assert!(report.terminated);
    // I6: what somebody wrote over it changes neither the facts nor what was signed.
    let spoilt = project(&written_over(&a), &Server::default()).visit;
    assert_eq!(
        (&spoilt.refusals, &spoilt.reports),
        (&visit.refusals, &visit.reports)
    );
}

#[test]
fn evidence_of_a_record_is_bound_by_its_seal() {
    let (mut a, subjects) = recorded();
    let evidence = |n: u128| EvidenceEntry {
        evidence_id: EvidenceId(Uuid::from_u128(n)),
        sha256: Digest([n as u8; 32]),
        size_bytes: 1,
        media_type: "image/jpeg".into(),
        kind: "refusal".into(),
        subject: EvidenceSubject::Refusal(RefusalId(Uuid::from_u128(21))),
        captured_at: claim(1, NINE_MS),
        location: None,
        device_id: None,
        paper: None,
        answers: Default::default(),
    };
    a.add_evidence(&Office, NINE_MS, &evidence(80)).unwrap();
    seal_subject(&mut a, subjects[0], 1, 60);
    a.add_evidence(&Office, NINE_MS, &evidence(81)).unwrap();
    let projected = project(&a, &Server::default());
    let bound = &projected.refusals[0].record.evidence;
    assert_eq!(
        bound.get(&EvidenceId(Uuid::from_u128(80))),
        Some(&Digest([80; 32]))
    );
    assert_eq!((bound.len(), projected.refusals[0].amended), (1, false));
    assert_eq!(projected.evidence.len(), 2);
}

#[test]
fn a_refusal_is_withdrawn_with_a_reason_before_its_seal_and_by_a_signed_amendment_after_it() {
    let withdrawn = |it: &VisitDocument| {
        let visit = project(it, &Server::default()).visit;
        visit.refusals.values().next().unwrap().withdrawn
    };
    let id = RefusalId(Uuid::from_u128(21));
    let (mut draft, _) = recorded();
    let silent = draft.withdraw_refusal(&Office, NINE_MS, id, " ");
    assert_eq!(silent.unwrap_err().code(), "document.no_reason");
    draft
        .withdraw_refusal(&Office, NINE_MS, id, "记错企业")
        .unwrap();
    assert!(withdrawn(&draft));

    let (mut a, subjects) = recorded();
    let seal = seal_subject(&mut a, subjects[0], 1, 60);
    let closed = a.withdraw_refusal(&Office, NINE_MS, id, "记错企业");
    assert_eq!(closed.unwrap_err().code(), "document.sealed");
    let before = a.refusals().items[0].value.clone();
    let mut after = before.clone();
    after.withdrawn_reason = Some("记错企业".into());
    let mut amendment = Amendment {
        amendment_id: AmendmentId(Uuid::from_u128(90)),
        subject: subjects[0],
        seal_id: seal.seal_id,
        reason: "记错企业".into(),
        amended_at: claim(1, NINE_MS),
        signature: person_signature(1, 1, &Digest([0; 32])),
    };
    let mut forged = a.clone();
    forged.amend(&before, &after, &amendment).unwrap();
    assert!(
        !withdrawn(&forged),
        "a signature that does not hold takes nothing back"
    );
    let digest = a.amendment_digest(&amendment, &before, &after).unwrap();
    amendment.signature = person_signature(1, 1, &digest);
    a.amend(&before, &after, &amendment).unwrap();
    assert!(withdrawn(&a));
    let shown = &project(&a, &Server::default()).refusals[0];
    assert_eq!(
        shown.record.withdrawn_reason, None,
        "the sealed record does not move"
    );
}

#[test]
fn what_nobody_sealed_is_read_as_it_stands() {
    let (a, _) = recorded();
    let projected = project(&written_over(&a), &Server::default());
    assert_eq!(projected.refusals[0].record.fact_description, "没有拒绝");
    assert_eq!(projected.refusals[0].seal_id, None);
    assert!(projected.not_sampled.is_empty() && !projected.visit.not_sampled);
    assert_eq!(projected.visit.terminated, None);
}

#[test]
fn an_unsigned_edit_of_a_sealed_sheet_is_counted_and_a_signed_one_is_not() {
    let changes = story();
    let all: Vec<usize> = (0..changes.len()).collect();
    let projected = project(&replay(&changes, &all), &Server::default());
    assert_eq!(projected.samples[0].1.unsigned_amendments, 1);
}

#[test]
fn two_seals_that_differ_only_in_what_the_party_did_are_two_seals() {
    let mut a = phone(1);
    a.add_sheet(NINE_MS, &draft()).unwrap();
    seal_on(&mut a, 1, 50);
    seal_on(&mut a, 1, 51);
    let same = project(&a, &Server::default());
    assert_eq!(same.samples[0].1.distinct_seals, 1);
    let subject = SealSubject::Sheet(sheet_id());
    let refused = PartySignature::RefusedToSign {
        reason: "不认可".into(),
        witness: "王五".into(),
        handwriting: None,
    };
    let record = sealed_by(&a, subject, 1, 52, &[1, 2], Some(refused));
    a.seal(NINE_MS, &record).unwrap();
    let two = project(&a, &Server::default());
    assert_eq!(two.samples[0].1.distinct_seals, 2);
    assert!(two.sheets[0].sealed);
}

#[test]
fn a_photographed_paper_is_held_against_the_number_and_the_seal_of_its_record() {
    let (mut a, subjects) = recorded();
    let number = subjects[0].number().unwrap();
    let paper =
        |n: u128, number: &str, seal: Option<Digest>, subject: EvidenceSubject| EvidenceEntry {
            evidence_id: EvidenceId(Uuid::from_u128(n)),
            sha256: Digest([n as u8; 32]),
            size_bytes: 1,
            media_type: "image/jpeg".into(),
            kind: "paper_form".into(),
            subject,
            captured_at: claim(1, NINE_MS),
            location: None,
            device_id: None,
            paper: Some(PaperForm {
                number: number.into(),
                seal,
            }),
            answers: Default::default(),
        };
    let refusal = EvidenceSubject::Refusal(RefusalId(Uuid::from_u128(21)));
    let found = |document: &VisitDocument| {
        let faults = project(document, &Server::default())
            .visit
            .faults
            .into_iter();
        let of_paper = faults.filter(|it| it.starts_with("evidence.paper"));
        of_paper.collect::<Vec<_>>()
    };
    let spelled = number.to_lowercase();
    let filled_in = paper(80, &spelled, None, refusal.clone());
    a.add_evidence(&Office, NINE_MS, &filled_in).unwrap();
    assert_eq!(found(&a), [""; 0], "a draft binds nothing yet");
    let seal = seal_subject(&mut a, subjects[0], 1, 60).statement.digest();
    let printed = paper(81, &number, Some(seal), refusal.clone());
    a.add_evidence(&Office, NINE_MS, &printed).unwrap();
    assert_eq!(found(&a), [""; 0], "under the seal, or with its digest");

    let cases = [
        (
            paper(82, "JJ-1", Some(seal), refusal.clone()),
            "evidence.paper.number.differs",
        ),
        (
            paper(82, &number, Some(Digest([3; 32])), refusal.clone()),
            "evidence.paper.seal.other_seal",
        ),
        (
            paper(82, &number, None, refusal),
            "evidence.paper.seal.required",
        ),
        (
            paper(82, &number, Some(seal), EvidenceSubject::Visit),
            "evidence.paper.no_record",
        ),
        (
            paper(
                82,
                &number,
                Some(seal),
                EvidenceSubject::Refusal(RefusalId(Uuid::from_u128(99))),
            ),
            "evidence.paper.no_record",
        ),
    ];
    for (entry, fault) in cases {
        let mut with = a.clone();
        with.add_evidence(&Office, NINE_MS, &entry).unwrap();
        assert_eq!(found(&with), [fault]);
    }
}
