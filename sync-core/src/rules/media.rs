//! MEDIA, 影像核对: what the server found in the bytes of evidence, held against what the manifest says of them.
//!
//! 晋市监发〔2023〕212号 四: “同时提交现场抽样中产生的影像资料，对报送资料的真实性负责”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{EvidenceFact, Severity, Subject};
use crate::model::{
    DocumentId, Location, MediaFact, MediaPlace, claim_agrees, millimetres_apart, shanghai_minute,
};

/// 影像核对
pub const RULE: Rule = Rule {
    id: "MEDIA",
    title: Words {
        zh: "影像核对",
        en: "Evidence held against its own bytes",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 四",
        quote: "同时提交现场抽样中产生的影像资料，对报送资料的真实性负责",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "影像内容与清单所称类型不同、文件有疑点，或影像自带的时间、地点与清单不一致",
        en: "the bytes are of another type than the manifest says, something is odd about them, or the time or place that they carry themselves disagrees with the manifest",
    },
    exceptions: Words {
        zh: "只作提示，不影响样品结论；没有自带时间、地点的不判断；坐标系不同的不比较，未注明坐标系的另加容差",
        en: "a notice, which changes the outcome of no sample; what carries no time or place is not judged; places in different coordinate systems are never compared, and one that names no system gets a tolerance on top",
    },
    parameters: &[
        Parameter {
            name: "time_tolerance_minutes",
            default: DefaultValue::Number {
                value: 10,
                min: 0,
                max: 100_000,
            },
            meaning: Words {
                zh: "影像自带时间与清单区间允许的差距（分钟）",
                en: "how far the time in the bytes may lie outside the manifest's interval, in minutes",
            },
        },
        Parameter {
            name: "place_tolerance_m",
            default: DefaultValue::Number {
                value: 300,
                min: 0,
                max: 1_000_000,
            },
            meaning: Words {
                zh: "影像自带地点与清单地点允许的差距（米，另加定位误差）",
                en: "how far the place in the bytes may be from the manifest's, in metres, beside its accuracy",
            },
        },
        Parameter {
            name: "unnamed_datum_m",
            default: DefaultValue::Number {
                value: 1_000,
                min: 0,
                max: 1_000_000,
            },
            meaning: Words {
                zh: "影像未注明坐标系时另加的容差（米）",
                en: "what is added where the bytes name no coordinate system, in metres: it may be GCJ-02",
            },
        },
    ],
    messages: &[
        Message {
            key: "type",
            words: Words {
                zh: "{kind}：清单称 {claimed}，实际为 {content}",
                en: "{kind}: the manifest says {claimed}, the bytes are {content}",
            },
        },
        Message {
            key: "odd",
            words: Words {
                zh: "{kind}：影像文件有疑点，{why}",
                en: "{kind}: something is odd about the bytes, {why}",
            },
        },
        Message {
            key: "time",
            words: Words {
                zh: "{kind}：影像自带时间 {taken}，与清单相差 {minutes} 分钟",
                en: "{kind}: by its own metadata taken at {taken}, {minutes} minutes from the manifest's interval",
            },
        },
        Message {
            key: "place",
            words: Words {
                zh: "{kind}：影像自带地点与清单相距 {metres} 米",
                en: "{kind}: by its own metadata taken {metres} metres from the place in the manifest",
            },
        },
    ],
};

