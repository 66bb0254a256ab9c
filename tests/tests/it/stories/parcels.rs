//! Hostile parcels (密封包): damaged, replayed, stolen, stuffed. Each is answered with a stable code, nothing that is sound is
//! lost, and what does not stand does not come to stand by another way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::services::server_keys::rotate_if_due;
use fieldseal_tests::disk::SmallDisk;
use fieldseal_tests::forger::Forger;
use fieldseal_tests::gate::{filmed, north_of_shop};
use fieldseal_tests::seed::dice;
use fieldseal_tests::{Phone, World};
use mobile_ffi::{ConfirmedSubject, ParcelOpened};
use rand::RngExt as _;
use sync_core::document::Identity as _;
use sync_core::guard::inspect;
use sync_core::limits::{CERTIFICATE_MS, PARCEL_BYTES_MAX, PARCEL_CHANGES_MAX, RESERVE_BYTES};
use sync_core::model::{Actor, ChangeHash, ConfirmationId, ConfirmationIdentity, DocumentId};
use sync_core::proof::TipStatement;
use sync_core::proof::parcel::ParcelError;
use sync_core::rules::RefusalStanding;
use sync_core::sync::parcel::{ParcelChange, ParcelContents, ParcelDocument};
use sync_core::sync::wire::DocumentHeader;
use uuid::Uuid;

use super::handed_over::{Gate, code};

