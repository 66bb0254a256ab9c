//! `GET /v1/visits/{id}/forms/{kind}/{subject}`: forms that print by themselves, the same bytes from the server as from the
//! phone that recorded them, and what a browser puts on paper of them.

use fieldseal_tests::hands::{Hand, Who, metres_away};
use fieldseal_tests::phone::{Phone, signed_by_party};
use fieldseal_tests::printing::Printer;
use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::{Answer, World, pictures};
use mobile_ffi::{
    CaptureInput, EvidenceInput, EvidenceSubject, NotSampledInput, PaperForm, PartyAct, ReportInput,
};
use serde_json::{Value, json};
use sync_core::document::ConfirmationDocument;
use sync_core::model::{
    Confirmation, ConfirmationId, ConfirmationIdentity, ConfirmedSubject, Digest, DocumentId,
    NotSampledId, OnSiteReportId, RefusalId, SampleId, SealSubject, normalise_text,
};

/// A visit of 王 that was left with all kinds of records sealed, offline, and then came to the server.
struct Recorded {
    w: World,
    phone: Phone,
    visit: DocumentId,
    sheet: SampleId,
    refusal: RefusalId,
    not_sampled: NotSampledId,
    report: OnSiteReportId,
}

impl Recorded {
    fn new() -> Self {
        let w = World::shanxi();
        let mut phone = w.phone("王");
        phone.offline();
        let visit = phone.enters("铸造");
        let sheet = phone.draws("T1");
        let client = &phone.client;
        let refusal = without_reason("负责人拒绝开仓，经两次说明仍不配合。", "检查井盖", "赵见证");
        let refusal = client.refuse(visit, refusal).unwrap();
        let not_sampled = NotSampledInput {
            reason: "stock_too_small".into(),
            note: "库存仅三套，低于抽样基数。".into(),
            licence_no: "无".into(),
            bureau_stamp: None,
        };
        let not_sampled = client.not_sampled(visit, not_sampled).unwrap();
        let report = ReportInput {
            grounds: "three_no".into(),
            description: "成品无厂名、厂址和合格证。".into(),
            recipients: vec![w.id("organisation", "晋城市局").parse().unwrap()],
        };
        let report = client.report(visit, report).unwrap();
        for subject in [
            SealSubject::Refusal(refusal),
            SealSubject::NotSampled(not_sampled),
            SealSubject::OnSiteReport(report),
        ] {
            phone
                .tries_to_seal_with(subject, signed_by_party())
                .unwrap();
        }
        Self {
            w,
            phone,
            visit,
            sheet,
            refusal,
            not_sampled,
            report,
        }
    }

    fn forms(&self) -> Vec<(&'static str, String)> {
        vec![
            ("sheet", self.sheet.to_string()),
            ("refusal", self.refusal.to_string()),
            ("not_sampled", self.not_sampled.to_string()),
            ("on_site_report", self.report.to_string()),
            ("notice", self.phone.arrival().notice_no.unwrap()),
        ]
    }

    fn on_phone(&self, kind: &str, subject: &str) -> String {
        let made = self.phone.client.form(self.visit, kind, subject, false);
        made.unwrap()
    }

    fn path(&self, kind: &str, subject: &str) -> String {
        // Numbers of notices are in Chinese.
        let subject: String = subject.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("/v1/visits/{}/forms/{kind}/{subject}", self.visit)
    }

    fn served(&self, who: &str, kind: &str, subject: &str) -> Answer {
        let path = self.path(kind, subject);
        self.w.call("GET", who, &path, Value::Null)
    }

    /// What was signed of a record, as the phone tells it.
    fn digest(&self, subject: &SealSubject) -> String {
        let read = self.phone.client.visit(self.visit).unwrap();
        let seals = read["seals"].as_array().unwrap().iter();
        let mut of_subject = seals.filter(|it| it["subject"] == json!(subject));
        of_subject.next().unwrap()["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[test]
fn the_server_gives_the_same_bytes_as_the_phone_that_recorded_it_offline() {
    let it = Recorded::new();
    let offline = it.on_phone("sheet", &it.sheet.to_string());
    assert!(offline.contains(&it.digest(&SealSubject::Sheet(it.sheet))));
    it.phone.online().syncs();
    for (kind, subject) in it.forms() {
        let answer = it.served("王", kind, &subject).expect(200);
        assert_eq!(answer.raw, it.on_phone(kind, &subject), "{kind}");
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "private, no-store");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));
        let named = header("content-disposition");
        let name = named.strip_prefix("inline; filename=\"").unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(name.strip_suffix('"').unwrap().chars().all(plain), "{name}");
    }
    let sheet = it.sheet.to_string();
    let path = format!("{}?bilingual=true", it.path("sheet", &sheet));
    let english = it.w.call("GET", "王", &path, Value::Null).expect(200).raw;
    let made = it.phone.client.form(it.visit, "sheet", &sheet, true);
    assert_eq!(english, made.unwrap());
    assert!(english.contains("Sampling sheet"));
}

