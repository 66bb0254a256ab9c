//! Rulebooks: which rules hold for which authority, with which numbers, from when. They are data: a new version changes
//! later verdicts without a new build, and what was ruled under an old version keeps it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::catalogue::{CATALOGUE, find_rule};
use super::descriptor::{DefaultValue, Rule};
use super::{OrganisationFact, facts::Facts};
use crate::model::{Millis, OrganisationId, shanghai_date};

const BUILTIN: [&str; 3] = [
    include_str!("../../rulebooks/national.toml"),
    include_str!("../../rulebooks/shanxi.toml"),
    include_str!("../../rulebooks/shanghai.toml"),
];
const NATIONAL: &str = "000000";

/// Why a rulebook is not taken, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct RulebookError {
    /// `rulebook.unknown_rule`, …
    pub code: &'static str,
    /// What exactly, for the person who wrote the file.
    pub detail: String,
}

fn refuse<T>(code: &'static str, detail: impl Into<String>) -> Result<T, RulebookError> {
    Err(RulebookError {
        code,
        detail: detail.into(),
    })
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A whole number.
    Number(i64),
    /// A list of identifiers, sorted.
    List(BTreeSet<String>),
    /// A switch.
    Switch(bool),
}

/// What one rulebook says of one rule, defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSettings {
    /// Whether the rule holds.
    pub enabled: bool,
    values: BTreeMap<&'static str, Setting>,
}

impl RuleSettings {
    fn defaults(rule: &Rule) -> Self {
        let values = rule.parameters.iter().map(|parameter| {
            let setting = match parameter.default {
                DefaultValue::Number { value, .. } => Setting::Number(value),
                DefaultValue::List(list) => {
                    Setting::List(list.iter().map(|item| (*item).to_owned()).collect())
                }
                DefaultValue::Switch(on) => Setting::Switch(on),
            };
            (parameter.name, setting)
        });
        Self {
            enabled: false,
            values: values.collect(),
        }
    }
    /// A number of the rule's descriptor; zero for a name that it does not have (a test holds that none is asked for).
    pub fn number(&self, name: &str) -> i64 {
        match self.values.get(name) {
            Some(Setting::Number(value)) => *value,
            _ => 0,
        }
    }
    /// Whether a list of the rule's descriptor has an item.
    pub fn lists(&self, name: &str, item: &str) -> bool {
        matches!(self.values.get(name), Some(Setting::List(list)) if list.contains(item))
    }
    /// The items of a list.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = match self.values.get(name) {
            Some(Setting::List(list)) => Some(list),
            _ => None,
        };
        list.into_iter().flatten().map(String::as_str)
    }
    /// A switch of the rule's descriptor.
    pub fn switch(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Setting::Switch(true)))
    }
    /// All values, for the catalogue page.
    pub fn values(&self) -> &BTreeMap<&'static str, Setting> {
        &self.values
    }
}

/// One version of one rulebook, with what it inherits filled in.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// `shanghai`
    pub id: String,
    /// Versions count up.
    pub version: i64,
    /// GB/T 2260 code of the region whose authorities it binds; `000000` binds all.
    pub region: String,
    /// First day, Asia/Shanghai.
    pub effective_from: Date,
    /// Where it comes from, in words.
    pub source: String,
    /// The TOML that it was read from.
    pub text: String,
    rules: BTreeMap<&'static str, RuleSettings>,
}

impl Rulebook {
    /// As findings name it: `shanghai@2`.
    pub fn name(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }
    /// What it says of a rule of the catalogue.
    pub fn settings(&self, rule: &Rule) -> &RuleSettings {
        // Filled from the whole catalogue at construction, so a rule of the catalogue is always there.
        &self.rules[rule.id]
    }
    fn binds(&self, region: &str) -> bool {
        region.starts_with(significant(&self.region))
    }
}

/// A region code without its trailing pairs of zeros.
fn significant(region: &str) -> &str {
    let mut code = region;
    while let Some(shorter) = code.strip_suffix("00") {
        code = shorter;
    }
    code
}

/// All versions of all rulebooks, as phones and server hold them. Travels as the texts it was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Rulebooks {
    texts: Vec<String>,
    books: Vec<Rulebook>,
}

impl TryFrom<Vec<String>> for Rulebooks {
    type Error = RulebookError;
    fn try_from(texts: Vec<String>) -> Result<Self, RulebookError> {
        Self::from_texts(texts)
    }
}

impl From<Rulebooks> for Vec<String> {
    fn from(rulebooks: Rulebooks) -> Self {
        rulebooks.texts
    }
}

