//! Bytes that are not those of the manifest, and bytes that are gone.

use fieldseal_server::objects::{EVIDENCE, ObjectName, UPLOADS};
use fieldseal_server::store::Statement;
use fieldseal_tests::tus::{film, sha256};

use super::Scene;

#[test]
fn other_bytes_than_the_manifest_names_are_kept_aside_and_the_right_ones_asked_for() {
    let s = Scene::new(9_000_000);
    let wrong = film(1, s.bytes.len());
    for kept in [2, 2] {
        let place = s.tus.creates(&s.piece);
        s.tus.patches(&place, 0, &wrong).expect(204);
        assert_eq!(s.tus.waits_past(&place, "checking"), "mismatch");
        let told = s.tus.call("GET", &place, &[], b"").expect(200).json();
        assert_eq!(told["found_sha256"], sha256(&wrong));
        assert_eq!(told["sha256"], s.piece.sha256);
        // The same wrong bytes a second time are the same bytes.
        s.waits_for_parts(kept);
        assert!(s.objects(EVIDENCE).is_empty());
        // A client that asks where it stands is told to begin anew.
        s.tus.call("HEAD", &place, &[], b"").expect(410);
        s.tus
            .patches(&place, 0, b"x")
            .expect_problem(410, "upload_mismatch");
        s.tus
            .call("DELETE", &place, &[], b"")
            .expect_problem(410, "upload_mismatch");
    }
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
    // What was aside stays.
    s.waits_for_parts(2);
}

#[test]
fn wrong_bytes_under_a_hash_that_is_verified_do_not_pass_for_it() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &film(1, 1_000)).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "mismatch");
    s.assert_whole();
}

/// Deletes what is kept of an upload so far, as a disk does that dies.
fn loses_its_parts(s: &Scene) {
    for part in s.objects(UPLOADS) {
        let name = ObjectName::parse(&part).unwrap();
        let deleted = s.w.server.app.objects.delete(&name);
        s.w.server.runtime.block_on(deleted).unwrap();
    }
}

#[test]
fn an_upload_whose_parts_are_gone_is_asked_for_again() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..600]).expect(204);
    loses_its_parts(&s);
    s.tus.patches(&place, 600, &s.bytes[600..]).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "lost");
    s.tus.call("HEAD", &place, &[], b"").expect(410);
    s.tus
        .patches(&place, 600, b"")
        .expect_problem(410, "upload_gone");
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn an_upload_whose_parts_are_gone_and_whose_original_is_there_is_verified() {
    // What a restore finds whose backup was made while the upload was finished.
    let s = Scene::new(1_000);
    let first = s.tus.creates(&s.piece);
    s.tus.patches(&first, 0, &s.bytes[..600]).expect(204);
    let second = s.tus.creates(&s.piece);
    s.tus.patches(&second, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&second, "checking"), "verified");
    loses_its_parts(&s);
    s.tus.patches(&first, 600, &s.bytes[600..]).expect(204);
    assert_eq!(s.tus.waits_past(&first, "checking"), "verified");
    s.assert_whole();
}

/// All bytes came, and nobody has looked at them yet.
const CHECKING: Statement = Statement {
    name: "all came",
    sql: "UPDATE uploads SET state = 'checking', finished_at = 9000000000000",
};

#[test]
fn what_all_came_is_not_given_up_before_it_was_looked_at() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.w.server.runtime.block_on(async {
        let mut tx = s.w.server.app.store.begin().await.unwrap();
        tx.exec(&CHECKING, Vec::new()).await.unwrap();
        tx.commit().await.unwrap();
    });
    let reply = s.tus.call("DELETE", &place, &[], b"");
    reply.expect_problem(409, "upload_complete");
}

#[test]
fn while_objects_cannot_be_written_what_came_before_stays_and_clients_come_again() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..600]).expect(204);
    let folder = s.w.server.folder().join("objects");
    let aside = s.w.server.folder().join("objects.away");
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "a file where the folder was").unwrap();
    let reply = s.tus.patches(&place, 600, &s.bytes[600..]);
    let reply = reply.expect_problem(503, "storage_unavailable");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(reply.number("upload-offset"), 600);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&aside, &folder).unwrap();
    assert_eq!(s.tus.offset(&place), 600);
    s.tus.patches(&place, 600, &s.bytes[600..]).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}
