//! The one error of the face: a stable code to act on, a message for people, details for a log.

use std::fmt;

/// What an app is told when something was not done. Nothing that was acknowledged before is affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    /// Stable; an app acts on it. Codes of the server's catalogue are passed through.
    pub code: String,
    /// For people, in English; the code is the key of a translation.
    pub message: String,
    /// For a log: never personal data.
    pub details: String,
}

impl ClientError {
    /// An error without details.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            details: String::new(),
        }
    }

    /// The same with details for a log.
    #[must_use]
    pub fn with(mut self, details: impl fmt::Display) -> Self {
        self.details = details.to_string();
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

impl From<rusqlite::Error> for ClientError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new("store.failed", "The phone's store could not do this").with(error)
    }
}

impl From<sync_core::document::DocumentError> for ClientError {
    fn from(error: sync_core::document::DocumentError) -> Self {
        Self::new(error.code(), "The visit cannot be changed like this").with(error)
    }
}
