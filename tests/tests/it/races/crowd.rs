//! Sixteen teams with a phone each, and what they race for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fieldseal_server::store::Statement;
use fieldseal_tests::catalogue::DataFile;
use fieldseal_tests::{Phone, TestServer, World};
use mobile_ffi::SyncOutcome;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use sync_core::model::{DocumentId, SampleId, Uscc};

/// Clients of a race.
pub const CLIENTS: usize = 16;
/// Times that a client comes again when it is told to.
const TURNS_MAX: usize = 200;
const CAMPAIGN: &str = "RACE-2025";

/// Doors at which two entries stand as the first.
const TWO_FIRST: Statement = Statement {
    name: "TWO_FIRST",
    sql: "SELECT door FROM subject_outcomes WHERE outcome = 'first' GROUP BY door HAVING COUNT(*) > 1",
};
/// The feed behind a cursor.
const FEED: Statement = Statement {
    name: "FEED",
    sql: "SELECT position FROM feed WHERE position > $1 ORDER BY position",
};

/// The teams' phones.
pub struct Crowd {
    phones: Vec<Phone>,
    seed: u64,
}

impl Crowd {
    /// Teams of one body, each of one sampler; half of them talk to the server beside, if there is one.
    pub fn of_one_body(w: &World, beside: Option<&TestServer>) -> Self {
        Self::new(w, beside, &["晋阳"], 1)
    }

    /// Teams of two bodies in turn, each of two samplers, and a shop for each.
    pub fn of_two_bodies(w: &World, beside: Option<&TestServer>) -> Self {
        Self::new(w, beside, &["晋阳", "济宁"], 2)
    }

    fn new(w: &World, beside: Option<&TestServer>, bodies: &[&str], size: usize) -> Self {
        let given = std::env::var("FIELDSEAL_SEED").ok();
        let seed = given.and_then(|text| text.parse().ok());
        let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
        println!("FIELDSEAL_SEED={seed}");
        w.load(&data(bodies, size));
        let phones: Vec<Phone> = (0..CLIENTS).map(|team| w.phone(&person(team, 0))).collect();
        for phone in phones.iter().skip(1).step_by(2) {
            if let Some(other) = beside {
                phone.network.redirect(&other.url(""));
            }
        }
        Self { phones, seed }
    }

    /// At one door they come minutes apart, at one all at once, at one all at once but for an earlier one.
    pub fn races_for_doors(mut self, w: &World) {
        for phone in &self.phones {
            phone.offline();
        }
        let mut apart = self.enter(w, "铸造", 2);
        w.minutes(5);
        let at_once = self.enter(w, "五金店", 0);
        w.minutes(5);
        let earlier = visit(0, &mut self.phones[0], "服饰");
        w.minutes(5);
        let mut later: Vec<DocumentId> = Vec::new();
        for (team, phone) in self.phones.iter_mut().enumerate().skip(1) {
            later.push(visit(team, phone, "服饰"));
        }
        self.sync_all_at_once(w);

        assert_eq!(w.standings(apart.remove(0)), ["first"]);
        for visit in apart.into_iter().chain(later) {
            assert_eq!(w.standings(visit), ["excess"]);
        }
        for visit in at_once {
            assert_eq!(w.standings(visit), ["contested"]);
        }
        assert_eq!(w.standings(earlier), ["first"]);
    }

    /// Each in a shop of their own they sample the helmets of one producer, minutes apart.
    pub fn races_for_a_product(mut self, w: &World) {
        for phone in &self.phones {
            phone.offline();
        }
        let mut drawn: Vec<(DocumentId, SampleId)> = Vec::new();
        for (team, phone) in self.phones.iter_mut().enumerate() {
            let visit = phone.enters(&shop(team));
            drawn.push((visit, phone.draws(&task(team))));
            w.minutes(3);
        }
        self.sync_all_at_once(w);

        for (visit, _) in &drawn {
            assert_eq!(w.standings(*visit), ["first"], "each door has one visitor");
        }
        let (_, first) = drawn.remove(0);
        assert_eq!(w.validity(first), "valid");
        for (visit, sample) in drawn {
            assert_eq!(w.validity(sample), "duplicate");
            let rules = w.rules(visit, sample);
            assert!(rules.contains(&"DUP6".to_owned()), "{rules:?}");
        }
    }

    fn enter(&mut self, w: &World, enterprise: &str, minutes_apart: i64) -> Vec<DocumentId> {
        let mut visits = Vec::new();
        for (team, phone) in self.phones.iter_mut().enumerate() {
            visits.push(visit(team, phone, enterprise));
            w.minutes(minutes_apart);
        }
        visits
    }

