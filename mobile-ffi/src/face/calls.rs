//! Opening the phone's store, who it belongs to, what it knows, and syncing.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sync_core::limits::{ENTERPRISES_FOUND_MAX, STORE_CLOSED_WITHIN_MS};

use super::failure::FieldsealError;
use super::fields::{fields, id, text};
use super::hosts::Hosts;
use super::looking::look_through_soon;
use super::records::{
    ConflictRow, DoctorRow, DoorInfo, EnterpriseInfo, LeaseRow, Owner, ProductRuleInfo,
    ReferenceRecord, RuledInfo, RulesHeld, RulingInfo, Signatory, SpaceFreed, TaskInfo, VisitPlan,
    VisitRow,
};
use super::tasks::{ProgressListener, SyncOptions, TaskHandle, begin_sync};
use super::waiting::run;
use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::fault::Faults;
use crate::store::InUse;

/// The name of the database in its folder.
const DATABASE: &str = "fieldseal.db";

/// The version of this library.
#[uniffi::export]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Opens the store in a folder that the app keeps to itself and out of backups, making it where there is none. While it is
/// open, here or in another process, nobody opens it a second time: after two seconds the code is `store.in_use`.
#[uniffi::export]
pub async fn open_fieldseal(
    folder: String,
    hosts: Hosts,
) -> Result<Arc<Fieldseal>, FieldsealError> {
    open_with(folder.into(), hosts, Faults::default()).await
}

/// The same with places at which a test stops it.
pub async fn open_with(
    folder: PathBuf,
    hosts: Hosts,
    faults: Faults,
) -> Result<Arc<Fieldseal>, FieldsealError> {
    run(move || {
        if let Some(sink) = hosts.log.clone() {
            super::logging::begin(sink);
        }
        std::fs::create_dir_all(&folder).map_err(|error| {
            ClientError::new("store.failed", "The folder of the store cannot be made").with(error)
        })?;
        let key = hosts.database_key()?;
        let path = folder.join(DATABASE);
        // Before anything there is looked at: what somebody else writes meanwhile would pass for damage.
        let in_use = InUse::take(&path)?;
        let client = Client::open_sealed_with(&path, hosts.host(), key.as_deref(), faults)?;
        client.hold(in_use);
        let client = Arc::new(client);
        look_through_soon(&client);
        let client = RwLock::new(Some(client));
        Ok(Arc::new(Fieldseal { client }))
    })
    .await
}

/// Waits until nobody else has this client, for so long as a closing may take.
fn until_alone(client: &Arc<Client>) {
    let until = Instant::now() + Duration::from_millis(STORE_CLOSED_WITHIN_MS);
    while Arc::strong_count(client) > 1 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A phone with its store. All methods may be called from any thread and at the same time.
#[derive(uniffi::Object)]
pub struct Fieldseal {
    client: RwLock<Option<Arc<Client>>>,
}

impl Fieldseal {
    pub(super) fn client(&self) -> Done<Arc<Client>> {
        let held = self.client.read().unwrap_or_else(PoisonError::into_inner);
        let client = held.clone();
        let client =
            client.ok_or_else(|| ClientError::new("closed", "This was closed: open it again"))?;
        client.unless_wiped()?;
        Ok(client)
    }

    /// Work with the client, on a thread of the library.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Client) -> Done<T> + Send + 'static,
    ) -> Result<T, FieldsealError> {
        let client = self.client()?;
        run(move || client.serve(work)).await
    }

    /// The same where a list comes back.
    pub(super) async fn list<T, R>(
        &self,
        work: impl FnOnce(&Client) -> Done<Vec<T>> + Send + 'static,
    ) -> Result<Vec<R>, FieldsealError>
    where
        T: Send + 'static,
        R: From<T> + Send + 'static,
    {
        self.with(move |client| Ok(work(client)?.into_iter().map(R::from).collect()))
            .await
    }
}

