//! A database that SQLite does not read any more, page by page: the file, the write-ahead log over it, the trees as far as
//! they can be walked, and what lies in pages that nothing leads to. Nothing here trusts a byte of it, and nothing writes.
//!
//! After SQLite's file format (<https://www.sqlite.org/fileformat2.html>): pages of 4096 bytes, table leaves 0x0D, table
//! interiors 0x05, overflow chains, records, frames of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::sealing::PageCipher;

/// What every page of a phone's store takes, in bytes.
pub(super) const PAGE_BYTES: usize = 4096;
const WAL_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const FRAME_BYTES: u64 = (FRAME_HEADER_BYTES + PAGE_BYTES) as u64;
/// No tree of a phone is deeper: a walk that goes further goes in circles.
const DEPTH_MAX: usize = 24;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// None.
    Null,
    /// An integer.
    Int(i64),
    /// A float: no table of a phone has one.
    Real(f64),
    /// UTF-8.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(it) => Some(it),
            _ => None,
        }
    }

    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(it) => Some(*it),
            _ => None,
        }
    }

    pub(super) fn blob(&self) -> Option<&[u8]> {
        match self {
            Self::Blob(it) => Some(it),
            _ => None,
        }
    }
}

/// One row as it was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundRow {
    /// Its rowid, where it could be read.
    pub rowid: Option<i64>,
    /// Its columns, in the order of the table.
    pub values: Vec<Value>,
}

/// Where an image of a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Image {
    Main(u32),
    Frame(u64),
}

/// The files of a damaged store.
pub(super) struct Pages {
    main: Option<File>,
    wal: Option<File>,
    main_pages: u32,
    /// Committed images of pages in the log, the oldest first.
    frames: BTreeMap<u32, Vec<u64>>,
    cipher: Option<PageCipher>,
}

/// What a walk of a tree came to.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Rows, in the order of the tree.
    pub rows: Vec<FoundRow>,
    /// Pages that were read on the way, overflow among them.
    pub reached: BTreeSet<u32>,
    /// Pages and cells that could not be read.
    pub troubles: i64,
}

impl Pages {
    /// Opens the files for reading. What is not there counts as empty.
    pub(super) fn open(path: &Path, cipher: Option<PageCipher>) -> std::io::Result<Self> {
        let main = opened(path)?;
        let wal = opened(&super::opening::beside(path, "-wal"))?;
        let length = |file: &Option<File>| match file {
            Some(file) => file.metadata().map(|it| it.len()),
            None => Ok(0),
        };
        let main_bytes = length(&main)?;
        let wal_bytes = length(&wal)?;
        let pages = main_bytes.div_ceil(PAGE_BYTES as u64);
        let mut pages = Self {
            main,
            wal,
            main_pages: u32::try_from(pages).unwrap_or(u32::MAX),
            frames: BTreeMap::new(),
            cipher,
        };
        pages.read_frames(wal_bytes);
        Ok(pages)
    }

    /// Frames of the newest generation of the log, up to the last that ends a transaction. Checksums are not asked: what a
    /// row says is held against itself.
    fn read_frames(&mut self, wal_bytes: u64) {
        let Some(wal) = &self.wal else { return };
        let mut header = [0; WAL_HEADER_BYTES];
        if !read_at(wal, 0, &mut header) {
            return;
        }
        let sound = wal_header_holds(&header);
        let mut salts: Option<[u8; 8]> = sound.then(|| array(&header, 16));
        let mut pending: Vec<(u32, u64)> = Vec::new();
        let mut offset = WAL_HEADER_BYTES as u64;
        while offset + FRAME_BYTES <= wal_bytes {
            let mut frame = [0; FRAME_HEADER_BYTES];
            if !read_at(wal, offset, &mut frame) {
                break;
            }
            let these: [u8; 8] = array(&frame, 8);
            let (page, size) = (be32(&frame, 0), be32(&frame, 4));
            // A flipped bit in one frame's salts does not end the log: the next frame is asked.
            let ours = *salts.get_or_insert(these) == these;
            if ours && page > 0 {
                pending.push((page, offset + FRAME_HEADER_BYTES as u64));
                if size != 0 {
                    for (page, at) in pending.drain(..) {
                        self.frames.entry(page).or_default().push(at);
                    }
                }
            }
            offset += FRAME_BYTES;
        }
    }

