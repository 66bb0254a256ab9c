//! The `fieldseal` command as a child process, for tests of its output and for kills.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

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
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_remove("FIELDSEAL_DATABASE_URL")
            .env("FIELDSEAL_LOG", "warn")
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
