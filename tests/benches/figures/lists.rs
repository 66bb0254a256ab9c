//! What the console's lists cost with many visits stored: the search by its usual filters, for somebody who sees all, a
//! body's twentieth, and a team's; and the review of three thousand photographs. The visits of the team are a crowd's own
//! documents, pushed and ruled; the others are rows, written as projections write them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use fieldseal_server::args;
use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_server::store::bulk::Bulk;
use fieldseal_server::store::media::Found;
use fieldseal_server::store::{Tx, Value};
use fieldseal_tests::TestServer;
use fieldseal_tests::provider::{Browser, Shown};
use fieldseal_tests::server::PASSWORD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use sync_core::model::{Digest, DocumentId};
use uuid::Uuid;

use crate::crowd::code;
use crate::report::{Table, millis};
use crate::rounds::Stage;

/// Visits of the crowd, each with three photographs.
const REAL: usize = 1_000;
/// Pages asked for by each filter.
const PAGES: usize = 60;
/// Photographs decided one after the other.
const DECISIONS: usize = 200;
/// Visits of one transaction.
const AT_ONCE: usize = 2_000;
const BODIES: usize = 20;
const CAMPAIGNS: usize = 20;
/// Visits whose evidence is not whole.
const LACKING: usize = 20;
const DAY_MS: i64 = 86_400_000;
const PRODUCTS: [&str; 8] = [
    "铸铁井盖",
    "电动车头盔",
    "学生服",
    "灭火器",
    "燃气软管",
    "儿童玩具",
    "电线电缆",
    "润滑油",
];

static VISITS: Bulk = Bulk::new(
    "figures::VISITS",
    "INSERT INTO visits (document_id, campaign_id, body_id, enterprise, uscc, enterprise_name, region, state, entered_at, \
     sort_at, samples, conflicts, fact, changed_at, name_searched, products_searched, evidence_listed, evidence_here) VALUES",
    0,
    18,
    "",
);
static SAMPLES: Bulk = Bulk::new(
    "figures::SAMPLES",
    "INSERT INTO samples (sample_id, document_id, sheet_no, product_name, signed, fact) VALUES",
    0,
    6,
    "",
);
static OUTCOMES: Bulk = Bulk::new(
    "figures::OUTCOMES",
    "INSERT INTO subject_outcomes (subject, document_id, kind, outcome, ruling_id, version, findings) VALUES",
    0,
    7,
    "",
);
static FINDINGS: Bulk = Bulk::new(
    "figures::FINDINGS",
    "INSERT INTO standing_findings (rule_id, document_id, subject) VALUES",
    0,
    3,
    "",
);
static EVIDENCE: Bulk = Bulk::new(
    "figures::EVIDENCE",
    "INSERT INTO evidence (document_id, evidence_id, sha256, size_bytes, media_type, kind, entry, captured) VALUES",
    0,
    8,
    "",
);
static BLOBS: Bulk = Bulk::new(
    "figures::BLOBS",
    "INSERT INTO blobs (sha256, size_bytes, stored_at) VALUES",
    0,
    3,
    " ON CONFLICT DO NOTHING",
);
static PROOFS: Bulk = Bulk::new(
    "figures::PROOFS",
    "INSERT INTO evidence_proofs (document_id, sha256, device_id, proved_at) VALUES",
    0,
    4,
    " ON CONFLICT DO NOTHING",
);
static VERDICTS: Bulk = Bulk::new(
    "figures::VERDICTS",
    "INSERT INTO evidence_verdicts (document_id, evidence_id, version, sha256, verdict) VALUES",
    0,
    5,
    "",
);
static MEDIA: Bulk = Bulk::new(
    "figures::MEDIA",
    "INSERT INTO media (sha256, state, attempts, due_at, found, examined_at) VALUES",
    0,
    6,
    " ON CONFLICT DO NOTHING",
);

/// What each copy has of a visit of the crowd.
struct Model {
    device: Uuid,
    ruling: Uuid,
    fact: String,
    sample_fact: String,
    entry: Json,
    captured: String,
    now: i64,
}

fn hash(of: &str) -> [u8; 32] {
    Sha256::digest(of.as_bytes()).into()
}

fn id(of: &str) -> Uuid {
    let hash = hash(of);
    uuid::Builder::from_random_bytes(hash[..16].try_into().expect("16 bytes")).into_uuid()
}

