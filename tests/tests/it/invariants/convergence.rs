//! I3, convergence: the same changes and server events, processed in any order, give the same projection, findings and
//! rulings; and so do the scopes, ruled in any order.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fieldseal_server::services::ruling;
use fieldseal_tests::catalogue::Catalogue;
use fieldseal_tests::{TestServer, World};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use sync_core::model::{DocumentId, SampleId};
use tempfile::TempDir;

const SEEDS: u64 = 8;

/// A server's folder with phones that have worked offline and sent nothing, and the ids of what they recorded.
struct Base {
    folder: TempDir,
    catalogue: Catalogue,
    phones: BTreeMap<&'static str, PathBuf>,
    visits: BTreeMap<&'static str, DocumentId>,
    samples: BTreeMap<&'static str, SampleId>,
    stolen: String,
}

/// Two phones of one team in one document; a second team at their door, later, with the same product and another; the
/// two teams at one moment at a second door; the province's body with a product of the city's; a phone that is stolen.
fn base() -> Base {
    let folder = TempDir::new().unwrap();
    let mut w = World::with(TestServer::start_in(folder.path()), &["bodies", "shanxi"]);
    let (mut wang, mut zhao) = (w.phone("王"), w.phone("赵"));
    let (mut li, mut sun, mut liu) = (w.phone("李"), w.phone("孙"), w.phone("刘"));
    for phone in [&wang, &zhao, &li, &sun, &liu] {
        phone.offline();
    }
    let mut visits = BTreeMap::new();
    let mut samples = BTreeMap::new();
    visits.insert("铸造·甲", wang.enters("铸造"));
    samples.insert("甲井盖", wang.draws("T1"));
    w.minutes(3);
    zhao.enters("铸造");
    samples.insert("甲头盔", zhao.draws("T2"));
    for (phone, words) in [(&wang, "王记"), (&zhao, "赵记")] {
        phone
            .client
            .splice_notes(phone.visit(), 0, 0, words)
            .unwrap();
    }
    w.minutes(20);
    visits.insert("铸造·乙", li.enters("铸造"));
    samples.insert("乙井盖", li.draws("T5"));
    samples.insert("乙头盔", li.draws("T6"));
    w.minutes(90);
    visits.insert("服饰·甲", wang.enters("服饰"));
    visits.insert("服饰·乙", sun.enters("服饰"));
    samples.insert("甲学生服", wang.draws("T3"));
    samples.insert("孙头盔", sun.draws("T6"));
    w.minutes(30);
    liu.works_in("SX-2025-01");
    visits.insert("服饰·省", liu.enters("服饰"));
    samples.insert("省学生服", liu.draws("P1"));
    let devices = w.get("/v1/devices")["items"].as_array().unwrap().clone();
    let of_sun = |it: &&Value| it["user_id"].as_str() == Some(&w.id("user", "孙"));
    let stolen = devices.iter().find(of_sun).unwrap()["device_id"].as_str();
    let stolen = stolen.unwrap().to_owned();
    let mut phones = BTreeMap::new();
    for phone in [&wang, &zhao, &li, &sun, &liu] {
        let owner = ["王", "赵", "李", "孙", "刘"];
        let owner = owner.into_iter().find(|it| *it == phone.owner).unwrap();
        phones.insert(owner, phone.file().file_name().unwrap().into());
    }
    let catalogue = w.catalogue();
    w.server.stop();
    Base {
        folder,
        catalogue,
        phones,
        visits,
        samples,
        stolen,
    }
}

/// What happens to the server, at which time, and what it cannot come before: a sync that brings what it speaks of, or one
/// that would have made another event of it.
struct Event {
    name: &'static str,
    at: &'static str,
    after: &'static [&'static str],
    what: What,
}

