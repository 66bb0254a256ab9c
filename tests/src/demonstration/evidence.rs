//! The chapter of the pictures (影像): captured offline, sent over a line that breaks in the middle of a film, gone on with
//! after the app was opened anew, verified byte by byte, and what is ruled of the trail before and after.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use mobile_ffi::{CaptureInput, EvidenceAdded, EvidenceSubject, Location, UploadProgress};
use serde_json::Value;
use sync_core::model::DocumentId;
use sync_core::sync::session::Patience;

use super::{Story, shanghai};
use crate::network::Fault;
use crate::phone::Phone;
use crate::pictures::{self, CameraNotes, Footage, Subject};
use crate::world::word;

/// Where the shop is, in ten-millionths of a degree.
const SHOP: (i64, i64) = (350_200_000, 1_109_900_000);
/// Frames of the film: three seconds.
const FRAMES: u32 = 75;
/// So much of a part reaches the server before the line is gone, in bytes.
const CUT_AFTER: usize = 150_000;

/// A piece of evidence that the server goes on showing.
pub struct Shown {
    /// What it shows, in both languages.
    pub label: &'static str,
    /// `/v1/visits/{id}/evidence/{id}`; `/content`, `/renditions/thumbnail` and `/link` lie below.
    pub path: String,
    /// As in the manifest: `place`, `label`, …
    pub kind: &'static str,
    /// How its file ends.
    pub extension: &'static str,
}

/// What the camera takes: kind and words, and whose it is.
const PHOTOGRAPHS: [(&str, &str, Subject); 4] = [
    ("place", "门面 the shop", Subject::Place),
    ("label", "标签 the label", Subject::Label),
    ("stock", "库存 the stock", Subject::Stock),
    ("sealing", "封样 the sealed box", Subject::Sealing),
];

