//! Sealed stays sealed (I6), and every sheet is one sheet.

use fieldseal_tests::World;
use fieldseal_tests::phone::signs;
use fieldseal_tests::scenes::without_reason;
use mobile_ffi::{PartyAct, RefusalInput};
use serde_json::json;
use sync_core::model::SealSubject;

#[test]
fn an_edit_beside_the_seal_is_an_amendment_and_the_sealed_sheet_is_shown_as_it_was_sealed() {
    let w = World::shanxi();
    let (mut a, b) = (w.phone("王"), w.phone("赵"));
    let visit = a.enters("铸造");
    let sheet = a.fills("T1", json!({}));
    w.sync_all(&[&a, &b]);
    a.offline();
    b.offline();
    w.minutes(5);
    a.seals(sheet);
    let change = json!({ "trademark": "另一商标" });
    // The teammate does not know of the seal yet; whoever knows it cannot edit past it.
    b.client.edit_sheet(visit, sheet, change.clone()).unwrap();
    let refused = a.client.edit_sheet(visit, sheet, change).unwrap_err();
    assert_eq!(refused.code, "document.sealed");
    w.sync_all(&[&b, &a]);
    let dossier = w.dossier(visit);
    let sample = &dossier["facts"]["samples"][sheet.to_string()];
    assert_eq!(sample["amended"], true);
    assert_eq!(sample["product"]["trademark"], "示例");
    assert_eq!(sample["unsigned_amendments"], 1);
    assert_eq!(dossier["samples"][0]["sheet"]["trademark"], "示例");
    let beside = &dossier["amendments"][0];
    assert_eq!(beside["by"]["user_id"], w.id("user", "赵"));
    assert_eq!(beside["verdict"]["faults"], json!(["amendment.unsigned"]));
    assert_eq!(beside["verdict"]["author"], json!(null));
    let rules = w.rules(visit, sheet);
    assert!(rules.contains(&"FORM".to_owned()), "{rules:?}");
}

#[test]
fn two_seals_of_one_sheet_are_both_kept_and_freeze_the_laboratory() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("赵"));
    let visit = a.enters("铸造");
    let sheet = a.fills("T1", json!({}));
    w.sync_all(&[&a, &b]);
    a.offline();
    b.offline();
    b.enters("铸造");
    a.client
        .edit_sheet(visit, sheet, json!({ "remarks": "甲" }))
        .unwrap();
    b.client
        .edit_sheet(visit, sheet, json!({ "remarks": "乙" }))
        .unwrap();
    a.seals(sheet);
    b.seals(sheet);
    w.sync_all(&[&a, &b]);
    assert!(w.rules(visit, sheet).contains(&"SEALED".to_owned()));
    w.receives("钱", sheet)
        .expect_problem(409, "sample_refused");
}

#[test]
fn a_voided_sheet_keeps_its_number_for_ever() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let spoiled = a.fills("T1", json!({}));
    a.client.void_sheet(visit, spoiled, "墨水弄脏").unwrap();
    let good = a.draws("T1");
    a.syncs();
    let dossier = w.dossier(visit);
    let samples = dossier["facts"]["samples"].as_object().unwrap();
    let numbers: Vec<_> = samples.values().map(|it| it["sheet_no"].clone()).collect();
    assert_eq!(numbers.len(), 2);
    assert_ne!(numbers[0], numbers[1]);
    assert_eq!(w.validity(good), "valid");
}

#[test]
fn an_edit_after_sealing_is_a_signed_amendment_with_its_reason_beside_the_sealed_sheet() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sheet = a.draws("T1");
    a.offline();
    w.minutes(20);
    let subject = SealSubject::Sheet(sheet);
    let change = json!({ "grade": "一等品" });
    let nobody = a.amends(subject, change.clone(), " ").unwrap_err();
    assert_eq!(nobody.code, "document.no_reason");
    let id = a.amends(subject, change, "等级笔误").unwrap();
    a.online().syncs();
    let dossier = w.dossier(visit);
    let shown = &dossier["samples"][0];
    assert_eq!(shown["sheet"]["grade"], "合格品", "the sealed sheet stands");
    assert_eq!(
        (&shown["sealed"], &shown["amended"]),
        (&json!(true), &json!(true))
    );
    let beside = dossier["amendments"].as_array().unwrap();
    assert_eq!(beside.len(), 1, "{beside:?}");
    let (amendment, verdict) = (&beside[0]["amendment"], &beside[0]["verdict"]);
    assert_eq!(amendment["amendment"]["amendment_id"], id);
    assert_eq!(amendment["amendment"]["reason"], "等级笔误");
    assert_eq!(amendment["fields"][0]["new"], "\"一等品\"");
    assert_eq!(verdict["verified"], true, "{verdict}");
    assert_eq!(verdict["author"], w.id("user", "王"));
    assert_eq!(verdict["digest"].as_str().unwrap().len(), 64);
    // It is told, and changes nothing of what the sample is worth.
    let facts = &dossier["facts"]["samples"][sheet.to_string()];
    assert_eq!(facts["unsigned_amendments"], 0);
    assert_eq!(w.validity(sheet), "valid");
}

