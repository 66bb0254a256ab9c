//! Manifests (影像清单) on the server: a row for each entry, who may bring the bytes, for which visit they count, and the
//! receipts that phones get.

use fieldseal_server::access::Principal;
use fieldseal_server::args;
use fieldseal_server::problem::Problem;
use fieldseal_server::services::evidence::{Claim, may_upload};
use fieldseal_server::services::ruling::rule_what_is_dirty;
use fieldseal_server::store::Statement;
use fieldseal_server::store::evidence::{self, EvidenceRow};
use fieldseal_tests::phone::Phone;
use fieldseal_tests::soundness::evidence_receipts_on;
use fieldseal_tests::world::word;
use fieldseal_tests::{TestServer, World};
use mobile_ffi::{EvidenceAdded, EvidenceInput};
use serde_json::Value;
use sync_core::model::{DeviceId, Digest, DocumentId, EvidenceId};
use sync_core::proof::EvidenceReceiptRecord;

/// The manifest as the server has it.
pub fn manifest(server: &TestServer, visit: DocumentId) -> Vec<EvidenceRow> {
    server.runtime.block_on(async {
        let mut db = server.app.store.read().await.unwrap();
        evidence::list(&mut db, visit).await.unwrap()
    })
}

/// A photograph of the place.
pub fn photo(bytes: &[u8]) -> EvidenceInput {
    EvidenceInput {
        kind: "place".to_owned(),
        medium: "photo".to_owned(),
        sample_id: None,
        mime: "image/jpeg".to_owned(),
        bytes: bytes.to_owned(),
    }
}

pub fn claim(visit: DocumentId, added: &EvidenceAdded, size: usize) -> Claim {
    Claim {
        document_id: visit,
        evidence_id: added.evidence_id.parse().unwrap(),
        sha256: added.sha256,
        size_bytes: i64::try_from(size).unwrap(),
    }
}

/// The caller as the gate finds them: a person, by the session of a phone of theirs or of none.
fn caller(w: &World, who: &str, phone: Option<&Phone>) -> Principal {
    let token = w.token(who);
    w.server.runtime.block_on(async {
        use fieldseal_server::access::jwt;
        use fieldseal_server::services::sessions;
        let (claims, key) = jwt::verify(&w.server.app, &token).await.unwrap();
        let principal = sessions::principal(&w.server.app, &claims, &key).await;
        Principal {
            device: phone.map(device),
            ..principal.unwrap()
        }
    })
}

fn device(phone: &Phone) -> DeviceId {
    let enrolled = phone.client.enrolled().unwrap().unwrap();
    enrolled.device_id.parse().unwrap()
}

fn asks(w: &World, caller: &Principal, claim: &Claim) -> Result<EvidenceRow, Problem> {
    w.server.runtime.block_on(async {
        let mut db = w.server.app.store.read().await.unwrap();
        may_upload(&mut db, caller, claim).await
    })
}

/// What the job that finishes an upload says when the bytes of a claim are stored and verified.
pub fn brings(w: &World, phone: &Phone, claim: &Claim) {
    w.brings(phone, claim.document_id, claim.sha256, claim.size_bytes);
}

fn receipts(phone: &Phone) -> Vec<EvidenceReceiptRecord> {
    evidence_receipts_on(phone.file())
}

fn run(server: &TestServer, sql: &'static str) {
    let statement = Statement {
        name: "of a test",
        sql,
    };
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.unwrap();
        tx.exec(&statement, args![]).await.unwrap();
        tx.commit().await.unwrap();
    });
}

#[test]
fn a_manifest_has_a_row_for_each_entry_as_its_author_signed_it() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let added = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    assert!(manifest(&w.server, visit).is_empty(), "it is not here yet");
    a.syncs();
    let rows = manifest(&w.server, visit);
    let row = rows
        .iter()
        .find(|it| it.entry.evidence_id.to_string() == added.evidence_id);
    let row = row.unwrap();
    assert_eq!(row.entry.sha256, added.sha256);
    assert_eq!(
        (row.entry.size_bytes, row.entry.kind.as_str()),
        (8, "place")
    );
    assert_eq!(row.author.unwrap().to_string(), w.id("user", "王"));
    assert!(row.captured.proven.lo > 0 && row.captured.claimed.is_some());
    assert_eq!(row.verified_at, None);
}

