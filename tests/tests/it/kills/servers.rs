//! A server is killed with syncs under way, 200 times on SQLite; on PostgreSQL, whose commits are not the server's to lose,
//! fewer are enough. What a trial of kills consists of is here for whatever else is killed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::database::Database;
use fieldseal_tests::seed::dice;
use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::soundness::{
    ACKNOWLEDGED_MIN, assert_log_holds, assert_nothing_lost_or_doubled, assert_phones_agree,
    assert_whole, receipts_on, received, within,
};
use fieldseal_tests::{Phone, TestServer, World};
use mobile_ffi::SyncOutcome;
use sync_core::model::DocumentId;
use tempfile::TempDir;

/// So many kills without the wanted hits mean that the harness does not hit at all.
const KILLS_MAX: u64 = 4_000;
/// Rounds whose length is measured before the first kill.
const MEASURED: u32 = 5;

/// Kills of a server on the database of this process, and how many of them must cut a sync under way.
fn wanted() -> (u64, u64) {
    match Database::of_this_process() {
        Database::Sqlite => (200, 60),
        Database::Postgres => (40, 15),
    }
}

/// Two phones that note things down and sync without end, and what they were told was saved.
pub struct Trial {
    /// Their world.
    pub w: World,
    phones: [Phone; 2],
    visits: Vec<DocumentId>,
    numbers: AtomicU64,
    acknowledged: Vec<String>,
}

impl Trial {
    /// The phones have visits to write in, and everybody knows of them.
    pub fn new(w: World) -> Self {
        let (mut writer, mut reader) = (w.phone("王"), w.phone("赵"));
        let visits = vec![
            writer.enters("铸造"),
            writer.enters("服饰"),
            reader.enters("消防"),
        ];
        w.sync_all(&[&writer, &reader]);
        Self {
            w,
            phones: [writer, reader],
            visits,
            numbers: AtomicU64::new(0),
            acknowledged: Vec::new(),
        }
    }

    /// How long a round of both takes.
    pub fn measures(&mut self) -> Duration {
        let begun = Instant::now();
        for _ in 0..MEASURED {
            for phone in &self.phones {
                self.acknowledged.push(self.round(phone));
            }
        }
        begun.elapsed() / MEASURED
    }

    /// Notes something down in any of the visits and tries to sync; what it noted down.
    fn round(&self, phone: &Phone) -> String {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let note = format!("note-{number}");
        let visit = self.visits[usize::try_from(number).unwrap() % self.visits.len()];
        phone.client.suspend(visit, &note).unwrap();
        let report = phone.client.sync().unwrap();
        assert_ne!(report.outcome, SyncOutcome::StoreFailed, "{report:?}");
        if report.outcome == SyncOutcome::LoginNeeded {
            // The answer to a refresh died with whatever was killed.
            let username = self.w.catalogue().people[&phone.owner].username.clone();
            let _ = phone.client.login(&username, PASSWORD);
        }
        note
    }

    /// Both work until this has been killed; whether that cut a sync under way.
    pub fn works_until(&mut self, wait: Duration, kill: impl FnOnce()) -> bool {
        let killed = AtomicBool::new(false);
        let trial = &*self;
        let (hit, noted) = std::thread::scope(|threads| {
            let works = |phone| {
                let killed = &killed;
                threads.spawn(move || {
                    let mut noted = Vec::new();
                    while !killed.load(Ordering::SeqCst) {
                        noted.push(trial.round(phone));
                    }
                    noted
                })
            };
            let both = trial.phones.each_ref().map(works);
            std::thread::sleep(wait);
            let hit = trial.phones.iter().any(|it| it.network.is_syncing());
            kill();
            killed.store(true, Ordering::SeqCst);
            (hit, both.map(|phone| phone.join().unwrap()))
        });
        self.acknowledged.extend(noted.concat());
        hit
    }

    /// Whether enough was acknowledged to prove anything.
    pub fn has_enough(&self) -> bool {
        self.acknowledged.len() >= ACKNOWLEDGED_MIN
    }

    /// Where the server is now.
    pub fn redirect(&self, url: &str) {
        for phone in &self.phones {
            phone.network.redirect(url);
        }
    }

    /// Nothing acknowledged is lost and nothing doubled, on the phones and on the server.
    pub fn holds(self) {
        let [writer, reader] = &self.phones;
        self.w.sync_all(&[writer, reader]);
        let mut receipts = receipts_on(writer.file());
        for phone in &self.phones {
            assert_whole(phone.file());
            receipts.extend(receipts_on(phone.file()));
            // What was heard, whether or not it was stored before the next fault.
            let answers = phone.network.answers();
            receipts.extend(received(answers.iter().flat_map(|it| &it.receipts)));
        }
        assert_log_holds(&self.w.server, &receipts);
        assert_nothing_lost_or_doubled(&self.w, &self.visits, &self.acknowledged);
        assert_phones_agree(writer, reader, &self.visits);
    }
}

#[test]
fn a_server_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let mut dice = dice();
    let folder = TempDir::new().unwrap();
    let server = TestServer::start_in(folder.path());
    server.clock.set(SystemClock.now());
    let mut trial = Trial::new(World::with(server, &["bodies", "shanxi"]));
    trial.w.server.stop();
    let url = trial.w.server.database_url().map(str::to_owned);
    let start = |trial: &Trial| {
        let program = env!("CARGO_BIN_EXE_server");
        let server = ServerProcess::start_on(program, folder.path(), url.as_deref());
        trial.redirect(&server.url);
        server
    };
    let server = start(&trial);
    let window = trial.measures();
    server.kill();

    let (kills_wanted, hits_wanted) = wanted();
    let (mut kills, mut hits) = (0, 0);
    while kills < kills_wanted || hits < hits_wanted || !trial.has_enough() {
        assert!(kills < KILLS_MAX, "the kills do not hit: {hits} of {kills}");
        let server = start(&trial);
        hits += u64::from(trial.works_until(within(&mut dice, window), || server.kill()));
        if url.is_none() {
            assert_whole(&folder.path().join("fieldseal.db"));
        }
        kills += 1;
    }
    println!("{kills} kills of a server within {window:?}: {hits} cut a sync under way");

    trial.w.server = TestServer::start_in(folder.path());
    trial.w.server.clock.set(SystemClock.now());
    trial.redirect(&trial.w.server.url(""));
    trial.holds();
}
