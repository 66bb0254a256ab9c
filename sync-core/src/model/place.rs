//! 坐标: where something was. What is stored and compared is WGS-84 and nothing else; phones and maps in China often give
//! GCJ-02 or BD-09, which lie off by some hundred metres, and become WGS-84 here, once, when they are captured.

use serde::{Deserialize, Serialize};

/// 坐标. Integers: a float has several spellings, and what is sealed must have one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// WGS-84 latitude in ten-millionths of a degree.
    pub latitude_e7: i64,
    /// WGS-84 longitude in ten-millionths of a degree.
    pub longitude_e7: i64,
    /// Radius of uncertainty, millimetres.
    pub accuracy_mm: i64,
    /// What it was before it became WGS-84: `wgs84`, `gcj02`, `bd09`.
    pub crs_source: String,
    /// 模拟定位: the phone said that another app made this place up. Absent where it did not say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mocked: bool,
}

/// 坐标系: what phones and maps give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinateSystem {
    /// What satellites give, and what is stored.
    Wgs84,
    /// 火星坐标: what maps in China must give.
    Gcj02,
    /// 百度坐标: GCJ-02, shifted once more.
    Bd09,
}

impl CoordinateSystem {
    /// As `crs_source` says it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        }
    }

    /// The system of a `crs_source`; none where it names none that is known.
    pub fn of(code: &str) -> Option<Self> {
        let all = [Self::Wgs84, Self::Gcj02, Self::Bd09];
        all.into_iter().find(|it| it.code() == code)
    }
}

/// The largest latitude, in ten-millionths of a degree.
pub const LATITUDE_E7_MAX: i64 = 900_000_000;
/// The largest longitude, in ten-millionths of a degree.
pub const LONGITUDE_E7_MAX: i64 = 1_800_000_000;
/// Ten-millionths in a degree.
const E7: f64 = 1e7;

impl Location {
    /// A place as a phone or a map gave it, in its own system, as the WGS-84 that is stored; none where it is no place on
    /// earth.
    pub fn captured(
        system: CoordinateSystem,
        latitude_e7: i64,
        longitude_e7: i64,
        accuracy_mm: i64,
        mocked: bool,
    ) -> Option<Self> {
        if !on_earth(latitude_e7, longitude_e7) {
            return None;
        }
        let given = Degrees {
            latitude: latitude_e7 as f64 / E7,
            longitude: longitude_e7 as f64 / E7,
        };
        let (latitude_e7, longitude_e7) = match system {
            CoordinateSystem::Wgs84 => (latitude_e7, longitude_e7),
            CoordinateSystem::Gcj02 => undone(given, gcj02_of).e7(),
            CoordinateSystem::Bd09 => undone(undone(given, bd09_of), gcj02_of).e7(),
        };
        Some(Self {
            latitude_e7,
            longitude_e7,
            accuracy_mm,
            crs_source: system.code().to_owned(),
            mocked,
        })
    }

    /// Whether something may be concluded from it: a place on earth with an accuracy and from a known system, which no app
    /// made up. 模拟定位 counts for nothing.
    pub fn counts(&self) -> bool {
        !self.mocked
            && self.accuracy_mm > 0
            && on_earth(self.latitude_e7, self.longitude_e7)
            && CoordinateSystem::of(&self.crs_source).is_some()
    }

    /// How far another place is, in millimetres.
    pub fn millimetres_from(&self, other: &Self) -> i64 {
        millimetres_apart(
            (self.latitude_e7, self.longitude_e7),
            (other.latitude_e7, other.longitude_e7),
        )
    }
}

/// Whether these are a latitude and a longitude, in ten-millionths of a degree.
pub fn on_earth(latitude_e7: i64, longitude_e7: i64) -> bool {
    (-LATITUDE_E7_MAX..=LATITUDE_E7_MAX).contains(&latitude_e7)
        && (-LONGITUDE_E7_MAX..=LONGITUDE_E7_MAX).contains(&longitude_e7)
}