impl Model {
    fn of(server: &TestServer) -> Self {
        let one = |sql| server.reads(sql).remove(0);
        let visit = one(
            "SELECT v.fact, s.fact AS sample_fact, e.entry, e.captured FROM visits v \
            JOIN samples s ON s.document_id = v.document_id JOIN evidence e ON e.document_id = v.document_id LIMIT 1",
        );
        let entry: String = visit.get("entry").expect("an entry");
        Self {
            device: one("SELECT device_id FROM devices LIMIT 1")
                .get("device_id")
                .expect("a phone"),
            ruling: one("SELECT ruling_id FROM rulings LIMIT 1")
                .get("ruling_id")
                .expect("a ruling"),
            fact: visit.get("fact").expect("a fact"),
            sample_fact: visit.get("sample_fact").expect("a fact"),
            entry: serde_json::from_str(&entry).expect("JSON"),
            captured: visit.get("captured").expect("a time"),
            now: SystemClock.now(),
        }
    }
}

/// The rows of visits, table by table.
#[derive(Default)]
struct Rows(HashMap<&'static str, Vec<Vec<Value>>>);

/// In the order of their references.
static TABLES: [&Bulk; 8] = [
    &VISITS, &SAMPLES, &OUTCOMES, &FINDINGS, &EVIDENCE, &BLOBS, &PROOFS, &VERDICTS,
];

impl Rows {
    fn add(&mut self, table: &Bulk, row: Vec<Value>) {
        self.0.entry(table.name()).or_default().push(row);
    }

    async fn write(mut self, tx: &mut Tx) {
        for table in TABLES {
            let rows = self.0.remove(table.name()).unwrap_or_default();
            tx.exec_rows(table, rows).await.expect("rows");
        }
    }

    /// A visit as the projection would leave it, with a sheet and three photographs that were accepted.
    fn visit(&mut self, model: &Model, body: &str, number: usize, all: usize) {
        let document = DocumentId(hash(&format!("visit {number}")));
        let body = match number % BODIES {
            0 => body.to_owned(),
            of => id(&format!("body {of}")).to_string(),
        };
        let campaign = id(&format!("campaign {}", number / BODIES % CAMPAIGNS)).to_string();
        let uscc = code(REAL + number * 7 % (all / 2));
        let name = format!(
            "示例{}第{number}厂",
            ["铸造", "服饰", "五金", "消防", "玩具"][number % 5]
        );
        let region = format!("14{:02}{:02}", 1 + number % 11, number % 7);
        let sort_at = model.now - (number * 7_919 % all) as i64 * (365 * DAY_MS / all as i64);
        let state = if number % 50 == 1 {
            "refused"
        } else {
            "finished"
        };
        let product = PRODUCTS[number / 3 % PRODUCTS.len()];
        let lacks = number % (all / LACKING) == 7;
        self.add(
            &VISITS,
            args![
                document,
                campaign,
                body,
                format!("uscc:{uscc}"),
                uscc,
                name.clone(),
                region,
                state,
                sort_at,
                sort_at,
                1_i64,
                0_i64,
                model.fact.clone(),
                model.now,
                name,
                product,
                3_i64,
                if lacks { 2_i64 } else { 3 }
            ],
        );
        let sample = id(&format!("sample {number}"));
        self.add(
            &SAMPLES,
            args![
                sample.to_string(),
                document,
                format!("B{number:010}"),
                product,
                true,
                model.sample_fact.clone()
            ],
        );
        let standing = match number {
            it if it % 997 == 3 => "contested",
            it if it % 50 == 2 => "excess",
            _ => "first",
        };
        let validity = match number {
            it if it % 499 == 5 => "needs_ruling",
            it if it % 20 == 3 => "duplicate",
            _ => "valid",
        };
        for (kind, subject, outcome) in [
            (
                "entry",
                format!("entry/{}", hex::encode(hash(&format!("entry {number}")))),
                standing,
            ),
            ("sample", format!("sample/{sample}"), validity),
        ] {
            let ruling = model.ruling;
            self.add(
                &OUTCOMES,
                args![subject, document, kind, outcome, ruling, 1_i64, 0_i64],
            );
        }
        let visit = format!("visit/{document}");
        if number.is_multiple_of(2) {
            self.add(&FINDINGS, args!["ATTIME", document, visit.clone()]);
        }
        if number % 1_000 == 11 {
            self.add(&FINDINGS, args!["ENTRY1", document, visit]);
        }
        for piece in 0..3 {
            let evidence = id(&format!("piece {number} {piece}")).to_string();
            let sha256 = Digest(hash(&format!("bytes {number} {piece}")));
            let mut entry = model.entry.clone();
            entry["evidence_id"] = json!(evidence);
            entry["sha256"] = json!(sha256);
            let size = entry["size_bytes"].as_i64().expect("a size");
            self.add(
                &EVIDENCE,
                args![
                    document,
                    evidence.clone(),
                    sha256,
                    size,
                    "image/jpeg",
                    "label",
                    entry.to_string(),
                    model.captured.clone()
                ],
            );
            if lacks && piece == 0 {
                continue;
            }
            self.add(&BLOBS, args![sha256, size, model.now]);
            self.add(&PROOFS, args![document, sha256, model.device, model.now]);
            self.add(
                &VERDICTS,
                args![document, evidence, 1_i64, sha256, "accepted"],
            );
        }
    }
}

/// Photographs of the crowd are here and were looked at; visits are added until there are so many.
fn fill(server: &TestServer, body: &str, visits: usize) {
    server.writes(
        "INSERT INTO blobs (sha256, size_bytes, stored_at) SELECT sha256, MAX(size_bytes), 0 FROM evidence \
         GROUP BY sha256 ON CONFLICT DO NOTHING",
    );
    server.writes(
        "INSERT INTO evidence_proofs (document_id, sha256, device_id, proved_at) SELECT DISTINCT e.document_id, e.sha256, \
         d.device_id, 0 FROM evidence e, (SELECT MIN(device_id) AS device_id FROM devices) d WHERE d.device_id IS NOT NULL \
         ON CONFLICT DO NOTHING",
    );
    server.writes(
        "UPDATE visits SET evidence_here = evidence_listed, evidence_waiting = evidence_listed",
    );
    let model = Model::of(server);
    let found = Found {
        fact: Default::default(),
        device: None,
        size_px: Some((4_000, 3_000)),
        screen_px: Some((1_600, 1_200)),
        no_preview: None,
    };
    let found = serde_json::to_string(&found).expect("JSON");
    let pictures = server
        .reads("SELECT sha256 FROM blobs")
        .into_iter()
        .map(|row| {
            let sha256: Digest = row.get("sha256").expect("a hash");
            args![sha256, "examined", 1_i64, 0_i64, found.clone(), 0_i64]
        });
    let pictures: Vec<_> = pictures.collect();
    let numbers: Vec<usize> = (0..visits.saturating_sub(REAL)).collect();
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin_beside().await.expect("a writer");
        tx.exec_rows(&MEDIA, pictures).await.expect("rows");
        tx.commit().await.expect("it is kept");
        for some in numbers.chunks(AT_ONCE) {
            let mut rows = Rows::default();
            for number in some {
                rows.visit(&model, body, *number, visits);
            }
            let mut tx = server.app.store.begin_beside().await.expect("a writer");
            rows.write(&mut tx).await;
            tx.commit().await.expect("it is kept");
        }
    });
    if server.database().is_some() {
        server.writes("ANALYZE");
    }
}

