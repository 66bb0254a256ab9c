//! The server's keys over the years: which of them a phone believes. A phone pins those that it was given when it was
//! enrolled; every later one is announced under the signature of one that it believes already, so that a phone which was
//! off the net for a month follows the chain from where it stands. A key that fell into wrong hands is revoked under the
//! signature of another one, and from then on nothing that it signs is believed, announcements least of all.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{KeyId, Payload, SignatureError, Signed, Verifier};
use crate::limits::SERVER_KEYS_NAMED_MAX;
use crate::model::Millis;

/// Hex digits of a key's name.
const KEY_ID_BYTES: usize = 8;
/// An Ed25519 public key.
const PUBLIC_KEY_BYTES: usize = 32;

/// The name of a key: the first 16 hex digits of SHA-256 of its 32 public bytes.
pub fn key_id(public_key: &[u8]) -> KeyId {
    let hash: [u8; 32] = Sha256::digest(public_key).into();
    hash[..KEY_ID_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A key of the server that will sign, announced under the signature of an older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerKeyPayload {
    /// Its name, which follows from the key.
    pub key_id: KeyId,
    /// Ed25519, 32 bytes, base64.
    pub public_key: String,
    /// When it was announced.
    pub announced_at_ms: Millis,
    /// From when it was to sign; an operator may have begun earlier.
    pub activates_at_ms: Millis,
}

impl Payload for ServerKeyPayload {
    const CONTEXT: &'static str = "server-key";
}

/// A key is not to be believed any more. Signed by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevocationPayload {
    /// Which key.
    pub key_id: KeyId,
    /// Since when, by the server's clock.
    pub revoked_at_ms: Millis,
}

impl Payload for KeyRevocationPayload {
    const CONTEXT: &'static str = "server-key-revoked";
}

/// One message about the server's keys, as a sync brings it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyNotice {
    /// There is another key.
    Announced(Signed<ServerKeyPayload>),
    /// A key is not to be believed.
    Revoked(Signed<KeyRevocationPayload>),
}

/// Why a notice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// It is signed by no key that is believed here, or the signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// What it announces is no key, or not the one that it names.
    #[error("the announced key is not the one that is named")]
    NotTheKey,
    /// It announces a key that was revoked.
    #[error("the announced key was revoked")]
    Revoked,
    /// A key does not speak about itself.
    #[error("a key cannot revoke itself")]
    Itself,
}

/// One key that is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BelievedKey {
    /// Ed25519, 32 bytes, base64.
    pub public_key: String,
    /// From when it was to sign.
    #[serde(default)]
    pub activates_at_ms: Millis,
}

/// As it was stored before keys could follow each other: the key alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredKey {
    Bare(String),
    Whole(BelievedKey),
}

impl From<StoredKey> for BelievedKey {
    fn from(stored: StoredKey) -> Self {
        match stored {
            StoredKey::Whole(key) => key,
            StoredKey::Bare(public_key) => Self {
                public_key,
                activates_at_ms: 0,
            },
        }
    }
}

/// One key that is believed no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedKey {
    /// Ed25519, 32 bytes, base64; none if it was never known here.
    pub public_key: Option<String>,
    /// Since when.
    pub revoked_at_ms: Millis,
}

/// What says itself when the server made it.
pub trait Dated {
    /// The server's clock, milliseconds.
    fn made_at_ms(&self) -> Millis;
}

/// The keys of one server that somebody believes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BelievedKeys {
    keys: BTreeMap<KeyId, BelievedKey>,
    /// Never believed again, whoever announces them.
    revoked: BTreeMap<KeyId, RevokedKey>,
}

impl BelievedKeys {
    /// Reads what [`Self::to_json`] wrote, or a map of names to bare keys.
    pub fn from_json(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Stored {
            keys: BTreeMap<KeyId, StoredKey>,
            revoked: BTreeMap<KeyId, RevokedKey>,
        }
        let (keys, revoked) = match serde_json::from_str::<Stored>(text) {
            Ok(stored) => (stored.keys, stored.revoked),
            Err(_) => (serde_json::from_str(text).ok()?, BTreeMap::new()),
        };
        let keys = keys.into_iter().map(|(id, key)| (id, key.into())).collect();
        Some(Self { keys, revoked })
    }

