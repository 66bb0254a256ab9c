//! Examples that rules share: TASK3 and BATCH3 limit one visit, SEALNO and SHEETNO watch over one number, DUP6 and UPPER
//! measure one window. Each rule's own file names what holds for it; here is how it is shown.

use crate::rules::testing::*;

/// A first sampling, the last day on which a second one is within six months, and the first on which it is free again.
pub const SIX_MONTHS: [(&str, &str, &str); 8] = [
    ("2025-03-01", "2025-09-01", "2025-09-02"),
    ("2024-12-31", "2025-06-30", "2025-07-01"),
    ("2025-06-30", "2025-12-30", "2025-12-31"),
    // The month's end is clamped, to the leap day where there is one.
    ("2023-08-31", "2024-02-29", "2024-03-01"),
    ("2023-08-29", "2024-02-29", "2024-03-01"),
    ("2024-08-31", "2025-02-28", "2025-03-01"),
    ("2024-08-28", "2025-02-28", "2025-03-01"),
    ("2024-02-29", "2024-08-29", "2024-08-30"),
];

/// A limit of three within one visit.
pub struct Limit {
    pub rule: &'static str,
    /// As many as said of what is limited, in one entry, for an authority whose rulebook limits them.
    pub drawn: fn(u8) -> Facts,
    /// The same for an authority whose rulebook does not.
    pub elsewhere: fn(u8) -> Facts,
}

impl Limit {
    fn over(&self) -> String {
        format!("{}.over", self.rule)
    }
    fn unsure(&self) -> String {
        format!("{}.unsure", self.rule)
    }

    pub fn puts_the_fourth_over(&self) {
        let facts = (self.drawn)(5);
        assert_eq!(
            [1, 2, 3, 4, 5].map(|n| facts.validity(n)),
            [Valid, Valid, Valid, NeedsRuling, NeedsRuling]
        );
        assert_eq!(facts.said(), BTreeSet::from([self.over()]));
    }

    pub fn goes_by_the_order_of_sampling(&self) {
        let mut facts = (self.drawn)(4);
        facts.at(1).sampled = about(noon(NOON) + 60 * MINUTE);
        assert_eq!((facts.validity(1), facts.validity(4)), (NeedsRuling, Valid));
    }

    /// Two samples of each of two entries, both first at their doors.
    fn in_two_entries(&self) -> Facts {
        let mut facts = (self.drawn)(4);
        let drawn = facts.samples.clone();
        for n in [1, 2] {
            facts.enters(n, about(noon(NOON)), uniform());
            facts.standings.insert(entry_id(n), First);
        }
        facts.samples = drawn;
        for n in [3, 4] {
            (facts.at(n).document_id, facts.at(n).entry_id) =
                (Some(document(2)), Some(entry_id(2)));
        }
        facts.entry(2).body_id = organisation(501);
        facts
    }

    pub fn adds_up_over_a_joint_entry(&self) {
        let apart = self.in_two_entries();
        assert_eq!((apart.validity(4), apart.said()), (Valid, BTreeSet::new()));
        let mut joint = self.in_two_entries();
        for n in [1, 2] {
            joint.entry(n).joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
        }
        assert_eq!(
            [1, 2, 3, 4].map(|n| joint.validity(n)),
            [Valid, Valid, Valid, NeedsRuling]
        );
        joint.entry(2).entered = about(noon("2025-03-02"));
        assert_eq!(joint.validity(4), Valid, "not together on two days");
        joint.entry(2).entered = about(noon(NOON));
        joint.entry(2).enterprise = EnterpriseKey("uscc:913101150000C1H82U".into());
        assert_eq!(joint.validity(4), Valid, "nor at two enterprises");
    }

    pub fn adds_up_over_a_continuation(&self) {
        let mut facts = self.in_two_entries();
        facts.entry(2).body_id = organisation(BODY);
        facts.entry(2).entered = about(noon("2025-03-02"));
        for (standing, fourth) in [
            (Continuation, NeedsRuling),
            (Excess, Valid),
            (Contested, Valid),
        ] {
            facts.standings.insert(entry_id(2), standing);
            assert_eq!(facts.validity(4), fourth, "{standing:?}");
        }
        // A joint entry that goes on the next day is still the one that began jointly.
        let mut facts = self.in_two_entries();
        for n in [1, 2] {
            facts.entry(n).joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
        }
        let mut next_day = facts.entry(2).clone();
        (next_day.joint_entry_id, next_day.entered) = (None, about(noon("2025-03-02")));
        facts.entries.insert(entry_id(3), next_day);
        facts.standings.insert(entry_id(3), Continuation);
        facts.at(4).entry_id = Some(entry_id(3));
        assert_eq!(facts.validity(4), NeedsRuling);
    }

