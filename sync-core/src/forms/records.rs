//! 拒检认定表, 未抽到样品 and 现场报告 as they are printed.

use std::collections::BTreeMap;

use super::confirmed::by_pen;
use super::page::{Field, Group, Page, Part};
use super::parts::{Shape, choice, day, long_text, or_nothing, party, text};
use super::{FormError, FormMaker};
use crate::document::VisitDocument;
use crate::model::{
    AuthorityLevel, ConfirmedSubject, Digest, EvidenceId, NotSampled, NotSampledId, OnSiteReport,
    OnSiteReportId, Party, Refusal, RefusalId, SealSubject, TaskId, TimeClaim,
};
use crate::wording::Worded;

/// What stands over a record, and when it was made for which task.
struct Heading<'r> {
    title: &'static str,
    title_en: &'static str,
    /// What its date is called.
    dated: &'static str,
    task: Option<TaskId>,
    at: &'r TimeClaim,
}

const NOTES: &[&str] = &[
    "本表由现场电子记录生成，签封后内容不可更改；修改只能以签名补正的方式列于其后。",
    "持表人可扫描二维码或输入签封摘要核验；打印件与签封记录不一致的，以签封记录为准。",
    "“／”表示未填写；明确没有的填“无”。时间均为北京时间。",
];

fn running(name: &'static str, value: &str) -> Group {
    Group {
        name,
        rows: vec![vec![long_text(value)]],
        long: true,
        sign: false,
    }
}

fn rows(name: &'static str, rows: Vec<Vec<Field>>) -> Group {
    Group {
        name,
        rows,
        ..Group::default()
    }
}

/// What the list does not have is printed as it was written.
fn beside(mut field: Field, known: bool, word: &str) -> Field {
    if !known {
        field.parts.push(Part::Text(or_nothing(word)));
    }
    field
}

