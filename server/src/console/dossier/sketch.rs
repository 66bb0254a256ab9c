//! A sketch of who stood where (位置示意图): where teams walked in, where pictures were taken, where officers confirmed, and how
//! far apart. Drawn here, so that it needs no network; where an operator names a server of tiles, its map lies beneath.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use serde_json::Value;
use sync_core::model::Location;

use super::view::Teller;
use crate::services::evidence::reading::EvidenceView;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Around the outermost places.
const MARGIN: f64 = 70.0;
const TILE: f64 = 256.0;
/// As near as servers of tiles go.
const ZOOM_MAX: i32 = 18;
/// Metres around the equator in Web Mercator.
const EQUATOR_M: f64 = 40_075_016.686;

/// A place on the sketch.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Sideways.
    pub x: f64,
    /// Downwards.
    pub y: f64,
    /// `entry`, `capture` or `confirmation`.
    pub kind: &'static str,
    /// What it is called.
    pub label: String,
    /// How far from where the team walked in, in words.
    pub distance: String,
    /// How sure the phone was.
    pub accuracy: String,
    /// Whether it counts: a place that was made up, or is too vague, does not.
    pub counts: bool,
}

/// A tile of a map.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Sideways.
    pub x: f64,
    /// Downwards.
    pub y: f64,
    /// Its address.
    pub href: String,
}

/// The sketch; without spots there is nothing to draw.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    /// What is drawn.
    pub spots: Vec<Spot>,
    /// From a confirmation to where the team walked in.
    pub lines: Vec<(f64, f64, f64, f64)>,
    /// The map beneath.
    pub tiles: Vec<Tile>,
    /// A bar of so many metres is so long.
    pub bar: f64,
    /// What stands at the bar.
    pub bar_text: String,
    /// How wide.
    pub width: f64,
    /// How high.
    pub height: f64,
}

struct Place {
    at: Location,
    kind: &'static str,
    label: String,
}

/// Web Mercator, in pixels of a zoom.
fn project(at: &Location, zoom: i32) -> (f64, f64) {
    let world = TILE * f64::from(1_u32 << zoom);
    let (latitude, longitude) = (degrees(at.latitude_e7), degrees(at.longitude_e7));
    let sine = latitude.to_radians().sin().clamp(-0.9999, 0.9999);
    let x = (longitude + 180.0) / 360.0 * world;
    let y = (0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * PI)) * world;
    (x, y)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ten-millionths of a degree fit into a float many times over"
)]
fn degrees(e7: i64) -> f64 {
    e7 as f64 / 1e7
}

fn location(value: &Value) -> Option<Location> {
    serde_json::from_value(value.clone()).ok()
}

fn places(teller: &Teller<'_>, pieces: &[EvidenceView]) -> Vec<Place> {
    let w = teller.w();
    let mut found = Vec::new();
    let entries = teller.dossier.facts["entries"].as_object();
    for entry in entries.into_iter().flat_map(|it| it.values()) {
        for arrival in entry["arrivals"].as_array().into_iter().flatten() {
            if let Some(at) = location(&arrival["location"]) {
                let who = teller.person(arrival["user_id"].as_str().unwrap_or_default());
                let label = format!("{} {who}", w.sketch_entry);
                found.push(Place {
                    at,
                    kind: "entry",
                    label,
                });
            }
        }
    }
    // Pictures of one place are one spot.
    let mut captured: BTreeMap<(i64, i64), (Location, usize)> = BTreeMap::new();
    for piece in pieces {
        if let Some(at) = piece.location.as_ref().and_then(location) {
            let key = (at.latitude_e7, at.longitude_e7);
            captured.entry(key).or_insert((at, 0)).1 += 1;
        }
    }
    for (at, count) in captured.into_values() {
        let label = format!("{} ×{count}", w.sketch_capture);
        found.push(Place {
            at,
            kind: "capture",
            label,
        });
    }
    for confirmation in &teller.dossier.confirmations {
        if let Some(at) = location(&confirmation["proof"]["location"]) {
            let label = w.sketch_confirmation.to_owned();
            found.push(Place {
                at,
                kind: "confirmation",
                label,
            });
        }
    }
    found
}

