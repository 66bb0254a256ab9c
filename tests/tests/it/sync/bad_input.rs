//! What no phone of ours sends: each is told by a code of its own, harms nothing beside it and nothing after it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_tests::TestDevice;
use serde_json::{Value, json};
use sync_core::limits::{
    CHANGE_BYTES_MAX, JSON_BODY_BYTES_MAX, PAGE_COMPRESSED_BYTES_MAX, PAGE_INFLATED_BYTES_MAX,
};

use super::kit::*;

/// What came back of a body sent as it is.
fn send(world: &World, body: &[u8], coding: Option<&str>) -> (u16, Value) {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .build();
    let mut request = ureq::http::Request::builder()
        .method("POST")
        .uri(world.server.url("/v1/sync"))
        .header("content-type", "application/json")
        .header(
            "authorization",
            format!("Bearer {}", world.phones[0].access),
        );
    if let Some(coding) = coding {
        request = request.header("content-encoding", coding);
    }
    let mut answer = config
        .new_agent()
        .run(request.body(body.to_vec()).unwrap())
        .unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap(),
    )
}

#[track_caller]
fn assert_problem(world: &World, body: &[u8], coding: Option<&str>, status: u16, code: &str) {
    let (got, body) = send(world, body, coding);
    assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
}

fn packed(json: &[u8]) -> Vec<u8> {
    zstd::encode_all(json, 3).unwrap()
}

/// A page in so many bytes: spaces behind JSON mean nothing.
fn padded(page: &Value, bytes: usize) -> Vec<u8> {
    let mut text = page.to_string().into_bytes();
    assert!(text.len() <= bytes, "the page itself is too long");
    text.resize(bytes, b' ');
    text
}

/// The phone goes on as if nothing had been.
#[track_caller]
fn assert_unharmed(world: &World, draft: &mut Draft, phone: &TestDevice) {
    let change = draft.put("after", "1");
    let page = Page::of(&draft.identity, &[&change]).signed(draft.tip(phone, &change));
    assert_eq!(statuses(&world.push(0, &page)), ["accepted"]);
}

#[test]
fn a_body_of_another_shape_is_told_by_its_code_and_stores_nothing() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    for body in [
        json!({ "chnages": [] }),
        json!({ "changes": {} }),
        json!({ "tips": "none" }),
        json!({ "cursor": 7 }),
        json!({ "cursor": { "epoch": "x", "position": "1" } }),
        json!({ "feed_bytes_max": -1 }),
        json!("changes"),
    ] {
        assert_problem(
            &world,
            body.to_string().as_bytes(),
            None,
            422,
            "body_invalid",
        );
    }
    for body in [&b"{\"changes\":["[..], b"", b"\xff\xfe", b"{} {}"] {
        assert_problem(&world, body, None, 400, "json_malformed");
    }
    assert_unharmed(&world, &mut draft, &world.phones[0]);
}

#[test]
fn a_page_of_another_media_type_is_told_by_its_code() {
    let world = world();
    let page = || Some(b"{}".to_vec());
    for kind in ["text/plain", "application/zstd", "multipart/form-data", ""] {
        let token = Some(world.phones[0].access.as_str());
        let answer = world
            .server
            .call_raw("POST", "/v1/sync", token, kind, page());
        answer.expect_problem(415, "media_type_unsupported");
    }
    let kind = "Application/JSON; charset=utf-8";
    let token = Some(world.phones[0].access.as_str());
    world
        .server
        .call_raw("POST", "/v1/sync", token, kind, page())
        .expect(200);
}

#[test]
fn a_change_cut_anywhere_is_quarantined_with_a_code_and_the_whole_one_stands() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let whole = draft.put("a", "1");
    let id = identity.document_id();
    let mut page = Page::of(&identity, &[]);
    for length in 0..whole.bytes.len() {
        let bytes = STANDARD.encode(&whole.bytes[..length]);
        let item = json!({ "document_id": id, "hash": whole.hash, "bytes": bytes });
        page.changes.push(item);
    }
    let cut = page.changes.len();
    page = page
        .with(&identity, &[&whole])
        .signed(draft.tip(&world.phones[0], &whole));
    for _ in 0..2 {
        let statuses = statuses(&world.push(0, &page));
        assert_eq!(statuses[cut], "accepted");
        for (length, status) in statuses[..cut].iter().enumerate() {
            let code = status.strip_prefix("quarantined:change.");
            assert!(code.is_some(), "cut at {length}: {status}");
        }
    }
    assert_unharmed(&world, &mut draft, &world.phones[0]);
}

