//! What may be bound to a statement: the three column types that both databases share, and their NULLs.

use sync_core::model::{
    Actor, CampaignId, ChangeHash, DeviceId, Digest, DocumentId, EvidenceId, OrganisationId,
    RulingId, SampleId, TaskId, TeamId, UploadId, UserId,
};
use uuid::Uuid;

/// An argument of a statement. NULL keeps its type, which PostgreSQL wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `INTEGER` and `BIGINT`: numbers, milliseconds, flags (0 or 1).
    I64(Option<i64>),
    /// `TEXT`: names, hyphenated UUIDs, JSON.
    Text(Option<String>),
    /// `BLOB` and `BYTEA`: hashes, keys, raw changes.
    Blob(Option<Vec<u8>>),
}

macro_rules! values {
    ($($from:ty => $variant:ident($bound:ident: $convert:expr);)*) => {$(
        impl From<$from> for Value {
            fn from($bound: $from) -> Self { Value::$variant(Some($convert)) }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self { Value::$variant(value.map(|$bound| $convert)) }
        }
    )*};
}

values! {
    i64 => I64(x: x);
    i32 => I64(x: x.into());
    u32 => I64(x: x.into());
    bool => I64(x: x.into());
    String => Text(x: storable(&x));
    &str => Text(x: storable(x));
    &String => Text(x: storable(x));
    Vec<u8> => Blob(x: x);
    &[u8] => Blob(x: x.to_vec());
    [u8; 32] => Blob(x: x.to_vec());
    &[u8; 32] => Blob(x: x.to_vec());
    Uuid => Text(x: x.to_string());
    OrganisationId => Text(x: x.to_string());
    UserId => Text(x: x.to_string());
    DeviceId => Text(x: x.to_string());
    CampaignId => Text(x: x.to_string());
    TaskId => Text(x: x.to_string());
    TeamId => Text(x: x.to_string());
    RulingId => Text(x: x.to_string());
    SampleId => Text(x: x.to_string());
    EvidenceId => Text(x: x.to_string());
    UploadId => Text(x: x.to_string());
    Actor => Blob(x: x.0.to_vec());
    DocumentId => Blob(x: x.0.to_vec());
    ChangeHash => Blob(x: x.0.to_vec());
    Digest => Blob(x: x.0.to_vec());
}

/// PostgreSQL's texts hold no null byte, and a form may have one: it is shown as the sign for what cannot be shown. The
/// signed change keeps its bytes.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The arguments of a statement in the order of `$1`, `$2`, …
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
