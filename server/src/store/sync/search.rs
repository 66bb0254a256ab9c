//! Searching visits. A statement has only the conditions that were asked for, so that each database finds its way by those;
//! the scope of the caller is in all of them. What is read is an index that holds everything a condition asks of a visit,
//! and rows are fetched for the page alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sync_core::limits::{VISIT_NAME_SEARCHED_CHARS, VISIT_PRODUCTS_SEARCHED_CHARS};
use sync_core::model::{DocumentId, Interval, Millis, TimeFact, normalise_text};
use sync_core::rules::EntryFact;

use super::projections::from_json;
use super::visits::{VisitListRow, from_row, listed, seen, sight};
use crate::access::Principal;
use crate::args;
use crate::store::{Result, Session, Statement, Value, bulk, statements};

/// What may be asked, in the order of [`Filter::values`]; `?` is the value. `\` keeps what people type from being a pattern.
/// The last four are others of the four before: for words that many visits have, which are looked for in the order of the list
/// until the page is full; what few have is looked up and sorted.
const CONDITIONS: [&str; 18] = [
    "v.enterprise = ?",
    "v.enterprise = ?",
    "v.body_id = ?",
    "v.campaign_id = ?",
    "v.state = ?",
    "v.region LIKE ?",
    "v.name_searched LIKE ? ESCAPE '\\'",
    "v.products_searched LIKE ? ESCAPE '\\'",
    "v.document_id IN (SELECT s.document_id FROM samples s WHERE s.sheet_no = ?)",
    "CASE WHEN v.evidence_listed = 0 THEN 'none' WHEN v.evidence_here < v.evidence_listed THEN 'missing' ELSE 'complete' END = ?",
    "v.document_id IN (SELECT o.document_id FROM subject_outcomes o WHERE o.kind = 'entry' AND o.outcome = ?)",
    "v.document_id IN (SELECT o.document_id FROM subject_outcomes o WHERE o.kind = 'sample' AND o.outcome = ?)",
    "v.document_id IN (SELECT o.document_id FROM subject_outcomes o WHERE o.kind = 'refusal' AND o.outcome = ?)",
    "v.document_id IN (SELECT f.document_id FROM standing_findings f WHERE f.rule_id = ?)",
    "EXISTS (SELECT 1 FROM subject_outcomes o WHERE o.kind = 'entry' AND o.outcome = ? AND o.document_id = v.document_id)",
    "EXISTS (SELECT 1 FROM subject_outcomes o WHERE o.kind = 'sample' AND o.outcome = ? AND o.document_id = v.document_id)",
    "EXISTS (SELECT 1 FROM subject_outcomes o WHERE o.kind = 'refusal' AND o.outcome = ? AND o.document_id = v.document_id)",
    "EXISTS (SELECT 1 FROM standing_findings f WHERE f.rule_id = ? AND f.document_id = v.document_id)",
];

const HEAD: &str = concat!(
    listed!("FROM (SELECT v.document_id "),
    seen!(" AND (v.sort_at, v.document_id) < ($5, $6) AND v.sort_at >= $7 AND v.sort_at < $8")
);

/// The same the other way: what stands before a place.
const HEAD_BACK: &str = concat!(
    listed!("FROM (SELECT v.document_id "),
    seen!(" AND (v.sort_at, v.document_id) > ($5, $6) AND v.sort_at >= $7 AND v.sort_at < $8")
);

const TAIL: &str = ") l JOIN visits v ON v.document_id = l.document_id ORDER BY v.sort_at DESC, v.document_id DESC";

/// The arguments that every search has.
const FIXED: usize = 8;
/// What may be asked.
const ASKED: usize = 14;
/// The last of them are asked in one of two ways.
const IN_TWO_WAYS: usize = CONDITIONS.len() - ASKED;
/// A word that more subjects have than this is one that many visits have.
const MANY: i64 = 2_000;

statements! {
    /// Whether many subjects of a kind have an outcome: counted as far as that is told.
    COUNT_OUTCOMES = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM subject_outcomes WHERE kind = $1 AND outcome = $2 LIMIT 2001) o";
    /// Whether a rule speaks of many subjects.
    COUNT_FINDINGS = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM standing_findings WHERE rule_id = $1 LIMIT 2001) f";
}

