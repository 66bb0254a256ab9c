//! A phone's key and what it signs to be enrolled and to log in, without the rest of the phone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::model::{Actor, DeviceId};
use sync_core::proof::{enrolment_statement, login_statement, signer_statement};

use crate::server::{Answer, PASSWORD, TestServer};

/// A key on a phone.
pub struct TestDevice {
    /// The key.
    pub key: SigningKey,
    /// The install's actor.
    pub actor: Actor,
    /// The device's id, once enrolled.
    pub id: String,
    /// The latest access token.
    pub access: String,
    /// The latest refresh token.
    pub refresh: String,
}

impl TestDevice {
    /// A phone that is not enrolled yet; `number` tells phones apart.
    pub fn new(number: u8) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).expect("a key");
        let actor = Actor([number; 16]);
        Self {
            key,
            actor,
            id: String::new(),
            access: String::new(),
            refresh: String::new(),
        }
    }

    /// A phone enrolled for a person.
    pub fn enrolled(server: &TestServer, admin: &str, user: &str, number: u8) -> Self {
        let mut device = Self::new(number);
        let code = server.enrolment_code(admin, user);
        let answer = device.enrol(server, &code).expect(201);
        device.take(&answer.body["tokens"]);
        device.id = answer.text("device_id");
        device
    }

    /// Remembers tokens.
    pub fn take(&mut self, tokens: &Value) {
        self.access = tokens["access_token"]
            .as_str()
            .expect("an access token")
            .to_owned();
        self.refresh = tokens["refresh_token"]
            .as_str()
            .expect("a refresh token")
            .to_owned();
    }

    /// The public key, SEC1.
    pub fn public_key(&self) -> Vec<u8> {
        self.key
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec()
    }

    /// Signs, DER, base64.
    pub fn sign(&self, message: &[u8]) -> String {
        let signature: Signature = self.key.sign(message);
        STANDARD.encode(signature.to_der().as_bytes())
    }

    /// The body that enrols this phone.
    pub fn enrolment(&self, code: &str, challenge: &str) -> Value {
        let statement = enrolment_statement(challenge, &self.actor, &self.public_key());
        json!({
            "code": code, "actor": self.actor, "public_key": STANDARD.encode(self.public_key()),
            "label": "测试手机", "challenge": challenge, "signature": self.sign(&statement),
        })
    }

    /// Tries to enrol.
    pub fn enrol(&self, server: &TestServer, code: &str) -> Answer {
        let body = self.enrolment(code, &server.challenge());
        server.call("POST", "/v1/devices", None, body)
    }

    fn id(&self) -> DeviceId {
        self.id.parse().expect("an enrolled device")
    }

    /// The `device` field of a grant, for a fresh challenge.
    pub fn proof(&self, server: &TestServer) -> Value {
        let challenge = server.challenge();
        let signature = self.sign(&login_statement(&challenge, self.id()));
        json!({ "device_id": self.id, "challenge": challenge, "signature": signature })
    }

    /// Tries to refresh with a token.
    pub fn refresh_with(&self, server: &TestServer, token: &str) -> Answer {
        let proof = self.proof(server);
        let grant = json!({ "grant": "refresh", "refresh_token": token, "device": proof });
        server.call("POST", "/v1/tokens", None, grant)
    }

    /// The body that gives a second person this key on the phone of `device`.
    pub fn signer(&self, server: &TestServer, device: &TestDevice, username: &str) -> Value {
        let challenge = server.challenge();
        let statement = signer_statement(&challenge, device.id(), &self.public_key());
        json!({
            "username": username, "password": PASSWORD,
            "public_key": STANDARD.encode(self.public_key()),
            "challenge": challenge, "signature": self.sign(&statement),
        })
    }
}
