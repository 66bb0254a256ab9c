//! ENTRY1, 一次任务进一次门: one entry per inspection body, enterprise and campaign.
//!
//! 晋市监发〔2023〕212号 六: “严格采取‘一次任务进一次门’方式对同一企业进行综合采样……对同一企业的多种产品要同一时间
//! 一次性完成抽样任务，不得二次进厂。坚决杜绝同一机构同一企业同一任务多次多组进行采样现象”。

use std::collections::{BTreeMap, BTreeSet};

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::occasion::joined;
use super::product::{Sameness, sameness};
use super::refuse::standings;
use super::rulebook::Rulebook;
use super::{
    ArrivalFact, ContinuationFact, EntryFact, LeaseFact, RefusalStanding, SampleFact, ScopeKey,
    Severity, Standing, Subject, Validity,
};
use crate::model::{
    CampaignId, DocumentId, EnterpriseKey, EntryId, Interval, LeaseId, Millis, OrganisationId,
    RefusalId, SampleId, TaskId, TimeFact, shanghai_minute,
};

/// 一次任务进一次门
pub const RULE: Rule = Rule {
    id: "ENTRY1",
    title: Words {
        zh: "一次任务进一次门",
        en: "One entry by one task",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 六",
        quote: "严格采取“一次任务进一次门”方式对同一企业进行综合采样。……对同一企业的多种产品要同一时间一次性完成抽样任务，不得二次进厂。坚决杜绝同一机构同一企业同一任务多次多组进行采样现象",
    },
    scope: ScopeKind::Door,
    predicate: Words {
        zh: "同一承检机构在同一批委托任务中对同一企业的第二次进门；最早的一次成立，其后同一产品的样品为重复，不同产品的样品有效但记违规",
        en: "a second entry of one inspection body at one enterprise in one campaign: the earliest stands; from the other, the same product is a duplicate and a different one is valid with a violation",
    },
    exceptions: Words {
        zh: "同队同日为同一次；有记录的中止、再次进门许可、交接、拒检解决后的继续以及联合进门不算第二次；未抽到样品的进门不计；时间不能分先后、多个厂区、无说明的再次进门转人工裁定；先行领取的门锁只在时间重叠时定先后",
        en: "the same team on the same day is one entry; a recorded suspension, a grant, a handover, a resolved refusal and a joint entry continue the first; an entry that drew no sample does not count; overlapping times, several plants and an unexplained resumption need a ruling; a lease decides only where times overlap",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "second_entry",
            words: Words {
                zh: "{body}对该企业二次进门；成立的是 {first}",
                en: "{body} entered this enterprise a second time; {first} stands",
            },
        },
        Message {
            key: "same_product",
            words: Words {
                zh: "二次进门抽取了同一产品，样品重复",
                en: "the second entry drew the same product: duplicate",
            },
        },
        Message {
            key: "different_product",
            words: Words {
                zh: "二次进门抽取了另一产品，样品有效，机构记违规",
                en: "the second entry drew another product: valid, and the body answers for it",
            },
        },
        Message {
            key: "unsure_product",
            words: Words {
                zh: "不能确定二次进门抽取的是否为同一产品（{why}）",
                en: "it cannot be told whether the second entry drew the same product ({why})",
            },
        },
        Message {
            key: "contested_entry",
            words: Words {
                zh: "进门先后不能确定或须人工裁定（{why}），其样品待裁定",
                en: "the entry is contested ({why}); its samples need a ruling",
            },
        },
        Message {
            key: "overlap",
            words: Words {
                zh: "与 {others} 的进门时间不能分先后",
                en: "its time cannot be told from that of {others}",
            },
        },
        Message {
            key: "depends",
            words: Words {
                zh: "之前有待裁定的进门 {others}",
                en: "an earlier entry, {others}, needs a ruling",
            },
        },
        Message {
            key: "unexplained",
            words: Words {
                zh: "再次进门没有可以承认的理由",
                en: "walked in again without a reason that can be honoured",
            },
        },
        Message {
            key: "sites",
            words: Words {
                zh: "同一信用代码下记录了多个厂区：{sites}",
                en: "several plants under one credit code: {sites}",
            },
        },
        Message {
            key: "decisions_conflict",
            words: Words {
                zh: "先前裁定为首次进门，后来的裁定认定了 {first}",
                en: "was ruled to be first before a later ruling said {first}",
            },
        },
        Message {
            key: "lease_decided",
            words: Words {
                zh: "与 {others} 的进门时间重叠，以 {team} 组事先领取、{until} 前有效的门锁 {lease} 为准",
                en: "its time overlaps that of {others}; the lease {lease} that team {team} took beforehand, valid until {until}, decides",
            },
        },
        Message {
            key: "held_elsewhere",
            words: Words {
                zh: "进门时该企业的门锁 {lease} 由 {team} 组持有，有效至 {until}",
                en: "entered while team {team} held the lease {lease} on this door, valid until {until}",
            },
        },
        Message {
            key: "plan_collision",
            words: Words {
                zh: "{body}在两批任务中都被派往同一企业 {enterprise}，出发前应合并",
                en: "{body} has open tasks at {enterprise} in two campaigns; merge them before anyone travels",
            },
        },
    ],
};

