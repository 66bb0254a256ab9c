//! The words of the lists that stand on forms, in the order in which they are printed.

use crate::model::{
    AuthorityLevel, Channel, NotSampledReason, PurposeKind, RefusalKind, ReportGrounds,
    SamplingKind, SealUse, SpareLocation,
};

/// 抽样类别
pub(super) const SAMPLING_KINDS: [(SamplingKind, &str); 7] = [
    (SamplingKind::Routine, "常规"),
    (SamplingKind::Special, "专项"),
    (SamplingKind::Emergency, "应急"),
    (SamplingKind::Tracking, "跟踪"),
    (SamplingKind::Linked, "联动"),
    (SamplingKind::Evaluative, "评价性"),
    (SamplingKind::Recheck, "复查"),
];

/// 抽查环节
pub(super) const CHANNELS: [(Channel, &str); 3] = [
    (Channel::Production, "生产"),
    (Channel::Circulation, "流通"),
    (Channel::Online, "网络"),
];

/// 抽样目的
pub(super) const PURPOSES: [(PurposeKind, &str); 3] = [
    (PurposeKind::Task, "监督抽查任务"),
    (PurposeKind::Case, "查处违法案件"),
    (PurposeKind::Dispute, "质量纠纷、投诉"),
];

/// 备样封存地点
pub(super) const SPARE_LOCATIONS: [(SpareLocation, &str); 2] = [
    (SpareLocation::Body, "承检机构"),
    (SpareLocation::Enterprise, "受检单位"),
];

/// What a seal is on.
pub(super) const SEAL_USES: [(SealUse, &str); 2] =
    [(SealUse::Test, "检验样品"), (SealUse::Spare, "备用样品")];

/// 拒检情形
pub(super) const REFUSAL_KINDS: [(RefusalKind, &str); 5] = [
    (RefusalKind::NoReason, "无理由拒检"),
    (RefusalKind::Fraud, "弄虚作假"),
    (RefusalKind::Obstruction, "阻碍抽样"),
    (RefusalKind::UnreasonablePrice, "要价不合理"),
    (RefusalKind::Concealment, "隐匿样品"),
];

/// 任务级别
pub(super) const LEVELS: [(AuthorityLevel, &str); 4] = [
    (AuthorityLevel::National, "国家级"),
    (AuthorityLevel::Province, "省级"),
    (AuthorityLevel::City, "市级"),
    (AuthorityLevel::County, "县级"),
];

/// 未抽到样品原因
pub(super) const NOT_SAMPLED_REASONS: [(NotSampledReason, &str); 12] = [
    (NotSampledReason::Closed, "倒闭"),
    (NotSampledReason::Deregistered, "注销"),
    (NotSampledReason::Stopped, "停产"),
    (NotSampledReason::Converted, "转产"),
    (NotSampledReason::ExportOnly, "全部出口"),
    (NotSampledReason::OutsideRegion, "不在本辖区"),
    (NotSampledReason::NotInScope, "不在抽查范围"),
    (NotSampledReason::StockTooSmall, "基数不足"),
    (NotSampledReason::Rectifying, "整改中"),
    (NotSampledReason::NotAProducer, "非生产企业"),
    (NotSampledReason::AddressWrong, "地址不符"),
    (NotSampledReason::Other, "其他"),
];

/// 无需检验即可判定违法的情形
pub(super) const REPORT_GROUNDS: [(ReportGrounds, &str); 3] = [
    (ReportGrounds::Unlicensed, "无证无照"),
    (ReportGrounds::ThreeNo, "三无产品"),
    (
        ReportGrounds::SelfEvidentViolation,
        "其他无需检验即可判定违法",
    ),
];

/// 影像种类
const EVIDENCE_KINDS: [(&str, &str); 8] = [
    ("place", "场所"),
    ("label", "标签"),
    ("stock", "库存"),
    ("sealing", "封样"),
    ("refusal", "拒检"),
    ("signature", "签字"),
    ("paper_form", "纸质文书"),
    ("other", "其他"),
];

/// 影像种类 by its word; a kind of an authority's own as it is written.
pub(super) fn evidence_kind(word: &str) -> &str {
    let found = EVIDENCE_KINDS.iter().find(|(known, _)| *known == word);
    found.map_or(word, |(_, zh)| *zh)
}

/// What a register of a list holds, for people: the list is that of the register.
pub(super) fn of_register(name: &str, word: &str) -> String {
    fn find<T: serde::Serialize>(list: &[(T, &'static str)], word: &str) -> Option<&'static str> {
        let found = list.iter().find(|(it, _)| crate::model::word(it) == word);
        found.map(|(_, zh)| *zh)
    }
    let found = match name {
        "sampling_kind" => find(&SAMPLING_KINDS, word),
        "channel" => find(&CHANNELS, word),
        "purpose" => find(&PURPOSES, word),
        "spare_location" => find(&SPARE_LOCATIONS, word),
        "seals" => find(&SEAL_USES, word),
        "kind" => find(&REFUSAL_KINDS, word),
        "task_level" => find(&LEVELS, word),
        "reason" => find(&NOT_SAMPLED_REASONS, word),
        "grounds" => find(&REPORT_GROUNDS, word),
        _ => None,
    };
    found.map_or_else(|| word.to_owned(), str::to_owned)
}
