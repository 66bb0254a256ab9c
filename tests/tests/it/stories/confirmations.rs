//! Enforcement confirms on site (现场确认), in documents of its own: who may, from where, when, and what follows.

use fieldseal_tests::World;
use fieldseal_tests::hands::{Hand, Who, metres_away};
use fieldseal_tests::world::word;
use serde_json::{Value, json};
use sync_core::document::{ConfirmationDocument, VisitDocument};
use sync_core::model::*;

/// A shop refused a team, which sealed that; a phone of the county's enforcement is on its way.
struct Scene {
    w: World,
    team: Hand,
    bureau: Hand,
    visit: VisitDocument,
    refusal: RefusalId,
    seal: Digest,
}

const ENFORCEMENT: Who<'static> = Who {
    organisation: "晋城市局",
    roles: &["enforcement"],
    regions: &["140502"],
    names: &["officer1", "officer2"],
};
const SAMPLERS: Who<'static> = Who {
    organisation: "晋阳",
    roles: &["sampler"],
    regions: &[],
    names: &["sampler1", "sampler2"],
};

fn party() -> PartySignature {
    PartySignature::RefusedToSign {
        reason: "不愿签字".to_owned(),
        witness: "邻店店主".to_owned(),
        handwriting: Some(Digest([9; 32])),
    }
}

impl Scene {
    fn begins() -> Self {
        Self::with(|_, _| ())
    }

    /// The same with the arrival changed.
    fn with(change: impl FnOnce(&mut Arrival, &Hand)) -> Self {
        let w = World::shanxi();
        w.at("2025-03-02 09:00");
        let team = Hand::of(&w, 1, &SAMPLERS);
        let bureau = Hand::of(&w, 2, &ENFORCEMENT);
        let members: Vec<String> = team.people.iter().map(|it| it.user.to_string()).collect();
        let body = json!({
            "body_id": w.id("organisation", "晋阳"), "campaign_id": w.id("campaign", "JC-2025-01"),
            "name": "拒检组", "members": members,
        });
        let made = w.call("POST", "admin", "/v1/teams", body);
        let identity = VisitIdentity {
            campaign: w.id("campaign", "JC-2025-01").parse().unwrap(),
            body: w.id("organisation", "晋阳").parse().unwrap(),
            enterprise: EnterpriseKey("uscc:921405020000B2F60D".to_owned()),
            team: TeamKey::Team(made.text("team_id").parse().unwrap()),
        };
        let mut visit = VisitDocument::create(identity, team.device.actor).unwrap();
        let mut arrival: Arrival = serde_json::from_value(json!({
            "arrival_id": team.draws(), "entered_at": team.claim(&w), "id_shown": true,
            "samplers": members, "location": metres_away(0), "notice_no": "JC-2025-01-通知-1",
        }))
        .unwrap();
        change(&mut arrival, &bureau);
        visit.record_arrival(w.now(), &arrival).unwrap();
        w.minutes(1);
        let (refusal, seal) = refuses(&w, &team, &mut visit);
        Self {
            w,
            team,
            bureau,
            visit,
            refusal,
            seal,
        }
    }

    fn subject(&self) -> ConfirmedSubject {
        ConfirmedSubject::Refusal(self.refusal)
    }

    fn arrives(&self) {
        let statuses = self.team.sends(&self.w, &self.visit);
        assert!(statuses.iter().all(|it| it == "accepted"), "{statuses:?}");
    }

    fn identity(&self, by: &Hand, region: &str) -> ConfirmationIdentity {
        ConfirmationIdentity {
            confirmation: ConfirmationId(by.draws()),
            visit: self.visit.identity().clone(),
            region: region.parse().unwrap(),
            subject: self.subject(),
            seal: self.seal,
        }
    }

    fn form(&self, by: &Hand, identity: &ConfirmationIdentity) -> Confirmation {
        Confirmation {
            confirmation_id: identity.confirmation,
            outcome: "confirmed".to_owned(),
            measures: "责令改正".to_owned(),
            opinion: "拒检成立".to_owned(),
            officers: by
                .people
                .iter()
                .map(|it| (it.user, it.officer.clone()))
                .collect(),
            location: Some(metres_away(20)),
            evidence: Default::default(),
            confirmed_at: by.claim(&self.w),
        }
    }