/// The distance of two places (latitude, longitude, in ten-millionths of a degree) on the WGS-84 ellipsoid, in millimetres:
/// exact to a ten-thousandth as far as one sees from a gate, and never small where they are far apart. Additions, products,
/// quotients and roots alone, which are the same bits on every machine, so that phone and server measure alike. What is no
/// place on earth is as far from everything as can be.
pub fn millimetres_apart(a: (i64, i64), b: (i64, i64)) -> i64 {
    /// The equator's radius, in millimetres.
    const EQUATOR_MM: f64 = 6_378_137_000.0;
    /// The square of the ellipsoid's eccentricity.
    const ECCENTRICITY_2: f64 = 0.006_694_379_990_14;
    const RADIANS: f64 = std::f64::consts::PI / 180.0 / E7;
    if !on_earth(a.0, a.1) || !on_earth(b.0, b.1) {
        return i64::MAX;
    }
    let cosine = cosine((a.0 + b.0) as f64 / 2.0 * RADIANS);
    let sine_2 = (1.0 - cosine * cosine).max(0.0);
    let bulge = 1.0 - ECCENTRICITY_2 * sine_2;
    let across_radius = EQUATOR_MM / bulge.sqrt();
    let along_radius = across_radius * (1.0 - ECCENTRICITY_2) / bulge;
    // The shorter way round.
    let whole_turn = 2 * LONGITUDE_E7_MAX;
    let apart = (a.1 - b.1).abs();
    let apart = apart.min(whole_turn - apart);
    let across = apart as f64 * RADIANS * across_radius * cosine.max(0.0);
    let along = (a.0 - b.0) as f64 * RADIANS * along_radius;
    (across * across + along * along).sqrt() as i64
}

/// The cosine of a latitude, to a thousand-millionth.
fn cosine(angle: f64) -> f64 {
    let square = angle * angle;
    let mut sum = 1.0;
    // Horner's scheme over the series, the smallest part first.
    for factor in [132.0, 90.0, 56.0, 30.0, 12.0, 2.0] {
        sum = 1.0 - square / factor * sum;
    }
    sum
}

/// A place in degrees, in whichever system.
#[derive(Clone, Copy)]
struct Degrees {
    latitude: f64,
    longitude: f64,
}

impl Degrees {
    fn e7(self) -> (i64, i64) {
        let bound = |value: f64, max: i64| ((value * E7).round() as i64).clamp(-max, max);
        (
            bound(self.latitude, LATITUDE_E7_MAX),
            bound(self.longitude, LONGITUDE_E7_MAX),
        )
    }
}

/// The place that `shift` takes to `given`: what it shifts is taken back until the way there again ends where it began.
/// The shifts change by less than a hundredth of the way, so each turn is a hundred times better than the last.
fn undone(given: Degrees, shift: fn(Degrees) -> Degrees) -> Degrees {
    const TURNS_MAX: usize = 20;
    /// A tenth of a millimetre.
    const CLOSE_DEGREES: f64 = 1e-9;
    let mut place = given;
    for _ in 0..TURNS_MAX {
        let there = shift(place);
        let (north, east) = (
            given.latitude - there.latitude,
            given.longitude - there.longitude,
        );
        place.latitude += north;
        place.longitude += east;
        if north.abs() < CLOSE_DEGREES && east.abs() < CLOSE_DEGREES {
            break;
        }
    }
    place
}

