//! The packaging scripts for phones: with tools that only pretend, what the Android one puts together and that it never ends
//! without a word; and what the Apple privacy manifest names.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

/// A script that another test is about to write would be open in a process that this one begins, and could not be run.
static ONE: Mutex<()> = Mutex::new(());

/// A project with nothing in it but the Android script, beside tools that do as if.
struct Pretended {
    folder: tempfile::TempDir,
    _one: MutexGuard<'static, ()>,
}

impl Pretended {
    fn new() -> Self {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let it = Self {
            folder: tempfile::tempdir().expect("a folder"),
            _one: one,
        };
        let android = "project/mobile-ffi/packaging/android";
        for file in ["build", "AndroidManifest.xml", "proguard.txt"] {
            let from = packaging().join("android").join(file);
            it.write(
                &format!("{android}/{file}"),
                &fs::read_to_string(from).expect("the file is packaged"),
            );
        }
        it.write("project/Cargo.toml", "version = \"1.2.3\"\n");
        it.write("project/mobile-ffi/bindings/generate", "#!/bin/sh\n");
        it.tool("tools/rustup", "echo aarch64-linux-android");
        it.tool("tools/cargo-ndk", "");
        // `cargo ndk … --output-dir FOLDER …` lays a library there; `cargo build` leaves nothing.
        it.tool(
            "tools/cargo",
            "[ \"$1\" = ndk ] || exit 0\n\
             while [ \"$1\" != --output-dir ]; do shift; done\n\
             mkdir -p \"$2/arm64-v8a\" && touch \"$2/arm64-v8a/libmobile_ffi.so\"",
        );
        it.maven("mkdir -p target/bindings/maven && echo classes >target/bindings/maven/fieldseal-1.2.3.jar");
        // `zip -q -d ARCHIVE …` takes out, `zip -q -r ARCHIVE .` puts together.
        it.tool(
            "tools/zip",
            "[ \"$2\" = -d ] || find . -type f | sort >\"$3\"",
        );
        it.objdump("LOAD off 0x0 align 2**14\nLOAD off 0x8 align 2**16");
        it
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(&path, text).expect("the file is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file can be run");
    }

    fn tool(&self, path: &str, script: &str) {
        self.write(path, &format!("#!/bin/sh\n{script}\n"));
    }

    fn maven(&self, script: &str) {
        self.tool("tools/mvn", script);
    }

    fn objdump(&self, told: &str) {
        let path = "ndk/toolchains/llvm/prebuilt/linux-x86_64/bin/llvm-objdump";
        self.tool(path, &format!("cat <<'TOLD'\n{told}\nTOLD"));
    }

    fn build(&self) -> Output {
        let path = std::env::var("PATH").expect("there is a path");
        let tools = self.folder.path().join("tools");
        let script = "project/mobile-ffi/packaging/android/build";
        Command::new(self.folder.path().join(script))
            .arg("arm64-v8a")
            .env("PATH", format!("{}:{path}", tools.display()))
            .env("ANDROID_NDK_HOME", self.folder.path().join("ndk"))
            .output()
            .expect("the script runs")
    }

    fn ends_with_words(&self, code: i32, words: &str) {
        let done = self.build();
        let said = String::from_utf8(done.stderr).expect("it speaks in words");
        assert_eq!(done.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "it said {said:?}");
    }
}

#[test]
fn an_aar_holds_library_classes_manifest_and_rules() {
    let pretended = Pretended::new();
    // Left by a build of an earlier version.
    let earlier = "project/target/bindings/maven/fieldseal-1.2.2.jar";
    pretended.write(earlier, "earlier");
    let done = pretended.build();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "{said}");
    let made = String::from_utf8(done.stdout).unwrap();
    assert_eq!(made, "target/android/fieldseal-1.2.3.aar\n");
    let project = pretended.folder.path().join("project");
    let held = fs::read_to_string(project.join(made.trim())).unwrap();
    let held: Vec<&str> = held.lines().collect();
    let library = "./jni/arm64-v8a/libmobile_ffi.so";
    let rest = ["./AndroidManifest.xml", "./R.txt", "./classes.jar"];
    assert_eq!(held, [&rest[..], &[library, "./proguard.txt"]].concat());
    let classes = project.join("target/android/aar/classes.jar");
    assert_eq!(fs::read_to_string(classes).unwrap(), "classes\n");
}

#[test]
fn without_a_jar_the_android_script_says_so() {
    let pretended = Pretended::new();
    pretended.maven("");
    pretended.ends_with_words(1, "Maven left no fieldseal-*.jar in target/bindings/maven");
}

#[test]
fn a_library_for_small_pages_or_of_unknown_layout_is_not_packed() {
    let pretended = Pretended::new();
    pretended.objdump("LOAD off 0x0 align 2**14\nLOAD off 0x8 align 2**12");
    pretended.ends_with_words(1, "is laid out for pages below 16 KB");
    pretended.objdump("no sections");
    pretended.ends_with_words(1, "does not say how it is laid out");
}

#[test]
fn an_ndk_without_objdump_is_missed_before_anything_is_built() {
    let pretended = Pretended::new();
    fs::remove_dir_all(pretended.folder.path().join("ndk/toolchains")).unwrap();
    pretended.ends_with_words(2, "missing: llvm-objdump in the NDK");
    assert!(!pretended.folder.path().join("project/target").exists());
}

#[test]
fn the_privacy_manifest_names_every_kind_of_access_with_its_reason() {
    let text = fs::read_to_string(packaging().join("apple/PrivacyInfo.xcprivacy")).unwrap();
    let strings = text.split("<string>").skip(1);
    let strings: Vec<&str> = strings
        .map(|it| it.split("</string>").next().unwrap())
        .collect();
    let category = "NSPrivacyAccessedAPICategory";
    let named: Vec<(&str, &str)> = strings
        .chunks(2)
        .map(|it| (it[0].strip_prefix(category).unwrap(), it[1]))
        .collect();
    let wanted = [
        ("FileTimestamp", "C617.1"),
        ("DiskSpace", "E174.1"),
        ("SystemBootTime", "35F9.1"),
    ];
    assert_eq!(named, wanted);
}
