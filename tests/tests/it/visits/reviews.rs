//! `POST /v1/visits/{id}/evidence/{evidence_id}/reviews` and the list of what is to be reviewed: who decides, what that does to
//! the ruling and to the phones, and how an answer comes back.

use std::collections::BTreeSet;

use fieldseal_server::args;
use fieldseal_server::store::Statement;
use fieldseal_tests::phone::Phone;
use fieldseal_tests::world::word;
use fieldseal_tests::{Answer, World};
use mobile_ffi::{EvidenceInput, TodoKind};
use serde_json::{Value, json};
use sync_core::model::{DocumentId, EvidenceId, EvidenceReview, SampleId};

/// A sample drawn in order, whose evidence is all here.
struct Drawn {
    w: World,
    phone: Phone,
    visit: DocumentId,
    sample: SampleId,
}

impl Drawn {
    fn new() -> Self {
        let w = World::shanxi();
        let mut phone = w.phone("王");
        let visit = phone.enters("铸造");
        let sample = phone.draws("T1");
        phone.syncs();
        let it = Self {
            w,
            phone,
            visit,
            sample,
        };
        it.all_here();
        it
    }

    /// The bytes of every piece are verified.
    fn all_here(&self) {
        for item in self.items() {
            if item["state"] != "verified" {
                let sha256 = word(&item["sha256"]).parse().unwrap();
                let size = item["size_bytes"].as_i64().unwrap();
                self.w.brings(&self.phone, self.visit, sha256, size);
            }
        }
    }

    fn items(&self) -> Vec<Value> {
        let told = self.w.get(&format!("/v1/visits/{}/evidence", self.visit));
        told["items"].as_array().unwrap().clone()
    }

    fn of_kind(&self, kind: &str) -> Vec<EvidenceId> {
        let items = self.items().into_iter();
        let of_kind = items.filter(|item| item["kind"] == kind);
        of_kind
            .map(|item| word(&item["evidence_id"]).parse().unwrap())
            .collect()
    }

    fn path(&self, piece: EvidenceId) -> String {
        format!("/v1/visits/{}/evidence/{piece}", self.visit)
    }

    fn file(&self, who: &str, piece: EvidenceId) -> Value {
        let answer = self.w.call("GET", who, &self.path(piece), Value::Null);
        answer.expect(200).body
    }

    fn decides(&self, who: &str, piece: EvidenceId, verdict: &str, saw: i64) -> Answer {
        let body = json!({ "verdict": verdict, "reason": "标签看不清", "expected_version": saw });
        let path = format!("{}/reviews", self.path(piece));
        self.w.call("POST", who, &path, body)
    }

    fn listed(&self, who: &str, query: &str) -> Vec<(String, String)> {
        let path = format!("/v1/evidence?{query}");
        let page = self.w.call("GET", who, &path, Value::Null).expect(200).body;
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|it| (word(&it["evidence_id"]), word(&it["state"])))
            .collect()
    }

    /// What TRACE says of the visit and its samples now.
    fn said(&self) -> BTreeSet<String> {
        let rulings = self.w.rulings(self.visit).into_iter();
        let findings = rulings.flat_map(|it| it["findings"].as_array().cloned().unwrap());
        let keys = findings.map(|it| word(&it["message"]));
        keys.filter(|key| key.starts_with("TRACE.")).collect()
    }

    fn says(&self, expected: &[&str]) {
        let expected: BTreeSet<String> = expected.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(self.said(), expected);
    }

    fn told(&self) -> Vec<EvidenceReview> {
        self.phone.syncs();
        self.phone.client.reviews(self.visit).unwrap()
    }

    fn brings_picture(&self, kind: &str, text: &str) -> EvidenceId {
        let input = EvidenceInput {
            kind: kind.to_owned(),
            medium: "photo".to_owned(),
            sample_id: Some(self.sample),
            mime: "image/jpeg".to_owned(),
            bytes: text.as_bytes().to_owned(),
        };
        let added = self.phone.client.add_evidence(self.visit, input).unwrap();
        added.evidence_id.parse().unwrap()
    }
}