    /// For storing.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("keys are plain data")
    }

    /// Believes a key without a signature: at enrolment, when there is none yet. Its name must follow from it.
    pub fn pin(&mut self, id: &str, public_key: &str, activates_at_ms: Millis) -> bool {
        let is_key = decode(public_key).is_some_and(|bytes| key_id(&bytes) == id);
        if is_key && !self.revoked.contains_key(id) {
            let key = BelievedKey {
                public_key: public_key.to_owned(),
                activates_at_ms,
            };
            self.keys.insert(id.to_owned(), key);
        }
        is_key
    }

    /// The public bytes of a key, if it is believed.
    pub fn find(&self, id: &str) -> Option<Vec<u8>> {
        decode(&self.keys.get(id)?.public_key)
    }

    /// Marks a key as revoked, by whoever knows it without a notice: the server itself.
    pub fn drop_key(&mut self, id: &str, revoked_at_ms: Millis) -> bool {
        let public_key = self.keys.remove(id).map(|key| key.public_key);
        if self.revoked.contains_key(id) {
            return false;
        }
        let revoked = RevokedKey {
            public_key,
            revoked_at_ms,
        };
        self.revoked.insert(id.to_owned(), revoked);
        true
    }

    /// Opens what a believed key signed.
    pub fn open<T: Payload>(
        &self,
        signed: &Signed<T>,
        verifier: &dyn Verifier,
    ) -> Result<T, SignatureError> {
        signed.open(verifier, |id| self.find(id))
    }

    /// Opens what a key signed that was believed when it says that it was made: leases, permissions and times of before a
    /// revocation stand, or what was ruled by them would change silently.
    pub fn open_dated<T: Payload + Dated>(
        &self,
        signed: &Signed<T>,
        verifier: &dyn Verifier,
    ) -> Result<T, SignatureError> {
        let Some(revoked) = self.revoked.get(&signed.key_id) else {
            return self.open(signed, verifier);
        };
        let key = revoked.public_key.as_deref().and_then(decode);
        let payload = signed.open(verifier, |_| key)?;
        if payload.made_at_ms() < revoked.revoked_at_ms {
            Ok(payload)
        } else {
            Err(SignatureError::UnknownKey(signed.key_id.clone()))
        }
    }

    /// What a request names, so that the server tells what is missing: the newest ones.
    pub fn newest(&self) -> Vec<KeyId> {
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort_by_key(|(id, key)| (std::cmp::Reverse(key.activates_at_ms), (*id).clone()));
        let newest = keys.into_iter().take(SERVER_KEYS_NAMED_MAX);
        newest.map(|(id, _)| id.clone()).collect()
    }

    /// Takes a notice in; whether it changed anything. Those of one answer are taken in their order, because a key may be
    /// announced by one that was announced just before.
    pub fn take(
        &mut self,
        notice: &KeyNotice,
        verifier: &dyn Verifier,
    ) -> Result<bool, NoticeError> {
        match notice {
            KeyNotice::Announced(signed) => {
                let payload = signed.open(verifier, |id| self.find(id))?;
                let bytes = decode(&payload.public_key).ok_or(NoticeError::NotTheKey)?;
                if key_id(&bytes) != payload.key_id {
                    return Err(NoticeError::NotTheKey);
                }
                if self.revoked.contains_key(&payload.key_id) {
                    return Err(NoticeError::Revoked);
                }
                if self.keys.contains_key(&payload.key_id) {
                    return Ok(false);
                }
                let key = BelievedKey {
                    public_key: payload.public_key,
                    activates_at_ms: payload.activates_at_ms,
                };
                self.keys.insert(payload.key_id, key);
                Ok(true)
            }
            KeyNotice::Revoked(signed) => {
                let payload = signed.open(verifier, |id| self.find(id))?;
                if payload.key_id == signed.key_id {
                    return Err(NoticeError::Itself);
                }
                Ok(self.drop_key(&payload.key_id, payload.revoked_at_ms))
            }
        }
    }
}

