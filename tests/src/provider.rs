//! A real OpenID Connect provider for tests: the npm package `oidc-provider`, run by node on loopback (`tests/oidc`), and a
//! browser that goes through its forms. It ends with the test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Set to anything but 0: without node and its packages the tests fail instead of being skipped.
pub const REQUIRED: &str = "FIELDSEAL_REQUIRE_OIDC_PROVIDER";
/// The secret of the client `fieldseal`.
pub const SECRET: &str = "a secret of the tests";

/// A running provider.
pub struct OidcProvider {
    /// As it names itself.
    pub issuer: String,
    process: Child,
    /// Kept open: a provider that cannot print ends.
    _output: BufReader<ChildStdout>,
}

impl OidcProvider {
    /// Starts one for a client that is sent back to this address; none where node or its packages are missing, which is
    /// said past the harness's capture.
    pub fn start(redirect: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc");
        let started = Command::new("node")
            .args(["provider.mjs", redirect, SECRET])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut issuer = String::new();
        let running = started.ok().and_then(|mut process| {
            let output = process.stdout.take()?;
            let mut output = BufReader::new(output);
            output.read_line(&mut issuer).ok()?;
            Some((process, output))
        });
        let issuer = issuer.trim().to_owned();
        match running {
            Some((process, output)) if !issuer.is_empty() => Some(Self {
                issuer,
                process,
                _output: output,
            }),
            _ => {
                let required = std::env::var(REQUIRED);
                let required = required.is_ok_and(|value| !value.is_empty() && value != "0");
                let verdict = if required {
                    "REQUIRED BUT MISSING"
                } else {
                    "SKIPPED"
                };
                let _ = writeln!(
                    std::io::stderr(),
                    "\nOpenID Connect provider: {verdict}. No node, or no packages below tests/oidc (npm ci): a test that \
                     logs in at a real provider was not run.\n"
                );
                assert!(!required, "a real provider is required");
                None
            }
        }
    }

    /// Ends it: nobody answers any more.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a browser was shown.
#[derive(Debug)]
pub struct Shown {
    /// Where it is.
    pub url: String,
    /// The HTTP status.
    pub status: u16,
    /// The page.
    pub body: String,
    /// Where it is sent, if it is.
    pub location: Option<String>,
    /// Cookies as they were set.
    pub cookies: Vec<String>,
    /// Whether the answer may be kept.
    pub cache: String,
}

impl Shown {
    /// The problem's code, if it is one.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A browser: cookies by place, and redirects step by step.
pub struct Browser {
    agent: ureq::Agent,
    /// The page from which forms are sent; none is one of the place that they are sent to.
    pub origin: Option<String>,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Browser {
    fn default() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .build();
        Self {
            agent: config.new_agent(),
            origin: None,
            cookies: BTreeMap::new(),
        }
    }
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |at| after + at);
    &url[..end]
}

impl Browser {
    /// Calls an address; one step.
    pub fn call(&mut self, url: &str, form: Option<&str>) -> Shown {
        let place = origin(url).to_owned();
        let jar = self.cookies.entry(place.clone()).or_default();
        let sent: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let sent = sent.join("; ");
        let answer = match form {
            Some(form) => self
                .agent
                .post(url)
                .header("cookie", sent)
                .header("origin", self.origin.as_deref().unwrap_or(&place))
                .header("content-type", "application/x-www-form-urlencoded")
                .send(form),
            None => self.agent.get(url).header("cookie", sent).call(),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        let text = |value: &ureq::http::HeaderValue| value.to_str().expect("text").to_owned();
        let cookies: Vec<String> = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(text)
            .collect();
        for cookie in &cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            jar.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get("location").map(text);
        Shown {
            url: url.to_owned(),
            status: answer.status().as_u16(),
            location: location.map(|to| match to.starts_with('/') {
                true => format!("{place}{to}"),
                false => to,
            }),
            cache: answer
                .headers()
                .get("cache-control")
                .map(text)
                .unwrap_or_default(),
            body: answer.body_mut().read_to_string().expect("a page"),
            cookies,
        }
    }

    /// What it holds under a name at the place of an address.
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        self.cookies.get(origin(url))?.get(name).cloned()
    }

    /// Forgets what it holds at the place of an address: it is another browser there.
    pub fn forget(&mut self, url: &str) {
        self.cookies.remove(origin(url));
    }

    /// Follows redirects until a page is shown, or until the next step would go to `until`.
    pub fn follow(&mut self, mut shown: Shown, until: &str) -> Shown {
        for _ in 0..10 {
            match &shown.location {
                Some(to) if !to.starts_with(until) => shown = self.call(&to.clone(), None),
                _ => return shown,
            }
        }
        panic!("sent in circles: {shown:?}")
    }

    /// Logs in at the provider's own forms, and agrees to what it asks; the address back at `until`.
    pub fn logs_in(&mut self, begin: &str, name: &str, until: &str) -> String {
        let to = self.call(begin, None);
        let mut shown = self.follow(to, until);
        for _ in 0..4 {
            if let Some(back) = &shown.location {
                return back.clone();
            }
            let form = match shown.body.contains("value=\"login\"") {
                true => format!("prompt=login&login={name}&password=x"),
                false => "prompt=consent".to_owned(),
            };
            assert!(shown.body.contains("<form"), "a form: {shown:?}");
            let sent = self.call(&shown.url, Some(&form));
            shown = self.follow(sent, until);
        }
        panic!("no way back: {shown:?}")
    }

    /// Declines at the provider; the address back at `until`.
    pub fn declines(&mut self, begin: &str, until: &str) -> String {
        let to = self.call(begin, None);
        let shown = self.follow(to, until);
        let gone = self.call(&format!("{}/abort", shown.url), None);
        let back = self.follow(gone, until).location;
        back.expect("sent back")
    }
}