impl Rulebooks {
    /// The rulebooks that ship with this version: national, Shanxi, Shanghai.
    #[expect(
        clippy::expect_used,
        reason = "the shipped texts are part of the build; a test reads them"
    )]
    pub fn builtin() -> Self {
        Self::from_texts(BUILTIN.map(str::to_owned).to_vec()).expect("shipped rulebooks are valid")
    }

    /// Reads TOML texts in any order; `extends` names another of them.
    pub fn from_texts(texts: Vec<String>) -> Result<Self, RulebookError> {
        let mut raw = texts
            .iter()
            .map(|text| RawBook::read(text))
            .collect::<Result<Vec<_>, _>>()?;
        raw.sort_by(|a, b| (&a.id, a.version).cmp(&(&b.id, b.version)));
        for pair in raw.windows(2) {
            if pair[0].id == pair[1].id && pair[0].version == pair[1].version {
                let detail = format!("{}@{} appears twice", pair[0].id, pair[0].version);
                return refuse("rulebook.duplicate_version", detail);
            }
        }
        let books = raw
            .iter()
            .map(|book| resolve(book, &raw, 0))
            .collect::<Result<Vec<_>, _>>()?;
        if !books.iter().any(|book| book.region == NATIONAL) {
            return refuse("rulebook.no_national", "no rulebook binds region 000000");
        }
        Ok(Self { texts, books })
    }

    /// These and one more version.
    pub fn with(&self, text: &str) -> Result<Self, RulebookError> {
        let mut texts = self.texts.clone();
        texts.push(text.to_owned());
        Self::from_texts(texts)
    }

    /// All versions, by id and version.
    pub fn books(&self) -> &[Rulebook] {
        &self.books
    }

    /// The version that bound an authority at an instant: of the most particular region that had one in force, the
    /// latest. Before any was in force, the earliest national one speaks.
    pub fn for_authority(&self, authority: Option<&OrganisationFact>, at: Millis) -> &Rulebook {
        let day = shanghai_date(at);
        let region = authority
            .filter(|authority| authority.level.as_deref() != Some("national"))
            .and_then(|authority| authority.region.as_deref())
            .unwrap_or(NATIONAL);
        let in_force = self
            .books
            .iter()
            .filter(|book| book.binds(region) && book.effective_from <= day)
            .max_by_key(|book| {
                let particular = significant(&book.region).len();
                (particular, book.effective_from, book.version)
            });
        let earliest = || {
            self.books
                .iter()
                .filter(|book| book.region == NATIONAL)
                .min_by_key(|book| (book.effective_from, book.version))
        };
        // The constructor refuses a set without a national rulebook.
        in_force.or_else(earliest).unwrap_or(&self.books[0])
    }

    pub(super) fn for_facts(
        &self,
        facts: &Facts,
        authority: Option<OrganisationId>,
        at: Millis,
    ) -> &Rulebook {
        self.for_authority(authority.and_then(|id| facts.organisations.get(&id)), at)
    }
}

struct RawBook {
    id: String,
    version: i64,
    extends: Option<String>,
    region: String,
    effective_from: Date,
    source: String,
    text: String,
    rules: Table,
}

impl RawBook {
    fn read(text: &str) -> Result<Self, RulebookError> {
        let mut table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return refuse("rulebook.syntax", error.to_string()),
        };
        let mut text_of = |key: &str| match table.remove(key) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => refuse("rulebook.wrong_type", format!("{key} is not a text")),
            None => refuse("rulebook.missing_key", key),
        };
        let (id, region) = (text_of("id")?, text_of("region")?);
        let (from, source) = (text_of("effective_from")?, text_of("source")?);
        let extends = match table.remove("extends") {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => return refuse("rulebook.wrong_type", "extends is not a text"),
        };
        let version = match table.remove("version") {
            Some(Value::Integer(version)) if version > 0 => version,
            _ => return refuse("rulebook.wrong_type", "version is not a positive number"),
        };
        let rules = match table.remove("rules") {
            None => Table::new(),
            Some(Value::Table(rules)) => rules,
            Some(_) => return refuse("rulebook.wrong_type", "rules is not a table"),
        };
        if let Some(key) = table.keys().next() {
            return refuse("rulebook.unknown_key", format!("{id}: {key}"));
        }
        if region.len() != 6 || !region.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse("rulebook.bad_region", format!("{id}: {region:?}"));
        }
        let Ok(effective_from) = from.parse() else {
            return refuse("rulebook.bad_date", format!("{id}: {from:?}"));
        };
        Ok(Self {
            id,
            version,
            extends,
            region,
            effective_from,
            source,
            text: text.to_owned(),
            rules,
        })
    }
}

