//! I2, one entry: under any interleaving of phones, faults, replays and persons, at most one entry of a door is `first`,
//! and none while an entry before it is contested. Looked at in every snapshot that a reader of the database could have.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_tests::{Fault, Phone, World};
use mobile_ffi::{NotSampledInput, SyncOutcome};
use rand::seq::{IndexedMutRandom as _, IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use sync_core::rules::EntryFact;

const SEEDS: u64 = 3;
const STEPS: usize = 60;
const ENTERPRISES: [&str; 4] = ["铸造", "服饰", "消防", "五金店"];

/// What the doors say in one snapshot: by door, each entry with its standing, its projected times, and whether a person
/// has said that it is first.
struct Doors {
    entries: BTreeMap<String, Vec<(String, String, Option<EntryFact>, bool)>>,
    /// Doors whose facts have changed since they were ruled.
    unruled: Vec<String>,
}

impl Doors {
    fn read(database: &mut Connection) -> Self {
        let snapshot = database.transaction().unwrap();
        let mut doors = Self {
            entries: BTreeMap::new(),
            unruled: Vec::new(),
        };
        {
            let mut marked = snapshot.prepare("SELECT scope FROM dirty_scopes").unwrap();
            let scopes = marked.query_map([], |row| row.get(0)).unwrap();
            doors.unruled = scopes.map(Result::unwrap).collect();
            let mut said = snapshot
                .prepare(
                    "SELECT v.scope, v.subject, v.outcome, o.outcome, e.fact, \
                       (SELECT d.standing FROM decisions d WHERE d.subject = v.subject \
                          ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT 1) \
                     FROM scope_verdicts v LEFT JOIN subject_outcomes o ON o.subject = v.subject \
                     LEFT JOIN entries e ON 'entry/' || e.entry_id = v.subject \
                     WHERE v.scope LIKE 'door/%' AND v.subject LIKE 'entry/%'",
                )
                .unwrap();
            let mut rows = said.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let (scope, subject): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
                let verdict: String = row.get(2).unwrap();
                let verdict: Value = serde_json::from_str(&verdict).unwrap();
                let stands: Option<String> = row.get(3).unwrap();
                assert_eq!(
                    verdict["standing"].as_str(),
                    stands.as_deref(),
                    "{subject}: the door says one thing and the ruling that stands another"
                );
                let fact: Option<String> = row.get(4).unwrap();
                let fact = fact.map(|text| serde_json::from_str(&text).unwrap());
                let decided: Option<String> = row.get(5).unwrap();
                let decided = decided.as_deref() == Some("first");
                let entry = (subject, stands.unwrap(), fact, decided);
                doors.entries.entry(scope).or_default().push(entry);
            }
        }
        snapshot.commit().unwrap();
        doors
    }

    fn assert_one_entry(&self, when: &str) {
        for (door, entries) in &self.entries {
            let first: Vec<_> = entries.iter().filter(|it| it.1 == "first").collect();
            assert!(first.len() <= 1, "{when}: {door} has {first:?}");
            let Some((id, _, Some(first), false)) = first.first() else {
                // Nobody is first, or a person has said who.
                continue;
            };
            if self.unruled.contains(door) {
                // Received and not ruled yet: the times are newer than the word.
                continue;
            }
            for (other, standing, fact, _) in entries {
                let earlier = fact
                    .as_ref()
                    .is_some_and(|it| it.entered.usable().before(&first.entered.usable()));
                assert!(
                    !(standing == "contested" && earlier),
                    "{when}: {id} is first at {door} while {other} before it is contested"
                );
            }
        }
    }
}

fn reader(w: &World) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(w.folder().join("fieldseal.db"), flags).unwrap()
}

struct Story<'a> {
    w: &'a World,
    phones: Vec<Phone>,
    dice: ChaCha8Rng,
    seen: BTreeMap<String, u32>,
}

