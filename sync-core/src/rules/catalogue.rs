//! All rules, the rendering of findings in both languages, and the page that is generated from them.

use crate::model::DocumentId;
use std::fmt::Write as _;

use super::descriptor::{DefaultValue, Lang, Rule, ScopeKind, Words};
use super::rulebook::{Rulebook, Rulebooks, Setting};
use super::{
    Finding, assign, attime, batch3, case, dispute, dup6, duplot, engine, entry1, form, media,
    nosamp, notice, notsampled, plan, recuse, refuse, reuse, roster, sampleid, sealed, sealno,
    separate, sheetno, stop, suspend, task3, trace, two, upper, year3,
};

/// Every rule, in the order of the strata.
pub const CATALOGUE: [&Rule; 31] = [
    &two::RULE,
    &nosamp::RULE,
    &stop::RULE,
    &refuse::RULE,
    &notsampled::RULE,
    &notice::RULE,
    &recuse::RULE,
    &suspend::RULE,
    &plan::RULE,
    &case::RULE,
    &dispute::RULE,
    &assign::RULE,
    &roster::RULE,
    &form::RULE,
    &sealed::RULE,
    &separate::RULE,
    &trace::RULE,
    &media::RULE,
    &reuse::RULE,
    &attime::RULE,
    &sampleid::RULE,
    &sealno::RULE,
    &sheetno::RULE,
    &entry1::RULE,
    &dup6::RULE,
    &upper::RULE,
    &duplot::RULE,
    &task3::RULE,
    &batch3::RULE,
    &year3::RULE,
    &engine::RULE,
];

/// A rule by its id.
pub fn find_rule(id: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().copied().find(|rule| rule.id == id)
}

/// What a finding says, in words. A finding of a rule that this version does not know shows its key.
pub fn render(finding: &Finding, lang: Lang) -> String {
    let key = finding.message.split_once('.').map_or("", |(_, key)| key);
    let arguments = finding
        .arguments
        .iter()
        .map(|(name, value)| (name.clone(), spoken(value, lang)))
        .collect();
    find_rule(&finding.rule_id)
        .and_then(|rule| rule.render(key, &arguments, lang))
        .unwrap_or_else(|| finding.message.clone())
}

