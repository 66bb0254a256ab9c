//! PostgreSQL itself is killed with syncs under way: the process behind a connection, or all of it at once. What the server
//! acknowledged was committed, and is there when it has recovered.

use fieldseal_tests::postgres::TestDatabase;
use fieldseal_tests::seed::dice;
use fieldseal_tests::soundness::within;
use fieldseal_tests::{TestServer, World};

use crate::servers_killed::Trial;

/// Kills, half of them of one connection, half of everything. Each is followed by a recovery.
const KILLS: u64 = 16;
/// How many of them must cut a sync under way.
const HITS: u64 = 8;
/// So many kills without the wanted hits mean that the harness does not hit at all.
const KILLS_MAX: u64 = 600;

#[test]
fn a_database_killed_under_its_server_loses_nothing_and_doubles_nothing() {
    let mut dice = dice();
    let database = TestDatabase::on_own_instance();
    let server = TestServer::start_with(database.clone());
    let mut trial = Trial::new(World::with(server, &["bodies", "shanxi"]));
    let window = trial.measures();
    let (mut kills, mut hits) = (0, 0);
    while kills < KILLS || hits < HITS || !trial.has_enough() {
        assert!(kills < KILLS_MAX, "the kills do not hit: {hits} of {kills}");
        let kill = || match kills % 2 {
            0 => database.kill_a_connection(),
            _ => database.kill_postgres(),
        };
        hits += u64::from(trial.works_until(within(&mut dice, window), kill));
        database.wait_until_it_recovers();
        kills += 1;
    }
    println!("{kills} kills of PostgreSQL within {window:?}: {hits} cut a sync under way");
    trial.holds();
}
