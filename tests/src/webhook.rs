//! A webhook as an operator runs one: it believes what Standard Webhooks says it may, answers as a test tells it to, and keeps
//! what came. On it stand the stand-ins of push providers and of the credit publicity system.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What signs, on both sides.
pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Longer than any request takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time enough for the server's job to look twice.
const QUIET: Duration = Duration::from_millis(4_500);

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With this status and these header lines.
    Status(u16, &'static str),
    /// With 200 and this body.
    Says(String),
    /// The connection is closed without a word.
    HangUp,
    /// Never.
    Silence,
}

/// A request as it came; its signature held.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub at_s: i64,
    /// The body.
    pub body: Value,
}

/// What is answered where a test says nothing.
type Usual = dyn Fn(&Delivery) -> Reply + Send + Sync;

/// The webhook.
pub struct Webhook {
    url: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    came: Receiver<Delivery>,
}

impl Webhook {
    /// One that answers so.
    pub fn start(usual: impl Fn(&Delivery) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let usual: Arc<Usual> = Arc::new(usual);
        let (send, came) = channel();
        let answers = replies.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (answers, usual, send) = (answers.clone(), usual.clone(), send.clone());
                std::thread::spawn(move || serve(connection, &answers, &*usual, &send));
            }
        });
        Self { url, replies, came }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next requests are answered so, and those after them as usual.
    pub fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        let mut waiting = self.replies.lock().expect("replies");
        waiting.extend(replies);
    }

    /// Everything is answered as usual from now on.
    pub fn replies_as_usual(&self) {
        self.replies.lock().expect("replies").clear();
    }

    /// The next request.
    #[track_caller]
    pub fn next(&self) -> Delivery {
        self.came.recv_timeout(PATIENCE).expect("a request")
    }

    /// Nothing comes, although the server looks.
    #[track_caller]
    pub fn is_left_alone(&self) {
        let came = self.came.recv_timeout(QUIET);
        assert!(came.is_err(), "{came:?}");
    }
}

fn serve(
    connection: TcpStream,
    replies: &Mutex<VecDeque<Reply>>,
    usual: &Usual,
    came: &Sender<Delivery>,
) {
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
        let delivery = Delivery {
            id,
            at_s: timestamp.parse().expect("seconds"),
            body: serde_json::from_slice(&body).expect("JSON"),
        };
        let (status, lines, said) = match reply.unwrap_or_else(|| usual(&delivery)) {
            Reply::Status(status, lines) => (status, lines, String::new()),
            Reply::Says(said) => (200, "content-type: application/json\r\n", said),
            Reply::HangUp => {
                let _ = came.send(delivery);
                return;
            }
            Reply::Silence => {
                let _ = came.send(delivery);
                // Until the other side has had enough.
                let _ = reader.read(&mut [0]);
                return;
            }
        };
        let length = said.len();
        let answer =
            format!("HTTP/1.1 {status} Said\r\n{lines}content-length: {length}\r\n\r\n{said}");
        let answered = writer.write_all(answer.as_bytes());
        let _ = came.send(delivery);
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
