//! What dishonest, stolen and copied phones do, and what becomes of honest people's work beside it.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, ROOT, ReadDoc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_tests::{Phone, TestDevice, World};
use serde_json::{Value, json};
use sync_core::document::VisitDocument;
use sync_core::document::skeleton::skeleton;
use sync_core::guard::{inspect, wire_bytes};
use sync_core::model::sheet::SealUse;
use sync_core::model::time::TimeClaim;
use sync_core::model::{Actor, ChangeHash, DocumentId, SampleId, VisitIdentity};
use sync_core::proof::{TipStatement, tip_statement};
use sync_core::sync::wire::{PushedChange, SyncRequest};

/// The first change of an actor in the document of a page, in bytes that nobody of theirs has signed.
fn forged(page: &SyncRequest, victim: Actor) -> PushedChange {
    let header = &page.documents[0];
    let identity = VisitIdentity::from_preimage(&header.preimage).unwrap();
    let mut document = skeleton(&identity)
        .unwrap()
        .with_actor(ActorId::from(victim.0));
    let mut transaction = document.transaction();
    transaction.put(ROOT, "forged", "伪造").unwrap();
    let hash = transaction
        .commit_with(CommitOptions::default().with_time(0))
        .0
        .unwrap();
    PushedChange {
        document_id: header.document_id,
        hash: ChangeHash(hash.0),
        bytes: STANDARD.encode(wire_bytes(&document.get_change_by_hash(&hash).unwrap())),
    }
}

/// The actor of what a phone has not sent yet.
fn actor_of(phone: &Phone) -> Actor {
    let request = phone.network.syncs().pop().unwrap();
    let json = zstd::decode_all(request.body.as_slice()).unwrap();
    let page: SyncRequest = serde_json::from_slice(&json).unwrap();
    let bytes = STANDARD.decode(&page.changes[0].bytes).unwrap();
    inspect(&bytes).unwrap().header().actor
}

#[test]
fn a_change_transplanted_from_one_document_into_another_is_quarantined_and_harms_neither() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let two = a.enters("服饰");
    let other = a.draws("T3");
    a.syncs();
    w.minutes(5);
    let one = a.enters("铸造");
    let sample = a.draws("T1");
    a.network.tampers(move |page| {
        let mut moved = page
            .changes
            .iter()
            .filter(|it| it.document_id == one)
            .take(3)
            .cloned()
            .collect::<Vec<_>>();
        moved.iter_mut().for_each(|it| it.document_id = two);
        page.changes.splice(0..0, moved);
    });
    a.syncs();
    assert_eq!(
        (w.standings(one), w.standings(two)),
        (vec!["first".into()], vec!["first".into()])
    );
    assert_eq!(
        (w.validity(sample), w.validity(other)),
        ("valid".into(), "valid".into())
    );
    assert_eq!(w.aside(one), [""; 0]);
    let moved = w.aside(two);
    assert!(
        !moved.is_empty()
            && moved
                .iter()
                .all(|it| it == "quarantined:change.transplanted"),
        "{moved:?}"
    );
}

#[test]
fn an_author_forged_inside_an_honest_carriers_batch_harms_neither_the_batch_nor_the_author() {
    let w = World::shanxi();
    let (mut carrier, mut victim) = (w.phone("王"), w.phone("赵"));
    victim.enters("服饰");
    victim.syncs();
    let actor = actor_of(&victim);
    let visit = carrier.enters("铸造");
    let sample = carrier.draws("T1");
    carrier.network.tampers(move |page| {
        let forged = forged(page, actor);
        page.changes.insert(0, forged);
    });
    carrier.syncs();
    assert_eq!(w.validity(sample), "valid");
    assert_eq!(w.aside(visit), ["quarantined:author.unproved"]);
    let refused = w.admits("晋城", visit);
    assert_eq!(
        refused[0].status, 409,
        "nobody lets in what nobody is known to have written: {:?}",
        refused[0].body
    );
    // The number was not taken: the true first change of the victim in this document stands.
    victim.enters("铸造");
    let theirs = victim.draws("T2");
    w.sync_all(&[&victim, &carrier]);
    assert_eq!(w.validity(theirs), "valid");
    assert_eq!(w.aside(visit), ["quarantined:author.unproved"]);
}

#[test]
fn a_revoked_phone_is_told_so_and_keeps_what_it_holds() {
    let w = World::shanxi();
    let mut stolen = w.phone("王");
    let visit = stolen.enters("铸造");
    let early = stolen.draws("T1");
    stolen.syncs();
    w.revokes(&stolen);
    stolen.draws_with("T1", json!({ "lot_no": "被盗后" }));
    let report = stolen.tries_to_sync();
    assert_eq!(report.outcome, mobile_ffi::SyncOutcome::DeviceRevoked);
    assert!(report.unsent > 0 && w.aside(visit).is_empty());
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(early), "valid");
}

