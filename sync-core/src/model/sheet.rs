//! 抽样单: one sheet is one batch (批次) and one sample. Every check here is a [`Fault`], never a refusal: what was
//! written down in the field is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, text_faults};
use super::ids::{Digest, EvidenceId, SampleId, TaskId};
use super::product::{ProductKey, normalise_text};
use super::quantity::Milli;
use super::reference::ProductRule;
use super::time::{Millis, TimeClaim, shanghai_date};
use super::uscc::Uscc;

/// 抽样类别 (domain.md §2).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SamplingKind {
    /// 常规
    #[default]
    Routine,
    /// 专项
    Special,
    /// 应急
    Emergency,
    /// 跟踪
    Tracking,
    /// 联动
    Linked,
    /// 评价性
    Evaluative,
    /// 复查
    Recheck,
}

/// 抽查环节
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 生产
    #[default]
    Production,
    /// 流通
    Circulation,
    /// 网络
    Online,
}

/// The snake_case name of a serde enum without fields.
pub fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// 单位信息: the sampled party (受检单位) or the producer (标称生产者).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Party {
    /// 名称
    pub name: String,
    /// 统一社会信用代码 as typed; its check digit is a fault, not a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uscc: Option<String>,
    /// Why there is no code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_uscc_reason: Option<String>,
    /// 地址
    pub address: String,
    /// 法定代表人
    pub legal_representative: String,
    /// 联系人
    pub contact: String,
    /// 电话
    pub phone: String,
    /// 行政区划代码 (GB/T 2260)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl Party {
    /// The code, where it is valid.
    pub fn valid_uscc(&self) -> Option<Uscc> {
        self.uscc.as_deref()?.parse().ok()
    }

    /// What is wrong with a party in a record beside the sheets: it has a name, and codes are what they say. Who refuses
    /// does not always say who represents it.
    pub(super) fn faults(&self, path: &str, faults: &mut Vec<Fault>) {
        if self.name.trim().is_empty() {
            faults.push(Fault::new(format!("{path}.name"), "required"));
        }
        self.code_faults(path, faults);
    }

    /// A code with a check digit that is wrong, a region that is none.
    fn code_faults(&self, path: &str, faults: &mut Vec<Fault>) {
        let uscc = self.uscc.as_deref().filter(|text| !text.is_empty());
        if uscc.is_some() && self.valid_uscc().is_none() {
            faults.push(Fault::new(format!("{path}.uscc"), "check_digit"));
        }
        let region = self.region.as_deref();
        if region.is_some_and(|it| it.parse::<super::Region>().is_err()) {
            faults.push(Fault::new(format!("{path}.region"), "format"));
        }
    }
}

/// What a seal is on; test and spare sample are sealed separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealUse {
    /// 检验样品
    Test,
    /// 备用样品
    Spare,
}

/// 备样封存地点
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpareLocation {
    /// 承检机构
    Body,
    /// 受检单位
    Enterprise,
}

/// 抽样目的: why the sample was drawn.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PurposeKind {
    /// 监督抽查任务
    #[default]
    Task,
    /// 查处违法案件
    Case,
    /// 质量纠纷、消费者投诉
    Dispute,
}

/// 流通环节 extra.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CirculationExtra {
    /// 进货量
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_qty_milli: Option<Milli>,
    /// 销售量
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sold_qty_milli: Option<Milli>,
    /// 库存量
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_qty_milli: Option<Milli>,
    /// 场所类型
    pub site_type: String,
}

/// 网络抽样 extra.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnlineExtra {
    /// 买样账号
    pub buyer_account: String,
    /// 平台
    pub platform: String,
    /// 订单号
    pub order_no: String,
    /// 付款凭证截图
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_screenshot: Option<EvidenceId>,
    /// 订单截图
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_screenshot: Option<EvidenceId>,
    /// 商品页面截图
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_screenshot: Option<EvidenceId>,
    /// 拆包视频
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unboxing_video: Option<EvidenceId>,
}

