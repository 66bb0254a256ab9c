//! Uploads by hand: requests of tus over a plain socket, so that a test can cut one at any byte, wait for a `100 Continue`,
//! or say what no client would say; and the evidence that they are about.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mobile_ffi::EvidenceInput;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sync_core::model::DocumentId;

use crate::device::TestDevice;
use crate::phone::Phone;
use crate::world::World;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a file that cannot be made shorter: from a seed.
pub fn film(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

/// A piece of evidence that a manifest on the server names.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The document.
    pub document_id: DocumentId,
    /// The entry.
    pub evidence_id: String,
    /// SHA-256 in hex.
    pub sha256: String,
    /// In bytes.
    pub size: usize,
}

impl Piece {
    /// A phone that is somewhere lists a file in its manifest; the server knows of it when the phone has synced.
    pub fn listed(phone: &Phone, bytes: &[u8]) -> Self {
        let evidence = EvidenceInput {
            kind: "stock".to_owned(),
            medium: "video".to_owned(),
            sample_id: None,
            mime: "video/mp4".to_owned(),
            bytes: bytes.to_vec(),
        };
        let document_id = phone.visit();
        let added = phone.client.add_evidence(document_id, evidence);
        Self {
            document_id,
            evidence_id: added.expect("evidence").evidence_id,
            sha256: sha256(bytes),
            size: bytes.len(),
        }
    }

    /// `Upload-Metadata`, with a name that leads out of every folder.
    pub fn metadata(&self) -> String {
        let pairs = [
            ("filename", "../../../../etc/cron.d/抽样.mp4".to_owned()),
            ("filetype", "video/mp4".to_owned()),
            ("sha256", self.sha256.clone()),
            ("document_id", self.document_id.to_string()),
            ("evidence_id", self.evidence_id.clone()),
        ];
        let pairs = pairs.map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        pairs.join(",")
    }
}

/// What came back.
#[derive(Debug, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(have, _)| have == name)
            .map(|(_, it)| it.as_str())
    }

    /// A header that is a number.
    #[track_caller]
    pub fn number(&self, name: &str) -> usize {
        let text = self.header(name);
        let text = text.unwrap_or_else(|| panic!("no {name} in {self:?}"));
        text.parse().expect("a number")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The reply, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let told = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!(self.status, status, "{told} {:?}", self.headers);
        self
    }

    /// The reply, if it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let told = self.json();
        let got = (self.status, told["code"].as_str().unwrap_or_default());
        assert_eq!(got, (status, code), "{told}");
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"));
        self
    }
}

/// A client of tus on one device.
#[derive(Clone)]
pub struct Tus {
    /// Where the server, or whatever stands before it, listens.
    pub address: SocketAddr,
    /// The device's access token.
    pub token: String,
}

impl Tus {
    /// One for a device.
    pub fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            token: token.to_owned(),
        }
    }

    /// One for a new device of a person of the world.
    pub fn of(w: &World, person: &str, number: u8) -> Self {
        let device =
            TestDevice::enrolled(&w.server, &w.token("admin"), &w.id("user", person), number);
        Self::new(w.server.address, &device.access)
    }

    /// Opens a request: its head is sent. `Tus-Resumable` is among its headers unless they name it.
    pub fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<TcpStream> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n",
            self.address, self.token
        );
        let speaks = headers.iter().any(|(name, _)| *name == "Tus-Resumable");
        if !speaks {
            head += "Tus-Resumable: 1.0.0\r\n";
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            head += &format!("{name}: {value}\r\n");
        }
        let mut socket = TcpStream::connect(self.address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(format!("{head}\r\n").as_bytes())?;
        Ok(socket)
    }

    /// A whole request, and its answer.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let length = body.len().to_string();
        let length = match method {
            "HEAD" | "OPTIONS" | "GET" => "",
            _ => length.as_str(),
        };
        let headers = [headers, &[("Content-Length", length)]].concat();
        let mut socket = self.open(method, path, &headers).expect("a server");
        // A server that refuses early may close before all is sent: its answer is what counts.
        let _ = socket.write_all(body);
        answer(&mut socket).expect("an answer")
    }

    /// Begins an upload; its path.
    #[track_caller]
    pub fn creates(&self, piece: &Piece) -> String {
        let reply = self.asks_to_create(piece).expect(201);
        reply.header("location").expect("a place").to_owned()
    }

    /// Asks for an upload.
    #[track_caller]
    pub fn asks_to_create(&self, piece: &Piece) -> Reply {
        let (length, metadata) = (piece.size.to_string(), piece.metadata());
        let headers = [
            ("Upload-Length", length.as_str()),
            ("Upload-Metadata", metadata.as_str()),
        ];
        self.call("POST", "/v1/uploads", &headers, b"")
    }

    /// Sends bytes that follow an offset.
    #[track_caller]
    pub fn patches(&self, path: &str, offset: usize, body: &[u8]) -> Reply {
        self.patches_with(path, offset, body, &[])
    }

    /// The same with more headers.
    #[track_caller]
    pub fn patches_with(
        &self,
        path: &str,
        offset: usize,
        body: &[u8],
        more: &[(&str, &str)],
    ) -> Reply {
        let offset = offset.to_string();
        let headers = [more, &patch_headers(&offset)].concat();
        self.call("PATCH", path, &headers, body)
    }

    /// Where an upload stands.
    #[track_caller]
    pub fn offset(&self, path: &str) -> usize {
        self.call("HEAD", path, &[], b"")
            .expect(200)
            .number("upload-offset")
    }

    /// What the server says of an upload.
    #[track_caller]
    pub fn state(&self, path: &str) -> String {
        let told = self.call("GET", path, &[], b"").expect(200).json();
        told["state"].as_str().expect("a state").to_owned()
    }

    /// Waits until so many bytes of an upload are kept, without asking as who goes on with it.
    #[track_caller]
    pub fn waits_for_bytes(&self, path: &str, wanted: usize) {
        let begun = std::time::Instant::now();
        loop {
            let told = self.call("GET", path, &[], b"").expect(200).json();
            if told["offset_bytes"] == wanted {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{told} is not {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until an upload has left this state; what it is then.
    #[track_caller]
    pub fn waits_past(&self, path: &str, state: &str) -> String {
        let begun = std::time::Instant::now();
        loop {
            let now = self.state(path);
            if now != state {
                return now;
            }
            assert!(begun.elapsed() < PATIENCE, "it stays {state}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The headers of a PATCH.
pub fn patch_headers(offset: &str) -> [(&str, &str); 2] {
    [
        ("Content-Type", "application/offset+octet-stream"),
        ("Upload-Offset", offset),
    ]
}

/// Reads an answer to its end; of several the first, as `100 Continue`.
pub fn answer(socket: &mut TcpStream) -> io::Result<Reply> {
    let mut lines = BufReader::new(socket);
    let mut reply = Reply::default();
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok());
    reply.status = status.ok_or_else(|| io::Error::other(format!("no answer: {line:?}")))?;
    loop {
        line.clear();
        lines.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        reply
            .headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }
    if reply.status >= 200 {
        lines.read_to_end(&mut reply.body)?;
    }
    Ok(reply)
}
