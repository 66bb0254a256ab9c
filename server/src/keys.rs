//! The server's signing key: Ed25519, made at the first start. It signs certificates, receipts, time tokens and access
//! tokens; phones keep its public half. With SQLite it lies in the data folder, for its owner alone; on PostgreSQL in the
//! database, because every server there signs with it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::rng::Rng;

const FILE: &str = "server-ed25519.pk8";

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

/// The key pair and its name.
pub struct ServerKeys {
    pair: Ed25519KeyPair,
    pkcs8: Vec<u8>,
    key_id: String,
}

impl ServerKeys {
    /// Reads the key of `folder`, or makes one there.
    pub fn load_or_make(folder: &Path, rng: &dyn Rng) -> Result<Self, KeyError> {
        if let Some(keys) = Self::find(folder)? {
            return Ok(keys);
        }
        fs::create_dir_all(folder)?;
        let keys = Self::make(rng)?;
        write_private(&folder.join(FILE), &keys.pkcs8)?;
        Ok(keys)
    }

    /// The key of `folder`, if there is one.
    pub fn find(folder: &Path) -> Result<Option<Self>, KeyError> {
        match fs::read(folder.join(FILE)) {
            Ok(pkcs8) => Self::from_pkcs8(pkcs8).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

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
        let hash = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        let key_id = hex::encode(&hash.as_ref()[..8]);
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
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }

    /// The private key as PKCS #8, for the JWT library and the database.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
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
