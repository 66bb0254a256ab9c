//! `fieldseal verify`: checks a bundle without a server, a network or a database.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use sync_core::limits::BACKUP_READ_BYTES;
use sync_core::model::Digest;
use sync_core::proof::bundle::{self, Files};
use zip::ZipArchive;

use super::Outcome;
use crate::clock::rfc3339;
use crate::crypto::AwsLc;

/// What is read whole at most, in bytes: everything but evidence, which is hashed a piece at a time.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The bundle, as `GET /v1/visits/{id}/bundle` gave it, or the folder into which it was unpacked
    bundle: PathBuf,
    /// Trust this key of the server alone, by its name as `GET /v1/server-keys` lists it; may be said several times. Where
    /// none is said, the keys in the bundle are taken and named
    #[arg(long)]
    server_key: Vec<String>,
    /// Tell what was found as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Checks it, and fails where anything does not hold.
    pub fn run(self) -> Outcome {
        let report = if self.bundle.is_dir() {
            let mut folder = Folder::open(&self.bundle)?;
            bundle::verify(&mut folder, &AwsLc, &self.server_key)
        } else {
            let mut zipped = Zipped::open(&self.bundle)?;
            let mut report = bundle::verify(&mut zipped, &AwsLc, &self.server_key);
            report.faults.extend(zipped.twice());
            report
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            for fault in &report.faults {
                println!("{:11} {}: {}", fault.check, fault.place, fault.why);
            }
            let checked: Vec<String> = report
                .checked
                .iter()
                .map(|(what, count)| format!("{what} {count}"))
                .collect();
            println!("checked: {}", checked.join(", "));
            if let Some(visit) = report.visit {
                println!("visit: {visit}");
            }
            if let Some(at) = report.made_at_ms {
                println!("made at: {}", rfc3339(at));
            }
            if let Some(at) = report.checkpoint_at_ms {
                println!("stands under a checkpoint of: {}", rfc3339(at));
            }
            println!("server keys: {}", report.server_keys.join(" "));
            if self.server_key.is_empty() {
                println!(
                    "compare them with what the server publishes, or name one with --server-key"
                );
            }
        }
        match report.faults.len() {
            0 => {
                if !self.json {
                    println!("OK: everything holds");
                }
                Ok(())
            }
            count => Err(format!("{count} faults: the bundle does not hold").into()),
        }
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
    if length > FILE_BYTES_MAX {
        return None;
    }
    let mut read = Vec::new();
    bytes.take(FILE_BYTES_MAX).read_to_end(&mut read).ok()?;
    Some(read)
}

/// A bundle as one file.
struct Zipped<R> {
    archive: ZipArchive<R>,
    names: Vec<String>,
}

impl Zipped<File> {
    fn open(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(|error| said(&error))?;
        let mut archive = ZipArchive::new(file).map_err(|error| said(&error))?;
        let mut names = Vec::new();
        for at in 0..archive.len() {
            let entry = archive.by_index_raw(at).map_err(|error| said(&error))?;
            if !entry.is_dir() {
                let name = entry.name().map_err(|error| said(&error))?;
                names.push(name.into_owned());
            }
        }
        Ok(Self { archive, names })
    }

    /// Names that stand twice: which one a program unpacks is its own affair.
    fn twice(&self) -> Vec<bundle::Fault> {
        let mut seen = BTreeSet::new();
        let again = self.names.iter().filter(|name| !seen.insert(*name));
        let faults = again.map(|name| bundle::Fault {
            check: "sums",
            place: name.clone(),
            why: "stands in the ZIP twice".to_owned(),
        });
        faults.collect()
    }
}

impl<R: Read + Seek> Files for Zipped<R> {
    fn names(&self) -> BTreeSet<String> {
        self.names.iter().cloned().collect()
    }
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        let entry = self.archive.by_name(name).ok()?;
        let length = entry.size();
        whole(entry, length)
    }
    fn sha256(&mut self, name: &str) -> Option<Digest> {
        hash(self.archive.by_name(name).ok()?)
    }
}

/// A bundle as it was unpacked.
struct Folder {
    root: PathBuf,
    names: BTreeSet<String>,
}

impl Folder {
    fn open(root: &Path) -> std::io::Result<Self> {
        let mut names = BTreeSet::new();
        let mut folders = vec![(root.to_owned(), String::new())];
        while let Some((folder, before)) = folders.pop() {
            for entry in folder.read_dir()? {
                let entry = entry?;
                let name = format!("{before}{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    folders.push((entry.path(), format!("{name}/")));
                } else {
                    names.insert(name);
                }
            }
        }
        Ok(Self {
            root: root.to_owned(),
            names,
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
