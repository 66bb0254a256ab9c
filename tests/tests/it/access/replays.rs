//! Every request can be sent again and changes nothing (I9): networks repeat what was done already, and nobody can tell.

use std::collections::{BTreeMap, BTreeSet};

use fieldseal_server::access::gate::operations_of;
use fieldseal_server::router::document;
use fieldseal_server::services::ruling::rule_what_is_dirty;
use fieldseal_server::services::wakes;
use fieldseal_server::store::Statement;
use fieldseal_tests::push_provider::PushProvider;
use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::server::{Answer, PASSWORD};
use fieldseal_tests::tus::{Piece, Tus};
use fieldseal_tests::{TestDevice, TestServer, World};
use mobile_ffi::PartyAct;
use serde_json::{Value, json};
use sync_core::limits::{IDEMPOTENCY_KEY_CHARS_MAX, IDEMPOTENCY_KEY_MS, IMPORT_REQUEST_S};
use sync_core::model::{RefusalId, SealSubject};
use sync_core::sync::wire::SyncRequest;

/// Operations that a test cannot send twice in this sense, each with its reason.
const EXCEPT: &[(&str, &str)] = &[
    (
        "create_challenge",
        "a challenge is nothing but a fresh random text that expires by itself",
    ),
    (
        "append_upload",
        "tus answers 409 to an offset that is passed; that nothing changes is seen beside it (`uploads/protocol.rs`)",
    ),
    (
        "terminate_upload",
        "tus answers 410 to what is gone; that nothing changes is seen beside it (`uploads/protocol.rs`)",
    ),
];
/// Tables that count what came, and no more than that.
const COUNTERS: &[&str] = &["login_attempts", "known_login_places"];
/// Tables that a job writes whenever it comes by.
const OF_JOBS: &[&str] = &["media"];
/// A login that is sent again gets tokens in place of those that were lost on the way.
const TOKENS: &[&str] = &["refresh_tokens"];

/// Sends requests twice.
struct Twice<'a> {
    w: &'a World,
    methods: BTreeMap<String, String>,
    tried: BTreeSet<String>,
}

/// What of an answer is new each time.
fn without(mut body: Value, fresh: &[&str]) -> Value {
    if let Value::Object(fields) = &mut body {
        fields.retain(|name, _| !fresh.contains(&name.as_str()));
    }
    body
}

impl Twice<'_> {
    /// Sends it, a moment later sends it again, and compares everything that is stored.
    #[track_caller]
    fn same(
        &mut self,
        operation: &str,
        (tables, fresh): (&[&str], &[&str]),
        send: impl Fn(&TestServer, &str) -> Answer,
    ) -> Answer {
        let method = self.methods[operation].as_str();
        let server = &self.w.server;
        let first = send(server, method);
        assert!((200..300).contains(&first.status), "{operation}: {first:?}");
        server.clock.advance_ms(1_000);
        // What it marked is ruled by a job as well, whenever that comes by.
        let ruled = rule_what_is_dirty(&server.app);
        server.runtime.block_on(ruled).unwrap();
        // And another job goes through the feed for phones to wake.
        let woken = wakes::look(&server.app);
        server.runtime.block_on(woken).unwrap();
        let before = server.rows();
        let again = send(server, method);
        let after = server.rows();
        for (table, rows) in &before {
            let let_go = [COUNTERS, OF_JOBS, tables];
            let let_go = let_go.iter().any(|it| it.contains(&table.as_str()));
            assert!(
                let_go || *rows == after[table],
                "{operation} changed {table}: {:?} became {:?}",
                rows.iter()
                    .filter(|row| !after[table].contains(row))
                    .collect::<Vec<_>>(),
                after[table]
                    .iter()
                    .filter(|row| !rows.contains(row))
                    .collect::<Vec<_>>(),
            );
            // Tokens in place of lost ones stand beside them, so that a copy is known again.
            assert!(rows.len() == after[table].len() || let_go);
        }
        if operation == "delete_tokens" {
            // Whoever logged out is a stranger from then on.
            assert_eq!(again.code(), "session_ended");
        } else {
            assert!((200..300).contains(&again.status), "{operation}: {again:?}");
            assert_eq!(
                without(again.body, fresh),
                without(first.body.clone(), fresh),
                "{operation} answers as before"
            );
        }
        self.tried.insert(operation.to_owned());
        first
    }

    /// The same for somebody's request with a JSON body.
    #[track_caller]
    fn by(&mut self, who: &str, operation: &str, path: &str, body: Value) -> Answer {
        let token = self.w.token(who);
        self.same(operation, (&[], &[]), |server, method| {
            server.call(method, path, Some(&token), body.clone())
        })
    }
}

