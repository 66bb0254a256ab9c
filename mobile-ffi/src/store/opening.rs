//! Opening: what lies at the path is looked at before anything is written, all of it or, where it was found sound lately
//! (`looking`), what a glance tells. A sound store is opened and brought up to date;
//! one of a newer app is refused; a damaged one is salvaged into a new one and set aside under another name, in steps of
//! which a kill leaves the old files or the new ones, never neither.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use sync_core::model::Millis;
use sync_core::sync::wire::ChangeStatus;

use super::looking::{self, FoundSound};
use super::salvage::{self, Salvage, holds};
use super::sealing::{PLAIN, StoreKey};
use super::writing::QUEUED;
use super::{MIGRATIONS, Store, is_full, is_unreadable, pages, shapes};
use crate::error::{ClientError, NEWER_VERSION, STORE_FULL};
use crate::fault::Faults;
use crate::host::Rng;
use crate::media::Reserve;

/// The setting that says the version of the store a second time: a number in the file's header alone may be damaged.
pub(super) const VERSION: &str = "store_version";
/// Between the name of the database and the moment at which it was set aside.
const DAMAGED: &str = ".damaged-";
/// The same of what was salvaged, whole and durable, until it has taken the place of what was damaged.
const SALVAGED: &str = ".salvaged-";
/// A file that says that everything beside it is to go.
const WIPING: &str = ".wiping";
/// Files that hold secrets, which are overwritten before they go.
const SECRETS: [&str; 3] = [".install", ".install-new", ".sealed"];
/// The files of a database.
const SUFFIXES: [&str; 3] = ["-wal", "-shm", ""];

/// What lies at a path.
enum Found {
    /// Nothing, or a sound store.
    Sound,
    /// Nothing that SQLite reads whole, and why.
    Damaged(String),
}

/// A file beside the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn failed(error: impl std::fmt::Display) -> ClientError {
    ClientError::new("store.failed", "The phone's store could not be opened").with(error)
}

fn failed_io(error: io::Error) -> ClientError {
    match crate::media::is_full(&error) {
        true => ClientError::new(STORE_FULL, "The phone's disk is full").with(error),
        false => failed(error),
    }
}

/// Makes what was renamed in the folder of the database durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|it| !it.as_os_str().is_empty()) {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// How much of a store is read before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// All of it.
    Through,
    /// All of it, unless it was found sound lately: then headers, the log and the schema.
    AsDue,
}

/// What is done with a store when it is opened.
pub(super) struct Opening<'a> {
    pub look: Look,
    pub path: &'a Path,
    pub key: Option<&'a [u8; 32]>,
    pub rng: &'a dyn Rng,
    pub wall_ms: Millis,
    pub faults: Faults,
}

impl Opening<'_> {
    /// Opens; what had to be salvaged first, if anything.
    pub(super) fn run(&self) -> Result<(Store, Option<Salvage>), ClientError> {
        loop {
            match self.once() {
                Err(error) if error.code == STORE_FULL && Reserve::beside(self.path).give() => {}
                done => return done,
            }
        }
    }

    fn once(&self) -> Result<(Store, Option<Salvage>), ClientError> {
        if beside(self.path, WIPING).exists() {
            finish_wipe(self.path).map_err(failed_io)?;
        }
        let key = StoreKey::of(self.path, self.key, self.rng)?;
        let key = key.as_ref();
        finish(self.path)?;
        let lately = FoundSound::of(self.path).filter(|it| it.suffices(self.wall_ms));
        let glance = self.look == Look::AsDue && lately.is_some();
        match examine(self.path, key, glance)? {
            Found::Sound => {
                let store = open_sound(self.path, key, self.faults.clone())?;
                if !glance {
                    FoundSound::note(self.path, self.wall_ms);
                }
                Ok((store, None))
            }
            Found::Damaged(because) => {
                tracing::error!(%because, "the store is damaged: it is salvaged and set aside");
                let salvage = self.salvage(key, &because)?;
                let store = open_sound(self.path, key, self.faults.clone())?;
                Ok((store, Some(salvage)))
            }
        }
    }

    fn salvage(&self, key: Option<&StoreKey>, because: &str) -> Result<Salvage, ClientError> {
        let moment = free_moment(self.path, self.wall_ms);
        let aside = beside(self.path, &format!("{DAMAGED}{moment}"));
        let into = beside(self.path, ".salvaging");
        remove_store(&into).map_err(failed_io)?;
        let report = {
            let mut fresh = open_sound(&into, key, self.faults.clone())?;
            let found = salvage::read(self.path, key).map_err(failed_io)?;
            let report = salvage::write(found, &mut fresh, (because, &aside, self.wall_ms))?;
            // Everything goes into the one file that is renamed.
            let log = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            fresh
                .db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], log)?;
            report
        };
        for suffix in ["-wal", "-shm"] {
            remove(&beside(&into, suffix)).map_err(failed_io)?;
        }
        File::open(&into)
            .and_then(|file| file.sync_all())
            .map_err(failed_io)?;
        self.faults.pass("salvage_written")?;
        let ready = beside(self.path, &format!("{SALVAGED}{moment}"));
        fs::rename(&into, &ready).map_err(failed_io)?;
        sync_parent(self.path).map_err(failed_io)?;
        self.faults.pass("salvage_ready")?;
        finish_with(self.path, &ready, &aside, &self.faults)?;
        Ok(report)
    }
}

