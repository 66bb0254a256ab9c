//! What a phone with years of work on it needs to show its first list. Its store is made once, through the client as an app
//! drives it; then it is opened in processes of their own, by this program again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fieldseal_tests::World;
use mobile_ffi::{Client, EnterpriseChoice, EvidenceSubject, Host, VisitStart};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::crowd::code;
use crate::process::memory_mb_of;
use crate::report::{Table, median, millis};

/// Visits on the phone.
const VISITS: usize = 1_000;
/// Photographs of each.
const PHOTOS: usize = 10;
/// Openings of which the median is told.
const OPENINGS: usize = 21;

/// What is done after the first list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// Every visit is shown with its evidence, one after the other.
    Visits,
    /// What waits for the person is told, of all visits together.
    Todos,
    /// The whole store is read, as it is now and then.
    Look,
}

/// What a process saw.
#[derive(Serialize, Deserialize)]
struct Seen {
    listed_us: u64,
    then_us: u64,
    visits: usize,
    evidence: usize,
    most_mb: f64,
}

impl Seen {
    fn listed(&self) -> Duration {
        Duration::from_micros(self.listed_us)
    }

    fn then(&self) -> Duration {
        Duration::from_micros(self.then_us)
    }
}

/// A process that opens the store, lists the visits and does this; it tells what it took on its output.
pub fn open(file: &Path, then: Then) {
    let begun = Instant::now();
    let client = Client::open(file, Host::system()).expect("the store opens");
    let visits = client.visits().expect("the first list");
    let listed = begun.elapsed();
    let begun = Instant::now();
    let mut evidence = 0;
    match then {
        Then::Nothing => {}
        Then::Visits => {
            for visit in &visits {
                let shown = client.visit(visit.document_id).expect("a visit");
                std::hint::black_box(shown);
                evidence += client.evidence(visit.document_id).expect("a list").len();
            }
        }
        Then::Todos => {
            std::hint::black_box(client.todos().expect("a list"));
        }
        Then::Look => {
            let look = client.look_through().expect("a look is due");
            assert_eq!(look.run(0).expect("it is read"), None);
        }
    }
    let then_took = begun.elapsed();
    let (most_mb, _) = memory_mb_of(std::process::id());
    let seen = Seen {
        listed_us: listed.as_micros().try_into().expect("not for ever"),
        then_us: then_took.as_micros().try_into().expect("not for ever"),
        visits: visits.len(),
        evidence,
        most_mb,
    };
    println!("{}", serde_json::to_string(&seen).expect("JSON"));
}

/// The store of a phone that was never on a network since it was enrolled: all of it waits to be sent.
fn made(w: &World) -> PathBuf {
    let mut phone = w.phone("王");
    phone.offline();
    let numbers = rusqlite::Connection::open(phone.file()).expect("the phone's file");
    for number in 0..VISITS {
        let sql = "INSERT INTO sheet_numbers (block_id, sheet_no) VALUES ('figures', ?1)";
        let added = numbers.execute(sql, [format!("F-{number}")]);
        added.expect("a number");
    }
    drop(numbers);
    let photo = w.folder().join("photo");
    for number in 0..VISITS {
        let listed = phone.start("铸造");
        let start = VisitStart {
            enterprise: EnterpriseChoice::Unlisted {
                name: format!("示例铸造{number}"),
                uscc: Some(code(number)),
                no_uscc_reason: None,
                address: "示例路1号".to_owned(),
                region: None,
            },
            ..listed
        };
        let visit = phone.goes_to_as(start, "铸造");
        let arrival = phone.arrival();
        phone
            .client
            .record_arrival(visit, arrival)
            .expect("an arrival");
        phone.fills_bare("T1", json!({}));
        for one in 0..PHOTOS {
            std::fs::write(&photo, format!("photo {one} of {number}")).expect("a photo");
            phone.captures(("place", "image/jpeg"), EvidenceSubject::Visit, &photo);
        }
    }
    let file = phone.file().to_owned();
    drop(phone);
    file
}

/// Measures by processes of their own.
pub fn measure(table: &mut Table) {
    let w = World::shanxi();
    let begun = Instant::now();
    let file = made(&w);
    println!("phone_store: made in {:?}", begun.elapsed());
    let length = std::fs::metadata(&file).expect("the file").len();
    let place = "phone's store";
    let add = |table: &mut Table, what: &str, figure| table.add(place, what, figure);
    add(table, "the database", format!("{} MB", length / 1_000_000));
    let this = std::env::current_exe().expect("this program");
    let opened = |then: &str| -> Seen {
        let told = Command::new(&this)
            .args(["--open", file.to_str().expect("a path"), "--then", then])
            .output()
            .expect("a process");
        assert!(told.status.success(), "{told:?}");
        let seen: Seen = serde_json::from_slice(&told.stdout).expect("what it saw");
        assert_eq!(seen.visits, VISITS);
        seen
    };
    let sound = PathBuf::from(format!("{}.sound", file.display()));
    let forgets = || std::fs::remove_file(&sound).expect("it was found sound");
    opened("nothing");
    let listed = |seen: Vec<Seen>| millis(median(seen.iter().map(Seen::listed).collect()));
    let every = (0..OPENINGS).map(|_| opened("nothing"));
    let every: Vec<Seen> = every.collect();
    let most = format!(
        "{:.0} MB",
        median(every.iter().map(|it| it.most_mb).collect())
    );
    add(table, "from opening to the first list", listed(every));
    let read = (0..OPENINGS).map(|_| {
        forgets();
        opened("nothing")
    });
    let read = listed(read.collect());
    add(table, "the same where all is read first", read);
    add(table, "the most memory, with the first list", most);
    for (then, what) in [
        ("visits", "every visit and its evidence shown"),
        ("todos", "what waits, of all visits"),
    ] {
        let seen = opened(then);
        assert!(then != "visits" || seen.evidence == VISITS * PHOTOS);
        add(table, &format!("{what}, after it"), millis(seen.then()));
        add(
            table,
            &format!("{what}: the most memory"),
            format!("{:.0} MB", seen.most_mb),
        );
    }
    // Found sound a day and a half ago.
    let said = std::fs::read_to_string(&sound).expect("it was found sound");
    let mut said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let at = said["at_ms"].as_i64().expect("a time") - 36 * 3_600_000;
    said["at_ms"] = at.into();
    std::fs::write(&sound, said.to_string()).expect("a file");
    let looked = opened("look");
    let what = "all of it read while it is open";
    add(table, what, millis(looked.then()));
}
