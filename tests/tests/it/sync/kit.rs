//! Two samplers of one body with a phone each, and documents written without the rest of a phone: what a hostile one
//! could send as well.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT, ReadDoc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::services::projection;
use fieldseal_server::store::reference::enterprises::{self, Enterprise};
use fieldseal_tests::{Answer, TestDevice, TestServer};
use serde_json::{Value, json};
use sync_core::document::skeleton::skeleton;
use sync_core::guard::wire_bytes;
use sync_core::model::{
    Actor, CampaignId, ChangeHash, EnterpriseId, EnterpriseKey, OrganisationId, TeamKey, UserId,
    VisitIdentity,
};
use sync_core::proof::{TipStatement, tip_statement};

/// The world of a sync test.
pub struct World {
    pub server: TestServer,
    pub admin: String,
    pub body: OrganisationId,
    pub users: [UserId; 2],
    pub phones: [TestDevice; 2],
}

pub fn world() -> World {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140500");
    let users = ["zhang", "li"].map(|name| server.user(&admin, &body, name, &["sampler"]));
    let phones = [1, 2].map(|number| {
        let user = &users[usize::from(number) - 1];
        TestDevice::enrolled(&server, &admin, user, number)
    });
    World {
        body: body.parse().unwrap(),
        users: users.map(|user| user.parse().unwrap()),
        server,
        admin,
        phones,
    }
}

impl World {
    /// A visit that belongs to the first sampler alone.
    pub fn solo(&self, campaign: u128) -> VisitIdentity {
        self.identity(campaign, TeamKey::Solo(self.users[0]))
    }

    /// A visit that belongs to the second sampler alone.
    pub fn identity_of_second(&self) -> VisitIdentity {
        self.identity(1, TeamKey::Solo(self.users[1]))
    }

    fn identity(&self, campaign: u128, team: TeamKey) -> VisitIdentity {
        VisitIdentity {
            campaign: CampaignId(uuid::Uuid::from_u128(campaign)),
            body: self.body,
            enterprise: EnterpriseKey("uscc:911405250000B1E536".to_owned()),
            team,
        }
    }

    /// The enterprise of a visit is listed in a region, and the visit projected again.
    pub fn list_enterprise(&self, identity: &VisitIdentity, region: &str) {
        let app = &self.server.app;
        let row = Enterprise {
            enterprise_id: EnterpriseId(uuid::Uuid::from_u128(5)),
            key: identity.enterprise.clone(),
            uscc: identity.enterprise.uscc().map(|uscc| uscc.to_string()),
            name: "泽州示例铸造".to_owned(),
            address: None,
            region: region.to_owned(),
            legal_representative: None,
            sites: Vec::new(),
            changed_at_ms: 0,
        };
        self.server.runtime.block_on(async {
            let mut tx = app.store.begin().await.unwrap();
            enterprises::insert(&mut tx, &row).await.unwrap();
            let keys = [identity.enterprise.clone()];
            projection::project_enterprises_again(&mut tx, &keys, app.now())
                .await
                .unwrap();
            tx.commit().await.unwrap();
        });
    }

    /// Sends a page by a phone.
    pub fn push(&self, phone: usize, page: &Page) -> Answer {
        self.server
            .post("/v1/sync", &self.phones[phone].access, page.body())
    }
}

/// A change as written.
#[derive(Clone)]
pub struct Written {
    pub hash: ChangeHash,
    pub seq: u64,
    pub bytes: Vec<u8>,
}

/// A document on a phone.
pub struct Draft {
    pub identity: VisitIdentity,
    pub actor: Actor,
    pub document: Automerge,
}

impl Draft {
    pub fn begin(identity: &VisitIdentity, device: &TestDevice) -> Self {
        let document = skeleton(identity)
            .unwrap()
            .with_actor(ActorId::from(device.actor.0));
        Self {
            identity: identity.clone(),
            actor: device.actor,
            document,
        }
    }

    /// Writes one field.
    pub fn put(&mut self, key: &str, value: &str) -> Written {
        self.put_at(key, value, 0)
    }

    /// Writes one field at an instant of the phone's clock.
    pub fn put_at(&mut self, key: &str, value: &str, wall_ms: i64) -> Written {
        let mut transaction = self.document.transaction();
        transaction.put(ROOT, key, value).unwrap();
        let hash = transaction
            .commit_with(CommitOptions::default().with_time(wall_ms))
            .0
            .unwrap();
        let change = self.document.get_change_by_hash(&hash).unwrap();
        Written {
            hash: ChangeHash(hash.0),
            seq: change.seq(),
            bytes: wire_bytes(&change),
        }
    }

    /// The signature of a device over a change of this document.
    pub fn tip(&self, signer: &TestDevice, change: &Written) -> Value {
        let tip = TipStatement {
            document_id: self.identity.document_id(),
            actor: self.actor,
            seq: change.seq,
            hash: change.hash,
        };
        json!({ "signature": signer.sign(&tip_statement(&tip)), "tip": tip })
    }
}

/// A page to push.
#[derive(Clone, Default)]
pub struct Page {
    pub changes: Vec<Value>,
    pub tips: Vec<Value>,
    pub documents: Vec<Value>,
    pub cursor: Option<Value>,
}

impl Page {
    /// Changes of one document with its header.
    pub fn of(identity: &VisitIdentity, changes: &[&Written]) -> Self {
        Self::default().with(identity, changes)
    }

    pub fn with(mut self, identity: &VisitIdentity, changes: &[&Written]) -> Self {
        let id = identity.document_id();
        for change in changes {
            self.changes.push(json!({
                "document_id": id, "hash": change.hash, "bytes": STANDARD.encode(&change.bytes),
            }));
        }
        let header = json!({ "document_id": id, "kind": "visit", "preimage": identity.preimage() });
        self.documents.push(header);
        self
    }

    pub fn signed(mut self, tip: Value) -> Self {
        self.tips.push(tip);
        self
    }

    pub fn since(mut self, answer: &Answer) -> Self {
        self.cursor = Some(answer.body["cursor"].clone());
        self
    }

    pub fn body(&self) -> Value {
        let mut body =
            json!({ "changes": self.changes, "tips": self.tips, "documents": self.documents });
        if let Some(cursor) = &self.cursor {
            body["cursor"] = cursor.clone();
        }
        body
    }
}

/// The statuses of an answer, as `status` or `status:code`.
pub fn statuses(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| {
            let status = report["status"].as_str().unwrap();
            match report["code"].as_str().or(report["reason"].as_str()) {
                Some(code) => format!("{status}:{code}"),
                None => status.to_owned(),
            }
        })
        .collect()
}

/// Entries of the feed of one kind.
pub fn items(answer: &Answer, kind: &str) -> Vec<Value> {
    let items = answer.body["items"].as_array().unwrap().iter();
    items
        .filter(|item| item["entry"] == kind)
        .cloned()
        .collect()
}
