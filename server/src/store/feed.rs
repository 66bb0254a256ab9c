//! The feed: what comes down to phones, by position. Positions come from one counter row, taken by the last write of a
//! transaction: whoever holds that row commits before anybody takes a later position, so a cursor skips nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sync_core::model::{
    CASE_PROGRESS, ChangeHash, DeviceId, DocumentId, EVIDENCE_REVIEW, EvidenceReview, Millis,
    OrganisationId, Region, RulingId, TeamId, UserId,
};
use sync_core::proof::{CertificatePayload, EVIDENCE_RECEIPT, EvidenceReceiptPayload, Signed};
use sync_core::sync::wire::{ChangeStatus, IndexPage};

use super::access::counters;
use super::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};
use crate::args;
use crate::crypto::labelled_hash;

/// Whether a region (GB/T 2260, six digits) lies in a set of prefixes, as [`Reach::text`] writes it.
macro_rules! lies_in {
    ($region:literal, $set:literal) => {
        concat!(
            "(",
            $set,
            " LIKE '%,,%' OR ",
            $set,
            " LIKE '%,' || SUBSTR(",
            $region,
            ", 1, 2) || ',%' OR ",
            $set,
            " LIKE '%,' || SUBSTR(",
            $region,
            ", 1, 4) || ',%' OR ",
            $set,
            " LIKE '%,' || ",
            $region,
            " || ',%')"
        )
    };
}

/// A region that is reached in the set `$4` and not in `$5`.
macro_rules! only_in_4 {
    ($region:literal) => {
        concat!(
            lies_in!($region, "$4"),
            " AND NOT ",
            lies_in!($region, "$5")
        )
    };
}

