//! Where bytes lie that are no rows: parts of uploads, originals of evidence (影像证据), renditions. One handle over a folder
//! (fsync on) or a bucket of an S3-compatible store; who uses it does not know which. An original is named by its SHA-256
//! and is written once; what is written appears whole or not at all.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::prefix::PrefixStore;
use object_store::{
    BackoffConfig, ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload, RetryConfig,
};
use sync_core::limits::{
    OBJECT_READ_BYTES, OBJECT_WRITE_BYTES, OBJECTS_REQUEST_S, OBJECTS_RETRIES_MAX,
    OBJECTS_RETRY_S_MAX,
};
use sync_core::model::{Digest, Millis, UploadId};

use crate::data_folder::make_private;

/// Parts of uploads lie below this.
pub const UPLOADS: &str = "uploads";
/// Originals lie below this.
pub const EVIDENCE: &str = "evidence";
/// What was made of originals lies below this.
pub const RENDITIONS: &str = "renditions";

/// What an object is called. Only names made here exist, so nothing that a client says becomes a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(StorePath);

impl ObjectName {
    /// A part of an upload. The chance keeps two requests apart that both write what follows the same offset: which one
    /// counts is the database's to say, and neither writes over the other.
    pub fn part(upload: UploadId, offset: i64, chance: [u8; 8]) -> Self {
        let chance = hex::encode(chance);
        Self(StorePath::from(format!(
            "{UPLOADS}/{upload}/{offset}-{chance}"
        )))
    }

    /// An original, named by its content.
    pub fn original(sha256: Digest) -> Self {
        Self(StorePath::from(format!("{EVIDENCE}/{sha256}")))
    }

    /// What was made of an original; the name is ours, as `512.jpg`.
    pub fn rendition(sha256: Digest, name: &'static str) -> Self {
        Self(StorePath::from(format!("{RENDITIONS}/{sha256}/{name}")))
    }

    /// A name that was written down: in the database, or in a backup.
    pub fn parse(text: &str) -> Option<Self> {
        let path = StorePath::parse(text).ok()?;
        (path.as_ref() == text && path.parts().count() >= 2).then_some(Self(path))
    }

    /// As it is written down.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectName({self})")
    }
}

/// Whether a file in the folder is one that is still being written, or was when its process was killed: the folder's store
/// writes to a name with `#` and a number, and renames.
pub fn is_staged(file_name: &str) -> bool {
    file_name.rsplit_once('#').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What a listing says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: ObjectName,
    /// Its length, in bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub written_at: Millis,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The object is there now.
    New,
    /// One of this name was there, and stays as it is.
    There,
}

/// Why an object was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// There is none of this name.
    #[error("there is no object {0}")]
    Missing(String),
    /// The disk, or what is allowed of it, is used up.
    #[error("there is no room for objects: {0}")]
    Full(object_store::Error),
    /// The store does not answer, or not as it should.
    #[error("the objects cannot be reached: {0}")]
    Unavailable(object_store::Error),
}

impl From<object_store::Error> for ObjectsError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::Missing(path),
            error if tells_of_no_room(&error) => Self::Full(error),
            error => Self::Unavailable(error),
        }
    }
}

/// The reason lies at the end of a chain of errors: of the system, or as a status of S3-compatible stores (507).
fn tells_of_no_room(error: &object_store::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge)
        {
            return true;
        }
        let told = error.to_string();
        if error.source().is_none()
            && (told.contains("507 Insufficient Storage") || told.contains("XMinioStorageFull"))
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// Why there is no handle.
#[derive(Debug, thiserror::Error)]
pub enum OpenObjectsError {
    /// The address names no store that we know.
    #[error(
        "objects_url_invalid: {0} is no address of objects: s3://bucket/prefix or file:///folder"
    )]
    Address(String),
    /// The folder cannot be made.
    #[error("the folder of objects {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    /// What is configured does not fit together.
    #[error("objects_config_invalid: {0}")]
    Config(#[from] object_store::Error),
}

/// A result of the objects.
pub type Result<T, E = ObjectsError> = std::result::Result<T, E>;

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: Option<PathBuf>,
}

