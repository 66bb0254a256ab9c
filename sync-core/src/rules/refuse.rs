//! REFUSE, 拒检与确认: a refusal is confirmed by enforcement on site, and what was sampled after it is for a person.
//!
//! 晋市监发〔2023〕212号 三: “遇到企业无理由拒绝抽样，或者抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置”; what follows
//! from it, 五: “依法依规在国家企业信用信息公示系统录入拒检企业信息”.

use std::collections::{BTreeMap, BTreeSet};

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::onsite::{self, Bounds, Presence};
use super::rulebook::RuleSettings;
use super::{
    ConfirmationFact, ConfirmationOutcome, EntryFact, Facts, RefusalFact, RefusalStanding,
    Severity, Subject, Validity, VisitFact,
};
use crate::model::{
    ConfirmedSubject, Digest, DocumentId, EntryId, RefusalId, Region, TimeFact, UserId,
};

/// 拒检与确认
pub const RULE: Rule = Rule {
    id: "REFUSE",
    title: Words {
        zh: "拒检与确认",
        en: "Refusal and confirmation",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 三",
        quote: "遇到企业无理由拒绝抽样，或者抽样过程中弄虚作假等情况，执法监管人员需到现场确认处置",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "记录拒检之后又抽样而未经确认解决；确认不在现场、逾时、管辖不符、对象不符，确认人员少于规定或参与了抽样，结论互相矛盾",
        en: "sampled after a refusal that nobody confirmed to be resolved; a confirmation that was not made on site, or late, for another region or another record, by too few officers or by somebody who took part, or that another one contradicts",
    },
    exceptions: Words {
        zh: "确认为已解决或不成立的通过；未确认的不算拒检，两份事实都保留；不在现场的确认，经另一名执法人员复核同意才计入；协助抽样的属地人员可以确认",
        en: "a refusal confirmed to be resolved or not established passes; unconfirmed is no refusal; both facts are kept; a confirmation that was not made on site counts once a second officer agrees; a local officer who assisted may confirm",
    },
    parameters: &[
        Parameter {
            name: "min_officers",
            default: DefaultValue::Number {
                value: 2,
                min: 1,
                max: 20,
            },
            meaning: Words {
                zh: "确认人员最少人数（名）",
                en: "officers who must confirm, at least",
            },
        },
        Parameter {
            name: "on_site_radius_m",
            default: DefaultValue::Number {
                value: 300,
                min: 1,
                max: 100_000,
            },
            meaning: Words {
                zh: "到场半径（米，另加双方定位误差）",
                en: "how far from the entry's place is on site, in metres, beside both accuracies",
            },
        },
        Parameter {
            name: "on_site_hours",
            default: DefaultValue::Number {
                value: 24,
                min: 1,
                max: 1_000,
            },
            meaning: Words {
                zh: "拒检后多少小时内到场确认",
                en: "within how many hours of the refusal",
            },
        },
        Parameter {
            name: "accuracy_max_m",
            default: DefaultValue::Number {
                value: 1_000,
                min: 1,
                max: 100_000,
            },
            meaning: Words {
                zh: "定位误差超过多少米不采用",
                en: "a place that is less certain than this, in metres, is none",
            },
        },
        Parameter {
            name: "co_signature_minutes",
            default: DefaultValue::Number {
                value: 10,
                min: 1,
                max: 1_000,
            },
            meaning: Words {
                zh: "互签两部手机的时间最多相差（分钟）",
                en: "how far the times of two phones that co-sign may lie apart, in minutes",
            },
        },
        Parameter {
            name: "confirmed_is_tracked",
            default: DefaultValue::Switch(true),
            meaning: Words {
                zh: "确认拒检的企业列入跟踪抽查名单",
                en: "an enterprise whose refusal is confirmed is put on the tracking list",
            },
        },
        Parameter {
            name: "confirmed_is_published",
            default: DefaultValue::Switch(true),
            meaning: Words {
                zh: "确认的拒检录入企业信用信息公示系统",
                en: "a confirmed refusal is entered in the credit publicity system",
            },
        },
    ],
    messages: &[
        Message {
            key: "sampled_after_refusal",
            words: Words {
                zh: "记录拒检之后又抽样，由执法人员裁定",
                en: "sampled although a refusal was recorded; enforcement decides",
            },
        },
        Message {
            key: "unconfirmed",
            words: Words {
                zh: "拒检未经执法监管人员现场确认",
                en: "the refusal is not confirmed on site by enforcement",
            },
        },
        Message {
            key: "withdrawn",
            words: Words {
                zh: "抽样人员已撤回拒检记录",
                en: "its samplers took the refusal back",
            },
        },
        Message {
            key: "withdrawn_but_confirmed",
            words: Words {
                zh: "拒检记录已撤回，又有执法人员确认，由人工裁定",
                en: "the refusal was taken back, and officers confirmed it; a person decides",
            },
        },
        Message {
            key: "disagree",
            words: Words {
                zh: "执法人员的确认结论不一致，由人工裁定",
                en: "officers who confirmed found different things; a person decides",
            },
        },
        Message {
            key: "tracked",
            words: Words {
                zh: "拒检已确认，列入跟踪抽查名单",
                en: "the refusal is confirmed: the enterprise goes on the tracking list",
            },
        },
        Message {
            key: "published",
            words: Words {
                zh: "拒检已确认，录入企业信用信息公示系统",
                en: "the refusal is confirmed: it is entered in the credit publicity system",
            },
        },
        Message {
            key: "form_fault",
            words: Words {
                zh: "现场确认有误：{fault}",
                en: "the confirmation is at fault: {fault}",
            },
        },
        Message {
            key: "waits",
            words: Words {
                zh: "确认先于所确认的记录到达，暂不计入",
                en: "a confirmation came before what it confirms, and waits for it",
            },
        },
        Message {
            key: "other_seal",
            words: Words {
                zh: "所确认的签封内容与记录不符，不计入",
                en: "a confirmation is of another sealed text than stands here; it does not count",
            },
        },
        Message {
            key: "no_officer",
            words: Words {
                zh: "没有有权确认的执法人员签字，不计入",
                en: "nobody who may confirm here signed; it does not count",
            },
        },
        Message {
            key: "too_few_officers",
            words: Words {
                zh: "确认人员只有 {count} 名，至少 {min} 名",
                en: "{count} officer(s) confirmed, at least {min} must",
            },
        },
        Message {
            key: "not_independent",
            words: Words {
                zh: "确认人员参与了抽样或属于承检机构",
                en: "somebody who confirmed took part in sampling or belongs to the body",
            },
        },
        Message {
            key: "wrong_region",
            words: Words {
                zh: "按 {region} 管辖确认，企业在 {enterprise}，不计入",
                en: "confirmed for the region {region}, while the enterprise lies in {enterprise}; it does not count",
            },
        },
        Message {
            key: "region_unknown",
            words: Words {
                zh: "企业所在地区不明，不能认定管辖，暂不计入",
                en: "nobody knows in which region the enterprise lies; until then it does not count",
            },
        },
        Message {
            key: "not_on_site",
            words: Words {
                zh: "不能认定到场：{why}；须经另一名执法人员复核同意",
                en: "not shown to be on site: {why}; a second officer must agree",
            },
        },
        Message {
            key: "far",
            words: Words {
                zh: "不在现场：距进门地点 {metres} 米；须经另一名执法人员复核同意",
                en: "not on site: {metres} metres from where the team walked in; a second officer must agree",
            },
        },
        Message {
            key: "by_opinion",
            words: Words {
                zh: "不在现场的确认，经另一名执法人员复核同意",
                en: "not made on site; a second officer agreed",
            },
        },
        Message {
            key: "opinion_against",
            words: Words {
                zh: "另一名执法人员复核不同意，不计入",
                en: "a second officer does not agree; it does not count",
            },
        },
    ],
};

