//! Two processes of the server on one database, as they run in service: nothing but the database is common to them.

use fieldseal_tests::World;
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::crowd::{Crowd, Through};
use tempfile::TempDir;

/// Two processes on the database of a world, each with a data folder of its own.
struct Two {
    servers: Vec<ServerProcess>,
    _folders: [TempDir; 2],
}

impl Two {
    fn on(w: &World) -> Self {
        let folders = [(); 2].map(|()| TempDir::new().unwrap());
        let url = w.server.database_url();
        let start = |folder: &TempDir| {
            ServerProcess::start_on(env!("CARGO_BIN_EXE_server"), folder.path(), url)
        };
        Self {
            servers: folders.iter().map(start).collect(),
            _folders: folders,
        }
    }
}

#[test]
fn sixteen_teams_at_two_processes_never_make_two_first() {
    let w = World::shanxi();
    let two = Two::on(&w);
    let crowd = Crowd::of_one_body(&w, Through::Processes(&two.servers));
    crowd.races_for_doors(&w);
}

#[test]
fn sixteen_teams_at_two_processes_that_sample_one_producers_goods_leave_one_valid() {
    let w = World::shanxi();
    let two = Two::on(&w);
    let crowd = Crowd::of_two_bodies(&w, Through::Processes(&two.servers));
    crowd.races_for_a_product(&w);
}

#[test]
fn of_sixteen_teams_at_two_processes_that_ask_for_one_door_at_once_one_gets_it() {
    let w = World::shanxi();
    let two = Two::on(&w);
    let crowd = Crowd::of_one_body(&w, Through::Processes(&two.servers));
    crowd.races_for_a_lease(&w);
}

#[test]
fn two_processes_that_start_at_once_on_an_empty_database_both_serve_with_one_key() {
    let database = fieldseal_tests::postgres::TestDatabase::empty();
    let program = env!("CARGO_BIN_EXE_server");
    let folders = [(); 2].map(|()| TempDir::new().unwrap());
    let servers: Vec<ServerProcess> = std::thread::scope(|scope| {
        let started: Vec<_> = folders
            .iter()
            .map(|folder| {
                let url = database.url();
                scope.spawn(move || ServerProcess::start_on(program, folder.path(), Some(url)))
            })
            .collect();
        started
            .into_iter()
            .map(|server| server.join().unwrap())
            .collect()
    });
    let ready = |server: &ServerProcess| {
        let answer = ureq::get(format!("{}/health/ready", server.url)).call();
        answer.expect("it answers").status().as_u16()
    };
    assert_eq!(servers.iter().map(ready).collect::<Vec<_>>(), [200, 200]);
    for server in servers {
        assert!(server.terminate());
    }
}
