//! The server as a process of its own, and what a phone says to it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fieldseal_tests::TestDevice;
use fieldseal_tests::child::ServerProcess;
use serde::Deserialize;
use serde_json::{Value, json};
use sync_core::proof::login_statement;
use sync_core::sync::wire::Cursor;

/// The unit of processor times in `/proc`, on every Linux that is not of the last century.
const TICKS_PER_S: u64 = 100;

/// `fieldseal serve`.
pub struct Server(ServerProcess);

/// What of an answer a measuring phone reads.
#[derive(Deserialize)]
pub struct Answer {
    pub cursor: Cursor,
    pub more: bool,
    pub statuses: Vec<Status>,
}

/// What became of a change.
#[derive(Deserialize)]
pub struct Status {
    pub status: String,
}

/// A phone's way to it.
pub struct Way {
    url: String,
    agent: ureq::Agent,
}

impl Server {
    pub fn start(folder: &Path, database_url: Option<&str>) -> Self {
        Self(ServerProcess::start_on(
            env!("CARGO_BIN_EXE_server"),
            folder,
            database_url,
        ))
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.0.url.clone()
    }

    pub fn way(&self) -> Way {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        Way {
            url: self.0.url.clone(),
            agent: config.build().new_agent(),
        }
    }

    /// The most memory that it ever held, and what it holds, in MB.
    pub fn memory_mb(&self) -> (f64, f64) {
        memory_mb_of(self.0.id())
    }

    /// What was the most memory is forgotten.
    pub fn counts_memory_anew(&self) {
        let file = format!("/proc/{}/clear_refs", self.0.id());
        fs::write(file, "5").expect("the kernel counts anew");
    }

    /// Processor time that it has used, of all its threads.
    pub fn processor(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("a process");
        // The name stands in brackets and may hold anything; user and system time are the 12th and 13th field after it.
        let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace();
        let ticks: Vec<u64> = fields
            .skip(11)
            .take(2)
            .map(|it| it.parse().expect("ticks"))
            .collect();
        Duration::from_millis(ticks.iter().sum::<u64>() * 1_000 / TICKS_PER_S)
    }

    pub fn stop(self) {
        assert!(self.0.terminate(), "the server ends well");
    }
}

/// The most memory that a process ever held, and what it holds, in MB.
pub fn memory_mb_of(process: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kib.expect("a figure") * 1_024.0 / 1e6
    };
    (field("VmHWM:"), field("VmRSS:"))
}

impl Way {
    fn post(&self, path: &str, body: &Value) -> Value {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.url))
            .send_json(body)
            .expect("an answer");
        let text = answer.body_mut().read_to_string().expect("a text");
        assert!(answer.status().is_success(), "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// New tokens for a phone.
    pub fn log_in(&self, phone: &mut TestDevice) {
        let challenge = self.post("/v1/challenges", &json!({}))["challenge"].clone();
        let challenge = challenge.as_str().expect("a challenge");
        let id = phone.id.parse().expect("an enrolled device");
        let proof = json!({
            "device_id": phone.id, "challenge": challenge,
            "signature": phone.sign(&login_statement(challenge, id)),
        });
        let grant = json!({ "grant": "refresh", "refresh_token": phone.refresh, "device": proof });
        let tokens = self.post("/v1/tokens", &grant);
        phone.take(&tokens);
    }

    /// A request of tus, without bytes or with some; the answer.
    pub fn tus(
        &self,
        method: &str,
        path: &str,
        access: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> ureq::http::Response<ureq::Body> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {access}"))
            .header("tus-resumable", "1.0.0");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let answer = self.agent.run(request).expect("an answer");
        assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
        answer
    }

    /// Waits until the bytes of an upload are found to be those of its manifest.
    pub fn waits_until_verified(&self, path: &str, access: &str) {
        loop {
            let mut answer = self.tus("GET", path, access, &[], b"");
            let text = answer.body_mut().read_to_string().expect("a text");
            let told: Value = serde_json::from_str(&text).expect("JSON");
            match told["state"].as_str() {
                Some("verified") => return,
                Some("checking") => std::thread::sleep(Duration::from_millis(2)),
                _ => panic!("{told}"),
            }
        }
    }

    /// Scopes that wait to be ruled.
    pub fn waiting(&self) -> f64 {
        let answer = self.agent.get(format!("{}/metrics", self.url)).call();
        let text = answer.expect("metrics").body_mut().read_to_string();
        let text = text.expect("a text");
        let line = text
            .lines()
            .find(|line| line.starts_with("fieldseal_dirty_scopes"));
        let figure = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        figure.expect("the gauge")
    }

    /// One round trip; the answer's bytes.
    pub fn sync(&self, access: &str, body: &[u8]) -> Vec<u8> {
        loop {
            let mut answer = self
                .agent
                .post(format!("{}/v1/sync", self.url))
                .header("authorization", format!("Bearer {access}"))
                .header("content-type", "application/json")
                .header("content-encoding", "zstd")
                .header("accept-encoding", "zstd")
                .send(body)
                .expect("an answer");
            if answer.status() == 503 {
                // Told to come again: a measured phone does so at once.
                continue;
            }
            assert_eq!(answer.status(), 200);
            let body = answer.body_mut().with_config().limit(64 << 20);
            return body.read_to_vec().expect("a body");
        }
    }
}

impl Answer {
    /// How many changes were accepted.
    pub fn accepted(&self) -> usize {
        let accepted = self.statuses.iter().filter(|it| it.status == "accepted");
        accepted.count()
    }
}

/// Reads an answer.
pub fn read(bytes: &[u8]) -> Answer {
    let json = zstd::stream::decode_all(bytes).expect("zstd");
    serde_json::from_slice(&json).expect("an answer")
}
