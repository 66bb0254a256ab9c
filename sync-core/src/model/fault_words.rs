//! Faults of forms in words: what stands in the form's place and what is wrong there, in Chinese and English. Codes are
//! stable; a place or a code that has no word here is shown as it is.

use serde::{Deserialize, Serialize};

/// A fault of a form, taken apart and put into words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToldFault {
    /// `sheet`, `refusal`, `seal`, …
    pub form: String,
    /// Where, as `sampled_party.uscc`; empty for the form as a whole.
    pub path: String,
    /// What, as `required`, `check_digit`.
    pub code: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl ToldFault {
    /// The words of a key as findings name it: `<form>.<path>.<code>`.
    pub fn of(key: &str) -> Self {
        let (form, rest) = key.split_once('.').unwrap_or(("", key));
        let (path, code) = rest.rsplit_once('.').unwrap_or(("", rest));
        let (zh_code, en_code) = words(CODES, code).unwrap_or((code, code));
        let place = if path.is_empty() { form } else { path };
        let (zh, en) = (place_in_chinese(place), place_in_english(place));
        Self {
            zh: format!("{zh}：{zh_code}"),
            en: format!("{en}: {en_code}"),
            form: form.to_owned(),
            path: path.to_owned(),
            code: code.to_owned(),
        }
    }
}

/// A place in a form as people call it: `sampled_party.name` is 受检单位·名称.
pub fn place_in_chinese(path: &str) -> String {
    let parts = path.split('.');
    let told = parts.map(|part| match (words(PLACES, part), part.parse::<usize>()) {
        (Some((zh, _)), _) => zh.to_owned(),
        (None, Ok(index)) => format!("第{}项", index + 1),
        (None, Err(_)) => part.to_owned(),
    });
    told.collect::<Vec<_>>().join("·")
}

/// The same in English: sampled party, name.
pub fn place_in_english(path: &str) -> String {
    let parts = path.split('.');
    let told = parts.map(|part| match (words(PLACES, part), part.parse::<usize>()) {
        (Some((_, en)), _) => en.to_owned(),
        (None, Ok(index)) => format!("item {}", index + 1),
        (None, Err(_)) => part.to_owned(),
    });
    told.collect::<Vec<_>>().join(", ")
}

