//! Passwords by Argon2id, m = 19 MiB and t = 2, a few at a time: hashing is the dearest thing a stranger can ask of us.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use sync_core::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};

const MEMORY_KIB: u32 = 19 * 1024;
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at the same time; each holds 19 MiB.
const AT_ONCE: usize = 4;
/// What the password of an unknown user is compared with, so that the answer takes as long as for a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares passwords.
#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

fn argon2id() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, ITERATIONS, LANES, None)
        .map_err(|error| Problem::internal(&error))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl Passwords {
    /// The PHC string to store.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, Problem> {
        let _slot = self.slot().await?;
        blocking(move || {
            argon2id()?
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|error| Problem::internal(&error))
        })
        .await
    }

    /// Whether the password is the stored one. Without a stored one it is not, after the same work.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        let _slot = self.slot().await?;
        blocking(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
            let hash = PasswordHash::new(&stored).map_err(|error| Problem::internal(&error))?;
            Ok(argon2id()?
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
                && known)
        })
        .await
    }

    async fn slot(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        self.slots
            .acquire()
            .await
            .map_err(|error| Problem::internal(&error))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(&error))?
}

/// Whether a new password may be used.
pub fn check_new(field: &str, password: &str) -> Result<(), Problem> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let detail = format!("is shorter than {PASSWORD_CHARS_MIN} characters");
        return Err(Problem::new(Code::ValueInvalid).field(field, detail));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        let detail = format!("is longer than {PASSWORD_BYTES_MAX} bytes");
        return Err(Problem::new(Code::ValueInvalid).field(field, detail));
    }
    Ok(())
}
