//! A phone of a story: the real client with its own SQLite file, over real HTTP, with clocks and a network that the
//! story moves.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldseal_server::clock::{Clock as _, ManualClock};
use fieldseal_server::rng::{Rng as _, SeededRng};
use mobile_ffi::{
    ArrivalInput, CaptureInput, Client, ClientError, Clock, EnterpriseChoice, EvidenceAdded,
    EvidenceInput, EvidenceSubject, Fix, Host, LeaseInfo, Locator, PartyAct, Rng, SignerAct,
    SpokenDoor, SyncOutcome, SyncReport, UploadReport, VisitStart,
};
use serde_json::{Value, json};
use sync_core::model::{DocumentId, EnterpriseId, SampleId, SealSubject, SuspensionId, UserId};

use crate::catalogue::Catalogue;
use crate::network::Network;
use crate::server::PASSWORD;

/// The PIN of everybody on every phone.
pub const PIN: &str = "271828";

/// A phone's clocks, over the true time of the story.
pub struct PhoneClock {
    truth: Arc<ManualClock>,
    wrong_by_ms: AtomicI64,
    booted_at_ms: AtomicI64,
    boots: AtomicU64,
}

impl PhoneClock {
    /// Right, and booted an hour ago.
    pub fn new(truth: Arc<ManualClock>) -> Self {
        let booted = truth.now() - 3_600_000;
        Self {
            truth,
            wrong_by_ms: AtomicI64::new(0),
            booted_at_ms: AtomicI64::new(booted),
            boots: AtomicU64::new(1),
        }
    }

    /// The wall clock lies by so much; the monotonic one cannot.
    pub fn lie_by_ms(&self, wrong: i64) {
        self.wrong_by_ms.store(wrong, Ordering::SeqCst);
    }