/// Why an entry is contested: the key of its message and the entries it hangs on.
type Contest = (&'static str, BTreeSet<EntryId>);

/// Entries that were made together count as one.
struct Unit {
    members: Vec<EntryId>,
    when: Interval,
    /// A unit's claims may be broken by a lease only where all of them are claims.
    claimed: bool,
    /// The lease by which it was made.
    lease: Option<LeaseId>,
    reason: Reason,
    contested_by_person: bool,
}

/// What an entry says of why it is no second one, as far as that can be honoured.
#[derive(PartialEq)]
enum Reason {
    /// It says nothing.
    Silent,
    /// It continues the first entry.
    Continues,
    /// It takes over from these entries of another team, and so stands as they do.
    TakesOver(BTreeSet<EntryId>),
    /// It should say something and does not, or nothing that can be honoured.
    Unexplained,
}

impl Unit {
    fn continues(&self) -> bool {
        matches!(self.reason, Reason::Continues | Reason::TakesOver(_))
    }
}

pub(super) fn check(ruling: &mut Ruling<'_>) {
    let facts = ruling.facts;
    let ScopeKey::Door {
        campaign_id,
        body_id,
        enterprise,
    } = &facts.scope
    else {
        return;
    };
    let entries: BTreeMap<&EntryId, &EntryFact> = facts
        .entries
        .iter()
        .filter(|(_, e)| {
            e.campaign_id == *campaign_id && e.body_id == *body_id && e.enterprise == *enterprise
        })
        .collect();
    let at = entries
        .values()
        .map(|e| e.entered.earliest_known())
        .min()
        .unwrap_or(i64::MAX);
    let authority = ruling.authority_of_campaign(*campaign_id);
    let book = ruling.book(authority, at);
    let enforced = book.settings(&RULE).enabled;

    let mut standings: BTreeMap<EntryId, Standing> = BTreeMap::new();
    let mut contests: BTreeMap<EntryId, Contest> = BTreeMap::new();
    for (id, entry) in &entries {
        if let Some((_, standing)) = ruling.decided_standings.get(*id) {
            standings.insert((*id).clone(), *standing);
        } else if !entry.drew_samples {
            standings.insert((*id).clone(), Standing::Uncounted);
        }
    }
    let first = settle_decided_firsts(ruling, &mut standings, &mut contests);
    let refusals = refusals_of(ruling);
    let units = gather(&entries, &standings, facts, &refusals, first.as_ref());
    let sites: BTreeSet<&str> = entries
        .values()
        .filter_map(|e| facts.visits.get(&e.document_id))
        .flat_map(|visit| visit.sites.iter().map(String::as_str))
        .collect();
    if sites.len() > 1 {
        for id in units.iter().flat_map(|unit| &unit.members) {
            if !standings.contains_key(id) {
                standings.insert(id.clone(), Standing::Contested);
                contests.insert(id.clone(), ("sites", BTreeSet::new()));
            }
        }
    } else {
        let mut scan = Scan {
            entries: &entries,
            first,
            open: BTreeSet::new(),
            by_lease: None,
            standings: &mut standings,
            contests: &mut contests,
        };
        for cluster in clusters(&units) {
            scan.take(&cluster);
        }
        scan.join_refused(&refusals, &ruling.decided_standings);
        if let Some((id, lease, others)) = scan.by_lease {
            let mut arguments = lease_arguments(facts, lease);
            arguments.push(("others", list(&others)));
            ruling.say(Said {
                rule: &RULE,
                book,
                severity: Severity::Notice,
                subject: Subject::Entry(id),
                winner: None,
                key: "lease_decided",
                arguments,
            });
        }
    }
    if enforced {
        say_held_elsewhere(ruling, book, &entries);
    }
    let first = standings
        .iter()
        .find(|(_, s)| **s == Standing::First)
        .map(|(id, _)| id.clone());
    for (id, standing) in &standings {
        ruling.stand(id, *standing);
        let mut say = |severity, key, winner: Option<EntryId>, arguments| {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity,
                subject: Subject::Entry(id.clone()),
                winner: winner.map(Subject::Entry),
                key,
                arguments,
            });
        };
        match standing {
            Standing::Excess if enforced => {
                let body = facts.organisations.get(body_id).map(|o| o.name.clone());
                let body = body.unwrap_or_else(|| body_id.to_string());
                let named = first
                    .as_ref()
                    .map_or_else(|| "—".to_owned(), ToString::to_string);
                let arguments = vec![("body", body), ("first", named)];
                say(
                    Severity::Violation,
                    "second_entry",
                    first.clone(),
                    arguments,
                );
            }
            Standing::Contested => {
                if let Some((key, others)) = contests.get(id) {
                    let arguments = match *key {
                        "sites" => vec![(
                            "sites",
                            sites.iter().copied().collect::<Vec<_>>().join(", "),
                        )],
                        "unexplained" => vec![],
                        "decisions_conflict" => vec![("first", list(others))],
                        _ => vec![("others", list(others))],
                    };
                    say(Severity::NeedsRuling, key, None, arguments);
                }
            }
            _ => {}
        }
    }
    rule_samples(ruling, book, enforced, &standings, &contests);
}

fn list(ids: &BTreeSet<EntryId>) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

/// The latest decision that an entry is the first stands; an older one is contested by it.
fn settle_decided_firsts(
    ruling: &Ruling<'_>,
    standings: &mut BTreeMap<EntryId, Standing>,
    contests: &mut BTreeMap<EntryId, Contest>,
) -> Option<EntryId> {
    let mut firsts: Vec<_> = standings
        .iter()
        .filter(|(_, standing)| **standing == Standing::First)
        .map(|(id, _)| (ruling.decided_standings[id].0, id.clone()))
        .collect();
    firsts.sort();
    let (_, first) = firsts.pop()?;
    for (_, older) in firsts {
        contests.insert(
            older.clone(),
            ("decisions_conflict", BTreeSet::from([first.clone()])),
        );
        standings.insert(older, Standing::Contested);
    }
    Some(first)
}

/// The refusals of each visit: when, and whether sampling goes on as if there had been none.
type Refusals = BTreeMap<DocumentId, Vec<(TimeFact, bool)>>;

fn refusals_of(ruling: &Ruling<'_>) -> Refusals {
    let visits = ruling.visits().into_iter();
    visits
        .map(|(document_id, visit)| {
            let standings = standings(ruling, document_id, visit).into_iter();
            let told = |(id, standing): (RefusalId, RefusalStanding)| {
                (visit.refusals[&id].refused, standing.is_resolved())
            };
            (document_id, standings.map(told).collect())
        })
        .collect()
}

/// Undecided entries that drew samples, joined where they were declared to be made together on one day, in order of
/// claimed time; entries that a person holds contested stay in the line, because nothing after them may be first.
fn gather(
    entries: &BTreeMap<&EntryId, &EntryFact>,
    standings: &BTreeMap<EntryId, Standing>,
    facts: &super::Facts,
    refusals: &Refusals,
    first: Option<&EntryId>,
) -> Vec<Unit> {
    let mut order: Vec<(&EntryId, &EntryFact)> = entries
        .iter()
        .filter(|(id, _)| matches!(standings.get(**id), None | Some(Standing::Contested)))
        .map(|(id, entry)| (*id, *entry))
        .collect();
    order.sort_by_key(|(id, e)| (e.entered.usable().lo, e.entered.usable().hi, (*id).clone()));
    let mut units: Vec<Unit> = Vec::new();
    for (id, entry) in order {
        let when = entry.entered.usable();
        let contested_by_person = standings.contains_key(id);
        let with_first = first.is_some_and(|id| joined(entry, entries[id]));
        if !contested_by_person && !with_first {
            let together = units.iter_mut().find(|unit| {
                !unit.contested_by_person && unit.members.iter().all(|m| joined(entry, entries[m]))
            });
            if let Some(unit) = together {
                unit.members.push(id.clone());
                unit.when = Interval {
                    lo: unit.when.lo.min(when.lo),
                    hi: unit.when.hi.min(when.hi),
                };
                unit.claimed &= is_claimed(entry);
                unit.lease = unit.lease.or(lease_of(entry, facts));
                continue;
            }
        }
        let reason = match with_first {
            true => Reason::Continues,
            false => reason_of(entry, entries, refusals),
        };
        units.push(Unit {
            members: vec![id.clone()],
            when,
            claimed: is_claimed(entry),
            lease: lease_of(entry, facts),
            reason,
            contested_by_person,
        });
    }
    units.sort_by_key(|unit| (unit.when.lo, unit.when.hi, unit.members[0].clone()));
    units
}

