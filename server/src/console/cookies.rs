//! The console's cookies: its session, which no script reads and no other site sends along, and the language.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::problem::Problem;

/// Its session (会话).
pub const SESSION: Cookie = Cookie {
    name: "fieldseal_console",
    secret: true,
};
/// The language.
pub const LANGUAGE: Cookie = Cookie {
    name: "fieldseal_language",
    secret: false,
};

/// A cookie of the console.
pub struct Cookie {
    name: &'static str,
    secret: bool,
}

impl Cookie {
    /// Where everything is encrypted, a secret's name binds it to this host and to encryption: no other host of the domain,
    /// and no plain answer, can plant one.
    fn full_name(&self, encrypted: bool) -> String {
        let prefix = if self.secret && encrypted {
            "__Host-"
        } else {
            ""
        };
        format!("{prefix}{}", self.name)
    }

    /// Sets it for so many seconds; for none, it is taken away.
    pub fn set(&self, value: &str, seconds: i64, encrypted: bool) -> Result<HeaderValue, Problem> {
        let name = self.full_name(encrypted);
        let secure = if encrypted { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::from_str(&text).map_err(|error| Problem::internal(&error))
    }

    /// What the browser sent.
    pub fn of(&self, headers: &HeaderMap, encrypted: bool) -> Option<String> {
        let wanted = self.full_name(encrypted);
        let sent = headers.get_all(header::COOKIE).iter();
        let sent = sent.filter_map(|value| value.to_str().ok());
        let mut pairs = sent.flat_map(|value| value.split(';'));
        pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == wanted && !value.is_empty()).then(|| value.to_owned())
        })
    }
}
