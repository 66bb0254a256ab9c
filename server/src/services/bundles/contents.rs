//! What lies in a bundle beside the bytes of evidence: everything that the visit's chain tells of, with what proves it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sync_core::document::{BoundDocument, SealProof};
use sync_core::model::{
    ConfirmationIdentity, DocumentId, SealSubject, VisitIdentity, canonical_json,
};
use sync_core::proof::bundle::{self, BundledDocument, BundledSeal, der_signature, pem, seals_of};
use sync_core::proof::log::{Line, tree};
use sync_core::proof::{
    CertificateKind, CertificatePayload, Payload, ReceiptPayload, Signed, tip_statement,
};
use sync_core::sync::wire::ChangeStatus;

use super::page;
use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::Problem;
use crate::services::log::checkpoints::{Standing, steps};
use crate::services::sync::binding;
use crate::services::visits::Dossier;
use crate::store::access::{organisations, users};
use crate::store::evidence::EvidenceRow;
use crate::store::log::{self, CheckpointRow};
use crate::store::rulings::versions;
use crate::store::sync::documents::DocumentRow;
use crate::store::sync::{certificates, changes, confirmations, documents, tips};
use crate::store::{Session, evidence, feed};

/// How to check it with a shell, `sha256sum` and `openssl`.
const VERIFY: &str = include_str!("VERIFY.md");

/// What a bundle is made of.
pub struct Made<'a> {
    /// The visit.
    pub visit: DocumentId,
    /// The export.
    pub export_id: String,
    /// When it was asked for.
    pub made_at: i64,
    /// The chain, up to its leaf.
    pub lines: Vec<String>,
    /// Where it stands in the tree.
    pub standing: Standing,
    /// Under which checkpoint.
    pub checkpoint: CheckpointRow,
    /// The dossier.
    pub dossier: &'a Dossier,
    /// Printed forms, by their file name.
    pub forms: Vec<(String, String)>,
}

/// The files by name, and the originals that belong to them.
#[derive(Default)]
pub struct Contents {
    /// All but originals and sums.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Verified originals, by the name of their file.
    pub originals: BTreeMap<String, EvidenceRow>,
    signatures: Vec<String>,
}

impl Contents {
    fn put(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(name.into(), bytes.into());
    }

    fn json(&mut self, name: &str, value: &Value) {
        self.put(name, format!("{}\n", canonical_json(value)));
    }

    /// Exact bytes with the server's signature over them.
    fn signed(&mut self, stem: &str, message: Vec<u8>, key_id: &str, signature: Vec<u8>) {
        self.put(format!("{stem}.signed"), message);
        self.put(format!("{stem}.sig"), signature);
        self.signatures.push(format!(
            "ed25519 keys/server-{key_id}.pem {stem}.signed {stem}.sig"
        ));
    }

    fn envelope<T: Payload>(&mut self, stem: &str, signed: &Signed<T>) {
        let signature = STANDARD.decode(&signed.signature).unwrap_or_default();
        let message = Signed::<T>::message(&signed.payload);
        self.signed(stem, message, &signed.key_id, signature);
    }

    /// Exact bytes with the signature of a key that is certified under a serial.
    fn certified(&mut self, stem: &str, message: Vec<u8>, serial: i64, signature: &str) {
        let signature = STANDARD.decode(signature).unwrap_or_default();
        self.put(format!("{stem}.message"), message);
        self.put(format!("{stem}.sig"), der_signature(&signature));
        self.signatures.push(format!(
            "p256 keys/certified-{serial}.pem {stem}.message {stem}.sig"
        ));
    }
}

/// The first digits of a hash, for the names of files.
fn short(hash: &impl ToString) -> String {
    hash.to_string().chars().take(16).collect()
}

/// How the name of an original's file ends: what the manifest says that it is.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/heic" => "heic",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}

