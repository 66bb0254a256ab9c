//! Two phones and a server around one visit: merging, sealing, amending, and what untrusted content may not do.

use std::collections::BTreeMap;

use automerge::transaction::Transactable;
use automerge::{ActorId, ObjType, ROOT, ReadDoc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::*;
use crate::model::*;
use crate::proof::{
    CertificateKind, CertificatePayload, OrganisationKind, Role, Verifier, seal_statement,
};

/// 2025-09-01 09:00 in Shanghai.
pub(super) const NINE_MS: i64 = 1_756_688_400_000;

pub(super) fn identity() -> VisitIdentity {
    VisitIdentity {
        campaign: CampaignId(Uuid::from_u128(1)),
        body: OrganisationId(Uuid::from_u128(2)),
        enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
        team: TeamKey::Team(TeamId(Uuid::from_u128(3))),
    }
}

pub(super) fn phone(number: u8) -> VisitDocument {
    VisitDocument::create(identity(), Actor([number; 16])).unwrap()
}

pub(super) fn sheet_id() -> SampleId {
    SampleId(Uuid::from_u128(7))
}

pub(super) fn draft() -> SampleSheet {
    let at = TimeClaim {
        wall_ms: NINE_MS,
        ..TimeClaim::default()
    };
    let mut sheet = SampleSheet::draft(sheet_id(), "S-1".into(), at);
    sheet.sampled_party.name = "泽州示例铸造".into();
    sheet.standards = vec!["GB/T 23858-2009".into()];
    sheet.seals.insert("F.1".into(), SealUse::Test);
    sheet
}

fn exchange(a: &mut VisitDocument, b: &mut VisitDocument) {
    let all_a: Vec<_> = a
        .changes_since(&[])
        .into_iter()
        .map(|it| it.bytes)
        .collect();
    let all_b: Vec<_> = b
        .changes_since(&[])
        .into_iter()
        .map(|it| it.bytes)
        .collect();
    a.apply(all_b).unwrap();
    b.apply(all_a).unwrap();
    assert_eq!(a.heads(), b.heads());
}

/// Two phones that hold the same sheet.
fn two_phones() -> (VisitDocument, VisitDocument) {
    let (mut a, mut b) = (phone(1), phone(2));
    a.add_sheet(NINE_MS, &draft()).unwrap();
    exchange(&mut a, &mut b);
    (a, b)
}

/// A toy signature that binds key and message; the algorithms are tested where they live.
pub(super) struct Toy;
impl Verifier for Toy {
    fn verify_p256(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        signature == toy(key, message)
    }
    fn verify_ed25519(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
        false
    }
}
pub(super) fn toy(key: &[u8], message: &[u8]) -> Vec<u8> {
    Sha256::digest([key, message].concat()).to_vec()
}

pub(super) fn certificate(number: u8, kind: CertificateKind) -> CertificatePayload {
    CertificatePayload {
        serial: i64::from(number),
        kind,
        device_id: DeviceId(Uuid::from_u128(100 + u128::from(number))),
        actor: Actor([number; 16]),
        public_key: STANDARD.encode([number; 4]),
        user_id: UserId(Uuid::from_u128(u128::from(number))),
        user_name: format!("抽样员{number}"),
        certificate_no: None,
        organisation_id: identity().body,
        organisation_kind: OrganisationKind::InspectionBody,
        roles: vec![Role::Sampler],
        regions: vec!["140525".into()],
        not_before_ms: 0,
        not_after_ms: i64::MAX,
    }
}

/// Devices and signers 1 to 9 are certified, and nobody else.
pub(super) struct Office;
impl Certificates for Office {
    fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
        (1..=9)
            .contains(&actor.0[0])
            .then(|| certificate(actor.0[0], CertificateKind::Device))
    }
    fn signer(&self, serial: i64) -> Option<CertificatePayload> {
        (1..=9)
            .contains(&serial)
            .then(|| certificate(serial as u8, CertificateKind::Signer))
    }
}