#[test]
fn a_body_cut_anywhere_is_told_by_a_code_and_stores_nothing() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let change = draft.put("a", "1");
    let page = Page::of(&identity, &[&change]).signed(draft.tip(&world.phones[0], &change));
    let json = page.body().to_string().into_bytes();
    let before = world.server.rows();
    for length in (0..json.len()).step_by(7) {
        assert_problem(&world, &json[..length], None, 400, "json_malformed");
    }
    let packed = packed(&json);
    for length in (0..packed.len()).step_by(3) {
        let (status, body) = send(&world, &packed[..length], Some("zstd"));
        let code = body["code"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "cut at {length}: {body}");
        assert!(
            ["body_unreadable", "json_malformed"].contains(&code),
            "cut at {length}: {body}"
        );
    }
    assert_eq!(world.server.rows(), before);
    assert_eq!(statuses(&world.push(0, &page)), ["accepted"]);
}

#[test]
fn a_cursor_of_another_epoch_or_of_no_place_starts_the_feed_over_and_says_so() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let change = draft.put("a", "1");
    let page = Page::of(&identity, &[&change]).signed(draft.tip(&world.phones[0], &change));
    let first = world.push(0, &page);
    let stands = first.body["cursor"].clone();
    let again = |cursor: Value| {
        let page = Page {
            cursor: Some(cursor),
            ..Page::default()
        };
        world.push(0, &page).expect(200).body
    };
    assert_eq!(again(stands.clone())["epoch_changed"], false);
    for (key, value) in [
        ("epoch", json!("another")),
        ("epoch", json!("")),
        ("position", json!(-1)),
        ("position", json!(i64::MAX)),
        ("position", json!(i64::MIN)),
    ] {
        let mut cursor = stands.clone();
        cursor[key] = value;
        let answer = again(cursor.clone());
        assert_eq!(answer["epoch_changed"], true, "{cursor}");
        assert_eq!(answer["cursor"], stands, "{cursor}");
        assert!(!answer["items"].as_array().unwrap().is_empty(), "{cursor}");
    }
    for cursor in [
        json!({ "epoch": 7, "position": 0 }),
        json!({ "epoch": "x" }),
        json!([]),
        json!({ "epoch": "x", "position": 0, "more": 1 }),
        json!({ "epoch": "x", "position": 1.5 }),
    ] {
        let page = Page {
            cursor: Some(cursor),
            ..Page::default()
        };
        world.push(0, &page).expect_problem(422, "body_invalid");
    }
    assert_unharmed(&world, &mut draft, &world.phones[0]);
}

#[test]
fn what_does_not_inflate_is_told_by_its_code() {
    let world = world();
    let whole = packed(padded(&json!({}), 4_096).as_slice());
    assert_eq!(send(&world, &whole, Some("zstd")).0, 200);
    let mut flipped = whole.clone();
    flipped[0] ^= 1;
    for body in [&whole[..whole.len() - 1], &flipped, b"garbage"] {
        assert_problem(&world, body, Some("zstd"), 400, "body_unreadable");
    }
    assert_problem(&world, &whole, Some("gzip"), 415, "media_type_unsupported");
    assert_problem(&world, &whole, None, 400, "json_malformed");
}

#[test]
fn a_page_is_taken_at_each_limit_of_its_size_and_refused_one_byte_past_it() {
    let world = world();
    let empty = json!({});
    let at = packed(&padded(&empty, PAGE_INFLATED_BYTES_MAX));
    assert_eq!(send(&world, &at, Some("zstd")).0, 200);
    let past = packed(&padded(&empty, PAGE_INFLATED_BYTES_MAX + 1));
    assert_problem(&world, &past, Some("zstd"), 413, "body_too_large");

    let at = padded(&empty, JSON_BODY_BYTES_MAX);
    assert_eq!(send(&world, &at, None).0, 200);
    let past = padded(&empty, JSON_BODY_BYTES_MAX + 1);
    assert_problem(&world, &past, None, 413, "body_too_large");

    // Several changes travel in a page of its own size; a single one may be larger.
    let several = json!({ "changes": [1, 2] });
    let at = padded(&several, PAGE_COMPRESSED_BYTES_MAX);
    assert_eq!(send(&world, &at, None).0, 200);
    let past = padded(&several, PAGE_COMPRESSED_BYTES_MAX + 1);
    assert_problem(&world, &past, None, 413, "body_too_large");
    let single = padded(&json!({ "changes": [1] }), PAGE_COMPRESSED_BYTES_MAX + 1);
    assert_eq!(send(&world, &single, None).0, 200);
}

