//! What the words of lists are called: one table in Chinese and English for printed forms, for what the server answers and
//! for its pages. The words that machines read are those of the types; what rules say stands with each rule, and what is
//! wrong with a form in [`crate::model::ToldFault`].

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{
    AuthorityLevel, Channel, EvidenceKind, NotSampledReason, OnSiteReportState, PurposeKind,
    RefusalKind, RefusalState, ReportGrounds, ReviewVerdict, SamplingKind, SealUse, SpareLocation,
};
use crate::proof::{OrganisationKind, Role};
use crate::rules::{ConfirmationOutcome, RefusalStanding, Severity, Standing, Validity};
use crate::sync::todos::TodoKind;

/// A word or a text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Words {
    /// 中文
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// Language of a rendered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// 简体中文
    ZhCn,
    /// English.
    En,
}

impl Words {
    /// The text in one language.
    pub fn in_lang(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::ZhCn => self.zh,
            Lang::En => self.en,
        }
    }
}

/// Both languages of a word.
pub const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// A list that people read.
pub trait Worded: Copy + PartialEq + 'static {
    /// What it is called in `GET`s and templates that know only its name.
    const LIST: &'static str;
    /// Every word of it, in the order of printing.
    const ALL: &'static [Self];

    /// What it is called.
    fn words(self) -> Words;
}

/// What the word of a list is called; none where the list does not have it.
pub fn of_word<T: Worded + DeserializeOwned>(word: &str) -> Option<Words> {
    let known: Option<T> = serde_json::from_value(word.into()).ok();
    known.map(T::words)
}

/// Lists of types, each word once: a variant that has no words does not compile.
macro_rules! lists {
    ($($list:literal $of:ident { $($variant:ident: $zh:literal, $en:literal;)+ })+) => {
        $(impl Worded for $of {
            const LIST: &'static str = $list;
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn words(self) -> Words {
                match self {
                    $(Self::$variant => words($zh, $en)),+
                }
            }
        })+

        /// What a word is called in the list of this name (`refusal_kind`, `validity`); none where there is no such list
        /// or it does not have the word.
        pub fn in_list(list: &str, word: &str) -> Option<Words> {
            match list {
                $(<$of as Worded>::LIST => of_word::<$of>(word),)+
                "task_state" => of_table(&TASK_STATES, word),
                "visit_state" => of_table(&VISIT_STATES, word),
                "case_kind" => of_table(&CASE_KINDS, word),
                "review_state" => review_state(word),
                "case_state" => case_state(word),
                _ => None,
            }
        }

        #[cfg(test)]
        const TYPED: &[(&str, fn() -> Vec<(String, Words)>)] =
            &[$(($list, tests::every::<$of>)),+];
    };
}

