//! The envelope of everything the server signs, and the verifier that is passed in.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Names a server key: the first 16 hex digits of SHA-256 of its 32 public bytes.
pub type KeyId = String;

/// The two algorithms of the house. P-256 for devices and signers (what Secure Enclave and Keystore hold), Ed25519 for
/// the server.
pub trait Verifier {
    /// ECDSA P-256 over SHA-256 of `message`. `public_key` is SEC1 (compressed or not); `signature` is DER or raw r‖s.
    fn verify_p256(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool;
    /// Ed25519 with a 32-byte public key and a 64-byte signature.
    fn verify_ed25519(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool;
}

/// Why something signed is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not the shape of an envelope, or base64 that is none.
    #[error("the signed envelope cannot be read: {0}")]
    Malformed(String),
    /// Signed by a key that is not known here.
    #[error("signed by the unknown key {0}")]
    UnknownKey(KeyId),
    /// The signature does not fit the bytes.
    #[error("the signature does not verify")]
    Invalid,
}

impl SignatureError {
    /// The stable code of the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "signature.malformed",
            Self::UnknownKey(_) => "signature.unknown_key",
            Self::Invalid => "signature.invalid",
        }
    }
}

/// What a payload must say of itself: the context keeps a receipt from being taken for a certificate.
pub trait Payload: Serialize + DeserializeOwned {
    /// As in `fieldseal/<context>/1`.
    const CONTEXT: &'static str;
}

/// Bytes that the server signed with Ed25519 over `fieldseal/<context>/1\n ‖ payload`, and which type they hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    /// The exact JSON text that was signed.
    pub payload: String,
    /// Which server key signed.
    pub key_id: KeyId,
    /// 64 bytes, base64.
    pub signature: String,
    #[serde(skip)]
    holds: PhantomData<T>,
}

impl<T: Payload> Signed<T> {
    /// The bytes under the signature.
    pub fn message(payload: &str) -> Vec<u8> {
        format!("fieldseal/{}/1\n{payload}", T::CONTEXT).into_bytes()
    }

    /// Signs with `sign`, which returns 64 bytes of Ed25519 over the message that it is given.
    pub fn sign(value: &T, key_id: KeyId, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        let payload = serde_json::to_string(value).expect("payloads are plain data");
        let signature = STANDARD.encode(sign(&Self::message(&payload)));
        Self {
            payload,
            key_id,
            signature,
            holds: PhantomData,
        }
    }

    /// An envelope from its parts, as they came some other way than as JSON.
    pub(super) fn of_parts(payload: String, key_id: KeyId, signature: String) -> Self {
        Self {
            payload,
            key_id,
            signature,
            holds: PhantomData,
        }
    }

    /// Verifies and reads. `key` gives the 32 public bytes of a server key, if it is known and trusted.
    pub fn open(
        &self,
        verifier: &dyn Verifier,
        key: impl FnOnce(&str) -> Option<Vec<u8>>,
    ) -> Result<T, SignatureError> {
        let key =
            key(&self.key_id).ok_or_else(|| SignatureError::UnknownKey(self.key_id.clone()))?;
        let signature = STANDARD
            .decode(&self.signature)
            .map_err(|e| SignatureError::Malformed(e.to_string()))?;
        if !verifier.verify_ed25519(&key, &Self::message(&self.payload), &signature) {
            return Err(SignatureError::Invalid);
        }
        self.read_unverified()
    }

    /// Reads without verifying: for what this side itself made or has verified before.
    pub fn read_unverified(&self) -> Result<T, SignatureError> {
        serde_json::from_str(&self.payload).map_err(|e| SignatureError::Malformed(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::TimeTokenPayload;

    struct Always(bool);
    impl Verifier for Always {
        fn verify_p256(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            self.0
        }
        fn verify_ed25519(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            self.0
        }
    }

    #[test]
    fn a_signature_that_does_not_verify_yields_nothing() {
        let token = TimeTokenPayload {
            device_id: crate::model::DeviceId(uuid::Uuid::nil()),
            at_ms: 5,
            nonce: "n".into(),
        };
        let signed = Signed::sign(&token, "k".into(), |_| vec![0; 64]);
        let key = |_: &str| Some(vec![0; 32]);
        assert_eq!(signed.open(&Always(true), key), Ok(token));
        assert_eq!(
            signed.open(&Always(false), key),
            Err(SignatureError::Invalid)
        );
        assert_eq!(
            signed.open(&Always(true), |_| None),
            Err(SignatureError::UnknownKey("k".into()))
        );
    }
}
