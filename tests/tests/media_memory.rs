//! What examining one file holds in memory at most, counted by the allocator of this test alone.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};

use fieldseal_server::media::examine;
use fieldseal_tests::pictures::{self, Film};
use sync_core::limits::EXAMINATION_BYTES_MAX;

/// The allocator of the system, which counts.
struct Counting;

static HELD: AtomicU64 = AtomicU64::new(0);
static MOST: AtomicU64 = AtomicU64::new(0);

fn more(bytes: usize) {
    let held = HELD.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
    MOST.fetch_max(held, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator is made of it")]
// SAFETY: every call goes to the system's allocator as it came; counting touches two atomics and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A file of any length that is never in memory: what it begins with, zeros, and what it ends with.
struct Sparse {
    begins: Vec<u8>,
    ends: Vec<u8>,
    size: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        let length = buffer.len().min(left as usize);
        for (place, byte) in (self.at..).zip(&mut buffer[..length]) {
            let from_end = (place + self.ends.len() as u64).checked_sub(self.size);
            let known = match from_end {
                Some(offset) => self.ends.get(offset as usize),
                None => self.begins.get(place as usize),
            };
            *byte = known.copied().unwrap_or_default();
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(by) => self.size.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

/// What examining it holds at most, beside what was held before.
fn most<R: Read + Seek>(file: &mut R, size: u64) -> u64 {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let report = examine(file, size).unwrap();
    let most = MOST.load(Ordering::Relaxed) - before;
    println!(
        "{} {:?}: {} KiB",
        report.content.media_type(),
        report.outcomes,
        most / 1024
    );
    most
}

fn most_of(bytes: &[u8]) -> u64 {
    most(&mut Cursor::new(bytes), bytes.len() as u64)
}

/// One test, because all of a binary share the counter.
#[test]
fn examining_any_file_holds_no_more_than_the_bound() {
    let mib = 1024 * 1024;
    // The largest photo that is decoded, and what is refused by its header.
    let hundred = most_of(&pictures::grey_jpeg(12_500, 8_000));
    assert!(
        hundred < 64 * mib,
        "a photo is scaled while it is decoded: {hundred}"
    );
    let progressive = most_of(&pictures::grey_progressive_jpeg(6_000, 4_000, 1));
    assert!(progressive > 64 * mib, "the counter counts: {progressive}");
    for (bytes, bound) in [
        (pictures::grey_progressive_jpeg(12_000, 8_000, 1), 2 * mib),
        (pictures::hollow_png(50_000, 50_000, 8, 6), 2 * mib),
        (pictures::hollow_png(10_000, 10_000, 16, 6), 2 * mib),
        // The most expensive that are decoded.
        (
            pictures::png(&pictures::scene(4_000, 8_600, 1)),
            EXAMINATION_BYTES_MAX,
        ),
        (
            pictures::webp(&pictures::scene(3_000, 4_000, 1)),
            EXAMINATION_BYTES_MAX,
        ),
        (
            pictures::hollow_png(4_000, 8_700, 8, 2),
            EXAMINATION_BYTES_MAX,
        ),
    ] {
        let held = most_of(&bytes);
        assert!(held <= bound, "{held} of {bound} bytes");
    }
    assert!(progressive <= EXAMINATION_BYTES_MAX);
    // Two gigabytes of film with the index at either end, never in memory.
    let size = 2 * 1024 * mib;
    for index_last in [false, true] {
        let film = Film {
            created_s: 1_740_801_600,
            duration_ms: 3_600_000,
            place: None,
            index_last,
            data_bytes: 0,
        };
        let mut bytes = film.mp4();
        let data = bytes.windows(4).position(|kind| kind == b"mdat").unwrap() - 4;
        let long = size - bytes.len() as u64 + 8;
        bytes[data..data + 4].copy_from_slice(&u32::try_from(long).unwrap().to_be_bytes());
        let ends = bytes.split_off(data + 8);
        let mut file = Sparse {
            begins: bytes,
            ends,
            size,
            at: 0,
        };
        let held = most(&mut file, size);
        assert!(held < 2 * mib, "{held} bytes for a film");
    }
    // An index that says it is two gigabytes long is not believed.
    let ftyp = pictures::mp4_box(b"ftyp", b"isom\0\0\x02\0isommp42");
    let index = [
        &(u32::try_from(size).unwrap() - 24).to_be_bytes(),
        b"moov".as_slice(),
    ]
    .concat();
    let mut file = Sparse {
        begins: [ftyp, index].concat(),
        ends: vec![],
        size,
        at: 0,
    };
    let held = most(&mut file, size);
    assert!(held < 2 * mib, "{held} bytes for an index that is too long");
}
