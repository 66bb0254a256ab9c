//! 到场: whether who confirms stood where it happened, and when. A predicate that REFUSE and STOP share.
//!
//! Places are WGS-84 and nothing else; one that an app made up, or with no accuracy to speak of, is none. Times are the
//! usable intervals of both phones, never a point of one clock: within the hours only what is so wherever the truth lies in
//! them. What cannot be told is not on site, and a second officer's opinion decides, as a person decides elsewhere.

use super::rulebook::RuleSettings;
use super::{ArrivalFact, CoSignatureFact, ConfirmationFact, EntryFact};
use crate::model::{Interval, Location, TimeFact};

const METRE_MM: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// The numbers of the rulebook.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    radius_mm: i64,
    accuracy_mm_max: i64,
    window_ms: i64,
    together_ms: i64,
}

impl Bounds {
    pub(super) fn of(settings: &RuleSettings) -> Self {
        Self {
            radius_mm: settings.number("on_site_radius_m") * METRE_MM,
            accuracy_mm_max: settings.number("accuracy_max_m") * METRE_MM,
            window_ms: settings.number("on_site_hours") * HOUR_MS,
            together_ms: settings.number("co_signature_minutes") * MINUTE_MS,
        }
    }

    /// A place from which something may be concluded.
    fn fix<'a>(&self, location: Option<&'a Location>) -> Option<&'a Location> {
        location.filter(|it| it.counts() && it.accuracy_mm <= self.accuracy_mm_max)
    }

    /// Within the radius and what both may be off.
    fn near(&self, a: &Location, b: &Location) -> bool {
        let reach = self.radius_mm + a.accuracy_mm + b.accuracy_mm;
        a.millimetres_from(b) <= reach
    }
}

/// What is known of where and when a confirmation was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// 到场
    OnSite,
    /// Not proven, and why, as a code; where it is a distance, how many metres.
    NotOnSite {
        /// `too_far`, …
        why: &'static str,
        /// Whole metres, where there are two places.
        metres: Option<i64>,
    },
}

fn not_on_site(why: &'static str) -> Presence {
    Presence::NotOnSite { why, metres: None }
}

/// Whether the confirmation was made on site. `entry` is that in which what it confirms happened, `happened` when.
pub(super) fn presence(
    bounds: &Bounds,
    entry: Option<&EntryFact>,
    happened: &TimeFact,
    confirmation: &ConfirmationFact,
) -> Presence {
    let arrivals = entry.map_or(&[][..], |entry| entry.arrivals.as_slice());
    let proofs: Vec<Result<Interval, &'static str>> = confirmation
        .co_signatures
        .iter()
        .filter(|it| is_of_the_visit(it, arrivals, confirmation))
        .map(|it| together(bounds, it, arrivals))
        .collect();
    let happened = happened.usable();
    let mut when = within(bounds, happened, confirmation.confirmed.usable());
    if when == Err("time_unsure") {
        // The other phone's clock may know what the supervisor's does not.
        let known = proofs.iter().flatten();
        let known = known.map(|together| within(bounds, happened, *together));
        when = known.fold(when, |told, it| told.or(it.or(told)));
    }
    if let Err(why) = when {
        return not_on_site(why);
    }
    let places = arrivals
        .iter()
        .filter_map(|arrival| bounds.fix(arrival.location.as_ref()));
    if let Some(stood) = bounds.fix(confirmation.location.as_ref()) {
        let mut nearest: Option<i64> = None;
        for place in places {
            if bounds.near(stood, place) {
                return Presence::OnSite;
            }
            let apart = stood.millimetres_from(place);
            nearest = Some(nearest.map_or(apart, |known| known.min(apart)));
        }
        // A place that is known and far away is believed before any co-signature, which a picture of a screen can carry.
        if let Some(apart) = nearest {
            return Presence::NotOnSite {
                why: "too_far",
                metres: Some(apart / METRE_MM),
            };
        }
    }
    let in_time = |it: &Result<Interval, _>| {
        it.is_ok_and(|together| within(bounds, happened, together).is_ok())
    };
    if proofs.iter().any(in_time) {
        return Presence::OnSite;
    }
    let apart = proofs.iter().find_map(|it| it.err());
    let mocked = confirmation.location.as_ref().is_some_and(|it| it.mocked);
    not_on_site(match apart {
        Some(why) => why,
        None if !proofs.is_empty() => "co_signature_late",
        None if mocked => "mocked",
        None => "no_proof",
    })
}

/// Whether it is the word of a phone that walked in, and not of who confirms.
fn is_of_the_visit(
    co_signature: &CoSignatureFact,
    arrivals: &[ArrivalFact],
    confirmation: &ConfirmationFact,
) -> bool {
    let walked_in = |arrival: &ArrivalFact| {
        (arrival.device_id, arrival.user_id) == (co_signature.device_id, co_signature.user_id)
    };
    arrivals.iter().any(walked_in) && !confirmation.officers.contains(&co_signature.user_id)
}

