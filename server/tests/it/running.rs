//! The binary, running in its own folder, and a client that talks to it over the network.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpSocket;
use vault::test_support::PASSWORD;
use vault::test_support::PATIENCE;

pub struct Running {
    pub child: Child,
    pub address: String,
    log: Arc<Mutex<String>>,
    /// Reads the log until the server has ended.
    reader: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "its log:\n{}", self.log());
        }
    }
}

const KEYHOLD: &str = env!("CARGO_BIN_EXE_keyhold");

fn command(folder: &Path, arguments: &[&str]) -> Command {
    of(Command::new(KEYHOLD), folder, arguments)
}

/// Completes `keyhold`, perhaps behind another program, to `keyhold serve`.
fn of(mut command: Command, folder: &Path, arguments: &[&str]) -> Command {
    std::fs::create_dir_all(folder.join("site/pkg")).unwrap();
    command
        .arg("serve")
        .args(arguments)
        .current_dir(folder)
        .env("KEYHOLD_SITE_ROOT", folder.join("site"));
    command.stderr(Stdio::piped());
    command
}

/// Starts on a free port, unless `--listen` says otherwise, and waits for the line that names it.
pub fn start(folder: &Path, arguments: &[&str]) -> Running {
    start_in(folder, arguments, &[])
}

/// As [`start`], with settings from the environment.
pub fn start_in(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Running {
    let listen: &[_] = if arguments.contains(&"--listen") {
        &[]
    } else {
        &["--listen", "127.0.0.1:0"]
    };
    let mut command = command(folder, &[listen, arguments].concat());
    watched(command.envs(settings.iter().copied()))
}

/// Starts with `nohup`, which outlives a terminal.
#[cfg(target_os = "linux")]
pub fn start_by_nohup(folder: &Path) -> Running {
    let mut nohup = Command::new("nohup");
    nohup.arg(KEYHOLD);
    watched(&mut of(nohup, folder, &["--listen", "127.0.0.1:0"]))
}

/// Starts, and waits for the line that names the address.
fn watched(command: &mut Command) -> Running {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    let address = loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it stopped: {said}");
        said.push_str(&line);
        if let Some((_, rest)) = line.split_once("listening on http://") {
            break rest.split(',').next().unwrap().to_owned();
        }
    };
    let log = Arc::new(Mutex::new(said));
    // The pipe must stay open, or the log's next line would fail.
    let reader = std::thread::spawn({
        let log = Arc::clone(&log);
        move || {
            for line in lines.lines().map_while(Result::ok) {
                log.lock().unwrap().push_str(&(line + "\n"));
            }
        }
    });
    Running {
        child,
        address,
        log,
        reader: Some(reader),
    }
}

/// A port that the system gives to no other test while this exists. A server may still listen on it: both sockets are
/// marked reusable, and this one does not listen.
pub struct Port {
    pub address: String,
    _held: Option<TcpSocket>,
}

impl Port {
    pub fn hold() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self {
            address: socket.local_addr().unwrap().to_string(),
            // Systems other than Linux would reject the server's socket.
            _held: cfg!(target_os = "linux").then_some(socket),
        }
    }
}

/// Starts with a standard error that the test does not read, and waits until the server answers.
pub fn start_unread(
    folder: &Path,
    arguments: &[&str],
    settings: &[(&str, &str)],
    stderr: impl Into<Stdio>,
) -> Running {
    // Its log is not read, so it cannot report a port of its own choice.
    let port = Port::hold();
    let listen = ["--listen", &port.address];
    let child = command(folder, &[&listen, arguments].concat())
        .envs(settings.iter().copied())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let mut running = Running {
        child,
        address: port.address.clone(),
        log: Arc::default(),
        reader: None,
    };
    let deadline = Instant::now() + PATIENCE;
    let is_ready = |answer: std::io::Result<String>| {
        answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    };
    while !is_ready(running.send("GET /readyz HTTP/1.1", "")) {
        assert_eq!(running.child.try_wait().unwrap(), None, "it stopped");
        assert!(Instant::now() < deadline, "it does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

/// Returns the error of a start that must fail.
pub fn refusal(folder: &Path, arguments: &[&str]) -> String {
    refusal_in(folder, arguments, &[])
}

/// As [`refusal`], with settings from the environment.
pub fn refusal_in(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let mut command = command(folder, arguments);
    let output = command.envs(settings.iter().copied()).output();
    let Output { status, stderr, .. } = output.unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

impl Running {
    /// Returns the log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks the server to stop, waits for its end, and returns its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.stop("-TERM")
    }

    /// As [`Self::terminate`], with another signal as `kill` names it. The whole log is read by then.
    pub fn stop(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.code()
    }

    pub fn signal(&self, signal: &str) {
        let process = self.child.id().to_string();
        let asked = Command::new("kill")
            .args([signal, &process])
            .status()
            .unwrap();
        assert!(asked.success());
    }

    /// Sends one request on its own connection.
    pub fn send(&self, head: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        let length = body.len();
        // In one piece: the server may answer and close before the rest of several is written.
        let request = format!(
            "{head}\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    pub fn call(
        &self,
        function: &str,
        cookie: &str,
        fields: &[(&str, &str)],
    ) -> Result<Value, String> {
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

    pub fn sign_up(&self) -> Value {
        self.sign_up_as("a@example.com")
    }

    /// Signs up. Returns the default key, with the session as `cookie`.
    pub fn sign_up_as(&self, email: &str) -> Value {
        let fields = [
            ("email", email),
            ("password", PASSWORD),
            ("time_zone", "UTC"),
        ];
        self.call("account/sign-up", "", &fields).unwrap()
    }

    pub fn verdict(&self, key: &Value) -> String {
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
