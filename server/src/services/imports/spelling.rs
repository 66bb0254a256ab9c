//! How people write things in spreadsheets: civil days as Excel and people spell them, and words of the forms in Chinese.

use jiff::civil::Date;

/// A civil day: `2025-03-01`, `2025/3/1`, `2025.3.1`, `2025年3月1日`, `20250301`, each with or without a time of day. The
/// year comes first: what could be two days is none.
pub fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let (text, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    // A time with an offset may lie on another day here.
    if !time
        .chars()
        .all(|c| c.is_ascii_digit() || c == ':' || c == '.')
    {
        return None;
    }
    let compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = if compact {
        vec![&text[..4], &text[4..6], &text[6..]]
    } else {
        let text = text.strip_suffix('日').unwrap_or(text);
        text.split(['-', '/', '.', '年', '月']).collect()
    };
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let digits = |part: &str, count: std::ops::RangeInclusive<usize>| {
        count.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(year, 4..=4) || !digits(month, 1..=2) || !digits(day, 1..=2) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// 任务类别; a word that is none of ours stays as it is, and is told where it is checked.
pub fn sampling_kind(text: &str) -> String {
    let word = match text.trim_end_matches("抽查") {
        "常规" => "routine",
        "专项" => "special",
        "应急" => "emergency",
        "跟踪" => "tracking",
        "联动" => "linked",
        "评价性" => "evaluative",
        "复查" => "recheck",
        _ => text,
    };
    word.to_owned()
}

/// 抽查环节
pub fn channel(text: &str) -> String {
    let word = match text.trim_end_matches("环节").trim_end_matches("领域") {
        "生产" => "production",
        "流通" => "circulation",
        "网络" | "网络销售" | "线上" => "online",
        _ => text,
    };
    word.to_owned()
}

/// 可信程度
pub fn confidence(text: &str) -> String {
    let word = match text {
        "确认" | "已确认" => "confirmed",
        "上报" | "已上报" => "reported",
        "存疑" | "不确定" => "uncertain",
        _ => text,
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_has_many_spellings() {
        for text in [
            "2025-03-01",
            "2025-3-1",
            "2025/3/1",
            "2025/03/01",
            "2025.3.1",
            "2025年3月1日",
            "2025年03月01日",
            "20250301",
            "2025-03-01 00:00:00",
            "2025/3/1 9:05",
            "2025-03-01T09:05:00",
            " 2025-03-01 ",
        ] {
            assert_eq!(day(text), Some(Date::constant(2025, 3, 1)), "{text}");
        }
    }

    #[test]
    fn what_could_be_two_days_or_is_none_is_no_day() {
        for text in [
            "",
            "03/01/2025",
            "1-3-2025",
            "25-03-01",
            "2025-02-29",
            "2025-13-01",
            "2025-03",
            "2025-03-01-02",
            "45717",
            "2025-03-01T23:30:00Z",
            "2025-03-01 08:00+08:00",
            "昨天",
            "2025-03-0１",
            "2025年3月",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
