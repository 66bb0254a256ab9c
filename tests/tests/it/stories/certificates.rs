//! Certificates are renewed before they end, on the phone and on its teammates', and what was made under an older one is
//! judged by that.

use fieldseal_tests::{Phone, World};
use sync_core::limits::{CERTIFICATE_MS, CERTIFICATE_RENEWED_MS, REFRESH_TOKEN_MS};

/// Serials of the certificates of somebody's device that a phone holds, oldest first; and its own signer's.
fn serials(phone: &Phone, of: &Phone) -> Vec<i64> {
    let device = of.client.enrolled().unwrap().unwrap().device_id;
    let file = rusqlite::Connection::open(phone.file()).unwrap();
    let sql =
        "SELECT serial FROM certificates WHERE device_id = ?1 AND kind = 'device' ORDER BY serial";
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([device], |row| row.get(0)).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

fn signer_serial(phone: &Phone) -> i64 {
    let file = rusqlite::Connection::open(phone.file()).unwrap();
    let sql = "SELECT MAX(CAST(json_extract(payload, '$.serial') AS INTEGER)) FROM signers";
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A phone that syncs every few weeks never has to log in again.
fn months_pass(w: &World, phones: &[&Phone], until: i64) {
    while w.now() < until {
        let step = (REFRESH_TOKEN_MS / 2).min(until - w.now());
        w.server.clock.advance_ms(step);
        w.sync_all(phones);
    }
}

#[test]
fn a_phone_that_syncs_is_renewed_and_works_on_over_the_end_of_its_first_certificate() {
    let w = World::shanxi();
    let (mut wang, zhao) = (w.phone("王"), w.phone("赵"));
    let began = w.now();
    let visit = wang.enters("铸造");
    w.sync_all(&[&wang, &zhao]);
    let (first, signer) = (serials(&wang, &wang), signer_serial(&wang));
    assert_eq!(first.len(), 1);
    months_pass(
        &w,
        &[&wang, &zhao],
        began + CERTIFICATE_MS - CERTIFICATE_RENEWED_MS,
    );
    assert_eq!(serials(&wang, &wang), first, "more than a third is left");
    w.server.clock.advance_ms(60_000);
    w.sync_all(&[&wang, &zhao]);
    let renewed = serials(&wang, &wang);
    assert_eq!(renewed.len(), 2, "the new one beside the old one");
    assert_eq!(serials(&zhao, &wang), renewed, "teammates have it too");
    assert!(signer_serial(&wang) > signer, "and whoever signs on it");
    w.sync_all(&[&wang, &zhao]);
    assert_eq!(serials(&wang, &wang), renewed, "once");
    months_pass(&w, &[&wang, &zhao], began + CERTIFICATE_MS + 60_000);
    let sheet = wang.draws("T1");
    wang.syncs();
    assert!(w.aside(visit).is_empty(), "nothing is quarantined");
    assert_eq!(w.sample(sheet)["sample_id"], serde_json::json!(sheet));
    let other = wang.enters("服饰");
    w.sync_all(&[&wang, &zhao]);
    assert!(w.aside(other).is_empty());
}
