//! What the document says, as facts. The document's schema belongs to `sync_core::document`; here its words are put
//! beside what the server alone knows: who the certified authors are, and when their changes came. What may change
//! without the document (tasks, rosters, custody, permissions) is laid over the facts when a scope is ruled.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use automerge::Automerge;
use sync_core::document::{
    Certificates, ConfirmationDocument, ConfirmationProjection, ListedEvidence, ListedRecord,
    ListedSeal, Surroundings, VisitDocument, project as project_document, project_confirmation,
};
use sync_core::model::{
    Actor, ChangeHash, DocumentId, EnterpriseKey, Millis, NotSampled, SampleId,
};
use sync_core::proof::co_signature::{Answer, Question, Statement as _};
use sync_core::proof::{
    BelievedKeys, CertificateKind, CertificatePayload, Signed, TimeTokenPayload, Verifier,
};
use sync_core::rules::{Facts, SamplingSource, ScopeKey};

use crate::crypto::AwsLc;
use crate::store::access::server_keys;
use crate::store::reference::enterprises;
use crate::store::sync::documents::DocumentRow;
use crate::store::sync::{certificates, changes};
use crate::store::{Result, Session, StoreError};

/// A document as rows will show it.
pub struct Projected {
    /// The visit, its entries and its samples.
    pub facts: Facts,
    /// See domain.md §4.
    pub state: &'static str,
    /// The name that was written down.
    pub enterprise_name: Option<String>,
    /// What the sheets call their products.
    pub product_names: BTreeMap<SampleId, String>,
    /// The region that was written down.
    pub region: Option<String>,
    /// The earliest entry.
    pub entered_at: Option<Millis>,
    /// Concurrent values, as (path, record).
    pub conflicts: Vec<(String, String)>,
    /// 影像清单
    pub evidence: Vec<ListedEvidence>,
    /// Seals that hold.
    pub seals: Vec<ListedSeal>,
    /// 未抽到样品
    pub not_sampled: Vec<ListedRecord<NotSampled>>,
    /// What refusals call the product that was refused, by the refusal.
    pub refused_products: BTreeMap<String, String>,
}

/// What the server knows around a document.
pub struct Around {
    received: BTreeMap<ChangeHash, Millis>,
    devices: BTreeMap<Actor, CertificatePayload>,
    signers: BTreeMap<i64, CertificatePayload>,
    server_keys: BelievedKeys,
    aliases: BTreeMap<EnterpriseKey, EnterpriseKey>,
    /// Tokens as they came, each opened once: all times of one outing name the same few.
    tokens: Mutex<HashMap<String, Option<TimeTokenPayload>>>,
}

impl Certificates for Around {
    fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
        self.devices.get(actor).cloned()
    }
    fn signer(&self, serial: i64) -> Option<CertificatePayload> {
        self.signers.get(&serial).cloned()
    }
}

impl Surroundings for Around {
    fn verifier(&self) -> &dyn Verifier {
        &AwsLc
    }
    fn received_at(&self, change: &ChangeHash) -> Option<Millis> {
        self.received.get(change).copied()
    }
    fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = tokens.get(wire) {
            return opened.clone();
        }
        let open = |signed: Signed<TimeTokenPayload>| self.server_keys.open_dated(&signed, &AwsLc);
        let opened = serde_json::from_str(wire).ok();
        let opened = opened.and_then(|signed| open(signed).ok());
        tokens.insert(wire.to_owned(), opened.clone());
        opened
    }
    fn alias(&self, key: &EnterpriseKey) -> EnterpriseKey {
        self.aliases.get(key).unwrap_or(key).clone()
    }
}

/// Keys, certificates and aliases as read in one transaction, each once.
#[derive(Default)]
pub struct Certified {
    server_keys: Option<BelievedKeys>,
    of_actors: BTreeMap<Actor, Vec<CertificatePayload>>,
    enterprises: HashMap<EnterpriseKey, EnterpriseKey>,
}