fn is_claimed(entry: &EntryFact) -> bool {
    !entry.entered.unclaimed() && !entry.entered.contradicts()
}

/// Leases that held at the entry's door for as long as its time can be: judged on the claimed interval, so that a clock
/// that is slow keeps none alive.
fn leases_at<'f>(
    entry: &EntryFact,
    facts: &'f super::Facts,
) -> impl Iterator<Item = (LeaseId, &'f LeaseFact)> {
    let claimed = entry.entered.claimed.filter(|_| is_claimed(entry));
    let (campaign, body, enterprise) = (entry.campaign_id, entry.body_id, entry.enterprise.clone());
    let held = facts.leases.iter().filter(move |(_, lease)| {
        (lease.campaign_id, lease.body_id) == (campaign, body)
            && lease.enterprise == enterprise
            && claimed.is_some_and(|claimed| lease.valid.contains(&claimed))
    });
    held.map(|(id, lease)| (*id, lease))
}

/// The lease by which the entry's own team came.
fn lease_of(entry: &EntryFact, facts: &super::Facts) -> Option<LeaseId> {
    let team = entry.team_id?;
    let mut own = leases_at(entry, facts).filter(|(_, lease)| lease.team_id == team);
    own.next().map(|(id, _)| id)
}

/// A fault of lease is a finding and changes nothing by itself. Who came together with the holder came by its lease.
fn say_held_elsewhere(
    ruling: &mut Ruling<'_>,
    book: &Rulebook,
    entries: &BTreeMap<&EntryId, &EntryFact>,
) {
    let facts = ruling.facts;
    for (id, entry) in entries {
        if lease_of(entry, facts).is_some() {
            continue;
        }
        let elsewhere = leases_at(entry, facts).find(|(_, lease)| {
            let of_holder = |other: &&EntryFact| other.team_id == Some(lease.team_id);
            let mut holders = entries.values().copied().filter(of_holder);
            !holders.any(|holder| joined(entry, holder))
        });
        if let Some((lease, _)) = elsewhere {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity: Severity::Notice,
                subject: Subject::Entry((*id).clone()),
                winner: None,
                key: "held_elsewhere",
                arguments: lease_arguments(facts, lease),
            });
        }
    }
}

fn lease_arguments(facts: &super::Facts, id: LeaseId) -> Vec<(&'static str, String)> {
    let Some(lease) = facts.leases.get(&id) else {
        return Vec::new();
    };
    vec![
        ("lease", id.to_string()),
        ("team", lease.team_id.to_string()),
        ("until", shanghai_minute(lease.valid.hi)),
    ]
}

/// A declared continuation counts only where what it names is known.
fn reason_of(
    entry: &EntryFact,
    entries: &BTreeMap<&EntryId, &EntryFact>,
    refusals: &Refusals,
) -> Reason {
    let when = entry.entered.usable();
    let honoured = match &entry.continues {
        Some(ContinuationFact::ReEntryGrant { honoured, .. }) => *honoured,
        Some(ContinuationFact::Handover { from }) => {
            let sources: BTreeSet<EntryId> = entries
                .iter()
                .filter(|(_, other)| {
                    other.team_id == Some(*from)
                        && other.document_id != entry.document_id
                        && !when.before(&other.entered.usable())
                })
                .map(|(id, _)| (*id).clone())
                .collect();
            return match sources.is_empty() {
                true => Reason::Unexplained,
                false => Reason::TakesOver(sources),
            };
        }
        Some(ContinuationFact::ResolvedRefusal) => entries
            .values()
            .any(|other| is_resolved(other, entry, refusals)),
        None if entry.unexplained_resumption_of.is_some() => false,
        None => {
            let resumes = |arrival: &ArrivalFact| matches!(arrival.resumes, Some((_, true)));
            let all = !entry.arrivals.is_empty() && entry.arrivals.iter().all(resumes);
            return match all {
                true => Reason::Continues,
                false => Reason::Silent,
            };
        }
    };
    match honoured {
        true => Reason::Continues,
        false => Reason::Unexplained,
    }
}

/// Whether the visit of `other` was refused before `entry` was made, and all of that is resolved.
fn is_resolved(other: &EntryFact, entry: &EntryFact, refusals: &Refusals) -> bool {
    let when = entry.entered.usable();
    let of_visit = refusals.get(&other.document_id).into_iter().flatten();
    let mut earlier = of_visit
        .filter(|(refused, _)| !when.before(&refused.usable()))
        .peekable();
    earlier.peek().is_some() && earlier.all(|(_, resolved)| *resolved)
}

/// Maximal chains of overlapping intervals.
fn clusters(units: &[Unit]) -> Vec<Vec<&Unit>> {
    let mut clusters: Vec<Vec<&Unit>> = Vec::new();
    let mut reach = i64::MIN;
    for unit in units {
        match clusters.last_mut() {
            Some(cluster) if unit.when.lo <= reach => cluster.push(unit),
            _ => clusters.push(vec![unit]),
        }
        reach = reach.max(unit.when.hi);
    }
    clusters
}

struct Scan<'s> {
    entries: &'s BTreeMap<&'s EntryId, &'s EntryFact>,
    first: Option<EntryId>,
    /// Contested entries so far: while there is one, no later entry becomes first.
    open: BTreeSet<EntryId>,
    /// The entry that a lease let go first, that lease, and the entries that it went before.
    by_lease: Option<(EntryId, LeaseId, BTreeSet<EntryId>)>,
    standings: &'s mut BTreeMap<EntryId, Standing>,
    contests: &'s mut BTreeMap<EntryId, Contest>,
}

