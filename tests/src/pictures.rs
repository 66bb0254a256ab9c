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

/// What a drawn picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// 场所: a shop in its street.
    Place,
    /// 标签: a label with its bars.
    Label,
    /// 库存: shelves of boxes.
    Stock,
    /// 封样: a box under its seals.
    Sealing,
}

/// A sheet to draw on, whose sides are a thousand long whatever the picture's are.
struct Drawing {
    picture: RgbImage,
}

impl Drawing {
    fn new(width: u32, height: u32, ground: [u8; 3]) -> Self {
        let picture = RgbImage::from_pixel(width, height, Rgb(ground));
        Self { picture }
    }

    fn bar(&mut self, (left, top): (u32, u32), (right, bottom): (u32, u32), colour: [u8; 3]) {
        let (width, height) = self.picture.dimensions();
        for y in top * height / 1_000..(bottom * height / 1_000).min(height) {
            for x in left * width / 1_000..(right * width / 1_000).min(width) {
                self.picture.put_pixel(x, y, Rgb(colour));
            }
        }
    }

    fn ring(&mut self, (x, y): (u32, u32), (outer, inner): (u32, u32), colour: [u8; 3]) {
        let (width, height) = self.picture.dimensions();
        let at = |of: u32| i64::from(of * height / 1_000);
        let (middle, above) = (i64::from(x * width / 1_000), at(y));
        for (px, py, light) in self.picture.enumerate_pixels_mut() {
            let (dx, dy) = (i64::from(px) - middle, i64::from(py) - above);
            let far = dx * dx + dy * dy;
            if (at(inner).pow(2)..=at(outer).pow(2)).contains(&far) {
                *light = Rgb(colour);
            }
        }
    }
}

/// A picture of what samplers photograph, drawn by hand.
pub fn drawn(subject: Subject, width: u32, height: u32) -> RgbImage {
    match subject {
        Subject::Place => drawn_place(width, height),
        Subject::Label => drawn_label(width, height),
        Subject::Stock => drawn_stock(width, height),
        Subject::Sealing => drawn_sealing(width, height, 1_000),
    }
}

fn drawn_place(width: u32, height: u32) -> RgbImage {
    let mut it = Drawing::new(width, height, [150, 195, 235]);
    it.ring((850, 150), (80, 0), [255, 225, 120]);
    it.bar((0, 780), (1_000, 1_000), [120, 120, 115]);
    it.bar((0, 780), (1_000, 800), [180, 180, 170]);
    it.bar((150, 250), (850, 790), [225, 215, 195]);
    it.bar((150, 250), (850, 380), [185, 40, 40]);
    for sign in 0..6 {
        let left = 260 + sign * 85;
        it.bar((left, 285), (left + 55, 345), [255, 235, 190]);
    }
    for window in [200, 640] {
        it.bar((window, 440), (window + 160, 640), [90, 130, 160]);
        it.bar((window + 76, 440), (window + 84, 640), [240, 240, 235]);
        it.bar((window, 536), (window + 160, 544), [240, 240, 235]);
    }
    it.bar((440, 450), (560, 790), [95, 65, 45]);
    it.ring((540, 620), (12, 0), [230, 200, 90]);
    it.picture
}

fn drawn_label(width: u32, height: u32) -> RgbImage {
    let mut it = Drawing::new(width, height, [95, 80, 70]);
    it.bar((120, 90), (880, 910), [250, 248, 240]);
    it.bar((120, 90), (880, 210), [30, 90, 160]);
    it.bar((170, 125), (620, 175), [250, 248, 240]);
    for (line, length) in [560, 480, 600, 350, 520].into_iter().enumerate() {
        let top = 260 + line as u32 * 70;
        it.bar((170, top), (290, top + 30), [120, 120, 120]);
        it.bar((320, top), (320 + length * 9 / 10, top + 30), [60, 60, 60]);
    }
    let mut left = 200;
    for stripe in 0..46_u32 {
        let wide = 4 + stripe * stripe * 7 % 3 * 4;
        it.bar((left, 660), (left + wide, 830), [20, 20, 20]);
        left += wide + 4 + stripe * 5 % 3 * 3;
    }
    it.picture
}

