//! `fieldseal audit`: what was changed behind the server's back is found, and the place is named.

use fieldseal_server::objects::ObjectName;
use fieldseal_server::services::log::audit::{Fault, audit};
use fieldseal_tests::World;
use fieldseal_tests::phone::Phone;
use sync_core::model::DocumentId;

use super::checkpoint;

fn faults(w: &World) -> Vec<Fault> {
    let audited = audit(&w.server.app, true);
    w.server.runtime.block_on(audited).unwrap().faults
}

/// The places of what is found.
fn places(w: &World) -> Vec<String> {
    faults(w).into_iter().map(|fault| fault.place).collect()
}

/// A world in which everything that is logged was done, under a checkpoint.
fn busy() -> (World, Phone, DocumentId) {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let (visit, _) = w.does_all_that_is_logged(&mut wang);
    checkpoint(&w);
    (w, wang, visit)
}

#[test]
fn a_server_that_nobody_edited_is_as_its_log_says() {
    let (w, phone, _) = busy();
    assert_eq!(faults(&w), []);
    phone.draws("T1");
    phone.syncs();
    assert_eq!(faults(&w), [], "with lines under no checkpoint yet");
}

#[test]
fn a_row_that_was_changed_removed_or_added_is_named() {
    for (sql, table) in [
        (
            "UPDATE rulings SET actor = 'somebody' WHERE version = 1",
            "rulings, ruling_id ",
        ),
        (
            "UPDATE rulings SET findings = '[]', outcome = 'valid' WHERE version = 1",
            "rulings, ruling_id ",
        ),
        (
            "DELETE FROM audit_events WHERE act = 'device.enrolled'",
            "audit_events, audit_event_id ",
        ),
        (
            "UPDATE audit_events SET user_id = NULL WHERE user_id IS NOT NULL",
            "audit_events, audit_event_id ",
        ),
        (
            "UPDATE decisions SET reason = 'another'",
            "decisions, decision_id ",
        ),
        (
            "UPDATE custody_events SET at = at + 1",
            "custody_events, custody_event_id ",
        ),
        (
            "UPDATE changes SET received_at = received_at - 60000 WHERE seq = 1",
            "changes, item_id ",
        ),
        (
            "UPDATE changes SET bytes = actor WHERE seq = 1",
            "changes, item_id ",
        ),
        (
            "UPDATE changes SET status = 'quarantined' WHERE seq = 1",
            "changes, item_id ",
        ),
        ("DELETE FROM decisions", "decisions, decision_id "),
        (
            "DELETE FROM log_lines WHERE kind = 'decision'",
            "log_lines, chain ",
        ),
        (
            "INSERT INTO decisions (decision_id, subject, document_id, user_id, reason, decided_at) \
             SELECT '00000000-0000-0000-0000-000000000000', subject, document_id, user_id, 'late', decided_at FROM decisions",
            "decisions, decision_id 00000000-0000-0000-0000-000000000000",
        ),
    ] {
        let (w, ..) = busy();
        assert!(w.server.writes(sql) > 0, "{sql}");
        let places = places(&w);
        assert!(
            places.iter().any(|place| place.starts_with(table)),
            "{sql}: {places:?}"
        );
    }
}

#[test]
fn an_original_that_was_replaced_or_removed_is_named() {
    let (w, phone, visit) = busy();
    let bytes = b"what the camera saw";
    let name = ObjectName::original(w.brings_bytes(&phone, visit, bytes));
    assert_eq!(faults(&w), []);
    let file = w.server.app.objects.folder().unwrap().join(name.as_str());
    std::fs::write(&file, b"what somebody drew!").unwrap();
    assert_eq!(places(&w), [format!("object {name}")]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(places(&w), [format!("object {name}")]);
}

#[test]
fn a_log_that_was_rewritten_with_its_rows_breaks_a_leaf_or_a_checkpoint() {
    let (w, ..) = busy();
    w.server
        .writes("UPDATE log_leaves SET head = chain WHERE leaf = 0");
    let places = places(&w);
    assert!(
        places
            .iter()
            .any(|place| place.starts_with("checkpoints, number 1")),
        "{places:?}"
    );
}