/// A store that is sound, or none yet: opened for writing and brought up to date.
fn open_sound(path: &Path, key: Option<&StoreKey>, faults: Faults) -> Result<Store, ClientError> {
    let mut db = Connection::open(path)?;
    if let Some(key) = key {
        key.unlock(&db)?;
    }
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut db, MIGRATIONS.len())?;
    Ok(Store {
        db,
        faults,
        reserve: Reserve::beside(path),
        place: Some((path.to_owned(), key.cloned())),
        damaged: Cell::new(false),
        looked_at: Arc::default(),
    })
}

/// Brings a database to a version.
pub(super) fn migrate(db: &mut Connection, to: usize) -> Result<(), rusqlite::Error> {
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let later = (1u32..).zip(MIGRATIONS).take(to);
    for (number, migration) in later.filter(|(number, _)| *number > version) {
        let tx = db.transaction()?;
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.execute(
            "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
            [VERSION, &number.to_string()],
        )?;
        tx.commit()?;
    }
    Ok(())
}

/// Looks at what lies at the path, without writing to it: all of it, or what a glance tells.
fn examine(path: &Path, key: Option<&StoreKey>, glance: bool) -> Result<Found, ClientError> {
    let length = |suffix: &str| match fs::metadata(beside(path, suffix)) {
        Ok(it) => Ok(Some(it.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed_io(error)),
    };
    let damaged = |because: &str| Ok(Found::Damaged(because.to_owned()));
    let main = length("")?;
    if main.unwrap_or(0) == 0 {
        let log = length("-wal")?.unwrap_or(0) > pages::PAGE_BYTES as u64;
        // An install that was drawn says that there was a store.
        let emptied = main.is_some() && length(".install")?.is_some();
        return match (log, emptied) {
            (true, _) => damaged("the file is empty or gone and its log is not"),
            (_, true) => damaged("the file is empty"),
            _ => Ok(Found::Sound),
        };
    }
    if key.is_none()
        && let Some(because) = header_fault(path).map_err(failed_io)?
    {
        return Ok(Found::Damaged(because.to_owned()));
    }
    if pages::log_is_broken(path).map_err(failed_io)? {
        return damaged("the write-ahead log is broken before its end");
    }
    Ok(match look(path, key, glance)? {
        None => Found::Sound,
        Some(because) => Found::Damaged(because),
    })
}

/// Reads all of a store that is open, by another connection and without writing to it; why it is damaged, if it is.
pub(super) fn look_through(
    path: &Path,
    key: Option<&StoreKey>,
) -> Result<Option<String>, ClientError> {
    look(path, key, false)
}

fn look(path: &Path, key: Option<&StoreKey>, glance: bool) -> Result<Option<String>, ClientError> {
    match read_all(path, key, glance) {
        Ok(found) => Ok(found),
        Err(Looked::Newer(version)) => {
            let message = "A newer version of the app made this store; nothing was touched";
            let versions = format!("{version}, known are {}", MIGRATIONS.len());
            Err(ClientError::new(NEWER_VERSION, message).with(versions))
        }
        Err(Looked::Sqlite(error)) if is_damage(&error) || is_unreadable(&error) => {
            Ok(Some(error.to_string()))
        }
        Err(Looked::Sqlite(error)) => Err(error.into()),
    }
}

enum Looked {
    Newer(i64),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Looked {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// What the header of the file says that no store of ours says: SQLite would believe some of it, and leave the log unread.
fn header_fault(path: &Path) -> io::Result<Option<&'static str>> {
    let mut header = [0; 100];
    let mut file = File::open(path)?;
    if let Err(error) = file.read_exact(&mut header) {
        return match error.kind() {
            ErrorKind::UnexpectedEof => Ok(Some("the file is shorter than its header")),
            _ => Err(error),
        };
    }
    // Page size; then what is reserved and the fractions of a page.
    let expected: [(usize, &[u8]); 3] = [(0, PLAIN), (16, &[0x10, 0x00]), (20, &[0, 64, 32, 32])];
    // UTF-8; or none yet, where all that was ever written is in the log still.
    let encoded = matches!(header[56..60], [0, 0, 0, 0 | 1]);
    let holds = |(at, bytes): &(usize, &[u8])| header[*at..].starts_with(bytes);
    // Version 2 is the one with a write-ahead log. A copy that a backup made has none, and no log.
    let version = match header[18..20] {
        [2, 2] => true,
        [1, 1] => fs::metadata(beside(path, "-wal")).map_or(0, |it| it.len()) == 0,
        _ => false,
    };
    if version && encoded && expected.iter().all(holds) {
        return Ok(None);
    }
    Ok(Some("the header of the file is damaged"))
}

/// Reads it, all or what a glance tells, without writing: why it is damaged, if it is.
fn read_all(path: &Path, key: Option<&StoreKey>, glance: bool) -> Result<Option<String>, Looked> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    if let Some(key) = key {
        key.unlock(&db)?;
    }
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if !(0..=known).contains(&version) {
        let said = "SELECT value FROM settings WHERE key = ?1";
        let said: Result<Option<String>, _> =
            db.query_row(said, [VERSION], |row| row.get(0)).optional();
        let said = said.ok().flatten().and_then(|it| it.parse::<i64>().ok());
        return match said.is_none_or(|said| said > known) {
            true => Err(Looked::Newer(version)),
            false => Ok(Some("the version in the header is damaged".to_owned())),
        };
    }
    if schema(&db)? != expected_schema(version)? {
        return Ok(Some("the schema is damaged".to_owned()));
    }
    if glance {
        return Ok(None);
    }
    let sound: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Ok(Some(sound));
    }
    if version == 0 {
        return Ok(None);
    }
    let mut changes = db.prepare("SELECT hash, bytes, status FROM changes")?;
    let mut rows = changes.query([])?;
    while let Some(row) = rows.next()? {
        let hash: String = row.get(0)?;
        let bytes = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let status: String = row.get(2)?;
        let read = status == QUEUED || serde_json::from_str::<ChangeStatus>(&status).is_ok();
        if !read || hash.parse().ok().is_none_or(|hash| !holds(bytes, &hash)) {
            return Ok(Some("a change is not what it was".to_owned()));
        }
    }
    Ok(shapes::first_unreadable(&db)?)
}

