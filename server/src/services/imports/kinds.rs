//! What can be imported: the columns of each kind, and how a row becomes a record. Organisations are named by code or by
//! name, campaigns by number, enterprises by code.

use serde::Deserialize;
use sync_core::model::{CampaignId, EnterpriseId, EnterpriseKey, OrganisationId, normalise_text};
use utoipa::ToSchema;

use super::spelling;
use super::table::{Cells, Column};
use crate::problem::Problem;
use crate::services::reference::{
    Change, Work, campaigns, enterprises, prior_samplings, product_rules, tasks,
};
use crate::store::access::organisations;
use crate::store::reference as store;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 企业
    Enterprises,
    /// 抽查计划
    Campaigns,
    /// 抽查任务
    Tasks,
    /// 实施细则
    ProductRules,
    /// 既往抽样
    PriorSamplings,
}

const fn column(name: &'static str, zh: &'static str) -> Column {
    Column {
        name,
        zh,
        required: false,
    }
}
const fn required(name: &'static str, zh: &'static str) -> Column {
    Column {
        name,
        zh,
        required: true,
    }
}

impl Kind {
    /// The one of a word of the address.
    pub fn of(word: &str) -> Option<Self> {
        let all = <Self as clap::ValueEnum>::value_variants().iter();
        all.copied().find(|kind| kind.as_str() == word)
    }

    /// As it stands in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enterprises => "enterprises",
            Self::Campaigns => "campaigns",
            Self::Tasks => "tasks",
            Self::ProductRules => "product-rules",
            Self::PriorSamplings => "prior-samplings",
        }
    }

    /// What the columns of such a file are called: in English, in Chinese, and whether it must have them.
    pub fn headings(self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let columns = self.columns().iter();
        columns.map(|column| (column.name, column.zh, column.required))
    }

    /// The columns of such a file.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Enterprises => {
                const {
                    &[
                        column("uscc", "统一社会信用代码"),
                        required("name", "企业名称"),
                        column("address", "地址"),
                        required("region", "行政区划"),
                        column("legal_representative", "法定代表人"),
                        column("sites", "厂区"),
                    ]
                }
            }
            Self::Campaigns => {
                const {
                    &[
                        required("authority", "组织抽查部门"),
                        required("code", "计划编号"),
                        required("name", "计划名称"),
                    ]
                }
            }
            Self::Tasks => {
                const {
                    &[
                        required("authority", "组织抽查部门"),
                        required("campaign", "计划编号"),
                        required("code", "任务编号"),
                        required("product_name", "产品名称"),
                        required("sampling_kind", "任务类别"),
                        column("plan_no", "计划文号"),
                        required("quota_batches", "批次数"),
                        column("regions", "行政区划"),
                        column("enterprises", "企业代码"),
                        column("due_on", "截止日期"),
                    ]
                }
            }
            Self::ProductRules => {
                const {
                    &[
                        required("authority", "组织抽查部门"),
                        required("product_name", "产品名称"),
                        required("standards", "执行标准"),
                        required("unit", "单位"),
                        required("min_base", "抽样基数"),
                        required("test_qty", "检验样品量"),
                        required("spare_qty", "备用样品量"),
                        column("method", "抽样方法"),
                        column("items", "检验项目"),
                    ]
                }
            }
            Self::PriorSamplings => {
                const {
                    &[
                        required("source", "来源"),
                        required("confidence", "可信程度"),
                        column("authority", "组织抽查部门"),
                        column("sheet_no", "抽样单编号"),
                        required("sampled_on", "抽样日期"),
                        required("sampling_kind", "任务类别"),
                        column("channel", "抽查环节"),
                        column("enterprise_uscc", "受检单位代码"),
                        column("region", "行政区划"),
                        column("product_name", "产品名称"),
                        column("producer_uscc", "生产者代码"),
                        column("producer_name", "生产者"),
                        column("standards", "执行标准"),
                        column("trademark", "商标"),
                        column("spec_model", "规格型号"),
                        column("lot_no", "批号"),
                    ]
                }
            }
        }
    }
}

