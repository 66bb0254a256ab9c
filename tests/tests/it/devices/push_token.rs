//! Waking phones: who is woken for what, what a provider's answers lead to, and whose token it is.

use fieldseal_server::services::wakes::look;
use fieldseal_tests::push_provider::{PushProvider, Reply};
use fieldseal_tests::{Phone, TestDevice, World};
use serde_json::{Value, json};
use sync_core::limits::{
    PUSH_TOKEN_CHARS_MAX, WAKE_GIVEN_UP_MS, WAKE_REST_MS, WEBHOOK_RETRY_BASE_MS,
    WEBHOOK_RETRY_MAX_MS,
};

/// A team of two: one has a phone with the app open, the other one's sleeps.
struct Team {
    w: World,
    provider: PushProvider,
    awake: Phone,
    asleep: TestDevice,
}

/// What the server notes of a wake.
#[derive(Debug)]
struct Noted {
    state: String,
    attempts: i64,
    last_error: Option<String>,
}

impl Team {
    fn new() -> Self {
        let w = World::shanxi();
        let provider = PushProvider::start();
        provider.serves(&w.server);
        let awake = w.phone("王");
        let asleep = TestDevice::enrolled(&w.server, &w.token("admin"), &w.id("user", "赵"), 90);
        let team = Self {
            w,
            provider,
            awake,
            asleep,
        };
        team.looks();
        team.registers(&team.asleep, "token-of-zhao").expect(200);
        team
    }

    fn registers(&self, device: &TestDevice, token: &str) -> fieldseal_tests::Answer {
        let path = format!("/v1/devices/{}/push-token", device.id);
        let body = json!({ "endpoint": "push", "token": token });
        let access = Some(device.access.as_str());
        self.w.server.call("PUT", &path, access, body)
    }

    fn looks(&self) {
        let looked = look(&self.w.server.app);
        self.w.server.runtime.block_on(looked).unwrap();
    }

    fn later_ms(&self, ms: i64) {
        self.w.server.clock.advance_ms(ms);
        self.looks();
    }

    /// The team's other phone brings something.
    fn news(&mut self) {
        self.awake.enters("铸造");
        self.awake.syncs();
        self.looks();
    }

