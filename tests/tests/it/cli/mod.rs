//! The `fieldseal` command as an operator meets it.

mod audit;
mod import;
mod large;
mod verify;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use fieldseal_tests::catalogue::DataFile;
use fieldseal_tests::child::{ServerProcess, run};
use fieldseal_tests::demonstration::FILES;
use fieldseal_tests::server::PASSWORD;
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

#[test]
fn a_new_server_says_how_to_make_the_first_administrator_and_that_line_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = ServerProcess::start(PROGRAM, &data);
    assert!(server.line().contains("nobody yet"));
    assert!(server.line().contains("/console/setup with the token "));
    assert!(server.line().contains("in another terminal"));
    let line = server.line();
    let words: Vec<_> = line.split_whitespace().collect();
    let (program, args) = words.split_first().expect("a command");
    let made = run(program, args, "");
    assert!(made.status.success(), "{made:?}");
    let told = String::from_utf8(made.stdout).unwrap();
    let password = told.trim().rsplit(' ').next().unwrap();

    let grant = json!({ "grant": "password", "username": "admin", "password": password });
    let answer = ureq::post(format!("{}/v1/tokens", server.url))
        .send_json(grant)
        .unwrap();
    assert_eq!(answer.status(), 201);
}

#[test]
fn a_password_comes_from_standard_input_and_a_taken_name_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let args = [
        "admin",
        "create",
        "--username",
        "wang",
        "--password-stdin",
        "--data",
        data,
    ];
    let made = run(PROGRAM, &args, "long enough to pass\n");
    assert!(made.status.success(), "{made:?}");
    assert!(!String::from_utf8_lossy(&made.stdout).contains("long enough"));
    let again = run(PROGRAM, &args, "long enough to pass\n");
    assert!(!again.status.success());
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(told.contains("username is taken"), "{told}");
}

#[cfg(unix)]
#[test]
fn the_servers_key_is_for_its_owner_alone_and_stays_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    ServerProcess::start(PROGRAM, folder.path()).kill();
    let key = folder.path().join("keys/server-ed25519.pk8");
    let first = std::fs::read(&key).unwrap();
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    ServerProcess::start(PROGRAM, folder.path()).kill();
    assert_eq!(std::fs::read(&key).unwrap(), first);
}

#[cfg(unix)]
#[test]
fn a_request_under_way_is_answered_after_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(PROGRAM, folder.path());
    let mut connection = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let body = br#"{"grant":"password","username":"nobody","password":"nothing"}"#;
    let head = format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // Half of the request is there when the signal comes; the other half follows it.
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&body[..10]).unwrap();
    // Another connection's answer shows that the server has accepted the one before it.
    ureq::get(format!("{}/health/ready", server.url))
        .call()
        .unwrap();
    let status = std::process::Command::new("kill")
        .arg("-TERM")
        .arg(server.id().to_string())
        .status();
    assert!(status.unwrap().success());
    connection.write_all(&body[10..]).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(server.terminate(), "and then it ends well");
}

#[test]
fn the_log_holds_no_name_no_token_and_no_query() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut child = std::process::Command::new(PROGRAM)
        .args(["serve", "--log-json", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env("FIELDSEAL_LOG", "trace,h2=off,hyper=off")
        .stdout(std::process::Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut first = [0; 256];
    let read = child.stdout.as_mut().unwrap().read(&mut first).unwrap();
    let line = String::from_utf8_lossy(&first[..read]).into_owned();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap()
        .to_owned();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let grant = json!({ "grant": "password", "username": "zhangsan", "password": "open sesame" });
    agent
        .post(format!("{url}/v1/tokens"))
        .send_json(grant)
        .unwrap();
    let request = agent.get(format!("{url}/v1/users?after=91350100M000100Y43"));
    request
        .header("authorization", "Bearer abcdef.ghijkl.mnopqr")
        .call()
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("credentials_wrong"), "{log}");
    for secret in ["zhangsan", "sesame", "91350100M000100Y43", "abcdef"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[test]
fn the_log_of_a_whole_story_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_demo"))
        .args(["--once", "--data"])
        .arg(folder.path().join("data"))
        .env(
            "FIELDSEAL_LOG",
            "trace,h2=off,hyper=off,hyper_util=off,ureq=off,ureq_proto=off",
        )
        .output()
        .unwrap();
    assert!(told.status.success(), "{told:?}");
    let log = String::from_utf8(told.stderr).unwrap();
    assert!(log.contains("/v1/sync") && log.contains("request_id"));
    let mut secrets = vec![
        // As the phones of the story write it into sheets and refusals.
        "0356-0000000".to_owned(),
        "法定代表人".to_owned(),
        "联系人".to_owned(),
        "店主".to_owned(),
        PASSWORD.to_owned(),
    ];
    for file in FILES {
        let data = DataFile::read(file);
        secrets.extend(data.people.into_iter().map(|it| it.name));
        secrets.extend(data.enterprises.iter().map(|it| it.name.clone()));
        secrets.extend(data.enterprises.into_iter().map(|it| it.uscc));
        secrets.extend(data.organisations.into_iter().filter_map(|it| it.uscc));
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
}

#[test]
fn a_mistake_of_the_operator_is_one_sentence_and_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "no folder").unwrap();
    let blocked = blocked.to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let broken = folder.path().join("broken/keys");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("server-ed25519.pk8"), "no key").unwrap();
    let broken = broken.parent().unwrap().to_str().unwrap();
    let free = "127.0.0.1:0";
    for (args, code, wanted) in [
        (
            vec!["serve", "--data", blocked, "--listen", free],
            1,
            "the data folder",
        ),
        (
            vec!["serve", "--data", data, "--listen", &taken],
            1,
            "cannot listen on",
        ),
        (
            vec![
                "serve",
                "--data",
                data,
                "--listen",
                free,
                "--metrics-listen",
                &taken,
            ],
            1,
            "cannot listen for metrics on",
        ),
        (
            vec!["serve", "--data", broken, "--listen", free],
            1,
            "the server's keys",
        ),
        (
            vec!["serve", "--data", data, "--listen", "nowhere"],
            2,
            "--listen",
        ),
        (vec!["serve", "--colour", "red"], 2, "--colour"),
        (vec!["paint"], 2, "paint"),
        (
            vec![
                "admin",
                "create",
                "--username",
                "x",
                "--region",
                "140025",
                "--data",
                data,
            ],
            1,
            "region",
        ),
    ] {
        let ended = run(PROGRAM, &args, "");
        assert_eq!(ended.status.code(), Some(code), "{args:?}: {ended:?}");
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(told.contains(wanted), "{args:?}: {told}");
        assert!(!told.contains("panicked"), "{args:?}: {told}");
    }
}

#[test]
fn metrics_have_an_address_of_their_own_if_the_operator_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new(PROGRAM)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "127.0.0.1:0",
        ])
        .arg("--data")
        .arg(folder.path())
        .env("FIELDSEAL_LOG", "warn")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = KilledAtEnd(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| {
        line.unwrap()
            .strip_prefix("Metrics and health: ")
            .map(str::to_owned)
    });
    let url = line.unwrap();
    let text = ureq::get(&url)
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(text.contains("fieldseal_database_up 1"), "{text}");
    let other = ureq::get(url.replace("/metrics", "/v1/users"))
        .config()
        .http_status_as_error(false)
        .build()
        .call()
        .unwrap();
    assert_eq!(other.status(), 404);
}

/// A process that does not outlive its test, however that ends.
struct KilledAtEnd(std::process::Child);

impl Drop for KilledAtEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
