//! What a device signs to show that it holds its key: when it is enrolled, when a second person gets a key on it, and
//! when it logs in. Each binds a challenge of the server, so that nothing can be replayed.

use crate::model::{Actor, DeviceId};

/// The bytes that a new device signs with its key: `fieldseal/enrol/1`, the challenge, the actor and the public key.
pub fn enrolment_statement(challenge: &str, actor: &Actor, public_key_sec1: &[u8]) -> Vec<u8> {
    let mut bytes = format!("fieldseal/enrol/1\n{challenge}\n{actor}\n").into_bytes();
    bytes.extend_from_slice(public_key_sec1);
    bytes
}

/// The bytes that a new signer's key signs on a device: who the person is, the server learns from the password.
pub fn signer_statement(challenge: &str, device: DeviceId, public_key_sec1: &[u8]) -> Vec<u8> {
    let mut bytes = format!("fieldseal/signer/1\n{challenge}\n{device}\n").into_bytes();
    bytes.extend_from_slice(public_key_sec1);
    bytes
}

/// The bytes that a device signs for the key to which parcels are sealed to it: when it is enrolled, or later with a
/// challenge of its own.
pub fn agreement_statement(
    challenge: &str,
    device: DeviceId,
    agreement_key_sec1: &[u8],
) -> Vec<u8> {
    let mut bytes = format!("fieldseal/agreement/1\n{challenge}\n{device}\n").into_bytes();
    bytes.extend_from_slice(agreement_key_sec1);
    bytes
}

/// The bytes that a device signs to log in or to refresh.
pub fn login_statement(challenge: &str, device: DeviceId) -> Vec<u8> {
    format!("fieldseal/login/1\n{challenge}\n{device}").into_bytes()
}
