//! What supervisors do: cases, confirmations, opinions.

use super::calls::Fieldseal;
use super::failure::{FieldsealError, Obstacle};
use super::fields::{fields, id, text};
use super::records::{
    CaseRow, ConfirmationForm, ConfirmationRow, OpinionForm, PreviewInfo, RecordRef, SignatureAct,
};
use crate::client::Client;

#[uniffi::export]
impl Fieldseal {
    /// Every sealed refusal and report that this phone holds, those that wait first and the nearest of them before others.
    pub async fn cases(&self) -> Result<Vec<CaseRow>, FieldsealError> {
        self.list(Client::cases).await
    }

    /// Those that this phone's person may confirm and that nobody has settled.
    pub async fn cases_waiting(&self) -> Result<Vec<CaseRow>, FieldsealError> {
        self.list(Client::cases_waiting).await
    }

    /// Begins a confirmation (现场确认) of a sealed refusal or report; the document's id.
    pub async fn begin_confirmation(
        &self,
        visit: String,
        subject: RecordRef,
        form: ConfirmationForm,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let begun =
                client.begin_confirmation(id(&visit)?, subject.of_case()?, &form.read()?)?;
            Ok(begun.to_string())
        })
        .await
    }

    /// Puts the fields given; null clears.
    pub async fn edit_confirmation(
        &self,
        confirmation: String,
        fields_json: String,
    ) -> Result<(), FieldsealError> {
        self.with(move |client| {
            client.edit_confirmation(id(&confirmation)?, &fields(&fields_json)?)
        })
        .await
    }

    /// The officers stand there now: notes time and place anew.
    pub async fn confirm_here(&self, confirmation: String) -> Result<(), FieldsealError> {
        self.with(move |client| client.confirm_here(id(&confirmation)?))
            .await
    }

    /// What the rules say of the case if everybody signs it as it stands now.
    pub async fn preview_confirmation(
        &self,
        confirmation: String,
    ) -> Result<PreviewInfo, FieldsealError> {
        self.with(move |client| PreviewInfo::of(client.preview_confirmation(id(&confirmation)?)?))
            .await
    }

    /// What still stands in the way of its seal.
    pub async fn missing_for_confirmation(
        &self,
        confirmation: String,
    ) -> Result<Vec<Obstacle>, FieldsealError> {
        self.list(move |client| client.missing_for_confirmation(id(&confirmation)?))
            .await
    }

    /// Seals it: each officer with their own key; the seal's id.
    pub async fn seal_confirmation(
        &self,
        confirmation: String,
        people: Vec<SignatureAct>,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let acts = SignatureAct::read_all(people)?;
            client.seal_confirmation(id(&confirmation)?, &acts)
        })
        .await
    }

    /// Amends it after its seal; the amendment's id.
    pub async fn amend_confirmation(
        &self,
        confirmation: String,
        fields_json: String,
        reason: String,
        person: SignatureAct,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let given = fields(&fields_json)?;
            client.amend_confirmation(id(&confirmation)?, &given, &reason, &person.read()?)
        })
        .await
    }

    /// 复核意见: another officer's word on a sealed confirmation; the opinion's id.
    pub async fn give_opinion(
        &self,
        confirmation: String,
        form: OpinionForm,
        person: SignatureAct,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let given = client.give_opinion(id(&confirmation)?, &form, &person.read()?)?;
            Ok(given.to_string())
        })
        .await
    }

    /// What enforcement says of a visit.
    pub async fn confirmations(
        &self,
        visit: String,
    ) -> Result<Vec<ConfirmationRow>, FieldsealError> {
        self.list(move |client| client.confirmations(id(&visit)?))
            .await
    }

    /// One confirmation whole, as JSON.
    pub async fn confirmation_json(&self, confirmation: String) -> Result<String, FieldsealError> {
        self.with(move |client| text(&client.confirmation(id(&confirmation)?)?))
            .await
    }
}
