//! Product rules: each change is a new version; the old ones stay.

use sync_core::model::{OrganisationId, ProductRuleId};

use super::{Change, Work, authority, name, optional};
use crate::problem::Problem;
use crate::services::ruling;
use crate::store::reference::product_rules::{self, ProductRule};
use crate::store::reference::teams;

/// What a product rule is to say. Quantities are thousandths of the unit.
pub struct NewProductRule {
    /// Who makes it.
    pub authority: OrganisationId,
    /// Product kind in words.
    pub product_name: String,
    /// Codes with their years.
    pub standards: Vec<String>,
    /// Of the quantities.
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
}

/// Makes a version, unless the newest one says the same.
pub async fn put(
    work: &mut Work<'_>,
    new: NewProductRule,
) -> Result<(ProductRule, Change), Problem> {
    authority(&mut work.tx, work.caller, new.authority).await?;
    if new.standards.is_empty() {
        return Err(Problem::value("standards", "is empty"));
    }
    if new.test_qty_milli < 1 {
        return Err(Problem::value("test_qty", "is not more than 0"));
    }
    if new.spare_qty_milli < 0 {
        return Err(Problem::value("spare_qty", "is less than 0"));
    }
    let drawn = new.test_qty_milli.saturating_add(new.spare_qty_milli);
    if new.min_base_milli < drawn {
        return Err(Problem::value("min_base", "is less than what is drawn"));
    }
    let product_name = name("product_name", &new.product_name)?;
    let kind = sync_core::model::normalise_text(&product_name);
    let newest = product_rules::find_newest(&mut work.tx, new.authority, &kind).await?;
    let row = ProductRule {
        product_rule_id: ProductRuleId(work.app.new_uuid()),
        authority_id: new.authority,
        product_name,
        product_kind: kind,
        version: newest.as_ref().map_or(1, |newest| newest.version + 1),
        standards: new.standards,
        unit: name("unit", &new.unit)?,
        min_base_milli: new.min_base_milli,
        test_qty_milli: new.test_qty_milli,
        spare_qty_milli: new.spare_qty_milli,
        method: optional("method", new.method.as_deref())?,
        items: new.items,
        created_at_ms: work.now,
    };
    let change = match newest {
        Some(newest) => {
            let same = ProductRule {
                product_rule_id: newest.product_rule_id,
                version: newest.version,
                created_at_ms: newest.created_at_ms,
                ..row.clone()
            };
            if same == newest {
                return Ok((newest, Change::Unchanged));
            }
            Change::Updated
        }
        None => Change::Created,
    };
    product_rules::insert(&mut work.tx, &row).await?;
    if change == Change::Created {
        // What was drawn before is held to the first version; a later one binds from now on.
        let of = (row.authority_id, row.product_kind.as_str());
        let drawn = product_rules::list_documents(&mut work.tx, of.0, of.1).await?;
        ruling::mark_documents(&mut work.tx, &drawn, work.now).await?;
    }
    let audiences = teams::list_of_product(&mut work.tx, &row.product_kind).await?;
    work.publish("product_rule", row.product_rule_id, audiences, Some(&row))
        .await?;
    let detail = serde_json::json!({ "version": row.version });
    work.audit(
        "product_rule.put",
        format!("product_rule:{}", row.product_rule_id),
        detail,
    )
    .await?;
    Ok((row, change))
}