    /// Waits until the wake is noted so: the server's own job may have it, which writes after the provider has answered.
    fn noted(&self, is: impl Fn(&Noted) -> bool) {
        let mut waited = 0;
        while !self.wakes().iter().any(&is) {
            waited += 1;
            assert!(waited < 600, "noted is {:?}", self.wakes());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    fn tried(&self, times: i64) {
        self.noted(|wake| wake.attempts == times);
    }

    fn sent(&self) {
        self.noted(|wake| wake.state == "sent");
    }

    fn wakes(&self) -> Vec<Noted> {
        let sql = "SELECT state, attempts, last_error FROM wakes";
        let rows = self.w.server.reads(sql);
        let noted = rows.iter().map(|row| Noted {
            state: row.get("state").unwrap(),
            attempts: row.get("attempts").unwrap(),
            last_error: row.get("last_error").unwrap(),
        });
        noted.collect()
    }

    fn acts(&self, act: &str) -> Vec<Value> {
        let path = format!(
            "/v1/audit-events?act={act}&subject=device:{}",
            self.asleep.id
        );
        let items = self.w.get(&path)["items"].take();
        items.as_array().unwrap().clone()
    }
}

#[test]
fn a_phone_is_woken_for_what_others_wrote_and_is_told_nothing_but_to_sync() {
    let mut team = Team::new();
    // The one who wrote has a token too.
    let enrolled = team.awake.client.enrolled().unwrap().unwrap();
    let synced = team.awake.network.syncs().pop().unwrap();
    let bearer = synced
        .headers
        .iter()
        .find(|(name, _)| name == "authorization");
    let access = bearer
        .unwrap()
        .1
        .strip_prefix("Bearer ")
        .unwrap()
        .to_owned();
    let path = format!("/v1/devices/{}/push-token", enrolled.device_id);
    let body = json!({ "endpoint": "push", "token": "token-of-wang" });
    team.w
        .server
        .call("PUT", &path, Some(&access), body)
        .expect(200);
    team.awake.goes_to("铸造");
    team.awake.syncs();
    team.looks();
    let wake = team.provider.next();
    assert_eq!(wake.token(), "token-of-zhao");
    assert_eq!(wake.body["type"], "sync.wanted");
    let mut fields: Vec<_> = wake.body.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["data", "timestamp", "type"]);
    assert_eq!(wake.body["data"], json!({ "token": "token-of-zhao" }));
    assert_eq!(wake.at_s, team.w.now() / 1_000);
    team.provider.is_left_alone();
}

#[test]
fn what_comes_in_one_rest_is_one_wake_at_its_end() {
    let mut team = Team::new();
    team.news();
    team.provider.next();
    team.sent();
    for _ in 0..3 {
        team.news();
    }
    team.later_ms(WAKE_REST_MS - 1);
    team.provider.is_left_alone();
    team.later_ms(1);
    team.provider.next();
    team.later_ms(WAKE_REST_MS);
    team.provider.is_left_alone();
}

#[test]
fn a_wake_is_tried_again_with_growing_pauses_under_one_id_until_it_is_taken() {
    let mut team = Team::new();
    team.provider.answers([
        Reply::Status(500, ""),
        Reply::HangUp,
        Reply::Status(429, "retry-after: 600\r\n"),
        Reply::Status(302, "location: http://127.0.0.1:9/elsewhere\r\n"),
        Reply::Status(503, "retry-after: 99999999\r\n"),
    ]);
    team.news();
    let first = team.provider.next();
    team.tried(1);
    let again = |wait: i64| {
        team.later_ms(wait);
        let next = team.provider.next();
        assert_eq!((&next.id, next.token()), (&first.id, first.token()));
    };
    // At most the whole pause, at least half of it.
    team.later_ms(WEBHOOK_RETRY_BASE_MS / 2 - 1);
    team.provider.is_left_alone();
    again(WEBHOOK_RETRY_BASE_MS);
    team.tried(2);
    again(2 * WEBHOOK_RETRY_BASE_MS);
    team.tried(3);
    // What the provider asks for is heeded, but no longer than the longest pause.
    team.later_ms(599_999);
    team.provider.is_left_alone();
    again(1);
    team.tried(4);
    again(8 * WEBHOOK_RETRY_BASE_MS);
    team.tried(5);
    team.later_ms(WEBHOOK_RETRY_MAX_MS - 1);
    team.provider.is_left_alone();
    again(1);
    team.sent();
    // Taken: it is over.
    team.later_ms(WEBHOOK_RETRY_MAX_MS);
    team.provider.is_left_alone();
}

#[test]
fn a_provider_that_never_answers_is_left_and_tried_again() {
    let mut team = Team::new();
    team.provider.answers([Reply::Silence]);
    team.news();
    let first = team.provider.next();
    // Whoever has it lets go when the provider's time is over.
    team.noted(|wake| wake.last_error.is_some());
    team.later_ms(WEBHOOK_RETRY_BASE_MS);
    assert_eq!(team.provider.next().id, first.id);
}

#[test]
fn a_token_that_the_provider_no_longer_knows_is_dropped() {
    let mut team = Team::new();
    team.provider.answers([Reply::Status(410, "")]);
    team.news();
    team.provider.next();
    let mut waited = 0;
    while team.acts("device.push_token_gone").is_empty() {
        waited += 1;
        assert!(waited < 600);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    team.later_ms(WAKE_REST_MS);
    team.news();
    team.provider.is_left_alone();
    team.registers(&team.asleep, "a-new-token").expect(200);
    team.later_ms(WAKE_REST_MS);
    team.news();
    assert_eq!(team.provider.next().token(), "a-new-token");
}

#[test]
fn a_phone_that_cannot_be_woken_for_a_day_is_given_up_where_everybody_sees_it() {
    let mut team = Team::new();
    team.provider.answers(vec![Reply::Status(500, ""); 200]);
    team.news();
    team.provider.next();
    let begun = team.w.now();
    let mut tried = 1;
    while team.w.now() < begun + WAKE_GIVEN_UP_MS {
        assert!(team.acts("device.wake_given_up").is_empty());
        team.tried(tried);
        let left = begun + WAKE_GIVEN_UP_MS - team.w.now();
        team.later_ms(left.min(WEBHOOK_RETRY_MAX_MS));
        team.provider.next();
        tried += 1;
    }
    let mut waited = 0;
    let told = loop {
        if let Some(told) = team.acts("device.wake_given_up").pop() {
            break told;
        }
        waited += 1;
        assert!(waited < 600);
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(told["detail"]["why"], "HTTP 500");
    let metrics = team.w.server.call("GET", "/metrics", None, Value::Null);
    let metrics = metrics.expect(200).raw;
    assert!(
        metrics.contains("fieldseal_wakes{state=\"given_up\"}"),
        "{metrics}"
    );
    team.later_ms(WEBHOOK_RETRY_MAX_MS);
    team.provider.is_left_alone();
    // What comes later is worth another try.
    team.provider.replies_as_usual();
    team.news();
    team.provider.next();
}

#[test]
fn a_token_belongs_to_one_phone_and_goes_with_it() {
    let mut team = Team::new();
    team.registers(&team.asleep, "token-of-zhao").expect(200);
    let path = format!("/v1/devices/{}/push-token", team.asleep.id);
    let admin = team.w.token("admin");
    // A stranger's phone registers nothing for this one.
    let user = team.w.id("user", "孙");
    let other = TestDevice::enrolled(&team.w.server, &admin, &user, 91);
    let body = json!({ "endpoint": "push", "token": "x" });
    team.w
        .server
        .call("PUT", &path, Some(&other.access), body)
        .expect_problem(404, "not_found");
    team.w
        .server
        .call("DELETE", &path, Some(&other.access), Value::Null)
        .expect_problem(404, "not_found");
    // The app was installed anew on the same phone: the newest registration is the one that holds.
    let again = TestDevice::enrolled(&team.w.server, &admin, &team.w.id("user", "赵"), 92);
    team.registers(&again, "token-of-zhao").expect(200);
    team.news();
    assert_eq!(team.provider.next().token(), "token-of-zhao");
    team.provider.is_left_alone();
    // Whoever has the phone revoked is woken no more.
    let revocation = format!("/v1/devices/{}/revocation", again.id);
    team.w
        .server
        .post(&revocation, &admin, json!({ "reason": "stolen" }))
        .expect(200);
    team.later_ms(WAKE_REST_MS);
    team.news();
    team.provider.is_left_alone();
    assert!(team.w.server.reads("SELECT * FROM push_tokens").is_empty());
    assert!(team.w.server.reads("SELECT * FROM wakes").is_empty());
}

#[test]
fn a_token_is_as_long_as_allowed_and_of_a_provider_that_is_known() {
    let team = Team::new();
    team.registers(&team.asleep, &"x".repeat(PUSH_TOKEN_CHARS_MAX))
        .expect(200);
    for wrong in [&"x".repeat(PUSH_TOKEN_CHARS_MAX + 1), "", "a b", "令牌"] {
        let answer = team.registers(&team.asleep, wrong);
        answer.expect_problem(422, "value_invalid").told("token");
    }
    let path = format!("/v1/devices/{}/push-token", team.asleep.id);
    let put = |body: Value| {
        let access = Some(team.asleep.access.as_str());
        team.w.server.call("PUT", &path, access, body)
    };
    let elsewhere = json!({ "endpoint": "http://169.254.169.254/", "token": "x" });
    put(elsewhere)
        .expect_problem(422, "value_invalid")
        .told("endpoint");
    put(json!({ "endpoint": "push", "token": "x", "url": "http://127.0.0.1/" }))
        .expect_problem(422, "body_invalid");
}
