//! A private PostgreSQL for the tests of one process: started on first use in a temporary folder, reached by a socket in
//! it, never run as root, and gone when the process is, however that ends. Every server gets a database of its own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use fieldseal_server::store::Store;
use sync_core::limits::POSTGRES_CONNECTIONS;
use tempfile::TempDir;

/// Set to anything but 0: without PostgreSQL the tests fail instead of being skipped.
pub const REQUIRED: &str = "FIELDSEAL_REQUIRE_POSTGRES";
/// The superuser of the instance.
const SUPERUSER: &str = "fieldseal";
/// The migrated database that others are copied from.
const TEMPLATE: &str = "fieldseal_template";
/// The benchmark, whose database synchronises its disk as in service.
const BENCHMARK: &str = "figures";
/// How long the instance may take to answer.
const START_S: u64 = 60;
/// After so long a server that was killed is started once more: what is left of it can be in the way of the next.
const START_AGAIN_S: u64 = 5;

/// Runs the server until its input ends, which it does when the process that holds the other end is gone: killed,
/// crashed or finished. Then nothing of it is left, neither processes nor files. At a line it kills the server and starts
/// it again. Without fsync what was committed survives that: it is the kernel's, which goes on.
const LEASH: &str = r#"
start() {
    "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync="$durable" -c full_page_writes="$durable" \
        -c max_connections="$connections" -c shared_buffers=64MB -c log_min_messages=fatal >>"$folder/log" 2>&1 &
    server=$!
}
bin=$1 folder=$2 connections=$3 durable=$4
start
while read -r _; do
    kill -KILL "$server"
    wait "$server"
    start
done
kill -INT "$server"
wait "$server"
rm -rf "$folder"
"#;

/// A running instance.
pub struct Instance {
    bin: PathBuf,
    folder: PathBuf,
    leash: Mutex<Child>,
}

/// The instance of this process; none where PostgreSQL is not installed.
fn instance() -> Option<&'static Instance> {
    static INSTANCE: LazyLock<Option<Instance>> = LazyLock::new(|| {
        let bin = find_programs()?;
        Some(Instance::start(bin))
    });
    INSTANCE.as_ref()
}

