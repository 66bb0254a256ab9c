//! Taking a request off the wire, leniently: a malformed item is reported by its place and harms no other.

use std::io::Read;

use serde::Deserialize;
use serde_json::Value;
use sync_core::limits::{
    PAGE_COMPRESSED_BYTES_MAX, PAGE_INFLATED_BYTES_MAX, SERVER_KEYS_NAMED_MAX,
};
use sync_core::model::ChangeHash;
use sync_core::proof::KeyId;
use sync_core::proof::log::SeenCheckpoint;
use sync_core::sync::wire::{Cursor, DocumentHeader, PushedChange, SignedTip};

use crate::problem::{Code, Problem};

/// The largest window a page may ask of the inflater, as a power of two: 8 MiB, twice the largest page.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A request as far as it could be read.
#[derive(Debug)]
pub struct Intake {
    /// Where the phone stands.
    pub cursor: Option<Cursor>,
    /// Its changes, or why one could not be read.
    pub changes: Vec<Result<PushedChange, ItemFault>>,
    /// Its signatures; unreadable ones prove nothing and are left out.
    pub tips: Vec<SignedTip>,
    /// Its preimages; unreadable ones bind nothing and are left out.
    pub documents: Vec<DocumentHeader>,
    /// How much feed it takes.
    pub feed_bytes_max: Option<u32>,
    /// Which keys of the server it believes.
    pub server_keys: Vec<KeyId>,
    /// The checkpoint of the log that it has seen last.
    pub checkpoint: Option<SeenCheckpoint>,
}

/// Why an item could not be taken off the wire.
#[derive(Debug)]
pub struct ItemFault {
    /// Its hash, where at least that could be read.
    pub hash: Option<ChangeHash>,
    /// Stable code.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lenient {
    #[serde(default)]
    cursor: Option<Cursor>,
    #[serde(default)]
    changes: Vec<Value>,
    #[serde(default)]
    tips: Vec<Value>,
    #[serde(default)]
    documents: Vec<Value>,
    #[serde(default)]
    feed_bytes_max: Option<u32>,
    #[serde(default)]
    server_keys: Vec<KeyId>,
    #[serde(default)]
    checkpoint: Option<SeenCheckpoint>,
}

/// Inflates (where the body is zstd) and reads.
pub fn read(body: &[u8], zstd: bool) -> Result<Intake, Problem> {
    let inflated;
    let json = if zstd {
        inflated = inflate(body)?;
        &inflated
    } else {
        body
    };
    if json.len() > PAGE_INFLATED_BYTES_MAX {
        return Err(too_large());
    }
    let lenient: Lenient = serde_json::from_slice(json).map_err(|error| {
        let code = if error.is_data() {
            Code::BodyInvalid
        } else {
            Code::JsonMalformed
        };
        Problem::new(code).detail(error.to_string())
    })?;
    if lenient.server_keys.len() > SERVER_KEYS_NAMED_MAX {
        let detail = format!("names more than {SERVER_KEYS_NAMED_MAX}");
        return Err(Problem::value("server_keys", detail));
    }
    // One change may be larger than a page; it then travels alone.
    if body.len() > PAGE_COMPRESSED_BYTES_MAX && lenient.changes.len() > 1 {
        return Err(Problem::new(Code::BodyTooLarge).detail(format!(
            "several changes travel in at most {PAGE_COMPRESSED_BYTES_MAX} bytes; send fewer"
        )));
    }
    Ok(Intake {
        cursor: lenient.cursor,
        changes: lenient.changes.into_iter().map(read_change).collect(),
        tips: readable(lenient.tips),
        documents: readable(lenient.documents),
        feed_bytes_max: lenient.feed_bytes_max,
        server_keys: lenient.server_keys,
        checkpoint: lenient.checkpoint,
    })
}

fn readable<T: serde::de::DeserializeOwned>(items: Vec<Value>) -> Vec<T> {
    items
        .into_iter()
        .filter_map(|item| serde_json::from_value(item).ok())
        .collect()
}

fn read_change(item: Value) -> Result<PushedChange, ItemFault> {
    let hash = item
        .get("hash")
        .and_then(Value::as_str)
        .and_then(|hash| hash.parse().ok());
    serde_json::from_value(item).map_err(|error| ItemFault {
        hash,
        code: "item.malformed",
        detail: error.to_string(),
    })
}

fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge).detail(format!(
        "a page inflates to at most {PAGE_INFLATED_BYTES_MAX} bytes"
    ))
}

/// Reads no more than one byte past the limit, so that a bomb costs what a full page costs.
fn inflate(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let unreadable =
        |error: std::io::Error| Problem::new(Code::BodyUnreadable).detail(error.to_string());
    let mut decoder = zstd::stream::read::Decoder::new(body).map_err(unreadable)?;
    decoder
        .window_log_max(ZSTD_WINDOW_LOG_MAX)
        .map_err(unreadable)?;
    let mut json = Vec::new();
    let limit = PAGE_INFLATED_BYTES_MAX as u64 + 1;
    decoder
        .take(limit)
        .read_to_end(&mut json)
        .map_err(unreadable)?;
    if json.len() > PAGE_INFLATED_BYTES_MAX {
        return Err(too_large());
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &[u8], zstd: bool) -> Code {
        read(body, zstd).unwrap_err().code()
    }

    #[test]
    fn a_malformed_item_is_named_by_its_place_and_harms_no_other() {
        let hash = "ab".repeat(32);
        let body = format!(
            r#"{{"changes":[{{"document_id":"{hash}","hash":"{hash}","bytes":""}},{{"hash":"{hash}"}},7]}}"#
        );
        let intake = read(body.as_bytes(), false).unwrap();
        assert!(intake.changes[0].is_ok());
        assert_eq!(
            intake.changes[1]
                .as_ref()
                .unwrap_err()
                .hash
                .unwrap()
                .to_string(),
            hash
        );
        assert_eq!(
            intake.changes[2].as_ref().unwrap_err().code,
            "item.malformed"
        );
    }

    #[test]
    fn a_page_is_taken_at_its_inflated_limit_and_refused_one_byte_past_it() {
        let page = |bytes: usize| {
            let frame = r#"{"feed_bytes_max":1}"#;
            let padded = format!("{frame}{}", " ".repeat(bytes - frame.len()));
            zstd::encode_all(padded.as_bytes(), 3).unwrap()
        };
        assert_eq!(
            read(&page(PAGE_INFLATED_BYTES_MAX), true)
                .unwrap()
                .feed_bytes_max,
            Some(1)
        );
        assert_eq!(
            code(&page(PAGE_INFLATED_BYTES_MAX + 1), true),
            Code::BodyTooLarge
        );
    }

    #[test]
    fn as_many_keys_are_named_as_allowed_and_no_more() {
        let page = |count| serde_json::json!({ "server_keys": vec!["0123456789abcdef"; count] });
        let full = page(SERVER_KEYS_NAMED_MAX).to_string();
        assert!(read(full.as_bytes(), false).is_ok());
        let more = page(SERVER_KEYS_NAMED_MAX + 1).to_string();
        assert_eq!(code(more.as_bytes(), false), Code::ValueInvalid);
    }

    #[test]
    fn what_is_no_zstd_and_what_is_no_json_is_told_apart() {
        assert_eq!(code(b"garbage", true), Code::BodyUnreadable);
        assert_eq!(code(b"garbage", false), Code::JsonMalformed);
        assert_eq!(code(br#"{"other":1}"#, false), Code::BodyInvalid);
    }
}