#[test]
fn a_drawn_signature_that_came_as_evidence_stands_on_the_form_of_phone_and_server() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    let drawn = pictures::png(&pictures::scene(40, 12, 1));
    let signed = PartyAct::Signed {
        name: "联系人".into(),
        handwriting: drawn.clone(),
        stamp: Some(b"photo of the stamp".to_vec()),
    };
    let sheet = phone.fills("T1", json!({}));
    let evidence = EvidenceInput {
        kind: "signature".into(),
        medium: "photo".into(),
        sample_id: Some(sheet),
        mime: "image/png".into(),
        bytes: drawn.clone(),
    };
    let added = phone.client.add_evidence(visit, evidence).unwrap();
    let sealed = phone.tries_to_seal_with(SealSubject::Sheet(sheet), signed);
    sealed.unwrap();
    phone.syncs();
    let on_phone = || {
        let made = phone.client.form(visit, "sheet", &sheet.to_string(), false);
        made.unwrap()
    };
    let path = format!("/v1/visits/{visit}/forms/sheet/{sheet}");
    let on_server = || w.call("GET", "王", &path, Value::Null).expect(200).raw;
    let image = "<img class=\"drawn\" alt=\"手写签名\" src=\"data:image/png;base64,";
    assert!(on_phone().contains(image));
    assert!(!on_server().contains("<img"), "its bytes are not here yet");
    assert_eq!(w.brings_bytes(&phone, visit, &drawn), added.sha256);
    assert_eq!(on_server(), on_phone());
    assert!(on_server().contains(image));
}

#[test]
fn a_form_that_is_none_has_its_code_and_strangers_do_not_learn_what_a_visit_has() {
    let it = Recorded::new();
    it.phone.online().syncs();
    let nobody = "00000000-0000-0000-0000-000000000001";
    let sheet = it.sheet.to_string();
    for (kind, subject, status, code) in [
        ("poster", sheet.as_str(), 404, "form_unknown"),
        ("sheet", nobody, 404, "form_subject_unknown"),
        ("refusal", &sheet, 404, "form_subject_unknown"),
        ("sheet", "x", 404, "form_subject_unknown"),
        ("notice", "无此号", 404, "form_subject_unknown"),
    ] {
        let answer = it.served("王", kind, subject);
        answer.expect_problem(status, code);
        let told = it.phone.client.form(it.visit, kind, subject, false);
        assert!(told.unwrap_err().code.starts_with("form."));
    }
    let path = format!("{}?colour=red", it.path("sheet", &sheet));
    let odd = it.w.call("GET", "王", &path, Value::Null);
    odd.expect_problem(400, "query_invalid");

    // One of another body, who does not see the visit.
    let stranger = it.served("刘", "sheet", &sheet);
    stranger.expect_problem(404, "not_found");
    let stranger = it.served("刘", "poster", &sheet);
    stranger.expect_problem(404, "not_found");

    let sql = "SELECT subject, detail FROM audit_events WHERE act = 'form.read'";
    assert_eq!(it.w.server.reads(sql).len(), 0, "nobody was given one");
    let given = it.served("王", "sheet", &sheet).expect(200);
    let rows = it.w.server.reads(sql);
    let subject: String = rows[0].get("subject").unwrap();
    let detail: String = rows[0].get("detail").unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(subject, format!("form:{}/sheet/{sheet}", it.visit));
    let detail: Value = serde_json::from_str(&detail).unwrap();
    let sha256 = sync_core::model::Digest(sha2_of(given.raw.as_bytes()));
    assert_eq!(detail["sha256"], sha256.to_string());
}