impl<W: Write> Story<'_, W> {
    pub(super) fn evidence(&mut self, sun: &mut Phone) -> io::Result<Vec<Shown>> {
        self.title(
            "六、影像全程留痕，断点续传（晋市监发〔2023〕212号 五）",
            "A complete trail: pictures taken offline, and a film whose upload breaks and is resumed",
        )?;
        let w = self.world;
        w.at("2025-09-10 10:00");
        sun.syncs();
        sun.offline();
        let visit = sun.works_in("JC-2025-01").goes_to("商超");
        let arrival = sun.arrival();
        sun.client
            .record_arrival(visit, arrival)
            .expect("an arrival");
        let sheet = sun.fills_bare("T6", serde_json::json!({ "lot_no": "九月十日批" }));
        self.tell(
            sun,
            "在盐湖示例商超抽取电动车头盔，拍摄门面、标签、库存和封样，并录像",
            "samples helmets at the Yanhu store, photographs place, label, stock and sealing, and films the sealing",
        )?;
        let mut pieces = Vec::new();
        for (kind, label, subject) in PHOTOGRAPHS {
            w.minutes(1);
            let of = match subject {
                Subject::Place => EvidenceSubject::Visit,
                _ => EvidenceSubject::Sheet(sheet),
            };
            let added = self.captures(sun, (kind, "image/jpeg"), of, &self.photograph(subject));
            self.captured(label, &added, sun)?;
            pieces.push((kind, label, "jpg", added));
        }
        let film = Footage {
            created_s: w.now() / 1_000,
            frames: pictures::sealing_film(FRAMES),
            index_last: true,
        };
        let film = film.mp4();
        let label = "封样录像 film of the sealing";
        let of = EvidenceSubject::Sheet(sheet);
        let added = self.captures(sun, ("sealing", "video/mp4"), of, &film);
        self.captured(label, &added, sun)?;
        let film_id = added.evidence_id.clone();
        pieces.push(("sealing", label, "mp4", added));
        sun.seals(sheet);
        self.says(sun, visit)?;

        self.syncs(&[sun])?;
        self.note(
            "签名的记录先到，影像还没有一个字节",
            "the signed record is there first, and not one byte of the pictures",
        )?;
        self.says(sun, visit)?;
        self.sample("商超头盔 helmets of the store", visit, sheet)?;

        self.breaks(sun, &film_id, film.len())?;
        self.phone_says(sun, visit)?;
        self.note(
            "服务器逐件计算哈希，手机再同步时得知",
            "the server hashes piece by piece; the phone hears of it when it syncs",
        )?;
        self.waits(visit, |told| told["verified"] == 4);
        sun.syncs();
        self.says(sun, visit)?;

        sun.restarts();
        sun.syncs();
        let report = sun.uploads();
        writeln!(
            self.out,
            "{}  手机重新打开，从断点续传：只送出其余 {} 字节（共 {} 字节）\n{:18}the app is opened anew and goes on where \
             the server stands: {} of {} bytes are sent",
            shanghai(w.now()),
            report.bytes,
            film.len(),
            "",
            report.bytes,
            film.len()
        )?;
        sun.waits_for_receipts(visit);
        self.says(sun, visit)?;
        self.note(
            "服务器逐件算过哈希，与签名清单一致，才重新裁定",
            "the server has hashed every piece against the signed manifest, and rules anew",
        )?;
        self.sample("商超头盔 helmets of the store", visit, sheet)?;
        // Told twice, and one line of the closing table.
        self.told.pop();

        let freed = sun.client.free_space(i64::MAX).expect("the folder works");
        writeln!(
            self.out,
            "{:18}手机需要空间：凭服务器签名的回执才放手 {} 件原件，{} 字节\n{:18}the phone wants room: against signed \
             receipts, and not before, it lets {} originals go, {} bytes",
            "", freed.files, freed.bytes, "", freed.files, freed.bytes
        )?;
        self.shows(visit, pieces)
    }

    /// A picture as a camera writes it, with time and place.
    fn photograph(&self, subject: Subject) -> Vec<u8> {
        let notes = CameraNotes {
            orientation: Some(1),
            taken: Some(format!(
                "{}:00",
                shanghai(self.world.now()).replace('-', ":")
            )),
            offset: Some("+08:00".to_owned()),
            place: Some(SHOP),
            datum: Some("WGS-84".to_owned()),
            device: Some(("Fieldseal".to_owned(), "demo camera".to_owned())),
        };
        let plain = pictures::jpeg(&pictures::drawn(subject, 960, 720), 88);
        pictures::jpeg_with(&plain, &notes)
    }

    /// The camera's file is gone afterwards: what counts is the phone's copy.
    fn captures(
        &self,
        phone: &Phone,
        (kind, media_type): (&str, &str),
        subject: EvidenceSubject,
        bytes: &[u8],
    ) -> EvidenceAdded {
        let file = phone.file().with_extension("camera");
        std::fs::write(&file, bytes).expect("a camera writes");
        let input = CaptureInput {
            file: file.clone(),
            media_type: media_type.to_owned(),
            kind: kind.to_owned(),
            subject,
            location: Some(Location {
                latitude_e7: SHOP.0,
                longitude_e7: SHOP.1,
                accuracy_mm: 8_000,
                crs_source: "wgs84".to_owned(),
                mocked: false,
            }),
        };
        let added = phone.client.capture(phone.visit(), &input);
        remove(&file);
        added.expect("it is captured")
    }

    fn captured(&mut self, label: &str, added: &EvidenceAdded, phone: &Phone) -> io::Result<()> {
        let copy = phone.client.original(&added.sha256).expect("a store");
        let size = copy.and_then(|it| std::fs::metadata(it).ok());
        writeln!(
            self.out,
            "{:18}{label}：{} 字节 bytes, SHA-256 {}…",
            "",
            size.map_or(0, |it| it.len()),
            &added.sha256.to_string()[..12]
        )
    }

    /// What the phone says of a visit's evidence.
    fn phone_says(&mut self, phone: &Phone, visit: DocumentId) -> io::Result<()> {
        let told = phone.client.evidence_summary(visit).expect("a visit");
        writeln!(
            self.out,
            "{:18}手机 phone:    {} · {}",
            "", told.zh, told.en
        )
    }

    /// What the phone and the server say, in the same words.
    fn says(&mut self, phone: &Phone, visit: DocumentId) -> io::Result<()> {
        self.phone_says(phone, visit)?;
        let path = format!("/v1/visits/{visit}/evidence");
        let served = self.world.call("GET", "admin", &path, Value::Null);
        match served.status {
            200 => writeln!(
                self.out,
                "{:18}服务器 server: {} · {}",
                "",
                word(&served.body["evidence"]["zh"]),
                word(&served.body["evidence"]["en"])
            ),
            _ => writeln!(
                self.out,
                "{:18}服务器 server: 还没有听说这次检查 · has not heard of this visit",
                ""
            ),
        }
    }

    fn note(&mut self, zh: &str, en: &str) -> io::Result<()> {
        writeln!(self.out, "{:18}{zh}\n{:18}{en}", "", "")
    }

    /// Sends until the line is gone in the middle of the film.
    fn breaks(&mut self, phone: &Phone, film: &str, length: usize) -> io::Result<()> {
        let clock = self.world.server.clock.clone();
        let reached = Cell::new(0);
        let told = |at: UploadProgress| {
            // Progress is told now and then, and the story's time stands still by itself.
            clock.advance_ms(2_000);
            if at.evidence_id.to_string() == film && at.sent_bytes > 0 && reached.get() == 0 {
                reached.set(at.sent_bytes);
                phone
                    .network
                    .next([Fault::UpCut(CUT_AFTER), Fault::Cut, Fault::Cut, Fault::Cut]);
            }
        };
        let report = phone.client.upload_with(Patience::default(), &told);
        let report = report.expect("the phone's store works");
        assert_ne!(reached.get(), 0, "the film was under way");
        let (name, latin) = self.names(phone);
        writeln!(
            self.out,
            "{}  {name}（在线）上传：照片在先、录像在后；录像传到 {} / {length} 字节时信号中断\n{:18}{latin}, online, \
             uploads, pictures first and the film last; the line is gone in the middle of a part, at {} of {length} bytes",
            shanghai(self.world.now()),
            reached.get(),
            "",
            reached.get()
        )?;
        writeln!(
            self.out,
            "{:18}已整件送达 {} 件，其余留在手机 · {} pieces went whole, the rest stays on the phone",
            "", report.files, report.files
        )
    }

    /// Waits for the server, which hashes and examines in its own time.
    fn waits(&self, visit: DocumentId, done: impl Fn(&Value) -> bool) {
        let path = format!("/v1/visits/{visit}/evidence");
        for _ in 0..1_200 {
            if done(&self.world.get(&path)["evidence"]) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not get to the evidence of {visit}");
    }

    /// What the server found in each piece, and where it is looked at.
    fn shows(
        &mut self,
        visit: DocumentId,
        pieces: Vec<(&'static str, &'static str, &'static str, EvidenceAdded)>,
    ) -> io::Result<Vec<Shown>> {
        let path = format!("/v1/visits/{visit}/evidence");
        for _ in 0..1_200 {
            let told = self.world.get(&path);
            let mut items = told["items"].as_array().into_iter().flatten();
            if items.all(|it| it["media"]["media_type"].is_string()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let told = self.world.get(&path);
        self.note(
            "服务器看过内容：类型、尺寸、拍摄时间和机型，与清单相符",
            "the server has looked inside: type, size, time and camera, as the manifest says",
        )?;
        let mut shown = Vec::new();
        for (kind, label, extension, added) in pieces {
            let mut items = told["items"].as_array().into_iter().flatten();
            let found = items.find(|it| word(&it["evidence_id"]) == added.evidence_id);
            let media = found.map(|it| it["media"].clone()).unwrap_or_default();
            let size = match (&media["width_px"], &media["duration_ms"]) {
                (Value::Number(width), _) => format!("{width}×{}", media["height_px"]),
                (_, Value::Number(long)) => format!("{long} ms"),
                _ => String::new(),
            };
            let path = format!("{path}/{}", added.evidence_id);
            writeln!(
                self.out,
                "{:18}  {label}：{} {size} {}\n{:18}    GET {path}/content",
                "",
                word(&media["media_type"]),
                word(&media["taken_at"]),
                ""
            )?;
            shown.push(Shown {
                label,
                path,
                kind,
                extension,
            });
        }
        Ok(shown)
    }
}

fn remove(file: &Path) {
    std::fs::remove_file(file).expect("the camera's file");
}
