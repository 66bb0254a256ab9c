//! Tables of sync: documents, the log of changes, the signatures over it, and what is projected from documents.

pub mod certificates;
pub mod changes;
pub mod confirmations;
pub mod documents;
pub mod events;
pub mod not_sampled;
pub mod projections;
pub mod search;
pub mod tips;
pub mod visits;

use super::Statement;

/// The statements of every module here.
pub const ALL: &[&[&Statement]] = &[
    certificates::ALL,
    changes::ALL,
    confirmations::ALL,
    documents::ALL,
    events::ALL,
    not_sampled::ALL,
    projections::ALL,
    search::ALL,
    tips::ALL,
    visits::ALL,
];
