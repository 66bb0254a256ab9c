//! A server in process, on 127.0.0.1, a folder and a database of its own, whose clock stands until a test moves it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use fieldseal_server::app::App;
use fieldseal_server::cli::admin;
use fieldseal_server::clock::ManualClock;
use fieldseal_server::config::DataConfig;
use fieldseal_server::rng::SeededRng;
use fieldseal_server::serve::serve;
use fieldseal_server::store::{Row, Statement};
use serde_json::{Value, json};
use sync_core::limits::POSTGRES_CONNECTIONS;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::postgres::TestDatabase;

/// Where a test's clock begins: 2025-03-01 09:00 in Shanghai.
pub const MORNING_MS: i64 = 1_740_790_800_000;
/// The password of everybody a test makes.
pub const PASSWORD: &str = "correct horse battery";

fn database_of_this_process() -> Option<Arc<TestDatabase>> {
    match Database::of_this_process() {
        Database::Sqlite => None,
        Database::Postgres => Some(TestDatabase::new()),
    }
}

/// What a failure says at once, in characters: a page can be long.
const FAILURE_CHARS_MAX: usize = 2_000;

/// What fails says why beside its name, and not at the end of the run alone: of a long run the end may be all that is lost.
fn failures_are_told() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |failure| {
            let told: String = failure
                .to_string()
                .chars()
                .take(FAILURE_CHARS_MAX)
                .collect();
            let thread = std::thread::current();
            let _ = writeln!(
                std::io::stderr(),
                "{}: {told}",
                thread.name().unwrap_or("?")
            );
            before(failure);
        }));
    });
}

/// What a server in this process logs as an error stands on standard error, or nobody would know why it answered 500.
fn errors_are_told() {
    // Only the first takes: all servers of a process log alike.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::ERROR)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .try_init();
}

/// A running server. Dropped, it shuts down as on SIGTERM.
pub struct TestServer {
    /// Its state, for what cannot be seen over HTTP.
    pub app: App,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Runs it; also for tests that call the store directly.
    pub runtime: Runtime,
    agent: ureq::Agent,
    folder: PathBuf,
    database: Option<Arc<TestDatabase>>,
    shutdown: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<std::io::Result<()>>>,
    _own_folder: Option<TempDir>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON; a string if it is none; null if it is empty.
    pub body: Value,
    /// The body as it came, if it is text.
    pub raw: String,
    /// The headers.
    pub headers: ureq::http::HeaderMap,
}

impl Answer {
    /// The stable code, if it is a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// A text field that must be there.
    pub fn text(&self, field: &str) -> String {
        let text = self.body[field].as_str();
        text.unwrap_or_else(|| panic!("no text {field} in {self:?}"))
            .to_owned()
    }

    /// What the problem's `errors` say of a field.
    #[track_caller]
    pub fn told(&self, field: &str) -> String {
        let mut errors = self.body["errors"].as_array().into_iter().flatten();
        let found = errors.find(|error| error["field"] == field);
        let detail = found.and_then(|error| error["detail"].as_str());
        detail
            .unwrap_or_else(|| panic!("no {field} in {}", self.body))
            .to_owned()
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The answer, if it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        self
    }
}

impl TestServer {
    /// One on a folder and a database of its own.
    pub fn start() -> Self {
        let own = TempDir::new().expect("a temporary folder");
        let folder = own.path().to_owned();
        let clock = Arc::new(ManualClock::at(MORNING_MS));
        Self::begin(&folder, database_of_this_process(), clock, 0, Some(own))
    }

    /// One that browsers reach by another address, behind a proxy.
    pub fn start_behind(public_url: &str) -> Self {
        let own = TempDir::new().expect("a temporary folder");
        let folder = own.path().to_owned();
        let clock = Arc::new(ManualClock::at(MORNING_MS));
        let database = database_of_this_process();
        Self::begin_behind(Some(public_url), &folder, database, (clock, 0), Some(own))
    }

