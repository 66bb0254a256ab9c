//! What a damaged store gives back: bytes are flipped, pages wiped out and files cut at many places, and each time the old
//! files are there as they were, and every change whose bytes are still whole in them is in the store that opens.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rusqlite::params;
use sync_core::document::VisitDocument;
use sync_core::model::{
    Actor, CampaignId, ChangeHash, DeviceId, DocumentId, EnterpriseKey, OrganisationId, TeamId,
    TeamKey, UserId, VisitIdentity,
};
use sync_core::proof::{CertificateKind, CertificatePayload, OrganisationKind, Role, TipStatement};
use sync_core::sync::wire::{ChangeStatus, SignedTip};
use uuid::Uuid;

use super::looking::{FoundSound, SUFFIX};
use super::opening::beside;
use super::pages::PAGE_BYTES;
use super::{DocumentState, OwnChange, Salvage, Store};
use crate::fault::Faults;
use crate::host::SystemRng;
use crate::install::{Install, InstallFile};
use crate::kinds::{Listed as _, header_of};

const ACTOR: Actor = Actor([9; 16]);
const VISITS: u128 = 8;

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

fn certificate() -> CertificatePayload {
    CertificatePayload {
        serial: 1,
        kind: CertificateKind::Signer,
        device_id: DeviceId(Uuid::from_u128(5)),
        actor: ACTOR,
        public_key: String::new(),
        agreement_key: None,
        user_id: UserId(Uuid::from_u128(77)),
        user_name: "王五".into(),
        certificate_no: None,
        organisation_id: OrganisationId(Uuid::from_u128(2)),
        organisation_kind: OrganisationKind::InspectionBody,
        roles: vec![Role::Sampler],
        regions: Vec::new(),
        not_before_ms: 0,
        not_after_ms: i64::MAX,
    }
}

/// What was written: each change with its document, and whether it waits to be sent.
type Written = BTreeMap<ChangeHash, (DocumentId, Vec<u8>, bool)>;

/// A phone's store as a kill leaves it: most of it in the file, the last visits in the log.
struct Pristine {
    written: Written,
    main: Vec<u8>,
    log: Vec<u8>,
    install: Vec<u8>,
}

fn visit(number: u128) -> VisitIdentity {
    VisitIdentity {
        campaign: CampaignId(Uuid::from_u128(number)),
        body: OrganisationId(Uuid::from_u128(2)),
        enterprise: EnterpriseKey::from_uscc(&"911405250000B1E536".parse().unwrap()),
        team: TeamKey::Team(TeamId(Uuid::from_u128(3))),
    }
}

fn write_visit(store: &mut Store, number: u128, dice: &mut Dice, written: &mut Written) {
    let identity = visit(number);
    let header = header_of(&identity);
    let mut document = VisitDocument::create(identity, ACTOR).unwrap();
    for step in 0..10 {
        // Some reach over several pages.
        let length = if step == 7 {
            9_000
        } else {
            10 + dice.below(900)
        };
        let words: String = (0..length)
            .map(|_| char::from(b'a' + u8::try_from(dice.below(26)).unwrap()))
            .collect();
        let change = document.splice_notes(step, 0, 0, &words).unwrap().unwrap();
        let sent = dice.below(3) == 0;
        let tip = TipStatement {
            document_id: header.document_id,
            actor: ACTOR,
            seq: change.seq,
            hash: change.hash,
        };
        let own = OwnChange {
            hash: change.hash,
            actor: ACTOR,
            seq: change.seq,
            bytes: change.bytes.clone(),
            tip: SignedTip {
                tip,
                signature: format!("signature of {}", change.hash),
            },
        };
        let state = DocumentState {
            header: header.clone(),
            snapshot: document.save(),
            columns: VisitIdentity::columns(&document),
            updated_at_ms: i64::try_from(number).unwrap(),
        };
        store
            .write(|write| {
                write.put_document(&state)?;
                write.insert_own_change(header.document_id, &own)?;
                if sent {
                    write.put_status(&own.hash.to_string(), None, &ChangeStatus::Accepted)?;
                }
                Ok(())
            })
            .unwrap();
        written.insert(change.hash, (header.document_id, change.bytes, !sent));
    }
}

