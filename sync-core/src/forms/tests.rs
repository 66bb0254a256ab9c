//! Each form from records that were sealed by two samplers: what stands in it, that it is the same bytes wherever it is made,
//! and that nothing anybody typed becomes anything but text.

use std::collections::{BTreeMap, BTreeSet};

use sha2::Digest as _;
use uuid::Uuid;

use super::*;
use crate::document::ListedRecord;
use crate::document::tests::{
    HOUR_MS, NINE_MS, Office, claim, draft, identity, party, person_signature, phone, seal_subject,
    sealed_by, sheet_id,
};
use crate::model::*;
use crate::proof::OrganisationKind;
use crate::qr::{Correction, QrCode, tests::read_back};
use crate::rules::{ConfirmationFact, ConfirmationOutcome};

const PUBLIC_URL: &str = "https://fieldseal.example.cn/";
const AUTHORITY: OrganisationId = OrganisationId(Uuid::from_u128(40));
const TASK: TaskId = TaskId(Uuid::from_u128(50));

pub(super) fn names() -> FormNames {
    let organisation = |name: &str, kind| OrganisationFact {
        kind,
        name: name.into(),
        level: Some("city".into()),
        region: Some("140500".into()),
        parent_id: None,
        suspended: Vec::new(),
    };
    let task = FormTask {
        authority_id: AUTHORITY,
        product_name: "检查井盖".into(),
    };
    FormNames {
        organisations: BTreeMap::from([
            (
                AUTHORITY,
                organisation("晋城市市场监督管理局", OrganisationKind::Authority),
            ),
            (
                identity().body,
                organisation("晋阳示例检测", OrganisationKind::InspectionBody),
            ),
        ]),
        tasks: BTreeMap::from([(TASK, task)]),
        campaign: Some(Campaign {
            campaign_id: identity().campaign,
            code: "JC-2025-01".into(),
            name: "2025 年晋城市产品质量监督抽查".into(),
            authority_id: AUTHORITY,
        }),
        notices: BTreeMap::new(),
    }
}

fn foundry() -> Party {
    Party {
        name: "泽州示例铸造有限公司".into(),
        uscc: Some("911405250000B1E536".into()),
        address: "山西省晋城市泽州县示例镇工业路 8 号".into(),
        legal_representative: "王示例".into(),
        contact: "李联系".into(),
        phone: "0356-1234567".into(),
        region: Some("140525".into()),
        ..Party::default()
    }
}

pub(super) fn sheet() -> SampleSheet {
    SampleSheet {
        sheet_no: "JC2025-000123".into(),
        task_id: Some(TASK),
        sampled_party: foundry(),
        producer: Some(foundry()),
        licence_kind: "无".into(),
        licence_no: "无".into(),
        product_name: "检查井盖".into(),
        spec_model: "Φ700 D400".into(),
        trademark: "示例牌".into(),
        grade: "合格品".into(),
        production_date: Some("2025-08-20".into()),
        lot_no: Some("20250820-3".into()),
        standards: vec!["GB/T 23858-2009".into(), "Q/SL 001-2024".into()],
        unit: "套".into(),
        lot_base_milli: Some(Milli(120_000)),
        test_qty_milli: Some(Milli(2_000)),
        spare_qty_milli: Some(Milli(1_000)),
        spare_location: Some(SpareLocation::Enterprise),
        unit_price_fen: Some(38_550),
        purchase_fen: Some(115_650),
        seals: BTreeMap::from([
            ("FT-000881".into(), SealUse::Test),
            ("FT-000882".into(), SealUse::Test),
            ("FT-000883".into(), SealUse::Spare),
        ]),
        sampled_at: claim(1, NINE_MS),
        deliver_to: "晋阳示例检测 样品室".into(),
        deliver_by: Some("2025-09-05".into()),
        remarks: "样品外观完好。".into(),
        evidence: (1..=4)
            .map(|n| (EvidenceId(Uuid::from_u128(n)), Digest([n as u8; 32])))
            .collect(),
        ..draft()
    }
}