type Word = (&'static str, &'static str, &'static str);

fn words(table: &[Word], of: &str) -> Option<(&'static str, &'static str)> {
    let found = table.iter().find(|(word, ..)| *word == of);
    found.map(|(_, zh, en)| (*zh, *en))
}

const CODES: &[Word] = &[
    ("required", "必填", "is missing"),
    ("check_digit", "校验位错误", "the check digit is wrong"),
    ("format", "格式不对", "is not written as it must be"),
    ("unknown", "不在规定范围", "is none of the list"),
    ("in_the_future", "晚于现在", "lies in the future"),
    (
        "after_sampling",
        "晚于抽样日期",
        "is later than the sampling",
    ),
    (
        "before_sampling",
        "早于抽样日期",
        "is earlier than the sampling",
    ),
    (
        "date_or_lot_required",
        "与批号至少填一项",
        "either it or the lot number is needed",
    ),
    (
        "before_its_beginning",
        "早于开始日期",
        "is earlier than the first day",
    ),
    ("positive", "必须大于零", "must be more than zero"),
    ("negative", "不能为负", "must not be negative"),
    (
        "less_than_drawn",
        "小于抽取数量",
        "is less than what is drawn",
    ),
    (
        "less_than_minimum",
        "小于细则规定的最小基数",
        "is below the minimum of the product rule",
    ),
    (
        "test_required",
        "检验样品缺封条",
        "the test sample has no seal",
    ),
    (
        "spare_required",
        "备用样品缺封条",
        "the spare sample has no seal",
    ),
    ("duplicate", "重复", "stands there twice"),
    (
        "unknown_evidence",
        "不在影像清单中",
        "is not in the manifest",
    ),
    (
        "hash_differs",
        "与影像清单的哈希不符",
        "its hash is not the manifest's",
    ),
    (
        "not_the_author",
        "不是签名的手机",
        "is not the phone that signed",
    ),
    ("too_long", "文字过长", "is too long"),
    ("too_large", "文件过大", "is too large"),
    ("out_of_range", "超出范围", "is out of range"),
    (
        "control_character",
        "含有不可见的控制字符",
        "holds a control character",
    ),
    (
        "two_samplers",
        "须由两名以上抽样人员签字",
        "two samplers must sign",
    ),
    (
        "two_different",
        "有两份不同的签封",
        "two seals say different things",
    ),
    ("unsigned", "没有有效签名", "bear no signature that holds"),
    (
        "unnamed",
        "签字人未列入表中",
        "somebody signed whom the form does not name",
    ),
    (
        "not_as_certified",
        "与证书所载不符",
        "is not what the certificate says",
    ),
    (
        "no_officer",
        "没有执法人员的有效签字",
        "no officer's signature holds",
    ),
    (
        "officer_signature",
        "执法人员签名无效",
        "an officer's signature does not hold",
    ),
    (
        "officer_role",
        "签字人不是执法监管人员",
        "somebody signed who is no enforcement officer",
    ),
    (
        "officer_region",
        "签字人对该地区没有管辖权",
        "an officer of another region signed",
    ),
    (
        "officer_body",
        "签字人属于承检机构",
        "somebody of the inspection body signed",
    ),
    ("signature", "签名无效", "the signature does not hold"),
    ("differs", "与记录的编号不同", "is not the record's"),
    ("no_record", "没有对应的记录", "belongs to no record here"),
    (
        "no_paper_form",
        "影像种类不是纸质文书",
        "what is shown is no paper form",
    ),
    ("malformed", "无法读取", "cannot be read"),
    ("other_device", "不是该手机", "is another phone's"),
    (
        "other_question",
        "不是对该询问的答复",
        "answers another question",
    ),
    (
        "other_subject",
        "所指的不是这份记录",
        "is of something else",
    ),
    (
        "other_seal",
        "所指的签封不存在",
        "speaks of a seal that is not here",
    ),
    ("content", "与签封内容不符", "does not fit what was sealed"),
    (
        "device_signature",
        "设备签名无效",
        "the phone's signature does not hold",
    ),
    (
        "certificate_time",
        "证书不在有效期内",
        "a certificate was not in force",
    ),
    (
        "sampler_signature",
        "抽样人员签名无效",
        "a sampler's signature does not hold",
    ),
    (
        "sampler_role",
        "签字人不是抽样人员",
        "somebody signed who is no sampler",
    ),
    (
        "signer_device",
        "签字密钥属于另一部手机",
        "a key of another phone signed",
    ),
    (
        "party",
        "既未签字盖章，也无拒签见证",
        "neither signed and stamped nor refused before a witness",
    ),
    (
        "party_binding",
        "受检单位的签字与签封不符",
        "the party's act is not the one that was signed for",
    ),
];

const PLACES: &[Word] = &[
    ("sheet", "抽样单", "sheet"),
    ("refusal", "拒检认定表", "refusal"),
    ("not_sampled", "未抽到样品", "not-sampled record"),
    ("on_site_report", "现场报告", "on-site report"),
    ("confirmation", "现场确认", "confirmation"),
    ("outcome", "结论", "outcome"),
    ("measures", "处置", "measures"),
    ("opinion", "意见", "opinion"),
    ("co_signature", "到场互签", "co-signature"),
    ("officers", "执法人员", "officer"),
    ("certificate_no", "执法证号", "certificate number"),
    ("confirmed_at", "确认时间", "time of the confirmation"),
    ("task_level", "任务级别", "level of the task"),
    ("party_signature", "受检单位签字", "the party's signature"),
    ("prior_claim", "已抽证明", "claim of an earlier sampling"),
    ("arrival", "进门记录", "arrival"),
    ("notice", "通知书", "notice"),
    ("tasks", "抽查任务", "tasks"),
    ("valid_from", "有效期起", "first day"),
    ("valid_until", "有效期止", "last day"),
    ("seal", "签字盖章", "seal"),
    ("evidence", "影像", "evidence"),
    ("device_id", "采集设备", "device"),
    ("paper", "纸质文书", "paper form"),
    ("answers", "补正说明", "answer"),
    ("words", "说明", "words"),
    ("number", "编号", "number"),
    ("sheet_no", "编号", "sheet number"),
    ("task_id", "任务来源", "task"),
    ("sampled_party", "受检单位", "sampled party"),
    ("producer", "标称生产者", "producer"),
    ("party", "受检单位", "party"),
    ("name", "名称", "name"),
    ("uscc", "统一社会信用代码", "credit code"),
    (
        "no_uscc_reason",
        "无统一社会信用代码的原因",
        "reason for having no credit code",
    ),
    ("address", "地址", "address"),
    ("legal_representative", "法定代表人", "legal representative"),
    ("contact", "联系人", "contact"),
    ("phone", "电话", "telephone"),
    ("region", "行政区划代码", "region code"),
    ("licence_kind", "许可/认证种类", "kind of licence"),
    ("licence_no", "证书编号", "licence number"),
    ("product_name", "产品名称", "product"),
    ("spec_model", "规格型号", "specification"),
    ("trademark", "商标", "trademark"),
    ("grade", "等级", "grade"),
    ("production_date", "生产日期", "date of production"),
    ("lot_no", "批号", "lot number"),
    ("standards", "执行标准", "standard"),
    ("unit", "计量单位", "unit"),
    ("lot_base_milli", "抽样基数", "lot base"),
    (
        "test_qty_milli",
        "检验样品数量",
        "quantity of the test sample",
    ),
    (
        "spare_qty_milli",
        "备用样品数量",
        "quantity of the spare sample",
    ),
    (
        "spare_location",
        "备样封存地点",
        "place of the spare sample",
    ),
    ("unit_price_fen", "单价", "unit price"),
    ("purchase_fen", "购样费", "price of the samples"),
    ("seals", "封条号", "seal numbers"),
    ("sampled_at", "抽样日期", "time of sampling"),
    ("deliver_to", "寄送样地点", "place of delivery"),
    ("deliver_by", "寄送样截止", "day of delivery"),
    ("not_for_sale", "产品标注", "mark on the goods"),
    ("case_no", "立案号", "case number"),
    ("disputed_product", "争议产品", "disputed product"),
    ("circulation", "流通环节信息", "circulation"),
    ("purchase_qty_milli", "进货量", "quantity bought in"),
    ("sold_qty_milli", "销售量", "quantity sold"),
    ("stock_qty_milli", "库存量", "quantity in stock"),
    ("site_type", "场所类型", "kind of place"),
    ("online", "网络抽样信息", "online purchase"),
    ("buyer_account", "买样账号", "buyer's account"),
    ("platform", "平台", "platform"),
    ("order_no", "订单号", "order number"),
    ("order_screenshot", "订单截图", "screenshot of the order"),
    (
        "payment_screenshot",
        "付款凭证截图",
        "screenshot of the payment",
    ),
    ("page_screenshot", "商品页面截图", "screenshot of the offer"),
    ("unboxing_video", "拆包视频", "video of the unpacking"),
    ("remarks", "备注", "remarks"),
    ("kind", "种类", "kind"),
    ("fact_description", "事实认定", "description of the facts"),
    (
        "consequence_explained",
        "后果已告知",
        "explanation of the consequence",
    ),
    ("witness", "见证人", "witness"),
    ("refused_at", "拒检时间", "time of the refusal"),
    ("reason", "原因", "reason"),
    ("explanation", "说明", "explanation"),
    (
        "bureau_stamp",
        "当地市场监管部门盖章",
        "stamp of the local bureau",
    ),
    ("recorded_at", "记录时间", "time of the record"),
    ("grounds", "情形", "grounds"),
    ("description", "情况说明", "description"),
    ("recipients", "报告对象", "recipients"),
    ("sampling_terminated", "终止抽样", "end of the sampling"),
    ("reported_at", "报告时间", "time of the report"),
    ("signatures", "签字", "signatures"),
    ("amendments", "补正", "amendments"),
    ("authority", "组织抽查部门", "authority"),
    ("sampled_on", "抽样日期", "day of sampling"),
    ("photo", "证明照片", "photograph of the proof"),
    ("claimed_at", "主张时间", "time of the claim"),
    ("size_bytes", "文件大小", "size"),
    ("media_type", "媒体类型", "media type"),
    ("captured_at", "拍摄时间", "time of capture"),
    ("notice_no", "通知书编号", "number of the notice"),
    ("site", "厂区", "plant"),
    ("location", "位置", "location"),
    ("latitude_e7", "纬度", "latitude"),
    ("longitude_e7", "经度", "longitude"),
    ("accuracy_mm", "精度", "accuracy"),
    ("crs_source", "坐标来源", "origin of the coordinates"),
    ("mocked", "模拟定位", "mock location"),
    ("entered_at", "进门时间", "time of entry"),
    ("samplers", "抽样人员", "samplers"),
    ("assisting", "协助人员", "assisting"),
    ("id_shown", "已出示证件", "identity shown"),
    ("resumes", "续接的中断", "resumed interruption"),
    ("re_entry_grant", "再次进门许可", "grant of another entry"),
    ("handover_from", "移交自", "handed over by"),
    (
        "after_resolved_refusal",
        "拒检解决之后",
        "after a refusal that was resolved",
    ),
    ("joint_entry_id", "联合进门", "joint entry"),
    ("suspended_at", "中断时间", "time of the interruption"),
    ("subject", "对象", "subject"),
    ("sha256", "SHA-256", "SHA-256"),
    ("seal_id", "签封", "seal"),
    ("statement", "签封内容", "what is sealed"),
    ("heads", "所封版本", "sealed version"),
    ("schema", "格式版本", "version of the layout"),
    ("subtree_sha256", "内容摘要", "digest of the content"),
    (
        "party_sha256",
        "受检单位签字摘要",
        "digest of the party's act",
    ),
    ("document_id", "所在记录", "record"),
    ("id", "编号", "id"),
    ("signature", "签名", "signature"),
    ("device_signature", "设备签名", "the phone's signature"),
    ("certificate_serial", "证书序号", "certificate"),
    ("handwriting", "手写签名摘要", "digest of the handwriting"),
    ("sealed_at", "签封时间", "time of sealing"),
    (
        "consequence",
        "告知的后果",
        "consequence that was explained",
    ),
    ("withdrawn_reason", "撤销原因", "why it was withdrawn"),
    ("voided_reason", "作废原因", "why it is void"),
    ("sampling_kind", "抽查类别", "kind of sampling"),
    ("channel", "抽查环节", "channel"),
    ("purpose", "抽样目的", "purpose"),
    ("is_export", "出口产品", "for export"),
    ("sample_id", "样品", "sample"),
    ("user_id", "人员", "person"),
    ("declared_at", "声明时间", "time of the statement"),
    ("review", "审查意见", "review"),
    ("supplement", "补充影像", "supplementary picture"),
    ("answered_at", "补正时间", "time of the answer"),
    ("amended_at", "更正时间", "time of the amendment"),
    ("agrees", "同意", "agrees"),
    ("given_at", "时间", "time"),
    ("text", "内容", "text"),
    ("by", "记录人", "by"),
    ("at", "时间", "time"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::*;

    /// Every place and code of these faults has its words.
    fn all_have_words(form: &str, faults: &[Fault]) {
        assert!(!faults.is_empty());
        for fault in faults {
            let parts = fault.path.split('.').filter(|it| it.parse::<u8>().is_err());
            for part in parts {
                assert!(words(PLACES, part).is_some(), "{form}.{}", fault.path);
            }
            assert!(words(CODES, &fault.code).is_some(), "{}", fault.code);
        }
    }

    #[test]
    fn a_fault_is_told_with_its_place_in_both_languages() {
        let fault = ToldFault::of("sheet.sampled_party.uscc.check_digit");
        assert_eq!(
            (
                fault.form.as_str(),
                fault.path.as_str(),
                fault.code.as_str()
            ),
            ("sheet", "sampled_party.uscc", "check_digit")
        );
        assert_eq!(fault.zh, "受检单位·统一社会信用代码：校验位错误");
        assert_eq!(
            fault.en,
            "sampled party, credit code: the check digit is wrong"
        );
        assert_eq!(
            ToldFault::of("seal.sampler_role").zh,
            "签字盖章：签字人不是抽样人员"
        );
        assert_eq!(
            ToldFault::of("sheet.standards.1.required").en,
            "standard, item 2: is missing"
        );
        assert_eq!(ToldFault::of("odd").code, "odd");
    }

    #[test]
    fn every_fault_of_an_empty_form_has_words() {
        let id = uuid::Uuid::from_u128(1);
        for channel in [Channel::Production, Channel::Circulation, Channel::Online] {
            let mut sheet = SampleSheet::draft(SampleId(id), String::new(), TimeClaim::default());
            sheet.channel = channel;
            sheet.online = (channel == Channel::Online).then(OnlineExtra::default);
            sheet.circulation = (channel == Channel::Circulation).then(CirculationExtra::default);
            sheet.producer = (channel == Channel::Online).then(Party::default);
            all_have_words("sheet", &sheet.faults(None, 0));
        }
        let refusal: Refusal = serde_json::from_value(serde_json::json!({
            "refusal_id": id, "kind": "", "fact_description": "", "refused_at": { "wall_ms": 1_099_511_627_776_u64 },
        }))
        .unwrap();
        all_have_words("refusal", &refusal.faults(0));
        let none: NotSampled = serde_json::from_value(serde_json::json!({
            "not_sampled_id": id, "reason": "closed", "recorded_at": { "wall_ms": 1_099_511_627_776_u64 },
        }))
        .unwrap();
        all_have_words("not_sampled", &none.faults(0));
        let report: OnSiteReport = serde_json::from_value(serde_json::json!({
            "report_id": id, "grounds": "", "description": "", "sampling_terminated": false,
            "reported_at": { "wall_ms": 1_099_511_627_776_u64 },
        }))
        .unwrap();
        all_have_words("on_site_report", &report.faults(0));
        let mut confirmation: Confirmation = serde_json::from_value(serde_json::json!({
            "confirmation_id": id, "outcome": "", "confirmed_at": { "wall_ms": 1_099_511_627_776_u64 },
        }))
        .unwrap();
        let subject = ConfirmedSubject::Refusal(RefusalId(id));
        all_have_words("confirmation", &confirmation.faults(&subject, 0));
        confirmation.officers.insert(UserId(id), Officer::default());
        all_have_words("confirmation", &confirmation.faults(&subject, 0));
        let claim: PriorSamplingClaim = serde_json::from_value(serde_json::json!({
            "claim_id": id, "authority": "", "sampled_on": "", "claimed_at": { "wall_ms": 1_099_511_627_776_u64 },
        }))
        .unwrap();
        all_have_words("prior_claim", &claim.faults(0));
    }
}