fn open(
    path: &Path,
    key: Option<&[u8; 32]>,
) -> Result<(Store, Option<Salvage>), crate::ClientError> {
    Store::open_sealed(path, key, &SystemRng, 7, Faults::default())
}

/// How a phone opens it.
fn open_as_due(
    path: &Path,
    key: Option<&[u8; 32]>,
) -> Result<(Store, Option<Salvage>), crate::ClientError> {
    Store::open_as_due(path, key, &SystemRng, 7, Faults::default())
}

/// How a phone opens a store that was sound a day ago, and has been damaged since: what a glance does not tell is found by
/// the look at the open store, after which nothing is written, and what can be read is saved by the next opening.
fn open_twice(
    path: &Path,
    key: Option<&[u8; 32]>,
) -> Result<(Store, Option<Salvage>), crate::ClientError> {
    let day = sync_core::limits::STORE_LOOKED_THROUGH_MS;
    FoundSound::note(path, 7 - day);
    let (mut store, salvage) = open_as_due(path, key)?;
    if salvage.is_some() {
        return Ok((store, salvage));
    }
    let look = store.look_through(7).expect("a look is due");
    assert!(store.look_through(7).is_none(), "one at a time");
    let found = look.run(7)?;
    drop(look);
    if found.is_none() {
        assert!(store.look_through(7).is_none(), "it was found sound");
        return Ok((store, None));
    }
    store.leave();
    let refused = store.write(|write| write.put_setting("a", "b"));
    assert_eq!(refused.unwrap_err().code, "store.damaged");
    assert_eq!(
        store.put_setting("a", "b").unwrap_err().code,
        "store.damaged"
    );
    drop(store);
    let (store, salvage) = open_as_due(path, key)?;
    assert!(salvage.is_some(), "{found:?}");
    Ok((store, salvage))
}

fn pristine(key: Option<&[u8; 32]>) -> Pristine {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let install = Install {
        actor: ACTOR,
        device_key: hex::encode([1; 32]),
        host_key: String::new(),
        agreement_seeds: vec![hex::encode([2; 32])],
        sent_position: 0,
    };
    InstallFile::beside(&path).write(&install).unwrap();
    let mut written = Written::new();
    let mut dice = Dice(1);
    {
        let (mut store, _) = open(&path, key).unwrap();
        store.put_setting("actor", &ACTOR.to_string()).unwrap();
        store.put_setting("server_url", "https://server").unwrap();
        for number in 0..VISITS - 2 {
            write_visit(&mut store, number, &mut dice, &mut written);
        }
        let signer =
            "INSERT INTO signers (user_id, public_key, payload, signed, salt, nonce, wrapped)
                      VALUES (?1, x'02', ?2, '{}', zeroblob(16), zeroblob(24), x'0102')";
        let user = Uuid::from_u128(77).to_string();
        let payload = serde_json::to_string(&certificate()).unwrap();
        store.db.execute(signer, [user, payload]).unwrap();
        for number in 0..200 {
            let sql = "INSERT INTO reference_records (kind, id, version, record) VALUES ('task', ?1, 1, ?2)";
            let record = format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(200));
            store
                .db
                .execute(sql, params![number.to_string(), record])
                .unwrap();
        }
    }
    // The last connection that closes takes the log into the file: from here on it is killed.
    let (mut store, _) = open(&path, key).unwrap();
    for number in VISITS - 2..VISITS {
        write_visit(&mut store, number, &mut dice, &mut written);
    }
    Pristine {
        written,
        main: fs::read(&path).unwrap(),
        log: fs::read(beside(&path, "-wal")).unwrap(),
        install: fs::read(InstallFile::beside(&path).path()).unwrap(),
    }
}

impl Pristine {
    fn lay(&self, path: &Path, main: &[u8], log: Option<&[u8]>) {
        fs::write(path, main).unwrap();
        fs::write(InstallFile::beside(path).path(), &self.install).unwrap();
        if let Some(log) = log {
            fs::write(beside(path, "-wal"), log).unwrap();
        }
    }