impl Story<'_> {
    fn step(&mut self) {
        match self.dice.random_range(0..10) {
            0..=4 => self.somebody_enters(),
            5..=8 => self.some_sync(),
            _ => self.a_person_rules(),
        }
    }

    fn somebody_enters(&mut self) {
        let minutes = *[0, 0, 1, 15, 60, 24 * 60].choose(&mut self.dice).unwrap();
        self.w.minutes(minutes);
        let enterprise = ENTERPRISES.choose(&mut self.dice).unwrap();
        let phone = self.phones.choose_mut(&mut self.dice).unwrap();
        let tasks = match phone.owner.as_str() {
            "王" | "赵" => ["T1", "T2"],
            "李" | "孙" => ["T5", "T6"],
            _ => ["T4", "T7"],
        };
        phone.offline();
        let visit = phone.enters(enterprise);
        match self.dice.random_range(0..10) {
            0..=5 => drop(phone.draws(tasks.choose(&mut self.dice).unwrap())),
            6 => {
                let input = NotSampledInput {
                    reason: "stopped".to_owned(),
                    note: "停产".to_owned(),
                    licence_no: String::new(),
                };
                phone.client.not_sampled(visit, input).unwrap();
            }
            7 => drop(phone.suspends("停电")),
            _ => {}
        }
    }

    /// Several phones at once, over a network with faults.
    fn some_sync(&mut self) {
        self.phones.shuffle(&mut self.dice);
        let at_once = self.dice.random_range(1..=3);
        let faults = [
            Fault::None,
            Fault::None,
            Fault::Cut,
            Fault::AnswerLost,
            Fault::Doubled,
        ];
        for phone in &self.phones[..at_once] {
            let coming = [(); 3].map(|()| faults.choose(&mut self.dice).unwrap().clone());
            phone.online().network.next(coming);
        }
        std::thread::scope(|threads| {
            for phone in &self.phones[..at_once] {
                threads.spawn(|| phone.tries_to_sync());
            }
        });
    }

    fn a_person_rules(&mut self) {
        let doors = Doors::read(&mut reader(self.w));
        let entries: Vec<_> = doors.entries.values().flatten().collect();
        let Some((subject, ..)) = entries.choose(&mut self.dice) else {
            return;
        };
        let entry = subject.trim_start_matches("entry/").replace('/', "%2F");
        let standing = ["first", "excess", "contested"].choose(&mut self.dice);
        let body = json!({ "standing": standing, "reason": "核实" });
        let path = format!("/v1/entries/{entry}/rulings");
        self.w.call("POST", "晋城", &path, body).expect(201);
    }
}

#[test]
fn at_most_one_entry_of_a_door_is_first_at_every_moment_of_any_interleaving() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let w = World::shanxi();
        let phones = ["王", "赵", "李", "孙", "刘"].map(|owner| w.phone(owner));
        let done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            // Whoever reads the database at any moment, also between two transactions of one request.
            let watcher = threads.spawn(|| {
                let mut database = reader(&w);
                while !done.load(Ordering::SeqCst) {
                    Doors::read(&mut database).assert_one_entry("while they sync");
                }
            });
            let mut story = Story {
                w: &w,
                phones: Vec::from(phones),
                dice: ChaCha8Rng::seed_from_u64(seed),
                seen: BTreeMap::new(),
            };
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut database = reader(&w);
                for step in 0..STEPS {
                    story.step();
                    let doors = Doors::read(&mut database);
                    doors.assert_one_entry(&format!("step {step}"));
                    for (_, standing, ..) in doors.entries.values().flatten() {
                        *story.seen.entry(standing.clone()).or_default() += 1;
                    }
                }
                for phone in &story.phones {
                    let report = phone.online().tries_to_sync();
                    // Faults that were left over are spent by now.
                    let again = phone.tries_to_sync();
                    assert_eq!(again.outcome, SyncOutcome::Complete, "{report:?}");
                }
                let doors = Doors::read(&mut database);
                doors.assert_one_entry("at the end");
                assert!(doors.unruled.is_empty(), "not ruled: {:?}", doors.unruled);
            }));
            done.store(true, Ordering::SeqCst);
            watcher.join().unwrap();
            if let Err(panic) = told {
                std::panic::resume_unwind(panic);
            }
            for (standing, count) in story.seen {
                *seen.entry(standing).or_default() += count;
            }
        });
    }
    println!("{seen:?}");
    for standing in ["first", "contested", "excess", "uncounted"] {
        assert!(
            seen.contains_key(standing),
            "no {standing} was tried: {seen:?}"
        );
    }
}