fn shown(number: u128, kind: &str, subject: EvidenceSubject) -> EvidenceEntry {
    EvidenceEntry {
        evidence_id: EvidenceId(Uuid::from_u128(number)),
        sha256: Digest([number as u8; 32]),
        size_bytes: 2_345_678,
        media_type: "image/jpeg".into(),
        kind: kind.into(),
        subject,
        captured_at: claim(1, NINE_MS - 60_000),
        location: None,
        device_id: None,
        paper: None,
        answers: Default::default(),
    }
}

/// A visit with all four records sealed, an arrival under a notice, and evidence.
pub(super) fn visit() -> VisitDocument {
    let mut visit = phone(1);
    let arrival = serde_json::json!({
        "arrival_id": Uuid::from_u128(60), "entered_at": claim(1, NINE_MS - HOUR_MS / 2),
        "samplers": [Uuid::from_u128(1), Uuid::from_u128(2)], "notice_no": "晋市监抽〔2025〕12号", "id_shown": true,
    });
    let arrival = serde_json::from_value(arrival).unwrap();
    visit.record_arrival(NINE_MS, &arrival).unwrap();
    let found = EnterpriseRecord {
        record_id: EnterpriseRecordId(Uuid::from_u128(61)),
        party: foundry(),
        reason: String::new(),
        recorded_at: claim(1, NINE_MS),
    };
    visit.set_enterprise(NINE_MS, &found).unwrap();
    visit.add_sheet(NINE_MS, &sheet()).unwrap();
    for (number, kind) in [(1, "place"), (2, "label"), (3, "stock"), (4, "sealing")] {
        let entry = shown(number, kind, EvidenceSubject::Sheet(sheet_id()));
        visit.add_evidence(&Office, NINE_MS, &entry).unwrap();
    }
    visit.record_refusal(NINE_MS, &refusal()).unwrap();
    visit.record_not_sampled(NINE_MS, &not_sampled()).unwrap();
    visit.record_on_site_report(NINE_MS, &report()).unwrap();
    for (number, subject) in subjects().into_iter().enumerate() {
        let FormSubject::Record(subject) = subject else {
            continue;
        };
        seal_subject(&mut visit, subject, 1, 70 + number as u128);
    }
    visit
}

fn refusal() -> Refusal {
    Refusal {
        refusal_id: RefusalId("01990000-0000-7000-8a2f-91bc07d411aa".parse().unwrap()),
        kind: "no_reason".into(),
        party: foundry(),
        task_id: Some(TASK),
        task_level: "city".into(),
        product_name: "电动车头盔".into(),
        fact_description:
            "抽样人员出示通知书和证件后，负责人称“不方便”，拒绝进入仓库，经两次说明仍不配合。"
                .into(),
        witness: Some("赵见证".into()),
        consequence_explained: true,
        consequence: Some("无正当理由拒绝监督抽查的，依法责令改正。".into()),
        evidence: BTreeMap::new(),
        withdrawn_reason: None,
        refused_at: claim(1, NINE_MS),
    }
}

fn not_sampled() -> NotSampled {
    NotSampled {
        not_sampled_id: NotSampledId(Uuid::from_u128(81)),
        reason: "stopped".into(),
        party: foundry(),
        bureau_stamp: Some(Digest([9; 32])),
        licence_no: "无".into(),
        explanation: "2025 年 6 月起停产，设备已封存。".into(),
        evidence: BTreeMap::new(),
        recorded_at: claim(1, NINE_MS),
    }
}

fn report() -> OnSiteReport {
    OnSiteReport {
        report_id: OnSiteReportId(Uuid::from_u128(82)),
        grounds: "unlicensed".into(),
        description: "现场未见营业执照和成品油零售经营批准证书。".into(),
        recipients: BTreeSet::from([AUTHORITY]),
        sampling_terminated: true,
        evidence: BTreeMap::new(),
        reported_at: claim(1, NINE_MS),
    }
}