    /// Where the bytes of each change lie, each place as (in the log, offset).
    fn places(&self) -> BTreeMap<ChangeHash, Vec<(bool, usize)>> {
        let mut places: BTreeMap<ChangeHash, Vec<(bool, usize)>> = BTreeMap::new();
        for (in_log, file) in [(false, &self.main), (true, &self.log)] {
            for at in 0..file.len().saturating_sub(16) {
                if file[at..at + 4] != [0x85, 0x6f, 0x4a, 0x83] {
                    continue;
                }
                for (hash, (_, bytes, _)) in &self.written {
                    if file[at..].starts_with(bytes) {
                        places.entry(*hash).or_default().push((in_log, at));
                    }
                }
            }
        }
        places
    }
}

/// What is held, whatever was done to the files: the old ones are there, and nothing that is whole in them is missing.
fn check(
    path: &Path,
    files: (&[u8], Option<&[u8]>),
    intact: &BTreeSet<ChangeHash>,
    of: (&Pristine, Option<&[u8; 32]>),
    what: &str,
) -> Option<Salvage> {
    let opened = open(path, of.1);
    check_opened(opened, path, files, intact, of, what)
}

fn check_opened(
    opened: Result<(Store, Option<Salvage>), crate::ClientError>,
    path: &Path,
    (main, log): (&[u8], Option<&[u8]>),
    intact: &BTreeSet<ChangeHash>,
    (pristine, key): (&Pristine, Option<&[u8; 32]>),
    what: &str,
) -> Option<Salvage> {
    let (store, salvage) = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
    if let Some(report) = &salvage {
        let aside = Path::new(&report.aside);
        assert_eq!(fs::read(aside).unwrap_or_default(), main, "{what}");
        if let Some(log) = log {
            assert_eq!(fs::read(beside(aside, "-wal")).unwrap(), log, "{what}");
        }
    }
    let here: BTreeMap<_, _> = store
        .list_changes(None)
        .unwrap()
        .into_iter()
        .map(|it| (it.hash, it))
        .collect();
    let outbox = store.read_outbox(usize::MAX, &BTreeSet::new()).unwrap();
    let outbox: BTreeSet<ChangeHash> = outbox.iter().map(|it| it.hash).collect();
    for hash in intact {
        let (document, bytes, unsent) = &pristine.written[hash];
        let found = here.get(hash);
        let found = found.unwrap_or_else(|| panic!("{what}: {hash} is lost: {salvage:?}"));
        assert_eq!(
            (&found.bytes, found.document_id),
            (bytes, *document),
            "{what}"
        );
        assert!(
            !unsent || outbox.contains(hash),
            "{what}: {hash} is not sent"
        );
    }
    let numbers = here.values().map(|it| it.hash).collect::<BTreeSet<_>>();
    assert!(numbers.len() <= pristine.written.len(), "{what}");
    drop(store);
    // What was made is sound itself.
    let (_, again) = open(path, key).unwrap();
    assert!(again.is_none(), "{what}: {again:?}");
    salvage
}

fn all(pristine: &Pristine) -> BTreeSet<ChangeHash> {
    pristine.written.keys().copied().collect()
}

#[test]
fn a_store_as_a_kill_leaves_it_is_sound() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    pristine.lay(&path, &pristine.main, Some(&pristine.log));
    let files = (pristine.main.as_slice(), Some(pristine.log.as_slice()));
    let salvage = check(&path, files, &all(&pristine), (&pristine, None), "sound");
    assert_eq!(salvage, None);
}

/// Nothing of it stands in the file yet: the first page of what was written is in the log.
#[test]
fn a_new_store_that_is_killed_before_anything_left_its_log_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let mut written = Written::new();
    let (mut store, _) = open(&path, None).unwrap();
    write_visit(&mut store, 1, &mut Dice(1), &mut written);
    let killed = folder.path().join("killed.db");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&path, suffix), beside(&killed, suffix)).unwrap();
    }
    assert_eq!(&fs::read(&killed).unwrap()[56..60], [0; 4]);
    let (again, salvage) = open(&killed, None).unwrap();
    assert_eq!(salvage, None);
    let kept = again.list_changes(None).unwrap().len();
    assert_eq!(kept, store.list_changes(None).unwrap().len());
}

