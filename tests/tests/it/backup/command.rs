//! The two commands by themselves: what they say, what they refuse, what they leave alone.

use std::path::Path;

use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::soundness::assert_whole;
use serde_json::Value;
use tempfile::TempDir;

use super::{PROGRAM, backup, check, fieldseal, files, put_object, restore, text};

/// A server's folder, with an administrator, a key and some evidence; nobody serves on it.
fn folder_of_a_server(data: &Path) {
    let made = fieldseal(&[
        "admin",
        "create",
        "--username",
        "wang",
        "--data",
        text(data),
    ]);
    made.ok();
    put_object(data, "evidence/ab/abcd", b"a photograph");
    put_object(data, "evidence/empty", b"");
}

fn manifest(of: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(of.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_backup_of_a_serving_server_holds_database_key_and_evidence_and_says_so() {
    let base = TempDir::new().unwrap();
    let (data, to) = (base.path().join("data"), base.path().join("backups/monday"));
    folder_of_a_server(&data);
    let server = ServerProcess::start(PROGRAM, &data);
    // The first answer comes when the server has begun its epoch.
    let live = ureq::get(format!("{}/health/live", server.url)).call();
    assert_eq!(live.unwrap().status(), 200);
    let told = backup(&data, &to).ok();
    assert!(
        told.contains("Backed up to") && told.contains("signing key"),
        "{told}"
    );
    server.kill();
    let here = files(&to);
    for (name, source) in [
        ("data/keys/server-ed25519.pk8", "keys/server-ed25519.pk8"),
        ("data/objects/evidence/ab/abcd", "objects/evidence/ab/abcd"),
        ("data/objects/evidence/empty", "objects/evidence/empty"),
    ] {
        assert_eq!(
            here[Path::new(name)],
            std::fs::read(data.join(source)).unwrap()
        );
    }
    assert_whole(&to.join("database/fieldseal.db"));
    let told = manifest(&to);
    assert_eq!(
        (&told["format"], &told["database"]),
        (&1.into(), &"sqlite".into())
    );
    assert_eq!(told["rows"]["users"], 1);
    assert!(
        told["epoch"].is_string() && told["schema"].is_string(),
        "{told}"
    );
    assert_eq!(told["files"].as_object().unwrap().len(), 4);
    assert!(check(&to).ok().contains("is whole"));
    // Anybody's tools read it as well.
    let sums = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&to)
        .output()
        .unwrap();
    assert!(sums.status.success(), "{sums:?}");
    // Nothing of it lies about beside it.
    assert_eq!(to.parent().unwrap().read_dir().unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_backup_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let base = TempDir::new().unwrap();
    let (data, to) = (base.path().join("data"), base.path().join("backup"));
    folder_of_a_server(&data);
    backup(&data, &to).ok();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&to), 0o700);
    for file in files(&to).keys() {
        assert_eq!(mode(&to.join(file)), 0o600, "{}", file.display());
    }
}

#[test]
fn a_restored_folder_serves_the_same_people_under_the_same_key_in_a_new_epoch() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    folder_of_a_server(&path("data"));
    backup(&path("data"), &path("backup")).ok();
    let told = restore(&path("backup"), &path("new")).ok();
    assert!(
        told.contains("new epoch") && !told.contains("set aside"),
        "{told}"
    );
    let (old, new) = (files(&path("data")), files(&path("new")));
    for name in [
        "keys/server-ed25519.pk8",
        "objects/evidence/ab/abcd",
        "objects/evidence/empty",
    ] {
        assert_eq!(old[Path::new(name)], new[Path::new(name)], "{name}");
    }
    let again = backup(&path("new"), &path("again"));
    again.ok();
    let (first, second) = (manifest(&path("backup")), manifest(&path("again")));
    assert_ne!(
        first["epoch"], second["epoch"],
        "a restore that never started is known"
    );
    let mut server = ServerProcess::start(PROGRAM, &path("new"));
    // The administrator is there: nobody is told to make one.
    assert!(!server.url.is_empty());
    let process = server.id();
    std::process::Command::new("kill")
        .args(["-TERM", &process.to_string()])
        .status()
        .unwrap();
    assert_eq!(server.line(), "");
}

#[test]
fn what_a_restore_replaces_is_set_aside_and_evidence_is_joined() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    let data = path("data");
    folder_of_a_server(&data);
    backup(&data, &path("backup")).ok();
    fieldseal(&["admin", "create", "--username", "li", "--data", text(&data)]).ok();
    put_object(&data, "evidence/later", b"came after the backup");
    put_object(&data, "evidence/ab/abcd", b"a photogrXph");
    let before = files(&data);
    let told = restore(&path("backup"), &data).ok();
    let aside = told
        .lines()
        .find_map(|line| line.split_once("was set aside: "));
    let aside = Path::new(aside.unwrap().1);
    let kept = files(aside);
    for name in [
        "fieldseal.db",
        "keys/server-ed25519.pk8",
        "objects/evidence/ab/abcd",
    ] {
        assert_eq!(kept[Path::new(name)], before[Path::new(name)], "{name}");
    }
    let now = files(&data);
    assert_eq!(
        now[Path::new("objects/evidence/later")],
        b"came after the backup"
    );
    assert_eq!(now[Path::new("objects/evidence/ab/abcd")], b"a photograph");
    assert!(!kept.contains_key(Path::new("objects/evidence/later")));
    // Again: the second one sets the first one aside, under another name.
    let told = restore(&path("backup"), &data).ok();
    let second = told
        .lines()
        .find_map(|line| line.split_once("was set aside: "));
    assert_ne!(Path::new(second.unwrap().1), aside);
    assert_eq!(files(aside), kept, "the older one stays as it is");
}