fn drawn_stock(width: u32, height: u32) -> RgbImage {
    let mut it = Drawing::new(width, height, [205, 205, 200]);
    for shelf in 0..3 {
        let floor = 330 + shelf * 290;
        it.bar((40, floor), (960, floor + 25), [110, 110, 120]);
        for place in 0..7 {
            let (left, tall) = (65 + place * 128, 150 + (place * 37 + shelf * 53) % 70);
            let shade = ((place * 3 + shelf * 5) % 4) as u8 * 14;
            it.bar(
                (left, floor - tall),
                (left + 110, floor),
                [190 - shade, 145 - shade, 95 - shade],
            );
            it.bar(
                (left, floor - tall / 2 - 8),
                (left + 110, floor - tall / 2 + 8),
                [225, 205, 165],
            );
        }
    }
    it.bar((40, 0), (55, 1_000), [80, 80, 90]);
    it.bar((945, 0), (960, 1_000), [80, 80, 90]);
    it.picture
}

/// A box of which so many thousandths are under the seal.
fn drawn_sealing(width: u32, height: u32, sealed: u32) -> RgbImage {
    let mut it = Drawing::new(width, height, [70, 95, 85]);
    it.bar((180, 220), (820, 860), [200, 155, 105]);
    it.bar((180, 220), (820, 300), [175, 130, 85]);
    it.bar((495, 220), (505, 860), [150, 110, 70]);
    let end = 180 + 640 * sealed.min(1_000) / 1_000;
    it.bar((180, 470), (end, 590), [245, 245, 240]);
    for stripe in 0..16 {
        let left = 190 + stripe * 40;
        if left + 18 < end {
            it.bar((left, 480), (left + 18, 500), [200, 30, 40]);
            it.bar((left, 560), (left + 18, 580), [200, 30, 40]);
        }
    }
    if sealed >= 1_000 {
        it.ring((640, 640), (120, 100), [205, 25, 35]);
        it.ring((640, 640), (45, 0), [205, 25, 35]);
    } else {
        // The hand that draws the tape.
        it.bar((end, 440), (end + 90, 640), [235, 190, 160]);
    }
    it.picture
}

/// Frames of a box that is sealed, as JPEGs; grain as in a dark room makes them as large as those of a camera.
pub fn sealing_film(count: u32) -> Vec<Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let frame = |number: u32| {
        let mut frame = drawn_sealing(320, 240, (number + 1) * 1_000 / count);
        for light in frame.pixels_mut() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let grain = (state % 24) as u8;
            *light = Rgb(light.0.map(|it| it.saturating_add(grain)));
        }
        jpeg(&frame, 88)
    };
    (0..count).map(frame).collect()
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
        let ftyp = mp4_box(b"ftyp", BRANDS);
        let mut index = movie_header(self.created_s, self.duration_ms);
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

/// What an MP4 says that it is.
const BRANDS: &[u8] = b"isom\0\0\x02\0isommp42";
/// The picture is neither turned nor stretched.
const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn numbers(all: &[u32]) -> Vec<u8> {
    all.iter().flat_map(|it| it.to_be_bytes()).collect()
}

/// Seconds since 1904.
fn movie_time(unix_s: i64) -> u32 {
    u32::try_from(unix_s + 2_082_844_800).expect("this century")
}

fn movie_header(created_s: i64, duration_ms: u32) -> Vec<u8> {
    let created = movie_time(created_s);
    let header = [
        numbers(&[0, created, created, 1_000, duration_ms, 0x1_0000]),
        vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        numbers(&UPRIGHT),
        vec![0; 24],
        numbers(&[2]),
    ];
    mp4_box(b"mvhd", &header.concat())
}

/// Frames of a scene in which something moves, as JPEGs of a few hundred kilobytes together for each ten: grain fills them.
pub fn moving(count: u32, seed: u64) -> Vec<Vec<u8>> {
    let still = scene(320, 240, seed);
    let mut state = seed | 1;
    (0..count)
        .map(|number| {
            let mut frame = still.clone();
            for (x, y, light) in frame.enumerate_pixels_mut() {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let grain = (state % 64) as u8;
                let at = (number * 7) % 280;
                *light = match (at..at + 40).contains(&x) && (100..140).contains(&y) {
                    true => Rgb([255, 255, grain]),
                    false => Rgb(light.0.map(|it| it.saturating_add(grain))),
                };
            }
            jpeg(&frame, 95)
        })
        .collect()
}