type Schema = Vec<(String, String, String, Option<String>)>;

fn schema(db: &Connection) -> Result<Schema, rusqlite::Error> {
    let mut statement = db.prepare(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'sqlite_stat1' AND name <> 'sqlite_stat4'
         ORDER BY type, name",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    rows.collect()
}

fn expected_schema(version: i64) -> Result<Schema, rusqlite::Error> {
    let mut db = Connection::open_in_memory()?;
    migrate(&mut db, usize::try_from(version).unwrap_or(0))?;
    schema(&db)
}

pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_READ, SQLITE_IOERR_SHORT_READ};
    let unreadable = [
        SQLITE_IOERR_READ,
        SQLITE_IOERR_SHORT_READ,
        SQLITE_IOERR_CORRUPTFS,
    ];
    match error {
        _ if is_full(error) => false,
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, DatabaseCorrupt | NotADatabase)
                || unreadable.contains(&failure.extended_code)
        }
        _ => false,
    }
}

/// A moment under which nothing was set aside yet: several damaged files are all kept.
fn free_moment(path: &Path, wall_ms: Millis) -> String {
    let mut number = 0;
    loop {
        let moment = format!("{wall_ms}-{number}");
        if SUFFIXES
            .iter()
            .all(|it| !beside(path, &format!("{DAMAGED}{moment}{it}")).exists())
        {
            return moment;
        }
        number += 1;
    }
}

