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