/// Codes of what does not stand, each once, in order.
fn aside(opened: &ParcelOpened) -> Vec<&str> {
    let mut codes: Vec<_> = opened.aside.iter().map(|it| it.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Codes and states of everything of a document that a phone's doctor does not call received or queued.
fn doctored(phone: &Phone, document: DocumentId) -> Vec<String> {
    let items = phone.client.doctor().unwrap().into_iter();
    let items = items.filter(|it| it.document_id == document);
    let mut states: Vec<_> = items.map(|it| it.state).collect();
    states.sort();
    states.dedup();
    states
}

/// How many refusals the record of a visit shows on a phone.
fn refusals(phone: &Phone, visit: DocumentId) -> usize {
    let read = phone.client.visit(visit).unwrap();
    read["refusals"].as_array().unwrap().len()
}

impl Gate {
    /// A question of the supervisor's, as a camera sees it.
    fn asked(&self) -> String {
        filmed(&self.han.client.question().unwrap())
    }

    /// The keys of the sampler's phone, and what it would hand over.
    fn forged(&self) -> (Forger, ParcelContents) {
        let forger = Forger::of(&self.wang);
        let contents = forger.contents(&self.wang, self.visit);
        (forger, contents)
    }

    /// The supervisor opens contents that the sampler's phone has signed.
    fn opens(&self, id: u128, contents: &ParcelContents) -> ParcelOpened {
        let sealed = Forger::of(&self.wang).seals(&self.asked(), id, &contents.pack().unwrap());
        self.han.opens(&sealed.unwrap()).unwrap()
    }

    /// Why the case of the supervisor's phone does not stand by itself; none where it does.
    fn case_aside(&self) -> Option<String> {
        let cases = self.han.client.cases().unwrap();
        let subject = ConfirmedSubject::Refusal(self.refusal);
        let case = cases.into_iter().find(|it| it.subject == subject);
        case.expect("the case is shown").aside
    }
}

#[test]
fn a_parcel_with_any_byte_changed_or_cut_is_refused_and_the_true_one_opens_after() {
    let g = Gate::refused();
    let parcel = g.wang.hands_over(&g.asked(), g.visit);
    let mut lines = parcel.iter().enumerate().filter(|(_, it)| **it == b'\n');
    let head = lines.nth(1).unwrap().0;
    let mut dice = dice();
    let outside = (0..=head).step_by(3);
    let inside: Vec<usize> = (0..60)
        .map(|_| dice.random_range(head + 1..parcel.len()))
        .collect();
    let ends = [
        head + 1,
        head + 65,
        parcel.len() - 17,
        parcel.len() - 16,
        parcel.len() - 1,
    ];
    for place in outside.chain(inside).chain(ends) {
        let mut odd = parcel.clone();
        odd[place] ^= 1 << dice.random_range(0..8);
        let refused = code(g.han.opens(&odd));
        let known = [
            "parcel.malformed",
            "parcel.tampered",
            "parcel.wrong_recipient",
        ];
        assert!(known.contains(&refused.as_str()), "{place}: {refused}");
        assert!(
            place <= head || refused == "parcel.tampered",
            "{place}: {refused}"
        );
    }
    for length in [
        0,
        1,
        head,
        head + 1,
        head + 20,
        parcel.len() / 2,
        parcel.len() - 1,
    ] {
        let refused = code(g.han.opens(&parcel[..length]));
        assert!(
            ["parcel.malformed", "parcel.tampered"].contains(&refused.as_str()),
            "{length}: {refused}"
        );
    }
    let mut longer = parcel.clone();
    longer.push(0);
    assert_eq!(code(g.han.opens(&longer)), "parcel.tampered");
    assert_eq!(g.han.client.visits().unwrap(), []);
    assert_eq!(g.han.client.doctor().unwrap(), []);
    g.han.opens(&parcel).unwrap();
    assert_eq!(g.han.client.cases_waiting().unwrap().len(), 1);
}

#[test]
fn a_parcel_is_replayed_by_its_id_whatever_is_inside_and_the_same_case_again_changes_nothing() {
    let g = Gate::refused();
    let (forger, contents) = g.forged();
    let opened = g.opens(1, &contents);
    assert!(opened.changes > 0 && opened.aside.is_empty(), "{opened:?}");
    let empty = ParcelContents::default().pack().unwrap();
    let again = forger.seals(&g.asked(), 1, &empty).unwrap();
    assert_eq!(code(g.han.opens(&again)), "parcel.replayed");
    let opened = g.opens(2, &contents);
    assert_eq!((opened.changes, opened.aside.len()), (0, 0));
    assert_eq!(g.han.client.cases_waiting().unwrap().len(), 1);
    g.w.sync_all(&[&g.wang, &g.han]);
    assert_eq!(g.w.aside(g.visit), [""; 0]);
}

#[test]
fn nobody_seals_in_anothers_name() {
    let mut g = Gate::refused();
    let feng = g.w.phone("冯");
    feng.offline();
    let (wang, contents) = g.forged();
    let contents = contents.pack().unwrap();
    // An officer to whom it was handed passes it on as the sampler's.
    let thief = Forger::of(&feng);
    let passed_on = thief
        .seals_as(&wang.certificate, &g.asked(), 1, &contents)
        .unwrap();
    assert_eq!(code(g.han.opens(&passed_on)), "parcel.signature");
    // A certificate that the server never signed.
    let mut made_up = wang.certificate.clone();
    made_up.payload = thief.certificate.payload.clone();
    let made_up = wang.seals_as(&made_up, &g.asked(), 2, &contents).unwrap();
    assert!(code(g.han.opens(&made_up)).starts_with("parcel."));
    assert_eq!(g.han.client.visits().unwrap(), []);
    // To the wrong phone, with the right one's nonce.
    let question = g.asked();
    let sealed = wang.seals(&question, 3, &contents).unwrap();
    assert_eq!(code(feng.opens(&sealed)), "parcel.wrong_recipient");
    g.han.opens(&sealed).unwrap();
    g.han.restarts();
    assert_eq!(g.han.client.cases_waiting().unwrap().len(), 1);
}

#[test]
fn a_sender_that_is_known_to_be_revoked_hands_nothing_over() {
    let g = Gate::refused();
    let question = g.asked();
    let before = g.wang.hands_over(&question, g.visit);
    g.w.revokes(&g.wang);
    g.han.online().syncs();
    g.han.offline();
    assert_eq!(code(g.han.opens(&before)), "parcel.sender");
    let after = g.wang.hands_over(&question, g.visit);
    assert_eq!(code(g.han.opens(&after)), "parcel.sender");
    assert_eq!(g.han.client.cases().unwrap(), []);
}

#[test]
fn what_the_server_quarantines_lies_aside_on_the_carriers_phone_until_a_person_lets_it_in() {
    let mut g = Gate::refused();
    let mut zhao = g.w.phone("赵");
    let parcel = g.wang.hands_over(&g.asked(), g.visit);
    g.w.revokes(&g.wang);
    // Not known here: it opens, and the case is worked on.
    let opened = g.han.opens(&parcel).unwrap();
    assert_eq!(aside(&opened), [""; 0]);
    let confirmation = g.han.confirms(&g.w, g.case(), "confirmed");
    g.han.online().syncs();
    assert!(!g.w.aside(g.visit).is_empty());
    assert!(
        g.w.aside(g.visit)
            .iter()
            .all(|it| it == "quarantined:author.revoked")
    );

    // It does not stand here either, and the case is still told, with why.
    assert_eq!(doctored(&g.han, g.visit), ["quarantined"]);
    assert_eq!(refusals(&g.han, g.visit), 0);
    assert_eq!(g.case_aside().as_deref(), Some("author.revoked"));
    let beside = g.han.client.visit_with_aside(g.visit).unwrap().unwrap();
    assert_eq!(beside["refusals"].as_array().unwrap().len(), 1);
    assert!(g.han.client.confirmation(confirmation).is_ok());

    // A teammate's page of the same visit does not bring it back, nor a restart, nor another parcel with the same changes.
    zhao.works_in("JC-2025-01").enters("五金店");
    assert_eq!(zhao.visit(), g.visit);
    zhao.is_refused(&g.w, "T2");
    g.w.sync_all(&[&zhao, &g.han]);
    assert_eq!(refusals(&g.han, g.visit), 1, "the teammate's alone");
    g.han.restarts();
    let stolen = Forger::of(&g.wang).contents(&g.wang, g.visit);
    let carrier = Forger::of(&zhao);
    let sealed = carrier
        .seals(&g.asked(), 9, &stolen.pack().unwrap())
        .unwrap();
    let opened = g.han.opens(&sealed).unwrap();
    assert_eq!(aside(&opened), ["author.revoked"]);
    assert_eq!(opened.changes, 0);
    g.w.sync_all(&[&zhao, &g.han]);
    assert_eq!(refusals(&g.han, g.visit), 1);
    assert_eq!(g.case_aside().as_deref(), Some("author.revoked"));

    // A person with authority lets it in: it stands on the phone that carried it, and the confirmation counts.
    for admitted in g.w.admits("晋城", g.visit) {
        admitted.expect(201);
    }
    g.w.sync_all(&[&zhao, &g.han]);
    assert_eq!(g.w.aside(g.visit), [""; 0]);
    assert_eq!(refusals(&g.han, g.visit), 2);
    assert_eq!(g.case_aside(), None);
    assert_eq!(doctored(&g.han, g.visit), ["received"]);
    assert_eq!(g.ruled().0, "confirmed");
    assert_eq!(g.han.client.visit_with_aside(g.visit).unwrap(), None);
}

/// A refusal sealed three hours before the end of the sampler's certificate, by a phone that had no network for five months,
/// and a remark four hours later. The supervisor's phone was renewed and is off the net since before the end.
fn past_its_certificate() -> (Gate, Phone) {
    let w = World::shanxi();
    let (mut wang, zhao, han) = (w.phone("王"), w.phone("赵"), w.phone("韩"));
    let began = w.now();
    // The server's next key, under which the others are renewed, is announced before the phone goes.
    w.server.clock.set(began + 200 * 24 * 3_600_000);
    let announced = rotate_if_due(&w.server.app);
    w.server.runtime.block_on(announced).unwrap();
    w.sync_all(&[&wang, &zhao, &han]);
    wang.offline();
    w.server.clock.set(began + 300 * 24 * 3_600_000);
    w.sync_all(&[&zhao, &han]);
    w.server.clock.set(began + CERTIFICATE_MS - 3 * 3_600_000);
    han.syncs();
    han.offline();
    wang.stands(north_of_shop(0));
    let visit = wang.works_in("JC-2025-01").enters("五金店");
    let refusal = wang.is_refused(&w, "T2");
    w.minutes(240);
    wang.suspends("等待执法人员");
    let gate = Gate {
        w,
        wang,
        han,
        visit,
        refusal,
    };
    (gate, zhao)
}

#[test]
fn a_change_written_under_a_certificate_that_had_ended_takes_no_case_with_it() {
    let (g, _) = past_its_certificate();
    // Off and on again, the phone only knows that it is later than its last sync.
    g.han.clock.reboot();
    g.met();
    assert_eq!(g.han.client.cases_waiting().unwrap().len(), 1);
    assert_eq!(doctored(&g.han, g.visit), ["queued"]);
    g.han.online().syncs();
    assert_eq!(g.w.aside(g.visit), ["quarantined:author.expired"]);
    assert_eq!(doctored(&g.han, g.visit), ["quarantined", "received"]);
    assert_eq!(g.case_aside(), None, "it was sealed in time");
    assert_eq!(refusals(&g.han, g.visit), 1);
    let read = g.han.client.visit(g.visit).unwrap();
    assert_eq!(read["suspensions"].as_array().map(Vec::len), Some(0));
    // Nor after a sync that brings nothing.
    g.han.syncs();
    assert_eq!(g.case_aside(), None);
    assert_eq!(g.han.client.cases_waiting().unwrap().len(), 1);
}

#[test]
fn a_phone_that_knows_the_time_sets_aside_what_was_written_after_the_end_of_a_certificate() {
    let (g, zhao) = past_its_certificate();
    g.w.minutes(60);
    zhao.syncs();
    g.han.online().syncs();
    g.han.offline();
    // The other phone's own parcel is one of nobody any more.
    let stolen = Forger::of(&g.wang);
    let contents = stolen.contents(&g.wang, g.visit).pack().unwrap();
    let own = stolen.seals(&g.asked(), 1, &contents).unwrap();
    assert_eq!(code(g.han.opens(&own)), "parcel.sender");
    let carried = Forger::of(&zhao).seals(&g.asked(), 2, &contents).unwrap();
    let opened = g.han.opens(&carried).unwrap();
    assert_eq!(aside(&opened), ["author.expired"]);
    assert_eq!(opened.aside.len(), 1);
    assert_eq!((refusals(&g.han, g.visit), g.case_aside()), (1, None));
    // The server is brought all of it, and says the same.
    g.han.online().syncs();
    assert_eq!(g.w.aside(g.visit), ["quarantined:author.expired"]);
    assert_eq!(doctored(&g.han, g.visit), ["quarantined", "received"]);
    for admitted in g.w.admits("晋城", g.visit) {
        admitted.expect(201);
    }
    g.han.syncs();
    assert_eq!(doctored(&g.han, g.visit), ["received"]);
    let read = g.han.client.visit(g.visit).unwrap();
    assert_eq!(read["suspensions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_clock_that_runs_a_year_ahead_ends_no_certificate() {
    let g = Gate::refused();
    let (forger, mut contents) = g.forged();
    let late = g.w.now() + CERTIFICATE_MS + 24 * 3_600_000;
    forger.writes(&mut contents.documents[0], "late", late);
    let opened = g.opens(1, &contents);
    assert_eq!(aside(&opened), [""; 0]);
    g.han.online().syncs();
    assert_eq!(g.w.aside(g.visit), [""; 0]);
}

#[test]
fn a_forged_author_inside_a_valid_parcel_harms_neither_the_case_nor_the_author() {
    let g = Gate::refused();
    let mut zhao = g.w.phone("赵");
    let victim = Forger::of(&zhao).actor;
    let (forger, sound) = g.forged();
    let now = g.w.now();

    let mut unsigned = sound.clone();
    Forger::writes_as(victim, &mut unsigned.documents[0], "forged", now);
    // The carrier's own signature over another's change.
    let mut signed = sound.clone();
    let tip = Forger::writes_as(victim, &mut signed.documents[0], "signed", now);
    signed.documents[0].tips.push(forger.signs_tip(tip));
    // Somebody for whom nothing is certified.
    let mut nobody = sound.clone();
    let tip = Forger::writes_as(Actor([9; 16]), &mut nobody.documents[0], "nobody", now);
    nobody.documents[0].tips.push(forger.signs_tip(tip));
    let stories = [
        (unsigned, "author.unsigned"),
        (signed, "author.unsigned"),
        (nobody, "author.unknown"),
    ];
    for (id, (mut contents, told)) in (10..).zip(stories) {
        let zhaos = Forger::of(&zhao).certificate;
        contents.certificates.push(zhaos);
        let opened = g.opens(id, &contents);
        assert_eq!(aside(&opened), [told]);
        assert_eq!(opened.aside.len(), 1);
        assert!(!opened.aside[0].zh.is_empty() && !opened.aside[0].en.is_empty());
        assert_eq!(refusals(&g.han, g.visit), 1);
        assert_eq!(g.case_aside(), None);
    }
    g.w.sync_all(&[&g.wang, &g.han]);
    assert_eq!(
        g.w.aside(g.visit),
        [""; 0],
        "what nobody is known to have written is not carried"
    );
    // The number was not taken.
    zhao.works_in("JC-2025-01").enters("五金店");
    g.w.sync_all(&[&zhao, &g.han]);
    assert_eq!(g.w.aside(g.visit), [""; 0]);
    let arrivals = g.han.client.visit(g.visit).unwrap();
    assert_eq!(
        arrivals["arrivals"].as_array().map_or(0, Vec::len),
        2,
        "{arrivals:#}"
    );
}

#[test]
fn what_was_moved_from_another_visit_inside_a_valid_parcel_is_set_aside_and_stands_in_its_own() {
    let mut g = Gate::refused();
    let (forger, first) = g.forged();
    g.wang.stands(None);
    let other = g.wang.enters("加油站");
    g.wang.stands(north_of_shop(0));
    let second = forger.contents(&g.wang, other);
    let mut moved = first.clone();
    let stolen = second.documents[0].changes.iter().take(3).cloned();
    moved.documents[0].changes.extend(stolen);

    let third = moved.documents[0].changes.last().unwrap().clone();
    let bytes = STANDARD.decode(&third.bytes).unwrap();
    let tip = TipStatement {
        document_id: g.visit,
        actor: forger.actor,
        seq: inspect(&bytes).unwrap().header().seq,
        hash: third.hash,
    };
    let unsigned = moved.clone();
    moved.documents[0].tips.push(forger.signs_tip(tip));

    // Its author has signed it for another document.
    assert_eq!(aside(&g.opens(3, &unsigned)), ["author.unsigned"]);
    // Signed for this one, while the other visit is unknown here: a second change under a number that is taken.
    let opened = g.opens(1, &moved);
    assert_eq!(
        aside(&opened),
        ["change.equivocation"],
        "under numbers that are taken"
    );
    assert_eq!(g.case_aside(), None);
    // An own visit of the supervisor's region, known by then: it is named for what it is.
    let team = g.w.phone("赵");
    team.offline();
    let question = filmed(&team.client.question().unwrap());
    let parcel = g.wang.hands_over(&question, other);
    team.opens(&parcel).unwrap();
    let question = filmed(&team.client.question().unwrap());
    let sealed = forger.seals(&question, 2, &moved.pack().unwrap()).unwrap();
    let opened = team.opens(&sealed).unwrap();
    assert_eq!(aside(&opened), ["change.transplanted"]);
    // In its own visit it stands all the same.
    assert_eq!(
        team.client.visit(other).unwrap()["arrivals"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    g.w.sync_all(&[&g.wang, &g.han, &team]);
    assert_eq!((g.w.aside(g.visit), g.w.aside(other)), (vec![], vec![]));
}

#[test]
fn a_visit_of_which_nothing_stands_comes_into_no_list_until_something_does() {
    let mut g = Gate::refused();
    let (_, contents) = g.forged();
    let mut unsigned = contents.clone();
    unsigned.documents[0].tips.clear();
    let opened = g.opens(1, &unsigned);
    assert_eq!(aside(&opened), ["author.unsigned"]);
    assert_eq!((opened.visits, opened.changes), (vec![], 0));
    g.han.restarts();
    assert_eq!(g.han.client.visits().unwrap(), []);
    assert_eq!(g.han.client.cases().unwrap(), []);
    // It is kept, and told with its reason.
    let todos = g.han.client.todos().unwrap();
    assert_eq!((todos.len(), todos[0].document_id), (1, g.visit));
    assert!(todos[0].en.contains("author.unsigned"), "{todos:?}");
    assert_eq!(code(g.han.client.preview(g.visit)), "visit.unknown");
    let opened = g.opens(2, &contents);
    assert_eq!((opened.visits, opened.aside.len()), (vec![g.visit], 0));
    assert_eq!((refusals(&g.han, g.visit), g.case_aside()), (1, None));
    g.w.sync_all(&[&g.han, &g.wang]);
    assert_eq!(g.w.aside(g.visit), [""; 0]);
}

#[test]
fn a_senders_malformed_list_is_told_item_by_item_and_the_rest_stands() {
    let g = Gate::refused();
    let (_, mut contents) = g.forged();
    let packed = &mut contents.documents[0];
    let first = packed.changes[0].clone();
    let named = |bytes: String, byte: u8| ParcelChange {
        hash: ChangeHash([byte; 32]),
        bytes,
    };
    packed.changes.insert(0, named("不是 base64".to_owned(), 1));
    packed
        .changes
        .insert(1, named(STANDARD.encode(b"garbage"), 2));
    packed.changes.insert(2, named(String::new(), 3));
    // A sound change under another's name, and twice under its own.
    packed.changes.push(named(first.bytes.clone(), 4));
    packed.changes.push(first.clone());
    packed.changes.push(first);
    let mut garbage = packed.tips[0].clone();
    garbage.signature = "!!".to_owned();
    packed.tips.insert(0, garbage.clone());
    garbage.tip = TipStatement {
        seq: u64::MAX,
        ..garbage.tip
    };
    packed.tips.push(garbage);
    let opened = g.opens(1, &contents);
    assert_eq!(
        aside(&opened),
        [
            "change.hash_mismatch",
            "change.not_a_chunk",
            "item.malformed"
        ]
    );
    assert_eq!(refusals(&g.han, g.visit), 1);
    assert_eq!(g.case_aside(), None);
    g.w.sync_all(&[&g.han, &g.wang]);
    assert_eq!(g.w.aside(g.visit), [""; 0]);
    assert_eq!(g.ruled().0, "unconfirmed");
}

#[test]
fn a_parcel_is_sealed_up_to_its_limit_and_not_one_byte_further() {
    let g = Gate::refused();
    let (forger, contents) = g.forged();
    let question = g.asked();
    let empty = forger.seals(&question, 1, b"").unwrap();
    let room = PARCEL_BYTES_MAX - empty.len();
    let full = forger.seals(&question, 2, &vec![b' '; room]).unwrap();
    assert_eq!(full.len(), PARCEL_BYTES_MAX);
    assert_eq!(
        code(g.han.opens(&full)),
        "parcel.malformed",
        "it is read, and holds nothing"
    );
    let over = forger.seals(&question, 3, &vec![b' '; room + 1]);
    assert_eq!(over, Err(ParcelError::TooLarge));
    // A sender that does not count its changes is counted by who opens.
    let mut many = contents.clone();
    let mut change = many.documents[0].changes[0].clone();
    change.bytes.clear();
    many.documents[0].changes = vec![change; PARCEL_CHANGES_MAX + 1];
    assert_eq!(many.pack(), Err(ParcelError::TooLarge));
    let uncounted = serde_json::to_vec(&many).unwrap();
    let uncounted = forger.seals(&question, 4, &uncounted).unwrap();
    assert_eq!(code(g.han.opens(&uncounted)), "parcel.too_large");
    assert_eq!(g.han.client.visits().unwrap(), []);
    assert!(g.opens(5, &contents).changes > 0);
}

/// A confirmation that the owner of a phone writes for a region, as a parcel's document.
fn confirms_as(forger: &Forger, identity: &ConfirmationIdentity, now: i64) -> ParcelDocument {
    let mut packed = ParcelDocument {
        document: DocumentHeader {
            document_id: identity.document_id(),
            kind: ConfirmationIdentity::KIND.to_owned(),
            preimage: identity.preimage(),
        },
        changes: Vec::new(),
        tips: Vec::new(),
    };
    forger.writes(&mut packed, "confirmed", now);
    packed
}

#[test]
fn who_may_not_confirm_is_told_by_the_servers_code_when_the_parcel_is_opened() {
    let g = Gate::refused();
    g.met();
    let cases = g.han.client.cases().unwrap();
    let identity = |number| {
        let identity = cases[0].identity(ConfirmationId(Uuid::from_u128(
            (7 << 76) | (2 << 62) | number,
        )));
        identity.unwrap()
    };
    let (he, zhao) = (g.w.phone("何"), g.w.phone("赵"));
    // Of the neighbouring county, and of the samplers themselves.
    for (number, by, told) in [(1, &he, "author.region"), (2, &zhao, "author.role")] {
        let forger = Forger::of(by);
        let identity = identity(number);
        let contents = ParcelContents {
            documents: vec![confirms_as(&forger, &identity, g.w.now())],
            certificates: Vec::new(),
        };
        let question = filmed(&g.wang.client.question().unwrap());
        let sealed = forger
            .seals(&question, number, &contents.pack().unwrap())
            .unwrap();
        let opened = g.wang.opens(&sealed).unwrap();
        assert_eq!(aside(&opened), [told]);
        assert_eq!(
            (opened.changes, &opened.confirmations[..]),
            (0, &[identity.document_id()][..])
        );
        assert!(opened.aside[0].zh.contains(told), "{:?}", opened.aside);
        assert_eq!(g.standing(&g.wang), RefusalStanding::Unconfirmed);
    }
    // The server says the same of what the phone brings.
    g.w.sync_all(&[&g.wang, &g.han]);
    for (number, told) in [(1, "author.region"), (2, "author.role")] {
        let document = identity(number).document_id();
        let items = g.wang.client.doctor().unwrap().into_iter();
        let items: Vec<_> = items.filter(|it| it.document_id == document).collect();
        assert_eq!(items.len(), 1);
        assert!(
            items[0].state == "quarantined" && items[0].en.contains(told),
            "{items:?}"
        );
    }
    assert_eq!(g.ruled().0, "unconfirmed");
}

#[test]
fn another_bodys_sampler_writes_nothing_into_a_visit_by_way_of_a_parcel() {
    let g = Gate::refused();
    let liu = g.w.phone("刘");
    let (_, mut contents) = g.forged();
    let stranger = Forger::of(&liu);
    stranger.writes(&mut contents.documents[0], "stranger", g.w.now());
    contents.certificates.push(stranger.certificate.clone());
    let opened = g.opens(1, &contents);
    assert_eq!(aside(&opened), ["author.body"]);
    assert_eq!(g.case_aside(), None);
    g.w.sync_all(&[&g.wang, &g.han]);
    assert_eq!(
        g.w.aside(g.visit),
        ["quarantined:author.body"],
        "the server is told, and a person may look"
    );
    assert_eq!(g.ruled().0, "unconfirmed");
}

#[test]
fn a_case_that_is_sent_to_who_may_not_see_it_is_not_kept_there() {
    let g = Gate::refused();
    let (forger, contents) = g.forged();
    let (he, liu) = (g.w.phone("何"), g.w.phone("刘"));
    for (number, stranger) in [(1, &he), (2, &liu)] {
        let question = filmed(&stranger.client.question().unwrap());
        let sealed = forger
            .seals(&question, number, &contents.pack().unwrap())
            .unwrap();
        let opened = stranger.opens(&sealed).unwrap();
        assert_eq!(aside(&opened), ["parcel.recipient_role"]);
        assert_eq!((opened.changes, opened.visits.len()), (0, 0));
        assert_eq!(stranger.client.visits().unwrap(), []);
        assert_eq!(stranger.client.doctor().unwrap(), []);
        let file = rusqlite::Connection::open(stranger.file()).unwrap();
        let lies = file.query_row("SELECT COUNT(*) FROM changes", [], |row| {
            row.get::<_, i64>(0)
        });
        assert_eq!(lies.unwrap(), 0);
    }
}

#[test]
fn a_parcel_that_finds_no_room_is_opened_whole_once_there_is_some() {
    let mut g = Gate::refused();
    let Some(disk) = SmallDisk::mount(4 * RESERVE_BYTES) else {
        println!("nothing can be mounted here");
        return;
    };
    let feng = g.w.phone_on("冯", disk.path().join("phone.db"), 900);
    g.w.enrols(&feng);
    feng.offline();
    let question = filmed(&feng.client.question().unwrap());
    for _ in 0..40 {
        g.wang.suspends(&"等待执法人员到场确认。".repeat(100));
    }
    let parcel = g.wang.hands_over(&question, g.visit);
    let ballast = disk.fill();
    // The reserve is for forms: it goes first, and then there is nothing left.
    std::fs::remove_file(format!("{}.reserve", feng.file().display())).unwrap();
    let rest = disk.fill();
    assert_eq!(code(feng.opens(&parcel)), "store.full");
    assert_eq!(code(feng.opens(&parcel)), "store.full");
    assert_eq!(feng.client.visits().unwrap(), []);
    std::fs::remove_file(rest).unwrap();
    assert!(!ballast.exists());
    let opened = feng.opens(&parcel).unwrap();
    assert_eq!(aside(&opened), [""; 0]);
    assert_eq!(feng.client.cases_waiting().unwrap().len(), 1);
    assert_eq!(code(feng.opens(&parcel)), "parcel.replayed");
    g.wang.restarts();
}