#[test]
fn a_rejected_picture_counts_as_no_evidence_at_once_and_an_accepted_one_does_again() {
    let it = Drawn::new();
    it.says(&[]);
    assert_eq!(it.w.validity(it.sample), "valid");
    let labels = it.of_kind("label");
    assert_eq!(labels.len(), 2);
    it.decides("晋城", labels[0], "rejected", 0).expect(201);
    // The other one of the kind still stands.
    it.says(&["TRACE.rejected"]);
    assert_eq!(it.w.validity(it.sample), "valid");
    it.decides("晋城", labels[1], "rejected", 0).expect(201);
    it.says(&["TRACE.rejected", "TRACE.not_counted"]);
    assert_eq!(it.w.validity(it.sample), "valid_with_violation");
    it.decides("晋城", labels[0], "questioned", 1).expect(201);
    it.says(&["TRACE.rejected", "TRACE.questioned"]);
    assert_eq!(it.w.validity(it.sample), "valid");
    it.decides("晋城", labels[1], "accepted", 1).expect(201);
    it.decides("晋城", labels[0], "accepted", 2).expect(201);
    it.says(&[]);
    // Every version stays, with who and why, the newest first.
    let file = it.file("晋城", labels[0]);
    let verdicts: Vec<_> = file["reviews"].as_array().unwrap().iter().collect();
    let told: Vec<_> = verdicts
        .iter()
        .map(|it| (it["version"].as_i64().unwrap(), word(&it["verdict"])))
        .collect();
    let expected = [(3, "accepted"), (2, "questioned"), (1, "rejected")];
    assert_eq!(told, expected.map(|(n, verdict)| (n, verdict.to_owned())));
    assert_eq!(verdicts[0]["user_id"], it.w.id("user", "晋城"));
    assert_eq!(verdicts[0]["reason"], "标签看不清");
    assert_eq!(
        verdicts[0]["authority_id"],
        it.w.id("organisation", "晋城市局")
    );
    assert_eq!(file["evidence"]["review"]["version"], 3);
    let trail =
        it.w.server
            .reads("SELECT act FROM audit_events WHERE act = 'evidence.reviewed'");
    assert_eq!(trail.len(), 5);
}

#[test]
fn whoever_decides_without_having_seen_what_stands_is_told_and_changes_nothing() {
    let it = Drawn::new();
    let piece = it.of_kind("label")[0];
    it.decides("晋城", piece, "questioned", 0).expect(201);
    for saw in [0, 2, -1, i64::MAX] {
        let answer = it.decides("晋城", piece, "rejected", saw);
        let answer = answer.expect_problem(409, "review_outdated");
        assert_eq!(answer.body["errors"][0]["detail"], "1", "{:?}", answer.body);
    }
    // Sent again, the same decision is the one that stands.
    let before = it.w.server.rows();
    let again = it.decides("晋城", piece, "questioned", 0).expect(201);
    assert_eq!(again.body["version"], 1);
    assert_eq!(
        it.w.server.rows()["evidence_reviews"],
        before["evidence_reviews"]
    );
    let reasons = [json!(""), json!(" \n"), json!("长".repeat(4_001))];
    for reason in reasons {
        let body = json!({ "verdict": "rejected", "reason": reason, "expected_version": 1 });
        let path = format!("{}/reviews", it.path(piece));
        let answer = it.w.call("POST", "晋城", &path, body);
        answer.expect_problem(422, "value_invalid");
    }
    let of_others = json!({
        "verdict": "accepted", "expected_version": 1, "sha256": "00".repeat(32)
    });
    let answer = it.w.call(
        "POST",
        "晋城",
        &format!("{}/reviews", it.path(piece)),
        of_others,
    );
    answer.expect_problem(409, "evidence_differs");
    // What acceptance says needs no words.
    let plain = json!({ "verdict": "accepted", "expected_version": 1 });
    let answer = it.w.call(
        "POST",
        "晋城",
        &format!("{}/reviews", it.path(piece)),
        plain,
    );
    assert_eq!(answer.expect(201).body["version"], 2);
}

