//! 抽样单 as it is printed.

use super::page::State;
use super::page::{Field, Group, Page, Part};
use super::parts::{
    Shape, choice, day, iso_day, long_text, or_nothing, party, quantity, text, yuan,
};
use super::{FormError, FormMaker};
use crate::document::VisitDocument;
use crate::model::{
    Channel, CirculationExtra, OnlineExtra, PurposeKind, SampleId, SampleSheet, SealSubject,
    SealUse,
};
use crate::wording::Worded;

/// What everybody who holds the paper should know.
const NOTES: &[&str] = &[
    "本单由抽样时的电子记录生成，签封后内容不可更改；修改只能以签名补正的方式列于其后。",
    "持单人可扫描二维码或输入签封摘要核验；打印件与签封记录不一致的，以签封记录为准。",
    "“／”表示未填写；明确没有的填“无”。时间均为北京时间。",
];

impl FormMaker<'_> {
    pub(super) fn sheet(&self, visit: &VisitDocument, id: SampleId) -> Result<Page, FormError> {
        let subject = SealSubject::Sheet(id);
        let shape: Shape<SampleSheet> = self.shape(visit, subject, visit.sheets().items)?;
        let sheet = &shape.item.value;
        let voided = sheet.voided_reason.as_deref();
        let mut banners = self.banners(&shape);
        if let Some(reason) = voided {
            banners.push(format!("本单已作废：{}", or_nothing(reason)));
        }
        let mut groups = vec![
            self.task(visit, sheet),
            party("受检单位", &sheet.sampled_party),
        ];
        if let Some(producer) = &sheet.producer {
            groups.push(party("标称生产者", producer));
        }
        groups.push(product(sheet));
        groups.push(self.sampling(visit, &shape));
        if sheet.channel == Channel::Circulation || sheet.circulation.is_some() {
            let extra = sheet.circulation.clone().unwrap_or_default();
            groups.push(circulation(&extra, &sheet.unit));
        }
        if sheet.channel == Channel::Online || sheet.online.is_some() {
            groups.push(online(&sheet.online.clone().unwrap_or_default()));
        }
        groups.push(Group {
            name: "备注",
            rows: vec![vec![long_text(&sheet.remarks)]],
            long: true,
            sign: false,
        });
        groups.push(self.signatures(&shape, true, None));
        let lists = [
            self.evidence(visit, &subject, &sheet.evidence),
            self.amendments(visit, &subject, &shape),
        ];
        let rulebook = self.rulebook(sheet.task_id, &sheet.sampled_at);
        Ok(Page {
            title: "产品质量监督抽查抽样单",
            title_en: "Sampling sheet of product-quality supervision",
            issuer: self.issuer(sheet.task_id),
            number: or_nothing(&sheet.sheet_no),
            dated: format!("抽样日期：{}", day(sheet.sampled_at.earliest())),
            state: match voided {
                Some(_) => State::Void,
                None => shape.state(),
            },
            bilingual: self.bilingual,
            banners,
            letter: Vec::new(),
            groups,
            lists: lists.into_iter().flatten().collect(),
            proof: Some(self.proof(visit, &shape, rulebook)),
            notes: NOTES.to_vec(),
        })
    }

    fn task(&self, visit: &VisitDocument, sheet: &SampleSheet) -> Group {
        let task = sheet.task_id.and_then(|id| self.names.tasks.get(&id));
        let task = match (task, sheet.task_id) {
            (Some(task), _) => task.product_name.clone(),
            (None, Some(id)) => id.to_string(),
            (None, None) => String::new(),
        };
        let mut rows = vec![
            vec![
                text("任务来源", "Commissioned by", self.source(sheet.task_id)),
                text("抽查任务", "Task", task),
            ],
            vec![
                choice("抽样类别", "Kind of sampling", Some(sheet.sampling_kind)),
                choice("抽查环节", "Channel", Some(sheet.channel)),
            ],
            vec![
                text(
                    "承检机构",
                    "Inspection body",
                    self.organisation(Some(visit.identity().body)),
                ),
                choice("抽样目的", "Purpose", Some(sheet.purpose)),
            ],
        ];
        let purpose = match sheet.purpose {
            PurposeKind::Task => None,
            PurposeKind::Case => Some(text(
                "立案号",
                "Case number",
                sheet.case_no.as_deref().unwrap_or(""),
            )),
            PurposeKind::Dispute => Some(text(
                "争议产品",
                "Product in dispute",
                sheet.disputed_product.as_deref().unwrap_or(""),
            )),
        };
        rows.extend(purpose.map(|field| vec![field]));
        Group {
            name: "抽查任务",
            rows,
            ..Group::default()
        }
    }

    fn sampling(&self, visit: &VisitDocument, shape: &Shape<SampleSheet>) -> Group {
        let sheet = &shape.item.value;
        let changed = shape.item.setter("sampled_at");
        let sealed_on = |on: SealUse| {
            let of_use = sheet.seals.iter().filter(|(_, it)| **it == on);
            let numbers: Vec<String> = of_use.map(|(number, _)| or_nothing(number)).collect();
            numbers.join("、")
        };
        let told = |on: SealUse| format!("{}：{}", on.words().zh, or_nothing(&sealed_on(on)));
        let seals = Field {
            name: "封条号",
            en: "Seal numbers",
            parts: vec![
                Part::Text(told(SealUse::Test)),
                Part::Place(told(SealUse::Spare)),
            ],
            ..Field::default()
        };
        let quantity = |value| quantity(value, &sheet.unit);
        Group {
            name: "抽样情况",
            rows: vec![
                vec![
                    text("抽样基数/批量", "Lot", quantity(sheet.lot_base_milli)),
                    text(
                        "检验样品数量",
                        "Test sample",
                        quantity(sheet.test_qty_milli),
                    ),
                    text(
                        "备用样品数量",
                        "Spare sample",
                        quantity(sheet.spare_qty_milli),
                    ),
                ],
                vec![
                    choice("备样封存地点", "Spare kept at", sheet.spare_location),
                    text("单价", "Unit price", yuan(sheet.unit_price_fen)),
                    text("购样费", "Price of samples", yuan(sheet.purchase_fen)),
                ],
                vec![seals],
                vec![text(
                    "抽样日期",
                    "Sampled at",
                    self.when(visit, &sheet.sampled_at, &changed),
                )],
                vec![
                    text("寄送样地点", "Deliver to", &sheet.deliver_to),
                    text(
                        "寄送样截止",
                        "Deliver by",
                        iso_day(sheet.deliver_by.as_deref()),
                    ),
                ],
            ],
            ..Group::default()
        }
    }
}