/// What stands in arguments as a code: why something cannot be told, and kinds of sampling, evidence and outcome.
const CODES: &[(&str, Words)] = &[
    ("elsewhere", words("外来抽样", "a sampling made elsewhere")),
    (
        "missing_keys",
        words("要素不全", "a key of the product is missing"),
    ),
    (
        "standards_shared_in_part",
        words("执行标准只有部分相同", "only some standards are the same"),
    ),
    (
        "producer_without_uscc",
        words(
            "生产者没有统一社会信用代码",
            "the producer has no credit code",
        ),
    ),
    (
        "boundary_day",
        words(
            "日期可能在期限的任一侧",
            "the date may lie on either side of the last day",
        ),
    ),
    (
        "earlier_needs_ruling",
        words(
            "在先的抽样待裁定",
            "the earlier sampling needs a ruling itself",
        ),
    ),
    (
        "order_cannot_be_told",
        words("先后不能确定", "which came first cannot be told"),
    ),
    (
        "authority_unknown",
        words("组织抽查部门不明", "the authority is not known"),
    ),
    (
        "lot_unknown",
        words(
            "批号和生产日期不明",
            "neither lot nor production date is known",
        ),
    ),
    (
        "winner_needs_ruling",
        words("对方样品待裁定", "the other sample needs a ruling itself"),
    ),
    (
        "overlap",
        words("进门时间重叠", "the times of entry overlap"),
    ),
    (
        "depends",
        words("之前的进门待裁定", "an earlier entry needs a ruling"),
    ),
    (
        "unexplained",
        words(
            "再次进门没有可以承认的理由",
            "no reason that can be honoured",
        ),
    ),
    (
        "decisions_conflict",
        words("裁定前后不一", "rulings by persons conflict"),
    ),
    ("sites", words("有多个厂区", "there are several plants")),
    (
        "decided",
        words("人工裁定为有争议", "a person held it contested"),
    ),
    ("duplicate", words("重复", "duplicate")),
    ("void", words("作废", "void")),
    ("routine", words("常规", "routine")),
    ("special", words("专项", "special")),
    ("emergency", words("应急", "emergency")),
    ("tracking", words("跟踪", "tracking")),
    ("linked", words("联动", "linked")),
    ("evaluative", words("评价性", "evaluative")),
    ("recheck", words("复查", "recheck")),
    ("place", words("场所", "place")),
    ("label", words("标签", "label")),
    ("stock", words("库存", "stock")),
    ("sealing", words("封样", "sealing")),
    ("refusal", words("拒检", "refusal")),
    ("signature", words("签字", "signature")),
    ("paper_form", words("纸质文书", "paper form")),
    ("other", words("其他", "other")),
    ("province", words("省级", "province")),
    ("city", words("市级", "city")),
    ("county", words("县级", "county")),
    ("empty", words("空文件", "there is no byte")),
    (
        "unknown_format",
        words("格式无法识别", "no format that is known"),
    ),
    (
        "truncated",
        words("文件不完整", "it ends before its own structure does"),
    ),
    (
        "trailing_data",
        words("图像之后另有数据", "something follows the picture"),
    ),
    (
        "polyglot",
        words("同时是另一种文件", "it is another kind of file as well"),
    ),
    (
        "damaged",
        words("文件损坏", "its structure contradicts itself"),
    ),
    (
        "too_many_pixels",
        words("像素超过上限", "more pixels than are decoded"),
    ),
    (
        "side_too_long",
        words("边长超过上限", "a side is longer than is decoded"),
    ),
    (
        "too_large_to_decode",
        words(
            "解码所需内存超过上限",
            "decoding would take too much memory",
        ),
    ),
    (
        "file_too_large",
        words(
            "图像文件超过上限",
            "the file is longer than any picture that is decoded",
        ),
    ),
    (
        "too_many_scans",
        words("扫描次数超过上限", "more scans than any camera writes"),
    ),
    (
        "too_many_parts",
        words("组成部分超过上限", "more parts than any camera writes"),
    ),
    (
        "metadata_too_large",
        words("元数据超过上限", "its metadata is longer than is read"),
    ),
    ("no_decoder", words("没有解码器", "nothing here decodes it")),
    (
        "moov_at_end",
        words("索引在文件末尾", "its index comes last"),
    ),
    (
        "moov_missing",
        words(
            "录像没有索引，无法播放",
            "the film has no index and does not play",
        ),
    ),
    (
        "not_examined",
        words("未能检查", "it could not be examined"),
    ),
    ("too_late", words("逾时", "too late")),
    (
        "before",
        words("早于所确认的事", "earlier than what it confirms"),
    ),
    (
        "time_unsure",
        words("时间不能确定", "when it was made cannot be told"),
    ),
    (
        "mocked",
        words("定位是模拟的", "the place was made up by an app"),
    ),
    (
        "no_proof",
        words(
            "没有可用的定位，也没有互签",
            "neither a place nor a co-signature",
        ),
    ),
    (
        "co_signature_times",
        words(
            "互签两部手机的时间不合",
            "the two phones that co-signed tell different times",
        ),
    ),
    (
        "co_signature_places",
        words(
            "互签两部手机的位置不合",
            "the two phones that co-signed tell different places",
        ),
    ),
    (
        "co_signature_late",
        words("互签逾时", "the co-signature came too late"),
    ),
];

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

fn code_words(code: &str) -> Option<Words> {
    let found = CODES.iter().find(|(known, _)| *known == code);
    found.map(|(_, words)| *words)
}