pub(super) fn subjects() -> [FormSubject; 5] {
    [
        FormSubject::Record(SealSubject::Sheet(sheet_id())),
        FormSubject::Record(SealSubject::Refusal(refusal().refusal_id)),
        FormSubject::Record(SealSubject::NotSampled(not_sampled().not_sampled_id)),
        FormSubject::Record(SealSubject::OnSiteReport(report().report_id)),
        FormSubject::Notice("晋市监抽〔2025〕12号".into()),
    ]
}

pub(super) fn make(
    visit: &VisitDocument,
    subject: &FormSubject,
    with: impl FnOnce(&mut FormMaker<'_>),
) -> Result<String, FormError> {
    let (names, rulebooks, none) = (names(), Rulebooks::builtin(), BTreeMap::new());
    let mut maker = FormMaker {
        around: &Office,
        names: &names,
        rulebooks: &rulebooks,
        public_url: Some(PUBLIC_URL),
        drawings: &none,
        confirmations: &[],
        bilingual: false,
    };
    with(&mut maker);
    maker.html(visit, subject)
}

fn html(visit: &VisitDocument, subject: &FormSubject) -> String {
    make(visit, subject, |_| ()).unwrap()
}

fn digest(visit: &VisitDocument, subject: &FormSubject) -> Digest {
    let FormSubject::Record(subject) = subject else {
        panic!("a notice is not sealed");
    };
    visit.seals_of(subject)[0].value.statement.digest()
}

/// The text between the tags, as a browser would show it.
fn text_of(html: &str) -> String {
    let body = html.split_once("<body>").unwrap().1;
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            // A line of the template's own, or one that somebody typed.
            '\n' => {}
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&#60;", "<").replace("&#62;", ">");
    let text = text.replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&#38;", "&")
}

fn says(html: &str, wanted: &[&str]) {
    let text = text_of(html);
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
}

#[test]
fn a_sheet_is_printed_with_every_field_as_it_was_sealed() {
    let visit = visit();
    let [subject, ..] = subjects();
    let page = html(&visit, &subject);
    says(
        &page,
        &[
            "产品质量监督抽查抽样单",
            "晋城市市场监督管理局",
            "编号：JC2025-000123",
            "2025 年晋城市产品质量监督抽查（JC-2025-01）",
            "☑常规",
            "☐专项",
            "☑生产",
            "泽州示例铸造有限公司",
            "911405250000B1E536",
            "山西省晋城市泽州县示例镇工业路 8 号",
            "王示例",
            "李联系",
            "0356-1234567",
            "Φ700 D400",
            "示例牌",
            "合格品",
            "2025年8月20日",
            "20250820-3",
            "GB/T 23858-2009、Q/SL 001-2024",
            "120 套",
            "2 套",
            "1 套",
            "☑受检单位",
            "385.50 元",
            "1156.50 元",
            "检验样品：FT-000881、FT-000882",
            "备用样品：FT-000883",
            "2025年9月1日 09:00（误差不超过 6 秒）",
            "晋阳示例检测 样品室",
            "2025年9月5日",
            "样品外观完好。",
            "抽样员1",
            "抽样员2",
            "电子签名有效（证书 11）",
            "☑ 已签字：张三",
            "抽样人员 2 人签名有效",
            &"04".repeat(32),
            &digest(&visit, &subject).to_string(),
            "设备签名有效",
            "规则库版本shanxi@",
        ],
    );
    assert!(!page.contains("草稿"), "it is sealed");
}

/// What enforcement found, and sealed over what was sealed there.
fn found(visit: &VisitDocument, seal: Digest) -> ConfirmationProjection {
    let officer = |n: u128, name: &str, number: &str| {
        let officer = Officer {
            name: name.into(),
            certificate_no: number.into(),
        };
        (UserId(Uuid::from_u128(n)), officer)
    };
    let confirmation_id = ConfirmationId(Uuid::from_u128(90));
    let subject = ConfirmedSubject::Refusal(refusal().refusal_id);
    let place = Location::captured(
        CoordinateSystem::Wgs84,
        355_000_000,
        1_128_500_000,
        8_000,
        false,
    );
    let form = Confirmation {
        confirmation_id,
        outcome: "confirmed".into(),
        measures: "责令改正，限三日内配合抽样。".into(),
        opinion: "经现场核实，拒检成立。".into(),
        officers: BTreeMap::from([
            officer(20, "郑执法", "晋E-0007"),
            officer(21, "孙执法", "晋E-0008"),
        ]),
        location: place.clone(),
        evidence: BTreeMap::new(),
        confirmed_at: claim(2, NINE_MS + HOUR_MS),
    };
    let time = TimeFact {
        wall_ms: NINE_MS + HOUR_MS,
        claimed: None,
        proven: Interval::new(i64::MIN, i64::MAX),
    };
    ConfirmationProjection {
        document_id: DocumentId([9; 32]),
        identity: ConfirmationIdentity {
            confirmation: confirmation_id,
            visit: visit.identity().clone(),
            region: "140525".parse().unwrap(),
            subject,
            seal,
        },
        record: Some(ListedRecord {
            record: form,
            faults: Vec::new(),
            seal_id: None,
            amended: false,
            signers: BTreeSet::new(),
            author: None,
            maker: ChangeHash([8; 32]),
        }),
        fact: Some(ConfirmationFact {
            confirmation_id,
            subject,
            seal,
            region: "140525".into(),
            officers: BTreeSet::from([UserId(Uuid::from_u128(20))]),
            organisations: BTreeSet::new(),
            outcome: ConfirmationOutcome::Confirmed,
            confirmed: time,
            location: place,
            co_signatures: BTreeSet::new(),
            opinions: BTreeSet::new(),
            faults: BTreeSet::new(),
        }),
        opinions: Vec::new(),
        co_signatures: Vec::new(),
        evidence: Vec::new(),
        seals: Vec::new(),
        authors: BTreeSet::new(),
        faults: Vec::new(),
        unreadable: Vec::new(),
        conflicts: Vec::new(),
    }
}

#[test]
fn a_refusal_is_printed_with_what_was_confirmed_of_it_and_else_with_room_for_a_pen() {
    let visit = visit();
    let [_, subject, ..] = subjects();
    let seal = digest(&visit, &subject);
    let (names, rulebooks, none) = (names(), Rulebooks::builtin(), BTreeMap::new());
    let page = |confirmed: &[ConfirmationProjection]| {
        let maker = FormMaker {
            around: &Office,
            names: &names,
            rulebooks: &rulebooks,
            public_url: None,
            drawings: &none,
            confirmations: confirmed,
            bilingual: false,
        };
        maker.html(&visit, &subject).unwrap()
    };
    says(&page(&[]), &["☐ 确认拒检"]);
    let of_it = found(&visit, seal);
    let printed = page(std::slice::from_ref(&of_it));
    says(
        &printed,
        &[
            "☑确认属实",
            "☐不成立",
            "郑执法",
            "执法证号：晋E-0007",
            "孙执法",
            "2025年9月1日 10:00",
            "责令改正，限三日内配合抽样。",
            "经现场核实，拒检成立。",
            "已定位（精度 8 米），进门时无可用位置",
            "电子签名有效",
            "无有效电子签名",
            &of_it.identity.confirmation.to_string(),
        ],
    );
    assert!(!printed.contains("☐ 确认拒检"), "no second place for a pen");
    // What was confirmed of other words, of another visit, or was never sealed, is not on this paper.
    let mut elsewhere = of_it.clone();
    elsewhere.identity.visit.campaign = CampaignId(Uuid::from_u128(99));
    let mut draft = of_it.clone();
    draft.fact = None;
    for other in [found(&visit, Digest([1; 32])), elsewhere, draft] {
        assert_eq!(page(&[other]), page(&[]));
    }
    // Two who differ both stand there, in one order however they came.
    let mut second = of_it.clone();
    let fact = second.fact.as_mut().unwrap();
    fact.confirmation_id = ConfirmationId(Uuid::from_u128(91));
    fact.outcome = ConfirmationOutcome::NotEstablished;
    fact.location = None;
    let both = page(&[of_it.clone(), second.clone()]);
    assert_eq!(both, page(&[second, of_it]));
    says(&both, &["☑确认属实", "☑不成立", "未取得位置"]);
}

#[test]
fn the_other_forms_are_printed_with_their_fields() {
    let visit = visit();
    let [_, refusal, not_sampled, report, notice] = subjects();
    let page = html(&visit, &refusal);
    says(
        &page,
        &[
            "产品质量监督抽查拒检认定表",
            "编号：JJ-8A2F-91BC-07D4-11AA",
            "☑无理由拒检",
            "☐弄虚作假",
            "☑市级",
            "电动车头盔",
            "拒绝进入仓库",
            "赵见证",
            "☑是",
            "依法责令改正",
            "2025年9月1日 09:00",
            &digest(&visit, &refusal).to_string(),
        ],
    );
    let page = html(&visit, &not_sampled);
    says(
        &page,
        &[
            "产品质量监督抽查未抽到样品情况表",
            "编号：WC-0000-0000-0000-0051",
            "☑停产",
            "☐倒闭",
            "2025 年 6 月起停产",
            "☑ 已盖章（印章影像）",
            &"09".repeat(32),
            &digest(&visit, &not_sampled).to_string(),
        ],
    );
    let page = html(&visit, &report);
    says(
        &page,
        &[
            "产品质量监督抽查现场报告",
            "编号：XC-0000-0000-0000-0052",
            "☑无证无照",
            "☐三无产品",
            "终止抽样☑是",
            "报告对象晋城市市场监督管理局",
            "现场未见营业执照",
            "泽州示例铸造有限公司",
            &digest(&visit, &report).to_string(),
        ],
    );
    let page = html(&visit, &notice);
    says(
        &page,
        &[
            "产品质量监督抽查通知书",
            "编号：晋市监抽〔2025〕12号",
            "泽州示例铸造有限公司：",
            "现委托晋阳示例检测对你单位的检查井盖进行产品质量监督抽查",
            "抽样员1、抽样员2",
            "☑已出示",
            "2025年9月1日 08:30",
        ],
    );
    assert!(!page.contains("<svg"), "nothing of it is sealed");
}

#[test]
fn the_code_on_a_form_leads_to_the_verifier_and_an_independent_decoder_reads_it() {
    let visit = visit();
    for subject in &subjects()[..4] {
        let address = format!("https://fieldseal.example.cn/v/{}", digest(&visit, subject));
        let code = QrCode::of(&address, Correction::Medium).unwrap();
        assert!(html(&visit, subject).contains(&code.to_svg()));
        assert_eq!(read_back(&code), [address]);
    }
    let [subject, ..] = subjects();
    let page = make(&visit, &subject, |it| it.public_url = None).unwrap();
    let bare = format!("fieldseal:seal:{}", digest(&visit, &subject));
    let code = QrCode::of(&bare, Correction::Medium).unwrap();
    assert!(page.contains(&code.to_svg()) && page.contains("未配置"));
}

#[test]
fn a_form_is_the_same_bytes_whoever_makes_it_and_in_whatever_order_changes_came() {
    let visit = visit();
    let mut changes = visit.changes_since(&[]);
    changes.reverse();
    let mut other = phone(2);
    other
        .apply(changes.into_iter().map(|it| it.bytes).collect::<Vec<_>>())
        .unwrap();
    for subject in subjects() {
        assert_eq!(html(&visit, &subject), html(&other, &subject));
    }
}

#[test]
fn what_nobody_sealed_says_so_and_bears_no_digest_and_no_code() {
    let mut visit = phone(1);
    visit.add_sheet(NINE_MS, &sheet()).unwrap();
    let subject = FormSubject::Record(SealSubject::Sheet(sheet_id()));
    let page = html(&visit, &subject);
    says(
        &page,
        &[
            "草稿：尚未签封，内容可能更改，不得作为凭证使用",
            "签封摘要无。",
        ],
    );
    assert!(page.contains("草稿　未签封") && !page.contains("<svg") && !page.contains("/v/"));

    visit
        .void_sheet(&Office, NINE_MS, sheet_id(), "填写错误")
        .unwrap();
    let page = html(&visit, &subject);
    says(&page, &["本单已作废：填写错误"]);
    assert!(page.contains("作　废"));
}

#[test]
fn a_seal_that_no_device_signed_seals_no_form() {
    let mut visit = phone(1);
    visit.add_sheet(NINE_MS, &sheet()).unwrap();
    let subject = SealSubject::Sheet(sheet_id());
    let mut forged = sealed_by(&visit, subject, 1, 9, &[1, 2], Some(party()));
    forged.device_signature = String::new();
    visit.seal(NINE_MS, &forged).unwrap();
    let page = html(&visit, &FormSubject::Record(subject));
    assert!(page.contains("草稿") && !page.contains(&forged.statement.digest().to_string()));
}

#[test]
fn what_is_sealed_is_printed_as_it_was_sealed_with_amendments_beside_it() {
    let mut visit = visit();
    let [subject, ..] = subjects();
    let seal = visit.seals_of(&SealSubject::Sheet(sheet_id()))[0]
        .value
        .seal_id;
    let sealed = text_of(&html(&visit, &subject));
    let (before, mut after) = (sheet(), sheet());
    after.lot_no = Some("20250820-4".into());
    after.unit_price_fen = Some(40_000);
    after.spare_location = Some(SpareLocation::Body);
    let mut amendment = Amendment {
        amendment_id: AmendmentId(Uuid::from_u128(90)),
        subject: SealSubject::Sheet(sheet_id()),
        seal_id: seal,
        reason: "批号抄错一位".into(),
        amended_at: claim(1, NINE_MS + HOUR_MS),
        signature: person_signature(1, 1, &Digest([0; 32])),
    };
    let digest = visit.amendment_digest(&amendment, &before, &after).unwrap();
    amendment.signature = person_signature(1, 1, &digest);
    visit.amend(&before, &after, &amendment).unwrap();
    let page = html(&visit, &subject);
    let amended = text_of(&page);
    let (of_the_record, beside) = amended.split_once("签封后的补正").unwrap();
    let whole = sealed.split_once("影像证据清单").unwrap().0;
    assert!(
        of_the_record.starts_with(whole),
        "the sealed part is as it was"
    );
    for wanted in [
        "批号",
        "20250820-320250820-4批号抄错一位",
        "385.50 元400.00 元",
        "受检单位承检机构",
        "抽样员1",
        "2025年9月1日 10:00",
        "签名有效",
    ] {
        assert!(beside.contains(wanted), "{wanted} is not in {beside}");
    }
}

#[test]
fn a_party_that_did_not_sign_is_printed_with_its_reason_and_the_witness() {
    let mut visit = phone(1);
    visit.record_refusal(NINE_MS, &refusal()).unwrap();
    let subject = SealSubject::Refusal(refusal().refusal_id);
    let act = PartySignature::RefusedToSign {
        reason: "不认可".into(),
        witness: "赵见证".into(),
        handwriting: None,
    };
    let seal = sealed_by(&visit, subject, 1, 9, &[1], Some(act));
    visit.seal(NINE_MS, &seal).unwrap();
    says(
        &html(&visit, &FormSubject::Record(subject)),
        &[
            "☑ 拒绝签字",
            "拒签理由：不认可",
            "见证人：赵见证",
            "见证人未手写签名",
            "须由两名以上抽样人员签字",
        ],
    );
}

#[test]
fn a_drawn_signature_stands_on_the_form_if_its_bytes_are_what_was_signed_for() {
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), b"drawn"].concat();
    let mut visit = phone(1);
    visit.record_refusal(NINE_MS, &refusal()).unwrap();
    let subject = SealSubject::Refusal(refusal().refusal_id);
    let drawn = Digest(Sha256::digest(&png).into());
    let act = PartySignature::Signed {
        name: "张三".into(),
        handwriting: drawn,
        stamp: Digest([71; 32]),
    };
    let seal = sealed_by(&visit, subject, 1, 9, &[1, 2], Some(act));
    visit.seal(NINE_MS, &seal).unwrap();
    let subject = FormSubject::Record(subject);
    let with = |drawings: BTreeMap<Digest, Vec<u8>>| {
        let (names, rulebooks) = (names(), Rulebooks::builtin());
        let maker = FormMaker {
            around: &Office,
            names: &names,
            rulebooks: &rulebooks,
            public_url: None,
            drawings: &drawings,
            confirmations: &[],
            bilingual: false,
        };
        maker.html(&visit, &subject).unwrap()
    };
    let image = "src=\"data:image/png;base64,";
    assert!(with(BTreeMap::from([(drawn, png.clone())])).contains(image));
    let other = [png.clone(), vec![1]].concat();
    assert!(!with(BTreeMap::from([(drawn, other)])).contains("<img"));
    let script = b"<svg onload=alert(1)>".to_vec();
    let of_script = Digest(Sha256::digest(&script).into());
    assert!(!with(BTreeMap::from([(of_script, script)])).contains("<img"));
    let long = |len: usize| {
        let mut bytes = png.clone();
        bytes.resize(len, 0);
        bytes
    };
    for (len, printed) in [
        (FORM_DRAWING_BYTES_MAX, true),
        (FORM_DRAWING_BYTES_MAX + 1, false),
    ] {
        let bytes = long(len);
        let digest = Digest(Sha256::digest(&bytes).into());
        let drawings = BTreeMap::from([(digest, bytes)]);
        let (names, rulebooks) = (names(), Rulebooks::builtin());
        let maker = FormMaker {
            around: &Office,
            names: &names,
            rulebooks: &rulebooks,
            public_url: None,
            drawings: &drawings,
            confirmations: &[],
            bilingual: false,
        };
        assert_eq!(maker.drawing(&digest).is_some(), printed);
    }
}