#[test]
fn every_change_whose_bytes_are_whole_comes_through_whatever_else_is_damaged() {
    let pristine = pristine(None);
    let places = pristine.places();
    assert!(places.len() * 10 >= pristine.written.len() * 8);
    let (seeds, mut salvaged) = (16, 0);
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let (mut main, mut log) = (pristine.main.clone(), pristine.log.clone());
        let what = format!("seed {seed}");
        for _ in 0..=dice.below(6) {
            let in_log = dice.below(4) == 0;
            let file = if in_log { &mut log } else { &mut main };
            let at = dice.below(file.len());
            match dice.below(4) {
                0 => {
                    let page = at / PAGE_BYTES * PAGE_BYTES;
                    let end = (page + PAGE_BYTES).min(file.len());
                    file[page..end].fill(0);
                }
                1 => {
                    let end = (at + 512).min(file.len());
                    file[at..end].fill(u8::try_from(dice.below(256)).unwrap());
                }
                _ => file[at] ^= 1 << dice.below(8),
            }
        }
        let whole = |(in_log, at): &(bool, usize), bytes: &[u8]| match in_log {
            true => log[*at..].starts_with(bytes),
            false => main[*at..].starts_with(bytes),
        };
        let intact = places.iter().filter(|(hash, places)| {
            let bytes = &pristine.written[*hash].1;
            places.iter().any(|place| whole(place, bytes))
        });
        let intact: BTreeSet<ChangeHash> = intact.map(|(hash, _)| *hash).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        pristine.lay(&path, &main, Some(&log));
        let files = (main.as_slice(), Some(log.as_slice()));
        let report = check(&path, files, &intact, (&pristine, None), &what);
        salvaged += u64::from(report.is_some());
        // The same where the store was found sound before it was damaged.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        pristine.lay(&path, &main, Some(&log));
        let opened = open_twice(&path, None);
        let again = check_opened(opened, &path, files, &intact, (&pristine, None), &what);
        assert_eq!(again.is_some(), report.is_some(), "{what}");
    }
    assert!(salvaged * 2 > seeds, "{salvaged} of {seeds} were damaged");
}

/// A page wiped out in the middle of the visits' changes, or of what came down: what no glance tells.
fn with_a_wiped_page(pristine: &Pristine, table: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    fs::write(&path, &pristine.main).unwrap();
    let root: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get(0),
        )
        .unwrap();
    let mut main = pristine.main.clone();
    let end = usize::try_from(root).unwrap() * PAGE_BYTES;
    main[end - PAGE_BYTES..end].fill(0);
    main
}

fn client(path: &Path) -> crate::Client {
    crate::Client::open(path, crate::Host::system()).unwrap()
}

#[test]
fn damage_that_a_statement_meets_ends_writing_at_once_and_is_salvaged_by_the_next_opening() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let main = with_a_wiped_page(&pristine, "reference_records");
    pristine.lay(&path, &main, None);
    let now = crate::Host::system().clock.wall_ms();
    FoundSound::note(&path, now);
    let phone = client(&path);
    assert_eq!(phone.salvages().unwrap(), []);
    assert!(phone.look_through().is_none(), "none is due");
    let met = phone.heeding(crate::Client::tasks).unwrap_err();
    assert_eq!(met.code, "store.damaged");
    // Lists that lie elsewhere are shown; nothing is written.
    assert_eq!(phone.visits().unwrap().len(), 6);
    let refused = phone.set_metered_limit(7).unwrap_err();
    assert_eq!(refused.code, "store.damaged");
    drop(phone);
    assert_eq!(fs::read(&path).unwrap(), main);
    assert!(!beside(&path, SUFFIX).exists());
    let phone = client(&path);
    let report = phone.salvages().unwrap().remove(0);
    assert_eq!(fs::read(&report.aside).unwrap(), main);
    assert_eq!(phone.visits().unwrap().len(), 6);
    phone.set_metered_limit(7).unwrap();
}

#[test]
fn the_face_reads_a_store_whole_by_itself_after_it_was_opened() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fieldseal.db");
    let main = with_a_wiped_page(&pristine, "reference_records");
    pristine.lay(&path, &main, None);
    let day = sync_core::limits::STORE_LOOKED_THROUGH_MS;
    FoundSound::note(&path, crate::Host::system().clock.wall_ms() - day);
    let at = folder.path().to_str().unwrap().to_owned();
    let open = || crate::face::open_fieldseal(at.clone(), crate::face::Hosts::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let phone = open().await.unwrap();
        assert_eq!(phone.visits().await.unwrap().len(), 6);
        let refused = loop {
            match phone.set_metered_limit(7).await {
                Ok(()) => std::thread::sleep(std::time::Duration::from_millis(50)),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused.problem().code, "store.damaged");
        phone.close_store().await.unwrap();
        let phone = open().await.unwrap();
        assert_eq!(phone.salvages().await.unwrap().len(), 1);
        phone.set_metered_limit(7).await.unwrap();
    });
}

