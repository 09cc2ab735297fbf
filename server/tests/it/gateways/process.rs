//! The four gateways as processes, started from the files under `deploy/` with only the addresses replaced.
//!
//! Each test has a loopback address of its own (Linux has sixteen million). So no other test takes a port there while
//! its owner is stopped, and a Keyhold that starts again gets its own port.

use std::fs::File;
use std::io::{BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vault::test_support::PATIENCE;

use crate::fixture::programs::{nginx, packaged};
use crate::fixture::raw_http::Message;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

/// Returns a loopback address that no other test uses.
pub fn own_address() -> IpAddr {
    static TAKEN: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, TAKEN.fetch_add(1, Ordering::Relaxed), high, low).into()
}

/// Returns an address where nothing listens now.
pub fn free_port(address: IpAddr) -> SocketAddr {
    let listener = TcpListener::bind((address, 0)).unwrap();
    listener.local_addr().unwrap()
}

pub struct Gateway {
    pub kind: Kind,
    child: Child,
    address: SocketAddr,
    keyhold: SocketAddr,
    folder: TempDir,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log"));
            let _ = writeln!(
                std::io::stderr(),
                "the log of {:?}:\n{}",
                self.kind,
                log.unwrap_or_default()
            );
        }
    }
}

impl Gateway {
    /// Starts a gateway and waits until it answers.
    pub fn start(kind: Kind, keyhold: SocketAddr, api: SocketAddr) -> Self {
        let address = free_port(api.ip());
        let folder = TempDir::new().unwrap();
        let own = free_port(api.ip());
        copy(&deployed(kind), folder.path(), &|text| {
            addressed(text, [address, own, keyhold, api])
        });
        let log = File::create(folder.path().join("log")).unwrap();
        let child = command(kind, folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut gateway = Self {
            kind,
            child,
            address,
            keyhold,
            folder,
        };
        gateway.wait_until_it_answers();
        gateway
    }

    /// Starts another gateway of the kind, in front of an API that has stopped.
    pub fn without_api(&self) -> Self {
        Self::start(self.kind, self.keyhold, free_port(self.keyhold.ip()))
    }

    /// Waits for the routes: Traefik listens before it has read them, and answers 404 until then.
    fn wait_until_it_answers(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask("GET / HTTP/1.1", b"");
            if answer.is_ok_and(|answer| answer.status() != 404) {
                return;
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "it stopped");
            assert!(Instant::now() < deadline, "it never answered");
            // A pause, so that the polling does not slow down the start.
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Returns the client address that the gateway sees for a connection from here.
    pub fn client(&self) -> IpAddr {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.local_addr().unwrap().ip()
    }

    /// Sends one request on its own connection: the first line with headers, and the body.
    pub fn ask(&self, head: &str, body: &[u8]) -> std::io::Result<Message> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let connection = if head.contains("\r\nConnection:") {
            ""
        } else {
            "Connection: close\r\n"
        };
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head = format!("{head}\r\nHost: api.example.com\r\n{connection}{length}\r\n");
        stream.write_all(&[head.as_bytes(), body].concat())?;
        Message::read_answer(&mut BufReader::new(&stream), head.starts_with("HEAD "))
    }

    /// As [`Self::ask`], for a request that must be answered.
    pub fn answer(&self, head: &str, body: &[u8]) -> Message {
        self.ask(head, body)
            .unwrap_or_else(|error| panic!("{head}: {error}"))
    }
}

/// Copies a folder with everything below it, and passes each file through `change`.
fn copy(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to, change);
        } else {
            let text = std::fs::read_to_string(from).unwrap();
            std::fs::write(to, change(&text)).unwrap();
        }
    }
}

/// Replaces the addresses in a text: the gateway's, its second one (Traefik has one), Keyhold's and the API's. All at
/// once, because a port may look like another port's number.
fn addressed(text: &str, addresses: [SocketAddr; 4]) -> String {
    let ip = addresses[0].ip();
    let places: Vec<_> = ["8080", "8081", "3000", "9000"]
        .into_iter()
        .zip(addresses)
        .collect();
    let mut text = text.replace("127.0.0.1", &ip.to_string());
    for (port, _) in &places {
        text = text.replace(port, &format!("<{port}>"));
    }
    for (port, address) in places {
        assert_eq!(
            address.ip(),
            ip,
            "one address in the file is one address here"
        );
        text = text.replace(&format!("<{port}>"), &address.port().to_string());
    }
    text
}

fn deployed(kind: Kind) -> PathBuf {
    let name = format!("{kind:?}").to_lowercase();
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(name)
}

/// Returns the command of `deploy/README.md`, changed only to keep several gateways on one machine apart.
fn command(kind: Kind, folder: &Path) -> Command {
    match kind {
        Kind::Nginx => {
            let mut command = Command::new(nginx());
            command.arg("-p").arg(folder);
            command.arg("-c").arg(folder.join("nginx.conf"));
            // One process, so that killing it leaves none behind.
            command.args(["-e", "stderr", "-g", "daemon off; master_process off;"]);
            command
        }
        Kind::Caddy => {
            let mut command = Command::new(packaged("caddy"));
            command.args(["run", "--config", "Caddyfile"]);
            command.env(
                "CADDY_ADMIN",
                format!("unix/{}", folder.join("admin").display()),
            );
            command
                .env("HOME", folder)
                .env("XDG_DATA_HOME", folder)
                .env("XDG_CONFIG_HOME", folder);
            command
        }
        Kind::Traefik => {
            let mut command = Command::new(packaged("traefik"));
            command.arg("--configfile=traefik.yml");
            command
        }
        Kind::Envoy => {
            let mut command = Command::new(packaged("envoy"));
            command.args(["-c", "envoy.yaml", "--log-level", "warning"]);
            command.args(["--disable-hot-restart", "--concurrency", "1"]);
            command
        }
    }
}