    /// All of them, from threads of their own, while somebody watches the doors and the feed.
    fn sync_all_at_once(&self, w: &World) {
        let done = AtomicBool::new(false);
        let read: BTreeSet<i64> = std::thread::scope(|scope| {
            let watcher = scope.spawn(|| watch(w, &done));
            let clients: Vec<_> = self
                .phones
                .iter()
                .enumerate()
                .map(|(number, phone)| {
                    let wait =
                        ChaCha8Rng::seed_from_u64(self.seed ^ number as u64).random_range(0..40);
                    scope.spawn(move || {
                        std::thread::sleep(Duration::from_millis(wait));
                        phone.online();
                        comes_through(phone);
                    })
                })
                .collect();
            for client in clients {
                client.join().expect("a client");
            }
            done.store(true, Ordering::SeqCst);
            watcher.join().expect("the watcher")
        });
        // What was changed by others' syncs comes down, and what a kill or a busy moment left is ruled.
        for phone in &self.phones {
            comes_through(phone);
        }
        let left = w
            .server
            .reads("SELECT position FROM feed ORDER BY position");
        let left: Vec<i64> = left
            .iter()
            .map(|row| row.get("position").unwrap())
            .collect();
        let end = read.last().copied().unwrap_or_default();
        let missed: Vec<_> = left
            .iter()
            .filter(|at| **at <= end && !read.contains(at))
            .collect();
        assert!(missed.is_empty(), "a cursor skipped {missed:?}");
    }
}

/// An entry counts when a sample was drawn.
fn visit(team: usize, phone: &mut Phone, enterprise: &str) -> DocumentId {
    let visit = phone.enters(enterprise);
    // A team of one: the phone would not seal for it, and what is raced for is the door.
    phone.unruly().draws(&task(team));
    visit
}

fn comes_through(phone: &Phone) {
    for _ in 0..TURNS_MAX {
        let report = phone.tries_to_sync();
        if report.outcome == SyncOutcome::Complete {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!(
        "{} does not come through: {:?}",
        phone.owner,
        phone.tries_to_sync()
    );
}

/// Reads the feed behind a cursor until all is done, and wants to see one `first` a door at most, at any moment.
fn watch(w: &World, done: &AtomicBool) -> BTreeSet<i64> {
    let mut read = BTreeSet::new();
    let mut last_look = false;
    while !last_look {
        last_look = done.load(Ordering::SeqCst);
        w.server.runtime.block_on(async {
            let mut db = w.server.app.store.read().await.unwrap();
            let doors = db.all(&TWO_FIRST, vec![]).await.unwrap();
            assert!(doors.is_empty(), "two first at {doors:?}");
            let cursor: i64 = read.last().copied().unwrap_or_default();
            let rows = db
                .all(&FEED, fieldseal_server::args![cursor])
                .await
                .unwrap();
            read.extend(rows.iter().map(|row| row.get::<i64>("position").unwrap()));
        });
    }
    read
}

fn person(team: usize, member: usize) -> String {
    format!("队{team}-{member}")
}

fn shop(team: usize) -> String {
    format!("店{team}")
}

fn task(team: usize) -> String {
    format!("R{team}")
}

/// A code of the region with its check character.
fn uscc(number: usize) -> String {
    let leading = format!("92140502000{number:03}R2F");
    let check = Uscc::check_character(&leading).expect("a code");
    format!("{leading}{check}")
}

fn data(bodies: &[&str], size: usize) -> DataFile {
    let body = |team: usize| bodies[team % bodies.len()];
    let teams = 0..CLIENTS;
    let members = |team| (0..size).map(move |member| person(team, member));
    let people = teams.clone().flat_map(|team| {
        (0..size).map(move |member| {
            let key = person(team, member);
            json!({
                "key": key, "username": format!("racer-{team}-{member}"), "name": key,
                "organisation": body(team), "roles": ["sampler"],
            })
        })
    });
    let shops = teams.clone().map(|team| {
        json!({
            "key": shop(team), "name": format!("城区示例商店{team}"), "uscc": uscc(team), "region": "140502",
            "address": format!("城区示例街 {team} 号"),
        })
    });
    let grouped = teams.clone().map(|team| {
        json!({ "key": format!("组{team}"), "body": body(team), "members": members(team).collect::<Vec<_>>() })
    });
    let tasks = teams.clone().map(|team| {
        json!({
            "code": task(team), "product": "头盔", "kind": "routine", "body": body(team), "team": format!("组{team}"),
        })
    });
    let campaign = json!({
        "code": CAMPAIGN, "name": "竞赛", "authority": "晋城市局",
        "teams": grouped.collect::<Vec<_>>(), "tasks": tasks.collect::<Vec<_>>(),
    });
    let file = json!({
        "people": people.collect::<Vec<_>>(), "enterprises": shops.collect::<Vec<_>>(), "campaigns": [campaign],
    });
    serde_json::from_value(file).expect("data")
}
