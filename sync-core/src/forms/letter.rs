//! 监督抽查通知书 as it was shown at the gate: its number, and who came when. It is the authority's paper and nobody seals it
//! here, so that it bears no digest; what it says of the visit is what the arrivals that name its number say.

use std::collections::{BTreeMap, BTreeSet};

use super::page::{Field, Group, Page, Part, State, visible};
use super::parts::{day, either, iso_day, party, text};
use super::records::enterprise;
use super::{FormError, FormMaker};
use crate::document::reading::author;
use crate::document::{Item, VisitDocument};
use crate::model::{Arrival, SamplingNotice, UserId};

const NOTES: &[&str] = &[
    "本件由进门时的电子记录生成，供送达和留存；通知书由组织抽查部门签发，以签发的原件为准。",
    "本件不经电子签封，不带签封摘要。时间均为北京时间。",
];

impl FormMaker<'_> {
    pub(super) fn notice(&self, visit: &VisitDocument, number: &str) -> Result<Page, FormError> {
        let wanted = SamplingNotice::number_key(number);
        let named = |it: &Item<Arrival>| {
            let shown = it.value.notice_no.as_deref().unwrap_or("");
            !wanted.is_empty() && SamplingNotice::number_key(shown) == wanted
        };
        let mut arrivals = visit.arrivals().items;
        arrivals.retain(named);
        arrivals.sort_by_key(|it| (it.value.entered_at.earliest(), it.value.arrival_id));
        let first = arrivals.first().ok_or(FormError::UnknownSubject)?;
        let tasks: BTreeSet<_> = visit
            .sheets()
            .items
            .iter()
            .filter_map(|it| it.value.task_id)
            .collect();
        let issued = self.names.notices.get(&wanted);
        let tasks = issued.map_or(tasks, |it| it.tasks.clone());
        let products: BTreeSet<String> = tasks
            .iter()
            .filter_map(|id| self.names.tasks.get(id))
            .map(|task| visible(&task.product_name))
            .collect();
        let products = products.into_iter().collect::<Vec<_>>().join("、");
        let about = enterprise(visit);
        let body = self.organisation(Some(visit.identity().body));
        let goods = if products.is_empty() {
            "有关产品".to_owned()
        } else {
            products.clone()
        };
        let letter = vec![
            format!("{}：", visible(&about.name)),
            format!(
                "根据《中华人民共和国产品质量法》第十五条，现委托{body}对你单位的{goods}进行产品质量监督抽查。"
            ),
            "请配合抽样人员工作，如实提供有关资料。无正当理由拒绝接受监督抽查的，依法处理。抽样人员应当出示本通知书和有效证件，抽样人员少于二人或者未出示的，你单位有权拒绝。"
                .to_owned(),
        ];
        let mut people: BTreeSet<(UserId, String)> = BTreeSet::new();
        for arrival in &arrivals {
            let by = author(visit, self.around, &arrival.maker);
            people.extend(by.map(|it| (it.user_id, visible(&it.user_name))));
        }
        let named_here: BTreeMap<UserId, String> = people.iter().cloned().collect();
        let known: BTreeSet<UserId> = people.iter().map(|(id, _)| *id).collect();
        let there = arrivals.iter().flat_map(|it| it.value.samplers.iter());
        let others: BTreeSet<UserId> = there.filter(|id| !known.contains(id)).copied().collect();
        let signed: BTreeMap<UserId, String> = (visit.seals().items.iter())
            .flat_map(|seal| seal.value.signatures.values())
            .filter_map(|it| self.around.signer(it.certificate_serial))
            .map(|it| (it.user_id, visible(&it.user_name)))
            .collect();
        let mut names: Vec<String> = people.into_iter().map(|(_, name)| name).collect();
        // Who wrote nothing may have signed; of anybody else only the id is known here.
        names.extend(others.iter().map(|id| {
            let name = signed.get(id).cloned();
            name.unwrap_or_else(|| id.to_string())
        }));
        let asked = issued.map(|it| it.samplers.clone()).unwrap_or_default();
        let asked = asked.iter().map(|id| {
            let known = signed.get(id).or_else(|| named_here.get(id)).cloned();
            known.unwrap_or_else(|| id.to_string())
        });
        let asked = asked.collect::<Vec<_>>().join("、");
        let mut banners = Vec::new();
        let here = self.around.alias(&visit.identity().enterprise);
        if issued.is_some_and(|it| self.around.alias(&it.enterprise) != here) {
            banners.push("该编号的通知书是签发给另一单位的".to_owned());
        }
        let issue = issued.map_or_else(
            || vec![text("签发", "Issued", "系统中没有登记该编号的通知书")],
            |it| {
                let (from, until) = (
                    iso_day(Some(&it.valid_from)),
                    iso_day(Some(&it.valid_until)),
                );
                vec![
                    text("有效期", "In force", format!("{from} 至 {until}")),
                    text("列明的抽样人员", "Samplers named", asked),
                ]
            },
        );
        let shown = arrivals.iter().any(|it| it.value.id_shown);
        let entered = self.when(visit, &first.value.entered_at, &first.setter("entered_at"));
        let receipt = |name, en, line| Field {
            name,
            en,
            parts: vec![Part::Line(line)],
            ..Field::default()
        };
        let campaign = self.names.campaign.as_ref();
        let groups = vec![
            Group {
                name: "抽查安排",
                rows: vec![
                    vec![
                        text(
                            "组织抽查部门",
                            "Authority",
                            self.organisation(self.authority(None)),
                        ),
                        text("承检机构", "Inspection body", &body),
                    ],
                    vec![
                        text(
                            "抽查批次",
                            "Campaign",
                            campaign.map_or("", |it| it.code.as_str()),
                        ),
                        text("抽查产品", "Products", &products),
                    ],
                    vec![text("到场抽样人员", "Samplers present", names.join("、"))],
                    issue,
                ],
                ..Group::default()
            },
            party("受检单位", &about),
            Group {
                name: "现场出示",
                rows: vec![vec![
                    text("进门时间", "Shown at", entered),
                    either(
                        "出示证件",
                        "Identity shown",
                        ["已出示", "未记录出示"],
                        shown,
                    ),
                ]],
                ..Group::default()
            },
            Group {
                name: "签收",
                rows: vec![vec![
                    receipt("抽样人员", "Samplers", "（签字）　　　　年　　月　　日"),
                    receipt(
                        "受检单位",
                        "Received by",
                        "（签字、盖章）　　年　　月　　日",
                    ),
                ]],
                long: false,
                sign: true,
            },
        ];
        Ok(Page {
            title: "产品质量监督抽查通知书",
            title_en: "Notice of supervision sampling",
            issuer: self.issuer(None),
            number: visible(first.value.notice_no.as_deref().unwrap_or("").trim()),
            dated: format!("出示日期：{}", day(first.value.entered_at.earliest())),
            state: State::Unsealable,
            bilingual: self.bilingual,
            banners,
            letter,
            groups,
            lists: Vec::new(),
            proof: None,
            notes: NOTES.to_vec(),
        })
    }
}
