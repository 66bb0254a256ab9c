//! Two fingerprints of an upright thumbnail that stay nearly the same when a picture is scaled, compressed again or made a
//! little lighter: pHash from its coarse frequencies, dHash from where it grows brighter. Both must be near before two
//! pictures are held for one.

use std::f64::consts::PI;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// A side of the picture that pHash looks at, in pixels.
const COARSE_PX: usize = 32;
/// The lowest frequencies that it keeps, in each direction.
const KEPT: usize = 8;
/// A picture whose brightness strays less than this from its mean, of 255, shows nothing that could be recognised: a
/// covered lens, a blank page, a screen of one colour. All of them would look alike.
const DEVIATION_MIN: f64 = 6.0;

/// The fingerprints of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// From its coarse frequencies.
    pub phash: u64,
    /// From where it grows brighter.
    pub dhash: u64,
}

/// In how many bits two of these differ: pHash, then dHash.
pub fn distance(a: Hashes, b: Hashes) -> (u32, u32) {
    (
        (a.phash ^ b.phash).count_ones(),
        (a.dhash ^ b.dhash).count_ones(),
    )
}

/// The fingerprints of an upright thumbnail; none of one that shows nothing.
pub fn hashes(thumbnail: &RgbImage) -> Option<Hashes> {
    let (width, height) = thumbnail.dimensions();
    let light: Vec<u8> = thumbnail
        .pixels()
        .map(|pixel| {
            let [r, g, b] = pixel.0.map(u32::from);
            ((299 * r + 587 * g + 114 * b) / 1000) as u8
        })
        .collect();
    let scaled = |to_width: usize, to_height: usize| -> Option<Vec<u8>> {
        let from = ImageRef::new(width, height, &light, PixelType::U8).ok()?;
        let mut to = Image::new(to_width as u32, to_height as u32, PixelType::U8);
        let options = ResizeOptions::new();
        Resizer::new().resize(&from, &mut to, &options).ok()?;
        Some(to.into_vec())
    };
    let coarse = scaled(COARSE_PX, COARSE_PX)?;
    let count = coarse.len() as f64;
    let mean = coarse.iter().map(|light| f64::from(*light)).sum::<f64>() / count;
    let spread = coarse
        .iter()
        .map(|light| (f64::from(*light) - mean).powi(2));
    if (spread.sum::<f64>() / count).sqrt() < DEVIATION_MIN {
        return None;
    }
    Some(Hashes {
        phash: phash(&coarse),
        dhash: dhash(&scaled(9, 8)?),
    })
}

/// One bit for each of the lowest frequencies: whether it is above their median.
fn phash(coarse: &[u8]) -> u64 {
    let wave = |frequency: usize, at: usize| {
        (PI / COARSE_PX as f64 * (at as f64 + 0.5) * frequency as f64).cos()
    };
    // Rows first: one sum for each row and horizontal frequency.
    let rows: Vec<[f64; KEPT]> = coarse
        .chunks_exact(COARSE_PX)
        .map(|row| {
            std::array::from_fn(|u| {
                let lights = row.iter().enumerate();
                lights
                    .map(|(x, light)| f64::from(*light) * wave(u, x))
                    .sum()
            })
        })
        .collect();
    let mut strengths = [0.0; KEPT * KEPT];
    for v in 0..KEPT {
        for u in 0..KEPT {
            let sums = rows.iter().enumerate();
            strengths[v * KEPT + u] = sums.map(|(y, row)| row[u] * wave(v, y)).sum();
        }
    }
    // The first is the brightness of the whole, which says nothing of what is seen.
    let mut sorted: Vec<f64> = strengths[1..].to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let bits = strengths.iter().enumerate().skip(1);
    bits.fold(0, |hash, (place, strength)| {
        hash | (u64::from(*strength > median) << place)
    })
}

/// One bit for each of eight places in eight rows: whether the next one is brighter.
fn dhash(steps: &[u8]) -> u64 {
    let pairs = steps.chunks_exact(9).flat_map(|row| row.windows(2));
    pairs.enumerate().fold(0, |hash, (place, pair)| {
        hash | (u64::from(pair[1] > pair[0]) << place)
    })
}
