//! Cases (案件线索), and which documents go to enforcement of which region.

use sync_core::model::{DocumentId, EnterpriseKey, Location, Millis, Region, TimeFact};

use crate::args;
use crate::store::sync::projections::VisitRow;
use crate::store::{Result, Session, StoreError, Tx, bulk, statements};

statements! {
    /// To whom a document goes beside its own people.
    FIND_SHARED = "SELECT region FROM shared_documents WHERE document_id = $1";
    /// It goes to another region now.
    PUT_SHARED = "INSERT INTO shared_documents (document_id, region) VALUES ($1, $2) \
        ON CONFLICT (document_id) DO UPDATE SET region = excluded.region";
    /// It goes to no region.
    DELETE_SHARED = "DELETE FROM shared_documents WHERE document_id = $1";
    /// To which regions' enforcement visits at an enterprise go.
    LIST_REGIONS_AT = "SELECT DISTINCT s.region FROM cases k JOIN shared_documents s ON s.document_id = k.document_id \
        WHERE k.enterprise = $1 ORDER BY s.region";
    /// At which enterprises the cases of a visit were.
    LIST_ENTERPRISES = "SELECT DISTINCT enterprise FROM cases WHERE document_id = $1 ORDER BY enterprise";
    /// Those of a visit.
    LIST_OF_VISIT = "SELECT * FROM cases WHERE document_id = $1 ORDER BY happened_at, subject_id";
    /// The state of one is another now.
    SET_STATE = "UPDATE cases SET state = $3, changed_at = $4 WHERE document_id = $1 AND subject_id = $2 AND state <> $3";
}

bulk! {
    /// Cases as the visits tell them; the state is not theirs to say.
    PUT = ("INSERT INTO cases (document_id, subject_id, kind, detail, campaign_id, body_id, enterprise, enterprise_name, region, \
        happened_at, latitude_e7, longitude_e7, accuracy_mm, product_name, happened_from, state, opened_at, changed_at) VALUES", 0, 18,
        " ON CONFLICT (document_id, subject_id) DO UPDATE SET detail = excluded.detail, enterprise = excluded.enterprise, \
        enterprise_name = excluded.enterprise_name, region = excluded.region, happened_at = excluded.happened_at, \
        latitude_e7 = excluded.latitude_e7, longitude_e7 = excluded.longitude_e7, accuracy_mm = excluded.accuracy_mm, \
        product_name = excluded.product_name, happened_from = excluded.happened_from");
    /// Documents that go to enforcement.
    LIST_SHARED = ("SELECT document_id, region FROM shared_documents WHERE document_id IN (", 0, 1, ")");
}

/// What a case is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseKind {
    /// 拒检
    Refusal,
    /// 现场报告
    OnSiteReport,
}

impl CaseKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::OnSiteReport => "on_site_report",
        }
    }
}

/// The state of a case that nobody has dealt with: the server has it (已上报).
pub const REPORTED: &str = "reported";

/// A case as its visit tells it.
#[derive(Clone, Debug)]
pub struct NewCase<'a> {
    /// The visit.
    pub visit: &'a VisitRow,
    /// The refusal or the report.
    pub subject_id: String,
    /// Which of the two.
    pub kind: CaseKind,
    /// Kind of the refusal, grounds of the report.
    pub detail: String,
    /// When it happened.
    pub happened: TimeFact,
    /// Where the team walked in.
    pub location: Option<Location>,
}

/// A case as it stands.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// The visit.
    pub document: DocumentId,
    /// The refusal or the report.
    pub subject_id: String,
    /// `refusal`, `on_site_report`.
    pub kind: String,
    /// Kind of the refusal, grounds of the report.
    pub detail: String,
    /// GB/T 2260.
    pub region: Option<String>,
    /// The latest moment at which it can have happened.
    pub happened_at: Option<Millis>,
    /// Where the team walked in: latitude and longitude, WGS-84, ten-millionths of a degree.
    pub location: Option<(i64, i64)>,
    /// In the words of its kind.
    pub state: String,
    /// When the server first had it.
    pub opened_at: Millis,
    /// When its state last changed.
    pub changed_at: Millis,
}

