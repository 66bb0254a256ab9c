//! Enforcement confirms on site (现场确认), in documents of its own: who may, from where, when, and what follows.

use fieldseal_server::services::publicity;
use fieldseal_tests::World;
use fieldseal_tests::gate::locked_door;
use fieldseal_tests::hands::{Hand, Stranger, Who, metres_away};
use fieldseal_tests::phone::signed_by_party;
use fieldseal_tests::publicity_system::{PublicitySystem, Reply};
use fieldseal_tests::world::word;
use mobile_ffi::{Continues, NotSampledInput, PartyAct};
use serde_json::{Value, json};
use sync_core::document::{ConfirmationDocument, VisitDocument};
use sync_core::limits::{WEBHOOK_LEASE_MS, WEBHOOK_RETRY_MAX_MS};
use sync_core::model::*;

/// A shop refused a team, which sealed that; a phone of the county's enforcement is on its way.
struct Scene {
    w: World,
    team: Hand,
    bureau: Hand,
    /// As it was when they had walked in.
    entered: VisitDocument,
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
        let entered = visit.clone();
        w.minutes(1);
        let (refusal, seal) = refuses(&w, &team, &mut visit);
        Self {
            w,
            team,
            bureau,
            entered,
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
    accepted(&scene.team.sends(&scene.w, &scene.entered));
    scene.w.minutes(60);
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &document));
    // The visit is here, and of the refusal nothing has come: it waits and counts for nothing.
    let waits = scene.w.rulings(scene.visit.id());
    let waits = waits
        .iter()
        .flat_map(|it| it["findings"].as_array().cloned().unwrap_or_default());
    let waits: Vec<_> = waits
        .filter(|it| it["rule_id"] == "REFUSE")
        .map(|it| word(&it["message"]))
        .collect();
    assert_eq!(waits, ["REFUSE.waits"]);
    assert_eq!(scene.tracked(), [""; 0]);
    scene.arrives();
    assert_eq!(scene.stands(), ("confirmed".to_owned(), confirmed()));
    assert_eq!(scene.tracked(), ["listed"]);
}

#[test]
fn a_confirmation_that_comes_before_its_visit_is_ruled_when_the_visit_comes() {
    let scene = Scene::begins();
    scene.w.minutes(60);
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &document));
    let path = format!("/v1/visits/{}", scene.visit.id());
    let unknown = scene.w.call("GET", "admin", &path, Value::Null);
    unknown.expect_problem(404, "not_found");
    scene.arrives();
    assert_eq!(scene.stands(), ("confirmed".to_owned(), confirmed()));
}

fn confirmed() -> Vec<String> {
    vec!["published".to_owned(), "tracked".to_owned()]
}

impl Scene {
    /// Confirms from here at once and says how the refusal stands then.
    fn after(&self, change: impl FnOnce(&mut Confirmation)) -> (String, Vec<String>) {
        self.arrives();
        self.w.minutes(60);
        let document = self.confirms(&self.bureau, "140502", change);
        accepted(&self.bureau.sends(&self.w, &document));
        self.stands()
    }

    /// The rows of the tracking list, as enforcement of the region reads it.
    fn tracked(&self) -> Vec<String> {
        let list = self
            .bureau
            .reads(&self.w, "/v1/tracked-enterprises?taken_back=true");
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let told = |it: &Value| {
            if it["listed"] == json!(true) {
                "listed"
            } else {
                "taken back"
            }
        };
        items.iter().map(|it| told(it).to_owned()).collect()
    }

    /// What the publicity system is told, oldest first.
    fn publicity(&self) -> Vec<Value> {
        let list = self.bureau.reads(&self.w, "/v1/publicity-messages");
        let mut items = list["items"].as_array().cloned().unwrap_or_default();
        // Messages of one millisecond have ids in any order.
        items.sort_by_key(|it| it["version"].as_i64());
        items
    }

    fn told_public(&self) -> Vec<String> {
        let messages = self.publicity();
        let told = |it: &Value| format!("{} {}", word(&it["action"]), word(&it["state"]));
        messages.iter().map(told).collect()
    }

    fn case(&self) -> String {
        let dossier = self.w.dossier(self.visit.id());
        word(&dossier["cases"][0]["state"])
    }
}

#[test]
fn confirmed_from_three_kilometres_away_is_not_on_site_and_waits_for_a_second_officer() {
    let scene = Scene::begins();
    let (standing, said) = scene.after(|form| form.location = Some(metres_away(3_000)));
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"far".to_owned()), "{said:?}");
    assert_eq!(scene.tracked(), [""; 0]);
    let dossier = scene.w.dossier(scene.visit.id());
    let metres = dossier["confirmations"][0]["proof"]["metres_from_entry"]
        .as_i64()
        .unwrap();
    assert!((2_980..=3_020).contains(&metres), "{metres}");
    let findings = dossier["confirmations"][0]["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|it| word(&it["message"]) == "REFUSE.far" && !word(&it["article"]).is_empty()),
        "{findings:#?}"
    );
}