lists! {
    // 抽样类别
    "sampling_kind" SamplingKind {
        Routine: "常规", "routine";
        Special: "专项", "special";
        Emergency: "应急", "emergency";
        Tracking: "跟踪", "tracking";
        Linked: "联动", "linked";
        Evaluative: "评价性", "evaluative";
        Recheck: "复查", "recheck";
    }
    // 抽查环节
    "channel" Channel {
        Production: "生产", "production";
        Circulation: "流通", "circulation";
        Online: "网络", "online";
    }
    // 抽样目的
    "purpose" PurposeKind {
        Task: "监督抽查任务", "a task of supervision";
        Case: "查处违法案件", "a case of law-breaking";
        Dispute: "质量纠纷、投诉", "a dispute or complaint";
    }
    // 备样封存地点
    "spare_location" SpareLocation {
        Body: "承检机构", "inspection body";
        Enterprise: "受检单位", "enterprise";
    }
    // What a seal is on.
    "seal_use" SealUse {
        Test: "检验样品", "test sample";
        Spare: "备用样品", "spare sample";
    }
    // 拒检情形
    "refusal_kind" RefusalKind {
        NoReason: "无理由拒检", "refused without reason";
        Fraud: "弄虚作假", "fraud";
        Obstruction: "阻碍抽样", "obstruction";
        UnreasonablePrice: "要价不合理", "an unreasonable price";
        Concealment: "隐匿样品", "concealment";
    }
    // 任务级别
    "authority_level" AuthorityLevel {
        National: "国家级", "national";
        Province: "省级", "province";
        City: "市级", "city";
        County: "县级", "county";
    }
    // 未抽到样品原因
    "not_sampled_reason" NotSampledReason {
        Closed: "倒闭", "closed down";
        Deregistered: "注销", "deregistered";
        Stopped: "停产", "production stopped";
        Converted: "转产", "makes other products now";
        ExportOnly: "全部出口", "exports everything";
        OutsideRegion: "不在本辖区", "outside this region";
        NotInScope: "不在抽查范围", "not within the sampling";
        StockTooSmall: "基数不足", "too little in stock";
        Rectifying: "整改中", "under rectification";
        NotAProducer: "非生产企业", "no producer";
        AddressWrong: "地址不符", "not at this address";
        Other: "其他", "other";
    }
    // 无需检验即可判定违法的情形
    "report_grounds" ReportGrounds {
        Unlicensed: "无证无照", "without licence or registration";
        ThreeNo: "三无产品", "product without name, maker or certificate";
        SelfEvidentViolation: "其他无需检验即可判定违法", "illegal at sight otherwise";
    }
    // 影像种类
    "evidence_kind" EvidenceKind {
        Place: "场所", "place";
        Label: "标签", "label";
        Stock: "库存", "stock";
        Sealing: "封样", "sealing";
        Refusal: "拒检", "refusal";
        Signature: "签字", "signature";
        PaperForm: "纸质文书", "paper form";
        Other: "其他", "other";
    }
    // 拒检的状态
    "refusal_state" RefusalState {
        Recorded: "已记录", "recorded";
        Reported: "已上报，待处理", "reported, waiting";
        Withdrawn: "已撤回", "withdrawn";
        Contested: "有争议，待裁定", "contested, a person decides";
        Confirmed: "已确认", "confirmed";
        NotEstablished: "不成立", "not established";
        ResolvedSampled: "已解决并抽样", "resolved and sampled";
        Published: "已公示", "published";
    }
    // 现场报告的状态
    "report_state" OnSiteReportState {
        Recorded: "已记录", "recorded";
        Reported: "已上报，待处理", "reported, waiting";
        Received: "已接收", "received";
        HandedOver: "已移交", "handed over";
        Disposed: "已处置", "disposed of";
    }
    // 拒检的认定
    "refusal_standing" RefusalStanding {
        Unconfirmed: "未经现场确认", "not confirmed on site";
        Withdrawn: "已撤回", "withdrawn";
        Confirmed: "已确认", "confirmed";
        NotEstablished: "不成立", "not established";
        ResolvedSampled: "已解决并抽样", "resolved and sampled";
        Contested: "有争议，待裁定", "contested, a person decides";
    }
    // 现场确认的结论
    "confirmation_outcome" ConfirmationOutcome {
        Confirmed: "确认属实", "confirmed";
        NotEstablished: "不成立", "not established";
        ResolvedSampled: "已配合抽样", "gave way and was sampled";
    }
    // 进门的认定
    "standing" Standing {
        Pending: "待认定", "pending";
        First: "首次进门", "first entry";
        Continuation: "同一次进门的继续", "continuation";
        Excess: "重复进门", "second entry";
        Uncounted: "不计次", "not counted";
        Contested: "有争议，待裁定", "contested, a person decides";
    }
    // 样品有效性
    "validity" Validity {
        Pending: "待认定", "pending";
        Valid: "有效", "valid";
        ValidWithViolation: "有效，有违规", "valid, with a violation";
        NeedsRuling: "待裁定", "a person must rule";
        Duplicate: "重复抽样", "duplicate";
        Void: "无效", "void";
    }
    // 影像审查
    "review_verdict" ReviewVerdict {
        Accepted: "采信", "accepted";
        Questioned: "存疑", "questioned";
        Rejected: "不采信", "rejected";
    }
    "severity" Severity {
        Notice: "提示", "notice";
        Violation: "违规", "violation";
        NeedsRuling: "待裁定", "a person must rule";
        Fatal: "无效或重复", "voids or makes a duplicate";
    }
    "role" Role {
        Sampler: "抽样人员", "sampler";
        InspectionBody: "承检机构审核人员", "reviewer of the inspection body";
        EntrustedUnit: "受托单位", "entrusted unit";
        Authority: "组织抽查部门", "organising authority";
        Enforcement: "现场执法监管人员", "enforcement";
        QualitySection: "产品质量科", "quality section";
        Leader: "分管局领导", "leader";
        Consulted: "会商部门", "consulted department";
        Station: "监测站（点）", "monitoring station";
        County: "县局", "county bureau";
        LabReceiver: "收样人员", "receiver at the laboratory";
        Admin: "系统管理员", "administrator";
    }
    "organisation_kind" OrganisationKind {
        Authority: "组织抽查部门", "authority";
        InspectionBody: "承检机构", "inspection body";
        EntrustedUnit: "受托单位", "entrusted unit";
        Station: "监测站（点）", "monitoring station";
        Consulted: "会商部门", "consulted department";
    }
    // 待办
    "todo_kind" TodoKind {
        Aside: "待处理", "to be seen to";
        Case: "案件待现场确认", "case to be confirmed on site";
        Answer: "影像待补正", "evidence to be answered for";
        Sheet: "抽样单待签封", "sample sheet to be sealed";
        Refusal: "拒检认定表待签封", "refusal to be sealed";
        NotSampled: "未抽到样品记录待签封", "not-sampled record to be sealed";
        OnSiteReport: "现场报告待签封", "on-site report to be sealed";
        Confirmation: "现场确认待签封", "confirmation to be sealed";
    }
}