    /// Bytes of a page that hold content.
    fn usable(&self) -> usize {
        match &self.cipher {
            Some(_) => PAGE_BYTES - PageCipher::RESERVED_BYTES,
            None => PAGE_BYTES,
        }
    }

    /// The highest number of a page that is here.
    pub(super) fn last(&self) -> u32 {
        let in_log = self.frames.keys().next_back().copied().unwrap_or(0);
        self.main_pages.max(in_log)
    }

    fn newest(&self, page: u32) -> Option<Vec<u8>> {
        let in_log = self.frames.get(&page).and_then(|it| it.last());
        match in_log {
            Some(at) => self.image(page, Image::Frame(*at)),
            None => self.image(page, Image::Main(page)),
        }
    }

    fn image(&self, page: u32, image: Image) -> Option<Vec<u8>> {
        let mut bytes = vec![0; PAGE_BYTES];
        match image {
            Image::Main(number) if number >= 1 && number <= self.main_pages => {
                let at = u64::from(number - 1) * PAGE_BYTES as u64;
                // The last page of a file that was cut off is read as far as it goes.
                read_as_far(self.main.as_ref()?, at, &mut bytes);
            }
            Image::Main(_) => return None,
            Image::Frame(at) => read_as_far(self.wal.as_ref()?, at, &mut bytes),
        }
        if let Some(cipher) = &self.cipher {
            cipher.open(page, &mut bytes);
        }
        Some(bytes)
    }

    /// Every image of every page: what the log holds of it and what the file holds.
    pub(super) fn images(&self) -> impl Iterator<Item = (u32, Vec<u8>)> + '_ {
        let of = |page: u32| {
            let frames = self.frames.get(&page).into_iter().flatten().rev();
            let frames = frames.map(|at| Image::Frame(*at));
            frames
                .chain(std::iter::once(Image::Main(page)))
                .map(move |image| (page, image))
        };
        (1..=self.last())
            .flat_map(of)
            .filter_map(|(page, image)| Some((page, self.image(page, image)?)))
    }

    /// The rows of the table whose tree begins here.
    pub(super) fn walk(&self, root: u32) -> Walk {
        let mut walk = Walk::default();
        self.descend(root, 0, &mut walk);
        walk
    }

    fn descend(&self, page: u32, depth: usize, walk: &mut Walk) {
        if depth > DEPTH_MAX || page == 0 || page > self.last() || !walk.reached.insert(page) {
            walk.troubles += 1;
            return;
        }
        let Some(bytes) = self.newest(page) else {
            walk.troubles += 1;
            return;
        };
        let at = header_at(page);
        let cells = cell_pointers(&bytes, at, self.usable());
        match bytes[at] {
            0x05 => {
                for cell in &cells.at {
                    self.descend(be32(&bytes, *cell), depth + 1, walk);
                }
                walk.troubles += cells.bad;
                self.descend(be32(&bytes, at + 8), depth + 1, walk);
            }
            0x0D => {
                walk.troubles += cells.bad;
                for cell in &cells.at {
                    match self.leaf_cell(&bytes, *cell, &mut walk.reached) {
                        Some(row) => walk.rows.push(row),
                        None => walk.troubles += 1,
                    }
                }
            }
            _ => walk.troubles += 1,
        }
    }

    /// The rows of a page by itself, if it looks like a leaf of a table.
    pub(super) fn leaf_rows(&self, page: u32, bytes: &[u8]) -> Vec<FoundRow> {
        let at = header_at(page);
        if bytes[at] != 0x0D {
            return Vec::new();
        }
        let cells = cell_pointers(bytes, at, self.usable()).at.into_iter();
        cells
            .filter_map(|cell| self.leaf_cell(bytes, cell, &mut BTreeSet::new()))
            .collect()
    }

    fn leaf_cell(&self, bytes: &[u8], at: usize, reached: &mut BTreeSet<u32>) -> Option<FoundRow> {
        let (total, n) = varint(bytes.get(at..)?)?;
        let (rowid, m) = varint(bytes.get(at + n..)?)?;
        let payload = self.payload(bytes, at + n + m, usize::try_from(total).ok()?, reached)?;
        Some(FoundRow {
            rowid: Some(rowid.cast_signed()),
            values: record(&payload)?,
        })
    }

    /// A record that begins at this byte, with or without a cell around it: its own header says how long it is.
    pub(super) fn record_at(&self, bytes: &[u8], at: usize) -> Option<FoundRow> {
        let (header, n) = varint(bytes.get(at..)?)?;
        let header = usize::try_from(header).ok()?;
        let mut types = bytes.get(at + n..at + header)?;
        let mut total = header;
        while !types.is_empty() {
            let (serial, n) = varint(types)?;
            total = total.checked_add(serial_bytes(serial)?)?;
            types = &types[n..];
        }
        let payload = self.payload(bytes, at, total, &mut BTreeSet::new())?;
        Some(FoundRow {
            rowid: rowid_before(bytes, at, total),
            values: record(&payload)?,
        })
    }

    fn payload(
        &self,
        bytes: &[u8],
        at: usize,
        total: usize,
        reached: &mut BTreeSet<u32>,
    ) -> Option<Vec<u8>> {
        let usable = self.usable();
        let local = local_bytes(total, usable);
        if at.checked_add(local)? > usable || total > (self.last() as usize + 1) * PAGE_BYTES {
            return None;
        }
        let mut payload = bytes.get(at..at + local)?.to_vec();
        if local == total {
            return Some(payload);
        }
        if at + local + 4 > usable {
            return None;
        }
        let mut next = be32(bytes, at + local);
        let mut seen = BTreeSet::new();
        while payload.len() < total {
            if next == 0 || next > self.last() || !seen.insert(next) {
                return None;
            }
            let page = self.newest(next)?;
            let more = (total - payload.len()).min(usable - 4);
            payload.extend_from_slice(&page[4..4 + more]);
            next = be32(&page, 0);
        }
        reached.extend(seen);
        Some(payload)
    }
}

