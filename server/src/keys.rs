//! The server's signing keys: Ed25519, the first made at the first start, each followed by another. They sign certificates,
//! receipts, leases, time tokens and access tokens; phones keep their public halves. With SQLite the private halves lie in
//! the data folder, for its owner alone; on PostgreSQL in the database, because every server there signs with them.
//! Which key signs follows from the rows alone (the newest whose time has come), so that several servers agree.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use sync_core::limits::{CERTIFICATE_MS, SERVER_KEY_LOOKUP_MS};
use sync_core::model::Millis;
use sync_core::proof::{KeyId, Payload, Signed, key_id};

use crate::clock::Clock;
use crate::data_folder;
use crate::rng::Rng;
use crate::store::access::server_keys::{self, KeyRow};
use crate::store::{Session, Store, StoreError};

/// The key of before there were several; the others are named after their ids.
const FIRST_FILE: &str = "server-ed25519.pk8";
const SUFFIX: &str = "pk8";

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file holds no Ed25519 key.
    #[error("the key file holds no Ed25519 key")]
    Malformed,
}

/// A key pair and its name.
pub struct ServerKey {
    pair: Ed25519KeyPair,
    pkcs8: Vec<u8>,
    key_id: KeyId,
}

impl ServerKey {
    /// A new key, which lies nowhere yet.
    pub fn make(rng: &dyn Rng) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        rng.fill(&mut seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Malformed)?;
        let document = pair.to_pkcs8().map_err(|_| KeyError::Malformed)?;
        Self::from_pkcs8(document.as_ref().to_vec())
    }

    /// The key of these bytes.
    pub fn from_pkcs8(pkcs8: Vec<u8>) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| KeyError::Malformed)?;
        let key_id = key_id(pair.public_key().as_ref());
        Ok(Self {
            pair,
            pkcs8,
            key_id,
        })
    }

    /// The key's name: the first eight bytes of the public key's SHA-256, in hex.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The 32 bytes of the public key.
    pub fn public_key(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        bytes
    }

    /// Signs exactly these bytes.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }

    /// Signs a statement of the server's.
    pub fn sign<T: Payload>(&self, payload: &T) -> Signed<T> {
        let sign = |message: &[u8]| self.sign_bytes(message).to_vec();
        Signed::sign(payload, self.key_id.clone(), sign)
    }

    /// The private key as PKCS #8, for the JWT library and the database.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// The folder of the private halves.
#[derive(Clone, Debug)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// That of a data folder.
    pub fn of(data: &Path) -> Self {
        Self(data.join(data_folder::KEYS))
    }

    /// Every key in it, by its name.
    pub fn read(&self) -> Result<BTreeMap<KeyId, ServerKey>, KeyError> {
        let mut keys = BTreeMap::new();
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(keys),
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == SUFFIX) {
                let key = ServerKey::from_pkcs8(fs::read(&path)?)?;
                keys.insert(key.key_id.clone(), key);
            }
        }
        Ok(keys)
    }

    /// Puts a key there. The first has the name that it always had.
    pub fn put(&self, key: &ServerKey) -> Result<(), KeyError> {
        fs::create_dir_all(&self.0)?;
        let first = self.0.join(FIRST_FILE);
        let file = match first.exists() {
            true => self.0.join(format!("{}.{SUFFIX}", key.key_id)),
            false => first,
        };
        write_private(&file, &key.pkcs8)
    }
}

/// A key of the ring.
pub struct Known {
    /// As it is stored.
    pub row: KeyRow,
    /// To sign with, where this server has the private half.
    pub pair: Option<ServerKey>,
}

impl Known {
    /// Whether it may sign, now or later.
    pub fn is_usable(&self) -> bool {
        self.pair.is_some() && self.row.revoked_at.is_none()
    }
}

/// All keys as last read, in the order in which they follow each other.
pub type Ring = Vec<Known>;

/// The one of a ring that signs at a time: the newest whose time has come; of two of one moment the later one.
pub fn signing(ring: &[Known], now: Millis) -> Option<(&KeyRow, &ServerKey)> {
    let usable = ring.iter().filter(|known| known.is_usable());
    let begun = |known: &&Known| (known.row.activates_at <= now, known.row.activates_at);
    // A clock that was set back has no key whose time has come; the oldest is then as good.
    let newest = usable
        .clone()
        .filter(|known| begun(known).0)
        .max_by_key(|known| known.row.activates_at);
    let found = newest.or_else(|| usable.min_by_key(|known| known.row.activates_at))?;
    Some((&found.row, found.pair.as_ref()?))
}

/// Keys that verify what may still be in force: all that are believed, but for those whose successor has signed for longer
/// than anything lives that has an end.
pub fn in_force(ring: &[Known], now: Millis) -> impl Iterator<Item = &KeyRow> {
    let believed = || {
        ring.iter()
            .map(|known| &known.row)
            .filter(|row| row.revoked_at.is_none())
    };
    believed().filter(move |row| {
        let mut after = believed().filter(|it| it.activates_at > row.activates_at);
        !after.any(|it| it.activates_at + CERTIFICATE_MS <= now)
    })
}