/// Collects it all.
pub async fn collect(
    app: &App,
    db: &mut Session,
    caller: &Principal,
    made: Made<'_>,
) -> Result<Contents, Problem> {
    let mut it = Contents::default();
    it.put("VERIFY.md", VERIFY);
    let dossier = serde_json::to_value(made.dossier).map_err(|error| Problem::internal(&error))?;
    it.json("dossier.json", &dossier);
    it.put(
        "dossier.html",
        page::page(&dossier, &made.visit.to_string()),
    );
    for (name, html) in &made.forms {
        it.put(format!("forms/{name}"), html.as_bytes());
    }
    server_keys(app, &mut it);
    log_and_proof(&mut it, &made);
    rulings(app, db, &mut it, &made).await?;
    let mut known = BTreeMap::new();
    let mut told = Vec::new();
    let mut seals: Vec<BundledSeal> = Vec::new();
    let confirmed = confirmations::list_of_visit(db, made.visit).await?;
    for id in [made.visit].into_iter().chain(confirmed) {
        let Some(row) = documents::find(db, id).await? else {
            continue;
        };
        told.push(document(app, db, &mut it, &row, &mut known).await?);
        seals.extend(sealed(&mut it, &row, &known)?);
        pieces(app, db, &mut it, id).await?;
    }
    seals.sort();
    let value = |value: serde_json::Result<Value>| value.map_err(|error| Problem::internal(&error));
    it.json(bundle::DOCUMENTS, &value(serde_json::to_value(told))?);
    it.json(bundle::SEALS, &value(serde_json::to_value(seals))?);
    environment(app, db, &mut it, caller, &made).await?;
    let list = it.signatures.join("\n") + "\n";
    it.put(bundle::SIGNATURES, list);
    Ok(it)
}

fn server_keys(app: &App, it: &mut Contents) {
    for known in app.keys.ring().iter() {
        let row = &known.row;
        let stem = format!("keys/server-{}", row.key_id);
        it.put(format!("{stem}.pem"), pem(&row.public_key));
        if let Some(announced) = &row.announcement {
            it.envelope(&format!("{stem}-announced"), announced);
        }
        if let Some(revoked) = &row.revocation {
            it.envelope(&format!("{stem}-revoked"), revoked);
        }
    }
}

fn log_and_proof(it: &mut Contents, made: &Made<'_>) {
    it.put(bundle::LOG, made.lines.join("\n") + "\n");
    let leaf = tree::leaf_text(made.visit, &made.standing.leaf.head);
    it.put(bundle::LEAF, leaf + "\n");
    let steps = steps(&made.standing, made.checkpoint.payload.leaves);
    let path: String = steps
        .iter()
        .map(|step| format!("{} {}\n", step.side, step.hash))
        .collect();
    it.put(bundle::PATH, path);
    it.envelope("proof/checkpoint", &made.checkpoint.signed);
    if let Some(stamp) = &made.checkpoint.stamp {
        it.put(bundle::STAMP, stamp.clone());
        if let Some(roots) = &made.checkpoint.stamp_roots {
            it.put(bundle::STAMP_ROOTS, roots.as_bytes());
        }
    }
}

/// Each ruling that the chain tells of, as its line has its hash, and signed.
async fn rulings(
    app: &App,
    db: &mut Session,
    it: &mut Contents,
    made: &Made<'_>,
) -> Result<(), Problem> {
    let mut ids = BTreeSet::new();
    for line in made.lines.iter().filter_map(|text| Line::parse(text)) {
        if line.record_kind().0 == log::RULING {
            let body: Value = serde_json::from_str(&line.body).unwrap_or_default();
            ids.extend(body["ruling_id"].as_str().map(str::to_owned));
        }
    }
    let records = versions::list_records(db, ids).await?;
    for (id, record) in records {
        let message = log::ruling_message(&record).into_bytes();
        let signature = app.keys.sign_bytes(&message).to_vec();
        it.signed(
            &format!("rulings/{id}"),
            message,
            &app.keys.key_id(),
            signature,
        );
    }
    Ok(())
}

/// Certificates that are in the bundle, by serial.
type Known = BTreeMap<i64, CertificatePayload>;

