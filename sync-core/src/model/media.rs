//! What a server finds in the bytes of evidence: what is wrong with them, by stable codes, what their metadata says, which
//! other visits show the same picture; and which claim of a type fits which content.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{DocumentId, EvidenceId};
use super::time::Millis;

/// What was noticed about the bytes of one original. The words are stable: they stand in the database, in the API and in
/// findings. None of them makes evidence count less: the bytes are kept and verified all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaOutcome {
    /// There is no byte.
    Empty,
    /// No format that is known begins like this.
    UnknownFormat,
    /// The file ends before its own structure does.
    Truncated,
    /// Something follows after the end of the picture that no camera is known to put there.
    TrailingData,
    /// The file is something else as well: an archive, a document, a page or a program.
    Polyglot,
    /// The structure or the coded picture contradicts itself.
    Damaged,
    /// More pixels than are decoded.
    TooManyPixels,
    /// A side longer than is decoded.
    SideTooLong,
    /// Decoding would take more memory than one picture may have.
    TooLargeToDecode,
    /// The file is longer than any picture that is decoded.
    FileTooLarge,
    /// More scans than any camera writes; each costs a pass over the picture.
    TooManyScans,
    /// More boxes, chunks or segments than any camera writes.
    TooManyParts,
    /// The metadata is longer than is read.
    MetadataTooLarge,
    /// A format, or a kind of it, that nothing here decodes: HEIC, AVIF, GIF, video and what is no picture.
    NoDecoder,
    /// A film whose index comes last: it plays after all of it was read.
    MoovAtEnd,
    /// A film without an index: it was not finished, and nothing plays it.
    MoovMissing,
    /// Examining it failed again and again for a reason of the server's.
    NotExamined,
}

impl MediaOutcome {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Empty,
        Self::UnknownFormat,
        Self::Truncated,
        Self::TrailingData,
        Self::Polyglot,
        Self::Damaged,
        Self::TooManyPixels,
        Self::SideTooLong,
        Self::TooLargeToDecode,
        Self::FileTooLarge,
        Self::TooManyScans,
        Self::TooManyParts,
        Self::MetadataTooLarge,
        Self::NoDecoder,
        Self::MoovAtEnd,
        Self::MoovMissing,
        Self::NotExamined,
    ];

    /// Its word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnknownFormat => "unknown_format",
            Self::Truncated => "truncated",
            Self::TrailingData => "trailing_data",
            Self::Polyglot => "polyglot",
            Self::Damaged => "damaged",
            Self::TooManyPixels => "too_many_pixels",
            Self::SideTooLong => "side_too_long",
            Self::TooLargeToDecode => "too_large_to_decode",
            Self::FileTooLarge => "file_too_large",
            Self::TooManyScans => "too_many_scans",
            Self::TooManyParts => "too_many_parts",
            Self::MetadataTooLarge => "metadata_too_large",
            Self::NoDecoder => "no_decoder",
            Self::MoovAtEnd => "moov_at_end",
            Self::MoovMissing => "moov_missing",
            Self::NotExamined => "not_examined",
        }
    }

    /// Whether somebody should look: the rest is how formats are, or how much the server does.
    pub const fn is_suspect(self) -> bool {
        !matches!(
            self,
            Self::NoDecoder | Self::MoovAtEnd | Self::NotExamined | Self::TrailingData
        )
    }
}

/// What the server found in the bytes of a piece of evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFact {
    /// What the bytes are, whatever the manifest says; empty where they could not be examined.
    pub media_type: String,
    /// What was noticed about them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub outcomes: BTreeSet<MediaOutcome>,
    /// When they were made, by their own metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<MediaTime>,
    /// How long a film is: some cameras write when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Millis>,
    /// Where they were made, by their own metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<MediaPlace>,
}

/// The time in a file's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaTime {
    /// The instant; where no offset is written, as the clock of Shanghai.
    pub at_ms: Millis,
    /// Whether an offset is written.
    pub has_offset: bool,
}

/// The place in a file's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaPlace {
    /// Latitude in ten-millionths of a degree.
    pub latitude_e7: i64,
    /// Longitude in ten-millionths of a degree.
    pub longitude_e7: i64,
    /// Of which system these are (`WGS-84`, …), where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datum: Option<String>,
}

/// The same or nearly the same picture in the manifest of another visit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReuseFact {
    /// The other visit.
    pub document_id: DocumentId,
    /// The piece of evidence there.
    pub evidence_id: EvidenceId,
    /// Bits in which the two differ; none where the bytes are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<ReuseBits>,
}

/// In how many of 64 bits each the fingerprints of two pictures differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReuseBits {
    /// pHash: coarse frequencies.
    pub phash: u32,
    /// dHash: where it grows brighter.
    pub dhash: u32,
}

/// Whether content of one type may honestly be claimed as another: names of one format, and a claim that says nothing.
pub fn claim_agrees(claimed: &str, content: &str) -> bool {
    let family = |name: &str| -> String {
        match name {
            "image/jpg" | "image/pjpeg" => "image/jpeg",
            "image/heif" | "image/heic-sequence" | "image/heif-sequence" => "image/heic",
            "image/x-png" => "image/png",
            "video/x-m4v" | "video/3gpp" | "video/3gpp2" | "application/mp4" => "video/mp4",
            "video/x-matroska" => "video/webm",
            other => other,
        }
        .to_owned()
    };
    claimed == "application/octet-stream" || family(claimed) == family(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_is_stored_under_its_code() {
        for outcome in MediaOutcome::ALL {
            let stored = serde_json::to_value(outcome).unwrap();
            assert_eq!(stored, outcome.code());
        }
    }

    #[test]
    fn names_of_one_format_agree_and_no_others() {
        for (claimed, content) in [
            ("image/jpeg", "image/jpeg"),
            ("image/jpg", "image/jpeg"),
            ("image/heif", "image/heic"),
            ("video/3gpp", "video/mp4"),
            ("application/octet-stream", "image/png"),
        ] {
            assert!(claim_agrees(claimed, content), "{claimed} {content}");
        }
        for (claimed, content) in [
            ("image/png", "image/jpeg"),
            ("video/mp4", "image/jpeg"),
            ("video/mp4", "video/quicktime"),
            ("image/jpeg", "application/octet-stream"),
        ] {
            assert!(!claim_agrees(claimed, content), "{claimed} {content}");
        }
    }
}
