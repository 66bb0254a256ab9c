//! A server that is told to end in the middle of many syncs.

use std::io::{Read, Write};
use std::net::TcpStream;

use fieldseal_server::store::sync::changes;
use fieldseal_tests::TestDevice;
use sync_core::model::TeamKey;

use super::kit::*;

/// How many phones are in the middle of a request.
const PHONES: u8 = 16;

#[test]
fn whoever_is_in_the_middle_of_a_sync_is_answered_and_what_was_acknowledged_is_there() {
    let mut world = world();
    let mut under_way = Vec::new();
    for number in 0..PHONES {
        let name = format!("sampler-{number}");
        let body = world.body.to_string();
        let user = world.server.user(&world.admin, &body, &name, &["sampler"]);
        let phone = TestDevice::enrolled(&world.server, &world.admin, &user, 10 + number);
        let mut identity = world.solo(1);
        identity.team = TeamKey::Solo(user.parse().unwrap());
        let mut draft = Draft::begin(&identity, &phone);
        let change = draft.put("a", "1");
        let page = Page::of(&identity, &[&change]).signed(draft.tip(&phone, &change));
        let body = page.body().to_string();
        let (half, rest) = body.split_at(body.len() / 2);
        let mut connection = TcpStream::connect(world.server.address).unwrap();
        write!(
            connection,
            "POST /v1/sync HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{half}",
            phone.access,
            body.len()
        )
        .unwrap();
        under_way.push((connection, rest.to_owned(), change.hash));
    }
    // A later connection's answer shows that those before it were accepted.
    let token = world.admin.clone();
    world.server.get("/v1/visits", &token).expect(200);

    let ending = std::thread::scope(|scope| {
        let server = &mut world.server;
        let ending = scope.spawn(move || server.stop());
        for (connection, rest, hash) in &mut under_way {
            connection.write_all(rest.as_bytes()).unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.contains("\"accepted\"") && answer.contains(&hash.to_string()));
        }
        ending.join()
    });
    ending.expect("and then it ends well");

    let again = world.server.start_again(None);
    let token = again.log_in("admin-140000");
    let doctor = again.get("/v1/quarantine", &token).expect(200);
    assert_eq!(doctor.body["items"].as_array().unwrap().len(), 0);
    let stored = again.runtime.block_on(async {
        let mut db = again.app.store.read().await.unwrap();
        changes::count_of_status(&mut db, "accepted").await.unwrap()
    });
    assert_eq!(stored, i64::from(PHONES));
}
