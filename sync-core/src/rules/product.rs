//! The product strata: one scan by claimed time over all samplings of one producer's goods, in which DUP6, UPPER and
//! DUPLOT each say whether an earlier sampling stands against a later one.
//!
//! A producer is known by its code, or by its name alone; the same one may be known both ways. So the goods of all who
//! bear a name are scanned first, and nothing but doubts comes of it; then those of each code, where what a doubt has
//! made uncertain counts no longer for certain.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::descriptor::Rule;
use super::engine::Ruling;
use super::rulebook::RuleSettings;
use super::{ProductFact, SampleFact, Standing, Validity, dup6, duplot, upper};
use crate::model::{Interval, OrganisationId, SampleId, add_months};

/// Whether two sheets name the same product: producer, standards with their years, trademark, specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// All keys are there and equal.
    Same,
    /// Cannot be told by a machine; why, as a code.
    Unsure(&'static str),
    /// At least one key differs.
    Different,
}

/// Compares two product keys. Some standards shared but not all, a producer without a credit code, and missing keys are
/// for a person.
pub fn sameness(a: &ProductFact, b: &ProductFact) -> Sameness {
    let missing = |x: &str, y: &str| x.is_empty() || y.is_empty();
    let differ = |x: &str, y: &str| !missing(x, y) && x != y;
    // A code and a name are no two producers: only two codes are, or two names.
    let producers = match a.producer_has_uscc == b.producer_has_uscc {
        true => (a.producer.as_str(), b.producer.as_str()),
        false => (a.name().unwrap_or(""), b.name().unwrap_or("")),
    };
    if differ(producers.0, producers.1)
        || differ(&a.trademark, &b.trademark)
        || differ(&a.spec_model, &b.spec_model)
    {
        return Sameness::Different;
    }
    let some_standards = !a.standards.is_empty() && !b.standards.is_empty();
    if some_standards && a.standards.is_disjoint(&b.standards) {
        return Sameness::Different;
    }
    if a.incomplete
        || b.incomplete
        || !some_standards
        || missing(producers.0, producers.1)
        || missing(&a.trademark, &b.trademark)
        || missing(&a.spec_model, &b.spec_model)
    {
        return Sameness::Unsure("missing_keys");
    }
    if a.standards != b.standards {
        return Sameness::Unsure("standards_shared_in_part");
    }
    if !a.producer_has_uscc || !b.producer_has_uscc {
        return Sameness::Unsure("producer_without_uscc");
    }
    Sameness::Same
}

/// Whether the later day lies in the window that the earlier one opens; the corresponding day is still inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Yes,
    /// An interval crosses the boundary day.
    Unsure,
    No,
}

/// Both days are intervals: `d2 <= add_months(d1, months)` for all, for some, or for none of them. `ends` are
/// [`window_ends`] of the earlier one.
fn reaches(ends: (Date, Date), later: (Date, Date)) -> Within {
    if later.1 <= ends.0 {
        Within::Yes
    } else if later.0 > ends.1 {
        Within::No
    } else {
        Within::Unsure
    }
}

/// The corresponding days of the first and the last day on which something may have been.
fn window_ends((first, last): (Date, Date), months: i64) -> (Date, Date) {
    let months = i32::try_from(months).unwrap_or(i32::MAX);
    (add_months(first, months), add_months(last, months))
}

/// A sampling with what every comparison asks of it, looked up once: a producer may have hundreds.
pub(super) struct Sampling<'a> {
    pub(super) id: SampleId,
    pub(super) fact: &'a SampleFact,
    pub(super) when: Interval,
    pub(super) authority: Option<OrganisationId>,
    /// Of the authority, the next one first; a circular chain goes round as often as there are organisations.
    ancestors: Vec<OrganisationId>,
    /// The civil days of `when`.
    days: (Date, Date),
    /// The same number for the same product key, and what [`sameness`] says of it and itself.
    like: (usize, Sameness),
    /// [`window_ends`] by the months that any sampling of the scope asks for.
    windows: Vec<(i64, (Date, Date))>,
    /// What binds it, in the order of [`RULES`].
    bound: [Option<Bound<'a>>; COUNT],
}

/// What one rule says to one sampling.
#[derive(Clone, Copy)]
struct Bound<'a> {
    settings: &'a RuleSettings,
    /// How many earlier samplings it allows.
    allowed: i64,
}

