//! Who said what, provably: certificates of devices and signers, tip signatures over changes, seal signatures, receipts,
//! receipts for evidence, leases, server-time tokens, parcels between phones and the co-signature of two that meet. The algorithms are passed in as a [`Verifier`] and a signing closure, because phones hold keys
//! in hardware and the server has a faster library.
//!
//! Everything signed is exact bytes: `{payload, key_id, signature}`, where the payload is the JSON text as it was signed.
//! Nothing is re-serialized before verifying.

mod access;
pub mod bundle;
mod certificate;
pub mod co_signature;
mod compact;
mod envelope;
mod evidence_receipt;
mod lease;
pub mod log;
pub mod parcel;
mod re_entry_grant;
mod receipt;
mod server_key;
mod tip;

pub use access::{agreement_statement, enrolment_statement, login_statement, signer_statement};
pub use certificate::{CertificateKind, CertificatePayload, OrganisationKind, Role};
pub use co_signature::Nonce;
pub use envelope::{KeyId, Payload, SignatureError, Signed, Verifier};
pub use evidence_receipt::{EVIDENCE_RECEIPT, EvidenceReceiptPayload, EvidenceReceiptRecord};
pub use lease::LeasePayload;
pub use re_entry_grant::ReEntryGrantPayload;
pub use receipt::{ReceiptPayload, TimeTokenPayload};
pub use server_key::{
    BelievedKey, BelievedKeys, Dated, KeyNotice, KeyRevocationPayload, NoticeError, RevokedKey,
    ServerKeyPayload, key_id,
};
pub use tip::{TipStatement, seal_statement, tip_statement};