impl Scan<'_> {
    fn take(&mut self, cluster: &[&Unit]) {
        if self.first.is_some() {
            let open = cluster.iter().filter(|unit| !unit.contested_by_person);
            self.follow_all(open.copied().collect());
            return;
        }
        let by_person: BTreeSet<EntryId> = cluster
            .iter()
            .filter(|unit| unit.contested_by_person)
            .flat_map(|unit| unit.members.iter().cloned())
            .collect();
        self.open.extend(by_person);
        let units: Vec<&&Unit> = cluster.iter().filter(|u| !u.contested_by_person).collect();
        if !self.open.is_empty() {
            let others = self.open.clone();
            for unit in units {
                self.contest(unit, "depends", &others);
            }
            return;
        }
        // Without an earlier entry there is nothing to continue: then a continuation stands for itself.
        let mut contenders: Vec<&&Unit> =
            units.iter().filter(|u| !u.continues()).copied().collect();
        if contenders.is_empty() {
            contenders = units.clone();
        }
        let winner = match contenders.as_slice() {
            [only] => Some(*only),
            several => by_lease(several),
        };
        let Some(winner) = winner else {
            let all: BTreeSet<EntryId> = units
                .iter()
                .flat_map(|unit| unit.members.iter().cloned())
                .collect();
            for unit in units {
                let mut others = all.clone();
                others.retain(|id| !unit.members.contains(id));
                self.contest(unit, "overlap", &others);
            }
            return;
        };
        self.lead(winner);
        if let (Some(lease), true) = (winner.lease, contenders.len() > 1) {
            let after = contenders.iter().flat_map(|unit| &unit.members);
            let after = after.filter(|id| !winner.members.contains(id)).cloned();
            self.by_lease = Some((winner.members[0].clone(), lease, after.collect()));
        }
        let others = units.iter().filter(|unit| unit.members != winner.members);
        self.follow_all(others.map(|unit| **unit).collect());
    }

    /// Those that take over come after those that they take over from.
    fn follow_all(&mut self, mut units: Vec<&Unit>) {
        while !units.is_empty() {
            let waits = |unit: &Unit, units: &[&Unit]| match &unit.reason {
                Reason::TakesOver(sources) => units
                    .iter()
                    .any(|other| other.members.iter().any(|id| sources.contains(id))),
                _ => false,
            };
            // In a circle nobody can go before the others.
            let next = units.iter().position(|unit| !waits(unit, &units));
            self.follow(units.remove(next.unwrap_or(0)));
        }
    }

    fn lead(&mut self, unit: &Unit) {
        let mut members = unit.members.clone();
        members.sort_by_key(|id| {
            let when = self.entries[id].entered.usable();
            (when.lo, when.hi, id.clone())
        });
        for (index, id) in members.iter().enumerate() {
            let standing = if index == 0 {
                Standing::First
            } else {
                Standing::Continuation
            };
            self.standings.insert(id.clone(), standing);
        }
        self.first = members.into_iter().next();
    }

    fn follow(&mut self, unit: &Unit) {
        let standing = match &unit.reason {
            Reason::Unexplained => {
                let first = self.first.iter().cloned().collect();
                self.contest(unit, "unexplained", &first);
                return;
            }
            Reason::Continues => Standing::Continuation,
            Reason::Silent => Standing::Excess,
            Reason::TakesOver(sources) => {
                let standing = |id: &&EntryId| self.standings.get(*id).copied();
                let stands = |id: &&EntryId| {
                    matches!(standing(id), Some(Standing::First | Standing::Continuation))
                };
                let open = |id: &&EntryId| matches!(standing(id), None | Some(Standing::Contested));
                let contested: BTreeSet<EntryId> = sources.iter().filter(open).cloned().collect();
                if sources.iter().any(|id| stands(&id)) {
                    Standing::Continuation
                } else if !contested.is_empty() {
                    self.contest(unit, "depends", &contested);
                    return;
                } else {
                    Standing::Excess
                }
            }
        };
        for id in &unit.members {
            self.standings.insert(id.clone(), standing);
        }
    }

    /// An entry after a resolved refusal is one with the entry that was refused (拒检后同意抽样): where nobody was first before
    /// it, the refused one is the first, though it drew nothing, and what came after continues it.
    fn join_refused(
        &mut self,
        refusals: &Refusals,
        decided: &BTreeMap<EntryId, (Millis, Standing)>,
    ) {
        let mut standings = self.standings.iter();
        let first = standings
            .find(|(id, standing)| **standing == Standing::First && !decided.contains_key(*id));
        let Some(id) = first.map(|(id, _)| id.clone()) else {
            return;
        };
        let entry = self.entries[&id];
        if !matches!(
            entry.continues,
            None | Some(ContinuationFact::ResolvedRefusal)
        ) {
            return;
        }
        let when = entry.entered.usable();
        let refused = self.entries.iter().filter(|(other_id, other)| {
            self.standings.get(**other_id) == Some(&Standing::Uncounted)
                && !decided.contains_key(**other_id)
                && other.entered.usable().before(&when)
                && is_resolved(other, entry, refusals)
        });
        let refused = refused.max_by_key(|(id, other)| (other.entered.usable().lo, **id));
        if let Some((refused, _)) = refused {
            self.standings.insert((*refused).clone(), Standing::First);
            self.standings.insert(id, Standing::Continuation);
        }
    }

    fn contest(&mut self, unit: &Unit, key: &'static str, others: &BTreeSet<EntryId>) {
        for id in &unit.members {
            self.standings.insert(id.clone(), Standing::Contested);
            self.contests.insert(id.clone(), (key, others.clone()));
            self.open.insert(id.clone());
        }
    }
}

/// The one holder of a lease, if nobody is provably before it and all of them claim a time.
fn by_lease<'u>(contenders: &[&'u &'u Unit]) -> Option<&'u &'u Unit> {
    if !contenders.iter().all(|unit| unit.claimed) {
        return None;
    }
    let mut holders = contenders.iter().filter(|unit| unit.lease.is_some());
    let holder = *holders.next()?;
    let alone = holders.next().is_none();
    let earlier = contenders.iter().any(|unit| unit.when.before(&holder.when));
    (alone && !earlier).then_some(holder)
}

