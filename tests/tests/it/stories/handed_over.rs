//! A case handed from phone to phone where there is no network: two real clients, codes read by an independent decoder,
//! parcels as files, and one sync at the end.

use fieldseal_tests::gate::{filmed, north_of_shop, seen, unsigned};
use fieldseal_tests::phone::signs;
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, World};
use mobile_ffi::{
    CaseState, ClientError, ConfirmedSubject, OpinionInput, Preview, TodoKind, code_png, code_svg,
};
use serde_json::json;
use sync_core::limits::{CODE_ANSWERED_MS, PARCEL_BYTES_MAX};
use sync_core::model::{DocumentId, RefusalId, RefusalState, SealSubject};
use sync_core::rules::{Outcome, RefusalStanding, Subject};

/// 五金店 refuses at nine, and two phones that have no network stand before it: the sampler's and the supervisor's.
pub(super) struct Gate {
    pub(super) w: World,
    pub(super) wang: Phone,
    pub(super) han: Phone,
    pub(super) visit: DocumentId,
    pub(super) refusal: RefusalId,
}

impl Gate {
    pub(super) fn refused() -> Self {
        let w = World::shanxi();
        w.at("2025-03-02 08:00");
        let (mut wang, han) = (w.phone("王"), w.phone("韩"));
        w.at("2025-03-02 09:00");
        wang.offline();
        han.offline();
        wang.stands(north_of_shop(0));
        let visit = wang.works_in("JC-2025-01").enters("五金店");
        let refusal = wang.is_refused(&w, "T2");
        w.minutes(30);
        han.stands(north_of_shop(40));
        Self {
            w,
            wang,
            han,
            visit,
            refusal,
        }
    }

    /// The supervisor asks, the sampler answers and hands the case over; the answer's code.
    pub(super) fn met(&self) -> String {
        let (_, question, answer) = self.han.meets(&self.wang, self.refusal);
        let parcel = self.wang.hands_over(&question, self.visit);
        self.han.opens(&parcel).expect("it is opened");
        answer
    }

    pub(super) fn case(&self) -> (DocumentId, RefusalId) {
        (self.visit, self.refusal)
    }

    pub(super) fn standing(&self, phone: &Phone) -> RefusalStanding {
        let preview = phone.client.preview(self.visit).expect("the visit is held");
        standing(&preview, self.refusal)
    }

    /// What the server says of the refusal, and by which findings.
    pub(super) fn ruled(&self) -> (String, Vec<String>) {
        let rulings = self.w.rulings(self.visit);
        let subject = format!("refusal/{}", self.refusal);
        let ruling = rulings.iter().find(|it| word(&it["subject"]) == subject);
        let ruling = ruling.expect("it is ruled");
        let findings = ruling["findings"].as_array().unwrap().iter();
        let mut said: Vec<_> = findings.map(|it| word(&it["message"])).collect();
        said.sort();
        (word(&ruling["outcome"]), said)
    }
}

fn standing(preview: &Preview, refusal: RefusalId) -> RefusalStanding {
    let subject = Subject::Refusal(refusal);
    let found = preview.outcomes.iter().find(|it| it.subject == subject);
    match found.expect("an outcome").outcome {
        Outcome::Refusal { refusal } => refusal,
        _ => panic!("a refusal has no other outcome"),
    }
}

pub(super) fn said(preview: &Preview) -> Vec<&str> {
    let said = preview
        .findings
        .iter()
        .map(|it| it.finding.message.as_str());
    said.filter(|it| it.starts_with("REFUSE.")).collect()
}

#[track_caller]
pub(super) fn code<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
    result.expect_err("it is refused").code
}

