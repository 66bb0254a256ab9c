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
    CertificateKind, CertificatePayload, OrganisationKind, Role, TimeTokenPayload, Verifier,
    seal_statement,
};

/// 2025-09-01 09:00 in Shanghai.
pub(crate) const NINE_MS: i64 = 1_756_688_400_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

pub(crate) fn identity() -> VisitIdentity {
    VisitIdentity {
        campaign: CampaignId(Uuid::from_u128(1)),
        body: OrganisationId(Uuid::from_u128(2)),
        enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
        team: TeamKey::Team(TeamId(Uuid::from_u128(3))),
    }
}

/// A confirmation of something in the visit, for its county.
pub(crate) fn confirmation_of(subject: ConfirmedSubject, seal: Digest) -> ConfirmationIdentity {
    ConfirmationIdentity {
        confirmation: ConfirmationId("01890000-0000-7000-8000-000000000001".parse().unwrap()),
        visit: identity(),
        region: "140525".parse().unwrap(),
        subject,
        seal,
    }
}

pub(crate) fn phone(number: u8) -> VisitDocument {
    VisitDocument::create(identity(), Actor([number; 16])).unwrap()
}

pub(crate) fn sheet_id() -> SampleId {
    SampleId(Uuid::from_u128(7))
}

pub(crate) fn draft() -> SampleSheet {
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
pub(crate) struct Toy;
impl Verifier for Toy {
    fn verify_p256(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        signature == toy(key, message)
    }
    fn verify_ed25519(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
        false
    }
}
pub(crate) fn toy(key: &[u8], message: &[u8]) -> Vec<u8> {
    Sha256::digest([key, message].concat()).to_vec()
}

pub(crate) fn certificate(number: u8, kind: CertificateKind) -> CertificatePayload {
    CertificatePayload {
        serial: i64::from(number),
        kind,
        device_id: DeviceId(Uuid::from_u128(100 + u128::from(number))),
        actor: Actor([number; 16]),
        public_key: STANDARD.encode([number; 4]),
        agreement_key: None,
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

/// Devices 1 to 9 are certified, and persons 1 to 9 on each of them: serial `10 * device + person`. Person 5 is no
/// sampler, and the certificate of person 6 ran out an hour before the sealing. Token texts are `<device>:<at_ms>`.
pub(crate) struct Office;
impl Certificates for Office {
    fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
        (1..=9)
            .contains(&actor.0[0])
            .then(|| certificate(actor.0[0], CertificateKind::Device))
    }
    fn signer(&self, serial: i64) -> Option<CertificatePayload> {
        let (device, person) = (serial / 10, (serial % 10) as u8);
        if !(1..=9).contains(&device) || person == 0 {
            return None;
        }
        let mut payload = certificate(person, CertificateKind::Signer);
        payload.device_id = DeviceId(Uuid::from_u128(100 + device as u128));
        payload.serial = serial;
        match person {
            5 => payload.roles = vec![Role::Enforcement, Role::LabReceiver],
            6 => payload.not_after_ms = NINE_MS - HOUR_MS,
            _ => {}
        }
        Some(payload)
    }
}
impl Surroundings for Office {
    fn verifier(&self) -> &dyn Verifier {
        &Toy
    }
    fn received_at(&self, _: &ChangeHash) -> Option<Millis> {
        None
    }
    fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
        let (device, at) = wire.split_once(':')?;
        Some(TimeTokenPayload {
            device_id: DeviceId(Uuid::from_u128(100 + device.parse::<u128>().ok()?)),
            at_ms: at.parse().ok()?,
            nonce: String::new(),
        })
    }
}

/// What a device notes down at an instant, an hour after its last server time.
pub(crate) fn claim(device: u8, at_ms: Millis) -> TimeClaim {
    let token_at = at_ms - HOUR_MS;
    TimeClaim {
        wall_ms: at_ms,
        token_at_ms: Some(token_at),
        token: Some(format!("{device}:{token_at}")),
        token_rtt_ms: 0,
        elapsed_ms: Some(HOUR_MS),
    }
}

pub(crate) fn person_signature(device: u8, person: u8, digest: &Digest) -> PersonSignature {
    let handwriting = Digest([person; 32]);
    let message = seal_statement(digest, "sampler", Some(&handwriting), None);
    PersonSignature {
        certificate_serial: i64::from(10 * device + person),
        handwriting,
        signature: STANDARD.encode(toy(&[person; 4], &message)),
    }
}

pub(crate) fn party() -> PartySignature {
    PartySignature::Signed {
        name: "张三".into(),
        handwriting: Digest([70; 32]),
        stamp: Digest([71; 32]),
    }
}

/// A seal of a subject as it stands, on this device, signed by these people.
pub(crate) fn sealed_by(
    visit: &VisitDocument,
    subject: SealSubject,
    device: u8,
    seal: u128,
    people: &[u8],
    party: Option<PartySignature>,
) -> SealRecord {
    let statement = visit.statement_of(subject, party.as_ref()).unwrap();
    let digest = statement.digest();
    let message = seal_statement(&digest, "device", None, None);
    let signature = |n: &u8| {
        let user = UserId(Uuid::from_u128(u128::from(*n)));
        (user, person_signature(device, *n, &digest))
    };
    SealRecord {
        seal_id: SealId(Uuid::from_u128(seal)),
        statement,
        signatures: people.iter().map(signature).collect(),
        party_signature: party,
        device_signature: STANDARD.encode(toy(&[device; 4], &message)),
        sealed_at: claim(device, NINE_MS),
    }
}

/// Seals the sheet on phone `device`, signed by samplers 1 and 2.
pub(super) fn seal_on(visit: &mut VisitDocument, device: u8, seal: u128) -> SealRecord {
    seal_subject(visit, SealSubject::Sheet(sheet_id()), device, seal)
}

/// The same for any subject.
pub(crate) fn seal_subject(
    visit: &mut VisitDocument,
    subject: SealSubject,
    device: u8,
    seal: u128,
) -> SealRecord {
    let record = sealed_by(visit, subject, device, seal, &[1, 2], Some(party()));
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
    a.edit_sheet(&Office, NINE_MS, &draft(), &left)
        .unwrap()
        .unwrap();
    b.edit_sheet(&Office, NINE_MS, &draft(), &right)
        .unwrap()
        .unwrap();
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
    b.edit_sheet(&Office, NINE_MS, &draft(), &remote).unwrap();
    exchange(&mut a, &mut b);
    let mut mine = stale.clone();
    mine.trademark = "无".into();
    a.edit_sheet(&Office, NINE_MS, &stale, &mine).unwrap();
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
    assert_eq!(
        a.edit_sheet(&Office, NINE_MS, &draft(), &draft()).unwrap(),
        None
    );
    assert_eq!(a.heads(), heads);
}

#[test]
fn a_settled_conflict_has_one_value_which_a_person_chose_and_keeps_the_others_in_history() {
    let (mut a, mut b) = two_phones();
    for (phone, lot) in [(&mut a, "L-1"), (&mut b, "L-2")] {
        let mut edited = draft();
        edited.lot_no = Some(lot.into());
        phone
            .edit_sheet(&Office, NINE_MS, &draft(), &edited)
            .unwrap();
    }
    exchange(&mut a, &mut b);
    let found = conflicts(a.automerge());
    let [conflict] = &found[..] else {
        panic!("{found:?}");
    };
    for side in &conflict.values {
        let mut settled = a.clone();
        settled
            .settle(&Office, NINE_MS, &conflict.path, &side.change)
            .unwrap();
        let lot = settled.sheet(sheet_id()).unwrap().value.lot_no;
        assert_eq!(serde_json::json!(lot).to_string(), side.value);
        let after = conflicts(settled.automerge());
        assert_eq!(after.len(), 1);
        assert!(!after[0].open);
        let again = settled.settle(&Office, NINE_MS, &conflict.path, &side.change);
        assert!(matches!(again, Err(DocumentError::NotThere(_))));
    }
    let stranger = crate::model::ChangeHash([7; 32]);
    let chosen = a.settle(&Office, NINE_MS, &conflict.path, &stranger);
    assert!(matches!(chosen, Err(DocumentError::Mismatch(_))));
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
    a.edit_sheet(&Office, NINE_MS, &first, &emptied).unwrap();
    b.edit_sheet(&Office, NINE_MS, &first, &edited).unwrap();
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
    a.void_sheet(&Office, NINE_MS, sheet_id(), "填写错误")
        .unwrap();
    b.edit_sheet(&Office, NINE_MS, &draft(), &edited).unwrap();
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
            &Office,
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
    let first = a
        .edit_sheet(&Office, NINE_MS, &draft(), &edited)
        .unwrap()
        .unwrap();
    let second = a.void_sheet(&Office, NINE_MS, sheet_id(), "x").unwrap();
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
        .edit_sheet(&Office, NINE_MS, &draft(), &concurrent)
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
        a.edit_sheet(&Office, NINE_MS, &concurrent, &draft()),
        Err(DocumentError::Sealed(_))
    ));
    assert!(matches!(
        a.void_sheet(&Office, NINE_MS, sheet_id(), "x"),
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
    let verdict = a.verify_seal(&seal, &Office);
    assert_eq!(verdict.faults, [""; 0]);
    assert_eq!(verdict.signers.len(), 2);
    let check = |change: &dyn Fn(&mut SealRecord), expected: &[&str]| {
        let mut forged = seal.clone();
        change(&mut forged.value);
        assert_eq!(a.verify_seal(&forged, &Office).faults, expected);
    };
    let first = UserId(Uuid::from_u128(1));
    check(
        &|s| s.party_signature = None,
        &["seal.party", "seal.party_binding"],
    );
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
    let mut statement = a
        .statement_of(SealSubject::Sheet(sheet_id()), None)
        .unwrap();
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
    b.edit_sheet(&Office, NINE_MS, &draft(), &edited).unwrap();
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
fn a_signature_that_comes_after_the_seal_counts_for_nothing() {
    let (mut a, _) = two_phones();
    let subject = SealSubject::Sheet(sheet_id());
    let record = sealed_by(&a, subject, 1, 50, &[1], Some(party()));
    a.seal(NINE_MS, &record).unwrap();
    let digest = record.statement.digest();
    let later = serde_json::to_string(&person_signature(2, 2, &digest)).unwrap();
    let added = hostile(&a, |tx| {
        let seals = tx.get(ROOT, "seals").unwrap().unwrap().1;
        let seal = tx
            .get(&seals, record.seal_id.to_string())
            .unwrap()
            .unwrap()
            .1;
        tx.put(&seal, format!("signatures.{}", Uuid::from_u128(2)), later)
            .unwrap();
    });
    let seal = added.seals_of(&subject).remove(0);
    let verdict = added.verify_seal(&seal, &Office);
    assert_eq!(
        (verdict.signers.len(), verdict.faults),
        (1, vec!["seal.two_samplers"])
    );
}

#[test]
fn what_no_phone_signed_as_a_seal_closes_nothing() {
    let (mut a, mut b) = two_phones();
    let subject = SealSubject::Sheet(sheet_id());
    let mut forged = sealed_by(&b, subject, 2, 50, &[1, 2], Some(party()));
    forged.device_signature = STANDARD.encode([0; 64]);
    b.seal(NINE_MS, &forged).unwrap();
    exchange(&mut a, &mut b);
    assert!(a.bears_seal(&subject), "it says that it is one");
    assert_eq!(a.shown_seal(&subject, &Office), None);
    let entry = EvidenceEntry {
        evidence_id: EvidenceId(Uuid::from_u128(30)),
        sha256: Digest([3; 32]),
        size_bytes: 10,
        media_type: "image/jpeg".into(),
        kind: "label".into(),
        subject: EvidenceSubject::Sheet(sheet_id()),
        captured_at: TimeClaim::default(),
        location: None,
        device_id: None,
        paper: None,
        answers: Default::default(),
    };
    a.add_evidence(&Office, NINE_MS, &entry).unwrap();
    let before = a.sheet(sheet_id()).unwrap().value;
    assert_eq!(
        before.evidence.len(),
        1,
        "it goes under the seal that is to come"
    );
    let mut after = before.clone();
    after.grade = "一等品".into();
    a.edit_sheet(&Office, NINE_MS, &before, &after).unwrap();
    seal_on(&mut a, 1, 51);
    let edited = a.edit_sheet(&Office, NINE_MS, &after, &before);
    assert!(matches!(edited, Err(DocumentError::Sealed(_))));
}

#[test]
fn the_next_batch_of_a_sealed_sheet_copies_what_was_sealed() {
    let (mut a, mut b) = two_phones();
    seal_on(&mut a, 1, 50);
    let mut edited = draft();
    edited.sampled_party.name = "另一单位".into();
    b.edit_sheet(&Office, NINE_MS, &draft(), &edited).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(
        a.sheet(sheet_id()).unwrap().value.sampled_party.name,
        "另一单位"
    );
    let next = SampleId(Uuid::from_u128(8));
    let (copied, _) = a
        .next_batch(
            &Office,
            NINE_MS,
            sheet_id(),
            next,
            "S-2".into(),
            claim(1, NINE_MS),
        )
        .unwrap();
    assert_eq!(copied.sampled_party, draft().sampled_party);
    assert_eq!(copied.seals, BTreeMap::new());
}

/// What automerge 0.12.0 makes of ordinary edits. An upgrade that gives other bytes gives other hashes: two phones with
/// different versions would no longer make one skeleton, and old seals would name heads that nobody has.
#[test]
fn an_edit_and_a_seal_have_the_bytes_of_their_release() {
    let mut a = phone(1);
    let mut changes = vec![a.add_sheet(0, &draft()).unwrap()];
    let mut edited = draft();
    edited.grade = "合格品".into();
    edited.lot_base_milli = Some(Milli(20_000));
    edited.seals.insert("F.2".into(), SealUse::Spare);
    changes.extend(a.edit_sheet(&Office, 0, &draft(), &edited).unwrap());
    let subject = SealSubject::Sheet(sheet_id());
    let seal = sealed_by(&a, subject, 1, 50, &[1, 2], Some(party()));
    changes.push(a.seal(0, &seal).unwrap());
    let hex: Vec<String> = changes.iter().map(|it| hex::encode(&it.bytes)).collect();
    let golden = include_str!("../../golden/visit_changes.hex");
    assert_eq!(hex.join("\n"), golden.trim());
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
        device_id: None,
        paper: None,
        answers: Default::default(),
    };
    a.add_evidence(&Office, NINE_MS, &entry(30)).unwrap();
    let seal = seal_on(&mut a, 1, 50);
    a.add_evidence(&Office, NINE_MS, &entry(31)).unwrap();
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

/// Phone 1 with a sheet that it sealed.
fn sealed_phone() -> (VisitDocument, SealRecord) {
    let (mut a, _) = two_phones();
    let seal = seal_on(&mut a, 1, 50);
    (a, seal)
}

/// An amendment of the sealed sheet by a person, with a signature that fits.
fn amendment_by(
    visit: &VisitDocument,
    device: u8,
    person: u8,
    seal: &SealRecord,
    after: &SampleSheet,
) -> Amendment {
    let mut amendment = Amendment {
        amendment_id: AmendmentId(Uuid::from_u128(80)),
        subject: SealSubject::Sheet(sheet_id()),
        seal_id: seal.seal_id,
        reason: "等级笔误".into(),
        amended_at: claim(device, NINE_MS + 5),
        signature: person_signature(device, person, &Digest([0; 32])),
    };
    let before = visit.sheet(sheet_id()).unwrap().value;
    let digest = visit.amendment_digest(&amendment, &before, after).unwrap();
    amendment.signature = person_signature(device, person, &digest);
    amendment
}

fn graded() -> SampleSheet {
    let mut after = draft();
    after.grade = "一等品".into();
    after
}

#[test]
fn an_amendment_carries_its_reason_and_leaves_the_sealed_view() {
    let (mut a, seal) = sealed_phone();
    let mut amendment = amendment_by(&a, 1, 1, &seal, &graded());
    a.amend(&draft(), &graded(), &amendment).unwrap();
    let found = a.amendments(&SealSubject::Sheet(sheet_id()));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].amendment.as_ref(), Some(&amendment));
    let verdict = a.verify_amendment(&found[0], &Office);
    assert_eq!(verdict.faults, [""; 0]);
    assert!(verdict.verified && verdict.digest.is_some());
    assert_eq!(verdict.author, Some(UserId(Uuid::from_u128(1))));
    let sealed: SampleSheet = a.sealed_view(&seal.statement).unwrap().value;
    assert_eq!(sealed, draft());
    amendment.reason = " ".into();
    amendment.amendment_id = AmendmentId(Uuid::from_u128(81));
    let refused = a.amend(&graded(), &draft(), &amendment);
    assert!(matches!(refused, Err(DocumentError::NoReason(_))));
    // What would be amended is the record as it stands, not as somebody read it earlier.
    amendment.reason = "改回".into();
    let stale = a.amend(&draft(), &graded(), &amendment);
    assert!(matches!(stale, Err(DocumentError::Mismatch(_))));
}

