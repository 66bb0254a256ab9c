//! What happens at a gate without a network, as stories and the demonstration play it: a refusal, two phones that hold their
//! screens before each other's cameras, parcels, and what officers write. What a camera sees is read by a decoder that is
//! nobody's who draws the codes (`rqrr`, a port of quirc, against the encoder `qrcode`).

use mobile_ffi::{
    CaptureInput, ClientError, CodeRead, CodeToShow, ConfirmationInput, ConfirmedSubject,
    CoordinateSystem, EvidenceSubject, Fix, ParcelOpened, PartyAct, RefusalInput, SignerAct,
    code_png,
};
use sync_core::model::{DocumentId, RefusalId, SealSubject, UserId};

use crate::phone::{Phone, signs};
use crate::scenes::without_reason;
use crate::world::World;

/// Pixels to a square of a code on a screen.
const SQUARE_PIXELS: u32 = 3;
/// 晋城示例五金店, in ten-millionths of a degree.
const SHOP_E7: (i64, i64) = (354_907_000, 1_128_518_000);
/// A metre of latitude, in ten-millionths of a degree, a little more than one.
const METRE_E7: i64 = 90;

/// So many metres north of the hardware shop, as satellites tell it to within ten metres.
pub fn north_of_shop(metres: i64) -> Option<Fix> {
    Some(Fix {
        system: CoordinateSystem::Wgs84,
        latitude_e7: SHOP_E7.0 + metres * METRE_E7,
        longitude_e7: SHOP_E7.1,
        accuracy_mm: 10_000,
        mocked: false,
    })
}

/// What a team writes whom the shop locks out.
pub fn locked_door(w: &World, task: &str) -> RefusalInput {
    RefusalInput {
        consequence: Some("无理由拒绝抽样将被列入跟踪抽查并依法公示".to_owned()),
        task_id: Some(w.id("task", task).parse().expect("a task")),
        ..without_reason("店主锁门，拒绝抽样", "电动车头盔", "邻店店主")
    }
}

/// What an independent decoder reads in a picture.
#[track_caller]
pub fn seen(png: &[u8]) -> String {
    let picture = image::load_from_memory(png).expect("a picture").to_luma8();
    let (width, height) = picture.dimensions();
    let grey = |x: usize, y: usize| {
        let at = |it: usize| u32::try_from(it).expect("a pixel");
        picture.get_pixel(at(x), at(y)).0[0]
    };
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, grey);
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1, "one code is in the picture");
    grids[0].decode().expect("it can be read").1
}

/// What one phone's camera reads from another's screen.
#[track_caller]
pub fn filmed(code: &CodeToShow) -> String {
    seen(&code_png(&code.text, SQUARE_PIXELS).expect("a picture"))
}

impl Phone {
    /// The shop will not be sampled: it is recorded with a photograph, its consequence explained, and sealed by the team; the
    /// shopkeeper does not sign, and a neighbour sees it.
    pub fn is_refused(&self, w: &World, task: &str) -> RefusalId {
        let refusal = self.notes_refusal(w, task);
        self.tries_to_seal_with(SealSubject::Refusal(refusal), unsigned())
            .expect("a sealed refusal");
        refusal
    }

    /// The same without the seal.
    pub fn notes_refusal(&self, w: &World, task: &str) -> RefusalId {
        let refusal = self.client.refuse(self.visit(), locked_door(w, task));
        let refusal = refusal.expect("a refusal");
        self.photographs(
            w,
            self.visit(),
            EvidenceSubject::Refusal(refusal),
            "refusal",
        );
        refusal
    }

    /// Photographs something, in a visit or a confirmation.
    #[track_caller]
    pub fn photographs(
        &self,
        w: &World,
        document: DocumentId,
        subject: EvidenceSubject,
        kind: &str,
    ) {
        let file = w.folder().join(format!("camera-{}.jpg", self.owner));
        let bytes = format!("{kind} {subject:?} by {} at {}", self.owner, w.now());
        std::fs::write(&file, bytes).expect("a picture");
        let input = CaptureInput {
            file,
            media_type: "image/jpeg".to_owned(),
            kind: kind.to_owned(),
            subject,
            location: None,
        };
        self.client.capture(document, &input).expect("evidence");
    }

    /// Two phones show each other a code (到场互签): this one asks, the other answers for a refusal of its visit. What this one
    /// heard, the question and the answer as they were seen.
    #[track_caller]
    pub fn meets(&self, sampler: &Phone, refusal: RefusalId) -> (CodeRead, String, String) {
        let question = filmed(&self.client.question().expect("a question"));
        let subject = ConfirmedSubject::Refusal(refusal);
        let answer = sampler.client.answer(&question, sampler.visit(), subject);
        let answer = filmed(&answer.expect("an answer"));
        let heard = self.client.hear_answer(&answer).expect("it is believed");
        (heard, question, answer)
    }

    /// Hands a visit with what was found of it to the phone that showed this code, as a file.
    #[track_caller]
    pub fn hands_over(&self, code: &str, visit: DocumentId) -> Vec<u8> {
        self.client
            .make_parcel(code, visit)
            .expect("a parcel")
            .bytes
    }

    /// Opens a file that came.
    pub fn opens(&self, parcel: &[u8]) -> Result<ParcelOpened, ClientError> {
        self.client.open_parcel(parcel)
    }

    /// The officers who sign on it.
    pub fn officers(&self) -> Vec<UserId> {
        let signers = self.client.signers().expect("the phone's store works");
        signers.into_iter().map(|it| it.user_id).collect()
    }

    /// Begins a confirmation and photographs what it found; `officers` are named in it.
    #[track_caller]
    pub fn finds(
        &self,
        w: &World,
        (visit, refusal): (DocumentId, RefusalId),
        outcome: &str,
        officers: Vec<UserId>,
    ) -> DocumentId {
        let (measures, opinion) = match outcome {
            "confirmed" => ("责令改正，列入跟踪抽查", "经现场核实，拒检情况属实"),
            "resolved_sampled" => ("说服教育，督促配合抽样", "企业同意接受抽样"),
            _ => ("不予处置", "不构成无理由拒检"),
        };
        let input = ConfirmationInput {
            outcome: outcome.to_owned(),
            measures: measures.to_owned(),
            opinion: opinion.to_owned(),
            officers,
        };
        let subject = ConfirmedSubject::Refusal(refusal);
        let begun = self.client.begin_confirmation(visit, subject, &input);
        let confirmation = begun.expect("a confirmation");
        let read = self.client.confirmation(confirmation).expect("it is read");
        let id = read["identity"]["confirmation"].as_str().expect("its id");
        let subject = EvidenceSubject::Confirmation(id.parse().expect("an id"));
        self.photographs(w, confirmation, subject, "place");
        confirmation
    }

    /// The same, sealed by all its officers.
    #[track_caller]
    pub fn confirms(&self, w: &World, of: (DocumentId, RefusalId), outcome: &str) -> DocumentId {
        let confirmation = self.finds(w, of, outcome, self.officers());
        let signers: Vec<SignerAct> = self.officers().into_iter().map(signs).collect();
        let sealed = self.client.seal_confirmation(confirmation, &signers);
        sealed.expect("it is sealed");
        confirmation
    }
}

/// The party does not sign; a neighbour sees it.
pub fn unsigned() -> PartyAct {
    PartyAct::Refused {
        reason: "不愿被抽样".to_owned(),
        witness: "邻店店主".to_owned(),
        handwriting: Some(b"handwriting of the neighbour".to_vec()),
    }
}
