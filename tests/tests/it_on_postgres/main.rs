//! The same tests on PostgreSQL: every module of the binary beside this one whose server has a database to choose, and
//! what PostgreSQL alone can show. The harness knows by this binary's name what its servers run on.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

#[path = "../it/access/mod.rs"]
mod access;
#[path = "../it/api.rs"]
mod api;
#[path = "../it/audit_events/mod.rs"]
mod audit_events;
#[path = "../it/cases/mod.rs"]
mod cases;
#[path = "../it/console/mod.rs"]
mod console;
#[path = "../it/devices/mod.rs"]
mod devices;
#[path = "../it/enterprises/mod.rs"]
mod enterprises;
#[path = "../it/events/mod.rs"]
mod events;
#[path = "../it/figures/mod.rs"]
mod figures;
#[path = "../it/imports/mod.rs"]
mod imports;
#[path = "../it/leases/mod.rs"]
mod leases;
#[path = "../it/log/mod.rs"]
mod log;
#[path = "../it/media/visits.rs"]
mod media_visits;
#[path = "../it/not_sampled/mod.rs"]
mod not_sampled;
#[path = "../it/oidc/mod.rs"]
mod oidc;
#[path = "../it/invariants/one_entry.rs"]
mod one_entry;
#[path = "../it/organisations/mod.rs"]
mod organisations;
#[path = "../it/prior_samplings/mod.rs"]
mod prior_samplings;
#[path = "../it/races.rs"]
mod races;
#[path = "../it/re_entry_grants/mod.rs"]
mod re_entry_grants;
#[path = "../it/returned_papers/mod.rs"]
mod returned_papers;
#[path = "../it/rulebooks/mod.rs"]
mod rulebooks;
#[path = "../it/samples/mod.rs"]
mod samples;
#[path = "../it/sampling_notices/mod.rs"]
mod sampling_notices;
#[path = "../it/seals/mod.rs"]
mod seals;
#[path = "../it/invariants/seen.rs"]
mod seen;
#[path = "../it/server_keys/mod.rs"]
mod server_keys;
#[path = "../it/kills/servers.rs"]
mod servers_killed;
#[path = "../it/sessions/mod.rs"]
mod sessions;
#[path = "../it/store/mod.rs"]
mod store;
#[path = "../it/stories/mod.rs"]
mod stories;
#[path = "../it/sync/mod.rs"]
mod sync;
#[path = "../it/tasks/mod.rs"]
mod tasks;
#[path = "../it/tokens/mod.rs"]
mod tokens;
#[path = "../it/uploads/mod.rs"]
mod uploads;
#[path = "../it/users/mod.rs"]
mod users;
#[path = "../it/visits/mod.rs"]
mod visits;

mod backup;
mod database;
mod killed;
mod locks;
mod migrate_store;
mod two_processes;
mod two_servers;
mod uploads_at_two;

use fieldseal_tests::TestServer;

#[test]
fn the_servers_of_this_binary_run_on_postgresql() {
    assert_eq!(TestServer::start().app.store.kind(), "postgres");
}

/// What is not about a server that has a database to choose.
const ELSEWHERE: [(&str, &str); 10] = [
    (
        "bindings",
        "the phone's face; its world is a process on SQLite",
    ),
    ("cli", "commands, each on a folder of its own"),
    ("demo", "the demonstration plays on SQLite"),
    (
        "invariants",
        "convergence copies a file; the others are here by their names",
    ),
    (
        "kills",
        "of phones; those of servers are here by their name",
    ),
    (
        "limits",
        "reads pages and pushes at limits, all the same on both",
    ),
    (
        "media",
        "of bytes alone; what becomes of visits is here by its name",
    ),
    ("objects", "of a folder or a bucket, whatever the database"),
    ("restore", "copies of a file"),
    (
        "walk",
        "how pages look; what they show comes from services that run here",
    ),
];

#[test]
fn every_other_module_of_the_binary_beside_this_one_runs_here_too() {
    let modules = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("mod "));
        lines
            .map(|line| line.trim_end_matches(';').to_owned())
            .collect()
    };
    let here = modules(include_str!("main.rs"));
    for module in modules(include_str!("../it/main.rs")) {
        let elsewhere = ELSEWHERE.iter().any(|(name, _)| *name == module);
        assert!(
            here.contains(&module) || elsewhere,
            "{module} runs on SQLite alone"
        );
    }
}
