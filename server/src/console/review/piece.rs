//! `/console/review/{visit}/{evidence}`: one piece of evidence with what there is to hold it against, and the decision on it. What
//! is decided leads on to the next piece.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use sync_core::model::{DocumentId, EvidenceId, ReviewVerdict};

use super::{Going, address, kind, mark, said, state_words};
use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::dossier::view::millis;
use crate::console::when::{Count, When};
use crate::console::{on_to, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::Problem;
use crate::services::evidence::reviewing::{self, NewReview, PieceFile, ReuseView, Way};
use crate::services::visits::people::{self, Person};
use crate::store::access::devices;

/// A line of the comparison of manifest and bytes.
struct Line {
    what: &'static str,
    manifest: String,
    bytes: String,
    verdict: &'static str,
    mark: &'static str,
}

/// Another picture to hold it against.
struct Other {
    /// There is a picture of it: its bytes are here, and were looked at.
    pictured: bool,
    media: String,
    page: String,
    compare: String,
    told: String,
    enterprise: String,
    shown: bool,
}

/// What was decided, or answered, in its order.
struct Told {
    at: Option<When>,
    who: String,
    what: &'static str,
    mark: &'static str,
    words: String,
    supplement: Option<String>,
    late: bool,
}

#[derive(Template)]
#[template(path = "review/piece.html")]
struct PiecePage {
    frame: Frame,
    media: String,
    is_picture: bool,
    is_film: bool,
    kind: String,
    enterprise: String,
    visit: String,
    state: &'static str,
    mark: &'static str,
    lines: Vec<Line>,
    others: Vec<Other>,
    elsewhere: usize,
    told: Vec<Told>,
    findings: Vec<String>,
    supplements: Option<String>,
    may_review: bool,
    version: i64,
    sha256: String,
    action: String,
    reasons: [&'static str; 5],
    done: bool,
    next: Option<String>,
    ahead: Option<String>,
    previous: Option<String>,
    list: String,
}

/// Which pieces one goes through, and what is beside this one.
#[derive(Debug, Deserialize)]
pub struct PieceQuery {
    #[serde(flatten)]
    going: Going,
    /// `visit/evidence` that it is compared with.
    #[serde(default)]
    with: String,
    /// It was decided, and there is no next one.
    #[serde(default)]
    done: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn degrees(place: &Value) -> String {
    let e7 = |name: &str| place[name].as_i64().map(|it| it as f64 / 1e7);
    match (e7("latitude_e7"), e7("longitude_e7")) {
        (Some(latitude), Some(longitude)) => format!("{latitude:.5}, {longitude:.5}"),
        _ => String::new(),
    }
}

/// What the manifest says beside what the bytes say. Whether they disagree the rules have said.
fn lines(desk: &Desk, file: &PieceFile, device: String) -> Vec<Line> {
    let (w, piece) = (desk.w(), &file.evidence);
    let media = piece.media.as_ref();
    let disagrees = |key: &str| {
        let key = format!("MEDIA.{key}");
        file.findings.iter().any(|it| it["message"] == key)
    };
    let line = |what, manifest: String, bytes: String, key: &str| {
        let (verdict, mark) = match (disagrees(key), bytes.is_empty()) {
            (true, _) => (w.review_differs, "bad"),
            (false, true) => (w.review_untold, ""),
            (false, false) => (w.review_agrees, "good"),
        };
        Line {
            what,
            manifest,
            bytes,
            verdict,
            mark,
        }
    };
    let instant = |at: &str| {
        let at: Option<jiff::Timestamp> = at.parse().ok();
        at.map(|at| crate::console::when::second(desk.language(), at.as_millisecond()))
            .unwrap_or_default()
    };
    let claimed = &piece.captured["claimed"];
    let captured = match (claimed["from"].as_str(), claimed["to"].as_str()) {
        (Some(from), Some(to)) => format!("{} – {}", instant(from), instant(to)),
        _ => instant(&text(&piece.captured["wall"])),
    };
    let taken = media.and_then(|it| it.taken_at.as_deref());
    let located = piece.location.as_ref().map(degrees).unwrap_or_default();
    let place = media.and_then(|it| it.place.as_ref());
    let content = media.and_then(|it| it.media_type.clone());
    let size = media.and_then(|it| it.width_px.zip(it.height_px));
    vec![
        line(
            w.review_type,
            piece.media_type.clone(),
            content.unwrap_or_default(),
            "type",
        ),
        line(
            w.review_time,
            captured,
            taken.map(instant).unwrap_or_default(),
            "time",
        ),
        line(
            w.review_place,
            located,
            place.map(degrees).unwrap_or_default(),
            "place",
        ),
        line(
            w.review_device,
            device,
            media.and_then(|it| it.device.clone()).unwrap_or_default(),
            "device",
        ),
        line(
            w.review_size,
            format!("{} B", Count(piece.size_bytes)),
            size.map(|(width, height)| format!("{width} × {height} px"))
                .unwrap_or_default(),
            "odd",
        ),
    ]
}

fn others(desk: &Desk, file: &PieceFile, query: &PieceQuery) -> Vec<Other> {
    let w = desk.w();
    let here = address(file.visit_id, &file.evidence.evidence_id, "");
    let other = |visit: DocumentId, id: &str, told: String, enterprise: String| {
        let named = format!("{visit}/{id}");
        Other {
            // What was found to be like this one was looked at.
            pictured: visit != file.visit_id || file.pictured.contains(id),
            media: format!("/console/media/{visit}/{id}"),
            page: address(visit, id, &query.going.query(&[])),
            compare: format!("{here}{}", query.going.query(&[("with", &named)])),
            shown: query.with == named,
            told,
            enterprise,
        }
    };
    let bits = |it: &ReuseView| match (it.phash_bits, it.dhash_bits) {
        (Some(phash), Some(dhash)) => format!("{} ({phash}/{dhash})", w.review_near),
        _ => w.review_same.to_owned(),
    };
    let reused = file.reuse.iter().map(|it| {
        let enterprise = it.enterprise_name.clone().unwrap_or_default();
        other(it.visit_id, &it.evidence_id, bits(it), enterprise)
    });
    // What was brought in answer, and what this one was brought for, stand beside it too.
    let own = || file.enterprise_name.clone().unwrap_or_default();
    let brought = file.evidence.answers.iter();
    let brought = brought.filter_map(|it| it.supplement.as_deref());
    let brought = brought.map(|id| other(file.visit_id, id, w.review_supplement.to_owned(), own()));
    let questioned = file.evidence.supplements.iter();
    let questioned =
        questioned.map(|id| other(file.visit_id, id, w.review_supplemented.to_owned(), own()));
    reused.chain(brought).chain(questioned).collect()
}

fn told(desk: &Desk, file: &PieceFile, people: &BTreeMap<String, Person>) -> Vec<Told> {
    let (w, language) = (desk.w(), desk.language());
    let named = |id: &Option<String>| {
        let person = id.as_ref().and_then(|id| people.get(id));
        person.map_or_else(String::new, |it| {
            format!("{} · {}", it.name, it.organisation)
        })
    };
    let reviews = file.reviews.iter().map(|it| {
        let at = millis(&it.decided_at);
        let order = at.unwrap_or_default();
        let who = it.user_name.clone().unwrap_or_default();
        let told = Told {
            at: at.map(|at| When::at(language, at)),
            who: format!("{who} · {}", it.authority),
            what: said(language, it.verdict_words),
            mark: mark(&it.verdict),
            words: it.reason.clone(),
            supplement: None,
            late: false,
        };
        (order, told)
    });
    let answers = file.evidence.answers.iter().map(|it| {
        let order = it.answered["wall"].as_str().and_then(millis);
        let order = order.unwrap_or_default();
        let told = Told {
            at: When::of_times(language, &it.answered),
            who: named(&it.user_id),
            what: w.review_answer,
            mark: "calm",
            words: it.words.clone(),
            supplement: it
                .supplement
                .as_ref()
                .map(|id| address(file.visit_id, id, "")),
            late: true,
        };
        (order, told)
    });
    let mut all: Vec<(i64, Told)> = reviews.chain(answers).collect();
    all.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
    all.into_iter().map(|(_, told)| told).collect()
}

/// Shows a piece.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Path((visit, evidence)): Path<(DocumentId, EvidenceId)>,
    Query(query): Query<PieceQuery>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let file = reviewing::file(&app, &desk.principal, visit, evidence).await?;
    let filter = query.going.filter();
    let mut beside = Vec::new();
    for way in [Way::Onward, Way::Back] {
        let from = Some(file.place.clone());
        let found = reviewing::list(&app, &desk.principal, &filter, from, way, 1).await?;
        beside.push(found.into_iter().next().map(|(_, piece)| piece));
    }
    let going = query.going.query(&[]);
    let link = |piece: &reviewing::PieceView| address(piece.visit_id, &piece.evidence_id, &going);
    let (previous, next) = (beside.pop().flatten(), beside.pop().flatten());
    let piece = &file.evidence;
    let mut db = app.store.read().await?;
    let device = match piece.device_id.as_deref().map(str::parse) {
        Some(Ok(id)) => devices::find(&mut db, id).await?,
        _ => None,
    };
    let answered_by = piece
        .answers
        .iter()
        .filter_map(|it| it.user_id.as_ref()?.parse().ok());
    let people = people::named(&mut db, answered_by.collect()).await?;
    drop(db);
    let device = device.map(|it| it.label);
    let device = device.or(piece.device_id.clone()).unwrap_or_default();
    let decided = piece.review.as_ref();
    let newest = file.reviews.first().map_or(0, |it| it.version);
    let answered = piece.answers.iter().map(|it| it.review).max();
    let state = match decided {
        None => "unreviewed",
        Some(it) if it.verdict != "accepted" && answered >= Some(it.version) => "answered",
        Some(it) => it.verdict.as_str(),
    };
    let found = piece.media.as_ref();
    let content = found.and_then(|it| it.media_type.as_deref());
    let content = content.unwrap_or(&piece.media_type);
    let here = piece.state == "verified";
    let findings = file.findings.iter();
    let findings = findings.map(|it| text(&it[language.pick("zh", "en")]));
    shown(&PiecePage {
        frame: desk.frame(format!(
            "{} · {}",
            w.review_title,
            kind(language, &piece.kind)
        )),
        media: format!("/console/media/{visit}/{evidence}"),
        is_picture: here && found.is_some_and(|it| it.preview == "made"),
        is_film: here && content.starts_with("video/"),
        kind: kind(language, &piece.kind),
        enterprise: file.enterprise_name.clone().unwrap_or_default(),
        visit: format!("/console/visits/{visit}"),
        state: state_words(language, state),
        mark: mark(state),
        lines: lines(&desk, &file, device),
        others: others(&desk, &file, &query),
        elsewhere: file.reuse_elsewhere,
        told: told(&desk, &file, &people),
        findings: findings.collect(),
        supplements: piece
            .supplements
            .as_ref()
            .map(|id| address(visit, id, &going)),
        may_review: file.may_review && here,
        version: newest,
        sha256: piece.sha256.clone(),
        action: address(visit, &piece.evidence_id, &going),
        reasons: [
            w.review_reason_blurred,
            w.review_reason_other,
            w.review_reason_reused,
            w.review_reason_time,
            w.review_reason_part,
        ],
        done: !query.done.is_empty(),
        ahead: next
            .as_ref()
            .filter(|it| it.preview)
            .map(|it| format!("/console/media/{}/{}/screen", it.visit_id, it.evidence_id)),
        next: next.as_ref().map(link),
        previous: previous.as_ref().map(link),
        list: format!("/console/review?{going}"),
    })
}

/// What is decided.
#[derive(Debug, Deserialize)]
pub struct Decided {
    verdict: ReviewVerdict,
    #[serde(default)]
    reason: String,
    expected_version: i64,
    sha256: String,
}

/// Decides, and goes on to the next piece.
pub async fn decide(
    State(app): State<App>,
    desk: Desk,
    Path((visit, evidence)): Path<(DocumentId, EvidenceId)>,
    Query(query): Query<PieceQuery>,
    Form(form): Form<Decided>,
) -> Result<Response, Problem> {
    let place = reviewing::file(&app, &desk.principal, visit, evidence)
        .await?
        .place;
    let sha256 = form.sha256.parse();
    let new = NewReview {
        verdict: form.verdict,
        reason: form.reason,
        expected_version: form.expected_version,
        sha256: Some(sha256.map_err(|_| Problem::value("sha256", "is no hash"))?),
    };
    let evidence_id = evidence.to_string();
    reviewing::review(&app, &desk.principal, visit, evidence, new).await?;
    let filter = query.going.filter();
    let found =
        reviewing::list(&app, &desk.principal, &filter, Some(place), Way::Onward, 1).await?;
    Ok(on_to(&match found.first() {
        Some((_, next)) => address(next.visit_id, &next.evidence_id, &query.going.query(&[])),
        None => address(visit, &evidence_id, &query.going.query(&[("done", "1")])),
    }))
}
