//! The feed under writers that would commit out of order: a cursor skips nothing. On SQLite they wait for the one writing
//! connection, on PostgreSQL for the counter's row; what a reader sees is the same.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_server::app::App;
use fieldseal_server::store::feed::{self, NewRow, Reach, ReaderScope};
use fieldseal_server::store::rulings::cases;
use fieldseal_server::store::{Statement, Value};
use fieldseal_tests::TestServer;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_core::model::{DeviceId, DocumentId, OrganisationId, UserId};
use uuid::Uuid;

const WRITERS: u64 = 4;
const TRANSACTIONS: u64 = 25;

fn row(number: i64) -> NewRow {
    NewRow::device_revoked(DeviceId(Uuid::from_u128(1)), number)
}

/// A reader at a place of the feed, and what they were told so far.
#[derive(Default)]
struct Reader {
    cursor: i64,
    told: Vec<i64>,
}

impl Reader {
    /// Looks, as a sync does: one snapshot, everything up to its end.
    async fn looks(&mut self, app: &App) {
        let scope = ReaderScope {
            user: UserId(Uuid::nil()),
            device: DeviceId(Uuid::nil()),
            organisation: OrganisationId(Uuid::nil()),
            enforces: false,
        };
        let mut db = app.store.read().await.unwrap();
        let until = feed::last_position(&mut db).await.unwrap();
        let rows = feed::list(&mut db, &scope, self.cursor, until, 1_000);
        for row in rows.await.unwrap() {
            assert!(row.position > self.cursor && row.position <= until);
            // The server publishes rulebooks of its own when it starts.
            if row.entry == "device_revoked" {
                self.told.push(row.version.unwrap());
            }
        }
        self.cursor = until;
    }
}

#[test]
fn nobody_commits_a_later_position_before_an_earlier_one() {
    for rolls_back in [false, true] {
        let server = TestServer::start();
        let app = server.app.clone();
        server.runtime.block_on(async {
            let mut reader = Reader::default();
            let mut early = app.store.begin().await.unwrap();
            feed::append(&mut early, &[row(1)], 0).await.unwrap();
            let theirs = app.clone();
            let later = tokio::spawn(async move {
                let mut tx = theirs.store.begin().await.unwrap();
                feed::append(&mut tx, &[row(2)], 0).await.unwrap();
                tx.commit().await.unwrap();
            });
            for _ in 0..100 {
                reader.looks(&app).await;
                tokio::task::yield_now().await;
            }
            assert!(!later.is_finished(), "it did not wait for the earlier one");
            assert!(reader.told.is_empty(), "{:?}", reader.told);
            if rolls_back {
                drop(early);
            } else {
                early.commit().await.unwrap();
            }
            later.await.unwrap();
            reader.looks(&app).await;
            let told: &[i64] = if rolls_back { &[2] } else { &[1, 2] };
            assert_eq!(reader.told, told);
        });
    }
}

