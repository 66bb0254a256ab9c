//! The phones of one team and the visits that they have written: real documents of eleven changes with real signatures,
//! cut into pages as a phone sends them, all before any clock runs.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::hands::Stranger;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::json;
use sync_core::document::{SealRecord, VisitDocument};
use sync_core::limits::PAGE_COMPRESSED_BYTES_MAX;
use sync_core::model::{
    Arrival, CampaignId, Digest, DocumentId, EnterpriseKey, EvidenceEntry, EvidenceId,
    EvidenceSubject, Milli, Millis, OrganisationId, PartySignature, PersonSignature, SampleId,
    SampleSheet, SealId, SealSubject, SealUse, TaskId, TeamId, TeamKey, TimeClaim, Uscc, UserId,
    VisitIdentity,
};
use sync_core::proof::{
    CertificatePayload, Signed, TimeTokenPayload, TipStatement, seal_statement, tip_statement,
};
use sync_core::sync::wire::{
    Cursor, DocumentHeader, PushedChange, SignedTip, SyncRequest, SyncResponse,
};
use uuid::Uuid;

/// Phones that push at once.
pub const CLIENTS: usize = 16;
/// Changes of a visit.
pub const CHANGES: usize = 11;
/// What the id of the photograph of a visit's label begins with.
const LABEL: u64 = 3;
/// Rows of a file of enterprises.
const ROWS: usize = 10_000;

/// A body, its team, and what it is to sample.
pub struct Crowd {
    pub phones: Vec<TestDevice>,
    signers: Vec<Vec<Signer>>,
    campaign: CampaignId,
    /// 承检机构
    pub body: OrganisationId,
    team: TeamId,
    task: TaskId,
    tokens: Vec<Signed<TimeTokenPayload>>,
    /// Where they stood before anybody wrote.
    pub cursor: Cursor,
    /// What the photographs of labels are, by visit; those of others name bytes that nobody has.
    pub labels: BTreeMap<usize, Label>,
    now: Millis,
}

/// The photograph of a label whose bytes can be brought.
#[derive(Clone, Copy)]
pub struct Label {
    /// SHA-256 of them.
    pub sha256: Digest,
    /// How many.
    pub size_bytes: i64,
}

/// A sampler's key on a phone.
struct Signer {
    user: UserId,
    serial: i64,
    key: TestDevice,
}

/// A page, ready to leave.
pub struct Page {
    /// zstd of the request.
    pub body: Vec<u8>,
    /// Visits in it.
    pub visits: usize,
}

/// The code of the enterprise of a visit.
pub fn code(number: usize) -> String {
    let leading = format!("91140500{number:09}");
    let check = Uscc::check_character(&leading).expect("digits");
    format!("{leading}{check}")
}

impl Crowd {
    /// Everything made through the API, as an administrator makes it.
    pub fn new(server: &TestServer, enterprises: usize) -> Self {
        let admin = server.admin("140000");
        let post = |path: &str, body| server.post(path, &admin, body).expect(201);
        let authority = {
            let made = post(
                "/v1/organisations",
                json!({ "kind": "authority", "name": "阳城示例局", "region": "140500" }),
            );
            made.text("organisation_id")
        };
        let body = server.organisation(&admin, "inspection_body", "140500");
        let users: Vec<String> = (0..CLIENTS)
            .map(|n| server.user(&admin, &body, &format!("sampler{n}"), &["sampler"]))
            .collect();
        let campaign = json!({ "authority_id": authority, "code": "BENCH-1", "name": "测速" });
        let campaign = post("/v1/campaigns", campaign).text("campaign_id");
        let team =
            json!({ "body_id": body, "campaign_id": campaign, "name": "一组", "members": users });
        let team = post("/v1/teams", team).text("team_id");
        let rule = json!({
            "authority_id": authority, "product_name": "铸铁井盖", "standards": ["GB/T 23858-2009"], "unit": "套",
            "min_base_milli": 50_000, "test_qty_milli": 3_000, "spare_qty_milli": 3_000,
        });
        post("/v1/product-rules", rule);
        let task = json!({
            "campaign_id": campaign, "code": "T1", "product_name": "铸铁井盖", "sampling_kind": "routine",
            "plan_no": "BENCH-1", "quota_batches": 1_000_000, "regions": ["140500"],
        });
        let task = post("/v1/tasks", task).text("task_id");
        let path = format!("/v1/tasks/{task}");
        server
            .call(
                "POST",
                &format!("{path}/approval"),
                Some(&admin),
                json!(null),
            )
            .expect(200);
        let assignment = json!({ "body_id": body, "team_id": team, "reason": "测速" });
        server
            .post(&format!("{path}/assignment"), &admin, assignment)
            .expect(200);
        for first in (0..enterprises).step_by(ROWS) {
            let mut file = "uscc,name,region\n".to_owned();
            for number in first..enterprises.min(first + ROWS) {
                file.push_str(&format!("{},示例铸造{number},140500\n", code(number)));
            }
            let bytes = Some(file.into_bytes());
            server
                .call_raw(
                    "POST",
                    "/v1/imports/enterprises",
                    Some(&admin),
                    "text/csv",
                    bytes,
                )
                .expect(200);
        }
        let phones: Vec<TestDevice> = (0..CLIENTS)
            .map(|n| TestDevice::enrolled(server, &admin, &users[n], n as u8 + 1))
            .collect();
        let signer = |phone: usize, person: usize| {
            let key = TestDevice::new((64 + 2 * phone + usize::from(person != phone)) as u8);
            let device = &phones[phone];
            let asked = key.signer(server, device, &format!("sampler{person}"));
            let path = format!("/v1/devices/{}/signers", device.id);
            let answer = server.post(&path, &device.access, asked).expect(201);
            let certificate: Signed<CertificatePayload> =
                serde_json::from_value(answer.body["certificate"].clone()).expect("a certificate");
            Signer {
                user: users[person].parse().expect("a user"),
                serial: certificate.read_unverified().expect("a payload").serial,
                key,
            }
        };
        let signers = (0..CLIENTS)
            .map(|n| vec![signer(n, n), signer(n, (n + 1) % CLIENTS)])
            .collect();
        let answers: Vec<SyncResponse> = phones
            .iter()
            .map(|phone| {
                let answer = server
                    .post("/v1/sync", &phone.access, json!({}))
                    .expect(200);
                serde_json::from_value(answer.body).expect("an answer")
            })
            .collect();
        Self {
            cursor: answers[0].cursor.clone(),
            tokens: answers.into_iter().map(|it| it.time_token).collect(),
            phones,
            signers,
            campaign: campaign.parse().expect("a campaign"),
            body: body.parse().expect("a body"),
            team: team.parse().expect("a team"),
            task: task.parse().expect("a task"),
            labels: BTreeMap::new(),
            now: SystemClock.now(),
        }
    }

