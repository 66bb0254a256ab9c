//! The story of conformance (`mobile-ffi/bindings/conformance/story.json`): the world that all languages play it in, and the
//! phones of the Rust reference, which drive the same face as Kotlin, Swift and Python do.

use std::io::{self, BufRead, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mobile_ffi::face::{
    ArrivalForm, Clock, ClockReading, EvidenceForm, Fieldseal, FieldsealError, GeoFix, HostFailure,
    Hosts, LocationSource, PartySignatureAct, Place, RecordRef, SignatureAct, SyncDone,
    SyncOptions, VisitPlan, open_fieldseal,
};
use serde_json::{Value, json};

use crate::phone::PIN;
use crate::server::{PASSWORD, TestServer};
use crate::world::{ADMIN, World};

/// The line is open.
const OPEN: i64 = i64::MAX;
/// The line takes connections and carries nothing.
const STALLED: i64 = -1;
/// How long anything is waited for that comes in its own time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The story's data.
pub fn story() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = file.join("../mobile-ffi/bindings/conformance/story.json");
    let text = std::fs::read_to_string(file).expect("the story");
    serde_json::from_str(&text).expect("the story is JSON")
}

/// A way to the server that is open, is cut after so many bytes of a connection, or carries nothing at all.
struct Line {
    address: SocketAddr,
    bytes: Arc<AtomicI64>,
    stalled: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn begin(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let bytes = Arc::new(AtomicI64::new(OPEN));
        let stalled = Arc::new(Mutex::new(Vec::new()));
        let (mode, kept) = (bytes.clone(), stalled.clone());
        thread::spawn(move || {
            for phone in listener.incoming().flatten() {
                match mode.load(Ordering::SeqCst) {
                    STALLED => kept.lock().expect("the line").push(phone),
                    up_max => {
                        thread::spawn(move || carry(phone, server, up_max));
                    }
                }
            }
        });
        Ok(Self {
            address,
            bytes,
            stalled,
        })
    }

    fn set(&self, bytes: i64) {
        self.bytes.store(bytes, Ordering::SeqCst);
        // Whoever still waits for an answer on a stalled line gets none.
        self.stalled.lock().expect("the line").clear();
    }
}

