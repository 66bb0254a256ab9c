//! The languages of the console: Chinese first, and English. A cookie chooses, else what the browser asks for.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;

use super::cookies::LANGUAGE;
use super::desk::Front;
use super::words::{EN, Words, ZH};
use super::{on_to, own_path};
use crate::app::App;
use crate::extract::Form;
use crate::problem::Problem;

/// How long a choice is kept, in seconds.
const KEPT_S: i64 = 366 * 24 * 3_600;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 简体中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::Zh => &ZH,
            Self::En => &EN,
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// One of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.trim().to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The one that a request is answered in.
    pub fn of(headers: &HeaderMap, encrypted: bool) -> Self {
        let chosen = LANGUAGE.of(headers, encrypted);
        if let Some(language) = chosen.and_then(|tag| Self::of_tag(&tag)) {
            return language;
        }
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        accepted.and_then(preferred).unwrap_or_default()
    }
}

/// The first of our languages by weight; of equal ones the first named.
fn preferred(accepted: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for part in accepted.split(',') {
        let mut fields = part.split(';');
        let Some(language) = fields.next().and_then(Language::of_tag) else {
            continue;
        };
        let weight = fields.find_map(|it| it.trim().strip_prefix("q=")?.parse().ok());
        let weight: f32 = weight.unwrap_or(1.0);
        if weight > 0.0 && best.is_none_or(|(_, most)| weight > most) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

/// The choice.
#[derive(Debug, Deserialize)]
pub struct Choice {
    language: String,
    #[serde(default)]
    back: String,
}

/// `POST /console/language`: chooses, and goes back to where one was.
pub async fn choose(
    State(_): State<App>,
    front: Front,
    Form(choice): Form<Choice>,
) -> Result<Response, Problem> {
    let language = Language::of_tag(&choice.language).unwrap_or_default();
    let cookie = LANGUAGE.set(language.tag(), KEPT_S, front.encrypted)?;
    let mut response = on_to(own_path(&choice.back));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_asked_in_the_order_of_its_weights_and_chinese_is_first_otherwise() {
        for (accepted, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::Zh)),
            ("en-US,en;q=0.9", Some(Language::En)),
            ("fr, en;q=0.5, zh;q=0.6", Some(Language::Zh)),
            ("fr", None),
            ("en;q=0", None),
            ("", None),
        ] {
            assert_eq!(preferred(accepted), language, "{accepted}");
        }
        assert_eq!(Language::default(), Language::Zh);
    }
}
