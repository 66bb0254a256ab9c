//! Facts that read like sentences, for the examples of the rules, and a small random source whose seed is printed.

pub use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
pub use uuid::Uuid;

pub use super::examples::twins::{Limit, Number, SIX_MONTHS};
pub use super::*;
pub use crate::model::*;
use crate::proof::OrganisationKind;
pub use Standing::{Contested, Continuation, Excess, First, Uncounted};
pub use Validity::{Duplicate, NeedsRuling, Valid, ValidWithViolation, Void};

pub const MINUTE: Millis = 60_000;
pub const PROVINCE: u128 = 14;
pub const CITY: u128 = 1405;
pub const COUNTY: u128 = 140_525;
pub const SHANGHAI: u128 = 31;
pub const PUDONG: u128 = 310_115;
pub const NATION: u128 = 1;
const CAMPAIGN: u128 = 77;
/// The day on which the sample of a single visit is drawn, at noon.
pub const NOON: &str = "2025-03-01";

pub fn organisation(n: u128) -> OrganisationId {
    OrganisationId(Uuid::from_u128(n))
}
pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}
pub fn sample_id(n: u128) -> SampleId {
    SampleId(Uuid::from_u128(n))
}
pub fn task(n: u128) -> TaskId {
    TaskId(Uuid::from_u128(n))
}
pub fn team(n: u128) -> TeamId {
    TeamId(Uuid::from_u128(n))
}
pub fn document(n: u8) -> DocumentId {
    DocumentId([n; 32])
}
pub fn entry_id(n: u8) -> EntryId {
    EntryId(format!("entry-{n}"))
}
pub fn enterprise() -> EnterpriseKey {
    EnterpriseKey("uscc:911405810000B3G78L".into())
}
pub const BODY: u128 = 500;

/// Noon in Shanghai on a day.
pub fn noon(day: &str) -> Millis {
    shanghai_midnight(day.parse::<Date>().unwrap()) + 12 * 60 * MINUTE
}
/// Claimed to within five seconds.
pub fn about(at: Millis) -> TimeFact {
    between(at - 5_000, at + 5_000)
}
pub fn between(lo: Millis, hi: Millis) -> TimeFact {
    let proven = Interval {
        lo: lo - 3_600_000,
        hi: hi + 3_600_000,
    };
    TimeFact {
        proven,
        claimed: Some(Interval { lo, hi }),
        wall_ms: lo,
    }
}
/// After a reboot: nothing is claimed.
pub fn proven_only(lo: Millis, hi: Millis) -> TimeFact {
    TimeFact {
        proven: Interval { lo, hi },
        claimed: None,
        wall_ms: lo,
    }
}

fn authority(level: &str, region: &str, parent: Option<u128>) -> OrganisationFact {
    OrganisationFact {
        kind: OrganisationKind::Authority,
        name: format!("{region}局"),
        level: Some(level.into()),
        region: Some(region.into()),
        parent_id: parent.map(organisation),
        suspended: vec![],
    }
}

/// A world with the authorities of Shanxi and Shanghai and one approved task for each.
pub fn facts(scope: ScopeKey) -> Facts {
    let mut facts = Facts::new(scope);
    let campaign = CampaignId(Uuid::from_u128(CAMPAIGN));
    facts.campaigns.insert(campaign, organisation(CITY));
    for (id, level, region, parent) in [
        (NATION, "national", "000000", None),
        (PROVINCE, "province", "140000", Some(NATION)),
        (CITY, "city", "140500", Some(PROVINCE)),
        (COUNTY, "county", "140525", Some(CITY)),
        (SHANGHAI, "province", "310000", Some(NATION)),
        (PUDONG, "county", "310115", Some(SHANGHAI)),
    ] {
        facts
            .organisations
            .insert(organisation(id), authority(level, region, parent));
        facts.tasks.insert(
            task(id),
            TaskFact {
                campaign_id: campaign,
                authority_id: organisation(id),
                body_id: Some(organisation(BODY)),
                former_bodies: vec![],
                approved: true,
                cancelled_at_ms: None,
                sampling_kind: "routine".into(),
                product_name: "学生服".into(),
                disclosures: BTreeSet::new(),
            },
        );
    }
    let body = OrganisationFact {
        kind: OrganisationKind::InspectionBody,
        name: "晋阳示例检测".into(),
        ..authority("", "140100", None)
    };
    facts.organisations.insert(
        organisation(BODY),
        OrganisationFact {
            level: None,
            ..body
        },
    );
    facts
}