#[test]
fn a_refusal_is_confirmed_between_two_phones_without_a_network_and_stands_after_one_sync() {
    let g = Gate::refused();
    assert_eq!(g.standing(&g.wang), RefusalStanding::Unconfirmed);
    assert_eq!(g.han.client.cases().unwrap(), []);

    let (heard, question, answer) = g.han.meets(&g.wang, g.refusal);
    assert_eq!(heard.user_name, "王建国");
    assert_eq!(heard.document_id, Some(g.visit));
    let apart = heard.distance_mm.expect("both have a fix");
    assert!((35_000..45_000).contains(&apart), "{apart}");
    let parcel = g.wang.hands_over(&question, g.visit);
    let opened = g.han.opens(&parcel).unwrap();
    assert_eq!(
        (opened.sender_name.as_str(), &opened.visits[..]),
        ("王建国", &[g.visit][..])
    );
    assert!(opened.changes > 0);

    let waiting = g.han.client.cases_waiting().unwrap();
    let [case] = &waiting[..] else {
        panic!("{waiting:?}");
    };
    assert_eq!(case.subject, ConfirmedSubject::Refusal(g.refusal));
    assert_eq!(case.state, CaseState::Refusal(RefusalState::Recorded));
    assert_eq!(case.enterprise_name, "晋城示例五金店");
    assert!((35_000..45_000).contains(&case.distance_mm.unwrap()));
    let read = g.han.client.visit(g.visit).unwrap();
    assert_eq!(
        read["refusals"][0]["record"]["consequence"],
        "无理由拒绝抽样将被列入跟踪抽查并依法公示"
    );
    assert_eq!(
        code(g.han.client.suspend(g.visit, "午休")),
        "visit.read_only"
    );

    let confirmation = g.han.confirms(&g.w, g.case(), "confirmed");
    assert_eq!(g.standing(&g.han), RefusalStanding::Confirmed);
    assert_eq!(g.han.client.cases_waiting().unwrap(), []);
    let parcel = g.han.hands_over(&answer, g.visit);
    let opened = g.wang.opens(&parcel).unwrap();
    assert_eq!(opened.confirmations, [confirmation]);
    assert_eq!(g.standing(&g.wang), RefusalStanding::Confirmed);
    let here = g.han.client.preview(g.visit).unwrap();
    assert_eq!(
        said(&here),
        said(&g.wang.client.preview(g.visit).unwrap()),
        "I4"
    );

    g.w.sync_all(&[&g.wang, &g.han]);
    let (outcome, said) = g.ruled();
    assert_eq!(outcome, "confirmed");
    assert_eq!(said, ["REFUSE.published", "REFUSE.tracked"]);
    for phone in [&g.wang, &g.han] {
        let doctor = phone.client.doctor().unwrap();
        assert!(doctor.iter().all(|it| it.state == "received"), "{doctor:?}");
    }
}

#[test]
fn a_parcel_opens_once_for_the_phone_that_asked_and_as_it_was_made() {
    let mut g = Gate::refused();
    let he = g.w.phone("何");
    he.offline();
    // Another officer of the region asked as well: not to be opened by whoever holds the file.
    let feng = g.w.phone("冯");
    feng.offline();
    feng.client.question().unwrap();
    let (_, question, answer) = g.han.meets(&g.wang, g.refusal);
    let parcel = g.wang.hands_over(&question, g.visit);

    assert_eq!(code(feng.opens(&parcel)), "parcel.wrong_recipient");
    assert_eq!(code(g.wang.opens(&parcel)), "parcel.wrong_recipient");
    let mut tampered = parcel.clone();
    *tampered.last_mut().unwrap() ^= 1;
    assert_eq!(code(g.han.opens(&tampered)), "parcel.tampered");
    assert_eq!(
        code(g.han.opens(&parcel[..parcel.len() - 1])),
        "parcel.tampered"
    );
    assert_eq!(code(g.han.opens(b"PK\x03\x04")), "parcel.malformed");
    assert_eq!(code(g.han.opens(&[])), "parcel.malformed");
    let large = vec![b'x'; PARCEL_BYTES_MAX + 1];
    assert_eq!(code(g.han.opens(&large)), "parcel.too_large");
    assert_eq!(g.han.client.visits().unwrap(), []);

    g.han.opens(&parcel).unwrap();
    assert_eq!(code(g.han.opens(&parcel)), "parcel.replayed");
    // For good: also for an app that was closed since.
    g.han.restarts();
    assert_eq!(code(g.han.opens(&parcel)), "parcel.replayed");

    // A certificate's owner who is neither of the region nor of the body gets no case.
    let asked = filmed(&he.client.question().unwrap());
    let subject = ConfirmedSubject::Refusal(g.refusal);
    assert_eq!(
        code(g.wang.client.answer(&asked, g.visit, subject)),
        "parcel.recipient_role"
    );
    assert_eq!(
        code(g.wang.client.make_parcel(&asked, g.visit)),
        "parcel.recipient_role"
    );
    // An answer is to one question.
    assert_eq!(
        code(feng.client.hear_answer(&answer)),
        "co_signature.other_question"
    );
    assert_eq!(
        code(g.han.client.read_code("FSQ1:NOTHING")),
        "co_signature.malformed"
    );
}

