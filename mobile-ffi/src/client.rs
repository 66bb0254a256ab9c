//! The client that an app drives: blocking, owned types, one error. Every method that returns has stored durably what it
//! says; a kill afterwards loses nothing. This file opens the phone and gives it an identity; `syncing` sends and takes
//! in, `recording` and `records` write visits, `confirming` what enforcement finds, `capturing` keeps files and `uploading`
//! sends them, `knowing` reads and rules; `meeting` and `handing` are for two phones that have no network.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sync_core::limits::PIN_FAILURES_MAX;
use sync_core::model::{DeviceId, Millis, UserId};
use sync_core::proof::{
    BelievedKeys, CertificatePayload, Signed, agreement_statement, enrolment_statement,
    login_statement, signer_statement, tip_statement,
};
use sync_core::sync::wire::SignedTip;
use uuid::Uuid;

use crate::api::{Api, Refusal};
use crate::error::{ClientError, STORE_DAMAGED};
use crate::fault::Faults;
use crate::host::{Host, Signer, signed_with, unless_refused};
use crate::install::{Install, InstallFile};
use crate::keys::{self, HeldKey, RememberingVerifier, SoftwareKey};
use crate::kinds::Kinds;
use crate::media::MediaFolder;
use crate::store::{InUse, LookThrough, Salvage, Store};
use crate::taking;
use crate::turns::Running;
use crate::types::{Enrolled, SignerInfo};
use crate::uploading::Uploads;

pub(crate) type Done<T> = Result<T, ClientError>;

/// A phone.
pub struct Client {
    pub(crate) host: Host,
    pub(crate) inner: Mutex<Inner>,
    /// One sync at a time.
    pub(crate) syncing: Mutex<()>,
    /// One refresh at a time: two with one token would look like a copy in other hands.
    refreshing: Mutex<()>,
    /// One run of uploads at a time.
    pub(crate) uploading: Mutex<()>,
    pub(crate) uploads: Uploads,
    pub(crate) running: Arc<Running>,
    pub(crate) media: MediaFolder,
    /// Who verifies what is read again and again.
    pub(crate) verified: RememberingVerifier,
    /// Nothing is done any more: what it held is gone.
    pub(crate) wiped: AtomicBool,
    faults: Faults,
    path: PathBuf,
}

/// What is behind the lock; never held across the network.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) install: Install,
    pub(crate) file: InstallFile,
    pub(crate) key: Arc<dyn Signer>,
    access_token: Option<String>,
    /// The folder is this client's; the last to go, after the database was closed.
    pub(crate) in_use: Option<InUse>,
}

impl Inner {
    /// Forgets the session in memory.
    pub(crate) fn forget_session(&mut self) {
        self.access_token = None;
    }
}

/// Why there is no access token.
pub(crate) enum NoToken {
    /// The server, or the way to it, said so.
    Refused(Refusal),
    /// This phone has nothing to ask with.
    Missing(ClientError),
}