#[test]
fn a_restore_keeps_its_hands_off_a_folder_that_somebody_uses() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    let data = path("data");
    folder_of_a_server(&data);
    backup(&data, &path("backup")).ok();
    let server = ServerProcess::start(PROGRAM, &data);
    let before = std::fs::read(data.join("keys/server-ed25519.pk8")).unwrap();
    restore(&path("backup"), &data).refused("data_in_use");
    assert_eq!(
        std::fs::read(data.join("keys/server-ed25519.pk8")).unwrap(),
        before
    );
    assert!(
        ureq::get(format!("{}/health/ready", server.url))
            .call()
            .is_ok()
    );
    // A killed server holds nothing.
    server.kill();
    restore(&path("backup"), &data).ok();
}

#[test]
fn mistakes_are_one_sentence_with_a_code_and_change_nothing() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    let data = path("data");
    folder_of_a_server(&data);
    backup(&data, &path("backup")).ok();
    let before = files(base.path());
    backup(&path("nowhere"), &path("b")).refused("backup_source_missing");
    backup(&data, &path("backup")).refused("backup_target_exists");
    backup(&data, &data.join("objects/b")).refused("backup_target_invalid");
    backup(&data, Path::new("/")).refused("backup_target_invalid");
    restore(&path("nothing"), &path("new")).refused("backup_missing");
    restore(&data, &path("new")).refused("backup_incomplete");
    check(&data).refused("backup_incomplete");
    let url = "postgres://nobody@localhost/nothing?host=/nowhere";
    let (from, new) = (path("backup"), path("new"));
    let args = [
        "restore",
        "--from",
        text(&from),
        "--data",
        text(&new),
        "--database-url",
        url,
    ];
    fieldseal(&args).refused("restore_database_mismatch");
    assert!(files(base.path()) == before);
    assert!(!new.exists());
    // An empty folder that was made for it is taken.
    std::fs::create_dir(path("empty")).unwrap();
    backup(&data, &path("empty")).ok();
    check(&path("empty")).ok();
}

#[test]
fn a_backup_of_which_any_file_was_flipped_cut_or_removed_is_refused() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    folder_of_a_server(&path("data"));
    let from = path("backup");
    backup(&path("data"), &from).ok();
    let whole = files(&from);
    assert_eq!(whole.len(), 6);
    for (name, bytes) in &whole {
        let file = from.join(name);
        let mut wrong = Vec::new();
        for place in [0, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            let mut flipped = bytes.clone();
            if let Some(byte) = flipped.get_mut(place) {
                *byte ^= 1;
                wrong.push(flipped);
            }
        }
        wrong.extend([[bytes.as_slice(), b"\n"].concat()]);
        if !bytes.is_empty() {
            wrong.extend([bytes[..bytes.len() - 1].to_vec(), Vec::new()]);
        }
        for wrong in wrong {
            std::fs::write(&file, wrong).unwrap();
            restore(&from, &path("new")).refused("backup_damaged");
        }
        std::fs::remove_file(&file).unwrap();
        restore(&from, &path("new")).refused("backup_damaged");
        std::fs::write(&file, bytes).unwrap();
    }
    assert!(!path("new").exists(), "nothing was begun");
    restore(&from, &path("new")).ok();
}

/// Writes a manifest anew with sums that fit: what somebody would do who has the folder.
fn rewrite(backup: &Path, change: impl FnOnce(&mut Value)) {
    let mut told = manifest(backup);
    change(&mut told);
    std::fs::write(backup.join("manifest.json"), told.to_string()).unwrap();
    let files = told["files"].as_object().unwrap();
    let mut lines: Vec<String> = files
        .iter()
        .map(|(name, sum)| format!("{}  {name}\n", sum["sha256"].as_str().unwrap()))
        .collect();
    let own = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, told.to_string().as_bytes());
    lines.push(format!("{}  manifest.json\n", hex::encode(own)));
    std::fs::write(backup.join("SHA256SUMS"), lines.concat()).unwrap();
}

#[test]
fn a_backup_of_a_version_to_come_is_left_to_that_version() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    folder_of_a_server(&path("data"));
    for (name, key, value, code) in [
        (
            "schema",
            "schema",
            Value::from("9999_tomorrow"),
            "backup_schema_newer",
        ),
        ("format", "format", Value::from(2), "backup_format_newer"),
    ] {
        backup(&path("data"), &path(name)).ok();
        rewrite(&path(name), |told| told[key] = value);
        restore(&path(name), &path("new")).refused(code);
        check(&path(name)).refused(code);
    }
    // A backup that names files elsewhere writes nothing there.
    backup(&path("data"), &path("climbing")).ok();
    std::fs::write(path("loot"), "x").unwrap();
    rewrite(&path("climbing"), |told| {
        let sum = told["files"]["data/objects/evidence/empty"].clone();
        told["files"]["data/objects/../../../loot"] = sum;
    });
    restore(&path("climbing"), &path("new")).refused("backup_damaged");
    assert!(!path("new").exists());
}
