//! A phone whose key the host holds: what it signs is believed as far as it holds, and another key is another install.

use std::path::Path;
use std::sync::Mutex;

use sync_core::model::{CampaignId, DocumentId};

use super::*;
use crate::host::SystemRng;
use crate::types::{EnterpriseChoice, VisitStart};

/// A host's key that may be told what to answer instead.
struct Told {
    key: SoftwareKey,
    instead: Mutex<Option<Vec<u8>>>,
    silent: AtomicBool,
}

impl Told {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            key: SoftwareKey::draw(&SystemRng).0,
            instead: Mutex::default(),
            silent: AtomicBool::new(false),
        })
    }

    fn says(&self, instead: Option<&[u8]>) {
        *self.instead.lock().unwrap() = instead.map(<[u8]>::to_vec);
    }
}

impl Signer for Told {
    fn public_key(&self) -> Vec<u8> {
        match self.silent.load(Ordering::SeqCst) {
            false => self.key.public_key(),
            true => Vec::new(),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let instead = self.instead.lock().unwrap().clone();
        instead.unwrap_or_else(|| self.key.sign(message))
    }
}

fn open(path: &Path, signer: Option<Arc<Told>>) -> Client {
    let host = Host {
        signer: signer.map(|it| it as Arc<dyn Signer>),
        ..Host::system()
    };
    Client::open(path, host).unwrap()
}

/// As the server would have enrolled it.
fn enrol(phone: &Client) {
    let enrolled = Enrolled {
        device_id: Uuid::nil().to_string(),
        user_id: UserId(Uuid::nil()),
        user_name: "王".to_owned(),
        organisation_id: sync_core::model::OrganisationId(Uuid::nil()),
    };
    let text = serde_json::to_string(&enrolled).unwrap();
    let mut inner = phone.lock();
    let actor = inner.install.actor;
    let public_key = inner.key.public_key();
    let payload: CertificatePayload = serde_json::from_value(json!({
        "serial": 1,
        "kind": "device",
        "device_id": enrolled.device_id,
        "actor": actor,
        "public_key": STANDARD.encode(&public_key),
        "user_id": enrolled.user_id,
        "user_name": enrolled.user_name,
        "organisation_id": enrolled.organisation_id,
        "organisation_kind": "inspection_body",
        "roles": [],
        "regions": [],
        "not_before_ms": 0,
        "not_after_ms": i64::MAX,
    }))
    .unwrap();
    let signed = Signed::sign(&payload, "key".to_owned(), |_| vec![0; 64]);
    let put = |write: &crate::store::Write<'_>| {
        write.put_certificate(&payload, &public_key, &signed)?;
        write.put_setting("enrolled", &text)?;
        write.put_setting("enrolled_actor", &actor.to_string())
    };
    inner.store.write(put).unwrap();
}

fn starts(phone: &Client) -> Done<DocumentId> {
    phone.start_visit(VisitStart {
        campaign_id: CampaignId(Uuid::nil()),
        enterprise: EnterpriseChoice::Unlisted {
            name: "铸造".to_owned(),
            uscc: None,
            no_uscc_reason: Some("unlicensed".to_owned()),
            address: "路".to_owned(),
            region: None,
        },
        team_id: None,
        site: None,
    })
}

fn changes(phone: &Client) -> usize {
    phone.lock().store.list_standings().unwrap().len()
}

#[test]
fn what_the_hosts_key_gives_and_is_no_signature_of_it_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let key = Told::new();
    let phone = open(&folder.path().join("phone.db"), Some(key.clone()));
    enrol(&phone);
    let visit = starts(&phone).unwrap();
    let before = changes(&phone);
    let another = SoftwareKey::draw(&SystemRng).0.sign(b"something");
    for nonsense in [b"\x01\x02\x03".as_slice(), &[0; 64], &another, b""] {
        key.says(Some(nonsense));
        let refused = phone.suspend(visit, "雨").unwrap_err();
        assert_eq!(refused.code, "signer.refused", "{nonsense:?}");
        assert_eq!(starts(&phone).unwrap_err().code, "signer.refused");
    }
    assert_eq!(changes(&phone), before);
    assert_eq!(phone.visits().unwrap().len(), 1);
    key.says(None);
    phone.suspend(visit, "雨").unwrap();
    assert_eq!(changes(&phone), before + 1);
}

#[test]
fn another_key_of_the_host_is_a_new_install_that_keeps_the_work_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let first = Told::new();
    let phone = open(&path, Some(first.clone()));
    enrol(&phone);
    starts(&phone).unwrap();
    let (before, actor) = (changes(&phone), phone.lock().install.actor);
    drop(phone);
    // The same one is the same install, and so is one that does not answer for now.
    for silent in [false, true] {
        first.silent.store(silent, Ordering::SeqCst);
        let phone = open(&path, Some(first.clone()));
        assert!(phone.enrolled().unwrap().is_some());
        assert_eq!(phone.lock().install.actor, actor);
    }
    first.silent.store(false, Ordering::SeqCst);
    let second = Told::new();
    let phone = open(&path, Some(second.clone()));
    let fresh = phone.lock().install.actor;
    assert_ne!(fresh, actor);
    assert_eq!(phone.enrolled().unwrap(), None);
    assert_eq!(
        phone.lock().store.count_unsent().unwrap(),
        u32::try_from(before).unwrap()
    );
    // Work goes on under the new key, and it is known again before it was enrolled.
    starts(&phone).unwrap();
    drop(phone);
    let phone = open(&path, Some(second));
    assert_eq!(phone.lock().install.actor, fresh);
    drop(phone);
    let phone = open(&path, Some(Told::new()));
    assert_ne!(phone.lock().install.actor, fresh);
    drop(phone);
    // A host that holds a key no more is another install as well, once.
    let phone = open(&path, None);
    let software = phone.lock().install.actor;
    enrol(&phone);
    drop(phone);
    assert_eq!(open(&path, None).lock().install.actor, software);
    assert_ne!(open(&path, Some(first)).lock().install.actor, software);
}

#[test]
fn a_key_that_became_another_while_the_phone_was_open_signs_nothing_before_it_is_enrolled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let key = Turning(Mutex::new(SoftwareKey::draw(&SystemRng).0));
    let key = Arc::new(key);
    let host = Host {
        signer: Some(key.clone()),
        ..Host::system()
    };
    let phone = Client::open(&folder.path().join("phone.db"), host).unwrap();
    enrol(&phone);
    let visit = starts(&phone).unwrap();
    let actor = phone.lock().install.actor;
    *key.0.lock().unwrap() = SoftwareKey::draw(&SystemRng).0;
    let refused = phone.suspend(visit, "雨").unwrap_err();
    assert_eq!(refused.code, "signer.refused");
    assert_eq!(phone.lock().install.actor, actor);
    // No server is there, but who asks it is a new install.
    let unreachable = phone.enrol("http://127.0.0.1:9", "code", "phone");
    assert_eq!(unreachable.unwrap_err().code, "network.unreachable");
    assert_ne!(phone.lock().install.actor, actor);
    assert_eq!(phone.enrolled().unwrap(), None);
    phone.suspend(visit, "雨").unwrap();
}

/// A host's key that turns into another.
struct Turning(Mutex<SoftwareKey>);

impl Signer for Turning {
    fn public_key(&self) -> Vec<u8> {
        self.0.lock().unwrap().public_key()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.lock().unwrap().sign(message)
    }
}