/// 抽样单. In the document each scalar is a register of its own, so that two phones may fill one sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleSheet {
    /// The sheet, the batch and the sample.
    pub sample_id: SampleId,
    /// 编号, from the block of the device.
    #[serde(default)]
    pub sheet_no: String,
    /// 任务来源
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// 抽样类别
    #[serde(default)]
    pub sampling_kind: SamplingKind,
    /// 抽查环节
    #[serde(default)]
    pub channel: Channel,
    /// 受检单位
    #[serde(default)]
    pub sampled_party: Party,
    /// 标称生产者; required in circulation and online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<Party>,
    /// 许可/认证种类; 无 is explicit.
    #[serde(default)]
    pub licence_kind: String,
    /// 证书编号
    #[serde(default)]
    pub licence_no: String,
    /// 产品名称
    #[serde(default)]
    pub product_name: String,
    /// 规格型号; 无 is explicit.
    #[serde(default)]
    pub spec_model: String,
    /// 商标; 无 is explicit.
    #[serde(default)]
    pub trademark: String,
    /// 等级; 无 is explicit.
    #[serde(default)]
    pub grade: String,
    /// 生产日期, ISO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_date: Option<String>,
    /// 批号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot_no: Option<String>,
    /// 执行标准
    #[serde(default)]
    pub standards: Vec<String>,
    /// 计量单位
    #[serde(default)]
    pub unit: String,
    /// 抽样基数/批量
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot_base_milli: Option<Milli>,
    /// 检验样品数量
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_qty_milli: Option<Milli>,
    /// 备用样品数量
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare_qty_milli: Option<Milli>,
    /// 备样封存地点
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare_location: Option<SpareLocation>,
    /// 单价, fen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price_fen: Option<i64>,
    /// 购样费, fen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_fen: Option<i64>,
    /// 封条号, each on the test or on the spare sample. A map, so that two phones that add one each both keep theirs.
    #[serde(default)]
    pub seals: BTreeMap<String, SealUse>,
    /// 抽样日期
    pub sampled_at: TimeClaim,
    /// 寄送样地点
    #[serde(default)]
    pub deliver_to: String,
    /// 寄送样截止, ISO date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_by: Option<String>,
    /// 是否出口: the lot is for export only.
    #[serde(default)]
    pub is_export: bool,
    /// 试制 / 处理 / 样品 or not for sale, as marked on the goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_for_sale: Option<String>,
    /// 抽样目的
    #[serde(default)]
    pub purpose: PurposeKind,
    /// 立案号, for a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_no: Option<String>,
    /// 争议产品, for a dispute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disputed_product: Option<String>,
    /// 流通环节
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circulation: Option<CirculationExtra>,
    /// 网络抽样
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<OnlineExtra>,
    /// 影像 that the sheet's seal covers, by hash. The seal signs these; the manifest describes them.
    #[serde(default)]
    pub evidence: BTreeMap<EvidenceId, Digest>,
    /// 备注
    #[serde(default)]
    pub remarks: String,
    /// 作废: why the sheet was spoiled. Its number is never used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided_reason: Option<String>,
}

impl SampleSheet {
    /// An empty draft.
    pub fn draft(sample_id: SampleId, sheet_no: String, sampled_at: TimeClaim) -> Self {
        let mut value = serde_json::Map::new();
        value.insert("sample_id".into(), serde_json::json!(sample_id));
        value.insert("sampled_at".into(), serde_json::json!({"wall_ms": 0}));
        let mut sheet: Self =
            serde_json::from_value(value.into()).expect("every other field has a default");
        sheet.sheet_no = sheet_no;
        sheet.sampled_at = sampled_at;
        sheet
    }

    /// The next batch of the same visit: party and producer are copied, everything about the goods is asked anew. So is
    /// what says which form it is: the task, the kind of sampling and the channel decide which fields the form has and
    /// are one for all batches of a task; another task begins with a sheet of its own.
    pub fn next_batch(&self, sample_id: SampleId, sheet_no: String, sampled_at: TimeClaim) -> Self {
        Self {
            task_id: self.task_id,
            sampling_kind: self.sampling_kind,
            channel: self.channel,
            sampled_party: self.sampled_party.clone(),
            producer: self.producer.clone(),
            ..Self::draft(sample_id, sheet_no, sampled_at)
        }
    }