/// When two phones stood together, by both clocks; or why they say different things.
fn together(
    bounds: &Bounds,
    it: &CoSignatureFact,
    arrivals: &[ArrivalFact],
) -> Result<Interval, &'static str> {
    let (asked, answered) = (it.asked.usable(), it.answered.usable());
    let lo = asked.lo.max(answered.lo);
    let hi = asked.hi.min(answered.hi);
    // Apart by more than it takes to hold one phone before the other, whatever their clocks allow.
    if lo.saturating_sub(hi) > bounds.together_ms {
        return Err("co_signature_times");
    }
    let asked_from = bounds.fix(it.asked_from.as_ref());
    let answered_from = bounds.fix(it.answered_from.as_ref());
    let mut walked_in = arrivals
        .iter()
        .filter_map(|arrival| bounds.fix(arrival.location.as_ref()))
        .peekable();
    let at_the_gate = walked_in.peek().is_some();
    let gates: Vec<&Location> = walked_in.collect();
    let far_from_the_gate =
        |place: &Location| at_the_gate && !gates.iter().any(|gate| bounds.near(place, gate));
    let apart = matches!((asked_from, answered_from), (Some(a), Some(b)) if !bounds.near(a, b));
    if apart
        || asked_from.is_some_and(far_from_the_gate)
        || answered_from.is_some_and(far_from_the_gate)
    {
        return Err("co_signature_places");
    }
    Ok(Interval::new(lo, hi))
}

