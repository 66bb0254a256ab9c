//! The one error of the face: a stable code to act on, a message for people, details for a log.

use std::fmt;

use sync_core::sync::enforcement::Objection;

/// What an app is told when something was not done. Nothing that was acknowledged before is affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    /// Stable; an app acts on it. Codes of the server's catalogue are passed through.
    pub code: String,
    /// For people, in English; the code is the key of a translation.
    pub message: String,
    /// For a log: never personal data.
    pub details: String,
    /// What stands in the way, one by one and in words, where a sheet cannot be sealed or a task not be started.
    pub objections: Vec<Objection>,
}

impl ClientError {
    /// An error without details.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            details: String::new(),
            objections: Vec::new(),
        }
    }

    /// The store is damaged, found while it is open.
    pub(crate) fn damaged(because: impl fmt::Display) -> Self {
        let message = "The phone's store is damaged: open it anew, and what can be read is saved";
        Self::new(STORE_DAMAGED, message).with(because)
    }

    /// The store was wiped while this client had it.
    pub(crate) fn wiped() -> Self {
        Self::new(WIPED, "This store was wiped: open it anew")
    }

    /// The same with details for a log.
    #[must_use]
    pub fn with(mut self, details: impl fmt::Display) -> Self {
        self.details = details.to_string();
        self
    }

    /// The same with what stands in the way; their codes go into the details.
    #[must_use]
    pub fn over(mut self, objections: Vec<Objection>) -> Self {
        let code = |it: &Objection| match it.path.as_str() {
            "" => format!("{}.{}", it.rule_id, it.code),
            path => format!("{path}.{}", it.code),
        };
        let codes: Vec<String> = objections.iter().map(code).collect();
        self.details = codes.join(", ");
        self.objections = objections;
        self
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)?;
        match self.details.as_str() {
            "" => Ok(()),
            details => write!(f, ": {details}"),
        }
    }
}

impl std::error::Error for ClientError {}

/// The code under which the store has no room, not even in its reserve.
pub const STORE_FULL: &str = "store.full";
/// The code under which a store that a newer app made is not opened.
pub const NEWER_VERSION: &str = "store.newer_version";
/// The code under which a key does not open the store.
pub const WRONG_KEY: &str = "store.wrong_key";
/// The code under which a store is under a key and none was given.
pub const KEY_NEEDED: &str = "store.key_needed";
/// The code under which a key was given for a store that is under none.
pub const NOT_SEALED: &str = "store.not_sealed";
/// The code under which a build cannot keep a store under a key.
pub const SEALING_UNSUPPORTED: &str = "store.sealing_unsupported";
/// The code under which a client does nothing any more, since its store was wiped.
pub const WIPED: &str = "store.wiped";
/// The code under which a folder is not opened a second time while it is open.
pub const IN_USE: &str = "store.in_use";
/// The code under which SQLite finds the store damaged while it is open: closed and opened again it is salvaged.
pub const STORE_DAMAGED: &str = "store.damaged";

impl From<rusqlite::Error> for ClientError {
    fn from(error: rusqlite::Error) -> Self {
        if crate::store::is_full(&error) {
            return Self::new(STORE_FULL, "The phone's disk is full").with(error);
        }
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly) {
            return Self::wiped().with(error);
        }
        if crate::store::is_damage(&error) || crate::store::is_unreadable(&error) {
            return Self::damaged(error);
        }
        Self::new("store.failed", "The phone's store could not do this").with(error)
    }
}

impl From<sync_core::document::DocumentError> for ClientError {
    fn from(error: sync_core::document::DocumentError) -> Self {
        Self::new(error.code(), "The visit cannot be changed like this").with(error)
    }
}
