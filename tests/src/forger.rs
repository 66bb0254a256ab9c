//! What whoever holds a phone's keys can put into a parcel: what an honest app would, and anything else, signed all the same.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT, ReadDoc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::crypto::AwsLc;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::Value;
use sync_core::guard::{inspect, wire_bytes};
use sync_core::model::{Actor, ChangeHash, DocumentId, ParcelId};
use sync_core::proof::co_signature::{Question, Shown};
use sync_core::proof::parcel::{ParcelError, Sending, seal};
use sync_core::proof::{BelievedKeys, CertificatePayload, Signed, TipStatement, tip_statement};
use sync_core::sync::parcel::{ParcelChange, ParcelContents, ParcelDocument};
use sync_core::sync::wire::{DocumentHeader, SignedTip};
use uuid::Uuid;

use crate::phone::Phone;

/// Who has taken a phone's keys out of its app.
pub struct Forger {
    /// The phone's actor.
    pub actor: Actor,
    /// Its certificate, as it was signed.
    pub certificate: Signed<CertificatePayload>,
    key: SigningKey,
    believed: BelievedKeys,
}

fn file_of(phone: &Phone) -> rusqlite::Connection {
    rusqlite::Connection::open(phone.file()).expect("the phone's file")
}

impl Forger {
    /// With the keys of this phone.
    pub fn of(phone: &Phone) -> Self {
        let install = format!("{}.install", phone.file().display());
        let install = std::fs::read(install).expect("the install's identity");
        let install: Value = serde_json::from_slice(&install).expect("JSON");
        let key = hex::decode(install["device_key"].as_str().expect("a key")).expect("hex");
        let actor: Actor = serde_json::from_value(install["actor"].clone()).expect("an actor");
        let file = file_of(phone);
        let text = |sql: &str, given: &str| -> String {
            file.query_row(sql, [given], |row| row.get(0))
                .expect("one row")
        };
        let certificate = text(
            "SELECT signed FROM certificates WHERE actor = ?1 AND kind = 'device' ORDER BY serial DESC LIMIT 1",
            &actor.to_string(),
        );
        let believed = text("SELECT value FROM settings WHERE key = ?1", "server_keys");
        Self {
            actor,
            certificate: serde_json::from_str(&certificate).expect("a certificate"),
            key: SigningKey::from_slice(&key).expect("a key"),
            believed: BelievedKeys::from_json(&believed).expect("keys"),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(message);
        signature.to_bytes().to_vec()
    }

    /// A parcel for the phone that showed this question, whatever is inside, with an id of its own.
    pub fn seals(&self, question: &str, id: u128, contents: &[u8]) -> Result<Vec<u8>, ParcelError> {
        self.seals_as(&self.certificate, question, id, contents)
    }

    /// The same in the name of the holder of this certificate.
    pub fn seals_as(
        &self,
        sender: &Signed<CertificatePayload>,
        question: &str,
        id: u128,
        contents: &[u8],
    ) -> Result<Vec<u8>, ParcelError> {
        let shown = Shown::from_code::<Question>(question, &self.believed, &AwsLc);
        let (_, asked, recipient) = shown.expect("a question");
        let sending = Sending {
            parcel_id: ParcelId(Uuid::from_u128(id)),
            answers: asked.nonce,
            recipient: &recipient,
            sender,
            contents,
        };
        let mut seed = [7; 32];
        seed[..16].copy_from_slice(&id.to_be_bytes());
        seal(&sending, &seed, |message| self.sign(message))
    }

    /// What an honest app on this phone would hand over of a document, with all certificates that it holds.
    pub fn contents(&self, phone: &Phone, document: DocumentId) -> ParcelContents {
        let file = file_of(phone);
        let id = document.to_string();
        let header = file.query_row(
            "SELECT kind, preimage FROM documents WHERE document_id = ?1",
            [&id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        let (kind, preimage) = header.expect("the document");
        let list = |sql: &str, given: &str| -> Vec<Vec<String>> {
            let mut statement = file.prepare(sql).expect("a query");
            let columns = statement.column_count();
            let rows = statement.query_map([given], |row| {
                (0..columns).map(|at| row.get::<_, String>(at)).collect()
            });
            rows.expect("rows").collect::<Result<_, _>>().expect("text")
        };
        let changes =
            "SELECT hash, hex(bytes) FROM changes WHERE document_id = ?1 ORDER BY position";
        let changes = list(changes, &id).into_iter().map(|row| ParcelChange {
            hash: row[0].parse().expect("a hash"),
            bytes: STANDARD.encode(hex::decode(&row[1]).expect("hex")),
        });
        let tips = "SELECT actor, CAST(MAX(seq) AS TEXT), hash, signature FROM tips WHERE document_id = ?1 GROUP BY actor";
        let tips = list(tips, &id).into_iter().map(|row| SignedTip {
            tip: TipStatement {
                document_id: document,
                actor: row[0].parse().expect("an actor"),
                seq: row[1].parse().expect("a number"),
                hash: row[2].parse().expect("a hash"),
            },
            signature: row[3].clone(),
        });
        let certificates = "SELECT signed FROM certificates WHERE ?1 <> '' ORDER BY serial";
        let certificates = list(certificates, &id).into_iter();
        let certificates = certificates.map(|row| serde_json::from_str(&row[0]).expect("signed"));
        ParcelContents {
            documents: vec![ParcelDocument {
                document: DocumentHeader {
                    document_id: document,
                    kind,
                    preimage,
                },
                changes: changes.collect(),
                tips: tips.collect(),
            }],
            certificates: certificates.collect(),
        }
    }

    /// Adds one change of an actor on top of all that a document has, signed by nobody.
    pub fn writes_as(
        actor: Actor,
        packed: &mut ParcelDocument,
        key: &str,
        time_ms: i64,
    ) -> TipStatement {
        let header = &packed.document;
        let identity = sync_core::document::DocumentIdentity::read(&header.kind, &header.preimage);
        let mut document = identity
            .expect("an identity")
            .skeleton()
            .expect("a skeleton");
        let changes = packed.changes.iter().map(|it| {
            let bytes = STANDARD.decode(&it.bytes).expect("base64");
            automerge::Change::from_bytes(bytes).expect("a change")
        });
        document
            .apply_changes(changes.collect::<Vec<_>>())
            .expect("they apply");
        let change = written(&mut document, actor, key, time_ms);
        let bytes = STANDARD.decode(&change.bytes).expect("base64");
        let tip = TipStatement {
            document_id: header.document_id,
            actor,
            seq: inspect(&bytes).expect("a sound change").header().seq,
            hash: change.hash,
        };
        packed.changes.push(change);
        tip
    }

    /// The same as this phone's author, signed by its key.
    pub fn writes(&self, packed: &mut ParcelDocument, key: &str, time_ms: i64) -> ChangeHash {
        let tip = Self::writes_as(self.actor, packed, key, time_ms);
        let hash = tip.hash;
        packed.tips.push(self.signs_tip(tip));
        hash
    }

    /// Signs whatever tip with this phone's key.
    pub fn signs_tip(&self, tip: TipStatement) -> SignedTip {
        let signature = STANDARD.encode(self.sign(&tip_statement(&tip)));
        SignedTip { tip, signature }
    }
}

fn written(document: &mut Automerge, actor: Actor, key: &str, time_ms: i64) -> ParcelChange {
    document.set_actor(ActorId::from(actor.0));
    let mut transaction = document.transaction();
    transaction.put(ROOT, key, "补记").expect("a value");
    let options = CommitOptions::default().with_time(time_ms);
    let hash = transaction.commit_with(options).0.expect("a change");
    let change = document.get_change_by_hash(&hash).expect("it is there");
    ParcelChange {
        hash: ChangeHash(hash.0),
        bytes: STANDARD.encode(wire_bytes(&change)),
    }
}