/// A document, its changes, what devices signed of them, and what the server said of their receipt.
async fn document(
    app: &App,
    db: &mut Session,
    it: &mut Contents,
    row: &DocumentRow,
    known: &mut Known,
) -> Result<BundledDocument, Problem> {
    let id = row.document_id;
    let folder = short(&id);
    it.put(format!("documents/{id}.automerge"), row.snapshot.clone());
    it.put(format!("documents/{id}.preimage"), row.preimage.as_bytes());
    let mut names = Vec::new();
    let mut received: BTreeMap<i64, Vec<_>> = BTreeMap::new();
    let mut actors = BTreeSet::new();
    let accepted = changes::list_accepted(db, id).await?;
    let aside = changes::list_aside(db, id).await?;
    for change in accepted.into_iter().chain(aside) {
        received
            .entry(change.received_at)
            .or_default()
            .push(change.hash);
        actors.extend(change.actor);
        let stands = change.status == ChangeStatus::Accepted;
        let name = match stands {
            true => {
                let number = change.ordinal.unwrap_or_default();
                format!(
                    "changes/{folder}/{number:06}-{}.change",
                    short(&change.hash)
                )
            }
            false => format!("aside/{folder}/{}.change", change.item_id),
        };
        it.put(&name, change.bytes);
        if stands {
            names.push(name);
        }
    }
    let epoch = feed::find_epoch(db).await?.unwrap_or_default();
    for (at, mut hashes) in received {
        hashes.sort_unstable();
        let receipt = app.keys.sign(&ReceiptPayload {
            document_id: id,
            hashes,
            received_at_ms: at,
            epoch: epoch.clone(),
        });
        it.envelope(&format!("receipts/{folder}-{at}"), &receipt);
    }
    for actor in actors {
        for signed in certificates::list_of_actor(db, actor).await? {
            let Ok(payload) = signed.read_unverified() else {
                continue;
            };
            let serial = payload.serial;
            let key = STANDARD.decode(&payload.public_key).unwrap_or_default();
            it.put(format!("keys/certified-{serial}.pem"), pem(&key));
            if known.insert(serial, payload).is_none() {
                it.envelope(&format!("certificates/{serial}"), &signed);
            }
        }
    }
    for signed in tips::list(db, id).await? {
        let tip = &signed.tip;
        let of_device = |cert: &&CertificatePayload| {
            cert.kind == CertificateKind::Device && cert.actor == tip.actor
        };
        if let Some(cert) = known.values().rfind(of_device) {
            let stem = format!(
                "signatures/{folder}-{}-{}-{}",
                tip.actor,
                tip.seq,
                short(&tip.hash)
            );
            it.certified(&stem, tip_statement(tip), cert.serial, &signed.signature);
        }
    }
    let mut heads = row.heads.clone();
    heads.sort_unstable();
    Ok(BundledDocument {
        document_id: id,
        kind: row.kind.clone(),
        preimage: row.preimage.clone(),
        heads,
        changes: names,
    })
}

/// The seals of a document with their signatures.
fn sealed(
    it: &mut Contents,
    row: &DocumentRow,
    known: &Known,
) -> Result<Vec<BundledSeal>, Problem> {
    let automerge = Automerge::load(&row.snapshot).map_err(|error| Problem::internal(&error))?;
    let unread = || Problem::fault("a seal cannot be read");
    let (proofs, seals) = if row.kind == binding::VISIT {
        let bound = BoundDocument::<VisitIdentity>::from_automerge(automerge.clone());
        let proofs = bound.map(|it| it.seal_proofs());
        (proofs, seals_of::<VisitIdentity>(automerge))
    } else {
        let bound = BoundDocument::<ConfirmationIdentity>::from_automerge(automerge.clone());
        let proofs = bound.map(|it| it.seal_proofs());
        (proofs, seals_of::<ConfirmationIdentity>(automerge))
    };
    let proofs: Vec<SealProof> = proofs.map_err(|error| Problem::internal(&error))?;
    for proof in proofs {
        for (at, signature) in proof.signatures.into_iter().enumerate() {
            let serial = signature.certificate_serial.or_else(|| {
                let mut devices = known.values().filter(|cert| {
                    cert.kind == CertificateKind::Device && Some(cert.actor) == proof.actor
                });
                devices.next_back().map(|cert| cert.serial)
            });
            // A signature without a certificate proves nothing; the dossier says so of the seal.
            let Some(cert) = serial.and_then(|serial| known.get(&serial)) else {
                continue;
            };
            if holds(cert, &signature.message, &signature.signature) {
                let stem = format!("signatures/seal-{}-{at}", proof.seal_id);
                let (serial, bytes) = (cert.serial, signature.signature);
                it.certified(&stem, signature.message, serial, &bytes);
            }
        }
    }
    seals.ok_or_else(unread)
}