/// Puts one row.
pub(super) async fn put(work: &mut Work<'_>, kind: Kind, row: &Cells) -> Result<Change, Problem> {
    match kind {
        Kind::Enterprises => {
            let new = enterprises::NewEnterprise {
                uscc: row.optional("uscc"),
                name: row.text("name"),
                address: row.optional("address"),
                region: row.text("region"),
                legal_representative: row.optional("legal_representative"),
                sites: row.list("sites"),
            };
            Ok(enterprises::put(work, new).await?.1)
        }
        Kind::Campaigns => {
            let new = campaigns::NewCampaign {
                authority: authority(work, &row.text("authority")).await?,
                code: row.text("code"),
                name: row.text("name"),
            };
            Ok(campaigns::put(work, new).await?.1)
        }
        Kind::Tasks => {
            let new = tasks::NewTask {
                campaign: campaign(work, &row.text("authority"), &row.text("campaign")).await?,
                code: row.text("code"),
                product_name: row.text("product_name"),
                sampling_kind: spelling::sampling_kind(&row.text("sampling_kind")),
                plan_no: row.optional("plan_no"),
                quota_batches: row
                    .text("quota_batches")
                    .parse()
                    .map_err(|_| Problem::value("quota_batches", "is no whole number"))?,
                regions: row.list("regions"),
                enterprises: targets(work, &row.list("enterprises")).await?,
                due_on: match row.optional("due_on") {
                    Some(_) => Some(day(row, "due_on")?),
                    None => None,
                },
            };
            Ok(tasks::put(work, new).await?.1)
        }
        Kind::ProductRules => {
            let new = product_rules::NewProductRule {
                authority: authority(work, &row.text("authority")).await?,
                product_name: row.text("product_name"),
                standards: row.list("standards"),
                unit: row.text("unit"),
                min_base_milli: milli(row, "min_base")?,
                test_qty_milli: milli(row, "test_qty")?,
                spare_qty_milli: milli(row, "spare_qty")?,
                method: row.optional("method"),
                items: row.list("items"),
            };
            Ok(product_rules::put(work, new).await?.1)
        }
        Kind::PriorSamplings => {
            let named = row.optional("authority");
            let new = prior_samplings::NewPriorSampling {
                source: row.text("source"),
                confidence: spelling::confidence(&row.text("confidence")),
                authority: match named {
                    Some(named) => Some(authority(work, &named).await?),
                    None => None,
                },
                sheet_no: row.optional("sheet_no"),
                sampled_on: day(row, "sampled_on")?,
                sampling_kind: spelling::sampling_kind(&row.text("sampling_kind")),
                channel: row
                    .optional("channel")
                    .map_or_else(|| "production".to_owned(), |word| spelling::channel(&word)),
                enterprise_uscc: row.optional("enterprise_uscc"),
                region: row.optional("region"),
                product_name: row.optional("product_name"),
                producer_uscc: row.optional("producer_uscc"),
                producer_name: row.optional("producer_name"),
                standards: row.list("standards"),
                trademark: row.optional("trademark"),
                spec_model: row.optional("spec_model"),
                lot_no: row.optional("lot_no"),
            };
            let (_, change) = prior_samplings::put(work, new).await?;
            Ok(change)
        }
    }
}

/// What tells the record of a row from others of its file: rows on one record are checked and written together.
pub(super) fn told_of(kind: Kind, row: &Cells) -> String {
    let columns: &[&'static str] = match kind {
        Kind::Enterprises if row.text("uscc").is_empty() => &["name", "region"],
        Kind::Enterprises => &["uscc"],
        Kind::Campaigns => &["authority", "code"],
        Kind::Tasks => &["authority", "campaign", "code"],
        Kind::ProductRules => &["authority", "product_name"],
        // Without the source's number, all that is told of it.
        Kind::PriorSamplings if row.text("sheet_no").is_empty() => {
            let all = kind.columns().iter().map(|column| row.text(column.name));
            return all.collect::<Vec<_>>().join("\0");
        }
        Kind::PriorSamplings => &["source", "sheet_no"],
    };
    let texts = columns
        .iter()
        .map(|column| normalise_text(&row.text(column)));
    texts.collect::<Vec<_>>().join("\0")
}

