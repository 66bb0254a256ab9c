//! A push provider's webhook, as an operator runs one: it believes what Standard Webhooks says it may, answers as a test tells
//! it to, and keeps what came.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::services::wakes::provider::Providers;
use serde_json::Value;

use crate::server::TestServer;

/// What signs, on both sides.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Longer than any wake takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time enough for the server's job to look twice.
const QUIET: Duration = Duration::from_millis(2_500);

/// How the next request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With this status and these header lines.
    Status(u16, &'static str),
    /// The connection is closed without a word.
    HangUp,
    /// Never.
    Silence,
}

/// A wake as it came; its signature held.
#[derive(Clone, Debug)]
pub struct Wake {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub at_s: i64,
    /// The body.
    pub body: Value,
}

impl Wake {
    /// Whose phone is woken.
    pub fn token(&self) -> &str {
        self.body["data"]["token"].as_str().unwrap_or_default()
    }
}

/// The provider.
pub struct PushProvider {
    url: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    wakes: Receiver<Wake>,
}

impl PushProvider {
    /// One that takes every wake.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/wake", listener.local_addr().expect("an address"));
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let (send, wakes) = channel();
        let answers = replies.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (answers, send) = (answers.clone(), send.clone());
                std::thread::spawn(move || serve(connection, &answers, &send));
            }
        });
        Self {
            url,
            replies,
            wakes,
        }
    }

    /// The server wakes phones through it, under the name `push`.
    pub fn serves(&self, server: &TestServer) {
        let endpoint = format!("push={}", self.url);
        let secret = format!("push={SECRET}");
        let providers = Providers::read(&[endpoint], &[secret]).expect("a provider");
        let set = server.app.providers.set(providers.expect("a provider"));
        assert!(set.is_ok(), "a server has its providers once");
    }

    /// The next requests are answered so, and those after them taken.
    pub fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        let mut waiting = self.replies.lock().expect("replies");
        waiting.extend(replies);
    }

    /// Every wake is taken from now on.
    pub fn replies_as_usual(&self) {
        self.replies.lock().expect("replies").clear();
    }

    /// The next wake.
    #[track_caller]
    pub fn next(&self) -> Wake {
        self.wakes.recv_timeout(PATIENCE).expect("a wake")
    }

    /// Nothing comes, although the server looks.
    #[track_caller]
    pub fn is_left_alone(&self) {
        let came = self.wakes.recv_timeout(QUIET);
        assert!(came.is_err(), "{came:?}");
    }
}

fn serve(connection: TcpStream, replies: &Mutex<VecDeque<Reply>>, wakes: &Sender<Wake>) {
    let mut reader = BufReader::new(connection.try_clone().expect("a socket"));
    let mut writer = connection;
    while let Some((headers, body)) = read(&mut reader) {
        let of = |name: &str| {
            let mut headers = headers.iter();
            let found = headers.find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let (id, timestamp) = (of("webhook-id"), of("webhook-timestamp"));
        let secret = SECRET.strip_prefix("whsec_").expect("a secret");
        let secret = STANDARD.decode(secret).expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let said = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body].concat();
        let holds = of("webhook-signature").split(' ').any(|signature| {
            let tag = signature.strip_prefix("v1,");
            let tag = tag.and_then(|text| STANDARD.decode(text).ok());
            tag.is_some_and(|tag| hmac::verify(&key, &said, &tag).is_ok())
        });
        if !holds {
            let _ = writer.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
            continue;
        }
        let reply = replies.lock().expect("replies").pop_front();
        let wake = Wake {
            id,
            at_s: timestamp.parse().expect("seconds"),
            body: serde_json::from_slice(&body).expect("JSON"),
        };
        let (status, lines) = match reply.unwrap_or(Reply::Status(204, "")) {
            Reply::Status(status, lines) => (status, lines),
            Reply::HangUp => {
                let _ = wakes.send(wake);
                return;
            }
            Reply::Silence => {
                let _ = wakes.send(wake);
                // Until the other side has had enough.
                let _ = reader.read(&mut [0]);
                return;
            }
        };
        let head = format!("HTTP/1.1 {status} Said\r\n{lines}content-length: 0\r\n\r\n");
        let answered = writer.write_all(head.as_bytes());
        let _ = wakes.send(wake);
        if answered.is_err() {
            return;
        }
    }
}

type Headers = Vec<(String, String)>;

fn read(reader: &mut BufReader<TcpStream>) -> Option<(Headers, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = Headers::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut lengths = headers.iter().filter(|(name, _)| name == "content-length");
    let length = lengths.next()?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}