/// 火星坐标 of a WGS-84 place. Outside the box around China it is the place itself.
fn gcj02_of(place: Degrees) -> Degrees {
    use std::f64::consts::PI;
    /// Krasovsky's ellipsoid, in metres, and the square of its eccentricity.
    const EQUATOR_M: f64 = 6_378_245.0;
    const ECCENTRICITY_2: f64 = 0.006_693_421_622_965_943;
    let in_the_box = (72.004..=137.8347).contains(&place.longitude)
        && (0.8293..=55.8271).contains(&place.latitude);
    if !in_the_box {
        return place;
    }
    let (x, y) = (place.longitude - 105.0, place.latitude - 35.0);
    let wave = |height: f64, turns: f64, of: f64| height * (of * turns * PI).sin() * 2.0 / 3.0;
    let ripples = wave(20.0, 6.0, x) + wave(20.0, 2.0, x);
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + ripples
        + wave(20.0, 1.0, y)
        + wave(40.0, 1.0 / 3.0, y)
        + wave(160.0, 1.0 / 12.0, y)
        + wave(320.0, 1.0 / 30.0, y);
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + ripples
        + wave(20.0, 1.0, x)
        + wave(40.0, 1.0 / 3.0, x)
        + wave(150.0, 1.0 / 12.0, x)
        + wave(300.0, 1.0 / 30.0, x);
    let angle = place.latitude.to_radians();
    let bulge = 1.0 - ECCENTRICITY_2 * angle.sin().powi(2);
    let along = EQUATOR_M * (1.0 - ECCENTRICITY_2) / (bulge * bulge.sqrt());
    let across = EQUATOR_M / bulge.sqrt() * angle.cos();
    Degrees {
        latitude: place.latitude + (north / along).to_degrees(),
        longitude: place.longitude + (east / across).to_degrees(),
    }
}