fn rule_samples<'a>(
    ruling: &mut Ruling<'a>,
    book: &'a Rulebook,
    enforced: bool,
    standings: &BTreeMap<EntryId, Standing>,
    contests: &BTreeMap<EntryId, Contest>,
) {
    let facts = ruling.facts;
    let drawn: Vec<(SampleId, &SampleFact, Standing)> = facts
        .samples
        .iter()
        .filter_map(|(id, sample)| {
            let standing = standings.get(sample.entry_id.as_ref()?)?;
            Some((*id, sample, *standing))
        })
        .collect();
    for (id, sample, standing) in &drawn {
        if sample.voided.is_some() {
            ruling.worsen(*id, book, Validity::Void);
            continue;
        }
        ruling.set_valid(*id);
        if !enforced || ruling.is_decided(*id) {
            continue;
        }
        match standing {
            Standing::Contested => {
                let contest = sample
                    .entry_id
                    .as_ref()
                    .and_then(|entry| contests.get(entry));
                let why = contest.map_or("decided", |(key, _)| *key).to_owned();
                let arguments = vec![("why", why)];
                ruling.judge(
                    &RULE,
                    book,
                    *id,
                    Validity::NeedsRuling,
                    "contested_entry",
                    arguments,
                );
            }
            Standing::Excess => {
                let mut unsure = None;
                let mut same = None;
                for (other_id, other, other_standing) in &drawn {
                    let stands = matches!(other_standing, Standing::First | Standing::Continuation);
                    let so_far = ruling.so_far(*other_id);
                    if !stands || matches!(so_far, Validity::Void | Validity::Duplicate) {
                        continue;
                    }
                    match sameness(&sample.product, &other.product) {
                        Sameness::Same if so_far.counts() => same = same.or(Some(*other_id)),
                        Sameness::Same => {
                            unsure = unsure.or(Some(("winner_needs_ruling", *other_id)))
                        }
                        Sameness::Unsure(why) => unsure = unsure.or(Some((why, *other_id))),
                        Sameness::Different => {}
                    }
                }
                let (validity, key, arguments, winner) = match (same, unsure) {
                    (Some(winner), _) => {
                        (Validity::Duplicate, "same_product", vec![], Some(winner))
                    }
                    (None, Some((why, other))) => {
                        let why = vec![("why", why.to_owned())];
                        (Validity::NeedsRuling, "unsure_product", why, Some(other))
                    }
                    (None, None) => (
                        Validity::ValidWithViolation,
                        "different_product",
                        vec![],
                        None,
                    ),
                };
                ruling.judge_against(&RULE, book, *id, validity, key, arguments, winner);
            }
            _ => {}
        }
    }
}

/// One open assignment, for ENTRY1-PLAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The task.
    pub task_id: TaskId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The assigned body.
    pub body_id: OrganisationId,
    /// The enterprise to be sampled.
    pub enterprise: EnterpriseKey,
    /// Not completed, cancelled or closed.
    pub open: bool,
}

/// One body with open tasks at one enterprise in two campaigns (ENTRY1-PLAN): nobody has travelled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCollision {
    /// The body.
    pub body_id: OrganisationId,
    /// The enterprise.
    pub enterprise: EnterpriseKey,
    /// The campaigns, two or more.
    pub campaigns: BTreeSet<CampaignId>,
    /// The tasks concerned.
    pub tasks: BTreeSet<TaskId>,
}

