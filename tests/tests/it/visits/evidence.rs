//! `GET /v1/visits/{id}/evidence` and the bytes: who reads what, in which ranges, by a token or by a link, and what the audit
//! trail says of it.

use fieldseal_server::objects::ObjectName;
use fieldseal_server::store::Row;
use fieldseal_tests::phone::Phone;
use fieldseal_tests::{Answer, World};
use serde_json::{Value, json};
use sync_core::limits::MEDIA_LINK_S;
use sync_core::model::{DocumentId, EvidenceId};

use super::manifest::{manifest, photo};

/// What lies under the gate's photograph.
const BYTES: &str = "0123456789 the gate of the foundry";

/// A visit of 王 with two photographs beside those of the arrival, of which the first one is here.
struct Shown {
    w: World,
    phone: Phone,
    visit: DocumentId,
    piece: EvidenceId,
    awaited: EvidenceId,
}

impl Shown {
    fn new() -> Self {
        let w = World::shanxi();
        let mut phone = w.phone("王");
        let visit = phone.enters("铸造");
        let first = phone
            .client
            .add_evidence(visit, photo(BYTES.as_bytes()))
            .unwrap();
        let second = phone
            .client
            .add_evidence(visit, photo(b"not here yet"))
            .unwrap();
        phone.syncs();
        w.brings_bytes(&phone, visit, BYTES.as_bytes());
        Self {
            w,
            phone,
            visit,
            piece: first.evidence_id.parse().unwrap(),
            awaited: second.evidence_id.parse().unwrap(),
        }
    }

    fn path(&self, piece: EvidenceId, what: &str) -> String {
        format!("/v1/visits/{}/evidence/{piece}/{what}", self.visit)
    }

    fn content(&self, who: &str) -> Answer {
        self.w
            .call("GET", who, &self.path(self.piece, "content"), Value::Null)
    }

    fn asks(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let token = self.w.token("王");
        self.w
            .server
            .call_headed(method, path, Some(&token), headers)
    }

    fn reads(&self) -> Vec<Value> {
        let sql = "SELECT user_id, subject, detail FROM audit_events WHERE act = 'evidence.read' ";
        let rows = self.w.server.reads(sql);
        let told = |row: &Row| {
            let detail: String = row.get("detail").unwrap();
            let mut told: Value = serde_json::from_str(&detail).unwrap();
            told["user"] = json!(row.get::<String>("user_id").unwrap());
            told["subject"] = json!(row.get::<String>("subject").unwrap());
            told
        };
        rows.iter().map(told).collect()
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers[name].to_str().unwrap()
}

#[test]
fn a_visit_tells_where_each_piece_of_its_evidence_is_in_one_word_and_in_numbers() {
    let it = Shown::new();
    let path = format!("/v1/visits/{}/evidence", it.visit);
    let told = it.w.call("GET", "王", &path, Value::Null).expect(200).body;
    assert_eq!(told["evidence"]["en"], "1 of 4 verified, 3 expected");
    assert_eq!(
        told["evidence"]["zh"],
        "共 4 件影像，已核对 1 件，未到 3 件"
    );
    assert_eq!(told["evidence"]["complete"], false);
    let piece = |id: EvidenceId| {
        let mut items = told["items"].as_array().unwrap().iter();
        items
            .find(|item| item["evidence_id"] == json!(id))
            .unwrap()
            .clone()
    };
    let here = piece(it.piece);
    assert_eq!(
        (&here["state"], &here["kind"]),
        (&json!("verified"), &json!("place"))
    );
    assert_eq!(here["en"], "verified by the server");
    assert!(
        here["captured"]["claimed"]["from"].is_string()
            && here["captured"]["proven"]["to"].is_string()
    );
    assert_eq!(here["user_id"], it.w.id("user", "王"));
    let payload: Value =
        serde_json::from_str(here["receipt"]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["sha256"], here["sha256"]);
    assert_eq!(payload["document_id"], json!(it.visit));
    let awaited = piece(it.awaited);
    assert_eq!(
        (&awaited["state"], &awaited["receipt"]),
        (&json!("expected"), &Value::Null)
    );

    // The same words in the list and in the dossier.
    let dossier = it.w.dossier(it.visit);
    assert_eq!(dossier["visit"]["evidence"], told["evidence"]);
    let list =
        it.w.call("GET", "王", "/v1/visits", Value::Null)
            .expect(200)
            .body;
    assert_eq!(list["items"][0]["evidence"], told["evidence"]);
}

#[test]
fn whoever_sees_the_visit_reads_its_originals_and_every_read_is_on_the_trail() {
    let it = Shown::new();
    for who in ["王", "赵", "晋城"] {
        let answer = it.content(who).expect(200);
        assert_eq!(answer.raw, BYTES, "{who}");
    }
    // Another team of the body, and the authority of another city.
    it.content("李").expect_problem(404, "not_found");
    let admin = it.w.token("admin");
    let elsewhere = it.w.id("organisation", "运城市局");
    it.w.server
        .user(&admin, &elsewhere, "yuncheng", &["authority"]);
    let path = it.path(it.piece, "content");
    let stranger = it.w.server.get(&path, &it.w.server.log_in("yuncheng"));
    stranger.expect_problem(404, "not_found");
    let nobody =
        it.w.server
            .call("GET", &it.path(it.piece, "content"), None, Value::Null);
    nobody.expect_problem(401, "token_missing");

    let reads = it.reads();
    assert_eq!(reads.len(), 3, "{reads:?}");
    for who in ["王", "赵", "晋城"] {
        let user = json!(it.w.id("user", who));
        assert!(reads.iter().any(|read| read["user"] == user), "{who}");
    }
    assert_eq!(
        reads[0]["subject"],
        format!("evidence:{}/{}", it.visit, it.piece)
    );
    assert_eq!(
        (&reads[0]["way"], &reads[0]["ranges"]),
        (&json!("token"), &Value::Null)
    );
}

#[test]
fn what_was_not_brought_for_a_visit_is_not_read_through_it_though_its_hash_is_known() {
    let it = Shown::new();
    let read = |visit: DocumentId, piece: EvidenceId, who: &str| {
        let path = format!("/v1/visits/{visit}/evidence/{piece}/content");
        it.w.call("GET", who, &path, Value::Null)
    };
    read(it.visit, it.awaited, "王").expect_problem(404, "evidence_awaited");
    // 李 writes the hash of 王's picture into a manifest of their own.
    let mut thief = it.w.phone("李");
    let visit = thief.enters("铸造");
    let named = thief
        .client
        .add_evidence(visit, photo(BYTES.as_bytes()))
        .unwrap();
    thief.syncs();
    let piece = named.evidence_id.parse().unwrap();
    read(visit, piece, "李").expect_problem(404, "evidence_awaited");
    // Nor by the entry of one visit under the address of another.
    read(visit, it.piece, "李").expect_problem(404, "not_found");
    read(it.visit, it.piece, "李").expect_problem(404, "not_found");
    read(it.visit, piece, "王").expect_problem(404, "not_found");
    let link = format!("/v1/visits/{visit}/evidence/{piece}/link");
    it.w.call("GET", "李", &link, Value::Null)
        .expect_problem(404, "evidence_awaited");
    assert!(it.reads().is_empty());
}

#[test]
fn no_browser_executes_what_it_reads_and_no_cache_keeps_it() {
    let it = Shown::new();
    let answer = it.content("王").expect(200);
    let sha256 = manifest(&it.w.server, it.visit);
    let sha256 = sha256
        .iter()
        .find(|row| row.verified_at.is_some())
        .unwrap()
        .entry
        .sha256;
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("accept-ranges", "bytes"),
        ("etag", &format!("\"{sha256}\"")),
        ("content-length", &BYTES.len().to_string()),
        (
            "content-disposition",
            &format!("attachment; filename=\"{}.bin\"", it.piece),
        ),
    ] {
        assert_eq!(header(&answer, name), value);
    }
}