statements! {
    /// Takes the next positions. Whoever runs it holds the counter until the transaction ends.
    TAKE_POSITIONS = "UPDATE log_counters SET position = position + $1 WHERE name = 'feed' RETURNING position";
    /// Where the feed ends.
    LAST_POSITION = "SELECT position FROM log_counters WHERE name = 'feed'";
    /// Older versions of a reference record or of a row of the index are of no use to anybody who has not read them yet.
    FORGET_OLDER = "DELETE FROM feed WHERE subject = $1 AND audience = $2 AND entry IN ('reference', 'index') AND position < $3";
    /// Of grants and revocations of a document only the last word is of any use.
    FORGET_SCOPE = "DELETE FROM feed WHERE document_id = $1 AND audience = $2 AND entry IN ('grant', 'revoke') AND position < $3";
    /// Everybody to whom a reference record went.
    LIST_TOLD = "SELECT DISTINCT audience FROM feed WHERE subject = $1 AND entry = 'reference' ORDER BY audience";
    /// What a caller sees behind a position: what is for all, for them, their device and organisation, their teams, the
    /// documents they wrote in with what is confirmed of them, and, for enforcement, what is for their regions. What of a visit
    /// is for enforcement is not for its authors, who have it from their team and go on seeing what leaves a region: but for
    /// the word that it has a case.
    LIST = "SELECT f.position, f.entry, f.document_id, f.subject, f.version, f.payload FROM feed f \
        WHERE f.position > $1 AND f.position <= $2 AND (f.audience IN ('all', $3, $4, $5) \
          OR f.audience IN (SELECT 'team/' || t.team_id FROM team_members t WHERE t.user_id = $6) \
          OR (f.audience LIKE 'team/%' \
            AND EXISTS (SELECT 1 FROM document_authors a WHERE a.document_id = f.document_id AND a.user_id = $6)) \
          OR (f.audience LIKE 'region/%' \
            AND (f.entry = 'grant' OR EXISTS (SELECT 1 FROM confirmations c WHERE c.document_id = f.document_id)) \
            AND EXISTS (SELECT 1 FROM document_authors a WHERE a.document_id = f.document_id AND a.user_id = $6)) \
          OR (f.audience LIKE 'team/%' AND EXISTS (SELECT 1 FROM confirmations c \
            JOIN document_authors a ON a.document_id = c.visit_id WHERE c.document_id = f.document_id AND a.user_id = $6)) \
          OR ($8 = 1 AND f.audience LIKE 'region/%' AND EXISTS (SELECT 1 FROM user_regions r \
            WHERE r.user_id = $6 AND f.audience LIKE 'region/' || r.prefix || '%'))) \
        ORDER BY f.position LIMIT $7";
    /// The epoch that stands.
    EPOCH = "SELECT epoch, number FROM server_epochs ORDER BY number DESC LIMIT 1";
    /// Whether an epoch is of this database's own past.
    FIND_EPOCH = "SELECT number FROM server_epochs WHERE epoch = $1";
    /// Where the epoch after one began: no position beyond it was given in that one.
    EPOCH_END = "SELECT began_position FROM server_epochs WHERE number > $1 ORDER BY number LIMIT 1";
    /// The last epoch that a restore began; 0 where there was none.
    LAST_RESTORED = "SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) AS number FROM server_epochs WHERE restored_at IS NOT NULL";
    /// Begins an epoch.
    INSERT_EPOCH = "INSERT INTO server_epochs (epoch, number, began_at, began_position, restored_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    /// The documents of a team, and whether a person wrote in them.
    LIST_TEAM_DOCUMENTS = "SELECT d.document_id, a.user_id AS author FROM documents d \
        LEFT JOIN confirmations c ON c.document_id = d.document_id \
        LEFT JOIN document_authors a ON a.document_id = COALESCE(c.visit_id, d.document_id) AND a.user_id = $2 \
        WHERE d.team_id = $1 ORDER BY d.document_id";
    /// Grants a person, from behind a position on, what stands in the regions that they newly enforce in: visits with a
    /// case, and confirmations. However many these are, they never leave the database.
    GRANT_REACHED = concat!("INSERT INTO feed (position, audience, entry, document_id, appended_at) \
        SELECT CAST($1 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY g.document_id), CAST($2 AS TEXT), 'grant', g.document_id, \
          CAST($3 AS BIGINT) FROM (SELECT document_id, region FROM shared_documents \
          UNION SELECT document_id, region FROM confirmations) g WHERE ", only_in_4!("g.region"));
    /// Takes back from a person what they enforce over no longer: documents, but for those that they wrote in and those of
    /// their teams; who is on the tracking list there; enterprises that they know by no other case.
    REVOKE_LEFT = concat!("INSERT INTO feed (position, audience, entry, document_id, subject, version, appended_at) \
        SELECT CAST($1 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY l.entry, l.document_id, l.subject), CAST($2 AS TEXT), l.entry, \
          l.document_id, l.subject, l.version, CAST($3 AS BIGINT) FROM (\
          SELECT 'revoke' AS entry, s.document_id AS document_id, NULL AS subject, NULL AS version \
            FROM (SELECT document_id, region FROM shared_documents UNION SELECT document_id, region FROM confirmations) s \
            JOIN documents d ON d.document_id = s.document_id LEFT JOIN confirmations c ON c.document_id = s.document_id \
            WHERE ", only_in_4!("s.region"), " \
              AND NOT EXISTS (SELECT 1 FROM document_authors a \
                WHERE a.user_id = $6 AND (a.document_id = s.document_id OR a.document_id = c.visit_id)) \
              AND NOT EXISTS (SELECT 1 FROM team_members t WHERE t.user_id = $6 AND t.team_id = d.team_id) \
          UNION ALL SELECT 'reference', NULL, 'tracked_enterprise/' || f.effect_id, f.version FROM effects f \
            WHERE f.kind = 'track' AND f.holds = 1 AND ", only_in_4!("f.region"), " \
          UNION ALL SELECT 'reference', NULL, 'enterprise/' || e.enterprise_id, COALESCE(v.version, 0) FROM enterprises e \
            LEFT JOIN reference_versions v ON v.kind = 'enterprise' AND v.record_id = e.enterprise_id \
            WHERE e.enterprise_key IN (SELECT k.enterprise FROM cases k JOIN shared_documents s ON s.document_id = k.document_id \
                WHERE ", only_in_4!("s.region"), ") \
              AND e.enterprise_key NOT IN (SELECT k.enterprise FROM cases k \
                JOIN shared_documents s ON s.document_id = k.document_id WHERE ", lies_in!("s.region", "$5"), ") \
              AND e.enterprise_key NOT IN (SELECT w.enterprise FROM visits w \
                JOIN document_authors a ON a.document_id = w.document_id WHERE a.user_id = $6)) l");
    /// Of what is told to an audience behind a position, what was told of the same before it: only the last word is of any use.
    FORGET_BEFORE = "DELETE FROM feed WHERE audience = $1 AND position <= $2 AND (\
        (entry IN ('grant', 'revoke') AND document_id IN (SELECT n.document_id FROM feed n \
          WHERE n.audience = $1 AND n.position > $2 AND n.entry IN ('grant', 'revoke'))) \
        OR (entry IN ('reference', 'index') AND subject IN (SELECT n.subject FROM feed n \
          WHERE n.audience = $1 AND n.position > $2 AND n.entry = 'reference')))";
}