    /// What a phone's clocks say: a token of the server, and a moment since.
    fn claim(&self, phone: usize, wall_ms: Millis) -> TimeClaim {
        let token = &self.tokens[phone];
        TimeClaim {
            wall_ms,
            token_at_ms: token.read_unverified().ok().map(|it| it.at_ms),
            token: serde_json::to_string(token).ok(),
            token_rtt_ms: 5,
            elapsed_ms: Some(20),
        }
    }

    /// One visit: an arrival, a sheet filled in page by page, three photos, and the seal of two samplers and the party.
    fn write(&self, phone: usize, number: usize) -> VisitDocument {
        let device = &self.phones[phone];
        let identity = VisitIdentity {
            campaign: self.campaign,
            body: self.body,
            enterprise: EnterpriseKey(format!("uscc:{}", code(number))),
            team: TeamKey::Team(self.team),
        };
        let id = |kind: u64| Uuid::from_u64_pair(kind, number as u64);
        let at = self.now;
        let mut visit = VisitDocument::create(identity, device.actor).expect("a visit");
        let mut arrival: Arrival = serde_json::from_value(json!({
            "arrival_id": id(1), "entered_at": self.claim(phone, at), "id_shown": true,
        }))
        .expect("an arrival");
        arrival.samplers = BTreeSet::from_iter(self.signers[phone].iter().map(|it| it.user));
        visit.record_arrival(at, &arrival).expect("it is written");
        let sample = SampleId(id(2));
        let mut sheet = SampleSheet::draft(sample, format!("B-{number:06}"), self.claim(phone, at));
        sheet.task_id = Some(self.task);
        visit.add_sheet(at, &sheet).expect("it is written");
        let mut fill = |change: &dyn Fn(&mut SampleSheet)| {
            let before = sheet.clone();
            change(&mut sheet);
            visit
                .edit_sheet(&Stranger, at, &before, &sheet)
                .expect("it is written")
                .expect("it differs");
        };
        fill(&|it| {
            it.sampled_party.name = format!("示例铸造{number}");
            it.sampled_party.uscc = Some(code(number));
            it.sampled_party.address = "阳城县示例路1号".to_owned();
            it.sampled_party.region = Some("140500".to_owned());
            it.sampled_party.legal_representative = "法定代表人".to_owned();
            it.sampled_party.contact = "联系人".to_owned();
            it.sampled_party.phone = "0356-0000000".to_owned();
        });
        fill(&|it| {
            it.producer = Some(it.sampled_party.clone());
            it.licence_kind = "无".to_owned();
            it.licence_no = "无".to_owned();
        });
        fill(&|it| {
            it.product_name = "铸铁井盖".to_owned();
            it.spec_model = "φ700".to_owned();
            it.trademark = "示例".to_owned();
            it.grade = "合格品".to_owned();
            it.lot_no = Some("2026-11".to_owned());
            it.standards = vec!["GB/T 23858-2009".to_owned()];
            it.unit = "套".to_owned();
        });
        fill(&|it| {
            it.lot_base_milli = Some(Milli(60_000));
            it.test_qty_milli = Some(Milli(3_000));
            it.spare_qty_milli = Some(Milli(3_000));
            it.unit_price_fen = Some(10_000);
            it.purchase_fen = Some(60_000);
        });
        fill(&|it| {
            it.seals = BTreeMap::from([
                (format!("T-{number:06}"), SealUse::Test),
                (format!("S-{number:06}"), SealUse::Spare),
            ]);
            it.deliver_to = "实验室".to_owned();
        });
        for (nth, kind) in ["label", "stock", "sealing"].into_iter().enumerate() {
            let label = self.labels.get(&number).filter(|_| nth == 0);
            let shown = label.copied().unwrap_or(Label {
                sha256: Digest([number as u8; 32]),
                size_bytes: 3_000_000,
            });
            let entry = EvidenceEntry {
                evidence_id: EvidenceId(id(LABEL + nth as u64)),
                sha256: shown.sha256,
                size_bytes: shown.size_bytes,
                media_type: "image/jpeg".to_owned(),
                kind: kind.to_owned(),
                subject: EvidenceSubject::Sheet(sample),
                captured_at: self.claim(phone, at),
                location: None,
                device_id: None,
                paper: None,
                answers: Default::default(),
            };
            visit
                .add_evidence(&Stranger, at, &entry)
                .expect("it is written");
        }
        let party = PartySignature::Signed {
            name: "联系人".to_owned(),
            handwriting: Digest([1; 32]),
            stamp: Digest([2; 32]),
        };
        let subject = SealSubject::Sheet(sample);
        let statement = visit
            .statement_of(subject, Some(&party))
            .expect("a statement");
        let digest = statement.digest();
        let sign = |signer: &Signer| {
            let handwriting = Digest([3; 32]);
            let message = seal_statement(&digest, "sampler", Some(&handwriting), None);
            let signature = PersonSignature {
                certificate_serial: signer.serial,
                handwriting,
                signature: signer.key.sign(&message),
            };
            (signer.user, signature)
        };
        let seal = SealRecord {
            seal_id: SealId(id(9)),
            signatures: self.signers[phone].iter().map(sign).collect(),
            party_signature: Some(party),
            device_signature: device.sign(&seal_statement(&digest, "device", None, None)),
            sealed_at: self.claim(phone, at),
            statement,
        };
        visit.seal(at, &seal).expect("it is sealed");
        visit
    }