pub fn uniform() -> ProductFact {
    ProductFact {
        producer: "911405810000B3G78L".into(),
        producer_has_uscc: true,
        producer_name: "高平示例服饰".into(),
        standards: BTreeSet::from(["GB/T 31888-2015".to_owned()]),
        trademark: "无".into(),
        spec_model: "160".into(),
        incomplete: false,
    }
}
/// The same with a producer that is known by its name alone.
pub fn by_name() -> ProductFact {
    ProductFact {
        producer: uniform().producer_name,
        producer_has_uscc: false,
        producer_name: String::new(),
        ..uniform()
    }
}
pub fn another_model() -> ProductFact {
    ProductFact {
        spec_model: "170".into(),
        ..uniform()
    }
}

/// A sample in perfect order, drawn for an authority.
pub fn sample(authority: u128, sampled: TimeFact) -> SampleFact {
    SampleFact {
        source: SamplingSource::Captured,
        document_id: Some(document(1)),
        entry_id: Some(entry_id(1)),
        sheet_no: None,
        task_id: Some(task(authority)),
        sampling_kind: "routine".into(),
        channel: "production".into(),
        authority_id: Some(organisation(authority)),
        body_id: Some(organisation(BODY)),
        enterprise: Some(enterprise()),
        product: uniform(),
        lot_no: Some(format!("L{}", sampled.wall_ms)),
        production_date: None,
        sampled,
        lot_base_milli: Some(100_000),
        test_qty_milli: Some(2_000),
        spare_qty_milli: Some(1_000),
        min_base_milli: Some(50_000),
        export_only: false,
        not_for_sale: None,
        purpose: Purpose::Task,
        signers: BTreeSet::from([user(1), user(2)]),
        party_signed: true,
        seal_numbers: BTreeSet::new(),
        distinct_seals: 1,
        amended: false,
        unsigned_amendments: 0,
        also_claimed: BTreeSet::new(),
        voided: None,
        faults: vec![],
        custody: CustodyFact::default(),
    }
}

/// A visit in perfect order.
pub fn visit() -> VisitFact {
    let evidence = ["place", "label", "stock", "sealing"].map(|kind| EvidenceFact {
        kind: kind.into(),
        sample_id: None,
        medium: "video".into(),
        captured: about(noon("2025-03-01")),
        verified: Some(true),
        mismatched: false,
        evidence_id: None,
        sha256: None,
        media_type: "video/mp4".into(),
        location: None,
        found: None,
        reused: BTreeSet::new(),
        review: None,
        answers: BTreeMap::new(),
    });
    VisitFact {
        campaign_id: CampaignId(Uuid::from_u128(CAMPAIGN)),
        body_id: organisation(BODY),
        enterprise: enterprise(),
        team_id: Some(team(1)),
        roster: BTreeSet::from([user(1), user(2), user(3)]),
        authors: BTreeSet::from([user(1)]),
        region: Some("140581".into()),
        sites: BTreeSet::new(),
        recusals: vec![],
        evidence: evidence.to_vec(),
        refused: false,
        refused_at: None,
        refusals: BTreeMap::new(),
        reports: BTreeMap::new(),
        confirmations: vec![],
        not_sampled: false,
        signed_not_sampled: BTreeSet::new(),
        notices: BTreeMap::new(),
        terminated: None,
        unreadable: vec![],
        faults: vec![],
    }
}

