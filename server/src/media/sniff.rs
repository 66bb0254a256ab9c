//! What a file is, told from its first bytes and from nothing that anybody says about it; and whether it is something else
//! as well.

use std::io::{self, Read, Seek, SeekFrom};

/// How much of a file's beginning tells what it is, in bytes: the whole `ftyp` of any camera.
pub const HEAD_BYTES: usize = 4 * 1024;
/// A ZIP archive is found from its end: its last record with the longest comment, in bytes.
const ARCHIVE_TAIL_BYTES: u64 = 22 + 65_535;
/// Readers of PDF accept its mark this far from the beginning, in bytes.
const PDF_MARK_BYTES: usize = 1024;

/// What content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// JPEG
    Jpeg,
    /// PNG
    Png,
    /// WebP
    Webp,
    /// GIF
    Gif,
    /// BMP
    Bmp,
    /// TIFF, and raw formats of cameras that look like it
    Tiff,
    /// HEIC, HEIF
    Heic,
    /// AVIF
    Avif,
    /// MP4 and its kin
    Mp4,
    /// QuickTime
    Mov,
    /// Matroska and WebM
    Webm,
    /// PDF
    Pdf,
    /// ZIP, and office documents
    Zip,
    /// A page that a browser would run
    Html,
    /// A program
    Program,
    /// None of these.
    Unknown,
}

impl Content {
    /// As a media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::Webm => "video/webm",
            Self::Pdf => "application/pdf",
            Self::Zip => "application/zip",
            Self::Html => "text/html",
            Self::Program => "application/x-executable",
            Self::Unknown => "application/octet-stream",
        }
    }
}

/// What begins with these bytes.
pub fn content(head: &[u8]) -> Content {
    let starts = |mark: &[u8]| head.starts_with(mark);
    let at = |offset: usize, mark: &[u8]| head.get(offset..).is_some_and(|b| b.starts_with(mark));
    if starts(b"\xff\xd8\xff") {
        Content::Jpeg
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Content::Png
    } else if starts(b"RIFF") && at(8, b"WEBP") {
        Content::Webp
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Content::Gif
    } else if at(4, b"ftyp") {
        brand(head)
    } else if at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") {
        // QuickTime before there was `ftyp`.
        Content::Mov
    } else if starts(b"\x1a\x45\xdf\xa3") {
        Content::Webm
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        Content::Tiff
    } else if starts(b"BM") && at(6, &[0, 0, 0, 0]) {
        Content::Bmp
    } else if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        Content::Zip
    } else if starts(b"MZ") || starts(b"\x7fELF") || starts(b"#!") {
        Content::Program
    } else if holds_pdf(head) {
        Content::Pdf
    } else if holds_page(head) {
        Content::Html
    } else {
        Content::Unknown
    }
}

/// By the brands of `ftyp`: the first that says a format. A still picture also lists brands of films.
fn brand(head: &[u8]) -> Content {
    let size = head
        .first_chunk::<4>()
        .map_or(0, |size| u32::from_be_bytes(*size) as usize);
    let listed = head.get(8..size.min(head.len())).unwrap_or_default();
    // After the main brand comes its version, then the others.
    let brands = listed.chunks_exact(4).enumerate();
    for (place, brand) in brands {
        match brand {
            _ if place == 1 => {}
            b"avif" | b"avis" => return Content::Avif,
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => return Content::Heic,
            b"qt  " => return Content::Mov,
            b"mif1" | b"msf1" => {}
            _ if place == 0 => return Content::Mp4,
            _ => {}
        }
    }
    match listed.first_chunk::<4>() {
        Some(b"mif1" | b"msf1") => Content::Heic,
        _ => Content::Mp4,
    }
}

fn find(text: &[u8], mark: &[u8]) -> bool {
    text.windows(mark.len())
        .any(|window| window.eq_ignore_ascii_case(mark))
}

fn holds_pdf(head: &[u8]) -> bool {
    find(&head[..head.len().min(PDF_MARK_BYTES)], b"%PDF-")
}

