//! The bytes of a ZIP whose files are known by name, length and CRC before any is read: stored and never deflated, always in
//! the 64-bit form, and without a date, so that the same files give the same bytes and any range of them can be sent. The
//! crates that write ZIPs write from the first byte to the last and cannot begin in the middle.

use serde::{Deserialize, Serialize};
use sync_core::model::Digest;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name, ASCII.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Of its bytes.
    pub crc32: u32,
    /// Where its bytes are.
    pub source: Source,
}

/// Where bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// In what is kept of the bundle, from here on.
    Files(u64),
    /// An original.
    Original(Digest),
}

/// A stretch of the ZIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// Headers.
    Bytes(Vec<u8>),
    /// A file's bytes.
    Data(Source, u64),
}

impl Stretch {
    /// How long it is.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Data(_, size) => *size,
        }
    }
}

/// Version 4.5: the 64-bit form.
const VERSION: u16 = 45;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1 January 1980, which is the first day that a ZIP can name.
const DATE: u16 = 0x21;
/// The extra field of the 64-bit form.
const EXTRA: u16 = 1;
/// A number that stands in that field instead.
const ELSEWHERE_32: u32 = u32::MAX;
const ELSEWHERE_16: u16 = u16::MAX;
/// Made on Unix; a plain file that its owner writes and all read.
const MADE_BY: u16 = (3 << 8) | VERSION;
const MODE: u32 = 0o100_644 << 16;

/// All stretches, in their order.
pub fn layout(entries: &[Entry]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut directory = Vec::new();
    let mut at = 0;
    for entry in entries {
        let head = local(entry);
        central(&mut directory, entry, at);
        at += head.len() as u64 + entry.size;
        stretches.push(Stretch::Bytes(head));
        stretches.push(Stretch::Data(entry.source.clone(), entry.size));
    }
    end(&mut directory, entries.len() as u64, at);
    stretches.push(Stretch::Bytes(directory));
    stretches
}

fn u16s(bytes: &mut Vec<u8>, numbers: &[u16]) {
    numbers.iter().for_each(|it| bytes.extend(it.to_le_bytes()));
}

fn u32s(bytes: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|it| bytes.extend(it.to_le_bytes()));
}

fn u64s(bytes: &mut Vec<u8>, numbers: &[u64]) {
    numbers.iter().for_each(|it| bytes.extend(it.to_le_bytes()));
}

fn name_length(entry: &Entry) -> u16 {
    u16::try_from(entry.name.len()).unwrap_or(u16::MAX)
}

fn local(entry: &Entry) -> Vec<u8> {
    let mut head = b"PK\x03\x04".to_vec();
    u16s(&mut head, &[VERSION, FLAGS, 0, 0, DATE]);
    u32s(&mut head, &[entry.crc32, ELSEWHERE_32, ELSEWHERE_32]);
    u16s(&mut head, &[name_length(entry), 20]);
    head.extend(entry.name.as_bytes());
    u16s(&mut head, &[EXTRA, 16]);
    u64s(&mut head, &[entry.size, entry.size]);
    head
}

fn central(directory: &mut Vec<u8>, entry: &Entry, at: u64) {
    directory.extend(b"PK\x01\x02");
    u16s(directory, &[MADE_BY, VERSION, FLAGS, 0, 0, DATE]);
    u32s(directory, &[entry.crc32, ELSEWHERE_32, ELSEWHERE_32]);
    u16s(directory, &[name_length(entry), 28, 0, 0, 0]);
    u32s(directory, &[MODE, ELSEWHERE_32]);
    directory.extend(entry.name.as_bytes());
    u16s(directory, &[EXTRA, 24]);
    u64s(directory, &[entry.size, entry.size, at]);
}

fn end(directory: &mut Vec<u8>, entries: u64, at: u64) {
    let length = directory.len() as u64;
    directory.extend(b"PK\x06\x06");
    u64s(directory, &[44]);
    u16s(directory, &[MADE_BY, VERSION]);
    u32s(directory, &[0, 0]);
    u64s(directory, &[entries, entries, length, at]);
    directory.extend(b"PK\x06\x07");
    u32s(directory, &[0]);
    u64s(directory, &[at + length]);
    u32s(directory, &[1]);
    directory.extend(b"PK\x05\x06");
    u16s(directory, &[0, 0, ELSEWHERE_16, ELSEWHERE_16]);
    u32s(directory, &[ELSEWHERE_32, ELSEWHERE_32]);
    u16s(directory, &[0]);
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    #[test]
    fn another_program_reads_every_file_that_was_laid_out() {
        let files = [("a.txt", "first"), ("folder/b", ""), ("c", "the last one")];
        let (mut entries, mut kept) = (Vec::new(), Vec::new());
        for (name, text) in files {
            entries.push(Entry {
                name: name.to_owned(),
                size: text.len() as u64,
                crc32: crc32fast::hash(text.as_bytes()),
                source: Source::Files(kept.len() as u64),
            });
            kept.extend(text.as_bytes());
        }
        let mut bytes = Vec::new();
        for stretch in layout(&entries) {
            let before = bytes.len() as u64;
            match &stretch {
                Stretch::Bytes(head) => bytes.extend(head),
                Stretch::Data(Source::Files(at), size) => {
                    let at = *at as usize;
                    bytes.extend(&kept[at..at + *size as usize]);
                }
                Stretch::Data(Source::Original(_), _) => unreachable!("there is none"),
            }
            assert_eq!(bytes.len() as u64 - before, stretch.length());
        }
        let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), files.len());
        for (name, text) in files {
            let mut read = String::new();
            archive
                .by_name(name)
                .unwrap()
                .read_to_string(&mut read)
                .unwrap();
            assert_eq!(read, text);
        }
    }
}