    /// 同一产品: the key of what was sampled. At the producer's gate the sampled party is the producer.
    pub fn product_key(&self) -> ProductKey {
        let producer = match (&self.producer, self.channel) {
            (Some(producer), _) => producer.clone(),
            (None, Channel::Production) => self.sampled_party.clone(),
            (None, _) => Party::default(),
        };
        ProductKey::new(
            producer.valid_uscc().as_ref(),
            &producer.name,
            &self.standards,
            &self.trademark,
            &self.spec_model,
        )
    }

    /// Everything wrong with the form, sorted. `now` is the phone's wall clock or the server's receipt.
    pub fn faults(&self, rule: Option<&ProductRule>, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut required = |path: &str, text: &str| {
            if text.trim().is_empty() {
                faults.push(Fault::new(path, "required"));
            }
        };
        required("sheet_no", &self.sheet_no);
        required("sampled_party.name", &self.sampled_party.name);
        required("sampled_party.address", &self.sampled_party.address);
        required("product_name", &self.product_name);
        required("spec_model", &self.spec_model);
        required("trademark", &self.trademark);
        required("grade", &self.grade);
        required("licence_kind", &self.licence_kind);
        required("licence_no", &self.licence_no);
        let party = &self.sampled_party;
        required(
            "sampled_party.legal_representative",
            &party.legal_representative,
        );
        required("sampled_party.contact", &party.contact);
        required("sampled_party.phone", &party.phone);
        required("unit", &self.unit);
        if self.purpose == PurposeKind::Task && self.task_id.is_none() {
            faults.push(Fault::new("task_id", "required"));
        }
        self.party_faults(&mut faults);
        self.date_faults(&mut faults, now);
        self.quantity_faults(&mut faults, rule);
        self.seal_faults(&mut faults);
        self.channel_faults(&mut faults);
        text_faults(
            "",
            &serde_json::to_value(self).unwrap_or_default(),
            &mut faults,
        );
        faults.sort();
        faults.dedup();
        faults
    }

    fn party_faults(&self, faults: &mut Vec<Fault>) {
        for (path, party) in [
            ("sampled_party", Some(&self.sampled_party)),
            ("producer", self.producer.as_ref()),
        ] {
            let Some(party) = party else { continue };
            party.code_faults(path, faults);
            // A shop's label often names a producer without a code; the sampled party must say why.
            let blank = |text: &Option<String>| text.as_deref().unwrap_or("").trim().is_empty();
            let silent = party.uscc.as_deref().is_none_or(str::is_empty);
            if path == "sampled_party" && silent && blank(&party.no_uscc_reason) {
                faults.push(Fault::new(format!("{path}.no_uscc_reason"), "required"));
            }
            // 标称生产者: what the label names. A code is often missing there, an address never may.
            for (name, text) in [("name", &party.name), ("address", &party.address)] {
                if path == "producer" && text.trim().is_empty() {
                    faults.push(Fault::new(format!("producer.{name}"), "required"));
                }
            }
        }
        if self.producer.is_none() && self.channel != Channel::Production {
            faults.push(Fault::new("producer", "required"));
        }
    }

    fn date_faults(&self, faults: &mut Vec<Fault>, now: Millis) {
        let sampled = shanghai_date(self.sampled_at.earliest());
        // A claim that crosses midnight accuses nobody: the goods may be of the later day.
        let latest = shanghai_date(self.sampled_at.latest());
        if sampled > shanghai_date(now) {
            faults.push(Fault::new("sampled_at", "in_the_future"));
        }
        match self
            .production_date
            .as_deref()
            .filter(|it| !it.trim().is_empty())
        {
            Some(text) => match iso_date(text) {
                Some(date) if date > latest => {
                    faults.push(Fault::new("production_date", "after_sampling"));
                }
                Some(_) => {}
                None => faults.push(Fault::new("production_date", "format")),
            },
            None if self.lot_no.as_deref().is_none_or(|it| it.trim().is_empty()) => {
                faults.push(Fault::new("production_date", "date_or_lot_required"));
            }
            None => {}
        }
        match self.deliver_by.as_deref().map(iso_date) {
            Some(Some(date)) if date < sampled => {
                faults.push(Fault::new("deliver_by", "before_sampling"));
            }
            Some(None) => faults.push(Fault::new("deliver_by", "format")),
            _ => {}
        }
    }

