//! `GET /v1/visits/{id}/bundle`: what is in it, that it goes on where it was cut, and that whatever is done to it is found, by
//! `fieldseal verify` and by the commands of its own `VERIFY.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use fieldseal_server::services::bundles::checking::{Trusted, check_files};
use fieldseal_server::services::log::stamps::token::Roots;
use fieldseal_tests::World;
use fieldseal_tests::phone::Phone;
use fieldseal_tests::stamp_authority::{Answers, StampAuthority};
use sha2::{Digest as _, Sha256};
use sync_core::limits::EXPORT_KEPT_MS;
use sync_core::model::{Digest, DocumentId};
use sync_core::proof::bundle::{Fault, Files, Report};

use super::manifest::photo;

/// The files of a bundle by name.
pub type Unpacked = BTreeMap<String, Vec<u8>>;

struct Held<'f>(&'f Unpacked);

impl Files for Held<'_> {
    fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
    fn sha256(&mut self, name: &str) -> Option<Digest> {
        let bytes = self.0.get(name)?;
        Some(Digest(Sha256::digest(bytes).into()))
    }
}

fn reported(files: &Unpacked, trusted: &Trusted) -> Report {
    check_files(&mut Held(files), trusted, Vec::new())
}

fn faults(files: &Unpacked) -> Vec<Fault> {
    reported(files, &Trusted::default()).faults
}

/// Asks for a bundle: status, headers of note, bytes.
pub fn asks(
    w: &World,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, BTreeMap<String, String>, Vec<u8>) {
    let token = w.token("晋城");
    let mut request = ureq::get(w.server.url(path))
        .config()
        .http_status_as_error(false)
        .build()
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.call().unwrap();
    let told = answer.headers().iter();
    let told = told.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let (status, told) = (answer.status().as_u16(), told.collect());
    let mut bytes = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .read_to_end(&mut bytes)
        .unwrap();
    (status, told, bytes)
}

pub fn unpacked(zipped: &[u8]) -> Unpacked {
    let mut archive = zip::ZipArchive::new(Cursor::new(zipped)).unwrap();
    let mut files = Unpacked::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    files
}

/// A visit of 王 with a sealed sheet, evidence, and rulings.
pub struct Sealed {
    pub w: World,
    phone: Phone,
    pub visit: DocumentId,
}

impl Sealed {
    pub fn new() -> Self {
        let w = World::shanxi();
        let mut phone = w.phone("王");
        let visit = phone.enters("铸造");
        phone.draws("T1");
        let bytes = b"the gate of the foundry";
        phone.client.add_evidence(visit, photo(bytes)).unwrap();
        phone.syncs();
        w.brings_bytes(&phone, visit, bytes);
        phone.syncs();
        Self { w, phone, visit }
    }

    pub fn path(&self) -> String {
        format!("/v1/visits/{}/bundle", self.visit)
    }
}

/// Runs every block of `VERIFY.md` in a folder as it is written; the first that fails says why.
pub fn by_hand(folder: &Path, guide: &str) -> Result<(), String> {
    let blocks: Vec<&str> = guide.split("```sh\n").skip(1).collect();
    assert!(blocks.len() >= 8, "the guide has its blocks");
    for block in blocks {
        let script = block.split("```").next().unwrap();
        let done = Command::new("sh")
            .arg("-c")
            .arg(script)
            .current_dir(folder)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        if !done.status.success() {
            return Err(told + &*String::from_utf8_lossy(&done.stderr));
        }
        assert!(told.ends_with("OK\n"), "{told}");
    }
    Ok(())
}

pub fn written(files: &Unpacked) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn guide(files: &Unpacked) -> String {
    String::from_utf8(files["VERIFY.md"].clone()).unwrap()
}

/// As a forger does who has no key: all sums are made anew.
fn summed(mut files: Unpacked) -> Unpacked {
    let beside = ["SHA256SUMS", "bundle.signed", "bundle.sig"];
    let listed = files
        .iter()
        .filter(|(name, _)| !beside.contains(&name.as_str()));
    let sums: String = listed
        .map(|(name, bytes)| format!("{}  {name}\n", hex::encode(Sha256::digest(bytes))))
        .collect();
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    files
}

