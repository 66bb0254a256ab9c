//! What the server is asked: to take a crowd's pages, to rule on them, to give it all to a new phone, and to say that
//! nothing is new.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::TestServer;
use fieldseal_tests::postgres::TestDatabase;
use sync_core::sync::wire::{Cursor, SyncRequest};
use tempfile::TempDir;

use crate::Arguments;
use crate::crowd::{CHANGES, CLIENTS, Crowd, Page, squeeze};
use crate::process::{Server, read};
use crate::report::{Table, median, millis};

/// Syncs in which nothing is new.
const IDLE_SYNCS: usize = 101;
/// Visits of which the cost of a push is taken at different sizes of the store.
const PROBE: usize = 500;
/// Visits stored when that cost is taken first.
const FEW: usize = 1_000;
/// Visits written and pushed at a time while the store is filled.
const FILL: usize = 5_000;

/// One crowd on one server.
pub struct Stage {
    folder: TempDir,
    database: Option<Arc<TestDatabase>>,
    pub crowd: Crowd,
    pub server: Server,
    next: usize,
}

impl Stage {
    pub fn new(database: &str, enterprises: usize) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let database = (database == "postgres").then(TestDatabase::new);
        let mut server = match &database {
            None => TestServer::start_on_sqlite(folder.path()),
            Some(database) => TestServer::start_on_postgres(folder.path(), database.clone()),
        };
        server.clock.set(SystemClock.now());
        let crowd = Crowd::new(&server, enterprises);
        server.stop();
        let server = Self::serve(folder.path(), database.as_deref());
        Self {
            folder,
            database,
            crowd,
            server,
            next: 0,
        }
    }

    fn serve(folder: &Path, database: Option<&TestDatabase>) -> Server {
        Server::start(folder, database.map(TestDatabase::url))
    }

    /// Stops the process, lets somebody at its data by a server in this one, and starts it again.
    pub fn aside(self, what: impl FnOnce(&TestServer)) -> Self {
        self.server.stop();
        let folder = self.folder.path();
        let mut server = match &self.database {
            None => TestServer::start_on_sqlite(folder),
            Some(database) => TestServer::start_on_postgres(folder, database.clone()),
        };
        server.clock.set(SystemClock.now());
        what(&server);
        server.stop();
        Self {
            server: Self::serve(folder, self.database.as_deref()),
            ..self
        }
    }

    /// Pages of the next visits, a share for each phone.
    pub fn write(&mut self, visits: usize) -> Vec<Vec<Page>> {
        let first = self.next;
        self.next += visits;
        let crowd = &self.crowd;
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..CLIENTS)
                .map(|phone| {
                    let numbers = (first + phone..first + visits).step_by(CLIENTS);
                    scope.spawn(move || crowd.pages(phone, numbers))
                })
                .collect();
            let pages = writers.into_iter().map(|it| it.join().expect("pages"));
            pages.collect()
        })
    }

    /// All phones push their pages at once: until the last was answered, and until all was ruled.
    pub fn push(&mut self, pages: &[Vec<Page>]) -> (Duration, Duration) {
        let ways: Vec<_> = (0..CLIENTS).map(|_| self.server.way()).collect();
        for (way, phone) in ways.iter().zip(&mut self.crowd.phones) {
            way.log_in(phone);
        }
        let begun = Instant::now();
        let answers: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let phones: Vec<_> = ways
                .iter()
                .zip(&self.crowd.phones)
                .zip(pages)
                .map(|((way, phone), pages)| {
                    scope.spawn(move || {
                        let pages = pages.iter();
                        pages
                            .map(|page| way.sync(&phone.access, &page.body))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            phones
                .into_iter()
                .flat_map(|it| it.join().expect("answers"))
                .collect()
        });
        let appended = begun.elapsed();
        while ways[0].waiting() > 0.0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        let ruled = begun.elapsed();
        let accepted: usize = answers.iter().map(|it| read(it).accepted()).sum();
        let visits: usize = pages.iter().flatten().map(|page| page.visits).sum();
        assert_eq!(accepted, visits * CHANGES, "every change is accepted");
        (appended, ruled)
    }

    /// A phone that has nothing asks until nothing is left; where it then stands, and how many bytes came.
    fn pull(&self) -> (Cursor, usize, Duration) {
        let way = self.server.way();
        let access = &self.crowd.phones[0].access;
        let begun = Instant::now();
        let (mut request, mut bytes) = (SyncRequest::default(), 0);
        loop {
            let answer = way.sync(access, &squeeze(&request));
            bytes += answer.len();
            let answer = read(&answer);
            if !answer.more {
                return (answer.cursor, bytes, begun.elapsed());
            }
            request.cursor = Some(answer.cursor);
        }
    }

    /// The median of syncs that bring nothing and get nothing.
    fn idle(&self, cursor: Cursor) -> Duration {
        let way = self.server.way();
        let access = &self.crowd.phones[0].access;
        let mut request = SyncRequest {
            cursor: Some(cursor),
            ..SyncRequest::default()
        };
        let syncs = (0..IDLE_SYNCS).map(|_| {
            let body = squeeze(&request);
            let begun = Instant::now();
            let answer = way.sync(access, &body);
            let took = begun.elapsed();
            request.cursor = Some(read(&answer).cursor);
            took
        });
        median(syncs.collect())
    }
}

/// Measures on one database.
pub fn measure(table: &mut Table, database: &str, asked: &Arguments) {
    let mut rounds = Vec::new();
    for _ in 0..asked.rounds {
        let mut stage = Stage::new(database, asked.visits);
        let before = stage.server.memory_mb().1;
        let pages = stage.write(asked.visits);
        let used = stage.server.processor();
        let (appended, ruled) = stage.push(&pages);
        let worked = (stage.server.processor() - used) / asked.visits as u32;
        let (cursor, bytes, pulled) = stage.pull();
        let idle = stage.idle(cursor);
        let (most, _) = stage.server.memory_mb();
        println!(
            "{database}: appended {appended:?}, ruled {ruled:?}, processor {worked:?} a visit, pulled {pulled:?} ({bytes} B), idle {idle:?}, memory {before:.0} → {most:.0} MB"
        );
        rounds.push((appended, ruled, pulled, idle, most, worked));
        stage.server.stop();
    }
    let rate = |time: Duration| format!("{:.0}/s", asked.visits as f64 / time.as_secs_f64());
    let what = format!(
        "push of {} visits of {CHANGES} changes by {CLIENTS} clients",
        asked.visits
    );
    table.add(
        database,
        &format!("{what}: appended"),
        rate(median(rounds.iter().map(|it| it.0).collect())),
    );
    table.add(
        database,
        &format!("{what}: ruled"),
        rate(median(rounds.iter().map(|it| it.1).collect())),
    );
    table.add(
        database,
        &format!("{what}: the server's processor time for each"),
        millis(median(rounds.iter().map(|it| it.5).collect())),
    );
    table.add(
        database,
        "fresh pull of the same",
        millis(median(rounds.iter().map(|it| it.2).collect())),
    );
    table.add(
        database,
        "a sync when nothing changed",
        millis(median(rounds.iter().map(|it| it.3).collect())),
    );
    table.add(
        database,
        "the most memory that the server held",
        format!("{:.0} MB", median(rounds.iter().map(|it| it.4).collect())),
    );
    if asked.stored > 0 {
        measure_growth(table, database, asked.stored);
    }
}

/// The cost of a push with few and with many visits stored.
fn measure_growth(table: &mut Table, database: &str, stored: usize) {
    let mut stage = Stage::new(database, stored + PROBE);
    for size in [FEW, stored] {
        while stage.next < size {
            let pages = stage.write(FILL.min(size - stage.next));
            stage.push(&pages);
        }
        let pages = stage.write(PROBE);
        let used = stage.server.processor();
        let (appended, ruled) = stage.push(&pages);
        let used = stage.server.processor() - used;
        let each = |time: Duration| millis(time / PROBE as u32);
        let what =
            format!("a visit pushed with {size} stored: answered, ruled, the server's processor");
        table.add(
            database,
            &what,
            format!("{}, {}, {}", each(appended), each(ruled), each(used)),
        );
    }
    let (most, _) = stage.server.memory_mb();
    table.add(
        database,
        &format!("memory with {stored} stored"),
        format!("{most:.0} MB"),
    );
    stage.server.stop();
}