#[test]
fn an_amendment_counts_only_with_a_samplers_own_signature_over_just_this_edit() {
    let check = |device: u8, person: u8, forge: &dyn Fn(&mut Amendment), expected: &[&str]| {
        let (mut a, seal) = sealed_phone();
        let mut b = phone(2);
        b.apply(a.changes_since(&[]).into_iter().map(|it| it.bytes))
            .unwrap();
        let mut amendment = amendment_by(&a, device, person, &seal, &graded());
        forge(&mut amendment);
        let writer = if device == 2 { &mut b } else { &mut a };
        writer.amend(&draft(), &graded(), &amendment).unwrap();
        let found = writer.amendments(&SealSubject::Sheet(sheet_id()));
        let verdict = writer.verify_amendment(&found[0], &Office);
        assert_eq!(verdict.faults, expected);
        assert_eq!(verdict.verified, expected.is_empty());
        assert_eq!(verdict.author.is_some(), expected.is_empty());
    };
    check(1, 1, &|_| {}, &[]);
    check(2, 3, &|_| {}, &[]);
    check(1, 5, &|_| {}, &["amendment.sampler_role"]);
    check(1, 6, &|_| {}, &["amendment.certificate_time"]);
    check(
        1,
        1,
        &|it| it.reason = "另一理由".into(),
        &["amendment.signature"],
    );
    check(
        1,
        1,
        &|it| it.amended_at.wall_ms += 1,
        &["amendment.signature"],
    );
    check(
        1,
        1,
        &|it| it.signature.handwriting = Digest([9; 32]),
        &["amendment.signature"],
    );
    check(
        1,
        1,
        &|it| it.signature.certificate_serial = 12,
        &["amendment.signature"],
    );
    // The same key on another phone than the one that wrote the change.
    check(
        1,
        1,
        &|it| it.signature.certificate_serial = 21,
        &["amendment.signer_device"],
    );
}

