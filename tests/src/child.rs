//! The `fieldseal` command and a phone as child processes, for tests of their output and for kills.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::model::{DocumentId, RefusalId, TaskId, UserId};

/// A running `fieldseal serve` in a folder. Dropped, it is killed.
pub struct ServerProcess {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
}

impl ServerProcess {
    /// Starts `program` (`env!("CARGO_BIN_EXE_server")` in a test) and waits until it listens.
    pub fn start(program: &str, data: &Path) -> Self {
        Self::start_on(program, data, None)
    }

    /// The same on a PostgreSQL database, if one is given.
    pub fn start_on(program: &str, data: &Path, database_url: Option<&str>) -> Self {
        Self::start_with(program, data, database_url, &[])
    }

    /// The same with variables of its environment.
    pub fn start_with(
        program: &str,
        data: &Path,
        database_url: Option<&str>,
        environment: &[(String, String)],
    ) -> Self {
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_remove("FIELDSEAL_DATABASE_URL")
            .env("FIELDSEAL_LOG", "warn")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(url) = database_url {
            command.env("FIELDSEAL_DATABASE_URL", url);
        }
        let mut child = command.spawn().expect("the command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its first line");
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let url = url
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self { child, stdout, url }
    }

    /// The next line of its output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line
    }

    /// Its process id, for signals.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no time to say anything.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and whether it ended well.
    pub fn terminate(mut self) -> bool {
        let id = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("a signal");
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a phone of its own process does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhonePlan {
    /// Its SQLite file.
    pub file: PathBuf,
    /// The visits that it writes in, each with a whole sheet to fill there.
    pub visits: Vec<(DocumentId, Value)>,
    /// What the sheets are for.
    pub task: TaskId,
    /// Who signs, with their usernames.
    pub samplers: Vec<(UserId, String)>,
    /// Who logs in.
    pub username: String,
    /// Number of the first thing that it notes down.
    pub first: u64,
    /// Chooses what it does.
    pub seed: u64,
    /// Which of its parts it plays.
    #[serde(default)]
    pub part: Part,
}

/// What a phone of its own process plays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub enum Part {
    /// A sampler who records, seals and syncs.
    #[default]
    Sampler,
    /// A supervisor at a gate without a network: opens these parcels one after the other, writes a confirmation after each,
    /// and hands it back to the phone that showed the code.
    Supervisor {
        /// As the share sheet left them.
        parcels: Vec<PathBuf>,
        /// What the sampler's phone shows.
        code: String,
        /// The case.
        case: (DocumentId, RefusalId),
    },
    /// Sends what evidence waits, over and over.
    Uploader,
}

/// What such a phone says: what it is about, and what it has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The store is open.
    Opened,
    /// It begins to record.
    Recording,
    /// It begins to seal a sheet.
    Sealing,
    /// It begins to capture a file.
    Capturing,
    /// It begins to open a parcel.
    Opening,
    /// It begins to make one.
    Packing,
    /// The call returned: this is durable.
    Saved(String),
    /// A request to `/v1/sync` leaves.
    Sending,
    /// Its answer is there, and is taken in.
    Receiving,
    /// Another request leaves.
    Asking,
    /// And is answered.
    Asked,
    /// A round of recording and syncing is over.
    Round,
}

/// A running phone. Dropped, it is killed.
pub struct PhoneProcess {
    child: Child,
    told: Receiver<Told>,
}

impl PhoneProcess {
    /// Starts `program` (`env!("CARGO_BIN_EXE_phone")` in a test) on a plan.
    pub fn start(program: &str, plan: &PhonePlan) -> Self {
        let written = plan.file.with_extension("plan");
        let text = serde_json::to_string(plan).expect("a plan");
        std::fs::write(&written, text).expect("the plan is written");
        let mut child = Command::new(program)
            .arg(&written)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the phone starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (teller, told) = channel();
        // A line that the kill cut through was not said.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(told) = serde_json::from_str(&line) {
                    let _ = teller.send(told);
                }
            }
        });
        Self { child, told }
    }

    /// What it says until it has said this, and that.
    pub fn until(&self, last: &Told) -> Vec<Told> {
        let mut heard = Vec::new();
        while heard.last() != Some(last) {
            heard.push(self.told.recv().expect("the phone goes on"));
        }
        heard
    }

    /// SIGKILL: no time to say anything. Gives what it had said that was not heard yet.
    pub fn kill(mut self) -> Vec<Told> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.told.iter().collect()
    }
}

impl Drop for PhoneProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of `fieldseal` to its end.
pub fn run(program: &str, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .env("FIELDSEAL_LOG", "warn")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(stdin.as_bytes())
        .expect("it reads");
    child.wait_with_output().expect("it ends")
}
