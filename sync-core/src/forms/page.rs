//! What stands on a printed page, and how it becomes HTML that needs nothing else: no script, no font, no picture from
//! anywhere. All text comes in as text; the template escapes it.

use askama::Template;

/// What a page may load: nothing but its own styles and the drawings that stand in it.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Whether people signed what stands on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// 草稿: nobody sealed it.
    Draft,
    /// 作废
    Void,
    /// 已签封, with the digest that was signed.
    Sealed(String),
    /// 存根: a paper that nobody seals in this system.
    Unsealable,
}

/// One form.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) title: &'static str,
    pub(super) title_en: &'static str,
    /// 组织抽查部门 over the title.
    pub(super) issuer: Option<String>,
    pub(super) number: String,
    pub(super) dated: String,
    pub(super) state: State,
    /// English under the Chinese labels.
    pub(super) bilingual: bool,
    /// What must not be overlooked.
    pub(super) banners: Vec<String>,
    /// Running text, the addressee first.
    pub(super) letter: Vec<String>,
    pub(super) groups: Vec<Group>,
    pub(super) lists: Vec<List>,
    pub(super) proof: Option<Proof>,
    pub(super) notes: Vec<&'static str>,
}

/// Rows with a name at their left.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) rows: Vec<Vec<Field>>,
    /// It holds running text, and may break across pages.
    pub(super) long: bool,
    /// It is where people sign and stamp.
    pub(super) sign: bool,
}

/// One field.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) en: &'static str,
    pub(super) choices: Vec<(bool, &'static str)>,
    pub(super) parts: Vec<Part>,
    pub(super) long: bool,
}

/// A piece of what a field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text that somebody wrote, or that follows from it.
    Text(String),
    /// The same in small print on a line of its own.
    Place(String),
    /// Hexadecimal digits.
    Hash(String),
    /// Where a pen goes.
    Line(&'static str),
    /// A drawn signature.
    Drawn(Drawing),
}

/// The bytes of a drawn signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawing {
    pub(super) media_type: &'static str,
    pub(super) base64: String,
}

/// A table of many rows.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) name: &'static str,
    /// With their width in per cent.
    pub(super) columns: Vec<(&'static str, u8)>,
    pub(super) rows: Vec<Vec<Part>>,
}

/// 核验: what somebody holds against the record.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    /// An SVG of ours.
    pub(super) code: Option<String>,
    pub(super) lines: Vec<(&'static str, Part)>,
}

#[derive(Template)]
#[template(path = "form.html", whitespace = "minimize")]
struct FormTemplate<'a> {
    page: &'a Page,
}

impl Page {
    pub(super) fn html(&self) -> Result<String, askama::Error> {
        FormTemplate { page: self }.render()
    }

    fn watermark(&self) -> Option<&'static str> {
        match self.state {
            State::Draft => Some("草稿　未签封"),
            State::Void => Some("作　废"),
            State::Sealed(_) | State::Unsealable => None,
        }
    }

    fn head_css(&self) -> String {
        const NUMBER_CHARS: usize = 40;
        let number: String = self.number.chars().take(NUMBER_CHARS).collect();
        css_text(&format!("{}　编号：{number}", self.title))
    }

    fn state_css(&self) -> String {
        css_text(match self.state {
            State::Draft => "草稿，未签封",
            State::Void => "作废",
            State::Sealed(_) => "已签封",
            State::Unsealable => "留存",
        })
    }

    fn foot_css(&self) -> String {
        match &self.state {
            State::Sealed(digest) => css_text(&format!("签封摘要 {digest}")),
            _ => css_text("无签封摘要"),
        }
    }
}

impl Field {
    /// Of twelve columns, two are the name's.
    fn span(&self, in_row: usize) -> usize {
        let columns = 12 / in_row.max(1);
        if self.name.is_empty() {
            columns
        } else {
            columns - 2
        }
    }
}

/// A text within a quoted string of CSS: whatever is neither letter nor digit of ASCII goes as its number.
fn css_text(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_string()
            } else {
                format!("\\{:x} ", u32::from(c))
            }
        })
        .collect()
}

/// The text with what nobody sees, and what turns a line around, shown by its number: a paper says what it says.
pub(super) fn visible(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| {
            let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let unseen = matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{2028}' | '\u{2029}');
            // Nothing of another application's belongs on a form, and a page may not hold noncharacters.
            let odd = matches!(u32::from(c), 0xfdd0..=0xfdef) || u32::from(c) & 0xfffe == 0xfffe;
            if turns || unseen || odd || (c.is_control() && c != '\n' && c != '\t') {
                format!("[U+{:04X}]", u32::from(c))
            } else {
                c.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_or_turns_a_line_around_is_shown_by_its_number() {
        for (text, shown) in [
            ("抽样\r\n单\tA", "抽样\n单\tA"),
            ("a\0b\u{7f}", "a[U+0000]b[U+007F]"),
            ("¥\u{202e}00.001", "¥[U+202E]00.001"),
            ("\u{feff}x\u{200b}\u{ffff}", "[U+FEFF]x[U+200B][U+FFFF]"),
            ("𠮷野家 👩‍🔧", "𠮷野家 👩‍🔧"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn a_text_in_a_style_ends_neither_its_string_nor_the_style() {
        let css = css_text("S-1\"; } </style> \\ 号\n");
        assert!(
            css.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '\\' || c == ' ')
        );
        assert_eq!(css_text("S-1号"), "S\\2d 1\\53f7 ");
    }
}
