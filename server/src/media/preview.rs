//! The two upright pictures that are made of a photo for people to look at, and the fingerprints of the smaller one.
//! A JPEG is scaled while it is decoded, so that its full size never stands in memory; what the others would take is
//! reckoned from their headers before anything is decoded.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};
use jpeg_decoder::PixelFormat;
use sync_core::limits::{
    IMAGE_DECODE_BYTES_MAX, IMAGE_PIXELS_MAX, IMAGE_SIDE_PX_MAX, SCREEN_PX, THUMBNAIL_PX,
};
use sync_core::model::MediaOutcome;

use super::hash::{Hashes, hashes};
use super::sniff::Content;
use super::structure::{JpegFrame, Structure};

/// How much of a file a decoder gets at a time, in bytes.
const READ_BYTES: usize = 128 * 1024;
/// The quality of what is made, of 100: a label of a screen's size stays readable.
const QUALITY: u8 = 82;

/// What was made of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// [`THUMBNAIL_PX`] at its longer side, JPEG without metadata.
    pub thumbnail: Rendition,
    /// [`SCREEN_PX`] at its longer side, JPEG without metadata.
    pub screen: Rendition,
    /// Fingerprints of the thumbnail; none of a picture that shows nothing.
    pub hashes: Option<Hashes>,
}

/// One picture for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// A JPEG.
    pub bytes: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Why there is none.
#[derive(Debug)]
pub enum NoPreview {
    /// For a reason that lies in the file.
    Outcome(MediaOutcome),
    /// The file could not be read; another time it may be.
    Reading(io::Error),
}

impl From<MediaOutcome> for NoPreview {
    fn from(outcome: MediaOutcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// Makes the pictures for people to look at.
pub fn make<R: Read + Seek>(
    file: &mut R,
    size: u64,
    content: Content,
    structure: &Structure,
    orientation: Option<u8>,
) -> Result<Preview, NoPreview> {
    let size_px = structure.size_px;
    size_px.map_or(Ok(()), within)?;
    file.seek(SeekFrom::Start(0)).map_err(NoPreview::Reading)?;
    let mut watched = Watched { file, failed: None };
    let decoded = match content {
        Content::Jpeg => decode_jpeg(&mut watched, structure),
        Content::Png => decode_png(&mut watched),
        Content::Webp => decode_webp(&mut watched, size),
        _ => return Err(MediaOutcome::NoDecoder.into()),
    };
    // A store that does not answer makes no file damaged.
    if let Some(error) = watched.failed {
        return Err(NoPreview::Reading(error));
    }
    let decoded = decoded?;
    let screen = upright(fit(decoded, SCREEN_PX)?, orientation);
    let thumbnail = fit(screen.clone(), THUMBNAIL_PX)?;
    Ok(Preview {
        hashes: hashes(&thumbnail),
        thumbnail: encode(&thumbnail)?,
        screen: encode(&screen)?,
    })
}

/// A reader that remembers what was no fault of the file.
struct Watched<'a, R> {
    file: &'a mut R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer).map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }
}

impl<R: Seek> Seek for Watched<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn within((width, height): (u32, u32)) -> Result<(), MediaOutcome> {
    if u64::from(width) * u64::from(height) > IMAGE_PIXELS_MAX {
        return Err(MediaOutcome::TooManyPixels);
    }
    if width.max(height) > IMAGE_SIDE_PX_MAX {
        return Err(MediaOutcome::SideTooLong);
    }
    Ok(())
}

fn affordable(bytes: u64) -> Result<(), MediaOutcome> {
    match bytes <= IMAGE_DECODE_BYTES_MAX {
        true => Ok(()),
        false => Err(MediaOutcome::TooLargeToDecode),
    }
}

fn decode_jpeg<R: Read>(file: R, structure: &Structure) -> Result<RgbImage, MediaOutcome> {
    let (Some(frame), Some((width, height))) = (&structure.jpeg, structure.size_px) else {
        return Err(MediaOutcome::Damaged);
    };
    if frame.unusual {
        return Err(MediaOutcome::NoDecoder);
    }
    let damaged = |_| MediaOutcome::Damaged;
    let mut decoder = jpeg_decoder::Decoder::new(BufReader::with_capacity(READ_BYTES, file));
    let (ask_width, ask_height) = fitting(width, height, SCREEN_PX);
    let ask = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let scaled = decoder
        .scale(ask(ask_width), ask(ask_height))
        .map_err(damaged)?;
    affordable(jpeg_cost(frame, (width, height), scaled))?;
    decoder.set_max_decoding_buffer_size(IMAGE_DECODE_BYTES_MAX as usize);
    let pixels = decoder.decode().map_err(damaged)?;
    let (width, height) = (u32::from(scaled.0), u32::from(scaled.1));
    let rgb = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::RGB24) => pixels,
        Some(PixelFormat::L8) => pixels.iter().flat_map(|light| [*light; 3]).collect(),
        // Printers' JPEGs are written inverted; the decoder has turned them.
        Some(PixelFormat::CMYK32) => pixels.chunks_exact(4).flat_map(from_cmyk).collect(),
        _ => return Err(MediaOutcome::NoDecoder),
    };
    RgbImage::from_raw(width, height, rgb).ok_or(MediaOutcome::Damaged)
}

