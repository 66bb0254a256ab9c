//! Two phones at one gate (到场互签): the supervisor's asks by a QR code, the phone of the visit answers by another, and the
//! answer is written into the confirmation. Codes are shown as texts and as pictures; reading a picture is the camera's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::document::{ConfirmationDocument, may_be_handed_to};
use sync_core::limits::{CODE_ANSWERED_MS, QR_PIXELS_MAX};
use sync_core::model::{CoSignatureId, ConfirmedSubject, DocumentId, Millis};
use sync_core::proof::co_signature::{
    Answer, CoSignature, CoSignatureError, Nonce, Question, Shown, Spoken, Standpoint, Statement,
    answers,
};
use sync_core::proof::{CertificatePayload, Signed};
use sync_core::qr::{Correction, QrCode};
use sync_core::sync::cases::region_of;

use crate::client::{Client, Done, not_enrolled};
use crate::error::ClientError;
use crate::host::made_with;
use crate::keys::RustVerifier;
use crate::kinds::{confirmations_in, visit_in};
use crate::store::{CodeKind, Store};
use crate::taking;
use crate::types::{CodeRead, CodeToShow};

/// A code whose signatures hold.
pub(crate) struct Heard<S> {
    pub(crate) shown: Shown,
    pub(crate) says: S,
    pub(crate) certificate: CertificatePayload,
}

fn refused(error: CoSignatureError) -> ClientError {
    ClientError::new(error.code(), "This code is not believed").with(error)
}

fn too_much(error: impl std::fmt::Display) -> ClientError {
    ClientError::new(
        "co_signature.too_large",
        "This is more than a QR code holds",
    )
    .with(error)
}

/// A code as a drawing (SVG) that any screen can scale.
pub fn code_svg(text: &str) -> Done<String> {
    let code = QrCode::of(text, Correction::Low).map_err(too_much)?;
    Ok(code.to_svg())
}

