//! A phone without its app: keys, people who sign on it, and documents that `sync-core` writes. What no app would do (a place
//! that another app made up, somebody who must not sign) can be done with it as well.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::crypto::AwsLc;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::document::{
    BoundDocument, Certificates, ConfirmationDocument, DocumentIdentity, Identity, SealRecord,
    Surroundings, VisitDocument,
};
use sync_core::model::*;
use sync_core::proof::co_signature::{
    Answer, CoSignature, Question, Spoken, Standpoint, Statement,
};
use sync_core::proof::{
    CertificatePayload, Nonce, Signed, TimeTokenPayload, TipStatement, Verifier, seal_statement,
    tip_statement,
};
use uuid::Uuid;

use crate::device::TestDevice;
use crate::server::Answer as HttpAnswer;
use crate::tus::{Piece, Tus};
use crate::world::{ADMIN, World, word};

/// The gate of the shop in stories, WGS-84.
pub const GATE: (i64, i64) = (354_900_000, 1_128_500_000);

/// So many metres north of the gate, as satellites say it.
pub fn metres_away(metres: i64) -> Location {
    Location {
        latitude_e7: GATE.0 + metres * 10_000_000 / 110_950,
        longitude_e7: GATE.1,
        accuracy_mm: 10_000,
        crs_source: "wgs84".to_owned(),
        mocked: false,
    }
}

/// Somebody with a key of their own on a phone.
pub struct Person {
    /// Who.
    pub user: UserId,
    /// As the form names them.
    pub officer: Officer,
    key: SigningKey,
    serial: i64,
}

/// A document as it came down.
struct Held {
    identity: DocumentIdentity,
    changes: Vec<(ChangeHash, Vec<u8>)>,
}

/// The phone.
pub struct Hand {
    /// Its key and tokens.
    pub device: TestDevice,
    /// Who signs on it, its owner first.
    pub people: Vec<Person>,
    /// How far its wall clock lies.
    pub wrong_ms: Cell<i64>,
    token: RefCell<Option<Signed<TimeTokenPayload>>>,
    cursor: RefCell<Value>,
    held: RefCell<BTreeMap<DocumentId, Held>>,
    told: RefCell<Vec<Value>>,
    drawn: Cell<u128>,
    access: RefCell<Option<(i64, String)>>,
}

/// How long it uses an access token, which holds for ten minutes.
const TOKEN_KEPT_MS: i64 = 300_000;

/// People on one phone: their keys are told apart by it.
const PEOPLE_MAX: u8 = 4;

/// Who is to have a phone.
pub struct Who<'a> {
    /// Key of their organisation in the world.
    pub organisation: &'a str,
    /// Words of domain.md §1.
    pub roles: &'a [&'a str],
    /// GB/T 2260 codes; without any, those of the organisation.
    pub regions: &'a [&'a str],
    /// User names, the owner of the phone first.
    pub names: &'a [&'a str],
}

impl Hand {
    /// A phone with these people on it, enrolled and synced once; `number` tells phones apart.
    pub fn of(w: &World, number: u8, who: &Who<'_>) -> Self {
        let admin = w.token(ADMIN);
        let users: Vec<String> = who
            .names
            .iter()
            .map(|name| {
                let mut body = json!({
                    "organisation_id": w.id("organisation", who.organisation), "username": name,
                    "display_name": name, "roles": who.roles, "regions": who.regions,
                    "password": crate::server::PASSWORD,
                });
                if who.roles.contains(&"enforcement") {
                    body["certificate_no"] = json!(format!("执{name}"));
                }
                let made = w.server.post("/v1/users", &admin, body);
                made.expect(201).text("user_id")
            })
            .collect();
        let device = TestDevice::enrolled(&w.server, &admin, &users[0], number);
        let mut people = Vec::new();
        for (place, (name, user)) in who.names.iter().zip(&users).enumerate() {
            let place = u8::try_from(place).expect("a few people");
            let mut signer = TestDevice::new(number);
            let seed = 100 + number * PEOPLE_MAX + place;
            signer.key = SigningKey::from_slice(&[seed; 32]).expect("a key");
            let body = signer.signer(&w.server, &device, name);
            let path = format!("/v1/devices/{}/signers", device.id);
            let made = w.server.post(&path, &device.access, body).expect(201);
            let certificate: Signed<CertificatePayload> =
                serde_json::from_value(made.body["certificate"].clone()).expect("a certificate");
            let payload = certificate.read_unverified().expect("a certificate");
            people.push(Person {
                user: user.parse().expect("a user"),
                officer: Officer {
                    name: (*name).to_owned(),
                    certificate_no: payload.certificate_no.clone().unwrap_or_default(),
                },
                serial: payload.serial,
                key: signer.key,
            });
        }
        let hand = Self {
            device,
            people,
            wrong_ms: Cell::new(0),
            token: RefCell::default(),
            cursor: RefCell::default(),
            held: RefCell::default(),
            told: RefCell::default(),
            drawn: Cell::new(u128::from(number) << 32),
            access: RefCell::default(),
        };
        hand.syncs(w);
        hand
    }