/// A refusal or a report, as far as a confirmation is held against it.
struct Confirmed<'f> {
    happened: &'f TimeFact,
    entry: Option<&'f EntryFact>,
    seals: &'f BTreeSet<Digest>,
    /// Where the enterprise lies.
    region: Option<&'f str>,
}

/// One confirmation on the scales.
struct Weighed<'f> {
    confirmation: &'f ConfirmationFact,
    counts: bool,
    said: Vec<Word>,
}

type Word = (Severity, &'static str, Vec<(&'static str, String)>);

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (document_id, visit) in ruling.visits() {
        let Some((book, settings)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        let mut said: Vec<(Subject, Word)> = Vec::new();
        for weighed in weighed(ruling.facts, settings, document_id, visit) {
            let subject = match weighed.confirmation.subject {
                ConfirmedSubject::Refusal(id) if visit.refusals.contains_key(&id) => {
                    Subject::Refusal(id)
                }
                _ => Subject::Visit(document_id),
            };
            let name = || {
                (
                    "confirmation",
                    weighed.confirmation.confirmation_id.to_string(),
                )
            };
            for (severity, key, mut arguments) in weighed.said {
                arguments.push(name());
                said.push((subject.clone(), (severity, key, arguments)));
            }
        }
        let standings = standings(ruling, document_id, visit);
        for (id, standing) in &standings {
            let subject = Subject::Refusal(*id);
            for (severity, key) in words_of(*standing, &visit.refusals[id], settings) {
                said.push((subject.clone(), (severity, key, vec![])));
            }
            ruling.refusal_stands(*id, *standing);
        }
        // Facts of before refusals were told apart.
        if visit.refused && visit.refusals.is_empty() {
            let word = (Severity::Notice, "unconfirmed", vec![]);
            said.push((Subject::Visit(document_id), word));
        }
        for (subject, (severity, key, arguments)) in said {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity,
                subject,
                winner: None,
                key,
                arguments,
            });
        }
        for (id, sample) in ruling.samples() {
            let after = |refused: Option<&TimeFact>| {
                !refused.is_some_and(|refused| sample.sampled.usable().before(&refused.usable()))
            };
            let open = standings
                .iter()
                .filter(|(_, standing)| !standing.is_resolved())
                .any(|(id, _)| after(Some(&visit.refusals[id].refused)));
            let untold = visit.refused && visit.refusals.is_empty();
            let untold = untold && after(visit.refused_at.as_ref());
            if sample.document_id == Some(document_id) && (open || untold) {
                let key = "sampled_after_refusal";
                ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, vec![]);
            }
        }
    }
}

