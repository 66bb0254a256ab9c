//! How JPEG, PNG and WebP files are built, walked from end to end in one pass with a small buffer and before any decoder
//! sees them: where the picture ends, what follows it, and what would make a decoder work or remember too much.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use sync_core::limits::{JPEG_SCANS_MAX, MEDIA_PARTS_MAX, METADATA_BYTES_MAX};
use sync_core::model::MediaOutcome;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 128 * 1024;

/// What a walk over a picture finds.
#[derive(Debug, Default)]
pub struct Structure {
    /// What is wrong with it.
    pub outcomes: BTreeSet<MediaOutcome>,
    /// Width and height as the header says, in pixels.
    pub size_px: Option<(u32, u32)>,
    /// The EXIF block, from its TIFF header on.
    pub exif: Option<Vec<u8>>,
    /// Where the picture ends; none where it does not.
    pub end: Option<u64>,
    /// Of a JPEG: how its coefficients are kept.
    pub jpeg: Option<JpegFrame>,
}

/// What the header of a JPEG says of its coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegFrame {
    /// Its pixels come in many passes, and all coefficients are kept until the last.
    pub progressive: bool,
    /// A coding that nothing here decodes.
    pub unusual: bool,
    /// Horizontal and vertical sampling of each component.
    pub sampling: Vec<(u8, u8)>,
}

impl JpegFrame {
    /// Blocks of 64 coefficients in the whole picture, as decoders allocate them.
    pub fn blocks(&self, (width, height): (u32, u32)) -> u64 {
        let most = |of: fn(&(u8, u8)) -> u8| self.sampling.iter().map(of).max().unwrap_or(1).max(1);
        let (across, down) = (u64::from(most(|s| s.0)), u64::from(most(|s| s.1)));
        let units = u64::from(width).div_ceil(8 * across) * u64::from(height).div_ceil(8 * down);
        let in_unit = self
            .sampling
            .iter()
            .map(|s| u64::from(s.0) * u64::from(s.1));
        units * in_unit.sum::<u64>()
    }
}

/// A reader that counts.
struct Counted<R> {
    reader: BufReader<R>,
    at: u64,
}

impl<R: Read + Seek> Counted<R> {
    fn new(mut reader: R) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(0))?;
        let reader = BufReader::with_capacity(READ_BYTES, reader);
        Ok(Self { reader, at: 0 })
    }

    fn exact<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn take(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut taken = vec![0; bytes];
        self.reader.read_exact(&mut taken)?;
        self.at += bytes as u64;
        Ok(taken)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let step = i64::try_from(bytes).map_err(|_| ErrorKind::UnexpectedEof)?;
        self.reader.seek_relative(step)?;
        self.at += bytes;
        Ok(())
    }

    /// Reads on to the next marker that is not part of coded data.
    fn next_marker(&mut self) -> io::Result<u8> {
        let mut after_ff = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let found = if after_ff {
                Some(0)
            } else {
                buffer
                    .iter()
                    .position(|byte| *byte == 0xff)
                    .map(|at| at + 1)
            };
            let Some(found) = found else {
                let all = buffer.len();
                self.reader.consume(all);
                self.at += all as u64;
                continue;
            };
            let Some(byte) = buffer.get(found).copied() else {
                self.reader.consume(found);
                self.at += found as u64;
                after_ff = true;
                continue;
            };
            self.reader.consume(found + 1);
            self.at += found as u64 + 1;
            match byte {
                0xff => {
                    // A fill byte: it may begin the marker itself.
                    after_ff = true;
                }
                0x00 | 0xd0..=0xd7 => after_ff = false,
                marker => return Ok(marker),
            }
        }
    }
}

/// A file that ends too early is no error of ours.
fn walked(mut structure: Structure, walk: io::Result<()>) -> io::Result<Structure> {
    match walk {
        Ok(()) => Ok(structure),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            structure.outcomes.insert(MediaOutcome::Truncated);
            Ok(structure)
        }
        Err(error) => Err(error),
    }
}

/// Walks a JPEG.
pub fn jpeg<R: Read + Seek>(file: &mut R) -> io::Result<Structure> {
    let mut structure = Structure::default();
    let walk = walk_jpeg(&mut Counted::new(file)?, &mut structure);
    walked(structure, walk)
}

fn walk_jpeg<R: Read + Seek>(file: &mut Counted<R>, structure: &mut Structure) -> io::Result<()> {
    file.exact::<2>()?;
    let (mut scans, mut parts, mut around) = (0, 0, 0_u64);
    loop {
        let marker = file.next_marker()?;
        match marker {
            // The end.
            0xd9 => {
                structure.end = Some(file.at);
                return Ok(());
            }
            // Without a length.
            0x01 | 0xd8 => continue,
            _ => {}
        }
        let length = u64::from(u16::from_be_bytes(file.exact()?));
        let Some(length) = length.checked_sub(2) else {
            structure.outcomes.insert(MediaOutcome::Damaged);
            return Ok(());
        };
        parts += 1;
        if parts > MEDIA_PARTS_MAX {
            structure.outcomes.insert(MediaOutcome::TooManyParts);
            return Ok(());
        }
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let header = file.take(length as usize)?;
                if !frame(&header, marker, structure) {
                    structure.outcomes.insert(MediaOutcome::Damaged);
                    return Ok(());
                }
            }
            0xda => {
                scans += 1;
                if scans > JPEG_SCANS_MAX {
                    structure.outcomes.insert(MediaOutcome::TooManyScans);
                    return Ok(());
                }
                file.skip(length)?;
            }
            0xe0..=0xef | 0xfe => {
                around += length;
                if around > METADATA_BYTES_MAX {
                    structure.outcomes.insert(MediaOutcome::MetadataTooLarge);
                    return Ok(());
                }
                let exif = marker == 0xe1 && structure.exif.is_none() && length > 6;
                if exif {
                    let segment = file.take(length as usize)?;
                    structure.exif = segment.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec);
                } else {
                    file.skip(length)?;
                }
            }
            _ => file.skip(length)?,
        }
    }
}