#[test]
fn an_amendment_copied_beside_another_edit_is_forged() {
    let (mut a, seal) = sealed_phone();
    let amendment = amendment_by(&a, 1, 1, &seal, &graded());
    let mut more = graded();
    more.product_name = "水泥".into();
    a.amend(&draft(), &more, &amendment).unwrap();
    let found = a.amendments(&SealSubject::Sheet(sheet_id()));
    let verdict = a.verify_amendment(&found[0], &Office);
    assert_eq!(verdict.faults, ["amendment.signature"]);
}

#[test]
fn the_partys_handwriting_stamp_refusal_and_witness_are_bound_to_the_seals_hash() {
    let refused = PartySignature::RefusedToSign {
        reason: "不认可抽样".into(),
        witness: "王五".into(),
        handwriting: Some(Digest([72; 32])),
    };
    let subject = SealSubject::Sheet(sheet_id());
    for act in [party(), refused] {
        let (mut a, _) = two_phones();
        let record = sealed_by(&a, subject, 1, 50, &[1, 2], Some(act.clone()));
        a.seal(NINE_MS, &record).unwrap();
        let seal = a.seals_of(&subject).remove(0);
        assert_eq!(a.verify_seal(&seal, &Office).faults, [""; 0]);
        let json = serde_json::to_value(&act).unwrap();
        for key in ["name", "handwriting", "stamp", "reason", "witness"] {
            let Some(old) = json.get(key) else { continue };
            let mut altered = json.clone();
            let text = old.as_str().unwrap().replace(['4', '王', '张', '不'], "5");
            assert_ne!(text, old.as_str().unwrap(), "{key}");
            altered[key] = text.into();
            let mut forged = seal.clone();
            let altered: PartySignature = serde_json::from_value(altered).unwrap();
            forged.value.party_signature = Some(altered.clone());
            let verdict = a.verify_seal(&forged, &Office);
            assert_eq!(verdict.faults, ["seal.party_binding"], "{key}");
            assert!(!verdict.party_signed);
            // Whoever puts the statement right as well, loses everybody's signature.
            forged.value.statement.party_sha256 = Some(altered.digest());
            let verdict = a.verify_seal(&forged, &Office);
            assert!(
                verdict.signers.is_empty() && !verdict.device_signed,
                "{key}"
            );
        }
    }
}

