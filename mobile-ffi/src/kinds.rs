//! Documents of both kinds as this phone holds them: how they begin, what a list shows of them, what their manifests name.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use sync_core::document::{
    BoundDocument, ConfirmationDocument, DocumentIdentity, Identity, VisitDocument,
};
use sync_core::model::{
    Actor, ConfirmationIdentity, DocumentId, EvidenceEntry, SealSubject, VisitIdentity,
};
use sync_core::proof::TipStatement;
use sync_core::proof::co_signature::{Answer, Question, Spoken, Statement};
use sync_core::sync::advice::Known;
use sync_core::sync::authority::may_be_answered;
use sync_core::sync::bearing::{Bearing, Links, bearing_on};
use sync_core::sync::evidence::is_sealed;
use sync_core::sync::intake::with_aside;
use sync_core::sync::parcel::ParcelDocument;
use sync_core::sync::wire::{ChangeStatus, DocumentHeader, QuarantineKind, SignedTip};

use crate::client::Done;
use crate::error::ClientError;
use crate::store::{Columns, DocumentRow, Store};
use crate::taking::Schema;

/// An identity whose documents stand in lists.
pub(crate) trait Listed: Identity {
    /// What a list shows of one.
    fn columns(document: &BoundDocument<Self>) -> Columns;
}

impl Listed for VisitIdentity {
    /// The latest record of the enterprise is the correction that stands. Whether a seal holds is said where the visit is
    /// opened.
    fn columns(visit: &VisitDocument) -> Columns {
        let identity = visit.identity();
        let sheets = visit.sheets().items;
        let drawn = sheets.iter().filter(|it| it.value.voided_reason.is_none());
        let sealed = sheets
            .iter()
            .filter(|it| visit.bears_seal(&SealSubject::Sheet(it.value.sample_id)));
        let records = visit.enterprise().items;
        let latest = records
            .iter()
            .max_by_key(|it| (it.value.recorded_at.wall_ms, it.value.record_id));
        let from_sheet = sheets.first().map(|it| it.value.sampled_party.name.clone());
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let arrivals = visit.arrivals().items;
        Columns {
            campaign_id: identity.campaign.to_string(),
            enterprise_key: identity.enterprise.to_string(),
            enterprise_name: latest
                .map(|it| it.value.party.name.clone())
                .or(from_sheet)
                .unwrap_or_default(),
            entered_at_ms: arrivals.iter().map(|it| it.value.entered_at.wall_ms).min(),
            sheets: count(drawn.count()),
            sealed: count(sealed.count()),
            links: Some(Links::of(visit)),
        }
    }
}

impl Listed for ConfirmationIdentity {
    fn columns(confirmation: &ConfirmationDocument) -> Columns {
        let identity = confirmation.identity();
        let subject = SealSubject::Confirmation(identity.confirmation);
        Columns {
            campaign_id: identity.visit.campaign.to_string(),
            enterprise_key: identity.visit.enterprise.to_string(),
            sealed: i64::from(confirmation.bears_seal(&subject)),
            ..Columns::default()
        }
    }
}

/// The header under which a document travels.
pub(crate) fn header_of<I: Identity>(identity: &I) -> DocumentHeader {
    DocumentHeader {
        document_id: identity.document_id(),
        kind: I::KIND.to_owned(),
        preimage: identity.preimage(),
    }
}

/// Documents, as `sync-core` starts and reads them.
pub(crate) struct Kinds;

impl Schema for Kinds {
    fn start(&self, header: &DocumentHeader) -> Option<Automerge> {
        let identity = DocumentIdentity::read(&header.kind, &header.preimage)?;
        identity.skeleton().ok()
    }

    fn columns(&self, header: &DocumentHeader, document: &Automerge) -> Columns {
        match Held::of(&header.kind, document.clone()) {
            Ok(held) => held.columns(),
            Err(error) => {
                tracing::warn!(%error, document = %header.document_id, "a document cannot be listed");
                Columns::default()
            }
        }
    }
}

/// A document that this phone holds, of whichever kind.
pub(crate) enum Held {
    /// 进门
    Visit(VisitDocument),
    /// 现场确认
    Confirmation(ConfirmationDocument),
}

impl Held {
    /// As it is stored.
    pub(crate) fn read(row: &DocumentRow) -> Done<Self> {
        let document = Automerge::load(&row.snapshot).map_err(unreadable)?;
        Self::of(&row.header.kind, document)
    }

    fn of(kind: &str, document: Automerge) -> Done<Self> {
        match kind {
            VisitIdentity::KIND => Ok(Self::Visit(VisitDocument::from_automerge(document)?)),
            ConfirmationIdentity::KIND => {
                let document = ConfirmationDocument::from_automerge(document)?;
                Ok(Self::Confirmation(document))
            }
            other => Err(unreadable(other)),
        }
    }

