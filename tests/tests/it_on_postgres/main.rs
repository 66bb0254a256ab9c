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
#[path = "../it/devices/mod.rs"]
mod devices;
#[path = "../it/enterprises/mod.rs"]
mod enterprises;
#[path = "../it/imports/mod.rs"]
mod imports;
#[path = "../it/invariants/one_entry.rs"]
mod one_entry;
#[path = "../it/organisations/mod.rs"]
mod organisations;
#[path = "../it/prior_samplings/mod.rs"]
mod prior_samplings;
#[path = "../it/re_entry_grants/mod.rs"]
mod re_entry_grants;
#[path = "../it/rulebooks/mod.rs"]
mod rulebooks;
#[path = "../it/samples/mod.rs"]
mod samples;
#[path = "../it/invariants/seen.rs"]
mod seen;
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
#[path = "../it/users/mod.rs"]
mod users;

use fieldseal_tests::TestServer;

#[test]
fn the_servers_of_this_binary_run_on_postgresql() {
    assert_eq!(TestServer::start().app.store.kind(), "postgres");
}
