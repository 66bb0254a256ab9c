//! The identity of an install across restored backups: an old copy of the database never writes under a used number.

use std::path::Path;
use std::sync::Arc;

use mobile_ffi::install::InstallFile;
use mobile_ffi::{
    Client, Host, HttpAnswer, HttpRequest, SystemClock, SystemRng, Transport, TransportError,
};

struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: HttpRequest) -> Result<HttpAnswer, TransportError> {
        Err(TransportError::Unreachable("aeroplane mode".into()))
    }
}

fn open(path: &Path) -> Client {
    let host = Host {
        clock: Arc::new(SystemClock::new()),
        rng: Arc::new(SystemRng),
        transport: Arc::new(NoNetwork),
        signer: None,
        locator: None,
    };
    Client::open(path, host).expect("the phone opens")
}

fn actor(path: &Path) -> String {
    InstallFile::beside(path)
        .read()
        .expect("the install file is there")
        .actor
        .to_string()
}

#[test]
fn an_install_keeps_its_actor_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    drop(open(&path));
    let first = actor(&path);
    drop(open(&path));
    assert_eq!(actor(&path), first);
}

#[test]
fn a_database_without_its_install_file_gets_a_fresh_actor_and_asks_for_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    drop(open(&path));
    let first = actor(&path);
    std::fs::remove_file(InstallFile::beside(&path).path()).unwrap();
    let client = open(&path);
    assert_ne!(actor(&path), first);
    assert_eq!(client.enrolled().unwrap(), None);
}

#[test]
fn a_database_older_than_what_was_sent_gets_a_fresh_actor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    drop(open(&path));
    let file = InstallFile::beside(&path);
    let mut install = file.read().unwrap();
    install.sent_position = 12;
    file.write(&install).unwrap();
    drop(open(&path));
    assert_ne!(actor(&path), install.actor.to_string());
}

#[test]
fn without_an_enrolment_a_sync_says_so_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let client = open(&folder.path().join("phone.db"));
    assert_eq!(client.sync().unwrap_err().code, "enrolment_needed");
    let error = client.enrol("http://nowhere", "CODE", "phone").unwrap_err();
    assert_eq!(error.code, "network.unreachable");
}
