//! Pages that are a list of records with forms above it: most of running the house. A page says which columns, rows and
//! forms there are; how they look and are read aloud is said once, in `sheet.html` and `form.html`.

use askama::Template;
use serde::{Deserialize, Serialize};
use sync_core::model::Millis;
use sync_core::wording::Worded;

use super::desk::{Desk, Frame};
use super::language::Language;
use super::when::{Count, When, written_day};
use super::words::{Words, fill};

/// Rows of a page of a list.
pub const ROWS: u32 = 50;

/// One value of a row.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// Where it leads; nowhere if it is empty.
    pub href: String,
    /// `good`, `warn`, `bad` or `calm` for a state; nothing for other things.
    pub chip: &'static str,
    /// A time.
    pub time: Option<When>,
    /// Something for machines: an id, a code.
    pub code: bool,
    /// Something to be added up.
    pub number: bool,
}

impl Cell {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.time.is_none()
    }
}

/// Plain words.
pub fn text(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        ..Cell::default()
    }
}

/// Words that may be missing.
pub fn maybe(words: Option<String>) -> Cell {
    text(words.unwrap_or_default())
}

/// Something for machines.
pub fn code(words: impl Into<String>) -> Cell {
    Cell {
        code: true,
        ..text(words)
    }
}

/// Words that lead somewhere.
pub fn link(words: impl Into<String>, href: impl Into<String>) -> Cell {
    Cell {
        href: href.into(),
        ..text(words)
    }
}

/// A state, by a word and a mark.
pub fn chip(kind: &'static str, words: impl Into<String>) -> Cell {
    Cell {
        chip: kind,
        ..text(words)
    }
}

/// A time of the server's clock; nothing where there is none.
pub fn time(language: Language, at: Option<Millis>) -> Cell {
    Cell {
        time: at.map(|at| When::at(language, at)),
        ..Cell::default()
    }
}

/// A day as records write it; nothing where there is none.
pub fn day(language: Language, of: Option<&str>) -> Cell {
    text(written_day(language, of.unwrap_or_default()))
}

/// A number.
pub fn number(of: i64) -> Cell {
    Cell {
        number: true,
        ..text(Count(of).to_string())
    }
}

/// Something to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// As it is sent.
    pub value: String,
    /// As people read it.
    pub text: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// Choices of which one may be chosen already.
pub fn choices(of: impl IntoIterator<Item = (String, String)>, chosen: &str) -> Vec<Choice> {
    let choice = |(value, text): (String, String)| Choice {
        chosen: value == chosen,
        value,
        text,
    };
    of.into_iter().map(choice).collect()
}

/// What a list is filtered by. What an address asks for and is none of the choices stands among them too, chosen and by its id, so
/// that the form says what the list was filtered by.
pub fn filters(
    w: &Words,
    of: impl IntoIterator<Item = (String, String)>,
    chosen: &str,
) -> Vec<Choice> {
    let chosen = chosen.trim();
    let mut all = choices(of, chosen);
    if !chosen.is_empty() && !all.iter().any(|it| it.chosen) {
        let text = fill(w.filter_unseen, "what", chosen);
        all.insert(
            0,
            Choice {
                value: chosen.to_owned(),
                text,
                chosen: true,
            },
        );
    }
    all
}

/// The words of a list of the rules, to choose from.
pub fn words_of<T: Worded + Serialize>(language: Language, chosen: &str) -> Vec<Choice> {
    let words = T::ALL.iter().map(|it| {
        let words = it.words();
        let text = language.pick(words.zh, words.en).to_owned();
        (crate::access::role::word(it), text)
    });
    choices(words, chosen)
}

/// What one fills in.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// As it is sent.
    pub name: &'static str,
    /// As people read it.
    pub label: String,
    /// `text`, `password`, `date`, `number`, `hidden`, `kept`, `area`, `select`, `checks` or `file`.
    pub input: &'static str,
    /// What stands in it.
    pub value: String,
    /// For `select` and `checks`.
    pub choices: Vec<Choice>,
    /// Whether it must be filled in.
    pub required: bool,
    /// What to know about it.
    pub hint: String,
}

/// A field of one line that must be filled in.
pub fn needed(name: &'static str, label: &str) -> Field {
    Field {
        required: true,
        ..wanted(name, label)
    }
}

/// A field of one line that may stay empty.
pub fn wanted(name: &'static str, label: &str) -> Field {
    Field {
        name,
        label: label.to_owned(),
        input: "text",
        ..Field::default()
    }
}

/// A field that nobody sees.
pub fn hidden(name: &'static str, value: impl Into<String>) -> Field {
    Field {
        input: "hidden",
        value: value.into(),
        ..wanted(name, "")
    }
}

/// A field that nobody sees and that says what the page showed. A form that comes back says what its own page did, whatever
/// has changed since.
pub fn kept(name: &'static str, value: impl Into<String>) -> Field {
    hidden(name, value).as_input("kept")
}

/// One of several.
pub fn select(name: &'static str, label: &str, choices: Vec<Choice>) -> Field {
    Field {
        input: "select",
        choices,
        ..needed(name, label)
    }
}