pub(super) fn person_signature(number: u8, digest: &Digest) -> PersonSignature {
    let handwriting = Digest([number; 32]);
    let message = seal_statement(digest, "sampler", Some(&handwriting), None);
    PersonSignature {
        certificate_serial: i64::from(number),
        handwriting,
        signature: STANDARD.encode(toy(&[number; 4], &message)),
    }
}

/// Seals the sheet on phone `device`, signed by samplers 1 and 2.
pub(super) fn seal_on(visit: &mut VisitDocument, device: u8, seal: u128) -> SealRecord {
    let statement = visit.statement_of(SealSubject::Sheet(sheet_id())).unwrap();
    let digest = statement.digest();
    let message = seal_statement(&digest, "device", None, None);
    let record = SealRecord {
        seal_id: SealId(Uuid::from_u128(seal)),
        statement,
        signatures: BTreeMap::from_iter([1, 2].map(|n| {
            (
                UserId(Uuid::from_u128(n)),
                person_signature(n as u8, &digest),
            )
        })),
        party_signature: Some(PartySignature::RefusedToSign {
            witness: "王五".into(),
            handwriting: None,
        }),
        device_signature: STANDARD.encode(toy(&[device; 4], &message)),
        sealed_at: TimeClaim::default(),
    };
    visit.seal(NINE_MS + 1, &record).unwrap();
    record
}

#[test]
fn two_phones_that_never_met_write_one_document() {
    let (mut a, mut b) = (phone(1), phone(2));
    a.add_sheet(NINE_MS, &draft()).unwrap();
    let mut other = draft();
    other.sample_id = SampleId(Uuid::from_u128(8));
    b.add_sheet(NINE_MS, &other).unwrap();
    assert_eq!(a.id(), b.id());
    exchange(&mut a, &mut b);
    assert_eq!(a.sheets().items.len(), 2);
    assert_eq!(a.sheet(sheet_id()).unwrap().value, draft());
}

#[test]
fn edits_of_different_fields_by_two_phones_both_stand() {
    let (mut a, mut b) = two_phones();
    let (mut left, mut right) = (draft(), draft());
    left.lot_no = Some("L-7".into());
    left.seals.insert("F.2".into(), SealUse::Spare);
    right.grade = "合格品".into();
    right.seals.insert("F.3".into(), SealUse::Spare);
    a.edit_sheet(NINE_MS, &draft(), &left).unwrap().unwrap();
    b.edit_sheet(NINE_MS, &draft(), &right).unwrap().unwrap();
    exchange(&mut a, &mut b);
    let merged = b.sheet(sheet_id()).unwrap().value;
    assert_eq!(merged.lot_no.as_deref(), Some("L-7"));
    assert_eq!(merged.grade, "合格品");
    assert_eq!(merged.seals.len(), 3);
    assert!(conflicts(a.automerge()).is_empty());
}

#[test]
fn a_form_opened_before_a_merge_does_not_revert_what_came_with_it() {
    let (mut a, mut b) = two_phones();
    let stale = draft();
    let mut remote = draft();
    remote.grade = "一等品".into();
    b.edit_sheet(NINE_MS, &draft(), &remote).unwrap();
    exchange(&mut a, &mut b);
    let mut mine = stale.clone();
    mine.trademark = "无".into();
    a.edit_sheet(NINE_MS, &stale, &mine).unwrap();
    let merged = a.sheet(sheet_id()).unwrap().value;
    assert_eq!(
        (merged.grade.as_str(), merged.trademark.as_str()),
        ("一等品", "无")
    );
}

#[test]
fn an_edit_without_difference_leaves_no_change() {
    let (mut a, _) = two_phones();
    let heads = a.heads();
    assert_eq!(a.edit_sheet(NINE_MS, &draft(), &draft()).unwrap(), None);
    assert_eq!(a.heads(), heads);
}