#[test]
fn an_amendment_needs_the_pin_of_a_sampler_and_something_sealed() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sheet = a.fills("T1", json!({}));
    let (subject, change) = (SealSubject::Sheet(sheet), json!({ "grade": "一等品" }));
    let open = a.amends(subject, change.clone(), "等级笔误").unwrap_err();
    assert_eq!(open.code, "seal.none");
    a.seals(sheet);
    let mut stranger = signs(w.id("user", "王").parse().unwrap());
    stranger.pin = "000000".to_owned();
    let amend = |fields, signer| {
        a.client
            .amend_sheet(visit, sheet, &fields, "等级笔误", &signer)
    };
    assert_eq!(
        amend(change.clone(), stranger).unwrap_err().code,
        "pin.wrong"
    );
    let unknown = signs(w.id("user", "李").parse().unwrap());
    assert_eq!(amend(change, unknown).unwrap_err().code, "signer.unknown");
    for given in ["sheet_no", "sampled_at", "voided_reason", "evidence"] {
        let refused = a
            .amends(subject, json!({ given: "x" }), "改号")
            .unwrap_err();
        assert_eq!(refused.code, "sheet.field_invalid", "{given}");
    }
    a.syncs();
    assert_eq!(w.dossier(visit)["amendments"], json!([]));
}

#[test]
fn a_sealed_refusal_is_shown_as_sealed_with_who_would_not_sign_and_what_changed_since() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let refusal = RefusalInput {
        task_id: Some(w.id("task", "T1").parse().unwrap()),
        ..without_reason("负责人拒绝抽样", "检查井盖", "居委会 周某")
    };
    let subject = SealSubject::Refusal(a.client.refuse(visit, refusal).unwrap());
    let act = |reason: &str, witness: &str| PartyAct::Refused {
        reason: reason.to_owned(),
        witness: witness.to_owned(),
        handwriting: Some(b"handwriting of the witness".to_vec()),
    };
    for (reason, witness) in [(" ", "周某"), ("不认可", "")] {
        let refused = a.tries_to_seal_with(subject, act(reason, witness));
        assert_eq!(refused.unwrap_err().code, "party.witness_missing");
    }
    a.tries_to_seal_with(subject, act("不认可抽样", "周某"))
        .unwrap();
    let change = json!({ "fact_description": "负责人先拒绝，后配合" });
    a.amends(subject, change, "补充事实").unwrap();
    a.syncs();
    let dossier = w.dossier(visit);
    let shown = &dossier["records"]["refusals"][0];
    assert_eq!(shown["record"]["fact_description"], "负责人拒绝抽样");
    assert_eq!(
        (&shown["sealed"], &shown["amended"]),
        (&json!(true), &json!(true))
    );
    let party = &dossier["seals"][0]["party_signature"];
    assert_eq!(party["party"], "refused_to_sign");
    assert_eq!(
        (&party["reason"], &party["witness"]),
        (&json!("不认可抽样"), &json!("周某"))
    );
    assert_eq!(dossier["seals"][0]["faults"], json!([]));
    assert_eq!(dossier["amendments"][0]["verdict"]["verified"], true);
    assert_eq!(
        dossier["facts"]["visits"][visit.to_string()]["refused"],
        true
    );
}

#[test]
fn a_phone_shows_a_visit_as_the_dossier_does() {
    let w = World::shanxi();
    let (mut a, b) = (w.phone("王"), w.phone("赵"));
    let visit = a.enters("铸造");
    let sheet = a.draws("T1");
    a.amends(
        SealSubject::Sheet(sheet),
        json!({ "grade": "一等品" }),
        "等级笔误",
    )
    .unwrap();
    w.sync_all(&[&a, &b]);
    let dossier = w.dossier(visit);
    for phone in [&a, &b] {
        let shown = phone.client.visit(visit).unwrap();
        assert_eq!(shown["sheets"][0]["sheet"], dossier["samples"][0]["sheet"]);
        assert_eq!(shown["seals"], dossier["seals"]);
        assert_eq!(shown["amendments"], dossier["amendments"]);
        assert_eq!(shown["amendments"][0]["verdict"]["verified"], true);
    }
}

