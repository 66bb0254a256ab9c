//! The identity of this install: its actor and its device key, in a file beside the database that backups leave out. A
//! restored database therefore meets either no identity or one that remembers having sent more than the database knows;
//! both draw a fresh one, so that no sequence number is ever used for two changes. What the old actor signed stays signed
//! and is sent as another author's work.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sync_core::model::Actor;
use sync_core::proof::parcel::AgreementKey;

use crate::error::ClientError;
use crate::host::Rng;

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Of every change this install writes.
    pub actor: Actor,
    /// Seed of the software device key, hex; unused where the host holds a key.
    pub device_key: String,
    /// SEC1 point of the key that the host holds for this install, compressed, hex; empty where it holds none, or none was told.
    #[serde(default)]
    pub host_key: String,
    /// Seeds of the keys to which parcels are sealed, hex, the present one first. Earlier ones open what was sealed before.
    #[serde(default)]
    pub agreement_seeds: Vec<String>,
    /// The database's position when something was last sent. A database that stands below it is an old copy: numbers
    /// above it may have left the phone.
    pub sent_position: i64,
}

/// The file.
pub struct InstallFile {
    path: PathBuf,
    /// The store was wiped: nothing is written beside it any more.
    closed: bool,
}

fn drawn_seed(rng: &dyn Rng) -> String {
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    hex::encode(seed)
}

impl Install {
    /// The keys to which parcels are sealed, the present one first.
    pub(crate) fn agreement_keys(&self) -> Vec<AgreementKey> {
        let seeds = self.agreement_seeds.iter();
        let seeds = seeds.filter_map(|seed| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(seed, &mut bytes).ok()?;
            Some(bytes)
        });
        seeds.map(|seed| AgreementKey::from_seed(&seed)).collect()
    }
}

fn failed(error: std::io::Error) -> ClientError {
    ClientError::new("install.failed", "The install's identity could not be kept").with(error)
}

impl InstallFile {
    /// Beside the database.
    pub fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".install");
        Self {
            path: name.into(),
            closed: false,
        }
    }

    /// Where it is; an app excludes it from backups.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds, if it is there and whole: one without a key is none.
    pub fn read(&self) -> Option<Install> {
        let install: Install = serde_json::from_slice(&fs::read(&self.path).ok()?).ok()?;
        (!install.device_key.is_empty()).then_some(install)
    }

    /// Nothing is written from here on (`store.wiped`).
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Writes it aside, syncs and renames: a kill leaves the old one or the new one.
    pub fn write(&self, install: &Install) -> Result<(), ClientError> {
        if self.closed {
            return Err(ClientError::wiped());
        }
        let aside = self.path.with_extension("install-new");
        let text = serde_json::to_vec(install)
            .map_err(|e| ClientError::new("install.failed", "no JSON").with(e))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&aside).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&aside, &self.path).map_err(failed)?;
        if let Some(folder) = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::File::open(folder)
                .and_then(|f| f.sync_all())
                .map_err(failed)?;
        }
        Ok(())
    }

    /// Draws a fresh identity and keeps it.
    pub fn draw(&self, rng: &dyn Rng, sent_position: i64) -> Result<Install, ClientError> {
        let (mut actor, mut key) = ([0; 16], [0; 32]);
        rng.fill(&mut actor);
        rng.fill(&mut key);
        let install = Install {
            actor: Actor(actor),
            device_key: hex::encode(key),
            host_key: String::new(),
            agreement_seeds: vec![drawn_seed(rng)],
            sent_position,
        };
        self.write(&install)?;
        Ok(install)
    }

    /// The same identity with another key for parcels; earlier ones are kept.
    pub fn draw_agreement(
        &self,
        rng: &dyn Rng,
        mut install: Install,
    ) -> Result<Install, ClientError> {
        install.agreement_seeds.insert(0, drawn_seed(rng));
        self.write(&install)?;
        Ok(install)
    }
}