/// A hostile phone may seal with signatures that never held: they stay in the document, and prove nothing.
fn holds(cert: &CertificatePayload, message: &[u8], signature: &str) -> bool {
    use sync_core::proof::Verifier as _;
    let key = STANDARD.decode(&cert.public_key).unwrap_or_default();
    let signature = STANDARD.decode(signature).unwrap_or_default();
    crate::crypto::AwsLc.verify_p256(&key, message, &signature)
}

/// The manifest of a document: what is here goes along, with its receipt.
async fn pieces(
    app: &App,
    db: &mut Session,
    it: &mut Contents,
    document: DocumentId,
) -> Result<(), Problem> {
    let epoch = feed::find_epoch(db).await?.unwrap_or_default();
    for row in evidence::list(db, document).await? {
        if let Some(receipt) = row.receipt(&epoch) {
            let signed = app.keys.sign(&receipt);
            it.envelope(
                &format!("receipts/evidence-{}", row.entry.evidence_id),
                &signed,
            );
            let ending = ending(&row.entry.media_type);
            let name = format!("media/{}.{ending}", row.entry.sha256);
            it.originals.insert(name, row);
        }
    }
    Ok(())
}

/// What courts ask of electronic evidence: where it came from, in which system, how it was kept, who took it out and how.
async fn environment(
    app: &App,
    db: &mut Session,
    it: &mut Contents,
    caller: &Principal,
    made: &Made<'_>,
) -> Result<(), Problem> {
    let person = users::find(db, caller.user).await?;
    let organisation = organisations::find(db, caller.organisation).await?;
    let kept = match app.objects.folder() {
        Some(_) => {
            "files, each written once under its SHA-256 and synced to disk before it is noted"
        }
        None => "objects of an S3-compatible store, each written once under its SHA-256",
    };
    let told = json!({
        "basis": [
            "人民法院在线诉讼规则 §16–17", "最高人民法院关于民事诉讼证据的若干规定 §93",
        ],
        "system": {
            "software": concat!("fieldseal ", env!("CARGO_PKG_VERSION")), "operating_system": std::env::consts::OS,
            "architecture": std::env::consts::ARCH, "database": app.store.kind(),
            "clock": "of the server, milliseconds since 1970 UTC; phones lean on tokens of it that it signs",
        },
        "storage": {
            "zh": "每一变更以设备签名的原始字节存储，只增不改；裁定逐版保存；影像按 SHA-256 一次写入；全部登记入哈希链日志并由签名检查点固定。",
            "en": "Every change is stored as the raw bytes that its device signed and is never altered; rulings are kept version by version; evidence is written once under its SHA-256; all of it is logged in a hash chain under signed checkpoints.",
            "evidence": kept,
        },
        "extraction": {
            "export_id": made.export_id, "at": rfc3339(made.made_at), "visit_id": made.visit,
            "by": {
                "user_id": caller.user, "name": person.map(|it| it.display_name), "organisation_id": caller.organisation,
                "organisation": organisation.map(|it| it.name), "device_id": caller.device,
            },
            "zh": "由上述人员凭本人会话通过 GET /v1/visits/{id}/bundle 提取，服务器自动生成，未经人工编辑；提取行为已记入日志。",
            "en": "Taken out by this person under their own session by GET /v1/visits/{id}/bundle, made by the server without anybody editing it; the export is in the log.",
        },
        "checkpoint": { "number": made.checkpoint.payload.number, "at": rfc3339(made.checkpoint.payload.made_at_ms) },
    });
    it.json("environment.json", &told);
    Ok(())
}

/// The kind and the id by which a form is asked for.
pub fn form_of(subject: &SealSubject) -> Option<(String, String)> {
    let value = serde_json::to_value(subject).ok()?;
    let kind = value["kind"].as_str()?.to_owned();
    Some((kind, value["id"].as_str()?.to_owned()))
}
