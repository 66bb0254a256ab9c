//! What examining photos costs: one of 12 megapixels from its bytes to its two pictures and fingerprints, on every core at
//! once, and what the process held at most meanwhile.

use std::io::Cursor;
use std::time::Instant;

use fieldseal_server::media::examine;
use fieldseal_tests::pictures;

use crate::process::memory_mb_of;
use crate::report::{Table, median};

/// Photos that each core examines in a round.
const PHOTOS: usize = 12;

/// Measures in this process.
pub fn measure(table: &mut Table, rounds: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let photo = pictures::jpeg(&pictures::scene(4_000, 3_000, 1), 90);
    // The kernel forgets what drawing the photo took.
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel counts anew");
    let (_, before) = memory_mb_of(std::process::id());
    let rates = (0..rounds.max(1)).map(|_| {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    for _ in 0..PHOTOS {
                        let report = examine(&mut Cursor::new(&photo), photo.len() as u64);
                        let report = report.expect("bytes in memory are read");
                        assert!(report.preview.is_ok(), "a photo has a preview");
                    }
                });
            }
        });
        PHOTOS as f64 / begun.elapsed().as_secs_f64()
    });
    let rate = median(rates.collect());
    let (most, _) = memory_mb_of(std::process::id());
    let what = "12-MP photos examined, with both renditions, per core";
    table.add("media", what, format!("{rate:.1}/s"));
    table.add(
        "media",
        &format!("memory beside that, {cores} at once"),
        format!("{:.0} MB", (most - before).max(0.0)),
    );
}
