//! What is found in one file: honest ones, and those that are built to deceive or to exhaust.

use std::io::Cursor;

use fieldseal_server::media::hash::{distance, hashes};
use fieldseal_server::media::{Report, examine};
use fieldseal_tests::pictures::{self, CameraNotes, Film};
use image::{ImageFormat, RgbImage};
use sync_core::limits::{
    IMAGE_DECODE_BYTES_MAX, IMAGE_FILE_BYTES_MAX, IMAGE_PIXELS_MAX, IMAGE_SIDE_PX_MAX,
    JPEG_SCANS_MAX, MEDIA_PARTS_MAX, METADATA_BYTES_MAX, SCREEN_PX, THUMBNAIL_PX,
};
use sync_core::model::{MediaOutcome, MediaPlace, MediaTime};

fn report(bytes: &[u8]) -> Report {
    examine(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
}

fn outcomes(bytes: &[u8]) -> Vec<MediaOutcome> {
    report(bytes).outcomes.into_iter().collect()
}

fn why_no_preview(bytes: &[u8]) -> MediaOutcome {
    report(bytes).preview.unwrap_err()
}

fn photo() -> Vec<u8> {
    pictures::jpeg(&pictures::scene(800, 600, 1), 90)
}

fn decoded(bytes: &[u8]) -> RgbImage {
    let picture = image::load_from_memory_with_format(bytes, ImageFormat::Jpeg);
    picture.unwrap().into_rgb8()
}

fn film() -> Film {
    Film {
        created_s: 1_740_801_600,
        duration_ms: 12_345,
        place: Some("+35.4900+112.8500/".into()),
        index_last: false,
        data_bytes: 4_096,
    }
}

#[test]
fn an_honest_photo_is_in_perfect_order_whatever_its_format() {
    let scene = pictures::scene(800, 600, 1);
    for (bytes, media_type) in [
        (pictures::jpeg(&scene, 90), "image/jpeg"),
        (pictures::png(&scene), "image/png"),
        (pictures::webp(&scene), "image/webp"),
    ] {
        let found = report(&bytes);
        assert_eq!(found.content.media_type(), media_type);
        assert!(found.outcomes.is_empty(), "{media_type}: {found:?}");
        assert_eq!(found.size_px.unwrap_or((800, 600)), (800, 600));
        let preview = found.preview.unwrap();
        let (thumbnail, screen) = (&preview.thumbnail, &preview.screen);
        assert_eq!((thumbnail.width, thumbnail.height), (THUMBNAIL_PX, 384));
        // A smaller picture is not made larger.
        assert_eq!((screen.width, screen.height), (800, 600));
        assert_eq!(decoded(&thumbnail.bytes).dimensions(), (THUMBNAIL_PX, 384));
    }
}

#[test]
fn a_picture_that_is_larger_than_a_screen_is_scaled_to_it_and_to_a_thumbnail() {
    let found = report(&pictures::jpeg(&pictures::scene(2_600, 3_900, 2), 85));
    let preview = found.preview.unwrap();
    assert_eq!(
        (preview.screen.width, preview.screen.height),
        (1_280, SCREEN_PX)
    );
    assert_eq!(
        (preview.thumbnail.width, preview.thumbnail.height),
        (341, THUMBNAIL_PX)
    );
}

#[test]
fn metadata_of_a_photo_is_read_with_its_offset_place_and_device() {
    let notes = CameraNotes {
        orientation: Some(6),
        taken: Some("2025:03:01 12:00:00".into()),
        offset: Some("+08:00".into()),
        place: Some((354_900_000, 1_128_500_000)),
        datum: Some("WGS-84".into()),
        device: Some(("Example".into(), "Phone 9".into())),
    };
    let of_jpeg = pictures::jpeg_with(&photo(), &notes);
    let plain = pictures::png(&pictures::scene(800, 600, 1));
    let of_png = pictures::with_chunk(&plain, b"eXIf", &notes.block());
    for bytes in [of_jpeg, of_png] {
        let found = report(&bytes);
        assert!(found.outcomes.is_empty(), "{found:?}");
        let at_ms = 1_740_801_600_000;
        let has_offset = true;
        assert_eq!(found.metadata.taken, Some(MediaTime { at_ms, has_offset }));
        let place = MediaPlace {
            latitude_e7: 354_900_000,
            longitude_e7: 1_128_500_000,
            datum: Some("WGS-84".into()),
        };
        assert_eq!(found.metadata.place, Some(place));
        assert_eq!(found.metadata.device.as_deref(), Some("Example Phone 9"));
        assert_eq!(found.metadata.orientation, Some(6));
        // Upright: what was wide is tall.
        let preview = found.preview.unwrap();
        assert_eq!((preview.screen.width, preview.screen.height), (600, 800));
    }
}

#[test]
fn a_time_without_an_offset_is_that_of_shanghai_and_nonsense_is_no_time() {
    let taken = |taken: &str| {
        let notes = CameraNotes {
            taken: Some(taken.into()),
            ..CameraNotes::default()
        };
        report(&pictures::jpeg_with(&photo(), &notes))
            .metadata
            .taken
    };
    let at_ms = 1_740_801_600_000;
    let has_offset = false;
    assert_eq!(
        taken("2025:03:01 12:00:00"),
        Some(MediaTime { at_ms, has_offset })
    );
    for nonsense in [
        "0000:00:00 00:00:00",
        "1970:01:01 00:00:00",
        "yesterday",
        "",
    ] {
        assert_eq!(taken(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_receiver_without_a_fix_says_no_place() {
    for place in [(0, 0), (950_000_000, 100)] {
        let notes = CameraNotes {
            place: Some(place),
            ..CameraNotes::default()
        };
        let found = report(&pictures::jpeg_with(&photo(), &notes));
        assert_eq!(found.metadata.place, None);
    }
}

#[test]
fn renditions_are_upright_for_each_of_the_eight_orientations_and_carry_no_metadata() {
    // Red at the left end of the top, blue at its right end, as it must be seen.
    let seen = RgbImage::from_fn(640, 480, |x, y| match (x < 320, y < 240) {
        (true, true) => image::Rgb([220, 20, 20]),
        (false, true) => image::Rgb([20, 20, 220]),
        _ => image::Rgb([200, 200, 200]),
    });
    let dynamic = image::DynamicImage::ImageRgb8(seen);
    // How each orientation stores it.
    let stored = [
        dynamic.clone(),
        dynamic.fliph(),
        dynamic.rotate180(),
        dynamic.flipv(),
        dynamic.rotate90().fliph(),
        dynamic.rotate270(),
        dynamic.rotate270().fliph(),
        dynamic.rotate90(),
    ];
    for (turned, picture) in (1..).zip(stored) {
        let notes = CameraNotes {
            orientation: Some(turned),
            device: Some(("Example".into(), "Phone 9".into())),
            ..CameraNotes::default()
        };
        let bytes = pictures::jpeg_with(&pictures::jpeg(&picture.into_rgb8(), 90), &notes);
        let preview = report(&bytes).preview.unwrap();
        for rendition in [preview.screen, preview.thumbnail] {
            let shown = decoded(&rendition.bytes);
            let (width, height) = shown.dimensions();
            let [r, _, b] = shown.get_pixel(width / 8, height / 8).0;
            assert!(width > height && r > 150 && b < 90, "orientation {turned}");
            let [r, _, b] = shown.get_pixel(width - width / 8, height / 8).0;
            assert!(b > 150 && r < 90, "orientation {turned}");
            let holds = |mark: &[u8]| rendition.bytes.windows(mark.len()).any(|it| it == mark);
            assert!(!holds(b"Exif") && !holds(b"Phone"));
        }
    }
}

#[test]
fn a_jpeg_that_was_cut_short_is_truncated_wherever_it_was_cut() {
    let whole = photo();
    for kept in [
        3,
        20,
        200,
        whole.len() / 2,
        whole.len() - 2,
        whole.len() - 1,
    ] {
        assert_eq!(
            outcomes(&whole[..kept]),
            [MediaOutcome::Truncated],
            "{kept} bytes"
        );
        assert_eq!(why_no_preview(&whole[..kept]), MediaOutcome::Truncated);
    }
    assert!(outcomes(&whole).is_empty());
}

#[test]
fn every_other_format_that_was_cut_short_is_truncated_too() {
    let scene = pictures::scene(400, 300, 1);
    let last = Film {
        index_last: true,
        ..film()
    };
    for whole in [pictures::png(&scene), pictures::webp(&scene), film().mp4()] {
        for kept in [whole.len() / 2, whole.len() - 1] {
            assert!(
                outcomes(&whole[..kept]).contains(&MediaOutcome::Truncated),
                "{kept}"
            );
        }
    }
    let whole = last.mp4();
    let without_index = outcomes(&whole[..2_000]);
    assert!(
        without_index.contains(&MediaOutcome::MoovMissing),
        "{without_index:?}"
    );
}

#[test]
fn an_empty_file_and_one_of_no_format_have_their_own_words() {
    assert_eq!(outcomes(b""), [MediaOutcome::Empty]);
    assert_eq!(outcomes(b"hello, world"), [MediaOutcome::UnknownFormat]);
    assert_eq!(outcomes(&[0; 5_000]), [MediaOutcome::UnknownFormat]);
}

#[test]
fn what_is_no_picture_is_told_by_its_content() {
    for (bytes, media_type) in [
        (&b"%PDF-1.7 and so on"[..], "application/pdf"),
        (b"<!doctype html><script>alert(1)</script>", "text/html"),
        (b"\x7fELF\x02\x01\x01", "application/x-executable"),
        (b"PK\x03\x04 and so on", "application/zip"),
    ] {
        let found = report(bytes);
        assert_eq!(found.content.media_type(), media_type);
        assert_eq!(found.preview.unwrap_err(), MediaOutcome::NoDecoder);
    }
}

#[test]
fn a_picture_that_is_something_else_as_well_is_a_polyglot() {
    let jpeg = photo();
    let png = pictures::png(&pictures::scene(200, 100, 3));
    for bytes in [
        [jpeg.clone(), pictures::empty_zip()].concat(),
        [jpeg.clone(), b"%PDF-1.7".to_vec()].concat(),
        [jpeg.clone(), b"<script>alert(1)</script>".to_vec()].concat(),
        pictures::with_segment(&jpeg, 0xfe, b"<?php system($_GET[0]); ?>"),
        pictures::with_segment(&jpeg, 0xfe, b"%PDF-1.4 hidden in a comment"),
        [png.clone(), pictures::empty_zip()].concat(),
        pictures::with_chunk(&png, b"tEXt", b"Comment\0<ScRiPt src=x>"),
        [film().mp4(), pictures::empty_zip()].concat(),
    ] {
        let found = report(&bytes);
        assert!(
            found.outcomes.contains(&MediaOutcome::Polyglot),
            "{:?}",
            found.outcomes
        );
    }
    // What people look at is made anew, and holds none of it.
    let found = report(&pictures::with_segment(
        &jpeg,
        0xfe,
        b"<?php system($_GET[0]); ?>",
    ));
    let shown = found.preview.unwrap().screen.bytes;
    assert!(!shown.windows(5).any(|window| window == b"<?php"));
}

#[test]
fn what_cameras_put_behind_a_picture_is_no_fault_and_anything_else_is_told() {
    let jpeg = photo();
    for trailer in [film().mp4(), photo(), vec![0; 64], vec![]] {
        assert!(outcomes(&[jpeg.clone(), trailer].concat()).is_empty());
    }
    let strange = [jpeg, b"something of somebody".to_vec()].concat();
    assert_eq!(outcomes(&strange), [MediaOutcome::TrailingData]);
    assert!(report(&strange).preview.is_ok());
}

#[test]
fn a_photo_of_a_hundred_megapixels_has_its_preview_and_one_more_row_has_none() {
    let (width, height) = (12_500, 8_000);
    assert_eq!(u64::from(width) * u64::from(height), IMAGE_PIXELS_MAX);
    let found = report(&pictures::grey_jpeg(width, height));
    assert!(found.outcomes.is_empty(), "{:?}", found.outcomes);
    let screen = found.preview.unwrap().screen;
    assert_eq!((screen.width, screen.height), (SCREEN_PX, 1_229));
    let past = pictures::grey_jpeg(width, height + 1);
    assert_eq!(outcomes(&past), [MediaOutcome::TooManyPixels]);
}

#[test]
fn a_side_may_be_as_long_as_the_limit_and_no_longer() {
    let longest = IMAGE_SIDE_PX_MAX as u16;
    assert!(report(&pictures::grey_jpeg(longest, 64)).preview.is_ok());
    assert!(report(&pictures::grey_jpeg(64, longest)).preview.is_ok());
    assert_eq!(
        outcomes(&pictures::grey_jpeg(longest + 1, 64)),
        [MediaOutcome::SideTooLong]
    );
    assert_eq!(
        outcomes(&pictures::grey_jpeg(64, longest + 1)),
        [MediaOutcome::SideTooLong]
    );
}

#[test]
fn bombs_are_refused_by_their_headers() {
    // Promised, with next to nothing behind it: 10 GB of pixels, then 800 MB, then as many as are decoded in too many bytes.
    assert_eq!(
        why_no_preview(&pictures::hollow_png(50_000, 50_000, 8, 6)),
        MediaOutcome::TooManyPixels
    );
    assert_eq!(
        why_no_preview(&pictures::hollow_png(u32::MAX, u32::MAX, 16, 6)),
        MediaOutcome::TooManyPixels
    );
    assert_eq!(
        why_no_preview(&pictures::hollow_png(10_000, 10_000, 16, 6)),
        MediaOutcome::TooLargeToDecode
    );
    assert_eq!(
        why_no_preview(&pictures::hollow_png(0, 0, 8, 6)),
        MediaOutcome::Damaged
    );
    let progressive = pictures::grey_progressive_jpeg(12_000, 8_000, 1);
    assert_eq!(why_no_preview(&progressive), MediaOutcome::TooLargeToDecode);
    // As large as may be: three bytes as decoded and three as RGB for each pixel.
    let fits = (IMAGE_DECODE_BYTES_MAX / 6 / 4_000) as u32;
    assert_eq!(
        why_no_preview(&pictures::hollow_png(4_000, fits, 8, 2)),
        MediaOutcome::Damaged
    );
    assert_eq!(
        why_no_preview(&pictures::hollow_png(4_000, fits + 1, 8, 2)),
        MediaOutcome::TooLargeToDecode
    );
}

#[test]
fn a_jpeg_has_as_many_scans_as_the_limit_and_no_more() {
    let most = JPEG_SCANS_MAX as usize;
    let within = outcomes(&pictures::grey_progressive_jpeg(64, 64, most));
    assert!(!within.contains(&MediaOutcome::TooManyScans), "{within:?}");
    let past = pictures::grey_progressive_jpeg(64, 64, most + 1);
    assert_eq!(outcomes(&past), [MediaOutcome::TooManyScans]);
}

#[test]
fn a_file_has_as_many_parts_as_the_limit_and_no_more() {
    let chunks = |count: usize| -> Vec<u8> {
        // Beside these a film has three boxes.
        let film = film().mp4();
        [film, pictures::mp4_box(b"free", &[]).repeat(count - 3)].concat()
    };
    let most = MEDIA_PARTS_MAX as usize;
    assert!(!outcomes(&chunks(most)).contains(&MediaOutcome::TooManyParts));
    assert!(outcomes(&chunks(most + 1)).contains(&MediaOutcome::TooManyParts));
}

#[test]
fn metadata_is_read_up_to_the_limit_and_not_beyond() {
    let index = |bytes: u64| {
        let ftyp = pictures::mp4_box(b"ftyp", b"isom\0\0\x02\0isommp42");
        let filled = pictures::mp4_box(b"moov", &vec![0; bytes as usize - 8]);
        [ftyp, filled, pictures::mp4_box(b"mdat", &[0; 16])].concat()
    };
    assert!(!outcomes(&index(METADATA_BYTES_MAX)).contains(&MediaOutcome::MetadataTooLarge));
    assert!(outcomes(&index(METADATA_BYTES_MAX + 1)).contains(&MediaOutcome::MetadataTooLarge));
    // A JPEG of nothing but notes would be held in memory whole by a decoder.
    let notes = [&[0xff, 0xe2, 0xff, 0xff], [0_u8; 65_533].as_slice()].concat();
    let most = (METADATA_BYTES_MAX / 65_533) as usize;
    let with = |count: usize| {
        let jpeg = photo();
        [&jpeg[..2], &notes.repeat(count), &jpeg[2..]].concat()
    };
    assert!(!outcomes(&with(most - 1)).contains(&MediaOutcome::MetadataTooLarge));
    assert_eq!(outcomes(&with(most + 1)), [MediaOutcome::MetadataTooLarge]);
}

#[test]
fn a_picture_whose_file_is_longer_than_the_limit_is_not_read() {
    let bytes = photo();
    let told = |size: u64| examine(&mut Cursor::new(&bytes), size).unwrap().outcomes;
    assert!(told(IMAGE_FILE_BYTES_MAX + 1).contains(&MediaOutcome::FileTooLarge));
    assert!(!told(IMAGE_FILE_BYTES_MAX).contains(&MediaOutcome::FileTooLarge));
}

#[test]
fn heic_and_avif_have_no_preview_and_are_else_in_order() {
    let heic = report(&pictures::heic());
    assert_eq!(heic.content.media_type(), "image/heic");
    assert_eq!(Vec::from_iter(heic.outcomes), [MediaOutcome::NoDecoder]);
    assert_eq!(heic.preview.unwrap_err(), MediaOutcome::NoDecoder);
    let mut avif = pictures::heic();
    avif[8..12].copy_from_slice(b"avif");
    let avif = report(&avif);
    assert_eq!(avif.content.media_type(), "image/avif");
    assert_eq!(Vec::from_iter(avif.outcomes), [MediaOutcome::NoDecoder]);
}

#[test]
fn a_film_is_read_by_its_index_wherever_that_stands() {
    for index_last in [false, true] {
        let film = Film {
            index_last,
            ..film()
        };
        let found = report(&film.mp4());
        assert_eq!(found.content.media_type(), "video/mp4");
        assert_eq!(
            found.outcomes.contains(&MediaOutcome::MoovAtEnd),
            index_last
        );
        assert_eq!(found.metadata.duration_ms, Some(12_345));
        assert_eq!(
            found.metadata.taken.map(|taken| taken.at_ms),
            Some(1_740_801_600_000)
        );
        let place = found.metadata.place.unwrap();
        assert_eq!(
            (place.latitude_e7, place.longitude_e7),
            (354_900_000, 1_128_500_000)
        );
        assert_eq!(place.datum, None);
        assert_eq!(found.preview.unwrap_err(), MediaOutcome::NoDecoder);
    }
}

#[test]
fn the_same_picture_stays_near_itself_and_others_are_far() {
    let prints = |picture: &RgbImage| hashes(picture).unwrap();
    let first = pictures::scene(512, 384, 1);
    let of_first = prints(&first);
    let again = decoded(&pictures::jpeg(&first, 40));
    let smaller = pictures::scene(300, 225, 1);
    let lighter = RgbImage::from_fn(512, 384, |x, y| {
        image::Rgb(
            first
                .get_pixel(x, y)
                .0
                .map(|light| light.saturating_add(12)),
        )
    });
    for copy in [&again, &smaller, &lighter] {
        let (phash, dhash) = distance(of_first, prints(copy));
        assert!(phash <= 8 && dhash <= 6, "{phash} {dhash}");
    }
    let near = (2..80).filter(|seed| {
        let (phash, dhash) = distance(of_first, prints(&pictures::scene(256, 192, *seed)));
        phash <= 8 && dhash <= 6
    });
    assert_eq!(near.count(), 0);
}

#[test]
fn a_picture_that_shows_nothing_has_no_fingerprint() {
    assert_eq!(
        hashes(&RgbImage::from_pixel(512, 384, image::Rgb([3; 3]))),
        None
    );
    assert_eq!(
        hashes(&RgbImage::from_pixel(512, 384, image::Rgb([250; 3]))),
        None
    );
}

#[test]
fn no_file_makes_an_examination_fail_however_it_is_broken() {
    let notes = CameraNotes {
        orientation: Some(6),
        taken: Some("2025:03:01 12:00:00".into()),
        place: Some((354_900_000, 1_128_500_000)),
        ..CameraNotes::default()
    };
    let scene = pictures::scene(64, 48, 5);
    let whole = [
        pictures::jpeg_with(&pictures::jpeg(&scene, 80), &notes),
        pictures::grey_progressive_jpeg(64, 64, 2),
        pictures::png(&scene),
        pictures::webp(&scene),
        pictures::heic(),
        film().mp4(),
    ];
    let seed = 0x5eed_u64;
    println!("seed {seed:#x}");
    let mut state = seed;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % bound
    };
    let mut shown = 0;
    for bytes in whole {
        for _ in 0..300 {
            let mut broken = bytes.clone();
            for _ in 0..=next(4) {
                let at = next(broken.len());
                broken[at] = [0, 0xff, next(256) as u8, broken[at] ^ (1 << next(8))][next(4)];
            }
            broken.truncate(broken.len() - next(3) * next(40));
            shown += usize::from(report(&broken).preview.is_ok());
        }
    }
    assert!(shown > 0, "some still show a picture");
}
