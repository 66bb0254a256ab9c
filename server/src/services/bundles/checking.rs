//! Checking a bundle without a server, a network or a database: as one file or as the folder into which it was unpacked. What
//! is in it, `sync_core::proof::bundle` says; here it is opened as something that a stranger made, and its time stamp is
//! checked.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use sync_core::limits::{BACKUP_READ_BYTES, BUNDLE_FILE_BYTES_MAX};
use sync_core::model::Digest;
use sync_core::proof::KeyId;
use sync_core::proof::bundle::{self, Fault, Files, Report};
use zip::ZipArchive;

use crate::crypto::AwsLc;
use crate::services::log::stamps::token::{self, Roots};

/// What is believed from elsewhere than the bundle.
#[derive(Debug, Default)]
pub struct Trusted {
    /// The server's keys by their names; none, those in the bundle are taken.
    pub server_keys: Vec<KeyId>,
    /// Roots of authorities of time stamps; none, those in the bundle are taken.
    pub authority: Option<Roots>,
}

/// Checks a bundle: the file, or the folder.
///
/// # Errors
/// A sentence, where there is no bundle to be checked.
pub fn check(path: &Path, trusted: &Trusted) -> Result<Report, String> {
    if path.is_dir() {
        let mut folder = Folder::open(path).map_err(|error| said(path, &error))?;
        let odd = std::mem::take(&mut folder.odd);
        Ok(check_files(&mut folder, trusted, odd))
    } else {
        let file = File::open(path).map_err(|error| said(path, &error))?;
        let mut zipped = Zipped::open(file).map_err(|why| {
            let cut = "it is no bundle, or was cut: a download goes on with a range where it ended";
            format!("{}: {why}; {cut}", path.display())
        })?;
        let odd = std::mem::take(&mut zipped.odd);
        Ok(check_files(&mut zipped, trusted, odd))
    }
}