impl<'a> Sampling<'a> {
    pub(super) fn of(ruling: &Ruling<'a>, id: SampleId, fact: &'a SampleFact) -> Self {
        let when = fact.sampled.usable();
        let authority = ruling.authority_of(fact);
        let organisations = &ruling.facts.organisations;
        let parent = |id: &OrganisationId| organisations.get(id).and_then(|it| it.parent_id);
        let climb = std::iter::successors(authority.as_ref().and_then(parent), parent);
        let bound = RULES.each_ref().map(|pairwise| {
            let (_, settings) = ruling.binding(pairwise.rule, fact)?;
            Some(Bound {
                settings,
                allowed: (pairwise.allowed)(settings),
            })
        });
        Self {
            id,
            fact,
            when,
            authority,
            ancestors: climb.take(organisations.len()).collect(),
            days: when.shanghai_days(),
            like: (0, sameness(&fact.product, &fact.product)),
            windows: Vec::new(),
            bound,
        }
    }

    /// Whether this authority stands above the sampling's.
    pub(super) fn is_below(&self, authority: OrganisationId) -> bool {
        self.ancestors.contains(&authority)
    }

    /// [`sameness`] of the two products.
    pub(super) fn sameness(&self, other: &Self) -> Sameness {
        match self.like.0 == other.like.0 {
            true => self.like.1,
            false => sameness(&self.fact.product, &other.fact.product),
        }
    }

    /// Whether `later` lies in the window of so many months that this one opens.
    pub(super) fn within(&self, later: &Self, months: i64) -> Within {
        let known = self.windows.iter().find(|(of, _)| *of == months);
        let ends = known.map_or_else(|| window_ends(self.days, months), |(_, ends)| *ends);
        reaches(ends, later.days)
    }
}

/// The samplings of a scope in the order of the scan.
fn in_order<'a>(
    ruling: &Ruling<'a>,
    samples: Vec<(SampleId, &'a SampleFact)>,
) -> Vec<Sampling<'a>> {
    let samplings = samples.into_iter();
    let mut order: Vec<_> = samplings
        .map(|(id, fact)| Sampling::of(ruling, id, fact))
        .collect();
    order.sort_by_key(|it| (it.when.lo, it.when.hi, it.id));
    let mut likes = BTreeMap::new();
    for sampling in &mut order {
        let it = &sampling.fact.product;
        let names = (&it.producer, it.producer_has_uscc, &it.producer_name);
        let key = (
            names,
            &it.standards,
            &it.trademark,
            &it.spec_model,
            it.incomplete,
        );
        let next = likes.len();
        sampling.like.0 = *likes.entry(key).or_insert(next);
    }
    let bound = order.iter().flat_map(|it| it.bound.iter().flatten());
    let months: BTreeSet<i64> = bound
        .map(|it| it.settings.number("window_months"))
        .filter(|months| *months > 0)
        .collect();
    for sampling in &mut order {
        let windows = months
            .iter()
            .map(|it| (*it, window_ends(sampling.days, *it)));
        sampling.windows = windows.collect();
    }
    order
}

/// What an earlier sampling means for a later one under one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// Nothing.
    Nothing,
    /// It certainly stands against it.
    Certain,
    /// It may; why, as a code.
    Possible(&'static str),
}

/// Three-valued "and": a certain no wins, then the first doubt.
pub(super) fn all(conditions: impl IntoIterator<Item = Against>) -> Against {
    let mut doubt = Against::Certain;
    for condition in conditions {
        match condition {
            Against::Nothing => return Against::Nothing,
            Against::Possible(_) if doubt == Against::Certain => doubt = condition,
            _ => {}
        }
    }
    doubt
}

impl From<Sameness> for Against {
    fn from(sameness: Sameness) -> Self {
        match sameness {
            Sameness::Same => Self::Certain,
            Sameness::Unsure(why) => Self::Possible(why),
            Sameness::Different => Self::Nothing,
        }
    }
}

impl From<Within> for Against {
    fn from(within: Within) -> Self {
        match within {
            Within::Yes => Self::Certain,
            Within::Unsure => Self::Possible("boundary_day"),
            Within::No => Self::Nothing,
        }
    }
}