#[test]
fn a_null_byte_in_a_form_is_a_fault_and_harms_nothing_beside_it() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let fields = json!({ "product_name": "井\u{0}盖", "remarks": "\u{7}" });
    let odd = a.unruly().draws_with("T1", fields);
    let good = a.draws("T2");
    a.syncs();
    let dossier = w.dossier(visit);
    let faults = dossier["facts"]["samples"][odd.to_string()]["faults"].clone();
    let expected = [
        "sheet.product_name.control_character",
        "sheet.remarks.control_character",
    ];
    assert_eq!(faults, json!(expected));
    assert_eq!(w.validity(odd), "valid_with_violation");
    assert_eq!(w.validity(good), "valid");
}

#[test]
fn a_voided_sheet_is_neither_edited_nor_sealed_and_its_number_is_spent_after_a_restart() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("赵"));
    let visit = a.enters("铸造");
    b.enters("铸造");
    let spoiled = a.fills("T1", json!({}));
    let reasonless = a.client.void_sheet(visit, spoiled, " ").unwrap_err();
    assert_eq!(reasonless.code, "document.no_reason");
    a.client.void_sheet(visit, spoiled, "墨水弄脏").unwrap();
    a.restarts();
    let edited = a
        .client
        .edit_sheet(visit, spoiled, json!({ "grade": "一等品" }));
    assert_eq!(edited.unwrap_err().code, "document.voided");
    assert_eq!(
        a.tries_to_seal(spoiled).unwrap_err().code,
        "document.voided"
    );
    let next = a.client.next_batch(visit, spoiled).unwrap();
    b.draws("T2");
    w.sync_all(&[&a, &b]);
    let dossier = w.dossier(visit);
    let samples = dossier["facts"]["samples"].as_object().unwrap();
    let numbers: std::collections::BTreeSet<_> = samples
        .values()
        .map(|it| it["sheet_no"].as_str().unwrap())
        .collect();
    assert_eq!(
        (samples.len(), numbers.len()),
        (3, 3),
        "no number twice: {numbers:?}"
    );
    assert_eq!(w.validity(spoiled), "void");
    let copied = &samples[&next.to_string()]["seal_numbers"];
    assert_eq!(copied, &json!([]));
}

/// The codes of what stands in the way, with their places, and that each is told in both languages.
fn told(error: &mobile_ffi::ClientError) -> Vec<String> {
    for it in &error.objections {
        assert!(!it.zh.is_empty() && !it.en.is_empty(), "{it:?}");
    }
    let code = |it: &mobile_ffi::Objection| match it.path.as_str() {
        "" => format!("{}.{}", it.rule_id, it.code),
        path => format!("{path}.{}", it.code),
    };
    error.objections.iter().map(code).collect()
}

#[test]
fn a_phone_seals_no_sheet_with_a_fault_says_why_and_seals_it_once_it_is_mended() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.offline();
    let sheet = a.fills("T1", json!({ "trademark": "", "standards": [] }));
    let refused = a.tries_to_seal(sheet).unwrap_err();
    assert_eq!(refused.code, "seal.refused");
    assert_eq!(
        told(&refused),
        ["sheet.standards.required", "sheet.trademark.required"]
    );
    assert_eq!(refused.objections[1].zh, "商标：必填");
    assert_eq!(refused.objections[1].en, "trademark: is missing");
    // The draft is kept and sent; nothing of the refused seal is.
    a.online().syncs();
    assert_eq!(w.dossier(visit)["seals"], json!([]));
    assert_eq!(w.dossier(visit)["samples"][0]["sealed"], false);
    a.offline();
    let mended = json!({ "trademark": "示例", "standards": ["GB/T 23858-2009"] });
    a.client.edit_sheet(visit, sheet, mended).unwrap();
    a.seals(sheet);
    a.online().syncs();
    assert_eq!(w.dossier(visit)["samples"][0]["sealed"], true);
    assert_eq!(w.validity(sheet), "valid");
}