/// The instance of this process. Without PostgreSQL on the machine this says so and ends the process, which holds nothing
/// but tests on PostgreSQL: none of them may be reported as passed.
fn needed() -> &'static Instance {
    instance().unwrap_or_else(|| {
        let required = std::env::var(REQUIRED).is_ok_and(|value| !value.is_empty() && value != "0");
        let verdict = if required { "REQUIRED BUT MISSING" } else { "SKIPPED" };
        // Past the harness's capture: a skipped test must be seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nPostgreSQL: {verdict}. No initdb, postgres and psql in PATH, in `pg_config --bindir` or in \
             /usr/lib/postgresql/*/bin: no test of this binary was run on PostgreSQL.\n"
        );
        std::process::exit(i32::from(required));
    })
}

/// Where `initdb`, `postgres` and `psql` are: the newest version that is complete.
fn find_programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    if let Ok(told) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&told.stdout).trim().into());
    }
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|entry| entry.path()).collect();
        versions.sort_by_key(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            std::cmp::Reverse(name.parse::<u32>().unwrap_or_default())
        });
        folders.extend(versions.into_iter().map(|path| path.join("bin")));
    }
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    folders.into_iter().find(complete)
}

/// As whom the instance runs when the tests run as root, which PostgreSQL refuses: its user and group.
fn ordinary_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").expect("the users of the machine");
    let find = |wanted: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    ["postgres", "nobody"]
        .into_iter()
        .find_map(find)
        .expect("a user who is not root")
}

/// Whether this process is the benchmark, by the name that cargo gives it.
fn is_measured() -> bool {
    let program = std::env::current_exe().expect("a program");
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(BENCHMARK)
}

impl Instance {
    fn start(bin: PathBuf) -> Self {
        let folder = TempDir::with_prefix("fieldseal-pg-").expect("a temporary folder");
        let own = fs::metadata(folder.path()).expect("its owner");
        let user = (own.uid() == 0).then(ordinary_user);
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).expect("the folder changes hands");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("its mode");
        // From here on the leash removes it, not this process.
        let folder = folder.keep();
        let as_user = |mut command: Command| {
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir(&folder).stdin(Stdio::null());
            command
        };
        let initdb = |locale: &[&str]| {
            let mut initdb = as_user(Command::new(bin.join("initdb")));
            initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
            initdb.args(locale).args(["--username", SUPERUSER, "-D"]);
            initdb
                .arg(folder.join("data"))
                .output()
                .expect("initdb runs")
        };
        // Dictionary order where it can be had, as most installations have it: nothing of ours may count on bytes.
        let mut made = initdb(&["--locale-provider=icu", "--icu-locale=zh"]);
        if !made.status.success() {
            made = initdb(&[]);
        }
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );

        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        let mut leash = as_user(Command::new("sh"));
        leash.args(["-c", LEASH, "sh"]).arg(&bin).arg(&folder);
        leash.arg((100 + 40 * threads).to_string());
        // Nothing of a test outlives its machine; what is measured is what an installation does.
        leash.arg(if is_measured() { "on" } else { "off" });
        // A group of its own, so that Ctrl-C on the tests does not reach it before its input ends.
        leash.process_group(0).stdin(Stdio::piped());
        leash.stdout(Stdio::null()).stderr(Stdio::null());
        let leash = leash.spawn().expect("a shell");
        let instance = Self {
            bin,
            folder,
            leash: Mutex::new(leash),
        };
        instance.wait_until_it_answers();
        instance.make_template();
        instance
    }

    fn wait_until_it_answers(&self) {
        let begun = Instant::now();
        while let Err(error) = self.try_sql("SELECT 1") {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let late = begun.elapsed() > Duration::from_secs(START_S);
            assert!(!late, "PostgreSQL does not answer: {error}\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGKILL for the whole of it, and a start again.
    fn kill_and_start(&self) {
        let mut leash = self.leash.lock().expect("nobody panics with it");
        let told = leash.stdin.as_mut().expect("its input").write_all(b"\n");
        told.expect("the leash holds");
    }

    fn make_template(&self) {
        self.create(TEMPLATE, None);
        let url = self.url(TEMPLATE);
        // Servers are made inside runtimes at times: this one needs a thread of its own.
        let migrated = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let store = Store::open_postgres(&url, POSTGRES_CONNECTIONS)
                    .await
                    .expect("it migrates");
                store.close().await;
            });
        });
        migrated.join().expect("the template");
    }

    fn create(&self, name: &str, template: Option<&str>) {
        let template = template.map_or(String::new(), |from| format!(" TEMPLATE {from}"));
        self.sql(&format!("CREATE DATABASE {name}{template}"));
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder.display();
        format!("postgres://{SUPERUSER}@localhost/{database}?host={socket}")
    }

    fn try_sql(&self, sql: &str) -> Result<String, String> {
        let told = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-U", SUPERUSER, "-d", "postgres", "-c", sql, "-h"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if told.status.success() {
            Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&told.stderr).into_owned())
        }
    }

    fn sql(&self, sql: &str) -> String {
        self.try_sql(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

/// A database of its own on the instance. Dropped, it is dropped.
pub struct TestDatabase {
    instance: &'static Instance,
    name: String,
    url: String,
    kept: bool,
}

impl TestDatabase {
    /// A migrated one.
    pub fn new() -> Arc<Self> {
        Self::fresh(Some(TEMPLATE))
    }

    /// An empty one, as a stranger makes it with `createdb`.
    pub fn empty() -> Arc<Self> {
        Self::fresh(None)
    }

    /// The one of a folder: a server that is started again in it finds what it left.
    pub fn kept_for(folder: &Path) -> Arc<Self> {
        let name = name_of(folder);
        let instance = needed();
        let there = instance.sql(&format!(
            "SELECT 1 FROM pg_database WHERE datname = '{name}'"
        ));
        if there.is_empty() {
            instance.create(&name, Some(TEMPLATE));
        }
        Arc::new(Self::named(instance, name, true))
    }

    /// A migrated one on an instance of its own, which can be killed without hurting other tests.
    pub fn on_own_instance() -> Arc<Self> {
        let instance = Box::leak(Box::new(Instance::start(needed().bin.clone())));
        let name = "test_alone".to_owned();
        instance.create(&name, Some(TEMPLATE));
        Arc::new(Self::named(instance, name, true))
    }

    /// The one of a folder becomes another folder's as well, as it is now; nobody may be connected to it.
    pub fn keep_copy(from: &Path, to: &Path) {
        let (from, to) = (name_of(from), name_of(to));
        needed().create(&to, Some(&from));
    }

    fn fresh(template: Option<&str>) -> Arc<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let instance = needed();
        instance.create(&name, template);
        Arc::new(Self::named(instance, name, false))
    }

    fn named(instance: &'static Instance, name: String, kept: bool) -> Self {
        let url = instance.url(&name);
        Self {
            instance,
            name,
            url,
            kept,
        }
    }

    /// As `FIELDSEAL_DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything in it, as text.
    pub fn dump(&self) -> Vec<u8> {
        let dumped = Command::new(self.instance.bin.join("pg_dump"))
            .args(["--inserts", "-d", &self.url])
            .stdin(Stdio::null())
            .output()
            .expect("pg_dump runs");
        assert!(
            dumped.status.success(),
            "{}",
            String::from_utf8_lossy(&dumped.stderr)
        );
        dumped.stdout
    }

    /// Cuts every connection to it, as a restarted PostgreSQL or a broken network does.
    pub fn cut_connections(&self) {
        self.instance.sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ));
    }

    /// SIGKILL for the process behind one connection to it, one that is at work if there is one: PostgreSQL then throws
    /// everybody out and recovers. Only on an instance of its own.
    pub fn kill_a_connection(&self) {
        let at_work = self.instance.try_sql(&format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = '{}' ORDER BY state = 'idle', random() LIMIT 1",
            self.name
        ));
        if let Ok(pid) = at_work
            && !pid.is_empty()
        {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
    }

    /// SIGKILL for the whole of PostgreSQL, which starts again. Only on an instance of its own.
    pub fn kill_postgres(&self) {
        self.instance.kill_and_start();
    }

    /// Waits until it answers again after a kill.
    pub fn wait_until_it_recovers(&self) {
        let (begun, mut tried) = (Instant::now(), Instant::now());
        while self.instance.try_sql("SELECT 1").is_err() {
            assert!(begun.elapsed() < Duration::from_secs(START_S), "it is gone");
            if tried.elapsed() > Duration::from_secs(START_AGAIN_S) {
                self.instance.kill_and_start();
                tried = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Lets nobody connect, or lets them again.
    pub fn allow_connections(&self, allowed: bool) {
        self.instance.sql(&format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}",
            self.name
        ));
    }
}

/// The database of a folder.
fn name_of(folder: &Path) -> String {
    let hash = digest::digest(&digest::SHA256, folder.as_os_str().as_encoded_bytes());
    format!("kept_{}", hex::encode(&hash.as_ref()[..12]))
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if !self.kept {
            // What does not go now goes with the instance.
            let _ = self
                .instance
                .try_sql(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