/// Whether committed work of the log would be passed over in silence: SQLite ends the log at the first frame that does not
/// hold, as if what follows had never been written.
pub(super) fn log_is_broken(path: &Path) -> std::io::Result<bool> {
    let Some(mut wal) = opened(&super::opening::beside(path, "-wal"))? else {
        return Ok(false);
    };
    let bytes = wal.metadata()?.len();
    if bytes < WAL_HEADER_BYTES as u64 + FRAME_BYTES {
        return Ok(false);
    }
    let mut header = [0; WAL_HEADER_BYTES];
    wal.read_exact(&mut header)?;
    if !wal_header_holds(&header) {
        return Ok(true);
    }
    let big = be32(&header, 0) & 1 == 1;
    let salts: [u8; 8] = array(&header, 16);
    let mut sum = (be32(&header, 24), be32(&header, 28));
    let mut frame = vec![0; FRAME_HEADER_BYTES + PAGE_BYTES];
    let mut broken = false;
    for _ in 0..(bytes - WAL_HEADER_BYTES as u64) / FRAME_BYTES {
        wal.read_exact(&mut frame)?;
        let ours = array::<8>(&frame, 8) == salts;
        if !broken {
            sum = checksum(big, sum, &frame[..8]);
            sum = checksum(big, sum, &frame[FRAME_HEADER_BYTES..]);
            broken = !ours || sum != (be32(&frame, 16), be32(&frame, 20));
        }
        // What follows a frame that does not hold is nothing, unless it ends a transaction of the same generation.
        if broken && ours && be32(&frame, 4) != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn wal_header_holds(header: &[u8; WAL_HEADER_BYTES]) -> bool {
    let magic = be32(header, 0);
    let big = magic & 1 == 1;
    let sum = checksum(big, (0, 0), &header[..24]);
    magic & !1 == 0x377f_0682
        && be32(header, 8) as usize == PAGE_BYTES
        && sum == (be32(header, 24), be32(header, 28))
}

fn checksum(big: bool, (mut a, mut b): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let word = |it: &[u8]| match big {
        true => u32::from_be_bytes(array(it, 0)),
        false => u32::from_le_bytes(array(it, 0)),
    };
    for pair in bytes.chunks_exact(8) {
        a = a.wrapping_add(word(&pair[..4])).wrapping_add(b);
        b = b.wrapping_add(word(&pair[4..])).wrapping_add(a);
    }
    (a, b)
}

fn opened(path: &Path) -> std::io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_at(mut file: &File, at: u64, bytes: &mut [u8]) -> bool {
    file.seek(SeekFrom::Start(at)).is_ok() && file.read_exact(bytes).is_ok()
}

/// As much as can be read; the rest stays zero.
fn read_as_far(mut file: &File, at: u64, bytes: &mut [u8]) {
    if file.seek(SeekFrom::Start(at)).is_err() {
        return;
    }
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
}

struct Cells {
    at: Vec<usize>,
    /// Pointers that lead nowhere.
    bad: i64,
}

/// Page 1 begins with the header of the file.
fn header_at(page: u32) -> usize {
    if page == 1 { 100 } else { 0 }
}

fn cell_pointers(bytes: &[u8], at: usize, usable: usize) -> Cells {
    let header = if bytes[at] == 0x05 { 12 } else { 8 };
    let count = usize::from(be16(bytes, at + 3));
    let mut cells = Cells {
        at: Vec::new(),
        bad: 0,
    };
    for number in 0..count {
        let pointer = at + header + 2 * number;
        if pointer + 2 > usable {
            cells.bad += 1;
            break;
        }
        let cell = usize::from(be16(bytes, pointer));
        match cell >= at + header && cell + 4 <= usable {
            true => cells.at.push(cell),
            false => cells.bad += 1,
        }
    }
    cells
}

/// What of a payload lies in the leaf itself.
fn local_bytes(total: usize, usable: usize) -> usize {
    let most = usable - 35;
    if total <= most {
        return total;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let local = least + (total - least) % (usable - 4);
    if local <= most { local } else { least }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(array(bytes, at))
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(bytes, at))
}

fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (n, byte) in bytes.iter().take(9).enumerate() {
        if n == 8 {
            return Some((value << 8 | u64::from(*byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, n + 1));
        }
    }
    None
}

/// The rowid in front of a record, if what stands there says that it belongs to this one: the length of the payload, then
/// the rowid.
fn rowid_before(bytes: &[u8], at: usize, total: usize) -> Option<i64> {
    (1..=9usize).find_map(|length| {
        let start = at.checked_sub(length)?;
        let (rowid, n) = varint(&bytes[start..at])?;
        let stands = (1..=5usize).any(|before| {
            let Some(from) = start.checked_sub(before) else {
                return false;
            };
            varint(&bytes[from..start]) == Some((total as u64, before))
        });
        (n == length && stands).then_some(rowid.cast_signed())
    })
}

fn serial_bytes(serial: u64) -> Option<usize> {
    Some(match serial {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(serial).ok()?,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        _ => usize::try_from((serial - 12) / 2).ok()?,
    })
}

/// The values of a record.
fn record(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, n) = varint(payload)?;
    let header = usize::try_from(header).ok()?;
    let mut types = payload.get(n..header)?;
    let mut body = payload.get(header..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (serial, n) = varint(types)?;
        types = &types[n..];
        let length = serial_bytes(serial)?;
        let bytes = body.get(..length)?;
        body = &body[length..];
        values.push(match serial {
            0 => Value::Null,
            8 => Value::Int(0),
            9 => Value::Int(1),
            7 => Value::Real(f64::from_be_bytes(array(bytes, 0))),
            1..=6 => Value::Int(signed(bytes)),
            _ if serial % 2 == 0 => Value::Blob(bytes.to_vec()),
            _ => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
        });
    }
    Some(values)
}

fn signed(bytes: &[u8]) -> i64 {
    let fill = if bytes.first().is_some_and(|it| it & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let mut whole = [fill; 8];
    whole[8 - bytes.len()..].copy_from_slice(bytes);
    i64::from_be_bytes(whole)
}
