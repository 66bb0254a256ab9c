//! A screen that people sit in front of: real headless Chromium, driven by its own driver over WebDriver. What cannot be
//! started is said, and is a failure where `FIELDSEAL_REQUIRE_CHROMIUM` is set. Pictures go to `target/console/`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::runtime::Runtime;

use crate::server::{PASSWORD, TestServer};

/// The widths at which pages are looked at, in CSS pixels: a phone, and a desk.
pub const WIDTHS: [u32; 2] = [390, 1440];
/// How long a page may take to show what a test waits for: far longer than it does.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a browser is started until it is taken for one that does not start.
const STARTS_MAX: u32 = 3;

/// A browser on a server.
pub struct Screen {
    driver: WebDriver,
    runtime: Runtime,
    home: String,
    process: Child,
    /// Kept open: a driver that cannot print ends.
    _output: BufReader<ChildStdout>,
    _profile: TempDir,
}

fn missing(what: &str) {
    let required = std::env::var("FIELDSEAL_REQUIRE_CHROMIUM");
    let required = required.is_ok_and(|value| !value.is_empty() && value != "0");
    let verdict = if required {
        "REQUIRED BUT MISSING"
    } else {
        "SKIPPED"
    };
    let _ = writeln!(
        std::io::stderr(),
        "\nConsole in Chromium: {verdict}. {what}: a test that looks at pages was not run.\n"
    );
    assert!(!required, "{what}");
}

/// Starts the driver on a port that it finds itself.
fn driver() -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut output = BufReader::new(process.stdout.take()?);
    let mut line = String::new();
    while output.read_line(&mut line).ok()? > 0 {
        let told = line.split("successfully on port ").nth(1);
        let port = told.and_then(|it| it.trim().trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            return Some((process, output, port));
        }
        line.clear();
    }
    None
}

/// What the driver and the browser say where a page was left while they were at it.
const LEAVING: [&str; 9] = [
    "aborted by navigation",
    "no such execution context",
    "frame does not have execution context",
    "Cannot find default execution context",
    "Cannot find context with specified id",
    "Execution context was destroyed",
    "Inspected target navigated or closed",
    "context has changed while resolving nodes",
    "context is missing in a node",
];

/// Starts a browser at the driver on this port, with an empty profile in this folder.
async fn browser(port: u16, profile: &Path) -> WebDriverResult<WebDriver> {
    let mut wanted = DesiredCapabilities::chrome();
    let folder = format!("--user-data-dir={}", profile.display());
    // A container has neither the namespaces of a sandbox nor a screen. Nothing is looked up outside.
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--hide-scrollbars",
        "--lang=zh-CN",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        &folder,
    ] {
        wanted.add_arg(argument)?;
    }
    let languages = json!({ "intl.accept_languages": "zh-CN,zh" });
    wanted.add_experimental_option("prefs", languages)?;
    wanted.set("goog:loggingPrefs", json!({ "browser": "ALL" }))?;
    WebDriver::new(&format!("http://127.0.0.1:{port}"), wanted).await
}

/// Whether a page was left while the driver was at it.
fn is_leaving(error: &WebDriverError) -> bool {
    let told = error.to_string();
    LEAVING.iter().any(|it| told.contains(it))
}

/// Whether the page has put another element in the place of the one that was found: live pages do.
fn is_replaced(error: &WebDriverError) -> bool {
    let told = error.to_string();
    told.contains("stale element") || told.contains("Element is stale")
}

impl Screen {
    /// A new browser, at nobody's session; none where there is no Chromium or no driver of it.
    pub fn open(server: &TestServer) -> Option<Self> {
        let Some((process, output, port)) = driver() else {
            missing("There is no chromedriver (Debian: chromium-driver)");
            return None;
        };
        let runtime = Runtime::new().expect("a runtime");
        let mut tries = 1;
        let (driver, profile) = loop {
            let profile = TempDir::new().expect("a folder");
            match runtime.block_on(browser(port, profile.path())) {
                Ok(driver) => break (driver, profile),
                // Where much goes on, one may not come up in the driver's time.
                Err(_) if tries < STARTS_MAX => tries += 1,
                Err(error) => {
                    missing(&format!("Chromium does not start: {error}"));
                    return None;
                }
            }
        };
        let screen = Self {
            driver,
            runtime,
            home: server.url(""),
            process,
            _output: output,
            _profile: profile,
        };
        screen.widens(1440);
        Some(screen)
    }