#[cfg(target_os = "linux")]
#[test]
fn a_decompression_bomb_costs_what_a_full_page_costs() {
    fn peak_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }
    let world = world();
    // Frames follow each other: 16 MiB each, 4 GiB together, in less than a megabyte.
    let frame = packed(&vec![b' '; 16 << 20]);
    let bomb = frame.repeat(256);
    assert!(bomb.len() < JSON_BODY_BYTES_MAX);
    drop(frame);
    let before = peak_kib();
    assert_problem(&world, &bomb, Some("zstd"), 413, "body_too_large");
    let grown = peak_kib() - before;
    // Other tests run in this process: the bound is far above theirs and far below the bomb.
    assert!(grown < 1 << 20, "the peak grew by {grown} KiB");
}

#[test]
fn each_bad_item_has_a_code_of_its_own_and_the_good_ones_stand() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let (one, two) = (draft.put("a", "1"), draft.put("b", "2"));
    let next = draft.put("c", "3");
    let id = identity.document_id();
    let hash = "ab".repeat(32);
    let item =
        |bytes: &[u8]| json!({ "document_id": id, "hash": hash, "bytes": STANDARD.encode(bytes) });
    let mut page = Page::of(&identity, &[&one, &two]).signed(draft.tip(&world.phones[0], &two));
    page.changes.extend([
        item(&vec![0; CHANGE_BYTES_MAX]),
        item(&vec![0; CHANGE_BYTES_MAX + 1]),
        item(&next.bytes[..next.bytes.len() - 1]),
        item(&next.bytes),
        json!({ "document_id": id, "hash": "abc", "bytes": "" }),
        json!({ "document_id": id, "hash": hash, "bytes": 7 }),
        json!({ "document_id": id, "hash": hash, "bytes": "", "note": "x" }),
        json!({ "document_id": id, "hash": hash, "bytes": "=AAA" }),
        Value::Null,
    ]);
    let body = packed(page.body().to_string().as_bytes());
    assert!(body.len() < PAGE_COMPRESSED_BYTES_MAX);
    let expected = [
        "accepted",
        "accepted",
        "quarantined:change.not_a_chunk",
        "quarantined:change.too_large",
        "quarantined:change.length_mismatch",
        "quarantined:change.hash_mismatch",
        "refused:item.malformed",
        "refused:item.malformed",
        "refused:item.malformed",
        "refused:item.base64",
        "refused:item.malformed",
    ];
    let report = |body: &Value| -> Vec<String> {
        let of = |it: &Value| {
            let status = it["status"].as_str().unwrap();
            match it["code"].as_str() {
                Some(code) => format!("{status}:{code}"),
                None => status.to_owned(),
            }
        };
        body["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect()
    };
    for _ in 0..2 {
        let (status, body) = send(&world, &body, Some("zstd"));
        assert_eq!(status, 200, "{body}");
        assert_eq!(report(&body), expected);
    }
    // What was sent under another's hash took nobody's place.
    let page = Page::of(&identity, &[&next]).signed(draft.tip(&world.phones[0], &next));
    assert_eq!(statuses(&world.push(0, &page)), ["accepted"]);
    assert_unharmed(&world, &mut draft, &world.phones[0]);
}

#[test]
fn without_a_tip_a_change_waits_aside_and_any_number_of_bad_ones_does_not_hide_a_good_one() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let change = draft.put("a", "1");
    let page = Page::of(&identity, &[&change]);
    assert_eq!(
        statuses(&world.push(0, &page)),
        ["quarantined:author.unproved"]
    );
    let good = draft.tip(&world.phones[0], &change);
    let mut forged = good.clone();
    forged["signature"] = json!(STANDARD.encode([0x30; 70]));
    let mut page = page;
    page.tips = vec![forged; 1_000];
    page.tips.extend([json!(7), json!({ "tip": null })]);
    assert_eq!(
        statuses(&world.push(0, &page)),
        ["quarantined:author.unproved"]
    );
    page.tips.push(good);
    assert_eq!(statuses(&world.push(0, &page)), ["accepted"]);
    assert_unharmed(&world, &mut draft, &world.phones[0]);
}