/// Words that make a browser, or a server, run what follows.
fn holds_page(text: &[u8]) -> bool {
    let marks: [&[u8]; 6] = [
        b"<script",
        b"<html",
        b"<!doctype html",
        b"<svg",
        b"<?php",
        b"<iframe",
    ];
    marks.iter().any(|mark| find(text, mark))
}

/// Whether bytes that follow the end of a picture are what cameras put there: more pictures (depth, gain map, preview), a
/// short film, or padding.
pub fn is_of_a_camera(trailer: &[u8]) -> bool {
    let padding = trailer.iter().all(|byte| matches!(byte, 0 | 0xff));
    let film = trailer.get(4..8) == Some(b"ftyp");
    padding || film || content(trailer) == Content::Jpeg
}

/// Whether a file that is `own` is also something that another program would open: judged by its beginning, what follows
/// the end of the picture, and the end of the file.
pub fn is_polyglot<R: Read + Seek>(
    file: &mut R,
    size: u64,
    own: Content,
    head: &[u8],
    trailer: &[u8],
) -> io::Result<bool> {
    if matches!(
        own,
        Content::Pdf | Content::Zip | Content::Html | Content::Program | Content::Unknown
    ) {
        return Ok(false);
    }
    let follows = content(trailer);
    let foreign = matches!(
        follows,
        Content::Pdf | Content::Zip | Content::Html | Content::Program
    );
    Ok(foreign || holds_pdf(head) || holds_page(head) || ends_an_archive(file, size)?)
}

/// Whether the file ends with the last record of a ZIP archive, whose comment reaches exactly to the end.
fn ends_an_archive<R: Read + Seek>(file: &mut R, size: u64) -> io::Result<bool> {
    let length = size.min(ARCHIVE_TAIL_BYTES);
    file.seek(SeekFrom::Start(size - length))?;
    let mut tail = Vec::new();
    file.take(length).read_to_end(&mut tail)?;
    Ok(tail.windows(22).enumerate().any(|(at, record)| {
        record.starts_with(b"PK\x05\x06")
            && usize::from(u16::from_le_bytes([record[20], record[21]])) + at + 22 == tail.len()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(brands: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = ((8 + 4 + 4 * brands.len()) as u32).to_be_bytes().to_vec();
        bytes.extend(b"ftyp");
        bytes.extend(brands[0]);
        bytes.extend([0, 0, 2, 0]);
        brands[1..].iter().for_each(|brand| bytes.extend(*brand));
        bytes
    }

    #[test]
    fn formats_are_told_from_their_first_bytes() {
        for (head, is) in [
            (&b"\xff\xd8\xff\xe0"[..], Content::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Content::Png),
            (b"RIFF\0\0\0\0WEBPVP8 ", Content::Webp),
            (b"RIFF\0\0\0\0WAVEfmt ", Content::Unknown),
            (b"GIF89a", Content::Gif),
            (b"II*\0", Content::Tiff),
            (b"\x1a\x45\xdf\xa3", Content::Webm),
            (b"%PDF-1.7", Content::Pdf),
            (b"PK\x03\x04", Content::Zip),
            (b"  <!DOCTYPE html>", Content::Html),
            (b"<?xml version='1.0'?><svg onload='x'>", Content::Html),
            (b"\x7fELF", Content::Program),
            (b"\0\0\0\x08wide", Content::Mov),
            (b"", Content::Unknown),
            (b"hello", Content::Unknown),
        ] {
            assert_eq!(content(head), is, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn brands_tell_pictures_from_films() {
        for (brands, is) in [
            (&[b"heic", b"mif1"][..], Content::Heic),
            (&[b"mif1", b"heic"], Content::Heic),
            (&[b"mif1", b"avif"], Content::Avif),
            (&[b"mif1", b"miaf"], Content::Heic),
            (&[b"avif", b"mif1"], Content::Avif),
            (&[b"qt  ", b"qt  "], Content::Mov),
            (&[b"isom", b"mp42"], Content::Mp4),
            (&[b"mp42", b"isom"], Content::Mp4),
            (&[b"isom", b"qt  "], Content::Mp4),
        ] {
            assert_eq!(content(&ftyp(brands)), is, "{brands:?}");
        }
    }
}
