//! An authority of time stamps (RFC 3161) as `openssl ts` is one, behind a socket of its own: a root and a certificate that
//! openssl made in a temporary folder, and answers that it gives, withholds or spoils as a test says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use fieldseal_server::services::log::stamps::Authority;
use tempfile::TempDir;

use crate::server::TestServer;

/// What it does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// It stamps, as asked.
    Rightly,
    /// It hangs up.
    Not,
    /// An error of HTTP.
    Busy,
    /// A page of HTML under 200.
    Garbage,
    /// Half of a right answer.
    Half,
    /// A right answer to a question of its own about the same bytes.
    ToAnother,
    /// It stamps other bytes, under the nonce that was asked with.
    OtherBytes,
    /// It refuses, as the protocol has it.
    WithRefusal,
    /// Somebody without a certificate of its root stamps.
    AsSomebodyElse,
    /// A megabyte of zeros.
    WithoutEnd,
}

struct Kept {
    next: VecDeque<Answers>,
    rest: Answers,
    asked: usize,
}

/// The authority.
pub struct StampAuthority {
    folder: Arc<TempDir>,
    url: String,
    kept: Arc<Mutex<Kept>>,
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let done = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "openssl {arguments:?}: {told}");
}

/// A root, and a certificate for time stamps alone, under names of their own.
fn certified(folder: &Path, name: &str) {
    let root = format!("{name}-root");
    let subject = format!("/O=Test/CN={name} root");
    let (root_key, root_pem) = (format!("{root}.key"), format!("{root}.pem"));
    openssl(
        folder,
        &[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", &subject,
            "-keyout", &root_key, "-out", &root_pem,
        ],
    );
    let (key, asked, pem) = (
        format!("{name}.key"),
        format!("{name}.csr"),
        format!("{name}.pem"),
    );
    let subject = format!("/O=Test/CN={name} time stamps");
    openssl(
        folder,
        &[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &asked,
        ],
    );
    let uses = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
        extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\n";
    std::fs::write(folder.join("uses.cnf"), uses).expect("the folder");
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            &asked,
            "-CA",
            &root_pem,
            "-CAkey",
            &root_key,
            "-set_serial",
            "7",
            "-days",
            "3650",
            "-extfile",
            "uses.cnf",
            "-out",
            &pem,
        ],
    );
    let config = format!(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = {name}.serial\ncrypto_device = builtin\nsigner_cert = {pem}\n\
         certs = {root_pem}\nsigner_key = {key}\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\n\
         other_policies = 1.2.3.4.5\ndigests = sha256\naccuracy = secs:1\nclock_precision_digits = 3\n\
         ordering = yes\ntsa_name = yes\ness_cert_id_chain = no\n"
    );
    std::fs::write(folder.join(format!("{name}.cnf")), config).expect("the folder");
    std::fs::write(folder.join(format!("{name}.serial")), "01\n").expect("the folder");
}

/// What `openssl ts` answers to a question.
fn answered(folder: &Path, name: &str, question: &[u8]) -> Vec<u8> {
    let (asked, answer) = (folder.join("asked.tsq"), folder.join("answer.tsr"));
    std::fs::write(asked, question).expect("the folder");
    let config = format!("{name}.cnf");
    openssl(
        folder,
        &[
            "ts",
            "-reply",
            "-config",
            &config,
            "-queryfile",
            "asked.tsq",
            "-out",
            "answer.tsr",
        ],
    );
    std::fs::read(answer).expect("an answer")
}

fn reply(folder: &Path, how: Answers, question: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let right = || answered(folder, "authority", question);
    let body = match how {
        Answers::Not => return None,
        Answers::Busy => return Some(("503 Service Unavailable", b"later".to_vec())),
        Answers::Rightly => right(),
        Answers::Garbage => b"<html>welcome</html>".to_vec(),
        Answers::Half => {
            let whole = right();
            whole[..whole.len() / 2].to_vec()
        }
        Answers::ToAnother => {
            // The nonce is the last but the flag that asks for certificates.
            let mut other = question.to_vec();
            let place = other.len() - 4;
            other[place] ^= 1;
            answered(folder, "authority", &other)
        }
        Answers::OtherBytes => {
            // Behind the algorithm and the head of 32 bytes.
            let mut other = question.to_vec();
            let place = other.windows(2).position(|it| it == [0x04, 0x20]);
            other[place.expect("a hash") + 2] ^= 1;
            answered(folder, "authority", &other)
        }
        Answers::WithRefusal => answered(folder, "authority", b"what is that?"),
        Answers::AsSomebodyElse => answered(folder, "stranger", question),
        Answers::WithoutEnd => vec![0; 1 << 20],
    };
    Some(("200 OK", body))
}

fn converse(stream: TcpStream, folder: &Path, kept: &Mutex<Kept>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(told) = line.strip_prefix("content-length:") {
            length = told.trim().parse().unwrap_or_default();
        }
    }
    let mut question = vec![0; length];
    reader.read_exact(&mut question)?;
    let how = {
        let mut kept = kept.lock().expect("it");
        kept.asked += 1;
        let rest = kept.rest;
        kept.next.pop_front().unwrap_or(rest)
    };
    let Some((status, body)) = reply(folder, how, &question) else {
        return Ok(());
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

impl StampAuthority {
    /// One that answers rightly. It ends with the process.
    pub fn start() -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        certified(folder.path(), "authority");
        certified(folder.path(), "stranger");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/tsa", listener.local_addr().expect("an address"));
        let kept = Arc::new(Mutex::new(Kept {
            next: VecDeque::new(),
            rest: Answers::Rightly,
            asked: 0,
        }));
        let (inside, at) = (kept.clone(), folder.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever goes away before the answer has given up.
                let _ = converse(stream, at.path(), &inside);
            }
        });
        Self { folder, url, kept }
    }

    /// The file of its root certificate.
    pub fn root(&self) -> String {
        let file = self.folder.path().join("authority-root.pem");
        std::fs::read_to_string(file).expect("a certificate")
    }

    /// The root of somebody else.
    pub fn other_root(&self) -> String {
        let file = self.folder.path().join("stranger-root.pem");
        std::fs::read_to_string(file).expect("a certificate")
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A server has its checkpoints stamped here.
    pub fn serves(&self, server: &TestServer) {
        self.serves_under(server, None);
    }

    /// The same, under a policy.
    pub fn serves_under(&self, server: &TestServer, policy: Option<&str>) {
        let root = self.root();
        let authority = Authority::read(Some(&self.url), Some(&root), policy);
        let authority = authority.expect("an authority").expect("an authority");
        assert!(server.app.authority.set(authority).is_ok());
    }

    /// From now on, once each in this order, and then as before.
    pub fn answers(&self, next: &[Answers]) {
        self.kept.lock().expect("it").next.extend(next);
    }

    /// From now on, always.
    pub fn answers_always(&self, how: Answers) {
        self.kept.lock().expect("it").rest = how;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.kept.lock().expect("it").asked
    }
}
