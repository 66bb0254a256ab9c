//! What the server makes of the bytes of evidence: what they are, whether they are whole, when and where they say that
//! they were made, and pictures of them for people to look at. Pure work on one file, which is only read; nobody's word
//! about it is believed, and whatever it holds gives a [`Report`].
//!
//! Memory: a film is never read but for the headers of its boxes and its index, at most [`METADATA_BYTES_MAX`]. A picture
//! that would take more than [`IMAGE_DECODE_BYTES_MAX`] to decode is not decoded. With buffers and what metadata is read
//! into, one examination holds at most [`EXAMINATION_BYTES_MAX`], whatever the file is; a test counts it. As many run at
//! once as the machine has cores (`services/media`).
//!
//! [`METADATA_BYTES_MAX`]: sync_core::limits::METADATA_BYTES_MAX
//! [`IMAGE_DECODE_BYTES_MAX`]: sync_core::limits::IMAGE_DECODE_BYTES_MAX
//! [`EXAMINATION_BYTES_MAX`]: sync_core::limits::EXAMINATION_BYTES_MAX

pub mod boxes;
pub mod exif;
pub mod hash;
pub mod preview;
pub mod sniff;
pub mod structure;

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sync_core::limits::IMAGE_FILE_BYTES_MAX;
use sync_core::model::{MediaFact, MediaOutcome};

use exif::Metadata;
use preview::{NoPreview, Preview};
use sniff::{Content, HEAD_BYTES};

/// How much of what follows a picture is looked at, in bytes.
const TRAILER_BYTES: u64 = 64 * 1024;

/// What was found in one original.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What the bytes are.
    pub content: Content,
    /// What was noticed; empty for a file in perfect order.
    pub outcomes: BTreeSet<MediaOutcome>,
    /// What its metadata says.
    pub metadata: Metadata,
    /// Of a picture as it is stored, or of a film, in pixels.
    pub size_px: Option<(u32, u32)>,
    /// Pictures for people to look at, or why there are none.
    pub preview: Result<Preview, MediaOutcome>,
}

impl Report {
    /// What rules ask of it.
    pub fn fact(&self) -> MediaFact {
        MediaFact {
            media_type: self.content.media_type().to_owned(),
            outcomes: self.outcomes.clone(),
            taken: self.metadata.taken,
            duration_ms: self.metadata.duration_ms,
            place: self.metadata.place.clone(),
        }
    }
}

/// Examines one original. An error is one of reading, which may succeed another time; whatever is wrong with the file
/// itself stands in the report.
pub fn examine<R: Read + Seek>(file: &mut R, size: u64) -> io::Result<Report> {
    let head = exif::read(file, 0, HEAD_BYTES as u64)?;
    let content = sniff::content(&head);
    let mut report = Report {
        content,
        outcomes: BTreeSet::new(),
        metadata: Metadata::default(),
        size_px: None,
        preview: Err(MediaOutcome::NoDecoder),
    };
    match content {
        _ if size == 0 => report.no_preview(MediaOutcome::Empty),
        Content::Jpeg | Content::Png | Content::Webp => {
            examine_picture(file, size, &head, &mut report)?
        }
        Content::Heic | Content::Avif | Content::Mp4 | Content::Mov => {
            examine_boxes(file, size, &head, &mut report)?;
        }
        Content::Webm => {
            report.metadata =
                quietly(|| exif::of_film_beginning(file)).unwrap_or(Ok(Metadata::default()))?;
            report.no_preview(MediaOutcome::NoDecoder);
        }
        Content::Unknown => report.no_preview(MediaOutcome::UnknownFormat),
        _ => report.no_preview(MediaOutcome::NoDecoder),
    }
    Ok(report)
}

impl Report {
    fn no_preview(&mut self, outcome: MediaOutcome) {
        self.outcomes.insert(outcome);
        self.preview = Err(outcome);
    }
}

/// Decoders of others may panic on what nobody thought of; then the file is at fault.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn examine_picture<R: Read + Seek>(
    file: &mut R,
    size: u64,
    head: &[u8],
    report: &mut Report,
) -> io::Result<()> {
    if size > IMAGE_FILE_BYTES_MAX {
        report.no_preview(MediaOutcome::FileTooLarge);
        return Ok(());
    }
    let mut structure = match report.content {
        Content::Jpeg => structure::jpeg(file)?,
        Content::Png => structure::png(file, size)?,
        _ => structure::webp(file, size)?,
    };
    report.outcomes.append(&mut structure.outcomes);
    report.size_px = structure.size_px;
    look_behind(file, size, structure.end, head, report)?;
    if let Some(block) = structure.exif.take() {
        report.metadata = quietly(|| exif::of_block(block)).unwrap_or_default();
    }
    // What a decoder would choke on is told by the walk; a file that is merely cut short may show its beginning, but a
    // picture that is half grey is no preview of anything.
    let first = report
        .outcomes
        .iter()
        .find(|outcome| !matches!(outcome, MediaOutcome::TrailingData | MediaOutcome::Polyglot));
    if let Some(outcome) = first {
        report.preview = Err(*outcome);
        return Ok(());
    }
    let (content, turned) = (report.content, report.metadata.orientation);
    let made = quietly(|| preview::make(file, size, content, &structure, turned));
    match made {
        Some(Ok(preview)) => report.preview = Ok(preview),
        Some(Err(NoPreview::Reading(error))) => return Err(error),
        Some(Err(NoPreview::Outcome(outcome))) => report.no_preview(outcome),
        None => report.no_preview(MediaOutcome::Damaged),
    }
    Ok(())
}

fn examine_boxes<R: Read + Seek>(
    file: &mut R,
    size: u64,
    head: &[u8],
    report: &mut Report,
) -> io::Result<()> {
    let film = matches!(report.content, Content::Mp4 | Content::Mov);
    let mut found = boxes::walk(file, size, film)?;
    report.outcomes.append(&mut found.outcomes);
    look_behind(file, size, found.end, head, report)?;
    let metadata = quietly(|| match found.index {
        Some(index) => Ok(exif::of_film(index)),
        None if film => Ok(Metadata::default()),
        None => exif::of_beginning(file),
    });
    report.metadata = metadata.unwrap_or(Ok(Metadata::default()))?;
    report.size_px = report.metadata.size_px;
    report.no_preview(MediaOutcome::NoDecoder);
    Ok(())
}

/// Looks at what follows the end of the picture, and whether the file is something else as well.
fn look_behind<R: Read + Seek>(
    file: &mut R,
    size: u64,
    end: Option<u64>,
    head: &[u8],
    report: &mut Report,
) -> io::Result<()> {
    let end = end.unwrap_or(size);
    let trailer = exif::read(file, end, TRAILER_BYTES.min(size.saturating_sub(end)))?;
    if sniff::is_polyglot(file, size, report.content, head, &trailer)? {
        report.outcomes.insert(MediaOutcome::Polyglot);
    } else if !sniff::is_of_a_camera(&trailer) {
        report.outcomes.insert(MediaOutcome::TrailingData);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}