#[test]
fn a_party_that_would_not_sign_needs_its_reason_and_a_witness() {
    let subject = SealSubject::Sheet(sheet_id());
    for (reason, witness, faults) in [
        ("不认可抽样", "王五", &[][..]),
        (" ", "王五", &["seal.party"]),
        ("不认可抽样", "", &["seal.party"]),
    ] {
        let (mut a, _) = two_phones();
        let act = PartySignature::RefusedToSign {
            reason: reason.into(),
            witness: witness.into(),
            handwriting: None,
        };
        let record = sealed_by(&a, subject, 1, 50, &[1, 2], Some(act));
        a.seal(NINE_MS, &record).unwrap();
        let seal = a.seals_of(&subject).remove(0);
        assert_eq!(a.verify_seal(&seal, &Office).faults, faults);
    }
}

#[test]
fn a_signature_on_a_seal_counts_only_from_a_sampler_on_this_phone_at_that_time() {
    let subject = SealSubject::Sheet(sheet_id());
    let check = |people: &[u8], alter: &dyn Fn(&mut SealRecord), expected: &[&str]| {
        let (mut a, _) = two_phones();
        let mut record = sealed_by(&a, subject, 1, 50, people, Some(party()));
        alter(&mut record);
        a.seal(NINE_MS, &record).unwrap();
        let seal = a.seals_of(&subject).remove(0);
        assert_eq!(a.verify_seal(&seal, &Office).faults, expected);
    };
    check(&[1, 2], &|_| {}, &[]);
    // A third who does not count takes nothing from two who do.
    check(&[1, 2, 5], &|_| {}, &["seal.sampler_role"]);
    check(
        &[1, 5],
        &|_| {},
        &["seal.sampler_role", "seal.two_samplers"],
    );
    check(
        &[1, 6],
        &|_| {},
        &["seal.certificate_time", "seal.two_samplers"],
    );
    // Sealed while the certificate was still in force.
    check(
        &[1, 6],
        &|it| it.sealed_at = claim(1, NINE_MS - HOUR_MS),
        &[],
    );
    // The wall clock proves nothing: without a server time nobody can say that the certificate had run out.
    check(&[1, 6], &|it| it.sealed_at.token = None, &[]);
    let second = UserId(Uuid::from_u128(2));
    check(
        &[1, 2],
        &|it| it.signatures.get_mut(&second).unwrap().certificate_serial = 22,
        &["seal.signer_device", "seal.two_samplers"],
    );
    // One person twice is one person.
    check(&[1], &|_| {}, &["seal.two_samplers"]);
}