#[test]
fn what_anybody_typed_is_text_and_nothing_else() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style><style>*{display:none}",
        "</title><h1>x",
        "{{ page.number }}{% raw %}",
        "&lt;b&gt;&amp;",
        "\\\"; } body{display:none} @import url(//evil)",
    ];
    for text in hostile {
        let mut visit = phone(1);
        let mut sheet = sheet();
        let strings = [
            &mut sheet.sheet_no,
            &mut sheet.product_name,
            &mut sheet.spec_model,
            &mut sheet.trademark,
            &mut sheet.unit,
            &mut sheet.remarks,
            &mut sheet.deliver_to,
            &mut sheet.sampled_party.name,
            &mut sheet.sampled_party.phone,
        ];
        for it in strings {
            *it = text.into();
        }
        sheet.standards = vec![text.into()];
        sheet.production_date = Some(text.into());
        sheet.sampled_party.uscc = Some(text.into());
        sheet.seals.insert(text.into(), SealUse::Test);
        visit.add_sheet(NINE_MS, &sheet).unwrap();
        let subject = SealSubject::Sheet(sheet_id());
        let act = PartySignature::RefusedToSign {
            reason: text.into(),
            witness: text.into(),
            handwriting: None,
        };
        let seal = sealed_by(&visit, subject, 1, 9, &[1, 2], Some(act));
        visit.seal(NINE_MS, &seal).unwrap();
        let subject = FormSubject::Record(subject);
        let page = html(&visit, &subject);
        let tags = |page: &str| {
            let opened = page.match_indices('<');
            opened
                .map(|(at, _)| {
                    page[at + 1..]
                        .split([' ', '>', '<'])
                        .next()
                        .unwrap()
                        .to_owned()
                })
                .collect::<BTreeSet<_>>()
        };
        let ordinary = tags(&html(&visit_of_ordinary_words(), &subject));
        assert!(
            tags(&page).is_subset(&ordinary),
            "{text}: {:?}",
            tags(&page)
        );
        says(&page, &[text]);
        let marks = |page: &str| {
            let style = page.split_once("<style>").unwrap().1;
            let style = style.split_once("</style>").unwrap().0;
            ["\"", "{", "}", "<", "@", ";", "("].map(|mark| style.matches(mark).count())
        };
        assert_eq!(
            marks(&page),
            marks(&html(&visit_of_ordinary_words(), &subject))
        );
        assert_eq!(page.matches("<style>").count(), 1);
    }
}