    /// Somebody fills a confirmation in, not yet sealed.
    fn drafts(
        &self,
        by: &Hand,
        region: &str,
        change: impl FnOnce(&mut Confirmation),
    ) -> ConfirmationDocument {
        let identity = self.identity(by, region);
        let mut form = self.form(by, &identity);
        change(&mut form);
        let mut document = ConfirmationDocument::create(identity, by.device.actor).unwrap();
        document.record_confirmation(self.w.now(), &form).unwrap();
        document
    }

    /// The same, sealed.
    fn confirms(
        &self,
        by: &Hand,
        region: &str,
        change: impl FnOnce(&mut Confirmation),
    ) -> ConfirmationDocument {
        let mut document = self.drafts(by, region, change);
        let subject = SealSubject::Confirmation(document.identity().confirmation);
        by.seals(&self.w, &mut document, subject, None);
        document
    }

    /// How the refusal stands, and what is said of it.
    fn stands(&self) -> (String, Vec<String>) {
        stands(&self.w, self.visit.id(), self.refusal)
    }
}

fn refuses(w: &World, team: &Hand, visit: &mut VisitDocument) -> (RefusalId, Digest) {
    let refusal: Refusal = serde_json::from_value(json!({
        "refusal_id": team.draws(), "kind": "no_reason", "fact_description": "店主锁门，拒绝抽样",
        "product_name": "电动车头盔", "consequence_explained": true, "refused_at": team.claim(w),
        "party": { "name": "晋城示例五金店", "uscc": "921405020000B2F60D", "region": "140502", "address": "城区示例街 2 号" },
        "task_level": "city", "witness": "邻店店主",
    }))
    .unwrap();
    visit.record_refusal(w.now(), &refusal).unwrap();
    let subject = SealSubject::Refusal(refusal.refusal_id);
    let seal = team.seals(w, visit, subject, Some(party()));
    (refusal.refusal_id, seal.statement.digest())
}

fn stands(w: &World, visit: DocumentId, refusal: RefusalId) -> (String, Vec<String>) {
    let rulings = w.rulings(visit);
    let subject = format!("refusal/{refusal}");
    let ruling = rulings.iter().find(|it| word(&it["subject"]) == subject);
    let Some(ruling) = ruling else {
        return (String::new(), Vec::new());
    };
    let findings = ruling["findings"].as_array().cloned().unwrap_or_default();
    let said = findings.iter().filter(|it| it["rule_id"] == "REFUSE");
    let mut said: Vec<String> = said
        .map(|it| {
            word(&it["message"])
                .trim_start_matches("REFUSE.")
                .to_owned()
        })
        .collect();
    said.sort();
    (word(&ruling["outcome"]), said)
}

fn accepted(statuses: &[String]) {
    assert!(!statuses.is_empty());
    assert!(statuses.iter().all(|it| it == "accepted"), "{statuses:?}");
}

fn only(word: &str) -> Vec<String> {
    vec![word.to_owned()]
}

#[test]
fn two_officers_on_site_confirm_a_refusal_and_both_sides_hold_it() {
    let scene = Scene::begins();
    scene.arrives();
    assert_eq!(
        scene.stands(),
        ("unconfirmed".to_owned(), only("unconfirmed"))
    );
    scene.w.minutes(60);
    scene.bureau.syncs(&scene.w);
    assert_eq!(
        scene.bureau.visit(scene.visit.id()).heads(),
        scene.visit.heads()
    );
    assert!(!scene.bureau.told("ruling").is_empty());
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &document));
    let (standing, said) = scene.stands();
    assert_eq!(said, ["published", "tracked"]);
    assert_eq!(standing, "confirmed");
    scene.team.syncs(&scene.w);
    assert_eq!(
        scene.team.confirmation(document.id()).heads(),
        document.heads()
    );
}

#[test]
fn a_confirmation_that_comes_before_its_refusal_waits_for_it_and_is_then_ruled_by_itself() {
    let scene = Scene::begins();
    scene.w.minutes(60);
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &document));
    assert_eq!(scene.stands_at_all(), None);
    scene.arrives();
    assert_eq!(scene.stands().0, "confirmed");
}

impl Scene {
    fn stands_at_all(&self) -> Option<Value> {
        let path = format!("/v1/visits/{}", self.visit.id());
        let answer = self.w.call("GET", "admin", &path, Value::Null);
        (answer.status == 200).then_some(answer.body)
    }
}