#[test]
fn writing_over_a_seal_or_deleting_it_unseals_nothing() {
    // I6
    let (a, seal) = sealed_phone();
    let subject = SealSubject::Sheet(sheet_id());
    let spoilt = hostile(&a, |tx| {
        let seals = tx.get(ROOT, "seals").unwrap().unwrap().1;
        let sealed = tx.get(&seals, seal.seal_id.to_string()).unwrap().unwrap().1;
        tx.put(&sealed, "device_signature", "").unwrap();
        tx.put(&sealed, "statement", "x").unwrap();
        tx.put(&sealed, "party_signature", 1).unwrap();
    });
    let deleted = hostile(&a, |tx| {
        let seals = tx.get(ROOT, "seals").unwrap().unwrap().1;
        tx.delete(&seals, seal.seal_id.to_string()).unwrap();
    });
    let replaced = hostile(&a, |tx| {
        let seals = tx.get(ROOT, "seals").unwrap().unwrap().1;
        tx.put_object(&seals, seal.seal_id.to_string(), ObjType::Map)
            .unwrap();
    });
    for visit in [spoilt, deleted, replaced] {
        let found = visit.seals_of(&subject);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].value, seal);
        assert_eq!(visit.verify_seal(&found[0], &Office).faults, [""; 0]);
    }
}