/// Whether two sheets were drawn on one occasion (同一次): one entry, or the first entry and its continuations.
pub(super) fn same_occasion(ruling: &Ruling<'_>, a: &SampleFact, b: &SampleFact) -> bool {
    let (Some(entry_a), Some(entry_b)) = (&a.entry_id, &b.entry_id) else {
        return false;
    };
    if entry_a == entry_b {
        return true;
    }
    let entries = &ruling.facts.entries;
    let same_door = match (entries.get(entry_a), entries.get(entry_b)) {
        (Some(x), Some(y)) => {
            (x.campaign_id, x.body_id, &x.enterprise) == (y.campaign_id, y.body_id, &y.enterprise)
        }
        _ => a.document_id.is_some() && a.document_id == b.document_id,
    };
    let stands = |id| {
        matches!(
            ruling.standing(id),
            Some(Standing::First | Standing::Continuation)
        )
    };
    same_door && stands(entry_a) && stands(entry_b)
}

/// One of the pairwise rules of this stratum.
struct Pairwise {
    rule: &'static Rule,
    /// What an earlier sampling means for a later one, were it known to be earlier; the settings are those that bind the
    /// later one.
    against: fn(&Ruling<'_>, &RuleSettings, &Sampling<'_>, &Sampling<'_>) -> Against,
    /// How many earlier samplings the rule allows.
    allowed: fn(&RuleSettings) -> i64,
    duplicate: fn(&mut Ruling<'_>, SampleId, SampleId),
    unsure: fn(&mut Ruling<'_>, SampleId, SampleId, &'static str),
}

/// Rules of this stratum.
const COUNT: usize = 3;

const RULES: [Pairwise; COUNT] = [
    Pairwise {
        rule: &dup6::RULE,
        against: dup6::against,
        allowed: dup6::allowed,
        duplicate: dup6::duplicate,
        unsure: dup6::unsure,
    },
    Pairwise {
        rule: &upper::RULE,
        against: upper::against,
        allowed: |_| 1,
        duplicate: upper::duplicate,
        unsure: upper::unsure,
    },
    Pairwise {
        rule: &duplot::RULE,
        against: duplot::against,
        allowed: |_| 1,
        duplicate: duplot::duplicate,
        unsure: duplot::unsure,
    },
];

/// How a sampling stands in the scan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Counts,
    Uncertain,
    Out,
}

/// What stands against one sampling under one rule so far.
#[derive(Default, Clone, Copy)]
struct Tally {
    certain: i64,
    possible: i64,
    winner: Option<SampleId>,
    doubt: Option<(SampleId, &'static str)>,
}

/// What the producers of a scope have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// A name, and not all of them a code: nothing is certain, and what codes say of each other is said elsewhere.
    ByName,
    /// One code.
    ByCode,
}

impl Known {
    /// Whether this scope is where one of these may be held against the other.
    fn compares(self, a: &SampleFact, b: &SampleFact) -> bool {
        self == Self::ByCode || !(a.product.producer_has_uscc && b.product.producer_has_uscc)
    }
}

pub(super) fn check(ruling: &mut Ruling<'_>, known: Known) {
    let mut samples = ruling.samples();
    for (id, sample) in &samples {
        if !ruling.is_decided(*id) && (known == Known::ByCode || !sample.product.producer_has_uscc)
        {
            dup6::incomplete(ruling, *id, sample);
        }
    }
    // History that names no producer can be compared with nothing, and there may be thousands of it.
    samples.retain(|(_, sample)| !dup6::names_no_producer(sample));
    let order = in_order(ruling, samples);
    let mut scan = Scan {
        ruling,
        known,
        order: &order,
        states: Vec::with_capacity(order.len()),
        tallies: vec![[Tally::default(); COUNT]; order.len()],
    };
    for at in 0..order.len() {
        scan.take(at);
    }
    let tallies = scan.tallies;
    for (sampling, tallies) in order.iter().zip(tallies) {
        if ruling.is_decided(sampling.id) {
            continue;
        }
        for ((rule, bound), tally) in RULES.iter().zip(&sampling.bound).zip(tallies) {
            let Some(Bound { allowed, .. }) = *bound else {
                continue;
            };
            match (tally.winner, tally.doubt) {
                (Some(winner), _) if tally.certain >= allowed && known == Known::ByCode => {
                    (rule.duplicate)(ruling, sampling.id, winner)
                }
                (winner, doubt) if tally.certain + tally.possible >= allowed => {
                    let winner = winner.filter(|_| known == Known::ByCode);
                    let doubt = doubt.or(winner.map(|winner| (winner, "order_cannot_be_told")));
                    if let Some((other, why)) = doubt {
                        (rule.unsure)(ruling, sampling.id, other, why);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The scan as far as it has come.
struct Scan<'s, 'a> {
    ruling: &'s Ruling<'a>,
    known: Known,
    order: &'s [Sampling<'a>],
    /// Of those that were taken.
    states: Vec<State>,
    tallies: Vec<[Tally; COUNT]>,
}

impl Scan<'_, '_> {
    /// Takes the next sampling: what stands against it among the earlier ones, and whom it stands in the way of.
    fn take(&mut self, at: usize) {
        let sampling = &self.order[at];
        self.states.push(match self.ruling.so_far(sampling.id) {
            Validity::NeedsRuling => State::Uncertain,
            Validity::Duplicate | Validity::Void => State::Out,
            _ => State::Counts,
        });
        if self.states[at] == State::Out {
            return;
        }
        for number in 0..COUNT {
            self.tallies[at][number] = self.tally(at, number);
        }
        if self.settle(at) == State::Out {
            return;
        }
        // Samplings whose order cannot be told stand in each other's way, each under the rule that would bind it.
        for (index, other) in self.order[..at].iter().enumerate() {
            if other.when.before(&sampling.when) || self.states[index] == State::Out {
                continue;
            }
            for (number, rule) in RULES.iter().enumerate() {
                for (loser, winner) in [(at, index), (index, at)] {
                    let (lost, won) = (&self.order[loser], &self.order[winner]);
                    let Some(bound) = lost.bound[number] else {
                        continue;
                    };
                    if (rule.against)(self.ruling, bound.settings, won, lost) == Against::Nothing {
                        continue;
                    }
                    let tally = &mut self.tallies[loser][number];
                    tally.possible += 1;
                    if self.known.compares(other.fact, sampling.fact) {
                        tally.doubt = tally.doubt.or(Some((won.id, "order_cannot_be_told")));
                    }
                    self.settle(loser);
                }
            }
        }
    }

    /// What stands against a sampling under one rule among those that are certainly earlier.
    fn tally(&self, at: usize, number: usize) -> Tally {
        let mut tally = Tally::default();
        let sampling = &self.order[at];
        let Some(bound) = sampling.bound[number] else {
            return tally;
        };
        for (other, state) in self.order[..at].iter().zip(&self.states) {
            if *state == State::Out || !other.when.before(&sampling.when) {
                continue;
            }
            let against = (RULES[number].against)(self.ruling, bound.settings, other, sampling);
            let doubt = match (against, state) {
                (Against::Nothing, _) | (_, State::Out) => continue,
                (Against::Certain, State::Counts) => {
                    tally.certain += 1;
                    tally.winner = tally.winner.or(Some(other.id));
                    // It is one too many, whatever else there is.
                    if tally.certain >= bound.allowed && self.known == Known::ByCode {
                        return tally;
                    }
                    continue;
                }
                (Against::Certain, State::Uncertain) => "earlier_needs_ruling",
                (Against::Possible(why), _) => why,
            };
            tally.possible += 1;
            if self.known.compares(other.fact, sampling.fact) {
                tally.doubt = tally.doubt.or(Some((other.id, doubt)));
            }
        }
        tally
    }

    /// The state that the tallies leave a sampling in. A person's word is not moved, and what is fixed by testing or
    /// service becomes uncertain where it would have gone out; so does everything among those who share a name, since what
    /// one code has under another name is not seen there.
    fn settle(&mut self, at: usize) -> State {
        let sampling = &self.order[at];
        let mut state = self.states[at];
        if !self.ruling.is_decided(sampling.id) {
            for (bound, tally) in sampling.bound.iter().zip(&self.tallies[at]) {
                let Some(Bound { allowed, .. }) = *bound else {
                    continue;
                };
                let out = self.known == Known::ByCode && !sampling.fact.custody.fixed();
                if tally.certain >= allowed && out {
                    state = State::Out;
                } else if tally.certain + tally.possible >= allowed && state == State::Counts {
                    state = State::Uncertain;
                }
            }
        }
        self.states[at] = state;
        state
    }
}

/// The civil days of a sampling for messages.
pub(super) fn day_of(sample: &SampleFact) -> String {
    let (first, last) = sample.sampled.usable().shanghai_days();
    if first == last {
        first.to_string()
    } else {
        format!("{first}…{last}")
    }
}

/// How a sampling is named in messages: its sheet number, else its id.
pub(super) fn sheet_of(id: SampleId, sample: Option<&SampleFact>) -> String {
    sample
        .and_then(|sample| sample.sheet_no.clone())
        .unwrap_or_else(|| id.to_string())
}
