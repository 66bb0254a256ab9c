//! I2, one entry: under any interleaving of phones, faults, replays and persons, at most one entry of a door is `first`,
//! and none while an entry before it is contested. Looked at in every snapshot that a reader of the database could have.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_server::store::Statement;
use fieldseal_tests::world::word;
use fieldseal_tests::{Fault, Phone, World};
use mobile_ffi::{NotSampledInput, SyncOutcome};
use rand::seq::{IndexedMutRandom as _, IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sync_core::rules::EntryFact;

const SEEDS: u64 = 3;
const STEPS: usize = 60;
const ENTERPRISES: [&str; 4] = ["铸造", "服饰", "消防", "五金店"];

/// What a door says of one entry.
#[derive(Debug)]
struct Said {
    subject: String,
    standing: String,
    /// As projected now.
    fact: Option<EntryFact>,
    /// A person has said that it is the first.
    decided_first: bool,
}

/// What the doors say in one snapshot.
struct Doors {
    /// By door.
    entries: BTreeMap<String, Vec<Said>>,
    /// Doors whose facts have changed since they were ruled.
    unruled: Vec<String>,
}

const MARKED: Statement = Statement {
    name: "MARKED",
    sql: "SELECT scope FROM dirty_scopes",
};
const SAID: Statement = Statement {
    name: "SAID",
    sql: "SELECT v.scope, v.subject, v.outcome AS verdict, o.outcome AS stands, e.fact, \
            (SELECT d.standing FROM decisions d WHERE d.subject = v.subject \
               ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT 1) AS decided \
          FROM scope_verdicts v LEFT JOIN subject_outcomes o ON o.subject = v.subject \
          LEFT JOIN entries e ON 'entry/' || e.entry_id = v.subject \
          WHERE v.scope LIKE 'door/%' AND v.subject LIKE 'entry/%'",
};

impl Doors {
    fn read(w: &World) -> Self {
        let (marked, said) = w.server.runtime.block_on(async {
            let mut snapshot = w.server.app.store.read().await.unwrap();
            let marked = snapshot.all(&MARKED, Vec::new()).await.unwrap();
            (marked, snapshot.all(&SAID, Vec::new()).await.unwrap())
        });
        let unruled = marked.iter().map(|row| row.get("scope").unwrap());
        let mut doors = Self {
            entries: BTreeMap::new(),
            unruled: unruled.collect(),
        };
        for row in said {
            let text = |name| row.get::<Option<String>>(name).unwrap();
            let subject = text("subject").unwrap();
            let verdict: Value = serde_json::from_str(&text("verdict").unwrap()).unwrap();
            let stands = text("stands");
            assert_eq!(
                verdict["standing"].as_str(),
                stands.as_deref(),
                "{subject}: the door says one thing and the ruling that stands another"
            );
            let fact = text("fact").map(|text| serde_json::from_str(&text).unwrap());
            let door = doors.entries.entry(text("scope").unwrap()).or_default();
            door.push(Said {
                subject,
                standing: stands.unwrap(),
                fact,
                decided_first: text("decided").as_deref() == Some("first"),
            });
        }
        doors
    }

    fn assert_one_entry(&self, when: &str) {
        for (door, entries) in &self.entries {
            let firsts: Vec<_> = entries.iter().filter(|it| it.standing == "first").collect();
            assert!(firsts.len() <= 1, "{when}: {door} has {firsts:?}");
            let Some(first) = firsts.first().filter(|it| !it.decided_first) else {
                // Nobody is first, or a person has said who.
                continue;
            };
            if self.unruled.contains(door) {
                // Received and not ruled yet: the times are newer than the word.
                continue;
            }
            let when_of = |it: &Said| it.fact.as_ref().map(|fact| fact.entered.usable());
            for other in entries.iter().filter(|it| it.standing == "contested") {
                let earlier = when_of(other)
                    .zip(when_of(first))
                    .is_some_and(|(other, first)| other.before(&first));
                assert!(!earlier, "{when}: {first:?} at {door}, while {other:?}");
            }
        }
    }
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
            0..=5 => drop(phone.unruly().draws(tasks.choose(&mut self.dice).unwrap())),
            6 => {
                let input = NotSampledInput {
                    reason: "stopped".to_owned(),
                    note: "停产".to_owned(),
                    licence_no: "无".to_owned(),
                    bureau_stamp: Some(b"stamp of the county".to_vec()),
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
        let doors = Doors::read(self.w);
        let entries: Vec<_> = doors.entries.values().flatten().collect();
        let Some(entry) = entries.choose(&mut self.dice) else {
            return;
        };
        let entry = entry
            .subject
            .trim_start_matches("entry/")
            .replace('/', "%2F");
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
                while !done.load(Ordering::SeqCst) {
                    Doors::read(&w).assert_one_entry("while they sync");
                }
            });
            let mut story = Story {
                w: &w,
                phones: Vec::from(phones),
                dice: ChaCha8Rng::seed_from_u64(seed),
                seen: BTreeMap::new(),
            };
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for step in 0..STEPS {
                    story.step();
                    let doors = Doors::read(&w);
                    doors.assert_one_entry(&format!("step {step}"));
                    for said in doors.entries.values().flatten() {
                        *story.seen.entry(said.standing.clone()).or_default() += 1;
                    }
                }
                for phone in &story.phones {
                    let report = phone.online().tries_to_sync();
                    // Faults that were left over are spent by now.
                    let again = phone.tries_to_sync();
                    assert_eq!(again.outcome, SyncOutcome::Complete, "{report:?}");
                }
                let doors = Doors::read(&w);
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

#[test]
fn an_entry_that_goes_to_another_door_and_back_keeps_a_ruling_that_stands() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.offline();
    b.enters("铸造");
    b.draws("T5");
    w.minutes(30);
    let moving = a.goes_to_as(w.unlisted_foundry(), "铸造");
    a.arrives();
    a.draws("T1");
    w.sync_all(&[&a, &b]);
    let assert_stands = |standing: &str| {
        let doors = Doors::read(&w);
        doors.assert_one_entry(standing);
        assert!(doors.unruled.is_empty());
        assert_eq!(w.standings(moving), [standing]);
        let mine = format!("entry/{moving}");
        let stands = doors.entries.values().flatten();
        let stands: Vec<_> = stands.filter(|it| it.subject.starts_with(&mine)).collect();
        assert_eq!(stands.len(), 1, "{stands:?}");
        assert_eq!(stands[0].standing, standing);
    };
    assert_stands("first");
    let key = word(&w.dossier(moving)["visit"]["enterprise"]);
    let alias = w.aliases("铸造", &key).text("alias_id");
    assert_stands("excess");
    let path = format!("/v1/enterprise-aliases/{alias}/undoing");
    let undo = json!({ "reason": "两家不是一家" });
    w.call("POST", "admin", &path, undo).expect(200);
    assert_stands("first");
    // What stands can be ruled upon.
    w.rules_entry("晋城", moving, "contested");
    assert_stands("contested");
}
