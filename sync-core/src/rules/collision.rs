//! One number on two sheets, for SEALNO and SHEETNO: all are kept and none may be received before a person decides.

use super::descriptor::Rule;
use super::engine::Ruling;
use super::{SampleFact, SamplingSource, Validity};
use crate::model::SampleId;

/// Freezes all sheets that carry the number, if there are several. History rules like our own, so an imported sheet has
/// used its number; what an enterprise shows at the gate names the number of a sheet that may well be ours, and uses none.
pub(super) fn check(
    ruling: &mut Ruling<'_>,
    rule: &'static Rule,
    number: &str,
    carries: impl Fn(&SampleFact) -> bool,
) {
    let facts = ruling.facts;
    let uses = |sample: &SampleFact| sample.source != SamplingSource::Claimed && carries(sample);
    let holders: Vec<SampleId> = facts
        .samples
        .iter()
        .filter(|(_, sample)| uses(sample))
        .map(|(id, _)| *id)
        .collect();
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(rule, sample) else {
            continue;
        };
        let others = holders.iter().filter(|other| **other != id);
        let others: Vec<String> = others.map(ToString::to_string).collect();
        if uses(sample) && !others.is_empty() {
            let arguments = vec![("number", number.to_owned()), ("others", others.join(", "))];
            ruling.judge(
                rule,
                book,
                id,
                Validity::NeedsRuling,
                "collision",
                arguments,
            );
        }
    }
}
