//! The states of records beside the sheets (domain.md §4): what each may become, and in which it is by what is known of it.

use serde::{Deserialize, Serialize};

use crate::rules::RefusalStanding;

/// In which state a case (案件线索) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "state", rename_all = "snake_case")]
pub enum CaseState {
    /// 拒检
    Refusal(RefusalState),
    /// 现场报告
    OnSiteReport(OnSiteReportState),
}

/// 拒检: recorded → reported → confirmed | not established | resolved; confirmed → published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalState {
    /// 已记录, on a phone.
    Recorded,
    /// 已上报: the server has it, and enforcement is told.
    Reported,
    /// 已撤回, before anybody confirmed it.
    Withdrawn,
    /// 有争议: what officers or samplers say of it does not agree.
    Contested,
    /// 已确认
    Confirmed,
    /// 不成立
    NotEstablished,
    /// 已解决并抽样
    ResolvedSampled,
    /// 已公示
    Published,
}

impl RefusalState {
    /// The state of a refusal. `reported`: the server has it; `published`: its entry in the publicity system is made.
    pub fn of(reported: bool, standing: RefusalStanding, published: bool) -> Self {
        match standing {
            RefusalStanding::Unconfirmed if reported => Self::Reported,
            RefusalStanding::Unconfirmed => Self::Recorded,
            RefusalStanding::Withdrawn => Self::Withdrawn,
            RefusalStanding::Contested => Self::Contested,
            RefusalStanding::Confirmed if published => Self::Published,
            RefusalStanding::Confirmed => Self::Confirmed,
            RefusalStanding::NotEstablished => Self::NotEstablished,
            RefusalStanding::ResolvedSampled => Self::ResolvedSampled,
        }
    }

    /// Whether it may become this next. Confirmations come in any order, and a person decides what is contested, so that
    /// what was found may turn out otherwise; what was published is corrected, never forgotten.
    pub fn may_become(self, next: Self) -> bool {
        let found = matches!(
            next,
            Self::Confirmed | Self::NotEstablished | Self::ResolvedSampled | Self::Contested
        );
        match self {
            Self::Recorded => next == Self::Reported || next == Self::Withdrawn || found,
            Self::Reported => next == Self::Withdrawn || found,
            Self::Withdrawn => found,
            Self::Confirmed => next == Self::Published || (found && next != self),
            Self::Contested | Self::NotEstablished | Self::ResolvedSampled | Self::Published => {
                found && next != self
            }
        }
    }
}

/// 现场报告: recorded → reported → received → handed over → disposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSiteReportState {
    /// 已记录, on a phone.
    Recorded,
    /// 已上报: the server has it.
    Reported,
    /// 已接收: the organising authority has taken it.
    Received,
    /// 已移交 to the case office.
    HandedOver,
    /// 已处置
    Disposed,
}

impl OnSiteReportState {
    /// What comes next; none after the last.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Recorded => Some(Self::Reported),
            Self::Reported => Some(Self::Received),
            Self::Received => Some(Self::HandedOver),
            Self::HandedOver => Some(Self::Disposed),
            Self::Disposed => None,
        }
    }

    /// Whether it may become this next: one step at a time, and never back.
    pub fn may_become(self, next: Self) -> bool {
        self.next() == Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RefusalState::*;

    const STANDINGS: [RefusalStanding; 6] = [
        RefusalStanding::Unconfirmed,
        RefusalStanding::Withdrawn,
        RefusalStanding::Confirmed,
        RefusalStanding::NotEstablished,
        RefusalStanding::ResolvedSampled,
        RefusalStanding::Contested,
    ];

    #[test]
    fn a_refusal_goes_from_recorded_to_published_by_way_of_a_confirmation() {
        let mut state = RefusalState::of(false, RefusalStanding::Unconfirmed, false);
        assert_eq!(state, Recorded);
        for (standing, published, next) in [
            (RefusalStanding::Unconfirmed, false, Reported),
            (RefusalStanding::Confirmed, false, Confirmed),
            (RefusalStanding::Confirmed, true, Published),
        ] {
            assert_eq!(RefusalState::of(true, standing, published), next);
            assert!(state.may_become(next), "{state:?} {next:?}");
            state = next;
        }
    }

    #[test]
    fn nothing_is_published_that_is_not_confirmed() {
        for standing in STANDINGS {
            let state = RefusalState::of(true, standing, true);
            assert_eq!(state == Published, standing == RefusalStanding::Confirmed);
        }
        let all = [
            Recorded,
            Reported,
            Withdrawn,
            Contested,
            Confirmed,
            NotEstablished,
            ResolvedSampled,
            Published,
        ];
        for state in all {
            assert_eq!(state.may_become(Published), state == Confirmed);
            assert!(!state.may_become(Recorded) && !state.may_become(state));
            assert_eq!(state.may_become(Reported), state == Recorded);
        }
        assert!(!Confirmed.may_become(Withdrawn) && !Published.may_become(Withdrawn));
    }

    #[test]
    fn a_report_takes_one_step_at_a_time_and_none_back() {
        let mut state = OnSiteReportState::Recorded;
        let mut steps = 0;
        while let Some(next) = state.next() {
            assert!(state.may_become(next) && !next.may_become(state) && !state.may_become(state));
            (state, steps) = (next, steps + 1);
        }
        assert_eq!((state, steps), (OnSiteReportState::Disposed, 4));
        assert!(!OnSiteReportState::Recorded.may_become(OnSiteReportState::Received));
    }
}