/// Of the epoch's name, which is drawn by chance, so much names the series of its sheet numbers.
const SERIES_CHARS: usize = 8;

bulk! {
    /// Older versions of records and rows of the index that are all newly told to one audience. The sign keeps the position
    /// out of the choice of an index: it says next to nothing.
    FORGET_ALL_OLDER = ("DELETE FROM feed WHERE audience = $1 AND +position < $2 AND entry IN ('reference', 'index') \
        AND subject IN (", 2, 1, ")");
    /// Appends rows.
    INSERT = ("INSERT INTO feed (position, audience, entry, document_id, subject, version, payload, appended_at) VALUES", 0, 8, "");
}

/// For whom a row of the feed is; compared when it is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Every device.
    Everyone,
    /// Devices of an organisation.
    Organisation(OrganisationId),
    /// Devices of everybody on a team's roster.
    Team(TeamId),
    /// Devices of one person.
    User(UserId),
    /// One device.
    Device(DeviceId),
    /// Devices of enforcement (现场执法监管人员) whose jurisdiction covers a region.
    Region(Region),
}

impl Audience {
    /// Who holds a task: its team, or everybody of the body while no team has it yet.
    pub fn of_task(team: Option<TeamId>, body: Option<OrganisationId>) -> Option<Self> {
        team.map(Self::Team).or(body.map(Self::Organisation))
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('/').unwrap_or((text, ""));
        match kind {
            "all" => Some(Self::Everyone),
            "organisation" => id.parse().ok().map(Self::Organisation),
            "team" => id.parse().ok().map(Self::Team),
            "user" => id.parse().ok().map(Self::User),
            "device" => id.parse().ok().map(Self::Device),
            "region" => id.parse().ok().map(Self::Region),
            _ => None,
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("all"),
            Self::Organisation(id) => write!(f, "organisation/{id}"),
            Self::Team(id) => write!(f, "team/{id}"),
            Self::User(id) => write!(f, "user/{id}"),
            Self::Device(id) => write!(f, "device/{id}"),
            Self::Region(code) => write!(f, "region/{code}"),
        }
    }
}

/// A row to append.
#[derive(Clone, Debug)]
pub struct NewRow {
    audience: Audience,
    entry: &'static str,
    document: Option<DocumentId>,
    subject: Option<String>,
    version: Option<i64>,
    payload: Option<String>,
}

impl NewRow {
    fn of(audience: Audience, entry: &'static str) -> Self {
        Self {
            audience,
            entry,
            document: None,
            subject: None,
            version: None,
            payload: None,
        }
    }