    pub fn holds_only_where_a_rulebook_says_so(&self) {
        assert_eq!((self.drawn)(2).said(), BTreeSet::new());
        assert_eq!((self.elsewhere)(4).validity(4), Valid);
    }

    pub fn leaves_out_the_exempt_kinds(&self) {
        for kind in ["special", "emergency", "tracking", "recheck"] {
            for n in [1, 4] {
                let mut facts = (self.drawn)(4);
                facts.at(n).sampling_kind = kind.into();
                assert_eq!(facts.validity(4), Valid, "{kind} {n}");
            }
        }
        let mut facts = (self.drawn)(4);
        facts.at(4).sampling_kind = "linked".into();
        assert_eq!(facts.validity(4), NeedsRuling);
    }

    pub fn leaves_out_what_is_out_and_what_a_person_let_stand(&self) {
        let mut facts = (self.drawn)(4);
        facts.at(1).voided = Some("写错".into());
        assert_eq!(facts.validity(4), Valid, "a spoiled sheet");
        for out in [Void, Duplicate] {
            let mut facts = (self.drawn)(4);
            facts.survived.insert(sample_id(1), out);
            assert_eq!(facts.validity(4), Valid, "{out:?} before");
        }
        let mut facts = (self.drawn)(4);
        facts.decide_sample(1, Void, 1);
        assert_eq!(facts.validity(4), Valid);
        let mut facts = (self.drawn)(5);
        facts.decide_sample(4, Valid, 1);
        assert_eq!((facts.validity(4), facts.validity(5)), (Valid, NeedsRuling));
        let fourth = Subject::Sample(sample_id(4));
        assert!(facts.ruled().findings.iter().all(|f| f.subject != fourth));
    }

    pub fn lets_three_pass(&self) {
        assert_eq!((self.drawn)(3).said(), BTreeSet::new());
        assert_eq!((self.drawn)(4).validity(4), NeedsRuling);
    }

    pub fn doubts_a_disputed_place(&self) {
        let mut facts = (self.drawn)(4);
        facts.at(4).sampled = facts.at(3).sampled;
        assert_eq!(
            [2, 3, 4].map(|n| facts.validity(n)),
            [Valid, NeedsRuling, NeedsRuling]
        );
        assert_eq!(facts.said(), BTreeSet::from([self.unsure()]));
        // What needs a ruling may yet count.
        let mut facts = (self.drawn)(4);
        facts.survived.insert(sample_id(1), NeedsRuling);
        assert_eq!(facts.validity(4), NeedsRuling);
        assert_eq!(facts.said(), BTreeSet::from([self.unsure()]));
    }
}

/// A number that may be used once.
pub struct Number {
    pub collision: &'static str,
    pub scope: fn(String) -> ScopeKey,
    /// Puts a number on a sheet.
    pub put: fn(&mut SampleFact, String),
}

impl Number {
    /// Sheets numbered from 1 with the numbers given; the scope is that of `F1`.
    fn on(&self, numbers: &[&str]) -> Facts {
        let mut facts = facts((self.scope)("F1".to_owned()));
        for (n, number) in (1..).zip(numbers) {
            (self.put)(facts.drawn(n, CITY, NOON), (*number).to_owned());
        }
        facts
    }

    pub fn freezes_all_that_carry_it(&self) {
        let facts = self.on(&["F1", "F1", "F1"]);
        assert_eq!([1, 2, 3].map(|n| facts.validity(n)), [NeedsRuling; 3]);
        assert_eq!(facts.said(), BTreeSet::from([self.collision.to_owned()]));
    }

    pub fn passes_once(&self) {
        let facts = self.on(&["F1"]);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
    }

    pub fn is_used_by_a_spoiled_sheet(&self) {
        let mut facts = self.on(&["F1", "F1"]);
        facts.at(1).voided = Some("写错".into());
        assert_eq!((facts.validity(1), facts.validity(2)), (Void, NeedsRuling));
    }

    /// History has used its number as we have. Who shows the sheet of another sampling names its number only.
    pub fn is_used_by_history_and_not_by_a_claim(&self) {
        let imported = SamplingSource::Imported {
            origin: "e-CQS".into(),
        };
        for (source, ours) in [(SamplingSource::Claimed, Valid), (imported, NeedsRuling)] {
            let mut facts = self.on(&["F1", "F1"]);
            facts.at(2).source = source;
            assert_eq!(facts.validity(1), ours);
        }
    }

    pub fn differs_by_one_character(&self) {
        let facts = self.on(&["F1", "F12"]);
        assert_eq!((facts.validity(1), facts.said()), (Valid, BTreeSet::new()));
        let other = Subject::Sample(sample_id(2));
        assert!(!facts.ruled().outcomes.contains_key(&other));
    }
}