    /// One on a folder that outlives it, so that it can be started again; on PostgreSQL the database outlives it too.
    pub fn start_in(folder: &Path) -> Self {
        Self::start_on(folder, Arc::new(ManualClock::at(MORNING_MS)))
    }

    /// One on a copy of the folder where another has stopped, and of its database: what happens to it leaves the other as it
    /// was.
    pub fn start_copy(from: &Path, to: &Path) -> Self {
        copy_folder(from, to);
        if Database::of_this_process() == Database::Postgres {
            TestDatabase::keep_copy(from, to);
        }
        Self::start_in(to)
    }

    /// One on a folder where another has stopped, by the same clock.
    pub fn start_on(folder: &Path, clock: Arc<ManualClock>) -> Self {
        let database = match Database::of_this_process() {
            Database::Sqlite => None,
            Database::Postgres => Some(TestDatabase::kept_for(folder)),
        };
        // A restarted server must not draw the ids of the one before it.
        let starts = folder.read_dir().map_or(0, Iterator::count);
        std::fs::write(folder.join(format!("start-{starts}")), "").expect("the folder");
        Self::begin(folder, database, clock, starts as u64, None)
    }

    /// One on a PostgreSQL database that was made for it.
    pub fn start_with(database: Arc<TestDatabase>) -> Self {
        let own = TempDir::new().expect("a temporary folder");
        let folder = own.path().to_owned();
        let clock = Arc::new(ManualClock::at(MORNING_MS));
        Self::begin(&folder, Some(database), clock, 0, Some(own))
    }

    /// One on SQLite whatever this process runs on, on a folder that outlives it.
    pub fn start_on_sqlite(folder: &Path) -> Self {
        let clock = Arc::new(ManualClock::at(MORNING_MS));
        Self::begin(folder, None, clock, 0, None)
    }

    /// One on this database of PostgreSQL, on a folder that outlives it.
    pub fn start_on_postgres(folder: &Path, database: Arc<TestDatabase>) -> Self {
        let clock = Arc::new(ManualClock::at(MORNING_MS));
        Self::begin(folder, Some(database), clock, 0, None)
    }

    /// The server that takes over from this one, which has stopped: on the same folder, by the same clock, and on the same
    /// database unless it is given another.
    pub fn start_again(&self, database: Option<Arc<TestDatabase>>) -> Self {
        let database = database.or_else(|| self.database.clone());
        Self::begin(&self.folder, database, self.clock.clone(), 1, None)
    }