    /// The pages of a phone that has written these visits, each of whole visits.
    pub fn pages(&self, phone: usize, numbers: impl Iterator<Item = usize>) -> Vec<Page> {
        let mut pages = Vec::new();
        let (mut request, mut ready) = (self.nothing(), None);
        for number in numbers {
            let alone = self.request(phone, number);
            let before = request.clone();
            request.tips.extend(alone.tips.iter().cloned());
            request.documents.extend(alone.documents.iter().cloned());
            request.changes.extend(alone.changes.iter().cloned());
            let mut body = squeeze(&request);
            if body.len() > PAGE_COMPRESSED_BYTES_MAX {
                pages.extend(ready.take());
                assert!(!before.documents.is_empty(), "a visit fits into a page");
                request = alone;
                body = squeeze(&request);
            }
            let visits = request.documents.len();
            ready = Some(Page { body, visits });
        }
        pages.extend(ready);
        pages
    }

    /// A page of one visit, its document, and its photograph's entry in the manifest.
    pub fn alone(&self, phone: usize, number: usize) -> (Page, DocumentId, EvidenceId) {
        let request = self.request(phone, number);
        let document = request.documents[0].document_id;
        let label = EvidenceId(Uuid::from_u64_pair(LABEL, number as u64));
        let page = Page {
            body: squeeze(&request),
            visits: 1,
        };
        (page, document, label)
    }

    /// A request that brings nothing. What others did is measured by whoever pulls, so little of it is asked for.
    fn nothing(&self) -> SyncRequest {
        SyncRequest {
            cursor: Some(self.cursor.clone()),
            feed_bytes_max: Some(1),
            ..SyncRequest::default()
        }
    }

    /// The request that brings one visit.
    fn request(&self, phone: usize, number: usize) -> SyncRequest {
        let device = &self.phones[phone];
        let visit = self.write(phone, number);
        let document_id = visit.id();
        let changes = visit.changes_since(&[]);
        assert_eq!(changes.len(), CHANGES);
        let last = changes.last().expect("a tip");
        let tip = TipStatement {
            document_id,
            actor: device.actor,
            seq: last.seq,
            hash: last.hash,
        };
        SyncRequest {
            tips: vec![SignedTip {
                signature: device.sign(&tip_statement(&tip)),
                tip,
            }],
            documents: vec![DocumentHeader {
                document_id,
                kind: "visit".to_owned(),
                preimage: visit.identity().preimage(),
            }],
            changes: changes
                .into_iter()
                .map(|change| PushedChange {
                    document_id,
                    hash: change.hash,
                    bytes: STANDARD.encode(&change.bytes),
                })
                .collect(),
            ..self.nothing()
        }
    }
}

/// As a phone compresses it.
pub fn squeeze(request: &SyncRequest) -> Vec<u8> {
    let json = serde_json::to_vec(request).expect("plain data");
    zstd::bulk::compress(&json, 3).expect("it compresses")
}