impl Objects {
    /// The objects at an address: `s3://bucket/prefix`, `file:///folder`, or else this folder. `environment` holds the AWS
    /// variables.
    pub fn open(
        url: Option<&str>,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OpenObjectsError> {
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return Self::in_folder(folder);
        };
        let unknown = || OpenObjectsError::Address(url.to_owned());
        match url.split_once("://").ok_or_else(unknown)? {
            ("file", path) if path.starts_with('/') => Self::in_folder(Path::new(path)),
            ("s3", place) => {
                let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
                let prefix = StorePath::parse(prefix).map_err(|_| unknown())?;
                if bucket.is_empty() || bucket.contains(['?', '#', '@']) {
                    return Err(unknown());
                }
                Self::in_bucket(bucket, prefix, environment)
            }
            _ => Err(unknown()),
        }
    }

    /// The objects in a folder, which is made if it is missing.
    fn in_folder(folder: &Path) -> Result<Self, OpenObjectsError> {
        make_private(folder).map_err(|error| OpenObjectsError::Folder(folder.to_owned(), error))?;
        // Without fsync the store says that a part is there while only the system's memory has it.
        let store = LocalFileSystem::new_with_prefix(folder)?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self {
            store: Arc::new(store),
            folder: Some(folder.to_owned()),
        })
    }

    fn in_bucket(
        bucket: &str,
        prefix: StorePath,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OpenObjectsError> {
        let mut builder = AmazonS3Builder::new();
        let mut options = ClientOptions::new()
            .with_timeout(Duration::from_secs(OBJECTS_REQUEST_S))
            .with_connect_timeout(Duration::from_secs(OBJECTS_RETRY_S_MAX));
        let mut settings = Vec::new();
        for (name, value) in environment {
            if !name.starts_with("AWS_") {
                continue;
            }
            // Whoever writes http:// means it; AWS itself is never reached without TLS.
            if name.starts_with("AWS_ENDPOINT") && value.starts_with("http://") {
                options = options.with_allow_http(true);
            }
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                settings.push((key, value));
            }
        }
        builder = builder.with_client_options(options);
        for (key, value) in settings {
            builder = builder.with_config(key, value);
        }
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: OBJECTS_RETRIES_MAX,
            retry_timeout: Duration::from_secs(OBJECTS_RETRY_S_MAX),
        };
        let store = builder.with_bucket_name(bucket).with_retry(retry).build()?;
        Ok(Self {
            store: Arc::new(PrefixStore::new(store, prefix)),
            folder: None,
        })
    }

    /// Objects over any store.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            folder: None,
        }
    }

    /// The folder that they lie in, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Writes an object unless one of this name is there. Durable when it returns.
    pub async fn put_new(&self, name: &ObjectName, bytes: Bytes) -> Result<Written> {
        self.put_payload(name, bytes.into()).await
    }

    /// The same for bytes that came in pieces.
    pub async fn put_pieces(&self, name: &ObjectName, pieces: Vec<Bytes>) -> Result<Written> {
        self.put_payload(name, pieces.into_iter().collect()).await
    }

    async fn put_payload(&self, name: &ObjectName, payload: PutPayload) -> Result<Written> {
        let options = PutOptions::from(PutMode::Create);
        match self.store.put_opts(&name.0, payload, options).await {
            Ok(_) => Ok(Written::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Written::There),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives an object in a folder a second name, without writing its bytes again. Durable when it returns true; false where
    /// that cannot be done, as in a bucket.
    pub async fn link_new(&self, from: &ObjectName, to: &ObjectName) -> Result<bool> {
        if self.folder.is_none() {
            return Ok(false);
        }
        match self.store.copy_if_not_exists(&from.0, &to.0).await {
            Ok(()) | Err(object_store::Error::AlreadyExists { .. }) => Ok(true),
            Err(error) => match ObjectsError::from(error) {
                missing @ ObjectsError::Missing(_) => Err(missing),
                // Not every file system has links.
                _ => Ok(false),
            },
        }
    }

    /// Begins to write an object of any length, [`OBJECT_WRITE_BYTES`] of it in memory at a time.
    pub fn writer(&self, name: &ObjectName) -> ObjectWriter {
        ObjectWriter {
            objects: self.clone(),
            name: name.clone(),
            pieces: Vec::new(),
            waiting: 0,
            upload: None,
        }
    }

    /// How long an object is; none if it is not there.
    pub async fn size(&self, name: &ObjectName) -> Result<Option<u64>> {
        match self.store.head(&name.0).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Bytes of an object. The range lies within it and is held in memory: see [`Objects::stream`] for long ones.
    pub async fn read(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        Ok(self.store.get_range(&name.0, range).await?)
    }

    /// Bytes of an object, [`OBJECT_READ_BYTES`] at a time. The range lies within it.
    pub fn stream(
        &self,
        name: &ObjectName,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        let (objects, name) = (self.clone(), name.clone());
        futures_util::stream::try_unfold(range.start, move |at| {
            let (objects, name) = (objects.clone(), name.clone());
            let until = range.end.min(at.saturating_add(OBJECT_READ_BYTES));
            async move {
                if at >= until {
                    return Ok(None);
                }
                let bytes = objects.read(&name, at..until).await?;
                // A shorter answer would else be asked for again without end.
                let next = match bytes.len() as u64 {
                    0 => until,
                    read => at + read,
                };
                Ok(Some((bytes, next)))
            }
        })
    }

    /// Every object below a folder such as [`UPLOADS`], in no order.
    pub fn list(&self, below: &str) -> impl Stream<Item = Result<Listed>> + Send + 'static {
        let below = StorePath::from(below);
        let found = self.store.list(Some(&below));
        found.map(|found| {
            let found = found?;
            Ok(Listed {
                name: ObjectName(found.location),
                size: found.size,
                written_at: found.last_modified.timestamp_millis(),
            })
        })
    }

    /// Deletes an object; it may be gone already.
    pub async fn delete(&self, name: &ObjectName) -> Result<()> {
        match self.store.delete(&name.0).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes one object piece by piece. Nothing of it is seen until [`ObjectWriter::finish`]; whoever stops before calls
/// [`ObjectWriter::abort`].
pub struct ObjectWriter {
    objects: Objects,
    name: ObjectName,
    pieces: Vec<Bytes>,
    waiting: usize,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl ObjectWriter {
    /// Takes the next bytes.
    pub async fn put(&mut self, mut bytes: Bytes) -> Result<()> {
        while self.waiting + bytes.len() > OBJECT_WRITE_BYTES {
            // All pieces but the last of a multipart upload are equally long: some stores insist.
            let piece = bytes.split_to(OBJECT_WRITE_BYTES - self.waiting);
            self.keep(piece);
            self.send().await?;
        }
        self.keep(bytes);
        Ok(())
    }

    fn keep(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.waiting += bytes.len();
            self.pieces.push(bytes);
        }
    }

    async fn send(&mut self) -> Result<()> {
        let payload: PutPayload = std::mem::take(&mut self.pieces).into_iter().collect();
        self.waiting = 0;
        let upload = match &mut self.upload {
            Some(upload) => upload,
            None => {
                let begun = self.objects.store.put_multipart(&self.name.0).await?;
                self.upload.insert(begun)
            }
        };
        Ok(upload.put_part(payload).await?)
    }

    /// Makes the object appear, unless one of its name is there. Durable when it returns.
    pub async fn finish(mut self) -> Result<Written> {
        if self.upload.is_none() {
            let payload = std::mem::take(&mut self.pieces).into_iter().collect();
            return self.objects.put_payload(&self.name, payload).await;
        }
        let finished = self.finish_long().await;
        if finished.is_err() {
            self.abort().await;
        }
        finished
    }

    async fn finish_long(&mut self) -> Result<Written> {
        if self.waiting > 0 {
            self.send().await?;
        }
        // No store makes a long object on a condition. Two that write one name at the same moment write the same bytes,
        // because long objects are named by their content.
        if self.objects.size(&self.name).await?.is_some() {
            self.give_up().await;
            return Ok(Written::There);
        }
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = upload.complete().await
        {
            self.upload = Some(upload);
            return Err(error.into());
        }
        Ok(Written::New)
    }

    /// Gives up what was written.
    pub async fn abort(mut self) {
        self.give_up().await;
    }

    async fn give_up(&mut self) {
        if let Some(mut upload) = self.upload.take() {
            // What stays of it is swept up later.
            let _ = upload.abort().await;
        }
    }
}