/// A refusal that a team sealed and sent.
fn refused(w: &World) -> RefusalId {
    let mut phone = w.phone("王");
    let visit = phone.enters("五金店");
    let refusal = without_reason("店主锁门，拒绝抽样", "电动车头盔", "邻店店主");
    let refusal = phone.client.refuse(visit, refusal).unwrap();
    let act = PartyAct::Refused {
        reason: "不愿被抽样".to_owned(),
        witness: "邻店店主".to_owned(),
        handwriting: Some(b"handwriting of the neighbour".to_vec()),
    };
    phone
        .tries_to_seal_with(SealSubject::Refusal(refusal), act)
        .unwrap();
    phone.syncs();
    refusal
}

/// What a phone tried to send while it had no network.
fn unsent(phone: &fieldseal_tests::Phone) -> Value {
    phone.offline();
    phone.tries_to_sync();
    let request = phone.network.syncs().pop().unwrap();
    let json = zstd::decode_all(request.body.as_slice()).unwrap();
    let page: SyncRequest = serde_json::from_slice(&json).unwrap();
    assert!(!page.changes.is_empty());
    json!(page)
}

#[test]
fn every_mutating_operation_can_be_sent_again() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    let sample = phone.draws("T1");
    let piece = Piece::listed(&phone, b"a film");
    phone.syncs();
    phone.draws_with("T1", json!({ "lot_no": "第二批" }));
    let page = unsent(&phone);
    let mut stolen = w.phone("李");
    let stolen_visit = stolen.enters("五金店");
    let stolen_page = unsent(&stolen);

    let document = document();
    let operations = document.paths.paths.values().flat_map(operations_of);
    let methods: BTreeMap<_, _> = operations
        .map(|(method, id)| (id, method.to_string()))
        .collect();
    let mut t = Twice {
        w: &w,
        methods,
        tried: BTreeSet::new(),
    };
    let id = |kind, key| w.id(kind, key);
    let nothing: (&[&str], &[&str]) = (&[], &[]);

    // Evidence.
    let tus = Tus::of(&w, "王", 42);
    t.same("create_upload", nothing, |_, _| {
        let reply = tus.asks_to_create(&piece);
        let place = reply.header("location").map(str::to_owned);
        Answer {
            status: reply.status,
            body: json!({ "location": place }),
            raw: String::new(),
            headers: Default::default(),
        }
    });

    // Cases.
    let case = {
        let mut zhao = w.phone("赵");
        let visit = zhao.enters("服饰");
        let input = mobile_ffi::ReportInput {
            grounds: "unlicensed".to_owned(),
            description: "不能出示许可".to_owned(),
            recipients: vec![id("organisation", "晋城市局").parse().unwrap()],
        };
        let report = zhao.client.report(visit, input).unwrap();
        let subject = sync_core::model::SealSubject::OnSiteReport(report);
        let party = fieldseal_tests::phone::signed_by_party();
        zhao.tries_to_seal_with(subject, party).unwrap();
        zhao.syncs();
        format!("/v1/cases/{visit}/{report}")
    };
    for (operation, act, body) in [
        ("take_case", "taking", Value::Null),
        ("give_back_case", "giving-back", json!({ "reason": "错领" })),
        ("receive_case", "receipt", json!({ "receipt_no": "1" })),
        (
            "hand_over_case",
            "hand-over",
            json!({ "office": "支队", "receipt_no": "2" }),
        ),
        ("dispose_of_case", "disposal", json!({ "result": "立案" })),
    ] {
        t.by("晋城", operation, &format!("{case}/{act}"), body);
    }

    // Waking phones.
    PushProvider::start().serves(&w.server);
    let woken = TestDevice::enrolled(&w.server, &w.token("admin"), &id("user", "孙"), 43);
    let path = format!("/v1/devices/{}/push-token", woken.id);
    let token = json!({ "endpoint": "push", "token": "x" });
    t.same("put_push_token", nothing, |server, method| {
        server.call(method, &path, Some(&woken.access), token.clone())
    });
    t.same("delete_push_token", nothing, |server, method| {
        server.call(method, &path, Some(&woken.access), Value::Null)
    });

    // Access.
    let new = json!({ "kind": "station", "name": "站", "region": "140500" });
    t.by("admin", "create_organisation", "/v1/organisations", new);
    let new = json!({
        "organisation_id": id("organisation", "晋阳"), "username": "neu", "display_name": "新人",
        "roles": ["sampler"], "password": PASSWORD,
    });
    let neu = t
        .by("admin", "create_user", "/v1/users", new)
        .text("user_id");
    let change = json!({
        "password": "another long password", "active": true, "roles": ["sampler", "inspection_body"], "regions": [],
    });
    t.by("admin", "update_user", &format!("/v1/users/{neu}"), change);
    let admin = w.token("admin");
    let code = t.same("create_enrolment_code", nothing, |server, method| {
        let body = json!({ "user_id": neu });
        server.call_keyed(
            method,
            "/v1/enrolment-codes",
            Some(&admin),
            "one-code",
            body,
        )
    });
    let mut device = TestDevice::new(40);
    let body = device.enrolment(&code.text("code"), &w.server.challenge());
    let enrolled = t.same("enrol_device", (TOKENS, &["tokens"]), |server, method| {
        server.call(method, "/v1/devices", None, body.clone())
    });
    device.id = enrolled.text("device_id");
    let fresh: &[&str] = &["access_token", "refresh_token", "refresh_expires_at"];
    let login = json!({
        "grant": "password", "username": "neu", "password": "another long password",
        "device": device.proof(&w.server),
    });
    let tokens = t.same("create_tokens", (TOKENS, fresh), |server, method| {
        server.call(method, "/v1/tokens", None, login.clone())
    });
    // The first answer was lost: whoever asks again gets other tokens of the same session.
    device.access = tokens.text("access_token");
    let refreshed = w.server.call("POST", "/v1/tokens", None, login.clone());
    let refresh = json!({
        "grant": "refresh", "refresh_token": refreshed.expect(201).text("refresh_token"),
        "device": device.proof(&w.server),
    });
    let rotated = (&["refresh_tokens"][..], fresh);
    let tokens = t.same("create_tokens", rotated, |server, method| {
        server.call(method, "/v1/tokens", None, refresh.clone())
    });
    device.access = tokens.text("access_token");
    let path = format!("/v1/devices/{}/signers", device.id);
    let signer = TestDevice::new(41).signer(&w.server, &device, "zhao");
    t.same("create_signer", nothing, |server, method| {
        server.call(method, &path, Some(&device.access), signer.clone())
    });
    let path = format!("/v1/devices/{}/agreement-key", device.id);
    let key = device.agreement_key(&w.server, 42);
    t.same("put_agreement_key", nothing, |server, method| {
        server.call(method, &path, Some(&device.access), key.clone())
    });
    t.same("create_sheet_number_block", nothing, |server, method| {
        let body = json!({ "request_id": "01900000-0000-7000-8000-000000000001" });
        server.call(
            method,
            "/v1/sheet-number-blocks",
            Some(&device.access),
            body,
        )
    });

    // Sync, carried by another phone.
    let clock: &[&str] = &["time_token", "as_of_ms", "cursor", "items"];
    t.same("sync", (&[], clock), |server, method| {
        server.call(method, "/v1/sync", Some(&device.access), page.clone())
    });
    let path = format!(
        "/v1/devices/{}/revocation",
        stolen.client.enrolled().unwrap().unwrap().device_id
    );
    t.by(
        "admin",
        "revoke_device",
        &path,
        json!({ "reason": "手机被盗" }),
    );
    t.same("sync", (&[], clock), |server, method| {
        server.call(
            method,
            "/v1/sync",
            Some(&device.access),
            stolen_page.clone(),
        )
    });
    let aside = w.dossier(stolen_visit)["aside"].clone();
    let item = aside[0]["item_id"].as_str().expect("something quarantined");
    let path = format!("/v1/quarantine/{item}/admission");
    t.by(
        "晋城",
        "admit_change",
        &path,
        json!({ "reason": "核实为本人所采" }),
    );

    // Reference data.
    let new = json!({ "authority_id": id("organisation", "晋城市局"), "code": "新", "name": "新" });
    let campaign = t
        .by("admin", "create_campaign", "/v1/campaigns", new)
        .text("campaign_id");
    let new = json!({
        "campaign_id": campaign, "code": "T", "product_name": "检查井盖", "sampling_kind": "routine", "quota_batches": 1,
        "enterprises": [id("enterprise", "铸造")],
    });
    let task = t
        .by("admin", "create_task", "/v1/tasks", new)
        .text("task_id");
    let of_task = |what: &str| format!("/v1/tasks/{task}/{what}");
    t.by("admin", "approve_task", &of_task("approval"), Value::Null);
    let new = json!({
        "body_id": id("organisation", "晋阳"), "campaign_id": campaign, "name": "新组", "members": [id("user", "王")],
    });
    let team = t
        .by("admin", "create_team", "/v1/teams", new)
        .text("team_id");
    let to = json!({ "body_id": id("organisation", "晋阳"), "team_id": team, "reason": "派" });
    t.by("admin", "assign_task", &of_task("assignment"), to);
    let roster = json!({ "members": [id("user", "王"), id("user", "赵"), neu] });
    t.by("admin", "update_team", &format!("/v1/teams/{team}"), roster);
    let new = json!({ "name": "没有代码的厂", "region": "140525" });
    let enterprise = t
        .by("admin", "create_enterprise", "/v1/enterprises", new)
        .text("enterprise_id");
    let path = format!("/v1/enterprises/{enterprise}/aliases");
    let alias =
        json!({ "from_key": "device:01900000-0000-7000-8000-000000000009", "reason": "核对" });
    let alias = t.by("admin", "create_alias", &path, alias).text("alias_id");
    let path = format!("/v1/enterprise-aliases/{alias}/undoing");
    t.by("admin", "undo_alias", &path, json!({ "reason": "误" }));
    let new = json!({
        "authority_id": id("organisation", "晋城市局"), "product_name": "新品", "standards": ["GB 1-2000"], "unit": "只",
        "min_base_milli": 9_000, "test_qty_milli": 1_000, "spare_qty_milli": 1_000,
    });
    t.by("admin", "create_product_rule", "/v1/product-rules", new);
    let path = format!(
        "/v1/organisations/{}/suspensions",
        id("organisation", "济宁")
    );
    let suspended = t.by("晋城", "suspend_body", &path, json!({ "reason": "违规" }));
    let path = format!("/v1/suspensions/{}/lift", suspended.text("suspension_id"));
    t.by(
        "晋城",
        "lift_suspension",
        &path,
        json!({ "reason": "撤销" }),
    );
    let recusal =
        json!({ "enterprise_id": enterprise, "user_id": id("user", "王"), "reason": "亲属任职" });
    let recusal = t.by("admin", "declare_recusal", &of_task("recusals"), recusal);
    let told = json!({
        "enterprise_id": enterprise, "told_at": "2025-02-28T00:00:00Z", "detail": "企业门卫登记显示有人来电",
    });
    t.by("晋城", "disclose_task", &of_task("disclosures"), told);
    let path = format!("/v1/recusals/{}/lift", recusal.text("recusal_id"));
    t.by(
        "晋城",
        "lift_recusal",
        &path,
        json!({ "reason": "无利益冲突" }),
    );
    let grant = json!({
        "campaign_id": campaign, "body_id": id("organisation", "晋阳"), "enterprise_id": enterprise, "reason": "补样",
        "expires_at": "2025-04-01T00:00:00Z",
    });
    t.by(
        "晋城",
        "create_re_entry_grant",
        "/v1/re-entry-grants",
        grant,
    );
    let notice = json!({
        "notice_no": "晋市监抽〔2025〕1号", "campaign_id": campaign, "body_id": id("organisation", "晋阳"),
        "enterprise_id": enterprise, "tasks": [task], "samplers": [id("user", "王")],
        "valid_from": "2025-03-01", "valid_until": "2025-03-31",
    });
    t.by(
        "晋城",
        "create_sampling_notice",
        "/v1/sampling-notices",
        notice,
    );
    let text = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\neffective_from = '2025-05-01'\n\
        source = '晋'\n[rules.YEAR3]\nenabled = true\nmax_visits = 2\n";
    t.by(
        "admin",
        "publish_rulebook",
        "/v1/rulebooks",
        json!({ "text": text }),
    );
    let prior = json!({
        "source": "旧系统", "confidence": "reported", "sampled_on": "2025-02-01", "sampling_kind": "routine",
        "channel": "production", "region": "140525",
    });
    // It shows how the sampling is ruled, which happens a moment after it came.
    let ruled: &[&str] = &["findings", "rulebook", "validity"];
    t.same("create_prior_sampling", (&[], ruled), |server, method| {
        server.call(method, "/v1/prior-samplings", Some(&admin), prior.clone())
    });
    t.same("import_file", (&[], &["rows", "created", "unchanged", "updated"]), |server, method| {
        let file = "统一社会信用代码,企业名称,行政区划\n911405250000B1E536,泽州示例铸造,140525\n,新导入的厂,140525\n";
        let (path, bytes) = ("/v1/imports/enterprises", Some(file.as_bytes().to_vec()));
        server.call_raw(method, path, Some(&admin), "text/csv", bytes)
    });

    let foundry = id("enterprise", "铸造");
    let door = json!({ "team_id": team, "enterprise_id": foundry, "duration_s": 3_600 });
    let lease = t.same("create_lease", nothing, |server, method| {
        server.call(method, "/v1/leases", Some(&device.access), door.clone())
    });
    let path = format!("/v1/leases/{}/release", lease.text("lease_id"));
    t.same("release_lease", nothing, |server, method| {
        server.call(method, &path, Some(&device.access), Value::Null)
    });

    // The papers of a phone, which the server has.
    let certificate = enrolled.body["certificate"].clone();
    let papers =
        json!({ "certificates": [certificate], "leases": [{ "signed": lease.body["signed"] }] });
    t.same("return_papers", nothing, |server, method| {
        server.call(
            method,
            "/v1/returned-papers",
            Some(&device.access),
            papers.clone(),
        )
    });

    // The laboratory, and persons' rulings.
    let of_sample = |what: &str| format!("/v1/samples/{sample}/{what}");
    let seals = w.sample(sample)["seal_numbers"].clone();
    let receipt = json!({ "seals": seals, "condition": "完好", "accepted": true });
    t.by("钱", "receive_sample", &of_sample("receipt"), receipt);
    t.by(
        "钱",
        "start_testing",
        &of_sample("testing-started"),
        json!({}),
    );
    let served = json!({ "served_at": "2025-03-01T00:00:00Z" });
    t.by("晋城", "serve_result", &of_sample("service"), served);
    let decision = json!({ "validity": "valid", "reason": "核实" });
    t.by("晋城", "decide_sample", &of_sample("rulings"), decision);
    let rulings = w.rulings(visit);
    let entry = rulings
        .iter()
        .find_map(|it| it["subject"].as_str()?.strip_prefix("entry/"));
    let path = format!("/v1/entries/{}/rulings", entry.unwrap().replace('/', "%2F"));
    let decision = json!({ "standing": "first", "reason": "核实门卫登记" });
    t.by("晋城", "decide_entry", &path, decision);
    let bytes = i64::try_from(b"a film".len()).unwrap();
    w.brings(&phone, visit, piece.sha256.parse().unwrap(), bytes);
    let path = format!("/v1/visits/{visit}/evidence/{}/reviews", piece.evidence_id);
    let question = json!({ "verdict": "questioned", "reason": "看不清", "expected_version": 0 });
    t.by("晋城", "review_evidence", &path, question);
    let path = format!("/v1/refusals/{}/rulings", refused(&w));
    let decision = json!({ "refusal": "confirmed", "reason": "调看门口监控" });
    t.by("晋城", "decide_refusal", &path, decision);
    let messages = w.call("GET", "晋城", "/v1/publicity-messages", Value::Null);
    let message = messages.expect(200).body["items"][0]["message_id"].clone();
    let path = format!(
        "/v1/publicity-messages/{}/delivery",
        message.as_str().unwrap()
    );
    let receipt = json!({ "receipt": "公示-2025-0007" });
    t.by("晋城", "deliver_publicity_message", &path, receipt);
    t.by(
        "admin",
        "cancel_task",
        &of_task("cancellation"),
        json!({ "reason": "计划调整" }),
    );
    let sessions = w.server.get("/v1/sessions", &w.token("admin")).expect(200);
    let session = sessions.body["items"].as_array().unwrap().iter();
    let session = session
        .rev()
        .find(|it| it.get("device_id").is_none() && it["current"] == false);
    let session = session.unwrap()["session_id"].as_str().unwrap().to_owned();
    t.by(
        "admin",
        "end_session",
        &format!("/v1/sessions/{session}"),
        Value::Null,
    );
    t.by("admin", "end_other_sessions", "/v1/sessions", Value::Null);
    t.by("晋城", "create_checkpoint", "/v1/checkpoints", Value::Null);
    t.same("delete_tokens", nothing, |server, method| {
        server.call(method, "/v1/tokens", Some(&device.access), Value::Null)
    });

    let mutating = t.methods.iter().filter(|(_, method)| *method != "GET");
    let mut missing: BTreeSet<_> = mutating.map(|(id, _)| id.clone()).collect();
    missing.retain(|id| !t.tried.contains(id) && EXCEPT.iter().all(|(other, _)| other != id));
    assert!(missing.is_empty(), "never sent twice: {missing:?}");
}