fn words_of(
    standing: RefusalStanding,
    refusal: &RefusalFact,
    settings: &RuleSettings,
) -> Vec<(Severity, &'static str)> {
    match standing {
        RefusalStanding::Unconfirmed => vec![(Severity::Notice, "unconfirmed")],
        RefusalStanding::Withdrawn => vec![(Severity::Notice, "withdrawn")],
        RefusalStanding::Contested if refusal.withdrawn => {
            vec![(Severity::NeedsRuling, "withdrawn_but_confirmed")]
        }
        RefusalStanding::Contested => vec![(Severity::NeedsRuling, "disagree")],
        RefusalStanding::NotEstablished | RefusalStanding::ResolvedSampled => vec![],
        RefusalStanding::Confirmed => {
            let follows = [
                ("confirmed_is_tracked", "tracked"),
                ("confirmed_is_published", "published"),
            ];
            let follows = follows.into_iter();
            follows
                .filter(|(switch, _)| settings.switch(switch))
                .map(|(_, key)| (Severity::Notice, key))
                .collect()
        }
    }
}

/// What each refusal of a visit is: a person's decision, else what the confirmations that count agree on.
pub(super) fn standings(
    ruling: &Ruling<'_>,
    document_id: DocumentId,
    visit: &VisitFact,
) -> BTreeMap<RefusalId, RefusalStanding> {
    if visit.refusals.is_empty() {
        return BTreeMap::new();
    }
    let settings = ruling.visit_book(document_id, visit).settings(&RULE);
    let mut found: BTreeMap<RefusalId, BTreeSet<ConfirmationOutcome>> = BTreeMap::new();
    for weighed in weighed(ruling.facts, settings, document_id, visit) {
        if let (true, ConfirmedSubject::Refusal(id)) =
            (weighed.counts, weighed.confirmation.subject)
        {
            found
                .entry(id)
                .or_default()
                .insert(weighed.confirmation.outcome);
        }
    }
    let none = BTreeSet::new();
    let standing = |(id, refusal): (&RefusalId, &RefusalFact)| {
        let outcomes = found.get(id).unwrap_or(&none);
        let decided = ruling.decided_refusals.get(id).copied();
        (
            *id,
            decided.unwrap_or_else(|| standing_of(refusal, outcomes)),
        )
    };
    visit.refusals.iter().map(standing).collect()
}

fn standing_of(refusal: &RefusalFact, outcomes: &BTreeSet<ConfirmationOutcome>) -> RefusalStanding {
    let mut outcomes = outcomes.iter();
    match (outcomes.next(), outcomes.next()) {
        (None, _) if refusal.withdrawn => RefusalStanding::Withdrawn,
        (None, _) => RefusalStanding::Unconfirmed,
        (Some(_), Some(_)) => RefusalStanding::Contested,
        // Nobody publishes an enterprise for what its own accusers took back.
        (Some(ConfirmationOutcome::Confirmed), None) if refusal.withdrawn => {
            RefusalStanding::Contested
        }
        (Some(ConfirmationOutcome::Confirmed), None) => RefusalStanding::Confirmed,
        (Some(ConfirmationOutcome::NotEstablished), None) => RefusalStanding::NotEstablished,
        (Some(ConfirmationOutcome::ResolvedSampled), None) => RefusalStanding::ResolvedSampled,
    }
}

