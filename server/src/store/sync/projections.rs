//! What is projected from documents: rows for lists, facts for rules, members of scopes.

use sync_core::model::DocumentId;
use sync_core::rules::ScopeKey;

use crate::args;
use crate::store::{Result, Session, StoreError, Tx, statements};

statements! {
    /// Scopes of which anything of a document is a member.
    LIST_SCOPES_OF_DOCUMENT = "SELECT DISTINCT scope, key FROM scope_members WHERE document_id = $1 ORDER BY scope";
    /// Scopes of which one member (a visit, an entry, a sample) is a member.
    LIST_SCOPES_OF_MEMBER = "SELECT DISTINCT scope, key FROM scope_members WHERE member_id = $1 ORDER BY scope";
    /// Members of a scope.
    LIST_MEMBERS = "SELECT kind, member_id, document_id FROM scope_members WHERE scope = $1 ORDER BY kind, member_id, document_id";
    /// Out with the old.
    DELETE_MEMBERS = "DELETE FROM scope_members WHERE document_id = $1";
    /// Out with the old of one member.
    DELETE_MEMBER = "DELETE FROM scope_members WHERE member_id = $1 AND document_id = $2";
    /// In with the new.
    INSERT_MEMBER = "INSERT INTO scope_members (scope, kind, member_id, document_id, key) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    /// Documents in which a task's sheets are.
    LIST_DOCUMENTS_OF_TASK = "SELECT DISTINCT document_id FROM samples WHERE task_id = $1 ORDER BY document_id";
    /// Visits of a body.
    LIST_DOCUMENTS_OF_BODY = "SELECT document_id FROM visits WHERE body_id = $1 ORDER BY document_id";
    /// Visits at an enterprise after aliases.
    LIST_DOCUMENTS_OF_ENTERPRISE = "SELECT document_id FROM visits WHERE enterprise = $1 ORDER BY document_id";
    /// Every scope that was ever put together.
    LIST_ALL_SCOPES = "SELECT DISTINCT scope, key FROM scope_members ORDER BY scope";
}

/// What is a member of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberKind {
    /// A visit, by its document.
    Visit,
    /// An entry.
    Entry,
    /// A sample or a prior sampling.
    Sample,
}

impl MemberKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Entry => "entry",
            Self::Sample => "sample",
        }
    }
}

fn read_key(text: &str) -> Result<ScopeKey> {
    serde_json::from_str(text).map_err(|_| StoreError::Column {
        name: "key",
        wanted: "a scope key",
    })
}

async fn keys(
    db: &mut Session,
    statement: &crate::store::Statement,
    args: Vec<crate::store::Value>,
) -> Result<Vec<ScopeKey>> {
    let rows = db.all(statement, args).await?;
    rows.iter()
        .map(|row| read_key(&row.get::<String>("key")?))
        .collect()
}

/// Scopes of which anything of a document is a member.
pub async fn list_scopes_of_document(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<ScopeKey>> {
    keys(db, &LIST_SCOPES_OF_DOCUMENT, args![document]).await
}

/// Scopes of which one member is a member.
pub async fn list_scopes_of_member(db: &mut Session, member: &str) -> Result<Vec<ScopeKey>> {
    keys(db, &LIST_SCOPES_OF_MEMBER, args![member]).await
}

/// Every scope there is.
pub async fn list_all_scopes(db: &mut Session) -> Result<Vec<ScopeKey>> {
    keys(db, &LIST_ALL_SCOPES, args![]).await
}

/// Replaces the memberships of everything in a document.
pub async fn replace_members(
    tx: &mut Tx,
    document: DocumentId,
    members: &[(MemberKind, String, ScopeKey)],
) -> Result<()> {
    tx.exec(&DELETE_MEMBERS, args![document]).await?;
    for (kind, member, key) in members {
        insert_member(tx, document.0.as_slice(), *kind, member, key).await?;
    }
    Ok(())
}

/// Replaces the memberships of one member without a document: a prior sampling.
pub async fn replace_prior_member(tx: &mut Tx, sample: &str, keys: &[ScopeKey]) -> Result<()> {
    tx.exec(&DELETE_MEMBER, args![sample, Vec::new()]).await?;
    for key in keys {
        insert_member(tx, &[], MemberKind::Sample, sample, key).await?;
    }
    Ok(())
}

async fn insert_member(
    tx: &mut Tx,
    document: &[u8],
    kind: MemberKind,
    member: &str,
    key: &ScopeKey,
) -> Result<()> {
    let json = serde_json::to_string(key).map_err(|_| StoreError::Column {
        name: "key",
        wanted: "a scope key",
    })?;
    tx.exec(
        &INSERT_MEMBER,
        args![key.to_string(), kind.as_str(), member, document, json],
    )
    .await
    .map(drop)
}

/// Documents that a task, a body or an enterprise concerns.
pub async fn list_documents_of_task(db: &mut Session, task: &str) -> Result<Vec<DocumentId>> {
    documents(db, &LIST_DOCUMENTS_OF_TASK, task).await
}

/// Visits of a body.
pub async fn list_documents_of_body(db: &mut Session, body: &str) -> Result<Vec<DocumentId>> {
    documents(db, &LIST_DOCUMENTS_OF_BODY, body).await
}

/// Visits at an enterprise after aliases.
pub async fn list_documents_of_enterprise(
    db: &mut Session,
    enterprise: &str,
) -> Result<Vec<DocumentId>> {
    documents(db, &LIST_DOCUMENTS_OF_ENTERPRISE, enterprise).await
}

async fn documents(
    db: &mut Session,
    statement: &crate::store::Statement,
    key: &str,
) -> Result<Vec<DocumentId>> {
    let rows = db.all(statement, args![key]).await?;
    // Prior samplings have no document.
    Ok(rows
        .iter()
        .filter_map(|row| row.get("document_id").ok())
        .collect())
}