#[test]
fn a_bundle_holds_and_says_so_by_program_and_by_hand() {
    let s = Sealed::new();
    let listed = s.w.get(&format!("/v1/visits/{}/evidence", s.visit));
    let mut pieces = listed["items"].as_array().unwrap().iter();
    let piece = pieces.find(|it| it["kind"] == "place").unwrap();
    let piece = piece["evidence_id"].as_str().unwrap();
    let original = format!("/v1/visits/{}/evidence/{piece}/content", s.visit);
    assert_eq!(asks(&s.w, &original, &[]).0, 200);
    let (status, told, zipped) = asks(&s.w, &format!("{}?sm3=true", s.path()), &[]);
    assert_eq!(status, 200);
    assert_eq!(told["content-type"], "application/zip");
    assert_eq!(told["content-length"], zipped.len().to_string());
    let files = unpacked(&zipped);
    for needed in [
        "VERIFY.md",
        "dossier.html",
        "dossier.json",
        "environment.json",
        "log.txt",
        "SHA256SUMS",
        "SM3SUMS",
        "proof/checkpoint.signed",
        "proof/path.txt",
        "documents.json",
        "seals.json",
    ] {
        assert!(files.contains_key(needed), "{needed}");
    }
    for folder in [
        "changes/",
        "rulings/",
        "media/",
        "keys/",
        "certificates/",
        "signatures/",
        "receipts/",
        "forms/",
    ] {
        assert!(
            files.keys().any(|name| name.starts_with(folder)),
            "{folder}"
        );
    }
    assert_eq!(faults(&files), []);
    let folder = written(&files);
    by_hand(folder.path(), &guide(&files)).unwrap();
    // The export itself is in the log that it carries.
    let log = String::from_utf8(files["log.txt"].clone()).unwrap();
    assert!(
        log.lines().last().unwrap().contains("visit.exported"),
        "{log}"
    );
    assert!(
        log.contains("\"act\":\"evidence.read\""),
        "so is the look at the picture"
    );
    let trusted = Trusted {
        server_keys: vec!["0123456789abcdef".to_owned()],
        authority: None,
    };
    let report = reported(&files, &trusted);
    assert!(!report.faults.is_empty(), "another key is trusted");
}

#[test]
fn a_cut_download_goes_on_with_the_same_bytes_and_every_read_is_logged() {
    let s = Sealed::new();
    let (_, told, whole) = asks(&s.w, &s.path(), &[]);
    let etag = told["etag"].clone();
    let half = whole.len() / 2;
    // The visit goes on meanwhile.
    s.phone.draws("T1");
    s.phone.syncs();
    let range = format!("bytes={half}-");
    for headers in [
        vec![("range", range.as_str()), ("if-range", etag.as_str())],
        vec![("range", range.as_str())],
    ] {
        let (status, told, rest) = asks(&s.w, &s.path(), &headers);
        assert_eq!(status, 206);
        assert_eq!(told["etag"], etag);
        assert_eq!([&whole[..half], &rest[..]].concat(), whole);
    }
    let (status, ..) = asks(&s.w, &s.path(), &[("if-none-match", etag.as_str())]);
    assert_eq!(status, 304);
    let beyond = format!("bytes={}-", whole.len());
    assert_eq!(
        asks(&s.w, &s.path(), &[("range", &beyond), ("if-range", &etag)]).0,
        416
    );
    let (_, told, again) = asks(&s.w, &s.path(), &[]);
    assert_ne!(told["etag"], etag, "more was logged: it is another bundle");
    assert_eq!(faults(&unpacked(&again)), []);
    let sql = "SELECT act FROM audit_events WHERE act LIKE 'visit.export%' ORDER BY act";
    let acts: Vec<String> =
        s.w.server
            .reads(sql)
            .iter()
            .map(|row| row.get("act").unwrap())
            .collect();
    assert_eq!(
        acts,
        [
            "visit.export_read",
            "visit.export_read",
            "visit.exported",
            "visit.exported"
        ]
    );
    // A day later it is not continued any more.
    s.w.server.clock.advance_ms(EXPORT_KEPT_MS + 1);
    s.w.forgets_tokens();
    assert_eq!(asks(&s.w, &s.path(), &[("range", &range)]).0, 206);
    let sql = "SELECT COUNT(*) AS n FROM exports";
    assert_eq!(
        s.w.server.reads(sql)[0].get::<i64>("n").unwrap(),
        3,
        "a new one was made"
    );
    let stranger = s.w.token("刘");
    s.w.server
        .get(&s.path(), &stranger)
        .expect_problem(404, "not_found");
}

