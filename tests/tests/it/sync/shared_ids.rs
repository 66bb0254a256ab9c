//! One sample id in two documents: nothing is lost, nobody wins, the laboratory waits, and order means nothing.

use automerge::transaction::Transactable;
use automerge::{ActorId, ROOT, ReadDoc};
use fieldseal_tests::{TestDevice, World};
use serde_json::{Value, json};
use sync_core::document::VisitDocument;
use sync_core::model::{
    DocumentId, EnterpriseKey, SampleId, SampleSheet, TeamKey, TimeClaim, VisitIdentity,
};

use super::kit::{Draft, Page, Written, statuses};

/// A document by a program that is no phone, though somebody's device signs it: one sheet under another's sample id.
struct Forged {
    device: TestDevice,
    identity: VisitIdentity,
    visit: VisitDocument,
}

impl Forged {
    fn new(w: &World, sample: SampleId) -> Self {
        let user = w.id("user", "刘");
        let device = TestDevice::enrolled(&w.server, &w.token("admin"), &user, 7);
        let organisation = w.call("GET", "admin", &format!("/v1/users/{user}"), Value::Null);
        let identity = VisitIdentity {
            campaign: w.id("campaign", "JC-2025-01").parse().unwrap(),
            body: organisation
                .expect(200)
                .text("organisation_id")
                .parse()
                .unwrap(),
            enterprise: EnterpriseKey("uscc:911405250000B1E536".to_owned()),
            team: TeamKey::Solo(user.parse().unwrap()),
        };
        let mut visit = VisitDocument::create(identity.clone(), device.actor).unwrap();
        let number = "FORGED-1".to_owned();
        let sheet = SampleSheet::draft(sample, number, TimeClaim::default());
        visit.add_sheet(0, &sheet).unwrap();
        Self {
            device,
            identity,
            visit,
        }
    }

    fn id(&self) -> DocumentId {
        self.identity.document_id()
    }

    fn withdraws(&mut self, sample: SampleId) {
        let actor = ActorId::from(self.device.actor.0);
        let mut document = self.visit.automerge().fork().with_actor(actor);
        let mut transaction = document.transaction();
        let (_, sheets) = transaction.get(ROOT, "sheets").unwrap().unwrap();
        transaction.delete(sheets, sample.to_string()).unwrap();
        transaction.commit();
        self.visit = VisitDocument::from_automerge(document).unwrap();
    }

    fn syncs(&self, w: &World) {
        let changes = self.visit.changes_since(&[]).into_iter();
        let changes: Vec<Written> = changes
            .map(|change| Written {
                hash: change.hash,
                seq: change.seq,
                bytes: change.bytes,
            })
            .collect();
        let draft = Draft::begin(&self.identity, &self.device);
        let tip = draft.tip(&self.device, changes.last().unwrap());
        let page = Page::of(&self.identity, &changes.iter().collect::<Vec<_>>()).signed(tip);
        let answer = w.server.post("/v1/sync", &self.device.access, page.body());
        let told = statuses(&answer);
        assert!(told.iter().all(|status| status == "accepted"), "{told:?}");
    }
}

/// The number of the visit's one sheet, how its dossier has the sample, and whether it says that the id is used twice.
fn shown(w: &World, visit: DocumentId, sample: SampleId) -> (String, String, bool) {
    let dossier = w.dossier(visit);
    let listed = &dossier["samples"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rules = w.rules(visit, sample);
    let frozen = rules.contains(&"SAMPLEID".to_owned());
    (text(&listed["sheet_no"]), text(&listed["validity"]), frozen)
}

#[test]
fn one_sample_id_in_two_visits_is_kept_in_both_and_frozen_until_one_is_taken_back() {
    for honest_first in [true, false] {
        let w = World::shanxi();
        let mut a = w.phone("王");
        a.offline();
        let visit = a.enters("铸造");
        let sample = a.draws("T1");
        let mut forged = Forged::new(&w, sample);
        if honest_first {
            a.online().syncs();
            assert_eq!(w.validity(sample), "valid");
            forged.syncs(&w);
        } else {
            forged.syncs(&w);
            a.online().syncs();
        }
        let (own, validity, frozen) = shown(&w, visit, sample);
        assert_ne!(own, "FORGED-1", "each shows its own");
        assert_eq!((validity.as_str(), frozen), ("needs_ruling", true));
        let (number, validity, frozen) = shown(&w, forged.id(), sample);
        assert_eq!(number, "FORGED-1");
        assert_eq!((validity.as_str(), frozen), ("needs_ruling", true));
        for (visit, other) in [(visit, forged.id()), (forged.id(), visit)] {
            let fact = w.dossier(visit)["facts"]["samples"][sample.to_string()].clone();
            assert_eq!(fact["also_claimed"], json!([other]));
        }
        let refused = w
            .receives("钱", sample)
            .expect_problem(409, "sample_refused");
        assert_eq!(refused.told("rule_id"), "SAMPLEID");
        // Each has its row, on a page edge too.
        let first = w.get("/v1/samples?limit=1");
        let after = first["next"].as_str().unwrap();
        let second = w.get(&format!("/v1/samples?limit=1&after={after}"));
        assert_eq!(second["next"], Value::Null);
        let mut documents = [&first, &second].map(|page| page["items"][0]["document_id"].clone());
        documents.sort_by_key(Value::to_string);
        let mut expected = [visit, forged.id()].map(|id| json!(id));
        expected.sort_by_key(Value::to_string);
        assert_eq!(documents, expected);
        forged.withdraws(sample);
        forged.syncs(&w);
        assert_eq!(w.validity(sample), "valid", "free again");
        let (number, validity, frozen) = shown(&w, visit, sample);
        assert_eq!((number, validity.as_str(), frozen), (own, "valid", false));
        w.receives("钱", sample).expect(201);
    }
}
