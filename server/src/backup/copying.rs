//! Copies of files, hashed as they are read and durable when they are done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use sync_core::limits::BACKUP_READ_BYTES;

use super::{Result, at};
use crate::data_folder::{make_private, sync_folder};

/// The length of a file and its SHA-256 in hex.
pub type Sum = (u64, String);

/// Hashes a file.
pub fn sum(file: &Path) -> Result<Sum> {
    let mut from = File::open(file).map_err(at(file))?;
    pour(&mut from, &mut io::sink()).map_err(at(file))
}

/// Copies a file into a new one of its owner's alone.
pub fn copy(from: &Path, to: &Path) -> Result<Sum> {
    let mut source = File::open(from).map_err(at(from))?;
    let mut target = create(to)?;
    let sum = pour(&mut source, &mut target).map_err(at(to))?;
    target.sync_all().map_err(at(to))?;
    Ok(sum)
}

/// Makes a new file of its owner's alone.
pub fn create(to: &Path) -> Result<File> {
    if let Some(folder) = to.parent() {
        make_private(folder).map_err(at(folder))?;
    }
    new_private(to).map_err(at(to))
}

/// Writes a new file of its owner's alone.
pub fn write(to: &Path, bytes: &[u8]) -> Result<()> {
    let mut target = new_private(to).map_err(at(to))?;
    target.write_all(bytes).map_err(at(to))?;
    target.sync_all().map_err(at(to))
}

/// Makes a file durable that another program wrote, and its owner's alone.
pub fn settle(file: &Path) -> Result<()> {
    let open = OpenOptions::new().write(true).open(file);
    let open = open.map_err(at(file))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        open.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(at(file))?;
    }
    open.sync_all().map_err(at(file))
}

fn new_private(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file)
}

fn pour(from: &mut impl Read, to: &mut impl Write) -> io::Result<Sum> {
    let mut hash = Context::new(&SHA256);
    let mut length = 0;
    let mut piece = vec![0; BACKUP_READ_BYTES];
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok((length, hex::encode(hash.finish())));
        }
        hash.update(&piece[..read]);
        to.write_all(&piece[..read])?;
        length += read as u64;
    }
}

/// Every file below a folder, as paths below it, sorted; none where there is no such folder. Links are followed: evidence
/// may lie on a disk of its own.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let here = folder.join(&below);
        let entries = match fs::read_dir(&here) {
            Ok(entries) => entries,
            // Gone since it was listed, or never there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(at(&here)(error)),
        };
        for entry in entries {
            let name = entry.map_err(at(&here))?.file_name();
            let path = below.join(name);
            match fs::metadata(folder.join(&path)) {
                Ok(it) if it.is_dir() => open.push(path),
                Ok(it) if it.is_file() => found.push(path),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(at(&folder.join(path))(error)),
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes every folder below this one durable, and this one.
pub fn sync_tree(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    for entry in entries {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    sync_folder(folder).map_err(at(folder))
}