#[test]
fn a_voided_sheet_is_neither_edited_nor_sealed_nor_voided_again() {
    let (mut a, _) = two_phones();
    let subject = SealSubject::Sheet(sheet_id());
    let seal = sealed_by(&a, subject, 1, 50, &[1, 2], Some(party()));
    let refused = a.void_sheet(&Office, NINE_MS, sheet_id(), " ");
    assert!(matches!(refused, Err(DocumentError::NoReason(_))));
    a.void_sheet(&Office, NINE_MS, sheet_id(), "填写错误")
        .unwrap();
    let voided = a.sheet(sheet_id()).unwrap().value;
    let mut revived = voided.clone();
    revived.voided_reason = None;
    let is_voided = |error: Option<DocumentError>| matches!(error, Some(DocumentError::Voided(_)));
    assert!(is_voided(
        a.edit_sheet(&Office, NINE_MS, &voided, &revived).err()
    ));
    assert!(is_voided(
        a.void_sheet(&Office, NINE_MS, sheet_id(), "另一理由").err()
    ));
    assert!(is_voided(a.statement_of(subject, None).err()));
    // Signed before it was voided, kept after.
    assert!(is_voided(a.seal(NINE_MS, &seal).err()));
    assert_eq!(a.sheet(sheet_id()).unwrap().value, voided);
}