    fn quantity_faults(&self, faults: &mut Vec<Fault>, rule: Option<&ProductRule>) {
        match self.test_qty_milli {
            None => faults.push(Fault::new("test_qty_milli", "required")),
            Some(test) if test.0 <= 0 => faults.push(Fault::new("test_qty_milli", "positive")),
            Some(_) => {}
        }
        // None is to be written down as 0.
        if self.spare_qty_milli.is_none() {
            faults.push(Fault::new("spare_qty_milli", "required"));
        }
        let spare = self.spare_qty_milli.unwrap_or_default();
        if spare.0 < 0 {
            faults.push(Fault::new("spare_qty_milli", "negative"));
        }
        if spare.0 > 0 && self.spare_location.is_none() {
            faults.push(Fault::new("spare_location", "required"));
        }
        let drawn = self
            .test_qty_milli
            .unwrap_or_default()
            .0
            .saturating_add(spare.0);
        match self.lot_base_milli {
            None => faults.push(Fault::new("lot_base_milli", "required")),
            Some(base) => {
                if base.0 < drawn {
                    let fault = Fault::new("lot_base_milli", "less_than_drawn");
                    faults.push(fault.with("base", base).with("drawn", Milli(drawn)));
                }
                if let Some(minimum) = rule.map(|rule| rule.min_base_milli)
                    && base < minimum
                {
                    let fault = Fault::new("lot_base_milli", "less_than_minimum");
                    faults.push(fault.with("base", base).with("minimum", minimum));
                }
            }
        }
        for (path, fen) in [
            ("unit_price_fen", self.unit_price_fen),
            ("purchase_fen", self.purchase_fen),
        ] {
            if fen.is_some_and(|fen| fen < 0) {
                faults.push(Fault::new(path, "negative"));
            }
        }
    }

    fn seal_faults(&self, faults: &mut Vec<Fault>) {
        let on = |which: SealUse| self.seals.values().any(|it| *it == which);
        if !on(SealUse::Test) {
            faults.push(Fault::new("seals", "test_required"));
        }
        if self.spare_qty_milli.unwrap_or_default().0 > 0 && !on(SealUse::Spare) {
            faults.push(Fault::new("seals", "spare_required"));
        }
        let mut seen = BTreeSet::new();
        for number in self.seals.keys() {
            if number.trim().is_empty() {
                faults.push(Fault::new("seals", "required"));
            } else if !seen.insert(normalise_text(number)) {
                faults.push(Fault::new("seals", "duplicate").with("seal_no", number));
            }
        }
    }

    fn channel_faults(&self, faults: &mut Vec<Fault>) {
        if self.standards.is_empty() {
            faults.push(Fault::new("standards", "required"));
        }
        for (index, code) in self.standards.iter().enumerate() {
            if code.trim().is_empty() {
                faults.push(Fault::new(format!("standards.{index}"), "required"));
            }
        }
        if self.channel == Channel::Circulation && self.circulation.is_none() {
            faults.push(Fault::new("circulation", "required"));
        }
        if self.channel == Channel::Online {
            match &self.online {
                None => faults.push(Fault::new("online", "required")),
                Some(online) => {
                    for (path, text) in [
                        ("online.buyer_account", &online.buyer_account),
                        ("online.order_no", &online.order_no),
                    ] {
                        if text.trim().is_empty() {
                            faults.push(Fault::new(path, "required"));
                        }
                    }
                    for (path, shown) in [
                        ("online.order_screenshot", online.order_screenshot),
                        ("online.payment_screenshot", online.payment_screenshot),
                        ("online.page_screenshot", online.page_screenshot),
                        ("online.unboxing_video", online.unboxing_video),
                    ] {
                        match shown {
                            None => faults.push(Fault::new(path, "required")),
                            // What the sheet's seal does not cover proves nothing of this sample.
                            Some(id) if !self.evidence.contains_key(&id) => {
                                faults.push(Fault::new(path, "unknown_evidence"));
                            }
                            Some(_) => {}
                        }
                    }
                }
            }
        }
        if let (Channel::Circulation, Some(extra)) = (self.channel, &self.circulation) {
            for (path, missing) in [
                (
                    "circulation.purchase_qty_milli",
                    extra.purchase_qty_milli.is_none(),
                ),
                ("circulation.sold_qty_milli", extra.sold_qty_milli.is_none()),
                (
                    "circulation.stock_qty_milli",
                    extra.stock_qty_milli.is_none(),
                ),
                ("circulation.site_type", extra.site_type.trim().is_empty()),
            ] {
                if missing {
                    faults.push(Fault::new(path, "required"));
                }
            }
        }
        for (path, quantity) in self.circulation.iter().flat_map(|it| {
            [
                ("circulation.purchase_qty_milli", it.purchase_qty_milli),
                ("circulation.sold_qty_milli", it.sold_qty_milli),
                ("circulation.stock_qty_milli", it.stock_qty_milli),
            ]
        }) {
            if quantity.is_some_and(|it| it.0 < 0) {
                faults.push(Fault::new(path, "negative"));
            }
        }
    }
}