fn from_cmyk(inks: &[u8]) -> [u8; 3] {
    let left = |ink: u8, black: u8| (u16::from(ink) * u16::from(black) / 255) as u8;
    [
        left(inks[0], inks[3]),
        left(inks[1], inks[3]),
        left(inks[2], inks[3]),
    ]
}

/// What decoding takes: coefficients of all passes, the planes of the components, the pixels, and the same as RGB.
fn jpeg_cost(frame: &JpegFrame, size_px: (u32, u32), scaled: (u16, u16)) -> u64 {
    let blocks = frame.blocks(size_px);
    let coefficients = if frame.progressive { blocks * 128 } else { 0 };
    // The decoder scales by whole eighths.
    let eighths = (8 * u64::from(scaled.0))
        .div_ceil(u64::from(size_px.0))
        .clamp(1, 8);
    let planes = blocks * eighths * eighths;
    let pixels = u64::from(scaled.0) * u64::from(scaled.1);
    coefficients + planes + pixels * (frame.sampling.len() as u64 + 3)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(IMAGE_SIDE_PX_MAX);
    limits.max_image_height = Some(IMAGE_SIDE_PX_MAX);
    limits.max_alloc = Some(IMAGE_DECODE_BYTES_MAX);
    limits
}

fn decode_png<R: Read + Seek>(file: R) -> Result<RgbImage, MediaOutcome> {
    let reader = BufReader::with_capacity(READ_BYTES, file);
    let decoder = PngDecoder::with_limits(reader, limits()).map_err(refused)?;
    decode_general(decoder, 0)
}

fn decode_webp<R: Read + Seek>(file: R, size: u64) -> Result<RgbImage, MediaOutcome> {
    let reader = BufReader::with_capacity(READ_BYTES, file);
    let mut decoder = WebPDecoder::new(reader).map_err(refused)?;
    decoder.set_limits(limits()).map_err(refused)?;
    // Its frame is held as read, and decoded into a picture of its own before it is handed over.
    let (width, height) = decoder.dimensions();
    decode_general(decoder, size + u64::from(width) * u64::from(height) * 4)
}

fn decode_general(decoder: impl ImageDecoder, besides: u64) -> Result<RgbImage, MediaOutcome> {
    let (width, height) = decoder.dimensions();
    within((width, height))?;
    let rgb = u64::from(width) * u64::from(height) * 3;
    affordable(besides + decoder.total_bytes() + rgb)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    Ok(on_paper(picture))
}

fn refused(error: image::ImageError) -> MediaOutcome {
    match error {
        image::ImageError::Limits(_) => MediaOutcome::TooLargeToDecode,
        image::ImageError::Unsupported(_) => MediaOutcome::NoDecoder,
        _ => MediaOutcome::Damaged,
    }
}

/// What shines through is shown on white.
fn on_paper(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let over = |ink: u8, alpha: u8| {
        let (ink, alpha) = (u32::from(ink), u32::from(alpha));
        ((ink * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let [r, g, b, a] = picture.get_pixel(x, y).0;
        image::Rgb([over(r, a), over(g, a), over(b, a)])
    })
}

/// The size of a picture whose longer side is at most this; it never grows.
fn fitting(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let longer = width.max(height).max(1);
    if longer <= longest {
        return (width, height);
    }
    let side = |side: u32| {
        let scaled =
            (u64::from(side) * u64::from(longest) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(longest).max(1)
    };
    (side(width), side(height))
}

fn fit(picture: RgbImage, longest: u32) -> Result<RgbImage, MediaOutcome> {
    let (width, height) = picture.dimensions();
    let (to_width, to_height) = fitting(width, height, longest);
    if (to_width, to_height) == (width, height) {
        return Ok(picture);
    }
    let from = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3)
        .map_err(|_| MediaOutcome::Damaged)?;
    let mut to = Image::new(to_width, to_height, PixelType::U8x3);
    Resizer::new()
        .resize(&from, &mut to, &ResizeOptions::new())
        .map_err(|_| MediaOutcome::Damaged)?;
    RgbImage::from_raw(to_width, to_height, to.into_vec()).ok_or(MediaOutcome::Damaged)
}

fn upright(picture: RgbImage, orientation: Option<u8>) -> RgbImage {
    let Some(turned) = orientation.and_then(Orientation::from_exif) else {
        return picture;
    };
    let mut picture = DynamicImage::ImageRgb8(picture);
    picture.apply_orientation(turned);
    picture.into_rgb8()
}

fn encode(picture: &RgbImage) -> Result<Rendition, MediaOutcome> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(picture)
        .map_err(|_| MediaOutcome::Damaged)?;
    let (width, height) = picture.dimensions();
    Ok(Rendition {
        bytes,
        width,
        height,
    })
}
