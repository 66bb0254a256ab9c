//! The gateway to the credit publicity system (国家企业信用信息公示系统), as an operator runs one: it takes each message once by its
//! id, keeps what stands there, and gives a number for it. The real system is not reached from here.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use fieldseal_server::services::publicity::Gateway;
use serde_json::{Value, json};

use crate::server::TestServer;
pub use crate::webhook::Reply;
use crate::webhook::{Delivery, SECRET, Webhook};

/// What it keeps.
#[derive(Default)]
struct Register {
    /// What stands there, by subject: its number, and what it says.
    entries: BTreeMap<String, (String, Value)>,
    /// The numbers that were given, by `webhook-id`.
    given: BTreeMap<String, String>,
    /// How many answers are lost.
    lost: usize,
}

impl Register {
    fn answers(&mut self, delivery: &Delivery) -> Reply {
        let reply = self.takes(delivery);
        match self.lost.checked_sub(1) {
            None => reply,
            Some(left) => {
                self.lost = left;
                Reply::HangUp
            }
        }
    }

    fn takes(&mut self, delivery: &Delivery) -> Reply {
        if let Some(receipt) = self.given.get(&delivery.id) {
            return Reply::Says(json!({ "receipt": receipt }).to_string());
        }
        let data = &delivery.body["data"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subject = text(&data["subject"]);
        let stands = self.entries.get(&subject).map(|(number, _)| number.clone());
        let receipt = format!("公示-{:04}", self.given.len() + 1);
        match (text(&delivery.body["type"]).as_str(), stands) {
            ("publicity.enter", None) => {
                let entry = (receipt.clone(), data["record"].clone());
                self.entries.insert(subject, entry);
            }
            ("publicity.correct", Some(number)) if data["stands_as"] == json!(number) => {
                let entry = (receipt.clone(), data["record"].clone());
                self.entries.insert(subject, entry);
            }
            ("publicity.withdraw", Some(number)) if data["stands_as"] == json!(number) => {
                self.entries.remove(&subject);
            }
            _ => return Reply::Status(409, ""),
        }
        self.given.insert(delivery.id.clone(), receipt.clone());
        Reply::Says(json!({ "receipt": receipt }).to_string())
    }
}

/// The gateway.
pub struct PublicitySystem {
    webhook: Webhook,
    register: Arc<Mutex<Register>>,
}

impl Deref for PublicitySystem {
    type Target = Webhook;

    fn deref(&self) -> &Webhook {
        &self.webhook
    }
}

impl PublicitySystem {
    /// An empty one.
    pub fn start() -> Self {
        let register: Arc<Mutex<Register>> = Arc::default();
        let kept = register.clone();
        let webhook = Webhook::start(move |delivery| kept.lock().expect("it").answers(delivery));
        Self { webhook, register }
    }

    /// The server tells it what follows from refusals.
    pub fn serves(&self, server: &TestServer) {
        let gateway = Gateway::read(Some(self.url()), &[SECRET.to_owned()]);
        let gateway = gateway.expect("a gateway").expect("a gateway");
        assert!(server.app.publicity.set(gateway).is_ok());
    }

    /// So many of its answers from now on are lost on the way: it takes what comes, and nobody hears of it.
    pub fn loses_answers(&self, count: usize) {
        self.register.lock().expect("it").lost = count;
    }

    /// What stands there: the numbers and the enterprises.
    pub fn entries(&self) -> Vec<(String, String)> {
        let register = self.register.lock().expect("it");
        let entries = register.entries.values();
        let told = |(number, record): &(String, Value)| {
            let name = record["enterprise_name"].as_str().unwrap_or_default();
            (number.clone(), name.to_owned())
        };
        entries.map(told).collect()
    }
}
