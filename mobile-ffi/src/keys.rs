//! Keys of the phone: the software device key, and the samplers' keys under their own PINs (Argon2id, then
//! XChaCha20-Poly1305). The verifier for what others signed is here too.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use sync_core::limits::{
    PIN_CHARS_MIN, PIN_KDF_MEMORY_KIB, PIN_KDF_PASSES, SIGNATURES_REMEMBERED_MAX,
};
use sync_core::proof::Verifier;

use crate::error::ClientError;
use crate::host::{Rng, Signer};

/// P-256 and Ed25519 in pure Rust: nothing to link on a phone.
#[derive(Debug, Clone, Copy, Default)]
pub struct RustVerifier;

impl Verifier for RustVerifier {
    fn verify_p256(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let Ok(key) = VerifyingKey::from_sec1_bytes(public_key) else {
            return false;
        };
        let raw = Signature::from_slice(signature).is_ok_and(|s| key.verify(message, &s).is_ok());
        raw || DerSignature::from_bytes(signature).is_ok_and(|s| key.verify(message, &s).is_ok())
    }

    fn verify_ed25519(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let Ok(key) = <[u8; 32]>::try_from(public_key) else {
            return false;
        };
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&key) else {
            return false;
        };
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
    }
}

/// The same, and it remembers which signatures held: those of one visit are asked after with every verdict near it, and one
/// is dearer than all the rest of reading a record. What did not hold is tried again.
#[derive(Debug, Default)]
pub struct RememberingVerifier {
    /// SHA-256 of what was asked.
    held: Mutex<BTreeSet<[u8; 32]>>,
}

impl RememberingVerifier {
    fn remembered(
        &self,
        kind: &[u8],
        (public_key, message, signature): (&[u8], &[u8], &[u8]),
        verify: impl FnOnce() -> bool,
    ) -> bool {
        let mut asked = Sha256::new();
        for part in [kind, public_key, signature, message] {
            asked.update((part.len() as u64).to_be_bytes());
            asked.update(part);
        }
        let asked: [u8; 32] = asked.finalize().into();
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held().contains(&asked) {
            return true;
        }
        let holds = verify();
        if holds {
            let mut held = held();
            if held.len() >= SIGNATURES_REMEMBERED_MAX {
                held.clear();
            }
            held.insert(asked);
        }
        holds
    }
}

impl Verifier for RememberingVerifier {
    fn verify_p256(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        self.remembered(b"p256", (public_key, message, signature), || {
            RustVerifier.verify_p256(public_key, message, signature)
        })
    }

    fn verify_ed25519(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        self.remembered(b"ed25519", (public_key, message, signature), || {
            RustVerifier.verify_ed25519(public_key, message, signature)
        })
    }
}

/// A P-256 key in memory.
pub struct SoftwareKey {
    key: SigningKey,
}

impl SoftwareKey {
    /// From 32 bytes; almost all are a key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClientError> {
        let key = SigningKey::from_slice(bytes)
            .map_err(|_| ClientError::new("key.malformed", "The stored key is none"))?;
        Ok(Self { key })
    }

    /// A fresh one, and its 32 bytes.
    pub fn draw(rng: &dyn Rng) -> (Self, [u8; 32]) {
        loop {
            let mut bytes = [0; 32];
            rng.fill(&mut bytes);
            if let Ok(key) = Self::from_bytes(&bytes) {
                return (key, bytes);
            }
        }
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> Vec<u8> {
        self.key
            .verifying_key()
            .to_sec1_point(true)
            .as_bytes()
            .to_vec()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(message);
        signature.to_bytes().to_vec()
    }
}

/// The point of a P-256 key in one form, compressed; none where these bytes are no key.
pub(crate) fn point(public_key: &[u8]) -> Option<Vec<u8>> {
    let key = VerifyingKey::from_sec1_bytes(public_key).ok()?;
    Some(key.to_sec1_point(true).as_bytes().to_vec())
}

/// A key that the host holds, believed no further than its signatures hold: what does not verify is refused, since the server
/// would set aside what is sent under it.
pub(crate) struct HeldKey {
    signer: Arc<dyn Signer>,
    /// By which key this install is known; none as long as the host told none.
    known: Mutex<Option<Vec<u8>>>,
}