#[test]
fn a_copied_phone_is_an_alarm_both_works_are_kept_and_neither_is_stuck_afterwards() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.syncs();
    let mut copy = w.copy_of(&a);
    let mine = a.draws("T1");
    a.syncs();
    w.minutes(10);
    copy.goes_to("铸造");
    copy.draws("T2");
    copy.arrives();
    copy.tries_to_sync();
    assert_eq!(
        w.validity(mine),
        "valid",
        "what came first is not displaced"
    );
    let aside = w.dossier(visit)["aside"].clone();
    let doubled = aside
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["state"]["code"] == "change.equivocation");
    let doubled: Vec<&Value> = doubled.collect();
    assert!(!doubled.is_empty(), "{aside}");
    assert!(
        doubled[0]["content"]["touched"].is_array(),
        "the second is readable as well: {}",
        doubled[0]
    );
    let doctor = copy.client.doctor().unwrap();
    assert!(
        doctor
            .iter()
            .any(|item| item.en.contains("two contents under one number")),
        "{doctor:?}"
    );
    assert!(
        doctor.iter().all(|item| item.state != "queued"),
        "nothing is stuck without a word: {doctor:?}"
    );

    // The copy needs a code of its own; then it holds what everybody holds, and its work goes on.
    assert!(copy.client.enrolled().unwrap().is_none());
    w.enrols(&copy);
    assert!(
        copy.client.visit(visit).unwrap() == a.client.visit(visit).unwrap(),
        "both hold the same"
    );
    let later = copy.draws_with("T2", json!({ "lot_no": "换机后" }));
    w.sync_all(&[&copy, &a]);
    assert_eq!(w.validity(later), "valid");
    let own = a.draws_with("T1", json!({ "lot_no": "第二批" }));
    w.sync_all(&[&a, &copy]);
    assert_eq!(w.validity(own), "valid");
    assert!(
        copy.client.visit(visit).unwrap() == a.client.visit(visit).unwrap(),
        "both hold the same"
    );
    let kept = w.dossier(visit)["aside"].as_array().unwrap().len();
    assert_eq!(
        kept,
        aside.as_array().unwrap().len(),
        "the fork stays beside the record"
    );
}

/// What a phone has sent of a visit, and whose visit it is.
fn sent_of(phone: &Phone, visit: DocumentId) -> (VisitIdentity, Vec<Vec<u8>>) {
    let mut identity = None;
    let mut changes = Vec::new();
    for request in phone.network.syncs() {
        let json = zstd::decode_all(request.body.as_slice()).unwrap();
        let page: SyncRequest = serde_json::from_slice(&json).unwrap();
        let header = page.documents.iter().find(|it| it.document_id == visit);
        identity =
            identity.or(header.map(|it| VisitIdentity::from_preimage(&it.preimage).unwrap()));
        let of_visit = page.changes.iter().filter(|it| it.document_id == visit);
        changes.extend(of_visit.map(|it| STANDARD.decode(&it.bytes).unwrap()));
    }
    (identity.expect("the visit was sent"), changes)
}

#[test]
fn a_wrong_credit_code_and_a_day_to_come_from_a_hand_made_phone_are_faults_by_code_and_harm_nothing()
 {
    const DAY_MS: i64 = 86_400_000;
    let w = World::shanxi();
    let mut honest = w.phone("王");
    let visit = honest.enters("铸造");
    let good = honest.draws("T1");
    honest.syncs();

    // Whoever writes a client of their own passes by every check of ours; a teammate's certified key is enough.
    let hand = TestDevice::enrolled(&w.server, &w.token("admin"), &w.id("user", "赵"), 77);
    let (identity, changes) = sent_of(&honest, visit);
    let document = VisitDocument::load_from_changes(identity.clone(), changes).unwrap();
    let mut document = document.with_actor(hand.actor);
    let mut sheet = document.sheet(good).unwrap().value;
    let odd = SampleId(uuid::Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0077,
    ));
    sheet.sample_id = odd;
    sheet.sheet_no = "手工-1".to_owned();
    sheet.lot_no = Some("另一批".to_owned());
    sheet.seals = [
        ("手工-试".to_owned(), SealUse::Test),
        ("手工-备".to_owned(), SealUse::Spare),
    ]
    .into();
    sheet.sampled_party.uscc = Some("911405250000B1E537".to_owned());
    sheet.production_date = Some("2999-12-31".to_owned());
    sheet.sampled_at = TimeClaim {
        wall_ms: w.now() + 3 * DAY_MS,
        ..TimeClaim::default()
    };
    let raw = document.add_sheet(w.now() + 3 * DAY_MS, &sheet).unwrap();
    let tip = TipStatement {
        document_id: visit,
        actor: hand.actor,
        seq: raw.seq,
        hash: raw.hash,
    };
    let page = json!({
        "changes": [{ "document_id": visit, "hash": raw.hash, "bytes": STANDARD.encode(&raw.bytes) }],
        "tips": [{ "signature": hand.sign(&tip_statement(&tip)), "tip": tip }],
        "documents": [{ "document_id": visit, "kind": "visit", "preimage": identity.preimage() }],
    });
    let answer = w.server.post("/v1/sync", &hand.access, page).expect(200);
    assert_eq!(
        answer.body["statuses"][0]["status"], "accepted",
        "{}",
        answer.body
    );

    let dossier = w.dossier(visit);
    let faults = &dossier["facts"]["samples"][odd.to_string()]["faults"];
    let faults: Vec<&str> = faults
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for code in [
        "sheet.sampled_party.uscc.check_digit",
        "sheet.sampled_at.in_the_future",
        "sheet.production_date.after_sampling",
    ] {
        assert!(faults.contains(&code), "no {code} in {faults:?}");
    }
    assert!(
        dossier.to_string().contains("911405250000B1E537"),
        "shown as it was written"
    );
    assert_eq!(w.aside(visit), [""; 0]);
    assert_eq!(
        (w.standings(visit), w.validity(good)),
        (vec!["first".into()], "valid".into())
    );
    // It comes down to the honest phone like anybody's work, and that phone goes on.
    honest.syncs();
    let next = honest.draws("T2");
    honest.syncs();
    assert_eq!(w.validity(next), "valid");
}
