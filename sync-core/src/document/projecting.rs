//! Projection by example: whoever synced first, the facts are the same, and authors and times are those that are proven.

use super::tests::*;
use super::*;
use crate::model::*;
use crate::proof::{CertificatePayload, TimeTokenPayload, Verifier};
use std::collections::BTreeMap;
use uuid::Uuid;

const HOUR_MS: i64 = 3_600_000;

/// A server that has received some changes; token texts are `<device number>:<at_ms>`.
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
        let (device, at) = wire.split_once(':')?;
        Some(TimeTokenPayload {
            device_id: DeviceId(Uuid::from_u128(100 + device.parse::<u128>().ok()?)),
            at_ms: at.parse().ok()?,
            nonce: String::new(),
        })
    }
}

fn claim(device: u8, at_ms: Millis) -> TimeClaim {
    let token_at = at_ms - HOUR_MS;
    TimeClaim {
        wall_ms: at_ms,
        token_at_ms: Some(token_at),
        token: Some(format!("{device}:{token_at}")),
        token_rtt_ms: 0,
        elapsed_ms: Some(HOUR_MS),
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
    b.edit_sheet(NINE_MS, &sheet, &edited).unwrap();
    let mut mine = sheet.clone();
    mine.grade = "一等品".into();
    a.edit_sheet(NINE_MS, &sheet, &mine).unwrap();
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
        tx.delete(skeleton::collection("sheets"), sheet_id().to_string())
    })
    .unwrap();
    let deleted = VisitDocument::from_automerge(doc).unwrap();
    let projected = project(&deleted, &Server::default());
    assert_eq!(projected.samples.len(), 1);
    assert!(projected.sheets[0].sealed && projected.sheets[0].amended);
}
