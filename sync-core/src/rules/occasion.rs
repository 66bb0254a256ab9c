//! One 次 (visit, 进门), as the limits of the last stratum count it: the first entry of a door with its continuations,
//! and entries that were declared to be made together, by one body or by several; a day of samplings made elsewhere.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::engine::Ruling;
use super::{EntryFact, SampleFact, Standing};
use crate::model::{EntryId, OrganisationId, SampleId};

/// What makes one 次.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Occasion {
    /// Entries that belong together, called by the smallest of their ids.
    Entries(EntryId),
    /// Samplings of which no entry is known: those of one authority and body on one day.
    Elsewhere(OrganisationId, Option<OrganisationId>, Date),
    /// One whose authority or day is not known stands for itself.
    Alone(SampleId),
}

/// Which entries belong together. What joins is joined through: a continuation on the next day belongs to the joint
/// entry that it continues.
pub(super) struct Occasions(BTreeMap<EntryId, EntryId>);

impl Occasions {
    /// Of all entries of the facts.
    pub(super) fn of(ruling: &Ruling<'_>) -> Self {
        let entries: Vec<(&EntryId, &EntryFact)> = ruling.facts.entries.iter().collect();
        let mut called: Vec<usize> = (0..entries.len()).collect();
        for (later, (id, entry)) in entries.iter().enumerate() {
            for (earlier, (other_id, other)) in entries[..later].iter().enumerate() {
                let one_door = of_one_door(entry, other) && stands(ruling, id);
                if joined(entry, other) || (one_door && stands(ruling, other_id)) {
                    let (from, to) = (called[later], called[earlier]);
                    let (from, to) = (from.max(to), from.min(to));
                    for name in called.iter_mut().filter(|name| **name == from) {
                        *name = to;
                    }
                }
            }
        }
        let named = entries.iter().zip(called);
        Self(
            named
                .map(|((id, _), name)| ((*id).clone(), entries[name].0.clone()))
                .collect(),
        )
    }

    /// The occasion on which a sample was drawn.
    pub(super) fn find(&self, ruling: &Ruling<'_>, id: SampleId, sample: &SampleFact) -> Occasion {
        if let Some(entry_id) = &sample.entry_id {
            let name = self.0.get(entry_id).unwrap_or(entry_id);
            return Occasion::Entries(name.clone());
        }
        let (first, last) = sample.sampled.usable().shanghai_days();
        match ruling.authority_of(sample) {
            Some(authority) if first == last => {
                Occasion::Elsewhere(authority, sample.body_id, first)
            }
            _ => Occasion::Alone(id),
        }
    }
}

fn stands(ruling: &Ruling<'_>, id: &EntryId) -> bool {
    let standing = ruling.standing(id);
    matches!(standing, Some(Standing::First | Standing::Continuation))
}

fn of_one_door(a: &EntryFact, b: &EntryFact) -> bool {
    (a.campaign_id, a.body_id, &a.enterprise) == (b.campaign_id, b.body_id, &b.enterprise)
}

/// Declared to be made together at one enterprise, on days that may be one.
pub(super) fn joined(a: &EntryFact, b: &EntryFact) -> bool {
    let (a_days, b_days) = (
        a.entered.usable().shanghai_days(),
        b.entered.usable().shanghai_days(),
    );
    a.joint_entry_id.is_some()
        && a.joint_entry_id == b.joint_entry_id
        && a.enterprise == b.enterprise
        && a_days.0 <= b_days.1
        && b_days.0 <= a_days.1
}