/// A film that players show: its frames are JPEGs of 320 by 240, 25 in a second, each of them found by the index.
#[derive(Debug, Clone)]
pub struct Footage {
    /// When it was made, in Unix seconds.
    pub created_s: i64,
    /// As JPEGs.
    pub frames: Vec<Vec<u8>>,
    /// The index comes after the data, as cameras write it that do not know how long they film.
    pub index_last: bool,
}

/// How long a frame is shown, in milliseconds.
const FRAME_MS: u32 = 40;

impl Footage {
    /// As an MP4.
    pub fn mp4(&self) -> Vec<u8> {
        let ftyp = mp4_box(b"ftyp", BRANDS);
        let data = mp4_box(b"mdat", &self.frames.concat());
        // The index is as long wherever the frames lie.
        let before = match self.index_last {
            true => ftyp.len(),
            false => ftyp.len() + self.index(0).len(),
        };
        let index = self.index(before + 8);
        match self.index_last {
            true => [ftyp, data, index].concat(),
            false => [ftyp, index, data].concat(),
        }
    }

    /// Where each frame lies, of which the first begins here.
    fn index(&self, first: usize) -> Vec<u8> {
        let (width, height) = (320_u32, 240_u32);
        let count = self.frames.len() as u32;
        let duration_ms = count * FRAME_MS;
        let created = movie_time(self.created_s);
        let boxes = |kind: &[u8; 4], all: &[Vec<u8>]| mp4_box(kind, &all.concat());
        let table = |kind: &[u8; 4], all: &[u32]| mp4_box(kind, &numbers(all));
        let track = boxes(
            b"tkhd",
            &[
                numbers(&[7, created, created, 1, 0, duration_ms]),
                vec![0; 16],
                numbers(&UPRIGHT),
                numbers(&[width << 16, height << 16]),
            ],
        );
        // Which decoder: JPEG (0x6c), a visual stream.
        let decoder = [
            numbers(&[0]),
            vec![3, 21, 0, 1, 0, 4, 13, 0x6c, 0x11],
            vec![0; 11],
            vec![6, 1, 2],
        ];
        let entry = boxes(
            b"mp4v",
            &[
                vec![0, 0, 0, 0, 0, 0, 0, 1],
                vec![0; 16],
                numbers(&[width << 16 | height, 72 << 16, 72 << 16, 0]),
                vec![0, 1],
                vec![0; 32],
                vec![0, 24, 0xff, 0xff],
                boxes(b"esds", &decoder),
            ],
        );
        let mut places = vec![0, count];
        let mut sizes = vec![0, 0, count];
        let mut at = first as u32;
        for frame in &self.frames {
            places.push(at);
            sizes.push(frame.len() as u32);
            at += frame.len() as u32;
        }
        let samples = boxes(
            b"stbl",
            &[
                boxes(b"stsd", &[numbers(&[0, 1]), entry]),
                table(b"stts", &[0, 1, count, FRAME_MS]),
                table(b"stsc", &[0, 1, 1, 1, 1]),
                table(b"stsz", &sizes),
                table(b"stco", &places),
            ],
        );
        let here = boxes(b"dref", &[numbers(&[0, 1]), table(b"url ", &[1])]);
        let media = boxes(
            b"minf",
            &[table(b"vmhd", &[1, 0, 0]), mp4_box(b"dinf", &here), samples],
        );
        let handler = [
            numbers(&[0, 0]),
            b"vide".to_vec(),
            vec![0; 12],
            b"frames\0".to_vec(),
        ];
        let media = boxes(
            b"mdia",
            &[
                table(
                    b"mdhd",
                    &[0, created, created, 1_000, duration_ms, 0x55c4_0000],
                ),
                boxes(b"hdlr", &handler),
                media,
            ],
        );
        boxes(
            b"moov",
            &[
                movie_header(self.created_s, duration_ms),
                boxes(b"trak", &[track, media]),
            ],
        )
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
