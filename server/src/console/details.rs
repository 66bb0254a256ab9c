//! What is wrong with a value, in Chinese: services say it in English, as the API does, and a page says it in the reader's
//! language. A test wants every sentence that a service writes out to have its Chinese here.

use super::language::Language;

/// Sentences as services say them. `{}` stands for what differs: a number, a word.
const CHINESE: &[(&str, &str)] = &[
    (
        "already stands for this enterprise: a circle",
        "已经指向该企业，会形成循环",
    ),
    ("are for people of an authority", "仅适用于监管部门的人员"),
    ("belongs to another install", "属于另一台设备"),
    (
        "belongs to another install or person",
        "属于另一台设备或另一人",
    ),
    ("contradicts line {} of the file", "与文件第 {} 行矛盾"),
    (
        "has {} cells, the header {}",
        "有 {} 个单元格，表头有 {} 个",
    ),
    (
        "holds one outside of the organisation's",
        "含有超出该组织辖区的区划",
    ),
    ("holds one that is not known", "含有未登记的对象"),
    (
        "holds one that this kind of organisation has not",
        "含有该类组织不能有的角色",
    ),
    (
        "holds somebody who is not of this body",
        "含有不属于该承检机构的人员",
    ),
    ("is a key that signs", "是签名密钥"),
    ("is a text of {} to {} characters", "应为 {} 至 {} 个字"),
    ("is another notice's", "已用于另一份通知书"),
    ("is another than the one chosen", "与所选单位不一致"),
    (
        "is confirmed, not_established or resolved_sampled",
        "应为：拒检成立、不成立、已解决并抽样",
    ),
    ("is empty", "未填写"),
    (
        "is for a sample that does not count",
        "仅适用于不计入的样品",
    ),
    ("is for people of enforcement", "仅适用于执法人员"),
    ("is less than 0", "小于 0"),
    ("is less than 1", "小于 1"),
    ("is less than what is drawn", "小于抽取数量"),
    ("is longer than {} characters", "超过 {} 个字"),
    ("is missing", "缺少"),
    ("is no RFC 3339 time", "不是 RFC 3339 时间"),
    ("is no authority", "不是监管部门"),
    ("is no campaign", "不是抽查计划"),
    ("is no campaign of that authority", "该部门没有此抽查计划"),
    ("is no campaign that you see", "不在您可见的抽查计划中"),
    ("is no date such as 2025-03-01", "不是日期，应如 2025-03-01"),
    (
        "is no date such as 2025-03-01, 2025/3/1 or 2025年3月1日",
        "不是日期，应如 2025-03-01、2025/3/1 或 2025年3月1日",
    ),
    ("is no enterprise that you see", "不在您可见的企业中"),
    ("is no hash", "不是哈希值"),
    ("is no inspection body", "不是承检机构"),
    ("is no key of an enterprise", "不是企业编号"),
    ("is no organisation", "不是组织"),
    ("is no organisation that you see", "不在您可见的组织中"),
    (
        "is no point on P-256 in SEC1 form",
        "不是 SEC1 格式的 P-256 公钥",
    ),
    ("is no quantity such as 2.5", "不是数量，应如 2.5"),
    (
        "is no quantity with up to three decimals",
        "不是数量，最多三位小数",
    ),
    ("is no region of GB/T 2260", "不是 GB/T 2260 行政区划代码"),
    ("is no role", "不是角色"),
    (
        "is no six-digit GB/T 2260 code of a region",
        "不是六位 GB/T 2260 行政区划代码",
    ),
    ("is no team", "不是抽样组"),
    (
        "is no team of that body in that campaign",
        "该机构在此抽查计划中没有这个抽样组",
    ),
    ("is no team of yours", "不是您所在的抽样组"),
    (
        "is no unified social credit code: its check digit is wrong",
        "不是统一社会信用代码：校验位不符",
    ),
    (
        "is no unified social credit code: shape or check digit",
        "不是统一社会信用代码：格式或校验位不符",
    ),
    ("is no whole number", "不是整数"),
    ("is no word of the list", "不在可选项中"),
    (
        "is nobody of the body that has the task",
        "不是承担该任务的机构的人员",
    ),
    ("is nobody who is known here", "系统中没有此人"),
    (
        "is none of confirmed, reported, uncertain",
        "应为 confirmed、reported 或 uncertain",
    ),
    ("is none of those of a case", "不是案件可用的选项"),
    ("is none of {}", "应为下列之一：{}"),
    ("is not base64", "不是 base64"),
    ("is not for the queue of all cases", "不适用于“全部”队列"),
    ("is not more than 0", "应大于 0"),
    ("is not yours", "不属于您"),
    ("is of another region", "属于其他区划"),
    ("is past", "已过去"),
    ("is taken", "已被使用"),
    ("is taken by another task", "已被另一任务使用"),
    ("is the key that signs", "与签名密钥相同"),
    (
        "is the number of a later checkpoint",
        "是更晚的检查点的编号",
    ),
    ("is too large", "过大"),
    ("is what nobody has ruled on", "不能作为认定结论"),
    (
        "is when it was told already, in other words",
        "该时间已有另一种说明",
    ),
    ("is a rulebook of another region", "是其他区划的规则手册"),
    ("lies in the future", "是将来的日期"),
    ("lies outside yours", "超出您的管辖范围"),
    (
        "must have 1 to {} characters, none of them a control",
        "应为 1 至 {} 个字，不含控制字符",
    ),
    ("must be said", "必须填写"),
    (
        "names more than one authority; give its code",
        "有多个同名部门，请填写其代码",
    ),
    ("names no authority", "没有这个部门"),
    ("names no sample", "没有这个样品"),
    ("names nobody", "没有这个人"),
    (
        "one is no task of the campaign",
        "含有不属于该抽查计划的任务",
    ),
    ("one is nobody of the body", "含有不属于该机构的人员"),
    ("reach beyond yours", "超出您的辖区"),
    ("stands for another one already", "已并入另一企业"),
    ("{} is no enterprise that is listed", "{} 不在企业名录中"),
];