/// `2025-03-01` and no other spelling: dates are compared and shown as text elsewhere.
fn iso_date(text: &str) -> Option<Date> {
    let date = text.parse::<Date>().ok()?;
    (date.to_string() == text).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FIELD_CHARS_MAX;
    use uuid::Uuid;

    fn good() -> SampleSheet {
        let at = TimeClaim {
            wall_ms: 1_740_800_000_000,
            ..TimeClaim::default()
        };
        let mut sheet = SampleSheet::draft(SampleId(Uuid::from_u128(7)), "S-1".into(), at);
        sheet.task_id = Some(TaskId(Uuid::from_u128(8)));
        sheet.sampled_party = Party {
            name: "泽州示例铸造".into(),
            uscc: Some("911405250000B1E536".into()),
            address: "泽州".into(),
            legal_representative: "张三".into(),
            contact: "李四".into(),
            phone: "0356-0000000".into(),
            ..Party::default()
        };
        sheet.licence_no = "无".into();
        sheet.product_name = "检查井盖".into();
        for field in [
            &mut sheet.spec_model,
            &mut sheet.trademark,
            &mut sheet.grade,
        ] {
            *field = "无".into();
        }
        sheet.licence_kind = "无".into();
        sheet.unit = "套".into();
        sheet.lot_no = Some("L1".into());
        sheet.standards = vec!["GB/T 23858-2009".into()];
        sheet.lot_base_milli = Some(Milli(20_000));
        sheet.test_qty_milli = Some(Milli(2_000));
        sheet.spare_qty_milli = Some(Milli(1_000));
        sheet.spare_location = Some(SpareLocation::Body);
        sheet.seals.insert("F1".into(), SealUse::Test);
        sheet.seals.insert("F2".into(), SealUse::Spare);
        sheet
    }

    /// Changes a good sheet and compares its faults.
    fn check(change: impl FnOnce(&mut SampleSheet), expected: &[&str]) {
        let mut sheet = good();
        change(&mut sheet);
        let keys: Vec<_> = sheet
            .faults(None, 1_740_800_000_000)
            .iter()
            .map(|fault| fault.key("sheet"))
            .collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn every_check_of_a_sheet_has_its_code() {
        check(|_| {}, &[]);
        check(
            |s| s.sampled_party.uscc = Some("911405250000B1E537".into()),
            &["sheet.sampled_party.uscc.check_digit"],
        );
        check(
            |s| s.sampled_party.uscc = None,
            &["sheet.sampled_party.no_uscc_reason.required"],
        );
        check(|s| s.grade = " ".into(), &["sheet.grade.required"]);
        check(
            |s| s.lot_no = None,
            &["sheet.production_date.date_or_lot_required"],
        );
        check(
            |s| s.production_date = Some("2025-03-02".into()),
            &["sheet.production_date.after_sampling"],
        );
        check(
            |s| s.sampled_at.wall_ms += 86_400_000,
            &["sheet.sampled_at.in_the_future"],
        );
        check(
            |s| s.lot_base_milli = Some(Milli(2_999)),
            &["sheet.lot_base_milli.less_than_drawn"],
        );
        check(
            |s| s.test_qty_milli = Some(Milli(0)),
            &["sheet.test_qty_milli.positive"],
        );
        check(
            |s| s.purchase_fen = Some(-1),
            &["sheet.purchase_fen.negative"],
        );
        check(
            |s| {
                s.seals.remove("F2");
            },
            &["sheet.seals.spare_required"],
        );
        check(
            |s| {
                s.seals.insert("f1".into(), SealUse::Test);
            },
            &["sheet.seals.duplicate"],
        );
        check(|s| s.standards.clear(), &["sheet.standards.required"]);
        check(
            |s| s.standards.push(" ".into()),
            &["sheet.standards.1.required"],
        );
        check(
            |s| s.sampled_party.uscc = Some("91350100M000100Y4Z".into()),
            &["sheet.sampled_party.uscc.check_digit"],
        );
        check(
            |s| {
                s.sampled_party.uscc = None;
                s.sampled_party.no_uscc_reason = Some("执照污损".into());
            },
            &[],
        );
        check(
            |s| s.sampled_party.legal_representative.clear(),
            &["sheet.sampled_party.legal_representative.required"],
        );
        check(
            |s| s.sampled_party.contact = " ".into(),
            &["sheet.sampled_party.contact.required"],
        );
        check(
            |s| s.sampled_party.phone.clear(),
            &["sheet.sampled_party.phone.required"],
        );
        check(
            |s| s.sampled_party.region = Some("14052".into()),
            &["sheet.sampled_party.region.format"],
        );
        check(|s| s.task_id = None, &["sheet.task_id.required"]);
        check(|s| s.sheet_no.clear(), &["sheet.sheet_no.required"]);
        check(|s| s.unit.clear(), &["sheet.unit.required"]);
        check(|s| s.trademark.clear(), &["sheet.trademark.required"]);
        check(|s| s.spec_model.clear(), &["sheet.spec_model.required"]);
        check(|s| s.licence_kind.clear(), &["sheet.licence_kind.required"]);
        check(|s| s.licence_no.clear(), &["sheet.licence_no.required"]);
        for text in ["2025-3-1", "20250301", "2025-02-30", "2025-03-01T00:00"] {
            check(
                |s| s.production_date = Some(text.into()),
                &["sheet.production_date.format"],
            );
        }
        check(|s| s.production_date = Some("2025-03-01".into()), &[]);
        check(
            |s| {
                s.lot_no = None;
                s.production_date = Some("2025-03-01".into());
            },
            &[],
        );
        check(
            |s| s.deliver_by = Some("2025-02-28".into()),
            &["sheet.deliver_by.before_sampling"],
        );
        check(
            |s| s.spare_qty_milli = None,
            &["sheet.spare_qty_milli.required"],
        );
        check(
            |s| s.spare_qty_milli = Some(Milli(-1)),
            &["sheet.spare_qty_milli.negative"],
        );
        check(
            |s| s.spare_location = None,
            &["sheet.spare_location.required"],
        );
        check(
            |s| s.lot_base_milli = None,
            &["sheet.lot_base_milli.required"],
        );
        check(|s| s.lot_base_milli = Some(Milli(3_000)), &[]);
        check(
            |s| s.unit_price_fen = Some(i64::MIN),
            &["sheet.unit_price_fen.negative"],
        );
        check(
            |s| (s.unit_price_fen, s.purchase_fen) = (Some(0), Some(0)),
            &[],
        );
        check(
            |s| {
                s.seals.remove("F1");
            },
            &["sheet.seals.test_required"],
        );
        check(
            |s| s.remarks = "a\0b".into(),
            &["sheet.remarks.control_character"],
        );
        check(
            |s| {
                s.seals.insert("F\u{0}3".into(), SealUse::Test);
            },
            &["sheet.seals.control_character"],
        );
        check(
            |s| {
                s.seals
                    .insert("封".repeat(FIELD_CHARS_MAX + 1), SealUse::Test);
            },
            &["sheet.seals.too_long"],
        );
        check(
            |s| s.channel = Channel::Circulation,
            &["sheet.circulation.required", "sheet.producer.required"],
        );
    }

    #[test]
    fn in_a_shop_the_producer_and_the_stock_are_written_down() {
        let shop = |s: &mut SampleSheet| {
            s.channel = Channel::Circulation;
            s.producer = Some(Party {
                name: "某厂".into(),
                address: "某地".into(),
                ..Party::default()
            });
            s.circulation = Some(CirculationExtra {
                purchase_qty_milli: Some(Milli(5)),
                sold_qty_milli: Some(Milli(2)),
                stock_qty_milli: Some(Milli(3)),
                site_type: "商场".into(),
            });
        };
        check(shop, &[]);
        let without = |change: fn(&mut CirculationExtra)| {
            move |s: &mut SampleSheet| {
                shop(s);
                change(s.circulation.as_mut().unwrap());
            }
        };
        check(
            without(|it| it.stock_qty_milli = None),
            &["sheet.circulation.stock_qty_milli.required"],
        );
        check(
            without(|it| it.sold_qty_milli = Some(Milli(-1))),
            &["sheet.circulation.sold_qty_milli.negative"],
        );
        check(
            without(|it| it.site_type.clear()),
            &["sheet.circulation.site_type.required"],
        );
        check(
            |s| {
                shop(s);
                s.producer.as_mut().unwrap().address.clear();
            },
            &["sheet.producer.address.required"],
        );
    }

    #[test]
    fn online_the_screenshots_and_the_unboxing_lie_under_the_seal() {
        let id = |n| EvidenceId(Uuid::from_u128(n));
        let online = |s: &mut SampleSheet| {
            s.channel = Channel::Online;
            s.producer = Some(s.sampled_party.clone());
            s.online = Some(OnlineExtra {
                buyer_account: "买样账号".into(),
                platform: "某平台".into(),
                order_no: "1".into(),
                order_screenshot: Some(id(1)),
                payment_screenshot: Some(id(2)),
                page_screenshot: Some(id(3)),
                unboxing_video: Some(id(4)),
            });
            s.evidence = (1..=4).map(|n| (id(n), Digest([0; 32]))).collect();
        };
        check(online, &[]);
        check(
            |s| {
                online(s);
                s.evidence.remove(&id(4));
                let extra = s.online.as_mut().unwrap();
                extra.page_screenshot = None;
                extra.buyer_account = " ".into();
            },
            &[
                "sheet.online.buyer_account.required",
                "sheet.online.page_screenshot.required",
                "sheet.online.unboxing_video.unknown_evidence",
            ],
        );
    }

    #[test]
    fn a_sampling_around_midnight_accuses_no_goods_of_the_later_day() {
        // 2025-03-01 00:00 in Shanghai, known to within five seconds.
        let midnight = 1_740_758_400_000;
        check(
            |s| {
                s.sampled_at = TimeClaim {
                    wall_ms: midnight,
                    token_at_ms: Some(midnight),
                    elapsed_ms: Some(0),
                    ..TimeClaim::default()
                };
                s.production_date = Some("2025-03-01".into());
            },
            &[],
        );
    }

    #[test]
    fn a_text_at_the_limit_passes_and_one_past_it_does_not() {
        check(|s| s.remarks = "字".repeat(FIELD_CHARS_MAX), &[]);
        check(
            |s| s.remarks = "字".repeat(FIELD_CHARS_MAX + 1),
            &["sheet.remarks.too_long"],
        );
    }

    #[test]
    fn the_next_batch_keeps_the_party_and_asks_for_the_goods() {
        let mut from = good();
        from.producer = Some(from.sampled_party.clone());
        from.evidence
            .insert(EvidenceId(Uuid::from_u128(3)), Digest([1; 32]));
        from.voided_reason = Some("填写错误".into());
        from.remarks = "备注".into();
        let id = SampleId(Uuid::from_u128(9));
        let next = from.next_batch(id, "S-2".into(), TimeClaim::default());
        let mut expected = SampleSheet::draft(id, "S-2".into(), TimeClaim::default());
        expected.sampled_party = from.sampled_party;
        expected.producer = from.producer;
        expected.task_id = from.task_id;
        assert_eq!(next, expected, "party, producer and task, and nothing else");
    }
}