    fn columns(&self) -> Columns {
        match self {
            Self::Visit(it) => VisitIdentity::columns(it),
            Self::Confirmation(it) => ConfirmationIdentity::columns(it),
        }
    }

    /// 影像清单, each with whether what it shows bears a seal.
    pub(crate) fn manifest(&self) -> Vec<(EvidenceEntry, bool)> {
        fn of<I: Identity>(document: &BoundDocument<I>) -> Vec<(EvidenceEntry, bool)> {
            let entries = document.evidence().items.into_iter().map(|it| it.value);
            let entries = entries.map(|it| {
                let sealed = is_sealed(document, &it.subject);
                (it, sealed)
            });
            entries.collect()
        }
        match self {
            Self::Visit(it) => of(it),
            Self::Confirmation(it) => of(it),
        }
    }

    /// Everybody who wrote in it, and the phones whose words it holds.
    pub(crate) fn actors(&self) -> BTreeSet<Actor> {
        fn of<I: Identity>(document: &BoundDocument<I>) -> BTreeSet<Actor> {
            let changes = document.changes_since(&[]).into_iter();
            changes.map(|it| it.actor).collect()
        }
        let document = match self {
            Self::Visit(it) => return of(it),
            Self::Confirmation(it) => it,
        };
        let mut actors = of(document);
        for it in document.co_signatures().items {
            let said = |spoken: &Spoken| spoken.statement_bytes().ok();
            let asked = said(&it.value.question).and_then(|it| Question::read(&it).ok());
            let answered = said(&it.value.answer).and_then(|it| Answer::read(&it).ok());
            actors.extend(asked.map(|it| it.from.actor));
            actors.extend(answered.map(|it| it.from.actor));
        }
        actors
    }

    /// As it goes into a parcel: of each author one signature, which covers what they wrote before.
    pub(crate) fn packed(&self, tips: Vec<SignedTip>) -> ParcelDocument {
        let mut packed = match self {
            Self::Visit(it) => ParcelDocument::of(it, tips),
            Self::Confirmation(it) => ParcelDocument::of(it, tips),
        };
        let stands = |tip: &TipStatement| packed.changes.iter().any(|it| it.hash == tip.hash);
        let mut last: Vec<SignedTip> = Vec::new();
        for tip in packed.tips.iter().filter(|it| stands(&it.tip)) {
            match last.iter_mut().find(|it| it.tip.actor == tip.tip.actor) {
                Some(known) if known.tip.seq < tip.tip.seq => *known = tip.clone(),
                Some(_) => {}
                None => last.push(tip.clone()),
            }
        }
        packed.tips = last;
        packed
    }
}

fn unreadable(why: impl std::fmt::Display) -> ClientError {
    ClientError::new("store.failed", "A stored document cannot be read").with(why)
}

/// A visit of a store.
pub(crate) fn visit_in(store: &Store, visit: DocumentId) -> Done<VisitDocument> {
    let row = store.find_document(visit)?;
    let row = row.filter(|row| row.header.kind == VisitIdentity::KIND);
    Ok(VisitDocument::load(
        &row.ok_or_else(|| unknown_visit(visit))?.snapshot,
    )?)
}

/// A confirmation of a store.
pub(crate) fn confirmation_in(
    store: &Store,
    confirmation: DocumentId,
) -> Done<ConfirmationDocument> {
    let row = store.find_document(confirmation)?;
    let row = row.filter(|row| row.header.kind == ConfirmationIdentity::KIND);
    let row = row.ok_or_else(|| unknown_confirmation(confirmation))?;
    Ok(ConfirmationDocument::load(&row.snapshot)?)
}

/// Every document of a store.
pub(crate) fn held_in(store: &Store) -> Done<Vec<(DocumentId, Held)>> {
    let mut held = Vec::new();
    for id in store.list_document_ids()? {
        if let Some(row) = store.find_document(id)? {
            held.push((id, Held::read(&row)?));
        }
    }
    Ok(held)
}

/// Every visit of a store.
pub(crate) fn visits_in(store: &Store) -> Done<Vec<VisitDocument>> {
    let held = held_in(store)?.into_iter();
    let visits = held.filter_map(|(_, it)| match it {
        Held::Visit(visit) => Some(visit),
        Held::Confirmation(_) => None,
    });
    Ok(visits.collect())
}