#[test]
fn damage_that_is_met_while_a_store_is_opened_is_salvaged_by_that_opening() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    // The number of the last change is asked for when a phone is opened.
    let main = with_a_wiped_page(&pristine, "changes");
    pristine.lay(&path, &main, None);
    FoundSound::note(&path, crate::Host::system().clock.wall_ms());
    let phone = client(&path);
    let report = phone.salvages().unwrap().remove(0);
    assert_eq!(fs::read(&report.aside).unwrap(), main);
    assert!(report.unsent > 0, "{report:?}");
}

#[test]
fn a_store_is_opened_without_being_read_whole_only_while_it_is_known_to_have_been_sound_lately() {
    let pristine = pristine(None);
    let main = with_a_wiped_page(&pristine, "reference_records");
    let week = sync_core::limits::STORE_LOOKED_THROUGH_FIRST_MS;
    // When it was found sound, if it was, and whether the next opening reads all of it.
    let cases = [
        (None, true),
        (Some(7), false),
        (Some(8 - week), false),
        (Some(7 - week), true),
        // The clock was set back.
        (Some(7 + week), true),
    ];
    for (found, read) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        pristine.lay(&path, &main, None);
        if let Some(at_ms) = found {
            FoundSound::note(&path, at_ms);
        }
        let (_, salvage) = open_as_due(&path, None).unwrap();
        assert_eq!(salvage.is_some(), read, "{found:?}");
    }
    // What was said of another file says nothing of this one.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    fs::write(&path, &pristine.main).unwrap();
    FoundSound::note(&path, 7);
    let copy = beside(&path, "-restored");
    fs::write(&copy, &main).unwrap();
    fs::rename(copy, &path).unwrap();
    assert!(open_as_due(&path, None).unwrap().1.is_some());
}

#[test]
fn a_store_that_was_read_whole_says_so_and_a_salvaged_one_is_read_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let suffices = |path: &Path| FoundSound::of(path).is_some_and(|it| it.suffices(7));
    drop(open_as_due(&path, None).unwrap());
    assert!(suffices(&path), "a new one");
    let pristine = pristine(None);
    pristine.lay(&path, &with_a_wiped_page(&pristine, "tips"), None);
    assert!(Store::distrust(&path) && !Store::distrust(&path));
    assert!(open_as_due(&path, None).unwrap().1.is_some());
    assert!(!suffices(&path));
    assert!(open_as_due(&path, None).unwrap().1.is_none());
    assert!(suffices(&path));
}

#[test]
fn a_wiped_header_takes_nothing_with_it() {
    let pristine = pristine(None);
    let mut main = pristine.main.clone();
    main[..100].fill(0xff);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    pristine.lay(&path, &main, Some(&pristine.log));
    let files = (main.as_slice(), Some(pristine.log.as_slice()));
    let report = check(&path, files, &all(&pristine), (&pristine, None), "header").unwrap();
    assert!(report.whole, "{report:?}");
    assert_eq!((report.documents, report.signers), (8, 1));
    let (store, _) = open(&path, None).unwrap();
    let url = store.setting("server_url").unwrap();
    assert_eq!(url.as_deref(), Some("https://server"));
    assert_eq!(store.setting("actor").unwrap(), Some(ACTOR.to_string()));
    assert_eq!(store.list_references("task").unwrap().len(), 200);
}

