//! Printed forms (纸质文书) on a phone: the core's renderer over what this phone holds, without any network.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sync_core::document::{VisitDocument, project_confirmation};
use sync_core::forms::{FormError, FormMaker, FormNames, FormSubject, FormTask, drawings_of};
use sync_core::model::{Campaign, DocumentId, OrganisationId, SamplingNotice, TaskId};
use sync_core::rules::OrganisationFact;

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::kinds::{confirmations_in, unknown_visit};
use crate::store::Store;

/// What a form asks of a task's record.
#[derive(Deserialize)]
struct TaskRecord {
    task_id: TaskId,
    authority_id: OrganisationId,
    product_name: String,
}

fn records<T: DeserializeOwned>(store: &Store, kind: &str) -> Done<Vec<(String, T)>> {
    let records = store.list_references(kind)?.into_iter();
    let read = records.filter_map(|it| Some((it.id, serde_json::from_value(it.record).ok()?)));
    Ok(read.collect())
}

impl Client {
    /// A form of a visit as one page of HTML that needs nothing else: `sheet`, `refusal`, `not_sampled` or `on_site_report`
    /// with the record's id, `notice` with the number that an arrival names. `bilingual` puts English under the labels.
    /// The server gives the same bytes for the same document.
    pub fn form(
        &self,
        visit: DocumentId,
        kind: &str,
        subject: &str,
        bilingual: bool,
    ) -> Done<String> {
        let told = |error: FormError| ClientError::new(error.code(), "There is no such form");
        let subject = FormSubject::parse(kind, subject).map_err(told)?;
        let rulebooks = self.rulebooks()?;
        self.with_known(|known, store| {
            let row = store.find_document(visit)?;
            let row = row.ok_or_else(|| unknown_visit(visit))?;
            let document = VisitDocument::load(&row.snapshot)?;
            let names = names(store, &document)?;
            // Before the first sync the address at which it was enrolled is the only one that is known.
            let said = store.setting("public_url")?;
            let public_url = said.map_or_else(|| store.setting("server_url"), |it| Ok(Some(it)))?;
            let mut drawings = BTreeMap::new();
            for digest in drawings_of(&document).into_keys() {
                if store.has_media(&digest)?
                    && let Ok(bytes) = std::fs::read(self.media.place(&digest))
                {
                    drawings.insert(digest, bytes);
                }
            }
            let confirmed = confirmations_in(store)?.into_iter();
            let confirmed = confirmed.filter(|it| it.identity().visit.document_id() == visit);
            let confirmed: Vec<_> = confirmed
                .map(|it| project_confirmation(&it, known))
                .collect();
            let maker = FormMaker {
                around: known,
                names: &names,
                rulebooks: &rulebooks,
                public_url: public_url.as_deref(),
                drawings: &drawings,
                confirmations: &confirmed,
                bilingual,
            };
            maker.html(&document, &subject).map_err(told)
        })
    }
}

fn take_tasks(store: &Store, names: &mut FormNames, wanted: &BTreeSet<TaskId>) -> Done<()> {
    for (_, task) in records::<TaskRecord>(store, "task")? {
        if wanted.contains(&task.task_id) {
            let known = FormTask {
                authority_id: task.authority_id,
                product_name: task.product_name,
            };
            names.tasks.insert(task.task_id, known);
        }
    }
    Ok(())
}

fn names(store: &Store, visit: &VisitDocument) -> Done<FormNames> {
    let mut names = FormNames::default();
    take_tasks(store, &mut names, &FormNames::tasks_of(visit))?;
    let campaigns = records::<Campaign>(store, "campaign")?.into_iter();
    let mut campaigns = campaigns.map(|(_, it)| it);
    names.campaign = campaigns.find(|it| it.campaign_id == visit.identity().campaign);
    let authority = names.campaign.as_ref().map(|it| it.authority_id);
    let shown = FormNames::notices_of(visit);
    for (_, notice) in records::<SamplingNotice>(store, "sampling_notice")? {
        let number = SamplingNotice::number_key(&notice.notice_no);
        if Some(notice.authority_id) == authority && shown.contains(&number) {
            names.notices.insert(number, notice);
        }
    }
    let of_notices = names.notices.values().flat_map(|it| it.tasks.clone());
    let of_notices: BTreeSet<TaskId> = of_notices.collect();
    take_tasks(store, &mut names, &of_notices)?;
    let wanted = names.organisations_of(visit);
    for (id, fact) in records::<OrganisationFact>(store, "organisation")? {
        if let Ok(id) = id.parse()
            && wanted.contains(&id)
        {
            names.organisations.insert(id, fact);
        }
    }
    Ok(names)
}