#[test]
fn a_parcel_to_an_earlier_key_is_opened_after_the_key_was_renewed() {
    let g = Gate::refused();
    let (_, question, _) = g.han.meets(&g.wang, g.refusal);
    let parcel = g.wang.hands_over(&question, g.visit);
    g.han.client.renew_parcel_key().unwrap();
    g.han.opens(&parcel).unwrap();
    // The next sync has the new key certified; from then on parcels are sealed to that one.
    g.han.online().syncs();
    g.han.offline();
    let (_, question, _) = g.han.meets(&g.wang, g.refusal);
    let next = g.wang.hands_over(&question, g.visit);
    let key = |parcel: &[u8]| {
        let line = parcel.split(|it| *it == b'\n').nth(1).unwrap();
        let header: serde_json::Value = serde_json::from_slice(line).unwrap();
        word(&header["recipient_key"])
    };
    assert_ne!(key(&parcel), key(&next));
    g.han.opens(&next).unwrap();
}

#[test]
fn a_code_is_answered_for_a_day_and_no_longer() {
    let g = Gate::refused();
    let question = filmed(&g.han.client.question().unwrap());
    let subject = ConfirmedSubject::Refusal(g.refusal);
    let answer = g.wang.client.answer(&question, g.visit, subject).unwrap();
    let parcel = g.wang.hands_over(&question, g.visit);
    let late = g.wang.hands_over(&question, g.visit);
    g.w.minutes(CODE_ANSWERED_MS / 60_000);
    g.han.client.hear_answer(&answer.text).unwrap();
    g.han.opens(&parcel).unwrap();
    g.w.server.clock.advance_ms(1);
    assert_eq!(
        code(g.han.client.hear_answer(&answer.text)),
        "co_signature.other_question"
    );
    assert_eq!(code(g.han.opens(&late)), "parcel.not_asked_for");
}

#[test]
fn whoever_has_a_network_first_brings_the_case_and_what_was_found_of_it() {
    let g = Gate::refused();
    g.met();
    g.han.confirms(&g.w, g.case(), "confirmed");
    g.han.online().syncs();
    assert_eq!(g.ruled().0, "confirmed");
    // The sampler's own phone comes later and changes nothing.
    g.wang.online().syncs();
    assert_eq!(g.ruled().0, "confirmed");
    assert_eq!(g.w.aside(g.visit), [""; 0]);
}

#[test]
fn a_confirmation_that_arrives_before_the_refusal_waits_for_it() {
    let g = Gate::refused();
    g.met();
    g.han.confirms(&g.w, g.case(), "confirmed");
    // As if it had been cut: what others wrote stays behind.
    let store = rusqlite::Connection::open(g.han.file()).unwrap();
    let cut = store.execute("UPDATE changes SET unsent = 0 WHERE own = 0", []);
    assert!(cut.unwrap() > 0);
    g.han.online().syncs();
    let path = format!("/v1/visits/{}", g.visit);
    let early = g.w.call("GET", "admin", &path, serde_json::Value::Null);
    assert_eq!(early.status, 404, "{}", early.body);
    g.wang.online().syncs();
    assert_eq!(
        g.ruled(),
        (
            "confirmed".to_owned(),
            vec!["REFUSE.published".to_owned(), "REFUSE.tracked".to_owned()]
        )
    );
}