/// The visits of a store that bear on one, `instead` in place of what is stored of them.
pub(crate) fn bearing_in(
    store: &Store,
    known: &Known<'_>,
    visit: DocumentId,
    instead: Vec<VisitDocument>,
) -> Done<Bearing> {
    bearing_among(store, store.list_links()?, known, visit, instead)
}

fn bearing_among(
    store: &Store,
    listed: Vec<(DocumentId, Option<Links>)>,
    known: &Known<'_>,
    visit: DocumentId,
    instead: Vec<VisitDocument>,
) -> Done<Bearing> {
    let mut instead: BTreeMap<_, _> = instead.into_iter().map(|it| (it.id(), it)).collect();
    let (mut order, mut all, mut anew) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (id, kept) in listed {
        order.push(id);
        let links = match (instead.get(&id), kept) {
            (Some(document), _) => Links::of(document),
            (None, Some(links)) => links,
            (None, None) => {
                anew.push(id);
                Links::of(&visit_in(store, id)?)
            }
        };
        all.insert(id, links);
    }
    let found: Vec<_> = anew.into_iter().map(|id| (id, &all[&id])).collect();
    if !found.is_empty()
        && let Err(error) = store.put_links(&found)
    {
        tracing::warn!(%error, "what visits share is read anew the next time as well");
    }
    let bearing = bearing_on(visit, &all, known);
    let samples = Bearing::samples_of(all.values());
    let documents = order.into_iter().filter(|id| bearing.contains(id));
    let documents = documents.map(|id| match instead.remove(&id) {
        Some(document) => Ok(document),
        None => visit_in(store, id),
    });
    Ok(Bearing {
        documents: documents.collect::<Done<_>>()?,
        samples,
    })
}

/// The same as they are read: with what lies in quarantine of proved authors laid over them.
pub(crate) fn bearing_as_read(
    store: &Store,
    known: &Known<'_>,
    visit: DocumentId,
) -> Done<Bearing> {
    let quarantined = store.list_documents_with_quarantined()?;
    let listed = store.list_links()?;
    let visits = listed.iter().map(|(id, _)| *id);
    let visits: Vec<_> = visits
        .filter(|id| quarantined.contains(id))
        .map(|id| visit_in(store, id))
        .collect::<Done<_>>()?;
    let laid_over = laid_over(store, &visits)?.into_values();
    let laid_over = laid_over.map(|(it, _)| it).collect();
    bearing_among(store, listed, known, visit, laid_over)
}

/// Those of these visits over which something lies in quarantine of proved authors, with it laid over them and the code of
/// why.
pub(crate) fn laid_over(
    store: &Store,
    visits: &[VisitDocument],
) -> Done<BTreeMap<DocumentId, (VisitDocument, String)>> {
    let quarantined = store.list_documents_with_quarantined()?;
    let mut found = BTreeMap::new();
    for visit in visits.iter().filter(|it| quarantined.contains(&it.id())) {
        let id = visit.id();
        let mut lying = store.list_quarantined(id)?.into_values();
        let judged = lying.find(is_of_a_proved_author);
        let Some(code) = judged.and_then(|it| Some(it.code()?.to_owned())) else {
            continue;
        };
        let beside = store.list_changes(Some(id))?.into_iter();
        let beside = beside.filter(|it| it.status.as_ref().is_some_and(is_of_a_proved_author));
        let beside: Vec<Vec<u8>> = beside.map(|it| it.bytes).collect();
        if let Some(laid_over) = with_aside(visit.automerge(), &beside) {
            found.insert(id, (VisitDocument::from_automerge(laid_over)?, code));
        }
    }
    Ok(found)
}

/// Whether it is no judgement of the bytes, and a signature of its author covers it: what waits was proved before.
fn is_of_a_proved_author(status: &ChangeStatus) -> bool {
    match status {
        ChangeStatus::Held { .. } => true,
        ChangeStatus::Quarantined {
            quarantine: QuarantineKind::Unauthorised,
            code,
            ..
        } => !may_be_answered(code),
        _ => false,
    }
}

/// Every confirmation of a store.
pub(crate) fn confirmations_in(store: &Store) -> Done<Vec<ConfirmationDocument>> {
    let mut confirmations = Vec::new();
    for id in store.list_confirmation_ids()? {
        confirmations.push(confirmation_in(store, id)?);
    }
    Ok(confirmations)
}

/// There is no such visit on this phone.
pub(crate) fn unknown_visit(visit: DocumentId) -> ClientError {
    ClientError::new("visit.unknown", "This phone has no such visit").with(visit)
}

/// There is no such confirmation on this phone.
pub(crate) fn unknown_confirmation(confirmation: DocumentId) -> ClientError {
    let message = "This phone has no such confirmation";
    ClientError::new("confirmation.unknown", message).with(confirmation)
}
