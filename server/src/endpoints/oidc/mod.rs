//! `/v1/oidc`: administrators log in at their house's OpenID Connect provider. Neither a token nor a code of ours ever
//! stands in an address: what the browser carries from one step to the next is in cookies that no script reads.

pub mod callback;
pub mod login;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::problem::Problem;

/// Holds the browser's secret while the provider asks who it is. It must come along when the provider sends the browser
/// back, which is a navigation from another site: `Lax`.
pub const LOGIN_COOKIE: Cookie = Cookie {
    name: "fieldseal_oidc_login",
    path: "/v1/oidc",
    same_site: "Lax",
};
/// Holds the code that is exchanged for tokens: by a page of this server alone.
pub const CODE_COOKIE: Cookie = Cookie {
    name: "fieldseal_oidc_code",
    path: "/v1/tokens",
    same_site: "Strict",
};

/// The same code for the page of the console that begins its session with it.
pub const CONSOLE_CODE_COOKIE: Cookie = Cookie {
    name: "fieldseal_oidc_code",
    path: "/console/login",
    same_site: "Strict",
};

/// A cookie of ours.
pub struct Cookie {
    name: &'static str,
    path: &'static str,
    same_site: &'static str,
}

impl Cookie {
    /// Sets it for so many seconds; for none, it is taken away.
    pub fn set(&self, value: &str, seconds: i64, encrypted: bool) -> Result<HeaderValue, Problem> {
        let Self {
            name,
            path,
            same_site,
        } = self;
        let secure = if encrypted { "; Secure" } else { "" };
        let text = format!(
            "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
        );
        HeaderValue::from_str(&text).map_err(|error| Problem::internal(&error))
    }

    /// What the browser sent.
    pub fn of(&self, headers: &HeaderMap) -> Option<String> {
        let sent = headers.get_all(header::COOKIE).iter();
        let sent = sent.filter_map(|value| value.to_str().ok());
        let mut pairs = sent.flat_map(|value| value.split(';'));
        pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name && !value.is_empty()).then(|| value.to_owned())
        })
    }
}