#[test]
fn a_key_is_as_long_as_allowed_and_serves_one_request_for_a_day() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let users = ["zhang", "li"].map(|name| server.user(&admin, &body, name, &["sampler"]));
    let ask = |token: &str, key: &str, user: &str| {
        let new = json!({ "user_id": user });
        server.call_keyed("POST", "/v1/enrolment-codes", Some(token), key, new)
    };
    let longest = "k".repeat(IDEMPOTENCY_KEY_CHARS_MAX);
    let code = ask(&admin, &longest, &users[0]).expect(201);
    assert_eq!(ask(&admin, &longest, &users[0]).expect(201).body, code.body);
    ask(&admin, &longest, &users[1]).expect_problem(409, "idempotency_key_reused");
    for bad in [format!("{longest}k"), String::new(), "two words".to_owned()] {
        ask(&admin, &bad, &users[0]).expect_problem(400, "header_invalid");
    }
    // Under the same key somebody else has a place of their own, and what failed is tried again.
    let other = server.admin("370000");
    ask(&other, &longest, &users[0]).expect_problem(404, "not_found");
    ask(&other, &longest, &users[0]).expect_problem(404, "not_found");
    let plain = code.text("code");
    for row in server.rows().into_values().flatten() {
        assert!(!row.contains(&plain) && !row.contains(&format!("{:?}", plain.as_bytes())));
    }
    server.clock.advance_ms(IDEMPOTENCY_KEY_MS - 1);
    let admin = server.log_in("admin-140000");
    assert_eq!(ask(&admin, &longest, &users[0]).expect(201).body, code.body);
    server.clock.advance_ms(1);
    assert_ne!(ask(&admin, &longest, &users[0]).expect(201).body, code.body);
}

