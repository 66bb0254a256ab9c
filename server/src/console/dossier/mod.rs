//! `/console/visits/{document}`: the dossier (卷宗), one page that tells the story of a visit, made of what the API's dossier
//! says. `view.rs` puts it into words, `sketch.rs` draws who stood where, `files.rs` serves pictures, forms and admissions.

mod fields;
pub mod files;
mod sketch;
mod story;
pub mod view;

use std::collections::BTreeMap;
use std::collections::btree_map;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use sync_core::model::{DeviceId, DocumentId};

use self::sketch::Sketch;
use self::story::Event;
use self::view::{Aside, Conflict, Entry, Fact, Piece, Record, Sample, Teller, Verdict, Waiting};
use super::desk::{Desk, Frame};
use super::{pages, shown};
use crate::access::Role;
use crate::app::App;
use crate::extract::Path;
use crate::problem::Problem;
use crate::services::evidence::reading;
use crate::services::{devices, visits};

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage {
    frame: Frame,
    /// Of the visit.
    id: String,
    state: &'static str,
    facts: Vec<Fact>,
    /// What a person has to look at.
    waiting: Vec<Waiting>,
    story: Vec<Event>,
    entries: Vec<Entry>,
    samples: Vec<Sample>,
    records: Vec<Record>,
    verdicts: Vec<Verdict>,
    conflicts: Vec<Conflict>,
    aside: Vec<Aside>,
    may_admit: bool,
    /// Where the form that lets one in is sent.
    admission: String,
    decisions: Vec<Event>,
    sketch: Sketch,
    /// Whether the manifest names any evidence.
    listed: bool,
    /// What of it is here.
    pieces: Vec<Piece>,
    /// What is not, with whose phone has it.
    missing: Vec<Piece>,
    evidence: String,
    notes: String,
}

/// The page.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<DocumentId>,
) -> Result<Response, Problem> {
    let dossier = visits::dossier(&app, &desk.principal, id).await?;
    let evidence = reading::of_visit(&app, &desk.principal, id).await?;
    let teller = Teller::new(&desk, &dossier);
    let visit = &dossier.visit;
    let name = visit.enterprise_name.clone();
    let name = name.unwrap_or_else(|| visit.enterprise.clone());
    let summary = desk
        .language()
        .pick(&evidence.evidence.zh, &evidence.evidence.en);
    let pieces = teller.pieces(&evidence.items);
    let listed = !pieces.is_empty();
    let (pieces, mut missing): (Vec<Piece>, Vec<Piece>) =
        pieces.into_iter().partition(|it| it.here);
    if pages::may_open_at("/console/devices/{id}", &desk.principal) {
        let mut pages: BTreeMap<DeviceId, String> = BTreeMap::new();
        for piece in &mut missing {
            let Some(id) = piece.device_id else { continue };
            if let btree_map::Entry::Vacant(place) = pages.entry(id) {
                let seen = devices::get(&app, &desk.principal, id).await.is_ok();
                place.insert(match seen {
                    true => format!("/console/devices/{id}"),
                    false => String::new(),
                });
            }
            piece.device_href = pages.get(&id).cloned().unwrap_or_default();
        }
    }
    let page = DossierPage {
        frame: desk.live_frame(name),
        id: id.to_string(),
        state: teller.word("visit_state", &visit.state),
        facts: teller.head(),
        waiting: teller.waiting(&evidence.items),
        story: story::told(&teller),
        entries: teller.entries(),
        samples: teller.samples(),
        records: teller.records(),
        verdicts: teller.other_verdicts(),
        conflicts: teller.conflicts(),
        aside: teller.aside(),
        may_admit: desk.principal.has(Role::Authority),
        admission: format!("/console/visits/{id}/admission"),
        decisions: story::decided(&teller),
        sketch: Sketch::of(
            &teller,
            &evidence.items,
            app.tiles.get().map(String::as_str),
        ),
        listed,
        pieces,
        missing,
        evidence: summary.to_owned(),
        notes: dossier.records["notes"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    shown(&page)
}