/// A code as a PNG with so many pixels to a square, black on white with the quiet zone around it.
pub fn code_png(text: &str, pixels: u32) -> Done<Vec<u8>> {
    let code = QrCode::of(text, Correction::Low).map_err(too_much)?;
    let scale = usize::try_from(pixels).unwrap_or(usize::MAX).max(1);
    let squares = code.width() + 2 * QrCode::QUIET;
    let side = squares.saturating_mul(scale);
    if side > QR_PIXELS_MAX {
        return Err(too_much("a side has too many pixels"));
    }
    let mut pixels = Vec::with_capacity(side * side);
    for y in 0..side {
        for x in 0..side {
            let square = |at: usize| (at / scale).checked_sub(QrCode::QUIET);
            let dark = match (square(x), square(y)) {
                (Some(column), Some(row)) => code.is_dark(column, row),
                _ => false,
            };
            pixels.push(if dark { 0 } else { u8::MAX });
        }
    }
    let mut bytes = Vec::new();
    let failed = |error: png::EncodingError| too_much(error);
    let side = u32::try_from(side).map_err(too_much)?;
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

impl Client {
    /// 提问: what a supervisor's phone shows. Nothing of it is bound to a case: the phone that answers says which.
    pub fn question(&self) -> Done<CodeToShow> {
        let nonce = self.draw_nonce();
        let question = Question {
            nonce,
            from: self.standpoint()?,
        };
        self.show((CodeKind::Question, nonce), &question)
    }

    /// What a code says. It is verified by what this phone holds; nothing is stored.
    pub fn read_code(&self, text: &str) -> Done<CodeRead> {
        let here = self.host.place().filter(|it| it.counts());
        let told = |kind: &str, nonce: Nonce, from: &Standpoint, by: &CertificatePayload| {
            let there = from.location.as_ref().filter(|it| it.counts());
            CodeRead {
                kind: kind.to_owned(),
                nonce: nonce.to_string(),
                device_id: by.device_id,
                user_id: by.user_id,
                user_name: by.user_name.clone(),
                certificate_no: by.certificate_no.clone(),
                at_ms: from.at.wall_ms,
                location: from.location.clone(),
                distance_mm: there.zip(here.as_ref()).map(|(a, b)| a.millimetres_from(b)),
                document_id: None,
                subject: None,
            }
        };
        if text.starts_with(Answer::PREFIX) {
            let heard = self.hear::<Answer>(text)?;
            let answer = &heard.says;
            return Ok(CodeRead {
                document_id: Some(answer.document_id),
                subject: Some(answer.subject),
                ..told("answer", answer.nonce, &answer.from, &heard.certificate)
            });
        }
        let heard = self.hear::<Question>(text)?;
        let question = &heard.says;
        Ok(told(
            "question",
            question.nonce,
            &question.from,
            &heard.certificate,
        ))
    }

    /// 应答: what the phone of the visit shows to a question that it has read. Only enforcement that governs the region is
    /// answered, and people of the own body.
    pub fn answer(
        &self,
        question: &str,
        visit: DocumentId,
        subject: ConfirmedSubject,
    ) -> Done<CodeToShow> {
        let heard = self.hear::<Question>(question)?;
        self.unless_stranger(visit, &heard.certificate)?;
        let known = self.with_known(|_, store| {
            let document = visit_in(store, visit)?;
            Ok(match subject {
                ConfirmedSubject::Refusal(id) => {
                    let mut all = document.refusals().items.into_iter();
                    all.any(|it| it.value.refusal_id == id)
                }
                ConfirmedSubject::OnSiteReport(id) => {
                    let mut all = document.on_site_reports().items.into_iter();
                    all.any(|it| it.value.report_id == id)
                }
            })
        })?;
        if !known {
            let message = "This phone has no such refusal or report";
            return Err(ClientError::new("case.unknown", message));
        }
        let nonce = self.draw_nonce();
        let answer = Answer {
            nonce,
            question: heard.shown.spoken.digest().map_err(refused)?,
            document_id: visit,
            subject,
            from: self.standpoint()?,
        };
        let code = self.show((CodeKind::Answer, nonce), &answer)?;
        // By it whoever sees the confirmation here can verify the question in it.
        self.keep_certificate(&heard.certificate, &heard.shown.certificate)?;
        Ok(code)
    }

    /// Takes an answer to a question that this phone has shown: it is kept until a confirmation of that case is begun, and
    /// written into one that stands here. Heard twice, it is heard once.
    pub fn hear_answer(&self, text: &str) -> Done<CodeRead> {
        let read = self.read_code(text)?;
        let heard = self.hear::<Answer>(text)?;
        let since = self.wall_ms() - CODE_ANSWERED_MS;
        let asked = self.lock().store.list_questions(since)?;
        let mut asked = asked.into_iter();
        let question = asked.find(|it| answers(it, &heard.says).is_ok());
        let question = question.ok_or_else(|| refused(CoSignatureError::OtherQuestion))?;
        let co_signature = CoSignature {
            co_signature_id: CoSignatureId(self.new_uuid()),
            question,
            answer: heard.shown.spoken.clone(),
        };
        let of = (heard.says.document_id, &heard.says.subject);
        let key = key_of(&heard.certificate)?;
        let wall_ms = self.wall_ms();
        let begun = {
            let mut inner = self.lock();
            inner.store.write(|write| {
                let certificate = &heard.shown.certificate;
                write.put_certificate(&heard.certificate, &key, certificate)?;
                write.put_answer(&heard.says.nonce, of, &co_signature, wall_ms)
            })?;
            begun_here(&inner.store, of)?
        };
        for document in begun {
            let write_down = |document: &mut ConfirmationDocument, now: Millis, _: &Store| {
                let mut known = document.co_signatures().items.into_iter();
                if !known.any(|it| it.value.answer == co_signature.answer) {
                    document.add_co_signature(now, &co_signature)?;
                }
                Ok(())
            };
            self.edit_confirmation_with(document, write_down, |_| Ok(()))?;
        }
        Ok(read)
    }

    fn draw_nonce(&self) -> Nonce {
        let mut bytes = [0; 16];
        self.host.rng.fill(&mut bytes);
        Nonce(bytes)
    }

    fn standpoint(&self) -> Done<Standpoint> {
        let (device_id, _) = self.device()?;
        let actor = self.lock().install.actor;
        Ok(Standpoint {
            device_id,
            actor,
            at: self.time_claim()?,
            location: self.host.place(),
        })
    }

    /// Says it, keeps it as shown and gives the code's text: what is on the screen is durable.
    fn show<S: Statement>(&self, (kind, nonce): (CodeKind, Nonce), what: &S) -> Done<CodeToShow> {
        let certificate = self.own_certificate()?;
        let wall_ms = self.wall_ms();
        let mut inner = self.lock();
        let key = inner.key.clone();
        let spoken = made_with(key.as_ref(), |sign| {
            Spoken::say(what, sign).map_err(refused)
        })?;
        let shown = Shown {
            spoken,
            certificate,
        };
        let text = shown.to_code::<S>().map_err(refused)?;
        let forgotten = wall_ms - CODE_ANSWERED_MS;
        inner
            .store
            .write(|write| write.put_code((kind, &nonce), &shown.spoken, wall_ms, forgotten))?;
        Ok(CodeToShow {
            nonce: nonce.to_string(),
            text,
        })
    }

    /// Verifies a code by the server's keys that are believed here; who shows it must not be out of force or revoked.
    pub(crate) fn hear<S: Statement>(&self, text: &str) -> Done<Heard<S>> {
        let now = self.time_claim()?;
        let inner = self.lock();
        let believed = taking::believed_keys(&inner.store)?;
        let heard = Shown::from_code::<S>(text.trim(), &believed, &RustVerifier);
        let (shown, says, certificate) = heard.map_err(refused)?;
        self.unless_past(&inner.store, &certificate, now.not_before())?;
        Ok(Heard {
            shown,
            says,
            certificate,
        })
    }

    /// A phone whose certificate has ended or whose key was revoked, as far as it is known here.
    pub(crate) fn unless_past(
        &self,
        store: &Store,
        certificate: &CertificatePayload,
        earliest_now: Millis,
    ) -> Done<()> {
        let revoked = store.revoked_at(certificate.device_id)?.is_some();
        if revoked || certificate.not_after_ms < earliest_now {
            let message = "The other phone's certificate is not in force any more";
            return Err(ClientError::new("co_signature.certificate", message));
        }
        Ok(())
    }

    /// Nothing of a case goes to whoever may not see it.
    pub(crate) fn unless_stranger(
        &self,
        visit: DocumentId,
        certificate: &CertificatePayload,
    ) -> Done<()> {
        let may = self.with_known(|known, store| {
            let document = visit_in(store, visit)?;
            let region = region_of(&document, known);
            let identity = document.identity();
            Ok(may_be_handed_to(identity, region.as_ref(), certificate))
        })?;
        if may {
            return Ok(());
        }
        let message = "The other phone is neither enforcement of this region nor of the own body";
        Err(ClientError::new("parcel.recipient_role", message))
    }

    /// The certificate of this phone, exactly as it was signed.
    pub(crate) fn own_certificate(&self) -> Done<Signed<CertificatePayload>> {
        let inner = self.lock();
        let signed = inner.store.certificate_of_install(&inner.install.actor)?;
        signed
            .and_then(|it| serde_json::from_value(it).ok())
            .ok_or_else(not_enrolled)
    }

    /// Keeps the certificate of a phone that was met.
    fn keep_certificate(
        &self,
        payload: &CertificatePayload,
        signed: &Signed<CertificatePayload>,
    ) -> Done<()> {
        let key = key_of(payload)?;
        let mut inner = self.lock();
        inner
            .store
            .write(|write| write.put_certificate(payload, &key, signed))
    }
}

fn key_of(payload: &CertificatePayload) -> Done<Vec<u8>> {
    let key = STANDARD.decode(&payload.public_key);
    key.map_err(|_| refused(CoSignatureError::OtherDevice))
}

/// Confirmations of this case that were begun on this phone.
fn begun_here(
    store: &Store,
    (visit, subject): (DocumentId, &ConfirmedSubject),
) -> Done<Vec<DocumentId>> {
    let mut begun = Vec::new();
    for document in confirmations_in(store)? {
        let identity = document.identity();
        let of_it = identity.visit.document_id() == visit && identity.subject == *subject;
        let own = || -> Done<bool> {
            let changes = store.list_changes(Some(document.id()))?;
            Ok(changes.iter().any(|it| it.own))
        };
        if of_it && own()? {
            begun.push(document.id());
        }
    }
    Ok(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_as_large_as_allowed_and_no_larger() {
        let squares = 21 + 2 * QrCode::QUIET;
        let most = u32::try_from(QR_PIXELS_MAX / squares).unwrap();
        assert!(code_png("FSQ1:", most).is_ok());
        let error = code_png("FSQ1:", most + 1).unwrap_err();
        assert_eq!(error.code, "co_signature.too_large");
    }
}