fn sha2_of(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// Text as it is compared: a PDF has its own lines and spaces, and some fonts give radicals for characters.
fn plain(text: &str) -> String {
    let text = normalise_text(text);
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn every_form_prints_from_a_browser_and_its_fields_and_its_code_are_read_back_from_the_paper() {
    let it = Recorded::new();
    it.phone.online().syncs();
    let Some(printer) = Printer::find(it.w.folder()) else {
        return;
    };
    let public_url = it.w.server.app.public_url.get().unwrap().clone();
    let fields: [(&str, &[&str]); 5] = [
        (
            "产品质量监督抽查抽样单",
            &[
                "检查井盖",
                "GB/T 23858-2009",
                "100.00 元",
                "☑常规",
                "标准型",
                "联系人",
            ],
        ),
        (
            "产品质量监督抽查拒检认定表",
            &[
                "☑无理由拒检",
                "☐弄虚作假",
                "负责人拒绝开仓，经两次说明仍不配合。",
                "赵见证",
            ],
        ),
        (
            "产品质量监督抽查未抽到样品情况表",
            &["☑基数不足", "☐停产", "库存仅三套，低于抽样基数。"],
        ),
        (
            "产品质量监督抽查现场报告",
            &["☑三无产品", "成品无厂名、厂址和合格证。", "终止抽样"],
        ),
        (
            "产品质量监督抽查通知书",
            &["产品质量法", "第十五条", "抽样人员"],
        ),
    ];
    let seals = [
        Some(SealSubject::Sheet(it.sheet)),
        Some(SealSubject::Refusal(it.refusal)),
        Some(SealSubject::NotSampled(it.not_sampled)),
        Some(SealSubject::OnSiteReport(it.report)),
        None,
    ];
    for (((kind, subject), (title, wanted)), seal) in it.forms().into_iter().zip(fields).zip(seals)
    {
        let page = it.served("王", kind, &subject).expect(200).raw;
        let printed = printer.prints(&page);
        let text = plain(&printed.pages.concat());
        let number = match &seal {
            Some(SealSubject::Sheet(_)) => it.w.dossier(it.visit)["samples"][0]["sheet_no"]
                .as_str()
                .unwrap()
                .to_owned(),
            Some(seal) => seal.number().unwrap(),
            None => subject.clone(),
        };
        for wanted in wanted.iter().copied().chain([title, &number]) {
            assert!(text.contains(&plain(wanted)), "{kind}: {wanted} in {text}");
        }
        let last = printed.pages.len();
        for (page, text) in printed.pages.iter().enumerate() {
            let numbered = format!("第{}页，共{last}页", page + 1);
            assert!(plain(text).contains(&plain(&numbered)), "{kind}: {text}");
        }
        match seal {
            Some(seal) => {
                let digest = it.digest(&seal);
                assert!(text.contains(&digest), "{kind}: {text}");
                assert_eq!(
                    printed.codes,
                    [format!("{public_url}/v/{digest}")],
                    "{kind}"
                );
            }
            None => assert_eq!(printed.codes, [""; 0], "{kind}"),
        }
    }
}

#[test]
fn a_refusal_is_printed_with_what_officers_confirmed_on_site_the_same_by_phone_and_server() {
    let it = Recorded::new();
    it.phone.online().syncs();
    let kind = ("refusal", it.refusal.to_string());
    let blank = it.served("王", kind.0, &kind.1).expect(200).raw;
    assert!(blank.contains("执法人员意见") && !blank.contains("到场证明"));
    let who = Who {
        organisation: "晋城市局",
        roles: &["enforcement"],
        regions: &["140525"],
        names: &["officer1", "officer2"],
    };
    let bureau = Hand::of(&it.w, 2, &who);
    bureau.syncs(&it.w);
    it.w.minutes(30);
    let visit = bureau.visit(it.visit);
    let subject = SealSubject::Refusal(it.refusal);
    let identity = ConfirmationIdentity {
        confirmation: ConfirmationId(bureau.draws()),
        visit: visit.identity().clone(),
        region: "140525".parse().unwrap(),
        subject: ConfirmedSubject::Refusal(it.refusal),
        seal: visit.seals_of(&subject)[0].value.statement.digest(),
    };
    let officers = bureau.people.iter();
    let form = Confirmation {
        confirmation_id: identity.confirmation,
        outcome: "confirmed".to_owned(),
        measures: "责令改正，三日内配合抽样。".to_owned(),
        opinion: "经现场核实，拒检成立。".to_owned(),
        officers: officers.map(|it| (it.user, it.officer.clone())).collect(),
        location: Some(metres_away(20)),
        evidence: Default::default(),
        confirmed_at: bureau.claim(&it.w),
    };
    let mut document = ConfirmationDocument::create(identity, bureau.device.actor).unwrap();
    document.record_confirmation(it.w.now(), &form).unwrap();
    let confirmation = SealSubject::Confirmation(form.confirmation_id);
    bureau.seals(&it.w, &mut document, confirmation, None);
    let statuses = bureau.sends(&it.w, &document);
    assert!(statuses.iter().all(|it| it == "accepted"), "{statuses:?}");
    it.phone.syncs();
    let served = it.served("王", kind.0, &kind.1).expect(200).raw;
    assert_eq!(served, it.on_phone(kind.0, &kind.1));
    let Some(printer) = Printer::find(it.w.folder()) else {
        return;
    };
    let printed = printer.prints(&served);
    let text = plain(&printed.pages.concat());
    for person in &bureau.people {
        for told in [&person.officer.name, &person.officer.certificate_no] {
            assert!(text.contains(&plain(told)), "{told} in {text}");
        }
    }
    for wanted in [
        "☑确认属实",
        "☐不成立",
        "责令改正，三日内配合抽样。",
        "经现场核实，拒检成立。",
        "电子签名有效",
        "到场证明",
        &form.confirmation_id.to_string(),
    ] {
        assert!(text.contains(&plain(wanted)), "{wanted} in {text}");
    }
    let digest = it.digest(&subject);
    assert_eq!(printed.codes.len(), 1, "the code is that of the record");
    assert!(printed.codes[0].ends_with(&digest));
    printer.shows(&served, 794, "confirmed-refusal.png");
}

#[test]
fn a_page_is_as_wide_as_the_screen_and_no_wider() {
    let it = Recorded::new();
    let Some(printer) = Printer::find(it.w.folder()) else {
        return;
    };
    let page = it.on_phone("sheet", &it.sheet.to_string());
    for width_px in [500, 1_280] {
        let picture = printer.shows(&page, width_px, "screen.png");
        assert_eq!(picture.width(), width_px);
        // The margins at both sides are white: nothing was cut.
        let picture = picture.to_luma8();
        for x in [0, 1, width_px - 2, width_px - 1] {
            let white = (0..picture.height()).all(|y| picture.get_pixel(x, y).0[0] > 250);
            assert!(white, "something stands at {x} of {width_px}");
        }
    }
}

#[test]
fn a_photographed_paper_is_bound_to_its_record_by_number_and_hash_and_a_mismatch_is_a_finding() {
    let it = Recorded::new();
    let subject = SealSubject::Refusal(it.refusal);
    let digest: Digest = it.digest(&subject).parse().unwrap();
    let photo = it.w.folder().join("paper.jpg");
    let captures = |bytes: &[u8], paper: PaperForm| {
        std::fs::write(&photo, bytes).unwrap();
        let input = CaptureInput {
            file: photo.clone(),
            media_type: "image/jpeg".into(),
            kind: "paper_form".into(),
            subject: EvidenceSubject::Refusal(it.refusal),
            location: None,
        };
        let captured = it.phone.client.capture_paper(it.visit, &input, paper);
        captured.unwrap().evidence_id
    };
    let number = subject.number().unwrap();
    let paper = |number: &str| PaperForm {
        number: number.into(),
        seal: Some(digest),
    };
    let right = captures(b"the paper with the stamp", paper(&number));
    it.phone.online().syncs();
    let found = || {
        let rulings = it.w.rulings(it.visit);
        let findings = rulings
            .iter()
            .flat_map(|it| it["findings"].as_array().unwrap());
        let of_paper = findings.filter(|it| it.to_string().contains("evidence.paper"));
        of_paper.cloned().collect::<Vec<_>>()
    };
    assert_eq!(found(), Vec::<Value>::new());
    let listed = it.w.get(&format!("/v1/visits/{}/evidence", it.visit));
    let listed = listed["items"].as_array().unwrap().iter();
    let mut listed = listed.filter(|it| it["evidence_id"] == right.as_str());
    let told = listed.next().unwrap();
    assert_eq!(told["paper"], json!(paper(&number)));
    let records = &it.w.dossier(it.visit)["records"]["evidence"];
    assert!(records.to_string().contains(&number));
    let page = it.on_phone("refusal", &it.refusal.to_string());
    assert!(page.contains(&format!("纸质编号 {number}")));

    captures(b"another paper", paper("JJ-0000-0000-0000-0000"));
    it.phone.syncs();
    let found = found();
    assert_eq!(found.len(), 1, "{found:?}");
    let told = found[0].to_string();
    assert!(told.contains("evidence.paper.number.differs"), "{told}");
    assert_eq!(found[0]["citation"], "本系统缺省");
}