/// The keys of this server, as last read.
pub struct Keyring {
    clock: Arc<dyn Clock>,
    folder: Option<KeyFolder>,
    ring: RwLock<Arc<Ring>>,
    looked_up: tokio::sync::Mutex<Option<Instant>>,
}

impl Keyring {
    /// Over rows of the database; `folder` where private halves lie in files.
    pub fn new(
        clock: Arc<dyn Clock>,
        folder: Option<KeyFolder>,
        rows: Vec<KeyRow>,
    ) -> Result<Self, KeyError> {
        let keyring = Self {
            clock,
            folder,
            ring: RwLock::default(),
            looked_up: tokio::sync::Mutex::default(),
        };
        keyring.set(rows)?;
        Ok(keyring)
    }

    /// Takes these rows from now on.
    pub fn set(&self, rows: Vec<KeyRow>) -> Result<(), KeyError> {
        let ring = self.assemble(rows)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// Rows with the private halves that this server has.
    pub fn assemble(&self, rows: Vec<KeyRow>) -> Result<Ring, KeyError> {
        let mut files = match &self.folder {
            Some(folder) => folder.read()?,
            None => BTreeMap::new(),
        };
        let known = rows.into_iter().map(|row| {
            let kept = row.private_key.clone().map(ServerKey::from_pkcs8);
            let pair = kept.transpose()?.or_else(|| files.remove(&row.key_id));
            Ok(Known { row, pair })
        });
        known.collect()
    }

    /// Where private halves lie; none where they lie in the database.
    pub fn folder(&self) -> Option<&KeyFolder> {
        self.folder.as_ref()
    }

    /// All keys, as last read.
    pub fn ring(&self) -> Arc<Ring> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    /// Does something with the key that signs now.
    fn with_signing<T>(&self, work: impl FnOnce(&ServerKey) -> T) -> T {
        let ring = self.ring();
        let (_, key) = signing(&ring, self.clock.now())
            .expect("a keyring is opened with a key that signs, and revoking makes its successor");
        work(key)
    }

    /// The name of the key that signs now.
    pub fn key_id(&self) -> KeyId {
        self.with_signing(|key| key.key_id.clone())
    }

    /// The public half of the key that signs now.
    pub fn public_key(&self) -> [u8; 32] {
        self.with_signing(ServerKey::public_key)
    }

    /// Signs exactly these bytes, by the key that signs now.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.with_signing(|key| key.sign_bytes(message))
    }

    /// Signs a statement of the server's, by the key that signs now.
    pub fn sign<T: Payload>(&self, payload: &T) -> Signed<T> {
        self.with_signing(|key| key.sign(payload))
    }

    /// The key that signs now: its name and its PKCS #8.
    pub fn signing_pkcs8(&self) -> (KeyId, Vec<u8>) {
        self.with_signing(|key| (key.key_id.clone(), key.pkcs8.clone()))
    }

    /// The row of a key by its name.
    pub fn find(&self, key_id: &str) -> Option<KeyRow> {
        let ring = self.ring();
        let found = ring.iter().find(|known| known.row.key_id == key_id);
        found.map(|known| known.row.clone())
    }

    /// The row of a key that another server may have made a moment ago: the database is asked, but not by everybody who
    /// makes up a name.
    pub async fn find_or_look_up(
        &self,
        store: &Store,
        key_id: &str,
    ) -> Result<Option<KeyRow>, StoreError> {
        if let Some(row) = self.find(key_id) {
            return Ok(Some(row));
        }
        let came = Instant::now();
        let mut looked_up = self.looked_up.lock().await;
        // One look serves all who came before it.
        if looked_up.is_some_and(|at| at > came) {
            return Ok(self.find(key_id));
        }
        let rest = Duration::from_millis(SERVER_KEY_LOOKUP_MS);
        if let Some(at) = *looked_up {
            tokio::time::sleep(rest.saturating_sub(at.elapsed())).await;
        }
        *looked_up = Some(Instant::now());
        self.read_again(&mut *store.read().await?).await?;
        Ok(self.find(key_id))
    }

    /// Reads the rows again.
    pub async fn read_again(&self, db: &mut Session) -> Result<(), StoreError> {
        let rows = server_keys::list(db).await?;
        if let Err(error) = self.set(rows) {
            tracing::error!(%error, "the server's keys cannot be read; those known before go on");
        }
        Ok(())
    }
}

/// Written aside, synced and renamed: a kill leaves either no key or a whole one.
fn write_private(file: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let aside = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut open = options.open(&aside)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    fs::rename(&aside, file)?;
    if let Some(folder) = file.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