#[test]
fn a_wiped_first_page_loses_no_change_and_asks_for_a_code() {
    let pristine = pristine(None);
    let mut main = pristine.main.clone();
    main[..PAGE_BYTES].fill(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    pristine.lay(&path, &main, None);
    let on_file = pristine.written.iter().filter(|(_, (document, ..))| {
        (0..VISITS - 2).any(|it| visit(it).document_id() == *document)
    });
    let on_file = on_file.map(|(hash, _)| *hash).collect();
    let files = (main.as_slice(), None);
    let report = check(&path, files, &on_file, (&pristine, None), "first page").unwrap();
    assert!(!report.whole);
    assert_eq!(report.signers, 1);
    let (store, _) = open(&path, None).unwrap();
    assert_ne!(store.setting("actor").unwrap(), Some(ACTOR.to_string()));
}

#[test]
fn an_empty_file_a_cut_one_and_one_without_its_log_open_and_say_what_is_left() {
    let pristine = pristine(None);
    let half = pristine.main.len() / 2 + 1_000;
    let places = pristine.places();
    // How much of the file is left, and whether its log is.
    let cases = [
        ("empty", 0, false, true),
        ("empty, with its log", 0, true, true),
        ("cut", half, true, true),
        ("without its log", pristine.main.len(), false, false),
    ];
    for (what, left, logged, damaged) in cases {
        let main = &pristine.main[..left];
        let log = logged.then_some(pristine.log.as_slice());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        pristine.lay(&path, main, log);
        let intact = places.iter().filter(|(hash, places)| {
            let length = pristine.written[*hash].1.len();
            places.iter().any(|(in_log, at)| match in_log {
                true => log.is_some(),
                false => at + length <= main.len(),
            })
        });
        let intact: BTreeSet<ChangeHash> = intact.map(|(hash, _)| *hash).collect();
        let report = check(&path, (main, log), &intact, (&pristine, None), what);
        assert_eq!(report.is_some(), damaged, "{what}");
    }
}

#[test]
fn a_lost_change_is_named_by_what_is_left_of_it() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    pristine.lay(&path, &pristine.main, Some(&pristine.log));
    // Everything but its signature: the row, the snapshots and every copy in the log.
    let gone = *pristine.written.keys().next().unwrap();
    {
        let (store, _) = open(&path, None).unwrap();
        let (document, bytes, _) = &pristine.written[&gone];
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        let sql = "UPDATE changes SET bytes = ?1, unsent = 1 WHERE hash = ?2";
        store
            .db
            .execute(sql, params![other, gone.to_string()])
            .unwrap();
        let sql = "UPDATE documents SET snapshot = x'00' WHERE document_id = ?1";
        store.db.execute(sql, [document.to_string()]).unwrap();
        store.db.execute_batch("VACUUM").unwrap();
    }
    let (store, report) = open(&path, None).unwrap();
    let report = report.unwrap();
    let lost: Vec<_> = report.lost.iter().map(|it| it.hash).collect();
    assert_eq!(lost, [gone]);
    assert!(!report.whole);
    assert_eq!(
        report.changes,
        i64::try_from(pristine.written.len()).unwrap() - 1
    );
    assert_eq!(store.salvages().unwrap(), [report]);
}

#[test]
fn an_index_that_tells_lies_is_damage_and_nothing_is_lost_by_it() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    pristine.lay(&path, &pristine.main, Some(&pristine.log));
    {
        let (store, _) = open(&path, None).unwrap();
        // The index of what is unsent is emptied behind SQLite's back.
        store
            .db
            .execute_batch(
                "PRAGMA writable_schema = ON;
                 CREATE INDEX empty ON changes (position) WHERE own = 7;
                 UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'empty')
                    WHERE name = 'changes_unsent';
                 DELETE FROM sqlite_schema WHERE name = 'empty';
                 PRAGMA writable_schema = RESET;",
            )
            .unwrap();
    }
    let before = fs::read(&path).unwrap();
    let files = (before.as_slice(), None);
    let report = check(&path, files, &all(&pristine), (&pristine, None), "index").unwrap();
    assert!(report.whole, "{report:?}");
}