/// Whether a second row on a record would change it again: of two such rows in one file, which is meant? Records of the
/// other kinds stay as they were first put, and say themselves what contradicts them.
pub(super) fn changes_again(kind: Kind) -> bool {
    matches!(kind, Kind::Enterprises | Kind::ProductRules)
}

/// Takes the locks that rows need together, before the first of them is put.
pub(super) async fn lock(work: &mut Work<'_>, kind: Kind, rows: &[Cells]) -> Result<(), Problem> {
    if kind != Kind::Enterprises {
        return Ok(());
    }
    let mut named = Vec::with_capacity(rows.len());
    for row in rows {
        named.push((row.optional("uscc"), row.text("name"), row.text("region")));
    }
    enterprises::lock(work, named).await
}

/// A civil day as ISO 8601 writes it.
fn day(row: &Cells, column: &'static str) -> Result<String, Problem> {
    let day = spelling::day(&row.text(column));
    let detail = "is no date such as 2025-03-01, 2025/3/1 or 2025年3月1日";
    Ok(day
        .ok_or_else(|| Problem::value(column, detail))?
        .to_string())
}

/// An authority by code or name.
async fn authority(work: &mut Work<'_>, named: &str) -> Result<OrganisationId, Problem> {
    let found = organisations::find_authority_named(&mut work.tx, named).await?;
    match found.as_slice() {
        [only] => Ok(only.organisation),
        [] => Err(Problem::value("authority", "names no authority")),
        _ => Err(Problem::value(
            "authority",
            "names more than one authority; give its code",
        )),
    }
}

async fn campaign(work: &mut Work<'_>, named: &str, code: &str) -> Result<CampaignId, Problem> {
    let authority = authority(work, named).await?;
    let found = store::campaigns::find_by_code(&mut work.tx, authority, code).await?;
    let found =
        found.ok_or_else(|| Problem::value("campaign", "is no campaign of that authority"))?;
    Ok(found.campaign_id)
}

async fn targets(work: &mut Work<'_>, codes: &[String]) -> Result<Vec<EnterpriseId>, Problem> {
    let mut targets = Vec::with_capacity(codes.len());
    for code in codes {
        let key = EnterpriseKey(format!("uscc:{code}"));
        let found = store::enterprises::find_by_key(&mut work.tx, &key).await?;
        let found =
            found.ok_or_else(|| Problem::value("enterprises", "holds one that is not known"))?;
        targets.push(found.enterprise_id);
    }
    Ok(targets)
}

/// A quantity with up to three decimals, in thousandths.
fn milli(row: &Cells, column: &'static str) -> Result<i64, Problem> {
    let text = row.text(column);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 3 {
        return Err(Problem::value(
            column,
            "is no quantity with up to three decimals",
        ));
    }
    format!("{whole}{part:0<3}")
        .parse()
        .map_err(|_| Problem::value(column, "is too large"))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn the_page_of_imports_names_the_columns_of_every_kind() {
        let page = include_str!("../../../../docs/imports.md");
        for kind in Kind::value_variants() {
            let title = format!("\n## {} · ", kind.as_str());
            let (_, section) = page.split_once(&title).expect("a section of the kind");
            let section = section.split("\n## ").next().unwrap_or_default();
            let written: Vec<(String, String)> = section
                .lines()
                .filter(|line| line.contains('`') && line.starts_with("| "))
                .filter_map(|line| {
                    let mut cells = line.trim_matches('|').split('|').map(str::trim);
                    Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
                })
                .collect();
            let expected: Vec<(String, String)> = kind
                .columns()
                .iter()
                .map(|column| {
                    let name = match column.required {
                        true => format!("**`{}`**", column.name),
                        false => format!("`{}`", column.name),
                    };
                    (name, column.zh.to_owned())
                })
                .collect();
            assert_eq!(written, expected, "{}", kind.as_str());
        }
    }
}