    /// Changes of a document were accepted; the changes name the position themselves.
    pub fn changes(audience: Audience, document: DocumentId) -> Self {
        Self {
            document: Some(document),
            ..Self::of(audience, "changes")
        }
    }

    /// A document is newly in somebody's scope: it comes whole.
    pub fn grant(audience: Audience, document: DocumentId) -> Self {
        Self {
            document: Some(document),
            ..Self::of(audience, "grant")
        }
    }

    /// A document is no longer in somebody's scope.
    pub fn revoke(audience: Audience, document: DocumentId) -> Self {
        Self {
            document: Some(document),
            ..Self::of(audience, "revoke")
        }
    }

    /// The status of a device's change is another one now.
    pub fn status(
        device: DeviceId,
        document: DocumentId,
        hash: ChangeHash,
        status: &ChangeStatus,
    ) -> Result<Self> {
        Ok(Self {
            document: Some(document),
            subject: Some(hash.to_string()),
            payload: Some(to_json("status", status)?),
            ..Self::of(Audience::Device(device), "status")
        })
    }

    /// A version of a ruling; its notice is made when it is read.
    pub fn ruling(audience: Audience, document: DocumentId, ruling: RulingId) -> Self {
        Self {
            document: Some(document),
            subject: Some(ruling.to_string()),
            ..Self::of(audience, "ruling")
        }
    }

    /// A certificate was renewed.
    pub fn certificate(
        audience: Audience,
        certificate: &Signed<CertificatePayload>,
    ) -> Result<Self> {
        Ok(Self {
            payload: Some(to_json("certificate", certificate)?),
            ..Self::of(audience, "certificate")
        })
    }

    /// A device's key was revoked.
    pub fn device_revoked(device: DeviceId, revoked_at: Millis) -> Self {
        Self {
            subject: Some(device.to_string()),
            version: Some(revoked_at),
            ..Self::of(Audience::Everyone, "device_revoked")
        }
    }

    /// A part of the duplicate index; `row` where it is the newest word on that row alone.
    pub fn index(audience: Audience, row: Option<&str>, page: &IndexPage) -> Result<Self> {
        Ok(Self {
            subject: row.map(|row| format!("index/{row}")),
            payload: Some(to_json("index", page)?),
            ..Self::of(audience, "index")
        })
    }

    /// A record of reference data in its current version, or its removal.
    pub fn reference(
        audience: Audience,
        kind: &str,
        id: &str,
        version: i64,
        record: Option<&serde_json::Value>,
    ) -> Self {
        Self {
            subject: Some(format!("{kind}/{id}")),
            version: Some(version),
            payload: record.map(serde_json::Value::to_string),
            ..Self::of(audience, "reference")
        }
    }
}

impl NewRow {
    /// What becomes of a case of a visit; `record` where phones keep it.
    pub fn case(
        audience: Audience,
        visit: DocumentId,
        subject: uuid::Uuid,
        version: i64,
        record: Option<&serde_json::Value>,
    ) -> Self {
        Self {
            document: Some(visit),
            ..Self::reference(
                audience,
                CASE_PROGRESS,
                &format!("{visit}/{subject}"),
                version,
                record,
            )
        }
    }

    /// What the authority decided on a piece of evidence of a document; the newest decision alone.
    pub fn evidence_review(audience: Audience, review: &EvidenceReview) -> Result<Self> {
        Ok(Self {
            document: Some(review.document_id),
            subject: Some(format!("{EVIDENCE_REVIEW}/{}", review.record_id())),
            version: Some(review.version),
            payload: Some(to_json("evidence_review", review)?),
            ..Self::of(audience, "reference")
        })
    }

