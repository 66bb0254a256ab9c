//! The data folder: what lies in it and belongs to a server, and who has it open. A backup is the database and everything
//! named here, so what a server keeps in files lies below one of these folders or is lost with the machine.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The SQLite database.
const DATABASE: &str = "fieldseal.db";
/// Held by every process that has the folder open; the system lets go of it however the process ends.
const LOCK: &str = "lock";
/// There while a restore puts things into place: a server that started then would begin with half of them.
const RESTORING: &str = "restore-unfinished";

/// Folders whose files belong to a server, whatever lies in them.
pub const BELONGINGS: [&str; 2] = [KEYS, OBJECTS];
/// The server's signing keys.
pub const KEYS: &str = "keys";
/// Evidence (影像证据): files that are named by their content and only ever added.
pub const OBJECTS: &str = "objects";

/// Why a data folder cannot be used now.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it, and not in a way that allows this.
    #[error("data_in_use: {0} is in use: by a running server, a backup or a restore")]
    InUse(PathBuf),
    /// A restore was cut.
    #[error(
        "restore_unfinished: a restore into {0} did not end; run `fieldseal restore` again before the server starts"
    )]
    Restoring(PathBuf),
    /// It cannot be made or read.
    #[error("the data folder {folder}: {source}")]
    Io {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A data folder.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// Holds the folder until it is let go or dropped.
#[derive(Debug)]
pub struct Hold(Mutex<Option<File>>);

impl Hold {
    /// Lets go: whoever waits to put a backup here may.
    pub fn let_go(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl DataFolder {
    /// The one at this path; nothing is made yet.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its SQLite database.
    pub fn database(&self) -> PathBuf {
        self.0.join(DATABASE)
    }

    /// The database with the files that SQLite keeps beside it.
    pub fn database_files(&self) -> [PathBuf; 3] {
        ["", "-wal", "-shm"].map(|suffix| self.0.join(format!("{DATABASE}{suffix}")))
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> FolderError {
        let folder = self.0.clone();
        move |source| FolderError::Io { folder, source }
    }

    /// Makes it for its owner alone: it holds the keys and what people wrote down. One that exists keeps its mode.
    pub fn make(&self) -> Result<(), FolderError> {
        make_private(&self.0).map_err(self.failed())
    }

    /// Holds it beside other servers and commands, unless a restore is under way or was cut.
    pub fn open(&self) -> Result<Hold, FolderError> {
        let file = self.lock_file()?;
        self.held(file.try_lock_shared())?;
        if self.0.join(RESTORING).exists() {
            return Err(FolderError::Restoring(self.0.clone()));
        }
        Ok(Hold(Mutex::new(Some(file))))
    }

    /// Holds it alone, as whoever replaces what lies in it must.
    pub fn take(&self) -> Result<Hold, FolderError> {
        let file = self.lock_file()?;
        self.held(file.try_lock())?;
        Ok(Hold(Mutex::new(Some(file))))
    }

    fn lock_file(&self) -> Result<File, FolderError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        options.open(self.0.join(LOCK)).map_err(self.failed())
    }

    fn held(&self, locked: Result<(), TryLockError>) -> Result<(), FolderError> {
        match locked {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(self.failed()(error)),
        }
    }

    /// Notes durably that things are being put into place here, and the name of the folder that takes what was there.
    pub fn begin_restoring(&self, aside: &str) -> io::Result<()> {
        if self.set_aside_by_cut_restore()?.as_deref() == Some(aside) {
            return Ok(());
        }
        let mut mark = File::create(self.0.join(RESTORING))?;
        mark.write_all(aside.as_bytes())?;
        mark.sync_all()?;
        sync_folder(&self.0)
    }

    /// Where a restore that was cut began to set aside what was there; none where none was cut, or before it came to that.
    pub fn set_aside_by_cut_restore(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.0.join(RESTORING)) {
            Ok(name) => Ok(Some(name).filter(|name| !name.is_empty())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything is in its place.
    pub fn end_restoring(&self) -> io::Result<()> {
        sync_folder(&self.0)?;
        fs::remove_file(self.0.join(RESTORING))?;
        sync_folder(&self.0)
    }
}

/// Makes a folder, and those above it, for its owner alone.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Makes durable what was put into a folder or taken from it.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