#[uniffi::export]
impl Fieldseal {
    /// Closes the store. Calls under way are waited for, ten seconds at most; one that takes longer, as a sync may, goes on
    /// to its end, and until then the folder is `store.in_use`. Further calls answer `closed`.
    pub async fn close_store(&self) -> Result<(), FieldsealError> {
        let held = {
            let mut client = self.client.write().unwrap_or_else(PoisonError::into_inner);
            client.take()
        };
        // The last one closes files: not on the caller's thread.
        run(move || {
            if let Some(client) = held {
                until_alone(&client);
            }
            Ok(())
        })
        .await
    }

    /// Enrols this install with an administrator's one-time code and opens a session.
    pub async fn enrol(
        &self,
        server_url: String,
        code: String,
        label: String,
    ) -> Result<Owner, FieldsealError> {
        self.with(move |client| Ok(client.enrol(&server_url, &code, &label)?.into()))
            .await
    }

    /// Who this phone is; none before it was enrolled, or when a restored backup needs a new code.
    pub async fn owner(&self) -> Result<Option<Owner>, FieldsealError> {
        self.with(|client| Ok(client.enrolled()?.map(Owner::from)))
            .await
    }

    /// Opens a session; the offline queue is untouched.
    pub async fn log_in(&self, username: String, password: String) -> Result<(), FieldsealError> {
        self.with(move |client| client.login(&username, &password))
            .await
    }

    /// Ends the session. Unsent work and everything stored stay; how many changes are still unsent.
    pub async fn log_out(&self) -> Result<i64, FieldsealError> {
        self.with(|client| {
            client.logout()?;
            Ok(client.lock().store.count_unsent()?.into())
        })
        .await
    }

    /// Gives a person a key of their own on this phone, opened by their own PIN.
    pub async fn add_signatory(
        &self,
        username: String,
        password: String,
        pin: String,
    ) -> Result<Signatory, FieldsealError> {
        self.with(move |client| Ok(client.add_signer(&username, &password, &pin)?.into()))
            .await
    }

    /// Who can sign on this phone.
    pub async fn signatories(&self) -> Result<Vec<Signatory>, FieldsealError> {
        self.list(Client::signers).await
    }

    /// Whether a PIN opens somebody's key; `pin.wrong` or `pin.blocked` where it does not.
    pub async fn check_pin(&self, user_id: String, pin: String) -> Result<(), FieldsealError> {
        self.with(move |client| client.check_pin(id(&user_id)?, &pin))
            .await
    }

    /// 任务 in scope.
    pub async fn tasks(&self) -> Result<Vec<TaskInfo>, FieldsealError> {
        self.list(Client::tasks).await
    }

    /// Listed enterprises by name or 统一社会信用代码, the best first; a hundred at most.
    pub async fn find_enterprises(
        &self,
        text: String,
    ) -> Result<Vec<EnterpriseInfo>, FieldsealError> {
        self.list(move |client| client.find_enterprises(&text, ENTERPRISES_FOUND_MAX))
            .await
    }

    /// 实施细则 in scope.
    pub async fn product_rules(&self) -> Result<Vec<ProductRuleInfo>, FieldsealError> {
        self.list(Client::product_rules).await
    }

    /// By which rulebooks this phone rules, and as of when its duplicate index is.
    pub async fn rules_held(&self) -> Result<RulesHeld, FieldsealError> {
        self.with(|client| {
            Ok(RulesHeld {
                rulebooks: client.rulebook_names()?,
                index_as_of_ms: client.index_as_of()?,
            })
        })
        .await
    }

    /// Reference data of any kind, as JSON: `campaign`, `team`, `organisation`, `sampling_notice`, …
    pub async fn reference_records(
        &self,
        kind: String,
    ) -> Result<Vec<ReferenceRecord>, FieldsealError> {
        self.list(move |client| client.references(&kind)).await
    }

    /// Visits, newest first; no document is opened for it.
    pub async fn visits(&self) -> Result<Vec<VisitRow>, FieldsealError> {
        self.list(Client::visits).await
    }

    /// One visit whole, as JSON: sealed records as they were sealed, amendments beside them, the rest as it stands.
    pub async fn visit_json(&self, visit: String) -> Result<String, FieldsealError> {
        self.with(move |client| text(&client.visit(id(&visit)?)?))
            .await
    }