/// An argument as people read it: codes in words, and of an entry's id the day and enough of the document to tell two
/// apart.
fn spoken(value: &str, lang: Lang) -> String {
    let one = |value: &str| match value.split_once('/') {
        Some((document, day)) if document.parse::<DocumentId>().is_ok() => {
            format!("{day}（{}）", &document[..8])
        }
        _ => code_words(value)
            .map_or(value, |words| words.in_lang(lang))
            .to_owned(),
    };
    value.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

fn scope_words(scope: ScopeKind) -> &'static str {
    match scope {
        ScopeKind::Visit => "一次检查记录 · one visit · stratum 0",
        ScopeKind::SealNumber => "一个封条号 · one seal number · stratum 0",
        ScopeKind::SheetNumber => "一个抽样单编号 · one sheet number · stratum 0",
        ScopeKind::Door => {
            "一批任务中一家机构进一家企业的门 · one door: campaign, body, enterprise · stratum 1"
        }
        ScopeKind::Product => {
            "一家生产者的产品，先按名称、后按信用代码 · the products of one producer, by its name, then by its code · strata 2 and 3"
        }
        ScopeKind::EnterpriseYear => {
            "一家受检单位的一个年度 · one sampled party in one calendar year · stratum 4"
        }
        ScopeKind::Any => "各层 · every stratum",
    }
}

/// A list with the Chinese word beside each identifier that has one.
fn list_words<'i>(items: impl Iterator<Item = &'i str>) -> String {
    let word = |item: &str| match code_words(item) {
        Some(words) => format!("{item} {}", words.zh),
        None => item.to_owned(),
    };
    items.map(word).collect::<Vec<_>>().join(", ")
}

fn switch_words(on: bool) -> &'static str {
    match on {
        true => "是 yes",
        false => "否 no",
    }
}

fn setting_words(setting: &Setting) -> String {
    match setting {
        Setting::Number(number) => number.to_string(),
        Setting::List(items) => list_words(items.iter().map(String::as_str)),
        Setting::Switch(on) => switch_words(*on).to_owned(),
    }
}

fn default_words(default: DefaultValue) -> String {
    match default {
        DefaultValue::Number { value, min, max } => format!("{value} ({min}–{max})"),
        DefaultValue::List(items) => list_words(items.iter().copied()),
        DefaultValue::Switch(on) => switch_words(on).to_owned(),
    }
}

const PREFACE: &str = "# Rules 规则

Generated by `cargo run -p sync-core --example rules_page > docs/rules.md`; a test holds it current.

**怎样读本页。** 每条规则写明依据（通知的条款和原文）、判断什么、哪些例外、各规则手册取什么数值，以及给人看的提示语。
依据写“本系统缺省”的，通知没有规定，可在规则手册中修改或停用。规则分五层依次适用（stratum 0 到 4），后一层只看前一层
留下的结果，不会反过来改变前一层。结论有：有效、有效但记违规、待裁定（由人决定，期间不得检验、不计数）、重复、作废；
几条规则同时适用时以最重的为准，人的裁定高于一切规则。

**How to read this page.** Each rule gives its source (article and words of the notice), what it finds, what it lets pass,
the numbers in each rulebook, and its messages. Where the source is 本系统缺省 (our default) the notices are silent, and a
rulebook may change or switch it off. Rules apply in five strata, 0 to 4; what a later one finds never changes an earlier
one. A sample ends as valid, valid with a violation, needing a ruling (a person decides; until then it is neither tested
nor counted), duplicate or void: the most severe word stands, and a person's ruling stands above all of them.

**规则手册 Rulebooks.** 手册是数据，不是程序：管理员发布新版本（`POST /v1/rulebooks`）即生效，手机同步后采用同一版本；
每个样品适用其组织抽查部门所在地区、抽样之日有效的版本，已作出的裁定保留其版本。A rulebook is data: publishing a new
version is enough, and phones take it with the next sync. A sample is judged by the version that was in force, on the day
it was drawn, for the region of its authority; a door by that of the authority of its campaign. Rulings keep their version.

";

