//! Pictures and films that the project makes itself: scenes drawn from a seed, the metadata that cameras write, and files
//! that are built to deceive or to exhaust whoever reads them.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage};

/// A scene: a sky that grows darker, and boxes and rounds of many sizes and colours. Two seeds look different, one seed
/// looks the same at any size.
pub fn scene(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) % bound
    };
    let base = [
        next(120) as u8 + 80,
        next(120) as u8 + 80,
        next(120) as u8 + 80,
    ];
    // In thousandths of the picture: left, top, width, height, colour, whether it is round.
    let things: Vec<_> = (0..24)
        .map(|_| {
            let colour = [next(256) as u8, next(256) as u8, next(256) as u8];
            let place = (next(900) as i64, next(900) as i64);
            (
                place,
                (next(350) as i64 + 40, next(350) as i64 + 40),
                colour,
                next(2) == 0,
            )
        })
        .collect();
    RgbImage::from_fn(width, height, |x, y| {
        let (px, py) = (
            i64::from(x) * 1000 / i64::from(width),
            i64::from(y) * 1000 / i64::from(height),
        );
        let shade = (py / 16) as u8;
        let mut colour = base.map(|light| light.saturating_sub(shade));
        for ((left, top), (wide, high), of_thing, round) in &things {
            let (dx, dy) = (px - left, py - top);
            let inside = if *round {
                let (cx, cy) = (2 * dx - wide, 2 * dy - high);
                cx * cx * high * high + cy * cy * wide * wide <= wide * wide * high * high
            } else {
                (0..*wide).contains(&dx) && (0..*high).contains(&dy)
            };
            if inside {
                colour = *of_thing;
            }
        }
        Rgb(colour)
    })
}

/// As a JPEG without metadata.
pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .expect("a picture in memory is encoded");
    bytes
}

/// As a PNG.
pub fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut bytes)
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .expect("a picture in memory is encoded");
    bytes
}

/// As a WebP without loss.
pub fn webp(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    image::codecs::webp::WebPEncoder::new_lossless(&mut bytes)
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8)
        .expect("a picture in memory is encoded");
    bytes
}

/// Tag, type, how many values, and their bytes.
type NoteEntry = (u16, (u16, u32, Vec<u8>));

/// What a camera writes beside a picture.
#[derive(Debug, Clone, Default)]
pub struct CameraNotes {
    /// 1 to 8.
    pub orientation: Option<u16>,
    /// `2025:03:01 12:00:00`
    pub taken: Option<String>,
    /// `+08:00`
    pub offset: Option<String>,
    /// Latitude and longitude in ten-millionths of a degree.
    pub place: Option<(i64, i64)>,
    /// `WGS-84`
    pub datum: Option<String>,
    /// Maker and model.
    pub device: Option<(String, String)>,
}

