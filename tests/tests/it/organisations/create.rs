//! `POST /v1/organisations`.

use fieldseal_tests::TestServer;
use serde_json::json;
use sync_core::limits::NAME_CHARS_MAX;

#[test]
fn a_name_may_be_as_long_as_the_limit_and_no_longer() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    for (chars, status) in [(NAME_CHARS_MAX, 201), (NAME_CHARS_MAX + 1, 422), (0, 422)] {
        let body = json!({ "kind": "station", "name": "站".repeat(chars), "region": "140525" });
        server
            .post("/v1/organisations", &admin, body)
            .expect(status);
    }
}

#[test]
fn the_level_of_an_authority_follows_from_its_region() {
    let server = TestServer::start();
    let admin = server.admin("000000");
    for (region, level) in [
        ("140000", "province"),
        ("140500", "city"),
        ("140525", "county"),
    ] {
        let body = json!({ "kind": "authority", "name": "局", "region": region });
        let made = server.post("/v1/organisations", &admin, body).expect(201);
        assert_eq!(made.text("authority_level"), level);
    }
}
