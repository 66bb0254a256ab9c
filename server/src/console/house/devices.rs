//! `/console/devices`: phones; enrolled by a QR code, last seen, looked after by the sync doctor, and revoked.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use sync_core::model::{DeviceId, DocumentId, UserId};
use sync_core::qr::{Correction, QrCode};

use super::reading;
use crate::app::App;
use crate::console::desk::{Desk, Frame};
use crate::console::dossier::view::millis;
use crate::console::sheets::{
    At, Cell, ROWS, Sheet, chip, code, form, link, maybe, needed, page_of, text, time,
};
use crate::console::when::When;
use crate::console::words::Words;
use crate::console::{on_to, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::Problem;
use crate::services::{devices, enrolment, people, quarantine};
use crate::store::access::{organisations, sessions, users};
use crate::store::sync::visits;

const HERE: &str = "/console/devices";

/// Whether what a phone signs counts.
fn trust(w: &Words, revoked: bool) -> Cell {
    match revoked {
        false => chip("good", w.device_trusted),
        true => chip("bad", w.device_revoked),
    }
}

/// `GET /console/devices`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let rows = devices::list(&app, &desk.principal, &at.after, ROWS + 1).await?;
    let mut db = reading(&app).await?;
    let heads = vec![
        w.device,
        w.person,
        w.organisation,
        w.enrolled_at,
        w.last_seen,
        w.state,
    ];
    let (rows, next) = page_of(rows, HERE, |row| row.device.to_string());
    let mut page = Sheet::new(&desk, w.devices).with_heads(heads, w.devices_none);
    (page.intro, page.next) = (w.devices_intro, next);
    for row in rows {
        let person = users::find(&mut db, row.user).await?;
        let organisation = organisations::find(&mut db, row.organisation).await?;
        let seen = sessions::last_use_of_device(&mut db, row.device).await?;
        page.rows.push(vec![
            link(&row.label, format!("{HERE}/{}", row.device)),
            maybe(person.map(|it| it.display_name)),
            maybe(organisation.map(|it| it.name)),
            time(language, Some(row.enrolled_at)),
            match seen {
                Some(at) => time(language, Some(at)),
                None => text(w.never),
            },
            trust(w, row.revoked_at.is_some()),
        ]);
    }
    page.tools
        .push(link(w.device_enrol_whose, "/console/users"));
    shown(&page)
}

/// `GET /console/devices/{id}`: one phone, and what of its work is not through (同步诊断).
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<DeviceId>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let row = devices::get(&app, &desk.principal, id).await?;
    let doctor = quarantine::doctor(&app, &desk.principal, id).await?;
    let mut db = reading(&app).await?;
    let person = users::find(&mut db, row.user).await?;
    let seen = sessions::last_use_of_device(&mut db, id).await?;
    let mut page = Sheet::new(&desk, row.label.clone());
    page.facts = vec![
        (w.person.to_owned(), maybe(person.map(|it| it.display_name))),
        (
            w.enrolled_at.to_owned(),
            time(language, Some(row.enrolled_at)),
        ),
        (w.last_seen.to_owned(), time(language, seen)),
        (w.state.to_owned(), trust(w, row.revoked_at.is_some())),
    ];
    if let Some(at) = row.revoked_at {
        let at = time(language, Some(at));
        page.facts.push((w.revoked_at.to_owned(), at));
        page.facts
            .push((w.reason.to_owned(), maybe(row.revoked_reason)));
    } else if desk.principal.has_any(super::users::MAKERS) {
        let reason = needed("reason", w.reason).with_hint(w.device_revoke_hint);
        let mut revoke = form(
            w.device_revoke,
            format!("{HERE}/{id}/revocation"),
            vec![reason],
        );
        revoke.danger = true;
        page.forms.push(revoke);
    }
    page.heads = vec![w.doctor, w.visit, w.person, w.received_at, w.change];
    page.empty = w.doctor_none;
    let mut of: Vec<DocumentId> = Vec::new();
    let mut by: Vec<UserId> = Vec::new();
    for item in &doctor {
        of.extend(item.document_id.parse::<DocumentId>().ok());
        by.extend(
            item.author
                .iter()
                .filter_map(|id| id.parse::<UserId>().ok()),
        );
    }
    let visits = visits::list_named(&mut db, &desk.principal, of).await?;
    let people = users::list_named(&mut db, by).await?;
    for item in doctor {
        let visit = item.document_id.parse::<DocumentId>().ok();
        let visit = visit.and_then(|id| visits.get(&id));
        let author = item.author.as_deref().and_then(|id| id.parse().ok());
        let author = author.and_then(|id: UserId| people.get(&id));
        page.rows.push(vec![
            text(language.pick(&item.zh, &item.en)),
            match visit {
                // What lies aside is let in there.
                Some(visit) => link(visit, format!("/console/visits/{}#aside", item.document_id)),
                None => code(short(&item.document_id)),
            },
            maybe(author.cloned()),
            time(language, millis(&item.received_at)),
            code(short(&item.hash)),
        ]);
    }
    shown(&page)
}

/// The beginning of a hash, enough to tell it from others.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// Why a phone is revoked.
#[derive(Debug, Deserialize)]
pub struct Revocation {
    reason: String,
}

/// `POST /console/devices/{id}/revocation`.
pub async fn revoke(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<DeviceId>,
    Form(typed): Form<Revocation>,
) -> Result<Response, Problem> {
    devices::revoke(&app, &desk.principal, id, &typed.reason).await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}

#[derive(Template)]
#[template(path = "enrolment.html")]
struct EnrolmentPage {
    frame: Frame,
    person: String,
    code: String,
    server: String,
    until: When,
    /// Squares that were computed here; nothing in it comes from anybody.
    drawing: String,
}

/// For whom.
#[derive(Debug, Deserialize)]
pub struct ForWhom {
    user: UserId,
}

/// `POST /console/devices/enrolment`: a one-time code, shown this once, to be typed or read by the phone's camera.
pub async fn enrol(
    State(app): State<App>,
    desk: Desk,
    headers: HeaderMap,
    Form(typed): Form<ForWhom>,
) -> Result<Response, Problem> {
    let person = people::get(&app, &desk.principal, typed.user).await?;
    let (code, until) = enrolment::issue_code(&app, &desk.principal, typed.user).await?;
    let server = match app.public_url.get() {
        Some(url) => url.clone(),
        // Whoever sees this page reached the server under this name.
        None => {
            let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
            let scheme = if desk.front.encrypted {
                "https"
            } else {
                "http"
            };
            format!("{scheme}://{}", host.unwrap_or_default())
        }
    };
    let told = json!({ "fieldseal": "enrolment", "server": server, "code": code });
    let drawing = QrCode::of(&told.to_string(), Correction::Medium)
        .map_err(|_| Problem::fault("an enrolment does not fit a code"))?;
    shown(&EnrolmentPage {
        frame: desk.frame(desk.w().device_enrol),
        person: person.row.display_name,
        until: When::at(desk.language(), until),
        drawing: drawing.to_svg(),
        code,
        server,
    })
}