#[test]
fn only_phones_that_a_visit_is_for_bring_what_its_manifest_names() {
    let w = World::shanxi();
    let (mut a, b, c) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let visit = a.enters("铸造");
    let added = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    let wanted = claim(visit, &added, 8);
    let own = caller(&w, "王", Some(&a));
    let refused =
        |caller: &Principal, claim: &Claim| asks(&w, caller, claim).unwrap_err().code().as_str();

    assert_eq!(refused(&own, &wanted), "evidence_unlisted", "sync first");
    a.syncs();
    assert_eq!(asks(&w, &own, &wanted).unwrap().entry.sha256, wanted.sha256);
    let teammate = caller(&w, "赵", Some(&b));
    assert!(asks(&w, &teammate, &wanted).is_ok(), "whoever carries it");

    // Another team of the body does not see the visit, and is told no more than of one that does not exist.
    let other = caller(&w, "李", Some(&c));
    let nowhere = Claim {
        document_id: DocumentId([7; 32]),
        ..wanted
    };
    assert_eq!(refused(&other, &wanted), "evidence_unlisted");
    assert_eq!(refused(&other, &nowhere), "evidence_unlisted");
    // The authority sees it and has no phone that it is for.
    let authority = caller(&w, "晋城", Some(&c));
    assert_eq!(refused(&authority, &wanted), "scope_forbidden");
    assert_eq!(refused(&caller(&w, "王", None), &wanted), "device_needed");

    let strange = Claim {
        evidence_id: EvidenceId(uuid::Uuid::from_u128(9)),
        ..wanted
    };
    assert_eq!(refused(&own, &strange), "evidence_unlisted");
    let hash = Claim {
        sha256: Digest([9; 32]),
        ..wanted
    };
    assert_eq!(refused(&own, &hash), "evidence_differs");
    let longer = Claim {
        size_bytes: 9,
        ..wanted
    };
    assert_eq!(refused(&own, &longer), "evidence_differs");
}

#[test]
fn bytes_count_for_the_visit_that_they_were_brought_for_and_for_no_other_that_names_their_hash() {
    let w = World::shanxi();
    let (mut a, b, mut c) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let visit = a.enters("铸造");
    let other = c.enters("铸造");
    let first = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    let again = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    let named = c.client.add_evidence(other, photo(b"the gate")).unwrap();
    assert_eq!(first.sha256, named.sha256);
    w.sync_all(&[&a, &c]);

    brings(&w, &a, &claim(visit, &first, 8));
    let known = |visit, added: &EvidenceAdded| {
        let rows = manifest(&w.server, visit);
        let mut rows = rows.into_iter();
        let row = rows.find(|it| it.entry.evidence_id.to_string() == added.evidence_id);
        row.unwrap().verified_at.is_some()
    };
    assert!(
        known(visit, &first) && known(visit, &again),
        "one copy for one hash"
    );
    assert!(
        !known(other, &named),
        "a hash is no secret: naming it proves nothing"
    );
    w.sync_all(&[&a, &b, &c]);
    for (phone, count) in [(&a, 2), (&b, 2), (&c, 0)] {
        assert_eq!(receipts(phone).len(), count, "of {}", phone.owner);
    }

    // Brought for the other visit as well, it counts there; brought twice, nothing changes.
    brings(&w, &c, &claim(other, &named, 8));
    let before = w.server.reads("SELECT COUNT(*) AS n FROM feed");
    brings(&w, &c, &claim(other, &named, 8));
    assert_eq!(
        format!("{before:?}"),
        format!("{:?}", w.server.reads("SELECT COUNT(*) AS n FROM feed"))
    );
    assert!(known(other, &named));
    assert_eq!(w.server.reads("SELECT sha256 FROM blobs").len(), 1);

    // What is listed after its bytes came has its receipt too.
    let later = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    w.sync_all(&[&a, &b, &c]);
    assert!(known(visit, &later));
    assert_eq!((receipts(&b).len(), receipts(&c).len()), (3, 1));
}