#[test]
fn a_phone_asks_for_two_samplers_and_for_the_evidence_that_the_rulebook_names() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    a.client.record_arrival(visit, a.arrival()).unwrap();
    a.offline();
    let sheet = a.fills("T1", json!({}));
    let subject = SealSubject::Sheet(sheet);
    let one = vec![signs(w.id("user", "王").parse().unwrap())];
    let sealed = a.client.seal(
        visit,
        subject,
        one,
        fieldseal_tests::phone::signed_by_party(),
    );
    let refused = sealed.unwrap_err();
    assert_eq!(told(&refused), ["TRACE.missing", "TWO.too_few"]);
    let missing = a.client.missing_for_seal(visit, subject).unwrap();
    let codes: Vec<_> = missing.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["party_unsigned", "missing", "too_few"]);
    a.arrives();
    a.seals(sheet);
    assert_eq!(
        a.client.visit(visit).unwrap()["seals"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn goods_that_must_not_be_sampled_are_recorded_as_not_sampled_instead() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.offline();
    let sheet = a.fills("T1", json!({ "is_export": true }));
    let refused = a.tries_to_seal(sheet).unwrap_err();
    assert_eq!(told(&refused), ["NOSAMP.export_only"]);
    a.client.void_sheet(visit, sheet, "全部出口").unwrap();
    let input = mobile_ffi::NotSampledInput {
        reason: "export_only".to_owned(),
        ..mobile_ffi::NotSampledInput::default()
    };
    let incomplete = SealSubject::NotSampled(a.client.not_sampled(visit, input.clone()).unwrap());
    let act = fieldseal_tests::phone::signed_by_party;
    let refused = a.tries_to_seal_with(incomplete, act()).unwrap_err();
    assert_eq!(told(&refused), ["not_sampled.licence_no.required"]);
    let whole = mobile_ffi::NotSampledInput {
        licence_no: "无".to_owned(),
        ..input
    };
    let whole = SealSubject::NotSampled(a.client.not_sampled(visit, whole).unwrap());
    a.tries_to_seal_with(whole, act()).unwrap();
}

#[test]
fn after_the_report_a_phone_starts_and_seals_nothing_and_an_unruly_one_is_ruled() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.offline();
    let open = a.fills("T1", json!({}));
    w.minutes(10);
    let report = mobile_ffi::ReportInput {
        grounds: "unlicensed".to_owned(),
        description: "不能出示许可".to_owned(),
        recipients: Vec::new(),
    };
    a.client.report(visit, report).unwrap();
    w.minutes(10);
    let task = Some(w.id("task", "T1").parse().unwrap());
    let refused = a.client.new_sheet(visit, task, a.sheet("T1")).unwrap_err();
    assert_eq!(refused.code, "task.refused");
    assert_eq!(told(&refused), ["STOP.after_stop"]);
    // What was drawn before stands.
    a.seals(open);
    let late = a.unruly().draws_with("T1", json!({ "lot_no": "另一批" }));
    a.online().syncs();
    assert_eq!(w.validity(late), "void");
    assert!(w.rules(visit, late).contains(&"STOP".to_owned()));
}

#[test]
fn a_phone_starts_no_task_that_was_cancelled_and_none_for_whom_it_is_not() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let open = a.fills("T1", json!({}));
    w.minutes(1);
    w.cancels("T1");
    w.minutes(1);
    a.syncs();
    a.offline();
    let task = Some(w.id("task", "T1").parse().unwrap());
    let refused = a.client.new_sheet(visit, task, json!({})).unwrap_err();
    assert_eq!(refused.code, "task.refused");
    assert_eq!(told(&refused), ["ASSIGN.cancelled"]);
    // The draft of before is kept; it is the next that is not begun.
    let sheets = a.client.visit(visit).unwrap()["sheets"].clone();
    assert_eq!(sheets.as_array().unwrap().len(), 1, "{open}");
    let unknown = sync_core::model::TaskId(uuid::Uuid::from_u128(9));
    let refused = a.client.new_sheet(visit, Some(unknown), json!({}));
    assert_eq!(told(&refused.unwrap_err()), ["PLAN.unknown_task"]);
    a.client
        .declare_recusal(visit, Some(w.id("user", "王").parse().unwrap()), "亲属任职")
        .unwrap();
    let task = Some(w.id("task", "T2").parse().unwrap());
    let refused = a.client.new_sheet(visit, task, json!({})).unwrap_err();
    assert_eq!(told(&refused), ["RECUSE.person"]);
    // Without a task it is a draft like any other.
    a.client.new_sheet(visit, None, json!({})).unwrap();
}
