//! Live notice: who hears what, where a stream goes on, and when it ends.

use fieldseal_tests::listener::Listener;
use fieldseal_tests::{TestDevice, TestServer, World};
use serde_json::{Value, json};
use sync_core::limits::{EVENT_STREAMS_MAX, EVENT_STREAMS_PER_USER_MAX, EVENTS_BEHIND_MAX};

#[test]
fn a_listener_hears_of_visits_that_they_see_and_nobody_elsewhere_does() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let jincheng = Listener::open(&w.server, &w.token("晋城"), None);
    let li = Listener::open(&w.server, &w.token("李"), None);
    assert_eq!(jincheng.waits_for("ready").data, json!({ "type": "ready" }));
    li.waits_for("ready");
    let visit = wang.enters("铸造");
    wang.draws("T1");
    wang.syncs();
    let heard = jincheng.waits_for("visit.changed");
    let expected =
        json!({ "type": "visit.changed", "id": visit, "href": format!("/v1/visits/{visit}") });
    assert_eq!(heard.data, expected);
    let ruling = jincheng.waits_for("ruling.made");
    let href = ruling.data["href"].as_str().unwrap().to_owned();
    w.call("GET", "晋城", &href, Value::Null).expect(200);
    // Names stay where they are asked for.
    for said in [&heard.raw, &ruling.raw] {
        assert!(
            !said.contains("泽州") && !said.contains("91140525"),
            "{said}"
        );
    }
    // The other team hears of its own visit, and of nothing before it.
    let mut theirs = w.phone("李");
    let other = theirs.enters("服饰");
    theirs.syncs();
    let heard = li.waits_for("visit.changed");
    assert_eq!(heard.data["id"], json!(other));
}

#[test]
fn a_stream_goes_on_behind_what_was_heard_last() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let first = Listener::open(&w.server, &w.token("晋城"), None);
    let ready = first.waits_for("ready");
    drop(first);
    let visit = wang.enters("铸造");
    wang.syncs();
    let other = wang.enters("五金店");
    wang.syncs();
    let again = Listener::open(&w.server, &w.token("晋城"), Some(&ready.id));
    again.waits_for("ready");
    let missed = again.waits_for("visit.changed");
    assert_eq!(missed.data["id"], json!(visit));
    let next = Listener::open(&w.server, &w.token("晋城"), Some(&missed.id));
    assert_eq!(next.waits_for("visit.changed").data["id"], json!(other));
}

#[test]
fn a_place_that_is_none_of_this_database_is_told_to_begin_anew() {
    let w = World::shanxi();
    for place in ["00ff00ff00ff00ff.1", "00ff00ff00ff00ff.0"] {
        let stream = Listener::open(&w.server, &w.token("晋城"), Some(place));
        let reset = stream.next().unwrap();
        assert_eq!(reset.event, "reset");
        // With it, a listener goes on from here.
        let stream = Listener::open(&w.server, &w.token("晋城"), Some(&reset.id));
        assert_eq!(stream.next().unwrap().event, "ready");
    }
    for malformed in ["1", "x.1", ".1", "00ff.", "00ff.-1"] {
        let answer = ureq::get(w.server.url("/v1/events"))
            .config()
            .http_status_as_error(false)
            .build()
            .header("authorization", format!("Bearer {}", w.token("晋城")))
            .header("last-event-id", malformed)
            .call();
        assert_eq!(answer.unwrap().status(), 400, "{malformed}");
    }
}

#[test]
fn who_was_away_as_long_as_allowed_hears_what_was_missed_and_longer_begins_anew() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let stream = Listener::open(&w.server, &w.token("晋城"), None);
    let place = stream.waits_for("ready").id;
    let (epoch, from) = place.split_once('.').unwrap();
    let from: i64 = from.parse().unwrap();
    let visit = wang.enters("铸造");
    wang.syncs();
    stream.waits_for("visit.changed");
    let skip = |to: i64| {
        w.server.runtime.block_on(async {
            let mut tx = w.server.app.store.begin().await.unwrap();
            let statement = fieldseal_server::store::Statement {
                name: "of a test",
                sql: "UPDATE log_counters SET position = $1 WHERE name = 'feed'",
            };
            tx.exec(&statement, fieldseal_server::args![to])
                .await
                .unwrap();
            tx.commit().await.unwrap();
        });
    };
    let begins = |from: i64| {
        let place = format!("{epoch}.{from}");
        let stream = Listener::open(&w.server, &w.token("晋城"), Some(&place));
        (stream.next().unwrap().event, stream)
    };
    skip(from + EVENTS_BEHIND_MAX);
    let (greeting, stream) = begins(from);
    assert_eq!(greeting, "ready");
    assert_eq!(stream.waits_for("visit.changed").data["id"], json!(visit));
    skip(from + EVENTS_BEHIND_MAX + 1);
    assert_eq!(begins(from).0, "reset");
    assert_eq!(begins(from + 1).0, "ready");
}

