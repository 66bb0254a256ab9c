//! `POST /v1/leases/{id}/release`.

use fieldseal_tests::World;
use serde_json::Value;

#[test]
fn a_lease_is_given_back_once_by_its_team_its_body_or_the_authority_and_by_nobody_else() {
    let w = World::shanxi();
    let (wang, zhao, li) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let held = wang.leases("铸造", 72).unwrap();
    let path = format!("/v1/leases/{}/release", held.lease_id);
    // Another team of the body, another body, another province's authority.
    let stranger = li.client.release_lease(held.lease_id).unwrap_err();
    assert_eq!(stranger.code, "not_found");
    w.call("POST", "刘", &path, Value::Null).expect(404);
    let elsewhere = w.server.admin("370000");
    w.server.post(&path, &elsewhere, Value::Null).expect(404);
    assert_eq!(li.leases("铸造", 1).unwrap_err().code, "lease_held");
    let given_back = zhao.client.release_lease(held.lease_id).unwrap();
    assert_eq!(given_back.released_at_ms, Some(w.now()));
    let theirs = li.leases("铸造", 1).unwrap();
    w.minutes(1);
    // Again changes nothing, not even after somebody else took the door.
    assert_eq!(
        wang.client.release_lease(held.lease_id).unwrap(),
        given_back
    );
    assert_eq!(li.leases("铸造", 1).unwrap(), theirs);
    let path = format!("/v1/leases/{}/release", theirs.lease_id);
    let answer = w.call("POST", "晋城", &path, Value::Null).expect(200);
    assert_eq!(answer.body["ending"], "released");
}

#[test]
fn a_lease_is_seen_by_its_body_and_the_authority_and_by_nobody_else() {
    let w = World::shanxi();
    let wang = w.phone("王");
    let held = wang.leases("铸造", 72).unwrap().lease_id.to_string();
    let seen_by = |token: &str| w.server.get("/v1/leases", token).expect(200).raw;
    for who in ["王", "赵", "晋城", "admin"] {
        assert!(seen_by(&w.token(who)).contains(&held), "{who}");
    }
    for who in ["李", "刘", "钱"] {
        let may = who == "钱";
        assert_eq!(seen_by(&w.token(who)).contains(&held), may, "{who}");
    }
    assert!(!seen_by(&w.server.admin("370000")).contains(&held));
}