impl FormMaker<'_> {
    pub(super) fn refusal(&self, visit: &VisitDocument, id: RefusalId) -> Result<Page, FormError> {
        let subject = SealSubject::Refusal(id);
        let shape: Shape<Refusal> = self.shape(visit, subject, visit.refusals().items)?;
        let refusal = &shape.item.value;
        let level = AuthorityLevel::ALL
            .iter()
            .copied()
            .find(|level| crate::model::word(level) == refusal.task_level);
        let kind = choice("拒检情形", "Kind of refusal", refusal.known_kind());
        let changed = shape.item.setter("refused_at");
        let mut banners = self.banners(&shape);
        if let Some(reason) = &refusal.withdrawn_reason {
            banners.push(format!("抽样人员已撤回：{}", or_nothing(reason)));
        }
        let mut groups = vec![
            rows(
                "抽查任务",
                vec![
                    vec![
                        text("任务来源", "Commissioned by", self.source(refusal.task_id)),
                        beside(
                            choice("任务级别", "Level", level),
                            level.is_some() || refusal.task_level.is_empty(),
                            &refusal.task_level,
                        ),
                    ],
                    vec![
                        text(
                            "承检机构",
                            "Inspection body",
                            self.organisation(Some(visit.identity().body)),
                        ),
                        text("产品名称", "Product", &refusal.product_name),
                    ],
                ],
            ),
            party("受检单位", &refusal.party),
            rows(
                "拒检情况",
                vec![
                    vec![beside(kind, refusal.known_kind().is_some(), &refusal.kind)],
                    vec![
                        text(
                            "拒检时间",
                            "Refused at",
                            self.when(visit, &refusal.refused_at, &changed),
                        ),
                        text(
                            "见证人",
                            "Witness",
                            refusal.witness.as_deref().unwrap_or(""),
                        ),
                    ],
                    vec![choice(
                        "后果已告知",
                        "Consequence explained",
                        Some(refusal.consequence_explained),
                    )],
                ],
            ),
            running("事实认定", &refusal.fact_description),
            running("告知内容", refusal.consequence.as_deref().unwrap_or("")),
            self.signatures(&shape, true, None),
        ];
        let confirmed = self.confirmed(visit, ConfirmedSubject::Refusal(id), &shape);
        match confirmed.is_empty() {
            true => groups.push(by_pen()),
            false => groups.extend(confirmed),
        }
        let heading = Heading {
            title: "产品质量监督抽查拒检认定表",
            title_en: "Record of a refusal of supervision sampling",
            dated: "记录日期",
            task: refusal.task_id,
            at: &refusal.refused_at,
        };
        Ok(Page {
            banners,
            groups,
            ..self.record(visit, &subject, &shape, heading, &refusal.evidence)
        })
    }

    /// What every record bears, whatever its fields.
    fn record<T>(
        &self,
        visit: &VisitDocument,
        subject: &SealSubject,
        shape: &Shape<T>,
        heading: Heading<'_>,
        evidence: &BTreeMap<EvidenceId, Digest>,
    ) -> Page {
        let lists = [
            self.evidence(visit, subject, evidence),
            self.amendments(visit, subject, shape),
        ];
        let rulebook = self.rulebook(heading.task, heading.at);
        Page {
            title: heading.title,
            title_en: heading.title_en,
            issuer: self.issuer(heading.task),
            number: subject.number().unwrap_or_default(),
            dated: format!("{}：{}", heading.dated, day(heading.at.earliest())),
            state: shape.state(),
            bilingual: self.bilingual,
            banners: self.banners(shape),
            letter: Vec::new(),
            groups: Vec::new(),
            lists: lists.into_iter().flatten().collect(),
            proof: Some(self.proof(visit, shape, rulebook)),
            notes: NOTES.to_vec(),
        }
    }

    pub(super) fn not_sampled(
        &self,
        visit: &VisitDocument,
        id: NotSampledId,
    ) -> Result<Page, FormError> {
        let subject = SealSubject::NotSampled(id);
        let shape: Shape<NotSampled> = self.shape(visit, subject, visit.not_sampled().items)?;
        let record = &shape.item.value;
        let reason = record.known_reason();
        let changed = shape.item.setter("recorded_at");
        let stamp = match (&record.bureau_stamp, reason) {
            (Some(photo), _) => Some(vec![
                Part::Text("☑ 已盖章（印章影像）".to_owned()),
                Part::Hash(photo.to_string()),
            ]),
            (None, Some(reason)) if reason.wants_stamp() => {
                Some(vec![Part::Text("须盖章，尚无印章影像".to_owned())])
            }
            (None, _) => None,
        };
        let reasons = choice("未抽到原因", "Reason", reason);
        let groups = vec![
            rows(
                "抽查任务",
                vec![vec![
                    text("任务来源", "Commissioned by", self.source(None)),
                    text(
                        "承检机构",
                        "Inspection body",
                        self.organisation(Some(visit.identity().body)),
                    ),
                ]],
            ),
            party("受检单位", &record.party),
            rows(
                "未抽到情况",
                vec![
                    vec![beside(reasons, reason.is_some(), &record.reason)],
                    vec![
                        text("许可证/证书编号", "Licence number", &record.licence_no),
                        text(
                            "核查时间",
                            "Recorded at",
                            self.when(visit, &record.recorded_at, &changed),
                        ),
                    ],
                ],
            ),
            running("情况说明", &record.explanation),
            self.signatures(&shape, false, stamp),
        ];
        let heading = Heading {
            title: "产品质量监督抽查未抽到样品情况表",
            title_en: "Record that nothing was sampled",
            dated: "记录日期",
            task: None,
            at: &record.recorded_at,
        };
        Ok(Page {
            groups,
            ..self.record(visit, &subject, &shape, heading, &record.evidence)
        })
    }

    pub(super) fn on_site_report(
        &self,
        visit: &VisitDocument,
        id: OnSiteReportId,
    ) -> Result<Page, FormError> {
        let subject = SealSubject::OnSiteReport(id);
        let shape: Shape<OnSiteReport> =
            self.shape(visit, subject, visit.on_site_reports().items)?;
        let report = &shape.item.value;
        let grounds = report.known_grounds();
        let changed = shape.item.setter("reported_at");
        let told = report.recipients.iter();
        let told: Vec<String> = told.map(|id| self.organisation(Some(*id))).collect();
        let about = enterprise(visit);
        let mut groups = vec![
            rows(
                "抽查任务",
                vec![vec![
                    text("任务来源", "Commissioned by", self.source(None)),
                    text(
                        "承检机构",
                        "Inspection body",
                        self.organisation(Some(visit.identity().body)),
                    ),
                ]],
            ),
            party("受检单位", &about),
            rows(
                "报告事项",
                vec![
                    vec![beside(
                        choice("违法情形", "Grounds", grounds),
                        grounds.is_some(),
                        &report.grounds,
                    )],
                    vec![
                        text(
                            "报告时间",
                            "Reported at",
                            self.when(visit, &report.reported_at, &changed),
                        ),
                        choice(
                            "终止抽样",
                            "Sampling ended",
                            Some(report.sampling_terminated),
                        ),
                    ],
                    vec![text("报告对象", "Reported to", told.join("、"))],
                ],
            ),
            running("现场情况", &report.description),
            self.signatures(&shape, false, None),
        ];
        groups.extend(self.confirmed(visit, ConfirmedSubject::OnSiteReport(id), &shape));
        let heading = Heading {
            title: "产品质量监督抽查现场报告",
            title_en: "On-site report",
            dated: "报告日期",
            task: None,
            at: &report.reported_at,
        };
        Ok(Page {
            groups,
            ..self.record(visit, &subject, &shape, heading, &report.evidence)
        })
    }
}

/// Whom the visit is about: as found last, else as a sheet names it. A report names no party of its own.
pub(super) fn enterprise(visit: &VisitDocument) -> Party {
    let mut found = visit.enterprise().items;
    found.sort_by_key(|it| (it.value.recorded_at.wall_ms, it.value.record_id));
    let found = found.pop().map(|it| it.value.party);
    let of_sheets = || {
        let mut sheets = visit.sheets().items.into_iter();
        sheets.next().map(|it| it.value.sampled_party)
    };
    let mut party = found.or_else(of_sheets).unwrap_or_default();
    let key = &visit.identity().enterprise.0;
    if party.uscc.is_none() {
        party.uscc = key.strip_prefix("uscc:").map(str::to_owned);
    }
    party
}