    /// An id that this phone draws, of the seventh version.
    pub fn draws(&self) -> Uuid {
        self.drawn.set(self.drawn.get() + 1);
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + self.drawn.get())
    }

    /// What its clocks say now.
    pub fn claim(&self, w: &World) -> TimeClaim {
        let token = self.token.borrow();
        let token = token.as_ref().expect("it has synced");
        let at_ms = token.read_unverified().expect("a token").at_ms;
        TimeClaim {
            wall_ms: w.now() + self.wrong_ms.get(),
            token_at_ms: Some(at_ms),
            token: serde_json::to_string(token).ok(),
            token_rtt_ms: 0,
            elapsed_ms: Some(w.now() - at_ms),
        }
    }

    fn sign(key: &SigningKey, message: &[u8]) -> String {
        let signature: Signature = key.sign(message);
        STANDARD.encode(signature.to_der().as_bytes())
    }

    /// Its people sign; all of them, as who signs in such a document.
    pub fn seals<I: Identity>(
        &self,
        w: &World,
        document: &mut BoundDocument<I>,
        subject: SealSubject,
        party: Option<PartySignature>,
    ) -> SealRecord {
        let statement = document
            .statement_of(subject, party.as_ref())
            .expect("a record");
        let digest = statement.digest();
        let signatures = self.people.iter().map(|person| {
            let signature = Self::signature(person, &digest, I::SIGNED_BY.word());
            (person.user, signature)
        });
        let message = seal_statement(&digest, "device", None, None);
        let seal = SealRecord {
            seal_id: SealId(self.draws()),
            signatures: signatures.collect(),
            party_signature: party,
            device_signature: self.device.sign(&message),
            sealed_at: self.claim(w),
            statement,
        };
        document.seal(w.now(), &seal).expect("a seal");
        seal
    }

    /// Somebody's signature under a text.
    pub fn signature(person: &Person, digest: &Digest, word: &str) -> PersonSignature {
        let handwriting = Digest([7; 32]);
        let message = seal_statement(digest, word, Some(&handwriting), None);
        PersonSignature {
            certificate_serial: person.serial,
            handwriting,
            signature: Self::sign(&person.key, &message),
        }
    }

    /// Sends what it wrote in a document; what the server says of it.
    pub fn sends<I: Identity>(&self, w: &World, document: &BoundDocument<I>) -> Vec<String> {
        let answer = self.sends_page(w, document);
        let statuses = answer.body["statuses"].as_array().cloned();
        let statuses = statuses.unwrap_or_default();
        statuses.iter().map(told_status).collect()
    }

    /// The same with the whole answer.
    pub fn sends_page<I: Identity>(&self, w: &World, document: &BoundDocument<I>) -> HttpAnswer {
        let page = self.page(document);
        let answer = w.server.post("/v1/sync", &self.access(w), page);
        self.takes(&answer.body);
        answer.expect(200)
    }

    /// A page with its own changes of a document.
    pub fn page<I: Identity>(&self, document: &BoundDocument<I>) -> Value {
        let changes = document.changes_since(&[]);
        let own: Vec<_> = changes
            .iter()
            .filter(|change| change.actor == self.device.actor)
            .collect();
        let last = own.last().expect("it wrote something");
        let tip = TipStatement {
            document_id: document.id(),
            actor: last.actor,
            seq: last.seq,
            hash: last.hash,
        };
        let signature = self.device.sign(&tip_statement(&tip));
        let changes: Vec<Value> = own
            .iter()
            .map(|change| {
                json!({ "document_id": document.id(), "hash": change.hash, "bytes": STANDARD.encode(&change.bytes) })
            })
            .collect();
        let header = json!({
            "document_id": document.id(), "kind": I::KIND, "preimage": document.identity().preimage(),
        });
        json!({
            "changes": changes, "tips": [{ "tip": tip, "signature": signature }], "documents": [header],
            "cursor": self.cursor.borrow().clone(),
        })
    }

    fn access(&self, w: &World) -> String {
        let kept = self.access.borrow().clone();
        if let Some((at, token)) = kept
            && (0..TOKEN_KEPT_MS).contains(&(w.now() - at))
        {
            return token;
        }
        let grant = json!({
            "grant": "password", "username": self.people[0].officer.name,
            "password": crate::server::PASSWORD, "device": self.device.proof(&w.server),
        });
        let granted = w.server.call("POST", "/v1/tokens", None, grant);
        let token = granted.expect(201).text("access_token");
        *self.access.borrow_mut() = Some((w.now(), token.clone()));
        token
    }

    /// Takes in everything new.
    pub fn syncs(&self, w: &World) {
        loop {
            let mut page = json!({});
            let cursor = self.cursor.borrow().clone();
            if !cursor.is_null() {
                page["cursor"] = cursor;
            }
            let answer = w.server.post("/v1/sync", &self.access(w), page);
            let answer = answer.expect(200);
            self.takes(&answer.body);
            if answer.body["more"] != json!(true) {
                return;
            }
        }
    }

    /// Carries somebody else's page; what the server says of it.
    pub fn carries(&self, w: &World, page: Value) -> Vec<String> {
        let mut page = page;
        page["cursor"] = self.cursor.borrow().clone();
        let answer = w.server.post("/v1/sync", &self.access(w), page);
        self.takes(&answer.body);
        let statuses = answer.expect(200).body["statuses"].as_array().cloned();
        statuses
            .unwrap_or_default()
            .iter()
            .map(told_status)
            .collect()
    }

    /// Its owner reads from the API.
    #[track_caller]
    pub fn reads(&self, w: &World, path: &str) -> Value {
        w.server.get(path, &self.access(w)).expect(200).body
    }

    /// The same whatever comes of it.
    pub fn gets(&self, w: &World, path: &str) -> HttpAnswer {
        w.server.get(path, &self.access(w))
    }

    /// It asks to bring the bytes of an entry of a manifest; the HTTP status.
    pub fn begins_upload(&self, w: &World, document: DocumentId, entry: &EvidenceEntry) -> u16 {
        let piece = Piece {
            document_id: document,
            evidence_id: entry.evidence_id.to_string(),
            sha256: entry.sha256.to_string(),
            size: usize::try_from(entry.size_bytes).expect("a length"),
        };
        let tus = Tus::new(w.server.address, &self.access(w));
        tus.asks_to_create(&piece).status
    }

    /// Its owner asks the API for something.
    pub fn posts(&self, w: &World, path: &str, body: Value) -> HttpAnswer {
        w.server.post(path, &self.access(w), body)
    }

    fn takes(&self, body: &Value) {
        if body["cursor"].is_null() {
            return;
        }
        *self.cursor.borrow_mut() = body["cursor"].clone();
        let token = serde_json::from_value(body["time_token"].clone()).expect("a token");
        *self.token.borrow_mut() = Some(token);
        let mut held = self.held.borrow_mut();
        for item in body["items"].as_array().into_iter().flatten() {
            self.told.borrow_mut().push(item.clone());
            let Ok(id) = word(&item["document_id"]).parse::<DocumentId>() else {
                continue;
            };
            match item["entry"].as_str() {
                Some("revoke") => {
                    held.remove(&id);
                }
                Some("changes" | "grant") => {
                    let (kind, preimage) = (word(&item["kind"]), word(&item["preimage"]));
                    let identity = DocumentIdentity::read(&kind, &preimage).expect("a document");
                    let known = held.entry(id).or_insert(Held {
                        identity,
                        changes: Vec::new(),
                    });
                    for change in item["changes"].as_array().into_iter().flatten() {
                        let hash = word(&change["hash"]).parse().expect("a hash");
                        if known.changes.iter().all(|(other, _)| *other != hash) {
                            let bytes = STANDARD.decode(word(&change["bytes"])).expect("base64");
                            known.changes.push((hash, bytes));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Entries of the feed that it was told, of one kind.
    pub fn told(&self, entry: &str) -> Vec<Value> {
        let told = self.told.borrow();
        told.iter()
            .filter(|item| item["entry"] == entry)
            .cloned()
            .collect()
    }

    /// Documents that it holds.
    pub fn holds(&self) -> BTreeSet<DocumentId> {
        self.held.borrow().keys().copied().collect()
    }

    /// A visit as it came down.
    pub fn visit(&self, id: DocumentId) -> VisitDocument {
        let held = self.held.borrow();
        let held = held.get(&id).expect("it holds it");
        let DocumentIdentity::Visit(identity) = held.identity.clone() else {
            panic!("{id} is no visit");
        };
        let changes = held.changes.iter().map(|(_, bytes)| bytes);
        let document = VisitDocument::load_from_changes(identity, changes);
        document.expect("a visit").with_actor(self.device.actor)
    }

    /// A confirmation as it came down.
    pub fn confirmation(&self, id: DocumentId) -> ConfirmationDocument {
        let held = self.held.borrow();
        let held = held.get(&id).expect("it holds it");
        let DocumentIdentity::Confirmation(identity) = held.identity.clone() else {
            panic!("{id} is no confirmation");
        };
        let changes = held.changes.iter().map(|(_, bytes)| bytes);
        let document = ConfirmationDocument::load_from_changes(identity, changes);
        document
            .expect("a confirmation")
            .with_actor(self.device.actor)
    }

    /// Where it stands now.
    pub fn stands(&self, w: &World, location: Option<Location>) -> Standpoint {
        Standpoint {
            device_id: self.device.id.parse().expect("a device"),
            actor: self.device.actor,
            at: self.claim(w),
            location,
        }
    }

    /// Says something with its key.
    pub fn says<S: Statement>(&self, what: &S) -> Spoken {
        let sign = |message: &[u8]| {
            let signature: Signature = self.device.key.sign(message);
            signature.to_bytes().to_vec()
        };
        Spoken::say(what, sign).expect("it is compact")
    }

    /// 到场互签: it asks, and `other` answers for the visit.
    pub fn asks(
        &self,
        w: &World,
        other: &Hand,
        of: (DocumentId, ConfirmedSubject),
        places: [Option<Location>; 2],
    ) -> CoSignature {
        let [here, there] = places;
        let question = self.says(&Question {
            nonce: Nonce(*self.draws().as_bytes()),
            from: self.stands(w, here),
        });
        let answer = other.says(&Answer {
            question: question.digest().expect("a question"),
            nonce: Nonce(*other.draws().as_bytes()),
            document_id: of.0,
            subject: of.1,
            from: other.stands(w, there),
        });
        CoSignature {
            co_signature_id: CoSignatureId(self.draws()),
            question,
            answer,
        }
    }
}

/// Who knows nobody, and of no time: around a document of which nothing is judged.
pub struct Stranger;

impl Certificates for Stranger {
    fn device(&self, _: &Actor) -> Option<CertificatePayload> {
        None
    }
    fn signer(&self, _: i64) -> Option<CertificatePayload> {
        None
    }
}

impl Surroundings for Stranger {
    fn verifier(&self) -> &dyn Verifier {
        &AwsLc
    }
    fn received_at(&self, _: &ChangeHash) -> Option<Millis> {
        None
    }
    fn token(&self, _: &str) -> Option<TimeTokenPayload> {
        None
    }
}

fn told_status(status: &Value) -> String {
    match status["code"].as_str() {
        Some(code) => format!("{}:{code}", word(&status["status"])),
        None => word(&status["status"]),
    }
}