bulk! {
    /// The entries of visits, earliest first.
    LIST_ENTRIES = ("SELECT document_id, fact FROM entries WHERE document_id IN (", 0, 1, ") ORDER BY entered_at");
    /// The sheets of visits.
    LIST_SHEETS = ("SELECT document_id, sheet_no, product_name FROM samples WHERE document_id IN (", 0, 1, ") ORDER BY sample_id");
    /// What stands on the subjects of visits.
    LIST_OUTCOMES = ("SELECT document_id, kind, outcome FROM subject_outcomes WHERE document_id IN (", 0, 1, ") ORDER BY subject");
    /// Which rules speak in visits.
    LIST_RULES = ("SELECT DISTINCT document_id, rule_id FROM standing_findings WHERE document_id IN (", 0, 1, ") ORDER BY rule_id");
}

/// Which visits of those that a caller sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Key after aliases.
    pub enterprise: Option<String>,
    /// 统一社会信用代码
    pub uscc: Option<String>,
    /// Body.
    pub body: Option<String>,
    /// Campaign.
    pub campaign: Option<String>,
    /// See domain.md §4.
    pub state: Option<String>,
    /// Region and what lies in it, by its prefix.
    pub region: Option<String>,
    /// A part of the enterprise's name.
    pub name: Option<String>,
    /// A part of a product's name.
    pub product: Option<String>,
    /// 抽样单编号
    pub sheet_no: Option<String>,
    /// Standing of any entry.
    pub standing: Option<String>,
    /// Validity of any sample.
    pub validity: Option<String>,
    /// State of any refusal.
    pub refusal: Option<String>,
    /// A rule that speaks of the visit, or of anything in it.
    pub rule: Option<String>,
    /// `complete`, `missing` or `none`.
    pub evidence: Option<String>,
    /// From this instant on.
    pub from: Option<Millis>,
    /// Before this instant.
    pub until: Option<Millis>,
}

fn part(text: &str) -> String {
    let text = normalise_text(text);
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl Filter {
    fn values(&self) -> [Option<Value>; ASKED] {
        let plain = |text: &Option<String>| text.as_deref().map(Value::from);
        let like = |text: &Option<String>| text.as_deref().map(|text| part(text).into());
        let key = self.uscc.as_ref().map(|code| format!("uscc:{code}").into());
        [
            plain(&self.enterprise),
            key,
            plain(&self.body),
            plain(&self.campaign),
            plain(&self.state),
            self.region
                .as_ref()
                .map(|prefix| format!("{prefix}%").into()),
            like(&self.name),
            like(&self.product),
            plain(&self.sheet_no),
            plain(&self.evidence),
            plain(&self.standing),
            plain(&self.validity),
            plain(&self.refusal),
            plain(&self.rule),
        ]
    }
}

/// What names and products are searched by: folded, and no longer than an index takes.
pub fn searched(name: Option<&str>, products: impl Iterator<Item = String>) -> (String, String) {
    let name: String = name.map(normalise_text).unwrap_or_default();
    let mut kinds: Vec<String> = products.map(|product| normalise_text(&product)).collect();
    kinds.sort();
    kinds.dedup();
    let cut = |text: String, chars| text.chars().take(chars).collect();
    (
        cut(name, VISIT_NAME_SEARCHED_CHARS),
        cut(kinds.join("\n"), VISIT_PRODUCTS_SEARCHED_CHARS),
    )
}

/// Which way a list goes from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// On to what is older.
    Onward,
    /// Back to what is newer; rows come newest first all the same.
    Back,
}

/// What a search asks, by bits; which way it goes; how many rows it wants.
type Shape = (u32, Way, u32);

/// The statement of a search of a shape; each is made once and kept.
fn statement(shape: Shape) -> &'static Statement {
    static MADE: Mutex<Option<HashMap<Shape, &'static Statement>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.get_or_insert_default()
        .entry(shape)
        .or_insert_with(|| Box::leak(Box::new(composed(shape))))
}

fn composed((asked, way, rows_max): Shape) -> Statement {
    let (head, order) = match way {
        Way::Onward => (HEAD, "v.sort_at DESC, v.document_id DESC"),
        Way::Back => (HEAD_BACK, "v.sort_at, v.document_id"),
    };
    let mut sql = head.to_owned();
    let mut next = FIXED;
    for (place, condition) in CONDITIONS.iter().enumerate() {
        if asked & (1 << place) != 0 {
            next += 1;
            sql.push_str(" AND ");
            sql.push_str(&condition.replace('?', &format!("${next}")));
        }
    }
    // How many rows stands in the text: a database that does not know how few are wanted plans for all of them.
    sql.push_str(&format!(" ORDER BY {order} LIMIT {rows_max}{TAIL}"));
    Statement {
        name: concat!(module_path!(), "::LIST"),
        sql: sql.leak(),
    }
}