#[test]
fn ranges_are_sent_as_the_rfc_says() {
    let it = Shown::new();
    let path = it.path(it.piece, "content");
    let ranged = |range: &str| it.asks("GET", &path, &[("range", range)]);
    let length = BYTES.len();

    let part = ranged("bytes=0-9").expect(206);
    assert_eq!(
        (part.raw.as_str(), header(&part, "content-length")),
        ("0123456789", "10")
    );
    assert_eq!(
        header(&part, "content-range"),
        format!("bytes 0-9/{length}")
    );
    assert_eq!(ranged("bytes=-7").expect(206).raw, "foundry");
    assert_eq!(ranged("bytes=11-").expect(206).raw, &BYTES[11..]);
    assert_eq!(ranged("bytes=9-8").expect(200).raw, BYTES);

    let beyond = ranged("bytes=999-").expect_problem(416, "range_unsatisfiable");
    assert_eq!(
        header(&beyond, "content-range"),
        format!("bytes */{length}")
    );

    let several = ranged("bytes=0-1,-2").expect(206);
    let media_type = header(&several, "content-type");
    let boundary = media_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let part = |range: &str, bytes: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {range}/{length}\r\n\r\n{bytes}"
        )
    };
    let last = format!("{}-{}", length - 2, length - 1);
    assert_eq!(
        several.raw,
        format!(
            "{}{}\r\n--{boundary}--\r\n",
            part("0-1", "01"),
            part(&last, "ry")
        )
    );
    assert_eq!(
        header(&several, "content-length"),
        several.raw.len().to_string()
    );
    assert!(several.headers.get("content-range").is_none());

    let etag = header(&ranged("bytes=0-9"), "etag").to_owned();
    let with =
        |name: &str, value: &str| it.asks("GET", &path, &[("range", "bytes=0-9"), (name, value)]);
    assert_eq!(with("if-range", &etag).expect(206).raw, "0123456789");
    assert_eq!(with("if-range", "\"other\"").expect(200).raw, BYTES);
    assert_eq!(with("if-none-match", &etag).expect(304).raw, "");
    with("if-match", "\"other\"").expect_problem(412, "precondition_failed");

    let before = it.reads();
    assert!(before.iter().any(|it| it["ranges"] == json!([[0, 9]])));
    let head = it
        .asks("HEAD", &path, &[("range", "bytes=0-9")])
        .expect(200);
    assert_eq!(
        (head.raw.as_str(), header(&head, "content-length")),
        ("", length.to_string().as_str())
    );
    with("if-none-match", &etag).expect(304);
    ranged("bytes=999-").expect(416);
    assert_eq!(it.reads().len(), before.len(), "nothing was read");
}