impl CameraNotes {
    /// As a block of EXIF, from its TIFF header on.
    pub fn block(&self) -> Vec<u8> {
        let text = |text: &str| {
            (
                2_u16,
                text.len() as u32 + 1,
                [text.as_bytes(), b"\0"].concat(),
            )
        };
        let long = |value: u32| (4_u16, 1, value.to_be_bytes().to_vec());
        let degrees = |e7: i64| {
            // As one fraction: degrees, no minutes, no seconds.
            let parts = [(e7.unsigned_abs() as u32, 10_000_000_u32), (0, 1), (0, 1)];
            let bytes = parts
                .iter()
                .flat_map(|(n, d)| [n.to_be_bytes(), d.to_be_bytes()].concat());
            (5_u16, 3, bytes.collect::<Vec<u8>>())
        };
        let mut main = Vec::new();
        if let Some((make, model)) = &self.device {
            main.push((0x010f, text(make)));
            main.push((0x0110, text(model)));
        }
        if let Some(turned) = self.orientation {
            let value = [turned.to_be_bytes(), [0, 0]].concat();
            main.push((0x0112, (3, 1, value)));
        }
        let mut shot = Vec::new();
        if let Some(taken) = &self.taken {
            shot.push((0x9003, text(taken)));
        }
        if let Some(offset) = &self.offset {
            shot.push((0x9011, text(offset)));
        }
        let mut gps = Vec::new();
        if let Some((latitude, longitude)) = self.place {
            gps.push((1, text(if latitude < 0 { "S" } else { "N" })));
            gps.push((2, degrees(latitude)));
            gps.push((3, text(if longitude < 0 { "W" } else { "E" })));
            gps.push((4, degrees(longitude)));
        }
        if let Some(datum) = &self.datum {
            gps.push((0x12, text(datum)));
        }
        // The directories follow each other; the first points to the others.
        let size = |entries: &[NoteEntry]| -> u32 {
            let values = entries
                .iter()
                .map(|(_, (_, _, bytes))| bytes.len().max(4) as u32);
            let outside = values
                .filter(|length| *length > 4)
                .map(|length| length + length % 2);
            2 + 12 * entries.len() as u32 + 4 + outside.sum::<u32>()
        };
        main.push((0x8769, long(0)));
        main.push((0x8825, long(0)));
        let shot_at = 8 + size(&main);
        let gps_at = shot_at + size(&shot);
        let count = main.len();
        main[count - 2].1 = long(shot_at);
        main[count - 1].1 = long(gps_at);
        let mut block = b"MM\0*\0\0\0\x08".to_vec();
        for entries in [main, shot, gps] {
            let mut outside_at = block.len() + 2 + 12 * entries.len() + 4;
            let mut outside = Vec::new();
            block.extend((entries.len() as u16).to_be_bytes());
            for (tag, (kind, components, mut bytes)) in entries {
                block.extend(u16::to_be_bytes(tag));
                block.extend(kind.to_be_bytes());
                block.extend(components.to_be_bytes());
                if bytes.len() <= 4 {
                    bytes.resize(4, 0);
                    block.extend(bytes);
                } else {
                    bytes.resize(bytes.len() + bytes.len() % 2, 0);
                    block.extend((outside_at as u32).to_be_bytes());
                    outside_at += bytes.len();
                    outside.extend(bytes);
                }
            }
            block.extend([0; 4]);
            block.extend(outside);
        }
        block
    }
}

/// A JPEG with what a camera writes beside it.
pub fn jpeg_with(jpeg: &[u8], notes: &CameraNotes) -> Vec<u8> {
    let payload = [b"Exif\0\0".as_slice(), &notes.block()].concat();
    with_segment(jpeg, 0xe1, &payload)
}

/// A JPEG with one more segment at its beginning.
pub fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, payload, &jpeg[2..]].concat()
}