pub fn door() -> Facts {
    facts(ScopeKey::Door {
        campaign_id: CampaignId(Uuid::from_u128(CAMPAIGN)),
        body_id: organisation(BODY),
        enterprise: enterprise(),
    })
}
pub fn product() -> Facts {
    facts(ScopeKey::Product {
        product: uniform().scope_digest(),
    })
}
pub fn year(year: i16) -> Facts {
    facts(ScopeKey::EnterpriseYear {
        enterprise: enterprise(),
        year,
    })
}

/// One visit with one sample, drawn at noon on 2025-03-01 for an authority.
pub fn one_sample(authority: u128) -> Facts {
    let mut facts = facts(ScopeKey::Visit {
        document_id: document(1),
    });
    facts.visits.insert(document(1), visit());
    facts
        .samples
        .insert(sample_id(1), sample(authority, about(noon("2025-03-01"))));
    facts
}

/// The one sample after a change of the facts: its validity, and whether the finding of this key was made.
pub fn after(change: impl FnOnce(&mut Facts), key: &str) -> (Validity, bool) {
    let mut facts = one_sample(CITY);
    change(&mut facts);
    (facts.validity(1), facts.said().contains(key))
}
pub fn at_visit(facts: &mut Facts) -> &mut VisitFact {
    facts.visits.get_mut(&document(1)).unwrap()
}
pub fn at_task(facts: &mut Facts) -> &mut TaskFact {
    facts.tasks.get_mut(&task(CITY)).unwrap()
}
/// An arrival of two samplers who showed notice and identification.
pub fn arrival(n: u128, entered: TimeFact) -> ArrivalFact {
    ArrivalFact {
        arrival_id: ArrivalId(Uuid::from_u128(n)),
        device_id: DeviceId(Uuid::from_u128(n)),
        user_id: user(1),
        samplers: BTreeSet::from([user(1), user(2)]),
        entered,
        notice_no: Some("通知书1号".into()),
        id_shown: true,
        resumes: None,
        assisting: BTreeSet::new(),
        location: Some(place(0)),
    }
}
/// A place so many metres north of the gate, known to within ten.
pub fn place(metres: i64) -> Location {
    Location {
        latitude_e7: 354_900_000 + metres * 10_000_000 / 110_950,
        longitude_e7: 1_128_500_000,
        accuracy_mm: 10_000,
        crs_source: "wgs84".into(),
        mocked: false,
    }
}
pub fn refusal_id(n: u128) -> RefusalId {
    RefusalId(Uuid::from_u128(n))
}
/// What the samplers signed who were refused.
const SEAL: Digest = Digest([7; 32]);
/// The visit of this number was refused at an instant, in its entry of the same number; two samplers sealed it.
pub fn refuses(facts: &mut Facts, n: u8, at: Millis) {
    let entry = facts.entry(n);
    if entry.arrivals.is_empty() {
        entry.arrivals.push(arrival(n.into(), entry.entered));
    }
    let visit = facts.visits.get_mut(&document(n)).unwrap();
    visit.refused = true;
    visit.refused_at = Some(about(at));
    let refusal = RefusalFact {
        kind: "no_reason".into(),
        refused: about(at),
        entry_id: Some(entry_id(n)),
        region: None,
        seals: BTreeSet::from([SEAL]),
        signers: BTreeSet::from([user(1), user(2)]),
        withdrawn: false,
    };
    visit.refusals.insert(refusal_id(n.into()), refusal);
}
/// A report to the authority of the campaign, sealed by two samplers, in the first entry.
pub fn report(at: Millis) -> ReportFact {
    ReportFact {
        grounds: "unlicensed".into(),
        reported: about(at),
        entry_id: Some(entry_id(1)),
        recipients: BTreeSet::from([organisation(CITY)]),
        terminated: true,
        seals: BTreeSet::from([SEAL]),
        signers: BTreeSet::from([user(1), user(2)]),
    }
}
/// The visit of the one sample with an entry at an instant, made by one arrival.
pub fn entered(facts: &mut Facts, at: Millis) -> &mut ArrivalFact {
    let drawn = facts.first().clone();
    facts.enters(1, about(at), uniform()).arrivals = vec![arrival(1, about(at))];
    *facts.first() = SampleFact {
        entry_id: Some(entry_id(1)),
        ..drawn
    };
    &mut facts.entry(1).arrivals[0]
}
/// Officers, by their numbers, who confirmed the first refusal on site, half an hour before noon.
pub fn confirmation(
    outcome: ConfirmationOutcome,
    officers: impl IntoIterator<Item = u128>,
) -> ConfirmationFact {
    let officers: BTreeSet<UserId> = officers.into_iter().map(user).collect();
    let first = officers.first().map_or(0, |user| user.0.as_u128());
    ConfirmationFact {
        confirmation_id: ConfirmationId(Uuid::from_u128(first)),
        subject: ConfirmedSubject::Refusal(refusal_id(1)),
        seal: SEAL,
        region: "140581".into(),
        officers,
        organisations: BTreeSet::from([organisation(COUNTY)]),
        outcome,
        confirmed: about(noon(NOON) - 30 * MINUTE),
        location: Some(place(20)),
        co_signatures: BTreeSet::new(),
        opinions: BTreeSet::new(),
        faults: BTreeSet::new(),
    }
}