#[test]
fn an_emptied_field_beside_an_edit_is_a_conflict_and_loses_nothing() {
    let (mut a, mut b) = (phone(1), phone(2));
    let mut first = draft();
    first.lot_no = Some("L-1".into());
    a.add_sheet(NINE_MS, &first).unwrap();
    exchange(&mut a, &mut b);
    let (mut emptied, mut edited) = (first.clone(), first.clone());
    emptied.lot_no = None;
    edited.lot_no = Some("L-2".into());
    a.edit_sheet(NINE_MS, &first, &emptied).unwrap();
    b.edit_sheet(NINE_MS, &first, &edited).unwrap();
    exchange(&mut a, &mut b);
    let found = conflicts(a.automerge());
    assert_eq!(found.len(), 1);
    assert!(
        found[0].values.iter().any(|side| side.value == "\"L-2\""),
        "{found:?}"
    );
}

#[test]
fn a_voided_sheet_keeps_its_number_and_a_concurrent_edit() {
    let (mut a, mut b) = two_phones();
    let mut edited = draft();
    edited.grade = "合格品".into();
    a.void_sheet(NINE_MS, sheet_id(), "填写错误").unwrap();
    b.edit_sheet(NINE_MS, &draft(), &edited).unwrap();
    exchange(&mut a, &mut b);
    let sheet = b.sheet(sheet_id()).unwrap().value;
    assert_eq!(sheet.sheet_no, "S-1");
    assert_eq!(sheet.voided_reason.as_deref(), Some("填写错误"));
    assert_eq!(sheet.grade, "合格品");
}

#[test]
fn the_next_batch_copies_party_and_producer_into_a_new_draft() {
    let (mut a, _) = two_phones();
    let next = SampleId(Uuid::from_u128(8));
    let (sheet, _) = a
        .next_batch(
            NINE_MS,
            sheet_id(),
            next,
            "S-2".into(),
            TimeClaim::default(),
        )
        .unwrap();
    assert_eq!(sheet.sampled_party, draft().sampled_party);
    assert_eq!(a.sheet(next).unwrap().value, sheet);
}

#[test]
fn an_item_is_never_written_over_by_adding_it_again() {
    let (mut a, _) = two_phones();
    let heads = a.heads();
    assert!(matches!(
        a.add_sheet(NINE_MS, &draft()),
        Err(DocumentError::AlreadyThere(_))
    ));
    assert_eq!(a.heads(), heads);
}

#[test]
fn a_document_replays_from_its_changes_and_from_its_snapshot() {
    let (mut a, mut b) = two_phones();
    seal_on(&mut b, 2, 50);
    exchange(&mut a, &mut b);
    let mut raw: Vec<_> = a
        .changes_since(&[])
        .into_iter()
        .map(|it| it.bytes)
        .collect();
    raw.reverse();
    let replayed = VisitDocument::load_from_changes(identity(), raw).unwrap();
    let loaded = VisitDocument::load(&a.save()).unwrap();
    for copy in [&replayed, &loaded] {
        assert_eq!(copy.heads(), a.heads());
        assert_eq!(copy.sheets().items.len(), 1);
    }
}

#[test]
fn a_change_of_one_document_does_not_apply_to_another() {
    let (a, _) = two_phones();
    let mut elsewhere = identity();
    elsewhere.campaign = CampaignId(Uuid::from_u128(99));
    let raw: Vec<_> = a
        .changes_since(&[])
        .into_iter()
        .map(|it| it.bytes)
        .collect();
    let refused = VisitDocument::load_from_changes(elsewhere, raw);
    assert!(matches!(refused, Err(DocumentError::Incomplete(_))));
}

#[test]
fn a_missing_dependency_leaves_the_document_as_it_was() {
    let (mut a, mut b) = two_phones();
    let mut edited = draft();
    edited.grade = "合格品".into();
    let first = a.edit_sheet(NINE_MS, &draft(), &edited).unwrap().unwrap();
    let second = a.void_sheet(NINE_MS, sheet_id(), "x").unwrap();
    let heads = b.heads();
    match b.apply([&second.bytes]) {
        Err(DocumentError::Incomplete(missing)) => assert_eq!(missing, [first.hash]),
        other => panic!("{other:?}"),
    }
    assert_eq!(b.heads(), heads);
    b.apply([&first.bytes, &second.bytes]).unwrap();
    assert_eq!(b.heads(), a.heads());
}

