//! Cases as queues show them, and what people do with them: who has one, and how far a report is on its way to the case office
//! (案件机构). The row scope stands in every query: enforcement (执法) by its regions, an authority by its tasks, its campaigns
//! and its regions, a case office by what was handed over to it; nobody else sees any.

use sync_core::model::{DocumentId, EnterpriseKey, Location, Millis, OrganisationId, UserId};
use uuid::Uuid;

use crate::access::{OrganisationKind, Principal, Role};
use crate::args;
use crate::store::reference::json;
use crate::store::{Result, Row, Session, Tx, Value, statements};

/// Takes $1 user, $2 organisation, $3 whether they enforce, $4 whether they are of an authority. Cases are `k`.
macro_rules! seen_cases {
    ($rest:literal) => {
        concat!(
            "SELECT k.*, v.uscc, v.entered_at, c.authority_id, p.holder, p.held_since, p.step_at, p.office_id, \
                COALESCE(p.version, 0) AS progress_version, h.display_name AS holder_name, \
                CASE WHEN EXISTS (SELECT 1 FROM subject_outcomes s WHERE s.document_id = k.document_id AND s.kind = 'sample' \
                    AND s.outcome = 'needs_ruling') THEN 1 ELSE 0 END AS disputed \
             FROM cases k JOIN visits v ON v.document_id = k.document_id \
             LEFT JOIN campaigns c ON c.campaign_id = k.campaign_id \
             LEFT JOIN case_progress p ON p.document_id = k.document_id AND p.subject_id = k.subject_id \
             LEFT JOIN users h ON h.user_id = p.holder \
             WHERE (((CAST($3 AS BIGINT) = 1 OR CAST($4 AS BIGINT) = 1) AND EXISTS \
                   (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND k.region LIKE r.prefix || '%')) \
                OR (CAST($4 AS BIGINT) = 1 AND (EXISTS (SELECT 1 FROM organisations a JOIN user_regions r \
                       ON a.region LIKE r.prefix || '%' WHERE a.organisation_id = c.authority_id AND r.user_id = $1) \
                    OR EXISTS (SELECT 1 FROM samples s JOIN tasks t ON t.task_id = s.task_id \
                       WHERE s.document_id = k.document_id AND t.authority_id = $2))) \
                OR p.office_id = $2)",
            $rest
        )
    };
}

statements! {
    /// One case that the caller sees.
    FIND = seen_cases!(" AND k.document_id = $5 AND k.subject_id = $6");
    /// Cases with which somebody has still to do something, the oldest first.
    LIST_OPEN = seen_cases!(" AND ((k.kind = 'refusal' AND k.state IN ('reported', 'contested')) \
        OR (k.kind = 'on_site_report' AND k.state IN ('reported', 'received'))) \
        ORDER BY k.opened_at, k.document_id, k.subject_id LIMIT $5");
    /// Reports that are at a case office, the oldest first.
    LIST_HANDED_OVER = seen_cases!(" AND k.kind = 'on_site_report' AND k.state = 'handed_over' \
        ORDER BY k.opened_at, k.document_id, k.subject_id LIMIT $5");
    /// Cases that the caller has, did something with, or wrote a confirmation of.
    LIST_MINE = seen_cases!(" AND (p.holder = $1 OR EXISTS (SELECT 1 FROM case_events e WHERE e.document_id = k.document_id \
            AND e.subject_id = k.subject_id AND e.user_id = $1) \
        OR EXISTS (SELECT 1 FROM confirmations f JOIN document_authors w ON w.document_id = f.document_id \
            WHERE f.visit_id = k.document_id AND f.subject_id = k.subject_id AND w.user_id = $1)) \
        ORDER BY k.opened_at DESC, k.document_id, k.subject_id LIMIT $5");
    /// A page of all, the newest first.
    LIST_ALL = seen_cases!(" AND (k.opened_at < $5 OR (k.opened_at = $5 AND (k.document_id < $6 \
            OR (k.document_id = $6 AND k.subject_id < $7)))) \
        ORDER BY k.opened_at DESC, k.document_id DESC, k.subject_id DESC LIMIT $8");
    /// What was done with one, in its order.
    LIST_EVENTS = "SELECT e.*, u.display_name, o.name AS organisation FROM case_events e \
        LEFT JOIN users u ON u.user_id = e.user_id LEFT JOIN organisations o ON o.organisation_id = e.organisation_id \
        WHERE e.document_id = $1 AND e.subject_id = $2 ORDER BY e.version";
    /// Confirmations of one.
    LIST_CONFIRMATIONS = "SELECT document_id, confirmation_id, outcome, confirmed_at FROM confirmations \
        WHERE visit_id = $1 AND subject_id = $2 ORDER BY confirmation_id";
    /// Something was done.
    INSERT_EVENT = "INSERT INTO case_events (case_event_id, document_id, subject_id, version, act, user_id, organisation_id, \
        body, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Where that leads.
    PUT_PROGRESS = "INSERT INTO case_progress (document_id, subject_id, holder, held_since, step, step_at, office_id, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (document_id, subject_id) DO UPDATE SET holder = excluded.holder, \
        held_since = excluded.held_since, step = excluded.step, step_at = excluded.step_at, office_id = excluded.office_id, \
        version = excluded.version";
    /// What phones are told of the cases of a visit.
    LIST_TOLD = "SELECT k.subject_id, k.kind, k.state, k.changed_at, k.enterprise, p.holder, p.held_since, \
            h.display_name AS holder_name, COALESCE(p.version, 0) AS progress_version FROM cases k \
        LEFT JOIN case_progress p ON p.document_id = k.document_id AND p.subject_id = k.subject_id \
        LEFT JOIN users h ON h.user_id = p.holder WHERE k.document_id = $1 ORDER BY k.subject_id";
    /// The steps that the reports of a visit have taken.
    LIST_STEPS = "SELECT subject_id, act, at, body FROM case_events WHERE document_id = $1 \
        AND act IN ('received', 'handed_over', 'disposed') ORDER BY subject_id, version";
}

