//! Sixteen teams with a phone each, and what they race for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::catalogue::DataFile;
use crate::child::ServerProcess;
use crate::{Phone, TestServer, World, seed};
use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_server::store::Statement;
use mobile_ffi::SyncOutcome;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use sync_core::model::{DocumentId, SampleId, Uscc};

/// Clients of a race.
pub const CLIENTS: usize = 16;
/// Times that a client comes again when it is told to.
const TURNS_MAX: usize = 200;
/// How long before their sync they work, in milliseconds: longer than a race lasts.
const OFFLINE_MS: i64 = 2 * 3_600_000;
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

/// Who serves a crowd.
#[derive(Clone, Copy)]
pub enum Through<'a> {
    /// The server of the world.
    One,
    /// Half of the phones talk to another one beside it.
    Beside(&'a TestServer),
    /// Processes on its database serve all of them, by the machine's clock.
    Processes(&'a [ServerProcess]),
}

/// The teams' phones.
pub struct Crowd<'a> {
    phones: Vec<Phone>,
    seed: u64,
    through: Through<'a>,
}

impl<'a> Crowd<'a> {
    /// Teams of one body, each of one sampler.
    pub fn of_one_body(w: &World, through: Through<'a>) -> Self {
        Self::new(w, through, &["晋阳"], 1)
    }

    /// Teams of two bodies in turn, each of two samplers, and a shop for each.
    pub fn of_two_bodies(w: &World, through: Through<'a>) -> Self {
        Self::new(w, through, &["晋阳", "济宁"], 2)
    }

    fn new(w: &World, through: Through<'a>, bodies: &[&str], size: usize) -> Self {
        let seed = seed::of_this_run();
        if let Through::Processes(_) = through {
            // What the phones record offline lies behind the machine's clock by the time they sync.
            w.server.clock.set(SystemClock.now() - OFFLINE_MS);
        }
        w.load(&data(bodies, size));
        let phones: Vec<Phone> = (0..CLIENTS).map(|team| w.phone(&person(team, 0))).collect();
        for (number, phone) in phones.iter().enumerate() {
            match through {
                Through::Beside(other) if number % 2 == 1 => {
                    phone.network.redirect(&other.url(""));
                }
                Through::Processes(servers) => {
                    phone.network.redirect(&servers[number % servers.len()].url);
                }
                Through::One | Through::Beside(_) => {}
            }
        }
        Self {
            phones,
            seed,
            through,
        }
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

    /// All of them ask for one door at once.
    pub fn races_for_a_lease(self, w: &World) {
        self.catches_up(w);
        let asked: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = self
                .phones
                .iter()
                .map(|phone| scope.spawn(|| asks_for_the_door(phone)))
                .collect();
            asking
                .into_iter()
                .map(|it| it.join().expect("a client"))
                .collect()
        });
        let given = asked.iter().filter(|code| code.is_none()).count();
        assert_eq!(given, 1, "{asked:?}");
        let refused = asked.iter().flatten();
        assert!(
            refused.clone().all(|code| code == "lease_held"),
            "{asked:?}"
        );
        assert_eq!(
            w.get("/v1/leases")["items"]
                .as_array()
                .expect("a list")
                .len(),
            1
        );
    }

    /// Where processes serve, it is as late as they say.
    fn catches_up(&self, w: &World) {
        if let Through::Processes(_) = self.through {
            w.server.clock.set(SystemClock.now());
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
        self.catches_up(w);
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
        // Of so many at once most are answered before they are ruled.
        while !w.server.reads("SELECT scope FROM dirty_scopes").is_empty() {
            std::thread::sleep(Duration::from_millis(20));
        }
        // What was changed by others' syncs comes down, and what a kill or a busy moment left is ruled.
        for phone in &self.phones {
            comes_through(phone);
        }
        let left = w
            .server
            .reads("SELECT position FROM feed ORDER BY position");
        let left: Vec<i64> = left
            .iter()
            .map(|row| row.get("position").expect("a position"))
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

/// The code of the refusal, if it is refused for good.
fn asks_for_the_door(phone: &Phone) -> Option<String> {
    for _ in 0..TURNS_MAX {
        match phone.leases("铸造", 1) {
            Ok(_) => return None,
            // A server that is busy says so.
            Err(error) if error.code == "overloaded" => {}
            Err(error) => return Some(error.code),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{} is never heard", phone.owner);
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
            let mut db = w.server.app.store.read().await.expect("a reader");
            let doors = db.all(&TWO_FIRST, vec![]).await.expect("doors");
            assert!(doors.is_empty(), "two first at {doors:?}");
            let cursor: i64 = read.last().copied().unwrap_or_default();
            let rows = db
                .all(&FEED, fieldseal_server::args![cursor])
                .await
                .expect("the feed");
            read.extend(
                rows.iter()
                    .map(|row| row.get::<i64>("position").expect("a position")),
            );
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