/// What the confirmations that count found of a report: all of them, so that two that differ are both there.
pub(super) fn found_of_report(
    ruling: &Ruling<'_>,
    document_id: DocumentId,
    visit: &VisitFact,
    subject: ConfirmedSubject,
) -> BTreeSet<ConfirmationOutcome> {
    let settings = ruling.visit_book(document_id, visit).settings(&RULE);
    weighed(ruling.facts, settings, document_id, visit)
        .into_iter()
        .filter(|it| it.counts && it.confirmation.subject == subject)
        .map(|it| it.confirmation.outcome)
        .collect()
}

/// Every confirmation of a visit, with whether it counts and what is to be said of it.
fn weighed<'f>(
    facts: &'f Facts,
    settings: &RuleSettings,
    document_id: DocumentId,
    visit: &'f VisitFact,
) -> Vec<Weighed<'f>> {
    let entry = |id: Option<&EntryId>| id.and_then(|id| facts.entries.get(id));
    let confirmed = |subject: &ConfirmedSubject| match subject {
        ConfirmedSubject::Refusal(id) => visit.refusals.get(id).map(|it| Confirmed {
            happened: &it.refused,
            entry: entry(it.entry_id.as_ref()),
            seals: &it.seals,
            region: visit.region.as_deref().or(it.region.as_deref()),
        }),
        ConfirmedSubject::OnSiteReport(id) => visit.reports.get(id).map(|it| Confirmed {
            happened: &it.reported,
            entry: entry(it.entry_id.as_ref()),
            seals: &it.seals,
            region: visit.region.as_deref(),
        }),
    };
    let took_part = who_took_part(facts, document_id, visit);
    let confirmations = visit.confirmations.iter();
    confirmations
        .map(|confirmation| {
            let Some(confirmed) = confirmed(&confirmation.subject) else {
                return Weighed {
                    confirmation,
                    counts: false,
                    said: vec![(Severity::Notice, "waits", vec![])],
                };
            };
            weigh(&confirmed, settings, visit, &took_part, confirmation)
        })
        .collect()
}

fn weigh<'f>(
    confirmed: &Confirmed<'_>,
    settings: &RuleSettings,
    visit: &VisitFact,
    took_part: &BTreeSet<UserId>,
    confirmation: &'f ConfirmationFact,
) -> Weighed<'f> {
    let mut said: Vec<Word> = Vec::new();
    let mut counts = true;
    let mut against = |severity, key, arguments| {
        said.push((severity, key, arguments));
        counts = false;
    };
    if !confirmed.seals.contains(&confirmation.seal) {
        against(Severity::NeedsRuling, "other_seal", vec![]);
    }
    if confirmation.officers.is_empty() {
        against(Severity::Violation, "no_officer", vec![]);
    }
    let independent = |user: &UserId| !took_part.contains(user);
    let of_the_body = confirmation.organisations.contains(&visit.body_id);
    if of_the_body || !confirmation.officers.iter().all(independent) {
        against(Severity::Violation, "not_independent", vec![]);
    }
    let region = |text: &str| text.parse::<Region>().ok();
    match (
        region(&confirmation.region),
        confirmed.region.and_then(region),
    ) {
        (Some(theirs), Some(here)) if theirs.contains(&here) => {}
        (_, Some(here)) => {
            let arguments = vec![
                ("region", confirmation.region.clone()),
                ("enterprise", here.to_string()),
            ];
            against(Severity::Violation, "wrong_region", arguments);
        }
        (_, None) => against(Severity::NeedsRuling, "region_unknown", vec![]),
    }
    let bounds = Bounds::of(settings);
    let presence = onsite::presence(&bounds, confirmed.entry, confirmed.happened, confirmation);
    if let Presence::NotOnSite { why, metres } = presence {
        let opinions = confirmation.opinions.iter().filter(|opinion| {
            independent(&opinion.officer)
                && opinion.organisation_id != visit.body_id
                && !confirmation.officers.contains(&opinion.officer)
        });
        let agreed: BTreeSet<bool> = opinions.map(|opinion| opinion.agrees).collect();
        match (agreed.contains(&true), agreed.contains(&false)) {
            (true, false) => said.push((Severity::Notice, "by_opinion", vec![])),
            (_, true) => against(Severity::NeedsRuling, "opinion_against", vec![]),
            (false, false) => match metres {
                Some(metres) => {
                    let arguments = vec![("metres", metres.to_string())];
                    against(Severity::NeedsRuling, "far", arguments);
                }
                None => {
                    let arguments = vec![("why", why.to_owned())];
                    against(Severity::NeedsRuling, "not_on_site", arguments);
                }
            },
        }
    }
    for fault in &confirmation.faults {
        let arguments = vec![("fault", fault.clone())];
        said.push((Severity::Violation, "form_fault", arguments));
    }
    let min = settings.number("min_officers");
    let count = i64::try_from(confirmation.officers.len()).unwrap_or(i64::MAX);
    if count < min {
        let arguments = vec![("count", count.to_string()), ("min", min.to_string())];
        said.push((Severity::Violation, "too_few_officers", arguments));
    }
    Weighed {
        confirmation,
        counts,
        said,
    }
}