    /// A receipt for a piece of evidence of a document: it comes as a record of reference data does, the newest one alone.
    /// It is signed when it is read.
    pub fn evidence_receipt(audience: Audience, receipt: &EvidenceReceiptPayload) -> Result<Self> {
        Ok(Self {
            document: Some(receipt.document_id),
            subject: Some(format!("{EVIDENCE_RECEIPT}/{}", receipt.record_id())),
            version: Some(receipt.verified_at_ms),
            payload: Some(to_json("evidence_receipt", receipt)?),
            ..Self::of(audience, "reference")
        })
    }
}

fn to_json(name: &'static str, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Column {
        name,
        wanted: "plain data",
    })
}

/// Appends rows and returns the position of the first. Call it last in a transaction: it holds the counter.
pub async fn append(tx: &mut Tx, rows: &[NewRow], now: Millis) -> Result<i64> {
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let last: i64 = tx
        .one(&TAKE_POSITIONS, args![count])
        .await?
        .get("position")?;
    let first = last - count + 1;
    let placed = || (first..).zip(rows);
    let columns = placed().map(|(position, row)| {
        args![
            position,
            row.audience.to_string(),
            row.entry,
            row.document,
            row.subject.clone(),
            row.version,
            row.payload.clone(),
            now
        ]
    });
    tx.exec_rows(&INSERT, columns.collect()).await?;
    let mut told: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (position, row) in placed() {
        let audience = row.audience.to_string();
        if let ("reference" | "index", Some(subject)) = (row.entry, &row.subject) {
            if told
                .get(&audience)
                .is_some_and(|it| it.contains(subject.as_str()))
            {
                // Told twice at once: the first of the two is an older one already.
                tx.exec(&FORGET_OLDER, args![subject, &audience, position])
                    .await?;
            } else {
                told.entry(audience.clone()).or_default().insert(subject);
            }
        }
        if let ("grant" | "revoke", Some(document)) = (row.entry, row.document) {
            tx.exec(&FORGET_SCOPE, args![document, &audience, position])
                .await?;
        }
    }
    for (audience, subjects) in told {
        let subjects = subjects.into_iter().map(Value::from);
        tx.exec_of(&FORGET_ALL_OLDER, args![audience, first], subjects)
            .await?;
    }
    Ok(first)
}

/// Takes the counter before the positions are needed: what is read after it is all that has a position by now, and all
/// that gets one later comes behind it.
async fn hold_counter(tx: &mut Tx) -> Result<()> {
    tx.one(&TAKE_POSITIONS, args![0_i64]).await.map(drop)
}

/// Appends one record of reference data for an audience; `record` is none when it is gone or no longer in scope. Call it
/// last in a transaction.
pub async fn append_reference(
    tx: &mut Tx,
    kind: &str,
    id: &str,
    version: i64,
    audience: Audience,
    record: Option<&serde_json::Value>,
    now: Millis,
) -> Result<()> {
    append(
        tx,
        &[NewRow::reference(audience, kind, id, version, record)],
        now,
    )
    .await
    .map(drop)
}

/// Everybody to whom a record of reference data was ever sent: whoever takes it back tells all of them.
pub async fn list_told(db: &mut Session, kind: &str, id: &str) -> Result<Vec<Audience>> {
    let rows = db.all(&LIST_TOLD, args![format!("{kind}/{id}")]).await?;
    let told = rows.iter().map(|row| {
        let text: String = row.get("audience")?;
        Audience::parse(&text).ok_or(StoreError::Column {
            name: "audience",
            wanted: "what the feed appends",
        })
    });
    told.collect()
}

/// A person was put on a roster: they are fed with the team from now on, and what lies behind their cursor is granted.
/// Call it whenever a roster changed, last in the transaction.
pub async fn join_team(tx: &mut Tx, user: UserId, team: TeamId, now: Millis) -> Result<()> {
    let mut rows = Vec::new();
    hold_counter(tx).await?;
    for row in tx.all(&LIST_TEAM_DOCUMENTS, args![team, user]).await? {
        rows.push(NewRow::grant(Audience::User(user), row.get("document_id")?));
    }
    if !rows.is_empty() {
        append(tx, &rows, now).await?;
    }
    Ok(())
}