#[test]
fn an_answer_to_a_review_stands_beside_the_piece_and_two_phones_that_answer_keep_both() {
    let (mut a, mut b) = two_phones();
    let entry = |number: u128| EvidenceEntry {
        evidence_id: EvidenceId(Uuid::from_u128(number)),
        sha256: Digest([number as u8; 32]),
        size_bytes: 10,
        media_type: "image/jpeg".into(),
        kind: "label".into(),
        subject: EvidenceSubject::Sheet(sheet_id()),
        captured_at: TimeClaim::default(),
        location: None,
        device_id: None,
        paper: None,
        answers: BTreeMap::new(),
    };
    let answer = |words: &str, supplement: Option<u128>| EvidenceAnswer {
        review: 1,
        words: words.into(),
        supplement: supplement.map(|n| EvidenceId(Uuid::from_u128(n))),
        answered_at: claim(1, NINE_MS),
    };
    let id = |n: u128| AnswerId(Uuid::from_u128(n));
    let piece = EvidenceId(Uuid::from_u128(30));
    a.add_evidence(&Office, NINE_MS, &entry(30)).unwrap();
    seal_on(&mut a, 1, 50);
    let sealed = a.changes_since(&[]).into_iter().map(|it| it.bytes);
    b.apply(sealed).unwrap();
    let mine = a
        .answer_evidence(NINE_MS, piece, id(1), &answer("灯光暗", None))
        .unwrap();
    b.add_evidence(&Office, NINE_MS, &entry(31)).unwrap();
    let theirs = b
        .answer_evidence(NINE_MS, piece, id(2), &answer("", Some(31)))
        .unwrap();
    assert!(theirs.bytes.len() < 600 && mine.bytes.len() < 600);
    let changes = b.changes_since(&[]).into_iter().map(|it| it.bytes);
    a.apply(changes).unwrap();
    let told = a.evidence().items;
    let answered = told
        .iter()
        .find(|it| it.value.evidence_id == piece)
        .unwrap();
    let said: Vec<_> = answered.value.answers.values().cloned().collect();
    assert_eq!(said, [answer("灯光暗", None), answer("", Some(31))]);
    assert_eq!(answered.setter(&format!("answers.{}", id(1))), mine.hash);
    assert!(a.amendments(&SealSubject::Sheet(sheet_id())).is_empty());
    let facts = project(&a, &Office).visit.evidence;
    let fact = facts
        .iter()
        .find(|it| it.evidence_id == Some(piece))
        .unwrap();
    assert_eq!(fact.answers.len(), 2);
    assert_eq!(
        fact.answers[&id(2)].supplement,
        Some(EvidenceId(Uuid::from_u128(31)))
    );
    // What says nothing, names nothing that is here, or is said twice is not written down.
    let before = a.heads();
    for (piece, number, wrong) in [
        (30, 3, answer(" ", None)),
        (30, 3, answer("", Some(99))),
        (30, 3, answer("", Some(30))),
        (98, 3, answer("x", None)),
        (30, 1, answer("again", None)),
    ] {
        let piece = EvidenceId(Uuid::from_u128(piece));
        assert!(
            a.answer_evidence(NINE_MS, piece, id(number), &wrong)
                .is_err()
        );
    }
    assert_eq!(a.heads(), before);
}