/// Somebody at the console of the running server.
struct Seat {
    browser: Browser,
    url: String,
}

impl Seat {
    fn take(url: &str, username: &str) -> Self {
        let mut browser = Browser::default();
        let form = format!(
            "username={username}&password={}",
            PASSWORD.replace(' ', "+")
        );
        let shown = browser.call(&format!("{url}/console/login"), Some(&form));
        assert_eq!(shown.status, 303, "{}", shown.body);
        Self {
            browser,
            url: url.to_owned(),
        }
    }

    fn asks(&mut self, path: &str, form: Option<&str>) -> (Shown, Duration) {
        let begun = Instant::now();
        let shown = self.browser.call(&format!("{}{path}", self.url), form);
        (shown, begun.elapsed())
    }

    /// How long a page takes, again and again.
    fn times(&mut self, path: &str) -> Vec<Duration> {
        let times = (0..PAGES).map(|_| {
            let (shown, took) = self.asks(path, None);
            assert_eq!(shown.status, 200, "{path}: {}", shown.body);
            took
        });
        times.collect()
    }
}

fn at(times: &[Duration], hundredth: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[(times.len() * hundredth).div_ceil(100).saturating_sub(1)]
}

fn told(times: &[Duration]) -> String {
    format!("{}, {}", millis(at(times, 50)), millis(at(times, 95)))
}

/// The address of the page behind so many others.
fn deep(seat: &mut Seat, pages: usize) -> String {
    let mut path = "/console/visits".to_owned();
    for _ in 0..pages {
        let (shown, _) = seat.asks(&path, None);
        let Some((_, after)) = shown.body.split_once("rel=\"next\" href=\"") else {
            break;
        };
        path = after
            .split('"')
            .next()
            .unwrap_or_default()
            .replace("&#38;", "&");
    }
    path
}