#[test]
fn a_request_under_way_is_waited_for_and_one_whose_server_died_is_done_again() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    let ask = |token: &str| {
        let new = json!({ "user_id": user });
        server.call_keyed("POST", "/v1/enrolment-codes", Some(token), "7", new)
    };
    ask(&admin).expect(201);
    // As if the server had died between the claim of the key and the answer.
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.unwrap();
        tx.exec(&NO_ANSWER, Vec::new()).await.unwrap();
        tx.commit().await.unwrap();
    });
    let waits = ask(&admin).expect_problem(409, "idempotency_key_in_use");
    assert_eq!(waits.headers["retry-after"], "1");
    let over = i64::try_from(IMPORT_REQUEST_S).unwrap() * 1_000 + 1;
    server.clock.advance_ms(over);
    let again = ask(&admin).expect(201);
    assert_eq!(again.body, ask(&admin).expect(201).body);
}

/// Every answer is forgotten, and no claim.
const NO_ANSWER: Statement = Statement {
    name: "no answer",
    sql: "UPDATE kept_answers SET status = NULL, answer = NULL",
};

#[test]
fn a_signed_login_that_arrives_twice_is_one_session_and_serves_nothing_else() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    server.user(&admin, &body, "li", &["sampler"]);
    let device = TestDevice::enrolled(&server, &admin, &user, 1);
    let proof = device.proof(&server);
    let grant =
        json!({ "grant": "password", "username": "zhang", "password": PASSWORD, "device": proof });
    let send = |grant: &Value| server.call("POST", "/v1/tokens", None, grant.clone());
    send(&grant).expect(201);
    let sessions = server.rows()["sessions"].clone();
    let second = send(&grant).expect(201);
    assert_eq!(server.rows()["sessions"], sessions);
    // The signature opens nothing but what it was sent with.
    for other in [
        json!({ "grant": "password", "username": "li", "password": PASSWORD, "device": proof }),
        json!({ "grant": "refresh", "refresh_token": device.refresh, "device": proof }),
    ] {
        send(&other).expect_problem(403, "challenge_invalid");
    }
    // Once the answer was used, nobody needs it again.
    let refresh = device.refresh_with(&server, &second.text("refresh_token"));
    refresh.expect(201);
    send(&grant).expect_problem(403, "challenge_invalid");
}

#[test]
fn every_mutating_operation_tells_of_the_key_that_it_heeds() {
    let server = TestServer::start();
    let document = server
        .call("GET", "/v1/openapi.json", None, Value::Null)
        .body;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array();
            let told =
                parameters.is_some_and(|all| all.iter().any(|it| it["name"] == "Idempotency-Key"));
            let id = operation["operationId"].as_str().unwrap_or("");
            let exempt = ["create_challenge", "sync"].contains(&id) || id.ends_with("_upload");
            assert_eq!(told, method != "get" && !exempt, "{method} {path}");
            let keys = parameters.into_iter().flatten();
            for key in keys.filter(|it| it["name"] == "Idempotency-Key") {
                let schema = &key["schema"];
                assert_eq!(schema["maxLength"], json!(IDEMPOTENCY_KEY_CHARS_MAX));
                assert_eq!(schema["pattern"], "^[!-~]+$", "what the server takes");
            }
        }
    }
}