impl From<Refusal> for NoToken {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ClientError> for NoToken {
    fn from(error: ClientError) -> Self {
        Self::Missing(error)
    }
}

impl From<NoToken> for ClientError {
    fn from(none: NoToken) -> Self {
        match none {
            NoToken::Refused(refusal) => *refusal.error,
            NoToken::Missing(error) => error,
        }
    }
}

#[derive(Deserialize)]
struct Challenge {
    challenge: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

#[derive(Deserialize)]
struct ServerKey {
    key_id: String,
    public_key: String,
    #[serde(default)]
    activates_at_ms: Millis,
    #[serde(default)]
    revoked_at_ms: Millis,
}

#[derive(Deserialize)]
struct EnrolledDevice {
    device_id: DeviceId,
    certificate: Signed<CertificatePayload>,
    server_keys: Vec<ServerKey>,
    #[serde(default)]
    revoked_server_keys: Vec<ServerKey>,
    tokens: Tokens,
}

#[derive(Deserialize)]
struct SignerAnswer {
    certificate: Signed<CertificatePayload>,
}

/// By which key an install is known, compressed: by its certificate, or as the host told before there was one.
fn known_key(store: &Store, install: &Install) -> Done<Option<Vec<u8>>> {
    let certified = store.find_certificate(&install.actor)?;
    let certified = certified.and_then(|it| STANDARD.decode(it.public_key).ok());
    let told = || hex::decode(&install.host_key).ok();
    Ok(certified.or_else(told).and_then(|it| keys::point(&it)))
}

/// The key of an install, `told` by the host where that holds it; none where what is at hand is another key: nothing that it
/// signs would be believed of this install.
fn device_key(
    host: &Host,
    (store, install): (&Store, &Install),
    told: Option<&[u8]>,
) -> Done<Option<Arc<dyn Signer>>> {
    let known = known_key(store, install)?;
    let other = |key: &[u8]| known.as_ref().is_some_and(|known| known != key);
    if let Some(signer) = &host.signer {
        return Ok(match told {
            Some(told) if other(told) => None,
            told => {
                let known = known.or_else(|| told.map(<[u8]>::to_vec));
                Some(Arc::new(HeldKey::new(signer.clone(), known)))
            }
        });
    }
    let bytes = hex::decode(&install.device_key)
        .map_err(|e| ClientError::new("key.malformed", "The device key is none").with(e))?;
    let key = SoftwareKey::from_bytes(&bytes)?;
    Ok(match other(&key.public_key()) {
        true => None,
        false => Some(Arc::new(key)),
    })
}

/// What the host says its key is, compressed; none where it holds none, or does not say.
fn told_key(host: &Host) -> Option<Vec<u8>> {
    keys::point(&host.signer.as_ref()?.public_key())
}

/// A fresh identity with its key.
fn drawn(
    host: &Host,
    store: &Store,
    file: &InstallFile,
    told: Option<&[u8]>,
) -> Done<(Install, Arc<dyn Signer>)> {
    let install = file.draw(host.rng.as_ref(), store.position()?)?;
    let key = device_key(host, (store, &install), told)?;
    let key = key.ok_or_else(|| ClientError::new("key.malformed", "A new install has a key"))?;
    Ok((install, key))
}

/// Notes which key the host holds for this install, so that another one is known as such before there is a certificate too.
fn note_host_key(file: &InstallFile, mut install: Install, told: Option<&[u8]>) -> Install {
    let Some(told) = told.map(hex::encode).filter(|it| *it != install.host_key) else {
        return install;
    };
    install.host_key = told;
    if let Err(error) = file.write(&install) {
        tracing::warn!(%error, "the host's key is not noted for now");
    }
    install
}

impl Client {
    /// Opens the store at `path`, making it where there is none; a damaged file is set aside, never overwritten. If the
    /// database is an old copy (a restored backup), or the host's key is another than this install's, the install gets a
    /// fresh actor and needs a new enrolment code.
    pub fn open(path: &Path, host: Host) -> Done<Self> {
        Self::open_with(path, host, Faults::default())
    }

    /// The same, with places at which a test stops it.
    pub fn open_with(path: &Path, host: Host, faults: Faults) -> Done<Self> {
        Self::open_sealed_with(path, host, None, faults)
    }

    /// Opens a store that is under a key of 32 bytes, which the host keeps (Keystore, Keychain); a new one is put under it.
    /// Nothing is touched where the key is not the store's. Originals of evidence are files beside it, under no key of ours.
    ///
    /// # Errors
    /// `store.wrong_key`, `store.key_needed`, `store.not_sealed`, `store.key_malformed`, and `store.sealing_unsupported` in
    /// a build without the feature `sqlcipher`.
    pub fn open_sealed(path: &Path, host: Host, key: Option<&[u8]>) -> Done<Self> {
        Self::open_sealed_with(path, host, key, Faults::default())
    }

    /// The same, with places at which a test stops it.
    pub fn open_sealed_with(
        path: &Path,
        host: Host,
        key: Option<&[u8]>,
        faults: Faults,
    ) -> Done<Self> {
        let key = key.map(<[u8; 32]>::try_from).transpose().map_err(|_| {
            ClientError::new("store.key_malformed", "The key of a store has 32 bytes")
        })?;
        match Self::open_once(path, host.clone(), key.as_ref(), faults.clone()) {
            // Not all of it was read before: now it is.
            Err(error) if error.code == STORE_DAMAGED && Store::distrust(path) => {
                Self::open_once(path, host, key.as_ref(), faults)
            }
            done => done,
        }
    }