/// A person was taken off a roster: what others wrote is revoked, what they wrote in themselves stays theirs to read.
pub async fn leave_team(tx: &mut Tx, user: UserId, team: TeamId, now: Millis) -> Result<()> {
    let mut rows = Vec::new();
    hold_counter(tx).await?;
    for row in tx.all(&LIST_TEAM_DOCUMENTS, args![team, user]).await? {
        if row.get::<Option<UserId>>("author")?.is_none() {
            rows.push(NewRow::revoke(
                Audience::User(user),
                row.get("document_id")?,
            ));
        }
    }
    if !rows.is_empty() {
        append(tx, &rows, now).await?;
    }
    Ok(())
}

/// Where somebody enforces, as the feed serves them: prefixes of regions (GB/T 2260), none of them for who is no enforcement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(pub BTreeSet<String>);

impl Reach {
    /// As `lies_in!` reads it: each prefix between commas; the whole country is the empty one.
    fn text(&self) -> String {
        let prefixes = Vec::from_iter(self.0.iter().map(String::as_str)).join(",");
        match self.0.is_empty() {
            true => String::new(),
            false => format!(",{prefixes},"),
        }
    }
}

/// Somebody enforces elsewhere now, or no longer, or newly: what stands where they came lies behind their cursor and is
/// granted, what stands where they left is revoked, but for what they wrote in. Call it last in the transaction, when their
/// role and regions are what they are to be.
pub async fn change_reach(
    tx: &mut Tx,
    user: UserId,
    before: &Reach,
    after: &Reach,
    now: Millis,
) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let audience = Audience::User(user).to_string();
    let begin: i64 = tx
        .one(&TAKE_POSITIONS, args![0_i64])
        .await?
        .get("position")?;
    let mut end = begin;
    let gained = args![end, &audience, now, after.text(), before.text()];
    let granted = tx.exec(&GRANT_REACHED, gained).await?;
    end += i64::try_from(granted).unwrap_or(i64::MAX);
    let lost = args![end, &audience, now, before.text(), after.text(), user];
    let revoked = tx.exec(&REVOKE_LEFT, lost).await?;
    end += i64::try_from(revoked).unwrap_or(i64::MAX);
    if end > begin {
        tx.one(&TAKE_POSITIONS, args![end - begin]).await?;
        tx.exec(&FORGET_BEFORE, args![audience, begin]).await?;
    }
    Ok(())
}

/// Who reads the feed.
#[derive(Clone, Copy, Debug)]
pub struct ReaderScope {
    /// The person.
    pub user: UserId,
    /// Their device.
    pub device: DeviceId,
    /// Their organisation.
    pub organisation: OrganisationId,
    /// Whether they are enforcement, and so see the cases of their regions.
    pub enforces: bool,
}

/// A row as read.
#[derive(Clone, Debug)]
pub struct FeedRow {
    /// Its place.
    pub position: i64,
    /// `changes`, `grant`, …
    pub entry: String,
    /// Its document.
    pub document: Option<DocumentId>,
    /// See the table.
    pub subject: Option<String>,
    /// Of the record.
    pub version: Option<i64>,
    /// JSON.
    pub payload: Option<String>,
}

impl FeedRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            position: row.get("position")?,
            entry: row.get("entry")?,
            document: row.get("document_id")?,
            subject: row.get("subject")?,
            version: row.get("version")?,
            payload: row.get("payload")?,
        })
    }
}