    fn waits<T>(&self, what: impl Future<Output = WebDriverResult<T>>) -> T {
        let done = self.runtime.block_on(what);
        done.unwrap_or_else(|error| panic!("the browser: {error}\n{}", self.source()))
    }

    fn source(&self) -> String {
        let source = self.runtime.block_on(self.driver.source());
        source.unwrap_or_default()
    }

    fn commands(&self, method: &str, with: Value) -> Value {
        self.waits(self.driver.cdp().send_raw(method, with))
    }

    /// Makes it so wide, as a phone or a window is.
    pub fn widens(&self, width_px: u32) {
        let height_px = if width_px < 700 { 844 } else { 900 };
        let size = json!({
            "width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": width_px < 700,
        });
        self.commands("Emulation.setDeviceMetricsOverride", size);
    }

    /// Goes to a page of the server.
    pub fn goes(&self, path: &str) -> &Self {
        self.waits(self.driver.goto(format!("{}{path}", self.home)));
        self
    }

    /// Path and query of where it is.
    pub fn path(&self) -> String {
        let url = self.waits(self.driver.current_url()).to_string();
        let path = url.strip_prefix(&self.home);
        path.unwrap_or_else(|| panic!("it left the server: {url}"))
            .to_owned()
    }

    /// Logs somebody in who has the password of tests, without a session before.
    pub fn logs_in(&self, username: &str) -> &Self {
        self.goes("/console/login");
        self.waits(self.driver.delete_all_cookies());
        self.goes("/console/login");
        self.types("[name=username]", username);
        self.types("[name=password]", PASSWORD);
        self.sends("main form");
        self
    }

