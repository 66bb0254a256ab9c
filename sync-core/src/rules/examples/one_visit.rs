//! What one visit shows by itself: every rule with what violates it and what just passes.

use super::*;

/// The sample after a change, by the rule's key: its validity and whether the rule spoke.
fn after(change: impl Fn(&mut Facts), key: &str) -> (Validity, bool) {
    let mut facts = one_sample(CITY);
    change(&mut facts);
    (facts.validity(1), facts.said().contains(key))
}
fn at_visit(facts: &mut Facts) -> &mut VisitFact {
    facts.visits.get_mut(&document(1)).unwrap()
}
fn at_task(facts: &mut Facts) -> &mut TaskFact {
    facts.tasks.get_mut(&task(CITY)).unwrap()
}

#[test]
fn a_visit_in_perfect_order_has_no_finding() {
    let facts = one_sample(CITY);
    assert_eq!(facts.validity(1), Valid);
    assert_eq!(facts.said(), BTreeSet::new());
}

#[test]
fn two_distinct_samplers_sign() {
    let signers = |n| move |f: &mut Facts| f.first().signers = (1..=n).map(user).collect();
    assert_eq!(after(signers(1), "TWO.too_few"), (NeedsRuling, true));
    assert_eq!(after(signers(3), "TWO.too_few"), (Valid, false));
}

#[test]
fn goods_that_must_not_be_sampled_are_void() {
    let base = |milli| move |f: &mut Facts| f.first().lot_base_milli = Some(milli);
    assert_eq!(after(base(49_999), "NOSAMP.base_too_small"), (Void, true));
    assert_eq!(after(base(50_000), "NOSAMP.base_too_small"), (Valid, false));
    assert_eq!(
        after(|f| f.first().export_only = true, "NOSAMP.export_only"),
        (Void, true)
    );
    let marked = |f: &mut Facts| f.first().not_for_sale = Some("试制".into());
    assert_eq!(after(marked, "NOSAMP.not_for_sale"), (Void, true));
}

#[test]
fn a_case_needs_its_filing_number() {
    let case = |no: Option<&'static str>| {
        move |f: &mut Facts| {
            f.first().purpose = Purpose::Case {
                case_no: no.map(str::to_owned),
            }
        }
    };
    assert_eq!(after(case(None), "CASE.not_filed"), (Void, true));
    assert_eq!(after(case(Some(" ")), "CASE.not_filed"), (Void, true));
    assert_eq!(
        after(case(Some("立案1号")), "CASE.not_filed"),
        (Valid, false)
    );
}

#[test]
fn in_a_dispute_only_the_disputed_product_is_sampled() {
    let dispute = |disputed: Option<&'static str>| {
        move |f: &mut Facts| {
            let disputed_product = disputed.map(str::to_owned);
            f.first().purpose = Purpose::Dispute {
                disputed_product,
                product: "头盔".into(),
            };
        }
    };
    assert_eq!(
        after(dispute(Some("玩具")), "DISPUTE.other_product"),
        (Void, true)
    );
    assert_eq!(
        after(dispute(Some("头盔")), "DISPUTE.other_product"),
        (Valid, false)
    );
    assert_eq!(after(dispute(None), "DISPUTE.unknown"), (NeedsRuling, true));
}

#[test]
fn a_task_outside_any_approved_plan_voids_the_sample_until_it_is_approved() {
    assert_eq!(
        after(|f| at_task(f).approved = false, "PLAN.not_approved"),
        (Void, true)
    );
    assert_eq!(
        after(|f| f.first().task_id = None, "PLAN.unknown_task"),
        (NeedsRuling, true)
    );
}

