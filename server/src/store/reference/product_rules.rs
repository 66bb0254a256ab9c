//! Product rules (实施细则), versioned: what and how much to draw, by which standards.

use serde::Serialize;
use sync_core::model::{DocumentId, Millis, OrganisationId, ProductRuleId};
use utoipa::ToSchema;

use super::{json, to_json};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Adds a version.
    INSERT = "INSERT INTO product_rules (product_rule_id, authority_id, product_name, product_kind, version, standards, \
        unit, min_base_milli, test_qty_milli, spare_qty_milli, method, items, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// The newest of an authority for a kind of product.
    FIND_NEWEST = "SELECT * FROM product_rules WHERE authority_id = $1 AND product_kind = $2 ORDER BY version DESC LIMIT 1";
    /// Since when an authority's versions for a kind of product bind, and the least base of each, the oldest first.
    LIST_BASES = "SELECT created_at, version, min_base_milli FROM product_rules WHERE authority_id = $1 AND product_kind = $2 \
        ORDER BY created_at, version";
    /// Visits with sheets of an authority's tasks for a kind of product.
    LIST_DOCUMENTS = "SELECT DISTINCT s.document_id FROM tasks t JOIN samples s ON s.task_id = t.task_id \
        WHERE t.authority_id = $1 AND t.product_kind = $2 ORDER BY s.document_id";
    /// All versions for a kind of product, the newest first.
    LIST_OF_PRODUCT = "SELECT * FROM product_rules WHERE product_kind = $1 ORDER BY version DESC, product_rule_id";
    /// One version.
    FIND = "SELECT * FROM product_rules WHERE product_rule_id = $1";
    /// A page: they are public.
    LIST = "SELECT * FROM product_rules WHERE product_rule_id > $1 ORDER BY product_rule_id LIMIT $2";
}

/// One version of a product rule. Quantities are thousandths of the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductRule {
    /// Its id.
    #[schema(value_type = String)]
    pub product_rule_id: ProductRuleId,
    /// Who made it.
    #[schema(value_type = String)]
    pub authority_id: OrganisationId,
    /// Product kind in words.
    pub product_name: String,
    /// The same, normalised.
    pub product_kind: String,
    /// 1, 2, …
    pub version: i64,
    /// Codes with their years.
    pub standards: Vec<String>,
    /// Of all quantities here.
    pub unit: String,
    /// 抽样基数.
    pub min_base_milli: i64,
    /// 检验样品量.
    pub test_qty_milli: i64,
    /// 备用样品量.
    pub spare_qty_milli: i64,
    /// How to draw.
    pub method: Option<String>,
    /// What to test.
    pub items: Vec<String>,
    /// Since when, milliseconds.
    pub created_at_ms: Millis,
}

fn product_rule(row: &Row) -> Result<ProductRule> {
    Ok(ProductRule {
        product_rule_id: row.get("product_rule_id")?,
        authority_id: row.get("authority_id")?,
        product_name: row.get("product_name")?,
        product_kind: row.get("product_kind")?,
        version: row.get("version")?,
        standards: json(row, "standards")?,
        unit: row.get("unit")?,
        min_base_milli: row.get("min_base_milli")?,
        test_qty_milli: row.get("test_qty_milli")?,
        spare_qty_milli: row.get("spare_qty_milli")?,
        method: row.get("method")?,
        items: json(row, "items")?,
        created_at_ms: row.get("created_at")?,
    })
}

/// Adds a version.
pub async fn insert(tx: &mut Tx, row: &ProductRule) -> Result<()> {
    let args = args![
        row.product_rule_id,
        row.authority_id,
        &row.product_name,
        &row.product_kind,
        row.version,
        to_json(&row.standards),
        &row.unit,
        row.min_base_milli,
        row.test_qty_milli,
        row.spare_qty_milli,
        row.method.clone(),
        to_json(&row.items),
        row.created_at_ms,
    ];
    tx.exec(&INSERT, args).await.map(drop)
}

/// One version.
pub async fn find(db: &mut Session, id: ProductRuleId) -> Result<Option<ProductRule>> {
    let row = db.optional(&FIND, args![id]).await?;
    row.as_ref().map(product_rule).transpose()
}

/// The newest of an authority for a kind of product.
pub async fn find_newest(
    db: &mut Session,
    authority: OrganisationId,
    kind: &str,
) -> Result<Option<ProductRule>> {
    let row = db.optional(&FIND_NEWEST, args![authority, kind]).await?;
    row.as_ref().map(product_rule).transpose()
}

/// Since when each version of an authority for a kind of product binds, and its least base, the oldest first.
pub async fn list_bases(
    db: &mut Session,
    authority: OrganisationId,
    kind: &str,
) -> Result<Vec<(Millis, i64)>> {
    let rows = db.all(&LIST_BASES, args![authority, kind]).await?;
    let read = |row: &Row| Ok((row.get("created_at")?, row.get("min_base_milli")?));
    rows.iter().map(read).collect()
}

/// Visits with sheets of an authority's tasks for a kind of product.
pub async fn list_documents(
    db: &mut Session,
    authority: OrganisationId,
    kind: &str,
) -> Result<Vec<DocumentId>> {
    let rows = db.all(&LIST_DOCUMENTS, args![authority, kind]).await?;
    rows.iter().map(|row| row.get("document_id")).collect()
}

/// All versions for a kind of product.
pub async fn list_of_product(db: &mut Session, kind: &str) -> Result<Vec<ProductRule>> {
    db.all(&LIST_OF_PRODUCT, args![kind])
        .await?
        .iter()
        .map(product_rule)
        .collect()
}

/// A page.
pub async fn list(db: &mut Session, after: &str, limit: u32) -> Result<Vec<ProductRule>> {
    db.all(&LIST, args![after, limit])
        .await?
        .iter()
        .map(product_rule)
        .collect()
}