#[test]
fn the_authority_that_commissioned_the_sampling_or_one_above_reviews_and_nobody_else() {
    let it = Drawn::new();
    let piece = it.of_kind("label")[0];
    for who in ["王", "赵"] {
        let answer = it.decides(who, piece, "accepted", 0);
        answer.expect_problem(403, "role_forbidden");
        assert_eq!(it.file(who, piece)["may_review"], false);
    }
    // A reviewer of the body whose pictures they are, a county that looks on, and another city.
    let admin = it.w.token("admin");
    for (organisation, name, status, code) in [
        ("晋阳", "jinyang", 403, "role_forbidden"),
        ("泽州局", "zezhou", 403, "scope_forbidden"),
        ("运城市局", "yuncheng", 404, "not_found"),
    ] {
        let role = match organisation {
            "晋阳" => "inspection_body",
            _ => "admin",
        };
        let organisation = it.w.id("organisation", organisation);
        it.w.server.user(&admin, &organisation, name, &[role]);
        let body = json!({ "verdict": "accepted", "expected_version": 0 });
        let path = format!("{}/reviews", it.path(piece));
        let answer = it.w.server.post(&path, &it.w.server.log_in(name), body);
        answer.expect_problem(status, code);
    }
    it.decides("admin", piece, "accepted", 0).expect(201);
    assert_eq!(it.file("晋城", piece)["may_review"], true);
    // What nobody has seen is not decided on.
    let unseen = it.brings_picture("label", "not here yet");
    it.phone.syncs();
    it.decides("晋城", unseen, "accepted", 0)
        .expect_problem(404, "evidence_awaited");
    let nothing: EvidenceId = "01900000-0000-7000-8000-00000000ffff".parse().unwrap();
    it.decides("晋城", nothing, "accepted", 0)
        .expect_problem(404, "not_found");
}

#[test]
fn a_question_reaches_the_phone_and_the_answer_comes_back_late_beside_the_piece() {
    let it = Drawn::new();
    let labels = it.of_kind("label");
    for label in &labels {
        it.decides("晋城", *label, "rejected", 0).expect(201);
    }
    let told = it.told();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].reason, "标签看不清");
    assert_eq!((told[0].version, told[0].sha256.to_string().len()), (1, 64));
    let unasked = it.of_kind("stock")[0];
    let refused = it.phone.client.answer_review(it.visit, unasked, "?", None);
    assert_eq!(refused.unwrap_err().code, "review.unknown");
    // 待办: both pieces wait on the phone, each with what the authority said.
    let waiting = || {
        let todos = it.phone.client.todos().unwrap().into_iter();
        let asked = todos.filter(|it| it.kind == TodoKind::Answer);
        asked.collect::<Vec<_>>()
    };
    let pieces: BTreeSet<_> = waiting().iter().filter_map(|it| it.evidence_id).collect();
    assert_eq!(pieces, labels.iter().copied().collect());
    assert_eq!(waiting()[0].zh, "影像待补正：不采信，标签看不清");
    let late = it.brings_picture("label", "a clearer label");
    let answer = |piece, words: &str, supplement| {
        let client = &it.phone.client;
        client.answer_review(it.visit, piece, words, supplement)
    };
    answer(labels[0], "重新拍摄", Some(late)).unwrap();
    answer(labels[1], "现场光线不足", None).unwrap();
    assert_eq!(waiting(), []);
    it.phone.syncs();
    // Told to be late, waiting for the authority, and worth nothing before it is accepted.
    let late_words = [
        "TRACE.rejected",
        "TRACE.not_counted",
        "TRACE.answered_late",
        "TRACE.late",
    ];
    it.says(&[&late_words[..], &["TRACE.awaited"]].concat()[..4]);
    it.all_here();
    let waiting = it.listed("晋城", "state=answered");
    let expected: BTreeSet<String> = labels.iter().map(EvidenceId::to_string).collect();
    assert_eq!(
        waiting
            .into_iter()
            .map(|(id, _)| id)
            .collect::<BTreeSet<_>>(),
        expected
    );
    let file = it.file("晋城", labels[0]);
    let told = &file["evidence"]["answers"][0];
    assert_eq!(
        (&told["words"], &told["late"]),
        (&json!("重新拍摄"), &json!(true))
    );
    assert_eq!(told["supplement"], json!(late));
    assert_eq!(told["user_id"], it.w.id("user", "王"));
    assert_eq!(
        it.file("晋城", late)["evidence"]["supplements"],
        json!(labels[0])
    );
    assert_eq!(it.w.validity(it.sample), "valid_with_violation");
    it.decides("晋城", late, "accepted", 0).expect(201);
    assert_eq!(it.w.validity(it.sample), "valid");
    it.says(&["TRACE.rejected", "TRACE.answered_late", "TRACE.late"]);
    // Another phone of the team, that comes later, is told what stands as well.
    let other = it.w.phone("赵");
    other.syncs();
    let stands = other.client.reviews(it.visit).unwrap();
    assert_eq!(stands.len(), 3);
}