    fn finds(&self, css: &str) -> WebElement {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.runtime.block_on(self.driver.find(By::Css(css))) {
                Ok(found) => return found,
                Err(_) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(error) => panic!("no {css} at {}: {error}\n{}", self.path(), self.text()),
            }
        }
    }

    /// Waits until there is something, and gives its text as people see it.
    pub fn sees(&self, css: &str) -> String {
        self.with(css, async |element| element.text().await)
    }

    /// Does this with an element, and with the one in its place where it was replaced meanwhile.
    fn with<T>(&self, css: &str, what: impl AsyncFn(&WebElement) -> WebDriverResult<T>) -> T {
        self.until_it_stays(|| {
            let found = self.finds(css);
            self.runtime.block_on(what(&found))
        })
    }

    /// Does this, and once more where the page has replaced meanwhile what it is done with.
    fn until_it_stays<T>(&self, what: impl Fn() -> WebDriverResult<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            match what() {
                Err(error) if is_replaced(&error) && Instant::now() < until => {}
                done => return self.waits(async { done }),
            }
        }
    }

    /// The texts of everything of a kind, as it is now.
    pub fn all(&self, css: &str) -> Vec<String> {
        let texts = async || {
            let found = self.driver.find_all(By::Css(css)).await?;
            let mut texts = Vec::new();
            for it in found {
                texts.push(it.text().await?);
            }
            Ok(texts)
        };
        self.until_it_stays(|| self.runtime.block_on(texts()))
    }

    /// Waits until the page says something.
    pub fn waits_for(&self, text: &str) -> &Self {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(text) {
            assert!(
                Instant::now() < until,
                "{text} is not said at {}:\n{}",
                self.path(),
                self.text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        self
    }

    /// Everything that the page says, as people see it.
    pub fn text(&self) -> String {
        let said = self.runs("return document.body ? document.body.innerText : ''");
        said.as_str().unwrap_or_default().to_owned()
    }

    /// Types into a field, in place of what is there.
    pub fn types(&self, css: &str, text: &str) -> &Self {
        self.with(css, async |field| {
            field.clear().await?;
            field.send_keys(text).await
        });
        self
    }

    /// Types into the fields of these names.
    pub fn fills(&self, fields: &[(&str, &str)]) -> &Self {
        for (name, text) in fields {
            self.types(&format!("[name={name}]"), text);
        }
        self
    }

    /// Presses a key once, wherever the focus is: `a`, `1`, `Enter`, `Escape`, `ArrowRight`. It goes to the browser as one
    /// event down and one up, so that nothing is pressed again where the key leads to another page.
    pub fn presses(&self, key: &str) -> &Self {
        let (code, number, text) = match key {
            "Tab" => (key.to_owned(), 9, ""),
            "Enter" => (key.to_owned(), 13, "\r"),
            "Escape" => (key.to_owned(), 27, ""),
            "ArrowLeft" => (key.to_owned(), 37, ""),
            "ArrowRight" => (key.to_owned(), 39, ""),
            _ => {
                let sign = key.to_ascii_uppercase();
                let kind = if key.as_bytes()[0].is_ascii_digit() {
                    "Digit"
                } else {
                    "Key"
                };
                (format!("{kind}{sign}"), i32::from(sign.as_bytes()[0]), key)
            }
        };
        let down = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        for (kind, text) in [(down, text), ("keyUp", "")] {
            let event = json!({
                "type": kind, "key": key, "code": code, "text": text,
                "windowsVirtualKeyCode": number, "nativeVirtualKeyCode": number,
            });
            let protocol = self.driver.cdp();
            let sent = protocol.send_raw("Input.dispatchKeyEvent", event);
            match self.runtime.block_on(sent) {
                // The key was heard, and led away before the driver had seen to it.
                Err(error) if is_leaving(&error) => {}
                sent => drop(self.waits(async { sent })),
            }
        }
        self
    }

    /// Waits until another page than this one is there, whole, with its scripts; gives its path.
    pub fn leaves(&self, path: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let here = self.path();
            let whole = self.runs("return document.readyState === 'complete'") == json!(true);
            if here != path && whole && here == self.path() {
                return here;
            }
            assert!(
                Instant::now() < until,
                "it stays at {path}:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks.
    pub fn clicks(&self, css: &str) -> &Self {
        // In the middle, where nothing that sticks to an edge lies over it.
        let middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.with(css, async |found| {
            let args = vec![found.to_json()?];
            self.driver.execute(middle, args).await?;
            match found.click().await {
                // It was heard, and led away before the driver had seen to it: the next page is not clicked too.
                Err(error) if is_leaving(&error) => Ok(()),
                clicked => clicked,
            }
        });
        self
    }

    /// Chooses a value of a list, or sets a field that cannot be typed into; nothing on the page is told of it.
    pub fn sets(&self, css: &str, value: &str) -> &Self {
        self.with(css, async |found| {
            let args = vec![found.to_json()?, json!(value)];
            let set = "arguments[0].value = arguments[1]";
            self.driver.execute(set, args).await.map(drop)
        });
        self
    }

    /// Sends a form by its first button, and waits for the page that follows.
    pub fn sends(&self, form: &str) -> &Self {
        self.runs("window.before = true");
        self.clicks(&format!(
            "{form} button:not([type=button], [formnovalidate])"
        ));
        let until = Instant::now() + PATIENCE;
        while self.runs("return document.readyState === 'complete' && !window.before")
            != json!(true)
        {
            assert!(
                Instant::now() < until,
                "{form} leads nowhere at {}:\n{}",
                self.path(),
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// Runs a script beside the page's own; gives what it returns. On a page that is being left it is run again on the next.
    pub fn runs(&self, script: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let done = self.driver.execute(script, Vec::new());
            match self.runtime.block_on(done) {
                Err(error) if is_leaving(&error) => {
                    assert!(Instant::now() < until, "it goes on leaving: {error}");
                }
                done => return self.waits(async { done }).json().clone(),
            }
        }
    }

    /// Runs a script that calls its last argument when it is done; gives what it says then.
    pub fn awaits(&self, script: &str) -> Value {
        let done = self.driver.execute_async(script, Vec::new());
        self.waits(done).json().clone()
    }

    /// Switches scripts of pages on or off; the next page is read so.
    pub fn scripts(&self, on: bool) {
        let disabled = json!({ "value": !on });
        self.commands("Emulation.setScriptExecutionDisabled", disabled);
    }

    /// What the browser complained about since it was asked last: refusals of the policy, scripts that failed, what was not
    /// found. Pages that are asked for and are not there are no complaint of the page.
    pub fn complaints(&self) -> Vec<String> {
        let lines = self.waits(self.driver.browser_log());
        let lines = lines.into_iter().map(|line| line.message);
        lines.filter(|line| !line.contains("favicon.ico")).collect()
    }

    /// Addresses that the page asked for outside of the server.
    pub fn strangers(&self) -> Vec<String> {
        let asked = self.runs(
            "return [location.href, ...performance.getEntriesByType('resource').map(it => it.name)]",
        );
        let asked = asked.as_array().cloned().unwrap_or_default();
        let asked = asked.iter().filter_map(|it| it.as_str());
        asked
            .filter(|it| !it.starts_with(&self.home))
            .map(str::to_owned)
            .collect()
    }

    /// What axe-core finds wrong with the page and calls serious or critical, each as `rule: where`.
    pub fn inaccessible(&self) -> Vec<String> {
        let axe =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("axe/node_modules/axe-core/axe.min.js");
        let Ok(axe) = std::fs::read_to_string(axe) else {
            missing("axe-core is not there (npm --prefix tests/axe ci)");
            return Vec::new();
        };
        self.runs(&axe);
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run(document, { resultTypes: ['violations'] }) \
               .then(it => done(it.violations), it => done([{ impact: 'critical', id: String(it), nodes: [] }]))";
        let found = self.waits(self.driver.execute_async(script, Vec::new()));
        let found = found.json().as_array().cloned().unwrap_or_default();
        let grave = |it: &&Value| matches!(it["impact"].as_str(), Some("serious" | "critical"));
        let told = |it: &Value| {
            let nodes = it["nodes"].as_array().cloned().unwrap_or_default();
            let nodes: Vec<_> = nodes.iter().map(|it| it["html"].to_string()).collect();
            format!("{}: {}", it["id"], nodes.join(" | "))
        };
        found.iter().filter(grave).map(told).collect()
    }

    /// What makes the page wider than the screen, and by how many pixels: nothing, if nothing has to be pushed sideways.
    pub fn overflows(&self) -> Vec<String> {
        let wide = self.runs(
            "const page = document.documentElement, room = page.clientWidth; \
             if (page.scrollWidth <= room) return []; \
             const reaches = it => Math.round(it.getBoundingClientRect().right); \
             const widest = [...document.querySelectorAll('main *')].filter(it => reaches(it) === page.scrollWidth); \
             return [`${page.scrollWidth - room} px`, ...widest.map(it => it.outerHTML.slice(0, 300))]",
        );
        let wide = wide.as_array().cloned().unwrap_or_default();
        wide.iter().map(Value::to_string).collect()
    }

    /// Puts a picture of the whole page into `target/console/NAME-WIDTH.png`.
    pub fn pictured(&self, name: &str) -> PathBuf {
        let width = self.runs("return innerWidth").as_i64().unwrap_or_default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/console");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let file = folder.join(format!("{name}-{width}.png"));
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.commands("Page.captureScreenshot", whole);
        let bytes = STANDARD.decode(taken["data"].as_str().unwrap_or_default());
        std::fs::write(&file, bytes.expect("a picture")).expect("the folder");
        file
    }

    /// Looks at a page at both widths: nothing is wrong with it for those who cannot see it, nothing has to be pushed
    /// sideways, nothing was asked of anybody else, and the browser has nothing to complain about.
    pub fn looks_at(&self, path: &str, name: &str) {
        for width in WIDTHS {
            self.widens(width);
            self.goes(path);
            self.is_sound(&format!("{name} at {width} px"));
            self.pictured(name);
        }
        self.widens(WIDTHS[1]);
    }

    /// The same of the page that is open.
    pub fn is_sound(&self, name: &str) {
        let none = Vec::<String>::new();
        assert_eq!(self.complaints(), none, "{name}: complaints");
        assert_eq!(self.strangers(), none, "{name}: asked of others");
        assert_eq!(self.inaccessible(), none, "{name}: accessibility");
        assert_eq!(self.overflows(), none, "{name}: wider than the screen");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let driver = self.driver.clone();
        let _ = self.runtime.block_on(driver.quit());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
