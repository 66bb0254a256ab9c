//! When, where and with what a picture or film was made, as its metadata says. The reader of metadata never gets more than
//! [`METADATA_BYTES_MAX`] bytes, all of them in memory already, so it can neither read on nor grow.

use std::io::{self, Read, Seek, SeekFrom};

use nom_exif::{
    EntryValue, Exif, ExifDateTime, ExifTag, GPSInfo, MediaKind, MediaParser, MediaSource,
    TrackInfoTag,
};
use sync_core::limits::{METADATA_BYTES_MAX, NAME_CHARS_MAX};
use sync_core::model::{MediaPlace, MediaTime};

/// Metadata before this is a clock that was never set: 1990-01-01, in milliseconds.
const EARLIEST_MS: i64 = 631_152_000_000;
/// A time without an offset is that of the one zone of the country.
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// What metadata says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// When.
    pub taken: Option<MediaTime>,
    /// Where.
    pub place: Option<MediaPlace>,
    /// Maker and model of the camera.
    pub device: Option<String>,
    /// How a picture is turned, 1 to 8 as in EXIF.
    pub orientation: Option<u8>,
    /// Of a film.
    pub duration_ms: Option<i64>,
    /// Of a film, in pixels.
    pub size_px: Option<(u32, u32)>,
}

/// From a block of EXIF as it stands in JPEG, PNG and WebP.
pub fn of_block(block: Vec<u8>) -> Metadata {
    of_picture(block)
}

/// From the beginning of a HEIC or AVIF file, where cameras put its metadata.
pub fn of_beginning<R: Read + Seek>(file: &mut R) -> io::Result<Metadata> {
    Ok(of_picture(read(file, 0, METADATA_BYTES_MAX)?))
}

/// From the index of a film.
pub fn of_film(index: Vec<u8>) -> Metadata {
    // Without `ftyp` the reader does not know what it reads.
    let mut film = b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ".to_vec();
    film.extend(index);
    let mut metadata = of_track(film);
    if metadata
        .taken
        .is_some_and(|taken| taken.at_ms < EARLIEST_MS)
    {
        metadata.taken = None;
    }
    metadata
}

/// From the beginning of a Matroska file.
pub fn of_film_beginning<R: Read + Seek>(file: &mut R) -> io::Result<Metadata> {
    Ok(of_track(read(file, 0, METADATA_BYTES_MAX)?))
}

/// A stretch of a file.
pub fn read<R: Read + Seek>(file: &mut R, from: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut read = Vec::new();
    file.take(bytes.min(METADATA_BYTES_MAX))
        .read_to_end(&mut read)?;
    Ok(read)
}

fn of_picture(bytes: Vec<u8>) -> Metadata {
    let Ok(source) = MediaSource::from_memory(bytes) else {
        return Metadata::default();
    };
    if source.kind() != MediaKind::Image {
        return Metadata::default();
    }
    let Ok(iter) = MediaParser::new().parse_exif(source) else {
        return Metadata::default();
    };
    let exif: Exif = iter.into();
    let text = |tag| exif.get(tag).and_then(EntryValue::as_str);
    let time = |tag| exif.get(tag).and_then(EntryValue::as_datetime).map(instant);
    let datum = text(ExifTag::GPSMapDatum).and_then(printable);
    Metadata {
        taken: time(ExifTag::DateTimeOriginal)
            .or_else(|| time(ExifTag::CreateDate))
            .filter(|taken| taken.at_ms >= EARLIEST_MS),
        place: exif.gps_info().and_then(|gps| place(gps, datum)),
        device: device(text(ExifTag::Make), text(ExifTag::Model)),
        orientation: exif
            .get(ExifTag::Orientation)
            .and_then(EntryValue::try_as_integer)
            .and_then(|turned| u8::try_from(turned).ok())
            .filter(|turned| (1..=8).contains(turned)),
        ..Metadata::default()
    }
}

fn of_track(bytes: Vec<u8>) -> Metadata {
    let Ok(source) = MediaSource::from_memory(bytes) else {
        return Metadata::default();
    };
    let Ok(track) = MediaParser::new().parse_track(source) else {
        return Metadata::default();
    };
    let text = |tag| track.get(tag).and_then(EntryValue::as_str);
    let number = |tag| track.get(tag).and_then(EntryValue::try_as_integer);
    let side = |tag| number(tag).and_then(|side| u32::try_from(side).ok());
    let taken = track.get(TrackInfoTag::CreateDate);
    Metadata {
        taken: taken.and_then(EntryValue::as_datetime).map(instant),
        // ISO 6709 in films has no datum of its own; what phones write there they do not say.
        place: track.gps_info().and_then(|gps| place(gps, None)),
        device: device(text(TrackInfoTag::Make), text(TrackInfoTag::Model)),
        orientation: None,
        duration_ms: number(TrackInfoTag::DurationMs).filter(|duration| *duration > 0),
        size_px: side(TrackInfoTag::Width).zip(side(TrackInfoTag::Height)),
    }
}

fn instant(written: ExifDateTime) -> MediaTime {
    match written.aware() {
        Some(aware) => MediaTime {
            at_ms: aware.timestamp_millis(),
            has_offset: true,
        },
        None => MediaTime {
            at_ms: written.into_naive().and_utc().timestamp_millis() - SHANGHAI_MS,
            has_offset: false,
        },
    }
}

fn place(gps: &GPSInfo, datum: Option<String>) -> Option<MediaPlace> {
    let e7 = |degrees: Option<f64>, most: f64| {
        degrees
            .filter(|degrees| degrees.is_finite() && degrees.abs() <= most)
            .map(|degrees| (degrees * 1e7).round() as i64)
    };
    let place = MediaPlace {
        latitude_e7: e7(gps.latitude_decimal(), 90.0)?,
        longitude_e7: e7(gps.longitude_decimal(), 180.0)?,
        datum,
    };
    // A receiver without a fix writes zeros.
    (place.latitude_e7 != 0 || place.longitude_e7 != 0).then_some(place)
}

fn device(make: Option<&str>, model: Option<&str>) -> Option<String> {
    let (make, model) = (make.and_then(printable), model.and_then(printable));
    match (make, model) {
        (Some(make), Some(model)) if !model.starts_with(&make) => Some(format!("{make} {model}")),
        (make, model) => model.or(make),
    }
}

/// A text from outside, without what no label needs.
fn printable(text: &str) -> Option<String> {
    let kept = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let kept = kept.chars().filter(|c| !c.is_control());
    let kept: String = kept.take(NAME_CHARS_MAX).collect();
    Some(kept).filter(|kept| !kept.is_empty())
}
