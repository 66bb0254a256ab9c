//! Findings and words of lists as people read them: in Chinese and English, beside the key that machines read. What the
//! words of lists are called stands in [`sync_core::wording`], once for answers, pages and printed forms.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sync_core::rules::{Finding, Lang, render};
use utoipa::ToSchema;

/// A word in both languages, as answers carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Words {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

impl From<sync_core::wording::Words> for Words {
    fn from(words: sync_core::wording::Words) -> Self {
        let sync_core::wording::Words { zh, en } = words;
        Self { zh, en }
    }
}

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// A word of a list by the list's name; what is in no list is unknown.
pub fn in_list(list: &str, word: &str) -> Words {
    let known = sync_core::wording::in_list(list, word);
    known.map_or(words("未知", "unknown"), Words::from)
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