#[test]
fn a_task_cancelled_or_reassigned_while_the_team_was_offline_is_kept_and_needs_a_ruling() {
    let late = noon(NOON) + 5_000;
    let cancel = |at| move |f: &mut Facts| at_task(f).cancelled_at_ms = Some(at);
    assert_eq!(after(cancel(late), "ASSIGN.cancelled"), (NeedsRuling, true));
    assert_eq!(after(cancel(late + 1), "ASSIGN.cancelled"), (Valid, false));
    let reassign = |at| {
        move |f: &mut Facts| {
            at_task(f).body_id = Some(organisation(501));
            at_task(f).former_bodies = vec![(organisation(BODY), at)];
        }
    };
    assert_eq!(
        after(reassign(late), "ASSIGN.reassigned"),
        (NeedsRuling, true)
    );
    assert_eq!(
        after(reassign(late + 1), "ASSIGN.reassigned"),
        (Valid, false)
    );
    let never = |f: &mut Facts| at_task(f).body_id = Some(organisation(501));
    assert_eq!(after(never, "ASSIGN.never_assigned"), (NeedsRuling, true));
}

#[test]
fn a_sampler_or_body_with_a_conflict_of_interest_needs_a_ruling() {
    let recusal = |user_id, body| {
        move |f: &mut Facts| {
            let body_id = organisation(body);
            at_visit(f).recusals = vec![RecusalFact {
                user_id,
                body_id,
                reason: "亲属".into(),
            }];
        }
    };
    assert_eq!(
        after(recusal(Some(user(1)), BODY), "RECUSE.person"),
        (NeedsRuling, true)
    );
    assert_eq!(
        after(recusal(Some(user(3)), BODY), "RECUSE.person"),
        (Valid, false)
    );
    assert_eq!(
        after(recusal(None, BODY), "RECUSE.body"),
        (NeedsRuling, true)
    );
    assert_eq!(after(recusal(None, 501), "RECUSE.body"), (Valid, false));
}

#[test]
fn a_suspended_body_is_ineligible_from_the_decision_until_just_before_the_year_is_over() {
    let (lo, hi) = (noon(NOON) - 5_000, noon(NOON) + 5_000);
    let suspend = |from, to| {
        move |f: &mut Facts| {
            let body = f.organisations.get_mut(&organisation(BODY)).unwrap();
            body.suspended = vec![Interval { lo: from, hi: to }];
        }
    };
    assert_eq!(
        after(suspend(lo, hi + 1), "SUSPEND.suspended"),
        (Void, true)
    );
    assert_eq!(
        after(suspend(lo, hi), "SUSPEND.unsure"),
        (NeedsRuling, true)
    );
    assert_eq!(after(suspend(0, lo), "SUSPEND.unsure"), (Valid, false));
    assert_eq!(
        after(suspend(hi + 1, hi + 9), "SUSPEND.unsure"),
        (Valid, false)
    );
}

#[test]
fn a_sampler_neither_receives_nor_tests_the_sample() {
    let received = |n| move |f: &mut Facts| f.first().custody.received_by = Some(user(n));
    assert_eq!(
        after(received(1), "SEPARATE.received"),
        (ValidWithViolation, true)
    );
    assert_eq!(after(received(8), "SEPARATE.received"), (Valid, false));
    let tested = |n| move |f: &mut Facts| f.first().custody.testing_started_by = Some(user(n));
    assert_eq!(after(tested(2), "SEPARATE.tested"), (NeedsRuling, true));
    assert_eq!(after(tested(8), "SEPARATE.tested"), (Valid, false));
}

#[test]
fn the_trail_is_complete_and_shanxi_asks_for_video() {
    let drop_kind = |f: &mut Facts| at_visit(f).evidence.retain(|e| e.kind != "sealing");
    assert_eq!(
        after(drop_kind, "TRACE.missing"),
        (ValidWithViolation, true)
    );
    let photos = |f: &mut Facts| {
        at_visit(f)
            .evidence
            .iter_mut()
            .for_each(|e| e.medium = "photo".into())
    };
    assert_eq!(after(photos, "TRACE.no_video"), (ValidWithViolation, true));
    let mut shanghai = one_sample(SHANGHAI);
    photos(&mut shanghai);
    assert_eq!(shanghai.validity(1), Valid);
    let forged = |f: &mut Facts| at_visit(f).evidence[0].verified = Some(false);
    assert_eq!(after(forged, "TRACE.mismatch"), (NeedsRuling, true));
}

