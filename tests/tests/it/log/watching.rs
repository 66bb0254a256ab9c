//! Phones keep the newest checkpoint that they have seen: a server that rewrites its log is caught by any of them.

use fieldseal_tests::{Phone, World};
use sync_core::proof::log::SeenCheckpoints;

use super::checkpoint;

fn seen(phone: &Phone) -> SeenCheckpoints {
    phone.client.seen_checkpoints().unwrap()
}

#[test]
fn a_phone_follows_the_checkpoints_of_an_honest_server() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    let mut last = checkpoint(&w).1;
    for _ in 0..4 {
        wang.syncs();
        let seen = seen(&wang);
        assert_eq!(seen.newest.unwrap().read_unverified().unwrap(), last);
        assert!(seen.broken.is_empty());
        wang.draws("T1");
        wang.syncs();
        last = checkpoint(&w).1;
    }
}

#[test]
fn a_server_that_rewrites_its_log_is_caught_by_every_phone_that_saw_it() {
    let w = World::shanxi();
    let (mut wang, zhao) = (w.phone("王"), w.phone("赵"));
    wang.enters("铸造");
    wang.draws("T1");
    wang.syncs();
    let honest = checkpoint(&w).1;
    w.sync_all(&[&wang, &zhao]);
    // Whoever holds the database and the keys changes a line, and builds everything anew that follows from it.
    for sql in [
        "UPDATE log_lines SET hash = (SELECT head FROM log_chains ORDER BY chain DESC LIMIT 1) WHERE line = 1",
        "UPDATE log_chains SET head = (SELECT root FROM checkpoints LIMIT 1), sealed = 0",
        "DELETE FROM checkpoints",
        "DELETE FROM log_leaves",
        "DELETE FROM log_nodes",
    ] {
        w.server.writes(sql);
    }
    let forged = checkpoint(&w).1;
    assert_ne!(forged.root, honest.root);
    w.sync_all(&[&wang, &zhao]);
    for phone in [&wang, &zhao] {
        let broken = seen(phone).broken;
        assert_eq!(broken.len(), 1);
        // Both are signed by the server: together they convict it.
        assert_eq!(broken[0].seen.read_unverified().unwrap(), honest);
        assert_eq!(broken[0].came.read_unverified().unwrap(), forged);
        assert!(!broken[0].restored);
    }
    // It is told once and kept.
    w.sync_all(&[&wang, &zhao]);
    assert_eq!(seen(&wang).broken.len(), 1);
}