/// Does the rest of what a kill cut short: what was salvaged whole takes its place.
fn finish(path: &Path) -> Result<(), ClientError> {
    for (ready, moment) in files_named(path, SALVAGED).map_err(failed_io)? {
        let aside = beside(path, &format!("{DAMAGED}{moment}"));
        finish_with(path, &ready, &aside, &Faults::default())?;
    }
    Ok(())
}

fn finish_with(
    path: &Path,
    ready: &Path,
    aside: &Path,
    faults: &Faults,
) -> Result<(), ClientError> {
    for suffix in SUFFIXES {
        let (from, to) = (beside(path, suffix), beside(aside, suffix));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed_io(error)),
            _ => {}
        }
        faults.pass("salvage_set_aside")?;
    }
    sync_parent(path).map_err(failed_io)?;
    fs::rename(ready, path).map_err(failed_io)?;
    sync_parent(path).map_err(failed_io)
}

/// The files of stores that were set aside, with their lengths in bytes.
pub(crate) fn set_aside(path: &Path) -> io::Result<Vec<(PathBuf, i64)>> {
    let found = files_named(path, DAMAGED)?.into_iter();
    let lengths = found.map(|(file, _)| {
        let length = fs::metadata(&file)?.len();
        Ok((file, i64::try_from(length).unwrap_or(i64::MAX)))
    });
    lengths.collect()
}

/// From here on everything of this store goes, also if a kill comes between.
pub(crate) fn begin_wipe(path: &Path) -> io::Result<()> {
    File::create(beside(path, WIPING))?.sync_all()?;
    sync_parent(path)
}

/// Removes everything of a store.
pub(crate) fn finish_wipe(path: &Path) -> io::Result<()> {
    for secret in SECRETS.map(|it| beside(path, it)) {
        if let Ok(found) = fs::metadata(&secret) {
            let length = usize::try_from(found.len()).unwrap_or(0);
            fs::write(&secret, vec![0; length])?;
            File::open(&secret)?.sync_all()?;
            remove(&secret)?;
        }
    }
    remove_store(path)?;
    remove_store(&beside(path, ".salvaging"))?;
    for middle in [DAMAGED, SALVAGED] {
        for (file, _) in files_named(path, middle)? {
            remove(&file)?;
        }
    }
    for suffix in [".reserve", ".sealed-new", looking::SUFFIX] {
        remove(&beside(path, suffix))?;
    }
    match fs::remove_dir_all(beside(path, ".media")) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync_parent(path)?;
    remove(&beside(path, WIPING))?;
    sync_parent(path)
}

/// Files beside the database whose names go on like this, each with what follows.
fn files_named(path: &Path, middle: &str) -> io::Result<Vec<(PathBuf, String)>> {
    let Some(name) = path.file_name() else {
        return Ok(Vec::new());
    };
    let begins = format!("{}{middle}", name.to_string_lossy());
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let entries = match fs::read_dir(folder.unwrap_or(Path::new("."))) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(rest) = name.to_string_lossy().strip_prefix(&begins) {
            found.push((entry.path(), rest.to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a database with its log.
pub(crate) fn remove_store(path: &Path) -> io::Result<()> {
    SUFFIXES.iter().try_for_each(|it| remove(&beside(path, it)))
}
