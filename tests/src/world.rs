//! A world for a story: a server in process, everybody and everything of the demonstration data made through the API
//! alone, phones, and the questions that a story asks of the dossier.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldseal_server::cli::admin;
use fieldseal_server::clock::Clock as _;
use fieldseal_server::objects::ObjectName;
use fieldseal_server::services::evidence::{Proof, verified};
use fieldseal_server::services::ruling::rule_what_is_dirty;
use fieldseal_server::store::media::{self, Examined};
use fieldseal_server::store::rulings::dirty;
use mobile_ffi::{EnterpriseChoice, VisitStart};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sync_core::model::{Digest, DocumentId, SampleId};

use crate::catalogue::{Catalogue, DataFile, Human};
use crate::phone::{PIN, Phone, PhoneParts};
use crate::server::{Answer, PASSWORD, TestServer};

/// The administrator of the whole country.
pub const ADMIN: &str = "admin";
/// Access tokens live for ten minutes of the server's clock; a new one is taken before that.
const TOKEN_KEPT_MS: i64 = 8 * 60_000;

/// The world of a story.
pub struct World {
    /// The server.
    pub server: TestServer,
    catalogue: Arc<Mutex<Catalogue>>,
    tokens: Mutex<BTreeMap<String, (i64, String)>>,
    phones: Mutex<u64>,
}

impl World {
    /// Shanxi: two teams of one body and one of another in JC-2025-01, a campaign of the province, one of Yuncheng.
    pub fn shanxi() -> Self {
        Self::with(TestServer::start(), &["bodies", "shanxi"])
    }

    /// Shanghai: four campaigns, so that a body may visit one enterprise four times.
    pub fn shanghai() -> Self {
        Self::with(TestServer::start(), &["bodies", "shanghai"])
    }

    /// What these files hold, on this server.
    pub fn with(server: TestServer, files: &[&str]) -> Self {
        let made = admin::make(
            &server.app,
            "国家示例市场监督管理总局",
            "000000",
            ADMIN.to_owned(),
            "管理员".to_owned(),
            PASSWORD.to_owned(),
        );
        server.runtime.block_on(made).expect("an administrator");
        let world = Self {
            server,
            catalogue: Arc::default(),
            tokens: Mutex::default(),
            phones: Mutex::new(0),
        };
        for file in files {
            world.load(&DataFile::read(file));
        }
        world
    }

