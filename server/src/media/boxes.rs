//! The boxes of films and of HEIC and AVIF pictures (ISO 14496-12): only their headers are read, and the index of a film.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek};

use sync_core::limits::{MEDIA_PARTS_MAX, METADATA_BYTES_MAX};
use sync_core::model::MediaOutcome;

use super::exif;

/// What a walk over the boxes finds.
#[derive(Debug, Default)]
pub struct Boxes {
    /// What is wrong with them.
    pub outcomes: BTreeSet<MediaOutcome>,
    /// The index of a film, header and all.
    pub index: Option<Vec<u8>>,
    /// Where the last box ends, if something follows it that is none.
    pub end: Option<u64>,
}

/// Walks the boxes at the top of a file.
pub fn walk<R: Read + Seek>(file: &mut R, size: u64, film: bool) -> io::Result<Boxes> {
    let mut found = Boxes::default();
    let (mut at, mut parts) = (0, 0);
    let (mut data, mut index, mut meta) = (None, None, None);
    while at < size {
        let header = exif::read(file, at, 16)?;
        let Some((long, kind)) = read_header(&header) else {
            // Less than a header is left.
            found.outcomes.insert(MediaOutcome::Truncated);
            break;
        };
        let length = match long {
            Length::ToTheEnd => size - at,
            Length::Bytes(length) => length,
            Length::Cut => {
                found.outcomes.insert(MediaOutcome::Truncated);
                break;
            }
        };
        let named = kind
            .iter()
            .all(|byte| byte.is_ascii_graphic() || *byte == b' ' || *byte == 0xa9);
        if length < 8 || !named {
            match (index.is_some() && data.is_some()) || meta.is_some() {
                // Whatever follows is not of the film.
                true => found.end = Some(at),
                false => {
                    found.outcomes.insert(MediaOutcome::Damaged);
                }
            }
            break;
        }
        parts += 1;
        if parts > MEDIA_PARTS_MAX {
            found.outcomes.insert(MediaOutcome::TooManyParts);
            break;
        }
        match &kind {
            b"moov" => _ = index.get_or_insert((at, length)),
            b"mdat" => _ = data.get_or_insert(at),
            b"meta" => _ = meta.get_or_insert(at),
            _ => {}
        }
        let Some(next) = at.checked_add(length).filter(|next| *next <= size) else {
            found.outcomes.insert(MediaOutcome::Truncated);
            break;
        };
        at = next;
    }
    match (film, index) {
        (true, Some((at, length))) => {
            if data.is_some_and(|data| data < at) {
                found.outcomes.insert(MediaOutcome::MoovAtEnd);
            }
            if length > METADATA_BYTES_MAX {
                found.outcomes.insert(MediaOutcome::MetadataTooLarge);
            } else {
                found.index = Some(exif::read(file, at, length)?);
            }
        }
        (true, None) => {
            found.outcomes.insert(MediaOutcome::MoovMissing);
        }
        (false, _) if meta.is_none() => {
            found.outcomes.insert(MediaOutcome::Damaged);
        }
        (false, _) => {}
    }
    Ok(found)
}

/// How long a box says that it is.
enum Length {
    Bytes(u64),
    ToTheEnd,
    Cut,
}

fn read_header(header: &[u8]) -> Option<(Length, [u8; 4])> {
    let (size, rest) = header.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let length = match (u32::from_be_bytes(*size), rest.first_chunk::<8>()) {
        (0, _) => Length::ToTheEnd,
        (1, Some(long)) => Length::Bytes(u64::from_be_bytes(*long)),
        (1, None) => Length::Cut,
        (short, _) => Length::Bytes(u64::from(short)),
    };
    Some((length, *kind))
}