/// Whoever signed as a sampler, or was there as one. An officer who merely assisted (属地监管人员协助抽样) is not among them.
fn who_took_part(facts: &Facts, document_id: DocumentId, visit: &VisitFact) -> BTreeSet<UserId> {
    let of_samples = facts
        .samples
        .values()
        .filter(|sample| sample.document_id == Some(document_id))
        .flat_map(|sample| &sample.signers);
    let present = facts
        .entries
        .values()
        .filter(|entry| entry.document_id == document_id)
        .flat_map(|entry| &entry.arrivals)
        .flat_map(|arrival| &arrival.samplers);
    let of_refusals = visit.refusals.values().flat_map(|it| &it.signers);
    let of_reports = visit.reports.values().flat_map(|it| &it.signers);
    of_samples
        .chain(present)
        .chain(of_refusals)
        .chain(of_reports)
        .chain(&visit.signed_not_sampled)
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    use ConfirmationOutcome::{Confirmed, NotEstablished, ResolvedSampled};

    const KEY: &str = "REFUSE.sampled_after_refusal";

    /// Walked in, was refused an hour before the sample was drawn, and confirmed as said.
    fn refused(confirmations: Vec<ConfirmationFact>) -> impl FnOnce(&mut Facts) {
        move |f| {
            refused_at(noon(NOON) - 60 * MINUTE)(f);
            at_visit(f).confirmations = confirmations;
        }
    }
    fn refused_at(at: Millis) -> impl FnOnce(&mut Facts) {
        move |f| {
            if f.entries.is_empty() {
                entered(f, noon(NOON) - 90 * MINUTE);
            }
            refuses(f, 1, at);
        }
    }
    fn standing(change: impl FnOnce(&mut Facts)) -> RefusalStanding {
        let mut facts = one_sample(CITY);
        change(&mut facts);
        facts.ruled().refusal(1)
    }
    /// One confirmation after a change: what it makes of the refusal, and what is said.
    fn one(change: impl FnOnce(&mut ConfirmationFact)) -> (RefusalStanding, BTreeSet<String>) {
        let mut facts = one_sample(CITY);
        let mut it = confirmation(Confirmed, [20, 21]);
        change(&mut it);
        refused(vec![it])(&mut facts);
        let of_confirmation =
            |key: &String| !["REFUSE.sampled_after_refusal"].contains(&key.as_str());
        let said = facts.said().into_iter().filter(of_confirmation).collect();
        (facts.ruled().refusal(1), said)
    }
    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| format!("REFUSE.{key}")).collect()
    }

    #[test]
    fn violates_when_sampled_after_a_refusal_that_is_confirmed_or_waits_for_it() {
        assert_eq!(after(refused(vec![]), KEY), (NeedsRuling, true));
        assert_eq!(
            after(refused(vec![]), "REFUSE.unconfirmed"),
            (NeedsRuling, true)
        );
        let confirmed = vec![confirmation(Confirmed, [20, 21])];
        assert_eq!(after(refused(confirmed), KEY), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_officers_disagree_whether_the_refusal_was_resolved() {
        let disagree = || {
            vec![
                confirmation(ResolvedSampled, [20, 21]),
                confirmation(Confirmed, [22, 23]),
            ]
        };
        assert_eq!(after(refused(disagree()), KEY), (NeedsRuling, true));
        assert_eq!(
            after(refused(disagree()), "REFUSE.disagree"),
            (NeedsRuling, true)
        );
        assert_eq!(standing(refused(disagree())), RefusalStanding::Contested);
    }

    #[test]
    fn violates_when_a_sampler_or_the_body_itself_confirms_and_that_resolves_nothing() {
        let signer = || vec![confirmation(ResolvedSampled, [1, 20])];
        assert_eq!(
            after(refused(signer()), "REFUSE.not_independent"),
            (NeedsRuling, true)
        );
        assert_eq!(after(refused(signer()), KEY), (NeedsRuling, true));
        let mut colleagues = confirmation(ResolvedSampled, [20, 21]);
        colleagues.organisations.insert(organisation(BODY));
        let body = refused(vec![colleagues]);
        assert_eq!(after(body, "REFUSE.not_independent"), (NeedsRuling, true));
        let walked_in = |f: &mut Facts| {
            entered(f, noon(NOON) - 90 * MINUTE)
                .samplers
                .insert(user(20));
            refused(vec![confirmation(ResolvedSampled, [20, 21])])(f);
        };
        assert_eq!(
            after(walked_in, "REFUSE.not_independent"),
            (NeedsRuling, true)
        );
    }

    #[test]
    fn violates_when_who_signed_the_refusal_the_report_or_that_nothing_was_sampled_confirms() {
        let signed: [fn(&mut VisitFact); 3] = [
            |it| {
                _ = it
                    .refusals
                    .get_mut(&refusal_id(1))
                    .unwrap()
                    .signers
                    .insert(user(20))
            },
            |it| {
                let mut report = report(noon(NOON));
                report.signers = BTreeSet::from([user(20)]);
                it.reports
                    .insert(OnSiteReportId(Uuid::from_u128(5)), report);
            },
            |it| _ = it.signed_not_sampled.insert(user(20)),
        ];
        for sign in signed {
            let told = standing(|f| {
                refused(vec![confirmation(Confirmed, [20, 21])])(f);
                sign(at_visit(f));
            });
            assert_eq!(told, RefusalStanding::Unconfirmed);
        }
    }

    #[test]
    fn violates_when_the_confirmation_was_made_elsewhere_late_or_with_a_made_up_place() {
        type Change = fn(&mut ConfirmationFact);
        let cases: [(Change, &str); 5] = [
            (|it| it.location = Some(place(3_000)), "far"),
            (
                |it| it.confirmed = about(noon(NOON) + 24 * 60 * MINUTE),
                "not_on_site",
            ),
            (
                |it| it.confirmed = about(noon(NOON) - 120 * MINUTE),
                "not_on_site",
            ),
            (
                |it| it.location.as_mut().unwrap().mocked = true,
                "not_on_site",
            ),
            (|it| it.location = None, "not_on_site"),
        ];
        for (change, key) in cases {
            let (standing, said) = one(change);
            assert_eq!(standing, RefusalStanding::Unconfirmed, "{key}");
            assert_eq!(said, keys(&[key, "unconfirmed"]));
        }
    }

    #[test]
    fn violates_when_it_is_for_another_region_another_text_or_signed_by_nobody_who_may() {
        type Change = fn(&mut ConfirmationFact);
        let cases: [(Change, &[&str]); 5] = [
            (|it| it.region = "140525".into(), &["wrong_region"]),
            (|it| it.region = "nowhere".into(), &["wrong_region"]),
            (|it| it.seal = Digest([9; 32]), &["other_seal"]),
            (
                |it| it.officers.clear(),
                &["no_officer", "too_few_officers"],
            ),
            (
                |it| it.subject = ConfirmedSubject::Refusal(refusal_id(7)),
                &["waits"],
            ),
        ];
        for (change, found) in cases {
            let (standing, mut said) = one(change);
            assert_eq!(standing, RefusalStanding::Unconfirmed, "{found:?}");
            assert!(said.remove("REFUSE.unconfirmed"));
            assert_eq!(said, keys(found));
        }
        let unknown = standing(|f| {
            refused(vec![confirmation(Confirmed, [20, 21])])(f);
            at_visit(f).region = None;
        });
        assert_eq!(unknown, RefusalStanding::Unconfirmed);
    }

    #[test]
    fn passes_when_the_refusal_is_confirmed_to_be_resolved_or_not_established() {
        for outcome in [ResolvedSampled, NotEstablished] {
            let mut facts = one_sample(CITY);
            refused(vec![confirmation(outcome, [20, 21])])(&mut facts);
            assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        }
    }

    #[test]
    fn passes_a_confirmed_refusal_on_to_the_tracking_list_and_the_publicity_outbox() {
        let (told, said) = one(|_| ());
        assert_eq!(told, RefusalStanding::Confirmed);
        assert_eq!(said, keys(&["tracked", "published"]));
        let (told, said) = one(|it| it.region = "140500".into());
        assert_eq!(
            (told, said.len()),
            (RefusalStanding::Confirmed, 2),
            "the city above"
        );
    }

    #[test]
    fn exempts_an_officer_who_merely_assisted_the_sampling() {
        let assisted = |f: &mut Facts| {
            entered(f, noon(NOON) - 90 * MINUTE)
                .assisting
                .insert(user(20));
            refused(vec![confirmation(ResolvedSampled, [20, 21])])(f);
        };
        assert_eq!(after(assisted, "REFUSE.not_independent"), (Valid, false));
    }

    #[test]
    fn exempts_what_was_provably_sampled_before_the_refusal() {
        let later = refused_at(noon(NOON) + 60 * MINUTE);
        assert_eq!(after(later, KEY), (Valid, false));
    }

    #[test]
    fn exempts_a_confirmation_from_afar_to_which_a_second_officer_agrees_and_no_other() {
        let opinion = |officer: u128, agrees: bool| OpinionFact {
            opinion_id: OpinionId(Uuid::from_u128(officer)),
            officer: user(officer),
            organisation_id: organisation(COUNTY),
            agrees,
        };
        let afar = |opinions: Vec<OpinionFact>| {
            one(|it| {
                it.location = Some(place(3_000));
                it.opinions = opinions.into_iter().collect();
            })
        };
        let (told, said) = afar(vec![opinion(30, true)]);
        assert_eq!(told, RefusalStanding::Confirmed);
        assert_eq!(said, keys(&["by_opinion", "tracked", "published"]));
        // Who signed it gives no second opinion, nor does a sampler, nor the body.
        let mut of_the_body = opinion(30, true);
        of_the_body.organisation_id = organisation(BODY);
        for none in [opinion(20, true), opinion(1, true), of_the_body] {
            assert_eq!(afar(vec![none]).0, RefusalStanding::Unconfirmed);
        }
        for against in [
            vec![opinion(30, false)],
            vec![opinion(30, true), opinion(31, false)],
        ] {
            let (told, said) = afar(against);
            assert_eq!(told, RefusalStanding::Unconfirmed);
            assert_eq!(said, keys(&["opinion_against", "unconfirmed"]));
        }
        // On site nobody's opinion is asked.
        let (told, _) = one(|it| it.opinions = [opinion(30, false)].into());
        assert_eq!(told, RefusalStanding::Confirmed);
    }

    #[test]
    fn exempts_what_its_samplers_took_back_and_contests_what_was_confirmed_as_well() {
        let taken_back = |confirmations: Vec<ConfirmationFact>| {
            let mut facts = one_sample(CITY);
            refused(confirmations)(&mut facts);
            let refusals = &mut at_visit(&mut facts).refusals;
            refusals.get_mut(&refusal_id(1)).unwrap().withdrawn = true;
            (facts.ruled().refusal(1), facts.said())
        };
        let (told, said) = taken_back(vec![]);
        assert_eq!(told, RefusalStanding::Withdrawn);
        assert_eq!(said, keys(&["withdrawn", "sampled_after_refusal"]));
        let (told, said) = taken_back(vec![confirmation(Confirmed, [20, 21])]);
        assert_eq!(told, RefusalStanding::Contested);
        assert!(
            said.contains("REFUSE.withdrawn_but_confirmed") && !said.contains("REFUSE.tracked")
        );
        let (told, _) = taken_back(vec![confirmation(NotEstablished, [20, 21])]);
        assert_eq!(told, RefusalStanding::NotEstablished);
    }

    #[test]
    fn exempts_nothing_from_a_persons_decision() {
        let decided = |standing: RefusalStanding| {
            let mut facts = one_sample(CITY);
            refused(vec![confirmation(Confirmed, [20, 21])])(&mut facts);
            facts.decide_refusal(1, standing, 1);
            (facts.ruled().refusal(1), facts.validity(1))
        };
        for (standing, validity) in [
            (RefusalStanding::NotEstablished, Valid),
            (RefusalStanding::ResolvedSampled, Valid),
            (RefusalStanding::Confirmed, NeedsRuling),
        ] {
            assert_eq!(decided(standing), (standing, validity));
        }
    }

    #[test]
    fn boundary_a_sample_whose_interval_touches_the_refusal_is_not_earlier() {
        assert_eq!(
            after(refused_at(noon(NOON) + 10_000), KEY),
            (NeedsRuling, true)
        );
        assert_eq!(after(refused_at(noon(NOON) + 10_001), KEY), (Valid, false));
    }

    #[test]
    fn boundary_each_refusal_is_confirmed_by_itself() {
        let mut facts = one_sample(CITY);
        refused(vec![confirmation(ResolvedSampled, [20, 21])])(&mut facts);
        let second = at_visit(&mut facts).refusals[&refusal_id(1)].clone();
        at_visit(&mut facts).refusals.insert(refusal_id(2), second);
        let ruled = facts.ruled();
        assert_eq!(ruled.refusal(1), RefusalStanding::ResolvedSampled);
        assert_eq!(ruled.refusal(2), RefusalStanding::Unconfirmed);
        assert_eq!(ruled.validity(1), NeedsRuling);
    }

    #[test]
    fn boundary_two_officers_are_enough_and_one_is_a_finding_that_still_resolves() {
        let key = "REFUSE.too_few_officers";
        let two = refused(vec![confirmation(ResolvedSampled, [20, 21])]);
        assert_eq!(after(two, key), (Valid, false));
        let one = refused(vec![confirmation(ResolvedSampled, [20])]);
        assert_eq!(after(one, key), (Valid, true));
    }

    #[test]
    fn boundary_a_fault_of_the_form_is_told_and_the_confirmation_counts() {
        let (told, said) = one(|it| _ = it.faults.insert("confirmation.measures.required".into()));
        assert_eq!(told, RefusalStanding::Confirmed);
        assert!(said.contains("REFUSE.form_fault"));
    }

    #[test]
    fn boundary_facts_of_before_refusals_were_told_apart_stay_open() {
        let bare = |at: Option<Millis>| {
            move |f: &mut Facts| {
                at_visit(f).refused = true;
                at_visit(f).refused_at = at.map(about);
            }
        };
        assert_eq!(
            after(bare(Some(noon(NOON) - 60 * MINUTE)), KEY),
            (NeedsRuling, true)
        );
        assert_eq!(after(bare(None), KEY), (NeedsRuling, true));
        assert_eq!(
            after(bare(Some(noon(NOON) + 60 * MINUTE)), KEY),
            (Valid, false)
        );
        assert_eq!(after(bare(None), "REFUSE.unconfirmed"), (NeedsRuling, true));
    }

    #[test]
    fn boundary_the_rulebook_at_the_first_entry_binds_the_whole_visit() {
        let stricter = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2025-03-02'\nsource = 's'\n[rules.REFUSE]\nmin_officers = 3";
        let books = Rulebooks::builtin().with(stricter).unwrap();
        let too_few = |entry_day: &str, sample_day: &str| {
            let mut facts = one_sample(CITY);
            entered(&mut facts, noon(entry_day));
            facts.at(1).sampled = about(noon(sample_day));
            refused(vec![confirmation(ResolvedSampled, [20, 21])])(&mut facts);
            let findings = rule(&facts, &books).findings;
            findings
                .iter()
                .any(|f| f.message == "REFUSE.too_few_officers")
        };
        assert!(!too_few("2025-03-01", "2025-03-03"));
        assert!(too_few("2025-03-02", "2025-03-03"));
    }

    #[test]
    fn boundary_the_rulebook_sets_the_radius_the_hours_and_what_follows() {
        let book = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2024-01-01'\nsource = 's'\n[rules.REFUSE]\non_site_radius_m = 5000\n\
            on_site_hours = 1\nconfirmed_is_published = false";
        let books = Rulebooks::builtin().with(book).unwrap();
        let said = |metres: i64, minutes: i64| {
            let mut it = confirmation(Confirmed, [20, 21]);
            it.location = Some(place(metres));
            it.confirmed = about(noon(NOON) + (minutes - 60) * MINUTE);
            let mut facts = one_sample(CITY);
            refused(vec![it])(&mut facts);
            let findings = rule(&facts, &books).findings;
            let of_refusal =
                |f: &Finding| f.rule_id == "REFUSE" && f.severity != Severity::NeedsRuling;
            findings
                .into_iter()
                .filter(of_refusal)
                .map(|f| f.message)
                .collect::<Vec<_>>()
        };
        assert_eq!(said(4_900, 30), ["REFUSE.tracked"]);
        assert_eq!(said(4_900, 90), ["REFUSE.unconfirmed"]);
        assert_eq!(said(5_100, 30), ["REFUSE.unconfirmed"]);
    }
}
