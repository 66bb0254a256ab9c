//! PostgreSQL's own programs, which know how to write and read a dump of the whole database.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{BackupError, Result};

const DUMP: &str = "pg_dump";
const RESTORE: &str = "pg_restore";

/// Where the programs are.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// A folder; none: where the system looks for programs.
    pub folder: Option<PathBuf>,
}

impl Programs {
    /// Dumps what a snapshot of the database holds into a file.
    pub fn dump(&self, url: &str, snapshot: &str, file: &Path) -> Result<()> {
        let mut command = self.command(DUMP, url);
        command.args(["--format=custom", "--no-owner", "--no-privileges"]);
        command.arg(format!("--snapshot={snapshot}"));
        command.arg("--file").arg(file);
        run(DUMP, command)
    }

    /// Fills an empty database, wholly or not at all.
    pub fn restore(&self, url: &str, file: &Path) -> Result<()> {
        let mut command = self.command(RESTORE, url);
        command.args(["--single-transaction", "--no-owner", "--no-privileges"]);
        command.arg(file);
        run(RESTORE, command)
    }

    /// The password goes by the environment: arguments are for everybody on the machine to see.
    fn command(&self, program: &'static str, url: &str) -> Command {
        let path = match &self.folder {
            Some(folder) => folder.join(program),
            None => PathBuf::from(program),
        };
        let mut command = Command::new(path);
        let (url, password) = part(url);
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
        command.arg(format!("--dbname={url}"));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped());
        command
    }
}

fn run(program: &'static str, mut command: Command) -> Result<()> {
    let ended = command
        .output()
        .map_err(|error| BackupError::ProgramMissing(program, error))?;
    if ended.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    Err(BackupError::ProgramFailed(program, told))
}

/// An address without its password, and the password.
fn part(url: &str) -> (String, Option<String>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else {
        return whole();
    };
    let (authority, path) = match rest.find(['/', '?']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let Some((user, host)) = authority.rsplit_once('@') else {
        return whole();
    };
    let Some((name, password)) = user.split_once(':') else {
        return whole();
    };
    (
        format!("{scheme}://{name}@{host}{path}"),
        Some(decoded(password)),
    )
}

/// Percent signs as in an address.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_stands_among_the_arguments() {
        let with = part("postgres://sealer:p%40ss@db.example:5433/fieldseal?sslmode=require");
        let without = "postgres://sealer@db.example:5433/fieldseal?sslmode=require";
        assert_eq!(with, (without.to_owned(), Some("p@ss".to_owned())));
        for plain in [
            "postgres://localhost/fieldseal",
            "postgres://sealer@localhost/fieldseal?host=/run/a:b@c",
            "postgres:///fieldseal",
        ] {
            assert_eq!(part(plain), (plain.to_owned(), None));
        }
    }
}
