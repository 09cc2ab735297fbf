//! The binary itself: what stops the start, what survives a kill, and how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::PASSWORD;

struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    std::fs::create_dir_all(folder.join("site/pkg")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyhold"));
    command
        .arg("serve")
        .args(arguments)
        .current_dir(folder)
        .env("KEYHOLD_SITE_ROOT", folder.join("site"));
    command.stderr(Stdio::piped());
    command
}

/// Starts on a free port and waits for the line that names it.
fn start(folder: &Path, arguments: &[&str]) -> Running {
    let mut child = command(folder, &[&["--listen", "127.0.0.1:0"], arguments].concat())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    let address = loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it stopped: {said}");
        said.push_str(&line);
        if let Some((_, rest)) = line.split_once("listening on http://") {
            break rest.split(',').next().unwrap().to_owned();
        }
    };
    // The pipe must stay open, or the log's next line would fail.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Running { child, address }
}

/// What a start that must fail says.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = command(folder, arguments).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

impl Running {
    /// One request on a connection of its own.
    fn send(&self, head: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        let length = body.len();
        // In one piece: the server may answer, and hang up, before the rest of several is written.
        let request = format!(
            "{head}\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn call(&self, function: &str, cookie: &str, fields: &[(&str, &str)]) -> Result<Value, String> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let head = format!(
            "POST /fn/{function} HTTP/1.1\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded"
        );
        let answer = self.send(&head, &body).map_err(|error| error.to_string())?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(answer);
        }
        let mut json: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        if let (Some(object), Some(cookie)) =
            (json.as_object_mut(), head.split("set-cookie: ").nth(1))
        {
            object.insert("cookie".to_owned(), cookie.split(';').next().into());
        }
        Ok(json)
    }

    fn sign_up(&self) -> Value {
        let fields = [
            ("email", "a@example.com"),
            ("password", PASSWORD),
            ("time_zone", "UTC"),
        ];
        self.call("account/sign-up", "", &fields).unwrap()
    }

    fn verdict(&self, key: &Value) -> String {
        let word = format!(
            "{}.{}",
            key["access_key"].as_str().unwrap(),
            key["secret_key"].as_str().unwrap()
        );
        let answer = self
            .send(&format!("GET /verify HTTP/1.1\r\nX-API-Key: {word}"), "")
            .unwrap();
        answer.split_whitespace().nth(1).unwrap().to_owned()
    }
}

#[test]
fn what_is_wrong_is_named() {
    let folder = TempDir::new().unwrap();
    for (arguments, expected) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--listen", "nowhere"], "nowhere"),
        (&["--listen", "192.0.2.1:1"], "cannot listen on 192.0.2.1:1"),
        (&["--listen", "0.0.0.0:0"], "KEYHOLD_BASE_URL"),
        (&["--database-url", "mysql://x/y"], "KEYHOLD_DATABASE_URL"),
        (&["--site-root", "/nonexistent"], "/nonexistent"),
        (
            &[
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--base-url",
                "https://keys.example.com",
            ],
            "--demo",
        ),
    ] {
        let said = refusal(folder.path(), arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn one_server_a_file() {
    let folder = TempDir::new().unwrap();
    let first = start(folder.path(), &[]);
    let said = refusal(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("in use by another keyhold process"), "{said}");
    assert_eq!(first.verdict(&first.sign_up()), "200", "the first goes on");
}

/// Promise 3: what was acknowledged is there after `kill -9`, again and again.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let signed_up = running.sign_up();
    let cookie = signed_up["cookie"].as_str().unwrap().to_owned();
    drop(running);
    let mut expected: Vec<(Value, &str)> = vec![(signed_up, "200")];
    for round in 0..10 {
        let mut running = start(folder.path(), &[]);
        for (key, verdict) in &expected {
            assert_eq!(running.verdict(key), *verdict, "round {round}");
        }
        let name = format!("key {round}");
        let key = running
            .call(
                "keys/create",
                &cookie,
                &[("name", &name), ("expiry", "90d")],
            )
            .unwrap();
        let (previous, verdict) = expected.last_mut().unwrap();
        let access = previous["access_key"].as_str().unwrap();
        running
            .call("keys/expire", &cookie, &[("access_key", access)])
            .unwrap();
        *verdict = "401";
        expected.push((key, "200"));
        running.child.kill().unwrap();
    }
    let running = start(folder.path(), &[]);
    for (key, verdict) in &expected {
        assert_eq!(running.verdict(key), *verdict);
    }
}

#[test]
fn sigterm_is_a_clean_stop() {
    let folder = TempDir::new().unwrap();
    let mut running = start(folder.path(), &["--demo"]);
    assert!(
        running
            .send("GET /healthz HTTP/1.1", "")
            .unwrap()
            .ends_with("ok")
    );
    let process = running.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &process])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(
        !folder.path().join("data/keyhold.db-wal").exists(),
        "the log was folded into the file"
    );
}

/// C2: headers are bounded.
#[test]
fn too_many_bytes_of_headers_are_refused() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let long = format!("GET /verify HTTP/1.1\r\nX-Long: {}", "x".repeat(60 * 1024));
    assert!(
        running.send(&long, "").unwrap().starts_with("HTTP/1.1 401"),
        "long, and read"
    );
    let too_long = format!("GET /verify HTTP/1.1\r\nX-Long: {}", "x".repeat(300 * 1024));
    // The server may close before all is written, which is a refusal too.
    if let Ok(answer) = running.send(&too_long, "") {
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let many = format!("GET /verify HTTP/1.1{}", "\r\nX-A: b".repeat(200));
    assert!(running.send(&many, "").unwrap().starts_with("HTTP/1.1 431"));
    assert!(
        running
            .send("GET /healthz HTTP/1.1", "")
            .unwrap()
            .ends_with("ok")
    );
}
