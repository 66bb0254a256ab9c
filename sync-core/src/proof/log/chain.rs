//! A chain of lines: each carries the SHA-256 of the line before, newline included, so that
//! `sed -n 7p log.txt | sha256sum` gives what line 8 begins with.

use sha2::{Digest as _, Sha256};

use crate::model::{Digest, DocumentId, Millis};

/// What every line begins with.
const FORMAT: &str = "fieldseal-log/1";
/// What the kinds of lines begin with that tell of records of before the log.
const ADOPTED: &str = "adopted-";
/// The chain of what belongs to no visit: access, reference data, keys.
pub const HOUSE: DocumentId = DocumentId([0; 32]);

/// Where a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many lines it has.
    pub lines: u64,
    /// The hash of the last one; zeros before the first.
    pub hash: Digest,
}

impl Head {
    /// Of a chain without lines.
    pub const EMPTY: Self = Self {
        lines: 0,
        hash: Digest([0; 32]),
    };
}

/// One line: `fieldseal-log/1 <chain> <number> <hash of the line before> <milliseconds> <kind> <canonical JSON>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The visit, or [`HOUSE`].
    pub chain: DocumentId,
    /// 1, 2, ….
    pub number: u64,
    /// Hash of the line before; zeros in the first.
    pub before: Digest,
    /// When it was written, by the server's clock.
    pub at_ms: Millis,
    /// What it tells: `changes`, `ruling`, `decision`, ….
    pub kind: String,
    /// The record, as canonical JSON.
    pub body: String,
}

impl Line {
    /// The line after `head`.
    pub fn after(head: &Head, chain: DocumentId, at_ms: Millis, kind: &str, body: String) -> Self {
        Self {
            chain,
            number: head.lines + 1,
            before: head.hash,
            at_ms,
            kind: kind.to_owned(),
            body,
        }
    }

    /// The kind of its record, and whether the record was there before the log and taken into it when it began.
    pub fn record_kind(&self) -> (&str, bool) {
        match self.kind.strip_prefix(ADOPTED) {
            Some(kind) => (kind, true),
            None => (&self.kind, false),
        }
    }

    /// Its text, without the newline.
    pub fn text(&self) -> String {
        format!(
            "{FORMAT} {} {} {} {} {} {}",
            self.chain, self.number, self.before, self.at_ms, self.kind, self.body
        )
    }

    /// Reads a line; none if it is not spelt as one is written.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(7, ' ');
        let format = parts.next()?;
        let line = Self {
            chain: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
            before: parts.next()?.parse().ok()?,
            at_ms: parts.next()?.parse().ok()?,
            kind: parts.next()?.to_owned(),
            body: parts.next()?.to_owned(),
        };
        // One spelling: no `+7`, no leading zero.
        (format == FORMAT && line.text() == text).then_some(line)
    }
}

/// SHA-256 of a line of text and its newline.
pub fn line_hash(text: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    hash.update(b"\n");
    Digest(hash.finalize().into())
}

/// The head after a line.
pub fn head_after(line: &Line) -> Head {
    Head {
        lines: line.number,
        hash: line_hash(&line.text()),
    }
}

/// What is wrong with a chain, and in which of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {why}")]
pub struct ChainFault {
    /// Counted from 1.
    pub number: u64,
    /// In a few words.
    pub why: &'static str,
}

/// Follows a chain from `head` on, and gives its lines and where it ends.
pub fn follow<'a>(
    chain: DocumentId,
    mut head: Head,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<(Vec<Line>, Head), ChainFault> {
    let mut lines = Vec::new();
    for text in texts {
        let number = head.lines + 1;
        let fault = |why| ChainFault { number, why };
        let line = Line::parse(text).ok_or(fault("is no line of a log"))?;
        if line.chain != chain {
            return Err(fault("belongs to another chain"));
        }
        if line.number != number {
            return Err(fault("has another number"));
        }
        if line.before != head.hash {
            return Err(fault("does not carry the hash of the line before"));
        }
        head = Head {
            lines: number,
            hash: line_hash(text),
        };
        lines.push(line);
    }
    Ok((lines, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<String> {
        let mut head = Head::EMPTY;
        let mut texts = Vec::new();
        for (at, body) in [(5, "{}"), (6, r#"{"a":"b c"}"#), (7, "[1]")] {
            let line = Line::after(&head, HOUSE, at, "kind", body.to_owned());
            head = head_after(&line);
            texts.push(line.text());
        }
        texts
    }

    fn followed(texts: &[String]) -> Result<Head, ChainFault> {
        let texts = texts.iter().map(String::as_str);
        follow(HOUSE, Head::EMPTY, texts).map(|(_, head)| head)
    }

    #[test]
    fn a_chain_is_followed_to_its_head_and_read_back() {
        let texts = three();
        assert_eq!(followed(&texts).unwrap().lines, 3);
        assert_eq!(followed(&texts).unwrap().hash, line_hash(&texts[2]));
        assert_eq!(Line::parse(&texts[1]).unwrap().body, r#"{"a":"b c"}"#);
        // The format is stored for ever: these bytes never change.
        assert_eq!(
            texts[0],
            format!("fieldseal-log/1 {0} 1 {0} 5 kind {{}}", "0".repeat(64))
        );
    }

    #[test]
    fn every_bit_of_every_line_but_the_last_is_held_by_the_line_after() {
        let texts = three();
        for place in 0..2 {
            for byte in 0..texts[place].len() {
                for bit in 0..7 {
                    let mut forged = texts.clone();
                    let mut bytes = forged[place].clone().into_bytes();
                    bytes[byte] ^= 1 << bit;
                    forged[place] = String::from_utf8(bytes).unwrap();
                    assert!(followed(&forged).is_err(), "line {place}, byte {byte}");
                }
            }
        }
    }

    #[test]
    fn lines_dropped_swapped_repeated_or_of_another_chain_are_found() {
        let texts = three();
        let [a, b, c] = [&texts[0], &texts[1], &texts[2]].map(Clone::clone);
        for forged in [
            vec![b.clone(), c.clone()],
            vec![a.clone(), c.clone()],
            vec![a.clone(), c.clone(), b.clone()],
            vec![a.clone(), a.clone(), b.clone()],
            vec![a.replace("log/1 00", "log/1 01"), b.clone()],
            vec![a.replace(" 1 ", " +1 ")],
            vec![a.replace(" 5 ", " 05 ")],
        ] {
            assert!(followed(&forged).is_err(), "{forged:?}");
        }
        let short = followed(&[a, b]).unwrap();
        assert_ne!(
            short,
            followed(&texts).unwrap(),
            "a cut chain has another head"
        );
    }
}