#[test]
fn a_phone_is_told_to_sync_when_somebody_else_wrote_and_not_for_its_own_words() {
    let w = World::shanxi();
    let (mut wang, mut zhao) = (w.phone("王"), w.phone("赵"));
    let synced = zhao.network.syncs().pop().unwrap();
    let mut headers = synced.headers.iter();
    let (_, bearer) = headers.find(|(name, _)| name == "authorization").unwrap();
    let access = bearer.strip_prefix("Bearer ").unwrap();
    let stream = Listener::open(&w.server, access, None);
    stream.waits_for("ready");
    // An arrival alone: nothing is ruled on that would not be news to its author too.
    let own = zhao.goes_to("服饰");
    zhao.syncs();
    let heard = stream.next().unwrap();
    assert_eq!(
        (heard.event.as_str(), &heard.data["id"]),
        ("visit.changed", &json!(own))
    );
    wang.enters("铸造");
    wang.syncs();
    let wanted = stream.waits_for("sync.wanted");
    let expected = json!({ "type": "sync.wanted", "href": "/v1/sync" });
    assert_eq!(wanted.data, expected);
    let (_, position) = heard.id.split_once('.').unwrap();
    let (_, later) = wanted.id.split_once('.').unwrap();
    assert!(position.parse::<i64>().unwrap() < later.parse().unwrap());
}

#[test]
fn a_stream_ends_with_its_session_its_device_and_its_token() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    // A session that was ended hears nothing more.
    let token = w.server.log_in("jincheng");
    let stream = Listener::open(&w.server, &token, None);
    stream.waits_for("ready");
    w.server
        .call("DELETE", "/v1/tokens", Some(&token), Value::Null)
        .expect(204);
    wang.enters("铸造");
    wang.syncs();
    let end = stream.next().unwrap();
    assert_eq!(
        (end.event.as_str(), end.data["code"].as_str()),
        ("end", Some("session_ended"))
    );
    assert_eq!(stream.next(), None);
    // Nor does a device that was revoked.
    let admin = w.token("admin");
    let user = w.id("user", "李");
    let phone = TestDevice::enrolled(&w.server, &admin, &user, 77);
    let stream = Listener::open(&w.server, &phone.access, None);
    stream.waits_for("ready");
    let path = format!("/v1/devices/{}/revocation", phone.id);
    w.server
        .post(&path, &admin, json!({ "reason": "stolen" }))
        .expect(200);
    assert_eq!(stream.waits_for("end").data["code"], "device_revoked");
    assert_eq!(stream.next(), None);
    // Nor anybody when the ten minutes of their token are over.
    let token = w.server.log_in("jincheng");
    let stream = Listener::open(&w.server, &token, None);
    stream.waits_for("ready");
    w.minutes(10);
    wang.enters("五金店");
    wang.syncs();
    let end = stream.next().unwrap();
    assert_eq!(
        (end.event.as_str(), end.data["code"].as_str()),
        ("end", Some("token_expired"))
    );
    assert_eq!(stream.next(), None);
}

#[test]
fn a_person_has_as_many_streams_as_allowed_and_one_more_is_turned_away() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let ask = || server.call("GET", "/v1/events", Some(&admin), Value::Null);
    let open: Vec<_> = (0..EVENT_STREAMS_PER_USER_MAX)
        .map(|_| {
            let stream = Listener::open(&server, &admin, None);
            stream.waits_for("ready");
            stream
        })
        .collect();
    let answer = ask().expect_problem(429, "streams_exceeded");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(server.app.events.count(), open.len());
    // Together they have room for more than a few people.
    const { assert!(EVENT_STREAMS_MAX >= 100 * EVENT_STREAMS_PER_USER_MAX) };
}

#[test]
fn a_server_that_ends_does_not_wait_for_its_listeners() {
    let mut server = TestServer::start();
    let admin = server.admin("140000");
    let streams: Vec<_> = (0..3)
        .map(|_| {
            let stream = Listener::open(&server, &admin, None);
            stream.waits_for("ready");
            stream
        })
        .collect();
    server.stop();
    for stream in streams {
        assert_eq!(stream.next(), None);
    }
}