    /// A world that was made before, on a server that has its database.
    pub fn on(server: TestServer, catalogue: Catalogue) -> Self {
        Self {
            server,
            catalogue: Arc::new(Mutex::new(catalogue)),
            tokens: Mutex::default(),
            phones: Mutex::new(0),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Catalogue> {
        self.catalogue.lock().expect("the catalogue")
    }

    /// The server's id of something that stories name.
    #[track_caller]
    pub fn id(&self, kind: &str, key: &str) -> String {
        self.known().id(kind, key).to_owned()
    }

    /// What stories call things.
    pub fn catalogue(&self) -> Catalogue {
        self.known().clone()
    }

    /// Makes everything of a file through the API, as the administrator.
    pub fn load(&self, data: &DataFile) {
        for it in &data.organisations {
            let parent = it.parent.as_ref().map(|key| self.id("organisation", key));
            let mut body = json!({ "kind": it.kind, "name": it.name, "region": it.region });
            if let Some(uscc) = &it.uscc {
                body["uscc"] = json!(uscc);
            }
            if let Some(parent) = parent {
                body["parent_id"] = json!(parent);
            }
            self.make("organisation", &it.key, "/v1/organisations", body);
        }
        for it in &data.people {
            let mut body = json!({
                "organisation_id": self.id("organisation", &it.organisation), "username": it.username,
                "display_name": it.name, "roles": it.roles, "password": PASSWORD,
            });
            if let Some(number) = &it.certificate_no {
                body["certificate_no"] = json!(number);
            }
            self.make("user", &it.key, "/v1/users", body);
            self.known().people.insert(it.key.clone(), it.clone());
        }
        for it in &data.enterprises {
            let body = json!({ "uscc": it.uscc, "name": it.name, "address": it.address, "region": it.region });
            self.make("enterprise", &it.key, "/v1/enterprises", body);
            self.known().enterprises.insert(it.key.clone(), it.clone());
        }
        for it in &data.products {
            let body = json!({
                "authority_id": self.id("organisation", &it.authority), "product_name": it.name,
                "standards": [it.standard], "unit": it.unit, "min_base_milli": it.base * 1_000,
                "test_qty_milli": it.test * 1_000, "spare_qty_milli": it.spare * 1_000,
            });
            self.make("product_rule", &it.key, "/v1/product-rules", body);
            self.known().products.insert(it.key.clone(), it.clone());
        }
        for it in &data.campaigns {
            self.load_campaign(it);
        }
    }

    fn load_campaign(&self, it: &crate::catalogue::Campaign) {
        let authority = self.id("organisation", &it.authority);
        let body = json!({ "authority_id": authority, "code": it.code, "name": it.name });
        let campaign = self.make("campaign", &it.code, "/v1/campaigns", body);
        for team in &it.teams {
            let members: Vec<String> = team
                .members
                .iter()
                .map(|key| self.id("user", key))
                .collect();
            let body = json!({
                "body_id": self.id("organisation", &team.body), "campaign_id": campaign,
                "name": team.key, "members": members,
            });
            self.make("team", &team.key, "/v1/teams", body);
        }
        for task in &it.tasks {
            let (product, enterprises) = {
                let known = self.known();
                let keys = known.enterprises.keys();
                let targets: Vec<_> = keys
                    .map(|key| known.id("enterprise", key).to_owned())
                    .collect();
                (known.products[&task.product].name.clone(), targets)
            };
            let body = json!({
                "campaign_id": campaign, "code": task.code, "product_name": product,
                "sampling_kind": task.kind, "plan_no": it.code, "quota_batches": 10,
                "enterprises": enterprises,
            });
            let id = self.make("task", &task.code, "/v1/tasks", body);
            self.known().tasks.insert(task.code.clone(), task.clone());
            self.call(
                "POST",
                ADMIN,
                &format!("/v1/tasks/{id}/approval"),
                Value::Null,
            )
            .expect(200);
            self.assigns(&task.code, &task.body, Some(&task.team));
        }
        self.known().campaigns.insert(it.code.clone(), it.clone());
    }

    fn make(&self, kind: &str, key: &str, path: &str, body: Value) -> String {
        let answer = self.call("POST", ADMIN, path, body);
        assert!(
            matches!(answer.status, 200 | 201),
            "{path} {key}: {}",
            answer.body
        );
        let id = answer.text(&format!("{kind}_id"));
        self.known().name(kind, key, id.clone());
        id
    }

    /// Gives a task to a body and a team of it.
    pub fn assigns(&self, task: &str, body: &str, team: Option<&str>) -> Answer {
        let path = format!("/v1/tasks/{}/assignment", self.id("task", task));
        let mut body = json!({ "body_id": self.id("organisation", body), "reason": "改派" });
        if let Some(team) = team {
            body["team_id"] = json!(self.id("team", team));
        }
        self.call("POST", ADMIN, &path, body).expect(200)
    }

    /// Cancels a task.
    pub fn cancels(&self, task: &str) -> Answer {
        let path = format!("/v1/tasks/{}/cancellation", self.id("task", task));
        self.call("POST", ADMIN, &path, json!({ "reason": "计划调整" }))
            .expect(200)
    }

    /// A team has this roster from now on.
    pub fn rosters(&self, team: &str, members: &[&str]) -> Answer {
        let path = format!("/v1/teams/{}", self.id("team", team));
        let members: Vec<_> = members.iter().map(|key| self.id("user", key)).collect();
        self.call("PATCH", ADMIN, &path, json!({ "members": members }))
            .expect(200)
    }

    /// A conflict of interest of a person with an enterprise is declared at a task.
    pub fn recuses(&self, task: &str, enterprise: &str, who: &str) -> Answer {
        let path = format!("/v1/tasks/{}/recusals", self.id("task", task));
        let body = json!({
            "enterprise_id": self.id("enterprise", enterprise), "user_id": self.id("user", who), "reason": "亲属任职",
        });
        self.call("POST", ADMIN, &path, body).expect(201)
    }

    /// The true time.
    pub fn now(&self) -> i64 {
        self.server.clock.now()
    }

    /// It is now so late: `2025-03-01 09:30` in Shanghai.
    #[track_caller]
    pub fn at(&self, text: &str) -> &Self {
        self.server.clock.set(shanghai_ms(text));
        self
    }

    /// Time passes.
    pub fn minutes(&self, minutes: i64) -> &Self {
        self.server.clock.advance_ms(minutes * 60_000);
        self
    }

    /// An access token of somebody, fresh by the server's clock.
    pub fn token(&self, who: &str) -> String {
        let username = match who {
            ADMIN => ADMIN.to_owned(),
            key => self.known().people[key].username.clone(),
        };
        let now = self.now();
        let kept = self.tokens.lock().expect("tokens").get(who).cloned();
        match kept {
            Some((at, token)) if (0..TOKEN_KEPT_MS).contains(&(now - at)) => token,
            _ => {
                let token = self.server.log_in(&username);
                let mut tokens = self.tokens.lock().expect("tokens");
                tokens.insert(who.to_owned(), (now, token.clone()));
                token
            }
        }
    }

    /// Everybody who calls the API logs in anew: the server that knew their sessions is gone.
    pub fn forgets_tokens(&self) {
        self.tokens.lock().expect("tokens").clear();
    }

    /// Somebody calls the API.
    pub fn call(&self, method: &str, who: &str, path: &str, body: Value) -> Answer {
        self.server.call(method, path, Some(&self.token(who)), body)
    }

    /// The administrator reads.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.call("GET", ADMIN, path, Value::Null).expect(200).body
    }

    /// Bytes that a phone is taken to have brought for a visit are verified, and what that changes is ruled.
    pub fn brings(&self, phone: &Phone, visit: DocumentId, sha256: Digest, size_bytes: i64) {
        let enrolled = phone.client.enrolled().expect("a phone's file");
        let device = enrolled.expect("an enrolled phone").device_id;
        let proof = Proof {
            document_id: visit,
            sha256,
            size_bytes,
            device_id: device.parse().expect("a device"),
        };
        let app = &self.server.app;
        self.server.runtime.block_on(async {
            let mut tx = app.store.begin_beside().await.expect("a transaction");
            verified(app, &mut tx, &proof).await.expect("a proof");
            tx.commit().await.expect("it is written");
            rule_what_is_dirty(app).await.expect("it is ruled");
        });
    }

    /// The bytes of an original that a phone recorded for a visit come: they lie in the store, are verified, were examined, and
    /// what that changes is ruled, so that nothing more is logged of the visit by itself.
    pub fn brings_bytes(&self, phone: &Phone, visit: DocumentId, bytes: &[u8]) -> Digest {
        let sha256 = Digest(Sha256::digest(bytes).into());
        let name = ObjectName::original(sha256);
        let put = self
            .server
            .app
            .objects
            .put_new(&name, bytes.to_vec().into());
        self.server.runtime.block_on(put).expect("a store");
        let size = i64::try_from(bytes.len()).expect("a length");
        self.brings(phone, visit, sha256, size);
        let settled = async || {
            let mut db = self.server.app.store.read().await.expect("a reader");
            let examined = media::list_of_document(&mut db, visit).await;
            let mut examined = examined.expect("what was found").into_iter();
            let waits = examined.any(|(of, it)| of == sha256 && matches!(it, Examined::Waiting));
            !waits && dirty::waiting(&mut db).await.expect("marks").0 == 0
        };
        for _ in 0..600 {
            if self.server.runtime.block_on(settled()) {
                return sha256;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{name} was not examined and ruled");
    }

    /// A phone enrolled for a sampler, on which everybody of their teams can sign; synced once.
    pub fn phone(&self, owner: &str) -> Phone {
        let number = {
            let mut phones = self.phones.lock().expect("phones");
            *phones += 1;
            *phones
        };
        let file = self
            .server
            .folder()
            .join(format!("phone-{number}-{owner}.db"));
        let phone = self.phone_on(owner, file, 100 + number);
        self.enrols(&phone);
        phone
    }

    /// A phone on a file, as it is.
    pub fn phone_on(&self, owner: &str, file: PathBuf, seed: u64) -> Phone {
        let parts = PhoneParts {
            catalogue: self.catalogue.clone(),
            truth: self.server.clock.clone(),
            file,
            seed,
        };
        Phone::open(parts, owner)
    }

    /// Enrols a phone for its owner, gives the teammates keys on it, and syncs once.
    pub fn enrols(&self, phone: &Phone) {
        let user = self.id("user", &phone.owner);
        let code = self.server.enrolment_code(&self.token(ADMIN), &user);
        let label = format!("{}的手机", phone.owner);
        phone
            .client
            .enrol(&self.server.url(""), &code, &label)
            .expect("it enrols");
        let mut signers = vec![phone.owner.clone()];
        // Officers of one office sign on each other's phones: two of them confirm.
        let colleagues = {
            let known = self.known();
            let owner = &known.people[&phone.owner];
            let officer = |it: &Human| it.roles.iter().any(|role| role == "enforcement");
            let office = known
                .people
                .values()
                .filter(|it| it.organisation == owner.organisation);
            let office = office.filter(|it| officer(it) && officer(owner));
            office.map(|it| it.key.clone()).collect::<Vec<_>>()
        };
        signers.extend(colleagues);
        for campaign in self.known().campaigns.values() {
            for team in &campaign.teams {
                if team.members.contains(&phone.owner) {
                    signers.extend(team.members.clone());
                }
            }
        }
        signers.sort();
        signers.dedup();
        for key in signers {
            let username = self.known().people[&key].username.clone();
            phone
                .client
                .add_signer(&username, PASSWORD, PIN)
                .expect("a signer's key");
        }
        phone.syncs();
    }

    /// Everybody syncs, in this order, until nothing is new for anybody.
    pub fn sync_all(&self, phones: &[&Phone]) {
        for _ in 0..2 {
            for phone in phones {
                phone.online().syncs();
            }
        }
    }

    /// The dossier of a visit, as the administrator sees it.
    #[track_caller]
    pub fn dossier(&self, visit: DocumentId) -> Value {
        self.get(&format!("/v1/visits/{visit}"))
    }

    /// The standings of the entries of a visit, in the order of their days.
    #[track_caller]
    pub fn standings(&self, visit: DocumentId) -> Vec<String> {
        let rulings = self.rulings(visit).into_iter();
        let entries = rulings.filter(|ruling| word(&ruling["subject"]).starts_with("entry/"));
        entries.map(|ruling| word(&ruling["outcome"])).collect()
    }

    /// How a sample stands, as its own page says.
    #[track_caller]
    pub fn validity(&self, sample: SampleId) -> String {
        word(&self.sample(sample)["validity"])
    }

    /// A sample's own page.
    #[track_caller]
    pub fn sample(&self, sample: SampleId) -> Value {
        self.get(&format!("/v1/samples/{sample}"))
    }

    /// The rules that speak of a sample of a visit in the version that stands, sorted.
    #[track_caller]
    pub fn rules(&self, visit: DocumentId, sample: SampleId) -> Vec<String> {
        let mut rules = Vec::new();
        for ruling in self.rulings(visit) {
            if word(&ruling["subject"]) == format!("sample/{sample}") {
                let findings = ruling["findings"].as_array().cloned().unwrap_or_default();
                rules.extend(findings.iter().map(|finding| word(&finding["rule_id"])));
            }
        }
        rules.sort();
        rules.dedup();
        rules
    }

    /// The highest version of the ruling on each subject of a visit.
    #[track_caller]
    pub fn rulings(&self, visit: DocumentId) -> Vec<Value> {
        let dossier = self.dossier(visit);
        let all = dossier["rulings"].as_array().expect("rulings");
        let mut latest: BTreeMap<String, Value> = BTreeMap::new();
        for ruling in all {
            let subject = word(&ruling["subject"]);
            let newer = latest
                .get(&subject)
                .is_none_or(|kept| kept["version"].as_i64() < ruling["version"].as_i64());
            if newer {
                latest.insert(subject, ruling.clone());
            }
        }
        latest.into_values().collect()
    }

    /// A person of the authority rules on the first entry of a visit.
    #[track_caller]
    pub fn rules_entry(&self, who: &str, visit: DocumentId, standing: &str) -> Answer {
        let rulings = self.rulings(visit);
        let subjects = rulings.iter().map(|ruling| word(&ruling["subject"]));
        let entry = subjects
            .filter_map(|it| it.strip_prefix("entry/").map(str::to_owned))
            .next();
        let entry = entry.expect("an entry").replace('/', "%2F");
        let body = json!({ "standing": standing, "reason": "核实门卫登记后裁定" });
        let path = format!("/v1/entries/{entry}/rulings");
        self.call("POST", who, &path, body).expect(201)
    }

    /// The laboratory takes a sample in, if it may.
    pub fn receives(&self, who: &str, sample: SampleId) -> Answer {
        let seals = self.sample(sample)["seal_numbers"].clone();
        let seals = if seals.is_array() { seals } else { json!([]) };
        let body = json!({ "seals": seals, "condition": "完好", "accepted": true });
        self.call("POST", who, &format!("/v1/samples/{sample}/receipt"), body)
    }

    /// The laboratory begins to test.
    pub fn starts_testing(&self, who: &str, sample: SampleId) -> Answer {
        let path = format!("/v1/samples/{sample}/testing-started");
        self.call("POST", who, &path, json!({}))
    }

    /// Another key stands for an enterprise from now on.
    #[track_caller]
    pub fn aliases(&self, enterprise: &str, from_key: &str) -> Answer {
        let path = format!(
            "/v1/enterprises/{}/aliases",
            self.id("enterprise", enterprise)
        );
        let body = json!({ "from_key": from_key, "reason": "核对营业执照后更正" });
        self.call("POST", ADMIN, &path, body).expect(200)
    }

    /// How the first team of JC-2025-01 begins a visit at the foundry of 铸造 where nobody could read the code on its licence,
    /// so that it is an enterprise nobody listed until somebody says which one it is.
    pub fn unlisted_foundry(&self) -> VisitStart {
        VisitStart {
            campaign_id: self.id("campaign", "JC-2025-01").parse().expect("an id"),
            enterprise: EnterpriseChoice::Unlisted {
                name: "泽州示例铸造（老厂）".to_owned(),
                uscc: None,
                no_uscc_reason: Some("执照污损".to_owned()),
                address: "泽州县示例路 1 号".to_owned(),
                region: Some("140525".to_owned()),
            },
            team_id: Some(self.id("team", "甲组").parse().expect("an id")),
            site: None,
        }
    }

    /// A phone's key is revoked.
    #[track_caller]
    pub fn revokes(&self, phone: &Phone) {
        let enrolled = phone.client.enrolled().expect("the phone's store works");
        let path = format!(
            "/v1/devices/{}/revocation",
            enrolled.expect("it is enrolled").device_id
        );
        self.call("POST", ADMIN, &path, json!({ "reason": "手机被盗" }))
            .expect(200);
        self.server.clock.advance_ms(1);
    }

    /// What of a visit is held or quarantined, as `state:code`.
    #[track_caller]
    pub fn aside(&self, visit: DocumentId) -> Vec<String> {
        let dossier = self.dossier(visit);
        let items = dossier["aside"].as_array().expect("a list").iter();
        items
            .map(|item| {
                let state = &item["state"];
                let why = state["code"].as_str().or(state["reason"].as_str());
                format!("{}:{}", word(&state["state"]), why.unwrap_or_default())
            })
            .collect()
    }

    /// Somebody lets in everything of a visit that waits for a person, one by one; the answers.
    pub fn admits(&self, who: &str, visit: DocumentId) -> Vec<Answer> {
        let dossier = self.dossier(visit);
        let items = dossier["aside"].as_array().expect("a list").iter();
        let quarantined = items.filter(|item| item["state"]["state"] == "quarantined");
        quarantined
            .map(|item| {
                let path = format!("/v1/quarantine/{}/admission", word(&item["item_id"]));
                self.call(
                    "POST",
                    who,
                    &path,
                    json!({ "reason": "核实为本人当日所采" }),
                )
            })
            .collect()
    }

    /// A copy of a whole phone, with what backups leave out.
    pub fn copy_of(&self, phone: &Phone) -> Phone {
        let file = self.folder().join(format!("copy-{}.db", self.now()));
        phone.backs_up(&file);
        let beside = |path: &Path| PathBuf::from(format!("{}.install", path.display()));
        std::fs::copy(beside(phone.file()), beside(&file)).expect("the install's identity");
        self.phone_on(&phone.owner, file, 500)
    }

    /// Imports a CSV file; the report.
    #[track_caller]
    pub fn imports(&self, kind: &str, file: &str) -> Value {
        let path = format!("/v1/imports/{kind}");
        let bytes = Some(file.as_bytes().to_vec());
        self.server
            .call_raw("POST", &path, Some(&self.token(ADMIN)), "text/csv", bytes)
            .expect(200)
            .body
    }

    /// Publishes a version of a rulebook.
    #[track_caller]
    pub fn publishes_rulebook(&self, toml: &str) -> Answer {
        let answer = self.call("POST", ADMIN, "/v1/rulebooks", json!({ "text": toml }));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
        answer
    }

    /// The folder of the server and the phones.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }
}

/// A JSON text as it is, anything else as JSON.
pub fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Milliseconds of a civil time in Asia/Shanghai: `2025-03-01 09:30`.
#[track_caller]
pub fn shanghai_ms(text: &str) -> i64 {
    let parts: Option<Vec<i64>> = text
        .split(['-', ' ', ':'])
        .map(|part| part.parse().ok())
        .collect();
    let Some(&[year, month, day, hour, minute]) = parts.as_deref() else {
        panic!("{text} is not like 2025-03-01 09:30");
    };
    // Days from the civil calendar, after Howard Hinnant: the harness has no calendar of its own.
    let (y, m) = (year - i64::from(month <= 2), (month + 9) % 12);
    let (era, of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1;
    let days = era * 146_097 + day_of_era - 719_468;
    days * 86_400_000 + (hour - 8) * 3_600_000 + minute * 60_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::MORNING_MS;

    #[test]
    fn civil_times_are_those_of_shanghai() {
        assert_eq!(shanghai_ms("2025-03-01 09:00"), MORNING_MS);
        assert_eq!(shanghai_ms("1970-01-01 08:00"), 0);
        assert_eq!(
            shanghai_ms("2024-03-01 00:00") - shanghai_ms("2024-02-28 00:00"),
            2 * 86_400_000
        );
    }
}