const MINUTE_MS: i64 = 60_000;

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        let Some((book, settings)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        for evidence in &visit.evidence {
            let Some(found) = &evidence.found else {
                continue;
            };
            let mut said: Vec<(&'static str, Vec<(&'static str, String)>)> = Vec::new();
            let told = !evidence.media_type.is_empty() && !found.media_type.is_empty();
            if told && !claim_agrees(&evidence.media_type, &found.media_type) {
                let claimed = ("claimed", evidence.media_type.clone());
                said.push(("type", vec![claimed, ("content", found.media_type.clone())]));
            }
            for outcome in found.outcomes.iter().filter(|outcome| outcome.is_suspect()) {
                said.push(("odd", vec![("why", outcome.code().to_owned())]));
            }
            let tolerance = settings.number("time_tolerance_minutes");
            if let Some((taken, minutes)) = time_apart(evidence, found)
                && minutes > tolerance
            {
                let taken = ("taken", shanghai_minute(taken));
                said.push(("time", vec![taken, ("minutes", minutes.to_string())]));
            }
            if let (Some(of_bytes), Some(of_manifest)) = (&found.place, &evidence.location)
                && let Some(unnamed) = comparable(of_bytes, of_manifest)
            {
                let mut tolerance = settings.number("place_tolerance_m");
                tolerance += of_manifest.accuracy_mm.max(0) / 1_000;
                if unnamed {
                    tolerance += settings.number("unnamed_datum_m");
                }
                let metres = metres_apart(of_bytes, of_manifest);
                if metres > tolerance {
                    said.push(("place", vec![("metres", metres.to_string())]));
                }
            }
            for (key, mut arguments) in said {
                arguments.push(("kind", evidence.kind.clone()));
                arguments.extend(
                    evidence
                        .evidence_id
                        .map(|id| ("evidence_id", id.to_string())),
                );
                ruling.say(Said {
                    rule: &RULE,
                    book,
                    severity: Severity::Notice,
                    subject: subject_of(document_id, evidence),
                    winner: None,
                    key,
                    arguments,
                });
            }
        }
    }
}

/// A sheet's evidence speaks of its sample; all other of the visit.
pub(super) fn subject_of(document_id: DocumentId, evidence: &EvidenceFact) -> Subject {
    evidence
        .sample_id
        .map_or(Subject::Visit(document_id), Subject::Sample)
}

/// The time that the bytes carry and how far it lies outside the manifest's interval, in whole minutes. Some cameras write
/// of a film when it began, others when it ended: both are inside.
fn time_apart(evidence: &EvidenceFact, found: &MediaFact) -> Option<(i64, i64)> {
    let taken = found.taken?.at_ms;
    let within = evidence.captured.usable();
    let lasted = found.duration_ms.unwrap_or(0).max(0);
    let early = within.lo.saturating_sub(lasted).saturating_sub(taken);
    let late = taken.saturating_sub(within.hi.saturating_add(lasted));
    let apart = early.max(late).max(0);
    // A minute that was begun counts.
    Some((
        taken,
        apart.div_euclid(MINUTE_MS) + i64::from(apart % MINUTE_MS > 0),
    ))
}

/// Whether two places may be compared at all, and then whether the bytes name no coordinate system. The manifest's place is
/// WGS-84, but where it was converted from another system it is only as good as the conversion.
fn comparable(of_bytes: &MediaPlace, of_manifest: &Location) -> Option<bool> {
    if of_manifest.crs_source != "wgs84" {
        return None;
    }
    let Some(datum) = &of_bytes.datum else {
        return Some(true);
    };
    let plain: String = datum.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(plain.to_ascii_uppercase().as_str(), "WGS84" | "WGS1984").then_some(false)
}

/// The distance, in whole metres.
fn metres_apart(of_bytes: &MediaPlace, of_manifest: &Location) -> i64 {
    let of_manifest = (of_manifest.latitude_e7, of_manifest.longitude_e7);
    millimetres_apart((of_bytes.latitude_e7, of_bytes.longitude_e7), of_manifest) / 1_000
}

#[cfg(test)]
mod tests {
    use crate::model::{MediaOutcome, MediaTime};
    use crate::rules::testing::*;

    const HERE: (i64, i64) = (354_900_000, 1_128_500_000);

    fn at(place: (i64, i64), datum: Option<&str>) -> MediaPlace {
        MediaPlace {
            latitude_e7: place.0,
            longitude_e7: place.1,
            datum: datum.map(str::to_owned),
        }
    }

    /// The first piece of evidence, an honest film taken here and then, after a change.
    fn found(change: impl FnOnce(&mut EvidenceFact, &mut MediaFact)) -> impl FnOnce(&mut Facts) {
        move |f| {
            let evidence = &mut at_visit(f).evidence[0];
            let mut media = MediaFact {
                media_type: "video/mp4".into(),
                taken: Some(MediaTime {
                    at_ms: noon(NOON),
                    has_offset: true,
                }),
                place: Some(at(HERE, Some("WGS-84"))),
                ..MediaFact::default()
            };
            evidence.location = Some(Location {
                latitude_e7: HERE.0,
                longitude_e7: HERE.1,
                accuracy_mm: 10_000,
                crs_source: "wgs84".into(),
                mocked: false,
            });
            change(evidence, &mut media);
            evidence.found = Some(media);
        }
    }