fn decode(public_key: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(public_key).ok()?;
    (bytes.len() == PUBLIC_KEY_BYTES).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeviceId;
    use crate::proof::TimeTokenPayload;

    /// Stands for Ed25519: the signature is the hash of the public key and the message, twice.
    struct Sums;

    fn sums(public_key: &[u8], message: &[u8]) -> Vec<u8> {
        let sum: [u8; 32] = Sha256::new()
            .chain_update(public_key)
            .chain_update(message)
            .finalize()
            .into();
        [sum, sum].concat()
    }

    impl Verifier for Sums {
        fn verify_p256(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            false
        }
        fn verify_ed25519(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
            sums(public_key, message) == signature
        }
    }

    fn key(number: u8) -> [u8; 32] {
        [number; 32]
    }

    fn announced(number: u8, by: u8) -> KeyNotice {
        let payload = ServerKeyPayload {
            key_id: key_id(&key(number)),
            public_key: STANDARD.encode(key(number)),
            announced_at_ms: i64::from(number),
            activates_at_ms: i64::from(number) * 10,
        };
        let sign = |message: &[u8]| sums(&key(by), message);
        KeyNotice::Announced(Signed::sign(&payload, key_id(&key(by)), sign))
    }

    fn revoked(number: u8, by: u8) -> KeyNotice {
        let payload = KeyRevocationPayload {
            key_id: key_id(&key(number)),
            revoked_at_ms: 99,
        };
        let sign = |message: &[u8]| sums(&key(by), message);
        KeyNotice::Revoked(Signed::sign(&payload, key_id(&key(by)), sign))
    }

    fn pinned(number: u8) -> BelievedKeys {
        let mut keys = BelievedKeys::default();
        assert!(keys.pin(&key_id(&key(number)), &STANDARD.encode(key(number)), 0));
        keys
    }

    #[test]
    fn a_chain_is_followed_from_the_pinned_key_and_again_changes_nothing() {
        let mut keys = pinned(1);
        assert!(keys.take(&announced(3, 2), &Sums).is_err(), "out of order");
        assert_eq!(keys.take(&announced(2, 1), &Sums), Ok(true));
        assert_eq!(keys.take(&announced(3, 2), &Sums), Ok(true));
        assert_eq!(keys.take(&announced(3, 2), &Sums), Ok(false));
        assert_eq!(keys.find(&key_id(&key(3))), Some(key(3).to_vec()));
        assert_eq!(keys.find(&key_id(&key(1))), Some(key(1).to_vec()), "still");
        let newest: Vec<_> = [3, 2, 1].map(|number| key_id(&key(number))).into();
        assert_eq!(keys.newest(), newest);
    }

    #[test]
    fn a_forged_announcement_is_not_believed() {
        let mut keys = pinned(1);
        let KeyNotice::Announced(honest) = announced(2, 1) else {
            unreachable!()
        };
        let mut altered = honest.clone();
        altered.payload = altered
            .payload
            .replace("\"announced_at_ms\":2", "\"announced_at_ms\":3");
        let mut other_name = honest.clone();
        other_name.key_id = key_id(&key(9));
        // Signed by a believed key, but under another key's name.
        let payload = ServerKeyPayload {
            key_id: key_id(&key(5)),
            public_key: STANDARD.encode(key(6)),
            announced_at_ms: 0,
            activates_at_ms: 0,
        };
        let renamed = Signed::sign(&payload, key_id(&key(1)), |m: &[u8]| sums(&key(1), m));
        for forged in [altered, other_name, renamed] {
            assert!(keys.take(&KeyNotice::Announced(forged), &Sums).is_err());
        }
        assert!(keys.take(&announced(2, 2), &Sums).is_err(), "by itself");
        assert_eq!(keys, pinned(1));
    }

    #[test]
    fn a_revoked_key_is_never_believed_again_nor_what_it_announces() {
        let mut keys = pinned(1);
        keys.take(&announced(2, 1), &Sums).unwrap();
        assert_eq!(keys.take(&revoked(2, 2), &Sums), Err(NoticeError::Itself));
        assert_eq!(keys.take(&revoked(1, 2), &Sums), Ok(true));
        assert_eq!(keys.find(&key_id(&key(1))), None);
        assert!(keys.take(&announced(7, 1), &Sums).is_err(), "a thief's key");
        assert_eq!(
            keys.take(&announced(1, 2), &Sums),
            Err(NoticeError::Revoked)
        );
        let again = BelievedKeys::from_json(&keys.to_json()).unwrap();
        assert_eq!(again, keys);
    }

    #[test]
    fn what_a_revoked_key_signed_before_stands_if_it_says_when() {
        let token = |at_ms| {
            let payload = TimeTokenPayload {
                device_id: DeviceId(uuid::Uuid::nil()),
                at_ms,
                nonce: String::new(),
            };
            Signed::sign(&payload, key_id(&key(1)), |m: &[u8]| sums(&key(1), m))
        };
        let mut keys = pinned(1);
        keys.take(&announced(2, 1), &Sums).unwrap();
        keys.take(&revoked(1, 2), &Sums).unwrap();
        assert!(keys.open_dated(&token(98), &Sums).is_ok());
        assert!(keys.open_dated(&token(99), &Sums).is_err(), "since then");
        assert!(keys.open(&token(98), &Sums).is_err(), "not what is undated");
        let again = BelievedKeys::from_json(&keys.to_json()).unwrap();
        assert!(again.open_dated(&token(98), &Sums).is_ok());
    }

    #[test]
    fn keys_that_an_older_app_stored_are_read() {
        let text = format!(r#"{{"{}":"{}"}}"#, key_id(&key(1)), STANDARD.encode(key(1)));
        assert_eq!(BelievedKeys::from_json(&text), Some(pinned(1)));
    }

    #[test]
    fn the_signed_forms_stay_as_they_were_released() {
        let KeyNotice::Announced(signed) = announced(2, 1) else {
            unreachable!()
        };
        let told = concat!(
            r#"{"key_id":"75877bb41d393b5f","public_key":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=","#,
            r#""announced_at_ms":2,"activates_at_ms":20}"#
        );
        assert_eq!(signed.payload, told);
        let message = Signed::<ServerKeyPayload>::message(&signed.payload);
        assert!(message.starts_with(b"fieldseal/server-key/1\n{"));
        let message = Signed::<KeyRevocationPayload>::message("{}");
        assert_eq!(message, b"fieldseal/server-key-revoked/1\n{}");
    }

    #[test]
    fn a_request_names_as_many_keys_as_allowed_and_no_more() {
        let mut keys = pinned(1);
        for number in 2..=u8::try_from(SERVER_KEYS_NAMED_MAX).unwrap() + 1 {
            keys.take(&announced(number, 1), &Sums).unwrap();
        }
        assert_eq!(keys.newest().len(), SERVER_KEYS_NAMED_MAX);
        assert!(!keys.newest().contains(&key_id(&key(1))), "the oldest");
    }
}