/// Pages that are in order hold texts that no reader can read: that is damage as well, and not met again and again.
#[test]
fn a_value_that_cannot_be_read_as_what_it_is_is_damage_and_its_row_alone_is_left_behind() {
    type Read = fn(&Store) -> Result<usize, crate::ClientError>;
    fn count<T>(found: Result<Vec<T>, crate::ClientError>) -> Result<usize, crate::ClientError> {
        Ok(found?.len())
    }
    let pristine = pristine(None);
    let settings: Read = |store| Ok(store.setting("server_url")?.iter().len());
    let cases: [(&str, &str, Read, usize); 5] = [
        (
            "no JSON",
            "UPDATE reference_records SET record = '{' || record WHERE id = '7'",
            |store| count(store.list_references("task")),
            199,
        ),
        (
            "no UTF-8",
            "UPDATE reference_records SET record = CAST(x'ff' AS TEXT) WHERE id = '7'",
            |store| count(store.list_references("task")),
            199,
        ),
        (
            "no certificate",
            "UPDATE signers SET payload = '{}'",
            |store| count(store.list_signers()),
            0,
        ),
        (
            "no id",
            "UPDATE documents SET campaign_id = 'x' WHERE rowid = 2",
            |store| count(store.list_visits()),
            VISITS as usize,
        ),
        (
            "no UTF-8 in a setting",
            "UPDATE settings SET value = CAST(x'ff' AS TEXT) WHERE key = 'server_url'",
            settings,
            0,
        ),
    ];
    for (what, sql, read, left) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        pristine.lay(&path, &pristine.main, Some(&pristine.log));
        {
            let (store, _) = open(&path, None).unwrap();
            assert_eq!(store.db.execute(sql, []).unwrap(), 1, "{what}");
        }
        FoundSound::note(&path, 7);
        let (store, salvage) = open_as_due(&path, None).unwrap();
        assert_eq!(salvage, None, "{what}: a glance does not tell");
        assert_eq!(read(&store).unwrap_err().code, "store.damaged", "{what}");
        store.leave();
        drop(store);
        let damaged = fs::read(&path).unwrap();
        let (store, salvage) = open_as_due(&path, None).unwrap();
        let salvage = salvage.unwrap_or_else(|| panic!("{what}"));
        assert_eq!(fs::read(&salvage.aside).unwrap(), damaged, "{what}");
        assert_eq!(read(&store).unwrap(), left, "{what}");
        let here = store.list_changes(None).unwrap().into_iter();
        let here: BTreeSet<_> = here.map(|it| it.hash).collect();
        assert_eq!(here, all(&pristine), "{what}");
        drop(store);
        let (_, again) = open(&path, None).unwrap();
        assert_eq!(again, None, "{what}: it is sound");
    }
}