/// Finds them, in order of body and enterprise.
pub fn plan_collisions<'a>(
    assignments: impl IntoIterator<Item = &'a Assignment>,
) -> Vec<PlanCollision> {
    let mut found: BTreeMap<_, (BTreeSet<CampaignId>, BTreeSet<TaskId>)> = BTreeMap::new();
    for assignment in assignments.into_iter().filter(|assignment| assignment.open) {
        let key = (assignment.body_id, assignment.enterprise.clone());
        let (campaigns, tasks) = found.entry(key).or_default();
        campaigns.insert(assignment.campaign_id);
        tasks.insert(assignment.task_id);
    }
    let collisions = found
        .into_iter()
        .filter(|(_, (campaigns, _))| campaigns.len() > 1);
    collisions
        .map(
            |((body_id, enterprise), (campaigns, tasks))| PlanCollision {
                body_id,
                enterprise,
                campaigns,
                tasks,
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Assignment, plan_collisions};
    use crate::rules::testing::*;

    /// Two teams at one gate, `minutes` apart.
    fn two_teams(minutes: i64, second: ProductFact) -> Facts {
        let mut facts = door();
        facts.enters(1, about(noon(NOON)), uniform());
        facts.enters(2, about(noon(NOON) + minutes * MINUTE), second);
        facts
    }

    #[test]
    fn violates_with_the_second_entry_whose_same_product_is_a_duplicate() {
        let facts = two_teams(30, uniform());
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
        let earlier = two_teams(-30, uniform());
        assert_eq!((earlier.standing(1), earlier.standing(2)), (Excess, First));
    }

    #[test]
    fn violates_with_another_product_of_the_second_entry_which_stays_valid_while_the_body_answers()
    {
        let facts = two_teams(30, another_model());
        assert_eq!(facts.validity(2), ValidWithViolation);
        assert!(facts.said().contains("ENTRY1.second_entry"));
    }

    #[test]
    fn passes_a_single_entry() {
        let mut facts = door();
        facts.enters(1, about(noon(NOON)), uniform());
        assert_eq!(facts.standing(1), First);
        assert!(facts.ruled().findings.is_empty());
    }

    #[test]
    fn boundary_times_that_touch_are_contested_and_a_millisecond_apart_are_not() {
        let mut facts = door();
        facts.enters(1, between(0, 1_000), uniform());
        facts.enters(2, between(1_000, 2_000), uniform());
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Contested, Contested)
        );
        assert_eq!(
            (facts.validity(1), facts.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
        facts.entries.get_mut(&entry_id(2)).unwrap().entered = between(1_001, 2_000);
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
    }

    #[test]
    fn boundary_a_chain_of_overlaps_is_contested_together_and_no_later_entry_is_first() {
        let mut facts = door();
        facts.enters(1, between(0, 10), uniform());
        facts.enters(2, between(5, 20), uniform());
        facts.enters(3, between(15, 30), uniform());
        facts.enters(4, between(100, 110), uniform());
        for n in 1..=4 {
            assert_eq!(facts.standing(n), Contested, "{n}");
        }
    }

    #[test]
    fn boundary_a_lease_decides_where_claimed_times_overlap() {
        let mut facts = two_teams(0, uniform());
        let lease = Interval {
            lo: noon(NOON) - MINUTE,
            hi: noon(NOON) + MINUTE,
        };
        facts.leases_to(2, lease);
        assert_eq!((facts.standing(1), facts.standing(2)), (Excess, First));
        assert!(facts.said().contains("ENTRY1.lease_decided"));
        // A lease that does not cover the claim is none.
        let late = Interval {
            lo: noon(NOON),
            hi: noon(NOON) + MINUTE,
        };
        facts.leases_to(2, late);
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn boundary_a_lease_never_defeats_a_provably_earlier_entry() {
        let mut facts = door();
        facts.enters(1, between(0, 10), uniform());
        facts.enters(2, between(5, 20), uniform());
        facts.enters(3, between(15, 30), uniform());
        facts.leases_to(3, Interval { lo: 0, hi: 99 });
        assert_eq!(facts.standing(3), Contested);
        facts.enters(9, between(40, 50), uniform());
        facts.leases_to(9, Interval { lo: 0, hi: 99 });
        facts.entries.remove(&entry_id(2));
        facts.entries.remove(&entry_id(3));
        assert_eq!((facts.standing(1), facts.standing(9)), (First, Excess));
    }

    #[test]
    fn boundary_a_lease_does_not_decide_after_a_reboot() {
        let mut facts = two_teams(0, uniform());
        let at = noon(NOON);
        let lease = Interval {
            lo: at - MINUTE,
            hi: at + MINUTE,
        };
        facts.leases_to(2, lease);
        facts.entries.get_mut(&entry_id(1)).unwrap().entered =
            proven_only(at - MINUTE, at + MINUTE);
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn exempts_an_entry_without_a_sample_which_does_not_count_against_a_later_one() {
        let mut facts = two_teams(30, uniform());
        facts.entries.get_mut(&entry_id(1)).unwrap().drew_samples = false;
        facts.samples.remove(&sample_id(1));
        assert_eq!((facts.standing(1), facts.standing(2)), (Uncounted, First));
    }

    #[test]
    fn exempts_an_honoured_grant_and_contests_one_that_is_not() {
        let mut facts = two_teams(24 * 60, uniform());
        let grant = |honoured| ContinuationFact::ReEntryGrant {
            grant_id: ReEntryGrantId(Uuid::from_u128(1)),
            honoured,
        };
        facts.entries.get_mut(&entry_id(2)).unwrap().continues = Some(grant(true));
        assert_eq!(
            (facts.standing(2), facts.validity(2)),
            (Continuation, Valid)
        );
        facts.entries.get_mut(&entry_id(2)).unwrap().continues = Some(grant(false));
        assert_eq!(
            (facts.standing(2), facts.validity(2)),
            (Contested, NeedsRuling)
        );
    }

    #[test]
    fn exempts_a_handover_from_a_team_that_entered_and_from_no_other() {
        let mut facts = two_teams(60, uniform());
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::Handover { from: team(1) });
        assert_eq!(facts.standing(2), Continuation);
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::Handover { from: team(8) });
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn exempts_an_entry_after_a_resolved_refusal_and_contests_one_after_an_open_one() {
        let mut facts = two_teams(60, uniform());
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::ResolvedRefusal);
        refuses(&mut facts, 1, noon(NOON) - 60 * MINUTE);
        assert_eq!(facts.standing(2), Contested);
        let resolved = || confirmation(ConfirmationOutcome::ResolvedSampled, [20, 21]);
        facts.visits.get_mut(&document(1)).unwrap().confirmations = vec![resolved()];
        assert_eq!(facts.standing(2), Continuation);
        let elsewhere = &mut facts.visits.get_mut(&document(1)).unwrap().confirmations[0];
        elsewhere.location = Some(place(3_000));
        assert_eq!(facts.standing(2), Contested, "nobody was on site");
        facts.visits.get_mut(&document(1)).unwrap().confirmations = vec![resolved()];
        let refusal = facts.visits.get_mut(&document(1)).unwrap();
        let confirmed = confirmation(ConfirmationOutcome::Confirmed, [22, 23]);
        refusal.confirmations.push(confirmed);
        assert_eq!(facts.standing(2), Contested, "officers disagree");
    }

    #[test]
    fn exempts_what_was_sampled_after_a_resolved_refusal_as_one_with_the_entry_that_was_refused() {
        let mut facts = two_teams(24 * 60, uniform());
        facts.samples.remove(&sample_id(1));
        facts.entries.get_mut(&entry_id(1)).unwrap().drew_samples = false;
        refuses(&mut facts, 1, noon(NOON) - 60 * MINUTE);
        let both = |facts: &Facts| (facts.standing(1), facts.standing(2));
        assert_eq!(both(&facts), (Uncounted, First), "nobody has resolved it");
        let resolved = confirmation(ConfirmationOutcome::ResolvedSampled, [20, 21]);
        facts.visits.get_mut(&document(1)).unwrap().confirmations = vec![resolved];
        assert_eq!(both(&facts), (First, Continuation));
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::ResolvedRefusal);
        assert_eq!(both(&facts), (First, Continuation));
        assert_eq!(facts.validity(2), Valid);
        facts.decide_entry(1, Uncounted, 10);
        assert_eq!(both(&facts), (Uncounted, First), "a person ruled otherwise");
    }

    #[test]
    fn boundary_an_unexplained_resumption_and_several_sites_are_contested() {
        let mut facts = two_teams(24 * 60, uniform());
        let second = facts.entries.get_mut(&entry_id(2)).unwrap();
        second.unexplained_resumption_of = Some(entry_id(1));
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Contested));
        let mut facts = two_teams(30, uniform());
        facts.visits.get_mut(&document(1)).unwrap().sites = BTreeSet::from(["东厂".into()]);
        assert_eq!(facts.standing(1), First);
        facts.visits.get_mut(&document(2)).unwrap().sites = BTreeSet::from(["西厂".into()]);
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Contested, Contested)
        );
    }

    #[test]
    fn exempts_a_joint_entry_which_is_one_entry_on_one_day() {
        let mut facts = two_teams(0, uniform());
        for entry in facts.entries.values_mut() {
            entry.joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
        }
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (First, Continuation)
        );
        let later = about(noon("2025-03-05"));
        facts.entries.get_mut(&entry_id(2)).unwrap().entered = later;
        assert_eq!(facts.standing(2), Excess, "not on another day");
    }

    #[test]
    fn boundary_the_rest_is_ruled_around_a_persons_decision_and_the_last_decision_stands() {
        let mut facts = two_teams(30, uniform());
        facts.decide_entry(2, First, 10);
        assert_eq!((facts.standing(1), facts.standing(2)), (Excess, First));
        facts.decide_entry(1, First, 20);
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Contested));
        facts.decide_entry(2, Continuation, 30);
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (First, Continuation)
        );
        facts.decide_sample(2, Void, 40);
        assert_eq!(facts.validity(2), Void);
    }

    #[test]
    fn passes_other_doors_and_is_not_ruled_where_the_rulebook_switches_it_off() {
        type Elsewhere = fn(&mut EntryFact);
        let other_doors: [Elsewhere; 3] = [
            |entry| entry.body_id = organisation(501),
            |entry| entry.campaign_id = CampaignId(Uuid::from_u128(78)),
            |entry| entry.enterprise = EnterpriseKey("uscc:913101150000C1H82U".into()),
        ];
        for elsewhere in other_doors {
            let mut facts = two_teams(-30, uniform());
            elsewhere(facts.entry(2));
            let ruled = facts.ruled();
            assert_eq!(ruled.standing(1), First);
            assert!(!ruled.outcomes.contains_key(&Subject::Entry(entry_id(2))));
        }
        let off = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2025-01-01'\nsource = 's'\n[rules.ENTRY1]\nenabled = false";
        let books = Rulebooks::builtin().with(off).unwrap();
        let ruled = rule(&two_teams(30, uniform()), &books);
        assert_eq!((ruled.validity(2), ruled.findings), (Valid, vec![]));
    }

    #[test]
    fn boundary_a_door_is_ruled_by_the_authority_of_its_campaign_whatever_its_tasks() {
        let off = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2025-01-01'\nsource = 's'\n[rules.ENTRY1]\nenabled = false";
        let books = Rulebooks::builtin().with(off).unwrap();
        let second_entry = |made_by: Option<u128>, tasks_of: &[u128]| {
            let mut facts = two_teams(30, uniform());
            facts.campaigns.clear();
            if let Some(made_by) = made_by {
                let campaign = facts.entry(1).campaign_id;
                facts.campaigns.insert(campaign, organisation(made_by));
            }
            let of = |id: &TaskId| tasks_of.iter().any(|n| *id == task(*n));
            facts.tasks.retain(|id, _| of(id));
            rule(&facts, &books).validity(2)
        };
        for tasks in [vec![CITY, SHANGHAI], vec![NATION, CITY], vec![SHANGHAI]] {
            assert_eq!(second_entry(Some(CITY), &tasks), Valid);
            assert_eq!(second_entry(Some(SHANGHAI), &tasks), Duplicate);
        }
        // Where nobody knows who made it, its tasks tell if they agree, and its samples after them.
        assert_eq!(second_entry(None, &[CITY]), Valid);
        assert_eq!(second_entry(None, &[SHANGHAI]), Duplicate);
        assert_eq!(second_entry(None, &[CITY, SHANGHAI]), Valid);
        assert_eq!(second_entry(None, &[]), Valid);
    }

    #[test]
    fn boundary_who_takes_over_stands_as_the_entry_that_was_taken_over() {
        let handed_over = |from| {
            let mut facts = two_teams(60, uniform());
            facts.enters(3, about(noon(NOON) + 120 * MINUTE), uniform());
            facts.entry(3).continues = Some(ContinuationFact::Handover { from: team(from) });
            facts
        };
        let standings = |facts: &Facts| [1, 2, 3].map(|n| facts.standing(n));
        assert_eq!(standings(&handed_over(1)), [First, Excess, Continuation]);
        let mut facts = handed_over(2);
        assert_eq!(standings(&facts), [First, Excess, Excess]);
        assert_eq!(facts.validity(3), Duplicate);
        facts.decide_entry(2, Contested, 1);
        assert_eq!(standings(&facts), [First, Contested, Contested]);
        facts.decide_entry(2, Continuation, 2);
        assert_eq!(standings(&facts), [First, Continuation, Continuation]);
        // All at one time: the one that says nothing leads, whatever the order of ids.
        let mut chain = handed_over(2);
        chain.entry(1).continues = Some(ContinuationFact::Handover { from: team(3) });
        for n in 1..=3 {
            chain.entry(n).entered = about(noon(NOON));
        }
        assert_eq!(standings(&chain), [Continuation, First, Continuation]);
    }

    #[test]
    fn boundary_a_refusal_that_came_only_later_explains_nothing() {
        let mut facts = two_teams(60, uniform());
        facts.entry(2).continues = Some(ContinuationFact::ResolvedRefusal);
        let resolved = confirmation(ConfirmationOutcome::ResolvedSampled, [20, 21]);
        facts.visits.get_mut(&document(1)).unwrap().confirmations = vec![ConfirmationFact {
            confirmed: about(noon(NOON) + 120 * MINUTE),
            ..resolved
        }];
        let mut refused = |minutes: i64| {
            refuses(&mut facts, 1, noon(NOON) + minutes * MINUTE);
            facts.standing(2)
        };
        assert_eq!((refused(30), refused(90)), (Continuation, Contested));
    }

    #[test]
    fn exempts_a_resumption_after_a_recorded_suspension_and_no_other() {
        let resumed = |recorded| {
            let mut facts = two_teams(24 * 60, uniform());
            let mut again = arrival(2, about(noon("2025-03-02")));
            again.resumes = Some((SuspensionId(Uuid::from_u128(1)), recorded));
            facts.entry(2).arrivals = vec![again];
            facts
        };
        assert_eq!(resumed(true).standing(2), Continuation);
        assert_eq!(resumed(false).standing(2), Excess);
        let mut facts = resumed(true);
        let other = arrival(3, about(noon("2025-03-02")));
        facts.entry(2).arrivals.push(other);
        assert_eq!(
            facts.standing(2),
            Excess,
            "all who walked in again must resume"
        );
    }

    #[test]
    fn boundary_a_handover_from_a_later_entry_or_to_oneself_explains_nothing() {
        let mut facts = two_teams(60, uniform());
        facts.entry(1).continues = Some(ContinuationFact::Handover { from: team(2) });
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
        let mut facts = two_teams(60, uniform());
        facts.entry(2).continues = Some(ContinuationFact::Handover { from: team(2) });
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn boundary_a_lease_that_just_covers_the_claim_decides_and_two_leases_do_not() {
        let at = noon(NOON);
        let covering = Interval {
            lo: at - 5_000,
            hi: at + 5_000,
        };
        let mut facts = two_teams(0, uniform());
        facts.leases_to(2, covering);
        assert_eq!((facts.standing(1), facts.standing(2)), (Excess, First));
        let short = Interval {
            hi: at + 4_999,
            ..covering
        };
        facts.leases_to(2, short);
        assert_eq!(facts.standing(2), Contested);
        for n in [1, 2] {
            facts.leases_to(n, covering);
        }
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Contested, Contested)
        );
    }

    #[test]
    fn boundary_a_product_that_cannot_be_told_apart_needs_a_ruling() {
        let vague = by_name();
        let facts = two_teams(30, vague);
        assert_eq!(
            (facts.standing(2), facts.validity(2)),
            (Excess, NeedsRuling)
        );
        assert!(facts.said().contains("ENTRY1.unsure_product"));
        let mut facts = two_teams(30, uniform());
        facts.survived.insert(sample_id(1), Void);
        assert_eq!(
            facts.validity(2),
            ValidWithViolation,
            "nothing stands against it"
        );
        facts.survived.insert(sample_id(1), NeedsRuling);
        assert_eq!(facts.validity(2), NeedsRuling);
    }

    #[test]
    fn violates_the_plan_with_open_tasks_of_one_body_at_one_enterprise_in_two_campaigns() {
        let assigned = |task_no, campaign, open| Assignment {
            task_id: task(task_no),
            campaign_id: CampaignId(Uuid::from_u128(campaign)),
            body_id: organisation(BODY),
            enterprise: enterprise(),
            open,
        };
        let same = [assigned(1, 1, true), assigned(2, 1, true)];
        assert!(
            plan_collisions(&same).is_empty(),
            "one campaign groups its tasks"
        );
        assert!(plan_collisions(&[assigned(1, 1, true), assigned(2, 2, false)]).is_empty());
        let found = plan_collisions(&[assigned(1, 1, true), assigned(2, 2, true)]);
        assert_eq!(found[0].tasks, BTreeSet::from([task(1), task(2)]));
    }

    #[test]
    fn boundary_a_handover_from_a_team_that_entered_only_later_is_contested() {
        let mut facts = two_teams(60, uniform());
        facts.enters(3, about(noon(NOON) + 120 * MINUTE), uniform());
        facts.entry(2).continues = Some(ContinuationFact::Handover { from: team(3) });
        assert_eq!(
            [1, 2, 3].map(|n| facts.standing(n)),
            [First, Contested, Excess]
        );
    }

    #[test]
    fn boundary_a_confirmation_without_a_refusal_explains_nothing() {
        let mut facts = two_teams(60, uniform());
        facts.entry(2).continues = Some(ContinuationFact::ResolvedRefusal);
        let outcome = ConfirmationOutcome::ResolvedSampled;
        facts.visits.get_mut(&document(1)).unwrap().confirmations =
            vec![confirmation(outcome, [20, 21])];
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn boundary_two_joint_entries_are_not_one_nor_is_one_of_two_days() {
        let mut facts = two_teams(30, uniform());
        for n in [1, 2] {
            facts.entry(n).joint_entry_id = Some(JointEntryId(Uuid::from_u128(n.into())));
        }
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
        let mut facts = two_teams(4 * 24 * 60, uniform());
        for n in [1, 2] {
            facts.entry(n).joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
        }
        facts.decide_entry(2, First, 1);
        assert_eq!((facts.standing(1), facts.standing(2)), (Excess, First));
    }

    #[test]
    fn exempts_a_sample_that_a_person_has_ruled_on_from_any_further_word() {
        let mut facts = two_teams(30, uniform());
        facts.decide_sample(2, Valid, 1);
        let ruled = facts.ruled();
        assert_eq!(ruled.validity(2), Valid);
        let sample = Subject::Sample(sample_id(2));
        assert!(
            ruled
                .findings
                .iter()
                .all(|finding| finding.subject != sample)
        );
    }

    #[test]
    fn passes_a_continuation_of_nothing_which_stands_for_itself() {
        let mut facts = two_teams(30, uniform());
        facts.entries.remove(&entry_id(1));
        facts.entry(2).continues = Some(ContinuationFact::ReEntryGrant {
            grant_id: ReEntryGrantId(Uuid::from_u128(1)),
            honoured: true,
        });
        assert_eq!(facts.standing(2), First);
    }

    #[test]
    fn boundary_who_entered_together_with_the_entry_that_a_person_ruled_first_continues_it() {
        let joint = || {
            let mut facts = two_teams(30, uniform());
            for n in [1, 2] {
                facts.entry(n).joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
            }
            facts
        };
        let mut facts = joint();
        facts.decide_entry(2, First, 1);
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Continuation, First)
        );
        let mut facts = joint();
        facts.decide_entry(2, Contested, 1);
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Contested));
    }

    #[test]
    fn boundary_a_lease_over_a_claim_that_contradicts_what_is_proven_decides_nothing() {
        let mut facts = two_teams(0, uniform());
        let elsewhere = about(noon("2025-02-01")).usable();
        let entry = facts.entry(2);
        entry.entered.claimed = Some(elsewhere);
        facts.leases_to(2, elsewhere);
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Contested, Contested)
        );
    }

    #[test]
    fn boundary_several_sites_say_nothing_more_of_an_entry_that_a_person_ruled_on() {
        let mut facts = two_teams(30, uniform());
        for (n, site) in [(1, "东厂"), (2, "西厂")] {
            let visit = facts.visits.get_mut(&document(n)).unwrap();
            visit.sites = BTreeSet::from([site.into()]);
        }
        facts.decide_entry(1, Contested, 1);
        let ruled = facts.ruled();
        assert_eq!(
            (ruled.standing(1), ruled.standing(2)),
            (Contested, Contested)
        );
        let first = Subject::Entry(entry_id(1));
        assert!(
            ruled
                .findings
                .iter()
                .all(|finding| finding.subject != first)
        );
    }

    #[test]
    fn boundary_an_entry_that_may_be_of_the_firsts_day_joins_it_rather_than_an_earlier_day() {
        let mut facts = two_teams(0, uniform());
        let (day, next_day) = (noon(NOON), noon("2025-03-02"));
        facts.entry(2).entered = proven_only(day, next_day);
        facts.enters(3, about(next_day), uniform());
        for n in [1, 2, 3] {
            facts.entry(n).joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
        }
        facts.decide_entry(3, First, 1);
        assert_eq!(
            [1, 2, 3].map(|n| facts.standing(n)),
            [Excess, Continuation, First]
        );
    }
}
