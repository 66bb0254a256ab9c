//! `GET /v1/organisations`.

use fieldseal_tests::TestServer;
use serde_json::json;

#[test]
fn pages_show_every_row_once_and_the_last_has_no_next() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    for number in 1..=4 {
        let new =
            json!({ "kind": "station", "name": format!("第 {number} 站"), "region": "140525" });
        server.post("/v1/organisations", &admin, new).expect(201);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/organisations?limit=2".to_owned());
    loop {
        let page = server.get(&path, &admin).expect(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["organisation_id"].clone().to_string()),
        );
        match page.body["next"].as_str() {
            Some(next) => path = format!("/v1/organisations?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5, "four stations and the authority");
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[test]
fn a_county_sees_neither_its_neighbour_nor_the_city_above() {
    let server = TestServer::start();
    let city = server.admin("140500");
    server.organisation(&city, "station", "140581");
    server.organisation(&city, "station", "140525");
    let county = server.admin("140525");
    let page = server.get("/v1/organisations", &county).expect(200);
    let regions: Vec<_> = page.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["region"])
        .collect();
    assert_eq!(regions, ["140525", "140525"]);
}
