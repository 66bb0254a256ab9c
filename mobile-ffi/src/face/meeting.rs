//! Two phones without a network: codes that they show each other, and parcels.

use super::calls::Fieldseal;
use super::failure::FieldsealError;
use super::fields::id;
use super::records::{CodeHeard, CodeShown, ParcelFile, ParcelTaken, RecordRef};
use super::waiting::run;
use crate::client::Client;

/// A code as a picture (PNG) with so many pixels to a square.
#[uniffi::export]
pub async fn code_png(text: String, pixels: i64) -> Result<Vec<u8>, FieldsealError> {
    run(move || crate::meeting::code_png(&text, u32::try_from(pixels).unwrap_or(1))).await
}

/// A code as a drawing (SVG).
#[uniffi::export]
pub async fn code_svg(text: String) -> Result<String, FieldsealError> {
    run(move || crate::meeting::code_svg(&text)).await
}

#[uniffi::export]
impl Fieldseal {
    /// 提问: what a supervisor's phone shows.
    pub async fn ask_code(&self) -> Result<CodeShown, FieldsealError> {
        self.with(|client| client.question()).await
    }

    /// What a code says; nothing is stored.
    pub async fn read_code(&self, text: String) -> Result<CodeHeard, FieldsealError> {
        self.with(move |client| Ok(client.read_code(&text)?.into()))
            .await
    }

    /// 应答: what the phone of the visit shows to a question that it has read.
    pub async fn answer_code(
        &self,
        question: String,
        visit: String,
        subject: RecordRef,
    ) -> Result<CodeShown, FieldsealError> {
        self.with(move |client| client.answer(&question, id(&visit)?, subject.of_case()?))
            .await
    }

    /// Keeps an answer to the own question: it is written into the confirmation.
    pub async fn hear_answer(&self, text: String) -> Result<CodeHeard, FieldsealError> {
        self.with(move |client| Ok(client.hear_answer(&text)?.into()))
            .await
    }

    /// A parcel (密封包) of a visit for the phone that shows this code, and for nobody else.
    pub async fn make_parcel(
        &self,
        code: String,
        visit: String,
    ) -> Result<ParcelFile, FieldsealError> {
        self.with(move |client| Ok(client.make_parcel(&code, id(&visit)?)?.into()))
            .await
    }

    /// Opens a parcel and takes in what is inside; a second time it is `parcel.replayed`.
    pub async fn open_parcel(&self, bytes: Vec<u8>) -> Result<ParcelTaken, FieldsealError> {
        self.with(move |client| Ok(client.open_parcel(&bytes)?.into()))
            .await
    }

    /// Draws another key for parcels.
    pub async fn renew_parcel_key(&self) -> Result<(), FieldsealError> {
        self.with(Client::renew_parcel_key).await
    }
}
