//! What is wrong with a value, in Chinese: services say it in English, as the API does, and a page says it in the reader's
//! language. A test wants every sentence that a service writes out to have its Chinese here.

use super::labels;
use super::language::Language;
use crate::wording;

/// Sentences as services say them. `{}` stands for what differs: a number, a word. What is known by another name to people
/// says so: `{field}` is a field, `{task_state}` a state of a task. Places at the end that a sentence does without are left out.
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
    ("would leave no administrator", "此人是最后一名在用的管理员"),
    ("would lock you out", "不能取消或停用自己的管理员身份"),
    // What is said of the whole of what was sent.
    ("{} is malformed", "“{field}”格式不正确"),
    ("duplicate field `{}`", "“{field}”重复出现"),
    ("{}: unknown field `{}`, expected {}", "没有“{}”这一条件"),
    ("unknown field `{}`, expected {}", "没有“{}”这一条件"),
    ("missing field `{}`", "缺少“{field}”"),
    ("invalid digit found in string", "有一处应为整数"),
    ("Invalid URL: \"{}\" is no {}", "“{}”不是有效的编号"),
    (
        "Invalid URL: Cannot parse `{}` with value `{}`{}",
        "“{}”的值“{}”无效",
    ),
    ("Invalid URL: Cannot parse `{}`{}", "“{}”无效"),
    ("Invalid URL: {}", "编号无效"),
    ("a text holds U+0000", "含有不可用的字符 U+0000"),
    (
        "the file is not UTF-8 (GBK, perhaps, as Excel writes it in China); save it as “CSV UTF-8”",
        "文件不是 UTF-8 编码（可能是 Excel 保存的 GBK 文件）。请在 Excel 中另存为“CSV UTF-8（逗号分隔）”后重新选择",
    ),
    (
        "the file is empty: not even a header",
        "文件是空的，连表头也没有",
    ),
    ("the header {} is none of ours", "表头 {} 不是可用的列名"),
    ("the column {} stands twice", "“{}”列出现了两次"),
    ("the column {} ({}) is missing", "缺少“{}”（{}）列"),
    (
        "the file has more than {} rows; split it, what is imported twice changes nothing",
        "文件超过 {} 行，请拆分后分别导入；重复导入的行不会改变任何内容",
    ),
    (
        "something changed while the file was read: {} of its rows are written; the same file again goes on",
        "读取文件期间数据有变化：已写入 {} 行；再次导入同一文件即可继续",
    ),
    (
        "{} of your imports are under way; wait for one",
        "您已有 {} 个导入正在进行，请等其中一个结束",
    ),
    (
        "the authority that commissioned the sampling, or one above it, reviews",
        "应由组织抽查的部门或其上级部门审查",
    ),
    (
        "the authority that commissioned the sampling, or one above it, decides",
        "应由组织抽查的部门或其上级部门决定",
    ),
    (
        "only safe bytes of an author without authority are let in",
        "只能放行内容安全、仅因作者无权限而隔离的变更",
    ),
    (
        "who wrote it is not proved; it stands when its author's signature comes",
        "作者身份尚未得到证明；收到作者的签名后即可成立",
    ),
    ("it was told under another number", "已以另一文号通报"),
    ("a later message has taken its place", "已由更新的通报取代"),
    (
        "only an on-site report goes to the case office",
        "只有现场报告才移交案件承办机构",
    ),
    (
        "this step was taken before, with other words",
        "这一步先前已办理，内容不同",
    ),
    (
        "a report is received, then handed over, then disposed of",
        "报告应依次接收、移交、处置",
    ),
    ("the task is {}", "任务{task_state}"),
    ("the task is given to nobody", "任务尚未下达给任何机构"),
    ("there are more than {} rows", "超过 {} 行"),
    ("there are more than {} tasks", "超过 {} 项任务"),
    (
        "the visit is written to all the time",
        "该次检查一直有新内容写入，请稍后再试",
    ),
    (
        "the original {} is not what was verified; see `fieldseal audit`",
        "原件 {} 与核验时不符；请运行 `fieldseal audit` 查看",
    ),
    ("the manifest says {}", "清单登记为 {}"),
    (
        "another provider sent this browser back",
        "浏览器是由另一认证系统转回的",
    ),
    ("there is no code", "回复中没有授权码"),
    (
        "its key is not among the provider's",
        "签名密钥不属于该认证系统",
    ),
    ("what does not hold: {}", "不成立的是：{}"),
    (
        "the provider gave no token that says who it is",
        "统一身份认证没有给出身份令牌",
    ),
    (
        "the provider does not take the code",
        "统一身份认证不接受该授权码",
    ),
    (
        "a device holds {} at most; give one back",
        "每台设备最多占用 {} 家企业，请先释放一家",
    ),
    (
        "it holds until {}; not given back, it is free from {}",
        "占用至 {}；如不释放，{} 起可再占用",
    ),
    // Of a field, put together before it is said.
    ("is shorter than {} characters", "少于 {} 个字符"),
    ("is longer than {} bytes", "超过 {} 字节"),
    ("are more than {}", "超过 {} 个"),
    (
        "is known from this source with another content",
        "该来源已有此记录，内容不同",
    ),
    (
        "is needed when a sample is not accepted",
        "不接收样品时必须填写",
    ),
    ("is not between 1 and {}", "应在 1 至 {} 之间"),
    ("must be {}", "应为 {}"),
    (
        "lies in the past: what was ruled keeps the version that it was ruled under",
        "早于今天：已作出的认定沿用当时的版本",
    ),
    ("lies outside the suspension", "不在暂停期间内"),
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
        Some((places, chinese)) => filled(language, chinese, &places),
        None => said.to_owned(),
    }
}