fn said(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

/// Checks the files of a bundle, wherever they are; `odd` is what was wrong with how they came.
pub fn check_files(files: &mut dyn Files, trusted: &Trusted, odd: Vec<Fault>) -> Report {
    let mut report = bundle::verify(files, &AwsLc, &trusted.server_keys);
    report.faults.extend(odd);
    stamp(files, trusted, &mut report);
    report.faults.sort();
    report.faults.dedup();
    report
}

/// The time stamp over the checkpoint, where there is one.
fn stamp(files: &mut dyn Files, trusted: &Trusted, report: &mut Report) {
    let mut fault = |place: &str, why: String| {
        report.faults.push(Fault {
            check: "stamp",
            place: place.to_owned(),
            why,
        });
    };
    let names = files.names();
    if !names.contains(bundle::STAMP) {
        if names.contains(bundle::STAMP_ROOTS) {
            fault(bundle::STAMP, "is missing".to_owned());
        }
        return;
    }
    let roots = match &trusted.authority {
        Some(roots) => Ok(roots.clone()),
        None => {
            let pem = files.read(bundle::STAMP_ROOTS).unwrap_or_default();
            Roots::read(&String::from_utf8_lossy(&pem))
        }
    };
    let roots = match roots {
        Ok(roots) => roots,
        Err(why) => return fault(bundle::STAMP_ROOTS, why),
    };
    let message = files.read(bundle::CHECKPOINT).unwrap_or_default();
    let answer = files.read(bundle::STAMP).unwrap_or_default();
    match token::believe(&answer, &message, None, None, &roots) {
        Ok(stamp) => {
            report.stamped_at_ms = Some(stamp.at_ms);
            report.stamped_by = Some(stamp.authority);
            *report.checked.entry("stamp").or_default() += 1;
        }
        Err(why) => fault(bundle::STAMP, why.to_string()),
    }
}

fn hash(mut bytes: impl Read) -> Option<Digest> {
    let mut hash = Context::new(&SHA256);
    let mut piece = vec![0; BACKUP_READ_BYTES];
    loop {
        match bytes.read(&mut piece).ok()? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    let mut found = [0; 32];
    found.copy_from_slice(hash.finish().as_ref());
    Some(Digest(found))
}

fn whole(bytes: impl Read, length: u64) -> Option<Vec<u8>> {
    if length > BUNDLE_FILE_BYTES_MAX {
        return None;
    }
    let mut read = Vec::new();
    bytes
        .take(BUNDLE_FILE_BYTES_MAX)
        .read_to_end(&mut read)
        .ok()?;
    Some(read)
}

/// Why a name is none of a bundle's: programs that unpack it might write elsewhere than below the folder.
fn strays(name: &str) -> bool {
    let odd = |part: &str| part.is_empty() || part == "." || part == "..";
    name.split('/').any(odd)
        || !name.bytes().all(|byte| byte.is_ascii_graphic())
        || name.contains(['\\', ':'])
}

/// A bundle as one file.
struct Zipped<R> {
    archive: ZipArchive<R>,
    names: BTreeSet<String>,
    /// What is wrong with it as a ZIP.
    odd: Vec<Fault>,
}

impl<R: Read + Seek> Zipped<R> {
    fn open(mut bytes: R) -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let length = bytes
            .seek(std::io::SeekFrom::End(0))
            .map_err(|error| said(&error))?;
        let mut archive = ZipArchive::new(bytes).map_err(|error| said(&error))?;
        let mut names = BTreeSet::new();
        let mut odd = Vec::new();
        let mut fault = |place: &str, why: &str| {
            odd.push(Fault {
                check: "sums",
                place: place.to_owned(),
                why: why.to_owned(),
            });
        };
        let mut packed: u64 = 0;
        for at in 0..archive.len() {
            let entry = archive.by_index_raw(at).map_err(|error| said(&error))?;
            let name = entry.name().map_err(|error| said(&error))?.into_owned();
            packed = packed.saturating_add(entry.compressed_size());
            let (folder, link) = (entry.is_dir(), entry.is_symlink());
            if strays(name.strip_suffix('/').unwrap_or(&name)) {
                fault(
                    &name,
                    "is no name that a bundle has: it may lead out of its folder",
                );
            } else if link {
                fault(&name, "is a link, which no bundle has");
            }
            if !folder {
                names.insert(name);
            }
        }
        if archive.has_duplicate_names() {
            let why =
                "has two files of one name: which of them a program unpacks is its own affair";
            fault("the ZIP", why);
        }
        // Somebody may have packed it again, and so compressed it; what unfolds without end lies over itself.
        if packed > length {
            return Err("its files lie over each other".to_owned());
        }
        Ok(Self {
            archive,
            names,
            odd,
        })
    }
}

impl<R: Read + Seek> Files for Zipped<R> {
    fn names(&self) -> BTreeSet<String> {
        self.names.clone()
    }
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        if !self.names.contains(name) {
            return None;
        }
        let entry = self.archive.by_name(name).ok()?;
        let length = entry.size();
        whole(entry.take(length), length)
    }
    fn sha256(&mut self, name: &str) -> Option<Digest> {
        if !self.names.contains(name) {
            return None;
        }
        let entry = self.archive.by_name(name).ok()?;
        let length = entry.size();
        hash(entry.take(length))
    }
}

/// A bundle as it was unpacked.
struct Folder {
    root: PathBuf,
    names: BTreeSet<String>,
    odd: Vec<Fault>,
}

impl Folder {
    fn open(root: &Path) -> std::io::Result<Self> {
        let (mut names, mut odd) = (BTreeSet::new(), Vec::new());
        let mut folders = vec![(root.to_owned(), String::new())];
        while let Some((folder, before)) = folders.pop() {
            for entry in folder.read_dir()? {
                let entry = entry?;
                let name = format!("{before}{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push((entry.path(), format!("{name}/")));
                } else if kind.is_file() {
                    names.insert(name);
                } else {
                    odd.push(Fault {
                        check: "sums",
                        place: name,
                        why: "is a link or no file, which no bundle has".to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            root: root.to_owned(),
            names,
            odd,
        })
    }

    fn file(&self, name: &str) -> Option<File> {
        // What a file of the bundle names is no way out of it.
        self.names
            .contains(name)
            .then(|| File::open(self.root.join(name)).ok())?
    }
}

impl Files for Folder {
    fn names(&self) -> BTreeSet<String> {
        self.names.clone()
    }
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        let file = self.file(name)?;
        let length = file.metadata().ok()?.len();
        whole(file, length)
    }
    fn sha256(&mut self, name: &str) -> Option<Digest> {
        hash(self.file(name)?)
    }
}