    /// Every row of every table, as text: what a request that changes nothing leaves as it is. Without the rows that
    /// PostgreSQL's writers take turns by, which count turns.
    pub fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let sqlite = self.database.is_none();
        let run = |sql| Statement { name: "rows", sql };
        self.runtime.block_on(async {
            let mut db = self.app.store.read().await.expect("a connection");
            let names = run(match sqlite {
                true => {
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                }
                false => {
                    "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
                     WHERE table_schema = 'public'"
                }
            });
            let mut rows = BTreeMap::new();
            for table in db.all(&names, Vec::new()).await.expect("the schema") {
                let table: String = table.get("name").expect("a name");
                if table == "locks" {
                    continue;
                }
                let all = run(format!("SELECT * FROM {table}").leak());
                let found = db.all(&all, Vec::new()).await.expect("a table");
                let mut texts: Vec<String> = found.iter().map(|row| format!("{row:?}")).collect();
                texts.sort();
                rows.insert(table, texts);
            }
            rows
        })
    }

    /// A second server beside this one: a process of its own in all but name, on the same PostgreSQL database and by the
    /// same clock, with a data folder, connections and caches of its own.
    pub fn start_beside(&self) -> Self {
        let own = TempDir::new().expect("a temporary folder");
        let folder = own.path().to_owned();
        let database = self.database.clone();
        assert!(database.is_some(), "two servers share PostgreSQL alone");
        // Far from the seeds of other servers and of phones: no two draw the same ids.
        let seed = u64::MAX - u64::from(self.address.port());
        Self::begin(&folder, database, self.clock.clone(), seed, Some(own))
    }

    fn begin(
        folder: &Path,
        database: Option<Arc<TestDatabase>>,
        clock: Arc<ManualClock>,
        seed: u64,
        own: Option<TempDir>,
    ) -> Self {
        Self::begin_behind(None, folder, database, (clock, seed), own)
    }

    fn begin_behind(
        public_url: Option<&str>,
        folder: &Path,
        database: Option<Arc<TestDatabase>>,
        (clock, seed): (Arc<ManualClock>, u64),
        own: Option<TempDir>,
    ) -> Self {
        errors_are_told();
        failures_are_told();
        let runtime = Runtime::new().expect("a runtime");
        let rng = Arc::new(SeededRng::new(seed));
        let config = DataConfig {
            data: folder.to_owned(),
            database_url: database.as_ref().map(|database| database.url().to_owned()),
            database_connections: POSTGRES_CONNECTIONS,
            objects_url: None,
            objects_environment: None,
        };
        let app = runtime
            .block_on(App::open_with(&config, clock.clone(), rng))
            .expect("the application opens");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let here = || format!("http://{address}");
        let _ = app
            .public_url
            .set(public_url.map_or_else(here, str::to_owned));
        let (shutdown, told) = oneshot::channel::<()>();
        let until = async {
            let _ = told.await;
        };
        let served = runtime.spawn(serve(app.clone(), listener, until));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // The server may answer and close before it has read a body that it refuses: a kept connection would be dead.
            .max_idle_connections(0)
            .build();
        let server = Self {
            app,
            clock,
            address,
            runtime,
            agent: config.new_agent(),
            folder: folder.to_owned(),
            database,
            shutdown: Some(shutdown),
            served: Some(served),
            _own_folder: own,
        };
        // The port takes connections before the server has written what it writes at its start, and a test that reads the
        // store would see that happen.
        server
            .call("GET", "/health/live", None, Value::Null)
            .expect(200);
        server
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its PostgreSQL database, if it is on one.
    pub fn database(&self) -> Option<&TestDatabase> {
        self.database.as_deref()
    }

    /// Where its PostgreSQL database is, if it is on one.
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url())
    }

    /// What a statement reads from its database.
    pub fn reads(&self, sql: &'static str) -> Vec<Row> {
        let statement = Statement {
            name: "of a test",
            sql,
        };
        self.runtime.block_on(async {
            let mut db = self.app.store.read().await.expect("a reader");
            db.all(&statement, Vec::new()).await.expect("rows")
        })
    }

    /// Writes into its database behind its back.
    pub fn writes(&self, sql: &'static str) -> u64 {
        let statement = Statement {
            name: "of a test",
            sql,
        };
        self.runtime.block_on(async {
            let mut tx = self.app.store.begin_beside().await.expect("a writer");
            let touched = tx.exec(&statement, Vec::new()).await.expect("it is run");
            tx.commit().await.expect("it is kept");
            touched
        })
    }

    /// All that its database holds, as bytes to search in: every file of its folder, and what PostgreSQL dumps.
    pub fn stored_bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in self.folder.read_dir().expect("its folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                all.extend(std::fs::read(&path).expect("a file"));
            }
        }
        if let Some(database) = &self.database {
            all.extend(database.dump());
        }
        all
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Calls an operation with a JSON body.
    pub fn call(&self, method: &str, path: &str, token: Option<&str>, body: Value) -> Answer {
        let bytes = if body.is_null() {
            None
        } else {
            Some(body.to_string().into_bytes())
        };
        self.call_raw(method, path, token, "application/json", bytes)
    }

    /// Calls an operation with a JSON body under an `Idempotency-Key`.
    pub fn call_keyed(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        key: &str,
        body: Value,
    ) -> Answer {
        let request = ureq::http::Request::builder().header("idempotency-key", key);
        let bytes = Some(body.to_string().into_bytes());
        self.run(request, method, path, token, "application/json", bytes)
    }

    /// Calls an operation with a JSON body and a header.
    pub fn call_with(
        &self,
        method: &str,
        path: &str,
        (name, value): (&str, &str),
        body: Value,
    ) -> Answer {
        let request = ureq::http::Request::builder().header(name, value);
        let bytes = Some(body.to_string().into_bytes());
        self.run(request, method, path, None, "application/json", bytes)
    }

    /// Calls an operation without a body, with any headers.
    pub fn call_headed(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = headers
            .iter()
            .fold(ureq::http::Request::builder(), |request, (name, value)| {
                request.header(*name, *value)
            });
        self.run(request, method, path, token, "application/json", None)
    }

    /// Calls an operation with any bytes.
    pub fn call_raw(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: Option<Vec<u8>>,
    ) -> Answer {
        let request = ureq::http::Request::builder();
        self.run(request, method, path, token, content_type, body)
    }

    fn run(
        &self,
        request: ureq::http::request::Builder,
        method: &str,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: Option<Vec<u8>>,
    ) -> Answer {
        let mut request = request.method(method).uri(self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = match body {
            Some(bytes) => {
                let request = request.header("content-type", content_type);
                self.agent.run(request.body(bytes).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let bytes = answer.body_mut().read_to_vec().expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or(Value::String(text.to_owned())),
        };
        Answer {
            raw: text,
            status: answer.status().as_u16(),
            body,
            headers: answer.headers().clone(),
        }
    }

    /// GET.
    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, Some(token), Value::Null)
    }

    /// POST.
    pub fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, Some(token), body)
    }

    /// Makes the authority of a region with an administrator, as the command line does; gives their access token.
    pub fn admin(&self, region: &str) -> String {
        let name = format!("admin-{region}");
        let authority = format!("{region}示例市场监督管理局");
        let made = admin::make(
            &self.app,
            &authority,
            region,
            name.clone(),
            "管理员".to_owned(),
            PASSWORD.to_owned(),
        );
        self.runtime.block_on(made).expect("an administrator");
        self.log_in(&name)
    }

    /// Logs somebody in without a device; gives their access token.
    pub fn log_in(&self, username: &str) -> String {
        let grant = json!({ "grant": "password", "username": username, "password": PASSWORD });
        self.call("POST", "/v1/tokens", None, grant)
            .expect(201)
            .text("access_token")
    }

    /// Makes an organisation; gives its id.
    pub fn organisation(&self, admin: &str, kind: &str, region: &str) -> String {
        let body = json!({ "kind": kind, "name": format!("{region}示例{kind}"), "region": region });
        self.post("/v1/organisations", admin, body)
            .expect(201)
            .text("organisation_id")
    }

    /// Makes a person; gives their id.
    pub fn user(&self, admin: &str, organisation: &str, username: &str, roles: &[&str]) -> String {
        let body = json!({
            "organisation_id": organisation, "username": username, "display_name": username,
            "roles": roles, "password": PASSWORD,
        });
        self.post("/v1/users", admin, body)
            .expect(201)
            .text("user_id")
    }

    /// Makes a one-time code for a person.
    pub fn enrolment_code(&self, admin: &str, user: &str) -> String {
        let body = json!({ "user_id": user });
        self.post("/v1/enrolment-codes", admin, body)
            .expect(201)
            .text("code")
    }

    /// A fresh challenge.
    pub fn challenge(&self) -> String {
        self.call("POST", "/v1/challenges", None, Value::Null)
            .expect(201)
            .text("challenge")
    }

    /// Shuts down as on SIGTERM, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
        if let Some(served) = self.served.take() {
            self.runtime
                .block_on(served)
                .expect("the server ends")
                .expect("without an error");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in from.read_dir().expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("a folder of its own");
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