#[test]
fn what_is_recorded_late_or_against_the_clock_is_flagged() {
    let shown = |minutes: i64| {
        move |f: &mut Facts| {
            let captured = about(noon(NOON) - minutes * MINUTE - 10_000);
            let evidence = &mut at_visit(f).evidence[0];
            (evidence.sample_id, evidence.captured) = (Some(sample_id(1)), captured);
        }
    };
    assert_eq!(
        after(shown(121), "ATTIME.late_keying"),
        (ValidWithViolation, true)
    );
    assert_eq!(after(shown(119), "ATTIME.late_keying"), (Valid, false));
    let contradict = |f: &mut Facts| f.first().sampled.proven = Interval { lo: 0, hi: 1 };
    let mut facts = one_sample(CITY);
    contradict(&mut facts);
    assert!(facts.said().contains("ATTIME.contradicts"));
    let unclaimed = |f: &mut Facts| f.first().sampled.claimed = None;
    assert_eq!(after(unclaimed, "ATTIME.no_claim"), (Valid, true));
}

#[test]
fn refused_then_sampled_keeps_both_facts_and_enforcement_decides() {
    let refuse = |at| {
        move |f: &mut Facts| {
            at_visit(f).refused = true;
            at_visit(f).refused_at = Some(about(at));
        }
    };
    let key = "REFUSE.sampled_after_refusal";
    assert_eq!(
        after(refuse(noon(NOON) - 60 * MINUTE), key),
        (NeedsRuling, true)
    );
    assert_eq!(
        after(refuse(noon(NOON) + 10_000), key),
        (NeedsRuling, true),
        "intervals touch"
    );
    assert_eq!(after(refuse(noon(NOON) + 10_001), key), (Valid, false));
    let confirmed = |outcome, officers: u128| {
        move |f: &mut Facts| {
            refuse(noon(NOON) - 60 * MINUTE)(f);
            at_visit(f).confirmations = vec![ConfirmationFact {
                officers: (20..20 + officers).map(user).collect(),
                organisations: BTreeSet::new(),
                outcome,
            }];
        }
    };
    assert_eq!(
        after(confirmed(ConfirmationOutcome::ResolvedSampled, 2), key),
        (Valid, false)
    );
    assert_eq!(
        after(confirmed(ConfirmationOutcome::Confirmed, 2), key),
        (NeedsRuling, true)
    );
    let one_officer = confirmed(ConfirmationOutcome::ResolvedSampled, 1);
    assert_eq!(after(one_officer, "REFUSE.too_few_officers"), (Valid, true));
}

#[test]
fn not_sampled_against_sampled_keeps_both_and_the_authority_rules() {
    assert_eq!(
        after(|f| at_visit(f).not_sampled = true, "NOTSAMPLED.both"),
        (NeedsRuling, true)
    );
    let voided = |f: &mut Facts| {
        at_visit(f).not_sampled = true;
        f.first().voided = Some("写错".into());
    };
    assert_eq!(after(voided, "NOTSAMPLED.both"), (Void, false));
}

#[test]
fn what_is_sampled_after_termination_is_void() {
    let stop = |at| move |f: &mut Facts| at_visit(f).terminated = Some(about(at));
    assert_eq!(
        after(stop(noon(NOON) - 10_001), "STOP.after_stop"),
        (Void, true)
    );
    assert_eq!(
        after(stop(noon(NOON) - 10_000), "STOP.unsure"),
        (NeedsRuling, true)
    );
    assert_eq!(
        after(stop(noon(NOON) + 10_001), "STOP.unsure"),
        (Valid, false)
    );
}

