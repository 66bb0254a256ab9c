//! A server of S3 as a process of its own: the Python package `moto`, on loopback, with one bucket. It ends with the test.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::stock_clients::{missing, python};

/// How long it may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub struct S3Server {
    /// `FIELDSEAL_OBJECTS_URL`.
    pub url: String,
    /// The variables that lead there.
    pub environment: Vec<(String, String)>,
    process: Child,
}

impl S3Server {
    /// Starts one; none where Python or its packages are missing, which is said past the harness's capture.
    pub fn start() -> Option<Self> {
        let Some(python) = python() else {
            missing("a server of S3");
            return None;
        };
        let address = free_address();
        let process = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
            .arg(address.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server of S3 starts");
        let endpoint = format!("http://{address}");
        let server = Self {
            url: "s3://evidence/fieldseal/tests".to_owned(),
            environment: [
                ("AWS_ENDPOINT_URL", endpoint.as_str()),
                ("AWS_ACCESS_KEY_ID", "tests"),
                ("AWS_SECRET_ACCESS_KEY", "a secret of the tests"),
                ("AWS_REGION", "us-east-1"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            process,
        };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                begun.elapsed() < PATIENCE,
                "the server of S3 does not listen"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        let made = ureq::put(format!("{endpoint}/evidence")).send_empty();
        made.expect("a bucket");
        Some(server)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where nobody listens now.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