/// Cases of a visit.
pub async fn list_of_visit(db: &mut Session, visit: DocumentId) -> Result<Vec<CaseRow>> {
    let rows = db.all(&LIST_OF_VISIT, args![visit]).await?;
    let cases = rows.iter().map(|row| {
        let latitude: Option<i64> = row.get("latitude_e7")?;
        let longitude: Option<i64> = row.get("longitude_e7")?;
        Ok(CaseRow {
            document: row.get("document_id")?,
            subject_id: row.get("subject_id")?,
            kind: row.get("kind")?,
            detail: row.get("detail")?,
            region: row.get("region")?,
            happened_at: row.get("happened_at")?,
            location: latitude.zip(longitude),
            state: row.get("state")?,
            opened_at: row.get("opened_at")?,
            changed_at: row.get("changed_at")?,
        })
    });
    cases.collect()
}

/// Stores cases; one that is known keeps its state.
pub async fn put(tx: &mut Tx, cases: &[NewCase<'_>], now: Millis) -> Result<()> {
    let rows = cases.iter().map(|case| {
        let (visit, place) = (case.visit, case.location.as_ref());
        args![
            visit.document_id,
            &case.subject_id,
            case.kind.as_str(),
            &case.detail,
            visit.campaign_id,
            visit.body_id,
            &visit.enterprise.0,
            visit.enterprise_name.clone(),
            visit.region.clone(),
            Some(case.happened.usable().hi).filter(|at| *at < i64::MAX),
            place.map(|it| it.latitude_e7),
            place.map(|it| it.longitude_e7),
            place.map(|it| it.accuracy_mm),
            visit.refused_products.get(&case.subject_id).cloned(),
            case.happened.earliest_known(),
            REPORTED,
            now,
            now
        ]
    });
    tx.exec_rows(&PUT, rows.collect()).await
}

/// A case is in another state now; false where it was in it.
pub async fn set_state(
    tx: &mut Tx,
    document: DocumentId,
    subject: &str,
    state: &str,
    now: Millis,
) -> Result<bool> {
    let changed = tx.exec(&SET_STATE, args![document, subject, state, now]);
    Ok(changed.await? == 1)
}

fn region(text: &str) -> Result<Region> {
    text.parse().map_err(|_| StoreError::Column {
        name: "region",
        wanted: "a code of GB/T 2260",
    })
}

/// The region to whose enforcement a document goes; none where to nobody's.
pub async fn find_shared(db: &mut Session, document: DocumentId) -> Result<Option<Region>> {
    let row = db.optional(&FIND_SHARED, args![document]).await?;
    row.map(|row| region(&row.get::<String>("region")?))
        .transpose()
}

/// The regions to whose enforcement a case at this enterprise goes, by its key after aliases.
pub async fn list_regions_at(db: &mut Session, enterprise: &EnterpriseKey) -> Result<Vec<Region>> {
    let rows = db.all(&LIST_REGIONS_AT, args![enterprise]).await?;
    rows.iter()
        .map(|row| region(&row.get::<String>("region")?))
        .collect()
}

/// At which enterprises the cases of a visit are, by their keys after aliases.
pub async fn list_enterprises(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<EnterpriseKey>> {
    let rows = db.all(&LIST_ENTERPRISES, args![document]).await?;
    rows.iter()
        .map(|row| row.get("enterprise").map(EnterpriseKey))
        .collect()
}

/// Those of these documents that go to enforcement, and of which region.
pub async fn list_shared(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<(DocumentId, Region)>> {
    let ids = documents.into_iter().map(crate::store::Value::from);
    let rows = db.all_of(&LIST_SHARED, args![], ids).await?;
    let shared = rows.iter().map(|row| {
        let code: String = row.get("region")?;
        Ok((row.get("document_id")?, region(&code)?))
    });
    shared.collect()
}

/// A document goes to enforcement of this region from now on.
pub async fn set_shared(tx: &mut Tx, document: DocumentId, to: Option<&Region>) -> Result<()> {
    let changed = match to {
        Some(region) => tx.exec(&PUT_SHARED, args![document, region.to_string()]),
        None => tx.exec(&DELETE_SHARED, args![document]),
    };
    changed.await.map(drop)
}
