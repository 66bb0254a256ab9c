//! Which visits bear on a verdict about one: those that share a scope with it, and those on whose word these hang. What a
//! visit shares is read from its document alone, before anything is verified, so that a phone keeps it beside the document
//! and opens few of many. It may name a scope that a visit is not in, never miss one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::advice::Known;
use crate::document::VisitDocument;
use crate::model::{
    CampaignId, DocumentId, EnterpriseKey, OrganisationId, ProductKey, Refusal, RefusalId,
    SampleId, SampleSheet, SealSubject,
};
use crate::rules::{ProductFact, ScopeKey};

/// What a visit may share with others, by whatever seal it will be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    campaign: CampaignId,
    body: OrganisationId,
    /// Of the identity, before aliases.
    enterprise: EnterpriseKey,
    /// Sheets, and claims of earlier samplings, which stand among them.
    samples: BTreeSet<SampleId>,
    refusals: BTreeSet<RefusalId>,
    /// Seal and sheet numbers, products, producers' names.
    scopes: BTreeSet<ScopeKey>,
}

impl Links {
    /// How they are read: what was kept under another number is read anew.
    pub const VERSION: i64 = 1;

    /// Those of a document: of its records as they stand, and as every seal in it says that they stood.
    pub fn of(document: &VisitDocument) -> Self {
        let identity = document.identity();
        let mut links = Self {
            campaign: identity.campaign,
            body: identity.body,
            enterprise: identity.enterprise.clone(),
            samples: BTreeSet::new(),
            refusals: BTreeSet::new(),
            scopes: BTreeSet::new(),
        };
        for sheet in document.sheets().items {
            links.take_sheet(&sheet.value);
        }
        let refusals = document.refusals().items.into_iter();
        links
            .refusals
            .extend(refusals.map(|it| it.value.refusal_id));
        for seal in document.seals().items {
            let statement = &seal.value.statement;
            match statement.subject {
                SealSubject::Sheet(_) => {
                    if let Ok(sealed) = document.sealed_view::<SampleSheet>(statement) {
                        links.take_sheet(&sealed.value);
                    }
                }
                SealSubject::Refusal(_) => {
                    let sealed = document.sealed_view::<Refusal>(statement);
                    links.refusals.extend(sealed.map(|it| it.value.refusal_id));
                }
                _ => {}
            }
        }
        for claim in document.prior_claims().items {
            links.samples.insert(SampleId(claim.value.claim_id.0));
            links.take_sheet_number(claim.value.sheet_no.as_deref());
            // One that names no sheet names no product either.
            links.take_product(&ProductKey::new(None, "", &[], "", "").into());
        }
        links
    }

    fn take_sheet(&mut self, sheet: &SampleSheet) {
        self.samples.insert(sheet.sample_id);
        self.take_sheet_number(Some(sheet.sheet_no.trim()));
        let seals = sheet.seals.keys().map(|it| ScopeKey::SealNumber {
            seal_no: it.trim().to_owned(),
        });
        self.scopes.extend(seals);
        self.take_product(&sheet.product_key().into());
    }

    fn take_sheet_number(&mut self, sheet_no: Option<&str>) {
        let sheet_no = sheet_no.map(str::to_owned);
        self.scopes
            .extend(sheet_no.map(|sheet_no| ScopeKey::SheetNumber { sheet_no }));
    }

    fn take_product(&mut self, product: &ProductFact) {
        let name = product.name_digest();
        self.scopes
            .extend(name.map(|name| ScopeKey::ProducerName { name }));
        self.scopes.insert(ScopeKey::Product {
            product: product.scope_digest(),
        });
    }

    /// All scopes, by the enterprise that stands.
    fn scopes(&self, enterprise: EnterpriseKey) -> BTreeSet<Shared> {
        let door = ScopeKey::Door {
            campaign_id: self.campaign,
            body_id: self.body,
            enterprise: enterprise.clone(),
        };
        let mut shared: BTreeSet<Shared> = self.scopes.iter().cloned().map(Shared::Scope).collect();
        shared.extend([Shared::Scope(door), Shared::Party(enterprise)]);
        shared
    }
}

/// What several visits may be ruled in together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    Scope(ScopeKey),
    /// Every year of a sampled party: in which of them a sample lies only verified times say.
    Party(EnterpriseKey),
}

impl Shared {
    /// See [`ScopeKey::stratum`].
    fn stratum(&self) -> u8 {
        match self {
            Self::Scope(scope) => scope.stratum(),
            Self::Party(_) => 4,
        }
    }
}

/// The visits on which a verdict about one hangs, itself among them, of all that a phone holds.
pub fn bearing_on(
    visit: DocumentId,
    all: &BTreeMap<DocumentId, Links>,
    known: &Known<'_>,
) -> BTreeSet<DocumentId> {
    let Some(own) = all.get(&visit) else {
        return BTreeSet::new();
    };
    let alias = known.aliases();
    let scopes: BTreeMap<DocumentId, BTreeSet<Shared>> = all
        .iter()
        .map(|(id, links)| (*id, links.scopes(alias(&links.enterprise))))
        .collect();
    let mut members: BTreeMap<&Shared, Vec<DocumentId>> = BTreeMap::new();
    for (id, scopes) in &scopes {
        for scope in scopes {
            members.entry(scope).or_default().push(*id);
        }
    }
    // A refusal of this visit that another one has as well is spoken of in the scopes of both.
    let same_refusal = |links: &Links| !links.refusals.is_disjoint(&own.refusals);
    let same_refusal = all.iter().filter(|(_, links)| same_refusal(links));
    let mut bearing: BTreeSet<DocumentId> = same_refusal.map(|(id, _)| *id).collect();
    bearing.insert(visit);
    let mut wanted: BTreeSet<&Shared> = bearing.iter().flat_map(|id| &scopes[id]).collect();
    let mut open: Vec<&Shared> = wanted.iter().copied().collect();
    while let Some(scope) = open.pop() {
        for id in members.get(scope).into_iter().flatten() {
            bearing.insert(*id);
            for earlier in &scopes[id] {
                if earlier.stratum() < scope.stratum() && wanted.insert(earlier) {
                    open.push(earlier);
                }
            }
        }
    }
    // Whose record stands under an id that two of them have is for all who have it.
    let samples: BTreeSet<SampleId> = bearing
        .iter()
        .flat_map(|id| &all[id].samples)
        .copied()
        .collect();
    let same_sample = all
        .iter()
        .filter(|(_, links)| !links.samples.is_disjoint(&samples));
    bearing.extend(same_sample.map(|(id, _)| *id));
    bearing
}

/// What a phone holds, as far as it bears on one visit.
#[derive(Debug, Clone, Default)]
pub struct Bearing {
    /// Visits, in the order of the store.
    pub documents: Vec<VisitDocument>,
    /// The samples of every visit that the phone holds: rows of the duplicate index that are these are no others.
    pub samples: BTreeSet<SampleId>,
}

impl Bearing {
    /// Every visit, whether it bears on another or not.
    pub fn all(documents: Vec<VisitDocument>) -> Self {
        let samples = documents.iter().flat_map(|it| Links::of(it).samples);
        Self {
            samples: samples.collect(),
            documents,
        }
    }

    /// The samples that these links name.
    pub fn samples_of<'l>(all: impl IntoIterator<Item = &'l Links>) -> BTreeSet<SampleId> {
        let named = all.into_iter().flat_map(|it| &it.samples);
        named.copied().collect()
    }
}

#[cfg(test)]
mod tests;