/// Takes a frame's header in; false where it makes no sense.
fn frame(header: &[u8], marker: u8, structure: &mut Structure) -> bool {
    let Some((&[precision, h1, h0, w1, w0, count], components)) = header.split_first_chunk::<6>()
    else {
        return false;
    };
    let sampling: Vec<(u8, u8)> = components
        .chunks_exact(3)
        .take(usize::from(count))
        .map(|component| (component[1] >> 4, component[1] & 15))
        .collect();
    let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
    let sound = (1..=4).contains(&sampling.len())
        && sampling.len() == usize::from(count)
        && sampling
            .iter()
            .all(|(h, v)| (1..=4).contains(h) && (1..=4).contains(v));
    // A second frame, or a picture without a side: hierarchical files, and what no camera writes.
    if !sound || width == 0 || height == 0 || structure.jpeg.is_some() {
        return false;
    }
    structure.size_px = Some((u32::from(width), u32::from(height)));
    structure.jpeg = Some(JpegFrame {
        progressive: marker == 0xc2,
        unusual: !matches!(marker, 0xc0..=0xc2) || precision != 8,
        sampling,
    });
    true
}

/// Walks a PNG.
pub fn png<R: Read + Seek>(file: &mut R, size: u64) -> io::Result<Structure> {
    let mut structure = Structure::default();
    let walk = walk_png(&mut Counted::new(file)?, size, &mut structure);
    walked(structure, walk)
}

fn walk_png<R: Read + Seek>(
    file: &mut Counted<R>,
    size: u64,
    structure: &mut Structure,
) -> io::Result<()> {
    file.exact::<8>()?;
    let (mut parts, mut around) = (0, 0_u64);
    loop {
        let length = u64::from(u32::from_be_bytes(file.exact()?));
        let kind: [u8; 4] = file.exact()?;
        let next = file.at + length + 4;
        if next > size {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        parts += 1;
        if parts > MEDIA_PARTS_MAX {
            structure.outcomes.insert(MediaOutcome::TooManyParts);
            return Ok(());
        }
        if !matches!(&kind, b"IDAT" | b"fdAT" | b"IEND" | b"IHDR" | b"PLTE") {
            around += length;
            if around > METADATA_BYTES_MAX {
                structure.outcomes.insert(MediaOutcome::MetadataTooLarge);
                return Ok(());
            }
        }
        match &kind {
            b"IHDR" if length == 13 => {
                let width = u32::from_be_bytes(file.exact()?);
                let height = u32::from_be_bytes(file.exact()?);
                structure.size_px = Some((width, height));
            }
            b"eXIf" if structure.exif.is_none() => {
                structure.exif = Some(file.take(length as usize)?);
            }
            b"IEND" => {
                structure.end = Some(next);
                return Ok(());
            }
            _ => {}
        }
        let rest = next - file.at;
        file.skip(rest)?;
    }
}

/// Walks a WebP.
pub fn webp<R: Read + Seek>(file: &mut R, size: u64) -> io::Result<Structure> {
    let mut structure = Structure::default();
    let walk = walk_webp(&mut Counted::new(file)?, size, &mut structure);
    walked(structure, walk)
}

fn walk_webp<R: Read + Seek>(
    file: &mut Counted<R>,
    size: u64,
    structure: &mut Structure,
) -> io::Result<()> {
    file.exact::<4>()?;
    let end = 8 + u64::from(u32::from_le_bytes(file.exact()?));
    file.exact::<4>()?;
    if end > size {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let mut parts = 0;
    while file.at + 8 <= end {
        let kind: [u8; 4] = file.exact()?;
        let length = u64::from(u32::from_le_bytes(file.exact()?));
        // Chunks are padded to an even length.
        let next = file.at + length + length % 2;
        if file.at + length > end {
            structure.outcomes.insert(MediaOutcome::Damaged);
            return Ok(());
        }
        parts += 1;
        if parts > MEDIA_PARTS_MAX {
            structure.outcomes.insert(MediaOutcome::TooManyParts);
            return Ok(());
        }
        match &kind {
            b"EXIF" if structure.exif.is_none() => {
                if length > METADATA_BYTES_MAX {
                    structure.outcomes.insert(MediaOutcome::MetadataTooLarge);
                    return Ok(());
                }
                let block = file.take(length as usize)?;
                // Some writers put the prefix of JPEG before it.
                let block = block.strip_prefix(b"Exif\0\0").unwrap_or(&block);
                structure.exif = Some(block.to_vec());
            }
            _ => {}
        }
        let rest = next - file.at;
        file.skip(rest)?;
    }
    structure.end = Some(end);
    Ok(())
}