#[test]
fn a_supervisor_of_the_neighbouring_county_confirms_nothing_here() {
    let scene = Scene::begins();
    scene.arrives();
    let who = Who {
        regions: &["140525"],
        names: &["neighbour1", "neighbour2"],
        ..ENFORCEMENT
    };
    let neighbour = Hand::of(&scene.w, 3, &who);
    assert!(neighbour.holds().is_empty(), "the case is none of theirs");
    scene.w.minutes(60);
    let document = scene.confirms(&neighbour, "140502", |_| ());
    let statuses = neighbour.sends(&scene.w, &document);
    assert!(
        statuses.iter().all(|it| it == "quarantined:author.region"),
        "{statuses:?}"
    );
    // Written for their own region it is let in, and counts for nothing.
    let document = scene.confirms(&neighbour, "140525", |_| ());
    accepted(&neighbour.sends(&scene.w, &document));
    let (standing, said) = scene.stands();
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"wrong_region".to_owned()), "{said:?}");
}

#[test]
fn whoever_sampled_or_belongs_to_the_body_confirms_nothing() {
    // An officer whom the entry names as one of its samplers.
    let scene = Scene::with(|arrival, bureau| {
        arrival.samplers.insert(bureau.people[0].user);
    });
    let (standing, said) = scene.after(|_| ());
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"not_independent".to_owned()), "{said:?}");
    // The samplers themselves are no enforcement.
    let document = scene.confirms(&scene.team, "140502", |_| ());
    let statuses = scene.team.sends(&scene.w, &document);
    assert!(
        statuses.iter().all(|it| it == "quarantined:author.role"),
        "{statuses:?}"
    );
}

#[test]
fn the_officer_who_assisted_the_sampling_may_confirm() {
    let scene = Scene::with(|arrival, bureau| {
        arrival
            .assisting
            .extend(bureau.people.iter().map(|it| it.user));
    });
    assert_eq!(scene.after(|_| ()), ("confirmed".to_owned(), confirmed()));
}

#[test]
fn a_place_that_an_app_made_up_proves_nothing() {
    let scene = Scene::begins();
    let (standing, said) = scene.after(|form| {
        form.location.as_mut().unwrap().mocked = true;
    });
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"not_on_site".to_owned()), "{said:?}");
}

#[test]
fn a_place_given_in_gcj_02_is_on_site_once_it_is_converted_and_never_taken_for_another() {
    // What a map in China says of the gate: the point whose conversion is the gate.
    let gate = metres_away(0);
    let mut shown = (gate.latitude_e7, gate.longitude_e7);
    let captured = |at: (i64, i64)| {
        Location::captured(CoordinateSystem::Gcj02, at.0, at.1, 10_000, false).unwrap()
    };
    for _ in 0..8 {
        let back = captured(shown);
        shown.0 += gate.latitude_e7 - back.latitude_e7;
        shown.1 += gate.longitude_e7 - back.longitude_e7;
    }
    let converted = captured(shown);
    assert!(converted.millimetres_from(&gate) < 1_000);
    let scene = Scene::begins();
    let after = scene.after(|form| form.location = Some(converted));
    assert_eq!(after, ("confirmed".to_owned(), confirmed()));

    let scene = Scene::begins();
    let raw = Location {
        latitude_e7: shown.0,
        longitude_e7: shown.1,
        ..gate
    };
    let (standing, said) = scene.after(|form| form.location = Some(raw));
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"far".to_owned()), "{said:?}");
}

#[test]
fn without_a_place_a_co_signature_proves_that_both_phones_stood_together() {
    let scene = Scene::begins();
    scene.arrives();
    scene.w.minutes(60);
    let mut document = scene.drafts(&scene.bureau, "140502", |form| form.location = None);
    let of = (scene.visit.id(), scene.subject());
    let together = scene.bureau.asks(&scene.w, &scene.team, of, [None, None]);
    document.add_co_signature(scene.w.now(), &together).unwrap();
    let subject = SealSubject::Confirmation(document.identity().confirmation);
    scene.bureau.seals(&scene.w, &mut document, subject, None);
    accepted(&scene.bureau.sends(&scene.w, &document));
    assert_eq!(scene.stands(), ("confirmed".to_owned(), confirmed()));
    let dossier = scene.w.dossier(scene.visit.id());
    let proof = &dossier["confirmations"][0]["proof"]["co_signatures"];
    assert_eq!(proof.as_array().unwrap().len(), 1);
}