#[test]
fn a_cursor_skips_nothing_while_writers_commit_and_roll_back_side_by_side() {
    let server = TestServer::start();
    let committed = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    let told = std::thread::scope(|threads| {
        let reader = threads.spawn(|| {
            let mut reader = Reader::default();
            loop {
                // The last look is after the last commit.
                let last = done.load(Ordering::SeqCst);
                server.runtime.block_on(reader.looks(&server.app));
                if last {
                    return reader.told;
                }
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (server, committed) = (&server, &committed);
                threads.spawn(move || {
                    let mut dice = ChaCha8Rng::seed_from_u64(writer);
                    for transaction in 0..TRANSACTIONS {
                        let first =
                            i64::try_from((writer * TRANSACTIONS + transaction) * 10).unwrap();
                        let numbers: Vec<i64> = (first..).take(dice.random_range(1..4)).collect();
                        let rows: Vec<NewRow> = numbers.iter().map(|n| row(*n)).collect();
                        let keeps = dice.random_bool(0.75);
                        let pauses: [u32; 2] = [dice.random_range(0..20), dice.random_range(0..20)];
                        server.runtime.block_on(async {
                            let mut tx = server.app.store.begin().await.unwrap();
                            for _ in 0..pauses[0] {
                                tokio::task::yield_now().await;
                            }
                            feed::append(&mut tx, &rows, 0).await.unwrap();
                            for _ in 0..pauses[1] {
                                tokio::task::yield_now().await;
                            }
                            if keeps {
                                tx.commit().await.unwrap();
                            }
                        });
                        if keeps {
                            committed.lock().unwrap().extend(numbers);
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    let committed = committed.into_inner().unwrap();
    assert_eq!(told.len(), committed.len());
    let told: BTreeSet<i64> = told.into_iter().collect();
    assert_eq!(told, committed.into_iter().collect());
}

/// Visits with a case: more of them than any statement over many rows takes.
const VISITS: usize = 1_000;
const INSERT_DOCUMENT: Statement = Statement {
    name: "INSERT_DOCUMENT",
    sql: "INSERT INTO documents (document_id, kind, preimage, campaign_id, body_id, enterprise_key, snapshot, heads, version, \
        created_at, changed_at) VALUES ($1, 'visit', '', '', '', '', $1, '[]', 1, 0, 0)",
};

/// Every second visit lies in the one county, the others in the other.
async fn visits_with_cases(app: &App) -> Vec<DocumentId> {
    let mut tx = app.store.begin().await.unwrap();
    let mut visits = Vec::new();
    for n in 0..VISITS {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        let visit = DocumentId(bytes);
        tx.exec(&INSERT_DOCUMENT, vec![Value::from(visit)])
            .await
            .unwrap();
        let region = ["140502", "140525"][n % 2].parse().unwrap();
        cases::set_shared(&mut tx, visit, Some(&region))
            .await
            .unwrap();
        visits.push(visit);
    }
    tx.commit().await.unwrap();
    visits
}

#[test]
fn of_a_region_with_any_number_of_visits_each_is_granted_or_revoked_once() {
    let server = TestServer::start();
    let app = server.app.clone();
    let of = |prefixes: &[&str]| Reach(prefixes.iter().map(|it| (*it).to_owned()).collect());
    let user = UserId(Uuid::from_u128(7));
    server.runtime.block_on(async {
        let visits = visits_with_cases(&app).await;
        let scope = ReaderScope {
            user,
            device: DeviceId(Uuid::nil()),
            organisation: OrganisationId(Uuid::nil()),
            enforces: true,
        };
        let halves = [0, 1].map(|odd| {
            let half = visits.iter().skip(odd).step_by(2);
            half.copied().collect::<BTreeSet<_>>()
        });
        let all: BTreeSet<_> = visits.into_iter().collect();
        let none = BTreeSet::new();
        for (before, after, granted, revoked) in [
            (of(&[]), of(&["1405"]), &all, &none),
            (of(&["1405"]), of(&["140525"]), &halves[1], &halves[0]),
            (of(&["140525"]), of(&["140502"]), &halves[0], &halves[1]),
            (of(&["140502"]), of(&["140502", "140525"]), &all, &none),
            // The same in other words.
            (of(&["140502", "140525"]), of(&[""]), &all, &none),
            (of(&[""]), of(&["14", "140802"]), &all, &none),
            (of(&["14"]), of(&["140802"]), &none, &all),
        ] {
            let mut tx = app.store.begin().await.unwrap();
            feed::change_reach(&mut tx, user, &before, &after, 0)
                .await
                .unwrap();
            // Whoever appends next gets the next position.
            feed::append(&mut tx, &[row(1)], 0).await.unwrap();
            tx.commit().await.unwrap();
            let mut db = app.store.read().await.unwrap();
            let until = feed::last_position(&mut db).await.unwrap();
            let rows = feed::list(&mut db, &scope, 0, until, 10_000).await.unwrap();
            let told = |entry: &str| {
                let rows = rows.iter().filter(|row| row.entry == entry);
                Vec::from_iter(rows.filter_map(|row| row.document))
            };
            for (entry, wanted) in [("grant", granted), ("revoke", revoked)] {
                let told = told(entry);
                assert_eq!(told.len(), wanted.len(), "{entry}: {before:?} to {after:?}");
                assert_eq!(
                    &BTreeSet::from_iter(told),
                    wanted,
                    "{entry}: {before:?} to {after:?}"
                );
            }
        }
    });
}