#[test]
fn a_manifest_that_names_another_length_is_not_served_by_the_same_hash() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let added = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    a.syncs();
    brings(&w, &a, &claim(visit, &added, 8));
    run(&w.server, "UPDATE evidence SET size_bytes = size_bytes + 1");
    let rows = manifest(&w.server, visit);
    assert!(rows.iter().all(|row| row.verified_at.is_none()));
}

#[test]
fn a_visit_is_ruled_by_what_is_verified_and_says_what_is_on_its_way() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sheet = a.draws("T1");
    a.syncs();
    let awaited = || {
        let sample = w.sample(sheet);
        let findings = sample["findings"].as_array().unwrap().iter();
        let of_trace = findings.filter(|it| word(&it["rule_id"]) == "TRACE");
        let mut told: Vec<_> = of_trace
            .map(|it| {
                (
                    word(&it["message"]),
                    word(&it["severity"]),
                    it["arguments"]["kind"].clone(),
                )
            })
            .map(|(message, severity, kind)| (message, severity, kind.as_str().map(str::to_owned)))
            .collect();
        told.sort();
        told
    };
    let notice = |key: &str, kind: Option<&str>| {
        (
            format!("TRACE.{key}"),
            "notice".to_owned(),
            kind.map(str::to_owned),
        )
    };
    assert_eq!(w.validity(sheet), "valid", "who captures offline complies");
    assert_eq!(
        awaited(),
        [
            notice("awaited", Some("label")),
            notice("awaited", Some("place")),
            notice("awaited", Some("sealing")),
            notice("awaited", Some("stock")),
            notice("awaited_video", None),
        ]
    );
    let rows = manifest(&w.server, visit);
    let mut left = rows.len();
    for row in rows {
        let entry = &row.entry;
        let claim = Claim {
            document_id: visit,
            evidence_id: entry.evidence_id,
            sha256: entry.sha256,
            size_bytes: entry.size_bytes,
        };
        brings(&w, &a, &claim);
        left -= 1;
        assert_eq!(awaited().is_empty(), left == 0 || awaited().is_empty());
    }
    assert_eq!(awaited(), []);
    assert_eq!(w.validity(sheet), "valid");
}

#[test]
fn whoever_joins_a_team_gets_the_receipts_of_its_visits_and_who_starts_over_too() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let added = a.client.add_evidence(visit, photo(b"the gate")).unwrap();
    a.syncs();
    brings(&w, &a, &claim(visit, &added, 8));
    let c = w.phone("李");
    c.syncs();
    assert!(receipts(&c).is_empty());
    w.rosters("甲组", &["王", "赵", "李"]);
    c.syncs();
    let got = receipts(&c);
    assert_eq!(got.len(), 1);
    let payload = got[0].signed.read_unverified().unwrap();
    let rows = manifest(&w.server, visit);
    let entry = rows.iter().find(|it| it.verified_at.is_some()).unwrap();
    assert!(payload.covers(visit, &entry.entry));
    assert!(!payload.covers(DocumentId([7; 32]), &entry.entry));
    assert!(!payload.epoch.is_empty());
}

#[test]
fn manifests_that_a_server_stored_before_it_kept_any_are_told_when_the_next_one_opens() {
    let mut w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sheet = a.draws("T1");
    a.syncs();
    let mut expected: Vec<_> = manifest(&w.server, visit)
        .into_iter()
        .map(|it| it.entry)
        .collect();
    expected.sort_by_key(|it| it.evidence_id);
    assert!(expected.len() >= 4);
    // As the binary before this one left it.
    run(&w.server, "DELETE FROM evidence");
    run(&w.server, "UPDATE documents SET evidence_version = 0");
    w.server.stop();
    let again = World::on(w.server.start_again(None), w.catalogue());
    let told: Vec<_> = manifest(&again.server, visit)
        .into_iter()
        .map(|it| it.entry)
        .collect();
    assert_eq!(told, expected);
    let lagging = again
        .server
        .reads("SELECT document_id FROM documents WHERE evidence_version <> version");
    assert!(lagging.is_empty());
    again
        .server
        .runtime
        .block_on(rule_what_is_dirty(&again.server.app))
        .unwrap();
    assert_eq!(again.validity(sheet), "valid");
    let _: Value = again.dossier(visit);
}
