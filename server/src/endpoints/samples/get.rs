//! `GET /v1/samples/{id}`.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::Serialize;
use sync_core::model::SampleId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::store::reference::custody::{self, CustodyEvent};
use crate::store::reference::samples::{self, Sample};

/// A sample, how it stands, and what the laboratory reported.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampleDetail {
    /// The sample.
    #[serde(flatten)]
    sample: Sample,
    /// Every report, those that were refused too.
    custody: Vec<CustodyEvent>,
    /// The seals of the sheet against those that the laboratory found, once both are known.
    seals_found: Option<SealsFound>,
}

/// 封条号 on the sheet and at the laboratory.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealsFound {
    /// On the sheet, and not found at the laboratory.
    missing: BTreeSet<String>,
    /// Found at the laboratory, and not on the sheet.
    unknown: BTreeSet<String>,
}

fn seals_found(sample: &Sample, custody: &[CustodyEvent]) -> Option<SealsFound> {
    let receipt = custody
        .iter()
        .rfind(|event| event.standing && event.act == "receipt")?;
    let on_sheet = &sample.fact.as_ref()?.seal_numbers;
    let found: BTreeSet<String> = receipt.body["seals"]
        .as_array()?
        .iter()
        .filter_map(|seal| seal.as_str().map(str::to_owned))
        .collect();
    Some(SealsFound {
        missing: on_sheet.difference(&found).cloned().collect(),
        unknown: found.difference(on_sheet).cloned().collect(),
    })
}

/// Read a sample that you may see
#[utoipa::path(get, path = "/v1/samples/{id}", tag = "samples",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = SampleDetail), (status = "4XX", body = ProblemBody)))]
pub async fn get_sample(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<SampleId>,
) -> Result<Json<SampleDetail>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let sample = match samples::find_seen(&mut db, &sight, id).await? {
        Some(sample) => sample,
        None if custody::sees_without_sheet(&mut db, &sight, id).await? => {
            Sample::without_sheet(id)
        }
        None => return Err(Problem::new(Code::NotFound)),
    };
    let custody = custody::list(&mut db, id).await?;
    Ok(Json(SampleDetail {
        seals_found: seals_found(&sample, &custody),
        sample,
        custody,
    }))
}