#[test]
fn every_tampering_with_a_bundle_is_found() {
    let s = Sealed::new();
    let authority = StampAuthority::start();
    authority.serves(&s.w.server);
    let files = unpacked(&asks(&s.w, &s.path(), &[]).2);
    assert_eq!(faults(&files), []);
    let guide = guide(&files);
    let mut forged: Vec<(String, Unpacked)> = Vec::new();
    // One bit in each kind of file, and the file dropped.
    let mut kinds = BTreeMap::new();
    for name in files.keys() {
        let ending = name.rsplit('.').next().unwrap_or_default();
        let folder = name.split('/').next().unwrap_or_default();
        kinds
            .entry((folder.to_owned(), ending.to_owned()))
            .or_insert(name.clone());
    }
    assert!(kinds.len() > 20, "{kinds:?}");
    for kind in [("proof", "tsr"), ("proof", "pem"), ("media", "jpg")] {
        let kind = (kind.0.to_owned(), kind.1.to_owned());
        assert!(kinds.contains_key(&kind), "{kind:?}");
    }
    for name in kinds.values() {
        let mut flipped = files.clone();
        let bytes = flipped.get_mut(name).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        forged.push((format!("a bit of {name}"), flipped));
        let mut dropped = files.clone();
        dropped.remove(name);
        forged.push((format!("without {name}"), dropped));
    }
    let swap = |one: &str, other: &str| {
        let mut swapped = files.clone();
        let (a, b) = (files[one].clone(), files[other].clone());
        swapped.insert(one.to_owned(), b);
        swapped.insert(other.to_owned(), a);
        swapped
    };
    let mut changes = files.keys().filter(|name| name.starts_with("changes/"));
    let (first, second) = (changes.next().unwrap(), changes.next().unwrap());
    forged.push(("two changes swapped".into(), swap(first, second)));
    for folder in ["rulings/", "receipts/", "certificates/", "keys/"] {
        let mut of_kind = files
            .keys()
            .filter(|name| name.starts_with(folder) && !name.ends_with(".sig"));
        let (first, second) = (of_kind.next().unwrap(), of_kind.next().unwrap());
        forged.push((format!("{first} and {second} swapped"), swap(first, second)));
    }
    let mut short = files.clone();
    let log = String::from_utf8(files["log.txt"].clone()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n") + "\n";
    short.insert("log.txt".into(), cut.into_bytes());
    forged.push(("a chain cut".into(), short));
    // A ruling of another visit with its own good signature, in the place of one of this.
    let other = Sealed::another(&s);
    let theirs = unpacked(&asks(&s.w, &format!("/v1/visits/{other}/bundle"), &[]).2);
    let stem = |files: &Unpacked| {
        let mut names = files
            .keys()
            .filter(|name| name.starts_with("rulings/") && name.ends_with(".signed"));
        names.next().unwrap().trim_end_matches(".signed").to_owned()
    };
    let (ours, another) = (stem(&files), stem(&theirs));
    let mut replaced = files.clone();
    for ending in ["signed", "sig"] {
        replaced.insert(
            format!("{ours}.{ending}"),
            theirs[&format!("{another}.{ending}")].clone(),
        );
    }
    forged.push(("a ruling and its signature replaced".into(), replaced));
    let mut added = files.clone();
    added.insert(
        "rulings/extra.signed".into(),
        b"fieldseal/ruling/1\n{}".to_vec(),
    );
    forged.push(("a file more".into(), added));
    for (what, bundle) in forged {
        assert!(!faults(&bundle).is_empty(), "{what}");
        assert!(
            by_hand(written(&bundle).path(), &guide).is_err(),
            "{what}, by hand"
        );
        // A forger makes the sums anew; the signature over them is not theirs to make.
        let bundle = summed(bundle);
        if bundle.contains_key("bundle.signed") && bundle["SHA256SUMS"] != files["SHA256SUMS"] {
            assert!(!faults(&bundle).is_empty(), "{what}, summed anew");
            assert!(
                by_hand(written(&bundle).path(), &guide).is_err(),
                "{what}, summed anew, by hand"
            );
        }
    }
}

impl Sealed {
    /// Another visit in the same world.
    fn another(&self) -> DocumentId {
        let mut phone = self.w.phone("李");
        let visit = phone.enters("五金店");
        phone.syncs();
        visit
    }
}

#[test]
fn a_bundle_carries_the_time_stamp_of_its_checkpoint_and_openssl_believes_it() {
    let s = Sealed::new();
    let authority = StampAuthority::start();
    authority.serves(&s.w.server);
    let files = unpacked(&asks(&s.w, &s.path(), &[]).2);
    let report = reported(&files, &Trusted::default());
    assert_eq!(report.faults, []);
    assert_eq!(report.checked["stamp"], 1);
    assert!(report.stamped_at_ms.is_some());
    assert!(report.stamped_by.unwrap().contains("authority time stamps"));
    let folder = written(&files);
    by_hand(folder.path(), &guide(&files)).unwrap();
    // Whoever has the root from the authority believes it by that alone.
    let trusted = |pem: &str| Trusted {
        server_keys: Vec::new(),
        authority: Some(Roots::read(pem).unwrap()),
    };
    assert_eq!(reported(&files, &trusted(&authority.root())).faults, []);
    let told = reported(&files, &trusted(&authority.other_root())).faults;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].check, told[0].place.as_str()),
        ("stamp", "proof/checkpoint.tsr")
    );
    // The stamp of another checkpoint, of another bundle.
    s.phone.draws("T1");
    s.phone.syncs();
    let later = unpacked(&asks(&s.w, &s.path(), &[]).2);
    let mut other = files.clone();
    other.insert(
        "proof/checkpoint.tsr".to_owned(),
        later["proof/checkpoint.tsr"].clone(),
    );
    let told = faults(&other);
    assert!(
        told.iter()
            .any(|it| it.check == "stamp" && it.why == "is over other bytes"),
        "{told:?}"
    );
    let script = by_hand(written(&summed(other)).path(), &guide(&files));
    assert!(script.is_err());
}

#[test]
fn a_bundle_goes_without_a_time_stamp_where_the_authority_is_down_and_has_one_when_it_is_back() {
    let s = Sealed::new();
    let authority = StampAuthority::start();
    authority.serves(&s.w.server);
    authority.answers_always(Answers::Not);
    let (status, told, zipped) = asks(&s.w, &s.path(), &[]);
    assert_eq!(status, 200);
    let files = unpacked(&zipped);
    assert!(!files.contains_key("proof/checkpoint.tsr"));
    assert_eq!(faults(&files), []);
    by_hand(written(&files).path(), &guide(&files)).unwrap();
    authority.answers_always(Answers::Rightly);
    s.w.minutes(1);
    let (_, again, zipped) = asks(&s.w, &s.path(), &[]);
    assert_ne!(told["etag"], again["etag"], "one is made that has it");
    let files = unpacked(&zipped);
    assert!(files.contains_key("proof/checkpoint.tsr"));
    assert_eq!(faults(&files), []);
    // It is kept as it is.
    let (_, kept, _) = asks(&s.w, &s.path(), &[]);
    assert_eq!(kept["etag"], again["etag"]);
}
