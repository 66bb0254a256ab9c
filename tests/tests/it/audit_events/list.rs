//! `GET /v1/audit-events`: administrators see who read an original, and whatever else was done by people whom they see.

use fieldseal_tests::World;
use fieldseal_tests::tus::{Piece, Tus};
use serde_json::{Value, json};

/// A visit of somebody with a film that is here; the path of its bytes.
fn brought(w: &World, who: &str, enterprise: &str, number: u8) -> (Piece, String) {
    let mut phone = w.phone(who);
    phone.enters(enterprise);
    let bytes = format!("{number:04000}").into_bytes();
    let piece = Piece::listed(&phone, &bytes);
    phone.syncs();
    let tus = Tus::of(w, who, number);
    let place = tus.creates(&piece);
    tus.patches(&place, 0, &bytes).expect(204);
    assert_eq!(tus.waits_past(&place, "checking"), "verified");
    let path = format!(
        "/v1/visits/{}/evidence/{}/content",
        piece.document_id, piece.evidence_id
    );
    (piece, path)
}

fn list(w: &World, token: &str, query: &str) -> Vec<Value> {
    let answer = w.server.get(&format!("/v1/audit-events{query}"), token);
    answer.expect(200).body["items"].as_array().unwrap().clone()
}

#[test]
fn every_read_of_an_original_is_shown_with_who_when_how_and_what_of_it() {
    let w = World::shanxi();
    let (piece, path) = brought(&w, "王", "铸造", 91);
    let admin = w.token("admin");
    let query = format!("?act=evidence.read&document_id={}", piece.document_id);
    assert!(list(&w, &admin, &query).is_empty());
    let read = |who: &str, range: &str| {
        let token = w.token(who);
        let answer = w
            .server
            .call_headed("GET", &path, Some(&token), &[("range", range)]);
        answer.expect(206);
        w.minutes(1);
    };
    read("王", "bytes=0-9");
    read("赵", "bytes=10-19,-5");
    w.call("GET", "晋城", &path, Value::Null).expect(200);
    w.minutes(1);
    let link = w.call(
        "GET",
        "晋城",
        &path.replace("/content", "/link"),
        Value::Null,
    );
    let url = link.expect(200).text("url");
    assert_eq!(
        list(&w, &admin, &query).len(),
        3,
        "a link alone reads nothing"
    );
    w.server.call("GET", &url, None, Value::Null).expect(200);
    // What asks for no bytes leaves no line.
    let token = w.token("王");
    w.server
        .call_headed("HEAD", &path, Some(&token), &[])
        .expect(200);

    let lines = list(&w, &admin, &query);
    assert_eq!(lines.len(), 4, "{lines:?}");
    let subject = format!("evidence:{}/{}", piece.document_id, piece.evidence_id);
    for (line, (who, way, ranges)) in lines.iter().zip([
        ("晋城", "link", json!(null)),
        ("晋城", "token", json!(null)),
        ("赵", "token", json!([[10, 19], [3_995, 3_999]])),
        ("王", "token", json!([[0, 9]])),
    ]) {
        assert_eq!(line["user_id"], w.id("user", who));
        assert_eq!(
            (&line["subject"], &line["act"]),
            (&json!(subject), &json!("evidence.read"))
        );
        let detail = &line["detail"];
        assert_eq!(
            (&detail["way"], &detail["ranges"]),
            (&json!(way), &ranges),
            "{line}"
        );
        assert_eq!(detail["sha256"], piece.sha256);
        assert!(line["at"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(line["username"].is_string() && line["request_id"].is_string());
    }
    // A page at a time, newest first, each line once.
    let (mut paged, mut path) = (Vec::new(), format!("{query}&limit=3"));
    loop {
        let answer = w
            .server
            .get(&format!("/v1/audit-events{path}"), &admin)
            .expect(200);
        paged.extend(answer.body["items"].as_array().unwrap().clone());
        match answer.body["next"].as_str() {
            Some(next) => path = format!("{query}&limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, lines);
    // By person, by subject, by act.
    let of_zhao = format!("{query}&user_id={}", w.id("user", "赵"));
    assert_eq!(list(&w, &admin, &of_zhao), [lines[2].clone()]);
    assert_eq!(list(&w, &admin, &format!("?subject={subject}")), lines);
    assert!(list(&w, &admin, "?act=device.revoked").is_empty());
    let made = list(&w, &admin, "?act=user.created&limit=200");
    assert!(!made.is_empty() && made.iter().all(|line| line["act"] == "user.created"));
}

#[test]
fn administrators_see_the_acts_of_their_own_people_and_every_read_of_what_they_see() {
    let w = World::shanxi();
    // 刘 works for a body of 山东, for an authority of 山西.
    let (piece, path) = brought(&w, "刘", "五金店", 92);
    w.call("GET", "刘", &path, Value::Null).expect(200);
    let (shanxi, shandong) = (w.server.admin("140000"), w.server.admin("370000"));
    let of_visit = format!("?document_id={}", piece.document_id);
    let reader = w.id("user", "刘");
    let by_reader = |lines: Vec<Value>| {
        let mut lines = lines.into_iter();
        lines.any(|line| line["act"] == "evidence.read" && line["user_id"] == reader)
    };
    assert!(by_reader(list(&w, &shandong, "")), "whose person it is");
    assert!(
        !by_reader(list(&w, &shanxi, "")),
        "who does not see the person"
    );
    assert!(by_reader(list(&w, &shanxi, &of_visit)), "whose visit it is");
    // Nobody else, and nobody who is no administrator.
    let elsewhere = w.server.admin("310000");
    assert!(!by_reader(list(&w, &elsewhere, "")));
    w.server
        .get(&format!("/v1/audit-events{of_visit}"), &elsewhere)
        .expect_problem(404, "not_found");
    for who in ["刘", "晋城", "钱"] {
        w.call("GET", who, "/v1/audit-events", Value::Null)
            .expect_problem(403, "role_forbidden");
    }
    for odd in ["?document_id=x", "?user_id=x", "?colour=red", "?limit=201"] {
        w.server
            .get(&format!("/v1/audit-events{odd}"), &shanxi)
            .expect_problem(400, "query_invalid");
    }
    let nobody = "?document_id=0000000000000000000000000000000000000000000000000000000000000000";
    w.server
        .get(&format!("/v1/audit-events{nobody}"), &shanxi)
        .expect_problem(404, "not_found");
    // A pattern is a text like any other.
    assert!(list(&w, &shanxi, "?subject=%25").is_empty());
}

#[test]
fn what_the_server_did_by_itself_to_a_person_is_shown_to_those_who_see_the_person() {
    let w = World::shanxi();
    let user = w.id("user", "王");
    let mut device = fieldseal_tests::TestDevice::enrolled(&w.server, &w.token("admin"), &user, 93);
    let used = device.refresh.clone();
    // A refresh token that comes again once its successor was used: the session is ended by nobody.
    device.refresh_access(&w.server);
    device.refresh_access(&w.server);
    device
        .refresh_with(&w.server, &used)
        .expect_problem(401, "refresh_token_reused");
    let shanxi = w.server.admin("140000");
    let lines = list(
        &w,
        &shanxi,
        &format!("?act=device.revoked&subject=device:{}", device.id),
    );
    assert_eq!(lines.len(), 1, "{lines:?}");
    let elsewhere = w.server.admin("310000");
    assert!(list(&w, &elsewhere, "?act=device.revoked").is_empty());
}
