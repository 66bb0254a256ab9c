//! Errors at the border: the one that callers get, and the one that hosts give.

use sync_core::limits::PROBLEM_DETAILS_CHARS_MAX;

use crate::error::ClientError;

/// What stands in the way of a seal or of a task, in words.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Obstacle {
    /// The rule: `FORM`, `TWO`, `NOSAMP`, …
    pub rule_id: String,
    /// Where in a form, as `sheet.sampled_party.uscc`; empty where it is no one field.
    pub path: String,
    /// What, as `required`, `check_digit`, `too_few`; stable.
    pub code: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<sync_core::sync::enforcement::Objection> for Obstacle {
    fn from(it: sync_core::sync::enforcement::Objection) -> Self {
        Self {
            rule_id: it.rule_id,
            path: it.path,
            code: it.code,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Problem {
    /// Stable; an app acts on it. Codes of the server's catalogue are passed through.
    pub code: String,
    /// For people, in English; the code is the key of a translation.
    pub message: String,
    /// For a log: never personal data.
    pub details: String,
    /// What stands in the way, one by one, where a record cannot be sealed or a task not be started.
    pub obstacles: Vec<Obstacle>,
}

/// The one error of the face. Nothing that was acknowledged before is affected by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum FieldsealError {
    /// It was not done.
    #[error("{} ({})", problem.message, problem.code)]
    Failed {
        /// Why.
        problem: Problem,
    },
}

impl FieldsealError {
    /// Why.
    pub fn problem(&self) -> &Problem {
        let Self::Failed { problem } = self;
        problem
    }

    /// A defect of this library, caught at the border.
    pub(super) fn internal(details: String) -> Self {
        ClientError::new("internal", "The library failed; nothing stored is lost")
            .with(details)
            .into()
    }
}

impl From<ClientError> for FieldsealError {
    fn from(error: ClientError) -> Self {
        let mut details = error.details;
        // What others said may be as long as what they were given.
        if let Some((end, _)) = details.char_indices().nth(PROBLEM_DETAILS_CHARS_MAX) {
            details.truncate(end);
        }
        Self::Failed {
            problem: Problem {
                code: error.code,
                message: error.message,
                details,
                obstacles: error.objections.into_iter().map(Obstacle::from).collect(),
            },
        }
    }
}

/// What a host's own code answers where it could not do what it was asked. An exception that it throws instead arrives as
/// [`HostFailure::Failed`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HostFailure {
    /// It could not, or would not.
    #[error("{reason}")]
    Failed {
        /// For a log.
        reason: String,
    },
    /// There is no way to the server now.
    #[error("unreachable: {reason}")]
    Unreachable {
        /// For a log.
        reason: String,
    },
    /// It took too long.
    #[error("timed out")]
    TimedOut,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for HostFailure {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed {
            reason: error.reason,
        }
    }
}