/// Rows after `after` up to and including `until` that this reader may see, in order.
pub async fn list(
    db: &mut Session,
    scope: &ReaderScope,
    after: i64,
    until: i64,
    rows_max: i64,
) -> Result<Vec<FeedRow>> {
    let rows = db
        .all(
            &LIST,
            args![
                after,
                until,
                Audience::User(scope.user).to_string(),
                Audience::Device(scope.device).to_string(),
                Audience::Organisation(scope.organisation).to_string(),
                scope.user,
                rows_max,
                scope.enforces
            ],
        )
        .await?;
    rows.iter().map(FeedRow::from_row).collect()
}

/// Where the feed ends, as this snapshot sees it: everything up to there is committed.
pub async fn last_position(db: &mut Session) -> Result<i64> {
    db.one(&LAST_POSITION, args![]).await?.get("position")
}

/// Whether a cursor was given by this database or by one that it continues: its epoch is of its own past, and everything
/// that its holder was told of lies before that epoch's end here. Otherwise the database is an older copy of the one that
/// gave it, however far it has gone on since.
pub async fn continues(db: &mut Session, epoch: &str, reach: i64) -> Result<bool> {
    let Some(row) = db.optional(&FIND_EPOCH, args![epoch]).await? else {
        return Ok(false);
    };
    let number: i64 = row.get("number")?;
    // What the backup did not hold may lie behind no position at all: what was quarantined, leases, certificates.
    if number < db.one(&LAST_RESTORED, args![]).await?.get("number")? {
        return Ok(false);
    }
    let end = match db.optional(&EPOCH_END, args![number]).await? {
        Some(row) => row.get("began_position")?,
        None => last_position(db).await?,
    };
    Ok((0..=end).contains(&reach))
}

/// The epoch that stands; none before the first start.
pub async fn find_epoch(db: &mut Session) -> Result<Option<String>> {
    db.optional(&EPOCH, args![])
        .await?
        .map(|row| row.get("epoch"))
        .transpose()
}

/// What an epoch begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// A server starts.
    Started,
    /// A backup was restored.
    Restored,
}

/// The series of the sheet numbers that this epoch gives: of the first one it has no name.
pub async fn series(db: &mut Session) -> Result<String> {
    let Some(row) = db.optional(&EPOCH, args![]).await? else {
        return Ok(String::new());
    };
    let (epoch, number): (String, i64) = (row.get("epoch")?, row.get("number")?);
    Ok(match number {
        1 => String::new(),
        _ => epoch
            .chars()
            .take(SERIES_CHARS)
            .collect::<String>()
            .to_uppercase(),
    })
}

/// Begins a new epoch, with every start of a server and with every restore: whether its database is the one of the last
/// start or an older copy of it cannot be told from inside. What counts on goes on somewhere else, by
/// chance, so that what an older copy gives never has the number of what the one that it was copied from has given.
pub async fn begin_epoch(
    tx: &mut Tx,
    begun: Begun,
    chance: [u8; 8],
    now: Millis,
) -> Result<String> {
    let (past, last): (String, i64) = match tx.optional(&EPOCH, args![]).await? {
        Some(row) => (row.get("epoch")?, row.get("number")?),
        None => (String::new(), 0),
    };
    // Named by its past as well: two that begin by the same chance on databases that have parted are still two.
    let hash = labelled_hash("epoch", &[&chance, past.as_bytes()].concat());
    let (name, rest) = hash.split_at(8);
    let epoch = hex::encode(name);
    let skip = rest[..4]
        .iter()
        .fold(0, |number, byte| number << 8 | i64::from(*byte));
    if last > 0 {
        counters::skip(tx, counters::CERTIFICATE, skip).await?;
    }
    // Whoever gives positions now waits, so that none beyond this one was given in the epoch before.
    let position: i64 = tx
        .one(&TAKE_POSITIONS, args![0_i64])
        .await?
        .get("position")?;
    let restored_at = (begun == Begun::Restored).then_some(now);
    tx.exec(
        &INSERT_EPOCH,
        args![&epoch, last + 1, now, position, restored_at],
    )
    .await?;
    Ok(epoch)
}