#[test]
fn without_a_place_and_a_co_signature_a_second_officer_must_agree() {
    let scene = Scene::begins();
    let (standing, said) = scene.after(|form| form.location = None);
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"not_on_site".to_owned()), "{said:?}");
    let who = Who {
        names: &["officer3"],
        ..ENFORCEMENT
    };
    let second = Hand::of(&scene.w, 3, &who);
    let held: Vec<_> = second
        .holds()
        .into_iter()
        .filter(|id| *id != scene.visit.id())
        .collect();
    let mut document = second.confirmation(held[0]);
    let seal = document.seals().items[0].value.statement.digest();
    let mut opinion = Opinion {
        opinion_id: OpinionId(second.draws()),
        seal,
        agrees: true,
        reason: "看过全部影像，情况属实".to_owned(),
        given_at: second.claim(&scene.w),
        signature: Hand::signature(&second.people[0], &seal, "officer"),
    };
    let digest = document.opinion_digest(&opinion);
    opinion.signature = Hand::signature(&second.people[0], &digest, "officer");
    document.give_opinion(scene.w.now(), &opinion).unwrap();
    accepted(&second.sends(&scene.w, &document));
    let (standing, said) = scene.stands();
    assert_eq!(standing, "confirmed");
    assert!(said.contains(&"by_opinion".to_owned()), "{said:?}");
}

#[test]
fn wall_clocks_two_hours_apart_change_nothing() {
    let scene = Scene::begins();
    scene.bureau.wrong_ms.set(-2 * 3_600_000);
    let (standing, _) = scene.after(|_| ());
    assert_eq!(standing, "confirmed");
}

#[test]
fn confirmed_a_day_and_an_hour_later_is_not_in_time() {
    let scene = Scene::begins();
    scene.arrives();
    scene.w.minutes(25 * 60);
    scene.bureau.syncs(&scene.w);
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &document));
    let (standing, said) = scene.stands();
    assert_eq!(standing, "unconfirmed");
    assert!(said.contains(&"not_on_site".to_owned()), "{said:?}");
}

#[test]
fn two_supervisors_who_find_different_things_are_contested_until_a_person_decides() {
    let scene = Scene::begins();
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    assert_eq!(scene.told_public(), ["enter waiting"]);
    let who = Who {
        names: &["officer3", "officer4"],
        ..ENFORCEMENT
    };
    let others = Hand::of(&scene.w, 3, &who);
    let change = |form: &mut Confirmation| {
        form.outcome = "not_established".to_owned();
        form.opinion = "店主并未拒绝".to_owned();
    };
    let document = scene.confirms(&others, "140502", change);
    accepted(&others.sends(&scene.w, &document));
    let (standing, said) = scene.stands();
    assert_eq!(
        (standing.as_str(), said.contains(&"disagree".to_owned())),
        ("contested", true)
    );
    assert_eq!(scene.tracked(), ["taken back"]);
    assert_eq!(
        scene.told_public(),
        ["enter superseded"],
        "nothing is withdrawn that was never entered"
    );
    assert_eq!(scene.case(), "contested");

    let path = format!("/v1/refusals/{}/rulings", scene.refusal);
    let decision = json!({ "refusal": "confirmed", "reason": "调看门口监控，确系拒检" });
    let stranger = Hand::of(
        &scene.w,
        4,
        &Who {
            regions: &["140525"],
            names: &["neighbour1"],
            ..ENFORCEMENT
        },
    );
    stranger
        .posts(&scene.w, &path, decision.clone())
        .expect_problem(404, "not_found");
    let ruled = others.posts(&scene.w, &path, decision.clone()).expect(201);
    assert_eq!(ruled.body["outcome"], "confirmed");
    assert_eq!(ruled.body["actor"], json!(others.people[0].user));
    let again = others.posts(&scene.w, &path, decision).expect(201);
    assert_eq!(again.body, ruled.body);
    assert_eq!(scene.tracked(), ["listed"]);
    assert_eq!(scene.told_public(), ["enter superseded", "enter waiting"]);
    assert_eq!(scene.case(), "confirmed");
    scene.team.syncs(&scene.w);
    let told = scene.team.told("ruling");
    let subject = json!({ "kind": "refusal", "id": scene.refusal });
    let told: Vec<_> = told.iter().filter(|it| it["subject"] == subject).collect();
    assert!(!told.is_empty(), "the decision came down to the team");
    assert_eq!(told.last().unwrap()["version"], ruled.body["version"]);
}

