//! What a rule says about itself: its article, its words in both languages, and the numbers an authority may change.

use std::collections::BTreeMap;

pub use crate::wording::{Lang, Words};

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Citation {
    /// The document and its article, as findings cite it.
    pub source: &'static str,
    /// The sentence itself; empty where the source is silent and the rule is our configurable default.
    pub quote: &'static str,
}

/// In which kind of scope a rule is ruled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeKind {
    /// Stratum 0.
    Visit,
    /// Stratum 0.
    SealNumber,
    /// Stratum 0.
    SheetNumber,
    /// Stratum 1.
    Door,
    /// Stratum 2.
    Product,
    /// Stratum 3.
    EnterpriseYear,
    /// In every stratum, by the engine.
    Any,
}

/// A number, a list or a switch that a rulebook may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the rulebook, the unit last.
    pub name: &'static str,
    /// What it is worth where no rulebook says otherwise.
    pub default: DefaultValue,
    /// What it means and in which unit.
    pub meaning: Words,
}

/// A default and with it the type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// A whole number within bounds.
    Number {
        /// Default.
        value: i64,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A list of identifiers.
    List(&'static [&'static str]),
    /// A switch.
    Switch(bool),
}

/// A message template; `{name}` stands for an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The part of the key after the rule's id.
    pub key: &'static str,
    /// The template.
    pub words: Words,
}

/// One rule of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `ENTRY1`, …
    pub id: &'static str,
    /// Its name.
    pub title: Words,
    /// Its article.
    pub citation: Citation,
    /// Where it is ruled.
    pub scope: ScopeKind,
    /// What it finds.
    pub predicate: Words,
    /// What it lets pass, and what it leaves to a person.
    pub exceptions: Words,
    /// What an authority may change.
    pub parameters: &'static [Parameter],
    /// What it says.
    pub messages: &'static [Message],
}

impl Rule {
    /// Fills the template of one of this rule's messages; unknown arguments stay visible as `{name}`.
    pub fn render(
        &self,
        key: &str,
        arguments: &BTreeMap<String, String>,
        lang: Lang,
    ) -> Option<String> {
        let message = self.messages.iter().find(|message| message.key == key)?;
        let mut text = message.words.in_lang(lang).to_owned();
        for (name, value) in arguments {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        Some(text)
    }
}

/// Kinds of sampling that a limit on ordinary sampling does not bind.
pub const EXEMPT_KINDS_MEANING: Words = Words {
    zh: "不计入也不受限的抽查类别",
    en: "sampling kinds that are neither counted nor limited",
};
