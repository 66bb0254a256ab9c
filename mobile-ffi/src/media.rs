//! Originals of evidence as files: copied in and hashed in one pass, durable under their hash before anybody hears of them,
//! read in parts, and room on the disk that they may not take.
//!
//! What lies in the folder: `<sha256>` is an original, whole; `<something>.part` was being copied when the phone was killed
//! and was acknowledged to nobody.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use sync_core::limits::{RESERVE_BYTES, RESERVE_STEP_BYTES};
use sync_core::model::{Digest, Millis};

use crate::error::ClientError;
use crate::fault::Faults;
use crate::host::Rng;

/// What is held of a file while it is copied or hashed, in bytes.
const COPY_BYTES: usize = 256 * 1024;

/// Why a file was not taken in.
#[derive(Debug)]
pub enum TakeInError {
    /// The disk is full.
    Full(io::Error),
    /// What was to be copied cannot be read.
    Source(io::Error),
    /// It is longer than evidence may be.
    TooLarge,
    /// The folder failed otherwise.
    Folder(io::Error),
    /// A test stopped it here.
    Stopped(ClientError),
}

fn on_folder(error: io::Error) -> TakeInError {
    match is_full(&error) {
        true => TakeInError::Full(error),
        false => TakeInError::Folder(error),
    }
}

/// Whether there is no room: on the disk, or of what this user may have of it.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// A file that was copied in and is not in its place yet. Dropped, it is gone.
#[derive(Debug)]
pub struct TakenIn {
    part: PathBuf,
    _going: Going,
    file: File,
    /// Of the bytes as they were written.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: i64,
}