/// 是否
impl Worded for bool {
    const LIST: &'static str = "yes_no";
    const ALL: &'static [Self] = &[true, false];

    fn words(self) -> Words {
        match self {
            true => words("是", "yes"),
            false => words("否", "no"),
        }
    }
}

type Word = (&'static str, Words);

fn of_table(table: &[Word], word: &str) -> Option<Words> {
    let found = table.iter().find(|(known, _)| *known == word);
    found.map(|(_, words)| *words)
}

/// 任务状态 (domain.md §4)
const TASK_STATES: [Word; 10] = [
    ("draft", words("草稿", "draft")),
    ("approved", words("已批准", "approved")),
    ("assigned", words("已下达", "assigned")),
    ("accepted", words("已接受", "accepted")),
    ("in_progress", words("进行中", "in progress")),
    ("completed", words("已完成", "completed")),
    ("results_reported", words("已报送结果", "results reported")),
    ("closed", words("已关闭", "closed")),
    ("cancelled", words("已取消", "cancelled")),
    ("reassigned", words("已改派", "reassigned")),
];

/// 现场检查的状态 (domain.md §4)
const VISIT_STATES: [Word; 8] = [
    ("planned", words("计划中", "planned")),
    ("entered", words("已进门", "entered")),
    ("sampling", words("抽样中", "sampling")),
    ("suspended", words("已中止", "suspended")),
    ("finished", words("已完成", "finished")),
    ("refused", words("拒检", "refused")),
    ("not_sampled", words("未抽到样品", "not sampled")),
    (
        "terminated_illegal",
        words("违法终止抽样", "ended, illegal at sight"),
    ),
];

/// 案件种类
const CASE_KINDS: [Word; 2] = [
    ("refusal", words("拒检", "refusal")),
    ("on_site_report", words("现场报告", "on-site report")),
];

/// How far the review of a piece of evidence is (影像审查): what was decided, or for what it waits.
const REVIEW_WAITS: [Word; 2] = [
    ("unreviewed", words("待审查", "to be reviewed")),
    (
        "answered",
        words("已补正，待审查", "answered, to be reviewed"),
    ),
];

fn review_state(word: &str) -> Option<Words> {
    of_table(&REVIEW_WAITS, word).or_else(|| of_word::<ReviewVerdict>(word))
}

/// The state of a case, of a refusal or of an on-site report: what both have is called the same.
fn case_state(word: &str) -> Option<Words> {
    of_word::<RefusalState>(word).or_else(|| of_word::<OnSiteReportState>(word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    pub(super) fn every<T: Worded + Serialize>() -> Vec<(String, Words)> {
        let all = T::ALL.iter();
        all.map(|it| (crate::model::word(it), it.words())).collect()
    }

    #[test]
    fn every_word_of_every_list_is_found_by_its_name_and_called_by_one_name_in_each_language() {
        for (list, every) in TYPED {
            let all = every();
            let words: BTreeSet<_> = all.iter().map(|(word, _)| word).collect();
            let chinese: BTreeSet<_> = all.iter().map(|(_, words)| words.zh).collect();
            let english: BTreeSet<_> = all.iter().map(|(_, words)| words.en).collect();
            assert_eq!(words.len(), all.len(), "{list}");
            assert_eq!(chinese.len(), all.len(), "{list}");
            assert_eq!(english.len(), all.len(), "{list}");
            for (word, words) in &all {
                assert_eq!(in_list(list, word), Some(*words), "{list} {word}");
            }
            assert_eq!(in_list(list, "no_such_word"), None, "{list}");
        }
        assert_eq!(in_list("no_such_list", "other"), None);
    }

    #[test]
    fn a_state_that_refusals_and_reports_both_have_is_called_the_same() {
        for (word, words) in every::<RefusalState>() {
            let of_reports = of_word::<OnSiteReportState>(&word);
            assert!(of_reports.is_none_or(|it| it == words), "{word}");
            assert_eq!(in_list("case_state", &word), Some(words));
        }
        for (word, words) in every::<OnSiteReportState>() {
            assert_eq!(in_list("case_state", &word), Some(words));
        }
    }
}