/// Whether the one lies within the hours after the other, wherever in their intervals the truth is.
fn within(bounds: &Bounds, happened: Interval, confirmed: Interval) -> Result<(), &'static str> {
    if confirmed.before(&happened) {
        return Err("before");
    }
    if confirmed.hi.saturating_sub(happened.lo) <= bounds.window_ms {
        return Ok(());
    }
    match confirmed.lo.saturating_sub(happened.hi) > bounds.window_ms {
        true => Err("too_late"),
        false => Err("time_unsure"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CoordinateSystem, Millis};
    use crate::rules::refuse;
    use crate::rules::testing::*;

    /// A gate in Jincheng.
    const GATE: (i64, i64) = (354_900_000, 1_128_500_000);

    fn bounds() -> Bounds {
        let books = Rulebooks::builtin();
        Bounds::of(books.books()[0].settings(&refuse::RULE))
    }

    /// A place so many metres north of the gate.
    fn north(metres: i64, accuracy_m: i64) -> Location {
        Location {
            latitude_e7: GATE.0 + metres * 10_000_000 / 110_950,
            longitude_e7: GATE.1,
            accuracy_mm: accuracy_m * 1_000,
            crs_source: "wgs84".into(),
            mocked: false,
        }
    }

    fn entry(place: Option<Location>) -> EntryFact {
        let mut facts = one_sample(CITY);
        entered(&mut facts, noon(NOON) - 30 * MINUTE).location = place;
        facts.entry(1).clone()
    }

    fn told(
        entry: &EntryFact,
        refused: TimeFact,
        change: impl FnOnce(&mut ConfirmationFact),
    ) -> Presence {
        let mut confirmation = confirmation(ConfirmationOutcome::Confirmed, [20, 21]);
        confirmation.confirmed = about(noon(NOON) + 60 * MINUTE);
        confirmation.location = None;
        confirmation.co_signatures.clear();
        change(&mut confirmation);
        presence(&bounds(), Some(entry), &refused, &confirmation)
    }

    fn at(place: Location) -> Presence {
        told(&entry(Some(north(0, 10))), about(noon(NOON)), |it| {
            it.location = Some(place);
        })
    }

    fn why(presence: Presence) -> &'static str {
        match presence {
            Presence::OnSite => "on_site",
            Presence::NotOnSite { why, .. } => why,
        }
    }

    /// The phone of the arrival answers, a minute after it was asked.
    fn answered(at_ms: Millis) -> CoSignatureFact {
        CoSignatureFact {
            device_id: arrival(1, about(0)).device_id,
            user_id: user(1),
            asked: about(at_ms),
            answered: about(at_ms + MINUTE),
            asked_from: None,
            answered_from: None,
        }
    }

    #[test]
    fn three_hundred_metres_and_both_accuracies_are_on_site_and_a_metre_more_is_not() {
        assert_eq!(at(north(0, 5)), Presence::OnSite);
        assert_eq!(at(north(309, 1)), Presence::OnSite);
        assert_eq!(
            at(north(312, 1)).clone(),
            Presence::NotOnSite {
                why: "too_far",
                metres: Some(311)
            }
        );
        assert_eq!(at(north(400, 90)), Presence::OnSite);
        assert_eq!(why(at(north(402, 90))), "too_far");
        let three_kilometres = at(north(3_000, 20));
        assert!(matches!(
            three_kilometres,
            Presence::NotOnSite {
                why: "too_far",
                metres: Some(2_990..3_010)
            }
        ));
    }

    #[test]
    fn gcj_02_is_converted_and_never_mixed() {
        // What a map in China shows of the gate, in its own system.
        let shown = (354_907_300, 1_128_561_700);
        let gate = Location::captured(CoordinateSystem::Gcj02, shown.0, shown.1, 10_000, false);
        let gate = gate.unwrap();
        let off = gate.millimetres_from(&Location {
            latitude_e7: shown.0,
            longitude_e7: shown.1,
            ..gate.clone()
        });
        assert!((480_000..=620_000).contains(&off), "{off}");
        let here = entry(Some(gate.clone()));
        let stands =
            |place: Location| told(&here, about(noon(NOON)), |it| it.location = Some(place));
        assert_eq!(
            stands(Location {
                crs_source: "wgs84".into(),
                ..gate
            }),
            Presence::OnSite
        );
        let mixed = Location {
            latitude_e7: shown.0,
            longitude_e7: shown.1,
            accuracy_mm: 10_000,
            crs_source: "wgs84".into(),
            mocked: false,
        };
        assert_eq!(why(stands(mixed)), "too_far");
    }

    #[test]
    fn a_place_that_was_made_up_never_counts_on_either_side() {
        let mocked = Location {
            mocked: true,
            ..north(0, 5)
        };
        assert_eq!(why(at(mocked.clone())), "mocked");
        let here = entry(Some(mocked));
        let stands = told(&here, about(noon(NOON)), |it| {
            it.location = Some(north(0, 5))
        });
        assert_eq!(why(stands), "no_proof");
    }

    #[test]
    fn a_fix_that_is_off_by_more_than_a_kilometre_is_none() {
        assert_eq!(at(north(1_200, 1_000)), Presence::OnSite);
        assert_eq!(why(at(north(0, 1_001))), "no_proof");
    }

    #[test]
    fn any_phone_of_the_entry_says_where_the_gate_is() {
        let mut here = entry(Some(north(5_000, 10)));
        let mut other = here.arrivals[0].clone();
        other.arrival_id = ArrivalId(Uuid::from_u128(2));
        other.location = Some(north(0, 10));
        here.arrivals.push(other);
        let stands = told(&here, about(noon(NOON)), |it| {
            it.location = Some(north(0, 5))
        });
        assert_eq!(stands, Presence::OnSite);
    }

    #[test]
    fn twenty_four_hours_by_both_intervals_are_in_time_and_what_cannot_be_told_is_not() {
        let here = entry(Some(north(0, 10)));
        let refused = about(noon(NOON));
        let day = 24 * 60 * MINUTE;
        let confirmed = |at: TimeFact| {
            why(told(&here, refused, |it| {
                it.location = Some(north(0, 5));
                it.confirmed = at;
            }))
        };
        assert_eq!(confirmed(about(noon(NOON) + day - 10_000)), "on_site");
        assert_eq!(confirmed(about(noon(NOON) + day - 9_999)), "time_unsure");
        assert_eq!(confirmed(about(noon(NOON) + day + 10_000)), "time_unsure");
        assert_eq!(confirmed(about(noon(NOON) + day + 10_001)), "too_late");
        // A moment that both clocks allow to be the same is not before.
        assert_eq!(confirmed(about(noon(NOON) - 10_000)), "on_site");
        assert_eq!(confirmed(about(noon(NOON) - 10_001)), "before");
    }

    #[test]
    fn wall_clocks_decide_nothing() {
        let here = entry(Some(north(0, 10)));
        let confirmed = told(&here, about(noon(NOON)), |it| {
            it.location = Some(north(0, 5));
            it.confirmed.wall_ms -= 2 * 60 * MINUTE;
        });
        assert_eq!(confirmed, Presence::OnSite);
    }

    #[test]
    fn after_a_reboot_what_is_proven_decides() {
        let here = entry(Some(north(0, 10)));
        let proven = |lo: i64, hi: i64| {
            why(told(&here, about(noon(NOON)), |it| {
                it.location = Some(north(0, 5));
                it.confirmed = proven_only(noon(NOON) + lo * MINUTE, noon(NOON) + hi * MINUTE);
            }))
        };
        assert_eq!(proven(-60, 600), "on_site");
        assert_eq!(proven(-60, 1_500), "time_unsure");
        assert_eq!(proven(1_500, 1_600), "too_late");
    }

    #[test]
    fn without_a_fix_a_co_signature_of_a_phone_of_the_visit_proves_presence() {
        for place in [None, Some(north(0, 10))] {
            let here = entry(place);
            let signed = |change: fn(&mut ConfirmationFact, &mut CoSignatureFact)| {
                why(told(&here, about(noon(NOON)), |it| {
                    let mut answer = answered(noon(NOON) + 60 * MINUTE);
                    change(it, &mut answer);
                    it.co_signatures.insert(answer);
                }))
            };
            assert_eq!(signed(|_, _| ()), "on_site");
            assert_eq!(
                signed(|it, _| it.location = Some(Location {
                    mocked: true,
                    ..north(0, 5)
                })),
                "on_site"
            );
            assert_eq!(
                signed(|_, answer| answer.device_id = DeviceId(Uuid::from_u128(8))),
                "no_proof"
            );
            assert_eq!(signed(|_, answer| answer.user_id = user(20)), "no_proof");
            let hours_apart =
                signed(|_, answer| answer.answered = about(noon(NOON) + 180 * MINUTE));
            assert_eq!(hours_apart, "co_signature_times");
            let late = signed(|_, answer| {
                answer.asked = about(noon(NOON) + 25 * 60 * MINUTE);
                answer.answered = answer.asked;
            });
            assert_eq!(late, "co_signature_late");
        }
        let here = entry(None);
        assert_eq!(why(told(&here, about(noon(NOON)), |_| ())), "no_proof");
    }

    #[test]
    fn an_officer_who_answers_the_own_challenge_proves_nothing() {
        let here = entry(None);
        let alone = told(&here, about(noon(NOON)), |it| {
            it.officers.insert(user(1));
            it.co_signatures.insert(answered(noon(NOON) + 60 * MINUTE));
        });
        assert_eq!(why(alone), "no_proof");
    }

    #[test]
    fn a_known_place_far_away_is_believed_before_a_co_signature() {
        let here = entry(Some(north(0, 10)));
        let relayed = told(&here, about(noon(NOON)), |it| {
            it.location = Some(north(3_000, 20));
            it.co_signatures.insert(answered(noon(NOON) + 60 * MINUTE));
        });
        assert_eq!(why(relayed), "too_far");
        let places = |asked: i64, other: i64| {
            why(told(&here, about(noon(NOON)), |it| {
                let mut answer = answered(noon(NOON) + 60 * MINUTE);
                answer.asked_from = Some(north(asked, 20));
                answer.answered_from = Some(north(other, 20));
                it.co_signatures.insert(answer);
            }))
        };
        assert_eq!(places(10, 0), "on_site");
        assert_eq!(places(3_000, 0), "co_signature_places");
        assert_eq!(places(3_000, 3_000), "co_signature_places");
    }

    #[test]
    fn the_answering_phone_knows_the_time_where_the_supervisors_does_not() {
        let here = entry(None);
        let confirmed = |answered_at: Option<Millis>| {
            why(told(&here, about(noon(NOON)), |it| {
                it.confirmed = proven_only(i64::MIN, i64::MAX);
                if let Some(at_ms) = answered_at {
                    let mut answer = answered(at_ms);
                    answer.asked = proven_only(i64::MIN, i64::MAX);
                    it.co_signatures.insert(answer);
                }
            }))
        };
        assert_eq!(confirmed(None), "time_unsure");
        assert_eq!(confirmed(Some(noon(NOON) + 60 * MINUTE)), "on_site");
        assert_eq!(
            confirmed(Some(noon(NOON) + 30 * 60 * MINUTE)),
            "time_unsure"
        );
    }

    #[test]
    fn nothing_makes_a_far_late_or_made_up_confirmation_on_site() {
        for seed in 0..2_000 {
            let mut random = Random(seed);
            let here = entry((random.below(4) > 0).then(|| north(0, 1 + random.below(50) as i64)));
            let mut place = north(random.below(8_000) as i64, 1 + random.below(100) as i64);
            place.mocked = random.chance(20);
            let later = random.below(48 * 60) as i64 * MINUTE;
            let refused = about(noon(NOON));
            let verdict = told(&here, refused, |it| {
                it.location = random.chance(80).then(|| place.clone());
                it.confirmed = about(noon(NOON) + later);
            });
            if verdict != Presence::OnSite {
                continue;
            }
            let gate = here.arrivals[0].location.as_ref().unwrap();
            let apart = place.millimetres_from(gate);
            assert!(!place.mocked, "seed {seed}");
            assert!(
                apart <= 300_000 + place.accuracy_mm + gate.accuracy_mm,
                "seed {seed}"
            );
            assert!(later <= 24 * 60 * MINUTE, "seed {seed}");
        }
    }
}
