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

#[test]
fn a_credit_code_must_hold_its_check_digit() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    for (uscc, name, status) in [
        ("911401000000E2Q67Z", "晋阳示例检测", 422),
        ("911401000000E2Q67", "晋阳示例检测", 422),
        ("911401000000E2Q67Y", "晋阳示例检测", 201),
        ("911401000000E2Q67Y", "另一家检测", 409),
    ] {
        let body =
            json!({ "kind": "inspection_body", "name": name, "region": "140100", "uscc": uscc });
        server
            .post("/v1/organisations", &admin, body)
            .expect(status);
    }
}