    fn taken_at(at_ms: i64) -> impl FnOnce(&mut Facts) {
        found(move |_, media| {
            media.taken = Some(MediaTime {
                at_ms,
                has_offset: true,
            });
        })
    }

    /// North of the manifest's place by so many metres.
    fn away(metres: i64, datum: Option<&'static str>) -> impl FnOnce(&mut Facts) {
        found(move |_, media| {
            // A degree on a meridian is 110 950 m long here.
            let e7 = metres * 10_000_000 / 110_950;
            media.place = Some(at((HERE.0 + e7, HERE.1), datum));
        })
    }

    #[test]
    fn violates_when_the_bytes_are_of_another_type_than_the_manifest_says() {
        let claimed = found(|evidence, _| evidence.media_type = "image/jpeg".into());
        assert_eq!(after(claimed, "MEDIA.type"), (Valid, true));
    }

    #[test]
    fn violates_when_something_is_odd_about_the_bytes() {
        for outcome in MediaOutcome::ALL {
            let odd = found(|_, media| _ = media.outcomes.insert(outcome));
            assert_eq!(
                after(odd, "MEDIA.odd"),
                (Valid, outcome.is_suspect()),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn violates_when_the_bytes_carry_another_time_or_place() {
        let yesterday = taken_at(noon(NOON) - 24 * 60 * MINUTE);
        assert_eq!(after(yesterday, "MEDIA.time"), (Valid, true));
        let elsewhere =
            found(|_, media| media.place = Some(at((350_000_000, 1_120_000_000), None)));
        assert_eq!(after(elsewhere, "MEDIA.place"), (Valid, true));
    }

    #[test]
    fn passes_what_agrees_and_what_carries_nothing() {
        let mut facts = one_sample(CITY);
        found(|_, _| ())(&mut facts);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        let mut bare = one_sample(CITY);
        found(|_, media| (media.taken, media.place) = (None, None))(&mut bare);
        assert_eq!(bare.said(), BTreeSet::new());
    }

    #[test]
    fn exempts_places_in_different_systems_and_names_of_one_format() {
        let gcj = found(|_, media| media.place = Some(at((0, 0), Some("GCJ-02"))));
        assert_eq!(after(gcj, "MEDIA.place"), (Valid, false));
        let converted = found(|evidence, media| {
            evidence.location.as_mut().unwrap().crs_source = "gcj02".into();
            media.place = Some(at((0, 0), Some("WGS-84")));
        });
        assert_eq!(after(converted, "MEDIA.place"), (Valid, false));
        let kin = found(|evidence, _| evidence.media_type = "video/3gpp".into());
        assert_eq!(after(kin, "MEDIA.type"), (Valid, false));
    }

    #[test]
    fn boundary_ten_minutes_outside_the_interval_pass_and_a_millisecond_more_does_not() {
        let within = about(noon(NOON)).usable();
        let tolerance = 10 * MINUTE;
        for (at_ms, is_found) in [
            (within.lo - tolerance, false),
            (within.lo - tolerance - 1, true),
            (within.hi + tolerance, false),
            (within.hi + tolerance + 1, true),
        ] {
            assert_eq!(after(taken_at(at_ms), "MEDIA.time").1, is_found, "{at_ms}");
        }
        let ended = found(move |_, media| {
            media.duration_ms = Some(60 * MINUTE);
            media.taken = Some(MediaTime {
                at_ms: within.hi + tolerance + 60 * MINUTE,
                has_offset: true,
            });
        });
        assert!(!after(ended, "MEDIA.time").1);
    }

    #[test]
    fn boundary_three_hundred_metres_and_the_accuracy_pass_and_more_does_not() {
        let named = Some("WGS-84");
        assert!(!after(away(310, named), "MEDIA.place").1);
        assert!(after(away(312, named), "MEDIA.place").1);
        // GCJ-02 lies off by 480 to 555 metres in these cities: where no system is named it may be that.
        assert!(!after(away(860, None), "MEDIA.place").1);
        assert!(!after(away(1_310, None), "MEDIA.place").1);
        assert!(after(away(1_312, None), "MEDIA.place").1);
    }
}