/// Measures on one database.
pub fn measure(table: &mut Table, database: &str, visits: usize) {
    let mut stage = Stage::new(database, REAL);
    let pages = stage.write(REAL);
    stage.push(&pages);
    let body = stage.crowd.body.to_string();
    let begun = Instant::now();
    let stage = stage.aside(|server| {
        let admin = server.log_in("admin-140000");
        server.user(&admin, &body, "manager", &["inspection_body"]);
        fill(server, &body, visits);
    });
    println!(
        "{database}: {visits} visits are there after {:?}",
        begun.elapsed()
    );
    let url = stage.server.url();
    let place = format!("lists, {database}");
    let filters = [
        ("the newest", ""),
        ("a part of a name", "name=服饰"),
        ("a name that nobody has", "name=无此企业"),
        ("a product", "product=头盔"),
        ("a body", "body={body}"),
        ("a campaign", "campaign={campaign}"),
        ("a region", "region=140500"),
        ("a state that few have", "state=refused"),
        ("a day", "from={day}&to={day}"),
        ("a sheet number", "sheet_no=B0000000777"),
        ("a credit code", "uscc={uscc}"),
        ("a standing that many have", "standing=first"),
        ("a standing that few have", "standing=contested"),
        ("a validity that some have", "validity=duplicate"),
        ("a rule that many have", "rule=ATTIME"),
        ("a rule that few have", "rule=ENTRY1"),
        ("evidence that is whole", "evidence=complete"),
        ("evidence that is not, of twenty visits", "evidence=missing"),
        ("no evidence", "evidence=none"),
        (
            "name, product, standing and evidence together",
            "name=五金&product=学生&standing=first&evidence=complete",
        ),
    ];
    let encoded = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"=&-".contains(&byte);
        let bytes = text.bytes();
        bytes
            .map(|byte| match plain(byte) {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect()
    };
    let day = sync_core::model::shanghai_date(SystemClock.now() - 100 * DAY_MS).to_string();
    for (who, sees) in [
        ("admin-140000", "sees all"),
        ("manager", "sees a twentieth"),
        ("sampler0", "sees a hundredth"),
    ] {
        let mut seat = Seat::take(&url, who);
        let mut all = Vec::new();
        for (what, filter) in filters {
            let filter = filter
                .replace("{body}", &body)
                .replace("{campaign}", &id("campaign 3").to_string())
                .replace("{day}", &day)
                .replace("{uscc}", &code(REAL + 7 * 40));
            let times = seat.times(&format!("/console/visits?{}", encoded(&filter)));
            table.add(&place, &format!("{what}; who {sees}"), told(&times));
            all.extend(times);
        }
        let path = deep(&mut seat, 40);
        let times = seat.times(&path);
        table.add(
            &place,
            &format!("the fortieth page; who {sees}"),
            told(&times),
        );
        all.extend(times);
        table.add(
            &place,
            &format!("all of these together; who {sees}"),
            told(&all),
        );
        let times = seat.times("/console");
        table.add(&place, &format!("today; who {sees}"), told(&times));
    }
    review(table, &place, &mut Seat::take(&url, "admin-140000"));
    stage.server.stop();
}

/// A hidden field of a form.
fn field(page: &str, name: &str) -> String {
    let after = page.split_once(&format!("name=\"{name}\" value=\""));
    let value = after.and_then(|(_, after)| after.split('"').next());
    value.expect("a field of the form").to_owned()
}

/// Three thousand photographs wait; somebody accepts one after the other.
fn review(table: &mut Table, place: &str, seat: &mut Seat) {
    let times = seat.times("/console/review");
    let many = 3 * REAL;
    table.add(
        place,
        &format!("the queue with {many} photographs"),
        told(&times),
    );
    let (queue, _) = seat.asks("/console/review", None);
    let begin = queue
        .body
        .split_once("id=\"begin\" href=\"")
        .expect("a first piece")
        .1;
    let mut path = begin
        .split('"')
        .next()
        .unwrap_or_default()
        .replace("&#38;", "&");
    let (mut decided, mut next) = (Vec::new(), Vec::new());
    for _ in 0..DECISIONS {
        let (page, took) = seat.asks(&path, None);
        assert_eq!(page.status, 200, "{path}");
        next.push(took);
        let (version, sha256) = (
            field(&page.body, "expected_version"),
            field(&page.body, "sha256"),
        );
        let form = format!("verdict=accepted&reason=&expected_version={version}&sha256={sha256}");
        let (answer, took) = seat.asks(&path, Some(&form));
        decided.push(took);
        let to = answer.location.expect("the next piece");
        path = to.strip_prefix(&seat.url).unwrap_or(&to).to_owned();
    }
    table.add(
        place,
        "a decision on a photograph, until the next one is named",
        told(&decided),
    );
    table.add(place, "the page of the next photograph", told(&next));
}