#[test]
fn a_link_reads_one_thing_as_its_maker_for_five_minutes() {
    let it = Shown::new();
    let link = |who: &str, piece: EvidenceId, query: &str| {
        let path = it.path(piece, &format!("link{query}"));
        it.w.call("GET", who, &path, Value::Null)
    };
    let made = link("王", it.piece, "").expect(200);
    assert_eq!(header(&made, "cache-control"), "no-store");
    let url = made.text("url");
    let open = |url: &str| it.w.server.call("GET", url, None, Value::Null);
    assert_eq!(open(&url).expect(200).raw, BYTES);
    let reads = it.reads();
    assert_eq!(
        (&reads[0]["way"], &reads[0]["user"]),
        (&json!("link"), &json!(it.w.id("user", "王")))
    );

    // Neither is taken for the other, and none is guessed or altered.
    let token = url.strip_prefix("/v1/media/").unwrap();
    it.w.server
        .get("/v1/visits", token)
        .expect_problem(401, "token_invalid");
    open(&format!("/v1/media/{}", it.w.token("王"))).expect_problem(403, "link_invalid");
    let mut parts: Vec<&str> = token.split('.').collect();
    let other = link("王", it.piece, "").text("url");
    let other = other
        .split('.')
        .next_back()
        .unwrap()
        .chars()
        .rev()
        .collect::<String>();
    parts[2] = &other;
    for bad in [
        parts.join("."),
        "x".to_owned(),
        token[..token.len() - 4].to_owned(),
    ] {
        open(&format!("/v1/media/{bad}")).expect_problem(403, "link_invalid");
    }
    link("李", it.piece, "").expect_problem(404, "not_found");
    link("王", it.awaited, "").expect_problem(404, "evidence_awaited");
    link("王", it.piece, "?rendition=original").expect_problem(404, "rendition_missing");
    link("王", it.piece, "?rendition=screen").expect_problem(404, "rendition_missing");

    let made_at = it.w.now();
    let clock = &it.w.server.clock;
    clock.set(made_at + (MEDIA_LINK_S - 1) * 1_000);
    open(&url).expect(200);
    clock.set(made_at + MEDIA_LINK_S * 1_000);
    open(&url).expect_problem(403, "link_expired");
}

#[test]
fn a_link_ends_with_the_session_in_which_it_was_made_and_with_what_its_maker_may_see() {
    let it = Shown::new();
    let link = || {
        let path = it.path(it.piece, "link");
        let made = it.w.call("GET", "赵", &path, Value::Null);
        made.expect(200).text("url")
    };
    let open = |url: &str| it.w.server.call("GET", url, None, Value::Null);
    let url = link();
    open(&url).expect(200);
    // Off the team, they see the visit no longer.
    it.w.rosters("甲组", &["王"]);
    open(&url).expect_problem(404, "not_found");
    it.w.rosters("甲组", &["王", "赵"]);
    open(&url).expect(200);
    let logout =
        it.w.server
            .call("DELETE", "/v1/tokens", Some(&it.w.token("赵")), Value::Null);
    assert!(logout.status < 300, "{}", logout.body);
    open(&url).expect_problem(401, "session_ended");
}

#[test]
fn what_was_made_of_an_original_is_served_without_a_line_on_the_trail() {
    let it = Shown::new();
    let path = it.path(it.piece, "renditions/thumbnail");
    let get = |who: &str, path: &str| it.w.call("GET", who, path, Value::Null);
    get("王", &path).expect_problem(404, "rendition_missing");
    get("王", &it.path(it.piece, "renditions/..%2F..%2Fkey"))
        .expect_problem(404, "rendition_missing");
    let rows = manifest(&it.w.server, it.visit);
    let row = rows.iter().find(|row| row.verified_at.is_some()).unwrap();
    let name = ObjectName::rendition(row.entry.sha256, "thumbnail.jpg");
    let objects = it.w.server.app.objects.clone();
    let put = async { objects.put_new(&name, "small".into()).await.unwrap() };
    it.w.server.runtime.block_on(put);
    let small = get("赵", &path).expect(200);
    assert_eq!(
        (small.raw.as_str(), header(&small, "content-type")),
        ("small", "image/jpeg")
    );
    assert!(header(&small, "content-disposition").starts_with("inline; "));
    get("李", &path).expect_problem(404, "not_found");
    let part = it.asks("GET", &path, &[("range", "bytes=1-2")]).expect(206);
    assert_eq!(part.raw, "ma");
    assert!(it.reads().is_empty());
    assert_eq!(it.phone.owner, "王");
}