/// Searches as a test prepares them: without a condition, with each, and with all, both ways.
pub fn composed_ones() -> impl Iterator<Item = &'static Statement> {
    let each = (0..CONDITIONS.len()).map(|place| 1 << place);
    let all = (1 << CONDITIONS.len()) - 1;
    let asked = [0, all].into_iter().chain(each);
    asked.flat_map(|asked| [Way::Onward, Way::Back].map(|way| statement((asked, way, 2))))
}

/// Whether many visits have the word.
async fn is_common(db: &mut Session, place: usize, word: &Value) -> Result<bool> {
    let kinds = ["entry", "sample", "refusal"];
    let row = match kinds.get(place + IN_TWO_WAYS - ASKED) {
        Some(kind) => db.one(&COUNT_OUTCOMES, args![*kind, word.clone()]).await?,
        None => db.one(&COUNT_FINDINGS, args![word.clone()]).await?,
    };
    Ok(row.get::<i64>("n")? > MANY)
}

/// A page from a place on, or the one that ends before it; newest first.
pub async fn list(
    db: &mut Session,
    caller: &Principal,
    from: (Millis, Vec<u8>),
    way: Way,
    filter: &Filter,
    rows_max: u32,
) -> Result<Vec<VisitListRow>> {
    let mut values = sight(caller);
    values.extend(args![
        from.0,
        from.1,
        filter.from.unwrap_or(Millis::MIN),
        filter.until.unwrap_or(Millis::MAX)
    ]);
    let mut asked = 0;
    let mut later = Vec::new();
    for (place, value) in filter.values().into_iter().enumerate() {
        let Some(value) = value else {
            continue;
        };
        if place >= ASKED - IN_TWO_WAYS && is_common(db, place, &value).await? {
            asked |= 1 << (place + IN_TWO_WAYS);
            later.push(value);
        } else {
            asked |= 1 << place;
            values.push(value);
        }
    }
    values.extend(later);
    let rows = db.search(statement((asked, way, rows_max)), values).await?;
    rows.iter().map(from_row).collect()
}

/// What a list tells of a visit's subjects, each word once.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// When it was first entered, as the story of its dossier says it; none before it was, and where nothing bounds it.
    pub entered: Option<Interval>,
    /// Numbers of its sheets.
    pub sheet_nos: Vec<String>,
    /// What they call their products.
    pub products: Vec<String>,
    /// Standings of its entries.
    pub standings: Vec<String>,
    /// Validities of its samples.
    pub validities: Vec<String>,
    /// States of its refusals.
    pub refusals: Vec<String>,
    /// Rules that speak in it.
    pub rules: Vec<String>,
}

/// The claimed interval where it is believed, the proven one otherwise; none that is open.
fn bounds(time: &TimeFact) -> Option<Interval> {
    let claimed = time.claimed.filter(|_| !time.contradicts());
    let bounds = claimed.unwrap_or(time.proven);
    (bounds.lo > i64::MIN && bounds.hi < i64::MAX).then_some(bounds)
}

fn once(words: &mut Vec<String>, word: Option<String>) {
    if let Some(word) = word
        && !words.contains(&word)
    {
        words.push(word);
    }
}

/// What is told of visits beside their rows.
pub async fn told(db: &mut Session, documents: &[DocumentId]) -> Result<HashMap<DocumentId, Told>> {
    let ids = || documents.iter().copied().map(Value::from);
    let mut told: HashMap<DocumentId, Told> = HashMap::new();
    for row in db.all_of(&LIST_ENTRIES, args![], ids()).await? {
        let of_visit = told.entry(row.get("document_id")?).or_default();
        let entry: EntryFact = from_json(&row)?;
        of_visit.entered = match of_visit.entered {
            None => bounds(&entry.entered),
            earlier => earlier,
        };
    }
    for row in db.all_of(&LIST_SHEETS, args![], ids()).await? {
        let of_visit = told.entry(row.get("document_id")?).or_default();
        once(&mut of_visit.sheet_nos, row.get("sheet_no")?);
        once(&mut of_visit.products, row.get("product_name")?);
    }
    for row in db.all_of(&LIST_OUTCOMES, args![], ids()).await? {
        let of_visit = told.entry(row.get("document_id")?).or_default();
        let words = match row.get::<String>("kind")?.as_str() {
            "entry" => &mut of_visit.standings,
            "sample" => &mut of_visit.validities,
            "refusal" => &mut of_visit.refusals,
            _ => continue,
        };
        once(words, row.get("outcome")?);
    }
    for row in db.all_of(&LIST_RULES, args![], ids()).await? {
        let of_visit = told.entry(row.get("document_id")?).or_default();
        once(&mut of_visit.rules, row.get("rule_id")?);
    }
    Ok(told)
}
