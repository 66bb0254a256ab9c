//! Conditional and range requests (RFC 9110 §13 and §14) on something that has a strong validator and a length: what is to
//! be sent, decided without reading a byte of it.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, Method, header};
use sync_core::limits::BYTE_RANGES_MAX;

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: all of it.
    Whole,
    /// 206: one part, or several as `multipart/byteranges`.
    Parts(Vec<Range<u64>>),
    /// 304: the client has it.
    NotModified,
    /// 412: the client wants another one.
    PreconditionFailed,
    /// 416: none of the ranges lies in it.
    Unsatisfiable,
}

/// What `headers` ask of something with this `ETag` (in its quotes) and this length.
pub fn answer(method: &Method, headers: &HeaderMap, etag: &str, length: u64) -> Answer {
    let strong = |tag: &str| tag == etag;
    let weak = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == etag;
    if let Some(tags) = joined(headers, header::IF_MATCH)
        && !names(&tags, strong)
    {
        return Answer::PreconditionFailed;
    }
    if let Some(tags) = joined(headers, header::IF_NONE_MATCH)
        && names(&tags, weak)
    {
        return Answer::NotModified;
    }
    // A range is defined for GET alone.
    if method != Method::GET {
        return Answer::Whole;
    }
    // There is no date to compare: whoever asks by one gets the whole.
    if let Some(validator) = headers.get(header::IF_RANGE)
        && validator.to_str().unwrap_or_default().trim() != etag
    {
        return Answer::Whole;
    }
    let mut asked = headers.get_all(header::RANGE).iter();
    match (asked.next(), asked.next()) {
        (Some(only), None) => only.to_str().map_or(Answer::Whole, |it| ranges(it, length)),
        _ => Answer::Whole,
    }
}

/// The values of a list that may come in several lines.
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    let texts = lines.iter().map(|line| line.to_str().unwrap_or_default());
    (!lines.is_empty()).then(|| Vec::from_iter(texts).join(","))
}

fn names(tags: &str, matches: impl Fn(&str) -> bool) -> bool {
    tags.trim() == "*" || tags.split(',').any(|tag| matches(tag.trim()))
}

/// What is malformed, of another unit, or a sign of mischief (more ranges than anybody needs, or more than two that overlap)
/// is ignored, as the RFC lets us.
fn ranges(text: &str, length: u64) -> Answer {
    let Some((unit, set)) = text.split_once('=') else {
        return Answer::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Answer::Whole;
    }
    let listed = set.split(',').map(|it| it.trim_matches([' ', '\t']));
    let listed: Vec<&str> = listed.filter(|it| !it.is_empty()).collect();
    if listed.is_empty() || listed.len() > BYTE_RANGES_MAX {
        return Answer::Whole;
    }
    let mut parts = Vec::new();
    for one in listed {
        match range(one, length) {
            None => return Answer::Whole,
            Some(Some(part)) => parts.push(part),
            Some(None) => {}
        }
    }
    let overlap = |a: &Range<u64>, b: &Range<u64>| a.start < b.end && b.start < a.end;
    let overlapping = parts.iter().enumerate().filter(|(place, part)| {
        let mut others = parts.iter().enumerate();
        others.any(|(other, it)| other != *place && overlap(part, it))
    });
    match (parts.is_empty(), overlapping.count()) {
        (true, _) => Answer::Unsatisfiable,
        (_, 3..) => Answer::Whole,
        _ => Answer::Parts(parts),
    }
}

/// One range: none if it is malformed, some none if it lies beyond the end.
fn range(text: &str, length: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = text.split_once('-')?;
    if first.is_empty() {
        let suffix = digits(last)?.min(length);
        return Some((suffix > 0).then(|| length - suffix..length));
    }
    let first = digits(first)?;
    let end = match last {
        "" => length,
        last => {
            let last = digits(last)?;
            if last < first {
                return None;
            }
            last.saturating_add(1).min(length)
        }
    };
    Some((first < length).then_some(first..end))
}