/// Some of several.
pub fn checks(name: &'static str, label: &str, choices: Vec<Choice>) -> Field {
    Field {
        input: "checks",
        choices,
        ..wanted(name, label)
    }
}

impl Field {
    /// Another kind of input.
    pub fn as_input(self, input: &'static str) -> Self {
        Self { input, ..self }
    }

    /// With what to know about it.
    pub fn with_hint(self, hint: &str) -> Self {
        Self {
            hint: hint.to_owned(),
            ..self
        }
    }

    /// With something in it already.
    pub fn holding(self, value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            ..self
        }
    }
}

/// Something that one may do on a page.
#[derive(Clone, Debug, Default)]
pub struct FormView {
    /// What it does.
    pub title: String,
    /// Where it is sent.
    pub action: String,
    /// What is filled in.
    pub fields: Vec<Field>,
    /// What the button says.
    pub submit: String,
    /// What cannot be undone easily.
    pub danger: bool,
    /// Shown at once.
    pub open: bool,
}

/// A form that opens when it is wanted.
pub fn form(title: &str, action: impl Into<String>, fields: Vec<Field>) -> FormView {
    FormView {
        title: title.to_owned(),
        action: action.into(),
        fields,
        submit: title.to_owned(),
        ..FormView::default()
    }
}

/// Something that a page says above all else.
#[derive(Clone, Debug)]
pub struct Note {
    /// `good`, `warn`, `bad`.
    pub kind: &'static str,
    /// What.
    pub text: String,
}

/// How far long work is, or that it is over.
#[derive(Clone, Debug)]
pub struct Progress {
    /// In words.
    pub told: String,
    /// Of all, how much is done.
    pub done: i64,
    /// How much there is; 0 where that is not known yet.
    pub all: i64,
    /// Whether it goes on.
    pub goes_on: bool,
    /// That the page may be left, and where it is found again.
    pub leave: &'static str,
    /// When it began.
    pub when: Option<When>,
}

/// The page.
#[derive(Template)]
#[template(path = "sheet.html")]
pub struct Sheet {
    /// What surrounds it.
    pub frame: Frame,
    /// What one should know.
    pub intro: &'static str,
    /// What is said above all else.
    pub notes: Vec<Note>,
    /// How far what was changed here is ruled again.
    pub progress: Option<Progress>,
    /// Other pages.
    pub tools: Vec<Cell>,
    /// A field to look for something by; nothing if its label is empty.
    pub search: Search,
    /// Facts of the one thing that a page is about.
    pub facts: Vec<(String, Cell)>,
    /// What one may do.
    pub forms: Vec<FormView>,
    /// Names of the columns.
    pub heads: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// What stands there where there is no row: what to do next.
    pub empty: &'static str,
    /// The next page.
    pub next: String,
}

/// A field to look for something by.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// As it is sent.
    pub name: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// What is looked for.
    pub value: String,
    /// What there is to choose from; empty where anything may be typed.
    pub choices: Vec<Choice>,
}

impl Sheet {
    /// An empty page of that title.
    pub fn new(desk: &Desk, title: impl Into<String>) -> Self {
        Self {
            frame: desk.frame(title),
            intro: "",
            notes: Vec::new(),
            progress: None,
            tools: Vec::new(),
            search: Search::default(),
            facts: Vec::new(),
            forms: Vec::new(),
            heads: Vec::new(),
            rows: Vec::new(),
            empty: "",
            next: String::new(),
        }
    }

    /// With these columns, and what is said where there is no row: what to do next.
    pub fn with_heads(self, heads: Vec<&'static str>, empty: &'static str) -> Self {
        Self {
            heads,
            empty,
            ..self
        }
    }

    /// With the rows of a page of a list, of one more than it holds, and the way to the next page; `path` is the list's.
    pub fn with_rows<T>(
        self,
        path: &str,
        rows: Vec<T>,
        id: impl Fn(&T) -> String,
        cells: impl FnMut(T) -> Vec<Cell>,
    ) -> Self {
        let (rows, next) = page_of(rows, path, id);
        Self {
            rows: rows.into_iter().map(cells).collect(),
            next,
            ..self
        }
    }

    /// Offers to make a record, and where files of such records are imported, to do that.
    pub fn offers(&mut self, made: FormView, imports: Option<&str>) {
        self.forms.push(made);
        if let Some(kind) = imports {
            let href = format!("/console/imports/{kind}");
            self.tools.push(link(self.frame.w.import_file, href));
        }
    }
}

/// Which page of a list, and what happened before it.
#[derive(Debug, Default, Deserialize)]
pub struct At {
    /// The last row of the page before.
    #[serde(default)]
    pub after: String,
    /// What is looked for.
    #[serde(default)]
    pub q: String,
}

/// The rows of a page, of one more than it holds, and where the next page is.
pub fn page_of<T>(mut rows: Vec<T>, path: &str, id: impl Fn(&T) -> String) -> (Vec<T>, String) {
    let more = rows.len() > ROWS as usize;
    rows.truncate(ROWS as usize);
    let next = rows.last().filter(|_| more).map(|last| {
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}after={}", id(last))
    });
    (rows, next.unwrap_or_default())
}
