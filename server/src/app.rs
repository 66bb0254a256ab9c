//! The application's state: everything a handler or a job may reach, made once and shared.

use std::num::NonZero;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;

use sync_core::limits::SYNCS_AWAITING_RULINGS_MAX;
use sync_core::model::Millis;
use tokio::sync::{Mutex, Notify, Semaphore};
use uuid::Uuid;

use crate::access::passwords::Passwords;
use crate::clock::{Clock, SystemClock};
use crate::config::DataConfig;
use crate::data_folder::{DataFolder, FolderError, Hold};
use crate::keys::{KeyError, Keyring};
use crate::objects::{Objects, OpenObjectsError};
use crate::rng::{Rng, SystemRng};
use crate::services::events::Events;
use crate::services::evidence;
use crate::services::log::stamps::Authority;
use crate::services::oidc::provider::Provider;
use crate::services::publicity::Gateway;
use crate::services::ruling::rulebooks::RulebookCache;
use crate::services::server_keys;
use crate::services::sync::admission::SyncGate;
use crate::services::sync::origin;
use crate::services::uploads::Uploads;
use crate::services::wakes::provider::Providers;
use crate::store::{Store, StoreError, adoption};

/// The state. Cheap to clone; handlers take it as `State<App>`.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the state is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The server's own keys.
    pub keys: Keyring,
    /// Argon2id behind a semaphore.
    pub passwords: Passwords,
    /// Who is syncing.
    pub sync_gate: SyncGate,
    /// Where documents are opened, one for each processor.
    pub workbenches: Semaphore,
    /// Whose turn it is to rule, in this process.
    pub ruling_turn: Mutex<()>,
    /// Places of those who wait for rulings before they answer.
    pub rulings_awaited: Semaphore,
    /// Told when a scope was marked by work that nobody waits for.
    pub ruling_wanted: Notify,
    /// Told when a file was taken that is to be imported.
    pub imports_wanted: Notify,
    /// Rulebooks as last read.
    pub rulebooks: RulebookCache,
    /// The data folder.
    pub data: DataFolder,
    /// Evidence, and the parts of uploads.
    pub objects: Objects,
    /// Uploads that are written or finished here.
    pub uploads: Uploads,
    /// Who listens to what changes.
    pub events: Arc<Events>,
    /// Held while the application is used, so that no backup is put into the folder meanwhile.
    pub hold: Hold,
    /// The OpenID Connect provider at which administrators may log in; none unless it is configured.
    pub oidc: OnceLock<Provider>,
    /// Push providers by which phones are woken; none unless they are configured.
    pub providers: OnceLock<Providers>,
    /// The gateway to the credit publicity system; none unless it is configured, and then people enter by hand.
    pub publicity: OnceLock<Gateway>,
    /// The authority that stamps checkpoints with its time; none unless it is configured.
    pub authority: OnceLock<Authority>,
    /// Where browsers reach this server, as it stands in the codes of printed forms; none until somebody says so.
    pub public_url: OnceLock<String>,
    /// A server of map tiles for the sketch of a visit, `https://…/{z}/{x}/{y}.png`; none unless an operator names one.
    pub tiles: OnceLock<String>,
    /// Set once somebody is there: until then every page of the console leads to the first run.
    pub peopled: OnceLock<()>,
    /// Whether a proxy in front tells the caller's address.
    pub trust_forwarded_for: bool,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What can go wrong while the application is made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made or used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database does not open or migrate.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The server's keys cannot be made or read.
    #[error("the server's keys: {0}")]
    Keys(#[from] KeyError),
    /// The objects cannot be reached as configured.
    #[error(transparent)]
    Objects(#[from] OpenObjectsError),
}

impl App {
    /// The real one: the machine's clock and randomness.
    pub async fn open(config: &DataConfig, trust_forwarded_for: bool) -> Result<Self, OpenError> {
        let (clock, rng) = (Arc::new(SystemClock), Arc::new(SystemRng));
        Self::open_parts(config, clock, rng, trust_forwarded_for).await
    }

    /// Whether browsers reach this server under encryption, as its operator says (`--public-url`).
    pub fn is_encrypted(&self) -> bool {
        let url = self.public_url.get();
        url.is_some_and(|url| url.starts_with("https://"))
    }

    /// One with a clock and randomness of the caller's: for tests and the demonstration.
    pub async fn open_with(
        config: &DataConfig,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, OpenError> {
        Self::open_parts(config, clock, rng, false).await
    }

    async fn open_parts(
        config: &DataConfig,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        trust_forwarded_for: bool,
    ) -> Result<Self, OpenError> {
        let data = DataFolder::at(&config.data);
        data.make()?;
        let hold = data.open()?;
        let objects = config.objects()?;
        let store = match &config.database_url {
            Some(url) => Store::open_postgres(url, config.database_connections).await?,
            None => Store::open_sqlite(&data.database()).await?,
        };
        Self::assemble(
            store,
            objects,
            (data, hold),
            clock,
            rng,
            trust_forwarded_for,
        )
        .await
    }

    async fn assemble(
        store: Store,
        objects: Objects,
        (data, hold): (DataFolder, Hold),
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        trust_forwarded_for: bool,
    ) -> Result<Self, OpenError> {
        // Before anything is logged, and so before anything else is written.
        let mut tx = store.begin().await?;
        let adopted = adoption::adopt(&mut tx, clock.now()).await?;
        tx.commit().await?;
        if adopted > 0 {
            tracing::info!(rows = adopted, "rows of before the log were taken into it");
        }
        let mut tx = store.begin().await?;
        let keys = server_keys::open(&mut tx, data.path(), rng.as_ref(), clock.clone()).await?;
        tx.commit().await?;
        let passwords = Passwords::default();
        let sync_gate = SyncGate::new(store.readers_max());
        let parts = Parts {
            store,
            clock,
            rng,
            keys,
            passwords,
            sync_gate,
            workbenches: Semaphore::new(available_parallelism().map_or(1, NonZero::get)),
            ruling_turn: Mutex::default(),
            rulings_awaited: Semaphore::new(SYNCS_AWAITING_RULINGS_MAX),
            ruling_wanted: Notify::new(),
            imports_wanted: Notify::new(),
            rulebooks: RulebookCache::default(),
            data,
            objects,
            uploads: Uploads::default(),
            events: Arc::default(),
            hold,
            oidc: OnceLock::new(),
            providers: OnceLock::new(),
            publicity: OnceLock::new(),
            authority: OnceLock::new(),
            public_url: OnceLock::new(),
            tiles: OnceLock::new(),
            peopled: OnceLock::new(),
            trust_forwarded_for,
        };
        let app = Self(Arc::new(parts));
        origin::note_skeletons(&app.store).await?;
        evidence::list_manifests(&app).await?;
        Ok(app)
    }

    /// The time.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// A new UUIDv7 of our clock and randomness.
    pub fn new_uuid(&self) -> Uuid {
        let at = u64::try_from(self.clock.now()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(at, &self.random()).into_uuid()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes);
        bytes
    }
}
