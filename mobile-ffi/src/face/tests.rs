//! The face as an app drives it, without a server: opening, closing and what a wiped or misled phone answers.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::*;

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn open(folder: &Path, hosts: Hosts) -> Result<Arc<Fieldseal>, FieldsealError> {
    wait(open_fieldseal(folder.to_str().unwrap().to_owned(), hosts))
}

fn code<T>(done: Result<T, FieldsealError>) -> String {
    done.err().unwrap().problem().code.clone()
}

/// Says that it was asked, and answers when it is let go.
struct Held {
    asked: Sender<()>,
    go: Mutex<Receiver<()>>,
}

impl Transport for Held {
    fn send(&self, _: HttpExchange) -> Result<HttpReply, HostFailure> {
        self.asked.send(()).unwrap();
        let _ = self.go.lock().unwrap().recv();
        Err(HostFailure::TimedOut)
    }
}

#[test]
fn a_folder_is_open_once_and_again_as_soon_as_it_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), Hosts::default()).unwrap();
    assert_eq!(code(open(folder.path(), Hosts::default())), "store.in_use");
    // The one that is open goes on.
    assert!(wait(first.visits()).unwrap().is_empty());
    let elsewhere = tempfile::tempdir().unwrap();
    open(elsewhere.path(), Hosts::default()).unwrap();
    wait(first.close_store()).unwrap();
    let second = open(folder.path(), Hosts::default()).unwrap();
    wait(second.set_metered_limit(7)).unwrap();
    assert_eq!(code(wait(first.visits())), "closed");
    drop(second);
    open(folder.path(), Hosts::default()).unwrap();
}

#[test]
fn closing_waits_for_a_call_under_way_and_the_folder_is_free_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let ((asked, was_asked), (go, held)) = (channel(), channel());
    let hosts = Hosts {
        transport: Some(Arc::new(Held {
            asked,
            go: Mutex::new(held),
        })),
        ..Hosts::default()
    };
    let phone = open(folder.path(), hosts).unwrap();
    let client = Arc::downgrade(&phone.client().unwrap());
    let enrols = phone.clone();
    let enrolling = std::thread::spawn(move || {
        let (url, code) = ("http://127.0.0.1:9".to_owned(), "code".to_owned());
        wait(enrols.enrol(url, code, "phone".to_owned()))
    });
    was_asked.recv().unwrap();
    let closing = std::thread::spawn(move || wait(phone.close_store()));
    assert_eq!(code(open(folder.path(), Hosts::default())), "store.in_use");
    assert!(!closing.is_finished(), "a call is under way");
    go.send(()).unwrap();
    closing.join().unwrap().unwrap();
    assert!(client.upgrade().is_none());
    assert_eq!(code(enrolling.join().unwrap()), "network.timed_out");
    open(folder.path(), Hosts::default()).unwrap();
}

#[test]
fn a_wiped_phone_says_so_to_every_call_and_its_folder_is_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let phone = open(folder.path(), Hosts::default()).unwrap();
    let client = phone.client().unwrap();
    wait(phone.wipe(None)).unwrap();
    assert_eq!(code(wait(phone.visits())), "store.wiped");
    assert_eq!(code(wait(phone.owner())), "store.wiped");
    assert_eq!(code(wait(phone.renew_parcel_key())), "store.wiped");
    let (url, password) = ("http://127.0.0.1:9".to_owned(), "x".to_owned());
    let enrolled = phone.enrol(url, password.clone(), "phone".to_owned());
    assert_eq!(code(wait(enrolled)), "store.wiped");
    let logged_in = phone.log_in("wang".to_owned(), password);
    assert_eq!(code(wait(logged_in)), "store.wiped");
    let options = SyncOptions {
        evidence: true,
        attempts_max: None,
    };
    assert_eq!(code(phone.sync(options, None)), "store.wiped");
    assert_eq!(code(phone.set_network_metered(true)), "store.wiped");
    assert_eq!(code(wait(phone.wipe(None))), "store.wiped");
    // What was under way when the wipe came writes nothing beside it either.
    assert_eq!(client.renew_parcel_key().unwrap_err().code, "store.wiped");
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left: Vec<_> = left.map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["fieldseal.db.lock"]);
    let again = open(folder.path(), Hosts::default()).unwrap();
    assert!(wait(again.visits()).unwrap().is_empty());
    assert_eq!(code(wait(phone.visits())), "store.wiped");
}

#[test]
fn an_install_without_a_key_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let phone = open(folder.path(), Hosts::default()).unwrap();
    wait(phone.close_store()).unwrap();
    let file = crate::install::InstallFile::beside(&folder.path().join("fieldseal.db"));
    let mut install = file.read().unwrap();
    install.device_key.clear();
    file.write(&install).unwrap();
    assert_eq!(file.read(), None);
    let phone = open(folder.path(), Hosts::default()).unwrap();
    assert!(wait(phone.visits()).unwrap().is_empty());
    assert_ne!(file.read().unwrap().actor, install.actor);
}