fn resolve(book: &RawBook, all: &[RawBook], depth: usize) -> Result<Rulebook, RulebookError> {
    if depth > all.len() {
        return refuse("rulebook.circular", format!("{} extends itself", book.id));
    }
    let mut rules: BTreeMap<&'static str, RuleSettings> = match &book.extends {
        None => CATALOGUE
            .iter()
            .map(|rule| (rule.id, RuleSettings::defaults(rule)))
            .collect(),
        Some(base) => {
            // The version of the base that was in force when this one took effect, else the first one.
            let versions = || all.iter().filter(|other| other.id == *base);
            let base_book = versions()
                .filter(|other| other.effective_from <= book.effective_from)
                .max_by_key(|other| (other.effective_from, other.version))
                .or_else(|| versions().min_by_key(|other| other.version));
            match base_book {
                Some(base_book) => resolve(base_book, all, depth + 1)?.rules,
                None => return refuse("rulebook.unknown_base", format!("{}: {base}", book.id)),
            }
        }
    };
    for (rule_id, keys) in &book.rules {
        let Some(rule) = find_rule(rule_id) else {
            return refuse("rulebook.unknown_rule", format!("{}: {rule_id}", book.id));
        };
        let Value::Table(keys) = keys else {
            return refuse("rulebook.wrong_type", format!("{}: {rule_id}", book.id));
        };
        let settings = rules
            .entry(rule.id)
            .or_insert_with(|| RuleSettings::defaults(rule));
        for (key, value) in keys {
            set(settings, rule, key, value)?;
        }
    }
    Ok(Rulebook {
        id: book.id.clone(),
        version: book.version,
        region: book.region.clone(),
        effective_from: book.effective_from,
        source: book.source.clone(),
        text: book.text.clone(),
        rules,
    })
}

fn set(
    settings: &mut RuleSettings,
    rule: &Rule,
    key: &str,
    value: &Value,
) -> Result<(), RulebookError> {
    let place = format!("{}.{key}", rule.id);
    if key == "enabled" {
        let Value::Boolean(enabled) = value else {
            return refuse("rulebook.wrong_type", place);
        };
        settings.enabled = *enabled;
        return Ok(());
    }
    let Some(parameter) = rule
        .parameters
        .iter()
        .find(|parameter| parameter.name == key)
    else {
        return refuse("rulebook.unknown_parameter", place);
    };
    let setting = match (parameter.default, value) {
        (DefaultValue::Number { min, max, .. }, Value::Integer(number)) => {
            if !(min..=max).contains(number) {
                let detail = format!("{place} = {number}, allowed {min} to {max}");
                return refuse("rulebook.out_of_range", detail);
            }
            Setting::Number(*number)
        }
        (DefaultValue::List(_), Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            match texts.collect::<Option<BTreeSet<_>>>() {
                Some(texts) => Setting::List(texts),
                None => return refuse("rulebook.wrong_type", place),
            }
        }
        (DefaultValue::Switch(_), Value::Boolean(on)) => Setting::Switch(*on),
        _ => return refuse("rulebook.wrong_type", place),
    };
    settings.values.insert(parameter.name, setting);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        Rulebooks::builtin()
            .with(text)
            .map(|_| ())
            .unwrap_err()
            .code
    }
    const HEAD: &str =
        "id = 'x'\nversion = 1\nregion = '140000'\neffective_from = '2024-01-01'\nsource = 's'\n";

    #[test]
    fn a_rulebook_with_an_unknown_rule_or_key_is_refused_by_code() {
        assert_eq!(
            code(&format!("{HEAD}[rules.NONE]\nenabled = true")),
            "rulebook.unknown_rule"
        );
        assert_eq!(
            code(&format!("{HEAD}[rules.DUP6]\nmonths = 6")),
            "rulebook.unknown_parameter"
        );
        assert_eq!(code(&format!("{HEAD}colour = 1")), "rulebook.unknown_key");
        assert_eq!(
            code(&format!("{HEAD}[rules.DUP6]\nwindow_months = 'x'")),
            "rulebook.wrong_type"
        );
        assert_eq!(
            code(&format!("{HEAD}[rules.DUP6]\nwindow_months = 0")),
            "rulebook.out_of_range"
        );
        assert_eq!(
            code(&format!("extends = 'nobody'\n{HEAD}")),
            "rulebook.unknown_base"
        );
        assert_eq!(code(&format!("extends = 'x'\n{HEAD}")), "rulebook.circular");
        assert_eq!(code("id = "), "rulebook.syntax");
        assert_eq!(code(&HEAD.replace("140000", "1400")), "rulebook.bad_region");
        assert_eq!(
            code(&HEAD.replace("2024-01-01", "soon")),
            "rulebook.bad_date"
        );
        assert_eq!(code(&HEAD.replace("id = 'x'", "")), "rulebook.missing_key");
        assert_eq!(code(BUILTIN[2]), "rulebook.duplicate_version");
        let alone = Rulebooks::from_texts(vec![HEAD.into()]).unwrap_err();
        assert_eq!(alone.code, "rulebook.no_national");
    }

    #[test]
    fn rulebooks_survive_the_way_to_a_phone() {
        let books = Rulebooks::builtin();
        let back: Rulebooks =
            serde_json::from_str(&serde_json::to_string(&books).unwrap()).unwrap();
        let names =
            |books: &Rulebooks| books.books().iter().map(Rulebook::name).collect::<Vec<_>>();
        assert_eq!(names(&back), names(&books));
        assert!(serde_json::from_str::<Rulebooks>("[]").is_err());
    }
}