/// Parts that are being written: nobody sweeps them.
#[derive(Debug, Clone, Default)]
struct Parts(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Parts {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, part: &Path) -> Going {
        self.lock().insert(part.to_owned());
        Going {
            parts: self.clone(),
            part: part.to_owned(),
        }
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
struct Going {
    parts: Parts,
    part: PathBuf,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.parts.lock().remove(&self.part);
    }
}

impl Drop for TakenIn {
    fn drop(&mut self) {
        // Where it was moved to its place there is nothing left under this name.
        let _ = fs::remove_file(&self.part);
    }
}

/// The folder of one phone's originals.
#[derive(Clone)]
pub struct MediaFolder {
    path: PathBuf,
    faults: Faults,
    parts: Parts,
}

impl MediaFolder {
    /// Beside the database.
    pub fn beside(database: &Path, faults: Faults) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".media");
        Self {
            path: name.into(),
            faults,
            parts: Parts::default(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where an original lies, if it is here.
    pub fn place(&self, sha256: &Digest) -> PathBuf {
        self.path.join(sha256.to_string())
    }

    /// Copies into the folder, hashing what is written; it has no place there yet.
    pub fn take_in(
        &self,
        name: &str,
        source: &mut dyn Read,
        bytes_max: i64,
    ) -> Result<TakenIn, TakeInError> {
        fs::create_dir_all(&self.path).map_err(on_folder)?;
        let part = self.path.join(format!("{name}.part"));
        let going = self.parts.begin(&part);
        let file = OpenOptions::new().write(true).create_new(true).open(&part);
        let mut taken = TakenIn {
            _going: going,
            file: file.map_err(on_folder)?,
            part,
            sha256: Digest([0; 32]),
            size_bytes: 0,
        };
        let mut hash = Sha256::new();
        let mut buffer = vec![0; COPY_BYTES];
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(TakeInError::Source(error)),
            };
            taken.size_bytes += i64::try_from(read).unwrap_or(i64::MAX);
            if taken.size_bytes > bytes_max {
                return Err(TakeInError::TooLarge);
            }
            self.faults.take_room(read).map_err(on_folder)?;
            taken.file.write_all(&buffer[..read]).map_err(on_folder)?;
            hash.update(&buffer[..read]);
        }
        taken.sha256 = Digest(hash.finalize().into());
        Ok(taken)
    }

    /// Waits until the bytes are on the disk. A film takes its time: whoever has a lock that forms wait for does this before.
    pub fn make_durable(&self, taken: &TakenIn) -> Result<(), TakeInError> {
        let stopped = TakeInError::Stopped;
        self.faults.pass("media_copied").map_err(stopped)?;
        taken.file.sync_all().map_err(on_folder)?;
        self.faults.pass("media_synced").map_err(stopped)
    }

    /// Puts what was taken in and made durable into its place. What lies there already bears the same name and should be
    /// the same bytes; these were hashed just now.
    pub fn settle(&self, taken: &TakenIn) -> Result<(), TakeInError> {
        let stopped = TakeInError::Stopped;
        fs::rename(&taken.part, self.place(&taken.sha256)).map_err(on_folder)?;
        self.faults.pass("media_named").map_err(stopped)?;
        sync_folder(&self.path).map_err(on_folder)?;
        // The folder itself may be new.
        if let Some(parent) = self.path.parent().filter(|it| !it.as_os_str().is_empty()) {
            sync_folder(parent).map_err(on_folder)?;
        }
        Ok(())
    }

    /// The length of an original, if it is here.
    pub fn size(&self, sha256: &Digest) -> Option<i64> {
        let found = fs::metadata(self.place(sha256)).ok()?;
        found
            .is_file()
            .then(|| i64::try_from(found.len()).unwrap_or(i64::MAX))
    }

    /// So many bytes of an original, from here.
    pub fn read(&self, sha256: &Digest, offset: u64, bytes: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.place(sha256))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut part = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        file.read_exact(&mut part)?;
        Ok(part)
    }

    /// Whether what lies under a hash still is what it says.
    pub fn is_sound(&self, sha256: &Digest) -> io::Result<bool> {
        let mut file = File::open(self.place(sha256))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; COPY_BYTES];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => hash.update(&buffer[..read]),
            }
        }
        Ok(Digest(hash.finalize().into()) == *sha256)
    }

    /// Lets an original go.
    pub fn remove(&self, sha256: &Digest) -> io::Result<()> {
        let freed = self.size(sha256).unwrap_or(0);
        match fs::remove_file(self.place(sha256)) {
            Ok(()) => {
                self.faults.give_room(usize::try_from(freed).unwrap_or(0));
                Ok(())
            }
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Every original that lies here, with its length and when it was written, by the wall clock.
    pub fn list(&self) -> io::Result<Vec<(Digest, i64, Millis)>> {
        let mut found = Vec::new();
        for entry in self.entries()? {
            let name = entry.file_name();
            let Some(sha256) = name.to_str().and_then(|it| it.parse::<Digest>().ok()) else {
                continue;
            };
            let about = entry.metadata()?;
            let written = about.modified()?.duration_since(std::time::UNIX_EPOCH);
            let written = written.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(0));
            let size = i64::try_from(about.len()).unwrap_or(i64::MAX);
            found.push((sha256, size, written));
        }
        Ok(found)
    }

    /// Removes what a kill left half copied; what is being copied now stays.
    pub fn sweep_parts(&self) -> io::Result<()> {
        // Listed while no other begins: one that ends meanwhile has gone by itself or has its place.
        let parts = self.parts.lock();
        for entry in self.entries()? {
            let path = entry.path();
            if path.extension().is_some_and(|it| it == "part") && !parts.contains(&path) {
                crate::store::opening::remove(&path)?;
            }
        }
        Ok(())
    }

    fn entries(&self) -> io::Result<Vec<fs::DirEntry>> {
        match fs::read_dir(&self.path) {
            Ok(entries) => entries.collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Room on the disk that evidence may not take: a file that is made shorter when the store has no room for a form.
#[derive(Debug, Clone)]
pub struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// Beside the database.
    pub fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".reserve");
        Self { path: name.into() }
    }

    /// None, and none is made: of a store that was wiped.
    pub(crate) fn nowhere() -> Self {
        Self {
            path: PathBuf::new(),
        }
    }

    fn len(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |it| it.len())
    }

    /// Whether all of it is there.
    pub fn is_whole(&self) -> bool {
        self.len() >= RESERVE_BYTES
    }

    /// What is missing of it, in bytes.
    pub fn missing(&self) -> i64 {
        i64::try_from(RESERVE_BYTES.saturating_sub(self.len())).unwrap_or(0)
    }

    /// Makes it whole again, if there is room. What is written is random: some disks would store nothing of zeros.
    pub fn fill(&self, rng: &dyn Rng) -> io::Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        let mut noise = vec![0; 64 * 1024];
        rng.fill(&mut noise);
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)?;
        let mut len = self.len();
        while len < RESERVE_BYTES {
            let more = noise
                .len()
                .min(usize::try_from(RESERVE_BYTES - len).unwrap_or(usize::MAX));
            file.write_all(&noise[..more])?;
            len += more as u64;
        }
        Ok(())
    }

    /// Gives up a part of it; false where nothing is left.
    pub fn give(&self) -> bool {
        let len = self.len();
        if len == 0 {
            return false;
        }
        tracing::warn!(len, "the disk is full: the store takes from its reserve");
        let shorter = OpenOptions::new().write(true).open(&self.path);
        let shortened =
            shorter.and_then(|file| file.set_len(len.saturating_sub(RESERVE_STEP_BYTES)));
        shortened.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::SystemRng;

    fn folder() -> (tempfile::TempDir, MediaFolder) {
        let folder = tempfile::tempdir().unwrap();
        let media = MediaFolder::beside(&folder.path().join("phone.db"), Faults::default());
        (folder, media)
    }

    #[test]
    fn what_is_taken_in_lies_under_the_hash_of_its_bytes_once() {
        let (_kept, media) = folder();
        let bytes = vec![7; 3 * COPY_BYTES + 5];
        for name in ["a", "b"] {
            let taken = media
                .take_in(name, &mut bytes.as_slice(), i64::MAX)
                .unwrap();
            media.make_durable(&taken).unwrap();
            media.settle(&taken).unwrap();
        }
        let sha256 = Digest(Sha256::digest(&bytes).into());
        let listed = media.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].0, listed[0].1), (sha256, bytes.len() as i64));
        assert!(media.is_sound(&sha256).unwrap());
        assert_eq!(media.read(&sha256, 5, 9).unwrap(), [7; 9]);
        assert!(media.read(&sha256, bytes.len() as u64 - 1, 2).is_err());
        fs::write(media.place(&sha256), b"other").unwrap();
        assert!(!media.is_sound(&sha256).unwrap());
    }

    #[test]
    fn what_is_not_settled_leaves_nothing() {
        let (_kept, media) = folder();
        drop(media.take_in("a", &mut b"x".as_slice(), 9).unwrap());
        assert!(matches!(
            media.take_in("b", &mut b"too long".as_slice(), 3),
            Err(TakeInError::TooLarge)
        ));
        assert_eq!(media.entries().unwrap().len(), 0);
    }

    #[test]
    fn a_sweep_takes_what_a_kill_left_and_spares_what_is_being_copied() {
        let (_kept, media) = folder();
        let taken = media.take_in("going", &mut b"x".as_slice(), 9).unwrap();
        let left = media.path().join("left.part");
        fs::write(&left, b"half").unwrap();
        media.clone().sweep_parts().unwrap();
        assert!(!left.exists());
        media.make_durable(&taken).unwrap();
        media.settle(&taken).unwrap();
        assert_eq!(media.size(&taken.sha256), Some(1));
        drop(taken);
        // Nobody writes under that name any more.
        let again = media.path().join("going.part");
        fs::write(&again, b"half").unwrap();
        media.sweep_parts().unwrap();
        assert!(!again.exists());
    }

    #[test]
    fn the_reserve_is_given_up_in_steps_and_made_whole_again() {
        let kept = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(&kept.path().join("phone.db"));
        assert!(!reserve.give(), "none was made");
        reserve.fill(&SystemRng).unwrap();
        assert!(reserve.is_whole());
        let mut steps = 0;
        while reserve.give() {
            steps += 1;
        }
        assert_eq!(steps, RESERVE_BYTES / RESERVE_STEP_BYTES);
        assert_eq!(reserve.missing(), RESERVE_BYTES as i64);
        reserve.fill(&SystemRng).unwrap();
        assert_eq!(reserve.missing(), 0);
    }
}