    /// SHA-256, hexadecimal, of what a visit says and how it is ruled, without ids and times: two phones that hold the same
    /// show the same.
    pub async fn visit_digest(&self, visit: String) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.visit_digest(id(&visit)?)?.to_string()))
            .await
    }

    /// The server's rulings in a visit, each in its highest version.
    pub async fn rulings(&self, visit: String) -> Result<Vec<RulingInfo>, FieldsealError> {
        self.list(move |client| client.rulings(id(&visit)?)).await
    }

    /// The same in the doctor's words.
    pub async fn ruled(&self, visit: String) -> Result<Vec<RuledInfo>, FieldsealError> {
        self.list(move |client| client.ruled(id(&visit)?)).await
    }

    /// What two phones wrote at the same time, with all values, settled ones among them.
    pub async fn conflicts(&self, visit: String) -> Result<Vec<ConflictRow>, FieldsealError> {
        self.list(move |client| client.conflicts(id(&visit)?)).await
    }

    /// Chooses one of the values of an open conflict, by the change that wrote it.
    pub async fn settle_conflict(
        &self,
        visit: String,
        path: String,
        change: String,
    ) -> Result<(), FieldsealError> {
        self.with(move |client| client.settle_conflict(id(&visit)?, &path, id(&change)?))
            .await
    }

    /// Takes a door (门锁) for a team for so many seconds, before the phone leaves the net.
    pub async fn take_lease(
        &self,
        team_id: String,
        enterprise_id: String,
        duration_s: i64,
    ) -> Result<LeaseRow, FieldsealError> {
        self.with(move |client| {
            let lease = client.take_lease(id(&team_id)?, id(&enterprise_id)?, duration_s)?;
            Ok(lease.into())
        })
        .await
    }

    /// Gives a lease back.
    pub async fn release_lease(&self, lease_id: String) -> Result<LeaseRow, FieldsealError> {
        self.with(move |client| Ok(client.release_lease(id(&lease_id)?)?.into()))
            .await
    }

    /// Every lease of the body that is known here, by their ends.
    pub async fn leases(&self) -> Result<Vec<LeaseRow>, FieldsealError> {
        self.list(Client::leases).await
    }

    /// What the leases say of a door, before anybody walks in and offline.
    pub async fn door(&self, plan: VisitPlan) -> Result<DoorInfo, FieldsealError> {
        self.with(move |client| DoorInfo::of(&client.door(&plan.read()?)?))
            .await
    }

    /// Begins to send what is unsent and to take in what is new; it runs on by itself. Two at a time wait for each other;
    /// `sync.too_many` where sixteen do.
    pub fn sync(
        &self,
        options: SyncOptions,
        listener: Option<Arc<dyn ProgressListener>>,
    ) -> Result<Arc<TaskHandle>, FieldsealError> {
        begin_sync(self.client()?, options, listener)
    }

    /// The host tells whether the network that the phone is on costs.
    pub fn set_network_metered(&self, metered: bool) -> Result<(), FieldsealError> {
        self.client()?.set_network_metered(metered);
        Ok(())
    }

    /// The largest file that goes over a metered network, in bytes; 0 lets none go.
    pub async fn set_metered_limit(&self, bytes_max: i64) -> Result<(), FieldsealError> {
        self.with(move |client| client.set_metered_limit(bytes_max))
            .await
    }

    /// 同步医生: every change by named state and reason.
    pub async fn doctor(&self) -> Result<Vec<DoctorRow>, FieldsealError> {
        self.list(Client::doctor).await
    }

    /// Offers again what the server refused as unreadable.
    pub async fn offer_refused_again(&self) -> Result<(), FieldsealError> {
        self.with(Client::offer_refused_again).await
    }

    /// Lets originals go for which the server has signed, until so many bytes are free.
    pub async fn free_space(&self, bytes_wanted: i64) -> Result<SpaceFreed, FieldsealError> {
        self.with(move |client| Ok(client.free_space(bytes_wanted)?.into()))
            .await
    }

    /// The engine over given facts (JSON) with this phone's rulebooks: findings as JSON, the same bytes as the server's.
    pub async fn verdict(&self, facts_json: String) -> Result<String, FieldsealError> {
        self.with(move |client| {
            fields(&facts_json)?;
            client.verdict(&facts_json)
        })
        .await
    }
}
