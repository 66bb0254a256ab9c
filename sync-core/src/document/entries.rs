//! Entries (次, 进门) are computed, not authored: every phone records its own arrival, and arrivals of one team on one
//! Shanghai day, or after a recorded suspension, form one entry. [S2 §6] 一次任务进一次门 … 不得二次进厂.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::model::{
    Arrival, CampaignId, DocumentId, EnterpriseKey, EntryId, Millis, OrganisationId,
    ReEntryGrantId, SuspensionId, TeamId, TimeFact, shanghai_date,
};
use crate::rules::{ArrivalFact, ContinuationFact, EntryFact};

/// Whose entries are computed: the door, and the document that shows it.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The visit.
    pub document_id: DocumentId,
    /// 一次任务
    pub campaign_id: CampaignId,
    /// 承检机构
    pub body_id: OrganisationId,
    /// 受检单位, after aliases.
    pub enterprise: EnterpriseKey,
    /// 抽样组; none for one person outside every roster.
    pub team_id: Option<TeamId>,
    /// Suspensions recorded in the document, by when.
    pub suspensions: &'a BTreeMap<SuspensionId, TimeFact>,
    /// Re-entry grants that are known and are for this door, each with the instant from which it holds no longer.
    pub grants: &'a BTreeMap<ReEntryGrantId, Millis>,
}

/// An entry and the civil days on which the team walked in.
#[derive(Debug, Clone, PartialEq)]
pub struct ComputedEntry {
    /// `<document>/<day of the first arrival>`.
    pub entry_id: EntryId,
    /// What the rules see.
    pub fact: EntryFact,
    days: BTreeSet<Date>,
}

/// The day of a record: certain where its usable interval lies within one, else what the wall clock says, since one
/// team's own arrivals are not each other's rivals.
fn day_of(time: &TimeFact) -> Date {
    let (first, last) = time.usable().shanghai_days();
    if first == last {
        first
    } else {
        shanghai_date(time.wall_ms)
    }
}

/// Groups arrivals, each as declared and as certified, into entries in the order of their days.
pub fn compute(place: &Place<'_>, walks: Vec<(Arrival, ArrivalFact)>) -> Vec<ComputedEntry> {
    let mut by_day: BTreeMap<Date, Vec<(Arrival, ArrivalFact)>> = BTreeMap::new();
    for (declared, mut fact) in walks {
        fact.resumes = declared.resumes.map(|id| {
            let recorded = place
                .suspensions
                .get(&id)
                .is_some_and(|at| !fact.entered.usable().before(&at.usable()));
            (id, recorded)
        });
        by_day
            .entry(day_of(&fact.entered))
            .or_default()
            .push((declared, fact));
    }
    let mut entries: Vec<ComputedEntry> = Vec::new();
    for (day, walks) in by_day {
        let resumed = walks
            .iter()
            .any(|(_, fact)| matches!(fact.resumes, Some((_, true))));
        match entries.last_mut() {
            Some(last) if resumed => {
                last.days.insert(day);
                last.fact
                    .arrivals
                    .extend(walks.into_iter().map(|(_, fact)| fact));
            }
            previous => {
                let before = previous.map(|entry| entry.entry_id.clone());
                entries.push(begin(place, day, walks, before));
            }
        }
    }
    for entry in &mut entries {
        entry
            .fact
            .arrivals
            .sort_by_key(|fact| (fact.entered.usable().lo, fact.arrival_id));
    }
    entries
}

fn begin(
    place: &Place<'_>,
    day: Date,
    walks: Vec<(Arrival, ArrivalFact)>,
    before: Option<EntryId>,
) -> ComputedEntry {
    let earliest = walks.iter().map(|(_, fact)| fact);
    let earliest = earliest.min_by_key(|fact| (fact.entered.usable().lo, fact.arrival_id));
    let entered_ms = earliest.map_or(i64::MAX, |fact| fact.entered.usable().lo);
    let continues = walks
        .iter()
        .filter_map(|(declared, _)| continuation(place, declared, entered_ms))
        .min_by_key(rank);
    let joint_entry_id = walks
        .iter()
        .filter_map(|(declared, _)| declared.joint_entry_id)
        .min();
    let mut arrivals: Vec<ArrivalFact> = walks.into_iter().map(|(_, fact)| fact).collect();
    arrivals.sort_by_key(|fact| (fact.entered.usable().lo, fact.arrival_id));
    let entered = arrivals[0].entered;
    ComputedEntry {
        entry_id: EntryId(format!("{}/{day}", place.document_id)),
        days: BTreeSet::from([day]),
        fact: EntryFact {
            document_id: place.document_id,
            campaign_id: place.campaign_id,
            body_id: place.body_id,
            enterprise: place.enterprise.clone(),
            team_id: place.team_id,
            arrivals,
            entered,
            joint_entry_id,
            unexplained_resumption_of: before.filter(|_| continues.is_none()),
            continues,
            drew_samples: false,
        },
    }
}