/// What stands in the places of a sentence, if it is that sentence.
fn places<'a>(sentence: &str, said: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = sentence.split("{}");
    let mut rest = said.strip_prefix(parts.next()?)?;
    let mut places = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match (parts.peek(), part.is_empty()) {
            (None, true) => rest.len(),
            _ => rest.find(part)?,
        };
        places.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(places)
}

/// What is wrong, in the reader's language; as it was said where nobody has put it into Chinese.
pub fn told(language: Language, said: &str) -> String {
    if language != Language::Zh {
        return said.to_owned();
    }
    let known = CHINESE
        .iter()
        .find_map(|(sentence, chinese)| Some((places(sentence, said)?, chinese)));
    match known {
        Some((places, chinese)) => places
            .iter()
            .fold((*chinese).to_owned(), |told, it| told.replacen("{}", it, 1)),
        None => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_differs_stands_in_its_place() {
        let zh = |said| told(Language::Zh, said);
        assert_eq!(
            zh("is a text of 1 to 4000 characters"),
            "应为 1 至 4000 个字"
        );
        assert_eq!(
            zh("has 3 cells, the header 6"),
            "有 3 个单元格，表头有 6 个"
        );
        assert_eq!(zh("is none of a, b"), "应为下列之一：a, b");
        assert_eq!(
            zh("X1 is no enterprise that is listed"),
            "X1 不在企业名录中"
        );
        assert_eq!(zh("is empty"), "未填写");
        assert_eq!(zh("is empty, or so"), "is empty, or so");
        assert_eq!(told(Language::En, "is empty"), "is empty");
    }

    /// The texts that are written out as the second argument of a call, wherever it is broken over lines.
    fn said(source: &str, call: &str, out: &mut Vec<String>) {
        for (at, _) in source.match_indices(call) {
            let arguments = &source[at + call.len()..];
            let Some(comma) = arguments.find(',') else {
                continue;
            };
            let text = arguments[comma + 1..].trim_start();
            let Some(text) = text.strip_prefix('"') else {
                continue;
            };
            out.extend(text.split('"').next().map(str::to_owned));
        }
    }

    fn read(folder: &Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, out);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                said(&source, "Problem::value(", out);
            }
        }
    }

    #[test]
    fn every_sentence_that_a_service_writes_out_is_said_in_chinese() {
        let mut found = Vec::new();
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        assert!(found.len() > 50, "{}", found.len());
        let missing: Vec<_> = found
            .iter()
            .filter(|said| told(Language::Zh, said) == **said)
            .collect();
        assert_eq!(missing, Vec::<&String>::new(), "add words to `CHINESE`");
    }
}