fn product(sheet: &SampleSheet) -> Group {
    let of = |it: &Option<String>| it.clone().unwrap_or_default();
    Group {
        name: "产品信息",
        rows: vec![
            vec![
                text("产品名称", "Product", &sheet.product_name),
                text("规格型号", "Specification", &sheet.spec_model),
            ],
            vec![
                text("商标", "Trademark", &sheet.trademark),
                text("产品等级", "Grade", &sheet.grade),
            ],
            vec![
                text(
                    "生产日期",
                    "Produced on",
                    iso_day(sheet.production_date.as_deref()),
                ),
                text("批号", "Lot number", of(&sheet.lot_no)),
            ],
            vec![
                text("许可/认证种类", "Licence", &sheet.licence_kind),
                text("证书编号", "Licence number", &sheet.licence_no),
            ],
            vec![text("执行标准", "Standards", sheet.standards.join("、"))],
            vec![
                choice("是否出口", "For export", Some(sheet.is_export)),
                text("产品标注", "Mark on the goods", of(&sheet.not_for_sale)),
            ],
        ],
        ..Group::default()
    }
}

fn circulation(extra: &CirculationExtra, unit: &str) -> Group {
    Group {
        name: "流通环节",
        rows: vec![
            vec![
                text("进货量", "Bought", quantity(extra.purchase_qty_milli, unit)),
                text("销售量", "Sold", quantity(extra.sold_qty_milli, unit)),
                text("库存量", "In stock", quantity(extra.stock_qty_milli, unit)),
            ],
            vec![text("场所类型", "Kind of place", &extra.site_type)],
        ],
        ..Group::default()
    }
}

fn online(extra: &OnlineExtra) -> Group {
    let named = |id: Option<crate::model::EvidenceId>| match id {
        Some(id) => id.to_string(),
        None => String::new(),
    };
    Group {
        name: "网络抽样",
        rows: vec![
            vec![
                text("平台", "Platform", &extra.platform),
                text("买样账号", "Buyer's account", &extra.buyer_account),
            ],
            vec![
                text("订单号", "Order", &extra.order_no),
                text("订单截图", "Order shown", named(extra.order_screenshot)),
            ],
            vec![
                text("付款凭证", "Payment shown", named(extra.payment_screenshot)),
                text("商品页面", "Page shown", named(extra.page_screenshot)),
            ],
            vec![text("拆包视频", "Unboxing", named(extra.unboxing_video))],
        ],
        ..Group::default()
    }
}
