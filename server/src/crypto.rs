//! Verification with aws-lc, as `sync-core` asks for it, and the hashes of secrets that are never stored themselves.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, UnparsedPublicKey,
};
use sync_core::proof::Verifier;

/// Raw r‖s has this many bytes; DER may by chance have as many, so both are tried.
const RAW_P256_BYTES: usize = 64;

/// The server's verifier.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

impl Verifier for AwsLc {
    fn verify_p256(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let raw = signature.len() == RAW_P256_BYTES
            && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key)
                .verify(message, signature)
                .is_ok();
        raw || UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key)
            .verify(message, signature)
            .is_ok()
    }

    fn verify_ed25519(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key)
            .verify(message, signature)
            .is_ok()
    }
}

/// Whether these are the SEC1 bytes of a point on P-256.
pub fn is_p256_point(sec1: &[u8]) -> bool {
    // An Ed25519 key or an X.509 wrapping would be parsed too: SEC1 is told by its first byte and length.
    matches!(
        (sec1.first(), sec1.len()),
        (Some(4), 65) | (Some(2 | 3), 33)
    ) && ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, sec1).is_ok()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// SHA-256 under a label, so that the hash of a code is never one of a token.
pub fn labelled_hash(label: &str, secret: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(label.as_bytes());
    context.update(&[0]);
    context.update(secret);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