#[test]
fn a_damaged_snapshot_is_made_again_from_the_changes() {
    let pristine = pristine(None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    pristine.lay(&path, &pristine.main, Some(&pristine.log));
    let (store, _) = open(&path, None).unwrap();
    let id = visit(0).document_id();
    let sound = store.find_document(id).unwrap().unwrap().snapshot;
    let mut broken = sound.clone();
    broken[sound.len() / 2] ^= 4;
    let sql = "UPDATE documents SET snapshot = ?1 WHERE document_id = ?2";
    store
        .db
        .execute(sql, params![broken, id.to_string()])
        .unwrap();
    let heads = |snapshot: &[u8]| VisitDocument::load(snapshot).unwrap().heads();
    let again = store.find_document(id).unwrap().unwrap().snapshot;
    assert_eq!(heads(&again), heads(&sound));
}

#[test]
fn a_kill_at_any_step_of_a_salvage_leaves_the_old_files_or_the_new_store() {
    let pristine = pristine(None);
    let mut main = pristine.main.clone();
    main[..100].fill(0);
    let places: [&'static str; 3] = ["salvage_written", "salvage_ready", "salvage_set_aside"];
    for (place, times) in places
        .into_iter()
        .flat_map(|it| [(it, 0), (it, 1), (it, 2)])
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        pristine.lay(&path, &main, Some(&pristine.log));
        let faults = Faults::default();
        let passed = std::sync::atomic::AtomicUsize::new(0);
        faults.set(Some(std::sync::Arc::new(move |at| {
            at == place && passed.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == times
        })));
        let killed = Store::open_sealed(&path, None, &SystemRng, 7, faults);
        let what = format!("{place}, {times}");
        assert!(killed.is_err() || times > 0, "{what}");
        let (store, _) = open(&path, None).unwrap();
        let here: BTreeSet<_> = store
            .list_changes(None)
            .unwrap()
            .into_iter()
            .map(|it| it.hash)
            .collect();
        assert_eq!(here, all(&pristine), "{what}");
        let aside = &store.salvages().unwrap()[0].aside;
        assert_eq!(fs::read(aside).unwrap(), main, "{what}");
        assert_eq!(
            fs::read(format!("{aside}-wal")).unwrap(),
            pristine.log,
            "{what}"
        );
    }
}

#[cfg(feature = "cipher")]
mod sealed {
    use super::*;

    const KEY: [u8; 32] = [5; 32];

    #[test]
    fn a_store_under_a_key_opens_with_it_alone_and_shows_nothing_without() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        let mut written = Written::new();
        let (mut store, _) = open(&path, Some(&KEY)).unwrap();
        write_visit(&mut store, 1, &mut Dice(1), &mut written);
        for file in [path.clone(), beside(&path, "-wal")] {
            let bytes = fs::read(file).unwrap();
            for word in [
                b"SQLite format 3".as_slice(),
                b"CREATE TABLE",
                &[0x85, 0x6f, 0x4a, 0x83],
            ] {
                assert!(!bytes.windows(word.len()).any(|it| it == word));
            }
        }
        drop(store);
        let before = fs::read(&path).unwrap();
        let code = |key: Option<&[u8; 32]>| open(&path, key).map(|_| ()).unwrap_err().code;
        assert_eq!(code(Some(&[6; 32])), "store.wrong_key");
        assert_eq!(code(None), "store.key_needed");
        // Without the file that tells the key it is asked of SQLCipher.
        fs::remove_file(beside(&path, ".sealed")).unwrap();
        assert_eq!(code(Some(&[6; 32])), "store.wrong_key");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert!(fs::read_dir(folder.path()).unwrap().count() <= 3);
        let (store, salvage) = open(&path, Some(&KEY)).unwrap();
        assert_eq!(
            (store.list_changes(None).unwrap().len(), salvage),
            (10, None)
        );
    }

    #[test]
    fn a_key_for_a_plain_store_is_refused_and_nothing_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        drop(open(&path, None).unwrap());
        let before = fs::read(&path).unwrap();
        let error = open(&path, Some(&KEY)).map(|_| ()).unwrap_err();
        assert_eq!(error.code, "store.not_sealed");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert!(open(&path, None).is_ok());
    }

    #[test]
    fn a_damaged_store_under_a_key_is_salvaged_under_the_same_key() {
        let pristine = pristine(Some(&KEY));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        drop(open(&path, Some(&KEY)).unwrap());
        // The salt of the story's own store.
        let seal = |salt: &[u8]| {
            fs::write(beside(&path, ".sealed"), {
                use sha2::{Digest as _, Sha256};
                let mut hash = Sha256::new();
                hash.update(b"fieldseal/store-key/1\n");
                hash.update(salt);
                hash.update(KEY);
                let check = hex::encode(hash.finalize());
                format!(
                    "{{\"salt\":\"{}\",\"check\":\"{check}\"}}",
                    hex::encode(salt)
                )
            })
            .unwrap();
        };
        let (seeds, mut salvaged) = (12, 0);
        for seed in 0..seeds {
            let mut dice = Dice(seed);
            let (mut main, log) = (pristine.main.clone(), pristine.log.clone());
            // The first page, with the salt in it, and one other.
            for page in [0, dice.below(main.len() / PAGE_BYTES)] {
                main[page * PAGE_BYTES + dice.below(PAGE_BYTES - 80)] ^= 1 << dice.below(8);
            }
            main[..16].fill(0);
            pristine.lay(&path, &main, Some(&log));
            let _ = fs::remove_file(beside(&path, "-shm"));
            seal(&pristine.main[..16]);
            let (store, report) = open(&path, Some(&KEY)).unwrap();
            // What the log holds anew was damaged in vain.
            salvaged += u64::from(report.is_some());
            // A byte garbles two blocks of the cipher: of what lies whole in one page one or two changes at most.
            let here = store.list_changes(None).unwrap().len();
            assert!(
                here + 2 >= pristine.written.len(),
                "seed {seed}: {report:?}"
            );
            drop(store);
            assert!(
                fs::read(&path)
                    .unwrap()
                    .windows(16)
                    .all(|it| it != b"SQLite format 3\0")
            );
            super::super::opening::remove_store(&path).unwrap();
        }
        assert!(salvaged * 2 > seeds, "{salvaged} of {seeds} were damaged");
    }
}

#[cfg(not(feature = "cipher"))]
#[test]
fn a_build_without_the_cipher_takes_no_key_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let error = open(&path, Some(&[5; 32])).map(|_| ()).unwrap_err();
    assert_eq!(error.code, "store.sealing_unsupported");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