/// The catalogue as Markdown: `docs/rules.md`.
pub fn rules_page(rulebooks: &Rulebooks) -> String {
    let mut page = String::from(PREFACE);
    // Writing to a String cannot fail.
    let books = rulebooks.books();
    page.push_str(
        "| Rulebook 手册 | Region 地区 | In force from 施行 | Source 来源 |\n|---|---|---|---|\n",
    );
    for book in books {
        let from = book.effective_from;
        let _ = writeln!(
            page,
            "| {} | {} | {from} | {} |",
            book.name(),
            book.region,
            book.source
        );
    }
    page.push_str("\n| Rule 规则 | | Source 依据 | In force by 适用手册 |\n|---|---|---|---|\n");
    for rule in CATALOGUE {
        let held = books.iter().filter(|book| book.settings(rule).enabled);
        let held = held.map(Rulebook::name).collect::<Vec<_>>().join(", ");
        let (zh, en) = (rule.title.zh, rule.title.en);
        let source = rule.citation.source.trim();
        let _ = writeln!(page, "| {} | {zh} · {en} | {source} | {held} |", rule.id);
    }
    for rule in CATALOGUE {
        let _ = writeln!(
            page,
            "\n## {} · {} · {}\n",
            rule.id, rule.title.zh, rule.title.en
        );
        let _ = writeln!(page, "依据 Source: {}", rule.citation.source);
        if !rule.citation.quote.is_empty() {
            let _ = writeln!(page, "\n> {}", rule.citation.quote);
        }
        let _ = writeln!(page, "\n- **范围 Scope**: {}", scope_words(rule.scope));
        let _ = writeln!(
            page,
            "- **规则**: {}\n- **Predicate**: {}",
            rule.predicate.zh, rule.predicate.en
        );
        let _ = writeln!(
            page,
            "- **例外**: {}\n- **Exceptions**: {}",
            rule.exceptions.zh, rule.exceptions.en
        );
        let _ = write!(page, "\n| Parameter 参数 | Default 缺省 |");
        for book in books {
            let _ = write!(page, " {} |", book.name());
        }
        let _ = write!(
            page,
            "\n|---|---|{}\n| `enabled` 启用 · in force | |",
            "---|".repeat(books.len())
        );
        for book in books {
            let _ = write!(page, " {} |", switch_words(book.settings(rule).enabled));
        }
        for parameter in rule.parameters {
            let words = format!(
                "`{}` {} · {}",
                parameter.name, parameter.meaning.zh, parameter.meaning.en
            );
            let _ = write!(page, "\n| {words} | {} |", default_words(parameter.default));
            for book in books {
                let value = book.settings(rule).values().get(parameter.name);
                let _ = write!(page, " {} |", value.map_or_else(String::new, setting_words));
            }
        }
        let _ = writeln!(page, "\n\n| Message 提示 | zh-CN | en |\n|---|---|---|");
        for message in rule.messages {
            let _ = writeln!(
                page,
                "| `{}.{}` | {} | {} |",
                rule.id, message.key, message.words.zh, message.words.en
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_rules_is_current() {
        let written = include_str!("../../../docs/rules.md");
        assert!(
            written == rules_page(&Rulebooks::builtin()),
            "run: cargo run -p sync-core --example rules_page > docs/rules.md"
        );
    }

    #[test]
    fn an_entry_is_called_by_its_day_and_other_words_stay_as_they_are() {
        let entry = format!("{}/2025-03-01", "ab".repeat(32));
        let zh = |value: &str| spoken(value, Lang::ZhCn);
        assert_eq!(zh(&entry), "2025-03-01（abababab）");
        let both = format!("{entry}, {entry}");
        assert_eq!(zh(&both), "2025-03-01（abababab）, 2025-03-01（abababab）");
        for word in ["泽州示例铸造", "3/4", "2025-03-01"] {
            assert_eq!(zh(word), word);
        }
    }

    #[test]
    fn a_code_is_put_in_words_of_the_readers_language() {
        let why = "standards_shared_in_part";
        assert_eq!(spoken(why, Lang::ZhCn), "执行标准只有部分相同");
        assert_eq!(spoken(why, Lang::En), "only some standards are the same");
    }
}