/// A PNG with one more chunk after its header.
pub fn with_chunk(png: &[u8], kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let after_header = 8 + 25;
    let body = [kind.as_slice(), payload].concat();
    [
        &png[..after_header],
        &(payload.len() as u32).to_be_bytes(),
        &body,
        &crc32(&body).to_be_bytes(),
        &png[after_header..],
    ]
    .concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A JPEG of one grey of any size, in a few bits for each block of 64 pixels: a picture of 100 megapixels in 3 MB.
pub fn grey_jpeg(width: u16, height: u16) -> Vec<u8> {
    grey(width, height, 0xc0, 1)
}

/// The same, in so many scans, each of which goes over the whole picture.
pub fn grey_progressive_jpeg(width: u16, height: u16, scans: usize) -> Vec<u8> {
    grey(width, height, 0xc2, scans)
}

fn grey(width: u16, height: u16, frame: u8, scans: usize) -> Vec<u8> {
    // The tables of the encoder are those of the standard's annex.
    let small = jpeg(&RgbImage::from_pixel(8, 8, Rgb([128; 3])), 75);
    let find = |marker: u8| {
        let at = small.windows(2).position(|pair| pair == [0xff, marker]);
        at.expect("an encoder writes it")
    };
    let (frame_at, scan_at) = (find(0xc0), find(0xda));
    let mut bytes = small[..scan_at].to_vec();
    bytes[frame_at + 1] = frame;
    bytes[frame_at + 5..frame_at + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame_at + 7..frame_at + 9].copy_from_slice(&width.to_be_bytes());
    // Three components of one block: no change of brightness, and for a frame in one scan the end of each block.
    let unit: &[u8] = match frame {
        0xc0 => &[0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        _ => &[0; 6],
    };
    let units = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    let mut coded = Vec::new();
    let mut bits = unit
        .iter()
        .copied()
        .cycle()
        .take(unit.len() * units)
        .peekable();
    while bits.peek().is_some() {
        let byte = (0..8).fold(0, |byte, _| (byte << 1) | bits.next().unwrap_or(1));
        coded.push(byte);
        if byte == 0xff {
            coded.push(0);
        }
    }
    let header_length = usize::from(u16::from_be_bytes([small[scan_at + 2], small[scan_at + 3]]));
    let mut header = small[scan_at..scan_at + 2 + header_length].to_vec();
    if frame != 0xc0 {
        // The mean of each block alone.
        let spectrum = header.len() - 3;
        header[spectrum..].copy_from_slice(&[0, 0, 0]);
    }
    for _ in 0..scans {
        bytes.extend(&header);
        bytes.extend(&coded);
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// A PNG whose header promises any size, with next to nothing behind it.
pub fn hollow_png(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], payload: &[u8]| {
        let body = [kind.as_slice(), payload].concat();
        bytes.extend((payload.len() as u32).to_be_bytes());
        bytes.extend(&body);
        bytes.extend(crc32(&body).to_be_bytes());
    };
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(
        b"IHDR",
        &[sides.as_slice(), &[depth, colour, 0, 0, 0]].concat(),
    );
    chunk(b"IDAT", &[0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1]);
    chunk(b"IEND", &[]);
    bytes
}

/// A box of an MP4.
pub fn mp4_box(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = (payload.len() as u32 + 8).to_be_bytes();
    [&size, kind.as_slice(), payload].concat()
}

/// A film as phones write it.
#[derive(Debug, Clone)]
pub struct Film {
    /// When it was made, in Unix seconds.
    pub created_s: i64,
    /// How long it is.
    pub duration_ms: u32,
    /// As in ISO 6709: `+35.4900+112.8500/`.
    pub place: Option<String>,
    /// The index comes after the data.
    pub index_last: bool,
    /// Bytes of data.
    pub data_bytes: usize,
}

impl Film {
    /// As an MP4.
    pub fn mp4(&self) -> Vec<u8> {
        let ftyp = mp4_box(b"ftyp", b"isom\0\0\x02\0isommp42");
        // Seconds since 1904.
        let created = u32::try_from(self.created_s + 2_082_844_800)
            .expect("this century")
            .to_be_bytes();
        let mut header = [
            &[0; 4],
            created.as_slice(),
            &created,
            &1000_u32.to_be_bytes(),
        ]
        .concat();
        header.extend(self.duration_ms.to_be_bytes());
        header.extend([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        header.extend([0; 36 + 24]);
        header.extend(2_u32.to_be_bytes());
        let mut index = mp4_box(b"mvhd", &header);
        if let Some(place) = &self.place {
            let mut text = (place.len() as u16).to_be_bytes().to_vec();
            text.extend([0x15, 0xc7]);
            text.extend(place.as_bytes());
            index.extend(mp4_box(b"udta", &mp4_box(b"\xa9xyz", &text)));
        }
        let index = mp4_box(b"moov", &index);
        let data = mp4_box(b"mdat", &vec![0x5a; self.data_bytes]);
        match self.index_last {
            true => [ftyp, data, index].concat(),
            false => [ftyp, index, data].concat(),
        }
    }
}

/// The shell of a HEIC picture: its boxes without anything that decodes.
pub fn heic() -> Vec<u8> {
    let ftyp = mp4_box(b"ftyp", b"heic\0\0\0\0mif1heic");
    let meta = mp4_box(
        b"meta",
        &[&[0; 4], mp4_box(b"hdlr", &[0; 24]).as_slice()].concat(),
    );
    [ftyp, meta, mp4_box(b"mdat", &[0; 64])].concat()
}

/// An archive that is empty but for its last record.
pub fn empty_zip() -> Vec<u8> {
    [b"PK\x05\x06".as_slice(), &[0; 18]].concat()
}