/// 百度坐标 of a place in GCJ-02.
fn bd09_of(place: Degrees) -> Degrees {
    const TURNS: f64 = std::f64::consts::PI * 3_000.0 / 180.0;
    let (x, y) = (place.longitude, place.latitude);
    let far = (x * x + y * y).sqrt() + 0.000_02 * (y * TURNS).sin();
    let angle = y.atan2(x) + 0.000_003 * (x * TURNS).cos();
    Degrees {
        latitude: far * angle.sin() + 0.006,
        longitude: far * angle.cos() + 0.0065,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::Random;

    fn e7(latitude: f64, longitude: f64) -> (i64, i64) {
        (
            (latitude * E7).round() as i64,
            (longitude * E7).round() as i64,
        )
    }

    fn captured(system: CoordinateSystem, at: (i64, i64)) -> (i64, i64) {
        let place = Location::captured(system, at.0, at.1, 5_000, false).unwrap();
        (place.latitude_e7, place.longitude_e7)
    }

    #[test]
    fn a_distance_is_that_on_the_ellipsoid_in_any_direction_and_across_the_date_line() {
        // Vincenty's, to the millimetre.
        for (a, b, metres) in [
            ((35.0, 112.0), (35.0, 112.003), 273.865),
            ((35.0, 112.0), (35.003, 112.0), 332.822),
            ((35.49, 112.85), (35.4921, 112.8521), 300.993),
            ((0.0, 179.999), (0.0, -179.999), 222.639),
            ((-60.0, 10.0), (-60.001, 10.001), 124.604),
            ((35.0, 112.0), (35.03, 112.03), 4_309.817),
        ] {
            let told = millimetres_apart(e7(a.0, a.1), e7(b.0, b.1));
            let expected = metres * 1_000.0;
            assert!(
                (told as f64 - expected).abs() <= expected / 10_000.0 + 20.0,
                "{told} {expected}"
            );
            assert_eq!(told, millimetres_apart(e7(b.0, b.1), e7(a.0, a.1)));
        }
        assert_eq!(millimetres_apart((1, 2), (1, 2)), 0);
    }

    #[test]
    fn no_coordinates_however_hostile_panic_or_come_near_to_each_other() {
        for far in [i64::MIN, i64::MAX, 900_000_001] {
            for other in [i64::MIN, i64::MAX, 0, 1_800_000_000] {
                assert_eq!(millimetres_apart((far, other), (0, 0)), i64::MAX);
                assert_eq!(millimetres_apart((0, 0), (far, other)), i64::MAX);
            }
        }
        assert!(millimetres_apart((350_000_000, 0), (350_000_000, 1_800_000_000)) > 1_000_000_000);
    }

    /// Shanghai, Shenzhen and Beijing, as others who publish the same conversion give them.
    #[test]
    fn gcj_02_becomes_the_place_from_which_it_was_made() {
        for (wgs, gcj) in [
            (
                (31.177_427_6, 121.527_210_6),
                (31.175_303_984, 121.531_541_859),
            ),
            ((22.543_847, 113.912_316), (22.540_796_132, 113.917_176_481)),
            ((39.911_954, 116.377_817), (39.913_345_455, 116.384_047_225)),
        ] {
            let back = captured(CoordinateSystem::Gcj02, e7(gcj.0, gcj.1));
            let off = millimetres_apart(back, e7(wgs.0, wgs.1));
            assert!(off < 50, "{off} mm");
        }
    }

    #[test]
    fn the_way_to_a_map_and_back_ends_within_a_centimetre_all_over_china() {
        let mut random = Random(5);
        for round in 0..2_000 {
            let latitude = 18.0 + random.below(35_000_000) as f64 / 1e6;
            let longitude = 74.0 + random.below(60_000_000) as f64 / 1e6;
            let place = Degrees {
                latitude,
                longitude,
            };
            let here = place.e7();
            let on_map = gcj02_of(place).e7();
            let shifted = millimetres_apart(here, on_map);
            assert!((20_000..1_200_000).contains(&shifted), "{round}: {shifted}");
            assert!(millimetres_apart(captured(CoordinateSystem::Gcj02, on_map), here) <= 20);
            let on_baidu = bd09_of(gcj02_of(place)).e7();
            assert!(millimetres_apart(captured(CoordinateSystem::Bd09, on_baidu), here) <= 20);
            assert_eq!(captured(CoordinateSystem::Wgs84, here), here);
        }
    }

    #[test]
    fn in_the_cities_of_the_seeds_the_two_systems_lie_half_a_kilometre_apart() {
        for (latitude, longitude) in [(35.41, 116.59), (35.49, 112.85), (35.03, 111.0)] {
            let place = Degrees {
                latitude,
                longitude,
            };
            let apart = millimetres_apart(place.e7(), gcj02_of(place).e7());
            assert!((470_000..=565_000).contains(&apart), "{apart}");
        }
    }

    #[test]
    fn outside_china_there_is_one_system() {
        let paris = e7(48.8566, 2.3522);
        assert_eq!(captured(CoordinateSystem::Gcj02, paris), paris);
    }

    #[test]
    fn what_was_captured_says_from_which_system_it_came_and_whether_it_was_made_up() {
        let place = Location::captured(CoordinateSystem::Gcj02, 1, 2, 3, true).unwrap();
        assert_eq!((place.crs_source.as_str(), place.mocked), ("gcj02", true));
        for (latitude, longitude) in [(900_000_001, 0), (0, -1_800_000_001), (i64::MIN, i64::MAX)] {
            assert_eq!(
                Location::captured(CoordinateSystem::Bd09, latitude, longitude, 1, false),
                None
            );
        }
    }

    #[test]
    fn a_place_that_was_made_up_or_is_none_counts_for_nothing() {
        let good = Location::captured(CoordinateSystem::Wgs84, 1, 2, 3, false).unwrap();
        assert!(good.counts());
        let spoil: [fn(&mut Location); 4] = [
            |it| it.mocked = true,
            |it| it.accuracy_mm = 0,
            |it| it.latitude_e7 = 900_000_001,
            |it| it.crs_source = "mars".into(),
        ];
        for spoil in spoil {
            let mut place = good.clone();
            spoil(&mut place);
            assert!(!place.counts(), "{place:?}");
        }
    }
}