#[test]
fn a_sampler_outside_the_roster_gets_a_finding() {
    let signer = |f: &mut Facts| {
        f.first().signers.insert(user(7));
    };
    assert_eq!(after(signer, "ROSTER.signer"), (ValidWithViolation, true));
    let author = |f: &mut Facts| {
        at_visit(f).authors.insert(user(7));
    };
    assert_eq!(after(author, "ROSTER.author"), (Valid, true));
    let teamless = |f: &mut Facts| at_visit(f).team_id = None;
    assert_eq!(after(teamless, "ROSTER.no_team"), (Valid, true));
}

#[test]
fn faults_two_seals_and_amendments_of_a_sheet_are_shown() {
    let fault = |f: &mut Facts| f.first().faults.push("sheet.uscc.check_digit".into());
    assert_eq!(after(fault, "FORM.fault"), (ValidWithViolation, true));
    assert_eq!(
        after(|f| f.first().party_signed = false, "FORM.party_unsigned"),
        (ValidWithViolation, true)
    );
    assert_eq!(
        after(|f| f.first().amended = true, "FORM.amended"),
        (Valid, true)
    );
    assert_eq!(
        after(|f| f.first().distinct_seals = 2, "SEALED.two_seals"),
        (NeedsRuling, true)
    );
}

#[test]
fn one_seal_or_sheet_number_on_two_sheets_freezes_both() {
    for scope in [
        ScopeKey::SealNumber {
            seal_no: "F1".into(),
        },
        ScopeKey::SheetNumber {
            sheet_no: "B1".into(),
        },
    ] {
        let mut facts = facts(scope);
        for n in [1, 2] {
            let drawn = facts.drawn(n, CITY, NOON);
            drawn.seal_numbers.insert("F1".into());
            drawn.sheet_no = Some("B1".into());
        }
        assert_eq!(
            (facts.validity(1), facts.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
        facts.samples.remove(&sample_id(2));
        assert_eq!(facts.validity(1), Valid);
    }
}

#[test]
fn what_testing_has_fixed_is_not_silently_voided() {
    let tested = |f: &mut Facts| {
        f.first().export_only = true;
        f.first().custody.testing_started_at_ms = Some(1);
    };
    assert_eq!(after(tested, "CUSTODY.fixed"), (NeedsRuling, true));
}

/// The visit with one entry at an instant, whose only arrival showed what it is told to have shown.
fn entered(facts: &mut Facts, at: Millis, notice: bool, id_shown: bool) {
    let drawn = facts.first().clone();
    facts.enters(1, about(at), uniform()).arrivals = vec![ArrivalFact {
        arrival_id: ArrivalId(Uuid::from_u128(1)),
        device_id: DeviceId(Uuid::from_u128(1)),
        user_id: user(1),
        samplers: BTreeSet::from([user(1), user(2)]),
        entered: about(at),
        notice_no: notice.then(|| "通知书1号".to_owned()),
        id_shown,
        resumes: None,
        assisting: BTreeSet::new(),
    }];
    *facts.first() = SampleFact {
        entry_id: Some(entry_id(1)),
        ..drawn
    };
}

#[test]
fn an_entry_shows_notice_and_identification() {
    let at = noon(NOON) - 30 * MINUTE;
    let shown = |notice, id| move |f: &mut Facts| entered(f, at, notice, id);
    assert_eq!(after(shown(false, true), "TWO.no_notice"), (Valid, true));
    assert_eq!(after(shown(true, false), "TWO.no_id"), (Valid, true));
    assert_eq!(after(shown(true, true), "TWO.no_notice"), (Valid, false));
    assert_eq!(after(shown(true, true), "TWO.no_id"), (Valid, false));
}

#[test]
fn a_sample_drawn_provably_before_anybody_entered_is_flagged() {
    let enter = |at| move |f: &mut Facts| entered(f, at, true, true);
    let touching = noon(NOON) + 10_000;
    assert_eq!(
        after(enter(touching + 1), "ATTIME.before_entry"),
        (ValidWithViolation, true)
    );
    assert_eq!(
        after(enter(touching), "ATTIME.before_entry"),
        (Valid, false)
    );
}
