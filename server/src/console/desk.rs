//! Who sits in front of the console and what surrounds every page: [`Front`] for pages that anybody may open, [`Desk`] for
//! those of somebody who is logged in. Handlers take them as arguments; the door has put them there.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sync_core::model::Millis;

use super::assets;
use super::language::Language;
use super::pages::{PAGES, may_open};
use super::returned::Returned;
use super::when::{Count, When};
use super::words::Words;
use crate::access::Principal;
use crate::access::gate::Ticket;
use crate::problem::Problem;

/// Seconds between two looks at long work of a browser without scripts.
const REFRESH_S: u32 = 3;

/// A browser, before it is known who sits there.
#[derive(Clone, Debug)]
pub struct Front {
    /// In which language it is answered.
    pub language: Language,
    /// Path and query of the page that somebody sits in front of: the one that is asked for, or that a form was filled in on.
    pub here: String,
    /// The form that came back, on the page that it was filled in on.
    pub returned: Option<Arc<Returned>>,
    /// Whether it talks to us under encryption.
    pub encrypted: bool,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Desk {
    /// The browser.
    pub front: Front,
    /// Who may act: services scope their queries by it.
    pub principal: Principal,
    /// For answers that last longer than a moment.
    pub ticket: Ticket,
    /// Their name.
    pub name: String,
    /// The name of their organisation.
    pub organisation: String,
}

/// A link of the navigation.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub text: &'static str,
    /// Whether one is there.
    pub current: bool,
}

/// What surrounds a page; every template that extends `layout.html` has one as `frame`.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language.
    pub language: Language,
    /// The words of the language.
    pub w: &'static Words,
    /// What the page is called.
    pub title: String,
    /// Where one may go.
    pub links: Vec<Link>,
    /// Who is logged in; empty before.
    pub name: String,
    /// Of which organisation.
    pub organisation: String,
    /// Path and query of this page, to come back to.
    pub here: String,
    /// The form of this page that came back.
    pub returned: Option<Arc<Returned>>,
    /// Whether the page is read anew when something changes: its parts with `data-live` are.
    pub live: bool,
    /// Whether it is also told how far long work is.
    pub work: bool,
    /// Seconds after which a browser without scripts reads it anew by itself; 0 for never.
    pub refresh_s: u32,
}

impl Frame {
    /// The address of a file of the console, which changes with the file.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The other language's tag, as the choice sends it.
    pub fn other(&self) -> &'static str {
        self.language.other().tag()
    }

    /// The form that is sent there, if it came back.
    fn back(&self, action: &str) -> Option<&Returned> {
        self.returned.as_deref().filter(|it| it.is_of(action))
    }

    /// Whether the form that is sent there came back.
    pub fn is_back(&self, action: &str) -> bool {
        self.back(action).is_some()
    }

    /// What was typed into a field of a form that came back; nothing otherwise.
    pub fn typed(&self, action: &str, name: &str) -> &str {
        let typed = self.back(action).and_then(|it| it.typed(name));
        typed.unwrap_or_default()
    }

    /// Whether this was chosen in a form that came back.
    pub fn chose(&self, action: &str, name: &str, value: &str) -> bool {
        self.back(action).is_some_and(|it| it.chose(name, value))
    }

    /// What is wrong with a field of a form that came back; nothing otherwise.
    pub fn wrong(&self, action: &str, name: &str) -> &str {
        let back = self.back(action);
        let found = back.and_then(|it| it.wrong.iter().find(|wrong| wrong.field == name));
        found.map_or("", |wrong| wrong.told.as_str())
    }

    /// A time for people.
    pub fn time(&self, at: Millis) -> When {
        When::at(self.language, at)
    }

    /// A number for people.
    pub fn number(&self, number: impl TryInto<i64>) -> Count {
        Count(number.try_into().unwrap_or_default())
    }
}

impl Front {
    /// The words of its language.
    pub fn w(&self) -> &'static Words {
        self.language.words()
    }

    /// What surrounds a page of nobody in particular.
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            language: self.language,
            w: self.w(),
            title: title.into(),
            links: Vec::new(),
            name: String::new(),
            organisation: String::new(),
            here: self.here.clone(),
            returned: self.returned.clone(),
            live: false,
            work: false,
            refresh_s: 0,
        }
    }
}

impl Desk {
    /// The words of its language.
    pub fn w(&self) -> &'static Words {
        self.front.w()
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.front.language
    }

    /// What surrounds a page of theirs.
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        let path = self.front.here.split('?').next().unwrap_or_default();
        let links = PAGES
            .iter()
            .filter(|page| may_open(page, &self.principal))
            .filter_map(|page| {
                let text = page.link?(self.w());
                let below = page.path != super::HOME
                    && path
                        .strip_prefix(page.path)
                        .is_some_and(|rest| rest.starts_with('/'));
                Some(Link {
                    href: page.path,
                    text,
                    current: path == page.path || below,
                })
            })
            .collect();
        Frame {
            links,
            name: self.name.clone(),
            organisation: self.organisation.clone(),
            ..self.front.frame(title)
        }
    }

    /// The same for a page that shows how far long work is: where some is under way, browsers without scripts come again.
    pub fn work_frame(&self, title: impl Into<String>, under_way: bool) -> Frame {
        Frame {
            work: true,
            refresh_s: match under_way && self.front.returned.is_none() {
                true => REFRESH_S,
                false => 0,
            },
            ..self.live_frame(title)
        }
    }

    /// The same for a page that is read anew when something changes; not while it is shown in answer to a form.
    pub fn live_frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            live: self.front.returned.is_none(),
            ..self.frame(title)
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Front {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let front = parts.extensions.get::<Front>().cloned();
        front.ok_or_else(Principal::without_gate)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The door puts it there; without it the page is for everybody and must not ask.
        let desk = parts.extensions.get::<Desk>().cloned();
        desk.ok_or_else(Principal::without_gate)
    }
}