/// A sentence with what stands in its places, each by the name that people know it by.
fn filled(language: Language, sentence: &str, places: &[&str]) -> String {
    let mut places = places.iter();
    let mut parts = sentence.split('{');
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (of, rest) = part.split_once('}').unwrap_or(("", part));
        let place = places.next().copied().unwrap_or_default();
        told.push_str(match of {
            "field" => labels::label(language.words(), place),
            "task_state" => wording::in_list(of, place).zh,
            _ => place,
        });
        told.push_str(rest);
    }
    told
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
        // What was typed is never taken for a place.
        assert_eq!(zh("contradicts line {} of the file"), "与文件第 {} 行矛盾");
        assert_eq!(
            zh("{}{ is no enterprise that is listed"),
            "{}{ 不在企业名录中"
        );
        assert_eq!(zh("from is malformed"), "“起始日期”格式不正确");
        assert_eq!(zh("the task is cancelled"), "任务已取消");
        assert_eq!(
            zh("Invalid URL: \"zz\" is no DocumentId"),
            "“zz”不是有效的编号"
        );
        assert_eq!(zh("is empty, or so"), "is empty, or so");
        assert_eq!(told(Language::En, "is empty"), "is empty");
    }

    /// The texts that are written out behind this, wherever a call is broken over lines, with a number for what differs.
    fn said(source: &str, before: &str, out: &mut Vec<String>) {
        for (at, _) in source.match_indices(before) {
            let mut rest = source[at + before.len()..].trim_start();
            // The sentence is the last argument, if it is not the first.
            if before == "Problem::value(" || before == ".field(" {
                let Some(comma) = rest.find(',') else {
                    continue;
                };
                rest = rest[comma + 1..].trim_start();
            }
            for call in ["&", "format!("] {
                rest = rest.strip_prefix(call).unwrap_or(rest).trim_start();
            }
            let Some(text) = rest.strip_prefix('"') else {
                continue;
            };
            let text = text.split('"').next().unwrap_or_default();
            let mut parts = text.split('{');
            let mut told = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                told.push('7');
                told.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
            }
            // A word alone is a value, and `7: 7` says nothing in any language.
            if told.contains(' ')
                && told
                    .split(' ')
                    .any(|word| word.chars().all(char::is_alphabetic))
            {
                out.push(told);
            }
        }
    }

    /// What only phones and other programs are told: nobody reads it here.
    const ELSEWHERE: [&str; 9] = [
        "sync",
        "uploads",
        "wakes",
        "log",
        "certificates.rs",
        "sessions.rs",
        "returned_papers.rs",
        "readiness.rs",
        "contents.rs",
    ];

    fn read(folder: &Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if ELSEWHERE.contains(&name) {
                continue;
            }
            if path.is_dir() {
                read(&path, out);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let source = source.split("#[cfg(test)]").next().unwrap();
                for before in [
                    "Problem::value(",
                    ".field(",
                    ".detail(",
                    "let detail =",
                    "invalid(",
                    "out_of_step(",
                ] {
                    said(source, before, out);
                }
            }
        }
    }

    #[test]
    fn every_sentence_that_a_service_writes_out_is_said_in_chinese() {
        let mut found = Vec::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for folder in [
            "services",
            "access/passwords.rs",
            "endpoints/days.rs",
            "endpoints/visits",
        ] {
            let path = source.join(folder);
            match path.is_dir() {
                true => read(&path, &mut found),
                false => {
                    let source = std::fs::read_to_string(&path).unwrap();
                    said(&source, "let detail =", &mut found);
                    said(&source, ".detail(", &mut found);
                }
            }
        }
        assert!(found.len() > 100, "{}", found.len());
        let missing: Vec<_> = found
            .iter()
            .filter(|said| told(Language::Zh, said) == **said)
            .collect();
        assert_eq!(missing, Vec::<&String>::new(), "add words to `CHINESE`");
    }
}