#[test]
fn a_document_without_actor_is_only_read() {
    let mut reader = VisitDocument::new(identity()).unwrap();
    assert!(matches!(
        reader.add_sheet(NINE_MS, &draft()),
        Err(DocumentError::ReadOnly)
    ));
}

/// Writes into the document as a hostile client would, past every typed edit.
fn hostile(
    visit: &VisitDocument,
    edit: impl FnOnce(&mut automerge::transaction::Transaction<'_>),
) -> VisitDocument {
    let mut doc = visit
        .automerge()
        .fork()
        .with_actor(ActorId::from(&[9; 16][..]));
    doc.transact::<_, _, automerge::AutomergeError>(|tx| {
        edit(tx);
        Ok(())
    })
    .unwrap();
    VisitDocument::from_automerge(doc).unwrap()
}

#[test]
fn an_item_that_cannot_be_read_hides_no_other() {
    let (a, _) = two_phones();
    let spoilt = hostile(&a, |tx| {
        let sheets = tx.get(ROOT, "sheets").unwrap().unwrap().1;
        tx.put(&sheets, "scalar", 5).unwrap();
        tx.put_object(&sheets, "list", ObjType::List).unwrap();
        let nested = tx.put_object(&sheets, "nested", ObjType::Map).unwrap();
        tx.put_object(&nested, "sampled_party", ObjType::Map)
            .unwrap();
        let typed = tx
            .put_object(&sheets, Uuid::from_u128(70).to_string(), ObjType::Map)
            .unwrap();
        tx.put(&typed, "sheet_no", 1.5).unwrap();
    });
    let read = spoilt.sheets();
    assert_eq!(read.items.len(), 1);
    assert_eq!(
        read.unreadable,
        [
            "sheets/00000000-0000-0000-0000-000000000046/sheet_no",
            "sheets/list",
            "sheets/nested/sampled_party",
            "sheets/scalar"
        ]
    );
}

#[test]
fn replacing_a_map_of_the_skeleton_hides_nothing() {
    let (a, _) = two_phones();
    let replaced = hostile(&a, |tx| {
        tx.put_object(ROOT, "sheets", ObjType::Map).unwrap();
        tx.put(ROOT, "identity", "{}").unwrap();
        tx.delete(ROOT, "schema").unwrap();
    });
    assert_eq!(replaced.sheets().items.len(), 1);
    assert_eq!(replaced.identity(), &identity());
}

#[test]
fn a_sealed_sheet_is_shown_from_its_sealed_heads() {
    // I6
    let (mut a, mut b) = two_phones();
    let seal = seal_on(&mut a, 1, 50);
    let mut concurrent = draft();
    concurrent.grade = "合格品".into();
    let change = b
        .edit_sheet(NINE_MS, &draft(), &concurrent)
        .unwrap()
        .unwrap();
    exchange(&mut a, &mut b);
    let subject = SealSubject::Sheet(sheet_id());
    assert_eq!(a.sheet(sheet_id()).unwrap().value.grade, "合格品");
    let sealed: SampleSheet = a.sealed_view(&seal.statement).unwrap().value;
    assert_eq!(sealed, draft());
    let amendments = a.amendments(&subject);
    assert_eq!(amendments.len(), 1);
    assert_eq!(
        (amendments[0].change, amendments[0].actor),
        (change.hash, Actor([2; 16]))
    );
    assert_eq!(amendments[0].fields[0].new.as_deref(), Some("\"合格品\""));
    assert!(amendments[0].amendment.is_none());
    // The sealed sheet is edited no more, not even by whoever sealed it.
    assert!(matches!(
        a.edit_sheet(NINE_MS, &concurrent, &draft()),
        Err(DocumentError::Sealed(_))
    ));
    assert!(matches!(
        a.void_sheet(NINE_MS, sheet_id(), "x"),
        Err(DocumentError::Sealed(_))
    ));
    // Deleting it outright hides nothing of what was sealed.
    let deleted = hostile(&a, |tx| {
        let sheets = tx.get(ROOT, "sheets").unwrap().unwrap().1;
        tx.delete(&sheets, sheet_id().to_string()).unwrap();
    });
    let sealed: SampleSheet = deleted.sealed_view(&seal.statement).unwrap().value;
    assert_eq!(sealed, draft());
}

#[test]
fn a_seal_holds_only_with_its_content_its_device_and_two_samplers() {
    let (mut a, _) = two_phones();
    seal_on(&mut a, 1, 50);
    let seal = a.seals_of(&SealSubject::Sheet(sheet_id())).remove(0);
    let verdict = a.verify_seal(&seal, &Toy, &Office);
    assert_eq!(verdict.faults, [""; 0]);
    assert_eq!(verdict.signers.len(), 2);
    let check = |change: &dyn Fn(&mut SealRecord), expected: &[&str]| {
        let mut forged = seal.clone();
        change(&mut forged.value);
        assert_eq!(a.verify_seal(&forged, &Toy, &Office).faults, expected);
    };
    let first = UserId(Uuid::from_u128(1));
    check(&|s| s.party_signature = None, &["seal.party"]);
    check(&|s| s.device_signature.clear(), &["seal.device_signature"]);
    check(
        &|s| {
            s.signatures.remove(&first);
        },
        &["seal.two_samplers"],
    );
    // Another handwriting under the same signature.
    check(
        &|s| s.signatures.get_mut(&first).unwrap().handwriting = Digest([9; 32]),
        &["seal.sampler_signature", "seal.two_samplers"],
    );
    // One person's signature under another's name.
    check(
        &|s| {
            let taken = s.signatures.remove(&first).unwrap();
            s.signatures.insert(UserId(Uuid::from_u128(5)), taken);
        },
        &["seal.sampler_signature", "seal.two_samplers"],
    );
    check(
        &|s| s.statement.subtree_sha256 = Digest([0; 32]),
        &[
            "seal.content",
            "seal.device_signature",
            "seal.sampler_signature",
            "seal.two_samplers",
        ],
    );
}

#[test]
fn a_seal_over_heads_that_are_not_here_is_not_true() {
    let (mut a, _) = two_phones();
    let mut statement = a.statement_of(SealSubject::Sheet(sheet_id())).unwrap();
    for heads in [vec![], vec![ChangeHash([7; 32])]] {
        statement.heads = heads;
        assert!(a.sealed_view::<SampleSheet>(&statement).is_err());
        let record = SealRecord {
            seal_id: SealId(Uuid::from_u128(60)),
            statement: statement.clone(),
            signatures: BTreeMap::new(),
            party_signature: None,
            device_signature: String::new(),
            sealed_at: TimeClaim::default(),
        };
        assert!(matches!(
            a.seal(NINE_MS, &record),
            Err(DocumentError::Mismatch(_))
        ));
    }
}

#[test]
fn two_different_seals_of_one_sheet_are_both_kept() {
    let (mut a, mut b) = two_phones();
    let mut edited = draft();
    edited.grade = "合格品".into();
    b.edit_sheet(NINE_MS, &draft(), &edited).unwrap();
    seal_on(&mut a, 1, 50);
    seal_on(&mut b, 2, 51);
    exchange(&mut a, &mut b);
    let subject = SealSubject::Sheet(sheet_id());
    let (of_a, of_b) = (a.seals_of(&subject), b.seals_of(&subject));
    assert_eq!(of_a.len(), 2);
    assert_ne!(
        of_a[0].value.statement.digest(),
        of_a[1].value.statement.digest()
    );
    assert_eq!(
        of_a.iter().map(|it| it.value.seal_id).collect::<Vec<_>>(),
        of_b.iter().map(|it| it.value.seal_id).collect::<Vec<_>>()
    );
}

#[test]
fn an_amendment_carries_its_reason_and_leaves_the_sealed_view() {
    let (mut a, _) = two_phones();
    let seal = seal_on(&mut a, 1, 50);
    let mut after = draft();
    after.grade = "一等品".into();
    let mut amendment = Amendment {
        amendment_id: AmendmentId(Uuid::from_u128(80)),
        subject: SealSubject::Sheet(sheet_id()),
        seal_id: seal.seal_id,
        reason: "等级笔误".into(),
        amended_at_ms: NINE_MS + 5,
        signature: person_signature(1, &Digest([0; 32])),
    };
    let digest = a.amendment_digest(&amendment, &draft(), &after);
    amendment.signature = person_signature(1, &digest);
    a.amend_sheet(&draft(), &after, &amendment).unwrap();
    let found = a.amendments(&SealSubject::Sheet(sheet_id()));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].amendment.as_ref(), Some(&amendment));
    let sealed: SampleSheet = a.sealed_view(&seal.statement).unwrap().value;
    assert_eq!(sealed, draft());
    amendment.reason = " ".into();
    assert!(a.amend_sheet(&after, &draft(), &amendment).is_err());
}

