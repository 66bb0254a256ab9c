//! Uploads that nobody goes on with, and what is left of requests and processes that were killed.

use fieldseal_server::objects::{ObjectName, UPLOADS};
use fieldseal_server::services::uploads::clean;
use fieldseal_server::store::uploads::{self, Part};
use sync_core::limits::{UPLOAD_ORPHAN_MS, UPLOAD_REMEMBERED_MS, UPLOAD_UNFINISHED_MS};
use sync_core::model::{EvidenceId, UploadId};
use uuid::Uuid;

use super::Scene;

#[test]
fn an_upload_ends_when_nothing_came_for_a_week_and_each_part_puts_that_off() {
    let mut s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    let waits = |s: &mut Scene, ms: i64| {
        s.w.server.clock.advance_ms(ms);
        s.tus.token = s.device.refresh_access(&s.w.server);
    };
    waits(&mut s, UPLOAD_UNFINISHED_MS);
    s.tus.patches(&place, 0, &s.bytes[..600]).expect(204);
    waits(&mut s, UPLOAD_UNFINISHED_MS);
    assert_eq!(s.tus.offset(&place), 600);
    waits(&mut s, 1);
    s.tus.call("HEAD", &place, &[], b"").expect(410);
    s.tus
        .patches(&place, 600, &s.bytes[600..])
        .expect_problem(410, "upload_gone");
    s.w.server
        .runtime
        .block_on(clean::clean(&s.w.server.app))
        .unwrap();
    assert!(s.objects(UPLOADS).is_empty());
    s.tus.call("HEAD", &place, &[], b"").expect(410);
    // Whoever comes back begins anew.
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn what_cannot_be_deleted_keeps_nothing_else_from_being_cleaned() {
    let s = Scene::new(1_000);
    for bytes in [600, 500] {
        let place = s.tus.creates(&s.piece);
        s.tus.patches(&place, 0, &s.bytes[..bytes]).expect(204);
    }
    let objects = s.objects(UPLOADS);
    let (first, second) = (&objects[0], &objects[1]);
    let folder = s.w.server.folder().join("objects");
    // In the place of a file there is a folder that holds something.
    let place = folder.join(first);
    std::fs::remove_file(&place).unwrap();
    std::fs::create_dir_all(place.join("something")).unwrap();
    s.w.server.clock.advance_ms(UPLOAD_UNFINISHED_MS + 1);
    let cleans = || {
        let cleaned = clean::clean(&s.w.server.app);
        s.w.server.runtime.block_on(cleaned).unwrap();
        let unclean = "SELECT 1 FROM uploads WHERE cleaned_at IS NULL";
        s.w.server.reads(unclean).len()
    };
    assert_eq!(cleans(), 1);
    assert!(place.is_dir() && !folder.join(second).exists());
    std::fs::remove_dir_all(&place).unwrap();
    assert_eq!(cleans(), 0);
}

/// So many that nobody goes on with.
const UNFINISHED: usize = 10_000;
/// Those among them that have a part.
const WITH_PARTS: usize = 300;

#[test]
fn ten_thousand_unfinished_uploads_end_and_leave_nothing() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    let id: UploadId = place.rsplit('/').next().unwrap().parse().unwrap();
    let app = &s.w.server.app;
    s.w.server.runtime.block_on(async {
        let mut tx = app.store.begin().await.unwrap();
        let like = uploads::find(&mut tx, id).await.unwrap().unwrap();
        for number in 0..UNFINISHED {
            let mut row = like.clone();
            row.upload_id = UploadId(Uuid::from_u128(number as u128));
            row.evidence_id = EvidenceId(Uuid::from_u128(number as u128));
            assert!(uploads::insert(&mut tx, &row).await.unwrap());
            if number < WITH_PARTS {
                let name = ObjectName::part(row.upload_id, 0, [1; 8]);
                app.objects.put_new(&name, "part".into()).await.unwrap();
                let parts = [Part {
                    offset_bytes: 0,
                    size_bytes: 4,
                    object: name.to_string(),
                }];
                assert!(
                    uploads::claim(&mut tx, row.upload_id, 0, [1; 16])
                        .await
                        .unwrap()
                );
                let times = (row.created_at, row.expires_at);
                let moved = uploads::advance(&mut tx, row.upload_id, [1; 16], &parts, times);
                assert!(moved.await.unwrap());
            }
        }
        tx.commit().await.unwrap();
    });
    assert_eq!(s.objects(UPLOADS).len(), WITH_PARTS);
    let clean = || s.w.server.runtime.block_on(clean::clean(app)).unwrap();
    s.w.server.clock.advance_ms(UPLOAD_UNFINISHED_MS);
    clean();
    assert_eq!(
        s.objects(UPLOADS).len(),
        WITH_PARTS,
        "the last moment counts"
    );
    s.w.server.clock.advance_ms(1);
    clean();
    let counted = |state: &str| {
        let rows = &s.w.server.rows()["uploads"];
        rows.iter().filter(|row| row.contains(state)).count()
    };
    assert_eq!(counted("expired"), UNFINISHED + 1);
    assert!(s.objects(UPLOADS).is_empty());
    assert!(s.w.server.rows()["upload_parts"].is_empty());
    s.w.server.clock.advance_ms(UPLOAD_REMEMBERED_MS + 1);
    for _ in 0..=UNFINISHED / 500 {
        clean();
    }
    assert!(s.w.server.rows()["uploads"].is_empty());
}

#[test]
fn what_killed_requests_left_is_swept_up_and_nothing_else() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..600]).expect(204);
    let id: UploadId = place.rsplit('/').next().unwrap().parse().unwrap();
    let app = &s.w.server.app;
    let named = s.objects(UPLOADS);
    // Written, and killed before the row: beside parts that count, and of an upload that is forgotten.
    let left = [
        ObjectName::part(id, 600, [9; 8]),
        ObjectName::part(UploadId(Uuid::from_u128(5)), 0, [9; 8]),
    ];
    s.w.server.runtime.block_on(async {
        for name in &left {
            app.objects.put_new(name, "left".into()).await.unwrap();
        }
    });
    // Killed while the folder's store wrote.
    let evidence = s.w.server.folder().join("objects/evidence");
    std::fs::create_dir_all(&evidence).unwrap();
    let staged = evidence.join(format!("{}#1", s.piece.sha256));
    std::fs::write(&staged, "half").unwrap();
    let sweep = || s.w.server.runtime.block_on(clean::sweep(app)).unwrap();
    // By the clock of the disk these are fresh.
    let written = staged.metadata().unwrap().modified().unwrap();
    let written = written
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    s.w.server.clock.set(i64::try_from(written).unwrap());
    assert_eq!(sweep(), 0);
    s.w.server.clock.advance_ms(UPLOAD_ORPHAN_MS + 60_000);
    assert_eq!(sweep(), 3);
    assert!(!staged.exists());
    assert_eq!(s.objects(UPLOADS), named);
    assert_eq!(sweep(), 0);
}