#[test]
fn one_officer_is_told_so_before_the_seal_and_may_seal_all_the_same() {
    let g = Gate::refused();
    g.met();
    let one = vec![g.han.officers()[0]];
    let confirmation = g.han.finds(&g.w, g.case(), "confirmed", one);
    let preview = g.han.client.preview_confirmation(confirmation).unwrap();
    assert!(
        said(&preview).contains(&"REFUSE.too_few_officers"),
        "{preview:?}"
    );
    assert_eq!(
        g.standing(&g.han),
        RefusalStanding::Unconfirmed,
        "a preview stores nothing"
    );
    let missing = g.han.client.missing_for_confirmation(confirmation).unwrap();
    assert!(
        missing.iter().any(|it| it.code == "no_officer"),
        "{missing:?}"
    );
    // The other officer is named as well: nothing is left to say.
    let officers = g.han.officers();
    let read = g.han.client.confirmation(confirmation).unwrap();
    let mut named = read["record"]["record"]["officers"].clone();
    let signers = g.han.client.signers().unwrap();
    let other = signers.iter().find(|it| it.user_id == officers[1]).unwrap();
    named[officers[1].to_string()] =
        json!({ "name": other.user_name, "certificate_no": other.certificate_no });
    let fields = json!({ "officers": named });
    g.han
        .client
        .edit_confirmation(confirmation, &fields)
        .unwrap();
    let preview = g.han.client.preview_confirmation(confirmation).unwrap();
    assert_eq!(standing(&preview, g.refusal), RefusalStanding::Confirmed);
    assert!(
        !said(&preview).contains(&"REFUSE.too_few_officers"),
        "{preview:?}"
    );
    // Named and unsigned is refused with its reason; both sign.
    let first = g
        .han
        .client
        .seal_confirmation(confirmation, &[signs(officers[0])]);
    let refused = first.expect_err("one of two who are named signed");
    assert_eq!(refused.code, "seal.refused");
    let signers: Vec<_> = officers.into_iter().map(signs).collect();
    g.han
        .client
        .seal_confirmation(confirmation, &signers)
        .unwrap();
    assert_eq!(
        code(
            g.han
                .client
                .edit_confirmation(confirmation, &json!({ "opinion": "改" }))
        ),
        "document.sealed"
    );
    let amended = g.han.client.amend_confirmation(
        confirmation,
        &json!({ "opinion": "经现场核实，拒检情况属实（更正错字）" }),
        "更正错字",
        &signers[0],
    );
    amended.unwrap();
    assert_eq!(g.standing(&g.han), RefusalStanding::Confirmed);
}

#[test]
fn a_confirmation_from_afar_counts_once_a_second_officer_agrees() {
    let g = Gate::refused();
    g.met();
    g.han.stands(north_of_shop(3_000));
    let one = vec![g.han.officers()[0]];
    let confirmation = g.han.finds(&g.w, g.case(), "confirmed", one.clone());
    g.han
        .client
        .seal_confirmation(confirmation, &[signs(one[0])])
        .unwrap();
    let preview = g.han.client.preview(g.visit).unwrap();
    assert!(
        said(&preview).contains(&"REFUSE.far"),
        "{:?}",
        said(&preview)
    );
    assert_eq!(g.standing(&g.han), RefusalStanding::Unconfirmed);
    g.w.sync_all(&[&g.wang, &g.han]);
    // Another officer reads it on another phone, where it came down.
    let feng = g.w.phone("冯");
    feng.syncs();
    let [held] = &feng.client.confirmations(g.visit).unwrap()[..] else {
        panic!("one confirmation came down");
    };
    let second = feng
        .officers()
        .into_iter()
        .find(|it| *it != one[0])
        .unwrap();
    let opinion = OpinionInput {
        agrees: true,
        reason: "调阅影像，情况属实".to_owned(),
    };
    let given = feng
        .client
        .give_opinion(held.document_id, &opinion, &signs(second));
    given.unwrap();
    assert_eq!(g.standing(&feng), RefusalStanding::Confirmed);
    feng.syncs();
    assert_eq!(g.ruled().0, "confirmed");
}

