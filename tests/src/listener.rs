//! Somebody who listens to live notice: a stream of server-sent events over a socket, read line by line as a browser does.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::server::TestServer;

/// Longer than any event takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time enough for a server to look twice, and no heartbeat is an event.
const QUIET: Duration = Duration::from_millis(1_500);

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its id.
    pub id: String,
    /// Its name.
    pub event: String,
    /// What it says.
    pub data: Value,
    /// All of it as it came.
    pub raw: String,
}

/// A stream.
pub struct Listener {
    heard: Receiver<Heard>,
}

impl Listener {
    /// Opens a stream behind an event, which the server must grant.
    #[track_caller]
    pub fn open(server: &TestServer, token: &str, last: Option<&str>) -> Self {
        let mut request = ureq::get(server.url("/v1/events"))
            .config()
            .http_status_as_error(false)
            .build()
            .header("authorization", format!("Bearer {token}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.call().expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let (send, heard) = channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(answer.into_body().into_reader()).lines();
            let (mut fields, mut raw) = (Vec::new(), String::new());
            while let Some(Ok(line)) = lines.next() {
                raw.push_str(&line);
                raw.push('\n');
                if !line.is_empty() {
                    fields.push(line);
                    continue;
                }
                let of = |name: &str| {
                    let mut values = fields.iter().filter_map(|it: &String| {
                        let (field, value) = it.split_once(':')?;
                        (field == name).then(|| value.trim_start().to_owned())
                    });
                    values.next().unwrap_or_default()
                };
                let event = Heard {
                    id: of("id"),
                    event: of("event"),
                    data: serde_json::from_str(&of("data")).unwrap_or_default(),
                    raw: std::mem::take(&mut raw),
                };
                fields.clear();
                // A comment is no event.
                if !event.event.is_empty() && send.send(event).is_err() {
                    return;
                }
            }
        });
        Self { heard }
    }

    /// The next event; none where the stream has ended.
    #[track_caller]
    pub fn next(&self) -> Option<Heard> {
        match self.heard.recv_timeout(PATIENCE) {
            Ok(event) => Some(event),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("nothing is heard"),
        }
    }

    /// No other event of this name comes, although the server looks twice.
    #[track_caller]
    pub fn hears_no_more_of(&self, name: &str) {
        while let Ok(heard) = self.heard.recv_timeout(QUIET) {
            assert_ne!(heard.event, name, "{}", heard.raw);
        }
    }

    /// The next event of this name; what comes before it is passed over.
    #[track_caller]
    pub fn waits_for(&self, name: &str) -> Heard {
        loop {
            let heard = self.next();
            let heard = heard.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if heard.event == name {
                return heard;
            }
        }
    }
}