impl Sketch {
    /// Of everything in a dossier that has a place.
    pub fn of(teller: &Teller<'_>, pieces: &[EvidenceView], tiles: Option<&str>) -> Self {
        let places = places(teller, pieces);
        let Some(first) = places.first() else {
            return Self::default();
        };
        let extent = |zoom: i32| {
            let points = places.iter().map(|it| project(&it.at, zoom));
            points.fold(
                (f64::MAX, f64::MAX, f64::MIN, f64::MIN),
                |(left, top, right, bottom), (x, y)| {
                    (left.min(x), top.min(y), right.max(x), bottom.max(y))
                },
            )
        };
        let fits = |zoom: &i32| {
            let (left, top, right, bottom) = extent(*zoom);
            right - left <= WIDTH - 2.0 * MARGIN && bottom - top <= HEIGHT - 2.0 * MARGIN
        };
        let zoom = (0..=ZOOM_MAX).rev().find(fits).unwrap_or(0);
        let (left, top, right, bottom) = extent(zoom);
        // Between the steps of zoom of maps the sketch is drawn larger, so that a few metres can be told apart.
        let grow = match tiles {
            Some(_) => 1.0,
            None => {
                let wide = (WIDTH - 2.0 * MARGIN) / (right - left).max(1.0);
                let high = (HEIGHT - 2.0 * MARGIN) / (bottom - top).max(1.0);
                wide.min(high).clamp(1.0, 8.0)
            }
        };
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        let put = |(x, y): (f64, f64)| {
            (
                ((x - middle.0) * grow + WIDTH / 2.0).round(),
                ((y - middle.1) * grow + HEIGHT / 2.0).round(),
            )
        };
        let gates: Vec<&Place> = places.iter().filter(|it| it.kind == "entry").collect();
        let nearest = |at: &Location| {
            let gates = gates.iter().filter(|gate| gate.at.counts() && at.counts());
            gates.min_by_key(|gate| gate.at.millimetres_from(at))
        };
        let (mut spots, mut lines) = (Vec::new(), Vec::new());
        for place in &places {
            let (x, y) = put(project(&place.at, zoom));
            let gate = nearest(&place.at).filter(|_| place.kind != "entry");
            let metres = gate.map(|gate| gate.at.millimetres_from(&place.at) / 1_000);
            if let (Some(gate), "confirmation") = (gate, place.kind) {
                let (to_x, to_y) = put(project(&gate.at, zoom));
                lines.push((x, y, to_x, to_y));
            }
            spots.push(Spot {
                x,
                y,
                kind: place.kind,
                label: place.label.clone(),
                distance: metres.map_or_else(String::new, |m| teller.metres(m)),
                accuracy: teller.metres(place.at.accuracy_mm / 1_000),
                counts: place.at.counts(),
            });
        }
        let cosine = degrees(first.at.latitude_e7).to_radians().cos();
        let metre = TILE * f64::from(1_u32 << zoom) / (EQUATOR_M * cosine) * grow;
        let lengths = [
            5_u32, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 20_000, 100_000,
        ];
        let bar_m = lengths
            .into_iter()
            .rev()
            .find(|it| f64::from(*it) * metre <= 180.0);
        let bar_m = bar_m.unwrap_or(5);
        Self {
            spots,
            lines,
            tiles: tiles.map_or_else(Vec::new, |url| beneath(url, middle, zoom)),
            bar: (f64::from(bar_m) * metre).round(),
            bar_text: teller.metres(i64::from(bar_m)),
            width: WIDTH,
            height: HEIGHT,
        }
    }
}

/// The tiles of a map that lie beneath a sketch around a middle.
#[expect(
    clippy::cast_possible_truncation,
    reason = "numbers of tiles at a zoom of eighteen at most"
)]
fn beneath(url: &str, middle: (f64, f64), zoom: i32) -> Vec<Tile> {
    let (left, top) = (middle.0 - WIDTH / 2.0, middle.1 - HEIGHT / 2.0);
    let columns = (left / TILE).floor() as i64..=((left + WIDTH) / TILE).floor() as i64;
    let rows = (top / TILE).floor() as i64..=((top + HEIGHT) / TILE).floor() as i64;
    let mut tiles = Vec::new();
    for row in rows {
        for column in columns.clone() {
            let href = url
                .replace("{z}", &zoom.to_string())
                .replace("{x}", &column.to_string())
                .replace("{y}", &row.to_string());
            #[expect(clippy::cast_precision_loss, reason = "a number of a tile")]
            let (x, y) = (column as f64 * TILE - left, row as f64 * TILE - top);
            tiles.push(Tile {
                x: x.round(),
                y: y.round(),
                href,
            });
        }
    }
    tiles
}