#[test]
fn cases_are_told_nearest_first_and_those_without_a_place_last() {
    let mut g = Gate::refused();
    for (enterprise, place) in [("服饰", None), ("铸造", north_of_shop(5_000))] {
        g.w.minutes(30);
        g.wang.stands(place);
        g.wang.enters(enterprise);
        g.wang.is_refused(&g.w, "T2");
    }
    g.wang.stands(north_of_shop(4_000));
    let cases = g.wang.client.cases().unwrap();
    let told: Vec<_> = cases
        .iter()
        .map(|it| {
            (
                it.enterprise_name.as_str(),
                it.distance_mm.map(|mm| (mm + 500_000) / 1_000_000),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("泽州示例铸造", Some(1)),
            ("晋城示例五金店", Some(4)),
            ("高平示例服饰", None),
        ]
    );
    // A phone that does not know where it is tells the oldest first.
    g.wang.stands(None);
    let cases = g.wang.client.cases().unwrap();
    assert_eq!(cases[0].enterprise_name, "晋城示例五金店");
    assert!(cases.iter().all(|it| it.distance_mm.is_none()));
    // None of them is a sampler's to confirm.
    assert_eq!(g.wang.client.cases_waiting().unwrap(), []);
}

#[test]
fn who_may_not_confirm_is_told_before_anything_is_written() {
    let g = Gate::refused();
    let input = Default::default();
    let subject = ConfirmedSubject::Refusal(g.refusal);
    let begun = g.wang.client.begin_confirmation(g.visit, subject, &input);
    assert_eq!(code(begun), "author.role");
    let unknown = g.han.client.begin_confirmation(g.visit, subject, &input);
    assert_eq!(code(unknown), "case.unknown");
}

#[test]
fn a_refusal_is_withdrawn_before_its_seal_by_its_samplers_and_after_it_by_an_amendment() {
    let mut g = Gate::refused();
    let signer = signs(g.wang.samplers()[0]);
    let withdraw = |phone: &Phone, visit, refusal, signer| {
        let reason = "核实为门卫误传";
        phone
            .client
            .withdraw_refusal(visit, refusal, reason, signer)
    };
    assert_eq!(
        code(withdraw(&g.wang, g.visit, g.refusal, None)),
        "signer.missing"
    );
    assert!(
        withdraw(&g.wang, g.visit, g.refusal, Some(&signer))
            .unwrap()
            .is_some()
    );
    assert_eq!(g.standing(&g.wang), RefusalStanding::Withdrawn);
    g.wang.online().syncs();
    assert_eq!(g.ruled().0, "withdrawn");

    g.wang.offline();
    let visit = g.wang.enters("铸造");
    let draft = g.wang.notes_refusal(&g.w, "T1");
    let fields = json!({ "fact_description": "负责人外出，门卫拒绝", "witness": null });
    g.wang.client.edit_refusal(visit, draft, &fields).unwrap();
    assert_eq!(withdraw(&g.wang, visit, draft, None).unwrap(), None);
    let read = g.wang.client.visit(visit).unwrap();
    let record = &read["refusals"][0]["record"];
    assert_eq!(record["withdrawn_reason"], "核实为门卫误传");
    assert_eq!(record["fact_description"], "负责人外出，门卫拒绝");
    let sealed = SealSubject::Refusal(g.refusal);
    assert!(
        g.wang
            .client
            .seal(g.visit, sealed, vec![signer], unsigned())
            .is_err()
    );
}

#[test]
fn a_kill_while_a_parcel_is_opened_leaves_it_unopened_or_opened() {
    let mut g = Gate::refused();
    let (_, question, _) = g.han.meets(&g.wang, g.refusal);
    let parcel = g.wang.hands_over(&question, g.visit);
    let killed_at = |phone: &mut Phone, place: &'static str| {
        let hook: mobile_ffi::Hook = std::sync::Arc::new(move |passed| passed == place);
        phone.client.faults().set(Some(hook));
        assert_eq!(code(phone.opens(&parcel)), "test.killed");
        phone.restarts();
    };
    killed_at(&mut g.han, "before_commit");
    assert_eq!(g.han.client.visits().unwrap(), []);
    assert_eq!(g.han.client.cases().unwrap(), []);
    // The same parcel, whole and once.
    killed_at(&mut g.han, "after_commit");
    assert_eq!(g.han.client.cases_waiting().unwrap().len(), 1);
    assert_eq!(code(g.han.opens(&parcel)), "parcel.replayed");
    assert_eq!(g.standing(&g.han), RefusalStanding::Unconfirmed);
}

