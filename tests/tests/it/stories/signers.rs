//! A device key in hardware that refuses in the middle of things: nothing of what was to be signed is shown, kept or sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fieldseal_tests::gate::filmed;
use fieldseal_tests::world::ADMIN;
use fieldseal_tests::{Phone, World};
use mobile_ffi::install::InstallFile;
use mobile_ffi::{Client, ConfirmedSubject, Host, Signer, SoftwareKey, SystemRng};

use super::handed_over::{Gate, code};

/// Signs so many times more.
struct Moody {
    key: SoftwareKey,
    left: AtomicI64,
}

impl Signer for Moody {
    fn public_key(&self) -> Vec<u8> {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => self.key.sign(message),
            false => Vec::new(),
        }
    }
}

/// The phone with its own key in such hardware; it refuses until it is told otherwise.
fn with_moody_key(phone: &mut Phone) -> Arc<Moody> {
    let install = InstallFile::beside(phone.file()).read().unwrap();
    let bytes = hex::decode(install.device_key).unwrap();
    with_key(phone, SoftwareKey::from_bytes(&bytes).unwrap())
}

fn with_key(phone: &mut Phone, key: SoftwareKey) -> Arc<Moody> {
    let signer = Arc::new(Moody {
        key,
        left: AtomicI64::new(0),
    });
    let host = Host {
        clock: phone.clock.clone(),
        rng: Arc::new(SystemRng),
        transport: phone.network.clone(),
        signer: Some(signer.clone()),
        locator: None,
    };
    phone.client = Client::open(phone.file(), host).unwrap();
    signer
}

fn rows(phone: &Phone, table: &str) -> i64 {
    let db = rusqlite::Connection::open(phone.file()).unwrap();
    let sql = format!("SELECT COUNT(*) FROM {table}");
    db.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_key_that_refuses_shows_no_code_and_seals_no_parcel() {
    let mut g = Gate::refused();
    let (han, wang) = (with_moody_key(&mut g.han), with_moody_key(&mut g.wang));
    assert_eq!(code(g.han.client.question()), "signer.refused");
    assert_eq!(rows(&g.han, "codes_shown"), 0);
    han.left.store(1, Ordering::SeqCst);
    let question = filmed(&g.han.client.question().unwrap());

    let subject = ConfirmedSubject::Refusal(g.refusal);
    let answer = || g.wang.client.answer(&question, g.visit, subject);
    assert_eq!(code(answer()), "signer.refused");
    assert_eq!(rows(&g.wang, "codes_shown"), 0);
    let parcel = || g.wang.client.make_parcel(&question, g.visit);
    assert_eq!(code(parcel()), "signer.refused");
    wang.left.store(2, Ordering::SeqCst);
    answer().unwrap();
    g.han.opens(&parcel().unwrap().bytes).unwrap();
}

#[test]
fn a_key_that_refuses_the_second_signature_of_an_enrolment_leaves_its_code_unused() {
    let w = World::shanxi();
    let mut phone = w.phone_on("王", w.folder().join("moody.db"), 903);
    let key = with_moody_key(&mut phone);
    let user = w.id("user", "王");
    let once = w.server.enrolment_code(&w.token(ADMIN), &user);
    let enrol = || phone.client.enrol(&w.server.url(""), &once, "phone");
    for signs in [0, 1] {
        key.left.store(signs, Ordering::SeqCst);
        assert_eq!(code(enrol()), "signer.refused", "after {signs}");
        assert_eq!(phone.client.enrolled().unwrap(), None);
    }
    key.left.store(2, Ordering::SeqCst);
    enrol().unwrap();
}

#[test]
fn a_key_that_is_gone_for_good_leaves_what_it_signed_to_be_sent_under_a_new_code() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.syncs();
    a.offline();
    w.minutes(10);
    let sample = a.draws("T1");
    let key = with_key(&mut a, SoftwareKey::draw(&SystemRng).0);
    key.left.store(i64::MAX, Ordering::SeqCst);
    assert_eq!(a.client.enrolled().unwrap(), None);
    a.online();
    assert_eq!(a.client.sync().unwrap_err().code, "enrolment_needed");
    w.enrols(&a);
    a.syncs();
    assert_ne!(w.validity(sample), "pending");
    assert_eq!(w.aside(visit), Vec::<String>::new());
    // And it goes on under the new one.
    a.client.suspend(visit, "雨").unwrap();
    a.syncs();
    let rows = a.client.doctor().unwrap();
    assert!(rows.iter().all(|it| it.state != "quarantined"), "{rows:?}");
    assert_eq!(w.aside(visit), Vec::<String>::new());
}