    /// Off and on again: monotonic time starts anew and cannot be compared with what it was.
    pub fn reboot(&self) {
        self.booted_at_ms.store(self.truth.now(), Ordering::SeqCst);
        self.boots.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for PhoneClock {
    fn wall_ms(&self) -> i64 {
        self.truth.now() + self.wrong_by_ms.load(Ordering::SeqCst)
    }
    fn monotonic_ms(&self) -> i64 {
        self.truth.now() - self.booted_at_ms.load(Ordering::SeqCst)
    }
    fn boot_id(&self) -> String {
        format!("boot-{}", self.boots.load(Ordering::SeqCst))
    }
    /// Waiting is the passing of the story's time.
    fn sleep_ms(&self, milliseconds: i64) {
        self.truth.advance_ms(milliseconds.max(0));
    }
}

/// Randomness of a phone, from a seed.
pub struct PhoneRng(pub SeededRng);

impl Rng for PhoneRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

/// Where a phone is, as its system says: what the story last told.
#[derive(Default)]
pub struct PhonePlace(Mutex<Option<Fix>>);

impl Locator for PhonePlace {
    fn fix(&self) -> Option<Fix> {
        *self.0.lock().expect("a place")
    }
}

/// A phone.
pub struct Phone {
    /// The client that an app would drive.
    pub client: Client,
    /// Its clocks.
    pub clock: Arc<PhoneClock>,
    place: Arc<PhonePlace>,
    /// Its way to the server.
    pub network: Arc<Network>,
    /// Key of its owner.
    pub owner: String,
    catalogue: Arc<Mutex<Catalogue>>,
    file: PathBuf,
    seed: u64,
    campaign: String,
    team: Option<String>,
    visit: Option<DocumentId>,
    enterprise: Option<String>,
    seals: AtomicU64,
}

/// What a phone is made from.
pub struct PhoneParts {
    /// What stories call things.
    pub catalogue: Arc<Mutex<Catalogue>>,
    /// The true time.
    pub truth: Arc<ManualClock>,
    /// Its SQLite file.
    pub file: PathBuf,
    /// Of its randomness; distinct for each phone.
    pub seed: u64,
}

impl Phone {
    /// A phone that is not enrolled yet.
    pub fn open(parts: PhoneParts, owner: &str) -> Self {
        let network = Arc::new(Network::new(parts.truth.clone()));
        let clock = Arc::new(PhoneClock::new(parts.truth));
        let place = Arc::new(PhonePlace::default());
        let client = open_client(&parts.file, &clock, &network, &place, parts.seed);
        let (campaign, team) = {
            let known = parts.catalogue.lock().expect("the catalogue");
            let campaign = known.campaign_of(owner).unwrap_or_default().to_owned();
            let team = known.team_of(owner, &campaign).map(|team| team.key.clone());
            (campaign, team)
        };
        Self {
            client,
            clock,
            place,
            network,
            owner: owner.to_owned(),
            catalogue: parts.catalogue,
            file: parts.file,
            seed: parts.seed,
            campaign,
            team,
            visit: None,
            enterprise: None,
            seals: AtomicU64::new(0),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Catalogue> {
        self.catalogue.lock().expect("the catalogue")
    }

    fn id<T: std::str::FromStr>(&self, kind: &str, key: &str) -> T {
        let text = self.known().id(kind, key).to_owned();
        text.parse()
            .unwrap_or_else(|_| panic!("{kind} {key} has the id {text}"))
    }

    /// Where its SQLite file is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The campaign (and with it the team) that the next visits are for.
    pub fn works_in(&mut self, campaign: &str) -> &mut Self {
        let known = self.catalogue.lock().expect("the catalogue");
        let team = known.team_of(&self.owner, campaign);
        self.team = team.map(|team| team.key.clone());
        drop(known);
        self.campaign = campaign.to_owned();
        self
    }

    /// It is there now, as its system says; none where it has no fix.
    pub fn stands(&self, fix: Option<Fix>) -> &Self {
        *self.place.0.lock().expect("a place") = fix;
        self
    }

    /// Leaves the net.
    pub fn offline(&self) -> &Self {
        self.network.switch(false);
        self
    }

    /// Comes back to the net.
    pub fn online(&self) -> &Self {
        self.network.switch(true);
        self
    }

    /// The app is closed (or killed) and opened again.
    pub fn restarts(&mut self) {
        self.seed += 1_000;
        self.client = open_client(
            &self.file,
            &self.clock,
            &self.network,
            &self.place,
            self.seed,
        );
    }

    /// A copy of its SQLite file, as a backup has it.
    pub fn backs_up(&self, to: &Path) {
        let from = rusqlite::Connection::open(&self.file).expect("the phone's file");
        from.execute("VACUUM INTO ?1", [to.to_str().expect("a UTF-8 path")])
            .expect("a backup");
    }

    /// Somebody has tampered with the app: it starts and seals whatever it is told to. The server is to judge it.
    pub fn unruly(&self) -> &Self {
        self.client.faults().set_unruly(true);
        self
    }

    /// Samplers present: the team, or its owner alone.
    pub fn samplers(&self) -> Vec<UserId> {
        let members = {
            let known = self.known();
            let team = known.team_of(&self.owner, &self.campaign);
            team.map_or(vec![self.owner.clone()], |team| team.members.clone())
        };
        members.iter().map(|key| self.id("user", key)).collect()
    }

    /// The visit that it is in.
    #[track_caller]
    pub fn visit(&self) -> DocumentId {
        self.visit.expect("the phone has entered somewhere")
    }

    /// How it walks in, by default.
    pub fn arrival(&self) -> ArrivalInput {
        ArrivalInput {
            samplers: self.samplers(),
            notice_no: Some(format!("{}-通知-1", self.campaign)),
            id_shown: true,
            ..ArrivalInput::default()
        }
    }

    /// How a visit to a listed enterprise begins.
    pub fn start(&self, enterprise: &str) -> VisitStart {
        VisitStart {
            campaign_id: self.id("campaign", &self.campaign),
            enterprise: EnterpriseChoice::Listed {
                enterprise_id: self.id::<EnterpriseId>("enterprise", enterprise),
            },
            team_id: self.team.as_ref().map(|team| self.id("team", team)),
            site: None,
        }
    }

    /// Takes the door of an enterprise for its team (门锁) for so many hours.
    pub fn leases(&self, enterprise: &str, hours: i64) -> Result<LeaseInfo, ClientError> {
        let team = self.team.as_ref().expect("a team");
        self.client.take_lease(
            self.id("team", team),
            self.id("enterprise", enterprise),
            hours * 3_600,
        )
    }

    /// What its leases say of a door.
    pub fn door(&self, enterprise: &str) -> SpokenDoor {
        self.client.door(&self.start(enterprise)).expect("a door")
    }

    /// Opens the visit without walking in.
    pub fn goes_to(&mut self, enterprise: &str) -> DocumentId {
        self.goes_to_as(self.start(enterprise), enterprise)
    }

    /// Opens a visit that begins like this; sheets are filled as for `enterprise`.
    pub fn goes_to_as(&mut self, start: VisitStart, enterprise: &str) -> DocumentId {
        let visit = self.client.start_visit(start).expect("a visit");
        self.visit = Some(visit);
        self.enterprise = Some(enterprise.to_owned());
        visit
    }

    /// Walks in: the visit, the arrival, the photographs of the place.
    pub fn enters(&mut self, enterprise: &str) -> DocumentId {
        let visit = self.goes_to(enterprise);
        self.arrives();
        visit
    }

    /// Walks in once more.
    pub fn arrives(&self) {
        self.arrives_as(self.arrival());
    }

    /// Walks in like this.
    pub fn arrives_as(&self, arrival: ArrivalInput) {
        self.client
            .record_arrival(self.visit(), arrival)
            .expect("an arrival");
        self.shows(None, &["place"]);
    }

    /// Records an interruption.
    pub fn suspends(&self, reason: &str) -> SuspensionId {
        self.client
            .suspend(self.visit(), reason)
            .expect("a suspension")
    }

    /// Walks in after a recorded interruption.
    pub fn resumes(&self, suspension: SuspensionId) {
        self.client
            .resume(self.visit(), suspension, self.arrival())
            .expect("an arrival");
    }

    fn shows(&self, sample: Option<SampleId>, kinds: &[&str]) {
        for kind in kinds {
            for medium in ["photo", "video"] {
                let evidence = EvidenceInput {
                    kind: (*kind).to_owned(),
                    medium: medium.to_owned(),
                    sample_id: sample,
                    mime: if medium == "photo" {
                        "image/jpeg"
                    } else {
                        "video/mp4"
                    }
                    .to_owned(),
                    bytes: format!("{medium} of {kind} by {}", self.owner).into_bytes(),
                };
                self.client
                    .add_evidence(self.visit(), evidence)
                    .expect("evidence");
            }
        }
    }

    /// Captures a file as its camera wrote it.
    #[track_caller]
    pub fn captures(
        &self,
        (kind, media_type): (&str, &str),
        subject: EvidenceSubject,
        file: &Path,
    ) -> EvidenceAdded {
        let input = CaptureInput {
            file: file.to_owned(),
            media_type: media_type.to_owned(),
            kind: kind.to_owned(),
            subject,
            location: None,
        };
        let captured = self.client.capture(self.visit(), &input);
        captured.expect("it is captured")
    }

    /// Sends what evidence waits, as far as it goes; somebody whose login has lapsed logs in.
    pub fn uploads(&self) -> UploadReport {
        let report = self.client.upload().expect("the phone's store works");
        if report.outcome != SyncOutcome::LoginNeeded {
            return report;
        }
        self.syncs();
        self.client.upload().expect("the phone's store works")
    }

    /// Syncs until the server has signed for all evidence of a visit: it computes hashes in its own time.
    #[track_caller]
    pub fn waits_for_receipts(&self, visit: DocumentId) {
        let told = || self.client.evidence_summary(visit).expect("a visit");
        for _ in 0..600 {
            self.syncs();
            if told().complete {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{}", told().en);
    }

    /// A whole and valid sheet for a task at the enterprise where the phone is.
    pub fn sheet(&self, task: &str) -> Value {
        let known = self.known();
        let here = self.enterprise.as_ref().expect("an enterprise");
        let party = &known.enterprises[here];
        let task = &known.tasks[task];
        let product = &known.products[&task.product];
        let maker = &known.enterprises[&product.producer];
        let channel = match maker.key == party.key {
            true => "production",
            false => "circulation",
        };
        let number = self.seals.fetch_add(1, Ordering::SeqCst);
        let seal = |use_: &str| format!("{}-{:x}-{number}-{use_}", self.owner, self.seed);
        let party_of = |it: &crate::catalogue::Enterprise| {
            json!({
                "name": it.name, "uscc": it.uscc, "address": it.address, "region": it.region,
                "legal_representative": "法定代表人", "contact": "联系人", "phone": "0356-0000000",
            })
        };
        let mut sheet = json!({
            "sampling_kind": task.kind, "channel": channel,
            "sampled_party": party_of(party), "producer": party_of(maker),
            "licence_kind": "无", "licence_no": "无",
            "product_name": product.name, "spec_model": "标准型", "trademark": "示例", "grade": "合格品",
            "lot_no": format!("{}-批", self.campaign), "standards": [product.standard], "unit": product.unit,
            "lot_base_milli": product.base * 1_000, "test_qty_milli": product.test * 1_000,
            "spare_qty_milli": product.spare * 1_000, "spare_location": "body",
            "unit_price_fen": 10_000, "purchase_fen": 10_000 * (product.test + product.spare),
            "seals": { seal("test"): "test", seal("spare"): "spare" },
            "deliver_to": "实验室", "is_export": false, "purpose": "task",
        });
        if channel == "circulation" {
            sheet["circulation"] = json!({
                "purchase_qty_milli": product.base * 2_000, "sold_qty_milli": product.base * 1_000,
                "stock_qty_milli": product.base * 1_000, "site_type": "shop",
            });
        }
        sheet
    }

    /// Fills a sheet and leaves it unsealed; `changes` overrides fields of the valid one.
    pub fn fills(&self, task: &str, changes: Value) -> SampleId {
        let sheet = self.fills_bare(task, changes);
        self.shows(Some(sheet), &["label", "stock", "sealing"]);
        sheet
    }

    /// The same without a photograph.
    pub fn fills_bare(&self, task: &str, changes: Value) -> SampleId {
        let mut fields = self.sheet(task);
        if let (Value::Object(fields), Value::Object(changes)) = (&mut fields, changes) {
            fields.extend(changes);
        }
        self.client
            .new_sheet(self.visit(), Some(self.id("task", task)), fields)
            .expect("a sheet")
    }

    /// Everybody of the team and the party sign.
    pub fn seals(&self, sheet: SampleId) {
        self.tries_to_seal(sheet).expect("a seal");
    }

    /// Everybody of the team and the party sign, if it can be.
    pub fn tries_to_seal(&self, sheet: SampleId) -> Result<String, ClientError> {
        self.tries_to_seal_with(SealSubject::Sheet(sheet), signed_by_party())
    }

    /// Everybody of the team signs a sheet or another record, and the party does this.
    pub fn tries_to_seal_with(
        &self,
        subject: SealSubject,
        party: PartyAct,
    ) -> Result<String, ClientError> {
        let acts = self.samplers().into_iter().map(signs);
        self.client
            .seal(self.visit(), subject, acts.collect(), party)
    }

    /// Its owner amends what is sealed.
    pub fn amends(
        &self,
        subject: SealSubject,
        fields: Value,
        reason: &str,
    ) -> Result<String, ClientError> {
        let owner = signs(self.id("user", &self.owner));
        self.client
            .amend(self.visit(), subject, &fields, reason, &owner)
    }

    /// A sample drawn and sealed for a task.
    pub fn draws(&self, task: &str) -> SampleId {
        self.draws_with(task, json!({}))
    }

    /// A sample drawn and sealed, with other fields than usual.
    pub fn draws_with(&self, task: &str, changes: Value) -> SampleId {
        let sheet = self.fills(task, changes);
        self.seals(sheet);
        sheet
    }

    /// Syncs and is through: both directions.
    #[track_caller]
    pub fn syncs(&self) -> SyncReport {
        let report = self.tries_to_sync();
        assert_eq!(report.outcome, SyncOutcome::Complete, "{report:?}");
        report
    }

    /// Syncs as far as it goes; somebody whose login has lapsed logs in.
    pub fn tries_to_sync(&self) -> SyncReport {
        let report = self.client.sync().expect("the phone's store works");
        if report.outcome != SyncOutcome::LoginNeeded {
            return report;
        }
        let username = self.known().people[&self.owner].username.clone();
        match self.client.login(&username, PASSWORD) {
            // A request that arrived twice has spent its challenge the first time.
            // What answered may have been no server of ours, or none that had room.
            Err(error)
                if ["network.", "http."]
                    .iter()
                    .any(|it| error.code.starts_with(it))
                    || error.code == "challenge_invalid" =>
            {
                report
            }
            logged_in => {
                logged_in.expect("a login");
                self.client.sync().expect("the phone's store works")
            }
        }
    }
}

/// A sampler signs with their PIN and their hand.
pub fn signs(user_id: UserId) -> SignerAct {
    SignerAct {
        user_id,
        pin: PIN.to_owned(),
        handwriting: format!("handwriting of {user_id}").into_bytes(),
    }
}

/// The party signs and stamps.
pub fn signed_by_party() -> PartyAct {
    PartyAct::Signed {
        name: "联系人".to_owned(),
        handwriting: b"handwriting of the party".to_vec(),
        stamp: Some(b"photo of the stamp".to_vec()),
    }
}

fn open_client(
    file: &Path,
    clock: &Arc<PhoneClock>,
    network: &Arc<Network>,
    place: &Arc<PhonePlace>,
    seed: u64,
) -> Client {
    let host = Host {
        clock: clock.clone(),
        rng: Arc::new(PhoneRng(SeededRng::new(seed))),
        transport: network.clone(),
        signer: None,
        locator: Some(place.clone()),
    };
    Client::open(file, host).expect("the phone's store opens")
}