#[test]
fn what_was_entered_in_the_publicity_system_is_withdrawn_there_when_it_holds_no_longer() {
    let scene = Scene::begins();
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    let message = scene.publicity().remove(0);
    assert_eq!(message["record"]["enterprise_name"], "晋城示例五金店");
    assert_eq!(message["record"]["refused_on"], "2025-03-02");
    let path = format!(
        "/v1/publicity-messages/{}/delivery",
        word(&message["message_id"])
    );
    let delivered = scene
        .bureau
        .posts(&scene.w, &path, json!({ "receipt": "公示-2025-0007" }));
    assert_eq!(delivered.expect(200).body["state"], "delivered");
    let again = scene
        .bureau
        .posts(&scene.w, &path, json!({ "receipt": "公示-2025-0007" }));
    assert_eq!(again.expect(200).body["state"], "delivered");
    let other = scene
        .bureau
        .posts(&scene.w, &path, json!({ "receipt": "公示-2025-0008" }));
    other.expect_problem(409, "conflict");
    assert_eq!(scene.case(), "published");

    let path = format!("/v1/refusals/{}/rulings", scene.refusal);
    let decision = json!({ "refusal": "not_established", "reason": "复查后不成立" });
    scene.bureau.posts(&scene.w, &path, decision).expect(201);
    assert_eq!(scene.told_public(), ["enter delivered", "withdraw waiting"]);
    assert_eq!(
        (scene.case().as_str(), scene.tracked()),
        ("not_established", only("taken back"))
    );
    scene.w.minutes(1);
    let decision = json!({ "refusal": "confirmed", "reason": "再次核实" });
    scene.bureau.posts(&scene.w, &path, decision).expect(201);
    assert_eq!(
        scene.told_public(),
        ["enter delivered", "withdraw superseded"]
    );
    let dossier = scene.w.dossier(scene.visit.id());
    let versions = dossier["followed"].as_array().unwrap().iter();
    let holds: Vec<_> = versions
        .filter(|it| word(&it["subject"]).starts_with("publish/"))
        .map(|it| it["holds"].clone())
        .collect();
    assert_eq!(
        holds,
        [json!(true), json!(false), json!(true)],
        "taken back, and never deleted"
    );
}

impl Scene {
    fn publishes(&self) {
        let looked = publicity::look(&self.w.server.app);
        self.w.server.runtime.block_on(looked).unwrap();
    }