    fn open_once(path: &Path, host: Host, key: Option<&[u8; 32]>, faults: Faults) -> Done<Self> {
        let rng = host.rng.as_ref();
        let wall_ms = host.clock.wall_ms();
        let opened = Store::open_as_due(path, key, rng, wall_ms, faults.clone())?;
        let (mut store, salvaged) = opened;
        let file = InstallFile::beside(path);
        // While its key is at hand: another install cannot sign what this one wrote.
        let salvaged = salvaged.is_some() || !store.salvages()?.is_empty();
        let told = told_key(&host);
        let told = told.as_deref();
        if let Some(install) = file.read().filter(|_| salvaged)
            && let Some(key) = device_key(&host, (&store, &install), told)?
        {
            sign_again(&mut store, &install, key.as_ref())?;
        }
        let position = store.position()?;
        let known = store.setting("actor")?;
        let install = file.read().filter(|install| {
            known.is_none_or(|actor| actor == install.actor.to_string())
                && position >= install.sent_position
        });
        let held = match install {
            Some(install) => {
                let key = device_key(&host, (&store, &install), told)?;
                key.map(|key| (install, key))
            }
            None => None,
        };
        let (install, key) = match held {
            Some(held) => held,
            None => drawn(&host, &store, &file, told)?,
        };
        let install = note_host_key(&file, install, told);
        // An install that was made before there were parcels.
        let install = match install.agreement_seeds.is_empty() {
            true => file.draw_agreement(host.rng.as_ref(), install)?,
            false => install,
        };
        adopt(&mut store, &install, host.clock.wall_ms())?;
        let inner = Inner {
            store,
            install,
            file,
            key,
            access_token: None,
            in_use: None,
        };
        let client = Self {
            host,
            inner: Mutex::new(inner),
            syncing: Mutex::new(()),
            refreshing: Mutex::new(()),
            uploading: Mutex::new(()),
            uploads: Uploads::default(),
            running: Arc::default(),
            media: MediaFolder::beside(path, faults.clone()),
            verified: RememberingVerifier::default(),
            wiped: AtomicBool::new(false),
            faults,
            path: path.to_owned(),
        };
        client.put_media_in_order()?;
        Ok(client)
    }

    /// Keeps the folder for this client as long as it lives.
    pub(crate) fn hold(&self, in_use: InUse) {
        self.lock().in_use = Some(in_use);
    }

    /// What was saved from damaged stores of this phone, and what was not, the oldest first.
    pub fn salvages(&self) -> Done<Vec<Salvage>> {
        self.lock().store.salvages()
    }

    /// What reads all of the store while it is open, where that is due: on a thread that nobody waits for.
    pub fn look_through(&self) -> Option<LookThrough> {
        self.lock().store.look_through(self.wall_ms())
    }

    /// Damage was found in the store while it is open: from here on nothing is written (`store.damaged`), and what can be
    /// read is saved when it is opened anew.
    pub fn leave_damaged_store(&self) {
        self.lock().store.leave();
    }

    pub(crate) fn unless_wiped(&self) -> Done<()> {
        match self.wiped.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(ClientError::wiped()),
        }
    }

    /// Does something for the app, heeding damage; nothing once it was wiped. What fails under a wipe fails for that reason.
    pub(crate) fn serve<T>(&self, work: impl FnOnce(&Self) -> Done<T>) -> Done<T> {
        self.unless_wiped()?;
        let done = self.heeding(work);
        match done {
            Err(_) => self.unless_wiped().and(done),
            done => done,
        }
    }