impl HeldKey {
    pub(crate) fn new(signer: Arc<dyn Signer>, known: Option<Vec<u8>>) -> Self {
        Self {
            signer,
            known: Mutex::new(known),
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signer for HeldKey {
    fn public_key(&self) -> Vec<u8> {
        self.signer.public_key()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.signer.sign(message);
        if signature.is_empty() {
            return signature;
        }
        let known = self.known().clone();
        let Some(known) = known.or_else(|| point(&self.signer.public_key())) else {
            return Vec::new();
        };
        if !RustVerifier.verify_p256(&known, message, &signature) {
            tracing::warn!("the host's key gave a signature that does not hold");
            return Vec::new();
        }
        *self.known() = Some(known);
        signature
    }
}

/// A key under a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Of the key derivation.
    pub salt: [u8; 16],
    /// Of the cipher.
    pub nonce: [u8; 24],
    /// The key, sealed.
    pub bytes: Vec<u8>,
}

fn cipher(pin: &str, salt: &[u8]) -> Result<XChaCha20Poly1305, ClientError> {
    let bad =
        |e: argon2::Error| ClientError::new("key.malformed", "The PIN cannot be used").with(e);
    let params = Params::new(PIN_KDF_MEMORY_KIB, PIN_KDF_PASSES, 1, Some(32)).map_err(bad)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, &mut key)
        .map_err(bad)?;
    Ok(XChaCha20Poly1305::new(&Key::from(key)))
}

/// Puts a key under a PIN; `bound_to` (the person) must be the same when it is opened.
pub fn wrap(
    key: &[u8; 32],
    pin: &str,
    bound_to: &str,
    rng: &dyn Rng,
) -> Result<Wrapped, ClientError> {
    if pin.chars().count() < PIN_CHARS_MIN {
        let message = format!("A PIN has at least {PIN_CHARS_MIN} characters");
        return Err(ClientError::new("pin.too_short", message));
    }
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    rng.fill(&mut salt);
    rng.fill(&mut nonce);
    let payload = Payload {
        msg: key,
        aad: bound_to.as_bytes(),
    };
    let bytes = cipher(pin, &salt)?
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| ClientError::new("key.malformed", "The key could not be sealed"))?;
    Ok(Wrapped { salt, nonce, bytes })
}

/// Opens a key; none with a wrong PIN.
pub fn unwrap(
    wrapped: &Wrapped,
    pin: &str,
    bound_to: &str,
) -> Result<Option<SoftwareKey>, ClientError> {
    let payload = Payload {
        msg: &wrapped.bytes,
        aad: bound_to.as_bytes(),
    };
    let opened = cipher(pin, &wrapped.salt)?.decrypt(&XNonce::from(wrapped.nonce), payload);
    match opened {
        Ok(bytes) => SoftwareKey::from_bytes(&bytes).map(Some),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::SystemRng;

    #[test]
    fn a_key_opens_with_its_pin_and_its_person_alone() {
        let (key, bytes) = SoftwareKey::draw(&SystemRng);
        let wrapped = wrap(&bytes, "135790", "wang", &SystemRng).unwrap();
        let opened = unwrap(&wrapped, "135790", "wang").unwrap().unwrap();
        assert_eq!(opened.public_key(), key.public_key());
        assert!(unwrap(&wrapped, "135791", "wang").unwrap().is_none());
        assert!(unwrap(&wrapped, "135790", "li").unwrap().is_none());
    }

    #[test]
    fn a_short_pin_is_refused() {
        let (_, bytes) = SoftwareKey::draw(&SystemRng);
        assert_eq!(
            wrap(&bytes, "1", "wang", &SystemRng).unwrap_err().code,
            "pin.too_short"
        );
    }

    #[test]
    fn a_signature_holds_for_its_message_alone() {
        let (key, _) = SoftwareKey::draw(&SystemRng);
        let signature = key.sign(b"a");
        assert!(RustVerifier.verify_p256(&key.public_key(), b"a", &signature));
        assert!(!RustVerifier.verify_p256(&key.public_key(), b"b", &signature));
    }
}
