//! Findings and other words of lists as people read them: in Chinese and English, beside the key that machines read.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sync_core::model::NotSampledReason;
use sync_core::rules::{Finding, Lang, render};
use utoipa::ToSchema;

/// A word in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Words {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// 未抽到样品原因
pub fn not_sampled_reason(reason: NotSampledReason) -> Words {
    use NotSampledReason as Reason;
    match reason {
        Reason::Closed => words("倒闭", "closed down"),
        Reason::Deregistered => words("注销", "deregistered"),
        Reason::Stopped => words("停产", "production stopped"),
        Reason::Converted => words("转产", "makes other products now"),
        Reason::ExportOnly => words("全部出口", "exports everything"),
        Reason::OutsideRegion => words("不在本辖区", "outside this region"),
        Reason::NotInScope => words("不在抽查范围", "not within the sampling"),
        Reason::StockTooSmall => words("基数不足", "too little in stock"),
        Reason::Rectifying => words("整改中", "under rectification"),
        Reason::NotAProducer => words("非生产企业", "no producer"),
        Reason::AddressWrong => words("地址不符", "not at this address"),
        Reason::Other => words("其他", "other"),
    }
}

/// What a case is of.
pub fn case_kind(kind: &str) -> Words {
    match kind {
        "refusal" => words("拒检", "refusal"),
        _ => words("现场报告", "on-site report"),
    }
}

/// The state of a refusal or of a report (domain.md §4), by its word.
pub fn case_state(state: &str) -> Words {
    match state {
        "recorded" => words("已记录", "recorded"),
        "reported" => words("已上报，待处理", "reported, waiting"),
        "withdrawn" => words("已撤回", "withdrawn"),
        "contested" => words("有争议，待裁定", "contested, a person decides"),
        "confirmed" => words("已确认", "confirmed"),
        "not_established" => words("不成立", "not established"),
        "resolved_sampled" => words("已解决并抽样", "resolved and sampled"),
        "published" => words("已公示", "published"),
        "received" => words("已接收", "received"),
        "handed_over" => words("已移交", "handed over"),
        "disposed" => words("已处置", "disposed of"),
        _ => words("未知", "unknown"),
    }
}

/// 抽查状态 of an enterprise that was not sampled.
pub fn not_sampled_status(sampled_too: bool) -> Words {
    match sampled_too {
        false => words("未抽到样品", "not sampled"),
        true => words(
            "未抽到样品，另有抽样记录，由组织抽查部门认定",
            "not sampled, and sampled by another record; the authority decides",
        ),
    }
}

/// 当地市场监管部门盖章
pub fn stamp(needed: bool, present: bool) -> Words {
    match (needed, present) {
        (_, true) => words("已盖章", "stamped"),
        (true, false) => words("应盖章，未见盖章", "a stamp is needed and is not there"),
        (false, false) => words("无需盖章", "no stamp is needed"),
    }
}

/// The finding with `zh` and `en`.
pub fn finding(finding: &Finding) -> Value {
    let mut view = serde_json::to_value(finding).unwrap_or_default();
    if let Value::Object(fields) = &mut view {
        fields.insert("zh".to_owned(), render(finding, Lang::ZhCn).into());
        fields.insert("en".to_owned(), render(finding, Lang::En).into());
    }
    view
}

/// For `#[serde(serialize_with)]` on a record's findings.
pub fn findings<S: Serializer>(said: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    said.iter()
        .map(finding)
        .collect::<Vec<_>>()
        .serialize(serializer)
}