enum What {
    Syncs(&'static str),
    Receives(&'static str),
    StartsTesting(&'static str),
    Serves(&'static str),
    RulesEntry(&'static str, &'static str),
    RulesSample(&'static str, &'static str),
    Revokes,
    Cancels(&'static str),
    KnowsPrior,
}

fn events() -> Vec<Event> {
    let event = |name, at, after, what| Event {
        name,
        at,
        after,
        what,
    };
    vec![
        event("li", "2025-03-01 18:00", &[][..], What::Syncs("李")),
        event("sun", "2025-03-01 18:05", &[], What::Syncs("孙")),
        event("liu", "2025-03-01 18:10", &[], What::Syncs("刘")),
        event("cancel", "2025-03-01 18:15", &[], What::Cancels("T2")),
        event("prior", "2025-03-01 18:20", &[], What::KnowsPrior),
        event("revoke", "2025-03-01 18:25", &["sun"], What::Revokes),
        event("in", "2025-03-01 18:30", &["li"], What::Receives("乙井盖")),
        event(
            "test",
            "2025-03-01 18:40",
            &["in"],
            What::StartsTesting("乙井盖"),
        ),
        // The earlier entry comes when the later one's sample is under test.
        event("wang", "2025-03-01 19:00", &["test"], What::Syncs("王")),
        event("zhao", "2025-03-01 19:05", &["test"], What::Syncs("赵")),
        event(
            "served",
            "2025-03-01 19:10",
            &["test"],
            What::Serves("乙井盖"),
        ),
        event(
            "entry",
            "2025-03-01 19:20",
            &["wang"],
            What::RulesEntry("服饰·甲", "first"),
        ),
        event(
            "void",
            "2025-03-01 19:30",
            &["liu"],
            What::RulesSample("省学生服", "void"),
        ),
        event(
            "valid",
            "2025-03-01 19:40",
            &["zhao"],
            What::RulesSample("甲头盔", "valid"),
        ),
    ]
}

/// Any order in which nothing comes before what it must come after.
fn any_order(dice: &mut ChaCha8Rng) -> Vec<Event> {
    let mut left = events();
    let mut order: Vec<Event> = Vec::new();
    while !left.is_empty() {
        let free: Vec<usize> = (0..left.len())
            .filter(|at| {
                let came = |name: &&str| order.iter().any(|it| it.name == *name);
                left[*at].after.iter().all(came)
            })
            .collect();
        order.push(left.remove(*free.choose(dice).unwrap()));
    }
    order
}

impl Base {
    fn world(&self, folder: &Path) -> World {
        let server = TestServer::start_copy(self.folder.path(), folder);
        World::on(server, self.catalogue.clone())
    }

    /// Lets it happen; the HTTP status of what was answered.
    fn happens(&self, w: &World, event: &Event) -> u16 {
        w.at(event.at);
        match event.what {
            What::Syncs(owner) => {
                let phone = w.phone_on(owner, w.folder().join(&self.phones[owner]), 7);
                phone.network.redirect(&w.server.url(""));
                phone.syncs();
                200
            }
            What::Receives(sample) => w.receives("钱", self.samples[sample]).status,
            What::StartsTesting(sample) => w.starts_testing("钱", self.samples[sample]).status,
            What::Serves(sample) => {
                let path = format!("/v1/samples/{}/service", self.samples[sample]);
                let body = json!({ "served_at": "2025-03-01T11:00:00Z" });
                w.call("POST", "晋城", &path, body).status
            }
            What::RulesEntry(visit, standing) => {
                w.rules_entry("晋城", self.visits[visit], standing).status
            }
            What::RulesSample(sample, validity) => {
                let path = format!("/v1/samples/{}/rulings", self.samples[sample]);
                let body = json!({ "validity": validity, "reason": "核实后裁定" });
                w.call("POST", "山西", &path, body).status
            }
            What::Revokes => {
                let path = format!("/v1/devices/{}/revocation", self.stolen);
                w.call("POST", "admin", &path, json!({ "reason": "被盗" }))
                    .status
            }
            What::Cancels(task) => w.cancels(task).status,
            What::KnowsPrior => {
                let body = json!({
                    "source": "e-CQS", "confidence": "confirmed", "sampled_on": "2025-02-01",
                    "sampling_kind": "routine", "authority_id": w.id("organisation", "山西省局"),
                    "region": "140581", "enterprise_uscc": "911405810000B3G78L", "product_name": "学生服",
                    "producer_uscc": "911405810000B3G78L", "standards": ["GB/T 31888-2015"],
                    "trademark": "示例", "spec_model": "标准型",
                });
                w.call("POST", "山西", "/v1/prior-samplings", body).status
            }
        }
    }
}

/// The HTTP status that each event was answered by.
type Answers = Vec<(&'static str, u16)>;
/// The rows of tables as lines, sorted.
type Tables = BTreeMap<&'static str, Vec<String>>;

/// What is projected and what stands, table by table. Left out are ids of rulings and events, which are drawn, times of
/// processing, and versions that stand no longer.
const TABLES: &[(&str, &str)] = &[
    (
        "documents",
        "SELECT document_id, kind, preimage, heads FROM documents",
    ),
    (
        "document_authors",
        "SELECT document_id, user_id FROM document_authors",
    ),
    (
        "changes",
        "SELECT document_id, hash, actor, seq, status, reason, code, received_at FROM changes",
    ),
    (
        "visits",
        "SELECT document_id, campaign_id, body_id, team_id, enterprise, uscc, enterprise_name, region, state, entered_at, \
           sort_at, samples, conflicts, fact FROM visits",
    ),
    (
        "entries",
        "SELECT entry_id, document_id, entered_at, fact FROM entries",
    ),
    (
        "samples",
        "SELECT s.sample_id, s.document_id, s.entry_id, s.sheet_no, s.task_id, s.enterprise, s.product_name, s.sampled_on, \
           s.signed, s.fact FROM samples s WHERE length(s.document_id) > 0",
    ),
    (
        "sample_seals",
        "SELECT seal_no, sample_id, document_id FROM sample_seals",
    ),
    (
        "evidence",
        "SELECT document_id, evidence_id, sha256, size_bytes, media_type, kind, entry, captured, author FROM evidence",
    ),
    (
        "conflicts",
        "SELECT document_id, path, record FROM conflicts",
    ),
    (
        "scope_members",
        "SELECT scope, kind, CASE WHEN length(document_id) > 0 THEN member_id END, document_id, key FROM scope_members",
    ),
    (
        "outcomes",
        "SELECT o.subject, o.document_id, o.outcome, o.door, r.findings FROM subject_outcomes o \
           JOIN rulings r ON r.ruling_id = o.ruling_id WHERE length(o.document_id) > 0",
    ),
    (
        "prior outcomes",
        "SELECT p.natural_key, o.outcome, s.fact FROM prior_samplings p \
           JOIN subject_outcomes o ON o.subject = 'sample/' || p.prior_sampling_id \
           JOIN samples s ON s.sample_id = p.prior_sampling_id",
    ),
    (
        "verdicts",
        "SELECT scope, subject, outcome, findings FROM scope_verdicts \
           WHERE subject NOT IN (SELECT 'sample/' || prior_sampling_id FROM prior_samplings)",
    ),
    (
        "custody",
        "SELECT sample_id, act, standing, body, at, rule_id, without_sheet FROM custody_events",
    ),
    (
        "decisions",
        "SELECT subject, document_id, standing, validity, user_id, reason, decided_at FROM decisions",
    ),
    (
        "index",
        "SELECT sample_id, kind, sampled_on, authority_id, level, sampling_kind, product_kind, region FROM index_rows \
           WHERE removed = 0 AND sample_id IN (SELECT sample_id FROM samples WHERE length(document_id) > 0)",
    ),
    ("unruled", "SELECT scope FROM dirty_scopes"),
];

/// Every row of every table as a line, sorted. An id that is drawn by the server is written as the thing it names.
fn standing(w: &World) -> Tables {
    let database = Connection::open(w.folder().join("fieldseal.db")).unwrap();
    let mut drawn = database
        .prepare("SELECT prior_sampling_id, lower(hex(natural_key)) FROM prior_samplings")
        .unwrap();
    let drawn = drawn.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let drawn: Vec<(String, String)> = drawn.unwrap().map(Result::unwrap).collect();
    let mut tables = BTreeMap::new();
    for (name, sql) in TABLES {
        let mut statement = database.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let mut line = String::new();
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Blob(bytes) => write!(line, "{} | ", hex::encode(bytes)),
                    ValueRef::Text(text) => write!(line, "{} | ", String::from_utf8_lossy(text)),
                    ValueRef::Integer(number) => write!(line, "{number} | "),
                    other => write!(line, "{other:?} | "),
                }
                .unwrap();
            }
            for (id, natural) in &drawn {
                line = line.replace(id, natural);
            }
            lines.push(line);
        }
        lines.sort();
        tables.insert(*name, lines);
    }
    tables
}

#[track_caller]
fn assert_same(one: &Tables, other: &Tables, when: &str) {
    for (table, lines) in one {
        let others = &other[table];
        let gone: Vec<_> = lines.iter().filter(|line| !others.contains(line)).collect();
        let new: Vec<_> = others.iter().filter(|line| !lines.contains(line)).collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{when}, {table}:\n- {gone:#?}\n+ {new:#?}"
        );
    }
}

#[test]
fn changes_and_server_events_in_any_order_give_the_same_projection_and_rulings() {
    let base = base();
    let mut before: Option<(Answers, Tables)> = None;
    for seed in 0..SEEDS {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let folder = TempDir::new().unwrap();
        let w = base.world(folder.path());
        let order = any_order(&mut dice);
        let names: Vec<&str> = order.iter().map(|event| event.name).collect();
        let when = format!("seed {seed}, {}", names.join(" → "));
        println!("{when}");
        let mut answers: Answers = order
            .iter()
            .map(|event| (event.name, base.happens(&w, event)))
            .collect();
        answers.sort_unstable();
        let stands = standing(&w);
        match &before {
            None => {
                for (table, least) in [
                    ("outcomes", 10),
                    ("custody", 3),
                    ("decisions", 3),
                    ("index", 5),
                ] {
                    assert!(
                        stands[table].len() >= least,
                        "{table}: {:#?}",
                        stands[table]
                    );
                }
                let outcomes = stands["outcomes"].concat();
                for word in ["first", "excess", "needs_ruling", "void", "valid"] {
                    assert!(
                        outcomes.contains(&format!("| {word} |")),
                        "no {word}: {outcomes}"
                    );
                }
                before = Some((answers, stands));
            }
            Some((answered, stood)) => {
                assert_eq!(*answered, answers, "{when}");
                assert_same(stood, &stands, &when);
            }
        }
    }
}

#[test]
fn scopes_ruled_in_any_order_and_from_nothing_give_the_same_rulings() {
    let base = base();
    let folder = TempDir::new().unwrap();
    let w = base.world(folder.path());
    for event in any_order(&mut ChaCha8Rng::seed_from_u64(0)) {
        base.happens(&w, &event);
    }
    let stands = standing(&w);
    for seed in 0..SEEDS {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let app = &w.server.app;
        let database = Connection::open(w.folder().join("fieldseal.db")).unwrap();
        // The marks alone are set aside first, so that the server's own job finds nothing until all is in place.
        let begun = "BEGIN IMMEDIATE; DELETE FROM subject_outcomes; DELETE FROM rulings; DELETE FROM scope_verdicts; \
            DELETE FROM ruled_facts; DELETE FROM scopes; DELETE FROM index_rows; \
            INSERT INTO dirty_scopes (scope, key, stratum, mark, marked_at) \
              SELECT DISTINCT scope, key, 0, 1, 0 FROM scope_members;";
        database.execute_batch(begun).unwrap();
        let mut marked = database.prepare("SELECT scope FROM dirty_scopes").unwrap();
        let scopes: Vec<String> = marked
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(scopes.len() > 20, "{scopes:?}");
        for scope in &scopes {
            let place = (dice.random_range(0..4), dice.random_range(0..1_000), scope);
            let sql = "UPDATE dirty_scopes SET stratum = ?1, marked_at = ?2 WHERE scope = ?3";
            database.execute(sql, place).unwrap();
        }
        drop(marked);
        database.execute_batch("COMMIT").unwrap();
        let ruled = ruling::rule_what_is_dirty(app);
        assert!(w.server.runtime.block_on(ruled).is_ok(), "seed {seed}");
        assert_same(&stands, &standing(&w), &format!("seed {seed}"));
    }
}
