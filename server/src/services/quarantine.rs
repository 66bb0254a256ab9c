//! The quarantine: shown to those who see the visit, and opened by a person with authority where the bytes are safe.

use sync_core::limits::FIELD_CHARS_MAX;
use sync_core::model::DeviceId;
use sync_core::proof::Role;
use sync_core::sync::authority;
use sync_core::sync::wire::{ChangeStatus, QuarantineKind};
use uuid::Uuid;

use super::visits::AsideView;
use super::{audit, devices, sync};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::sync::{changes, visits};

/// How much of a device's the doctor shows.
const DOCTOR_ROWS_MAX: i64 = 500;

/// A page before an item, newest first.
pub async fn list(
    app: &App,
    caller: &Principal,
    before: &str,
    rows_max: u32,
) -> Result<Vec<AsideView>, Problem> {
    let mut db = app.store.read().await?;
    let mut items = Vec::new();
    for item in visits::list_quarantined(&mut db, caller, before, rows_max).await? {
        items.extend(
            changes::find_item(&mut db, item)
                .await?
                .map(AsideView::from),
        );
    }
    Ok(items)
}

/// Whether a person may let a change in, or why nobody may.
pub fn is_admissible(status: &ChangeStatus) -> Result<(), &'static str> {
    let ChangeStatus::Quarantined {
        quarantine: QuarantineKind::Unauthorised,
        code,
        ..
    } = status
    else {
        return Err("only safe bytes of an author without authority are let in");
    };
    // A person speaks for an author whom we know, not for bytes that somebody put under another's name: those would
    // take the number of the author's own change. They stand as soon as a signature of their author comes.
    if authority::may_be_answered(code) {
        return Err("who wrote it is not proved; it stands when its author's signature comes");
    }
    Ok(())
}

/// Lets a quarantined change in, which releases what depends on it. Again changes nothing.
pub async fn admit(
    app: &App,
    caller: &Principal,
    item: Uuid,
    reason: &str,
) -> Result<AsideView, Problem> {
    let length = reason.trim().chars().count();
    if !(1..=FIELD_CHARS_MAX).contains(&length) {
        return Err(Problem::value(
            "reason",
            format!("is a text of 1 to {FIELD_CHARS_MAX} characters"),
        ));
    }
    let mut tx = app.store.begin().await?;
    let change = changes::find_item(&mut tx, item)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    if !visits::sees(&mut tx, caller, change.document_id).await? {
        return Err(Problem::new(Code::NotFound));
    }
    if !change.admitted {
        is_admissible(&change.status).map_err(|why| Problem::new(Code::Conflict).detail(why))?;
        changes::set_admitted(
            &mut tx,
            &change,
            app.new_uuid(),
            caller.user,
            reason,
            app.now(),
        )
        .await?;
        let subject = format!("document:{}", change.document_id);
        let detail = serde_json::json!({ "change": change.hash });
        audit::record(app, &mut tx, caller, "change.admitted", subject, detail).await?;
    }
    tx.commit().await?;
    sync::judge_again(app, change.document_id).await?;
    let mut db = app.store.read().await?;
    let change = changes::find_item(&mut db, item).await?;
    Ok(change.ok_or(Problem::new(Code::NotFound))?.into())
}

/// What of a device's is not through, and why, in the same words as on the phone.
pub async fn doctor(
    app: &App,
    caller: &Principal,
    device: DeviceId,
) -> Result<Vec<AsideView>, Problem> {
    if caller.device != Some(device) {
        // Who only samples looks after their own phone.
        if caller.roles.iter().all(|role| *role == Role::Sampler) {
            return Err(Problem::new(Code::NotFound));
        }
        devices::get(app, caller, device).await?;
    }
    let mut db = app.store.read().await?;
    let rows = changes::list_aside_of_device(&mut db, device, DOCTOR_ROWS_MAX).await?;
    Ok(rows.into_iter().map(AsideView::from).collect())
}