/// The same kinds of things on a sheet, in words that nobody could object to.
fn visit_of_ordinary_words() -> VisitDocument {
    let mut visit = phone(1);
    visit.add_sheet(NINE_MS, &sheet()).unwrap();
    let subject = SealSubject::Sheet(sheet_id());
    let act = PartySignature::RefusedToSign {
        reason: "不认可".into(),
        witness: "赵见证".into(),
        handwriting: None,
    };
    let seal = sealed_by(&visit, subject, 1, 9, &[1, 2], Some(act));
    visit.seal(NINE_MS, &seal).unwrap();
    visit
}

#[test]
fn text_from_right_to_left_long_text_and_odd_characters_are_printed_as_what_they_are() {
    let mut visit = phone(1);
    let mut sheet = sheet();
    sheet.product_name = "مقعد \u{202e}00.1¥".into();
    sheet.spec_model = "𠮷野家👩‍🔧".into();
    sheet.remarks = "长".repeat(4_000);
    sheet.trademark = "a\0b".into();
    sheet.seals = (0..300)
        .map(|n| (format!("FT-{n:06}"), SealUse::Test))
        .collect();
    sheet.unit_price_fen = Some(i64::MIN);
    sheet.sampled_at.wall_ms = i64::MAX;
    sheet.sampled_at.token = None;
    visit.add_sheet(NINE_MS, &sheet).unwrap();
    let page = html(&visit, &FormSubject::Record(SealSubject::Sheet(sheet_id())));
    says(
        &page,
        &[
            "مقعد [U+202E]00.1¥",
            "𠮷野家👩‍🔧",
            &sheet.remarks,
            "a[U+0000]b",
            "FT-000299",
            "-92233720368547758.08 元",
            "手机时钟，未经校时",
        ],
    );
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let visit = visit();
    for subject in subjects() {
        let page = make(&visit, &subject, |it| it.bilingual = true).unwrap();
        assert!(page.contains(&POLICY.replace('\'', "&#39;")));
        for forbidden in [
            "<script", "<link", "<iframe", "@import", "url(", " href=", " onload",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let sources = page.match_indices("http").map(|(at, _)| &page[at..]);
        let elsewhere = sources.filter(|it| {
            !it.starts_with("https://fieldseal.example.cn/v/")
                && !it.starts_with("http://www.w3.org/2000/svg")
                && !it.starts_with("http-equiv")
        });
        assert_eq!(elsewhere.count(), 0);
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"zh-CN\">"));
        assert!(page.contains("class=\"en\"") && !html(&visit, &subject).contains("class=\"en\""));
    }
}

#[test]
fn what_is_no_form_and_what_is_not_there_have_their_codes() {
    let visit = visit();
    let id = Uuid::from_u128(999).to_string();
    for (kind, subject, code) in [
        ("confirmation", id.as_str(), "form.unknown_kind"),
        ("Sheet", &id, "form.unknown_kind"),
        ("sheet", "7", "form.unknown_subject"),
        ("sheet", &id, "form.unknown_subject"),
        ("refusal", &id, "form.unknown_subject"),
        ("not_sampled", &id, "form.unknown_subject"),
        ("on_site_report", &id, "form.unknown_subject"),
        ("notice", "另一号", "form.unknown_subject"),
        ("notice", " ", "form.unknown_subject"),
    ] {
        let made = FormSubject::parse(kind, subject).and_then(|it| make(&visit, &it, |_| ()));
        assert_eq!(made.map_err(FormError::code), Err(code), "{kind} {subject}");
    }
    for subject in subjects() {
        let kind = subject.kind().unwrap().word();
        assert_eq!(FormSubject::parse(kind, &subject.to_string()), Ok(subject));
    }
}