    /// What is told publicly, once the server has noted so much: its own job may be the one that delivers.
    #[track_caller]
    fn told_public_at_last(&self, awaited: &[&str]) {
        for _ in 0..200 {
            self.publishes();
            if self.told_public() == awaited {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(self.told_public(), awaited);
    }

    /// Waits until the server has noted that the first message was tried so often.
    #[track_caller]
    fn tried(&self, times: usize) {
        let tried = || self.publicity()[0]["attempts"].clone();
        for _ in 0..200 {
            if tried() == times {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(tried(), times);
    }

    /// Decides on the refusal, a minute later.
    fn decides(&self, word: &str) {
        self.w.minutes(1);
        self.decides_at_once(word);
    }

    /// Decides on it while the clock stands: what waits to be tried again is not due for that.
    fn decides_at_once(&self, word: &str) {
        let path = format!("/v1/refusals/{}/rulings", self.refusal);
        let decision = json!({ "refusal": word, "reason": format!("复查：{word}") });
        self.bureau.posts(&self.w, &path, decision).expect(201);
    }
}

#[test]
fn a_confirmed_refusal_is_published_over_http_and_withdrawn_there_when_it_holds_no_longer() {
    let scene = Scene::begins();
    let system = PublicitySystem::start();
    system.serves(&scene.w.server);
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    scene.told_public_at_last(&["enter delivered"]);
    let entry = system.next();
    assert_eq!(entry.body["type"], "publicity.enter");
    assert_eq!(entry.body["data"]["record"]["uscc"], "921405020000B2F60D");
    let message = scene.publicity().remove(0);
    assert_eq!(entry.body["data"]["message_id"], message["message_id"]);
    assert_eq!(
        system.entries(),
        [(word(&message["receipt"]), "晋城示例五金店".to_owned())]
    );
    assert_eq!(
        message.get("delivered_by"),
        None,
        "nobody entered it by hand"
    );
    assert_eq!(scene.case(), "published");
    // By hand it is there already, under another number.
    let path = format!(
        "/v1/publicity-messages/{}/delivery",
        word(&message["message_id"])
    );
    let by_hand = scene
        .bureau
        .posts(&scene.w, &path, json!({ "receipt": "手工-1" }));
    by_hand.expect_problem(409, "conflict");
    scene.decides("not_established");
    scene.told_public_at_last(&["enter delivered", "withdraw delivered"]);
    assert_eq!(system.next().body["data"]["stands_as"], message["receipt"]);
    assert_eq!(system.entries(), []);
    assert_eq!(scene.case(), "not_established");
    scene.decides("confirmed");
    scene.told_public_at_last(&["enter delivered", "withdraw delivered", "enter delivered"]);
    assert_eq!(
        (system.entries().len(), scene.case().as_str()),
        (1, "published")
    );
}

#[test]
fn what_the_publicity_system_does_not_take_is_tried_again_under_one_id_and_never_given_up() {
    let scene = Scene::begins();
    let system = PublicitySystem::start();
    system.serves(&scene.w.server);
    system.answers([
        Reply::Status(500, ""),
        Reply::HangUp,
        Reply::Says("thank you".to_owned()),
        Reply::Status(410, ""),
        Reply::Status(302, "location: http://127.0.0.1:9/elsewhere\r\n"),
    ]);
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    scene.publishes();
    let first = system.next();
    for times in 1..=5 {
        scene.tried(times);
        assert_eq!(scene.told_public(), ["enter waiting"]);
        assert_eq!(scene.case(), "confirmed");
        // A day later or a minute: longer than any pause, and than the time in which one server has it to itself.
        let wait = WEBHOOK_RETRY_MAX_MS.max(WEBHOOK_LEASE_MS) + 1;
        scene.w.server.clock.advance_ms(wait);
        scene.publishes();
        let again = system.next();
        assert_eq!((&again.id, &again.body), (&first.id, &first.body));
    }
    scene.told_public_at_last(&["enter delivered"]);
    let message = scene.publicity().remove(0);
    assert_eq!(message["attempts"], 5);
    assert_eq!(message.get("last_error"), None);
    scene.publishes();
    system.is_left_alone();
}

#[test]
fn what_was_taken_there_without_an_answer_is_withdrawn_when_it_holds_no_longer() {
    let scene = Scene::begins();
    let system = PublicitySystem::start();
    system.serves(&scene.w.server);
    system.loses_answers(1);
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    scene.publishes();
    let first = system.next();
    assert_eq!(
        system.entries().len(),
        1,
        "it stands there, and nobody here knows"
    );
    scene.tried(1);
    scene.decides_at_once("not_established");
    assert_eq!(scene.told_public(), ["enter waiting", "withdraw waiting"]);
    scene
        .w
        .server
        .clock
        .advance_ms(WEBHOOK_RETRY_MAX_MS.max(WEBHOOK_LEASE_MS) + 1);
    scene.told_public_at_last(&["enter delivered", "withdraw delivered"]);
    assert_eq!(system.next().id, first.id);
    let withdrawn = system.next();
    assert_eq!(withdrawn.body["type"], "publicity.withdraw");
    assert_eq!(
        withdrawn.body["data"]["stands_as"],
        scene.publicity()[0]["receipt"]
    );
    assert_eq!(
        (system.entries().len(), scene.case().as_str()),
        (0, "not_established")
    );
}

#[test]
fn what_somebody_enters_by_hand_while_nobody_answers_is_not_told_again() {
    let scene = Scene::begins();
    let system = PublicitySystem::start();
    system.serves(&scene.w.server);
    system.answers([Reply::Status(503, "retry-after: 3600\r\n")]);
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    scene.publishes();
    system.next();
    scene.tried(1);
    let message = scene.publicity().remove(0);
    let path = format!(
        "/v1/publicity-messages/{}/delivery",
        word(&message["message_id"])
    );
    let by_hand = scene
        .bureau
        .posts(&scene.w, &path, json!({ "receipt": "手工-1" }));
    assert_eq!(by_hand.expect(200).body["state"], "delivered");
    scene.w.server.clock.advance_ms(2 * WEBHOOK_RETRY_MAX_MS);
    scene.publishes();
    system.is_left_alone();
    assert_eq!(scene.publicity().remove(0)["receipt"], "手工-1");
}

#[test]
fn a_refusal_that_its_samplers_take_back_confirms_to_nothing() {
    // Before its seal it is no case at all.
    let scene = Scene::begins();
    let mut draft = scene.entered.clone();
    let refusal: Refusal = serde_json::from_value(json!({
        "refusal_id": scene.team.draws(), "kind": "no_reason", "fact_description": "误记", "product_name": "头盔",
        "consequence_explained": true, "refused_at": scene.team.claim(&scene.w), "party": { "name": "晋城示例五金店" },
    }))
    .unwrap();
    draft.record_refusal(scene.w.now(), &refusal).unwrap();
    draft
        .withdraw_refusal(&Stranger, scene.w.now(), refusal.refusal_id, "记错企业")
        .unwrap();
    accepted(&scene.team.sends(&scene.w, &draft));
    assert_eq!(
        stands(&scene.w, draft.id(), refusal.refusal_id).0,
        "withdrawn"
    );
    scene.bureau.syncs(&scene.w);
    assert!(
        scene.bureau.holds().is_empty(),
        "nothing was sealed: enforcement hears of nothing"
    );

    // After it, by a signed amendment; what officers confirmed meanwhile is for a person.
    let scene = Scene::begins();
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    let mut visit = scene.visit.clone();
    let subject = SealSubject::Refusal(scene.refusal);
    let before = visit.refusals().items[0].value.clone();
    let mut after = before.clone();
    after.withdrawn_reason = Some("店主随后配合".to_owned());
    let seal_id = visit.seals_of(&subject)[0].value.seal_id;
    let mut amendment = Amendment {
        amendment_id: AmendmentId(scene.team.draws()),
        subject,
        seal_id,
        reason: "店主随后配合".to_owned(),
        amended_at: scene.team.claim(&scene.w),
        signature: Hand::signature(&scene.team.people[0], &scene.seal, "sampler"),
    };
    let digest = visit.amendment_digest(&amendment, &before, &after).unwrap();
    amendment.signature = Hand::signature(&scene.team.people[0], &digest, "sampler");
    visit.amend(&before, &after, &amendment).unwrap();
    accepted(&scene.team.sends(&scene.w, &visit));
    let (standing, said) = scene.stands();
    assert_eq!(standing, "contested");
    assert!(
        said.contains(&"withdrawn_but_confirmed".to_owned()),
        "{said:?}"
    );
    assert_eq!(scene.tracked(), ["taken back"]);
}

#[test]
fn what_a_revoked_supervisor_sends_waits_for_a_person_and_counts_once_it_is_let_in() {
    let scene = Scene::begins();
    scene.arrives();
    scene.w.minutes(60);
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    let page = scene.bureau.page(&document);
    let path = format!("/v1/devices/{}/revocation", scene.bureau.device.id);
    scene
        .w
        .call("POST", "admin", &path, json!({ "reason": "手机遗失" }))
        .expect(200);
    scene.w.minutes(1);
    // Somebody else carries it.
    let statuses = scene.team.carries(&scene.w, page);
    assert!(
        statuses.iter().all(|it| it == "quarantined:author.revoked"),
        "{statuses:?}"
    );
    assert_eq!(scene.stands().0, "unconfirmed");
    let list = scene.w.get("/v1/quarantine");
    for item in list["items"].as_array().unwrap() {
        let path = format!("/v1/quarantine/{}/admission", word(&item["item_id"]));
        let reason = json!({ "reason": "遗失之前所写，本人确认" });
        scene.w.call("POST", "晋城", &path, reason).expect(201);
    }
    assert_eq!(scene.stands(), ("confirmed".to_owned(), confirmed()));
}

#[test]
fn a_confirmation_that_is_edited_beside_its_seal_stays_as_it_was_sealed() {
    let scene = Scene::begins();
    scene.arrives();
    scene.w.minutes(60);
    let draft = scene.drafts(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &draft));
    let other = Hand::of(
        &scene.w,
        3,
        &Who {
            names: &["officer3"],
            ..ENFORCEMENT
        },
    );
    let mut beside = other.confirmation(draft.id());
    let before = beside.confirmation().unwrap().value;
    let after = Confirmation {
        outcome: "not_established".to_owned(),
        ..before.clone()
    };
    beside
        .edit_confirmation(&Stranger, scene.w.now(), &before, &after)
        .unwrap()
        .unwrap();
    let mut sealed = draft.clone();
    let subject = SealSubject::Confirmation(draft.identity().confirmation);
    scene.bureau.seals(&scene.w, &mut sealed, subject, None);
    accepted(&scene.bureau.sends(&scene.w, &sealed));
    accepted(&other.sends(&scene.w, &beside));
    assert_eq!(scene.stands().0, "confirmed");
    let dossier = scene.w.dossier(scene.visit.id());
    let reading = &dossier["confirmations"][0]["reading"];
    assert_eq!(reading["record"]["record"]["outcome"], "confirmed");
    assert_eq!(reading["record"]["amended"], json!(true));
    assert_eq!(reading["amendments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_confirmation_that_is_sent_again_changes_nothing() {
    let scene = Scene::begins();
    assert_eq!(scene.after(|_| ()).0, "confirmed");
    let document = scene.confirms(&scene.bureau, "140502", |_| ());
    accepted(&scene.bureau.sends(&scene.w, &document));
    let before = scene.w.server.rows();
    accepted(&scene.bureau.sends(&scene.w, &document));
    let after = scene.w.server.rows();
    for table in [
        "changes",
        "confirmations",
        "cases",
        "effects",
        "effect_versions",
        "publicity_messages",
        "rulings",
        "feed",
    ] {
        assert_eq!(before[table], after[table], "{table}");
    }
}

#[test]
fn a_case_goes_to_the_region_in_which_the_enterprise_lies_and_leaves_the_one_that_was_wrong() {
    let scene = Scene::begins();
    let there = Hand::of(
        &scene.w,
        3,
        &Who {
            regions: &["140525"],
            names: &["neighbour1"],
            ..ENFORCEMENT
        },
    );
    scene.arrives();
    scene.bureau.syncs(&scene.w);
    there.syncs(&scene.w);
    assert!(scene.bureau.holds().contains(&scene.visit.id()));
    assert!(there.holds().is_empty());
    let body = json!({
        "uscc": "921405020000B2F60D", "name": "晋城示例五金店", "region": "140525", "address": "泽州县示例街 2 号",
    });
    scene
        .w
        .call("POST", "admin", "/v1/enterprises", body)
        .expect(200);
    scene.bureau.syncs(&scene.w);
    there.syncs(&scene.w);
    assert!(scene.bureau.holds().is_empty(), "it is revoked");
    // Those who wrote it have it as before: what is taken from a region is not taken from them.
    scene.team.syncs(&scene.w);
    assert_eq!(scene.team.told("revoke"), [json!(null); 0]);
    assert_eq!(there.visit(scene.visit.id()).heads(), scene.visit.heads());
    // Who comes later finds what is theirs, and no more.
    let late = Hand::of(
        &scene.w,
        4,
        &Who {
            regions: &["140500"],
            names: &["city1"],
            ..ENFORCEMENT
        },
    );
    assert!(
        late.holds().contains(&scene.visit.id()),
        "a city sees its counties"
    );
    let late = Hand::of(
        &scene.w,
        5,
        &Who {
            names: &["officer5"],
            ..ENFORCEMENT
        },
    );
    assert!(late.holds().is_empty());
}

#[test]
fn a_refusal_at_nine_and_a_sample_at_two_both_stand_until_enforcement_decides() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let bureau = Hand::of(&w, 2, &ENFORCEMENT);
    let mut wang = w.phone("王");
    let visit = wang.enters("五金店");
    let refusal = wang.client.refuse(visit, locked_door(&w, "T2")).unwrap();
    let act = PartyAct::Refused {
        reason: "不愿被抽样".to_owned(),
        witness: "邻店店主".to_owned(),
        handwriting: Some(b"handwriting of the neighbour".to_vec()),
    };
    wang.tries_to_seal_with(SealSubject::Refusal(refusal), act)
        .unwrap();
    wang.syncs();
    assert_eq!(w.dossier(visit)["visit"]["state"], "refused");
    w.at("2025-03-02 14:00");
    let sample = wang.draws("T2");
    wang.syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    assert_eq!(stands(&w, visit, refusal).0, "unconfirmed");
    let path = format!("/v1/refusals/{refusal}/rulings");
    for (word, code) in [("contested", 422), ("withdrawn", 422), ("unconfirmed", 422)] {
        let decision = json!({ "refusal": word, "reason": "核实" });
        assert_eq!(bureau.posts(&w, &path, decision).status, code, "{word}");
    }
    let decision = json!({ "refusal": "resolved_sampled", "reason": "经宣讲后同意抽样" });
    bureau.posts(&w, &path, decision).expect(201);
    assert_eq!(stands(&w, visit, refusal).0, "resolved_sampled");
    assert_eq!(w.validity(sample), "valid");
    let dossier = w.dossier(visit);
    assert_eq!(dossier["cases"][0]["state"], "resolved_sampled");
    assert_eq!(dossier["visit"]["state"], "finished");
    assert_eq!(
        dossier["decisions"][0]["decision"]["refusal"],
        "resolved_sampled"
    );
    wang.syncs();
    let told = wang.client.rulings(visit).unwrap();
    let told = format!("{told:?}");
    assert!(
        told.contains("resolved_sampled") || told.contains("ResolvedSampled"),
        "{told}"
    );
}

#[test]
fn a_visit_that_is_interrupted_is_suspended_until_somebody_walks_in_again() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    let state = || word(&w.dossier(visit)["visit"]["state"]);
    wang.syncs();
    assert_eq!(state(), "entered");
    w.minutes(10);
    let suspension = wang.suspends("停电");
    wang.syncs();
    assert_eq!(state(), "suspended");
    w.minutes(60);
    wang.resumes(suspension);
    wang.fills("T1", json!({}));
    wang.syncs();
    assert_eq!(state(), "sampling");
}

#[test]
fn enforcement_reads_the_cases_of_its_regions_and_no_other_visit() {
    let scene = Scene::begins();
    accepted(&scene.team.sends(&scene.w, &scene.entered));
    let path = format!("/v1/visits/{}", scene.visit.id());
    let reads = |hand: &Hand| hand.gets(&scene.w, &path).status;
    assert_eq!(reads(&scene.bureau), 404, "nobody was refused yet");
    assert!(scene.bureau.reads(&scene.w, "/v1/visits")["items"] == json!([]));
    scene.arrives();
    assert_eq!(reads(&scene.bureau), 200);
    let who = Who {
        regions: &["140525"],
        names: &["neighbour1"],
        ..ENFORCEMENT
    };
    assert_eq!(reads(&Hand::of(&scene.w, 3, &who)), 404);
}

#[test]
fn what_a_confirmation_names_is_brought_by_its_author_and_read_by_the_team() {
    let scene = Scene::begins();
    scene.arrives();
    scene.w.minutes(60);
    let mut document = scene.drafts(&scene.bureau, "140502", |_| ());
    let entry: EvidenceEntry = serde_json::from_value(json!({
        "evidence_id": scene.bureau.draws(), "sha256": Digest([5; 32]), "size_bytes": 1_000,
        "media_type": "image/jpeg", "kind": "place",
        "subject": { "kind": "confirmation", "id": document.identity().confirmation },
        "captured_at": scene.bureau.claim(&scene.w), "device_id": scene.bureau.device.id,
    }))
    .unwrap();
    document
        .add_evidence(&Stranger, scene.w.now(), &entry)
        .unwrap();
    accepted(&scene.bureau.sends(&scene.w, &document));
    let upload = |hand: &Hand| hand.begins_upload(&scene.w, document.id(), &entry);
    assert_eq!(upload(&scene.bureau), 201);
    // The team reads it and brings nothing for it; the neighbours know nothing of it.
    assert_eq!(upload(&scene.team), 403);
    let path = format!("/v1/visits/{}/evidence", document.id());
    assert_eq!(scene.team.gets(&scene.w, &path).status, 200);
    let who = Who {
        regions: &["140525"],
        names: &["neighbour1"],
        ..ENFORCEMENT
    };
    let neighbour = Hand::of(&scene.w, 3, &who);
    assert_eq!(neighbour.gets(&scene.w, &path).status, 404);
}

#[test]
fn an_entry_after_a_resolved_refusal_continues_the_one_that_was_refused() {
    for declared in [false, true] {
        let w = World::shanxi();
        w.at("2025-03-02 09:00");
        let bureau = Hand::of(&w, 2, &ENFORCEMENT);
        let mut wang = w.phone("王");
        let visit = wang.enters("五金店");
        let refusal = wang.client.refuse(visit, locked_door(&w, "T2")).unwrap();
        wang.tries_to_seal_with(SealSubject::Refusal(refusal), signed_by_party())
            .unwrap();
        wang.syncs();
        w.at("2025-03-03 10:00");
        let mut arrival = wang.arrival();
        arrival.continues = declared.then_some(Continues::ResolvedRefusal);
        wang.arrives_as(arrival);
        let sample = wang.draws("T2");
        wang.syncs();
        let before = w.standings(visit);
        assert!(!before.contains(&"continuation".to_owned()), "{before:?}");
        let path = format!("/v1/refusals/{refusal}/rulings");
        let decision = json!({ "refusal": "resolved_sampled", "reason": "经宣讲后同意抽样" });
        bureau.posts(&w, &path, decision).expect(201);
        let mut standings = w.standings(visit);
        standings.sort();
        assert_eq!(standings, ["continuation", "first"], "declared: {declared}");
        assert_eq!(w.validity(sample), "valid");
        // What was resolved and turns out otherwise is one entry no longer.
        w.minutes(1);
        let decision = json!({ "refusal": "confirmed", "reason": "店主当日又拒绝" });
        bureau.posts(&w, &path, decision).expect(201);
        assert_eq!(w.standings(visit), before);
    }
}

#[test]
fn not_sampled_against_sampled_is_kept_on_both_sides_and_the_authority_rules() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    let input = NotSampledInput {
        reason: "stock_too_small".to_owned(),
        licence_no: "XK-01".to_owned(),
        note: "只剩三套".to_owned(),
        bureau_stamp: None,
    };
    let id = wang.client.not_sampled(visit, input).unwrap();
    wang.tries_to_seal_with(SealSubject::NotSampled(id), signed_by_party())
        .unwrap();
    let sample = wang.draws("T1");
    wang.syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    let dossier = w.dossier(visit);
    assert_eq!(dossier["visit"]["state"], "finished", "it was sampled");
    let list = w.call("GET", "晋城", "/v1/not-sampled", Value::Null);
    assert_eq!(list.expect(200).body["items"][0]["status"], "sampled_too");
    let path = format!("/v1/samples/{sample}/rulings");
    let decision = json!({ "validity": "valid", "reason": "库房另有存货，抽样有效" });
    for (who, code) in [("王", "role_forbidden"), ("钱", "role_forbidden")] {
        let answer = w.call("POST", who, &path, decision.clone());
        answer.expect_problem(403, code);
    }
    w.receives("钱", sample)
        .expect_problem(409, "sample_refused");
    w.call("POST", "晋城", &path, decision).expect(201);
    assert_eq!(w.validity(sample), "valid");
    w.receives("钱", sample).expect(201);
}