fn carry(mut phone: TcpStream, server: SocketAddr, up_max: i64) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    let (mut up, to_server) = (phone.try_clone()?, server.try_clone()?);
    let upwards = thread::spawn(move || {
        let max = u64::try_from(up_max).unwrap_or(0);
        let passed = io::copy(&mut io::Read::take(&mut up, max), &mut &to_server);
        if passed.is_ok_and(|passed| passed == max) {
            // Cut, at both ends.
            let _ = up.shutdown(Shutdown::Both);
        }
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let down = io::copy(&mut server, &mut phone);
    let _ = phone.shutdown(Shutdown::Both);
    let _ = upwards.join();
    down.map(|_| ())
}

/// Makes the world, tells it on standard output and does what standard input asks for, line by line, until that ends.
pub fn serve_world() {
    let w = World::with(TestServer::start(), &["bodies", "shanxi"]);
    let line = Line::begin(w.server.address).expect("a line");
    w.knows_of_covers_sampled_elsewhere("晋城", "晋城市局", "140525");
    let known = w.catalogue();
    let ids = |kind: &str, keys: Vec<&String>| -> Value {
        let pairs = keys.into_iter();
        let pairs = pairs.map(|key| (key.clone(), json!(w.id(kind, key))));
        Value::Object(pairs.collect())
    };
    let people = known.people.iter().map(|(key, it)| {
        let person =
            json!({ "username": it.username, "name": it.name, "user_id": w.id("user", key) });
        (key.clone(), person)
    });
    say(&json!({
        "url": format!("http://{}", line.address),
        "now_ms": w.now(),
        "password": PASSWORD,
        "pin": PIN,
        "people": Value::Object(people.collect()),
        "campaigns": ids("campaign", known.campaigns.keys().collect()),
        "teams": ids("team", known.campaigns.values().flat_map(|it| it.teams.iter().map(|it| &it.key)).collect()),
        "tasks": ids("task", known.tasks.keys().collect()),
        "enterprises": ids("enterprise", known.enterprises.keys().collect()),
    }));
    for asked in io::stdin().lock().lines() {
        let asked = asked.expect("a line");
        let asked: Value = serde_json::from_str(&asked).expect("a line of JSON");
        match asked["do"].as_str() {
            Some("advance") => {
                w.server
                    .clock
                    .advance_ms(asked["ms"].as_i64().expect("milliseconds"));
                say(&json!({ "now_ms": w.now() }));
            }
            Some("line") => {
                line.set(match asked["mode"].as_str() {
                    Some("open") => OPEN,
                    Some("stalled") => STALLED,
                    _ => asked["bytes"].as_i64().expect("bytes"),
                });
                say(&json!({}));
            }
            Some("enrolment_code") => {
                let user = w.id("user", asked["who"].as_str().expect("who"));
                let code = w.server.enrolment_code(&w.token(ADMIN), &user);
                say(&json!({ "code": code }));
            }
            _ => panic!("{asked} is nothing that this world does"),
        }
    }
}

fn say(told: &Value) {
    let mut out = io::stdout().lock();
    writeln!(out, "{told}").expect("somebody listens");
    out.flush().expect("somebody listens");
}

/// The clocks of a phone of the story: they stand until the story moves them.
pub struct StoryClock(pub AtomicI64);

impl Clock for StoryClock {
    fn now(&self) -> Result<ClockReading, HostFailure> {
        let now = self.0.load(Ordering::SeqCst);
        Ok(ClockReading {
            wall_ms: now,
            monotonic_ms: now - 1_000_000,
            boot_id: "story".to_owned(),
        })
    }
}

/// Where a phone of the story stands.
pub struct StoryPlace(pub GeoFix);

impl LocationSource for StoryPlace {
    fn fix(&self) -> Result<Option<GeoFix>, HostFailure> {
        Ok(Some(self.0.clone()))
    }
}

/// The text at a path of JSON.
#[track_caller]
pub fn text(value: &Value, path: &str) -> String {
    let found = value.pointer(path).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {path} in {value}"))
        .to_owned()
}

/// A phone of the story.
pub struct StoryPhone {
    /// The face.
    pub face: Arc<Fieldseal>,
    /// Its clocks.
    pub clock: Arc<StoryClock>,
    /// Which of the story's phones it is.
    pub name: String,
    world: Value,
    story: Value,
}

impl StoryPhone {
    /// Opens one on its folder; the story's time is `now_ms`.
    pub async fn open(folder: &Path, name: &str, world: &Value, now_ms: i64) -> Self {
        let story = story();
        let clock = Arc::new(StoryClock(AtomicI64::new(now_ms)));
        let place = &story["places"][name];
        let number = |key: &str| place[key].as_i64().expect("a number");
        let place = place.is_object().then(|| {
            Arc::new(StoryPlace(GeoFix {
                system: text(place, "/system"),
                latitude_e7: number("latitude_e7"),
                longitude_e7: number("longitude_e7"),
                accuracy_mm: number("accuracy_mm"),
                mocked: false,
            })) as Arc<dyn LocationSource>
        });
        let hosts = Hosts {
            clock: Some(clock.clone()),
            location: place,
            ..Hosts::default()
        };
        let folder = folder.join(name).to_string_lossy().into_owned();
        let face = open_fieldseal(folder, hosts).await.expect("it opens");
        Self {
            face,
            clock,
            name: name.to_owned(),
            world: world.clone(),
            story,
        }
    }

    /// Enrols it, gives its people keys and syncs.
    pub async fn enrol(&self, code: String) {
        let url = text(&self.world, "/url");
        let owner = self.face.enrol(url, code, self.name.clone()).await;
        owner.expect("it enrols");
        let people = &self.story["phones"][&self.name]["signatories"];
        for key in people.as_array().expect("people") {
            let key = key.as_str().expect("a key");
            let username = text(&self.world, &format!("/people/{key}/username"));
            let added = self
                .face
                .add_signatory(username, PASSWORD.to_owned(), PIN.to_owned());
            added.await.expect("a key");
        }
        assert_eq!(self.sync().await.outcome, "complete");
    }

    /// Syncs, logging in where that is needed.
    pub async fn sync(&self) -> SyncDone {
        let done = self.try_sync(None).await.expect("it is not stopped");
        if done.outcome != "login_needed" {
            return done;
        }
        let owner = text(&self.story, &format!("/phones/{}/owner", self.name));
        let username = text(&self.world, &format!("/people/{owner}/username"));
        let logged_in = self.face.log_in(username, PASSWORD.to_owned()).await;
        logged_in.expect("a login");
        self.try_sync(None).await.expect("it is not stopped")
    }

    /// Syncs once, with so many attempts.
    pub async fn try_sync(&self, attempts: Option<i64>) -> Result<SyncDone, FieldsealError> {
        let options = SyncOptions {
            evidence: true,
            attempts_max: attempts,
        };
        self.face
            .sync(options, None)
            .expect("it begins")
            .wait()
            .await
    }

    /// Who signs on it.
    pub fn people(&self) -> Vec<SignatureAct> {
        let people = self.story["phones"][&self.name]["signatories"].as_array();
        let people = people.expect("people").iter();
        let people = people.map(|key| {
            let key = key.as_str().expect("a key");
            SignatureAct {
                user_id: text(&self.world, &format!("/people/{key}/user_id")),
                pin: PIN.to_owned(),
                handwriting: format!("handwriting of {key}").into_bytes(),
            }
        });
        people.collect()
    }

    /// How a visit begins.
    pub fn plan(&self, enterprise: &str) -> VisitPlan {
        let (campaign, team) = (text(&self.story, "/campaign"), text(&self.story, "/team"));
        VisitPlan {
            campaign_id: text(&self.world, &format!("/campaigns/{campaign}")),
            place: Place::Listed {
                enterprise_id: text(&self.world, &format!("/enterprises/{enterprise}")),
            },
            team_id: Some(text(&self.world, &format!("/teams/{team}"))),
            site: None,
        }
    }

    /// How people walk in.
    pub fn arrival(&self) -> ArrivalForm {
        ArrivalForm {
            samplers: self.people().into_iter().map(|it| it.user_id).collect(),
            notice_no: Some(text(&self.story, "/visit/arrival/notice_no")),
            id_shown: true,
            assisting: Vec::new(),
            joint_entry_id: None,
            continues: None,
        }
    }

    /// Captures a photograph of the story from memory.
    pub async fn photographs(&self, document: &str, photo: &Value, shows: RecordRef) {
        let bytes = text(photo, "/text").into_bytes();
        let form = evidence_form(photo, shows);
        let captured = self
            .face
            .capture_bytes(document.to_owned(), form, bytes, None);
        captured.await.expect("evidence");
    }

    /// The first half: a visit on which nobody has a network, until both sheets are sealed. The visit, the sheets.
    pub async fn visits_offline(&self, folder: &Path) -> (String, Vec<String>) {
        let (face, told) = (&self.face, &self.story["visit"]);
        for search in ["search_by_name", "search_by_uscc"] {
            let found = face.find_enterprises(text(told, &format!("/{search}")));
            let found = found.await.expect("a search");
            assert_eq!(found[0].name, "泽州示例铸造", "{search}");
        }
        let held = face.rules_held().await.expect("rules");
        assert!(held.index_as_of_ms.is_some() && !held.rulebooks.is_empty());
        let plan = self.plan(&text(told, "/enterprise"));
        let visit = face.start_visit(plan).await.expect("a visit");
        let arrived = face.record_arrival(visit.clone(), self.arrival()).await;
        arrived.expect("an arrival");
        let photos = &told["photos"];
        self.photographs(&visit, &photos[0], RecordRef::Visit).await;
        let mut sheets: Vec<String> = Vec::new();
        for sheet in told["sheets"].as_array().expect("sheets") {
            if sheets.len() == 1 {
                // The next day they walk in again, and say nothing of why.
                let day = told["next_day_ms"].as_i64().expect("milliseconds");
                self.clock.0.fetch_add(day, Ordering::SeqCst);
                let arrived = face.record_arrival(visit.clone(), self.arrival()).await;
                arrived.expect("an arrival");
            }
            let task = text(&self.world, &format!("/tasks/{}", text(sheet, "/task")));
            let fields = sheet["fields"].to_string();
            let made = face.new_sheet(visit.clone(), Some(task), fields).await;
            let id = made.expect("a sheet");
            for piece in sheet["trail"].as_array().expect("a trail") {
                let shows = RecordRef::Sheet { id: id.clone() };
                self.photographs(&visit, piece, shows).await;
            }
            sheets.push(id);
        }
        let file = folder.join("camera.jpg");
        std::fs::write(&file, text(&photos[1], "/text")).expect("a picture");
        let form = evidence_form(
            &photos[1],
            RecordRef::Sheet {
                id: sheets[0].clone(),
            },
        );
        let file = file.to_string_lossy().into_owned();
        let captured = face.capture_file(visit.clone(), form, file, None).await;
        captured.expect("evidence");
        let preview = face.preview(visit.clone()).await.expect("a preview");
        let rule = text(told, "/preview/finding");
        let found = preview.findings.iter().find(|it| it.rule_id == rule);
        let found = found.unwrap_or_else(|| panic!("no {rule} in {preview:?}"));
        assert!(!found.citation.is_empty() && found.zh != found.en);
        let rule = text(told, "/preview/advice");
        let advised = preview.advice.iter().find(|it| it.rule_id == rule);
        let advised = advised.unwrap_or_else(|| panic!("no {rule} in {preview:?}"));
        assert!(!advised.citation.is_empty() && advised.zh != advised.en);
        for sheet in &sheets {
            let party = PartySignatureAct::Signed {
                name: text(told, "/party/name"),
                handwriting: text(told, "/party/handwriting").into_bytes(),
                stamp: Some(text(told, "/party/stamp").into_bytes()),
            };
            let record = RecordRef::Sheet { id: sheet.clone() };
            let sealed = face.seal_record(visit.clone(), record, self.people(), party);
            sealed.await.expect("a seal");
        }
        (visit, sheets)
    }

    /// Syncs until a visit is as the story ends, or patience does; its digest.
    pub async fn digest_at_the_end(&self, visit: &str, expected: &str) -> String {
        let begun = Instant::now();
        loop {
            assert_eq!(self.sync().await.outcome, "complete");
            let digest = self.face.visit_digest(visit.to_owned()).await;
            let digest = digest.expect("a digest");
            if digest == expected || begun.elapsed() > PATIENCE {
                return digest;
            }
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// What a photograph of the story is.
pub fn evidence_form(photo: &Value, shows: RecordRef) -> EvidenceForm {
    EvidenceForm {
        media_type: text(photo, "/media_type"),
        kind: text(photo, "/kind"),
        shows,
    }
}

/// The process that is killed: enrols with a code, plays the first half, tells what it made and waits for its end.
pub fn play_until_killed(folder: PathBuf, world: &Value, code: String) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let now_ms = world["now_ms"].as_i64().expect("the time");
    runtime.expect("a runtime").block_on(async {
        let phone = StoryPhone::open(&folder, "first", world, now_ms).await;
        phone.enrol(code).await;
        let (visit, sheets) = phone.visits_offline(&folder).await;
        say(&json!({ "visit": visit, "sheets": sheets }));
    });
    loop {
        thread::park();
    }
}
