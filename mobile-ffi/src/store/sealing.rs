//! The store under a key (SQLCipher): which key a file is under, told beside it without telling the key, and pages opened
//! one by one where SQLCipher itself reads a damaged file no more.
//!
//! `<database>.sealed` holds the salt of the cipher and a digest of salt and key. By it a wrong key is told from a damaged
//! file, which look alike to SQLCipher, and a damaged first page does not take the salt with it.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::opening::{beside, sync_parent};
use crate::error::{ClientError, KEY_NEEDED, NOT_SEALED, SEALING_UNSUPPORTED, WRONG_KEY};
use crate::host::Rng;

/// What the digest begins with.
const CHECK_LABEL: &[u8] = b"fieldseal/store-key/1\n";
/// What every database begins with that is under no key.
pub(super) const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// The key of one store, with the salt of its file.
#[derive(Clone)]
pub struct StoreKey {
    key: [u8; 32],
    salt: [u8; 16],
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    salt: String,
    check: String,
}

fn check(key: &[u8; 32], salt: &[u8; 16]) -> String {
    let mut hash = Sha256::new();
    hash.update(CHECK_LABEL);
    hash.update(salt);
    hash.update(key);
    hex::encode(hash.finalize())
}

fn failed(error: impl std::fmt::Display) -> ClientError {
    let message = "What tells the store's key could not be kept";
    ClientError::new("store.failed", message).with(error)
}

impl StoreKey {
    /// The key of the store at `path`: one that is new is drawn a salt, one that is there must be the same.
    ///
    /// # Errors
    /// `store.wrong_key`, `store.key_needed`, `store.not_sealed`, `store.sealing_unsupported`: nothing was touched.
    pub(super) fn of(
        path: &Path,
        key: Option<&[u8; 32]>,
        rng: &dyn Rng,
    ) -> Result<Option<Self>, ClientError> {
        let place = beside(path, ".sealed");
        let sealed = match fs::read(&place) {
            Ok(text) => Some(serde_json::from_slice::<Sealed>(&text).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let Some(key) = key else {
            return match sealed {
                None => Ok(None),
                Some(_) => {
                    let message = "This store is under a key, and none was given";
                    Err(ClientError::new(KEY_NEEDED, message))
                }
            };
        };
        if !cfg!(feature = "cipher") {
            let message = "This build cannot keep a store under a key";
            return Err(ClientError::new(SEALING_UNSUPPORTED, message));
        }
        let wrong = || ClientError::new(WRONG_KEY, "This is not the key of the store");
        match sealed {
            Some(Some(sealed)) => {
                let mut salt = [0; 16];
                hex::decode_to_slice(&sealed.salt, &mut salt).map_err(failed)?;
                match sealed.check == check(key, &salt) {
                    true => Ok(Some(Self { key: *key, salt })),
                    false => Err(wrong()),
                }
            }
            // What tells the key was damaged or lost: the salt is what the file begins with.
            lost => match fs::read(path) {
                Ok(file) if file.starts_with(PLAIN) => {
                    let message = "This store is under no key, and one was given";
                    Err(ClientError::new(NOT_SEALED, message))
                }
                Ok(file) if file.len() >= 16 => {
                    let mut salt = [0; 16];
                    salt.copy_from_slice(&file[..16]);
                    let found = Self { key: *key, salt };
                    match found.opens(path) {
                        true => found.keep(path),
                        false => Err(wrong()),
                    }
                }
                _ if lost.is_some() => Err(wrong()),
                _ => {
                    let mut salt = [0; 16];
                    rng.fill(&mut salt);
                    Self { key: *key, salt }.keep(path)
                }
            },
        }
    }

    fn keep(self, path: &Path) -> Result<Option<Self>, ClientError> {
        let sealed = Sealed {
            salt: hex::encode(self.salt),
            check: check(&self.key, &self.salt),
        };
        let (aside, place) = (beside(path, ".sealed-new"), beside(path, ".sealed"));
        let text = serde_json::to_vec(&sealed).map_err(failed)?;
        let mut file = fs::File::create(&aside).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&aside, &place).map_err(failed)?;
        sync_parent(path).map_err(failed)?;
        Ok(Some(self))
    }

    fn opens(&self, path: &Path) -> bool {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let opened = Connection::open_with_flags(path, flags).and_then(|db| {
            self.unlock(&db)?;
            db.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| {
                row.get::<_, i64>(0)
            })
        });
        opened.is_ok()
    }

    /// Tells SQLCipher the key: the first thing that is done with a connection.
    pub(super) fn unlock(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let raw = format!("x'{}{}'", hex::encode(self.key), hex::encode(self.salt));
        db.pragma_update(None, "key", raw)
    }

    /// For pages one by one.
    #[cfg(feature = "cipher")]
    pub(super) fn cipher(&self) -> PageCipher {
        use aes::cipher::KeyInit as _;
        PageCipher(aes::Aes256Dec::new(&self.key.into()))
    }

    #[cfg(not(feature = "cipher"))]
    pub(super) fn cipher(&self) -> PageCipher {
        PageCipher
    }
}

/// Opens pages of SQLCipher 4: AES-256 in CBC, the vector and a MAC at the end of each page. The MAC is not asked: what a
/// row says is held against itself, and a page that is damaged in one place still gives the rows of the others.
#[cfg(feature = "cipher")]
pub(super) struct PageCipher(aes::Aes256Dec);

#[cfg(feature = "cipher")]
impl PageCipher {
    /// The vector and the MAC.
    pub(super) const RESERVED_BYTES: usize = 16 + 64;

    pub(super) fn open(&self, page: u32, bytes: &mut [u8]) {
        use aes::cipher::{Array, BlockCipherDecrypt as _};
        let usable = bytes.len() - Self::RESERVED_BYTES;
        let (content, rest) = bytes.split_at_mut(usable);
        let mut before = [0; 16];
        before.copy_from_slice(&rest[..16]);
        // The first page begins with the salt, in the place of what every plain database begins with.
        let from = if page == 1 { 16 } else { 0 };
        for block in content[from..].chunks_exact_mut(16) {
            let mut sealed = [0; 16];
            sealed.copy_from_slice(block);
            let mut opened = Array::from(sealed);
            self.0.decrypt_block(&mut opened);
            for (at, byte) in block.iter_mut().enumerate() {
                *byte = opened[at] ^ before[at];
            }
            before = sealed;
        }
        if page == 1 {
            content[..16].copy_from_slice(PLAIN);
        }
    }
}

/// There is none in a build without SQLCipher: no key is taken there.
#[cfg(not(feature = "cipher"))]
pub(super) struct PageCipher;

#[cfg(not(feature = "cipher"))]
impl PageCipher {
    pub(super) const RESERVED_BYTES: usize = 0;

    pub(super) fn open(&self, _page: u32, _bytes: &mut [u8]) {}
}