/// A case as lists show it.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// The visit.
    pub document: DocumentId,
    /// The refusal or the report.
    pub subject_id: Uuid,
    /// `refusal` or `on_site_report`.
    pub kind: String,
    /// Kind of the refusal, grounds of the report.
    pub detail: String,
    /// 产品, as the refusal names it.
    pub product_name: Option<String>,
    /// 批次
    pub campaign_id: String,
    /// 组织抽查部门
    pub authority: Option<OrganisationId>,
    /// 承检机构
    pub body_id: String,
    /// 受检单位, by its key after aliases.
    pub enterprise: String,
    /// Its name.
    pub enterprise_name: Option<String>,
    /// Its code.
    pub uscc: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// The earliest moment at which it can have happened.
    pub happened_from: Option<Millis>,
    /// When the team walked in.
    pub entered_at: Option<Millis>,
    /// Where that was.
    pub place: Option<Location>,
    /// In the words of its kind.
    pub state: String,
    /// When the server first had it.
    pub opened_at: Millis,
    /// Who has taken it.
    pub holder: Option<UserId>,
    /// Their name.
    pub holder_name: Option<String>,
    /// Since when.
    pub held_since: Option<Millis>,
    /// When a report came to where it is.
    pub step_at: Option<Millis>,
    /// The organisation that it was handed over to.
    pub office: Option<OrganisationId>,
    /// Of what was done with it.
    pub version: i64,
    /// A sample of the visit waits for a person's ruling.
    pub disputed: bool,
}

fn case(row: &Row) -> Result<CaseRow> {
    let place = (
        row.get::<Option<i64>>("latitude_e7")?,
        row.get::<Option<i64>>("longitude_e7")?,
        row.get::<Option<i64>>("accuracy_mm")?,
    );
    let place = match place {
        (Some(latitude_e7), Some(longitude_e7), Some(accuracy_mm)) => Some(Location {
            latitude_e7,
            longitude_e7,
            accuracy_mm,
            crs_source: "wgs84".to_owned(),
            mocked: false,
        }),
        _ => None,
    };
    Ok(CaseRow {
        document: row.get("document_id")?,
        subject_id: row.get("subject_id")?,
        kind: row.get("kind")?,
        detail: row.get("detail")?,
        product_name: row.get("product_name")?,
        campaign_id: row.get("campaign_id")?,
        authority: row.get("authority_id")?,
        body_id: row.get("body_id")?,
        enterprise: row.get("enterprise")?,
        enterprise_name: row.get("enterprise_name")?,
        uscc: row.get("uscc")?,
        region: row.get("region")?,
        happened_from: row.get("happened_from")?,
        entered_at: row.get("entered_at")?,
        place: place.filter(Location::counts),
        state: row.get("state")?,
        opened_at: row.get("opened_at")?,
        holder: row.get("holder")?,
        holder_name: row.get("holder_name")?,
        held_since: row.get("held_since")?,
        step_at: row.get("step_at")?,
        office: row.get("office_id")?,
        version: row.get("progress_version")?,
        disputed: row.get("disputed")?,
    })
}

