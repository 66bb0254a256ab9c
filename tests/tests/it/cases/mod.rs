//! `/v1/cases`: queues of refusals (拒检) and on-site reports (现场报告), and what people do with them.

mod acts;
mod queues;

use fieldseal_tests::World;
use fieldseal_tests::hands::{Hand, Who, metres_away};
use fieldseal_tests::server::Answer;
use serde_json::{Value, json};
use sync_core::document::VisitDocument;
use sync_core::model::*;

/// A team in the field, supervisors of the city and of a county, and the authority.
pub(crate) struct Desk {
    pub(crate) w: World,
    team: Hand,
    team_id: TeamId,
}

/// A case: its visit and its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) visit: DocumentId,
    pub(crate) subject: uuid::Uuid,
}

impl Case {
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.visit, self.subject)
    }
}

pub(crate) const SHOP: (&str, &str) = ("921405020000B2F60D", "140502");
pub(crate) const FOUNDRY: (&str, &str) = ("911405250000B1E536", "140525");
const TAILOR: (&str, &str) = ("911405810000B3G78L", "140581");

impl Desk {
    pub(crate) fn new() -> Self {
        let w = World::shanxi();
        w.at("2025-03-02 09:00");
        let samplers = Who {
            organisation: "晋阳",
            roles: &["sampler"],
            regions: &[],
            names: &["sampler1", "sampler2"],
        };
        let team = Hand::of(&w, 1, &samplers);
        let members: Vec<String> = team.people.iter().map(|it| it.user.to_string()).collect();
        let body = json!({
            "body_id": w.id("organisation", "晋阳"), "campaign_id": w.id("campaign", "JC-2025-01"),
            "name": "拒检组", "members": members,
        });
        let made = w.call("POST", "admin", "/v1/teams", body);
        let team_id = made.text("team_id").parse().unwrap();
        let desk = Self { w, team, team_id };
        desk.hires("city", "晋城市局", "enforcement", &["140500"]);
        desk.hires("county", "晋城市局", "enforcement", &["140502"]);
        desk.hires("elsewhere", "运城市局", "enforcement", &["140800"]);
        desk
    }

    pub(crate) fn hires(&self, name: &str, organisation: &str, role: &str, regions: &[&str]) {
        let body = json!({
            "organisation_id": self.w.id("organisation", organisation), "username": name, "display_name": name,
            "roles": [role], "regions": regions, "password": fieldseal_tests::server::PASSWORD,
        });
        let admin = self.w.token("admin");
        self.w.server.post("/v1/users", &admin, body).expect(201);
    }

    fn visit(&self, (uscc, _): (&str, &str), at: Option<Location>) -> VisitDocument {
        let identity = VisitIdentity {
            campaign: self.w.id("campaign", "JC-2025-01").parse().unwrap(),
            body: self.w.id("organisation", "晋阳").parse().unwrap(),
            enterprise: EnterpriseKey(format!("uscc:{uscc}")),
            team: TeamKey::Team(self.team_id),
        };
        let mut visit = VisitDocument::create(identity, self.team.device.actor).unwrap();
        let members: Vec<_> = self.team.people.iter().map(|it| it.user).collect();
        let arrival: Arrival = serde_json::from_value(json!({
            "arrival_id": self.team.draws(), "entered_at": self.team.claim(&self.w), "id_shown": true,
            "samplers": members, "location": at, "notice_no": "JC-2025-01-通知-1",
        }))
        .unwrap();
        visit.record_arrival(self.w.now(), &arrival).unwrap();
        visit
    }

    /// An enterprise refuses; the team seals that and sends it.
    pub(crate) fn refused(&self, at: (&str, &str), place: Option<Location>) -> Case {
        let mut visit = self.visit(at, place);
        let refusal: Refusal = serde_json::from_value(json!({
            "refusal_id": self.team.draws(), "kind": "no_reason", "fact_description": "店主锁门，拒绝抽样",
            "product_name": "电动车头盔", "consequence_explained": true, "refused_at": self.team.claim(&self.w),
            "party": { "name": "某店", "uscc": at.0, "region": at.1, "address": "某街" },
            "task_level": "city", "witness": "邻店店主",
        }))
        .unwrap();
        visit.record_refusal(self.w.now(), &refusal).unwrap();
        let subject = SealSubject::Refusal(refusal.refusal_id);
        self.sealed(visit, subject, refusal.refusal_id.0)
    }

    /// Something is illegal at sight; the team seals its report and sends it.
    pub(crate) fn reported(&self, at: (&str, &str), place: Option<Location>) -> Case {
        let mut visit = self.visit(at, place);
        let report: OnSiteReport = serde_json::from_value(json!({
            "report_id": self.team.draws(), "grounds": "unlicensed", "description": "不能出示许可",
            "recipients": [self.w.id("organisation", "晋城市局")], "sampling_terminated": true,
            "reported_at": self.team.claim(&self.w),
        }))
        .unwrap();
        visit.record_on_site_report(self.w.now(), &report).unwrap();
        let subject = SealSubject::OnSiteReport(report.report_id);
        self.sealed(visit, subject, report.report_id.0)
    }

    fn sealed(&self, mut visit: VisitDocument, of: SealSubject, subject: uuid::Uuid) -> Case {
        let party = PartySignature::RefusedToSign {
            reason: "不愿签字".to_owned(),
            witness: "邻店店主".to_owned(),
            handwriting: Some(Digest([9; 32])),
        };
        self.team.seals(&self.w, &mut visit, of, Some(party));
        let statuses = self.team.sends(&self.w, &visit);
        assert!(statuses.iter().all(|it| it == "accepted"), "{statuses:?}");
        Case {
            visit: visit.id(),
            subject,
        }
    }

    /// Somebody calls; those of the world by their key, others by their user name.
    pub(crate) fn call(&self, method: &str, who: &str, path: &str, body: Value) -> Answer {
        let known = self.w.catalogue().people.contains_key(who) || who == "admin";
        let token = match known {
            true => self.w.token(who),
            false => self.w.server.log_in(who),
        };
        self.w.server.call(method, path, Some(&token), body)
    }

    /// Ids of a queue, in its order.
    #[track_caller]
    pub(crate) fn queue(&self, who: &str, query: &str) -> Vec<String> {
        let rows = self.rows(who, query);
        let ids = rows.iter().map(|row| row["case_id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    #[track_caller]
    fn rows(&self, who: &str, query: &str) -> Vec<Value> {
        let page = self.call("GET", who, &format!("/v1/cases?{query}"), Value::Null);
        page.expect(200).body["items"].as_array().unwrap().clone()
    }

    pub(crate) fn does(&self, who: &str, case: Case, act: &str, body: Value) -> Answer {
        self.call("POST", who, &format!("/v1/cases/{}/{act}", case.id()), body)
    }
}

fn place(metres: i64) -> Option<Location> {
    Some(metres_away(metres))
}
