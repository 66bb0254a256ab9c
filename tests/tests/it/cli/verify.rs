//! `fieldseal verify` as a stranger runs it: on a good bundle, on what is none, and on what somebody made to do harm.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Output;

use fieldseal_tests::child::run;
use fieldseal_tests::stamp_authority::StampAuthority;
use serde_json::Value;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::PROGRAM;
use crate::visits::bundle::{Sealed, Unpacked, asks, unpacked, written};

/// A ZIP while it is packed.
type Packing = ZipWriter<Cursor<Vec<u8>>>;

fn verifies(bundle: &Path, more: &[&str]) -> Output {
    let mut args = vec!["verify", bundle.to_str().unwrap()];
    args.extend(more);
    run(PROGRAM, &args, "")
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

/// A ZIP as another program packs it.
fn packed(files: &Unpacked, options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_bundle_that_holds_says_so_to_a_stranger_and_to_programs() {
    let s = Sealed::new();
    let authority = StampAuthority::start();
    authority.serves(&s.w.server);
    let zipped = asks(&s.w, &s.path(), &[]).2;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.zip");
    std::fs::write(&file, &zipped).unwrap();
    let (code, out, err) = told(&verifies(&file, &[]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for words in [
        "checked: ",
        &format!("visit: {}", s.visit),
        "made at: ",
        "stands under a checkpoint of: ",
        "which was there at: ",
        "get the authority's own",
        "compare them with what the server publishes",
        "OK: everything holds",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let (code, out, _) = told(&verifies(&file, &["--json"]));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["faults"].as_array().unwrap().len()), (0, 0));
    let key = report["server_keys"][0].as_str().unwrap().to_owned();
    assert_eq!(told(&verifies(&file, &["--server-key", &key])).0, 0);
    let (code, out, err) = told(&verifies(&file, &["--server-key", "0000000000000000"]));
    assert_eq!(code, 1);
    assert!(
        out.contains("is none of the keys that are trusted"),
        "{out}"
    );
    assert!(err.contains("the bundle does not hold"), "{err}");
    // The authority's own certificate, and somebody else's.
    let roots = folder.path().join("roots.pem");
    let named = ["--authority", roots.to_str().unwrap()];
    std::fs::write(&roots, authority.root()).unwrap();
    assert_eq!(told(&verifies(&file, &named)).0, 0);
    std::fs::write(&roots, authority.other_root()).unwrap();
    let (code, out, _) = told(&verifies(&file, &named));
    assert!(code == 1 && out.contains("proof/checkpoint.tsr"), "{out}");
    std::fs::write(&roots, "no certificate").unwrap();
    let (code, _, err) = told(&verifies(&file, &named));
    assert!(
        code == 1 && err.contains("roots.pem: has no root certificate"),
        "{err}"
    );
    // Unpacked, and packed again by another program, it is the same.
    let files = unpacked(&zipped);
    let loose = written(&files);
    assert_eq!(told(&verifies(loose.path(), &[])).0, 0);
    std::fs::write(&file, packed(&files, SimpleFileOptions::default())).unwrap();
    assert_eq!(told(&verifies(&file, &[])).0, 0);
    // One bit.
    let mut flipped = files.clone();
    let name = files
        .keys()
        .find(|name| name.starts_with("rulings/") && name.ends_with(".signed"));
    let name = name.unwrap();
    flipped.get_mut(name).unwrap()[40] ^= 1;
    std::fs::write(&file, packed(&flipped, SimpleFileOptions::default())).unwrap();
    let (code, out, err) = told(&verifies(&file, &["--json"]));
    let report: Value = serde_json::from_str(&out).unwrap();
    let places = report["faults"].as_array().unwrap().iter();
    let places: Vec<&str> = places.map(|it| it["place"].as_str().unwrap()).collect();
    assert!(code == 1 && places.contains(&name.as_str()), "{places:?}");
    assert!(err.contains("faults"), "{err}");
}

#[test]
fn what_is_no_bundle_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.zip");
    let (code, out, err) = told(&verifies(&file, &[]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.starts_with("fieldseal: ") && err.contains("bundle.zip"),
        "{err}"
    );
    let s = Sealed::new();
    let zipped = asks(&s.w, &s.path(), &[]).2;
    for (bytes, what) in [
        (Vec::new(), "an empty file"),
        (b"this is no ZIP".to_vec(), "a text"),
        (
            zipped[..zipped.len() - 100].to_vec(),
            "one that lacks its end",
        ),
        (zipped[..zipped.len() / 2].to_vec(), "half of one"),
        (zipped[..3].to_vec(), "three bytes"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let (code, out, err) = told(&verifies(&file, &[]));
        assert_eq!((code, out.as_str()), (1, ""), "{what}");
        assert!(
            err.contains("was cut") && err.lines().count() == 1,
            "{what}: {err}"
        );
    }
    // A ZIP of something else, and an empty folder: there is something to say of what is missing.
    let other = Unpacked::from([("holiday.txt".to_owned(), b"sun".to_vec())]);
    std::fs::write(&file, packed(&other, SimpleFileOptions::default())).unwrap();
    let empty = tempfile::tempdir().unwrap();
    for path in [file.as_path(), empty.path()] {
        let (code, out, err) = told(&verifies(path, &[]));
        assert_eq!(code, 1, "{err}");
        assert!(
            out.contains("SHA256SUMS: is missing or cannot be read"),
            "{out}"
        );
    }
}

#[test]
fn a_bundle_that_was_made_to_do_harm_is_named_and_does_none() {
    let s = Sealed::new();
    let files = unpacked(&asks(&s.w, &s.path(), &[]).2);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.zip");
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for name in [
        "../outside",
        "/etc/passwd",
        "a/../../b",
        "C:\\windows",
        "a\\b",
        "./c",
    ] {
        let mut more = files.clone();
        more.insert(name.to_owned(), b"harm".to_vec());
        std::fs::write(&file, packed(&more, stored)).unwrap();
        let (code, out, _) = told(&verifies(&file, &[]));
        assert_eq!(code, 1, "{name}");
        assert!(out.contains("may lead out of its folder"), "{name}: {out}");
    }
    assert!(!folder.path().join("../outside").exists());
    // A link.
    let packs = |more: &dyn Fn(&mut Packing)| {
        let whole = Cursor::new(packed(&files, stored));
        let mut writer = ZipWriter::new_append(whole).unwrap();
        more(&mut writer);
        writer.finish().unwrap().into_inner()
    };
    let linked = packs(&|writer| writer.add_symlink("link", "/etc/passwd", stored).unwrap());
    std::fs::write(&file, linked).unwrap();
    let (code, out, _) = told(&verifies(&file, &[]));
    assert!(code == 1 && out.contains("is a link"), "{out}");
    // Eighty megabytes that are packed into less than one, in the place of a file that is read whole.
    let deflated =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &files {
        let bomb = name == "log.txt";
        writer.start_file(name, deflated.large_file(true)).unwrap();
        match bomb {
            true => {
                let zeros = vec![0; 1 << 20];
                for _ in 0..80 {
                    writer.write_all(&zeros).unwrap();
                }
            }
            false => writer.write_all(bytes).unwrap(),
        }
    }
    std::fs::write(&file, writer.finish().unwrap().into_inner()).unwrap();
    let (code, out, _) = told(&verifies(&file, &[]));
    assert_eq!(code, 1);
    assert!(out.contains("log.txt"), "{out}");
    // Two files of one name: whichever a program takes, the other is there. Writers refuse it, so it is named otherwise first.
    let mut twice = packs(&|writer| {
        writer.start_file("log.tx_", stored).unwrap();
        writer.write_all(b"another log").unwrap();
    });
    let (same, other) = (b"log.txt", b"log.tx_");
    let places: Vec<usize> = (0..twice.len() - same.len())
        .filter(|at| &twice[*at..at + same.len()] == other)
        .collect();
    assert_eq!(places.len(), 2, "in its own head and in the directory");
    for at in places {
        twice[at..at + same.len()].copy_from_slice(same);
    }
    std::fs::write(&file, twice).unwrap();
    let (code, out, _) = told(&verifies(&file, &[]));
    assert!(code == 1 && out.contains("two files of one name"), "{out}");
    // A folder in which a link lies.
    let loose = written(&files);
    std::os::unix::fs::symlink("/etc/passwd", loose.path().join("media/link")).unwrap();
    let (code, out, _) = told(&verifies(loose.path(), &[]));
    assert!(code == 1 && out.contains("is a link or no file"), "{out}");
}