/// The first four arguments of every query with the scope.
fn sight(caller: &Principal) -> Vec<Value> {
    let of_authority = caller.organisation_kind == OrganisationKind::Authority
        && caller.has_any(&[Role::Authority, Role::Admin]);
    args![
        caller.user,
        caller.organisation,
        caller.has(Role::Enforcement),
        of_authority
    ]
}

async fn list(
    db: &mut Session,
    statement: &crate::store::Statement,
    caller: &Principal,
    rest: Vec<Value>,
) -> Result<Vec<CaseRow>> {
    let mut values = sight(caller);
    values.extend(rest);
    db.all(statement, values).await?.iter().map(case).collect()
}

/// One that the caller sees.
pub async fn find(
    db: &mut Session,
    caller: &Principal,
    document: DocumentId,
    subject: Uuid,
) -> Result<Option<CaseRow>> {
    let found = list(db, &FIND, caller, args![document, subject]).await?;
    Ok(found.into_iter().next())
}

/// Those with which somebody has still to do something.
pub async fn list_open(
    db: &mut Session,
    caller: &Principal,
    rows_max: u32,
) -> Result<Vec<CaseRow>> {
    list(db, &LIST_OPEN, caller, args![rows_max]).await
}

/// Reports that are at a case office.
pub async fn list_handed_over(
    db: &mut Session,
    caller: &Principal,
    rows_max: u32,
) -> Result<Vec<CaseRow>> {
    list(db, &LIST_HANDED_OVER, caller, args![rows_max]).await
}

/// Those that the caller has or had to do with.
pub async fn list_mine(
    db: &mut Session,
    caller: &Principal,
    rows_max: u32,
) -> Result<Vec<CaseRow>> {
    list(db, &LIST_MINE, caller, args![rows_max]).await
}

/// A page of all behind a place, the newest first.
pub async fn list_all(
    db: &mut Session,
    caller: &Principal,
    after: (Millis, DocumentId, String),
    rows_max: u32,
) -> Result<Vec<CaseRow>> {
    let rest = args![after.0, after.1, after.2, rows_max];
    list(db, &LIST_ALL, caller, rest).await
}

/// Something that was done with a case.
#[derive(Clone, Debug)]
pub struct CaseEvent {
    /// Its id.
    pub case_event_id: Uuid,
    /// 1, 2, …
    pub version: i64,
    /// `taken`, `given_back`, `received`, `handed_over`, `disposed`.
    pub act: String,
    /// By whom.
    pub user: UserId,
    /// Their name.
    pub user_name: Option<String>,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Its name.
    pub organisation_name: Option<String>,
    /// What they said.
    pub body: serde_json::Value,
    /// When.
    pub at: Millis,
}

/// What was done with a case, in its order.
pub async fn list_events(
    db: &mut Session,
    document: DocumentId,
    subject: Uuid,
) -> Result<Vec<CaseEvent>> {
    let rows = db.all(&LIST_EVENTS, args![document, subject]).await?;
    let events = rows.iter().map(|row| {
        Ok(CaseEvent {
            case_event_id: row.get("case_event_id")?,
            version: row.get("version")?,
            act: row.get("act")?,
            user: row.get("user_id")?,
            user_name: row.get("display_name")?,
            organisation: row.get("organisation_id")?,
            organisation_name: row.get("organisation")?,
            body: json(row, "body")?,
            at: row.get("at")?,
        })
    });
    events.collect()
}