    /// Does something with it; damage of the store that is met is known from then on.
    pub(crate) fn heeding<T>(&self, work: impl FnOnce(&Self) -> Done<T>) -> Done<T> {
        let done = work(self);
        if done.as_ref().is_err_and(|it| it.code == STORE_DAMAGED) {
            self.leave_damaged_store();
        }
        done
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Places at which a test stops it.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn api(&self) -> Done<Api> {
        let base = self.lock().store.setting("server_url")?;
        let base = base.ok_or_else(not_enrolled)?;
        Ok(Api {
            base,
            transport: self.host.transport.clone(),
            clock: self.host.clock.clone(),
        })
    }

    pub(crate) fn challenge(api: &Api) -> Result<String, Refusal> {
        let challenge: Challenge = api.call("POST", "/v1/challenges", None, None)?;
        Ok(challenge.challenge)
    }

    /// Enrols this install with an administrator's one-time code, pins the server's key and opens a session.
    pub fn enrol(&self, server_url: &str, code: &str, label: &str) -> Done<Enrolled> {
        let api = Api {
            base: server_url.trim_end_matches('/').to_owned(),
            transport: self.host.transport.clone(),
            clock: self.host.clock.clone(),
        };
        let public_key = self.key_to_enrol()?;
        let challenge = Self::challenge(&api)?;
        let (actor, key, agreement) = {
            let inner = self.lock();
            let agreement = inner.install.agreement_keys().into_iter().next();
            (inner.install.actor, inner.key.clone(), agreement)
        };
        let statement = enrolment_statement(&challenge, &actor, &public_key);
        let signature = signed_with(key.as_ref(), &statement)?;
        let before = self.lock().store.certificate_of_install(&actor)?;
        let mut body = json!({
            "code": code,
            "actor": actor,
            "public_key": STANDARD.encode(&public_key),
            "label": label,
            "challenge": challenge,
            "signature": STANDARD.encode(signature),
        });
        if let Some(agreement) = agreement {
            // This install has no id yet.
            let nobody = DeviceId(Uuid::nil());
            let statement = agreement_statement(&challenge, nobody, agreement.public());
            body["agreement_key"] = json!(STANDARD.encode(agreement.public()));
            let signature = signed_with(key.as_ref(), &statement)?;
            body["agreement_signature"] = json!(STANDARD.encode(signature));
        }
        // By it a server that was restored knows again who this is.
        if let Some(certificate) = before {
            body["certificate"] = certificate;
        }
        let answer: EnrolledDevice = api.call("POST", "/v1/devices", None, Some(&body))?;
        let mut keys = BelievedKeys::default();
        for key in answer.server_keys.iter().chain(&answer.revoked_server_keys) {
            keys.pin(&key.key_id, &key.public_key, key.activates_at_ms);
        }
        for key in &answer.revoked_server_keys {
            keys.drop_key(&key.key_id, key.revoked_at_ms);
        }
        let keys = keys.to_json();
        let mut inner = self.lock();
        inner.store.put_setting(taking::SERVER_KEYS, &keys)?;
        let payload = taking::open_signed(&inner.store, &answer.certificate)?;
        let certified = STANDARD.decode(&payload.public_key).unwrap_or_default();
        if payload.actor != actor || payload.device_id != answer.device_id {
            let message = "The certificate is another install's";
            return Err(ClientError::new("certificate.mismatch", message));
        }
        let enrolled = Enrolled {
            device_id: answer.device_id.to_string(),
            user_id: payload.user_id,
            user_name: payload.user_name.clone(),
            organisation_id: payload.organisation_id,
        };
        let text = serde_json::to_string(&enrolled).unwrap_or_default();
        inner.store.write(|write| {
            write.put_certificate(&payload, &certified, &answer.certificate)?;
            write.put_setting("enrolled", &text)?;
            write.put_setting("enrolled_actor", &actor.to_string())?;
            write.put_setting("server_url", &api.base)?;
            write.put_setting("refresh_token", &answer.tokens.refresh_token)?;
            // Another install's cursor says nothing about what this one may see; and the server that enrols an install
            // which was enrolled before may be a restored one, which knows nothing of what was sent.
            if write.remove_cursor()? {
                write.offer_everything_again()?;
            }
            Ok(())
        })?;
        inner.access_token = Some(answer.tokens.access_token);
        Ok(enrolled)
    }

    /// The key that is to be certified, as whoever holds it gives it. Where it is another than this install's (a host's key may be
    /// gone for good), what enrols is a new install.
    fn key_to_enrol(&self) -> Done<Vec<u8>> {
        let key = self.lock().key.clone();
        let given = unless_refused(key.public_key())?;
        let Some(point) = keys::point(&given) else {
            let message = "What the key of this phone gave is no P-256 key";
            return Err(ClientError::new("signer.refused", message));
        };
        if self.host.signer.is_none() {
            return Ok(given);
        }
        let mut inner = self.lock();
        match device_key(&self.host, (&inner.store, &inner.install), Some(&point))? {
            Some(key) => inner.key = key,
            None => self.become_another(&mut inner, Some(&point))?,
        }
        inner.install = note_host_key(&inner.file, inner.install.clone(), Some(&point));
        Ok(given)
    }

    /// A fresh actor from here on: what the one before wrote stays its own signed work.
    fn become_another(&self, inner: &mut Inner, told: Option<&[u8]>) -> Done<()> {
        let (install, key) = drawn(&self.host, &inner.store, &inner.file, told)?;
        inner.key = key;
        inner.install = install.clone();
        inner.access_token = None;
        adopt(&mut inner.store, &install, self.wall_ms())
    }

    /// Who this phone is; none before it was enrolled, or when a restored backup needs a new code.
    pub fn enrolled(&self) -> Done<Option<Enrolled>> {
        let inner = self.lock();
        if inner.store.setting("enrolled_actor")? != Some(inner.install.actor.to_string()) {
            return Ok(None);
        }
        let text = inner.store.setting("enrolled")?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Who this phone was, even if it needs a new code: work goes on in their name.
    pub(crate) fn person(&self) -> Done<Enrolled> {
        let text = self.lock().store.setting("enrolled")?;
        text.and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(not_enrolled)
    }

    pub(crate) fn device(&self) -> Done<(DeviceId, Enrolled)> {
        let enrolled = self.enrolled()?.ok_or_else(not_enrolled)?;
        let device = enrolled.device_id.parse();
        let device =
            device.map_err(|e| ClientError::new("store.failed", "The device has no id").with(e))?;
        Ok((device, enrolled))
    }

    fn device_proof(&self, api: &Api) -> Result<Value, NoToken> {
        let (device, _) = self.device()?;
        let challenge = Self::challenge(api)?;
        let key = self.lock().key.clone();
        let signature = signed_with(key.as_ref(), &login_statement(&challenge, device))?;
        Ok(json!({
            "device_id": device,
            "challenge": challenge,
            "signature": STANDARD.encode(signature),
        }))
    }

    fn keep_tokens(&self, tokens: Tokens) -> Done<String> {
        Self::keep_tokens_in(&mut self.lock(), tokens)
    }

    fn keep_tokens_in(inner: &mut Inner, tokens: Tokens) -> Done<String> {
        inner
            .store
            .put_setting("refresh_token", &tokens.refresh_token)?;
        inner.access_token = Some(tokens.access_token.clone());
        Ok(tokens.access_token)
    }

    /// Opens a session on this device; the offline queue is untouched.
    pub fn login(&self, username: &str, password: &str) -> Done<()> {
        let api = self.api()?;
        let body = json!({
            "grant": "password",
            "username": username,
            "password": password,
            "device": self.device_proof(&api)?,
        });
        let tokens: Tokens = api.call("POST", "/v1/tokens", None, Some(&body))?;
        self.keep_tokens(tokens).map(|_| ())
    }

    /// A fresh access token from the refresh token.
    pub(crate) fn refresh(&self, api: &Api) -> Result<String, NoToken> {
        let before = self.access_token();
        let _one = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(fresh) = self.access_token()
            && before.as_ref() != Some(&fresh)
        {
            return Ok(fresh);
        }
        let stored = self.lock().store.setting("refresh_token")?;
        let Some(stored) = stored else {
            return Err(login_needed().into());
        };
        let tokens = self.exchange(api, &stored)?;
        let mut inner = self.lock();
        if inner.store.setting("refresh_token")? != Some(stored) {
            // Somebody logged out meanwhile, or in anew.
            return Ok(inner.access_token.clone().ok_or_else(login_needed)?);
        }
        Ok(Self::keep_tokens_in(&mut inner, tokens)?)
    }

    /// New tokens for a refresh token; nothing of it is kept.
    fn exchange(&self, api: &Api, stored: &str) -> Result<Tokens, NoToken> {
        let body = json!({
            "grant": "refresh",
            "refresh_token": stored,
            "device": self.device_proof(api)?,
        });
        Ok(api.call("POST", "/v1/tokens", None, Some(&body))?)
    }

    pub(crate) fn access_token(&self) -> Option<String> {
        self.lock().access_token.clone()
    }

    /// A JSON call in the session, with one refresh.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Done<Value> {
        let api = self.api()?;
        let token = match self.access_token() {
            Some(token) => token,
            None => self.refresh(&api)?,
        };
        match api.call(method, path, Some(&token), body) {
            Err(refusal) if refusal.error.code.starts_with("token_") => {
                let token = self.refresh(&api)?;
                Ok(api.call(method, path, Some(&token), body)?)
            }
            other => Ok(other?),
        }
    }

    /// Ends the session; unsent work and everything stored stay. This phone forgets its tokens first; then the server is told,
    /// if it can be.
    pub fn logout(&self) -> Done<()> {
        let (access, stored) = {
            let mut inner = self.lock();
            let stored = inner.store.setting("refresh_token")?;
            let access = inner.access_token.take();
            inner
                .store
                .write(|write| write.remove_setting("refresh_token"))?;
            (access, stored)
        };
        if let Err(error) = self.tell_of_logout(access, stored) {
            tracing::info!(%error, "the server was not told of the logout");
        }
        Ok(())
    }

    fn tell_of_logout(&self, access: Option<String>, stored: Option<String>) -> Done<()> {
        let api = self.api()?;
        let end = |token: &str| -> Result<(), Refusal> {
            let _: Value = api.call("DELETE", "/v1/tokens", Some(token), None)?;
            Ok(())
        };
        if let Some(token) = access {
            match end(&token) {
                Err(refusal) if refusal.error.code.starts_with("token_") => {}
                told => return Ok(told?),
            }
        }
        let Some(stored) = stored else {
            return Ok(());
        };
        let _one = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let tokens = self.exchange(&api, &stored)?;
        Ok(end(&tokens.access_token)?)
    }

    /// Gives a sampler a key of their own on this phone, opened by their own PIN. The first sampler needs one as well:
    /// the device's key signs changes, a person's key signs seals.
    pub fn add_signer(&self, username: &str, password: &str, pin: &str) -> Done<SignerInfo> {
        let api = self.api()?;
        let (device, _) = self.device()?;
        let (key, bytes) = SoftwareKey::draw(self.host.rng.as_ref());
        let challenge = Self::challenge(&api)?;
        let public_key = key.public_key();
        let signature = key.sign(&signer_statement(&challenge, device, &public_key));
        let body = json!({
            "username": username,
            "password": password,
            "public_key": STANDARD.encode(&public_key),
            "challenge": challenge,
            "signature": STANDARD.encode(signature),
        });
        // The PIN is judged before the server is asked: a certified key that cannot be kept helps nobody.
        keys::wrap(&bytes, pin, "", self.host.rng.as_ref())?;
        let path = format!("/v1/devices/{device}/signers");
        let answer = self.call("POST", &path, Some(&body))?;
        let answer: SignerAnswer = serde_json::from_value(answer)
            .map_err(|e| ClientError::new("network.unreadable", "No certificate came").with(e))?;
        let mut inner = self.lock();
        let payload = taking::open_signed(&inner.store, &answer.certificate)?;
        if payload.public_key != STANDARD.encode(&public_key) || payload.device_id != device {
            let message = "The certificate is for another key";
            return Err(ClientError::new("certificate.mismatch", message));
        }
        let bound_to = payload.user_id.to_string();
        let wrapped = keys::wrap(&bytes, pin, &bound_to, self.host.rng.as_ref())?;
        inner.store.write(|write| {
            write.put_signer(&payload, &public_key, &answer.certificate, &wrapped)
        })?;
        Ok(signer_info(&payload))
    }

    /// Who can sign here.
    pub fn signers(&self) -> Done<Vec<SignerInfo>> {
        let signers = self.lock().store.list_signers()?;
        Ok(signers
            .iter()
            .map(|row| signer_info(&row.payload))
            .collect())
    }

    /// Whether a sampler's PIN opens their key: asked before the phone is handed to the party. Counts like any attempt.
    pub fn check_pin(&self, user: UserId, pin: &str) -> Done<()> {
        self.open_signer(user, pin).map(|_| ())
    }

    /// Opens a sampler's key with their PIN. Wrong PINs are counted before the key is tried, so that a kill forgets none.
    pub(crate) fn open_signer(
        &self,
        user: UserId,
        pin: &str,
    ) -> Done<(SoftwareKey, CertificatePayload)> {
        let mut inner = self.lock();
        let row = inner.store.list_signers()?;
        let row = row.into_iter().find(|row| row.payload.user_id == user);
        let row = row.ok_or_else(|| {
            ClientError::new("signer.unknown", "This person has no key on this phone")
        })?;
        if row.failures >= PIN_FAILURES_MAX {
            let message = "Too many wrong PINs: the person logs in again on this phone";
            return Err(ClientError::new("pin.blocked", message));
        }
        // The key was certified for the install that this one was before; a seal by it would not hold.
        if row.payload.actor != inner.install.actor {
            let message =
                "The key belongs to an earlier install: the person logs in again on this phone";
            return Err(ClientError::new("signer.other_install", message));
        }
        let id = user.to_string();
        inner
            .store
            .write(|write| write.put_signer_failures(&id, row.failures + 1))?;
        let Some(key) = keys::unwrap(&row.wrapped, pin, &id)? else {
            return Err(ClientError::new("pin.wrong", "The PIN is wrong"));
        };
        inner
            .store
            .write(|write| write.put_signer_failures(&id, 0))?;
        Ok((key, row.payload))
    }

    /// Where the server knows another change under a number of this install (a copy of the whole phone was used
    /// elsewhere), a fresh actor is drawn. What was written stays and is shown; documents are taken back to what stood
    /// before the fork, so that what is written from now on is not held for ever. Again does the rest of what a kill cut.
    pub(crate) fn leave_fork(&self) -> Done<()> {
        let wall_ms = self.host.clock.wall_ms();
        let mut inner = self.lock();
        let forked = inner.store.list_forked(&inner.install.actor)?;
        if forked.is_empty() {
            return Ok(());
        }
        taking::part(&mut inner.store, &Kinds, &forked, wall_ms)?;
        // The host's key stays what it is.
        let told = known_key(&inner.store, &inner.install)?.filter(|_| self.host.signer.is_some());
        self.become_another(&mut inner, told.as_deref())?;
        inner.install = note_host_key(&inner.file, inner.install.clone(), told.as_deref());
        Ok(())
    }

    pub(crate) fn wall_ms(&self) -> Millis {
        self.host.clock.wall_ms()
    }
}

/// Signs what this install wrote and whose signatures were lost with a damaged store.
fn sign_again(store: &mut Store, install: &Install, key: &dyn Signer) -> Done<()> {
    let unsigned = store.list_unsigned(&install.actor)?;
    let tips = unsigned.into_iter().map(|tip| {
        let signature = STANDARD.encode(key.sign(&tip_statement(&tip)));
        SignedTip { tip, signature }
    });
    let signed = tips.filter(|tip| !tip.signature.is_empty());
    let tips: Vec<SignedTip> = signed.collect();
    store.write(|write| tips.iter().try_for_each(|tip| write.put_tip(tip)))
}

/// Makes the database this install's. If it was another's, what that one wrote is somebody else's signed work now, its
/// sheet numbers are spent (they may have been used after the copy was taken), and its session is not this install's.
fn adopt(store: &mut Store, install: &Install, wall_ms: Millis) -> Done<()> {
    let actor = install.actor.to_string();
    let known = store.setting("actor")?;
    if known.as_deref() == Some(actor.as_str()) {
        return Ok(());
    }
    store.write(|write| {
        if known.is_some() {
            write.disown_changes()?;
            write.spend_sheet_numbers(wall_ms)?;
            write.remove_setting("refresh_token")?;
        }
        write.put_setting("actor", &actor)
    })
}

fn login_needed() -> ClientError {
    ClientError::new("login_needed", "Log in again; nothing is lost")
}

pub(crate) fn not_enrolled() -> ClientError {
    ClientError::new(
        "enrolment_needed",
        "This phone needs an enrolment code; what it holds is kept",
    )
}

fn signer_info(payload: &CertificatePayload) -> SignerInfo {
    SignerInfo {
        user_id: payload.user_id,
        user_name: payload.user_name.clone(),
        certificate_no: payload.certificate_no.clone(),
    }
}

#[cfg(test)]
mod tests;
