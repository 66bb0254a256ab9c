//! The console: what its door lets in, what its pages show, and how it is to sit in front of them.

mod cases;
mod choosing;
mod dossier;
mod first_run;
mod imports;
mod lists;
mod people;
mod rerulings;
mod returned;
mod reviewing;
mod sessions;
mod today;
mod told;

use fieldseal_tests::TestServer;
use fieldseal_tests::provider::{Browser, Shown};
use fieldseal_tests::server::PASSWORD;

/// A form as a browser sends it.
pub fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let escaped = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        escaped.collect()
    };
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Sends the login of somebody.
pub fn logs_in(server: &TestServer, browser: &mut Browser, username: &str) -> Shown {
    let fields = form(&[("username", username), ("password", PASSWORD)]);
    browser.call(&server.url("/console/login"), Some(&fields))
}