#[test]
fn the_list_of_what_is_to_be_reviewed_goes_in_pages_and_by_state() {
    let it = Drawn::new();
    let all = it.listed("晋城", "state=all");
    assert_eq!(all.len(), it.items().len());
    assert_eq!(it.listed("晋城", ""), it.listed("晋城", "state=unreviewed"));
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/evidence?limit=3{after}");
        let page =
            it.w.call("GET", "晋城", &path, Value::Null)
                .expect(200)
                .body;
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|item| word(&item["evidence_id"])));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let once: Vec<String> = all.into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, once, "each once, in the order of the list");
    let labels = it.of_kind("label");
    it.decides("晋城", labels[0], "questioned", 0).expect(201);
    it.decides("晋城", labels[1], "accepted", 0).expect(201);
    for (state, expected) in [("questioned", labels[0]), ("accepted", labels[1])] {
        let listed = it.listed("晋城", &format!("state={state}&visit={}", it.visit));
        assert_eq!(listed, [(expected.to_string(), state.to_owned())]);
    }
    assert_eq!(it.listed("晋城", "").len(), once.len() - 2);
    assert_eq!(it.listed("晋城", "reused=true&state=all"), []);
    assert_eq!(it.listed("李", "state=all"), [], "another team's");
    for query in [
        "state=odd",
        "after=x",
        "after=1_2_3",
        "limit=0",
        "visit=x",
        "mine=1",
    ] {
        let path = format!("/v1/evidence?{query}");
        let answer = it.w.call("GET", "晋城", &path, Value::Null);
        answer.expect_problem(400, "query_invalid");
    }
}

/// The manifest names other bytes, as if a phone had written over its entry.
const OTHER_BYTES: Statement = Statement {
    name: "other bytes",
    sql: "UPDATE evidence_verdicts SET sha256 = $1",
};

#[test]
fn a_decision_on_other_bytes_decides_nothing_of_these() {
    let it = Drawn::new();
    let piece = it.of_kind("label")[0];
    it.decides("晋城", piece, "questioned", 0).expect(201);
    it.w.server.runtime.block_on(async {
        let mut tx = it.w.server.app.store.begin().await.unwrap();
        tx.exec(&OTHER_BYTES, args![vec![7_u8; 32]]).await.unwrap();
        tx.commit().await.unwrap();
    });
    let unreviewed = it.listed("晋城", "state=unreviewed");
    assert!(unreviewed.contains(&(piece.to_string(), "unreviewed".to_owned())));
}

#[test]
fn what_was_decided_is_found_by_its_verdict_and_not_by_looking_at_every_piece() {
    let it = Drawn::new();
    let labels = it.of_kind("label");
    it.decides("晋城", labels[0], "rejected", 0).expect(201);
    it.decides("晋城", labels[1], "questioned", 0).expect(201);
    for (state, piece) in [("rejected", labels[0]), ("questioned", labels[1])] {
        let listed = it.listed("晋城", &format!("state={state}"));
        assert_eq!(listed, [(piece.to_string(), state.to_owned())]);
    }
    assert!(it.listed("晋城", "state=accepted").is_empty());
    // How SQLite goes about it; PostgreSQL weighs it by what there is.
    if it.w.server.database().is_some() {
        return;
    }
    for name in ["LIST_DECIDED", "LIST_DECIDED_BEFORE"] {
        let mut known = fieldseal_server::store::statements();
        let known = known
            .find(|known| known.name.ends_with(&format!("::{name}")))
            .unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", known.sql);
        let plan = Statement {
            name: "plan",
            sql: sql.leak(),
        };
        let values = vec![fieldseal_server::store::Value::Text(None); 13];
        let steps = it.w.server.runtime.block_on(async {
            let mut db = it.w.server.app.store.read().await.unwrap();
            db.all(&plan, values).await.unwrap()
        });
        let steps: Vec<String> = steps.iter().map(|it| it.get("detail").unwrap()).collect();
        let looks = |what: &str| steps.iter().any(|step| step.contains(what));
        assert!(
            looks("INDEX evidence_verdicts_decided (verdict=?"),
            "{steps:#?}"
        );
        assert!(!looks("SCAN e"), "{steps:#?}");
        assert!(looks("SEARCH e USING"), "{steps:#?}");
    }
}