#[test]
fn a_second_phone_adds_its_samplers_signature() {
    let (mut a, mut b) = two_phones();
    let statement = a.statement_of(SealSubject::Sheet(sheet_id())).unwrap();
    let digest = statement.digest();
    let device = seal_statement(&digest, "device", None, None);
    let user = |n: u128| UserId(Uuid::from_u128(n));
    let record = SealRecord {
        seal_id: SealId(Uuid::from_u128(50)),
        statement,
        signatures: BTreeMap::from([(user(1), person_signature(1, &digest))]),
        party_signature: None,
        device_signature: STANDARD.encode(toy(&[1; 4], &device)),
        sealed_at: TimeClaim::default(),
    };
    a.seal(NINE_MS, &record).unwrap();
    exchange(&mut a, &mut b);
    b.add_signature(
        NINE_MS,
        record.seal_id,
        user(2),
        &person_signature(2, &digest),
    )
    .unwrap()
    .unwrap();
    exchange(&mut a, &mut b);
    let seal = a.seals_of(&SealSubject::Sheet(sheet_id())).remove(0);
    assert_eq!(a.verify_seal(&seal, &Toy, &Office).signers.len(), 2);
}

#[test]
fn a_seal_covers_the_evidence_that_was_there() {
    let (mut a, _) = two_phones();
    let entry = |number: u128| EvidenceEntry {
        evidence_id: EvidenceId(Uuid::from_u128(number)),
        sha256: Digest([number as u8; 32]),
        size_bytes: 10,
        media_type: "image/jpeg".into(),
        kind: "label".into(),
        subject: EvidenceSubject::Sheet(sheet_id()),
        captured_at: TimeClaim::default(),
        location: None,
    };
    a.add_evidence(NINE_MS, &entry(30)).unwrap();
    let seal = seal_on(&mut a, 1, 50);
    a.add_evidence(NINE_MS, &entry(31)).unwrap();
    let sealed: SampleSheet = a.sealed_view(&seal.statement).unwrap().value;
    assert_eq!(
        sealed.evidence.values().collect::<Vec<_>>(),
        [&Digest([30; 32])]
    );
    assert_eq!(a.evidence().items.len(), 2);
    assert!(a.amendments(&SealSubject::Sheet(sheet_id())).is_empty());
}

#[test]
fn a_seal_digest_is_the_one_of_its_release() {
    let (mut a, _) = two_phones();
    let seal = seal_on(&mut a, 1, 50);
    assert_eq!(
        seal.statement.digest().to_string(),
        include_str!("../../golden/sheet_seal.sha256").trim()
    );
}
