//! A phone's key and what it signs to be enrolled and to log in, without the rest of the phone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::access::jwt;
use fieldseal_server::problem::Problem;
use fieldseal_server::services::certificates::{self, Subject};
use fieldseal_server::store::access::devices::{self, DeviceRow};
use fieldseal_server::store::access::{organisations, sessions, users};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::model::{Actor, DeviceId};
use sync_core::proof::parcel::AgreementKey;
use sync_core::proof::{
    CertificateKind, agreement_statement, enrolment_statement, login_statement, signer_statement,
};

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

    /// Access tokens of so many more phones of a person: what enrolments leave in the store, without as many codes,
    /// challenges and signatures before.
    pub fn enrolled_in_store(server: &TestServer, user: &str, count: usize) -> Vec<String> {
        let app = &server.app;
        let enrolled = server.runtime.block_on(async {
            let mut tx = app.store.begin().await?;
            let user = users::find(&mut tx, user.parse().expect("a user's id")).await?;
            let user = user.expect("the person");
            let body = organisations::find(&mut tx, user.organisation).await?;
            let body = body.expect("their organisation");
            let mut tokens = Vec::new();
            for _ in 0..count {
                let key = loop {
                    if let Ok(key) = SigningKey::from_slice(&app.random::<32>()) {
                        break key;
                    }
                };
                let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                let (device, actor) = (DeviceId(app.new_uuid()), Actor(app.random()));
                let subject = Subject {
                    kind: CertificateKind::Device,
                    device,
                    actor,
                    public_key: &public_key,
                    agreement_key: None,
                };
                let certificate = certificates::issue(app, &mut tx, subject, &user, &body).await?;
                let row = DeviceRow {
                    device,
                    user: user.user,
                    organisation: user.organisation,
                    actor,
                    public_key,
                    label: "测试手机".to_owned(),
                    certificate: serde_json::to_string(&certificate).expect("a certificate"),
                    enrolled_at: app.now(),
                    revoked_at: None,
                    revoked_reason: None,
                };
                devices::insert_device(&mut tx, &row).await?;
                let session = app.new_uuid();
                let whose = Some(device);
                sessions::insert_session(
                    &mut tx,
                    session,
                    user.user,
                    whose,
                    "127.0.0.1",
                    app.now(),
                )
                .await?;
                tokens.push(jwt::issue(app, user.user, session, whose)?);
            }
            tx.commit().await?;
            Ok::<_, Problem>(tokens)
        });
        enrolled.expect("the store works")
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

    /// A fresh access token of the same session.
    pub fn refresh_access(&mut self, server: &TestServer) -> String {
        let answer = self.refresh_with(server, &self.refresh).expect(201);
        self.take(&answer.body);
        self.access.clone()
    }

    /// The body that notes the key for parcels which follows from this seed.
    pub fn agreement_key(&self, server: &TestServer, seed: u8) -> Value {
        let key = AgreementKey::from_seed(&[seed; 32]);
        self.agreement_key_of(server, key.public())
    }

    /// The same for any bytes.
    pub fn agreement_key_of(&self, server: &TestServer, key: &[u8]) -> Value {
        let challenge = server.challenge();
        let statement = agreement_statement(&challenge, self.id(), key);
        json!({
            "agreement_key": STANDARD.encode(key), "challenge": challenge,
            "signature": self.sign(&statement),
        })
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
