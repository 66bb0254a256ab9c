//! Stock clients of tus as processes of their own: `tus-js-client` of npm and `tuspy` of Python, from `tests/tus`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::tus::Piece;

/// Set to anything but 0: without the clients the tests fail instead of being skipped.
pub const REQUIRED: &str = "FIELDSEAL_REQUIRE_TUS_CLIENTS";

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockClient {
    /// `tus-js-client`.
    JavaScript,
    /// `tuspy`.
    Python,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tus")
}

/// The interpreter whose packages are there.
pub fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let python = target.join("tus-clients/bin/python");
    let checked = Command::new(&python)
        .args(["-c", "import moto.server, tusclient"])
        .stderr(Stdio::null())
        .status();
    checked.is_ok_and(|it| it.success()).then_some(python)
}

/// Says that something is not there, past the harness's capture; fails where it is required.
pub fn missing(what: &str) {
    let required = std::env::var(REQUIRED);
    let required = required.is_ok_and(|value| !value.is_empty() && value != "0");
    let verdict = if required {
        "REQUIRED BUT MISSING"
    } else {
        "SKIPPED"
    };
    let _ = writeln!(
        std::io::stderr(),
        "\nUploads: {verdict}. There is no {what}: install what `tests/tus` names, as `.ci/run` does.\n"
    );
    assert!(!required, "{what} is required");
}

impl StockClient {
    /// Uploads a file in parts of this length, with what its protocol's extensions are for, if that is asked; none where the
    /// client is not there.
    pub fn uploads(
        self,
        (server, token): (SocketAddr, &str),
        file: &Path,
        piece: &Piece,
        (part, extensions): (usize, bool),
    ) -> Option<Child> {
        let mut command = match self {
            Self::JavaScript => {
                if !folder().join("node_modules/tus-js-client").is_dir() {
                    missing("client of npm");
                    return None;
                }
                let mut command = Command::new("node");
                command.arg("upload.mjs");
                command
            }
            Self::Python => {
                let Some(python) = python() else {
                    missing("client of Python");
                    return None;
                };
                let mut command = Command::new(python);
                command.arg("upload.py");
                command
            }
        };
        let metadata = json!({
            "sha256": piece.sha256, "document_id": piece.document_id, "evidence_id": piece.evidence_id,
            "filename": "现场.mp4", "filetype": "video/mp4",
        });
        if extensions {
            command.env("EXTENSIONS", "1");
        }
        let running = command
            .arg(format!("http://{server}/v1/uploads"))
            .arg(file)
            .arg(metadata.to_string())
            .arg(part.to_string())
            .env("TOKEN", token)
            .current_dir(folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Some(running.expect("the client starts"))
    }
}