/// A number, however long it is written.
fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, lines: &[(&'static str, &str)]) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        answer(&method, &headers, r#""hash""#, 100)
    }

    fn ranged(text: &str) -> Answer {
        asked(Method::GET, &[("range", text)])
    }

    fn one(range: Range<u64>) -> Answer {
        Answer::Parts(std::iter::once(range).collect())
    }

    #[test]
    fn ranges_give_the_bytes_that_they_name() {
        for (text, start, end) in [
            ("bytes=0-0", 0, 1),
            ("bytes=0-99", 0, 100),
            ("bytes=0-100", 0, 100),
            ("bytes=99-", 99, 100),
            ("bytes=-1", 99, 100),
            ("bytes=-100", 0, 100),
            ("bytes=-101", 0, 100),
            ("Bytes=10-19", 10, 20),
            ("bytes=5-99999999999999999999999999", 5, 100),
            ("bytes=-99999999999999999999999999", 0, 100),
            ("bytes=, 10-19 ,", 10, 20),
            ("bytes=10-19, 200-300", 10, 20),
        ] {
            assert_eq!(ranged(text), one(start..end), "{text}");
        }
        assert_eq!(
            ranged("bytes=0-9, -5,20-29"),
            Answer::Parts(vec![0..10, 95..100, 20..30])
        );
    }

    #[test]
    fn ranges_beyond_the_end_are_not_satisfiable() {
        for text in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=-0",
            "bytes=100-,-0",
            "bytes=99999999999999999999999999-",
        ] {
            assert_eq!(ranged(text), Answer::Unsatisfiable, "{text}");
        }
        let empty = HeaderMap::from_iter([(header::RANGE, "bytes=0-".parse().unwrap())]);
        let of_nothing = answer(&Method::GET, &empty, r#""hash""#, 0);
        assert_eq!(of_nothing, Answer::Unsatisfiable);
    }

    #[test]
    fn what_is_malformed_or_mischief_is_ignored() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=9-8",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=0-1,9-8",
            "lines=0-9",
            "bytes=0-9,5-14,7-20",
        ] {
            assert_eq!(ranged(text), Answer::Whole, "{text}");
        }
        let two = [("range", "bytes=0-1"), ("range", "bytes=2-3")];
        assert_eq!(asked(Method::GET, &two), Answer::Whole);
        assert_eq!(asked(Method::HEAD, &two[..1]), Answer::Whole);
        assert!(matches!(ranged("bytes=0-9,5-14"), Answer::Parts(parts) if parts.len() == 2));
    }

    #[test]
    fn as_many_ranges_are_sent_as_allowed_and_one_more_gets_the_whole() {
        let text = |count: usize| {
            let listed = (0..count).map(|nth| format!("{0}-{0}", 2 * nth));
            format!("bytes={}", Vec::from_iter(listed).join(","))
        };
        let most = ranged(&text(BYTE_RANGES_MAX));
        assert!(matches!(most, Answer::Parts(parts) if parts.len() == BYTE_RANGES_MAX));
        assert_eq!(ranged(&text(BYTE_RANGES_MAX + 1)), Answer::Whole);
    }

    #[test]
    fn conditions_come_before_ranges_and_if_range_wants_the_very_same() {
        let range = ("range", "bytes=0-1");
        let get = |line: (&'static str, &str)| asked(Method::GET, &[line, range]);
        let part = one(0..2);
        for (line, expected) in [
            (("if-range", r#""hash""#), part.clone()),
            (("if-range", r#"W/"hash""#), Answer::Whole),
            (("if-range", r#""other""#), Answer::Whole),
            (("if-range", "Sat, 21 Nov 2026 08:00:00 GMT"), Answer::Whole),
            (("if-none-match", r#""hash""#), Answer::NotModified),
            (("if-none-match", r#""a", W/"hash""#), Answer::NotModified),
            (("if-none-match", "*"), Answer::NotModified),
            (("if-none-match", r#""other""#), part.clone()),
            (("if-match", r#""hash""#), part.clone()),
            (("if-match", "*"), part.clone()),
            (("if-match", r#"W/"hash""#), Answer::PreconditionFailed),
            (("if-match", r#""other""#), Answer::PreconditionFailed),
        ] {
            assert_eq!(get(line), expected, "{line:?}");
        }
        let head = asked(Method::HEAD, &[("if-none-match", "*")]);
        assert_eq!(head, Answer::NotModified);
    }
}
