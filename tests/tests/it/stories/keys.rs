//! The server's keys change while phones are off the net: what was signed before and after is believed, and nobody else's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::keys::ServerKey;
use fieldseal_server::services::server_keys;
use fieldseal_server::store::access::server_keys::KeyRow;
use fieldseal_tests::{Phone, World};
use sync_core::limits::SERVER_KEY_ANNOUNCED_MS;
use sync_core::proof::{BelievedKeys, ServerKeyPayload, key_id};

const DAY_MS: i64 = 24 * 3_600_000;

fn rotate(w: &World, at_once: bool) -> String {
    let rotated = server_keys::rotate(&w.server.app, at_once);
    w.server.runtime.block_on(rotated).unwrap().key_id
}

fn revoke(w: &World, key: &str) {
    let revoked = server_keys::revoke(&w.server.app, key, "a copy was found");
    w.server.runtime.block_on(revoked).unwrap();
}

/// What a phone keeps under a key, from its own file.
fn count(phone: &Phone, sql: &str, key: &str) -> i64 {
    let file = rusqlite::Connection::open(phone.file()).unwrap();
    let like = format!("%\"key_id\":\"{key}\"%");
    file.query_row(sql, [like], |row| row.get(0)).unwrap()
}

const RECEIPTS: &str = "SELECT COUNT(*) FROM receipts WHERE signed LIKE ?1";
const CERTIFICATES: &str = "SELECT COUNT(*) FROM certificates WHERE signed LIKE ?1";

fn believes(phone: &Phone, key: &str) -> bool {
    let file = rusqlite::Connection::open(phone.file()).unwrap();
    let sql = "SELECT value FROM settings WHERE key = 'server_keys'";
    let text: String = file.query_row(sql, [], |row| row.get(0)).unwrap();
    BelievedKeys::from_json(&text).unwrap().find(key).is_some()
}

#[test]
fn a_phone_that_was_away_while_keys_rotated_believes_old_and_new_receipts_leases_and_certificates()
{
    let w = World::shanxi();
    let (mut wang, mut zhao) = (w.phone("王"), w.phone("赵"));
    let first = w.server.app.keys.key_id();
    wang.enters("铸造");
    w.sync_all(&[&wang, &zhao]);
    assert_eq!(count(&wang, RECEIPTS, &first), 1);
    wang.offline();
    zhao.offline();
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(rotate(&w, false));
        w.server.clock.advance_ms(SERVER_KEY_ANNOUNCED_MS);
    }
    w.server.clock.advance_ms(DAY_MS);
    let newest = keys.last().unwrap();
    assert_eq!(w.server.app.keys.key_id(), *newest);
    // A colleague who was enrolled meanwhile is certified under the newest key alone.
    let mut late = w.phone("王");
    late.enters("服饰");
    late.syncs();
    wang.online();
    zhao.online();
    wang.enters("服饰");
    w.sync_all(&[&wang, &zhao]);
    assert!(count(&wang, RECEIPTS, newest) >= 1, "under the new key");
    assert_eq!(count(&wang, RECEIPTS, &first), 1, "and the old one stays");
    assert!(count(&zhao, CERTIFICATES, &first) >= 1);
    assert!(count(&zhao, CERTIFICATES, newest) >= 1);
    for key in keys.iter().chain([&first]) {
        assert!(believes(&zhao, key), "{key}");
    }
    let lease = wang.leases("铸造", 2).unwrap();
    w.sync_all(&[&wang, &zhao]);
    zhao.offline();
    assert_eq!(zhao.client.leases().unwrap(), [lease]);
    zhao.enters("铸造");
}

#[test]
fn nothing_under_a_revoked_key_is_believed_any_more_and_a_thief_announces_nothing() {
    let w = World::shanxi();
    let (mut wang, zhao) = (w.phone("王"), w.phone("赵"));
    let stolen = w.server.app.keys.key_id();
    wang.enters("铸造");
    w.sync_all(&[&wang, &zhao]);
    zhao.offline();
    revoke(&w, &stolen);
    assert!(believes(&zhao, &stolen), "it has not heard of it");
    zhao.online();
    w.sync_all(&[&wang, &zhao]);
    for phone in [&wang, &zhao] {
        assert!(!believes(phone, &stolen));
        assert!(believes(phone, &w.server.app.keys.key_id()));
    }
    // The administrators' tokens were under it too.
    w.minutes(10);
    // What the revoked key had certified was signed anew, and a phone that comes now believes it.
    let late = w.phone("赵");
    late.syncs();
    assert!(!believes(&late, &stolen));
    assert!(count(&late, CERTIFICATES, &w.server.app.keys.key_id()) >= 2);
    assert_eq!(count(&late, CERTIFICATES, &stolen), 0);
}

#[test]
fn a_forged_announcement_on_the_way_changes_nothing_on_a_phone() {
    let w = World::shanxi();
    let phone = w.phone("王");
    let thief = ServerKey::make(w.server.app.rng.as_ref()).unwrap();
    let payload = ServerKeyPayload {
        key_id: key_id(&thief.public_key()),
        public_key: STANDARD.encode(thief.public_key()),
        announced_at_ms: w.now(),
        activates_at_ms: w.now(),
    };
    let honest = w.server.app.keys.key_id();
    for signed_as in [thief.key_id(), &honest] {
        let mut announcement = thief.sign(&payload);
        announcement.key_id = signed_as.to_owned();
        let row = KeyRow {
            key_id: payload.key_id.clone(),
            public_key: thief.public_key().to_vec(),
            added_at: w.now(),
            activates_at: i64::MAX,
            private_key: None,
            announcement: Some(announcement),
            revoked_at: None,
            revocation: None,
        };
        // As if somebody on the way had put it into the answer.
        let mut ring = vec![w.server.app.keys.find(&honest).unwrap()];
        ring.push(row);
        w.server.app.keys.set(ring).unwrap();
        let told = server_keys::news(&w.server.app, std::slice::from_ref(&honest));
        assert_eq!(told.len(), 1);
        phone.syncs();
        assert!(!believes(&phone, thief.key_id()));
        assert!(believes(&phone, &honest));
    }
}