#[test]
fn a_review_asks_until_this_version_of_it_is_answered_or_the_piece_is_accepted() {
    let mut entry = EvidenceEntry {
        evidence_id: EvidenceId(Uuid::from_u128(30)),
        sha256: Digest([1; 32]),
        size_bytes: 10,
        media_type: "image/jpeg".into(),
        kind: "label".into(),
        subject: EvidenceSubject::Visit,
        captured_at: TimeClaim::default(),
        location: None,
        device_id: None,
        paper: None,
        answers: BTreeMap::new(),
    };
    let review = |version, verdict| EvidenceReview {
        document_id: DocumentId([1; 32]),
        evidence_id: entry.evidence_id,
        sha256: Digest([1; 32]),
        version,
        verdict,
        reason: "看不清".into(),
        authority_id: crate::model::OrganisationId(Uuid::from_u128(1)),
        authority: "局".into(),
        at_ms: 0,
    };
    let (questioned, rejected) = (
        review(1, ReviewVerdict::Questioned),
        review(2, ReviewVerdict::Rejected),
    );
    let accepted = review(3, ReviewVerdict::Accepted);
    assert!(questioned.wants_answer(&entry) && rejected.wants_answer(&entry));
    assert!(!accepted.wants_answer(&entry));
    let answer = EvidenceAnswer {
        review: 1,
        words: "逆光".into(),
        supplement: None,
        answered_at: TimeClaim::default(),
    };
    entry.answers.insert(AnswerId(Uuid::from_u128(1)), answer);
    assert!(!questioned.wants_answer(&entry) && rejected.wants_answer(&entry));
    entry.sha256 = Digest([2; 32]);
    assert!(
        !rejected.wants_answer(&entry),
        "of bytes that nobody looked at"
    );
}