impl Certified {
    /// Where the keys of documents point now, asked for together.
    pub async fn read_enterprises(
        &mut self,
        db: &mut Session,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<()> {
        let keys = keys.into_iter().map(EnterpriseKey);
        let resolved = enterprises::resolve_keys(db, keys).await?;
        self.enterprises.extend(resolved);
        Ok(())
    }

    /// Where the key of a document points now.
    pub async fn enterprise(&mut self, db: &mut Session, key: &str) -> Result<EnterpriseKey> {
        let key = EnterpriseKey(key.to_owned());
        if let Some(enterprise) = self.enterprises.get(&key) {
            return Ok(enterprise.clone());
        }
        let enterprise = enterprises::resolve_key(db, &key).await?;
        self.enterprises.insert(key, enterprise.clone());
        Ok(enterprise)
    }

    async fn server_keys(&mut self, db: &mut Session) -> Result<BelievedKeys> {
        if let Some(believed) = &self.server_keys {
            return Ok(believed.clone());
        }
        let believed = server_keys::believed(db).await?;
        self.server_keys = Some(believed.clone());
        Ok(believed)
    }

    async fn of_actor(&mut self, db: &mut Session, actor: Actor) -> Result<&[CertificatePayload]> {
        if let Entry::Vacant(place) = self.of_actors.entry(actor) {
            let mut payloads = Vec::new();
            for certificate in certificates::list_of_actor(db, actor).await? {
                // Issued by this server and read from its own table.
                let payload = certificate.read_unverified();
                payloads.push(payload.map_err(|_| StoreError::Column {
                    name: "certificate",
                    wanted: "a certificate",
                })?);
            }
            place.insert(payloads);
        }
        Ok(self.of_actors.get(&actor).map_or(&[], Vec::as_slice))
    }
}

/// Gathers what is known around a document whose enterprise is now `enterprise`. `coming` are changes that may stand in it
/// soon: whose they are, and when they came. Where there are some, a document that was not stored when it was read has no
/// others; where there are none, all that stand in it are stored.
pub async fn around(
    db: &mut Session,
    certified: &mut Certified,
    row: &DocumentRow,
    enterprise: &EnterpriseKey,
    coming: &[(ChangeHash, Actor, Millis)],
) -> Result<Around> {
    let mut around = Around {
        received: BTreeMap::new(),
        devices: BTreeMap::new(),
        signers: BTreeMap::new(),
        server_keys: certified.server_keys(db).await?,
        aliases: BTreeMap::from([(
            EnterpriseKey(row.enterprise_key.clone()),
            enterprise.clone(),
        )]),
        tokens: Mutex::default(),
    };
    let mut actors = BTreeSet::new();
    if row.is_stored() || coming.is_empty() {
        for (hash, actor, received_at) in changes::list_received(db, row.document_id).await? {
            around.received.insert(hash, received_at);
            actors.extend(actor);
        }
    }
    for (hash, actor, received_at) in coming {
        around.received.entry(*hash).or_insert(*received_at);
        actors.insert(*actor);
    }
    around.know(db, certified, actors).await?;
    Ok(around)
}

impl Around {
    /// Takes in what is certified of these actors.
    async fn know(
        &mut self,
        db: &mut Session,
        certified: &mut Certified,
        actors: BTreeSet<Actor>,
    ) -> Result<()> {
        for actor in actors {
            for payload in certified.of_actor(db, actor).await? {
                match payload.kind {
                    CertificateKind::Device => self.devices.insert(actor, payload.clone()),
                    CertificateKind::Signer => self.signers.insert(payload.serial, payload.clone()),
                };
            }
        }
        Ok(())
    }
}

/// A stored confirmation with what is known around it: also whoever answered in a co-signature, who is no author of it.
pub async fn confirmation(
    db: &mut Session,
    certified: &mut Certified,
    row: &DocumentRow,
    enterprise: &EnterpriseKey,
) -> Result<Option<(ConfirmationDocument, Around)>> {
    let document = Automerge::load(&row.snapshot).ok();
    let document = document.and_then(|it| ConfirmationDocument::from_automerge(it).ok());
    let Some(document) = document else {
        return Ok(None);
    };
    let mut spoke = BTreeSet::new();
    for it in document.co_signatures().items {
        let bytes = it.value.answer.statement_bytes();
        spoke.extend(bytes.and_then(|bytes| Ok(Answer::read(&bytes)?.from.actor)));
        let bytes = it.value.question.statement_bytes();
        spoke.extend(bytes.and_then(|bytes| Ok(Question::read(&bytes)?.from.actor)));
    }
    let mut around = around(db, certified, row, enterprise, &[]).await?;
    around.know(db, certified, spoke).await?;
    Ok(Some((document, around)))
}

/// What follows from a stored confirmation.
pub async fn project_stored_confirmation(
    db: &mut Session,
    certified: &mut Certified,
    row: &DocumentRow,
    enterprise: &EnterpriseKey,
) -> Result<Option<ConfirmationProjection>> {
    let read = confirmation(db, certified, row, enterprise).await?;
    Ok(read.map(|(document, around)| project_confirmation(&document, &around)))
}

/// Reads a document; none where it is no visit of this schema.
pub fn project(document: Automerge, around: &Around) -> Option<Projected> {
    let visit = VisitDocument::from_automerge(document).ok()?;
    let projection = project_document(&visit, around);
    let suspended = is_suspended(&visit);
    let document_id: DocumentId = projection.document_id;
    let mut facts = Facts::new(ScopeKey::Visit { document_id });
    let entered_at = projection
        .entries
        .iter()
        .map(|(_, entry)| entry.entered.usable().lo)
        .min();
    let state = state_of(&projection, suspended);
    let conflicts = projection
        .conflicts
        .iter()
        .map(super::told_conflict)
        .collect();
    facts.visits.insert(document_id, projection.visit);
    facts.entries.extend(projection.entries);
    facts.samples.extend(projection.samples);
    Some(Projected {
        facts,
        state,
        enterprise_name: projection.enterprise_name,
        product_names: projection
            .sheets
            .into_iter()
            .map(|listed| (listed.sheet.sample_id, listed.sheet.product_name))
            .collect(),
        region: projection.enterprise_region.map(String::from),
        // An unproven entry has no usable beginning; the list then shows when the server heard of it.
        entered_at: entered_at.filter(|at| *at > 0),
        conflicts,
        evidence: projection.evidence,
        seals: projection.seals,
        not_sampled: projection.not_sampled,
        refused_products: projection
            .refusals
            .into_iter()
            .map(|it| (it.record.refusal_id.to_string(), it.record.product_name))
            .collect(),
    })
}

/// 中断: an interruption after which nobody walked in again.
fn is_suspended(visit: &VisitDocument) -> bool {
    let arrivals = visit.arrivals().items;
    let resumed: BTreeSet<_> = arrivals.iter().filter_map(|it| it.value.resumes).collect();
    let last = arrivals.iter().map(|it| it.value.entered_at.wall_ms).max();
    visit.suspensions().items.iter().any(|it| {
        let suspension = &it.value;
        !resumed.contains(&suspension.suspension_id)
            && last.is_none_or(|last| last <= suspension.suspended_at.wall_ms)
    })
}

/// 检查状态 (domain.md §4), as far as the document tells it: finished is a visit whose sheets are all sealed.
fn state_of(projection: &sync_core::document::Projection, suspended: bool) -> &'static str {
    let visit = &projection.visit;
    let drew = projection
        .entries
        .iter()
        .any(|(_, entry)| entry.drew_samples);
    let sealed = projection
        .samples
        .iter()
        .filter(|(_, it)| it.source == SamplingSource::Captured && it.voided.is_none())
        .all(|(_, sample)| !sample.signers.is_empty());
    match () {
        () if visit.terminated.is_some() => "terminated_illegal",
        () if visit.refused && !drew => "refused",
        () if visit.not_sampled && !drew => "not_sampled",
        () if projection.entries.is_empty() => "planned",
        () if suspended => "suspended",
        () if drew && sealed => "finished",
        () if drew => "sampling",
        () => "entered",
    }
}
