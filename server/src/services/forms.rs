//! Printed forms (纸质文书) of a visit, for whoever sees it: the core's renderer over what the server holds. Each one that is
//! given out leaves a line in the audit trail, as reading an original does.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use aws_lc_rs::digest;
use serde_json::json;
use sync_core::document::{ConfirmationProjection, VisitDocument, project_confirmation};
use sync_core::forms::{FormError, FormMaker, FormNames, FormSubject, FormTask, drawings_of};
use sync_core::model::{Campaign, Digest, DocumentId, EnterpriseKey};

use crate::access::Principal;
use crate::app::App;
use crate::objects::ObjectName;
use crate::problem::{Code, Problem};
use crate::services::audit;
use crate::services::projection::{self, Certified};
use crate::services::ruling::rulebooks;
use crate::store::evidence;
use crate::store::reference::{campaigns, lookups, sampling_notices, tasks};
use crate::store::sync::{confirmations, documents, visits};
use crate::store::{Result, Session};

/// A form as a page.
pub struct Form {
    /// The page.
    pub html: String,
    /// What it is called when it is saved.
    pub filename: String,
}

fn told(error: FormError) -> Problem {
    match error {
        FormError::UnknownKind => Problem::new(Code::FormUnknown),
        FormError::UnknownSubject => Problem::new(Code::FormSubjectUnknown),
        // A seal that is true of the document was read once; that it cannot be read now is our fault.
        FormError::Unreadable => Problem::internal(&error),
    }
}

/// Gives a form out to a caller who sees the visit, and notes that.
pub async fn form(
    app: &App,
    caller: &Principal,
    id: DocumentId,
    (kind, subject): (&str, &str),
    bilingual: bool,
) -> Result<Form, Problem> {
    let form = render(app, caller, id, (kind, subject), bilingual).await?;
    let subject = FormSubject::parse(kind, subject).map_err(told)?;
    let sha256 = digest::digest(&digest::SHA256, form.html.as_bytes());
    let detail = json!({ "sha256": hex::encode(sha256), "form": kind });
    let named = format!("form:{id}/{kind}/{subject}");
    let mut tx = app.store.begin_beside().await?;
    audit::record(app, &mut tx, caller, "form.read", named, detail).await?;
    tx.commit().await?;
    Ok(form)
}

/// Makes a form for a caller who sees the visit. That is asked first: nobody else learns what a visit has.
pub async fn render(
    app: &App,
    caller: &Principal,
    id: DocumentId,
    (kind, subject): (&str, &str),
    bilingual: bool,
) -> Result<Form, Problem> {
    let mut db = app.store.read().await?;
    let not_found = || Problem::new(Code::NotFound);
    let row = visits::find(&mut db, caller, id)
        .await?
        .ok_or_else(not_found)?;
    let subject = FormSubject::parse(kind, subject).map_err(told)?;
    let document = documents::find(&mut db, id).await?.ok_or_else(not_found)?;
    let automerge =
        Automerge::load(&document.snapshot).map_err(|error| Problem::internal(&error))?;
    let visit =
        VisitDocument::from_automerge(automerge).map_err(|error| Problem::internal(&error))?;
    let names = names(&mut db, &visit).await?;
    let rulebooks = rulebooks::in_force(&app.rulebooks, &mut db).await?;
    let around = projection::around(
        &mut db,
        &mut Certified::default(),
        &document,
        &EnterpriseKey(row.enterprise),
        &[],
    )
    .await?;
    let confirmed = confirmed(&mut db, id).await?;
    let brought = evidence::list(&mut db, id).await?.into_iter();
    let brought = brought.filter(|row| row.verified_at.is_some());
    let brought: BTreeSet<Digest> = brought.map(|row| row.entry.sha256).collect();
    drop(db);
    let mut drawings = BTreeMap::new();
    for (digest, length) in drawings_of(&visit) {
        if brought.contains(&digest) {
            let name = ObjectName::original(digest);
            let bytes = app.objects.read(&name, 0..length).await?;
            drawings.insert(digest, bytes.to_vec());
        }
    }
    let html = {
        let maker = FormMaker {
            around: &around,
            names: &names,
            rulebooks: &rulebooks,
            public_url: app.public_url.get().map(String::as_str),
            drawings: &drawings,
            confirmations: &confirmed,
            bilingual,
        };
        maker.html(&visit, &subject).map_err(told)?
    };
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let name: String = subject.to_string().chars().filter(plain).collect();
    Ok(Form {
        html,
        filename: format!("{kind}-{name}.html"),
    })
}

/// What enforcement confirmed of the visit.
async fn confirmed(db: &mut Session, visit: DocumentId) -> Result<Vec<ConfirmationProjection>> {
    let mut confirmed = Vec::new();
    let mut certified = Certified::default();
    for id in confirmations::list_of_visit(db, visit).await? {
        if let Some(row) = documents::find(db, id).await? {
            let enterprise = EnterpriseKey(row.enterprise_key.clone());
            let read = projection::confirmation(db, &mut certified, &row, &enterprise).await?;
            confirmed.extend(read.map(|(it, around)| project_confirmation(&it, &around)));
        }
    }
    Ok(confirmed)
}

async fn names(db: &mut Session, visit: &VisitDocument) -> Result<FormNames> {
    let mut names = FormNames::default();
    let campaign = campaigns::find(db, visit.identity().campaign).await?;
    names.campaign = campaign.map(|it| Campaign {
        campaign_id: it.campaign_id,
        code: it.code,
        name: it.name,
        authority_id: it.authority_id,
    });
    let mut named = FormNames::tasks_of(visit);
    if let Some(authority) = names.campaign.as_ref().map(|it| it.authority_id) {
        for number in FormNames::notices_of(visit) {
            let found = sampling_notices::find_by_number(db, authority, &number).await?;
            if let Some(row) = found {
                named.extend(row.tasks.iter().copied());
                names.notices.insert(number, row.notice());
            }
        }
    }
    for id in named {
        if let Some(task) = tasks::find(db, id).await? {
            let known = FormTask {
                authority_id: task.authority_id,
                product_name: task.product_name,
            };
            names.tasks.insert(id, known);
        }
    }
    for id in names.organisations_of(visit) {
        if let Some(fact) = lookups::organisation_fact(db, id).await? {
            names.organisations.insert(id, fact);
        }
    }
    Ok(names)
}