/// A confirmation of a case.
#[derive(Clone, Debug)]
pub struct CaseConfirmation {
    /// Its document.
    pub document: DocumentId,
    /// Its id.
    pub confirmation_id: Uuid,
    /// What its sealed form says; none before it is sealed.
    pub outcome: Option<String>,
    /// When it was made.
    pub confirmed_at: Option<Millis>,
}

/// Confirmations of a case, whether they count or not.
pub async fn list_confirmations(
    db: &mut Session,
    document: DocumentId,
    subject: Uuid,
) -> Result<Vec<CaseConfirmation>> {
    let rows = db
        .all(&LIST_CONFIRMATIONS, args![document, subject])
        .await?;
    let found = rows.iter().map(|row| {
        Ok(CaseConfirmation {
            document: row.get("document_id")?,
            confirmation_id: row.get("confirmation_id")?,
            outcome: row.get("outcome")?,
            confirmed_at: row.get("confirmed_at")?,
        })
    });
    found.collect()
}

/// Where a case is after something was done.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Who has it.
    pub holder: Option<UserId>,
    /// Since when.
    pub held_since: Option<Millis>,
    /// The last step of a report.
    pub step: Option<String>,
    /// When that was.
    pub step_at: Option<Millis>,
    /// To which organisation it was handed over.
    pub office: Option<OrganisationId>,
}

/// Notes what was done, and where the case is then.
pub async fn note(
    tx: &mut Tx,
    document: DocumentId,
    subject: Uuid,
    event: &CaseEvent,
    progress: &Progress,
) -> Result<()> {
    let columns = args![
        event.case_event_id,
        document,
        subject,
        event.version,
        &event.act,
        event.user,
        event.organisation,
        event.body.to_string(),
        event.at
    ];
    tx.exec(&INSERT_EVENT, columns).await?;
    let columns = args![
        document,
        subject,
        progress.holder,
        progress.held_since,
        progress.step.clone(),
        progress.step_at,
        progress.office,
        event.version
    ];
    tx.exec(&PUT_PROGRESS, columns).await.map(drop)
}

/// A case as phones are told of it.
#[derive(Clone, Debug)]
pub struct ToldRow {
    /// The refusal or the report.
    pub subject_id: Uuid,
    /// `refusal` or `on_site_report`.
    pub kind: String,
    /// In the words of its kind.
    pub state: String,
    /// When it came to that state.
    pub changed_at: Millis,
    /// 受检单位, by its key after aliases.
    pub enterprise: EnterpriseKey,
    /// Who has taken it, their name, and since when.
    pub holder: Option<(UserId, String, Millis)>,
    /// Of what was done with it.
    pub version: i64,
}

/// The cases of a visit, as phones are told of them.
pub async fn list_told(db: &mut Session, document: DocumentId) -> Result<Vec<ToldRow>> {
    let rows = db.all(&LIST_TOLD, args![document]).await?;
    let told = rows.iter().map(|row| {
        let holder: Option<UserId> = row.get("holder")?;
        let name: Option<String> = row.get("holder_name")?;
        let since: Option<Millis> = row.get("held_since")?;
        Ok(ToldRow {
            subject_id: row.get("subject_id")?,
            kind: row.get("kind")?,
            state: row.get("state")?,
            changed_at: row.get("changed_at")?,
            enterprise: EnterpriseKey(row.get("enterprise")?),
            holder: holder.map(|id| (id, name.unwrap_or_default(), since.unwrap_or_default())),
            version: row.get("progress_version")?,
        })
    });
    told.collect()
}

/// A step that a report has taken.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// The report.
    pub subject_id: Uuid,
    /// `received`, `handed_over`, `disposed`.
    pub step: String,
    /// When.
    pub at: Millis,
    /// What was said of it.
    pub body: serde_json::Value,
}

/// The steps that the reports of a visit have taken, each report's in their order.
pub async fn list_steps(db: &mut Session, document: DocumentId) -> Result<Vec<StepRow>> {
    let rows = db.all(&LIST_STEPS, args![document]).await?;
    let steps = rows.iter().map(|row| {
        Ok(StepRow {
            subject_id: row.get("subject_id")?,
            step: row.get("act")?,
            at: row.get("at")?,
            body: json(row, "body")?,
        })
    });
    steps.collect()
}