fn continuation(
    place: &Place<'_>,
    declared: &Arrival,
    entered_ms: Millis,
) -> Option<ContinuationFact> {
    if let Some(grant_id) = declared.re_entry_grant {
        let expires = place.grants.get(&grant_id);
        let honoured = expires.is_some_and(|expires_ms| *expires_ms > entered_ms);
        return Some(ContinuationFact::ReEntryGrant { grant_id, honoured });
    }
    if let Some(from) = declared.handover_from {
        return Some(ContinuationFact::Handover { from });
    }
    declared
        .after_resolved_refusal
        .then_some(ContinuationFact::ResolvedRefusal)
}

/// Where teammates declare different reasons the strongest one counts, whoever synced first.
fn rank(reason: &ContinuationFact) -> (u8, String) {
    match reason {
        ContinuationFact::ReEntryGrant {
            honoured: true,
            grant_id,
        } => (0, grant_id.to_string()),
        ContinuationFact::ResolvedRefusal => (1, String::new()),
        ContinuationFact::Handover { from } => (2, from.to_string()),
        ContinuationFact::ReEntryGrant {
            honoured: false,
            grant_id,
        } => (3, grant_id.to_string()),
    }
}

/// The entry in which something happened: that of its day, else the last one that began before it, else the first; none
/// where nobody walked in at all. What is said to be earlier than the entry still belongs to it: ATTIME tells of it.
pub fn entry_at<'a>(
    entries: &'a mut [ComputedEntry],
    at: &TimeFact,
) -> Option<&'a mut ComputedEntry> {
    let day = day_of(at);
    let of_day = entries.iter().position(|entry| entry.days.contains(&day));
    let begun = |entry: &ComputedEntry| entry.days.iter().any(|walked| *walked <= day);
    let index = of_day.or_else(|| entries.iter().rposition(begun));
    entries.get_mut(index.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{ArrivalId, DeviceId, Interval, TimeClaim, UserId};

    const HOUR_MS: i64 = 3_600_000;
    /// 2025-09-01 00:00 in Shanghai.
    const DAY_ONE_MS: i64 = 1_756_656_000_000;

    fn at(hour: i64) -> TimeFact {
        let instant = DAY_ONE_MS + hour * HOUR_MS;
        TimeFact {
            proven: Interval::new(DAY_ONE_MS - HOUR_MS, DAY_ONE_MS + 200 * HOUR_MS),
            claimed: Some(Interval::new(instant - 5_000, instant + 5_000)),
            wall_ms: instant,
        }
    }

    fn walk(id: u128, hour: i64, declare: impl FnOnce(&mut Arrival)) -> (Arrival, ArrivalFact) {
        let mut declared = Arrival {
            arrival_id: ArrivalId(Uuid::from_u128(id)),
            entered_at: TimeClaim::default(),
            samplers: BTreeSet::new(),
            assisting: BTreeSet::new(),
            notice_no: None,
            id_shown: true,
            resumes: None,
            re_entry_grant: None,
            handover_from: None,
            after_resolved_refusal: false,
            joint_entry_id: None,
            site: None,
            location: None,
        };
        declare(&mut declared);
        let fact = ArrivalFact {
            arrival_id: declared.arrival_id,
            device_id: DeviceId(Uuid::from_u128(id)),
            user_id: UserId(Uuid::from_u128(id)),
            samplers: BTreeSet::new(),
            entered: at(hour),
            notice_no: None,
            id_shown: true,
            resumes: None,
            assisting: BTreeSet::new(),
            location: None,
        };
        (declared, fact)
    }

    fn check(walks: Vec<(Arrival, ArrivalFact)>, expected: &[(&str, usize)]) -> Vec<ComputedEntry> {
        let suspensions = BTreeMap::from([(SuspensionId(Uuid::from_u128(70)), at(17))]);
        // The second expires with the instant of the entry on the second day.
        let entered = at(33).usable().lo;
        let grants = BTreeMap::from([
            (ReEntryGrantId(Uuid::from_u128(80)), entered + 1),
            (ReEntryGrantId(Uuid::from_u128(82)), entered),
        ]);
        let place = Place {
            document_id: DocumentId([1; 32]),
            campaign_id: CampaignId(Uuid::nil()),
            body_id: OrganisationId(Uuid::nil()),
            enterprise: EnterpriseKey("server:x".into()),
            team_id: None,
            suspensions: &suspensions,
            grants: &grants,
        };
        let mut backwards = walks.clone();
        backwards.reverse();
        let entries = compute(&place, walks);
        assert_eq!(
            entries,
            compute(&place, backwards),
            "the order of arrival must not matter"
        );
        let shape: Vec<(String, usize)> = entries
            .iter()
            .map(|e| (e.entry_id.0[65..].to_owned(), e.fact.arrivals.len()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(day, n)| ((*day).to_owned(), *n))
            .collect();
        assert_eq!(shape, expected);
        entries
    }

    #[test]
    fn two_phones_of_one_team_on_one_day_make_one_entry() {
        let entries = check(
            vec![walk(2, 11, |_| {}), walk(1, 9, |_| {})],
            &[("2025-09-01", 2)],
        );
        assert_eq!(entries[0].fact.entered, at(9));
    }

    #[test]
    fn a_next_day_without_a_reason_is_another_entry_that_nobody_explained() {
        let days = [("2025-09-01", 1), ("2025-09-02", 1)];
        let entries = check(vec![walk(1, 9, |_| {}), walk(2, 33, |_| {})], &days);
        assert_eq!(
            entries[1].fact.unexplained_resumption_of.as_ref(),
            Some(&entries[0].entry_id)
        );
    }

    #[test]
    fn a_recorded_suspension_carries_the_entry_over_the_night() {
        let resumed =
            |id| move |a: &mut Arrival| a.resumes = Some(SuspensionId(Uuid::from_u128(id)));
        let entries = check(
            vec![walk(1, 9, |_| {}), walk(2, 33, resumed(70))],
            &[("2025-09-01", 2)],
        );
        assert_eq!(entries[0].fact.unexplained_resumption_of, None);
        // One that is nowhere recorded explains nothing.
        let days = [("2025-09-01", 1), ("2025-09-02", 1)];
        let entries = check(vec![walk(1, 9, |_| {}), walk(2, 33, resumed(71))], &days);
        assert!(entries[1].fact.unexplained_resumption_of.is_some());
    }

    #[test]
    fn a_grant_explains_the_second_entry_and_says_whether_it_is_honoured() {
        let days = [("2025-09-01", 1), ("2025-09-02", 1)];
        for (id, honoured) in [(80, true), (81, false), (82, false)] {
            let grant_id = ReEntryGrantId(Uuid::from_u128(id));
            let second = walk(2, 33, |a| a.re_entry_grant = Some(grant_id));
            let entries = check(vec![walk(1, 9, |_| {}), second], &days);
            let expected = ContinuationFact::ReEntryGrant { grant_id, honoured };
            assert_eq!(entries[1].fact.continues, Some(expected));
            assert_eq!(entries[1].fact.unexplained_resumption_of, None);
        }
    }

    #[test]
    fn a_sheet_belongs_to_the_entry_of_its_day_and_to_the_first_before_any() {
        let days = [("2025-09-01", 1), ("2025-09-03", 1)];
        let mut entries = check(vec![walk(1, 9, |_| {}), walk(2, 57, |_| {})], &days);
        let mut of =
            |hour| entry_at(&mut entries, &at(hour)).map(|e| e.entry_id.0[65..].to_owned());
        assert_eq!(of(10).as_deref(), Some("2025-09-01"));
        assert_eq!(of(34).as_deref(), Some("2025-09-01"));
        assert_eq!(of(58).as_deref(), Some("2025-09-03"));
        // Too early for it, and still its own: otherwise an early claim would slip past the door.
        for hour in [8, -10] {
            assert_eq!(of(hour).as_deref(), Some("2025-09-01"));
        }
        assert!(entry_at(&mut [], &at(8)).is_none());
    }
}