/// Paints the squares of a drawing, run by run, three points a square.
fn painted(svg: &str) -> Vec<u8> {
    let number = |text: &str| text.parse::<u32>().unwrap();
    let side = svg.split("viewBox=\"0 0 ").nth(1).unwrap();
    let side = number(side.split(' ').next().unwrap());
    let mut picture = image::GrayImage::from_pixel(side * 3, side * 3, image::Luma([255]));
    let path = svg.split("fill=\"#000\" d=\"").nth(1).unwrap();
    let path = path.split('"').next().unwrap();
    for run in path.split('M').skip(1) {
        let (at, rest) = run.split_once('h').unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        let length = number(rest.split('v').next().unwrap());
        for column in number(x) * 3..(number(x) + length) * 3 {
            for row in number(y) * 3..(number(y) + 1) * 3 {
                picture.put_pixel(column, row, image::Luma([0]));
            }
        }
    }
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[test]
fn codes_are_read_back_from_their_pictures_by_a_decoder_of_another_hand() {
    let g = Gate::refused();
    let question = g.han.client.question().unwrap();
    let subject = ConfirmedSubject::Refusal(g.refusal);
    let answer = g
        .wang
        .client
        .answer(&question.text, g.visit, subject)
        .unwrap();
    for shown in [&question, &answer] {
        for pixels in [2, 3, 5] {
            assert_eq!(seen(&code_png(&shown.text, pixels).unwrap()), shown.text);
        }
        assert_eq!(seen(&painted(&code_svg(&shown.text).unwrap())), shown.text);
    }
}

/// What waits for the person of a phone, by kind, with its words in both languages.
fn waits(phone: &Phone) -> Vec<(TodoKind, u32)> {
    let todos = phone.client.todos().unwrap();
    for todo in &todos {
        assert!(!todo.zh.is_empty() && !todo.en.is_empty(), "{todo:?}");
        assert!(!todo.zh.is_ascii() && !todo.en.contains('：'), "{todo:?}");
    }
    todos.iter().map(|it| (it.kind, it.count)).collect()
}

#[test]
fn what_waits_for_a_person_is_one_list_that_a_phone_makes_offline() {
    let mut g = Gate::refused();
    assert_eq!(waits(&g.wang), []);
    assert_eq!(waits(&g.han), []);
    // A draft waits for its seal, and a case for its supervisor.
    let draft = g.wang.notes_refusal(&g.w, "T2");
    assert_eq!(waits(&g.wang), [(TodoKind::Refusal, 1)]);
    let [todo] = &g.wang.client.todos().unwrap()[..] else {
        panic!("one thing waits");
    };
    assert_eq!(todo.subject, Some(SealSubject::Refusal(draft)));
    assert_eq!(todo.zh, "拒检认定表待签封：电动车头盔");
    g.met();
    assert_eq!(waits(&g.han), [(TodoKind::Case, 1)]);
    let [todo] = &g.han.client.todos().unwrap()[..] else {
        panic!("one thing waits");
    };
    assert!(
        todo.zh.starts_with("案件待现场确认：晋城示例五金店"),
        "{todo:?}"
    );
    // Begun, it waits for the seal, and the case still for a confirmation; sealed, nothing waits.
    let officers = g.han.officers();
    let confirmation = g.han.finds(&g.w, g.case(), "confirmed", officers.clone());
    assert_eq!(
        waits(&g.han),
        [(TodoKind::Case, 1), (TodoKind::Confirmation, 1)]
    );
    let signers: Vec<_> = officers.into_iter().map(signs).collect();
    let sealed = g.han.client.seal_confirmation(confirmation, &signers);
    sealed.unwrap();
    assert_eq!(waits(&g.han), []);

    // What the server sets aside waits for somebody to see to it, told once.
    g.w.revokes(&g.wang);
    g.han.online().syncs();
    let todos = g.han.client.todos().unwrap();
    let [todo] = &todos[..] else {
        panic!("{todos:?}");
    };
    assert_eq!((todo.kind, todo.document_id), (TodoKind::Aside, g.visit));
    assert!(
        todo.count > 1 && todo.zh.contains("author.revoked"),
        "{todo:?}"
    );
    // A revoked phone says what it cannot send, and keeps its draft.
    g.wang.online().tries_to_sync();
    g.wang.restarts();
    let kinds: Vec<_> = waits(&g.wang).into_iter().map(|it| it.0).collect();
    assert!(
        kinds.contains(&TodoKind::Refusal) && kinds.contains(&TodoKind::Aside),
        "{kinds:?}"
    );
    assert!(kinds.is_sorted());
}