impl Facts {
    /// A sample by its number.
    pub fn at(&mut self, n: u8) -> &mut SampleFact {
        self.samples.get_mut(&sample_id(n.into())).unwrap()
    }
    /// An entry by its number.
    pub fn entry(&mut self, n: u8) -> &mut EntryFact {
        self.entries.get_mut(&entry_id(n)).unwrap()
    }
    /// Batches of one entry a minute apart, numbered from 1, each for the task of its number.
    pub fn batches(count: u8, authority: u128, task_of: impl Fn(u8) -> u128) -> Self {
        let mut facts = year(2025);
        for n in 1..=count {
            let at = noon(NOON) + i64::from(n) * MINUTE;
            let mut drawn = sample(authority, about(at));
            (drawn.document_id, drawn.entry_id) = (Some(document(1)), Some(entry_id(1)));
            drawn.task_id = Some(task(task_of(n)));
            let template = facts.tasks[&task(authority)].clone();
            facts.tasks.insert(task(task_of(n)), template);
            facts.samples.insert(sample_id(n.into()), drawn);
        }
        facts
    }
    /// An entry of a team (its number is the document's), with a sample of its own of the same number.
    pub fn enters(&mut self, n: u8, entered: TimeFact, product: ProductFact) -> &mut EntryFact {
        let drawn = SampleFact {
            entry_id: Some(entry_id(n)),
            document_id: Some(document(n)),
            product,
            ..sample(CITY, entered)
        };
        self.samples.insert(sample_id(n.into()), drawn);
        self.visits.entry(document(n)).or_insert_with(visit);
        self.entries.entry(entry_id(n)).or_insert(EntryFact {
            document_id: document(n),
            campaign_id: CampaignId(Uuid::from_u128(CAMPAIGN)),
            body_id: organisation(BODY),
            enterprise: enterprise(),
            team_id: Some(team(n.into())),
            arrivals: vec![],
            entered,
            joint_entry_id: None,
            unexplained_resumption_of: None,
            continues: None,
            drew_samples: true,
        })
    }
    /// The team of an entry holds the lease on its door, instead of any that it held before.
    pub fn leases_to(&mut self, n: u8, valid: Interval) {
        let entry = &self.entries[&entry_id(n)];
        let lease = LeaseFact {
            campaign_id: entry.campaign_id,
            body_id: entry.body_id,
            enterprise: entry.enterprise.clone(),
            team_id: team(n.into()),
            valid,
        };
        self.leases
            .insert(LeaseId(Uuid::from_u128(n.into())), lease);
    }
    /// A sample of the given number, drawn on an occasion of its own.
    pub fn drawn(&mut self, n: u8, authority: u128, day: &str) -> &mut SampleFact {
        let drawn = SampleFact {
            document_id: Some(document(n)),
            entry_id: Some(entry_id(n)),
            ..sample(authority, about(noon(day)))
        };
        self.samples.entry(sample_id(n.into())).or_insert(drawn)
    }
    pub fn first(&mut self) -> &mut SampleFact {
        self.samples.values_mut().next().unwrap()
    }
    pub fn decide_entry(&mut self, n: u8, standing: Standing, at: Millis) {
        self.decide(Subject::Entry(entry_id(n)), Some(standing), None, None, at);
    }
    pub fn decide_sample(&mut self, n: u8, validity: Validity, at: Millis) {
        self.decide(
            Subject::Sample(sample_id(n.into())),
            None,
            Some(validity),
            None,
            at,
        );
    }
    pub fn decide_refusal(&mut self, n: u128, refusal: RefusalStanding, at: Millis) {
        self.decide(
            Subject::Refusal(refusal_id(n)),
            None,
            None,
            Some(refusal),
            at,
        );
    }
    fn decide(
        &mut self,
        subject: Subject,
        standing: Option<Standing>,
        validity: Option<Validity>,
        refusal: Option<RefusalStanding>,
        decided_at_ms: Millis,
    ) {
        let reason = "看过现场录像".to_owned();
        let user_id = user(9);
        self.decided.push(Decision {
            subject,
            standing,
            validity,
            refusal,
            user_id,
            reason,
            decided_at_ms,
        });
    }
    pub fn ruled(&self) -> Findings {
        rule(self, &Rulebooks::builtin())
    }
    /// Validity of a sample by its number.
    pub fn validity(&self, n: u8) -> Validity {
        self.ruled().validity(n)
    }
    /// Standing of an entry by its number.
    pub fn standing(&self, n: u8) -> Standing {
        self.ruled().standing(n)
    }
    /// Validity of a sample by its number when every scope that it belongs to has spoken.
    pub fn validity_of_all(&self, n: u8) -> Validity {
        let ruled = rule_all(self, &Rulebooks::builtin());
        match ruled.outcomes[&Subject::Sample(sample_id(n.into()))] {
            Outcome::Sample { validity } => validity,
            _ => unreachable!(),
        }
    }
    /// The keys of all findings of the product strata, in every scope there is.
    pub fn said_of_all(&self) -> BTreeSet<String> {
        let ruled = rule_all(self, &Rulebooks::builtin()).scopes.into_iter();
        ruled
            .filter(|(scope, _)| {
                let product = matches!(scope, ScopeKey::Product { .. });
                product || matches!(scope, ScopeKey::ProducerName { .. })
            })
            .flat_map(|(_, said)| said.findings)
            .map(|finding| finding.message)
            .collect()
    }
    /// The keys of all findings.
    pub fn said(&self) -> BTreeSet<String> {
        self.ruled()
            .findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }
}

impl Findings {
    pub fn validity(&self, n: u8) -> Validity {
        match self.outcomes[&Subject::Sample(sample_id(n.into()))] {
            Outcome::Sample { validity } => validity,
            _ => unreachable!(),
        }
    }
    /// What a refusal is, by its number.
    pub fn refusal(&self, n: u128) -> RefusalStanding {
        match self.outcomes[&Subject::Refusal(refusal_id(n))] {
            Outcome::Refusal { refusal } => refusal,
            _ => unreachable!(),
        }
    }
    pub fn standing(&self, n: u8) -> Standing {
        match self.outcomes[&Subject::Entry(entry_id(n))] {
            Outcome::Entry { standing } => standing,
            _ => unreachable!(),
        }
    }
    pub fn firsts(&self) -> usize {
        let first = Outcome::Entry {
            standing: Standing::First,
        };
        self.outcomes
            .values()
            .filter(|outcome| **outcome == first)
            .count()
    }
}

/// splitmix64: enough for shuffles, and a printed seed replays a failure.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            let other = self.below(index as u64 + 1) as usize;
            items.swap(index, other);
        }
    }
}
